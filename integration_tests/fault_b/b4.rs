//! Links that lead back to a page that was already read.

use serde_json::json;
use simulator::Simulator;

use crate::harness::{Connector, FULL, INCREMENTAL, Run, simulator};

/// A stream of each paging dialect with cursors, and a part of the path of its listing.
const CURSORS: [(&str, &str); 6] = [
    ("groups", "/groups.json"),
    ("tickets", "/incremental/tickets"),
    ("ticket_audits", "/ticket_audits"),
    ("found", "/search/export"),
    ("topics", "/community/topics"),
    ("users", "/incremental/users"),
];

fn stops(sim: &Simulator, run: &Run, stream: &str, length: usize) {
    assert_eq!(run.code, Some(1), "{stream} {length}");
    assert_eq!(run.status(stream), Some("INCOMPLETE"), "{stream} {length}");
    let errors = run.messages.iter().map(|message| &message["trace"]["error"]);
    let of_stream = |error: &&serde_json::Value| error["stream_descriptor"]["name"] == stream;
    let error = errors.into_iter().find(of_stream).expect("an error of its own");
    assert_eq!(error["failure_type"], "transient_error");
    let detail = error["internal_message"].as_str().unwrap_or_default();
    for part in ["lead back to a page", "cursor ", "/api/v2/"] {
        assert!(detail.contains(part), "{stream}: {detail}");
    }
    let asked = sim.requests().len();
    assert!(asked < 40, "{stream}: {asked} requests");
}

#[test]
fn a_ring_of_links_is_an_error_that_names_the_place_in_every_dialect() {
    for length in [2, 3] {
        // Some have too few pages for a longer one.
        let streams = if length == 2 { &CURSORS[..] } else { &CURSORS[1..3] };
        for (stream, path) in streams.iter().copied() {
            let sim = simulator(920);
            sim.advance_seconds(70);
            sim.knobs(|knobs| knobs.ring = Some((path.to_owned(), length)));
            let mut connector = Connector::new(&sim);
            connector.config["num_workers"] = 1.into();
            connector.config["search_queries"] =
                json!([{ "name": "found", "query": "type:ticket" }]);
            let run = connector.read(&[stream], FULL, &[]);
            stops(&sim, &run, stream, length);
        }
    }
}

#[test]
fn a_ring_below_a_parent_ends_its_stream_alone() {
    let sim = simulator(921);
    sim.advance_seconds(70);
    let article = sim.account(|account| {
        let article = account.truth("articles").remove(0).key;
        for _ in 0..30 {
            account.add_comment("articles", &article);
        }
        article
    });
    let path = format!("/articles/{article}/comments");
    sim.knobs(|knobs| knobs.ring = Some((path, 2)));
    let run = Connector::new(&sim).read(&["articles", "article_comments"], INCREMENTAL, &[]);
    assert_eq!(run.status("articles"), Some("COMPLETE"));
    assert_eq!(run.status("article_comments"), Some("INCOMPLETE"));
    let (kind, _) = run.error("article_comments").expect("an error");
    assert_eq!(kind, "transient_error");
}

#[test]
fn a_ring_among_the_brands_is_an_error() {
    let sim = simulator(922);
    sim.advance_seconds(70);
    sim.account(|account| {
        for _ in 0..30 {
            account.create("brands");
        }
    });
    sim.knobs(|knobs| knobs.ring = Some(("/brands".to_owned(), 2)));
    let run = Connector::new(&sim).read(&["topics"], FULL, &[]);
    assert_eq!(run.status("topics"), Some("INCOMPLETE"), "{:?}", run.lines.last());
}
