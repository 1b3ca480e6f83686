//! The data that an account starts with: three years of history. It has seconds in which more rows
//! changed than a page holds, parents with many children and with none, and deleted, scrubbed and
//! archived tickets.

use super::{
    ADMIN_USER_ID, AGENT_USER_ID, Account, Birth, SUSPENDED_USER_ID, brands, samples, timelines,
};
use crate::resources::{Resource, Stamp, resources};
use crate::row_text;
use crate::rows::conversations::EVERY_COMMENT;
use crate::settings::{Settings, Size};

const DAY: i64 = 86_400;
const HISTORY: i64 = 3 * 365 * DAY;

/// The rows with these numbers all changed in one second, as in a bulk update.
const ONE_SECOND: std::ops::RangeInclusive<u64> = 9..=17;

pub(super) fn found(account: &mut Account, settings: &Settings) {
    for kind in resources() {
        if is_of_timelines(settings, kind.name) {
            match kind.name {
                "users" => timelines::found_cast(account, settings),
                "tickets" => timelines::found_tickets(account, settings),
                _ => {}
            }
            continue;
        }
        let least = if kind.name == "brands" { brands::least(settings) } else { 0 };
        let count = count(kind, settings.size).max(least);
        for n in 1..=count {
            let birth = birth(account, kind, n, count);
            let number = account.add(kind.name, birth);
            match kind.name {
                "tickets" => found_ticket(account, number, n, count, birth),
                "side_conversations" => account.log_side_conversation(number, birth.updated_at),
                _ => {}
            }
        }
        settle(account, kind);
        if kind.name == "brands" {
            account.open_help_centers(settings);
        }
    }
    samples::add(account, |name| is_of_timelines(settings, name));
}

/// Whether the rows of a resource are made from timelines: people and settings when the users are
/// founded, and everything that belongs to tickets when the tickets are.
fn is_of_timelines(settings: &Settings, name: &str) -> bool {
    settings.timelines > 0 && timelines::is_own(name)
}

fn count(kind: &Resource, size: Size) -> u64 {
    match size {
        // Each kind of object is a stream of its own.
        _ if kind.name == "custom_objects" => kind.tiny,
        _ if kind.is_object() => 1,
        Size::Tiny => kind.tiny,
        Size::Small => kind.tiny * 5,
        Size::Of(counts) => {
            let named = counts.iter().find(|(name, _)| *name == kind.name);
            named.map_or(kind.tiny, |(_, count)| *count)
        }
        Size::Large(tickets) => match kind.name {
            "tickets" => tickets,
            "ticket_metrics" | "deleted_tickets" => 0,
            "ticket_events" | "ticket_metric_events" | "ticket_audits" => tickets * 2,
            "users" | "user_identities" => (tickets / 2).max(kind.tiny),
            "organizations" => (tickets / 5).max(kind.tiny),
            "side_conversations" | "ticket_skips" | "satisfaction_ratings" => {
                (tickets / 20).max(kind.tiny)
            }
            _ => (tickets / 50).clamp(kind.tiny, 1000),
        },
    }
}

/// How far back the rows of a resource go, in seconds. If Zendesk keeps the rows for some days
/// only, they go back no further.
fn history(name: &str) -> i64 {
    match name {
        "webhook_invocations" => 6 * DAY,
        "access_logs" => 80 * DAY,
        _ => HISTORY,
    }
}

pub(super) fn birth(account: &mut Account, kind: &Resource, n: u64, count: u64) -> Birth {
    let (start, end) = (account.now - history(kind.name), account.now - 3600);
    let span = (end - start) / (count as i64 + 1);
    let drawn = account.chance.below(span.max(1) as u64) as i64;
    let mut created_at = start + span * n as i64 + drawn;
    if kind.name == "ticket_activities" && !n.is_multiple_of(16) {
        // The listing shows the last thirty days only.
        created_at = end - 29 * DAY + 28 * DAY * n as i64 / (count as i64 + 1);
    }
    if kind.name == "engagements" {
        // Older ones are not listed.
        created_at = end - 80 * DAY + 79 * DAY * n as i64 / (count as i64 + 1);
    }
    let rest = (end - created_at).max(1) as u64;
    let mut updated_at = match account.chance.below(3) {
        0 => created_at,
        1 => created_at + account.chance.below(rest) as i64,
        _ => created_at + account.chance.below(rest.min(5 * DAY as u64)) as i64,
    };
    if ONE_SECOND.contains(&n) && !["ticket_activities", "engagements"].contains(&kind.name) {
        // In a small table that second would lie in the future.
        updated_at = start + span * (count as i64).min(18);
        created_at = created_at.min(updated_at);
    }
    if kind.name == "tickets" && n.is_multiple_of(4) && !is_archived(n, count) {
        // Deleted, and recently enough to be listed as deleted.
        updated_at = end - 25 * DAY + 24 * DAY * n as i64 / (count as i64 + 1);
    }
    if matches!(kind.stamp, Stamp::Timestamp | Stamp::Time | Stamp::Created) {
        created_at = if ONE_SECOND.contains(&n) { updated_at } else { created_at };
        updated_at = created_at;
    }
    let parent = account.losing_organization(kind.name, n);
    let parent = parent.or_else(|| {
        kind.parent.and_then(|parent| match is_said_in_messaging(kind, n) {
            true => account.messaging_ticket(n).or_else(|| parent_of(account, parent, n)),
            false => parent_of(account, parent, n),
        })
    });
    let grandparent = kind.parent.zip(parent).and_then(|(table, parent)| {
        account.table(table).rows.get(&parent).and_then(|row| row.parent)
    });
    let id = match (kind.name, n) {
        ("users", 1) => Some(ADMIN_USER_ID),
        ("users", 2) => Some(AGENT_USER_ID),
        ("users", 3) => Some(SUSPENDED_USER_ID),
        _ => None,
    };
    Birth { created_at, updated_at, id, parent, grandparent }
}

/// Whether a row is a message. Most messages belong to the first messaging ticket.
fn is_said_in_messaging(kind: &Resource, n: u64) -> bool {
    kind.name == "ticket_conversation_log" && !n.is_multiple_of(EVERY_COMMENT)
}

/// The parent for the nth row. The first rows all get the same parent, so that its children need
/// several pages. Then the parent is random. If there are several help centers, they take turns.
fn parent_of(account: &mut Account, parent: &str, n: u64) -> Option<u64> {
    let special = match parent {
        // A ticket that is neither deleted nor archived.
        "tickets" => account.table(parent).rows.values().find(|row| !row.deleted && !row.archived),
        _ => account.table(parent).rows.values().nth(1),
    };
    if parent == "custom_objects" {
        // Every kind has fields and records.
        let kinds = &account.table(parent).rows;
        return kinds.keys().nth((n % kinds.len().max(1) as u64) as usize).copied();
    }
    match special {
        Some(row) if n <= 12 => Some(row.number),
        _ => account.any_number_in_turn(parent, n).or_else(|| account.any_number(parent)),
    }
}

fn is_archived(n: u64, count: u64) -> bool {
    n % 5 == 1 && !n.is_multiple_of(4) && n < count * 3 / 4
}

fn found_ticket(account: &mut Account, number: u64, n: u64, count: u64, birth: Birth) {
    account.add_metric_set(number, birth.created_at, birth.updated_at);
    let (archived, deleted) = (is_archived(n, count), n.is_multiple_of(4));
    let key = number.to_string();
    let mut former = (String::new(), String::new());
    account.edit("tickets", &key, |row| {
        if ONE_SECOND.contains(&n) {
            row.generated = row.updated_at;
            row.set("generated_timestamp", &row.generated.to_string());
        }
        row.archived = archived;
        let status = row_text::get(&row.text, "status").unwrap_or("\"open\"");
        former.0 = if status == "\"deleted\"" { "\"open\"" } else { status }.to_owned();
        former.1 = row_text::get(&row.text, "subject").unwrap_or("\"\"").to_owned();
        row.deleted = deleted;
        if deleted {
            row.set("status", "\"deleted\"");
        } else if archived {
            row.set("status", "\"closed\"");
        } else {
            row.set("status", &former.0.clone());
        }
        row.ai_agent = n.is_multiple_of(7);
        row.set("support_type", if row.ai_agent { "\"ai_agent\"" } else { "\"agent\"" });
    });
    if deleted {
        let deleted_at = account.table("tickets").rows[&number].updated_at;
        account.list_deleted(number, deleted_at, &former.0, &former.1, archived);
        if n.is_multiple_of(24) {
            // Scrubbing is silent, and a while ago.
            let now = account.now;
            account.set_now(now - 3 * 3600);
            account.scrub(&key);
            account.set_now(now);
        }
    }
}

/// Sets the marks that row makers leave to the account.
fn settle(account: &mut Account, kind: &Resource) {
    if !["organizations", "groups", "users", "ticket_activities", "brands"].contains(&kind.name) {
        return;
    }
    let keys = account.keys(kind.name);
    for (index, key) in keys.iter().enumerate() {
        let marked = index % 6 == 5;
        account.edit(kind.name, key, |row| match kind.name {
            "organizations" => {
                row.deleted = marked;
                let time = row_text::quote(&crate::clock::iso(row.updated_at));
                row.set("deleted_at", if marked { &time } else { "null" });
            }
            "groups" => {
                row.deleted = marked && index > 6;
                row.set("deleted", if row.deleted { "true" } else { "false" });
            }
            "users" => {
                row.deleted = marked;
                row.set("active", if marked { "false" } else { "true" });
                if marked {
                    row.set("permanently_deleted", "false");
                } else {
                    row.text = row_text::without(&row.text, "permanently_deleted");
                }
            }
            "ticket_activities" => row.set("user_id", &ADMIN_USER_ID.to_string()),
            "brands" => row.set("is_deleted", "false"),
            _ => {}
        });
    }
}
