//! Times in the future. A start date in the future is refused. A saved time in the future is
//! reported and kept.

use serde_json::{Value, json};
use simulator::Simulator;

use crate::harness::{Connector, INCREMENTAL, Run, simulator};

fn iso(unix: i64) -> String {
    let time = chrono::DateTime::from_timestamp(unix, 0).unwrap_or_default();
    time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn check(connector: &Connector<'_>) -> (String, String) {
    let mut command = connector.command("check");
    command.arg("--config").arg(connector.file("config.json", &connector.config));
    let run = connector.run(command, usize::MAX);
    let status = run.messages.iter().find(|message| message["type"] == "CONNECTION_STATUS");
    let status = status.expect("a check answers")["connectionStatus"].clone();
    let text = |key: &str| status[key].as_str().unwrap_or_default().to_owned();
    (text("status"), text("message"))
}

fn state(stream: &str, key: &str, saved: Value) -> Vec<Value> {
    vec![json!({ "type": "STREAM", "stream": {
        "stream_descriptor": { "name": stream }, "stream_state": { key: saved } } })]
}

/// The number of WARNs about a stream that contain this word.
fn warned(run: &Run, stream: &str, word: &str) -> usize {
    let start = format!("{stream}: the saved ");
    run.logs("WARN").iter().filter(|line| line.starts_with(&start) && line.contains(word)).count()
}

fn founded(seed: u64) -> Simulator {
    let sim = simulator(seed);
    sim.advance_seconds(70);
    sim
}

#[test]
fn a_start_date_of_the_future_is_refused_by_check_and_read_and_any_other_is_not() {
    let sim = founded(4600);
    let mut connector = Connector::new(&sim);
    let dates = [
        "2205-01-01T00:00:00Z".to_owned(),
        "9999-12-31".to_owned(),
        iso(sim.now_unix() + 2_592_000),
    ];
    for date in dates {
        connector.config["start_date"] = date.clone().into();
        let (status, message) = check(&connector);
        assert_eq!(status, "FAILED", "{date}");
        assert!(message.contains("`start_date`") && message.contains("future"), "{message}");
        sim.clear_requests();
        let run = connector.read(&["tickets", "groups"], INCREMENTAL, &[]);
        assert_eq!(run.code, Some(1), "{date}");
        let errors = run.messages.iter().map(|message| &message["trace"]["error"]);
        let errors: Vec<&Value> = errors.filter(|error| error.is_object()).collect();
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert_eq!(errors[0]["failure_type"], "config_error");
        assert!(!run.lines.iter().any(|line| line.contains("STARTED")));
    }
    for date in ["today".to_owned(), "7 days".to_owned(), iso(sim.now_unix() - 3600)] {
        connector.config["start_date"] = date.clone().into();
        assert_eq!(check(&connector).0, "SUCCEEDED", "{date}");
    }
}

#[test]
fn a_saved_time_in_milliseconds_is_told_and_brings_what_it_means() {
    let sim = founded(4601);
    let connector = Connector::new(&sim);
    for (stream, key) in
        [("tickets", "generated_timestamp"), ("groups", "updated_at"), ("articles", "updated_at")]
    {
        let seconds = sim.now_unix() - 400 * 86_400;
        let plain =
            connector.read(&[stream], INCREMENTAL, &state(stream, key, json!(seconds))).complete();
        assert!(!plain.records(stream).is_empty(), "{stream}");
        for saved in [json!(seconds * 1000), json!((seconds * 1000 + 123).to_string())] {
            let run = connector.read(&[stream], INCREMENTAL, &state(stream, key, saved)).complete();
            assert_eq!(run.records(stream), plain.records(stream), "{stream}");
            assert_eq!(warned(&run, stream, "seconds"), 1, "{:?}", run.logs("WARN"));
        }
    }
}

#[test]
fn a_saved_time_of_the_future_is_told_once_and_what_changes_next_arrives() {
    let sim = founded(4602);
    let connector = Connector::new(&sim);
    for (stream, key) in
        [("tickets", "generated_timestamp"), ("groups", "updated_at"), ("articles", "updated_at")]
    {
        for saved in
            [json!("4070908800"), json!("2099-01-01T00:00:00Z"), json!(sim.now_unix() + 2_592_000)]
        {
            let first =
                connector.read(&[stream], INCREMENTAL, &state(stream, key, saved)).complete();
            assert_eq!(warned(&first, stream, "future"), 1, "{:?}", first.logs("WARN"));
            assert!(first.logs("WARN").iter().any(|line| line.contains("reset")));
            assert!(first.records(stream).is_empty());
            sim.advance_seconds(120);
            let changed = sim.account(|account| account.create(stream));
            sim.advance_seconds(120);
            let next = connector.read(&[stream], INCREMENTAL, &first.states_over(&[])).complete();
            assert_eq!(warned(&next, stream, "future"), 0);
            let ids = next.records(stream);
            assert!(
                ids.iter().any(|row| row["id"].as_u64() == changed.parse().ok()),
                "{stream} {changed}"
            );
        }
    }
}

#[test]
fn a_start_date_of_the_future_that_an_older_version_froze_binds_no_more() {
    let sim = founded(4603);
    let connector = Connector::new(&sim);
    let far = 7_415_884_800_i64;
    let walk = json!({ "v": 1, "feed": "incremental_tickets", "kind": "start_time", "token": far.to_string(), "fresh": true, "bound": far });
    let saved = json!([{ "type": "STREAM", "stream": { "stream_descriptor": { "name": "tickets" },
        "stream_state": { "generated_timestamp": far.to_string(), "walk": walk } } }]);
    let run = connector.read_from(&["tickets"], INCREMENTAL, &saved).complete();
    let first = connector.read(&["tickets"], INCREMENTAL, &[]).complete();
    assert_eq!(run.records("tickets").len(), first.records("tickets").len());
    assert_eq!(warned(&run, "tickets", "start date"), 1, "{:?}", run.logs("WARN"));
}
