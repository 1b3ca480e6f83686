//! The process is killed after any line and resumed from the last complete STATE lines, until it is
//! done. Nothing is lost. The only rows that come twice are those that no STATE had covered.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use serde_json::Value;
use simulator::{Faults, Prng, Simulator};

use crate::equality::{Changes, Warehouse, is_child, names, streams};
use crate::expected::key;
use crate::harness::{Connector, FULL, INCREMENTAL, Run, of_brands, seeds};

/// The parts within which a sync must end. Each part writes at least one new state.
const MOST_PARTS: u64 = 400;

/// Runs a sync in parts, each of which is killed after a random line. Returns the parts.
fn in_parts(
    connector: &mut Connector<'_>,
    streams: &[&str],
    mode: &str,
    chance: &mut Prng,
) -> (Warehouse, Vec<Run>) {
    let mut warehouse = Warehouse::default();
    let parts = in_parts_into(&mut warehouse, connector, streams, (mode, 40), chance);
    (warehouse, parts)
}

/// Like [`in_parts`], starting from the rows and states of earlier syncs, with at most `lines_each`
/// lines per stream between two kills.
fn in_parts_into(
    warehouse: &mut Warehouse,
    connector: &mut Connector<'_>,
    streams: &[&str],
    (mode, lines_each): (&str, u64),
    chance: &mut Prng,
) -> Vec<Run> {
    let mut parts = Vec::new();
    for attempt in 0..MOST_PARTS {
        connector.attempt = attempt;
        let lines = 1 + chance.below(lines_each * streams.len() as u64) as usize;
        let run = connector.read_killed(streams, mode, &warehouse.states, lines);
        warehouse.take(&run);
        let ended = run.code.is_some();
        parts.push(run);
        if ended {
            assert_eq!(
                parts.last().and_then(|run| run.code),
                Some(0),
                "{:?}",
                parts.last().map(|run| &run.lines)
            );
            return parts;
        }
    }
    panic!("{streams:?} did not end in {MOST_PARTS} parts");
}

/// The rows of a stream that came again although a state had covered them. A part resumes from the
/// last state of the parts before it, so the rows before that state are done.
fn repeated(parts: &[Run], stream: &str) -> Vec<Value> {
    let (mut done, mut repeated) = (BTreeMap::new(), Vec::new());
    for part in parts {
        let mut open = Vec::new();
        for message in &part.messages {
            if message["type"] == "RECORD" && message["record"]["stream"] == stream {
                let record = &message["record"]["data"];
                let known = (key(stream, record), record.to_string());
                if done.contains_key(&known) {
                    repeated.push(record.clone());
                }
                open.push((known, record["brand_id"].to_string()));
            }
            let state = &message["state"]["stream"];
            if state["stream_descriptor"]["name"] == stream {
                done.extend(open.drain(..));
                // What a later part reads of a brand that has ended is its next sync, which begins at its
                // cursor, though another brand is still under way.
                done.retain(|_, brand| !has_ended(&state["stream_state"], brand));
            }
        }
    }
    repeated
}

/// Whether a state says that the whole stream is read, or a brand's part of it.
fn has_ended(state: &Value, brand: &str) -> bool {
    let of_brand = &state["brands"][brand];
    let whose = if of_brand.is_null() { state } else { of_brand };
    whose["walk"]["done"] == true
}

/// Pairs of streams that share the walk of an export which is read in windows.
const SHARED: [[&str; 2]; 5] = [
    ["tickets", "ticket_metrics"],
    ["ticket_events", "ticket_comments"],
    ["ticket_events", "ticket_attachments"],
    ["ticket_comments", "ticket_attachments"],
    ["users", "user_identities"],
];

/// Exports that are read in windows.
const IN_WINDOWS: [&str; 9] = [
    "tickets",
    "ticket_metrics",
    "ticket_events",
    "ticket_comments",
    "ticket_attachments",
    "ticket_metric_events",
    "organizations",
    "users",
    "user_identities",
];

/// The number of rows between the last two STATE lines of each part, summed over all parts.
fn told_last(parts: &[Run], stream: &str) -> usize {
    let of_part = |part: &Run| {
        let (mut rows, mut told) = (0, 0);
        for message in &part.messages {
            rows += usize::from(message["record"]["stream"] == stream);
            if message["state"]["stream"]["stream_descriptor"]["name"] == stream {
                told = std::mem::take(&mut rows);
            }
        }
        told
    };
    parts.iter().map(of_part).sum()
}

/// Streams that start over after a kill because their listing comes in one piece. All their rows
/// may come again.
fn starts_over(connector: &Connector<'_>) -> BTreeSet<String> {
    let not_resumable =
        connector.discover().into_iter().filter(|stream| stream["is_resumable"] == false);
    not_resumable.filter_map(|stream| stream["name"].as_str().map(str::to_owned)).collect()
}

/// The article that a row of a child stream belongs to.
fn article(sim: &Simulator, stream: &str, record: &Value) -> String {
    let key = key(stream, record);
    let row = sim.account(|account| account.truth(stream).into_iter().find(|row| row.key == key));
    row.and_then(|row| row.grandparent.or(row.parent)).unwrap_or_default()
}

/// Fails if a row came twice that may not come twice.
fn assert_repeats(sim: &Simulator, connector: &Connector<'_>, streams: &[&str], parts: &[Run]) {
    let starting_over = starts_over(connector);
    for stream in streams.iter().filter(|stream| !starting_over.contains(**stream)) {
        let repeated = repeated(parts, stream);
        if !is_child(stream) {
            // Streams that walk one export in windows are brought together after a kill between
            // two of their STATE lines: whoever was told first gets again what these lines told.
            let walks_along = SHARED.iter().any(|pair| {
                pair.contains(stream) && pair.iter().all(|other| streams.contains(other))
            });
            // A row where two windows meet goes out once as long as the process lives: of pages of
            // five rows one may come again at each seam.
            let seams = connector.config["num_workers"].as_u64().unwrap_or(3) as usize - 1;
            let of_seams = if IN_WINDOWS.contains(stream) { seams * (parts.len() - 1) } else { 0 };
            let most = of_seams + if walks_along { told_last(parts, stream) } else { 0 };
            assert!(
                repeated.len() <= most,
                "{stream}: {} rows came again, such as {}; at most {most} may",
                repeated.len(),
                repeated[0]
            );
            continue;
        }
        // Of a child only the rows of parents that were being read: twice the workers at most.
        let mut parents: BTreeMap<String, usize> = BTreeMap::new();
        for record in &repeated {
            *parents.entry(article(sim, stream, record)).or_default() += 1;
        }
        let workers = connector.config["num_workers"].as_u64().unwrap_or(3) as usize;
        let most = 2 * workers * (parts.len() - 1);
        assert!(parents.len() <= most, "{stream}: rows of {} parents came again", parents.len());
    }
}

#[test]
fn a_killed_incremental_read_loses_nothing_and_repeats_only_what_was_open() {
    let mut kills = 0;
    for seed in seeds(20, 3) {
        let sim = of_brands(seed, 2);
        let mut connector = Connector::new(&sim);
        sim.advance_seconds(70);
        let (_, incremental) = streams(&connector);
        let incremental = names(&incremental);
        let (warehouse, parts) =
            in_parts(&mut connector, &incremental, INCREMENTAL, &mut Prng::new(seed));
        // One that is to be killed after more lines than it writes is not.
        kills += parts.len() - 1;
        let found = warehouse.differences(&sim, &incremental);
        assert!(found.is_empty(), "seed {seed}, {} parts: {found:#?}", parts.len());
        assert_repeats(&sim, &connector, &incremental, &parts);
    }
    assert!(kills > 0, "nothing was killed");
}

#[test]
fn a_killed_full_refresh_goes_on_inside_its_job() {
    for seed in seeds(30, 3) {
        let sim = of_brands(seed, 2);
        let mut connector = Connector::new(&sim);
        sim.advance_seconds(70);
        let (all, _) = streams(&connector);
        let all = names(&all);
        let (warehouse, parts) = in_parts(&mut connector, &all, FULL, &mut Prng::new(seed));
        let found = warehouse.differences(&sim, &all);
        assert!(found.is_empty(), "seed {seed}, {} parts: {found:#?}", parts.len());
        assert_repeats(&sim, &connector, &all, &parts);
    }
}

#[test]
fn each_stream_alone_survives_being_killed_in_both_modes() {
    let sim = of_brands(40, 2);
    let mut connector = Connector::new(&sim);
    sim.advance_seconds(70);
    let (all, incremental) = streams(&connector);
    let mut chance = Prng::new(40);
    for (mode, streams) in [(FULL, &all), (INCREMENTAL, &incremental)] {
        for stream in names(streams) {
            let (warehouse, parts) = in_parts(&mut connector, &[stream], mode, &mut chance);
            let found = warehouse.differences(&sim, &[stream]);
            assert!(found.is_empty(), "{mode}, {} parts: {found:#?}", parts.len());
            assert_repeats(&sim, &connector, &[stream], &parts);
        }
    }
}

#[test]
fn changes_while_a_read_is_killed_and_resumed_arrive() {
    for seed in seeds(50, 4) {
        let sim = of_brands(seed, 2);
        let mut connector = Connector::new(&sim);
        sim.advance_seconds(70);
        let (_, incremental) = streams(&connector);
        let incremental = names(&incremental);
        let mut chance = Prng::new(seed);
        let changed = Changes::default();
        let changing = changed.clone();
        sim.on_request(move |_, account| {
            if chance.chance(0.2) {
                changing.change(account, &mut chance);
            }
        });
        let (mut warehouse, _) =
            in_parts(&mut connector, &incremental, INCREMENTAL, &mut Prng::new(seed));
        sim.no_hook();
        warehouse.changed = changed;
        connector.attempt = 0;
        // The last changes become visible in a minute, those of children alone in a week.
        sim.advance_seconds(7 * 86_400 + 3600);
        warehouse.take(&connector.read(&incremental, INCREMENTAL, &warehouse.states).complete());
        let found = warehouse.differences(&sim, &incremental);
        assert!(found.is_empty(), "seed {seed}: {found:#?}");
    }
}

/// Everything that a year brings, at once: three syncs of all streams, each killed again and again,
/// with faults, and with changes of every kind during and between the parts.
#[test]
fn all_streams_survive_kills_faults_and_changes_together() {
    let mut runs = 0;
    for seed in seeds(70, 2) {
        let sim = of_brands(seed, 2);
        let mut connector = Connector::new(&sim);
        sim.advance_seconds(70);
        let (all, _) = streams(&connector);
        let all = names(&all);
        let mut warehouse = Warehouse::default();
        for round in 0..3 {
            let mut chance = Prng::new(seed * 100 + round);
            let changed = warehouse.changed.clone();
            sim.faults(Faults::on_share(0.05, seed * 100 + round));
            sim.on_request(move |_, account| {
                if chance.chance(0.2) {
                    changed.change(account, &mut chance);
                }
            });
            // Streams that cannot be read incrementally are read whole in this mode, too.
            let kills = &mut Prng::new(seed * 100 + round);
            let parts =
                in_parts_into(&mut warehouse, &mut connector, &all, (INCREMENTAL, 12), kills);
            runs += parts.len();
            sim.no_hook();
            let mut chance = Prng::new(seed * 1000 + round);
            sim.account(|account| {
                (0..20).for_each(|_| warehouse.changed.change(account, &mut chance));
            });
            sim.advance_seconds(70);
        }
        sim.faults(Faults::none());
        connector.attempt = 0;
        // The last changes become visible in a minute, those of children alone in a week.
        sim.advance_seconds(7 * 86_400 + 3600);
        warehouse.take(&connector.read(&all, INCREMENTAL, &warehouse.states).complete());
        let found = warehouse.differences(&sim, &all);
        assert!(found.is_empty(), "seed {seed}: {found:#?}");
        if std::env::var_os("TEST_ROUNDS").is_some() {
            // The long form says how long it is.
            let told = format!("seed {seed}: {runs} runs so far\n");
            std::io::stderr().write_all(told.as_bytes()).expect("stderr is there");
        }
    }
}

#[test]
fn two_streams_of_one_feed_survive_being_killed_between_their_states() {
    for seed in seeds(60, 6) {
        let sim = of_brands(seed, 2);
        let mut connector = Connector::new(&sim);
        sim.advance_seconds(70);
        let pair = ["tickets", "ticket_metrics"];
        let mut chance = Prng::new(seed);
        for mode in [FULL, INCREMENTAL] {
            let (warehouse, parts) = in_parts(&mut connector, &pair, mode, &mut chance);
            let found = warehouse.differences(&sim, &pair);
            let told = || {
                parts
                    .iter()
                    .map(|part| {
                        pair.map(|stream| {
                            (
                                part.lines.len(),
                                part.records(stream).len(),
                                part.state(stream).map(ToString::to_string),
                            )
                        })
                    })
                    .collect::<Vec<_>>()
            };
            assert!(found.is_empty(), "{mode}, {} parts: {found:#?} {:#?}", parts.len(), told());
            assert_repeats(&sim, &connector, &pair, &parts);
        }
    }
}
