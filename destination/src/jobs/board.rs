//! The jobs that run: all are asked for by one request, until each has ended.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{Notify, oneshot};
use zendesk::client::{Repeat, Reply};
use zendesk::error::{ApiError, ErrorKind};

use crate::api::{Api, Write, unreadable};

/// How long after the last look the jobs are looked at again. A job of a hundred takes 3 to 16 seconds.
const LOOK_EVERY: Duration = Duration::from_secs(3);

/// Looks in a row in which a job is not there before it is taken for lost.
const MOST_ABSENCES: u32 = 3;

/// A job that has not ended by then never will, as far as this sync goes.
const LONGEST_JOB: Duration = Duration::from_secs(90 * 60);

/// How a job ended.
#[derive(Clone, Debug)]
pub enum JobEnd {
    /// It says what came of its items. One that is not `whole` failed or was killed: what it says of items
    /// that failed may be its own trouble, and not theirs.
    Results { job: String, results: Vec<Value>, is_whole: bool },
    /// It has ended, or is lost, and does not say.
    Unknown { why: String },
    /// It was not taken: the reply says why.
    Refused(Reply),
}

/// A job that runs.
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

/// The jobs that run.
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
        // The lock is held over plain code only, so that a poisoned one is still sound.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands a job in and waits for its end. Somebody must poll [`Board::look_on`] meanwhile.
    ///
    /// # Errors
    /// [`ApiError`] when there is no answer, or the job runs for too long.
    pub async fn run(&self, mut write: Write<'_>) -> Result<JobEnd, ApiError> {
        // A job that is handed in twice runs twice, and the second may run over later values.
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

    /// Looks at all jobs for as long as it is polled.
    ///
    /// # Errors
    /// [`ApiError`] when their statuses cannot be had.
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

    /// Notes what the statuses say of the jobs that were asked for.
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
                // Whoever waited may be gone.
                let _ = job.ended.send(ended);
            }
        }
    }

    /// Waits until no job runs that this program did not hand in as far as it knows: one whose answer was
    /// lost, or one of a run that was killed, would write over what comes now. At most for `patience`.
    ///
    /// # Errors
    /// [`ApiError`] when the program is to stop.
    pub async fn wait_for_others(&self, patience: Duration) -> Result<(), ApiError> {
        let clock = self.api.client.clock();
        let until = clock.elapsed().saturating_add(patience);
        while clock.elapsed() < until {
            let query = vec![("page[size]", "100".to_owned())];
            let reply = match self.api.get("job_statuses", query).await {
                Ok(reply) if reply.is_good() => reply,
                Err(error) if error.kind == ErrorKind::Stopped => return Err(error),
                // Without the list it cannot be known, and the looks at the rows themselves decide.
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

/// The end of a job, if it has ended.
fn end(status: &Value) -> Option<Ended> {
    let results = || status["results"].as_array().cloned().filter(|results| !results.is_empty());
    let id = status["id"].as_str().unwrap_or_default();
    match status["status"].as_str() {
        Some("completed") => Some(Ended::Results(results().unwrap_or_default(), true)),
        // A failed job may still say what came of each row.
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
