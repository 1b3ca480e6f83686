//! More rows changed in one second than a page can hold.

use std::collections::BTreeSet;

use serde_json::Value;
use simulator::{Settings, Simulator};

use crate::harness::{Connector, INCREMENTAL, Run, SCALE};

/// An account whose exports by time cut a second at the end of a page. It has `rows` rows of each
/// resource in one second, and one row a minute later. Returns that second as ISO time.
fn account(resources: &[&str], rows: usize) -> (Simulator, String) {
    let settings = Settings { seed: 700, scale: SCALE, page_cap: None, ..Settings::default() };
    let sim = Simulator::start(settings).expect("the simulator starts");
    sim.knobs(|knobs| knobs.seconds_are_cut = true);
    sim.advance_seconds(3600);
    let second = sim.account(|account| {
        for resource in resources {
            (0..rows).for_each(|_| drop(account.create(resource)));
        }
        account.now()
    });
    sim.advance_seconds(60);
    sim.account(|account| resources.iter().for_each(|resource| drop(account.create(resource))));
    sim.advance_seconds(70);
    let days = second.div_euclid(86_400) - 20_778;
    assert_eq!(days, 0, "the account's day is 2026-11-21");
    let of_day = second.rem_euclid(86_400);
    let (hours, minutes, seconds) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    (sim, format!("2026-11-21T{hours:02}:{minutes:02}:{seconds:02}Z"))
}

/// The texts of a stream's ERROR messages.
fn errors<'r>(run: &'r Run, stream: &str) -> Vec<&'r str> {
    let errors = run.messages.iter().map(|message| &message["trace"]["error"]);
    let of_stream = errors.filter(|error| error["stream_descriptor"]["name"] == stream);
    of_stream.filter_map(|error| error["message"].as_str()).collect()
}

fn ids(rows: &[&Value]) -> BTreeSet<u64> {
    rows.iter().filter_map(|row| row["id"].as_u64()).collect()
}

/// Fails unless these streams end incomplete once, in errors that name the second, and the next
/// sync continues behind it.
fn end_incomplete_once(streams: &[&str], created: &[&str], rows: usize) {
    let (sim, second) = account(created, rows);
    let connector = Connector::new(&sim);
    let run = connector.read(streams, INCREMENTAL, &[]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    for stream in streams {
        assert_eq!(run.status(stream), Some("INCOMPLETE"), "{stream}");
        let errors = errors(&run, stream);
        assert_eq!(errors.len(), 1, "{stream}: {errors:?}");
        assert!(errors[0].contains("Rows are missing"), "{stream}: {errors:?}");
        assert!(errors[0].contains(&second), "{stream}: {errors:?} does not name {second}");
    }
    let warned = run.logs("WARN");
    assert!(warned.iter().any(|line| line.contains(&second)), "{warned:?}");
    for resource in created {
        let came = ids(&run.records(resource));
        let all = sim.account(|account| account.keys(resource));
        let all: BTreeSet<u64> = all.iter().filter_map(|key| key.parse().ok()).collect();
        let missing = all.difference(&came).count();
        assert!((1..=rows - 1000 + 5).contains(&missing), "{resource}: {missing} are missing");
        assert!(came.contains(all.last().expect("rows")), "{resource}: what came later was read");
    }
    let states = run.states_over(&[]);
    let next = connector.read(streams, INCREMENTAL, &states).complete();
    for stream in streams {
        assert_eq!(next.status(stream), Some("COMPLETE"), "{stream}");
        assert!(next.records(stream).len() <= 5, "{stream} is not read again");
    }
}

#[test]
fn rows_beyond_a_page_of_one_second_end_their_streams_incomplete_once() {
    end_incomplete_once(&["organizations", "calls"], &["organizations", "calls"], 1100);
}

#[test]
fn what_hangs_on_rows_that_cannot_be_had_is_incomplete_too() {
    end_incomplete_once(&["articles", "article_votes"], &["articles"], 1020);
}
