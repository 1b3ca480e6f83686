//! Empty pages whose links lead on to more rows.

use simulator::Simulator;

use super::a1::missing;
use crate::equality::Warehouse;
use crate::harness::{Connector, FULL, INCREMENTAL, simulator};

fn account(seed: u64) -> Simulator {
    let sim = simulator(seed);
    sim.advance_seconds(70);
    sim
}

#[test]
fn an_empty_page_whose_link_goes_on_ends_no_listing() {
    let sim = account(630);
    let connector = Connector::new(&sim);
    for stream in [
        "ticket_audits",
        "groups",
        "topics",
        "tickets",
        "organizations",
        "ticket_events",
        "ticket_metric_events",
        "articles",
        "calls",
        "call_legs",
    ] {
        for (every, mode) in [(2, INCREMENTAL), (3, FULL)] {
            sim.knobs(|knobs| knobs.empty_page_every = Some(every));
            let run = connector.read(&[stream], mode, &[]).complete();
            let found = missing(&sim, &run, stream);
            assert!(found.is_empty(), "{stream}, {every}: {found:#?}");
        }
    }
}

#[test]
fn empty_pages_without_end_are_told_and_the_next_sync_goes_on() {
    for stream in ["ticket_audits", "groups"] {
        let sim = account(631);
        let connector = Connector::new(&sim);
        sim.knobs(|knobs| knobs.empty_page_every = Some(1));
        sim.clear_requests();
        let run = connector.read(&[stream], INCREMENTAL, &[]);
        assert_eq!(run.status(stream), Some("INCOMPLETE"), "{stream}");
        let asked = sim.requests().iter().filter(|request| request.feed == stream).count();
        assert!((100..110).contains(&asked), "{stream}: {asked} requests");
        let mut warehouse = Warehouse::default();
        warehouse.take(&run);
        sim.knobs(|knobs| knobs.empty_page_every = None);
        warehouse.take(&connector.read(&[stream], INCREMENTAL, &warehouse.states).complete());
        let found = warehouse.differences(&sim, &[stream]);
        assert!(found.is_empty(), "{stream}: {found:#?}");
    }
}
