//! Bulk jobs. They are ordered, queued, processed item by item in simulated time, and ended.
//! Sources: Zendesk, Job Statuses; recorded answers; issues of clients.

use super::items::{Item, JobKind, Shape};
use super::job_faults::{JobFault, JobFaults, JobOrdered};
use super::ledger::Ledger;
use super::refusal::Refusal;
use super::world::{Actor, World};
use crate::account::Account;
use crate::answer::{Answer, public_url};
use crate::clock;
use crate::prng::mix;
use crate::settings::Knobs;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// How many jobs of an account may be queued or running (Zendesk, Job Statuses).
const MOST_JOBS: u32 = 30;
/// How long jobs are kept: one day (Zendesk, Job Statuses).
const KEPT_MS: i64 = 86_400_000;
const QUEUED_MS: i64 = 1000;
/// The time between the last item and the end, so that all items are written before `completed`.
const CLOSING_MS: i64 = 500;
/// How long a stuck job stays stuck.
const STUCK_MS: i64 = 3_600_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Queued,
    Working,
    Completed,
    Failed,
    Killed,
}

impl Status {
    fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Working => "working",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Killed => "killed",
        }
    }
}

struct Job {
    id: String,
    kind: JobKind,
    items: Vec<Item>,
    actor: Actor,
    queued_ms: i64,
    /// When the first item is processed.
    starts_ms: i64,
    item_ms: i64,
    done: usize,
    results: Vec<(Value, bool)>,
    status: Status,
    ended_ms: i64,
    fault: Option<JobFault>,
    shape: Shape,
    /// Fingerprints of the job's tickets at the time when it was queued.
    seen: HashMap<u64, u64>,
}

/// A job as tests see it.
#[derive(Debug, Clone, PartialEq)]
pub struct JobSeen {
    pub id: String,
    /// `users/create_or_update_many`
    pub kind: &'static str,
    pub status: &'static str,
    pub items: usize,
    /// The number of items that were processed.
    pub done: usize,
    pub fault: Option<JobFault>,
    /// The answer of `job_statuses/{id}`, even if a fault hides it.
    pub json: Value,
}

#[derive(Default)]
pub(crate) struct Jobs {
    jobs: Vec<Job>,
    /// How many of the oldest jobs have ended.
    ended: usize,
    pub(crate) faults: JobFaults,
}

impl Jobs {
    /// Queues a job, or refuses it if too many are in flight. Returns the answer to the request.
    pub(super) fn order(
        &mut self,
        kind: JobKind,
        items: Vec<Item>,
        world: &World<'_>,
        knobs: &Knobs,
        now_ms: i64,
    ) -> Answer {
        let n = self.jobs.len() as u64 + 1;
        let fault = self.faults.decide(&JobOrdered { n, kind: kind.route(), items: items.len() });
        let limit = knobs.jobs_limit.unwrap_or(MOST_JOBS);
        let in_flight = self.in_flight() + knobs.other_jobs;
        if in_flight >= limit || fault == Some(JobFault::Refused) {
            return self.refusal(kind);
        }
        let id = format!("V3-{:016x}{:016x}", mix(n), mix(n ^ 0x6a6f_6273));
        let tickets = items.iter().filter_map(|item| item.id);
        let tickets = tickets.filter(|_| kind == JobKind::UpdateTickets);
        let seen = tickets.map(|id| (id, fingerprint(world.account, id))).collect();
        let queue_ms = knobs.job_queue_ms.unwrap_or(QUEUED_MS);
        self.jobs.push(Job {
            id,
            kind,
            items,
            actor: world.actor,
            queued_ms: now_ms,
            starts_ms: now_ms + queue_ms,
            item_ms: knobs.job_item_ms.unwrap_or(kind.item_ms()),
            done: 0,
            results: Vec::new(),
            status: Status::Queued,
            ended_ms: 0,
            fault,
            shape: if knobs.other_job_results { Shape::Other } else { Shape::Usual },
            seen,
        });
        let job = self.jobs.last().map(Job::json).unwrap_or_default();
        let answer = Answer::ok(json!({ "job_status": job }).to_string());
        if !knobs.inflight_jobs_header {
            // Zendesk names this header; no recorded answer had it.
            return answer;
        }
        let left = limit.saturating_sub(in_flight + 1);
        let told = format!("total={limit}; remaining={left}; resets=60");
        answer.with("zendesk-ratelimit-inflight-jobs", told)
    }

    fn in_flight(&self) -> u32 {
        let in_flight = |job: &&Job| matches!(job.status, Status::Queued | Status::Working);
        self.jobs.iter().filter(in_flight).count() as u32
    }

    /// The refusal of more jobs than may be in flight (Zendesk, Rate limits).
    fn refusal(&self, kind: JobKind) -> Answer {
        let running = self.jobs.iter();
        let running = running.filter(|job| matches!(job.status, Status::Queued | Status::Working));
        let ids: Vec<&str> = running.map(|job| job.id.as_str()).collect();
        let body = json!({
            "error": "TooManyJobs",
            "description": format!(
                "Too many {} jobs are currently queued or running. Try again later.",
                kind.class()
            ),
            "current_job_ids": ids,
        });
        Answer::json(429, body.to_string())
    }

    /// Does everything that is due by now, in the order of time over all jobs.
    pub(crate) fn run(&mut self, account: &mut Account, ledger: &mut Ledger, now_ms: i64) {
        let now = account.now();
        loop {
            let open = &self.jobs[self.ended..];
            self.ended += open.iter().take_while(|job| job.next_ms().is_none()).count();
            let due =
                self.jobs[self.ended..].iter_mut().filter_map(|job| Some((job.next_ms()?, job)));
            let Some((at, job)) = due.min_by_key(|(at, _)| *at).filter(|(at, _)| *at <= now_ms)
            else {
                break;
            };
            account.set_now(at.div_euclid(1000));
            job.step(account, ledger, at);
        }
        account.set_now(now);
    }

    /// The job as its status shows it. `None` if it vanished, is unknown or is too old.
    fn shown(&self, id: &str, now_ms: i64) -> Option<Value> {
        let job = self.jobs.iter().find(|job| job.id == id)?;
        let is_kept = job.queued_ms + KEPT_MS > now_ms && job.fault != Some(JobFault::Vanishes);
        is_kept.then(|| job.json())
    }

    /// `GET job_statuses/{id}`
    pub(crate) fn show(&self, id: &str, now_ms: i64) -> Result<Answer, Answer> {
        let job = self.shown(id, now_ms).ok_or_else(Answer::not_found)?;
        Ok(Answer::ok(json!({ "job_status": job }).to_string()))
    }

    /// `GET job_statuses/show_many`: those of the jobs that exist.
    pub(crate) fn show_many(&self, ids: &[&str], now_ms: i64) -> Answer {
        let jobs: Vec<Value> = ids.iter().filter_map(|id| self.shown(id, now_ms)).collect();
        let count = jobs.len();
        Answer::ok(
            json!({ "job_statuses": jobs, "count": count, "next_page": null,
            "previous_page": null })
            .to_string(),
        )
    }

    /// `GET job_statuses`: the jobs that are kept, newest first. A page holds a hundred.
    ///
    /// Source: Zendesk, Job Statuses, "List Job Statuses".
    pub(crate) fn list(&self, now_ms: i64) -> Answer {
        let newest = self.jobs.iter().rev().filter_map(|job| self.shown(&job.id, now_ms));
        let jobs: Vec<Value> = newest.take(100).collect();
        let meta = json!({ "has_more": false, "after_cursor": null, "before_cursor": null });
        Answer::ok(json!({ "job_statuses": jobs, "meta": meta, "links": {} }).to_string())
    }

    pub(crate) fn seen(&self) -> Vec<JobSeen> {
        let seen = |job: &Job| JobSeen {
            id: job.id.clone(),
            kind: job.kind.route(),
            status: job.status.word(),
            items: job.items.len(),
            done: job.done,
            fault: job.fault,
            json: job.json(),
        };
        self.jobs.iter().map(seen).collect()
    }
}

impl Job {
    /// When the next step of the job is due. `None` if it has ended.
    fn next_ms(&self) -> Option<i64> {
        let at = self.starts_ms + self.item_ms * (self.done as i64 + 1);
        match self.status {
            Status::Queued => Some(self.starts_ms),
            Status::Working if self.is_broken_off() => Some(at),
            Status::Working if self.done < self.items.len() => {
                let is_stuck = self.fault == Some(JobFault::Stuck) && self.done >= self.half();
                Some(at + if is_stuck { STUCK_MS } else { 0 })
            }
            Status::Working => {
                let is_stuck = self.fault == Some(JobFault::Stuck);
                let last = self.starts_ms + self.item_ms * self.items.len() as i64;
                Some(last + CLOSING_MS + if is_stuck { STUCK_MS } else { 0 })
            }
            _ => None,
        }
    }

    fn half(&self) -> usize {
        self.items.len().div_ceil(2)
    }

    /// Whether the job ends here although items remain.
    fn is_broken_off(&self) -> bool {
        match self.fault {
            Some(JobFault::KilledHalfWay | JobFault::FailsWithoutResults) => {
                self.done >= self.half()
            }
            _ => false,
        }
    }

    fn step(&mut self, account: &mut Account, ledger: &mut Ledger, at_ms: i64) {
        if self.status == Status::Queued {
            self.status = Status::Working;
            return;
        }
        if self.is_broken_off() || self.done == self.items.len() {
            return self.end(at_ms);
        }
        let index = self.done;
        self.done += 1;
        if self.fault == Some(JobFault::FailsWithResults) {
            let id = self.items[index].id;
            let result =
                self.kind.failed(index, &self.items[index], id, self.shape, &Refusal::Broken);
            return self.results.push((result, false));
        }
        let is_stale = self.is_stale(account, index);
        let mut world = World {
            account,
            ledger,
            actor: self.actor,
            job: Some(&self.id),
            unpermitted: Vec::new(),
            adds_tags: true,
        };
        let result = self.kind.work(&mut world, index, &self.items[index], self.shape, is_stale);
        if let Some((id, seen)) =
            self.items[index].id.and_then(|id| Some((id, self.seen.get_mut(&id)?)))
        {
            *seen = fingerprint(account, id);
        }
        self.results.push(result);
    }

    /// Whether an update is refused as stale. Zendesk, Tickets, Update Many: each update is a safe
    /// one, compared with the ticket at the time when the job was queued.
    fn is_stale(&self, account: &Account, index: usize) -> bool {
        let id = self.items[index].id;
        // A ticket that is gone is not found.
        let id = id.filter(|id| account.living("tickets", *id).is_some());
        id.is_some_and(|id| {
            self.seen.get(&id).is_some_and(|seen| *seen != fingerprint(account, id))
        })
    }

    fn end(&mut self, at_ms: i64) {
        self.ended_ms = at_ms;
        self.status = match self.fault {
            Some(JobFault::KilledHalfWay) => Status::Killed,
            Some(JobFault::FailsWithoutResults | JobFault::FailsWithResults) => Status::Failed,
            // Seen from outside: a job fails as a whole when every ticket of it fails.
            _ if self.kind == JobKind::CreateTickets && self.results.iter().all(|(_, ok)| !ok) => {
                Status::Failed
            }
            _ => Status::Completed,
        };
    }

    /// The job's status as Zendesk shows it.
    fn json(&self) -> Value {
        let number = self.done;
        let ended = chrono_words(self.ended_ms.div_euclid(1000));
        let has_results = match self.fault {
            Some(JobFault::KilledHalfWay | JobFault::FailsWithoutResults) => false,
            _ => matches!(self.status, Status::Completed | Status::Failed),
        };
        let mut results: Vec<&Value> = self.results.iter().map(|(result, _)| result).collect();
        match self.fault {
            Some(JobFault::ResultsOutOfOrder) => results.reverse(),
            Some(JobFault::ResultMissing) if !results.is_empty() => {
                results.remove(results.len() / 2);
            }
            _ => {}
        }
        let message = match self.status {
            Status::Queued => Value::Null,
            Status::Working => format!("{} #{number}", self.kind.doing()).into(),
            Status::Completed => format!("Completed at {ended}").into(),
            Status::Failed => format!("Failed at {ended}").into(),
            Status::Killed => format!("Killed at {ended}").into(),
        };
        let progress = match self.status {
            Status::Queued => Value::Null,
            Status::Failed => 0.into(),
            _ => number.into(),
        };
        json!({
            "id": self.id,
            "job_type": self.kind.title(),
            "url": public_url(&format!("job_statuses/{}.json", self.id)),
            "total": self.items.len(),
            "progress": progress,
            "status": self.status.word(),
            "message": message,
            "results": if has_results { json!(results) } else { Value::Null },
        })
    }
}

/// `2026-11-21 00:00:00 +0000`
fn chrono_words(unix: i64) -> String {
    clock::iso(unix).replace('T', " ").replace('Z', " +0000")
}

/// A number that changes when the ticket changes.
fn fingerprint(account: &Account, id: u64) -> u64 {
    let mut hasher = DefaultHasher::new();
    account.table("tickets").rows.get(&id).map(|row| &row.text).hash(&mut hasher);
    hasher.finish()
}
