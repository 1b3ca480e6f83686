//! Steering by lines, for programs that cannot hold the handle: one order a line, one line of JSON
//! as the answer.

use serde_json::{Value, json};
use simulator::{Account, Prng, Simulator};
use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};

/// Obeys until there are no more orders.
pub(crate) fn obey(
    sim: &Simulator,
    orders: impl BufRead,
    mut answers: impl Write,
) -> io::Result<()> {
    for order in orders.lines() {
        let words = order?;
        let words: Vec<&str> = words.split_whitespace().collect();
        let answer = answer(sim, &words).unwrap_or_else(|| json!({ "unknown": words }));
        writeln!(answers, "{answer}")?;
        answers.flush()?;
    }
    Ok(())
}

/// None for an order that is none.
fn answer(sim: &Simulator, words: &[&str]) -> Option<Value> {
    match *words {
        ["advance", seconds] => {
            sim.advance_seconds(seconds.parse().ok()?);
            Some(sim.now_unix().into())
        }
        ["change", seed, times] => {
            let (seed, times) = (seed.parse().ok()?, times.parse().ok()?);
            let mut chance = Prng::new(seed);
            let told = sim.account(|account| {
                (0..times).map(|_: u64| account.random_change(&mut chance)).collect::<Vec<_>>()
            });
            Some(told.into())
        }
        ["touch", resource, times] if is_resource(resource) => {
            let times = times.parse().ok()?;
            Some(sim.account(|account| change(account, resource, times, Account::touch)).into())
        }
        ["delete", resource, times] if is_resource(resource) => {
            let times = times.parse().ok()?;
            Some(sim.account(|account| change(account, resource, times, Account::delete)).into())
        }
        ["truth", resource] if is_resource(resource) => {
            let rows = sim.account(|account| account.truth(resource));
            let rows = rows.into_iter().map(
                |row| json!({ "parent": row.parent, "deleted": row.deleted, "row": row.json }),
            );
            Some(rows.collect())
        }
        ["requests"] => {
            let mut counts: BTreeMap<String, u64> = BTreeMap::new();
            for seen in sim.requests() {
                *counts.entry(seen.feed).or_default() += 1;
            }
            sim.clear_requests();
            Some(json!(counts))
        }
        ["history"] => Some(sim.account(|account| account.history())),
        ["timelines", "step", times] => {
            let times = times.parse().ok()?;
            Some(sim.account(|account| account.step_timelines(times)).into())
        }
        ["ledger"] => Some(json!(sim.ledger().counts())),
        ["jobs"] => Some(sim.jobs().into_iter().map(|job| job.json).collect()),
        ["row", resource, key] if is_resource(resource) => Some(sim.account(|account| {
            let row = account.row(resource, key);
            row.and_then(|row| serde_json::from_str(&row.text).ok()).unwrap_or_default()
        })),
        ["strays"] => Some(json!(sim.stray_requests())),
        ["refusals"] => Some(json!(sim.limit_refusals())),
        _ => None,
    }
}

fn is_resource(name: &str) -> bool {
    // The records of each kind of custom object are a listing of their own.
    name.starts_with("custom_object_records_")
        || Account::resources().any(|resource| resource == name)
}

/// Changes so many rows that are not deleted, and says which.
fn change(
    account: &mut Account,
    resource: &str,
    times: usize,
    change: fn(&mut Account, &str, &str),
) -> Vec<String> {
    let live = |key: &String| account.row(resource, key).is_some_and(|row| !row.deleted);
    let keys: Vec<String> = account.keys(resource).into_iter().filter(live).take(times).collect();
    for key in &keys {
        change(account, resource, key);
    }
    keys
}
