//! Reports that the user defines: searches, conditions of forms, associated data.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use simulator::Simulator;

use crate::harness::{Connector, FULL, Run, simulator};

/// A connector with these search queries.
fn searching<'s>(sim: &'s Simulator, searches: &Value) -> Connector<'s> {
    let mut connector = Connector::new(sim);
    connector.config["search_queries"] = searches.clone();
    connector
}

fn ids(rows: &[&Value]) -> BTreeSet<String> {
    rows.iter().map(|row| row["id"].to_string()).collect()
}

/// The keys of the wanted rows of the account that are not deleted.
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

/// The failure type and the message with which a config is refused.
fn refusal(run: &Run) -> (&str, &str) {
    let error = run.messages.iter().map(|message| &message["trace"]["error"]);
    let error = error.into_iter().find(|error| error.is_object()).expect("an error");
    let text = |key: &str| error[key].as_str().unwrap_or_default();
    (text("failure_type"), text("message"))
}

#[test]
fn a_query_without_a_type_and_a_name_that_is_taken_are_refused_before_any_request() {
    let sim = simulator(603);
    for (searches, told) in [
        (json!([{ "name": "mine", "query": "status<solved" }]), "`mine` has no type"),
        (json!([{ "name": "tickets", "query": "type:ticket" }]), "other streams: tickets"),
        (json!([{ "name": "Not A Name", "query": "type:ticket" }]), "search_queries.0.name"),
        (json!([{ "name": "mine" }]), "`mine` has no query"),
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

const CONDITIONS: [(&str, &str); 2] = [
    ("ticket_form_agent_conditions", "agent_conditions"),
    ("ticket_form_end_user_conditions", "end_user_conditions"),
];

/// The fields that the conditions of forms name: form, position of the condition, field. They are
/// taken from the forms themselves.
fn fields(forms: &[Value], side: &str) -> Vec<(Value, usize, Value)> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut fields = Vec::new();
    for form in forms {
        for (position, condition) in list(&form[side]).into_iter().enumerate() {
            for field in list(&condition["child_fields"]) {
                fields.push((form["id"].clone(), position, field["id"].clone()));
            }
        }
    }
    fields.sort_by_key(|field| format!("{field:?}"));
    fields
}

#[test]
fn conditions_are_rows_of_the_one_walk_of_the_forms() {
    let sim = simulator(610);
    let connector = Connector::new(&sim);
    sim.clear_requests();
    let names = ["ticket_forms", CONDITIONS[0].0, CONDITIONS[1].0];
    let run = connector.read(&names, FULL, &[]).complete();
    let asked = sim.requests().into_iter().filter(|seen| seen.path.contains("ticket_forms"));
    assert_eq!(asked.count(), 1);
    let forms = sim.account(|account| account.truth("ticket_forms"));
    let forms: Vec<Value> = forms.into_iter().map(|form| form.json).collect();
    for (name, side) in CONDITIONS {
        let rows = run.records(name);
        let position = |row: &Value| row["position"].as_u64().unwrap() as usize;
        let told = rows.iter().map(|row| {
            (row["ticket_form_id"].clone(), position(row), row["child_field_id"].clone())
        });
        let mut told: Vec<_> = told.collect();
        told.sort_by_key(|field| format!("{field:?}"));
        assert_eq!(told, fields(&forms, side), "{name}");
        assert_eq!(ids(&rows).len(), rows.len(), "{name}: keys are there twice");
        assert!(rows.len() > forms.len() / 2, "{name}: {} rows show little", rows.len());
    }
    // The same keys another time, and in the incremental mode that a user may have configured.
    let again = connector.read(&names, "incremental", &run.states_over(&[])).complete();
    for (name, _) in CONDITIONS {
        assert_eq!(ids(&again.records(name)), ids(&run.records(name)), "{name}");
    }
}

#[test]
fn extra_streams_are_in_the_catalog_of_those_who_ask_for_them_only() {
    let sim = simulator(611);
    let mut connector = Connector::new(&sim);
    let names = |connector: &Connector<'_>| -> BTreeSet<String> {
        let streams = connector.discover();
        streams.iter().map(|stream| stream["name"].as_str().unwrap().to_owned()).collect()
    };
    let plain = names(&connector);
    sim.clear_requests();
    let _ = names(&connector);
    let usual = sim.requests().len();
    let wanted = ["ticket_form_agent_conditions", "user_lifecycle_events"];
    connector.config["extra_streams"] = json!(wanted);
    sim.clear_requests();
    let more = names(&connector);
    assert_eq!(sim.requests().len(), usual, "the catalog costs more requests");
    let added: Vec<&String> = more.difference(&plain).collect();
    assert_eq!(added, wanted);
    connector.config["extra_streams"] = json!(["ticket_events_of_mine"]);
    let run = connector.read(&["tags"], FULL, &[]);
    assert!(refusal(&run).1.contains("extra_streams"), "{:?}", refusal(&run));
}

/// The side-loads that were requested.
fn includes(sim: &Simulator) -> BTreeSet<String> {
    let seen = sim.requests().into_iter().flat_map(|seen| seen.query);
    seen.filter(|(key, _)| key == "include").map(|(_, value)| value).collect()
}

#[test]
fn associated_data_is_found_in_each_tickets_row_under_its_name() {
    let sim = simulator(612);
    let group = sim.account(|account| account.keys("groups")[0].clone());
    let (key, requester) = sim.account(|account| {
        let live = account.truth("tickets").into_iter().filter(|row| !row.deleted);
        let key = live.map(|row| row.key).next().expect("a ticket");
        account.set_field("tickets", &key, "group_id", &group);
        account.touch("tickets", &key);
        let row = account.row("tickets", &key).expect("it is there");
        let row: Value = serde_json::from_str(&row.text).expect("a row is JSON");
        (key, row["requester_id"].clone())
    });
    sim.advance_seconds(400);
    let mut connector = Connector::new(&sim);
    // How many windows of a long history are read at once is a matter of time.
    connector.config["num_workers"] = json!(1);
    let names = [
        "users",
        "groups",
        "organizations",
        "comment_count",
        "incident_counts",
        "dates",
        "slas",
        "metric_sets",
        "brands",
        "sharing_agreements",
        "ticket_forms",
        "metric_events",
    ];
    let read = |connector: &Connector<'_>, streams: &[&str]| {
        // Each in a minute of its own: a read does not know what the one before has used.
        sim.advance_seconds(60);
        sim.clear_requests();
        let run = connector.read(streams, "incremental", &[]).complete();
        let asked = sim.requests().into_iter().filter(|seen| seen.path.contains("incremental"));
        (run, asked.count())
    };
    let streams = ["tickets", "ticket_metrics"];
    let (plain, usual) = read(&connector, &streams);
    assert_eq!(includes(&sim), BTreeSet::from(["metric_sets".to_owned()]));
    connector.config["associated_data"] = json!(names);
    let (loaded, requests) = read(&connector, &streams);
    assert_eq!(requests, usual, "it costs requests");
    // What was loaded for tickets is in nobody else's rows.
    let metrics = |run: &Run| -> BTreeSet<String> {
        run.records("ticket_metrics").into_iter().map(ToString::to_string).collect()
    };
    assert!(metrics(&loaded) == metrics(&plain), "ticket_metrics differs");
    let catalog = connector.discover();
    let tickets = catalog.iter().find(|stream| stream["name"] == "tickets").expect("listed");
    let described = tickets["json_schema"]["properties"].as_object().expect("properties");
    let by_id = |run: &Run| {
        let mut rows: Vec<Value> = run.records("tickets").into_iter().cloned().collect();
        rows.sort_by_key(|row| row["id"].as_u64());
        rows
    };
    let (before, after) = (by_id(&plain), by_id(&loaded));
    assert_eq!(before.len(), after.len());
    for (before, after) in before.iter().zip(&after) {
        let mut bare = after.clone();
        for name in names {
            assert!(described.contains_key(name), "{name} is not in the schema");
            let value = bare.as_object_mut().unwrap().remove(name);
            assert!(value.is_some(), "{name} is not in the row {}", after["id"]);
        }
        assert_eq!(&bare, before, "the rest of the row differs");
    }
    let key: Value = serde_json::from_str(&key).expect("an id is a number");
    let row = after.iter().find(|row| row["id"] == key).expect("the ticket");
    let of = |column: &str| -> Vec<String> {
        let list = row[column].as_array().expect("a list");
        list.iter().map(|one| one["id"].to_string()).collect()
    };
    assert_eq!(of("groups"), [group]);
    assert_eq!(
        of("users").contains(&requester.to_string()),
        sim.account(|account| { account.row("users", &requester.to_string()).is_some() })
    );
    assert!(row["comment_count"].is_u64() && row["metric_sets"]["id"].is_u64(), "{row}");
    // Whoever does not read tickets loads nothing for them.
    let _ = read(&connector, &["ticket_metrics"]);
    assert_eq!(includes(&sim), BTreeSet::from(["metric_sets".to_owned()]));
}

#[test]
fn associated_data_of_an_unknown_name_is_refused_and_a_search_warns_that_it_has_none() {
    let sim = simulator(613);
    let mut connector = Connector::new(&sim);
    connector.config["associated_data"] = json!(["last_audits"]);
    let run = connector.read(&["tickets"], FULL, &[]);
    assert_eq!(refusal(&run).0, "config_error");
    assert!(refusal(&run).1.contains("associated_data"), "{}", refusal(&run).1);
    connector.config["associated_data"] = json!(["users"]);
    connector.config["tickets_history"] = json!("search");
    let run = connector.read(&["tickets"], "incremental", &[]).complete();
    assert!(run.logs("WARN").iter().any(|told| told.contains("associated_data")));
    assert!(!run.records("tickets").is_empty());
}

#[test]
fn users_are_narrowed_to_roles_with_their_identities_and_events() {
    let sim = simulator(614);
    let streams = ["users", "user_identities", "user_lifecycle_events"];
    let read = |roles: Value| {
        let mut connector = Connector::new(&sim);
        connector.config["user_roles"] = roles;
        let run = connector.read(&streams, "incremental", &[]).complete();
        let rows = |name: &str| -> Vec<Value> { run.records(name).into_iter().cloned().collect() };
        (rows("users"), rows("user_identities"), rows("user_lifecycle_events"))
    };
    let keys = |rows: &[Value]| -> BTreeSet<String> {
        rows.iter().map(|row| format!("{} {}", row["id"], row["time"])).collect()
    };
    let (all, identities, events) = read(json!([]));
    let roleless = all.iter().filter(|user| user["role"].is_null());
    let roleless: BTreeSet<String> = roleless.map(|user| user["id"].to_string()).collect();
    let mut read_of = [BTreeSet::new(), BTreeSet::new(), BTreeSet::new()];
    for roles in [json!(["end-user"]), json!(["agent", "admin"])] {
        let (users, mails, told) = read(roles.clone());
        let is_chosen = |role: &Value| roles.as_array().unwrap().contains(role);
        let of_role = users.iter().filter(|user| is_chosen(&user["role"])).count();
        // Who does not tell is nobody to be left out.
        assert_eq!(of_role + roleless.len(), users.len(), "{roles}");
        assert!(of_role > 0 && users.len() < all.len(), "{roles}");
        let ids: BTreeSet<String> = users.iter().map(|user| user["id"].to_string()).collect();
        let is_theirs = |row: &&Value| ids.contains(&row["user_id"].to_string());
        let others: Vec<&Value> = mails.iter().chain(&told).filter(|row| !is_theirs(row)).collect();
        assert!(others.is_empty(), "{roles}: {others:?}");
        for (read, rows) in read_of.iter_mut().zip([users, mails, told]) {
            read.extend(keys(&rows));
        }
    }
    // Together they are everybody.
    assert_eq!(read_of, [keys(&all), keys(&identities), keys(&events)]);
    let (code, told) = {
        let mut connector = Connector::new(&sim);
        connector.config["user_roles"] = json!(["boss"]);
        let run = connector.read(&streams, FULL, &[]);
        (run.code, refusal(&run).1.to_owned())
    };
    assert!(code == Some(1) && told.contains("user_roles"), "{told}");
}

#[test]
fn a_start_date_in_days_bounds_the_first_read_and_another_date_later_is_told_once() {
    let sim = simulator(615);
    let mut connector = Connector::new(&sim);
    let started = |sim: &Simulator| -> Vec<i64> {
        let seen =
            sim.requests().into_iter().filter(|seen| seen.path.contains("incremental/tickets"));
        let query = seen.flat_map(|seen| seen.query);
        query.filter(|(key, _)| key == "start_time").filter_map(|(_, at)| at.parse().ok()).collect()
    };
    let read = |connector: &Connector<'_>, states: &[Value]| {
        sim.clear_requests();
        connector.read(&["tickets"], "incremental", states).complete()
    };
    let told = |run: &Run| -> Vec<String> {
        let warnings = run.logs("WARN").into_iter();
        let warnings =
            warnings.map(|warning| warning.to_lowercase().replace("start_date", "start date"));
        warnings.filter(|warning| warning.contains("start date")).collect()
    };
    // The simulated day is young, and no run of this test takes its hours.
    let today = sim.now_unix() - sim.now_unix().rem_euclid(86_400);
    connector.config["start_date"] = json!("today-400");
    let first = read(&connector, &[]);
    assert_eq!(started(&sim).iter().min(), Some(&(today - 400 * 86_400)));
    assert!(told(&first).is_empty() && !first.records("tickets").is_empty());
    let states = first.states_over(&[]);
    connector.config["start_date"] = json!("2015-01-01T00:00:00Z");
    let earlier = read(&connector, &states);
    assert!(told(&earlier)[0].contains("earlier") && told(&earlier)[0].contains("reset"));
    assert!(started(&sim).is_empty(), "it goes on where it stood");
    connector.config["start_date"] = json!("2026-11-01T00:00:00Z");
    let later = read(&connector, &states);
    assert!(told(&later)[0].contains("later") && told(&later)[0].contains("reset"));
    assert!(told(&read(&connector, &later.states_over(&states))).is_empty(), "it is told again");
    connector.config["start_date"] = json!("yesteryear");
    let refused = connector.read(&["tickets"], "incremental", &[]);
    assert!(refusal(&refused).1.contains("start_date"), "{:?}", refusal(&refused));
}
