//! The limits of writes. Source: Zendesk, Rate limits.

use super::request::Written;
use crate::account::Account;
use crate::limits::{Bucket, Shown};
use crate::settings::Settings;
use serde_json::Value;

/// The buckets that count a write, besides that of the account.
pub(crate) fn buckets(
    written: &Written<'_>,
    account: &Account,
    actor: u64,
    settings: &Settings,
) -> Vec<Bucket> {
    let id = || written.ids.first().and_then(|id| id.parse::<u64>().ok());
    let bucket = |name, total, window_s, shown| Bucket { name, of: None, total, window_s, shown };
    let users = |user: Option<u64>| {
        // One a second for the account, and five a minute for a user.
        let mut buckets = vec![bucket("create-update-user", 1, 1, Shown::ByName)];
        buckets.extend(user.map(|_| Bucket {
            of: user,
            ..bucket("create-update-user-per-user", 5, 60, Shown::Nowhere)
        }));
        buckets
    };
    let tickets = |ticket: Option<u64>| {
        let total = if settings.high_volume { 300 } else { 100 };
        let mut buckets = vec![bucket("tickets-update", total, 60, Shown::ByName)];
        // Any update of one ticket by one agent counts.
        let of = ticket.map(|ticket| ticket.wrapping_mul(1_000_003) ^ actor);
        buckets.extend(
            of.map(|_| Bucket { of, ..bucket("per-ticket-updates", 30, 600, Shown::ByName) }),
        );
        buckets
    };
    match (written.route.method(), written.route.path) {
        ("POST", "users/create_or_update") => users(user_meant(written.body, account)),
        ("PUT", "users/{}") => users(id()),
        ("PUT", "organizations/{}") => {
            vec![Bucket { of: id(), ..bucket(PER_ORGANIZATION, 5, 60, Shown::Nowhere) }]
        }
        ("PUT", "tickets/{}" | "tickets/{}/tags") => tickets(id()),
        ("POST", "tickets") => {
            // Recorded under this name.
            vec![bucket("ticket-request-create-by-user-and-ip", 300, 60, Shown::ByName)]
        }
        ("DELETE", "tickets/{}") => vec![bucket("tickets-delete", 400, 60, Shown::Nowhere)],
        ("DELETE", "tickets/destroy_many") => {
            vec![bucket("tickets-destroy-many", 300, 60, Shown::Nowhere)]
        }
        _ => Vec::new(),
    }
}

/// The name of a bucket whose refusal has its own text.
pub(crate) const PER_ORGANIZATION: &str = "per-organization-updates";

/// The user that an upsert will update.
fn user_meant(body: &[u8], account: &Account) -> Option<u64> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let user = body.get("user")?;
    let key = |name: &str| user.get(name)?.as_str().filter(|key| !key.is_empty());
    let by_external_id =
        key("external_id").and_then(|key| account.living_with("users", "external_id", key).pop());
    by_external_id.or_else(|| account.users_with_email(key("email")?).first().copied())
}
