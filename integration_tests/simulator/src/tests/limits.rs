//! Rate limits: buckets, headers, refusals.

use super::*;
use crate::{HeaderSpelling, Plan};

#[test]
fn exports_share_ten_a_minute_and_refusals_differ_in_shape() {
    let simulator = start(Settings::default());
    let routes =
        ["incremental/tickets/cursor?start_time=0", "incremental/organizations?start_time=0"];
    for n in 0..10 {
        let got = get(&simulator, routes[n % 2]);
        assert_eq!(got.status, 200);
        let shown = got.header("zendesk-ratelimit-incremental-exports").unwrap().to_owned();
        assert!(shown.starts_with(&format!("total=10; remaining={}; resets=", 9 - n)), "{shown}");
    }
    let mut bodies = BTreeSet::new();
    for n in 0..4 {
        let got = get(&simulator, routes[n % 2]);
        assert_eq!(got.status, 429);
        let wait: i64 = got.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait));
        bodies.insert(got.text());
    }
    assert_eq!(bodies.len(), 4, "JSON, text, HTML, nothing");
    assert_eq!(simulator.limit_refusals()["incremental-exports"], 4);
    assert_eq!(get(&simulator, "incremental/users/cursor?start_time=0").status, 200);
    assert_eq!(get(&simulator, "help_center/incremental/articles?start_time=0").status, 200);
    simulator.advance_seconds(60);
    assert_eq!(get(&simulator, routes[0]).status, 200);
}

#[test]
fn account_and_help_center_have_pools_of_their_own() {
    let simulator = start(Settings { plan: Plan::Essential, ..Settings::default() });
    for _ in 0..10 {
        assert_eq!(get(&simulator, "tags").status, 200);
    }
    assert_eq!(get(&simulator, "tags").status, 429);
    let got = get(&simulator, "community/topics");
    assert_eq!((got.status, got.header("x-rate-limit-remaining")), (200, Some("9")));
    assert!(got.header("ratelimit-reset").is_none());
}

#[test]
fn others_spend_of_the_same_quota() {
    let simulator = start(Settings::default());
    simulator.other_program("account", 700);
    simulator.advance_seconds(30);
    let got = get(&simulator, "tags");
    let left: u32 = got.header("x-rate-limit-remaining").unwrap().parse().unwrap();
    assert!((340..=350).contains(&left), "{left}");
}

#[test]
fn spelling_of_2023() {
    let simulator = start(Settings::default());
    simulator.knobs(|knobs| knobs.header_spelling = HeaderSpelling::Of2023);
    let got = get(&simulator, "tags");
    assert_eq!(got.header("rate-limit"), Some("700"));
    assert_eq!(got.header("rate-limit-remaining"), Some("699"));
    assert!(got.header("zendesk-rate-limit-tags-index").is_some());
    assert!(got.header("ratelimit-limit").is_none());
}

#[test]
fn every_answer_is_dated_in_simulated_time() {
    let simulator = tiny();
    simulator.advance_seconds(86_400);
    let date = get(&simulator, "tags").header("date").unwrap().to_owned();
    assert!(date.starts_with("Sun, 22 Nov 2026 00:00:"), "{date}");
}
