//! Tickets by three roads: the export, the search index, and the index followed by the export.

use serde_json::{Value, json};
use simulator::{Account, Fault, Faults, Prng, Simulator, When};

use crate::agent::{agent, visible};
use crate::equality::Warehouse;
use crate::expected::{differences, key, newest};
use crate::harness::{Connector, INCREMENTAL, Run, seeds, simulator};

mod windows;

const ROADS: [&str; 3] = ["incremental", "search", "search_then_incremental"];

/// How much too large the count of a search is. It makes the connector cut an account of sixty
/// tickets into several windows.
const COUNTED_MORE: usize = 7000;

/// How long the search index lags behind.
const LAG_SECONDS: i64 = 300;

/// The time after which exports and the index show every change.
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

/// Makes one random change of a ticket, of any kind.
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

/// The queries of the search exports that were requested.
fn searches(sim: &Simulator) -> Vec<String> {
    let seen = sim.requests().into_iter().filter(|seen| seen.path.contains("search/export"));
    seen.filter_map(|seen| seen.param("query").map(str::to_owned)).collect()
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

/// Reads in parts that are killed. Between the parts the account changes or cursors expire.
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
        // Some were killed with several windows open, some in the export.
        let killed = parts.iter().filter(|run| run.code.is_none());
        let killed: Vec<&Value> = killed.filter_map(|run| run.state("tickets")).collect();
        let in_windows = |state: &&&Value| state["walk"]["windows"].is_array();
        let is_export = |state: &&&Value| state["walk"]["feed"] == "incremental_tickets";
        assert!(killed.iter().any(|state| in_windows(&state) && !is_export(&state)), "{seed}");
        assert!(killed.iter().any(|state| is_export(&state)), "{seed}");
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
    // Longer ago than any index lags.
    sim.advance_seconds(25 * 3600);
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

/// Each pair of different roads, as a change from one to the other.
fn changes_of_road() -> Vec<(&'static str, &'static str)> {
    let all = ROADS.iter().flat_map(|before| ROADS.map(|after| (*before, after)));
    all.filter(|(before, after)| before != after).collect()
}

/// Fails unless the rows that came last equal everything that the second road can see.
fn assert_holds_what_is_seen(sim: &Simulator, warehouse: &Warehouse, before: &str, after: &str) {
    let found = if after == "search" {
        // What the export had brought may be newer than the index.
        let held = warehouse.rows("tickets");
        let expected = visible(sim, "tickets");
        let differs = |(key, row): &(&String, &Value)| {
            held.get(*key).is_none_or(|held| held["updated_at"] != row["updated_at"])
        };
        expected.iter().filter(differs).map(|(key, _)| key.clone()).collect()
    } else {
        warehouse.differences(sim, &["tickets"])
    };
    assert!(found.is_empty(), "{before} to {after}: {found:#?}");
}

#[test]
fn a_change_of_the_road_between_two_reads_loses_nothing() {
    for (number, (before, after)) in changes_of_road().into_iter().enumerate() {
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
        assert_holds_what_is_seen(&sim, &warehouse, before, after);
    }
}

#[test]
fn a_change_of_the_road_in_the_middle_of_a_walk_loses_nothing() {
    for (number, (before, after)) in changes_of_road().into_iter().enumerate() {
        let seed = 220 + number as u64;
        let sim = account(seed);
        let mut warehouse = Warehouse::default();
        let killed = by(&sim, before).read_killed(&["tickets"], INCREMENTAL, &[], 20);
        assert!(killed.code.is_none(), "{before} was not killed");
        warehouse.take(&killed);
        change_between_reads(&sim, seed);
        sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
        let connector = by(&sim, after);
        // A walk that goes on ends where it was to end; what came since comes with the next one.
        for _ in 0..2 {
            let run = connector.read(&["tickets"], INCREMENTAL, &warehouse.states).complete();
            warehouse.take(&run);
        }
        assert_holds_what_is_seen(&sim, &warehouse, before, after);
    }
}

#[test]
fn a_scope_narrows_every_road_to_the_tickets_of_humans_or_of_ai_agents() {
    let sim = account(212);
    sim.account(|account| {
        for key in account.keys("tickets").iter().take(8) {
            account.set_field("tickets", key, "support_type", "\"ai_agent\"");
        }
    });
    for road in ROADS {
        let rows = [None, Some("all"), Some("human"), Some("ai")].map(|scope| {
            let mut connector = by(&sim, road);
            connector.config["ticket_scope"] = json!(scope);
            let run = connector.read(&["tickets"], INCREMENTAL, &[]).complete();
            newest("tickets", run.records("tickets"))
        });
        let [none, all, human, ai] = rows;
        let is_ai = |row: &Value| row["support_type"] == "ai_agent";
        assert_eq!(none.len(), all.len(), "{road}: those of AI agents are there by default");
        assert!(ai.len() > 3 && ai.values().all(is_ai), "{road}");
        assert!(human.len() > 3 && !human.values().any(is_ai), "{road}");
        assert_eq!(human.len() + ai.len(), all.len(), "{road}");
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
