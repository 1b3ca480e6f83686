//! How a listing sends a row: side-loads that replace or add keys, and arrays beside the rows.

use crate::account::Account;
use crate::account::table::{Row, SortKey};
use crate::listings::Listing;
use crate::query::Asked;
use crate::row_text;
use serde_json::value::RawValue;
use std::collections::BTreeSet;

/// The text of a row as the listing sends it.
pub(super) fn text(account: &Account, listing: &Listing, number: u64, asked: &Asked) -> String {
    let row = &account.table(listing.resource).rows[&number];
    match listing.resource {
        "tickets" if asked.includes("metric_sets") => with_metric_set(account, row),
        "ticket_events" if !asked.includes("comment_events") => without_comments(&row.text),
        "organizations" if listing.feed == "organizations_list" => {
            row_text::without(&row.text, "deleted_at")
        }
        _ => row.text.clone(),
    }
}

fn with_metric_set(account: &Account, row: &Row) -> String {
    let mut text = row.text.clone();
    let set = account.table("ticket_metrics").children(row.number).next();
    let set = set.filter(|_| !row.deleted).map_or("null", |set| set.text.as_str());
    row_text::append(&mut text, "metric_set", set);
    text
}

/// Without the side-load a comment event only says that there is a comment, and whether it is
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

/// Arrays that an envelope carries beside its rows, each with a leading comma.
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
