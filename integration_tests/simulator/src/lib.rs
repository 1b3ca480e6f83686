//! A Zendesk that runs on this machine: strict, deterministic by seed, with its own clock.
//!
//! It is written from Zendesk's public documentation and from observed answers, and not from the
//! client that it tests. It enforces what Zendesk enforces, and its data contains what real
//! accounts contain. A test starts it with [`Simulator::start`] and points the client at
//! [`Simulator::url`]. It changes data through [`Simulator::account`], or while the client reads
//! from [`Simulator::on_request`]. Then it compares what arrived with [`Account::truth`].

mod account;
mod answer;
mod auth;
mod body;
mod clock;
mod content;
mod endpoints;
mod faults;
mod limits;
mod listings;
mod malformed;
mod oauth;
mod paging;
mod prng;
mod query;
mod requests;
mod resources;
mod row_text;
mod rows;
mod server;
mod settings;
mod simulator;
mod tls;
mod writes;

pub use account::{
    ADMIN_USER_ID, AGENT_USER_ID, Account, Brand, CustomField, RecordNames, Row, SUBDOMAIN,
    SUSPENDED_USER_ID, Truth,
};
pub use auth::{
    ADMIN_API_TOKEN, ADMIN_BEARER, AGENT_API_TOKEN, AGENT_BEARER, ApiToken, AuthorizationKind,
    EXPIRED_BEARER, GRANULAR_SCOPE_BEARER, GRANULAR_WRITE_BEARER, PEOPLE_WRITE_BEARER,
    READ_SCOPE_BEARER, SUSPENDED_API_TOKEN, USELESS_SCOPE_BEARER, WRITE_SCOPE_BEARER,
};
pub use content::content;
pub use faults::{Fault, FaultDecision, FaultRule, Faults, When};
pub use malformed::Malformed;
pub use oauth::{
    OAUTH_ACCESS_TOKEN, OAUTH_CLIENT_ID, OAUTH_CLIENT_SECRET, OAUTH_CODE, OAUTH_REFRESH_TOKEN,
};
pub use prng::Prng;
pub use requests::RequestSeen;
pub use rows::integrations::SECRET;
pub use settings::{HeaderSpelling, Knobs, Latency, Plan, Settings, Size, Tls};
pub use simulator::{RequestHook, STEERING_PATH, Simulator, Steering};
pub use writes::{
    Deed, EffectiveWrite, FieldChange, JobFault, JobFaults, JobOrdered, JobSeen, Ledger,
    MembershipChange, OrganizationLost, RequesterMail, TagChange, TagsLost, TicketUnassigned,
    TriggersFired, UserChange, VerificationMail,
};

#[cfg(test)]
mod tests;
