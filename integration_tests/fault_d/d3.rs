//! Many workers read grandchildren. Few requests wait at a time, and each is woken once.

use serde_json::json;
use simulator::{Plan, Settings, Simulator, Size};

use crate::expected::{listing, newest};
use crate::harness::{Connector, FULL, SCALE};

const STREAMS: [&str; 2] = ["article_comments", "article_comment_votes"];

#[test]
fn forty_workers_keep_a_few_requests_waiting_for_each_and_read_all() {
    let workers = 40;
    let settings = Settings {
        seed: 440,
        scale: SCALE,
        size: Size::Of(&[
            ("articles", 60),
            ("article_comments", 2_000),
            ("article_comment_votes", 1_500),
        ]),
        plan: Plan::EnterprisePlus,
        page_cap: None,
        ..Settings::default()
    };
    let sim = Simulator::start(settings).expect("the simulator starts");
    sim.advance_seconds(70);
    let mut connector = Connector::new(&sim);
    connector.config["num_workers"] = json!(workers);
    let mut command = connector.read_command(&STREAMS, FULL, &[]);
    command.env("LOG_LEVEL", "debug");
    let run = connector.run(command, usize::MAX).complete();
    for stream in STREAMS {
        assert_eq!(newest(stream, run.records(stream)), listing(&sim, stream), "{stream}");
    }
    assert!(sim.peak_in_flight() <= workers, "{}", sim.peak_in_flight());
    // Two for each worker at each of the two levels.
    let told = run.logs("DEBUG").into_iter().find_map(|line| {
        let (_, number) = line.split_once("requests that waited at the same time: ")?;
        number.split(' ').next()?.parse::<usize>().ok()
    });
    let most = told.expect("a line about waiting requests");
    assert!(most > workers / 2 && most <= 4 * workers, "{most} requests waited at once");
}
