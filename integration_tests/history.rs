//! The streams of ticket history. They equal what happened in an account whose tickets have
//! timelines. The simulator computes that from the timelines. First and later reads, kills and
//! changes are tested.

use std::collections::BTreeMap;

use serde_json::Value;
use simulator::{Prng, Settings, Simulator};

use crate::harness::{Connector, FULL, INCREMENTAL, Run, seeds};

const STREAMS: [&str; 4] = [
    "ticket_field_history",
    "ticket_tag_history",
    "ticket_schedule_assignments",
    "ticket_sla_applications",
];

/// How long exports withhold a change, with a margin for the scaled clock.
const UNTIL_VISIBLE_SECONDS: i64 = 70;

fn account(seed: u64) -> Simulator {
    let settings =
        Settings { seed, scale: 60.0, timelines: 60, page_cap: Some(100), ..Settings::default() };
    Simulator::start(settings).expect("the simulator starts")
}

/// The rows by stream and key, as their bytes came.
#[derive(Default)]
struct History {
    rows: BTreeMap<(&'static str, String), String>,
    states: Vec<Value>,
}

/// The bytes of the row in a RECORD line.
fn row_of<'l>(line: &'l str, stream: &str) -> Option<&'l str> {
    let head = format!("{{\"type\":\"RECORD\",\"record\":{{\"stream\":\"{stream}\",\"data\":");
    line.strip_prefix(&head)?.rsplit_once(",\"emitted_at\":").map(|(row, _)| row)
}

impl History {
    /// Takes the rows of a run. Fails if a row that came before has other bytes now.
    fn take(&mut self, run: &Run) {
        for stream in STREAMS {
            let rows = run.lines.iter().filter_map(|line| row_of(line, stream));
            for row in rows.clone() {
                let read: Value = serde_json::from_str(row).expect("a row is JSON");
                let before = self.rows.insert((stream, read["id"].to_string()), row.to_owned());
                assert!(before.as_ref().is_none_or(|before| before == row), "{before:?} {row}");
            }
            assert_eq!(rows.count(), run.records(stream).len(), "{stream}");
        }
        self.states = run.states_over(&self.states);
    }

    /// Compares all rows with what happened in the account.
    fn is_the_truth(&self, sim: &Simulator) {
        let truth = sim.account(|account| account.history());
        for stream in STREAMS {
            let expected: BTreeMap<String, &Value> = truth[stream]
                .as_array()
                .expect("rows")
                .iter()
                .map(|row| (row["id"].to_string(), row))
                .collect();
            let rows = self.rows.iter().filter(|((of, _), _)| *of == stream);
            let came: BTreeMap<String, Value> = rows
                .map(|((_, key), row)| (key.clone(), serde_json::from_str(row).expect("JSON")))
                .collect();
            assert!(expected.len() > 10, "{stream}: {} rows", expected.len());
            for (key, row) in &expected {
                assert_eq!(came.get(key), Some(*row), "{stream} {key}");
            }
            let invented: Vec<&String> =
                came.keys().filter(|key| !expected.contains_key(*key)).collect();
            assert!(invented.is_empty(), "{stream}: {invented:?}");
        }
    }
}

#[test]
fn a_first_read_in_either_mode_tells_all_that_happened() {
    let sim = account(700);
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    let connector = Connector::new(&sim);
    for mode in [FULL, INCREMENTAL] {
        let mut history = History::default();
        let run = connector.read(&STREAMS, mode, &[]).complete();
        history.take(&run);
        history.is_the_truth(&sim);
        for stream in STREAMS {
            let of_stream = history.rows.keys().filter(|(of, _)| *of == stream).count();
            assert_eq!(run.records(stream).len(), of_stream, "{stream} came twice");
        }
    }
}

#[test]
fn later_reads_bring_what_happened_since_and_no_other_row_for_a_key() {
    for seed in seeds(710, 3) {
        let sim = account(seed);
        sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
        let connector = Connector::new(&sim);
        let mut history = History::default();
        for round in 0..4 {
            // Things happen between the reads, and while one goes on.
            let mut chance = Prng::new(seed * 10 + round);
            sim.on_request(move |_, account| {
                if chance.chance(0.3) {
                    account.step_timelines(1);
                }
            });
            history.take(&connector.read(&STREAMS, INCREMENTAL, &history.states).complete());
            sim.no_hook();
            sim.account(|account| account.step_timelines(15));
            sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
        }
        history.take(&connector.read(&STREAMS, INCREMENTAL, &history.states).complete());
        history.is_the_truth(&sim);
    }
}

#[test]
fn reads_that_are_killed_lose_nothing_and_make_no_other_row() {
    for seed in seeds(720, 2) {
        let sim = account(seed);
        sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
        let mut connector = Connector::new(&sim);
        let mut history = History::default();
        let mut chance = Prng::new(seed);
        let mut kills = 0;
        for attempt in 0.. {
            connector.attempt = attempt;
            let lines = 1 + chance.below(600) as usize;
            let run = connector.read_killed(&STREAMS, INCREMENTAL, &history.states, lines);
            history.take(&run);
            if run.code == Some(0) {
                break;
            }
            kills += 1;
            assert!(kills < 400, "it did not end");
            sim.account(|account| account.step_timelines(1));
        }
        assert!(kills > 2, "{kills} kills");
        sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
        history.take(&connector.read(&STREAMS, INCREMENTAL, &history.states).complete());
        history.is_the_truth(&sim);
    }
}
