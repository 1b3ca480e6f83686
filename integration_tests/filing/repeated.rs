//! `--every`: syncs again and again, also after failures, until the program is told to stop.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use simulator::{Fault, Faults};

use super::shown::complaints;
use super::{Into, settle};
use crate::harness::{Connector, of_brands};
use crate::program::{Running, run, wait_until};

const STREAMS: [&str; 2] = ["tickets", "tags"];

fn text_of(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// Starts a sync that is repeated each minute of the simulator's clock, a tenth of a second. Its
/// messages go to the file that is returned.
fn repeated(into: &Into<'_, '_>) -> (Running, PathBuf) {
    let log = into.connector.staging().join("log");
    let mut command = into.command(&STREAMS);
    command.arg("--every").arg("1m");
    command.stdout(std::fs::File::create(&log).expect("a log"));
    (Running::start(command), log)
}

#[test]
fn a_sync_is_repeated_through_a_failure_until_it_is_asked_to_end() {
    let sim = of_brands(891, 1);
    let connector = Connector::new(&sim);
    settle(&sim);
    let into = Into::new(&connector);
    let (mut running, log) = repeated(&into);
    let syncs = || text_of(&log).matches("rows saved").count();
    let failures = || text_of(&log).matches("ERROR").count();
    wait_until("three syncs are over", || syncs() >= 3);
    let is_out = Arc::new(AtomicBool::new(true));
    let out = Arc::clone(&is_out);
    sim.faults(Faults::by(move |_| {
        out.load(Ordering::Relaxed).then(|| Fault::Status {
            status: 401,
            headers: Vec::new(),
            body: r#"{"error":"Couldn't authenticate you"}"#.into(),
        })
    }));
    let before = failures();
    wait_until("a sync has failed", || failures() > before);
    sim.account(|account| {
        let keys = account.keys("tickets");
        account.delete("tickets", &keys[0]);
    });
    settle(&sim);
    is_out.store(false, Ordering::Relaxed);
    wait_until("the deletion is filed", || complaints(&sim, &into, &STREAMS, true).is_empty());
    assert!(!running.has_ended());
    running.terminate();
    let ended = running.end_within(Duration::from_secs(20));
    assert_eq!(ended.code, Some(143), "{}", text_of(&log));
    into.complete(&STREAMS);
    assert!(complaints(&sim, &into, &STREAMS, true).is_empty());
}

/// The generations of a stream that its folder holds.
fn generations(into: &Into<'_, '_>, stream: &str) -> Vec<u32> {
    let entries = std::fs::read_dir(into.file(stream)).expect("a folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let mut found: Vec<u32> =
        names.filter_map(|name| name.to_str()?.parse().ok()).filter(|one| *one > 0).collect();
    found.sort_unstable();
    found
}

#[test]
fn a_query_that_has_begun_keeps_its_files_and_views_name_the_newest() {
    let sim = of_brands(894, 1);
    let connector = Connector::new(&sim);
    settle(&sim);
    let into = Into::new(&connector);
    for newest in 1_u32..=4 {
        into.complete(&STREAMS);
        let sql = text_of(&into.file("views.sql"));
        assert!(sql.contains(&format!("'tags/{newest:08}/*.jsonl.gz'")), "{sql}");
        assert!(sql.contains("'tickets/00000001/*.jsonl.gz'"), "{sql}");
        let kept: Vec<u32> = (1.max(newest - 1)..=newest).collect();
        assert_eq!(generations(&into, "tags"), kept);
    }
    // What a sync begins, it does not take away from who reads.
    let mut command = into.command(&STREAMS);
    command.stdout(std::process::Stdio::null());
    sim.faults(Faults::by(move |seen| {
        seen.target().contains("tags").then_some(Fault::Timeout { ms: 3_600_000 })
    }));
    let mut running = Running::start(command);
    wait_until("a full refresh has begun", || into.file("tags/unfinished").exists());
    assert_eq!(generations(&into, "tags"), [3, 4]);
    running.kill();
    sim.faults(Faults::none());
    sim.until_alone();
    into.complete(&STREAMS);
    assert!(complaints(&sim, &into, &STREAMS, true).is_empty());
}

#[test]
fn an_older_state_that_was_put_back_costs_a_read_and_no_rows() {
    let sim = of_brands(895, 1);
    let connector = Connector::new(&sim);
    settle(&sim);
    let into = Into::new(&connector);
    into.complete(&STREAMS);
    let old = std::fs::read(into.file("state.json")).expect("the state is there");
    into.complete(&STREAMS);
    into.complete(&STREAMS);
    std::fs::write(into.file("state.json"), old).expect("it is put back");
    for _ in 0..2 {
        into.complete(&STREAMS);
        assert!(complaints(&sim, &into, &STREAMS, true).is_empty());
    }
    assert_eq!(generations(&into, "tags"), [4, 5]);
}

#[test]
fn a_folder_that_was_deleted_and_made_by_another_sync_is_that_ones() {
    let sim = of_brands(896, 1);
    let connector = Connector::new(&sim);
    settle(&sim);
    let into = Into::new(&connector);
    let (mut first, log) = repeated(&into);
    wait_until("a sync is over", || text_of(&log).contains("rows saved"));
    // Another process takes the folder under the same name.
    std::fs::rename(&into.path, connector.staging().join("aside")).expect("it is moved");
    let mut command = into.command(&STREAMS);
    command.arg("--every").arg("365d").stdout(std::process::Stdio::null());
    let mut second = Running::start(command);
    // Whichever is quicker has the folder, and the other one does not.
    wait_until("one of them is refused", || {
        second.has_ended() || text_of(&log).contains("Another sync")
    });
    first.kill();
    second.kill();
    sim.until_alone();
    into.complete(&STREAMS);
    assert!(complaints(&sim, &into, &STREAMS, true).is_empty());
}

#[test]
fn a_sync_that_cannot_begin_is_not_repeated() {
    let sim = of_brands(892, 1);
    let connector = Connector::new(&sim);
    let into = Into::new(&connector);
    std::fs::create_dir_all(&into.path).expect("a folder");
    std::fs::write(into.file("mine.txt"), "mine").expect("a file");
    let mut command = into.command(&STREAMS);
    command.arg("--every").arg("1h");
    let ended = run(command);
    assert_eq!(ended.code, Some(1));
    let mut command = into.command(&STREAMS);
    command.arg("--every").arg("soon");
    let ended = run(command);
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("such as 15m or 1h"), "{}", ended.stderr);
}

#[test]
fn a_sync_that_is_stopped_before_it_knows_its_streams_warns_of_nothing() {
    let sim = of_brands(897, 1);
    let connector = Connector::new(&sim);
    let into = Into::new(&connector);
    sim.faults(Faults::by(|_| Some(Fault::Timeout { ms: 3_600_000 })));
    let (mut running, log) = repeated(&into);
    wait_until("the account is asked", || {
        sim.requests().iter().any(|seen| seen.target().contains("users/me"))
    });
    running.terminate();
    let ended = running.end_within(Duration::from_secs(20));
    let told = text_of(&log);
    assert_eq!(ended.code, Some(143), "{told}");
    assert_eq!(told, "INFO 0 rows saved\n");
}
