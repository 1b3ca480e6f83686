//! TestBasicRead, TestFullRefresh, TestIncremental and TestInterleavedStreams.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use simulator::Simulator;

use crate::expected::{key, listing};
use crate::harness::{Connector, FULL, INCREMENTAL, Run, simulator};
use crate::program::run;
use crate::protocol::check_output;
use crate::protocol::outputs::with_mode;
use crate::samples::{check_generated_text, root, text};

/// An account of which the exports show everything.
fn account() -> Simulator {
    let sim = simulator(1);
    sim.advance_seconds(70);
    sim
}

fn names(streams: &[Value]) -> Vec<&str> {
    streams.iter().filter_map(|stream| stream["name"].as_str()).collect()
}

/// What a read wrote, as the strict reader takes it.
fn bytes(run: &Run) -> Vec<u8> {
    run.lines.iter().flat_map(|line| [line.as_bytes(), b"\n"].concat()).collect()
}

/// One row of each stream as the account has it, in the form of the classic tests.
fn expected_records(sim: &Simulator, streams: &[&str]) -> String {
    let line = |stream: &&str| {
        let row = listing(sim, stream).into_values().next().expect("each stream has a row");
        format!("{}\n", json!({ "stream": stream, "data": row, "emitted_at": 0 }))
    };
    streams.iter().map(line).collect()
}

/// Streams, statuses, states, schemas and keys are held by the strict reader; here also that no
/// stream is empty, and that the expected records come, field by field.
#[test]
fn test_read() {
    let sim = account();
    let connector = Connector::new(&sim);
    let streams = connector.discover();
    let names = names(&streams);
    check_generated_text("expected_records.jsonl".as_ref(), &expected_records(&sim, &names));
    let read = connector.read(&names, FULL, &[]).complete();
    assert_eq!(check_output(&bytes(&read), &streams), Vec::<String>::new());
    for name in &names {
        assert!(!read.records(name).is_empty(), "{name} is empty");
    }
    let expected = text(&root().join("integration_tests/expected_records.jsonl"));
    for line in expected.lines() {
        let record: Value = serde_json::from_str(line).expect("a line is JSON");
        let stream = record["stream"].as_str().expect("a record has a stream");
        assert!(read.records(stream).contains(&&record["data"]), "{stream}: {}", record["data"]);
    }
}

#[test]
fn test_airbyte_trace_message_on_failure() {
    let sim = account();
    let connector = Connector::new(&sim);
    let catalog = json!({ "streams": [{
        "stream": { "name": "__AIRBYTE__stream_that_does_not_exist",
            "json_schema": { "type": "object", "properties": { "f1": { "type": "string" } } },
            "supported_sync_modes": ["full_refresh"] },
        "sync_mode": "INVALID", "destination_sync_mode": "INVALID" }] });
    let mut command = connector.command("read");
    command.arg("--config").arg(connector.file("config.json", &connector.config));
    command.arg("--catalog").arg(connector.file("catalog.json", &catalog));
    let ended = run(command);
    assert_ne!(ended.code, Some(0));
    assert!(!ended.errors().is_empty(), "no TRACE ERROR");
}

fn emitted_at(run: &Run) -> Vec<u64> {
    let records = run.messages.iter().filter(|message| message["type"] == "RECORD");
    records.filter_map(|message| message["record"]["emitted_at"].as_u64()).collect()
}

#[test]
fn test_sequential_reads() {
    let sim = account();
    let connector = Connector::new(&sim);
    let streams = connector.discover();
    let names = names(&streams);
    let first = connector.read(&names, FULL, &[]).complete();
    // The clock that stamps records counts in milliseconds.
    std::thread::sleep(std::time::Duration::from_millis(2));
    let second = connector.read(&names, FULL, &[]).complete();
    assert!(emitted_at(&first).iter().max() < emitted_at(&second).iter().min());
    for name in &names {
        let again = second.records(name);
        for record in first.records(name) {
            assert!(again.contains(&record), "{name}: {record} did not come again");
        }
    }
}

/// The keys of what a read brought.
fn keys(run: &Run, stream: &str) -> BTreeSet<String> {
    run.records(stream).into_iter().map(|record| key(stream, record)).collect()
}

#[test]
fn test_two_sequential_reads() {
    let sim = account();
    let connector = Connector::new(&sim);
    let streams = with_mode(&connector.discover(), INCREMENTAL);
    let names = names(&streams);
    let first = connector.read(&names, INCREMENTAL, &[]).complete();
    let states = first.states_over(&[]);
    assert_eq!(states.len(), names.len());
    let second = connector.read(&names, INCREMENTAL, &states).complete();
    for stream in &streams {
        let name = stream["name"].as_str().expect("a name");
        let cursor = stream["default_cursor_field"][0].as_str().expect("a cursor");
        let before = first.state(name).map(|state| &state[cursor]);
        for record in second.records(name) {
            // Texts of one format compare as the times they are; unix times are numbers here and
            // texts in a state, and rows without a time are always new.
            let (Some(saved), Some(time)) =
                (before.and_then(Value::as_str), record[cursor].as_str())
            else {
                continue;
            };
            assert!(saved.parse::<i64>().is_ok() || time >= saved, "{name}: {time} under {saved}");
        }
        assert!(
            keys(&second, name) != keys(&first, name),
            "{name} was read as if for the first time"
        );
    }
}

/// From any state of a sync, in its middle too, the rest comes.
#[test]
fn test_read_sequential_slices() {
    let sim = account();
    let connector = Connector::new(&sim);
    let streams = with_mode(&connector.discover(), INCREMENTAL);
    let names = names(&streams);
    let whole = connector.read(&names, INCREMENTAL, &[]).complete();
    let at: Vec<usize> = whole
        .messages
        .iter()
        .enumerate()
        .filter(|(_, message)| message["type"] == "STATE")
        .map(|(line, _)| line)
        .collect();
    for line in at.iter().step_by((at.len() / 10).max(1)) {
        let part = Run {
            lines: Vec::new(),
            messages: whole.messages[..=*line].to_vec(),
            code: None,
            stderr: String::new(),
        };
        let rest = connector.read(&names, INCREMENTAL, &part.states_over(&[])).complete();
        // What the part brought without having said so comes again.
        for name in &names {
            let came: BTreeSet<String> = &keys(&part, name) | &keys(&rest, name);
            let missing: Vec<_> = keys(&whole, name).difference(&came).cloned().collect();
            assert!(missing.is_empty(), "{name} from line {line}: {missing:?}");
        }
    }
}

#[test]
fn test_state_with_abnormally_large_values() {
    let sim = account();
    let connector = Connector::new(&sim);
    let streams = with_mode(&connector.discover(), INCREMENTAL);
    let saved = text(&root().join("integration_tests/abnormal_state.json"));
    let saved: Vec<Value> = serde_json::from_str(&saved).expect("a list of states");
    let read = connector.read(&names(&streams), INCREMENTAL, &saved).complete();
    let came: BTreeMap<&str, usize> = names(&streams)
        .into_iter()
        .map(|name| (name, read.records(name).len()))
        .filter(|(_, rows)| *rows > 0)
        .collect();
    assert!(came.is_empty(), "records of the year 2222: {came:?}");
    for state in &saved {
        let name = state["stream"]["stream_descriptor"]["name"].as_str().expect("a name");
        if !names(&streams).contains(&name) {
            continue;
        }
        // It is a state that later reads can go on from, and not the one of the future.
        let came = read.state(name);
        assert!(came.is_some_and(|came| *came != state["stream"]["stream_state"]), "{name}");
    }
}

/// TestInterleavedStreams: lines of streams that are read at once stand between one another, and
/// each stream is complete by itself.
#[test]
fn test_interleaved_streams() {
    let sim = account();
    let connector = Connector::new(&sim);
    let streams = connector.discover();
    let all = names(&streams);
    let together = connector.read(&all, FULL, &[]).complete();
    let order = |message: &&Value| message["type"] == "RECORD";
    let order = together.messages.iter().filter(order).map(|message| &message["record"]["stream"]);
    let mut blocks: Vec<&Value> = order.collect();
    blocks.dedup();
    assert!(blocks.len() > all.len(), "the streams came one after the other");
    assert_eq!(check_output(&bytes(&together), &streams), Vec::<String>::new());
}
