//! Rows as Zendesk's documentation shows them, from `../samples/<stream>.jsonl`, with ids and times
//! of this account. Most become rows of their own. A sample that belongs to a ticket replaces the
//! row that the ticket had. Comments become children of an event.

use super::founding::birth;
use super::{ADMIN_USER_ID, Account, Birth, Row, SUBDOMAIN};
use crate::resources::{Resource, resource, resources};
use crate::{clock, row_text};

/// Fields for which a sample takes the times of the row that it replaces.
const TIMES: &[&str] =
    &["created_at", "updated_at", "generated_timestamp", "timestamp", "time", "deleted_at"];

/// Fields that name the row to which a row belongs. A sample that has such a field takes its value
/// from the account.
const AROUND: &[&str] =
    &["ticket_id", "article_id", "post_id", "source_id", "item_id", "item_type"];

/// Fields of brands that the account decides.
const OF_BRANDS: &[&str] = &[
    "subdomain",
    "brand_url",
    "host_mapping",
    "has_help_center",
    "help_center_state",
    "active",
    "default",
];

/// The streams that share the samples of votes.
const VOTES: &[&str] =
    &["article_votes", "article_comment_votes", "post_votes", "post_comment_votes"];

include!(concat!(env!("OUT_DIR"), "/samples.rs"));

/// Adds the samples of all resources except those for which `is_left_out` is true.
pub(super) fn add(account: &mut Account, is_left_out: impl Fn(&str) -> bool) {
    for (name, lines) in SAMPLES {
        // Comments are children of events.
        if is_left_out(if *name == "ticket_comments" { "ticket_events" } else { name }) {
            continue;
        }
        let lines: Vec<&str> = lines.lines().filter(|line| !line.trim().is_empty()).collect();
        match *name {
            "votes" => VOTES.iter().for_each(|votes| add_rows(account, resource(votes), &lines)),
            "ticket_comments" => add_comments(account, &lines),
            "ticket_metrics" | "deleted_tickets" => replace_rows(account, resource(name), &lines),
            _ => {
                let kind = resources().find(|kind| kind.name == *name);
                kind.into_iter().for_each(|kind| add_rows(account, kind, &lines));
            }
        }
    }
}

/// A birth half way through the account's history, below a parent whose children are listed.
fn birth_of_sample(account: &mut Account, kind: &Resource) -> Birth {
    birth(account, kind, 8, 16)
}

fn add_rows(account: &mut Account, kind: &'static Resource, lines: &[&str]) {
    for line in lines {
        let birth = birth_of_sample(account, kind);
        let number = account.add(kind.name, birth);
        let key = account.table(kind.name).rows[&number].key.clone();
        account.edit(kind.name, &key, |row| rewrite(row, kind, line));
        let brand = account.table(kind.name).brands.get(&number).copied();
        let subdomain = account.subdomain_of(brand);
        if subdomain != SUBDOMAIN {
            account.edit(kind.name, &key, |row| relocate(row, &subdomain));
        }
        if kind.name == "ticket_activities" {
            // Nobody sees the activities of others.
            account.set_field(kind.name, &key, "user_id", &ADMIN_USER_ID.to_string());
        }
        if let ("user_identities", Some(user)) = (kind.name, birth.parent) {
            // Zendesk, "User Identities": it names the user under whom it is listed.
            account.set_field(kind.name, &key, "user_id", &user.to_string());
        }
        if kind.name == "tickets" {
            account.add_metric_set(number, birth.created_at, birth.updated_at);
            account.set_field(kind.name, &key, "status", "\"open\"");
            account.edit(kind.name, &key, |row| row.ai_agent = false);
        }
    }
}

/// Replaces listed rows with samples. Used where new rows would be wrong: a ticket has one metric
/// set, and is deleted only once.
fn replace_rows(account: &mut Account, kind: &'static Resource, lines: &[&str]) {
    let rows = account.table(kind.name).rows.values();
    let listed = rows.filter(|row| account.is_listed(kind.name, row));
    let keys: Vec<_> = listed.take(lines.len()).map(|row| row.key.clone()).collect();
    for (key, line) in keys.iter().zip(lines) {
        account.edit(kind.name, key, |row| rewrite(row, kind, line));
    }
}

/// Replaces a row's text with a sample.
fn rewrite(row: &mut Row, kind: &Resource, line: &str) {
    let mut text = line.to_owned();
    for field in [kind.key].iter().chain(TIMES) {
        if let Some(raw) = row_text::get(&row.text, field) {
            row_text::set(&mut text, field, raw);
        }
    }
    for field in AROUND {
        if let Some(raw) = row_text::get(&row.text, field) {
            row_text::set_existing(&mut text, field, raw);
        }
    }
    for field in OF_BRANDS.iter().filter(|_| kind.name == "brands") {
        if let Some(raw) = row_text::get(&row.text, field) {
            row_text::set(&mut text, field, raw);
        }
    }
    row.text = text;
    if kind.name == "deleted_tickets" && has_no_dashes(line) {
        let odd = row_text::quote(&clock::iso_without_dashes(row.updated_at));
        row.set("deleted_at", &odd);
    }
}

/// Changes the addresses in a sample to the host of the brand that has the row.
fn relocate(row: &mut Row, subdomain: &str) {
    for field in ["url", "html_url", "content_url"] {
        let Some(address) = row_text::get_text(&row.text, field) else { continue };
        let path = address.split('/').skip(3).collect::<Vec<_>>().join("/");
        let address = format!("https://{subdomain}.zendesk.com/{path}");
        row.set(field, &row_text::quote(&address));
    }
}

fn has_no_dashes(line: &str) -> bool {
    row_text::get_text(line, "deleted_at").is_some_and(|time| !time.contains('-'))
}

/// Adds one event. Its children are the comments in the samples, with the keys that all children
/// have.
fn add_comments(account: &mut Account, lines: &[&str]) {
    let kind = resource("ticket_events");
    let birth = birth_of_sample(account, kind);
    let number = account.add(kind.name, birth);
    let key = account.table(kind.name).rows[&number].key.clone();
    account.edit(kind.name, &key, |event| {
        let mut children = Vec::new();
        for (step, line) in (1..).zip(lines) {
            let mut child = (*line).to_owned();
            row_text::set(&mut child, "id", &(number + step * 20_000_033).to_string());
            row_text::set(&mut child, "event_type", "\"Comment\"");
            row_text::set_existing(&mut child, "audit_id", &number.to_string());
            for field in ["created_at", "timestamp", "ticket_id"] {
                let raw = row_text::get(&event.text, field).unwrap_or("null");
                row_text::set_existing(&mut child, field, raw);
            }
            children.push(child);
        }
        event.set("child_events", &format!("[{}]", children.join(",")));
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Settings, Size};

    /// The parts of a sample that a row must contain: all that do not depend on the account.
    fn lasting<'a>(place: &str, sample: &'a str) -> Vec<(String, &'a str)> {
        let of_account = ["id", "name", "subject", "audit_id", "status", "user_id"];
        let of_brand = OF_BRANDS.iter().filter(|_| place == "brands");
        let passing: Vec<_> =
            of_account.iter().chain(TIMES).chain(AROUND).chain(of_brand).collect();
        let is_lasting = |field: &str| !passing.iter().any(|passing| **passing == field);
        row_text::fields(sample).into_iter().filter(|(field, _)| is_lasting(field)).collect()
    }

    fn has_sample(place: &str, rows: &[String], sample: &str) -> bool {
        let lasting = lasting(place, sample);
        rows.iter()
            .any(|row| lasting.iter().all(|(field, raw)| row_text::get(row, field) == Some(*raw)))
    }

    #[test]
    fn every_sample_is_among_the_rows_of_its_resource() {
        (1..4).for_each(has_every_sample);
    }

    fn has_every_sample(seed: u64) {
        let account = Account::found(&Settings { seed, ..Settings::default() });
        let texts = |name: &str| -> Vec<String> {
            account.truth(name).into_iter().map(|row| row.text).collect()
        };
        for (name, lines) in SAMPLES {
            let places = match *name {
                "votes" => VOTES.to_vec(),
                "ticket_comments" => vec!["ticket_events"],
                name => vec![name],
            };
            for place in places {
                let mut rows = texts(place);
                if *name == "ticket_comments" {
                    let children = rows.iter().filter_map(|row| row_text::get(row, "child_events"));
                    let children = children.flat_map(|children| {
                        let children: Vec<&serde_json::value::RawValue> =
                            serde_json::from_str(children).expect("children are an array");
                        children.into_iter().map(|child| child.get().to_owned())
                    });
                    rows = children.collect();
                }
                for line in lines.lines() {
                    assert!(has_sample(place, &rows, line), "{place} has no row like {line}");
                }
            }
        }
    }

    #[test]
    fn no_founded_row_is_of_the_future() {
        let now = 1_795_219_200;
        for size in [Size::Tiny, Size::Small, Size::Large(100)] {
            for seed in 1..4 {
                let account = Account::found(&Settings { seed, size, ..Settings::default() });
                for kind in resources() {
                    for row in account.table(kind.name).rows.values() {
                        let newest = row.created_at.max(row.updated_at).max(row.generated);
                        assert!(newest <= now, "{} {}", kind.name, row.key);
                        for field in ["created_at", "updated_at", "time"] {
                            let told = row_text::get_text(&row.text, field);
                            let told = told.as_deref().and_then(clock::parse_iso);
                            let is_past = told.is_none_or(|told| told <= now);
                            assert!(is_past, "{} {}.{field}", kind.name, row.key);
                        }
                    }
                }
            }
        }
    }
}
