//! The process is killed after any request. Answers are lost before and after writes, and jobs
//! fail. The process is run again from the last state that it wrote, until it succeeds. Then the
//! account is as if nothing had happened.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use serde_json::{Value, json};
use simulator::{Faults, JobFaults, Prng, RecordNames, Simulator};

use crate::account::{account, all};
use crate::custom_objects::{account_with, records};
use crate::run::{Folder, catalog, config, messages, record, start, state, write};

/// The rows of a sync.
const ROWS: usize = 240;

/// The number of rows between two states.
const STATE_EVERY: usize = 35;

/// The number of runs within which a sync must end.
const MOST_RUNS: u64 = 60;

/// How many times each scenario is played. `TEST_ROUNDS` sets more.
fn rounds() -> u64 {
    std::env::var("TEST_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(1)
}

/// The rows of a sync, and what the account contains before it.
struct Scenario {
    name: &'static str,
    object: &'static str,
    mode: &'static str,
    key: Option<&'static str>,
    /// The row in the account before the sync, by number. `None` if there is none.
    before: fn(usize) -> Option<Value>,
    row: fn(usize) -> Value,
}

fn person(at: usize) -> Value {
    json!({ "external_id": format!("P-{at}"), "name": format!("Old {at}"), "email": format!("p{at}@x.test"), "tags": ["old"] })
}

fn house(at: usize) -> Value {
    json!({ "external_id": format!("P-{at}"), "name": format!("House {at}"), "tags": ["old"] })
}

fn case(at: usize) -> Value {
    json!({ "external_id": format!("P-{at}"), "subject": format!("Old {at}"), "comment": { "body": "D", "public": false } })
}

/// A user with a few columns. Every tenth row repeats an earlier key with other values.
fn user(at: usize) -> Value {
    let number = if at % 10 == 9 { at - 4 } else { at };
    json!({ "external_id": format!("P-{number}"), "name": format!("New {at}"), "email": format!("new{number}@x.test"),
        "tags": [format!("t{}", at % 3)], "custom_plan": if at.is_multiple_of(2) { "gold" } else { "silver" }, "notes": format!("n {at}"), "organization_external_id": format!("organization-{}", 3 * (at % 2)) })
}

fn ticket(at: usize) -> Value {
    json!({ "external_id": format!("P-{at}"), "subject": format!("Case {at}"), "description": format!("Words {at}"), "priority": "high", "tags": ["x"] })
}

/// The user and the organization in a row of memberships.
fn pair(at: usize) -> Value {
    json!({ "user_external_id": format!("P-{}", at % 60), "organization_external_id": format!("O-{}", at / 60 % 4) })
}

const MEMBERSHIPS: &str = "organization_memberships";

const RECORDS: &str = "custom_object:device";

fn device(at: usize) -> Value {
    json!({ "external_id": format!("P-{at}"), "name": format!("Old {at}"), "custom_seats": at })
}

const SCENARIOS: [Scenario; 20] = [
    Scenario {
        name: "records upsert",
        object: RECORDS,
        mode: "append_dedup",
        key: Some("external_id"),
        before: |at| (at.is_multiple_of(3)).then(|| device(at)),
        row: |at| {
            json!({ "external_id": format!("P-{}", if at % 10 == 9 { at - 4 } else { at }), "name": format!("New {at}"),
            "custom_plan": "gold", "custom_owner": format!("o {at}"), "custom_keeper_external_id": "keeper-1" })
        },
    },
    Scenario {
        name: "records insert",
        object: RECORDS,
        mode: "append",
        key: Some("external_id"),
        before: |_| None,
        row: device,
    },
    Scenario {
        name: "records update",
        object: RECORDS,
        mode: "update",
        key: Some("external_id"),
        before: |at| Some(device(at)),
        row: |at| json!({ "external_id": format!("P-{at}"), "custom_arr": 1.5, "custom_renewal": "2026-01-31" }),
    },
    Scenario {
        name: "records delete",
        object: RECORDS,
        mode: "soft_delete",
        key: Some("external_id"),
        before: |at| Some(device(at)),
        row: |at| json!({ "external_id": format!("P-{}", at * 2 % 240) }),
    },
    Scenario {
        name: "memberships add",
        object: MEMBERSHIPS,
        mode: "append_dedup",
        key: Some("user_external_id+organization_external_id"),
        before: |at| (at.is_multiple_of(3)).then(|| pair(at)),
        row: pair,
    },
    Scenario {
        name: "memberships remove",
        object: MEMBERSHIPS,
        mode: "soft_delete",
        key: Some("user_external_id+organization_external_id"),
        before: |at| Some(pair(at)),
        row: |at| pair(at * 2 % 240),
    },
    Scenario {
        name: "users upsert",
        object: "users",
        mode: "append_dedup",
        key: Some("external_id"),
        before: |at| (at.is_multiple_of(3)).then(|| person(at)),
        row: user,
    },
    Scenario {
        name: "users upsert by address",
        object: "users",
        mode: "append_dedup",
        key: Some("email"),
        before: |at| (at.is_multiple_of(3)).then(|| person(at)),
        row: |at| json!({ "email": format!("p{at}@x.test"), "name": format!("New {at}"), "notes": "n" }),
    },
    Scenario {
        name: "users insert",
        object: "users",
        mode: "append",
        key: Some("external_id"),
        before: |_| None,
        row: |at| json!({ "external_id": format!("P-{at}"), "name": "N", "email": format!("p{at}@x.test"), "tags": ["t"] }),
    },
    Scenario {
        name: "users update",
        object: "users",
        mode: "update",
        key: Some("external_id"),
        before: |at| Some(person(at)),
        row: user,
    },
    Scenario {
        name: "users delete",
        object: "users",
        mode: "soft_delete",
        key: Some("external_id"),
        before: |at| Some(person(at)),
        row: |at| json!({ "external_id": format!("P-{}", at * 2 % 240) }),
    },
    Scenario {
        name: "organizations upsert",
        object: "organizations",
        mode: "append_dedup",
        key: Some("external_id"),
        before: |at| (at.is_multiple_of(2)).then(|| house(at)),
        row: |at| json!({ "external_id": format!("P-{at}"), "name": format!("New {at}"), "tags": ["t"], "custom_seats": at }),
    },
    Scenario {
        name: "organizations insert",
        object: "organizations",
        mode: "append",
        key: Some("name"),
        before: |_| None,
        row: |at| json!({ "name": format!("House {at}"), "notes": "n" }),
    },
    Scenario {
        name: "organizations update",
        object: "organizations",
        mode: "update",
        key: Some("name"),
        before: |at| Some(house(at)),
        row: |at| json!({ "name": format!("house {at}"), "notes": format!("n {at}"), "tags": ["t"] }),
    },
    Scenario {
        name: "organizations delete",
        object: "organizations",
        mode: "soft_delete",
        key: Some("name"),
        before: |at| Some(house(at)),
        row: |at| json!({ "name": format!("House {at}") }),
    },
    Scenario {
        name: "tickets upsert",
        object: "tickets",
        mode: "append_dedup",
        key: Some("external_id"),
        before: |at| (at.is_multiple_of(3)).then(|| case(at)),
        row: ticket,
    },
    Scenario {
        name: "tickets insert",
        object: "tickets",
        mode: "append",
        key: Some("external_id"),
        before: |_| None,
        row: ticket,
    },
    Scenario {
        name: "tickets insert without a key",
        object: "tickets",
        mode: "append",
        key: None,
        before: |_| None,
        row: |at| json!({ "subject": format!("Case {at}"), "description": format!("Words {at}"), "priority": "low" }),
    },
    Scenario {
        name: "tickets update with comments",
        object: "tickets",
        mode: "update",
        key: Some("external_id"),
        before: |at| Some(case(at)),
        row: |at| json!({ "external_id": format!("P-{}", at % 150), "comment": format!("Word {at}"), "status": "open", "tags": ["x"] }),
    },
    Scenario {
        name: "tickets delete",
        object: "tickets",
        mode: "soft_delete",
        key: Some("external_id"),
        before: |at| Some(case(at)),
        row: |at| json!({ "external_id": format!("P-{at}") }),
    },
];

fn founded(scenario: &Scenario) -> Simulator {
    if scenario.object == RECORDS {
        return found_records(scenario);
    }
    let sim = account();
    if scenario.object == MEMBERSHIPS {
        found_memberships(&sim, scenario);
        return sim;
    }
    sim.account(|account| {
        for row in (0..ROWS).filter_map(scenario.before) {
            account.write_new(scenario.object, row);
        }
    });
    sim
}

/// An account with the records that exist before the sync.
fn found_records(scenario: &Scenario) -> Simulator {
    let sim = account_with(RecordNames::Given);
    let rows: Vec<Value> = (0..ROWS).filter_map(scenario.before).collect();
    let insert = catalog(RECORDS, "append", Some("external_id"));
    write(&sim, &config(&json!({})), &insert, messages(&rows, ROWS)).succeeded();
    sim
}

/// The records by external id, without values that depend on the time.
fn devices(sim: &Simulator) -> BTreeMap<String, Vec<Value>> {
    let mut found: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for row in records(sim) {
        let end = json!([
            row["name"],
            row["custom_object_fields"]["seats"],
            row["custom_object_fields"]["plan"],
            row["custom_object_fields"]["owner"],
            row["custom_object_fields"]["arr"],
            row["custom_object_fields"]["renewal"]
        ]);
        found.entry(row["external_id"].to_string()).or_default().push(end);
    }
    found
}

/// Adds people and houses, and the memberships that exist before the sync.
fn found_memberships(sim: &Simulator, scenario: &Scenario) {
    sim.account(|account| {
        let users: Vec<u64> = (0..60).map(|at| account.write_new("users", person(at))).collect();
        let house =
            |at: usize| json!({ "external_id": format!("O-{at}"), "name": format!("House {at}") });
        let houses: Vec<u64> =
            (0..4).map(|at| account.write_new("organizations", house(at))).collect();
        for at in (0..ROWS).filter(|at| (scenario.before)(*at).is_some()) {
            let pair = json!({ "user_id": users[at % 60], "organization_id": houses[at / 60 % 4] });
            account.write_new(MEMBERSHIPS, pair);
        }
    });
}

/// The organizations of each person.
fn memberships(sim: &Simulator) -> BTreeMap<String, Vec<Value>> {
    let name = |row: &Value| Some((row["id"].as_u64()?, row["external_id"].as_str()?.to_owned()));
    let names = |resource: &str| -> BTreeMap<u64, String> {
        all(sim, resource).iter().filter_map(name).collect()
    };
    let (users, houses) = (names("users"), names("organizations"));
    let mut found: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (id, name) in users.into_iter().filter(|(_, name)| name.starts_with("P-")) {
        let of = sim.account(|account| account.organizations_of(id));
        let mut of: Vec<Value> = of.iter().map(|id| json!(houses.get(id))).collect();
        of.sort_by_key(Value::to_string);
        found.insert(name, of);
    }
    found
}

/// The rows from number `from` on, with states that contain the number of rows before them.
fn input(scenario: &Scenario, from: usize) -> String {
    let mut text = String::new();
    for at in from..ROWS {
        text += &(record(&(scenario.row)(at)) + "\n");
        if (at + 1) % STATE_EVERY == 0 || at + 1 == ROWS {
            text += &(state(at as u64 + 1) + "\n");
        }
    }
    text
}

/// Everything about the rows of an object that does not depend on the time of the writes.
fn end_state(sim: &Simulator, scenario: &Scenario) -> BTreeMap<String, Vec<Value>> {
    match scenario.object {
        MEMBERSHIPS => return memberships(sim),
        RECORDS => return devices(sim),
        _ => {}
    }
    let mut comments: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    if scenario.object == "tickets" {
        for event in all(sim, "ticket_events") {
            let children = event["child_events"].as_array().into_iter().flatten();
            let said = children.filter(|child| child["event_type"] == "Comment");
            let said = said.filter_map(|child| child["body"].as_str().map(str::to_owned));
            comments
                .entry(event["ticket_id"].as_u64().unwrap_or_default())
                .or_default()
                .extend(said);
        }
    }
    let mut rows: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for row in all(sim, scenario.object) {
        let name = [&row["email"], &row["name"], &row["subject"]]
            .into_iter()
            .find_map(Value::as_str)
            .unwrap_or_default();
        let ours = ["P-", "p", "new", "House", "New", "Case", "Old"];
        if !ours.iter().any(|word| {
            name.starts_with(word)
                || row["external_id"].as_str().is_some_and(|key| key.starts_with(word))
        }) {
            continue;
        }
        let kept = [
            "external_id",
            "email",
            "name",
            "notes",
            "subject",
            "description",
            "priority",
            "status",
            "user_fields",
            "organization_fields",
            "role",
            "verified",
            "is_public",
        ];
        let mut end: BTreeMap<&str, Value> =
            kept.iter().map(|field| (*field, row[*field].clone())).collect();
        let mut tags: Vec<&str> =
            row["tags"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        tags.sort_unstable();
        end.insert("tags", json!(tags));
        // Organizations are those that the account was founded with, with the same ids.
        let organizations = match (scenario.object, row["id"].as_u64()) {
            ("users", Some(id)) => sim.account(|account| account.organizations_of(id)),
            _ => Vec::new(),
        };
        end.insert("organizations", json!(organizations));
        end.insert("comments", json!(comments.get(&row["id"].as_u64().unwrap_or_default())));
        let key = row["external_id"].as_str().map_or_else(|| name.to_owned(), str::to_owned);
        rows.entry(key).or_default().push(json!(end));
    }
    rows
}

/// Runs a sync once, and kills it after this many requests if `kill_after` is set. Returns the
/// number of acknowledged rows and whether the run succeeded.
fn run(
    sim: &Simulator,
    scenario: &Scenario,
    from: usize,
    attempt: u64,
    kill_after: Option<u64>,
) -> (usize, bool) {
    let folder = Folder::new();
    let (pid, seen) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU64::new(0)));
    if let Some(most) = kill_after {
        let pid = Arc::clone(&pid);
        sim.on_request(move |_, _| {
            let pid = pid.load(Ordering::SeqCst);
            // The request that it dies of takes effect all the same.
            if seen.fetch_add(1, Ordering::SeqCst) >= most && pid != 0 {
                let _ = Command::new("kill").args(["-9", &pid.to_string()]).output();
            }
        });
    }
    let catalog = catalog(scenario.object, scenario.mode, scenario.key);
    let options = config(&json!({ "allow_deletes": true }));
    let running = start(sim, &folder, (&options, &catalog), input(scenario, from), attempt);
    pid.store(running.pid(), Ordering::SeqCst);
    let ended = running.end();
    sim.no_hook();
    let last =
        ended.states().last().and_then(|state| state["stream"]["stream_state"]["number"].as_u64());
    let rejected = ended.count("rejectedRecordCount");
    assert_eq!(rejected, 0, "{}: {:#?}", scenario.name, ended.logged("WARN"));
    (last.map_or(from, |last| last as usize), ended.code == Some(0))
}

/// Plays a scenario with kills, and compares the account with that of an undisturbed run. Returns
/// the number of kills.
fn play(scenario: &Scenario, seed: u64) -> u64 {
    let calm = founded(scenario);
    assert_eq!(run(&calm, scenario, 0, 0, None), (ROWS, true), "{}", scenario.name);
    let sim = founded(scenario);
    let began = sim.now_unix();
    let mut chance = Prng::new(seed);
    let (mut from, mut kills) = (0, 0);
    for attempt in 0..MOST_RUNS {
        sim.faults(Faults::on_share_of_writes(0.08, seed + attempt));
        sim.job_faults(JobFaults::on_share(0.2, seed + attempt));
        // What has no key is known for two hours.
        let is_late = scenario.key.is_none() && sim.now_unix() - began > 3600;
        let kill_after = (attempt < 12 && !is_late).then(|| 1 + chance.below(60));
        let (last, ended_well) = run(&sim, scenario, from, attempt, kill_after);
        assert!(last >= from, "{}: states go back", scenario.name);
        from = last;
        if ended_well {
            assert_eq!(from, ROWS, "{}", scenario.name);
            sim.faults(Faults::none());
            let (expected, found) = (end_state(&calm, scenario), end_state(&sim, scenario));
            for (key, expected) in &expected {
                assert_eq!(found.get(key), Some(expected), "{} {key}, seed {seed}", scenario.name);
            }
            let more: Vec<&String> =
                found.keys().filter(|key| !expected.contains_key(*key)).collect();
            assert!(more.is_empty(), "{}: {more:?}, seed {seed}", scenario.name);
            return kills;
        }
        kills += 1;
    }
    panic!("{} did not end in {MOST_RUNS} runs, seed {seed}", scenario.name);
}

fn play_all(object: &str) {
    let mut kills = 0;
    for round in 0..rounds() {
        for (at, scenario) in SCENARIOS.iter().enumerate().filter(|(_, one)| one.object == object) {
            kills += play(scenario, 1000 * round + at as u64);
        }
    }
    let scenarios = SCENARIOS.iter().filter(|one| one.object == object).count() as u64;
    assert!(kills >= 2 * rounds() * scenarios, "only {kills} runs were killed");
}

#[test]
fn users_are_as_if_nothing_had_happened() {
    play_all("users");
}

#[test]
fn organizations_are_as_if_nothing_had_happened() {
    play_all("organizations");
}

#[test]
fn memberships_are_as_if_nothing_had_happened() {
    play_all(MEMBERSHIPS);
}

#[test]
fn records_are_as_if_nothing_had_happened() {
    play_all(RECORDS);
}

#[test]
fn tickets_are_as_if_nothing_had_happened() {
    play_all("tickets");
}
