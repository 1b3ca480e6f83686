//! An estimate counts the rows that will be read.

use serde_json::json;
use simulator::{Fault, FaultRule, Faults, Simulator, When};

use crate::harness::{Connector, INCREMENTAL, Run, simulator};

/// The delay of all pages but the first: half a real second. Without it a sync would be over before
/// an estimate makes sense.
const LATER: Fault = Fault::Delay { ms: 300_000 };

fn estimate(run: &Run, stream: &str) -> Option<u64> {
    let estimates = run.messages.iter().map(|message| &message["trace"]["estimate"]);
    let mut of_stream = estimates.filter(|estimate| estimate["name"] == stream);
    of_stream.next().map(|estimate| estimate["row_estimate"].as_u64().expect("a number"))
}

fn slow(sim: &Simulator, paths: &[&str]) {
    let rule = |path: &&str| FaultRule::new(path, When::After(1), LATER);
    sim.faults(Faults::rules(paths.iter().map(rule)));
}

#[test]
fn tickets_are_counted_from_the_start_date_on() {
    let sim = simulator(4780);
    sim.account(|account| (0..30).for_each(|_| drop(account.create("tickets"))));
    sim.advance_seconds(90 * 86_400);
    sim.account(|account| (0..11).for_each(|_| drop(account.create("tickets"))));
    sim.advance_seconds(7_200);
    slow(&sim, &["/incremental/tickets/cursor.json"]);
    let mut connector = Connector::new(&sim);
    connector.config["num_workers"] = json!(6);
    connector.config["start_date"] = json!("30 days");
    let run = connector.read(&["tickets", "ticket_metrics"], INCREMENTAL, &[]).complete();
    let rows = run.records("tickets").len() as u64;
    assert!((11..30).contains(&rows), "{rows}");
    for stream in ["tickets", "ticket_metrics"] {
        let estimate = estimate(&run, stream).expect("an estimate");
        assert!(estimate.abs_diff(rows) <= 2, "{stream}: {estimate} for {rows}");
    }
    let counts: Vec<String> = sim
        .requests()
        .iter()
        .filter(|seen| seen.path.contains("/count"))
        .map(simulator::RequestSeen::target)
        .collect();
    assert_eq!(counts.len(), 1, "{counts:?}");
    assert!(counts[0].contains("search/count"), "{counts:?}");
}

#[test]
fn what_no_count_can_bound_is_not_estimated() {
    let sim = simulator(4781);
    sim.advance_seconds(70);
    let streams = ["satisfaction_ratings", "ticket_activities", "groups"];
    slow(&sim, &["/satisfaction_ratings.json", "/activities.json", "/groups.json"]);
    let mut connector = Connector::new(&sim);
    connector.config["num_workers"] = json!(6);
    connector.config["start_date"] = json!("30 days");
    let run = connector.read(&streams, INCREMENTAL, &[]).complete();
    assert_eq!(estimate(&run, "satisfaction_ratings"), None);
    assert_eq!(estimate(&run, "ticket_activities"), None);
    assert!(estimate(&run, "groups").is_some());
}

#[test]
fn what_an_option_leaves_out_is_not_counted() {
    let sim = simulator(4782);
    sim.advance_seconds(70);
    slow(&sim, &["/incremental/tickets/cursor.json", "/incremental/users/cursor.json"]);
    let mut connector = Connector::new(&sim);
    connector.config["num_workers"] = json!(6);
    connector.config["ticket_scope"] = json!("human");
    connector.config["user_roles"] = json!(["agent"]);
    let run = connector.read(&["tickets", "users"], INCREMENTAL, &[]).complete();
    assert_eq!((estimate(&run, "tickets"), estimate(&run, "users")), (None, None));
}
