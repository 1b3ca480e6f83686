//! `tickets_search`, a stream of Airbyte's connector since its version 5.5. A catalog that names it
//! is read. `discover` lists it only on request.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use simulator::Simulator;

use crate::harness::{Connector, FULL, INCREMENTAL, Run, simulator};

const STREAM: &str = "tickets_search";

/// The time after which the index shows every change.
const UNTIL_VISIBLE_SECONDS: i64 = 400;

fn account(seed: u64) -> Simulator {
    let sim = simulator(seed);
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    sim
}

fn by_id<'v>(rows: impl IntoIterator<Item = &'v Value>) -> BTreeMap<u64, Value> {
    let rows = rows.into_iter().filter_map(|row| Some((row["id"].as_u64()?, row.clone())));
    rows.collect()
}

fn read(run: &Run) -> BTreeMap<u64, Value> {
    by_id(run.records(STREAM))
}

/// The tickets that the search export lists.
fn indexed(sim: &Simulator) -> BTreeMap<u64, Value> {
    let mut rows = sim.account(|account| account.indexed_tickets());
    for row in &mut rows {
        let row = row.as_object_mut().expect("a ticket");
        row.remove("generated_timestamp");
        row.insert("result_type".to_owned(), json!("ticket"));
    }
    by_id(&rows)
}

fn named(streams: &[Value]) -> Option<&Value> {
    streams.iter().find(|stream| stream["name"] == STREAM)
}

#[test]
fn it_is_in_the_catalog_for_those_who_ask_and_only_for_them() {
    let sim = account(1701);
    let mut connector = Connector::new(&sim);
    assert_eq!(named(&connector.discover()), None);
    connector.config["extra_streams"] = json!([STREAM]);
    let streams = connector.discover();
    let stream = named(&streams).expect("it is listed");
    assert_eq!(stream["supported_sync_modes"], json!(["full_refresh", "incremental"]));
    assert_eq!(stream["default_cursor_field"], json!(["updated_at"]));
    assert_eq!(stream["source_defined_primary_key"], json!([["id"]]));
    let properties = &stream["json_schema"]["properties"];
    assert!(properties["result_type"].is_object() && properties["custom_fields"].is_object());
}

#[test]
fn a_catalog_that_names_it_gets_the_tickets_of_the_index_beside_those_of_the_export() {
    let sim = account(1702);
    let connector = Connector::new(&sim);
    for mode in [FULL, INCREMENTAL] {
        let run = connector.read(&[STREAM, "tickets"], mode, &[]).complete();
        assert_eq!(read(&run), indexed(&sim), "{mode}");
        let live = sim.account(|account| account.truth("tickets"));
        let live = live.iter().filter(|ticket| !ticket.deleted).count();
        assert_eq!(by_id(run.records("tickets")).len(), live, "{mode}");
    }
}

#[test]
fn it_goes_on_from_the_state_of_airbytes_connector_and_writes_one_that_it_reads() {
    let sim = account(1703);
    let connector = Connector::new(&sim);
    let since = sim.now_unix();
    let changed = sim.account(|account| {
        let key = account.indexed_tickets()[5]["id"].to_string();
        account.touch("tickets", &key);
        key.parse::<u64>().expect("an id")
    });
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    // As text, as that connector writes it, and as older ones did.
    for cursor in [json!(since.to_string()), json!(since)] {
        let state = json!({ "type": "STREAM", "stream": {
            "stream_descriptor": { "name": STREAM }, "stream_state": { "updated_at": cursor } } });
        let run = connector.read(&[STREAM], INCREMENTAL, &[state]).complete();
        let found = read(&run);
        // What changed in the quarter of an hour before, by which the index lags, comes again.
        assert!(found.contains_key(&changed) && found.len() < indexed(&sim).len(), "{found:?}");
        let saved = run.state(STREAM).expect("a state");
        let saved = saved["updated_at"].as_str().and_then(|at| at.parse::<i64>().ok());
        assert!(saved.is_some_and(|at| at >= since), "{saved:?}");
        let again = connector.read(&[STREAM], INCREMENTAL, &run.states_over(&[])).complete();
        assert!(read(&again).len() <= found.len());
    }
}

#[test]
fn a_start_date_bounds_it_and_an_agent_may_read_it() {
    let sim = account(1704);
    let rows = indexed(&sim);
    let mut times: Vec<&str> = rows.values().filter_map(|row| row["updated_at"].as_str()).collect();
    times.sort_unstable();
    let middle = times[times.len() / 2].to_owned();
    let mut connector = crate::agent::agent(&sim);
    connector.config["start_date"] = json!(middle);
    let run = connector.read(&[STREAM], INCREMENTAL, &[]).complete();
    let newer = rows.iter().filter(|(_, row)| row["updated_at"].as_str() >= Some(middle.as_str()));
    let newer: BTreeMap<u64, Value> = newer.map(|(id, row)| (*id, row.clone())).collect();
    assert_eq!(read(&run), newer);
}

#[test]
fn a_column_of_deletions_is_not_its_own() {
    let sim = account(1705);
    let mut connector = Connector::new(&sim);
    connector.config["deleted_at_field"] = json!("_ab_cdc_deleted_at");
    let run = connector.read(&[STREAM], INCREMENTAL, &[]).complete();
    assert_eq!(read(&run), indexed(&sim));
    assert!(run.logs("WARN").iter().all(|log| !log.contains("deleted_at_field")));
}
