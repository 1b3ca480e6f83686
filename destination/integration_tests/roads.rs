//! The other roads of a write when the usual one is closed, slow or broken, and the messages about
//! them.

mod refused;
mod stdin;

use serde_json::{Value, json};
use simulator::{Fault, Faults, JobFault, JobFaults, Simulator, When};

use crate::account::{account, all, with};
use crate::run::{catalog, config, messages, write};

fn user(at: usize) -> Value {
    json!({ "external_id": format!("U-{at}"), "name": format!("New {at}"), "email": format!("u{at}@x.test"), "notes": "n" })
}

fn seeded(count: usize) -> Simulator {
    let sim = account();
    sim.account(|account| {
        for at in 0..count {
            account.write_new("users", json!({ "external_id": format!("U-{at}"), "name": "Old", "email": format!("u{at}@x.test") }));
        }
    });
    sim
}

/// The number of requests with this method to this path.
fn asked(sim: &Simulator, method: &str, path: &str) -> usize {
    let requests = sim.requests();
    requests
        .iter()
        .filter(|request| request.method == method && request.path.ends_with(path))
        .count()
}

fn refusals(sim: &Simulator) -> u64 {
    sim.limit_refusals().values().sum()
}

/// Fails unless the account contains each of the users once, as the rows describe them.
fn assert_there(sim: &Simulator, rows: &[Value]) {
    let users = all(sim, "users");
    for row in rows {
        let found: Vec<&Value> =
            users.iter().filter(|user| user["external_id"] == row["external_id"]).collect();
        assert_eq!(found.len(), 1, "{row}");
        assert_eq!((&found[0]["name"], &found[0]["notes"]), (&row["name"], &row["notes"]));
    }
}

#[test]
fn without_bulk_imports_new_users_go_one_by_one_and_it_is_told_once() {
    let sim = seeded(150);
    sim.knobs(|knobs| knobs.bulk_import_is_off = true);
    let rows: Vec<Value> = (0..600).map(user).collect();
    let users = catalog("users", "append_dedup", Some("external_id"));
    let ended = write(&sim, &config(&json!({})), &users, messages(&rows, 100)).succeeded();
    assert_eq!((ended.count("created"), ended.count("updated")), (450, 150));
    assert_there(&sim, &rows);
    let told = ended.logged("WARN").into_iter().filter(|line| line.contains("one by one"));
    assert_eq!(told.count(), 1);
    assert_eq!(asked(&sim, "POST", "/users"), 450);
    assert!(asked(&sim, "PUT", "/users/update_many") >= 2, "what exists goes by jobs all the same");
    assert!(asked(&sim, "POST", "/users/create_many") <= 5, "it is not asked for again and again");
    assert!(refusals(&sim) < 5, "{:?}", sim.limit_refusals());
}

#[test]
fn an_agent_writes_end_users_one_by_one_and_is_told_what_it_may_not() {
    let sim = seeded(40);
    let rows: Vec<Value> = (0..80).map(user).collect();
    let agent = json!({ "credentials": { "credentials": "oauth2.0", "access_token": simulator::AGENT_BEARER } });
    let users = catalog("users", "append_dedup", Some("external_id"));
    let ended = write(&sim, &config(&agent), &users, messages(&rows, 30)).succeeded();
    assert_eq!(
        (ended.count("created"), ended.count("updated")),
        (40, 40),
        "{:#?}",
        ended.logged("WARN")
    );
    assert_there(&sim, &rows);
    let told = ended.logged("WARN").into_iter().filter(|line| line.contains("one by one"));
    assert_eq!(told.count(), 2, "one line for creations, one for updates");
    // A second of the account's is less than two milliseconds here.
    assert!(refusals(&sim) < 15, "{:?}", sim.limit_refusals());
    let rows: Vec<Value> = (0..30)
        .map(|at| json!({ "external_id": format!("O-{at}"), "name": format!("O {at}") }))
        .collect();
    let organizations = catalog("organizations", "append_dedup", Some("external_id"));
    let ended = write(&sim, &config(&agent), &organizations, messages(&rows, 30)).succeeded();
    assert_eq!(ended.count("rejectedRecordCount"), 30);
    assert!(
        ended.logged("WARN").iter().any(|line| line.contains("Forbidden")),
        "{:#?}",
        ended.logged("WARN")
    );
}

#[test]
fn jobs_wait_for_a_place_among_those_of_others() {
    for (other, limit) in [(28, None), (0, Some(1)), (29, None)] {
        let sim = seeded(300);
        sim.knobs(|knobs| {
            knobs.other_jobs = other;
            knobs.jobs_limit = limit;
        });
        let rows: Vec<Value> = (0..1000).map(user).collect();
        let users = catalog("users", "append_dedup", Some("external_id"));
        let ended = write(&sim, &config(&json!({})), &users, messages(&rows, 100)).succeeded();
        assert_eq!((ended.count("created"), ended.count("updated")), (700, 300));
        assert_there(&sim, &rows);
    }
}

#[test]
fn refusals_that_say_when_to_come_back_are_waited_out() {
    let sim = seeded(100);
    sim.faults(Faults::rule("/api/v2/", When::EveryNth(6), Fault::retry_after(429, 7)));
    let rows: Vec<Value> = (0..400).map(user).collect();
    let users = catalog("users", "append_dedup", Some("external_id"));
    let ended = write(&sim, &config(&json!({})), &users, messages(&rows, 100)).succeeded();
    assert_eq!((ended.count("created"), ended.count("updated")), (300, 100));
    assert_there(&sim, &rows);
}

#[test]
fn no_limit_is_run_into() {
    let sim = account();
    let rows: Vec<Value> = (0..450)
        .map(|at| json!({ "external_id": format!("T-{at}"), "subject": "S", "description": "D" }))
        .collect();
    let tickets = catalog("tickets", "append_dedup", Some("external_id"));
    let ended = write(&sim, &config(&json!({})), &tickets, messages(&rows, 100)).succeeded();
    assert_eq!(ended.count("created"), 450);
    let rows: Vec<Value> = (0..450)
        .map(|at| json!({ "external_id": format!("T-{at}"), "comment": format!("c {at}"), "tags": ["a"], "priority": "low" }))
        .collect();
    let updates = catalog("tickets", "update", Some("external_id"));
    let began = sim.now_unix();
    let ended = write(&sim, &config(&json!({})), &updates, messages(&rows, 100)).succeeded();
    assert_eq!(ended.count("updated"), 450);
    assert!(refusals(&sim) <= 10, "{:?}", sim.limit_refusals());
    assert!(
        sim.now_unix() - began >= 240,
        "100 updates a minute are let through, and these were more"
    );
}

#[test]
fn half_of_each_limit_is_left_to_the_agents() {
    let sim = account();
    sim.knobs(|knobs| knobs.bulk_import_is_off = true);
    let mut options = config(&json!({}));
    options.as_object_mut().unwrap().remove("api_quota_percent");
    let began = sim.now_unix();
    let rows: Vec<Value> = (0..3000).map(user).collect();
    let users = catalog("users", "append_dedup", Some("external_id"));
    let ended = write(&sim, &options, &users, messages(&rows, 500)).succeeded();
    assert_eq!(ended.count("created"), 3000);
    let minutes = (sim.now_unix() - began) as f64 / 60.0;
    let a_minute = sim.requests().len() as f64 / minutes.max(1.0);
    assert!(a_minute <= 1400.0, "{a_minute} requests a minute of 2,500");
    assert_eq!(refusals(&sim), 0);
}

#[test]
fn an_index_that_lags_makes_no_second_user_of_an_address() {
    let sim = account();
    sim.knobs(|knobs| knobs.search_lag_seconds = 120);
    let row = |at: usize, round: usize| json!({ "email": format!("E{at}@x.test"), "name": format!("N {at}"), "notes": format!("round {round}") });
    for round in 0..3 {
        let rows: Vec<Value> = (0..150).map(|at| row(at, round / 2)).collect();
        let users = catalog("users", "append_dedup", Some("email"));
        let ended = write(&sim, &config(&json!({})), &users, messages(&rows, 100)).succeeded();
        let name = ["created", "unchanged", "updated"][round];
        assert_eq!(ended.count(name), 150, "round {round}: {:#?}", ended.states());
        for at in [0, 149] {
            let found = with(&sim, "users", "email", &json!(format!("E{at}@x.test")));
            assert_eq!(found.len(), 1);
            assert_eq!(found[0]["notes"], format!("round {}", round / 2));
        }
    }
}

#[test]
fn each_way_in_which_a_job_goes_wrong_is_survived() {
    for fault in JobFault::ALL {
        for is_always in [false, true] {
            // What always is refused, or stands still for an hour, never comes to an end.
            if is_always && [JobFault::Refused, JobFault::Stuck].contains(&fault) {
                continue;
            }
            let sim = seeded(150);
            let faults = || {
                let mut ordered = 0;
                JobFaults::by(move |_| {
                    ordered += 1;
                    (is_always || ordered % 2 == 1).then_some(fault)
                })
            };
            sim.job_faults(faults());
            let mut rows: Vec<Value> = (0..260).map(user).collect();
            // One that Zendesk refuses is among them.
            rows.push(json!({ "external_id": "bad", "name": "N", "email": "bad@nodot" }));
            let users = catalog("users", "append_dedup", Some("external_id"));
            let ended = write(&sim, &config(&json!({})), &users, messages(&rows, 50)).succeeded();
            let counts = (
                ended.count("created"),
                ended.count("updated"),
                ended.count("rejectedRecordCount"),
            );
            assert_eq!(counts, (110, 150, 1), "{fault:?} {is_always} {:#?}", ended.logged("WARN"));
            assert_there(&sim, &rows[..260]);
            sim.job_faults(faults());
            let rows: Vec<Value> =
                (0..260).map(|at| json!({ "external_id": format!("U-{at}") })).collect();
            let users = catalog("users", "soft_delete", Some("external_id"));
            let ended = write(
                &sim,
                &config(&json!({ "allow_deletes": true })),
                &users,
                messages(&rows, 50),
            )
            .succeeded();
            assert_eq!(
                (ended.count("deleted"), ended.count("rejectedRecordCount")),
                (260, 0),
                "{fault:?} {is_always}"
            );
            assert_eq!(with(&sim, "users", "external_id", &json!("U-7")), [] as [Value; 0]);
        }
    }
}
