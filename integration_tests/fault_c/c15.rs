//! A limit that hundreds of brands wait for is reported once.

use std::collections::BTreeMap;

use simulator::{Plan, Settings, Simulator};

use crate::expected::{listing, newest};
use crate::harness::{Connector, FULL};

const STREAMS: [&str; 2] = ["articles", "categories"];

#[test]
fn a_limit_is_told_in_one_line_and_one_status_a_stream_whatever_the_number_of_brands() {
    // A minute is far longer than its ten requests take, and sixty brands with two listings each
    // are twelve of them.
    let scale = 60.0;
    let settings = Settings {
        seed: 430,
        scale,
        help_centers: 60,
        plan: Plan::Essential,
        ..Settings::default()
    };
    let sim = Simulator::start(settings).expect("the simulator starts");
    sim.advance_seconds(70);
    let connector = Connector::new(&sim);
    let began = sim.now_unix();
    let mut command = connector.read_command(&STREAMS, FULL, &[]);
    command.env("ZENDESK_CLOCK_SCALE", scale.to_string());
    let run = connector.run(command, usize::MAX).complete();
    let seconds = sim.now_unix() - began;
    let minutes = usize::try_from(seconds / 60).expect("time goes forward") + 2;
    let told = run.logs("INFO").into_iter().filter(|line| line.contains("continuing in")).count();
    assert!((1..=minutes).contains(&told), "{told} lines in {minutes} minutes");
    let mut statuses: BTreeMap<&str, usize> = BTreeMap::new();
    let traces = run.messages.iter().map(|message| &message["trace"]["stream_status"]);
    for status in traces.filter(|status| status["reasons"].is_array()) {
        let name = status["stream_descriptor"]["name"].as_str().expect("a name");
        *statuses.entry(name).or_default() += 1;
    }
    assert!(!statuses.is_empty());
    for (stream, count) in statuses {
        assert!(count <= minutes, "{stream}: {count} statuses in {minutes} minutes");
    }
    // No stream waited longer than the sync took.
    for stream in STREAMS {
        let all = listing(&sim, stream);
        assert_eq!(newest(stream, run.records(stream)), all, "{stream}");
        let closing = run.logs("INFO").into_iter().find_map(|line| {
            let mut words = line.strip_prefix(&format!("{stream}: "))?.split(", ");
            words.find_map(|word| word.strip_suffix(" s waited"))?.parse::<f64>().ok()
        });
        let waited = closing.expect("a closing line");
        assert!(waited > 30.0, "{stream} waited {waited} s of {seconds}");
        assert!(waited <= seconds as f64 + 60.0, "{stream} waited {waited} s of {seconds}");
    }
}

#[test]
fn windows_of_one_export_that_wait_for_one_limit_do_not_add_up_their_waits() {
    let size = simulator::Size::Of(&[("ticket_metric_events", 600)]);
    let settings = Settings { seed: 431, scale: 120.0, size, ..Settings::default() };
    let sim = Simulator::start(settings).expect("the simulator starts");
    sim.advance_seconds(70);
    let mut connector = Connector::new(&sim);
    connector.config["num_workers"] = 10.into();
    let began = sim.now_unix();
    let mut command = connector.read_command(&["ticket_metric_events"], FULL, &[]);
    command.env("ZENDESK_CLOCK_SCALE", "120");
    let run = connector.run(command, usize::MAX).complete();
    let seconds = (sim.now_unix() - began) as f64;
    let closing = run.logs("INFO").into_iter().find(|line| line.contains(" s waited"));
    let waited =
        closing.and_then(|line| line.split(", ").find_map(|word| word.strip_suffix(" s waited")));
    let waited: f64 = waited.expect("a closing line").parse().expect("a number");
    assert!(waited > 60.0 && waited <= seconds + 10.0, "waited {waited} s of {seconds}");
}
