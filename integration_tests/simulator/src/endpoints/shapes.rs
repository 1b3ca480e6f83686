//! How a listing sends a row: side-loads that add or replace keys, and arrays next to the rows.

use crate::account::Account;
use crate::account::table::{Row, SortKey};
use crate::clock;
use crate::listings::Listing;
use crate::query::Asked;
use crate::row_text;
use crate::rows::omnichannel;
use serde_json::value::RawValue;
use std::collections::BTreeSet;

/// The text of a row as the listing sends it.
pub(super) fn text(account: &Account, listing: &Listing, number: u64, asked: &Asked) -> String {
    let row = &account.table(listing.resource).rows[&number];
    match listing.resource {
        "tickets" if listing.feed != "tickets_list" => with_sideloads(account, row, asked),
        "ticket_events" if !asked.includes("comment_events") => without_comments(&row.text),
        "organizations" if listing.feed == "organizations_list" => {
            row_text::without(&row.text, "deleted_at")
        }
        _ => row.text.clone(),
    }
}

/// A ticket of the export with the side-loads that it contains itself. Two of the keys are not
/// named like their side-load. Source: Zendesk, Side-loading related records.
fn with_sideloads(account: &Account, row: &Row, asked: &Asked) -> String {
    let mut text = row.text.clone();
    let mut add = |include: &str, key: &str, raw: &str| {
        if asked.includes(include) {
            row_text::append(&mut text, key, raw);
        }
    };
    let set = account.table("ticket_metrics").children(row.number).next();
    let set = set.filter(|_| !row.deleted).map_or("null", |set| set.text.as_str());
    add("metric_sets", "metric_set", set);
    let at = row_text::quote(&clock::iso(row.updated_at));
    let dates =
        format!(r#"{{"assignee_updated_at":null,"status_updated_at":{at},"solved_at":null}}"#);
    add("dates", "dates", &dates);
    add("comment_count", "comment_count", &account.comments_of(row.number).len().to_string());
    add("incident_counts", "incident_count", if row.number.is_multiple_of(3) { "2" } else { "0" });
    add(
        "slas",
        "slas",
        r#"{"policy_metrics":[{"breach_at":null,"stage":"achieved","metric":"first_reply_time"}]}"#,
    );
    add("metric_events", "metric_events", r#"{"reply_time":[],"agent_work_time":[]}"#);
    text
}

/// Lists that the export of tickets sends next to its rows. Each row is listed once, in an order
/// that is not that of the tickets. Deleted rows are left out.
const BESIDE_TICKETS: &[(&str, &[&str])] = &[
    (
        "users",
        &[
            "requester_id",
            "submitter_id",
            "assignee_id",
            "collaborator_ids",
            "follower_ids",
            "email_cc_ids",
        ],
    ),
    ("groups", &["group_id"]),
    ("organizations", &["organization_id"]),
    ("brands", &["brand_id"]),
    ("ticket_forms", &["ticket_form_id"]),
    ("sharing_agreements", &["sharing_agreement_ids"]),
];

fn beside_tickets(account: &Account, page: &[SortKey], asked: &Asked) -> String {
    let mut lists = String::new();
    for (name, keys) in BESIDE_TICKETS.iter().filter(|(name, _)| asked.includes(name)) {
        let tickets = page.iter().map(|key| &account.table("tickets").rows[&key.id]);
        let raws =
            tickets.flat_map(|row| keys.iter().filter_map(|key| row_text::get(&row.text, key)));
        let split = |raw: &str| -> Vec<u64> {
            let ids = raw.trim_matches(['[', ']']).split(',');
            ids.filter_map(|id| id.trim().parse().ok()).collect()
        };
        let ids: BTreeSet<u64> = raws.flat_map(split).collect();
        let texts = ids.into_iter().rev().filter_map(|id| match *name {
            "sharing_agreements" => {
                Some(format!(r#"{{"id":{id},"name":"Partner","type":"inbound"}}"#))
            }
            name => account.row(name, &id.to_string()).map(|row| row.text.clone()),
        });
        let texts: Vec<String> = texts.collect();
        lists.push_str(&format!(r#","{name}":[{}]"#, texts.join(",")));
    }
    lists
}

/// A comment event without the side-load. It only says that there is a comment, and whether it is
/// public.
fn without_comments(text: &str) -> String {
    let Some(children) = row_text::get(text, "child_events") else { return text.to_owned() };
    let Ok(children) = serde_json::from_str::<Vec<&RawValue>>(children) else {
        return text.to_owned();
    };
    let plain: Vec<_> = children.iter().map(|child| plain_child(child.get())).collect();
    let mut text = text.to_owned();
    row_text::set(&mut text, "child_events", &format!("[{}]", plain.join(",")));
    text
}

fn plain_child(child: &str) -> String {
    if row_text::get(child, "event_type") != Some("\"Comment\"") {
        return child.to_owned();
    }
    let field = |key: &str| row_text::get(child, key).unwrap_or("null");
    format!(
        r#"{{"id":{},"via":{},"via_reference_id":{},"comment_present":true,"comment_public":{},"event_type":"Comment"}}"#,
        field("id"),
        field("via"),
        field("via_reference_id"),
        field("public")
    )
}

/// Arrays that an envelope contains next to the rows, each with a leading comma.
pub(super) fn sideloads(
    account: &Account,
    listing: &Listing,
    page: &[SortKey],
    asked: &Asked,
) -> String {
    match listing.resource {
        "users" if asked.includes("identities") => {
            let identities = account.table("user_identities");
            let of_page = page.iter().flat_map(|key| identities.children(key.id));
            let texts: Vec<_> = of_page.map(|row| row.text.as_str()).collect();
            format!(r#","identities":[{}]"#, texts.join(","))
        }
        "tickets" if listing.feed != "tickets_list" => beside_tickets(account, page, asked),
        "agent_availabilities" => {
            let rows = page.iter().map(|key| &account.table("agent_availabilities").rows[&key.id]);
            // In no order of the agents.
            let mut texts: Vec<String> =
                rows.flat_map(|row| omnichannel::included(&row.text)).collect();
            texts.reverse();
            format!(r#","included":[{}]"#, texts.join(","))
        }
        "ticket_activities" => {
            let people = |field: &str| {
                let rows = page.iter().map(|key| &account.table("ticket_activities").rows[&key.id]);
                let ids: BTreeSet<_> =
                    rows.filter_map(|row| row_text::get(&row.text, field)).collect();
                let users = ids.into_iter().filter_map(|id| account.row("users", id));
                users.map(|row| row.text.as_str()).collect::<Vec<_>>().join(",")
            };
            format!(r#","actors":[{}],"users":[{}]"#, people("actor_id"), people("user_id"))
        }
        _ => String::new(),
    }
}

/// Changes the time in a row's text to one that is later than its place in the listing.
pub(super) fn bear_a_later_time(text: &mut String, seconds: i64) {
    for field in ["generated_timestamp", "timestamp", "time", "updated_at"] {
        let Some(former) = row_text::get_text(text, field) else { continue };
        if let Ok(unix) = former.parse::<i64>() {
            row_text::set(text, field, &(unix + seconds).to_string());
            return;
        }
        if let Some(unix) = clock::parse_iso(&former) {
            let later = row_text::quote(&clock::iso_like(unix + seconds, &former));
            row_text::set(text, field, &later);
            return;
        }
    }
}
