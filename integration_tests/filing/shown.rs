//! Compares what the views show with what the account holds. The rule of the views is implemented
//! here a second time.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use serde_json::Value;
use simulator::{Prng, Simulator};

use super::{Into, files_below, settle};
use crate::deletions::truth;
use crate::equality::{Changes, names, streams};
use crate::expected::{ByKey, SNAPSHOTS, differences, key, listing};
use crate::harness::{Connector, of_brands, seeds};

const DELETED_AT: &str = "_ab_cdc_deleted_at";

/// Streams that list deleted rows.
const OF_DELETED: [&str; 2] = ["deleted_tickets", "deleted_users"];

/// All rows of a part file. Fails the test if the part is not complete.
pub(crate) fn rows_of(part: &Path) -> Vec<Value> {
    let file = std::fs::File::open(part).expect("the part is there");
    let mut text = String::new();
    let read = GzDecoder::new(file).read_to_string(&mut text);
    read.unwrap_or_else(|error| panic!("{} is not whole: {error}", part.display()));
    assert!(text.is_empty() || text.ends_with('\n'), "{} ends in a line", part.display());
    text.lines().map(|line| serde_json::from_str(line).expect("a row is JSON")).collect()
}

fn is_part(path: &Path) -> bool {
    path.to_string_lossy().ends_with(".jsonl.gz")
}

/// The rows that the view of a stream shows: the newest row of each key in the newest generation,
/// except rows that mark a deletion.
pub(crate) fn shown(into: &Into<'_, '_>, stream: &str) -> ByKey {
    let folder = into.file(&stream.replace(':', "-3a"));
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{stream}: {error}"));
    let generations =
        entries.filter_map(|entry| entry.expect("an entry").file_name().into_string().ok());
    let newest = generations.filter(|name| name.starts_with(|c: char| c.is_ascii_digit())).max();
    let newest = newest.expect("a stream has a generation");
    let generation: u64 = newest.parse().expect("a number");
    let mut by_key: BTreeMap<String, (u64, Value)> = BTreeMap::new();
    let parts = files_below(&folder.join(newest)).into_iter().filter(|path| is_part(path));
    for mut row in parts.flat_map(|part| rows_of(&part)) {
        let members = row.as_object_mut().expect("a row is an object");
        let order =
            members.remove("_sync_order").and_then(|order| order.as_u64()).expect("an order");
        assert_eq!(members.remove("_sync_generation"), Some(generation.into()), "{stream}");
        if SNAPSHOTS.contains(&stream) {
            members.remove("current_timestamp").expect("the time of the answer");
        }
        let key = key(stream, &row);
        if by_key.get(&key).is_none_or(|(newest, _)| *newest < order) {
            by_key.insert(key, (order, row));
        }
    }
    let mut shown: ByKey = by_key.into_iter().map(|(key, (_, row))| (key, row)).collect();
    if !OF_DELETED.contains(&stream) {
        shown.retain(|_, row| row[DELETED_AT].is_null());
    }
    for row in shown.values_mut() {
        row.as_object_mut().expect("a row is an object").remove(DELETED_AT);
    }
    shown
}

/// The rows that the view of a stream should show now.
pub(crate) fn living(sim: &Simulator, stream: &str) -> ByKey {
    let mut rows = listing(sim, stream);
    let marked = ["tickets", "users", "organizations", "groups", "ticket_metric_events", "brands"];
    let is_marked = marked.contains(&stream)
        || stream == "satisfaction_reasons"
        || stream.starts_with("custom_object_records_");
    if is_marked {
        let truth = truth(sim, stream);
        rows.retain(|key, _| truth.get(key).is_none_or(|(_, is_deleted)| !is_deleted));
    }
    rows
}

/// Complaints about the rows that the views show of these streams. Extra rows count only when
/// `exactly` is set.
pub(crate) fn complaints(
    sim: &Simulator,
    into: &Into<'_, '_>,
    streams: &[&str],
    exactly: bool,
) -> Vec<String> {
    let of_stream =
        |stream: &&str| differences(stream, &living(sim, stream), &shown(into, stream), exactly);
    streams.iter().flat_map(of_stream).collect()
}

#[test]
fn what_is_filed_is_the_account() {
    let sim = of_brands(880, 2);
    let connector = Connector::new(&sim);
    settle(&sim);
    let (all, _) = streams(&connector);
    let into = Into::new(&connector);
    into.complete(&[]);
    let all = names(&all);
    let found = complaints(&sim, &into, &all, true);
    assert!(found.is_empty(), "{found:#?}");
    let sql = std::fs::read_to_string(into.file("views.sql")).expect("the views are there");
    for stream in &all {
        assert!(sql.contains(&format!("view \"{stream}\" as")), "{stream} has no view");
    }
    // What comes again is not shown twice, and a full refresh takes the place of the one before.
    into.complete(&[]);
    let found = complaints(&sim, &into, &all, true);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn changes_and_deletions_arrive_with_the_next_sync() {
    for seed in seeds(881, 2) {
        let sim = of_brands(seed, 2);
        let connector = Connector::new(&sim);
        settle(&sim);
        let (all, incremental) = streams(&connector);
        let incremental: BTreeSet<&str> = names(&incremental).into_iter().collect();
        let into = Into::new(&connector);
        into.complete(&[]);
        let changes = Changes::default();
        let mut chance = Prng::new(seed);
        for _ in 0..3 {
            sim.account(|account| {
                for _ in 0..30 {
                    changes.change(account, &mut chance);
                }
                let tickets = account.keys("tickets");
                let living =
                    |key: &&String| account.row("tickets", key).is_some_and(|row| !row.deleted);
                let chosen: Vec<String> =
                    tickets.iter().filter(living).skip(2).take(2).cloned().collect();
                chosen.iter().for_each(|key| account.delete("tickets", key));
            });
            settle(&sim);
            into.complete(&[]);
        }
        let whole: Vec<&str> =
            names(&all).into_iter().filter(|name| !incremental.contains(name)).collect();
        let found = complaints(&sim, &into, &whole, true);
        assert!(found.is_empty(), "{found:#?}");
        let tickets = shown(&into, "tickets");
        let living = living(&sim, "tickets");
        assert_eq!(tickets.keys().collect::<Vec<_>>(), living.keys().collect::<Vec<_>>());
        let found = complaints(&sim, &into, &["tickets", "users", "organizations", "groups"], true);
        assert!(found.is_empty(), "{found:#?}");
    }
}

#[test]
fn a_stream_whose_folder_is_deleted_is_read_again() {
    let sim = of_brands(893, 1);
    let connector = Connector::new(&sim);
    settle(&sim);
    let into = Into::new(&connector);
    let streams = ["tickets", "tags", "macros"];
    for deleted in streams {
        into.complete(&streams);
        std::fs::remove_dir_all(into.file(deleted)).expect("it is there");
        into.complete(&streams);
        let found = complaints(&sim, &into, &streams, true);
        assert!(found.is_empty(), "without {deleted}: {found:#?}");
    }
    // Streams that are not selected keep what they have.
    into.complete(&["tags"]);
    let found = complaints(&sim, &into, &streams, true);
    assert!(found.is_empty(), "{found:#?}");
    let sql = std::fs::read_to_string(into.file("views.sql")).expect("the views are there");
    assert_eq!(sql.matches("create or replace view").count(), streams.len());
    let state = into.state();
    let kept = state["state"].as_array().expect("states").iter();
    let kept: Vec<&Value> =
        kept.map(|state| &state["stream"]["stream_descriptor"]["name"]).collect();
    assert_eq!(kept, ["macros", "tickets"], "a full refresh that is complete has no state");
}

#[test]
fn read_goes_on_from_the_state_of_a_sync() {
    let sim = of_brands(882, 1);
    let connector = Connector::new(&sim);
    settle(&sim);
    let into = Into::new(&connector);
    into.complete(&["tickets", "tags"]);
    let state = into.state();
    assert_eq!(state["subdomain"], "acme");
    let run = connector.read_from(&["tickets"], "incremental", &state).complete();
    assert_eq!(run.records("tickets").len(), 0);
}
