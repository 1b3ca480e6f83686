//! The running jobs. One request reads the status of all of them, until each has ended.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{Notify, oneshot};
use zendesk::client::{Repeat, Reply};
use zendesk::error::{ApiError, ErrorKind};

use crate::api::{Api, Write, unreadable};

/// The time between two reads of the statuses. A job of a hundred rows takes 3 to 16 seconds.
const LOOK_EVERY: Duration = Duration::from_secs(3);

/// How many reads in a row must not list a job before it counts as lost.
const MOST_ABSENCES: u32 = 3;

/// A job that runs longer than this counts as failed.
const LONGEST_JOB: Duration = Duration::from_secs(90 * 60);

/// How a job ended.
#[derive(Clone, Debug)]
pub enum JobEnd {
    /// The results of its items. If not `is_whole`, the job failed or was killed, and the error of an item
    /// may be the job's.
    Results { job: String, results: Vec<Value>, is_whole: bool },
    /// The job ended or is lost, and its results are not known.
    Unknown { why: String },
    /// The job was not accepted.
    Refused(Reply),
}

/// A running job.
struct Running {
    ended: oneshot::Sender<Ended>,
    since: Duration,
    absences: u32,
}

enum Ended {
    Results(Vec<Value>, bool),
    Unknown(String),
    TooLong,
}

/// All running jobs.
pub struct Board {
    api: Arc<Api>,
    running: Mutex<BTreeMap<String, Running>>,
    started: Notify,
}

impl Board {
    #[must_use]
    pub fn new(api: Arc<Api>) -> Self {
        Self { api, running: Mutex::default(), started: Notify::new() }
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<String, Running>> {
        // Only simple code runs while the lock is held, so a poisoned lock is still consistent.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a job and waits for its end. [`Board::look_on`] must be polled meanwhile.
    ///
    /// # Errors
    /// [`ApiError`] if there is no answer, or if the job runs too long.
    pub async fn run(&self, mut write: Write<'_>) -> Result<JobEnd, ApiError> {
        // A job that is sent twice runs twice, and the second run may overwrite newer values.
        write.repeat = Repeat::AfterLooking;
        let path = write.path.to_owned();
        let reply = match self.api.write(write).await {
            Ok(reply) => reply,
            Err(error) if error.kind == ErrorKind::Unsettled => {
                return Ok(JobEnd::Unknown { why: error.to_string() });
            }
            Err(error) => return Err(error),
        };
        if !reply.is_good() {
            return Ok(JobEnd::Refused(reply));
        }
        let Some(id) = reply.body["job_status"]["id"].as_str().map(str::to_owned) else {
            return Ok(JobEnd::Unknown { why: format!("the answer of {path} has no job id") });
        };
        let (ended, end) = oneshot::channel();
        let since = self.api.client.clock().elapsed();
        self.running().insert(id.clone(), Running { ended, since, absences: 0 });
        self.started.notify_one();
        match end.await {
            Ok(Ended::Results(results, is_whole)) => {
                Ok(JobEnd::Results { job: id, results, is_whole })
            }
            Ok(Ended::Unknown(why)) => Ok(JobEnd::Unknown { why }),
            Ok(Ended::TooLong) => {
                let error =
                    unreadable(&format!("job_statuses/{id}"), "the job did not end in time");
                Err(ApiError { kind: ErrorKind::Unavailable, ..error })
            }
            Err(_) => {
                Ok(JobEnd::Unknown { why: "the program no longer watches the job".to_owned() })
            }
        }
    }

    /// Reads the statuses of all running jobs, again and again, for as long as it is polled.
    ///
    /// # Errors
    /// [`ApiError`] if the statuses cannot be read.
    pub async fn look_on(&self) -> Result<(), ApiError> {
        loop {
            if self.running().is_empty() {
                self.started.notified().await;
                continue;
            }
            self.api.client.clock().sleep(LOOK_EVERY).await;
            let ids: Vec<String> = self.running().keys().cloned().collect();
            let query = vec![("ids", ids.join(","))];
            let reply = self.api.get("job_statuses/show_many", query).await?;
            let shown = match reply.is_good() {
                true => reply.body["job_statuses"].as_array().cloned(),
                false => None,
            };
            self.note(&ids, &shown.unwrap_or_default());
        }
    }

    /// Applies the statuses to the jobs that were asked for.
    fn note(&self, asked: &[String], shown: &[Value]) {
        let now = self.api.client.clock().elapsed();
        let mut running = self.running();
        for id in asked {
            let status = shown.iter().find(|status| status["id"].as_str() == Some(id));
            let Some(job) = running.get_mut(id) else { continue };
            let ended = match status {
                Some(status) => {
                    job.absences = 0;
                    end(status)
                }
                None => {
                    job.absences += 1;
                    (job.absences >= MOST_ABSENCES)
                        .then(|| Ended::Unknown(format!("Zendesk no longer lists the job {id}")))
                }
            };
            let is_old = now.saturating_sub(job.since) > LONGEST_JOB;
            if let Some(ended) = ended.or(is_old.then_some(Ended::TooLong))
                && let Some(job) = running.remove(id)
            {
                // The receiver may be gone.
                let _ = job.ended.send(ended);
            }
        }
    }

    /// Waits, at most for `patience`, until no job runs that this program does not know. Such a job, whose
    /// answer was lost or whose run was killed, would overwrite newer values.
    ///
    /// # Errors
    /// [`ApiError`] if the program has to stop.
    pub async fn wait_for_others(&self, patience: Duration) -> Result<(), ApiError> {
        let clock = self.api.client.clock();
        let until = clock.elapsed().saturating_add(patience);
        while clock.elapsed() < until {
            let query = vec![("page[size]", "100".to_owned())];
            let reply = match self.api.get("job_statuses", query).await {
                Ok(reply) if reply.is_good() => reply,
                Err(error) if error.kind == ErrorKind::Stopped => return Err(error),
                // Without the list of jobs, the searches for the rows decide.
                Ok(_) | Err(_) => return Ok(()),
            };
            let is_others = |status: &Value| {
                matches!(status["status"].as_str(), Some("queued" | "working"))
                    && status["id"].as_str().is_some_and(|id| !self.running().contains_key(id))
            };
            let statuses = reply.body["job_statuses"].as_array();
            if !statuses.is_some_and(|statuses| statuses.iter().any(is_others)) {
                return Ok(());
            }
            clock.sleep(LOOK_EVERY).await;
        }
        Ok(())
    }
}

/// How a job ended. `None` if it still runs.
fn end(status: &Value) -> Option<Ended> {
    let results = || status["results"].as_array().cloned().filter(|results| !results.is_empty());
    let id = status["id"].as_str().unwrap_or_default();
    match status["status"].as_str() {
        Some("completed") => Some(Ended::Results(results().unwrap_or_default(), true)),
        // A failed job may still have results of its rows.
        Some(word @ ("failed" | "killed")) => Some(match results() {
            Some(results) => Ended::Results(results, false),
            None => {
                let words = status["message"].as_str().unwrap_or_default();
                Ended::Unknown(format!("the job {id} ended with the status `{word}`: {words}"))
            }
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_job_ends_by_its_status_and_a_failed_one_may_have_results() {
        let ended = |status: &str, results: Value| {
            end(&json!({ "id": "j", "status": status, "results": results, "message": "m" }))
        };
        for status in ["queued", "working", "", "new"] {
            assert!(ended(status, Value::Null).is_none(), "{status}");
        }
        let items = json!([{ "id": 1 }]);
        for status in ["completed", "failed", "killed"] {
            assert!(matches!(ended(status, items.clone()), Some(Ended::Results(found, is_whole))
                    if found.len() == 1 && is_whole == (status == "completed")));
        }
        assert!(matches!(ended("failed", Value::Null), Some(Ended::Unknown(_))));
        assert!(matches!(ended("killed", json!([])), Some(Ended::Unknown(_))));
        assert!(
            matches!(ended("completed", Value::Null), Some(Ended::Results(found, _)) if found.is_empty())
        );
    }
}
