//! Waits for rate limits: how they are reported, and the share of a limit that the user leaves to
//! other programs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use simulator::{Settings, Simulator};

use crate::harness::{Connector, FULL, catalog, simulator};

#[test]
fn a_long_wait_is_told_in_a_line_and_as_the_platform_reads_it() {
    // Slower than usual, so that a minute is far longer than its ten requests take.
    let scale = 60.0;
    let settings = Settings { seed: 95, scale, ..Settings::default() };
    let sim = Simulator::start(settings).expect("the simulator starts");
    sim.account(|account| (0..60).for_each(|_| drop(account.create("tickets"))));
    sim.advance_seconds(70);
    let connector = Connector::new(&sim);
    let began = sim.now_unix();
    let mut command = connector.command("read");
    command.env("ZENDESK_CLOCK_SCALE", scale.to_string());
    command.arg("--config").arg(connector.file("config.json", &connector.config));
    let catalog = catalog(&["tickets", "ticket_metrics", "tags"], FULL);
    command.arg("--catalog").arg(connector.file("catalog.json", &catalog));
    let run = connector.run(command, usize::MAX).complete();
    let is_wait = |line: &&&str| line.contains("continuing in");
    let told: Vec<String> =
        run.logs("INFO").iter().filter(is_wait).map(|line| (*line).to_owned()).collect();
    assert!(!told.is_empty(), "more than ten pages a minute were never waited for");
    let limit = "the rate limit of incremental exports is used up";
    assert!(told.iter().all(|line| line.contains(limit)), "{told:?}");
    let statuses: Vec<&Value> = run
        .messages
        .iter()
        .map(|message| &message["trace"]["stream_status"])
        .filter(|status| status["reasons"].is_array())
        .collect();
    // Both streams of the walk wait; nobody else does.
    assert_eq!(statuses.len(), 2 * told.len(), "{statuses:?}");
    for status in statuses {
        assert_eq!(status["status"], "RUNNING");
        let name = &status["stream_descriptor"]["name"];
        assert!(name == "tickets" || name == "ticket_metrics", "{name}");
        let reasons = status["reasons"].as_array().expect("reasons");
        assert_eq!((reasons.len(), &reasons[0]["type"]), (1, &Value::from("RATE_LIMITED")));
        let reset = reasons[0]["rate_limited"]["quota_reset"].as_i64().expect("a number");
        assert!(reset / 1000 > began && reset / 1000 <= sim.now_unix() + 120, "{reset}");
    }
}

#[test]
fn no_more_than_the_users_share_of_a_limit_is_used() {
    let sim = simulator(96);
    let mut connector = Connector::new(&sim);
    sim.advance_seconds(70);
    connector.config["api_quota_percent"] = 30.into();
    // Exports by the second of the simulator's clock in which they came.
    let seconds: Arc<Mutex<BTreeMap<i64, usize>>> = Arc::default();
    let seen = Arc::clone(&seconds);
    sim.on_request(move |request, account| {
        if request.path.contains("/api/v2/incremental/") {
            let mut seconds = seen.lock().expect("no test panicked in it");
            *seconds.entry(account.now()).or_default() += 1;
        }
    });
    connector.read(&["tickets", "organizations"], FULL, &[]).complete();
    sim.no_hook();
    let seconds = seconds.lock().expect("no test panicked in it").clone();
    let all: usize = seconds.values().sum();
    assert!(all > 6, "{all} pages fill no two minutes");
    // Three of the ten requests that each of Zendesk's minutes allows. These do not begin when we
    // do, so that two of them may lie in sixty seconds of ours, and one more in the whole.
    let (first, last) = (seconds.keys().next(), seconds.keys().next_back());
    let span = last.zip(first).map_or(0, |(last, first)| last - first);
    let minutes = usize::try_from(span / 60).expect("the clock goes forward") + 2;
    assert!(all <= 3 * minutes, "{all} exports in {minutes} minutes: {seconds:?}");
    for start in seconds.keys() {
        let within: usize = seconds.range(start..&(start + 55)).map(|(_, count)| count).sum();
        assert!(within <= 6, "{within} exports in the minute from {start}: {seconds:?}");
    }
}
