//! Control by lines of stdin or by requests, for programs that cannot use the Rust handle. An order
//! is answered by one line of JSON.

mod faults;

use serde_json::{Value, json};
use simulator::{Account, Faults, JobFault, JobFaults, Knobs, Prng, SUBDOMAIN, Simulator};
use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};

/// Obeys orders until there are no more.
pub(crate) fn obey(
    sim: &Simulator,
    orders: impl BufRead,
    mut answers: impl Write,
) -> io::Result<()> {
    for order in orders.lines() {
        let answer = answer(sim, &order?).unwrap_or_else(|refusal| refusal);
        writeln!(answers, "{answer}")?;
        answers.flush()?;
    }
    Ok(())
}

/// Obeys one order. Returns the answer, as an error if the text is not an order.
pub(crate) fn answer(sim: &Simulator, order: &str) -> Result<Value, Value> {
    let order = order.trim();
    let (name, rest) = order.split_once(char::is_whitespace).unwrap_or((order, ""));
    let words: Vec<&str> = order.split_whitespace().collect();
    let refused = |reason: String| json!({ "unknown": words, "because": reason });
    if let Some(reason) = senseless(sim, &words) {
        return Err(refused(reason));
    }
    let with_json = match (name, rest.trim()) {
        ("faults", rules) if rules.starts_with('[') => {
            Some(faults::rules(rules).map(|faults| put(sim, faults)))
        }
        ("knobs", turned) => Some(turn(sim, turned)),
        _ => None,
    };
    match with_json {
        Some(answer) => answer.map_err(refused),
        None => obeyed(sim, &words).ok_or_else(|| refused(why_unknown(&words))),
    }
}

/// The answer to a text that is not an order.
const ORDERS: &str = "The orders are: status, advance SECONDS, change SEED N, touch RESOURCE N, \
    delete RESOURCE N, truth RESOURCE, row RESOURCE KEY, requests, log, refusals, strays, ledger, jobs, \
    knobs [JSON], faults JSON | none | share SHARE SEED, job_faults KIND N | none, expire_cursors, \
    other_program LIMIT N, history, timelines step N.";

/// The reason why the words are not an order.
fn why_unknown(words: &[&str]) -> String {
    match *words {
        ["touch" | "delete" | "truth" | "row", resource, ..] if !is_resource(resource) => {
            format!(
                "There is no resource `{resource}`. Use the name of a listing, such as tickets or users."
            )
        }
        ["faults", rules, ..] if rules.starts_with('{') => {
            "The rules of `faults` must be a list: [{...}].".to_owned()
        }
        _ => ORDERS.to_owned(),
    }
}

/// The longest step of the clock: a hundred years.
const LONGEST_STEP_SECONDS: i64 = 3_155_760_000;

/// Why an order of the right form makes no sense. `None` if nothing is wrong with it.
fn senseless(sim: &Simulator, words: &[&str]) -> Option<String> {
    match *words {
        [
            "advance" | "change" | "touch" | "delete" | "timelines" | "other_program"
            | "job_faults",
            ..,
        ]
        | ["faults", "share", ..]
            if let Some(word) = words.iter().find(|word| is_negative(word)) =>
        {
            Some(format!("{word} is negative. Send a number that is not."))
        }
        ["other_program", bucket, _] if !Simulator::buckets().contains(&bucket) => {
            let known = Simulator::buckets().join(", ");
            Some(format!("There is no limit {bucket}. The limits are: {known}."))
        }
        ["timelines", "step", _] if !sim.account(|account| account.has_timelines()) => {
            let advice = "Start the simulator with `--timelines TICKETS`.";
            Some(format!("This account has no timelines. {advice}"))
        }
        _ => None,
    }
}

fn is_negative(word: &str) -> bool {
    word.parse().is_ok_and(|number: f64| number < 0.0)
}

/// The answer to an order. `None` if the words are not an order.
fn obeyed(sim: &Simulator, words: &[&str]) -> Option<Value> {
    match *words {
        ["status"] => Some(json!({
            "subdomain": SUBDOMAIN, "url": sim.url(), "now": sim.now_unix(),
            "version": env!("CARGO_PKG_VERSION"),
        })),
        ["advance", seconds] => {
            let seconds =
                seconds.parse().ok().filter(|step| (0..=LONGEST_STEP_SECONDS).contains(step))?;
            sim.advance_seconds(seconds);
            Some(sim.now_unix().into())
        }
        ["expire_cursors"] => {
            sim.expire_cursors();
            Some(sim.now_unix().into())
        }
        ["faults", "none"] => Some(put(sim, Faults::none())),
        ["faults", "share", share, seed] => {
            let share = share.parse().ok().filter(|share| (0.0..=1.0).contains(share))?;
            let seed = seed.parse().ok()?;
            Some(put(sim, Faults::on_share_of_all(share, seed)))
        }
        ["job_faults", "none"] => {
            sim.job_faults(JobFaults::none());
            Some(json!({}))
        }
        ["job_faults", kind, nth] => {
            let (fault, nth) = (job_fault(kind)?, nth.parse().ok()?);
            sim.job_faults(JobFaults::once(nth, fault));
            Some(json!({}))
        }
        ["other_program", bucket, per_minute] => {
            sim.other_program(bucket, per_minute.parse().ok()?);
            Some(json!({}))
        }
        ["log"] => {
            let seen = sim.requests();
            sim.clear_requests();
            let told = seen.into_iter().map(|seen| {
                json!({ "method": seen.method, "target": seen.target(), "host": seen.host,
                        "status": seen.status, "faulted": seen.faulted, "at": seen.at_unix })
            });
            Some(told.collect())
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

fn put(sim: &Simulator, faults: Faults) -> Value {
    let rules = faults.rules.len();
    sim.faults(faults);
    json!({ "rules": rules })
}

/// Sets the knobs that the JSON names. Returns all knobs.
fn turn(sim: &Simulator, json: &str) -> Result<Value, String> {
    let wanted: serde_json::Map<String, Value> = match json {
        "" => serde_json::Map::new(),
        json => serde_json::from_str(json).map_err(|error| error.to_string())?,
    };
    let mut told = Err(String::new());
    sim.knobs(|knobs| {
        told = turned(knobs, wanted).map(|(turned, told)| {
            *knobs = turned;
            told
        });
    });
    told
}

fn turned(knobs: &Knobs, wanted: serde_json::Map<String, Value>) -> Result<(Knobs, Value), String> {
    let mut all = serde_json::to_value(knobs).map_err(|error| error.to_string())?;
    for (name, value) in wanted {
        // Contents may be shorter than their rows say.
        if name != "content_bytes_more" && has_negative(&value) {
            return Err(format!("{name} is negative. Send a number that is not."));
        }
        all[name] = value;
    }
    let turned: Knobs = serde_json::from_value(all.clone()).map_err(|error| error.to_string())?;
    Ok((Knobs { encoding_spelling: knobs.encoding_spelling, ..turned }, all))
}

fn has_negative(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(has_negative),
        other => other.as_f64().is_some_and(|number| number < 0.0),
    }
}

fn job_fault(name: &str) -> Option<JobFault> {
    Some(match name {
        "vanishes" => JobFault::Vanishes,
        "killed_half_way" => JobFault::KilledHalfWay,
        "fails_with_results" => JobFault::FailsWithResults,
        "fails_without_results" => JobFault::FailsWithoutResults,
        "refused" => JobFault::Refused,
        "results_out_of_order" => JobFault::ResultsOutOfOrder,
        "result_missing" => JobFault::ResultMissing,
        "stuck" => JobFault::Stuck,
        _ => return None,
    })
}

fn is_resource(name: &str) -> bool {
    // The records of each kind of custom object are a listing of their own.
    name.starts_with("custom_object_records_")
        || Account::resources().any(|resource| resource == name)
}

/// Changes this many rows that are not deleted. Returns what was changed.
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
