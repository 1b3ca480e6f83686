//! Posts and articles whose numbers changed but whose time did not.

use serde_json::Value;
use simulator::Simulator;

use crate::expected::listing;
use crate::harness::{Connector, INCREMENTAL, Run, of_brands};

const UNTIL_VISIBLE_SECONDS: i64 = 70;

/// The rows of a stream with this id.
fn rows(run: &Run, stream: &str, id: &str) -> Vec<Value> {
    let rows = run.records(stream).into_iter().filter(|row| row["id"].as_u64() == id.parse().ok());
    rows.cloned().collect()
}

/// Reads, changes the numbers of some rows (a vote on one, a comment on another if the parent
/// counts them), and reads twice more.
fn after_votes(streams: &[&str], parent: &'static str, seed: u64) {
    let sim = of_brands(seed, 2);
    let connector = Connector::new(&sim);
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    let first = connector.read(streams, INCREMENTAL, &[]).complete();
    sim.advance_seconds(3600);
    let changed = changed(&sim, parent);
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    let states = first.states_over(&[]);
    let second = connector.read(streams, INCREMENTAL, &states).complete();
    let expected = listing(&sim, parent);
    for id in &changed {
        let came = rows(&second, parent, id);
        assert_eq!(came.last(), expected.get(id), "{streams:?}: {parent} {id}");
    }
    // Few come besides: those that share a bucket, and those at the edge of the last read.
    let came = second.records(parent).len();
    assert!(came <= changed.len() + 6, "{streams:?}: {came} rows of {parent}");
    sim.advance_seconds(3600);
    let states = second.states_over(&states);
    let third = connector.read(streams, INCREMENTAL, &states).complete();
    for id in &changed {
        assert!(rows(&third, parent, id).is_empty(), "{streams:?}: {parent} {id} came again");
    }
    let state = third.state(parent).expect("a state").to_string();
    assert!(state.len() <= 16 << 10, "{} bytes", state.len());
}

fn changed(sim: &Simulator, parent: &'static str) -> Vec<String> {
    sim.account(|account| {
        let keys = account.keys(parent);
        account.add_counted_vote(parent, &keys[2]).expect("a vote");
        account.add_counted_vote(parent, &keys[3]).expect("a vote");
        let mut changed = vec![keys[2].clone(), keys[3].clone()];
        if parent == "posts" {
            account.add_counted_comment(&keys[5]).expect("a comment");
            changed.push(keys[5].clone());
        }
        changed
    })
}

#[test]
fn a_post_whose_numbers_moved_is_delivered_with_and_without_its_children() {
    after_votes(&["posts"], "posts", 95);
    after_votes(&["posts", "post_votes", "post_comments"], "posts", 96);
}

#[test]
fn an_article_whose_numbers_moved_is_delivered_where_they_are_looked_at() {
    after_votes(&["articles", "article_votes"], "articles", 97);
}
