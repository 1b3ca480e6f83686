//! Omnichannel routing and the events of skills, whose listings have features that no other listing
//! has.

use serde_json::Value;
use simulator::Simulator;

use crate::equality::Warehouse;
use crate::expected::{differences, listing, newest};
use crate::harness::{Connector, FULL, INCREMENTAL, Run, simulator};

const EVENTS: [&str; 3] =
    ["routing_attribute_events", "routing_attribute_value_events", "routing_instance_value_events"];

fn asked(sim: &Simulator, feed: &str) -> Vec<String> {
    let seen = sim.requests().into_iter().filter(|request| request.feed == feed);
    seen.map(|request| request.raw_query).collect()
}

fn missing(sim: &Simulator, run: &Run, stream: &str) -> Vec<String> {
    differences(stream, &listing(sim, stream), &newest(stream, run.records(stream)), true)
}

#[test]
fn rules_and_engagements_are_read_in_either_envelope() {
    let sim = simulator(140);
    let connector = Connector::new(&sim);
    for other in [false, true] {
        sim.knobs(|knobs| knobs.other_envelopes = other);
        let selected = ["capacity_rules", "engagements"];
        let run = connector.read(&selected, FULL, &[]).complete();
        for stream in selected {
            assert_eq!(run.records(stream).len(), 7, "{stream}, {other}");
            assert_eq!(missing(&sim, &run, stream), Vec::<String>::new());
        }
    }
}

#[test]
fn an_engagement_tells_its_zone_and_the_last_hour_comes_again() {
    let sim = simulator(141);
    let connector = Connector::new(&sim);
    let selected = ["engagements"];
    let first = connector.read(&selected, INCREMENTAL, &[]).complete();
    let ends = |run: &Run| -> Vec<String> {
        let records = run.records(selected[0]).into_iter();
        let ends = records.map(|record| record["engagement_end_time"].as_str().unwrap_or_default());
        ends.map(str::to_owned).collect()
    };
    assert!(ends(&first).iter().all(|time| time.ends_with('Z')), "{:?}", ends(&first));
    let created = sim.account(|account| account.create(selected[0]));
    sim.advance_seconds(3000);
    let second = connector.read(&selected, INCREMENTAL, &first.states_over(&[])).complete();
    assert!(second.records(selected[0]).iter().any(|row| row["engagement_id"] == created.as_str()));
    // Half an hour later it is of the last hour before the position.
    let states = second.states_over(&[]);
    sim.advance_seconds(1800);
    let third = connector.read(&selected, INCREMENTAL, &states).complete();
    assert_eq!(ends(&third).len(), 1);
    // Months later Zendesk has forgotten some.
    sim.advance_seconds(100 * 86_400);
    let late = connector.read(&selected, INCREMENTAL, &states).complete();
    let told = late.logs("WARN");
    assert!(told.iter().any(|line| line.contains("for 90 days")), "{told:?}");
}

#[test]
fn events_of_skills_go_on_behind_their_last_cursor_whatever_their_times() {
    let sim = simulator(142);
    let connector = Connector::new(&sim);
    let mut warehouse = Warehouse::default();
    warehouse.take(&connector.read(&EVENTS, INCREMENTAL, &[]).complete());
    assert_eq!(warehouse.differences(&sim, &EVENTS), Vec::<String>::new());
    sim.clear_requests();
    let nothing = connector.read(&EVENTS, INCREMENTAL, &warehouse.states).complete();
    warehouse.take(&nothing);
    for stream in EVENTS {
        assert_eq!(nothing.records(stream).len(), 0, "{stream}");
        let queries = asked(&sim, stream);
        assert!(queries.len() == 1 && queries[0].starts_with("cursor="), "{queries:?}");
    }
    // An event that is older than all others, as one that is grouped with later ones may be.
    let made = EVENTS.map(|stream| {
        sim.account(|account| {
            let key = account.create(stream);
            account.set_field(stream, &key, "time", "\"2019-06-19T01:33:26Z\"");
            key
        })
    });
    sim.advance_seconds(70);
    let later = connector.read(&EVENTS, INCREMENTAL, &warehouse.states).complete();
    for (stream, key) in EVENTS.iter().zip(&made) {
        let records = later.records(stream);
        let ids: Vec<&Value> = records.iter().map(|record| &record["id"]).collect();
        assert_eq!(ids, [key.as_str()], "{stream}");
    }
    warehouse.take(&later);
    assert_eq!(warehouse.differences(&sim, &EVENTS), Vec::<String>::new());
}

#[test]
fn a_cursor_of_events_that_is_no_longer_taken_has_all_of_them_read_again() {
    let sim = simulator(143);
    let connector = Connector::new(&sim);
    let mut warehouse = Warehouse::default();
    warehouse.take(&connector.read(&EVENTS, INCREMENTAL, &[]).complete());
    EVENTS.iter().for_each(|stream| drop(sim.account(|account| account.create(stream))));
    sim.advance_seconds(70);
    sim.expire_cursors();
    let run = connector.read(&EVENTS, INCREMENTAL, &warehouse.states).complete();
    for stream in EVENTS {
        assert_eq!(missing(&sim, &run, stream), Vec::<String>::new());
        let is_told =
            |line: &&&str| line.starts_with(stream) && line.contains("all of it is read again");
        assert_eq!(run.logs("WARN").iter().filter(is_told).count(), 1, "{:?}", run.logs("WARN"));
    }
    warehouse.take(&run);
    sim.clear_requests();
    let after = connector.read(&EVENTS, INCREMENTAL, &warehouse.states).complete();
    assert!(EVENTS.iter().all(|stream| after.records(stream).is_empty()));
}
