//! A mirror removes everybody who is not among its rows, but only if it is certain that all rows
//! came.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use simulator::{Fault, Faults, Simulator, When};

use super::{BY_FIELD, KINDS, Kind, key, keys, row};
use crate::account::{all, snapshot, touched};
use crate::run::{Ended, Folder, command, record, start};

/// A catalog with one mirror.
pub(super) fn mirror(by: &str, sync_mode: &str, is_resumable: bool) -> Value {
    json!({ "streams": [{ "stream": { "name": "rows", "namespace": "warehouse", "json_schema": {},
        "is_resumable": is_resumable }, "sync_mode": sync_mode, "destination_sync_mode": "append_dedup",
        "destination_object_name": "audience_mirror:vip", "primary_key": [[by]] }] })
}

/// A STATE of the stream, with the source's count of rows if `count` is set.
pub(super) fn state(number: usize, count: Option<usize>) -> String {
    let mut state = json!({ "type": "STREAM", "stream": {
        "stream_descriptor": { "name": "rows", "namespace": "warehouse" }, "stream_state": { "number": number } } });
    if let Some(count) = count {
        state["sourceStats"] = json!({ "recordCount": f64::from(u32::try_from(count).unwrap()) });
    }
    json!({ "type": "STATE", "state": state }).to_string()
}

fn global(count: usize) -> String {
    json!({ "type": "STATE", "state": { "type": "GLOBAL", "global": { "stream_states": [] },
        "sourceStats": { "recordCount": f64::from(u32::try_from(count).unwrap()) } } })
    .to_string()
}

pub(super) fn status(word: &str) -> String {
    json!({ "type": "TRACE", "trace": { "type": "STREAM_STATUS", "emitted_at": 1, "stream_status": {
        "stream_descriptor": { "name": "rows", "namespace": "warehouse" }, "status": word } } })
    .to_string()
}

fn lines(lines: impl IntoIterator<Item = String>) -> String {
    lines.into_iter().map(|line| line + "\n").collect()
}

/// All rows, a state that counts them, and the stream status COMPLETE.
pub(super) fn whole(rows: &[Value]) -> String {
    let end = [state(rows.len(), Some(rows.len())), status("COMPLETE")];
    lines(rows.iter().map(record).chain(end))
}

fn run(sim: &Simulator, kind: Kind, more: &Value, input: String) -> Ended {
    let catalog = mirror("external_id", "full_refresh", false);
    start(sim, &Folder::new(), (&kind.options(more), &catalog), input, 0).end()
}

/// Runs the mirror of an audience by field. `by` is the key that finds the rows' users.
pub(super) fn run_by(sim: &Simulator, by: &str, more: &Value, input: String) -> Ended {
    let catalog = mirror(by, "full_refresh", false);
    start(sim, &Folder::new(), (&BY_FIELD.options(more), &catalog), input, 0).end()
}

/// The WARN with the reason why nobody was removed.
fn not_swept(ended: &Ended) -> Option<String> {
    ended.logged("WARN").into_iter().find(|line| line.contains("nobody was removed"))
}

#[test]
fn an_audience_becomes_what_the_rows_are_and_nobody_else_is_touched() {
    for kind in KINDS {
        let sim = kind.account(120, |at| at < 100);
        let before = snapshot(&sim);
        let ended = run(&sim, kind, &json!({}), whole(&super::rows(20..120))).succeeded();
        assert_eq!(kind.members(&sim), keys(20..120), "{kind:?}");
        let counts = ["membersAdded", "membersRemoved", "updated", "unchanged"]
            .map(|name| ended.count(name));
        assert_eq!(counts, [20, 20, 20, 80], "{kind:?}");
        assert!(
            ended.logged("INFO").iter().any(|line| line.contains("20 members were removed")),
            "{:#?}",
            ended.logged("INFO")
        );
        let strangers: Vec<_> = touched(&before, &snapshot(&sim))
            .into_iter()
            .filter(|(resource, key)| {
                *resource == kind.of
                    && !before[&(*resource, key.clone())]["external_id"]
                        .as_str()
                        .is_some_and(|key| key.starts_with("M-"))
            })
            .collect();
        assert_eq!(strangers, [], "{kind:?}");
        sim.advance_seconds(600);
        sim.clear_ledger();
        let ended = run(&sim, kind, &json!({}), whole(&super::rows(20..120))).succeeded();
        assert_eq!((ended.count("membersRemoved"), ended.count("unchanged")), (0, 100));
        assert_eq!(sim.ledger().writes, [], "{kind:?}: the second time changes nothing");
    }
}

/// The messages of a stream, and the way in which it was read.
struct Story {
    name: &'static str,
    /// The messages, one letter each: a row (`r`), a state with the right count (`s`), without a
    /// count (`S`), with a wrong count (`x`), with a count of no rows (`o`), a state of all streams
    /// (`g`), a state of all streams with a wrong count (`G`), COMPLETE (`c`), INCOMPLETE (`i`),
    /// and a line that is not a message (`?`).
    events: &'static str,
    sync_mode: &'static str,
    is_resumable: bool,
    attempt: u64,
    options: fn() -> Value,
    /// Words of the reason. `None` if the sweep takes place.
    why_not: Option<&'static str>,
}

const CALM: Story = Story {
    name: "calm",
    events: "rsrsc",
    sync_mode: "full_refresh",
    is_resumable: false,
    attempt: 0,
    options: || json!({}),
    why_not: None,
};

fn lenient() -> Value {
    json!({ "accept_end_of_input": true })
}

const STORIES: [Story; 27] = [
    CALM,
    Story { name: "states without counts", events: "rSrSc", ..CALM },
    Story { name: "no states at all", events: "rrc", ..CALM },
    Story { name: "states of all streams", events: "rgrgc", ..CALM },
    Story { name: "COMPLETE before the last state", events: "rsrcs", ..CALM },
    Story { name: "the end of input is accepted", events: "rsrs", options: lenient, ..CALM },
    Story { name: "a further attempt that begins anew", attempt: 3, ..CALM },
    Story { name: "a first attempt of what can be resumed", is_resumable: true, ..CALM },
    Story {
        name: "no end",
        events: "rsrs",
        why_not: Some("did not report that the stream is complete"),
        ..CALM
    },
    Story {
        name: "cut off within a row's page",
        events: "rsr",
        why_not: Some("did not report that the stream is complete"),
        ..CALM
    },
    Story { name: "incomplete", events: "rsrsi", why_not: Some("is incomplete"), ..CALM },
    Story {
        name: "incomplete, whatever the end of input is",
        events: "rsrsi",
        options: lenient,
        why_not: Some("is incomplete"),
        ..CALM
    },
    Story {
        name: "incomplete and then complete",
        events: "rsirsc",
        why_not: Some("is incomplete"),
        ..CALM
    },
    Story { name: "incremental", sync_mode: "incremental", why_not: Some("full refresh"), ..CALM },
    Story {
        name: "resumed",
        is_resumable: true,
        attempt: 1,
        why_not: Some("this is a retry"),
        ..CALM
    },
    Story {
        name: "rows behind the last state",
        events: "rsrc",
        why_not: Some("no STATE followed"),
        ..CALM
    },
    Story {
        name: "no states at all at the end of input",
        events: "rr",
        options: lenient,
        why_not: Some("no STATE followed"),
        ..CALM
    },
    Story {
        name: "the end of input of what can be resumed",
        events: "rsrs",
        options: lenient,
        is_resumable: true,
        ..CALM
    },
    Story {
        name: "a count that is none",
        events: "rsroc",
        why_not: Some("a different number of rows"),
        ..CALM
    },
    Story {
        name: "rows behind the last state at the end of input",
        events: "rsr",
        options: lenient,
        why_not: Some("no STATE followed"),
        ..CALM
    },
    Story {
        name: "a row less than counted",
        events: "rsrxc",
        why_not: Some("a different number of rows"),
        ..CALM
    },
    Story {
        name: "a row less than counted, early",
        events: "rxrsc",
        why_not: Some("a different number of rows"),
        ..CALM
    },
    Story {
        name: "a row less than counted for all streams",
        events: "rgrGc",
        why_not: Some("a different number of rows"),
        ..CALM
    },
    Story {
        name: "rows after the end",
        events: "rscrs",
        why_not: Some("after the source reported"),
        ..CALM
    },
    Story {
        name: "a line that is no message",
        events: "rs?rsc",
        why_not: Some("not Airbyte messages"),
        ..CALM
    },
    Story { name: "no rows", events: "sc", why_not: Some("no row arrived"), ..CALM },
    Story { name: "no rows and no states", events: "c", why_not: Some("no row arrived"), ..CALM },
];

#[test]
fn a_mirror_sweeps_only_when_all_of_its_rows_came_and_says_why_not() {
    // The first row is of somebody who is no member yet, the others of sixty members, of whom five have to go.
    let people: Vec<Value> = [row(70)].into_iter().chain((0..55).map(row)).collect();
    for story in STORIES {
        let sim = BY_FIELD.account(80, |at| at < 60);
        let count = story.events.matches('r').count();
        let mut parts = people.chunks(people.len().div_ceil(count.max(1)));
        let mut text = Vec::new();
        let mut open = 0;
        for (at, event) in story.events.chars().enumerate() {
            match event {
                'r' => {
                    let part = parts.next().unwrap();
                    open += part.len();
                    text.extend(part.iter().map(record));
                }
                's' | 'S' | 'x' | 'o' | 'g' | 'G' => {
                    text.push(match event {
                        's' => state(at, Some(open)),
                        'x' => state(at, Some(open + 1)),
                        'o' => state(at, Some(open)).replace(".0}", ".5}"),
                        'g' => global(open),
                        'G' => global(open + 1),
                        _ => state(at, None),
                    });
                    open = 0;
                }
                'c' => text.push(status("COMPLETE")),
                'i' => text.push(status("INCOMPLETE")),
                _ => text.push("{\"type\":\"REC".to_owned()),
            }
        }
        let states = text
            .iter()
            .filter(|line| line.starts_with("{\"state\"") || line.contains("\"type\":\"STATE\""))
            .count();
        let catalog = mirror("external_id", story.sync_mode, story.is_resumable);
        let options = BY_FIELD.options(&(story.options)());
        let ended = start(&sim, &Folder::new(), (&options, &catalog), lines(text), story.attempt)
            .end()
            .succeeded();
        let all_came = story.events.contains('r');
        let (marked, left) =
            (keys((0..60).chain(all_came.then_some(70))), keys((0..55).chain([70])));
        let expected = if story.why_not.is_some() { marked } else { left };
        assert_eq!(BY_FIELD.members(&sim), expected, "{}", story.name);
        let why = not_swept(&ended);
        match story.why_not {
            Some(words) => {
                assert!(
                    why.as_ref().is_some_and(|why| why.contains(words)),
                    "{}: {why:?}",
                    story.name
                );
            }
            None => assert_eq!(why, None, "{}", story.name),
        }
        assert_eq!(ended.states().len(), states, "{}: every state is acknowledged", story.name);
    }
}

#[test]
fn the_last_state_waits_for_the_sweep() {
    for end in [state(2, Some(30)), global(60)] {
        let sim = BY_FIELD.account(80, |at| at < 60);
        let first = state(1, Some(25));
        let rows = || (0..55).map(|at| record(&row(at)));
        let text =
            lines(rows().take(25).chain([first]).chain(rows().skip(25)).chain([
                if end.contains("GLOBAL") { global(55) } else { end },
                status("COMPLETE"),
            ]));
        let mut members = Vec::new();
        let catalog = mirror("external_id", "full_refresh", false);
        let options = BY_FIELD.options(&json!({}));
        let folder = Folder::new();
        let running = start(&sim, &folder, (&options, &catalog), text, 0);
        let ended = running.end_with(|line| {
            if line.contains("\"type\":\"STATE\"") {
                members.push(BY_FIELD.members(&sim).len());
            }
        });
        assert_eq!((ended.succeeded().states().len(), members), (2, vec![60, 55]));
    }
}

#[test]
fn a_brake_stops_what_would_remove_too_many() {
    let stopped = |sim: &Simulator, options: &Value, rows: &[Value]| {
        let before = BY_FIELD.members(sim);
        let ended = run(sim, BY_FIELD, options, whole(rows));
        assert_eq!(ended.code, Some(1));
        let errors = ended.errors();
        assert!(
            errors[0].contains("`max_removal_percent`") && errors[0].contains("`vip`"),
            "{errors:?}"
        );
        assert_eq!(ended.states().len(), 0, "the next sync brings the rows again");
        let marked: BTreeSet<String> =
            rows.iter().map(|row| row["external_id"].as_str().unwrap().to_owned()).collect();
        assert_eq!(BY_FIELD.members(sim), before.union(&marked).cloned().collect());
    };
    let sim = BY_FIELD.account(200, |at| at < 100);
    stopped(&sim, &json!({}), &super::rows(0..69));
    // Whoever is new makes no room for removals.
    stopped(&sim, &json!({ "max_removal_percent": 50 }), &super::rows(100..200));
    let sim = BY_FIELD.account(200, |at| at < 100);
    stopped(&sim, &json!({ "max_removal_percent": 0 }), &super::rows(0..99));
    stopped(&sim, &json!({ "allow_empty": true }), &[]);
    run(&sim, BY_FIELD, &json!({}), whole(&super::rows(0..70))).succeeded();
    assert_eq!(BY_FIELD.members(&sim), keys(0..70), "as many as it lets go");
    sim.advance_seconds(600);
    run(&sim, BY_FIELD, &json!({ "max_removal_percent": 100 }), whole(&super::rows(0..1)))
        .succeeded();
    assert_eq!(BY_FIELD.members(&sim), keys(0..1));
    // Fewer than twenty are not held to it.
    let sim = BY_FIELD.account(40, |at| at < 19);
    run(&sim, BY_FIELD, &json!({}), whole(&super::rows(0..1))).succeeded();
    assert_eq!(BY_FIELD.members(&sim), keys(0..1));
    let sim = BY_FIELD.account(40, |at| at < 30);
    let emptied = json!({ "allow_empty": true, "max_removal_percent": 100 });
    run(&sim, BY_FIELD, &emptied, whole(&[])).succeeded();
    assert_eq!(BY_FIELD.members(&sim), keys([]));
}

#[test]
fn whoever_the_index_shows_is_read_again_and_whoever_it_misses_is_found_the_next_time() {
    let sim = BY_FIELD.account(80, |at| at < 60);
    let ids = |of: std::ops::Range<usize>| -> Vec<u64> {
        let people = all(&sim, "users");
        let wanted = keys(of);
        let ours = people
            .iter()
            .filter(|row| row["external_id"].as_str().is_some_and(|key| wanted.contains(key)));
        ours.map(|row| row["id"].as_u64().unwrap()).collect()
    };
    let (missed, overstated) = (ids(55..58), ids(70..80));
    sim.knobs(|knobs| {
        knobs.search_misses = missed.clone();
        knobs.search_overstates = overstated.clone();
    });
    sim.clear_ledger();
    let ended = run(&sim, BY_FIELD, &json!({}), whole(&super::rows(0..50))).succeeded();
    assert_eq!(BY_FIELD.members(&sim), keys((0..50).chain(55..58)));
    assert_eq!(ended.count("membersRemoved"), 7);
    assert_eq!(sim.ledger().updated("users").len(), 7, "nobody is written who is no member");
    sim.knobs(|knobs| knobs.search_misses = Vec::new());
    run(&sim, BY_FIELD, &json!({}), whole(&super::rows(0..50))).succeeded();
    assert_eq!(BY_FIELD.members(&sim), keys(0..50));
}

#[test]
fn a_row_that_is_rejected_keeps_whom_it_means() {
    let sim = BY_FIELD.account(80, |at| at < 60);
    let agent = sim.account(|account| {
        account.write_new(
            "users",
            json!({ "external_id": "M-agent", "name": "Agent", "email": "agent@x.test", "role": "agent",
                "user_fields": { "vip": true } }),
        )
    });
    sim.advance_seconds(600);
    let mut rows = super::rows(0..50);
    rows.extend([
        json!({ "external_id": key(50), "member": null }),
        json!({ "external_id": key(51), "member": "perhaps" }),
        json!({ "external_id": "M-agent" }),
        json!({ "external_id": "M-9999" }),
        json!({ "other": 1 }),
    ]);
    let ended = run(&sim, BY_FIELD, &json!({}), whole(&rows)).succeeded();
    assert_eq!(ended.count("rejectedRecordCount"), 5, "{:#?}", ended.logged("WARN"));
    let expected: BTreeSet<String> =
        keys(0..52).into_iter().chain(["M-agent".to_owned()]).collect();
    assert_eq!(BY_FIELD.members(&sim), expected);
    // An agent who is not among the rows cannot be unmarked, and that is told.
    let ended = run(&sim, BY_FIELD, &json!({}), whole(&super::rows(0..52))).succeeded();
    assert!(BY_FIELD.members(&sim).contains("M-agent"));
    let told = ended.logged("WARN");
    assert!(
        told.iter()
            .any(|line| line.contains(&agent.to_string()) && line.contains("not_an_end_user")),
        "{told:#?}"
    );
}

#[test]
fn a_mirror_that_creates_keeps_whom_it_created() {
    for bulk_is_off in [false, true] {
        let sim = BY_FIELD.account(60, |at| at < 50);
        sim.knobs(|knobs| knobs.bulk_import_is_off = bulk_is_off);
        let row = |at: usize| json!({ "external_id": key(at), "name": format!("New {at}") });
        let rows: Vec<Value> = (10..90).map(row).collect();
        let options = json!({ "create_missing": true });
        let ended = run(&sim, BY_FIELD, &options, whole(&rows)).succeeded();
        assert_eq!(BY_FIELD.members(&sim), keys(10..90));
        let counts = ["created", "membersAdded", "membersRemoved"].map(|name| ended.count(name));
        assert_eq!(counts, [30, 40, 10]);
    }
}

#[test]
fn a_stream_of_joins_and_leaves_is_mirrored_too() {
    let sim = BY_FIELD.account(80, |at| at < 60);
    let rows: Vec<Value> =
        (0..55).map(|at| json!({ "external_id": key(at), "member": at % 5 != 0 })).collect();
    let ended = run(&sim, BY_FIELD, &json!({}), whole(&rows)).succeeded();
    assert_eq!(BY_FIELD.members(&sim), keys((0..55).filter(|at| at % 5 != 0)));
    assert_eq!(ended.count("membersRemoved"), 16);
}

#[test]
fn members_that_cannot_be_listed_fail_the_sync_and_nobody_is_removed() {
    let sim = BY_FIELD.account(80, |at| at < 60);
    sim.faults(Faults::rule("/search/export", When::Always, Fault::status(403)));
    let ended = run(&sim, BY_FIELD, &json!({}), whole(&super::rows(0..55)));
    assert_eq!((ended.code, ended.states().len()), (Some(1), 0));
    assert_eq!(BY_FIELD.members(&sim), keys(0..60));
}

#[test]
fn a_dry_run_says_of_each_row_what_the_real_run_then_does() {
    for kind in [BY_FIELD, KINDS[1], KINDS[2]] {
        let sim = kind.account(120, |at| at < 100);
        let row = |at: usize| json!({ "external_id": key(at), "name": format!("Person {}", at / 2 * 2), "member": at != 20 });
        let rows: Vec<Value> = (10..110)
            .chain([300, 301])
            .map(row)
            .chain([json!({ "external_id": "M-5", "member": null })])
            .collect();
        let options = json!({ "create_missing": true });
        let before = snapshot(&sim);
        let mut dry = options.clone();
        dry["dry_run"] = json!(true);
        let told = run(&sim, kind, &dry, whole(&rows)).succeeded();
        assert_eq!(touched(&before, &snapshot(&sim)), [], "{kind:?}: it writes nothing");
        assert_eq!(told.states().len(), 0);
        let said = told.logged("INFO");
        let ids: Vec<u64> = {
            let went: BTreeSet<String> = keys((0..10).filter(|at| *at != 5));
            let people = all(&sim, "users");
            let ours = people
                .iter()
                .filter(|row| row["external_id"].as_str().is_some_and(|key| went.contains(key)));
            ours.map(|row| row["id"].as_u64().unwrap()).collect()
        };
        let done = run(&sim, kind, &options, whole(&rows)).succeeded();
        let expected = super::as_said(&done);
        assert!(said.contains(&expected), "{kind:?}: {expected}\n{said:#?}");
        for line in [
            "would create `M-300` with member, external_id, name".to_owned(),
            "would mark `M-300`".to_owned(),
            "would unmark `M-20`".to_owned(),
            "would update `M-11`: name".to_owned(),
            "would leave `M-12` unchanged".to_owned(),
        ] {
            assert!(
                said.contains(&format!("warehouse.rows: {line}")),
                "{kind:?}: {line}\n{said:#?}"
            );
        }
        for id in ids {
            assert!(
                said.contains(&format!("warehouse.rows: would unmark the member {id}")),
                "{id}\n{said:#?}"
            );
        }
        let kinds = ["would create `", "would update `", "would leave `", "would mark `"];
        for kind in kinds {
            let shown = said.iter().filter(|line| line.contains(kind)).count();
            assert!(shown > 0 && shown <= 20, "{kind} {shown}");
        }
    }
}

#[test]
fn check_and_discover_write_nothing() {
    let sim = BY_FIELD.account(10, |at| at < 5);
    for name in ["check", "discover"] {
        command(&sim, name, &BY_FIELD.options(&json!({}))).succeeded();
    }
    assert_eq!(sim.ledger().writes, []);
}

#[test]
fn a_check_says_that_mirrors_need_the_scope_of_the_search() {
    let sim = BY_FIELD.account(3, |_| false);
    for (token, is_told) in
        [(simulator::GRANULAR_WRITE_BEARER, true), (simulator::PEOPLE_WRITE_BEARER, false)]
    {
        for (kind, by_search) in [(KINDS[1], true), (KINDS[2], false)] {
            let mut options = kind.options(&json!({}));
            options["credentials"]["access_token"] = json!(token);
            let told = command(&sim, "check", &options).logged("WARN");
            let told = told.iter().any(|line| line.contains("cannot be mirrored"));
            assert_eq!(told, is_told && by_search, "{token} {kind:?}");
        }
    }
}

#[test]
fn a_search_that_lacks_its_scope_names_it() {
    let sim = BY_FIELD.account(80, |at| at < 60);
    let lacks = r#"{"error":"Forbidden","description":"You are missing the following required scopes: read"}"#;
    let fault = Fault::with_body(403, lacks);
    sim.faults(Faults::rule("/search/export", When::Always, fault));
    let ended = run(&sim, BY_FIELD, &json!({}), whole(&super::rows(0..55)));
    let errors = ended.errors();
    assert!(errors[0].contains("with the scope `read`"), "{errors:?}");
}
