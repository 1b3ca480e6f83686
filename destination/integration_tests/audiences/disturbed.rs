//! A sweep that is disturbed by invalid answers, by people who change in the meantime, or by a
//! signal.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use simulator::{Fault, FaultRule, Faults, Simulator, When};

use super::mirror::{mirror, run_by, whole};
use super::{BY_FIELD, key, keys, rows};
use crate::account::all;
use crate::run::{Folder, start};

#[test]
fn whatever_a_sweep_is_answered_nobody_is_removed_whom_a_row_means() {
    for (name, fault) in Fault::kinds() {
        for path in ["search/export", "users/show_many", "users/update_many", "job_statuses"] {
            let sim = BY_FIELD.account(80, |at| at < 60);
            let rule = FaultRule::new(path, When::Always, fault.clone()).at_most(2);
            sim.faults(Faults::rules([rule]));
            let ended = run_by(&sim, "external_id", &json!({}), whole(&rows(0..55)));
            let members = BY_FIELD.members(&sim);
            assert!(keys(0..55).is_subset(&members), "{name} at {path}: {members:?}");
            match ended.code {
                Some(0) => assert_eq!(members, keys(0..55), "{name} at {path}"),
                code => {
                    assert_eq!((code, ended.states().len()), (Some(1), 0), "{name} at {path}");
                }
            }
        }
    }
}

#[test]
fn a_listing_that_is_refused_for_ninety_minutes_fails_the_sync() {
    let sim = BY_FIELD.account(80, |at| at < 60);
    sim.faults(Faults::rule("search/export", When::Always, Fault::status(429)));
    let ended = run_by(&sim, "external_id", &json!({}), whole(&rows(0..55)));
    assert_eq!((ended.code, ended.states().len()), (Some(1), 0));
    assert_eq!(BY_FIELD.members(&sim), keys(0..60));
    sim.faults(Faults::none());
    run_by(&sim, "external_id", &json!({}), whole(&rows(0..55))).succeeded();
    assert_eq!(BY_FIELD.members(&sim), keys(0..55));
}

/// The id of a person, given by number.
fn id(sim: &Simulator, at: usize) -> u64 {
    let people = all(sim, "users");
    let found = people.iter().find(|row| row["external_id"] == key(at).as_str());
    found.and_then(|row| row["id"].as_u64()).unwrap()
}

#[test]
fn people_who_change_while_they_are_listed_are_taken_as_they_are() {
    let sim = BY_FIELD.account(80, |at| at < 60);
    let [promoted, unmarked, deleted, renamed, other] = [55, 56, 57, 58, 30].map(|at| id(&sim, at));
    sim.on_request(move |request, account| {
        if !request.path.contains("search/export") {
            return;
        }
        account.write_over("users", promoted, json!({ "role": "agent" }));
        account.write_over("users", unmarked, json!({ "user_fields": { "vip": false } }));
        account.delete("users", &deleted.to_string());
        // The external id of a row is somebody else's from now on.
        account.write_over("users", other, json!({ "external_id": "M-before" }));
        account.write_over("users", renamed, json!({ "external_id": "M-30" }));
    });
    let ended = run_by(&sim, "external_id", &json!({}), whole(&rows(0..55))).succeeded();
    sim.no_hook();
    let told = ended.logged("WARN");
    assert!(told.iter().any(|line| line.contains(&promoted.to_string())), "{told:#?}");
    assert_eq!(ended.count("membersRemoved"), 1);
    let mut expected = keys((0..56).collect::<Vec<_>>());
    expected.insert("M-before".to_owned());
    assert_eq!(BY_FIELD.members(&sim), expected);
}

#[test]
fn a_sweep_that_is_told_to_stop_acknowledges_nothing_and_is_repeated() {
    let sim = BY_FIELD.account(400, |at| at < 350);
    let pid = Arc::new(AtomicU32::new(0));
    let of_program = Arc::clone(&pid);
    sim.on_request(move |request, _| {
        let pid = of_program.load(Ordering::SeqCst);
        if request.path.contains("users/update_many") && pid != 0 {
            let _ = Command::new("kill").args(["-TERM", &pid.to_string()]).output();
        }
    });
    let options = BY_FIELD.options(&json!({ "max_removal_percent": 100, "max_jobs": 1 }));
    let catalog = mirror("external_id", "full_refresh", false);
    let folder = Folder::new();
    let run = |input: String| start(&sim, &folder, (&options, &catalog), input, 0);
    let running = run(whole(&rows(0..50)));
    pid.store(running.pid(), Ordering::SeqCst);
    let ended = running.end();
    sim.no_hook();
    assert_ne!(ended.code, Some(0));
    assert_eq!(ended.states(), Vec::<&Value>::new());
    assert!(keys(0..50).is_subset(&BY_FIELD.members(&sim)));
    assert!(BY_FIELD.members(&sim).len() > 50, "it was not stopped within the sweep");
    sim.advance_seconds(600);
    run(whole(&rows(0..50))).end().succeeded();
    assert_eq!(BY_FIELD.members(&sim), keys(0..50));
}
