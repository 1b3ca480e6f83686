//! All users are read, whatever the start date is, so that a join of tickets and requesters loses
//! no row.

use std::collections::BTreeSet;

use serde_json::json;
use simulator::Simulator;

use crate::harness::{Connector, FULL, INCREMENTAL, Run, simulator};

const STREAMS: [&str; 3] = ["tickets", "users", "user_identities"];

/// An account whose tickets changed at or after the start date, and whose users all changed before
/// it.
fn account(seed: u64) -> (Simulator, String) {
    let sim = simulator(seed);
    sim.advance_seconds(3600);
    sim.account(|account| {
        for key in account.keys("tickets") {
            account.touch("tickets", &key);
        }
    });
    sim.advance_seconds(400);
    let tickets = sim.account(|account| account.truth("tickets"));
    let first = tickets.iter().filter_map(|ticket| ticket.json["updated_at"].as_str()).min();
    let first = first.expect("a ticket").to_owned();
    (sim, first)
}

fn since<'s>(sim: &'s Simulator, start_date: &str) -> Connector<'s> {
    let mut connector = Connector::new(sim);
    connector.config["start_date"] = json!(start_date);
    connector
}

fn ids(run: &Run, stream: &str, key: &str) -> BTreeSet<u64> {
    run.records(stream).into_iter().filter_map(|record| record[key].as_u64()).collect()
}

#[test]
fn a_join_of_tickets_and_requesters_loses_no_ticket() {
    let (sim, start_date) = account(1601);
    for mode in [FULL, INCREMENTAL] {
        let run = since(&sim, &start_date).read(&STREAMS, mode, &[]).complete();
        let requesters = ids(&run, "tickets", "requester_id");
        let users = ids(&run, "users", "id");
        let all = sim.account(|account| account.truth("users"));
        let all: BTreeSet<u64> = all.iter().filter_map(|user| user.json["id"].as_u64()).collect();
        // Some tickets are samples of documentations, whose people are in no account.
        let with_user: Vec<&u64> = requesters.intersection(&all).collect();
        assert!(with_user.len() > 5, "{} requesters", with_user.len());
        let lost = with_user.iter().filter(|id| !users.contains(id));
        assert_eq!(lost.count(), 0, "{mode}: tickets without their requester");
        assert_eq!(users, all, "{mode}");
        let identities = sim.account(|account| account.truth("user_identities").len());
        assert_eq!(ids(&run, "user_identities", "id").len(), identities, "{mode}");
    }
}

#[test]
fn an_option_lets_the_start_date_bound_users_and_their_identities() {
    let (sim, start_date) = account(1602);
    let changed = sim.account(|account| {
        let key = account.keys("users").swap_remove(3);
        account.touch("users", &key);
        key
    });
    sim.advance_seconds(400);
    let mut connector = since(&sim, &start_date);
    connector.config["users_from_start_date"] = json!(true);
    let run = connector.read(&STREAMS, INCREMENTAL, &[]).complete();
    let users: Vec<String> = ids(&run, "users", "id").iter().map(u64::to_string).collect();
    assert_eq!(users, [changed]);
    assert!(run.records("tickets").len() > 20);
}

#[test]
fn a_position_that_began_at_a_start_date_goes_on_and_says_what_is_missing() {
    let (sim, start_date) = account(1603);
    let mut connector = since(&sim, &start_date);
    connector.config["users_from_start_date"] = json!(true);
    let bounded = connector.read(&STREAMS, INCREMENTAL, &[]).complete();
    let states = bounded.states_over(&[]);
    connector.config["users_from_start_date"] = json!(false);
    let run = connector.read(&STREAMS, INCREMENTAL, &states).complete();
    assert_eq!(ids(&run, "users", "id").len(), 0);
    for stream in ["users", "user_identities"] {
        let told = format!("{stream}: rows that last changed before {start_date} are missing");
        let warned = run.logs("WARN").iter().filter(|log| log.starts_with(&told)).count();
        assert_eq!(warned, 1, "{:?}", run.logs("WARN"));
    }
    // After a reset they are all there, and nothing is said.
    let reset: Vec<_> = states
        .into_iter()
        .filter(|state| state["stream"]["stream_descriptor"]["name"] == "tickets")
        .collect();
    let run = connector.read(&STREAMS, INCREMENTAL, &reset).complete();
    let all = sim.account(|account| account.truth("users").len());
    assert_eq!(ids(&run, "users", "id").len(), all);
    assert!(run.logs("WARN").iter().all(|log| !log.contains("are missing")));
}

#[test]
fn a_position_of_airbytes_connector_goes_on_and_says_once_what_is_missing() {
    let (sim, start_date) = account(1604);
    let connector = since(&sim, &start_date);
    let at = (sim.now_unix() - 300).to_string();
    let theirs = json!({ "type": "STREAM", "stream": {
        "stream_descriptor": { "name": "users" }, "stream_state": { "updated_at": at } } });
    let run = connector.read(&["users"], INCREMENTAL, std::slice::from_ref(&theirs)).complete();
    let is_told = |log: &&&str| log.contains("the saved state is from another connector");
    assert_eq!(run.logs("WARN").iter().filter(is_told).count(), 1, "{:?}", run.logs("WARN"));
    assert_eq!(run.records("users").len(), 0);
    let again = connector.read(&["users"], INCREMENTAL, &run.states_over(&[theirs])).complete();
    assert_eq!(again.logs("WARN").iter().filter(is_told).count(), 0);
}
