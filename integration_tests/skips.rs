//! Parents whose children cannot be read. If there are few, they are skipped and counted. If there
//! are many, the stream ends and its position stays before the first of them.

use std::collections::BTreeSet;

use simulator::{Fault, Faults, RequestSeen, Settings, Simulator};

use crate::equality::Warehouse;
use crate::harness::{Connector, INCREMENTAL, Run, SCALE};

const CHILDREN: [&str; 2] = ["article_comments", "article_votes"];
const ALL: [&str; 3] = ["articles", "article_comments", "article_votes"];

/// An account with this many articles, each with one comment.
pub(crate) fn account_of(articles: usize) -> Simulator {
    let settings =
        Settings { seed: 500, scale: SCALE, page_cap: Some(1000), ..Settings::default() };
    let sim = Simulator::start(settings).expect("the simulator starts");
    sim.account(|account| {
        let keys = account.keys("articles");
        keys.iter().skip(articles).for_each(|key| account.delete("articles", key));
    });
    for _ in sim.account(|account| account.keys("articles").len())..articles {
        // Not all in one second, so that a position has a place to stand.
        sim.account(|account| drop(account.create("articles")));
        sim.advance_seconds(1);
    }
    sim.account(|account| {
        for key in account.keys("articles") {
            account.add_comment("articles", &key);
        }
    });
    sim.advance_seconds(70);
    sim
}

/// The paths of the requests for a feed of comments or votes, in order.
pub(crate) fn asked(sim: &Simulator, feed: &str) -> Vec<String> {
    let of_feed = |seen: &RequestSeen| seen.feed == feed;
    sim.requests().into_iter().filter(of_feed).map(|seen| seen.path).collect()
}

pub(crate) fn skipped(run: &Run, stream: &str) -> usize {
    let own = format!("{stream}: ");
    let told = run.logs("WARN");
    let told = told.iter().filter_map(|line| line.strip_prefix(own.as_str()));
    let mut told =
        told.filter_map(|line| line.split_once(" parents were skipped: ").map(|(count, _)| count));
    told.next().and_then(|count| count.parse().ok()).unwrap_or_default()
}

/// Answers the requests of a feed with this status, from the nth on.
fn refuse_from(feed: &'static str, nth: usize, status: u16) -> Faults {
    let mut asked = 0;
    Faults::by(move |seen| {
        asked += usize::from(seen.feed == feed);
        (seen.feed == feed && asked > nth).then(|| Fault::status(status))
    })
}

#[test]
fn a_refused_parent_is_passed_over_and_counted() {
    for (status, every) in [(403, 3), (404, 3), (410, 1), (422, 3)] {
        let sim = account_of(12);
        let connector = Connector::new(&sim);
        let mut asked = 0;
        sim.faults(Faults::by(move |seen| {
            let is_asked = seen.feed == "article_comments";
            asked += usize::from(is_asked);
            (is_asked && asked % every == 0).then(|| Fault::status(status))
        }));
        let run = connector.read(&ALL, INCREMENTAL, &[]).complete();
        assert_eq!(skipped(&run, "article_comments"), 12 / every, "{status}");
        assert_eq!(skipped(&run, "article_votes"), 0, "{status}");
        // They are behind the position: the next read does not ask for them again.
        sim.faults(Faults::none());
        sim.clear_requests();
        let states = run.states_over(&[]);
        connector.read(&ALL, INCREMENTAL, &states).complete();
        assert!(self::asked(&sim, "article_comments").is_empty(), "{status}");
    }
}

/// A token loses the right to read comments at some point. The stream ends, its neighbour does not.
/// When the token has the right again, the next read requests everything that was refused.
fn a_lost_scope_ends_the_stream(articles: usize, from: usize, status: u16) {
    let what = format!("{articles} articles, {status} from the {from}th on");
    let sim = account_of(articles);
    let connector = Connector::new(&sim);
    sim.faults(refuse_from("article_comments", from, status));
    sim.clear_requests();
    let run = connector.read(&ALL, INCREMENTAL, &[]);
    assert_eq!(run.code, Some(1), "{what}");
    assert_eq!(run.status("article_comments"), Some("INCOMPLETE"), "{what}");
    assert_eq!(run.error("article_comments").map(|(kind, _)| kind), Some("config_error"), "{what}");
    for other in ["articles", "article_votes"] {
        assert_eq!(run.status(other), Some("COMPLETE"), "{what}: {other}");
    }
    let refused: BTreeSet<String> =
        asked(&sim, "article_comments").into_iter().skip(from).collect();
    assert!(refused.len() <= 120, "{what}: {} were asked in vain", refused.len());
    let mut warehouse = Warehouse::default();
    warehouse.take(&run);
    sim.faults(Faults::none());
    sim.clear_requests();
    let states = warehouse.states.clone();
    warehouse.take(&connector.read(&ALL, INCREMENTAL, &states).complete());
    let again: Vec<String> = asked(&sim, "article_comments");
    let missing: Vec<_> = refused.iter().filter(|path| !again.contains(path)).collect();
    assert!(missing.is_empty(), "{what}: never asked for again: {missing:?}");
    let most = articles - from + 130;
    assert!(again.len() <= most, "{what}: {} asked for again, {most} do", again.len());
    let found = warehouse.differences(&sim, &CHILDREN);
    assert!(found.is_empty(), "{what}: {found:#?}");
}

#[test]
fn a_scope_that_is_lost_among_five_parents_ends_the_stream_before_the_first() {
    a_lost_scope_ends_the_stream(5, 2, 403);
    a_lost_scope_ends_the_stream(5, 0, 401);
}

#[test]
fn a_scope_that_is_lost_among_five_thousand_parents_ends_the_stream_before_the_first() {
    a_lost_scope_ends_the_stream(5000, 2500, 403);
}

#[test]
fn a_scope_that_is_lost_for_grandchildren_holds_their_position_too() {
    let sim = account_of(60);
    let connector = Connector::new(&sim);
    let streams = ["articles", "article_comments", "article_comment_votes"];
    sim.faults(refuse_from("article_comment_votes", 5, 403));
    sim.clear_requests();
    let run = connector.read(&streams, INCREMENTAL, &[]);
    assert_eq!(run.status("article_comment_votes"), Some("INCOMPLETE"));
    assert_eq!(run.status("article_comments"), Some("COMPLETE"));
    let refused: BTreeSet<String> =
        asked(&sim, "article_comment_votes").into_iter().skip(5).collect();
    let mut warehouse = Warehouse::default();
    warehouse.take(&run);
    sim.faults(Faults::none());
    sim.clear_requests();
    let states = warehouse.states.clone();
    warehouse.take(&connector.read(&streams, INCREMENTAL, &states).complete());
    let again = asked(&sim, "article_comment_votes");
    let missing: Vec<_> = refused.iter().filter(|path| !again.contains(path)).collect();
    assert!(missing.is_empty(), "never asked for again: {missing:?}");
    let found = warehouse.differences(&sim, &streams);
    assert!(found.is_empty(), "{found:#?}");
}
