//! The process is killed at any moment and started again. Nothing is lost, and nothing is left in
//! part.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use simulator::{Prng, Simulator};

use super::shown::{complaints, rows_of};
use super::{Into, files_below, settle};
use crate::harness::{Connector, of_brands, seeds};
use crate::program::Running;

/// Streams of each kind: exports by cursor and by time, children, a listing in one piece, and a
/// listing that is resumed.
const STREAMS: [&str; 10] = [
    "tickets",
    "ticket_metrics",
    "users",
    "organizations",
    "article_comments",
    "satisfaction_ratings",
    "tags",
    "macros",
    "ticket_fields",
    "account_settings",
];

/// The most kills that a sync may need before one ends.
const MOST_KILLS: usize = 200;

/// Starts a sync, and kills it `later` after this many requests. Returns true if it ended before
/// that.
fn killed(sim: &Simulator, into: &Into<'_, '_>, requests: u64, later: Duration) -> bool {
    let came = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&came);
    sim.on_request(move |_, _| {
        counted.fetch_add(1, Ordering::Relaxed);
    });
    let mut command = into.command(&STREAMS);
    let log = std::fs::File::create(into.connector.staging().join("log")).expect("a log");
    command.stdout(log);
    let mut running = Running::start(command);
    let mut since = None;
    let is_over = loop {
        if running.has_ended() {
            break true;
        }
        if came.load(Ordering::Relaxed) >= requests {
            let since = since.get_or_insert_with(Instant::now);
            if since.elapsed() >= later {
                break false;
            }
        }
        std::thread::yield_now();
    };
    if !is_over {
        running.kill();
    }
    sim.no_hook();
    sim.until_alone();
    if is_over {
        let code = running.end_within(Duration::from_secs(1)).code;
        let log = std::fs::read_to_string(into.connector.staging().join("log"));
        assert_eq!(code, Some(0), "{log:?}");
    }
    is_over
}

/// Kills syncs until one ends. Returns the number of kills.
fn until_complete(
    sim: &Simulator,
    into: &Into<'_, '_>,
    chance: &mut Prng,
    mut look: impl FnMut(),
) -> usize {
    for kills in 0..MOST_KILLS {
        // Each try goes further at most, so that it comes to an end.
        let requests = chance.below(20 + 3 * kills as u64);
        let later = Duration::from_micros(chance.below(100_000));
        if killed(sim, into, requests, later) {
            return kills;
        }
        assert_whole(into);
        look();
    }
    panic!("the sync did not end");
}

/// Fails unless every part file is complete.
fn assert_whole(into: &Into<'_, '_>) {
    for path in files_below(&into.path) {
        if path.to_string_lossy().ends_with(".jsonl.gz") {
            rows_of(&path);
        }
    }
}

/// Fails if any remains of an interrupted sync are left.
fn assert_tidy(into: &Into<'_, '_>) {
    for path in files_below(&into.path) {
        let name = path.to_string_lossy().into_owned();
        assert!(!name.ends_with(".new"), "{name} was left");
        assert!(!name.contains("unfinished") || rows_or_none(&path), "{name} was left");
    }
}

fn rows_or_none(path: &std::path::Path) -> bool {
    rows_of(path).is_empty()
}

#[test]
fn a_sync_that_is_killed_anywhere_loses_nothing_and_leaves_nothing_half() {
    let mut kills = 0;
    for seed in seeds(883, 2) {
        let sim = of_brands(seed, 2);
        let connector = Connector::new(&sim);
        settle(&sim);
        let into = Into::new(&connector);
        let mut chance = Prng::new(seed);
        kills += until_complete(&sim, &into, &mut chance, || {});
        let found = complaints(&sim, &into, &STREAMS, true);
        assert!(found.is_empty(), "seed {seed}: {found:#?}");
        // Rows of a full refresh that is not complete never take the place of the one that is.
        for _ in 0..3 {
            kills += until_complete(&sim, &into, &mut chance, || {
                let found = complaints(&sim, &into, &STREAMS, true);
                assert!(found.is_empty(), "seed {seed}, after a kill: {found:#?}");
            });
            let found = complaints(&sim, &into, &STREAMS, true);
            assert!(found.is_empty(), "seed {seed}: {found:#?}");
        }
        assert_tidy(&into);
        if std::env::var_os("TEST_ROUNDS").is_some() {
            // The long form says how long it is.
            let told = format!("seed {seed}: {kills} kills so far\n");
            std::io::stderr().write_all(told.as_bytes()).expect("stderr is there");
        }
    }
    assert!(kills > 0, "nothing was killed");
}
