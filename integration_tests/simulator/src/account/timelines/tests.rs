//! The coherent account has every kind of ticket life. Its rows are consistent with each other and
//! with its truth, also after later steps.

use super::*;
use crate::account::timelines::cast::DAY;
use crate::clock;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

mod agreement;
mod by_hand;
mod kinds;

fn account(seed: u64, timelines: u64) -> Account {
    Account::found(&Settings { seed, timelines, ..Settings::default() })
}

/// The rows of a resource that a complete read returns.
fn rows(account: &Account, resource: &str) -> Vec<Value> {
    account.truth(resource).into_iter().map(|row| row.json).collect()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The children of all events, each with its event, in the order of the export.
fn children(account: &Account) -> Vec<(Value, Value)> {
    let mut events = rows(account, "ticket_events");
    events.sort_by_key(|event| (event["timestamp"].as_i64(), event["id"].as_u64()));
    let children = |event: Value| {
        let children = list(&event, "child_events").to_vec();
        children.into_iter().map(move |child| (event.clone(), child))
    };
    events.into_iter().flat_map(children).collect()
}
