//! The strict reader has no complaint about the outputs of all commands.

use serde_json::Value;

use super::check_output;
use crate::harness::{Connector, FULL, INCREMENTAL, catalog, simulator};
use crate::program::{Ended, run, unscaled};

/// How long exports withhold a change, with a margin for the scaled clock.
const UNTIL_VISIBLE_SECONDS: i64 = 70;

/// The streams that have a sync mode.
pub(crate) fn with_mode(streams: &[Value], mode: &str) -> Vec<Value> {
    let has = |stream: &&Value| {
        stream["supported_sync_modes"].as_array().is_some_and(|modes| modes.contains(&mode.into()))
    };
    streams.iter().filter(has).cloned().collect()
}

fn read(connector: &Connector<'_>, streams: &[Value], mode: &str, states: &[Value]) -> Ended {
    let names: Vec<&str> = streams.iter().filter_map(|stream| stream["name"].as_str()).collect();
    let mut command = connector.command("read");
    command.arg("--config").arg(connector.file("config.json", &connector.config));
    command.arg("--catalog").arg(connector.file("catalog.json", &catalog(&names, mode)));
    command.arg("--state").arg(connector.file("state.json", &Value::from(states.to_vec())));
    run(command)
}

fn assert_clean(what: &str, ended: &Ended, streams: &[Value]) {
    let mut found = check_output(&ended.stdout, streams);
    let many = found.len();
    found.truncate(20);
    assert!(found.is_empty(), "{what}: {many} complaints, the first: {found:#?}");
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{what}");
}

#[test]
fn check_and_discover_are_clean_with_and_without_debug() {
    let sim = simulator(5);
    let connector = Connector::new(&sim);
    for (command, answer) in [("check", "CONNECTION_STATUS"), ("discover", "CATALOG")] {
        for debug in [false, true] {
            let mut command = connector.command(command);
            unscaled(&mut command);
            command.arg("--config").arg(connector.file("config.json", &connector.config));
            command.args(debug.then_some("--debug"));
            let ended = run(command);
            assert_clean(answer, &ended, &[]);
            let messages = ended.messages();
            let answers = messages.iter().filter(|message| message["type"] == answer);
            assert_eq!(answers.count(), 1, "{answer} stands there once");
        }
    }
}

#[test]
fn a_read_of_all_streams_is_clean_in_both_modes_and_again_from_its_state() {
    for seed in [6, 7] {
        let sim = simulator(seed);
        let connector = Connector::new(&sim);
        sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
        let all = connector.discover();
        assert_clean(FULL, &read(&connector, &all, FULL, &[]), &all);
        let streams = with_mode(&all, INCREMENTAL);
        let first = read(&connector, &streams, INCREMENTAL, &[]);
        assert_clean(INCREMENTAL, &first, &streams);
        let states = first
            .messages()
            .iter()
            .filter(|message| message["type"] == "STATE")
            .map(|message| message["state"].clone())
            .collect::<Vec<_>>();
        let again = read(&connector, &streams, INCREMENTAL, &states);
        assert_clean("again", &again, &streams);
        // Every state that a stream writes is one that it takes back.
        let refused: Vec<_> = again
            .messages()
            .iter()
            .filter_map(|message| message["log"]["message"].as_str())
            .filter(|said| said.contains("is not used"))
            .map(str::to_owned)
            .collect();
        assert!(refused.is_empty(), "{refused:#?}");
    }
}
