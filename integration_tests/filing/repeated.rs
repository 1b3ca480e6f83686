//! `--every`: again and again, through failures, until the program is asked to end.

use std::path::Path;
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

#[test]
fn a_sync_is_repeated_through_a_failure_until_it_is_asked_to_end() {
    let sim = of_brands(891, 1);
    let connector = Connector::new(&sim);
    settle(&sim);
    let into = Into::new(&connector);
    let log = connector.staging().join("log");
    let mut command = into.command(&STREAMS);
    // A tenth of a second on the simulator's clock.
    command.arg("--every").arg("1m");
    command.stdout(std::fs::File::create(&log).expect("a log"));
    let mut running = Running::start(command);
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
