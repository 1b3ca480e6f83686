//! Rows whose time is later than their place in the listing says, because they changed while their
//! page was made.

use std::collections::BTreeSet;

use simulator::Simulator;

use super::a1::long;
use crate::equality::Warehouse;
use crate::expected::key;
use crate::harness::{Connector, INCREMENTAL, Run};

const EXPORTS: [&str; 5] =
    ["tickets", "users", "organizations", "ticket_events", "ticket_metric_events"];

/// The keys of rows that the account has and that no run delivered.
fn lost(sim: &Simulator, runs: &[&Run], stream: &str) -> Vec<String> {
    let came: BTreeSet<String> =
        runs.iter().flat_map(|run| run.records(stream)).map(|row| key(stream, row)).collect();
    let all = sim.account(|account| account.truth(stream));
    all.into_iter()
        .filter(|row| !row.deleted)
        .map(|row| row.key)
        .filter(|key| !came.contains(key))
        .collect()
}

fn connector(sim: &Simulator, workers: u64) -> Connector<'_> {
    let mut connector = Connector::new(sim);
    connector.config["num_workers"] = workers.into();
    connector
}

/// Lets one row in eleven keep its place in the listing but show a time two years later, so that
/// many pages end with such a row.
fn bear_later_times(sim: &Simulator) {
    sim.knobs(|knobs| knobs.rendered_later = Some((11, 2 * 365 * 86_400)));
}

#[test]
fn rows_that_bear_a_later_time_end_no_window() {
    for stream in EXPORTS {
        for workers in [1, 6] {
            let sim = long(620);
            bear_later_times(&sim);
            let run = connector(&sim, workers).read(&[stream], INCREMENTAL, &[]).complete();
            let lost = lost(&sim, &[&run], stream);
            assert!(lost.is_empty(), "{stream}, {workers}: {} {lost:?}", lost.len());
        }
    }
}

#[test]
fn rows_that_bear_a_later_time_keep_a_stream_that_is_added_from_nothing() {
    let sim = long(621);
    bear_later_times(&sim);
    let connector = connector(&sim, 1);
    // The first is in the middle of its walk, or at its end.
    for lines in [150, usize::MAX] {
        let first = connector.read_killed(&["tickets"], INCREMENTAL, &[], lines);
        let pair = ["tickets", "ticket_metrics"];
        let states = first.states_over(&[]);
        let second = connector.read(&pair, INCREMENTAL, &states).complete();
        for stream in pair {
            let lost = lost(&sim, &[&first, &second], stream);
            assert!(lost.is_empty(), "{stream}: {} {lost:?}", lost.len());
        }
    }
}

#[test]
fn a_cursor_that_is_refused_goes_back_to_where_all_was_read() {
    for lines in [40, 90, 170, 260] {
        let sim = long(622);
        bear_later_times(&sim);
        let connector = connector(&sim, 1);
        let first = connector.read_killed(&["tickets"], INCREMENTAL, &[], lines);
        sim.expire_cursors();
        let states = first.states_over(&[]);
        let second = connector.read(&["tickets"], INCREMENTAL, &states).complete();
        let lost = lost(&sim, &[&first, &second], "tickets");
        assert!(lost.is_empty(), "{lines}: {} {lost:?}", lost.len());
    }
}

#[test]
fn a_parent_that_bears_a_later_time_moves_no_childs_place_past_others() {
    for lines in (8..56).step_by(4) {
        let sim = long(623);
        // Each parent may be the first that is not finished.
        sim.knobs(|knobs| knobs.rendered_later = Some((7, 2 * 365 * 86_400)));
        let connector = connector(&sim, 3);
        let streams = ["side_conversations"];
        let first = connector.read_killed(&streams, INCREMENTAL, &[], lines);
        let states = first.states_over(&[]);
        let second = connector.read(&streams, INCREMENTAL, &states).complete();
        let lost = lost(&sim, &[&first, &second], "side_conversations");
        assert!(lost.is_empty(), "{lines}: {} {lost:?}", lost.len());
    }
}

#[test]
fn rows_that_change_while_their_page_is_made_arrive() {
    for every in [1, 3] {
        for stream in EXPORTS {
            let sim = long(624);
            sim.knobs(|knobs| knobs.race_every = Some(every));
            let connector = connector(&sim, 4);
            let mut warehouse = Warehouse::default();
            warehouse.take(&connector.read(&[stream], INCREMENTAL, &[]).complete());
            sim.knobs(|knobs| knobs.race_every = None);
            sim.advance_seconds(70);
            let run = connector.read(&[stream], INCREMENTAL, &warehouse.states).complete();
            warehouse.take(&run);
            let found = warehouse.differences(&sim, &[stream]);
            assert!(found.is_empty(), "{stream}, {every}: {} {found:#?}", found.len());
        }
    }
}
