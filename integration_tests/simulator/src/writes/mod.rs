//! Requests that write: POST, PUT, PATCH and DELETE. The file of an object has everything that
//! writes do to it. Single requests and jobs share that code. `routes` has the table of all writes.

mod bulk;
mod changes;
mod comments;
mod custom_fields;
mod idempotency;
mod identities;
mod items;
mod job_faults;
mod jobs;
mod ledger;
mod memberships;
mod organizations;
mod pattern;
mod rates;
mod record_requests;
mod records;
mod refusal;
mod request;
mod routes;
mod seeding;
mod single;
mod tags;
mod tickets;
mod users;
mod validation;
mod world;

pub use changes::{FieldChange, MembershipChange, TagChange};
pub use job_faults::{JobFault, JobFaults, JobOrdered};
pub use jobs::JobSeen;
pub use ledger::{
    Deed, EffectiveWrite, Ledger, OrganizationLost, RequesterMail, TagsLost, TicketUnassigned,
    TriggersFired, UserChange, VerificationMail,
};

pub(crate) use jobs::Jobs;
pub(crate) use rates::{PER_ORGANIZATION, buckets};
pub(crate) use request::{Written, answer};
pub(crate) use routes::{Route, find};

use crate::account::Account;
use idempotency::IdempotentAnswers;

/// The state of writes besides the account.
#[derive(Default)]
pub(crate) struct Writes {
    pub(crate) ledger: Ledger,
    pub(crate) jobs: Jobs,
    pub(crate) idempotent: IdempotentAnswers,
}

impl Writes {
    /// Lets jobs do everything that is due by now.
    pub(crate) fn run_jobs(&mut self, account: &mut Account, now_ms: i64) {
        self.jobs.run(account, &mut self.ledger, now_ms);
    }
}
