//! Signs of life. Platforms count only RECORD and STATE, and give up on a source that writes none
//! for too long.

use serde_json::Value;
use simulator::{Fault, FaultRule, Faults, Latency, Settings, Simulator, When};

use crate::harness::{Connector, INCREMENTAL, Run, SCALE};

/// An account whose answers take this long, in simulated milliseconds.
fn slow(latency_ms: u64) -> Simulator {
    let latency = Latency::Fixed(latency_ms);
    let settings = Settings { seed: 600, scale: SCALE, latency, ..Settings::default() };
    Simulator::start(settings).expect("the simulator starts")
}

/// Reads one stream. Fails unless the read takes more than half an hour and writes STATE lines
/// only, on average one in five minutes. The average is taken over the whole read because a busy
/// machine may delay single lines.
fn alive(sim: &Simulator, stream: &str, states: &[Value]) -> Run {
    let connector = Connector::new(sim);
    let began = sim.now_unix();
    let run = connector.read(&[stream], INCREMENTAL, states).complete();
    let minutes = (sim.now_unix() - began) / 60;
    assert!(minutes > 30, "{minutes} minutes are no wait");
    assert!(run.records(stream).is_empty(), "a row is a sign of life itself");
    let told = run.messages.iter().filter(|message| message["type"] == "STATE").count() as i64;
    // One interval is lost where the stream has not begun or has ended.
    assert!(told >= minutes / 5 - 1, "{told} states in {minutes} minutes");
    run
}

fn saved(stream: &str, state: Value) -> [Value; 1] {
    [serde_json::json!({ "type": "STREAM",
        "stream": { "stream_descriptor": { "name": stream }, "stream_state": state } })]
}

#[test]
fn a_filter_that_drops_everything_is_no_silence() {
    let sim = slow(25_000);
    sim.account(|account| (0..500).for_each(|_| drop(account.create("macros"))));
    sim.advance_seconds(7200);
    // The odd row claims to be of the future, and rows without a time are always delivered.
    sim.account(|account| {
        for key in account.keys("macros") {
            account.set_field("macros", &key, "updated_at", "\"2020-01-01T00:00:00Z\"");
        }
    });
    let cursor = serde_json::json!({ "updated_at": "2026-11-21T00:30:00Z" });
    alive(&sim, "macros", &saved("macros", cursor));
}

#[test]
fn parents_without_children_are_no_silence() {
    let sim = slow(100_000);
    sim.account(|account| {
        for key in account.keys("article_votes") {
            account.delete("article_votes", &key);
        }
        (0..100).for_each(|_| drop(account.create("articles")));
    });
    sim.advance_seconds(70);
    alive(&sim, "article_votes", &[]);
}

#[test]
fn a_long_wait_is_no_silence() {
    for status in [429, 503] {
        let sim = slow(0);
        sim.account(|account| {
            for key in account.keys("groups") {
                account.set_field("groups", &key, "updated_at", "\"2020-01-01T00:00:00Z\"");
                account.set_field("groups", &key, "deleted", "false");
            }
        });
        sim.advance_seconds(7200);
        let wait = Fault::retry_after(status, 1800);
        let rule = FaultRule::new("/groups", When::Always, wait).at_most(2);
        sim.faults(Faults::rules([rule]));
        let cursor = serde_json::json!({ "updated_at": "2026-11-21T00:30:00Z" });
        let run = alive(&sim, "groups", &saved("groups", cursor.clone()));
        // Nothing moved, so the same state is what there is to say.
        let first = run.messages.iter().find(|message| message["type"] == "STATE");
        let first = &first.expect("a state")["state"]["stream"]["stream_state"];
        assert_eq!(first["updated_at"], cursor["updated_at"]);
    }
}
