//! Tickets by three roads: the export, the search index, and the one after the other.

use serde_json::{Value, json};
use simulator::{Account, Fault, Faults, Prng, Simulator, When};

use crate::agent::{agent, visible};
use crate::equality::Warehouse;
use crate::expected::{differences, key, newest};
use crate::harness::{Connector, FULL, INCREMENTAL, Run, seeds, simulator};

const ROADS: [&str; 3] = ["incremental", "search", "search_then_incremental"];

/// So much too large is the count of a search that an account of sixty tickets has several windows.
const COUNTED_MORE: usize = 7000;

/// How long the index takes.
const LAG_SECONDS: i64 = 300;

/// After this exports and the index show every change.
const UNTIL_VISIBLE_SECONDS: i64 = 400;

fn account(seed: u64) -> Simulator {
    let sim = simulator(seed);
    sim.knobs(|knobs| {
        knobs.search_lag_seconds = LAG_SECONDS;
        knobs.search_pages_shorter_by = 2;
        knobs.search_counts_more = COUNTED_MORE;
    });
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    sim
}

fn by<'s>(sim: &'s Simulator, road: &str) -> Connector<'s> {
    let mut connector = Connector::new(sim);
    connector.config["tickets_history"] = json!(road);
    connector
}

/// Some of everything that happens to tickets.
fn change(account: &mut Account, chance: &mut Prng) {
    let keys = account.keys("tickets");
    let key = &keys[chance.below(keys.len() as u64) as usize];
    match chance.below(5) {
        0 => drop(account.create("tickets")),
        1 => account.delete("tickets", key),
        2 => account.silent_update(key),
        _ => account.touch("tickets", key),
    }
}

fn change_while_read(sim: &Simulator, seed: u64) {
    let mut chance = Prng::new(seed);
    sim.on_request(move |_, account| {
        if chance.chance(0.3) {
            change(account, &mut chance);
        }
    });
}

fn change_between_reads(sim: &Simulator, seed: u64) {
    let mut chance = Prng::new(seed);
    sim.account(|account| (0..15).for_each(|_| change(account, &mut chance)));
}

fn searches(sim: &Simulator) -> Vec<String> {
    let seen = sim.requests().into_iter().filter(|seen| seen.path.contains("search/export"));
    let query = |seen: simulator::RequestSeen| {
        seen.query.into_iter().find(|(key, _)| key == "query").map(|(_, query)| query)
    };
    let mut queries: Vec<String> = seen.filter_map(query).collect();
    queries.dedup();
    queries
}

#[test]
fn the_default_and_search_then_incremental_equal_the_account_and_search_the_index() {
    for (number, road) in ROADS.into_iter().enumerate() {
        let seed = 180 + number as u64;
        let sim = account(seed);
        let connector = by(&sim, road);
        let mut warehouse = Warehouse::default();
        for round in 0..2 {
            change_while_read(&sim, seed * 10 + round);
            warehouse
                .take(&connector.read(&["tickets"], INCREMENTAL, &warehouse.states).complete());
            sim.no_hook();
            change_between_reads(&sim, seed * 100 + round);
            sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
        }
        warehouse.take(&connector.read(&["tickets"], INCREMENTAL, &warehouse.states).complete());
        let found = if road == "search" {
            differences("tickets", &visible(&sim, "tickets"), warehouse.rows("tickets"), false)
        } else {
            warehouse.differences(&sim, &["tickets"])
        };
        assert!(found.is_empty(), "{road}: {found:#?}");
        if road == "search" {
            // And that is less than the account: silent changes are missing.
            assert!(!warehouse.differences(&sim, &["tickets"]).is_empty());
            let state = &warehouse.states[0]["stream"]["stream_state"];
            assert!(state["updated_at"].is_string(), "{state}");
        }
    }
}

#[test]
fn a_search_goes_through_windows_that_are_half_open_frozen_and_overlap_by_a_second() {
    let sim = account(183);
    sim.clear_requests();
    let run = by(&sim, "search").read(&["tickets"], FULL, &[]).complete();
    let found = differences(
        "tickets",
        &visible(&sim, "tickets"),
        &newest("tickets", run.records("tickets")),
        true,
    );
    assert!(found.is_empty(), "{found:#?}");
    let bounds = |query: &String| {
        let (from, to) = query.split_once(' ').expect("two bounds");
        let time = |bound: &str, sign: &str| {
            let time = bound.strip_prefix(sign).expect("a bound");
            chrono::DateTime::parse_from_rfc3339(time).expect("a time").timestamp()
        };
        (time(from, "updated>="), time(to, "updated<"))
    };
    let windows: Vec<(i64, i64)> = searches(&sim).iter().map(bounds).collect();
    assert!(windows.len() >= 4, "{windows:?}");
    for pair in windows.windows(2) {
        assert_eq!(pair[1].0, pair[0].1 - 1, "{windows:?}");
    }
    // Seven rows are counted as the fifty thousand that a window may have.
    let rows = run.records("tickets").len();
    assert!(rows.div_ceil(7) <= windows.len(), "{rows} rows in {} windows", windows.len());
    let counts = sim.requests().iter().filter(|seen| seen.path.contains("search/count")).count();
    assert!(counts <= windows.len() * 3, "{counts} counts for {} windows", windows.len());
}

/// Reads in parts that are killed, and changes the account or lets cursors expire in between.
fn in_parts(sim: &Simulator, road: &str, seed: u64, streams: &[&str]) -> (Warehouse, Vec<Run>) {
    let connector = by(sim, road);
    let mut chance = Prng::new(seed);
    let mut warehouse = Warehouse::default();
    let mut parts = Vec::new();
    loop {
        let lines = 4 + chance.below(25) as usize;
        let run = connector.read_killed(streams, INCREMENTAL, &warehouse.states, lines);
        warehouse.take(&run);
        let code = run.code;
        parts.push(run);
        assert!(parts.len() < 100, "no end in sight");
        if code.is_some() {
            assert_eq!(code, Some(0), "{:?}", parts.last().map(|run| &run.lines));
            return (warehouse, parts);
        }
        if parts.len() == 3 {
            sim.expire_cursors();
        }
    }
}

fn feeds_of_states(parts: &[Run]) -> Vec<String> {
    let states = parts.iter().filter_map(|run| run.state("tickets"));
    let mut feeds: Vec<String> = states.map(|state| state["walk"]["feed"].to_string()).collect();
    feeds.dedup();
    feeds
}

#[test]
fn killed_in_any_phase_search_then_incremental_ends_with_the_account() {
    for seed in seeds(190, 2) {
        let sim = account(seed);
        let streams = ["tickets", "ticket_metrics"];
        let (mut warehouse, parts) = in_parts(&sim, "search_then_incremental", seed, &streams);
        let feeds = feeds_of_states(&parts);
        assert_eq!(feeds, ["\"search_tickets\"", "\"incremental_tickets\""], "{seed}");
        for run in &parts {
            let Some(state) = run.state("tickets") else { continue };
            let is_searching = state["walk"]["feed"] == "search_tickets";
            // Until the export has begun, there is no flat key.
            assert_eq!(is_searching, state.get("generated_timestamp").is_none(), "{state}");
        }
        change_between_reads(&sim, seed);
        sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
        let connector = by(&sim, "search_then_incremental");
        sim.clear_requests();
        warehouse.take(&connector.read(&streams, INCREMENTAL, &warehouse.states).complete());
        assert!(searches(&sim).is_empty(), "the search came twice");
        let found = warehouse.differences(&sim, &streams);
        assert!(found.is_empty(), "{seed}: {found:#?}");
    }
}

#[test]
fn ended_between_the_phases_search_then_incremental_goes_on_with_the_export() {
    let sim = account(196);
    let connector = by(&sim, "search_then_incremental");
    sim.faults(Faults::rule("incremental/tickets", When::Always, Fault::status(403)));
    let searched = connector.read(&["tickets"], INCREMENTAL, &[]);
    assert_eq!(searched.code, Some(1));
    let state = searched.state("tickets").expect("a state");
    assert_eq!(state["walk"]["feed"], "search_tickets");
    assert_eq!((&state["walk"]["done"], state.get("generated_timestamp")), (&json!(true), None));
    sim.faults(Faults::none());
    sim.clear_requests();
    let mut warehouse = Warehouse::default();
    warehouse.take(&searched);
    warehouse.take(&connector.read(&["tickets"], INCREMENTAL, &warehouse.states).complete());
    assert!(searches(&sim).is_empty(), "the search came twice");
    let found = warehouse.differences(&sim, &["tickets"]);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_search_that_is_killed_goes_on_with_its_window_and_reads_no_finished_one_again() {
    let sim = account(197);
    sim.clear_requests();
    let (warehouse, parts) = in_parts(&sim, "search", 197, &["tickets"]);
    assert!(parts.len() > 4, "{} parts", parts.len());
    let found = differences("tickets", &visible(&sim, "tickets"), warehouse.rows("tickets"), true);
    assert!(found.is_empty(), "{found:#?}");
    // A window that is done never comes again: their begins only grow.
    let queries = searches(&sim);
    let begins: Vec<&str> = queries.iter().filter_map(|query| query.split(' ').next()).collect();
    assert!(begins.is_sorted(), "{queries:#?}");
}

#[test]
fn tickets_deleted_behind_the_search_are_told_by_the_export_and_older_deletions_are_not() {
    let sim = account(198);
    let deleted = |sim: &Simulator, at: usize| {
        sim.account(|account| {
            let live = |key: &String| account.row("tickets", key).is_some_and(|row| !row.deleted);
            let key = account.keys("tickets").into_iter().filter(live).nth(at).expect("a ticket");
            account.delete("tickets", &key);
            key
        })
    };
    let old = deleted(&sim, 3);
    sim.advance_seconds(3600);
    let mut once = false;
    let (tell, told) = std::sync::mpsc::channel();
    sim.on_request(move |seen, account| {
        if seen.path.contains("users/me") || !seen.path.contains("incremental") || once {
            return;
        }
        // The search is done, the export asks for its first page.
        once = true;
        let live = |key: &String| account.row("tickets", key).is_some_and(|row| !row.deleted);
        let key = account.keys("tickets").into_iter().find(live).expect("a ticket");
        account.delete("tickets", &key);
        let _ = tell.send(key);
    });
    let connector = by(&sim, "search_then_incremental");
    let first = connector.read(&["tickets"], INCREMENTAL, &[]).complete();
    sim.no_hook();
    let behind = told.try_recv().expect("a ticket was deleted");
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    let second = connector.read(&["tickets"], INCREMENTAL, &first.states_over(&[])).complete();
    let rows = |ticket: &str| -> Vec<Value> {
        let all = first.records("tickets").into_iter().chain(second.records("tickets"));
        all.filter(|row| key("tickets", row) == ticket).map(|row| row["status"].clone()).collect()
    };
    assert!(rows(&old).is_empty(), "{:?}", rows(&old));
    assert!(rows(&behind).len() >= 2 && rows(&behind).last() == Some(&json!("deleted")));
}

#[test]
fn a_change_of_the_road_between_two_reads_loses_nothing() {
    for (number, (before, after)) in ROADS
        .iter()
        .flat_map(|before| ROADS.map(|after| (*before, after)))
        .filter(|(before, after)| before != after)
        .enumerate()
    {
        let seed = 200 + number as u64;
        let sim = account(seed);
        let mut warehouse = Warehouse::default();
        let read = |warehouse: &Warehouse, road| {
            by(&sim, road).read(&["tickets"], INCREMENTAL, &warehouse.states).complete()
        };
        warehouse.take(&read(&warehouse, before));
        change_between_reads(&sim, seed);
        sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
        warehouse.take(&read(&warehouse, after));
        if after == "search" {
            let expected = visible(&sim, "tickets");
            let mut held = warehouse.rows("tickets").clone();
            held.retain(|key, _| expected.contains_key(key));
            // What the export had brought may be newer than the index.
            let found: Vec<String> = expected
                .iter()
                .filter(|(key, row)| {
                    held.get(*key).is_none_or(|held| held["updated_at"] != row["updated_at"])
                })
                .map(|(key, _)| key.clone())
                .collect();
            assert!(found.is_empty(), "{before} to {after}: {found:?}");
        } else {
            let found = warehouse.differences(&sim, &["tickets"]);
            assert!(found.is_empty(), "{before} to {after}: {found:#?}");
        }
    }
}

#[test]
fn a_search_is_narrowed_to_the_tickets_of_humans_or_of_ai_agents() {
    let sim = account(211);
    sim.account(|account| {
        for key in account.keys("tickets").iter().take(5) {
            account.set_field("tickets", key, "support_type", "\"ai_agent\"");
        }
    });
    let streams = ["tickets", "ticket_comments"];
    let counts = ["all", "human", "ai"].map(|scope| {
        let mut connector = agent(&sim);
        connector.config["ticket_scope"] = json!(scope);
        let run = connector.read(&streams, INCREMENTAL, &[]).complete();
        let of_ai = |row: &&&Value| row["support_type"] == "ai_agent";
        let tickets = run.records("tickets");
        let ai = tickets.iter().filter(of_ai).count();
        assert!(scope == "all" || ai == if scope == "ai" { tickets.len() } else { 0 });
        streams.map(|stream| run.records(stream).len())
    });
    let [all, human, ai] = counts;
    assert_eq!(all, [human[0] + ai[0], human[1] + ai[1]]);
    assert!(human.into_iter().chain(ai).all(|count| count > 0), "{counts:?}");
}

#[test]
fn a_search_warns_that_it_sees_no_deletions_when_they_are_asked_for() {
    let sim = account(210);
    let mut connector = by(&sim, "search");
    connector.config["deleted_at_field"] = json!("gone_at");
    let run = connector.read(&["tickets"], INCREMENTAL, &[]).complete();
    assert!(run.logs("WARN").iter().any(|told| told.contains("does not show deletions")));
    assert!(run.records("tickets").iter().all(|row| row["gone_at"].is_null()));
}
