//! Tickets that were deleted while the search index lagged behind.

use serde_json::{Value, json};

use crate::expected::key;
use crate::harness::{Connector, FULL, INCREMENTAL, simulator};

const HOUR: i64 = 3600;

/// The last status that came for a ticket. The ticket was deleted `deleted_before` seconds before
/// the first read, while the index lagged `lag` seconds behind.
fn last_status(seed: u64, lag: i64, deleted_before: i64, marks: Option<&str>) -> Option<Value> {
    let sim = simulator(seed);
    sim.knobs(|knobs| knobs.search_lag_seconds = lag);
    sim.advance_seconds(lag + 2 * HOUR);
    let ticket = sim.account(|account| {
        let live = |key: &String| {
            account.row("tickets", key).is_some_and(|row| !row.deleted && !row.archived)
        };
        let key = account.keys("tickets").into_iter().find(live).expect("a ticket");
        account.delete("tickets", &key);
        key
    });
    sim.advance_seconds(deleted_before);
    let mut connector = Connector::new(&sim);
    connector.config["tickets_history"] = json!("search_then_incremental");
    connector.config["deleted_at_field"] = json!(marks);
    let run = connector.read(&["tickets"], INCREMENTAL, &[]).complete();
    let rows = run.records("tickets");
    let row = rows.iter().rev().find(|row| key("tickets", row) == ticket);
    row.map(|row| row["status"].clone())
}

#[test]
fn a_ticket_deleted_while_the_index_lagged_by_hours_does_not_stay_alive() {
    for (seed, lag, before) in [(1, 6 * HOUR, 3 * HOUR), (2, 23 * HOUR, 22 * HOUR), (3, 300, 100)] {
        let status = last_status(300 + seed, lag, before, None);
        assert_eq!(status, Some(json!("deleted")), "{lag} s behind, deleted {before} s before");
    }
    let marked = last_status(304, 6 * HOUR, 3 * HOUR, Some("gone_at"));
    assert_eq!(marked, Some(json!("deleted")));
}

#[test]
fn a_ticket_deleted_days_before_the_search_is_not_delivered() {
    assert_eq!(last_status(305, 6 * HOUR, 30 * HOUR, None), None);
}

#[test]
fn a_full_refresh_has_no_deletions_of_a_search() {
    let sim = simulator(306);
    sim.knobs(|knobs| knobs.search_lag_seconds = 6 * HOUR);
    sim.advance_seconds(8 * HOUR);
    let mut connector = Connector::new(&sim);
    connector.config["tickets_history"] = json!("search_then_incremental");
    let run = connector.read(&["tickets"], FULL, &[]).complete();
    assert!(run.records("tickets").iter().all(|row| row["status"] != "deleted"));
}
