//! Events of tickets, users and ratings. They are made in walks that take place anyway.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use simulator::{Settings, Simulator};

use crate::harness::{Connector, INCREMENTAL, Run, simulator};

/// Streams, with the stream of events that is made from each.
const EVENTS: [(&str, &str); 3] = [
    ("ticket_events", "ticket_lifecycle_events"),
    ("users", "user_lifecycle_events"),
    ("satisfaction_ratings", "satisfaction_rating_events"),
];

/// Streams, with the history that is made from each. `history` tests the rows.
const HISTORIES: [(&str, &str); 4] = [
    ("ticket_events", "ticket_field_history"),
    ("ticket_events", "ticket_tag_history"),
    ("ticket_events", "ticket_schedule_assignments"),
    ("ticket_metric_events", "ticket_sla_applications"),
];

/// The number of requests by path, without those for counts: counts are read only when a worker is
/// free.
fn requests(sim: &Simulator) -> BTreeMap<String, usize> {
    let mut requests = BTreeMap::new();
    for seen in sim.requests().into_iter().filter(|seen| !seen.path.contains("/count")) {
        *requests.entry(seen.path).or_default() += 1;
    }
    requests
}

/// Starts a new minute on the account's clock and clears the log of requests. A read does not know
/// how many of the minute's requests the read before has used.
fn in_a_new_minute(sim: &Simulator) {
    sim.advance_seconds(60);
    sim.clear_requests();
}

/// The rows of a stream without their order, because windows of a long history are read in
/// parallel.
fn rows(run: &Run, stream: &str) -> BTreeSet<String> {
    run.records(stream).into_iter().map(ToString::to_string).collect()
}

/// The events by id. Of events with the same id the last one counts.
fn by_id<'r>(run: &'r Run, stream: &str) -> BTreeMap<String, &'r Value> {
    let id = |row: &Value| row["id"].as_str().expect("a name").to_owned();
    run.records(stream).into_iter().map(|row| (id(row), row)).collect()
}

#[test]
fn events_cost_no_request_and_change_no_row_of_the_streams_that_they_are_made_of() {
    // A read that has to wait for the next minute's requests may split its history, which asks for more.
    let settings = Settings { seed: 620, scale: 60.0, page_cap: Some(20), ..Settings::default() };
    let sim = Simulator::start(settings).expect("the simulator starts");
    let mut connector = Connector::new(&sim);
    // How many windows of a long history are read at once is a matter of time.
    connector.config["num_workers"] = json!(1);
    let key = sim.account(|account| account.keys("ticket_events")[0].clone());
    let assigned = json!([{ "id": 1, "event_type": "ScheduleAssignment", "new_schedule_id": 2 }]);
    sim.account(|account| {
        account.set_field("ticket_events", &key, "child_events", &assigned.to_string());
    });
    for (source, made) in EVENTS.into_iter().chain(HISTORIES) {
        in_a_new_minute(&sim);
        let alone = connector.read(&[source], INCREMENTAL, &[]).complete();
        let usual = requests(&sim);
        in_a_new_minute(&sim);
        let both = connector.read(&[source, made], INCREMENTAL, &[]).complete();
        assert_eq!(requests(&sim), usual, "{made}");
        assert!(rows(&both, source) == rows(&alone, source), "{made} changes {source}");
        assert!(!both.records(made).is_empty(), "{made}");
        in_a_new_minute(&sim);
        let only = connector.read(&[made], INCREMENTAL, &[]).complete();
        assert_eq!(requests(&sim), usual, "{made}");
        assert!(rows(&only, made) == rows(&both, made), "{made} differs alone");
        for row in only.records(made).into_iter().filter(|row| row.get("time").is_some()) {
            let (id, kind) = (row["id"].as_str().unwrap(), row["kind"].as_str().unwrap());
            let number = id.strip_suffix(&format!("-{kind}")).expect("source id and kind");
            assert!(number.parse::<u64>().is_ok(), "{id}");
            assert!(row["time"].as_str().is_some_and(|time| time.ends_with('Z')), "{row}");
        }
    }
}

#[test]
fn every_kind_of_a_tickets_life_is_told_from_its_events() {
    let sim = simulator(621);
    let key = sim.account(|account| account.keys("ticket_events")[0].clone());
    let change = |id: u64, field: &str, from: Value, to: Value| {
        let mut change =
            json!({ "id": id, "event_type": "Change", "via": "Web form", "previous_value": from });
        change[field] = to;
        change
    };
    let story = json!([
        { "id": 1, "event_type": "Create", "status": "new", "via": "-" },
        change(2, "assignee_id", json!(""), json!("4711")),
        change(3, "priority", json!("normal"), json!("urgent")),
        change(4, "status", json!("open"), json!("solved")),
        change(5, "status", json!("solved"), json!("open")),
        change(6, "status", json!("solved"), json!("closed")),
        change(7, "status", json!("open"), json!("deleted")),
        change(8, "status", json!("deleted"), json!("open")),
        change(9, "tags", json!([]), json!(["closed_by_merge"])),
    ]);
    sim.account(|account| {
        account.set_field("ticket_events", &key, "child_events", &story.to_string());
    });
    let run = Connector::new(&sim).read(&["ticket_lifecycle_events"], INCREMENTAL, &[]).complete();
    let truth = sim.account(|account| account.truth("ticket_events"));
    let source = truth.into_iter().find(|row| row.key == key).expect("the event").json;
    let told = by_id(&run, "ticket_lifecycle_events");
    for (id, from, to) in [
        ("1-created", json!(null), json!("new")),
        ("2-assigned", json!(null), json!("4711")),
        ("3-priority_raised", json!("normal"), json!("urgent")),
        ("4-solved", json!("open"), json!("solved")),
        ("4-status_changed", json!("open"), json!("solved")),
        ("5-reopened", json!("solved"), json!("open")),
        ("6-closed", json!("solved"), json!("closed")),
        ("7-deleted", json!("open"), json!("deleted")),
        ("8-restored", json!("deleted"), json!("open")),
        ("9-merged", json!(null), json!(null)),
    ] {
        let row = told.get(id).unwrap_or_else(|| panic!("{id} is not told"));
        assert_eq!((&row["from"], &row["to"]), (&from, &to), "{id}");
        assert_eq!(row["ticket_id"], source["ticket_id"], "{id}");
        assert_eq!(row["actor_id"], source["updater_id"], "{id}");
        assert_eq!(row["time"], source["created_at"], "{id}");
    }
    let of_story: BTreeSet<&String> =
        told.keys().filter(|id| id.split('-').next().is_some_and(|id| id.len() == 1)).collect();
    assert_eq!(of_story.len(), 14, "{of_story:?}");
}

#[test]
fn a_rating_that_changes_is_told_by_the_next_read() {
    let sim = simulator(622);
    let key = sim.account(|account| {
        let key = account.create("satisfaction_ratings");
        account.rate(&key, "offered");
        key
    });
    sim.advance_seconds(400);
    let connector = Connector::new(&sim);
    let streams = ["satisfaction_ratings", "satisfaction_rating_events"];
    let mut states = Vec::new();
    let mut kinds: Vec<Vec<String>> = Vec::new();
    let mut times = BTreeSet::new();
    for score in [None, Some("good"), Some("bad"), None] {
        if let Some(score) = score {
            sim.account(|account| account.rate(&key, score));
            sim.advance_seconds(400);
        }
        let run = connector.read(&streams, INCREMENTAL, &states).complete();
        states = run.states_over(&states);
        let told = by_id(&run, streams[1]);
        let ours = told.iter().filter(|(id, _)| id.split('-').next() == Some(&key));
        let mut seen = Vec::new();
        for (_, row) in ours {
            let kind = row["kind"].as_str().unwrap().to_owned();
            times.insert((kind.clone(), row["time"].to_string()));
            seen.push(kind);
        }
        kinds.push(seen);
    }
    assert_eq!(kinds[..3], [vec!["offered"], vec!["good", "received"], vec!["bad", "received"]]);
    // Received twice, at two times: the key of the rows tells them apart.
    assert_eq!(times.iter().filter(|(kind, _)| kind == "received").count(), 2, "{times:?}");
}

#[test]
fn users_tell_when_they_are_made_changed_and_deleted() {
    let sim = simulator(623);
    let connector = Connector::new(&sim);
    let stream = "user_lifecycle_events";
    let first = connector.read(&[stream], INCREMENTAL, &[]).complete();
    let (new, changed, deleted) = sim.account(|account| {
        let live: Vec<String> = {
            let rows = account.truth("users").into_iter().filter(|row| !row.deleted);
            rows.map(|row| row.key).collect()
        };
        let (changed, deleted) = (live[2].clone(), live[3].clone());
        account.touch("users", &changed);
        account.delete("users", &deleted);
        (account.create("users"), changed, deleted)
    });
    sim.advance_seconds(400);
    let second = connector.read(&[stream], INCREMENTAL, &first.states_over(&[])).complete();
    let told = by_id(&second, stream);
    let kinds = |user: &str| -> Vec<&str> {
        let user: Value = serde_json::from_str(user).expect("an id is a number");
        let of_user = told.values().filter(|row| row["user_id"] == user);
        of_user.map(|row| row["kind"].as_str().unwrap()).collect()
    };
    assert_eq!(kinds(&new), ["created"]);
    assert_eq!(kinds(&changed), ["created", "updated"]);
    assert_eq!(kinds(&deleted), ["created", "deleted"]);
    // Nothing new, nothing told but the boundary's second.
    let third = connector.read(&[stream], INCREMENTAL, &second.states_over(&[])).complete();
    assert!(third.records(stream).len() <= told.len(), "{}", third.records(stream).len());
}

#[test]
fn a_reader_of_events_that_is_killed_goes_on_and_loses_none() {
    let sim = simulator(624);
    let connector = Connector::new(&sim);
    let names: Vec<&str> = EVENTS.iter().map(|(_, made)| *made).collect();
    let whole = connector.read(&names, INCREMENTAL, &[]).complete();
    let (mut states, mut got) = (Vec::new(), BTreeSet::new());
    let key = |row: &Value| format!("{} {}", row["id"], row["time"]);
    for round in 0..20 {
        let run = connector.read_killed(&names, INCREMENTAL, &states, 30 + round);
        for name in &names {
            got.extend(run.records(name).into_iter().map(key));
        }
        states = run.states_over(&states);
        if run.code == Some(0) {
            break;
        }
    }
    let last = connector.read(&names, INCREMENTAL, &states).complete();
    for name in &names {
        got.extend(last.records(name).into_iter().map(key));
        let lost: Vec<String> =
            whole.records(name).into_iter().map(key).filter(|key| !got.contains(key)).collect();
        assert!(lost.is_empty(), "{name}: {lost:?}");
    }
}
