//! Saved states. Every shape that Airbyte's connector or this one has written keeps its meaning.
//! What this connector writes has the keys and formats that Airbyte's connector reads.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use simulator::{Account, Simulator};

use crate::equality::{is_child, names, streams};
use crate::expected::{differences, listing, newest};
use crate::harness::{Connector, FULL, INCREMENTAL, Run, simulator};

/// The cursor of a stream, the format in which Airbyte's connector writes it, and the parents whose
/// positions are saved with it, nearest first.
struct Saved {
    stream: &'static str,
    key: &'static str,
    format: Format,
    parents: &'static [(&'static str, &'static str)],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    /// Unix seconds as a string.
    Unix,
    /// `2024-10-11T18:15:22Z`
    Iso,
}

const fn flat(stream: &'static str, key: &'static str, format: Format) -> Saved {
    Saved { stream, key, format, parents: &[] }
}

const fn below(
    stream: &'static str,
    key: &'static str,
    format: Format,
    parents: &'static [(&'static str, &'static str)],
) -> Saved {
    Saved { stream, key, format, parents }
}

const ARTICLES: &[(&str, &str)] = &[("articles", "updated_at")];
const POSTS: &[(&str, &str)] = &[("posts", "updated_at")];
const TICKETS: &[(&str, &str)] = &[("tickets", "generated_timestamp")];

/// The states of Airbyte's connector, from its documentation and from states that it wrote.
const SAVED: &[Saved] = &[
    flat("tickets", "generated_timestamp", Format::Unix),
    flat("users", "updated_at", Format::Unix),
    flat("user_identities", "updated_at", Format::Unix),
    flat("organizations", "updated_at", Format::Unix),
    flat("ticket_events", "timestamp", Format::Unix),
    flat("ticket_comments", "created_at", Format::Unix),
    flat("ticket_attachments", "created_at", Format::Unix),
    flat("ticket_metric_events", "time", Format::Unix),
    flat("satisfaction_ratings", "updated_at", Format::Unix),
    flat("articles", "updated_at", Format::Unix),
    flat("posts", "updated_at", Format::Unix),
    flat("audit_logs", "created_at", Format::Iso),
    flat("ticket_audits", "created_at", Format::Iso),
    flat("custom_roles", "updated_at", Format::Iso),
    flat("groups", "updated_at", Format::Iso),
    flat("group_memberships", "updated_at", Format::Iso),
    flat("macros", "updated_at", Format::Iso),
    flat("organization_fields", "updated_at", Format::Iso),
    flat("organization_memberships", "updated_at", Format::Iso),
    flat("schedules", "updated_at", Format::Iso),
    flat("sla_policies", "updated_at", Format::Iso),
    flat("ticket_activities", "updated_at", Format::Iso),
    flat("ticket_fields", "updated_at", Format::Iso),
    flat("ticket_forms", "updated_at", Format::Iso),
    flat("ticket_skips", "updated_at", Format::Iso),
    flat("topics", "updated_at", Format::Iso),
    flat("triggers", "updated_at", Format::Iso),
    below("ticket_metrics", "_ab_updated_at", Format::Unix, TICKETS),
    below("side_conversations", "updated_at", Format::Iso, TICKETS),
    below("article_attachments", "updated_at", Format::Unix, ARTICLES),
    below("article_comments", "updated_at", Format::Unix, ARTICLES),
    below("article_votes", "updated_at", Format::Unix, ARTICLES),
    below(
        "article_comment_votes",
        "updated_at",
        Format::Unix,
        &[("article_comments", "updated_at"), ("articles", "updated_at")],
    ),
    below("post_comments", "updated_at", Format::Unix, POSTS),
    below("post_votes", "updated_at", Format::Unix, POSTS),
    below(
        "post_comment_votes",
        "updated_at",
        Format::Unix,
        &[("post_comments", "updated_at"), ("posts", "updated_at")],
    ),
];

fn iso(unix: i64) -> String {
    let days = unix.div_euclid(86_400);
    let (hour, minute, second) = (unix / 3600 % 24, unix / 60 % 60, unix % 60);
    // Days to a date of the Gregorian calendar, by counting from a March that begins an era.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

fn written(unix: i64, format: Format) -> Value {
    match format {
        Format::Unix => json!(unix.to_string()),
        Format::Iso => json!(iso(unix)),
    }
}

fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    let members = members.map(|(key, value)| (key.to_owned(), value));
    Value::Object(Map::from_iter(members))
}

/// The state of the nearest parent as it is nested in a child's state, with the parents above it.
fn parents(above: &[(&str, &str)], unix: i64, states: &Value) -> Value {
    let Some(((name, key), above)) = above.split_first() else { return json!({}) };
    let own = object([(key, written(unix, Format::Unix))]);
    if above.is_empty() {
        return object([(name, own)]);
    }
    object([(
        name,
        json!({ "use_global_cursor": false, "states": states, "state": own,
            "lookback_window": 3, "parent_state": parents(above, unix, states) }),
    )])
}

/// A partition of Airbyte's connector with an old cursor, which must be ignored.
fn partitions(saved: &Saved) -> Value {
    let cursor = object([(saved.key, written(1_000_000_000, saved.format))]);
    json!([{ "partition": { "article_id": 35436, "parent_slice": {} }, "cursor": cursor }])
}

/// Writes a stream's state that means this time. `None` if the stream never had such a state.
type Shape = fn(&Saved, i64) -> Option<Value>;

fn number(unix: i64) -> Value {
    json!(unix)
}

fn only(saved: &Saved, value: Value) -> Option<Value> {
    Some(object([(saved.key, value)]))
}

/// Every shape except the plain one.
const SHAPES: &[(&str, Shape)] = &[
    ("unix text", |saved, unix| only(saved, json!(unix.to_string()))),
    ("unix number", |saved, unix| only(saved, number(unix))),
    ("ISO", |saved, unix| only(saved, json!(iso(unix)))),
    ("ISO with an offset", |saved, unix| only(saved, json!(iso(unix).replace('Z', "+00:00")))),
    ("ISO of another zone", |saved, unix| {
        only(saved, json!(iso(unix + 7200).replace('Z', "+02:00")))
    }),
    ("fractional seconds", |saved, unix| only(saved, json!(iso(unix).replace('Z', ".777Z")))),
    ("fraction and offset", |saved, unix| {
        only(saved, json!(iso(unix).replace('Z', ".777000+00:00")))
    }),
    ("unknown and null keys", |saved, unix| {
        let cursor = written(unix, saved.format);
        Some(object([
            (saved.key, cursor),
            ("_last_end_time", json!(5)),
            ("walk", Value::Null),
            ("legacy", json!({})),
        ]))
    }),
    ("slices of dates", |_, unix| {
        let old = json!({ "start": "0", "end": unix.to_string() });
        Some(json!({ "state_type": "date-range", "slices": [old] }))
    }),
    ("slices with a newest value", |_, unix| {
        let slice =
            json!({ "start": "0", "end": "1", "most_recent_cursor_value": unix.to_string() });
        Some(json!({ "state_type": "date-range", "slices": [slice] }))
    }),
    ("per partition", |saved, unix| {
        (!saved.parents.is_empty()).then(|| {
            let states = partitions(saved);
            json!({ "use_global_cursor": false, "states": states, "lookback_window": 3,
                "state": object([(saved.key, written(unix + 500, saved.format))]),
                "parent_state": parents(saved.parents, unix, &states) })
        })
    }),
    ("per partition, in the middle of a sync", |saved, unix| {
        (!saved.parents.is_empty()).then(|| {
            let states = partitions(saved);
            json!({ "states": states, "parent_state": parents(saved.parents, unix, &states) })
        })
    }),
    ("global cursor with a look back", |saved, unix| {
        (!saved.parents.is_empty()).then(|| {
            json!({ "use_global_cursor": true, "lookback_window": 40,
                "state": object([(saved.key, written(unix + 40, saved.format))]) })
        })
    }),
    ("global cursor without the parent's", |saved, unix| {
        (!saved.parents.is_empty()).then(|| {
            json!({ "use_global_cursor": true, "parent_state": {},
                "state": object([(saved.key, written(unix, saved.format))]) })
        })
    }),
    ("ticket_metrics of version 3", |saved, unix| {
        (saved.stream == "ticket_metrics").then(|| json!({ "generated_timestamp": unix }))
    }),
    ("ticket_metrics of version 2", |saved, unix| {
        (saved.stream == "ticket_metrics").then(|| json!({ "updated_at": iso(unix) }))
    }),
];

fn message(stream: &str, state: &Value) -> Value {
    json!({ "type": "STREAM",
        "stream": { "stream_descriptor": { "name": stream }, "stream_state": state } })
}

/// An account in which some rows changed after a moment. Returns that moment in unix seconds.
fn changed_account() -> (Simulator, i64) {
    let sim = simulator(400);
    sim.advance_seconds(70);
    let since = sim.now_unix();
    sim.advance_seconds(2000);
    sim.account(|account| {
        for resource in Account::resources() {
            let mut keys = account.keys(resource);
            keys.retain(|key| {
                account.row(resource, key).is_some_and(|row| !row.deleted && !row.archived)
            });
            // Children come with their parents.
            let is_child = resource.starts_with("article_") || resource.starts_with("post_");
            match resource {
                "ticket_metrics"
                | "ticket_events"
                | "ticket_audits"
                | "ticket_metric_events"
                | "deleted_tickets" => {}
                "audit_logs" | "satisfaction_ratings" => {
                    (0..20).for_each(|_| drop(account.create(resource)));
                }
                _ if is_child => {}
                _ => {
                    let touched = keys.iter().enumerate().filter(|(at, _)| at % 3 != 0);
                    touched.for_each(|(_, key)| account.touch(resource, key));
                }
            }
        }
    });
    sim.advance_seconds(2000);
    (sim, since)
}

/// What a read from a state requested, delivered and saved, without what depends on the time of the
/// run.
#[derive(Debug, PartialEq)]
struct Meaning {
    /// The time in the first request to each listing.
    asked: BTreeMap<String, String>,
    rows: BTreeMap<String, BTreeSet<String>>,
    states: BTreeMap<String, Value>,
}

fn meaning(sim: &Simulator, run: &Run) -> Meaning {
    let mut asked = BTreeMap::new();
    for request in sim.requests() {
        let time = request.param("start_time").or(request.param("filter[created_at][]"));
        if let Some(time) = time {
            asked.entry(request.path.clone()).or_insert(time.to_owned());
        }
    }
    let mut rows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for message in run.messages.iter().filter(|message| message["type"] == "RECORD") {
        let stream = message["record"]["stream"].as_str().unwrap_or_default();
        let row = message["record"]["data"].to_string();
        rows.entry(stream.to_owned()).or_default().insert(row);
    }
    let state = |saved: &Saved| {
        let mut state = run.state(saved.stream).cloned().unwrap_or_default();
        let walk = state.as_object_mut().and_then(|state| state.remove("walk"));
        assert!(walk.is_some_and(|walk| walk["done"] == true), "{}: {state}", saved.stream);
        (saved.stream.to_owned(), state)
    };
    Meaning { asked, rows, states: SAVED.iter().map(state).collect() }
}

fn all_saved() -> Vec<&'static str> {
    SAVED.iter().map(|saved| saved.stream).collect()
}

fn plain(saved: &Saved, unix: i64) -> Value {
    object([(saved.key, written(unix, saved.format))])
}

fn messages(unix: i64, shape: Shape) -> Value {
    let state = |saved: &Saved| shape(saved, unix).unwrap_or_else(|| plain(saved, unix));
    SAVED.iter().map(|saved| message(saved.stream, &state(saved))).collect()
}

fn read(sim: &Simulator, state: &Value) -> (Meaning, Run) {
    let connector = Connector::new(sim);
    sim.clear_requests();
    let run = connector.read_from(&all_saved(), INCREMENTAL, state).complete();
    (meaning(sim, &run), run)
}

/// Fails with the differences only, so that the failure is readable.
fn assert_same(what: &str, found: &Meaning, expected: &Meaning) {
    assert_eq!(found.asked, expected.asked, "{what}: what was asked");
    for stream in all_saved() {
        let rows = |meaning: &Meaning| meaning.rows.get(stream).cloned().unwrap_or_default();
        let (found, expected) = (rows(found), rows(expected));
        let odd: Vec<_> = found.symmetric_difference(&expected).take(2).collect();
        assert!(odd.is_empty(), "{what}: {stream} brings {}: {odd:?}", found.len());
    }
    assert_eq!(found.states, expected.states, "{what}: what came back");
}

/// Streams that are not in the table exist in this connector only. No other connector has saved a
/// state for them.
#[test]
fn every_stream_of_the_table_is_incremental() {
    let sim = simulator(401);
    let (_, incremental) = streams(&Connector::new(&sim));
    let incremental = names(&incremental);
    let lost: Vec<&str> =
        all_saved().into_iter().filter(|stream| !incremental.contains(stream)).collect();
    assert!(lost.is_empty(), "{lost:?}");
    assert_eq!(iso(1_728_670_522), "2024-10-11T18:15:22Z");
    assert_eq!(iso(951_782_400), "2000-02-29T00:00:00Z");
}

#[test]
fn every_shape_in_every_envelope_means_what_it_meant() {
    let (sim, since) = changed_account();
    let (expected, _) = read(&sim, &messages(since, |saved, unix| Some(plain(saved, unix))));
    // The plain state itself: exactly what changed since, and less than everything.
    for stream in all_saved() {
        let rows = expected.rows.get(stream).map_or(0, BTreeSet::len);
        let everything = listing(&sim, stream).len();
        // The few comments and votes may all hang on articles and posts that changed.
        let is_part = rows < everything || is_child(stream);
        assert!(rows > 0 && is_part, "{stream}: {rows} of {everything} rows");
        let is_beside = matches!(
            stream,
            "user_identities" | "ticket_comments" | "ticket_attachments" | "ticket_metrics"
        );
        if is_child(stream) || is_beside {
            continue;
        }
        let truth = sim.account(|account| account.truth(stream));
        let delivered = listing(&sim, stream);
        for row in truth.iter().filter(|row| row.at_unix >= since && !row.deleted) {
            let text = delivered[&row.key].to_string();
            assert!(expected.rows[stream].contains(&text), "{stream} {} is missing", row.key);
        }
    }
    for (path, time) in &expected.asked {
        // Ratings are asked for with a day more, since the bound is about their creation.
        let times = [since.to_string(), iso(since), (since - 86_400).to_string()];
        assert!(times.contains(time), "{path} was asked for from {time}");
    }
    for (name, shape) in SHAPES {
        let (found, _) = read(&sim, &messages(since, *shape));
        assert_same(name, &found, &expected);
    }
    let by_stream: Map<String, Value> =
        SAVED.iter().map(|saved| (saved.stream.to_owned(), plain(saved, since))).collect();
    let elements = messages(since, |saved, unix| Some(plain(saved, unix)));
    let inner: Value = elements
        .as_array()
        .into_iter()
        .flatten()
        .map(|element| element["stream"].clone())
        .collect();
    let doubled: Value = elements
        .as_array()
        .into_iter()
        .flatten()
        .cloned()
        .map(|mut element| {
            // What a platform's own serializer leaves beside it.
            for key in ["global", "data", "sourceStats"] {
                element[key] = Value::Null;
            }
            element["id"] = json!(7);
            element
        })
        .chain([message("not_selected", &json!({ "updated_at": "5" }))])
        .collect();
    for (name, state) in [
        (
            "GLOBAL",
            json!([{ "type": "GLOBAL", "global": { "shared_state": {}, "stream_states": inner } }]),
        ),
        ("LEGACY", json!([{ "type": "LEGACY", "data": by_stream }])),
        ("a bare object", Value::Object(by_stream)),
        ("extra keys and streams", doubled),
        (
            "whole messages",
            elements
                .as_array()
                .into_iter()
                .flatten()
                .map(|element| json!({ "type": "STATE", "state": element }))
                .collect(),
        ),
    ] {
        let (found, _) = read(&sim, &state);
        assert_same(name, &found, &expected);
    }
}

#[test]
fn tickets_that_were_read_from_the_search_index_are_read_again_from_the_day_it_lost_rows() {
    let (sim, since) = changed_account();
    for value in [json!(since.to_string()), json!(since), json!(iso(since)), json!("nonsense")] {
        let connector = Connector::new(&sim);
        sim.clear_requests();
        let state = json!([message("tickets", &json!({ "updated_at": value }))]);
        let run = connector.read_from(&["tickets"], INCREMENTAL, &state).complete();
        let asked =
            sim.requests().iter().find_map(|seen| seen.param("start_time").map(str::to_owned));
        assert_eq!(asked.as_deref(), Some("1772323200"), "{value}");
        assert!(run.state("tickets").is_some_and(|state| state["generated_timestamp"].is_string()));
    }
}

#[test]
fn a_walk_that_cannot_be_used_is_told_and_the_flat_cursor_counts() {
    let (sim, since) = changed_account();
    let (expected, run) = read(&sim, &messages(since, |saved, unix| Some(plain(saved, unix))));
    let walk = |saved: &Saved| run.state(saved.stream).map(|state| state["walk"].clone());
    let feeds: BTreeMap<&str, Value> = SAVED
        .iter()
        .filter_map(|saved| Some((saved.stream, walk(saved)?["feed"].clone())))
        .collect();
    for (name, bad) in [
        (
            "a newer version",
            json!({ "v": 2, "feed": "?", "kind": "first", "token": "", "new": {} }),
        ),
        ("another feed", json!({ "v": 1, "feed": "elsewhere", "kind": "first", "token": "" })),
        ("an unknown kind", json!({ "v": 1, "feed": "?", "kind": "unheard-of", "token": "x" })),
        ("no token", json!({ "v": 1, "feed": "?" })),
        ("a time that is none", json!({ "v": 1, "feed": "?", "kind": "start_time", "token": "x" })),
        ("a number for a token", json!({ "v": 1, "feed": "?", "kind": "cursor", "token": 7 })),
        ("another dialect's token", json!({ "v": 1, "feed": "?", "kind": "page", "token": "-1" })),
        ("no object", json!("nonsense")),
    ] {
        let state: Value = SAVED
            .iter()
            .map(|saved| {
                let mut bad = bad.clone();
                if bad["feed"] == "?" {
                    bad["feed"] = feeds[saved.stream].clone();
                }
                let mut state = plain(saved, since);
                state["walk"] = bad;
                message(saved.stream, &state)
            })
            .collect();
        let (found, run) = read(&sim, &state);
        assert_same(name, &found, &expected);
        let told = run.logs("WARN");
        for stream in all_saved() {
            let own = format!("{stream}: the saved place in the listing is not used");
            assert!(told.iter().any(|line| line.starts_with(&own)), "{name}: {stream} {told:?}");
        }
    }
}

#[test]
fn a_token_that_zendesk_refuses_restarts_that_walk_from_its_cursor_with_a_warning() {
    let (sim, since) = changed_account();
    let (expected, run) = read(&sim, &messages(since, |saved, unix| Some(plain(saved, unix))));
    let mut servers = BTreeSet::new();
    let state: Value = SAVED
        .iter()
        .map(|saved| {
            let known = run.state(saved.stream).map(|state| &state["walk"]).expect("a walk");
            // What a walk of this dialect saves in the middle.
            let kind = match (known["kind"].as_str(), known["feed"].as_str()) {
                (Some("cursor"), _) => "cursor",
                (Some("start_time"), _) => return message(saved.stream, &plain(saved, since)),
                (_, Some("ticket_audits")) => "before",
                _ => "after",
            };
            let mut state = plain(saved, since);
            state["walk"] = json!({ "v": 1, "feed": known["feed"], "kind": kind, "token": "refuse-me",
                "began": sim.now_unix(), "cursor": since, "at": (kind == "cursor").then_some(since) });
            servers.insert(saved.stream);
            message(saved.stream, &state)
        })
        .collect();
    let (found, run) = read(&sim, &state);
    assert_same("a refused token", &found, &expected);
    let told = run.logs("WARN");
    for stream in servers {
        let is_told = |line: &&&str| {
            line.contains(stream) && line.contains("no longer knows the saved place")
        };
        let offset =
            matches!(stream, "ticket_forms" | "sla_policies" | "custom_roles" | "schedules");
        let is_malformed = |line: &&&str| line.contains(stream) && line.contains("malformed");
        let why = told.iter().find(is_told).or(told.iter().find(is_malformed));
        assert!(why.is_some() || offset, "{stream}: {told:?}");
    }
}

#[test]
fn a_cursor_that_is_no_time_is_told_and_all_is_read() {
    let (sim, _) = changed_account();
    for bad in [json!("yesterday"), json!(""), json!({}), json!([1]), json!(true)] {
        let state: Value = SAVED
            .iter()
            .map(|saved| message(saved.stream, &object([(saved.key, bad.clone())])))
            .collect();
        let connector = Connector::new(&sim);
        let run = connector.read_from(&all_saved(), INCREMENTAL, &state).complete();
        let told = run.logs("WARN");
        for stream in all_saved() {
            let is_told = |line: &&&str| {
                line.starts_with(&format!("{stream}:")) && line.contains("is not a time")
            };
            assert!(told.iter().find(is_told).is_some(), "{bad}: {stream} {told:?}");
            let came = newest(stream, run.records(stream));
            let found = differences(stream, &listing(&sim, stream), &came, true);
            assert!(found.is_empty(), "{bad}: {found:#?}");
        }
    }
}

#[test]
fn a_state_of_the_future_in_any_shape_gives_no_rows_and_is_told_and_left() {
    const FUTURE: i64 = 7_952_342_400; // 2222-01-01
    let sim = simulator(402);
    let connector = Connector::new(&sim);
    sim.advance_seconds(70);
    for (name, shape) in SHAPES {
        let state = messages(FUTURE, *shape);
        sim.clear_requests();
        let run = connector.read_from(&all_saved(), INCREMENTAL, &state).complete();
        for (saved, element) in SAVED.iter().zip(state.as_array().into_iter().flatten()) {
            assert!(run.records(saved.stream).is_empty(), "{name}: rows of {}", saved.stream);
            let came = run.state(saved.stream);
            let before = &element["stream"]["stream_state"];
            assert!(came.is_some_and(|came| came != before), "{name}: {}", saved.stream);
            let is_told = |line: &&&str| {
                line.starts_with(&format!("{}: the saved time (2222-", saved.stream))
            };
            assert_eq!(
                run.logs("WARN").iter().filter(is_told).count(),
                1,
                "{name} {}",
                saved.stream
            );
        }
        let asked: Vec<_> = sim.requests().into_iter().map(|request| request.path).collect();
        // Who is signed in, and whether there are other help centers than that of the state.
        let is_of_account = |path: &String| path.contains("users/me") || path.contains("/brands");
        assert!(asked.iter().all(is_of_account), "{name}: {asked:?}");
    }
    // Under the one key that has an exception, too.
    let state = json!([message("tickets", &json!({ "updated_at": "2222-01-01T00:00:00Z" }))]);
    let run = connector.read_from(&["tickets"], INCREMENTAL, &state).complete();
    assert!(run.records("tickets").is_empty());
    assert!(run.logs("WARN").iter().any(|line| line.contains("in the future")));
}

#[test]
fn markers_of_an_ended_full_refresh_hold_inside_a_job_and_nowhere_else() {
    let sim = simulator(403);
    let mut connector = Connector::new(&sim);
    sim.advance_seconds(70);
    let (all, incremental) = streams(&connector);
    let complete = "__ab_full_refresh_sync_complete";
    for marker in [
        json!({ "__ab_no_cursor_state_message": true }),
        json!({ complete: true }),
        json!({ "states": [{ "partition": { "id": 1 }, "cursor": { complete: true } }] }),
    ] {
        let state: Value = all.iter().map(|stream| message(stream, &marker)).collect();
        for (attempt, mode, streams) in
            [(0, FULL, &all), (0, INCREMENTAL, &incremental), (1, FULL, &all)]
        {
            connector.attempt = attempt;
            let streams = names(streams);
            let run = connector.read_from(&streams, mode, &state).complete();
            for stream in streams {
                let came = newest(stream, run.records(stream));
                if attempt == 0 {
                    let found = differences(stream, &listing(&sim, stream), &came, true);
                    assert!(found.is_empty(), "{mode} from {marker}: {found:#?}");
                } else {
                    assert!(came.is_empty(), "{stream} was done: {marker}");
                    assert_eq!(run.state(stream), Some(&marker), "{stream}");
                }
            }
        }
    }
}

#[test]
fn a_state_that_says_nothing_is_none() {
    let sim = simulator(404);
    let connector = Connector::new(&sim);
    sim.advance_seconds(70);
    let streams = ["tickets", "groups", "article_comments"];
    for state in [
        json!(null),
        json!([]),
        json!({}),
        json!([message("groups", &json!(null)), message("tickets", &json!({}))]),
        json!([{ "type": "GLOBAL", "global": { "shared_state": {}, "stream_states": [] } }]),
    ] {
        let run = connector.read_from(&streams, INCREMENTAL, &state).complete();
        for stream in streams {
            let came = newest(stream, run.records(stream));
            let found = differences(stream, &listing(&sim, stream), &came, true);
            assert!(found.is_empty(), "{state}: {found:#?}");
        }
    }
}

/// Complaints about a state that Airbyte's connector could not read.
fn unreadable(saved: &Saved, state: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut hold = |is_so: bool, why: &str| {
        if !is_so {
            found.push(format!("{}: {why} in {state}", saved.stream));
        }
    };
    let keys = |value: &Value| {
        let keys = value.as_object().map(|object| object.keys().cloned().collect::<BTreeSet<_>>());
        keys.unwrap_or_default()
    };
    let set = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<BTreeSet<_>>();
    if saved.parents.is_empty() {
        // In a first walk that may not move its cursor yet there is none.
        let unfinished = keys(state) == set(&["walk"]) && state["walk"]["done"] != true;
        hold(unfinished || keys(state) == set(&[saved.key, "walk"]), "other keys");
        hold(unfinished || is_in(saved.format, &state[saved.key]), "another format");
        return found;
    }
    let substream = ["use_global_cursor", "state", "lookback_window", "parent_state"];
    hold(keys(state) == set(&[&substream[..], &["walk"]].concat()), "other keys");
    hold(keys(&state["state"]) == set(&[saved.key]), "another cursor");
    hold(is_in(saved.format, &state["state"][saved.key]), "another format");
    let mut at = state;
    for (nth, (parent, key)) in saved.parents.iter().enumerate() {
        hold(
            at["use_global_cursor"] == (true) || nth > 0 && at.get(key).is_some(),
            "no global cursor",
        );
        hold(at["lookback_window"] == 0, "a look back");
        at = &at["parent_state"][parent];
        let own = if nth + 1 == saved.parents.len() { at } else { &at["state"] };
        hold(keys(own) == set(&[key]) && is_in(Format::Unix, &own[key]), "another parent");
    }
    found
}

fn is_in(format: Format, value: &Value) -> bool {
    let Some(text) = value.as_str() else { return false };
    match format {
        Format::Unix => text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty(),
        Format::Iso => {
            let shape: String =
                text.chars().map(|one| if one.is_ascii_digit() { '0' } else { one }).collect();
            shape == "0000-00-00T00:00:00Z"
        }
    }
}

#[test]
fn every_state_is_written_as_airbytes_connector_reads_it() {
    let sim = simulator(405);
    let connector = Connector::new(&sim);
    sim.advance_seconds(70);
    let first = connector.read(&all_saved(), INCREMENTAL, &[]).complete();
    sim.account(|account| account.touch("articles", &account.keys("articles")[3]));
    sim.advance_seconds(700);
    let second = connector.read(&all_saved(), INCREMENTAL, &first.states_over(&[])).complete();
    let mut found = Vec::new();
    let mut seen = 0;
    for message in first.messages.iter().chain(&second.messages) {
        let state = &message["state"]["stream"];
        let saved = SAVED.iter().find(|saved| state["stream_descriptor"]["name"] == saved.stream);
        if let Some(saved) = saved {
            found.extend(unreadable(saved, &state["stream_state"]));
            seen += 1;
        }
    }
    assert!(seen > 2 * SAVED.len(), "{seen} states");
    assert!(found.is_empty(), "{found:#?}");
    // And the rest, which have no cursor.
    let (all, incremental) = streams(&connector);
    let incremental = names(&incremental);
    let rest: Vec<&str> =
        names(&all).into_iter().filter(|stream| !incremental.contains(stream)).collect();
    let run = connector.read(&rest, FULL, &[]).complete();
    for stream in rest {
        let marker = json!({ "__ab_no_cursor_state_message": true });
        assert_eq!(run.state(stream), Some(&marker), "{stream}");
    }
}

#[test]
fn our_state_without_our_own_key_still_means_its_time() {
    // What remains when Airbyte's connector has read our state, gone on from it and come back.
    let sim = simulator(406);
    sim.advance_seconds(700);
    let connector = Connector::new(&sim);
    let first = connector.read(&all_saved(), INCREMENTAL, &[]).complete();
    let states: Vec<Value> = first
        .states_over(&[])
        .into_iter()
        .map(|mut state| {
            let own = state["stream"]["stream_state"].as_object_mut();
            own.and_then(|state| state.remove("walk")).expect("our own key");
            state
        })
        .collect();
    let keys: Vec<String> = sim.account(|account| {
        let keys = account.keys("organizations");
        keys.iter().take(2).for_each(|key| account.touch("organizations", key));
        keys.into_iter().take(2).collect()
    });
    sim.advance_seconds(700);
    let second = connector.read(&all_saved(), INCREMENTAL, &states).complete();
    let came = newest("organizations", second.records("organizations"));
    assert!(keys.iter().all(|key| came.contains_key(key)), "{came:?}");
    // Without our key nothing is known of a weekly pass, so that one may be due.
    let has_passes = |stream: &&str| is_child(stream) || *stream == "satisfaction_ratings";
    for stream in all_saved().into_iter().filter(|stream| !has_passes(stream)) {
        let (again, all) = (second.records(stream).len(), first.records(stream).len());
        assert!(again < all, "{stream}: {again} of {all} rows came again");
    }
}
