//! Reports of the user's own: searches, conditions of forms, associated data.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use simulator::Simulator;

use crate::harness::{Connector, FULL, Run, simulator};

/// The connector with searches of its own.
fn searching<'s>(sim: &'s Simulator, searches: &Value) -> Connector<'s> {
    let mut connector = Connector::new(sim);
    connector.config["search_queries"] = searches.clone();
    connector
}

fn ids(rows: &[&Value]) -> BTreeSet<String> {
    rows.iter().map(|row| row["id"].to_string()).collect()
}

/// The keys of rows of the account that are not deleted.
fn live(sim: &Simulator, resource: &str, wanted: impl Fn(&Value) -> bool) -> BTreeSet<String> {
    let rows = sim.account(|account| account.truth(resource));
    let live = rows.into_iter().filter(|row| !row.deleted && wanted(&row.json));
    live.map(|row| row.key).collect()
}

fn is_done(ticket: &Value) -> bool {
    ["solved", "closed"].contains(&ticket["status"].as_str().unwrap_or_default())
}

#[test]
fn each_search_is_a_stream_of_the_rows_that_it_finds() {
    let sim = simulator(600);
    let connector = searching(
        &sim,
        &json!([
            { "name": "open_tickets" },
            { "name": "closed_tickets" },
            { "name": "urgent_ones", "query": "type:ticket priority:urgent status<solved" },
            { "name": "our_agents", "query": "role:agent type:user" },
            { "name": "every_group", "query": "type:group" },
            { "name": "every_organization", "query": "type:organization" },
        ]),
    );
    sim.clear_requests();
    let names = [
        "open_tickets",
        "closed_tickets",
        "urgent_ones",
        "our_agents",
        "every_group",
        "every_organization",
    ];
    let run = connector.read(&names, FULL, &[]).complete();
    let found = |name: &str| ids(&run.records(name));
    assert_eq!(found("open_tickets"), live(&sim, "tickets", |row| !is_done(row)));
    assert_eq!(found("closed_tickets"), live(&sim, "tickets", is_done));
    let is_urgent = |row: &Value| row["priority"] == "urgent" && !is_done(row);
    assert_eq!(found("urgent_ones"), live(&sim, "tickets", is_urgent));
    assert_eq!(found("our_agents"), live(&sim, "users", |row| row["role"] == "agent"));
    assert_eq!(found("every_group"), live(&sim, "groups", |_| true));
    assert_eq!(found("every_organization"), live(&sim, "organizations", |_| true));
    for name in names {
        assert!(!found(name).is_empty(), "{name} finds nothing, which shows nothing");
        assert!(run.records(name).iter().all(|row| row["result_type"].is_string()), "{name}");
    }
    // The type goes by its own parameter, and never in the query.
    let searches = sim.requests().into_iter().filter(|seen| seen.path.contains("search/export"));
    for seen in searches {
        assert!(seen.query.iter().any(|(key, _)| key == "filter[type]"), "{seen:?}");
        let told = |(key, query): &(String, String)| key == "query" && query.contains("type:");
        assert!(!seen.query.iter().any(told), "{seen:?}");
    }
}

#[test]
fn a_search_is_in_the_catalog_with_its_columns_and_is_read_whole() {
    let sim = simulator(601);
    let searches = json!([{ "name": "open_tickets" }, { "name": "a", "query": "type:user" }]);
    let streams = searching(&sim, &searches).discover();
    let named = |name: &str| streams.iter().find(|stream| stream["name"] == name).expect("listed");
    for (name, column) in [("open_tickets", "requester_id"), ("a", "email")] {
        let stream = named(name);
        assert_eq!(stream["supported_sync_modes"], json!(["full_refresh"]));
        assert_eq!(stream["source_defined_primary_key"], json!([["id"]]));
        for column in [column, "result_type"] {
            assert!(stream["json_schema"]["properties"][column].is_object(), "{name}.{column}");
        }
    }
    let plain = Connector::new(&sim).discover();
    assert_eq!(plain.len() + 2, streams.len());
}

#[test]
fn a_row_that_leaves_a_search_is_not_in_its_next_read() {
    let sim = simulator(602);
    let connector = searching(&sim, &json!([{ "name": "open_tickets" }]));
    let first = connector.read(&["open_tickets"], FULL, &[]).complete();
    let key = first.records("open_tickets")[0]["id"].to_string();
    sim.account(|account| {
        account.set_field("tickets", &key, "status", "\"solved\"");
        account.touch("tickets", &key);
    });
    sim.advance_seconds(600);
    let states = first.states_over(&[]);
    let second = connector.read(&["open_tickets"], FULL, &states).complete();
    assert!(!ids(&second.records("open_tickets")).contains(&key));
}

/// The message of a config that does not get past itself.
fn refusal(run: &Run) -> (&str, &str) {
    let error = run.messages.iter().map(|message| &message["trace"]["error"]);
    let error = error.into_iter().find(|error| error.is_object()).expect("an error");
    (error["failure_type"].as_str().unwrap(), error["message"].as_str().unwrap())
}

#[test]
fn a_query_without_a_type_and_a_name_that_is_taken_are_refused_before_any_request() {
    let sim = simulator(603);
    for (searches, told) in [
        (json!([{ "name": "mine", "query": "status<solved" }]), "`mine` names no type"),
        (json!([{ "name": "tickets", "query": "type:ticket" }]), "already: tickets"),
        (json!([{ "name": "Not A Name", "query": "type:ticket" }]), "search_queries.0.name"),
        (json!([{ "name": "mine" }]), "`mine` is missing"),
    ] {
        sim.clear_requests();
        let run = searching(&sim, &searches).read(&["tags"], FULL, &[]);
        let (kind, message) = refusal(&run);
        assert_eq!((run.code, kind), (Some(1), "config_error"));
        assert!(message.contains(told), "{message}");
        assert!(sim.requests().is_empty(), "{searches}");
    }
}

#[test]
fn a_query_that_zendesk_rejects_is_the_configs_fault_and_quotes_its_reason() {
    let sim = simulator(604);
    let searches = json!([
        { "name": "wrong", "query": "type:ticket created>someday" },
        { "name": "open_tickets" },
    ]);
    let connector = searching(&sim, &searches);
    let run = connector.read(&["wrong", "open_tickets"], FULL, &[]);
    let (kind, message) = run.error("wrong").expect("an error");
    assert_eq!(kind, "config_error");
    assert!(message.contains("Invalid search: someday is no date"), "{message}");
    assert!(message.contains("search_queries"), "{message}");
    // The others go on.
    assert_eq!(run.status("open_tickets"), Some("COMPLETE"));
    assert!(!run.records("open_tickets").is_empty());
    // And `check` says it before anything is read.
    let mut command = connector.command("check");
    command.arg("--config").arg(connector.file("config.json", &connector.config));
    let checked = connector.run(command, usize::MAX);
    let status = checked.messages.iter().find(|message| message["type"] == "CONNECTION_STATUS");
    let status = &status.expect("a status")["connectionStatus"];
    assert_eq!(status["status"], "FAILED");
    assert!(status["message"].as_str().unwrap().contains("someday is no date"), "{status}");
}
