//! A reader of stdout that has stopped, and how many pages of children wait for it in memory.

use std::time::{Duration, Instant};

use simulator::{Faults, Simulator};

use crate::harness::{Connector, FULL};
use crate::program::{Running, wait_until};
use crate::skips::account_of;

const WORKERS: usize = 5;

/// The number of requests of a feed that were answered although nobody reads the output, counted
/// when no more requests are made.
fn answered_unread(sim: &Simulator, streams: &[&str], feed: &str) -> usize {
    let mut connector = Connector::new(sim);
    connector.config["num_workers"] = WORKERS.into();
    sim.faults(Faults::none());
    sim.clear_requests();
    let mut running = Running::start(connector.read_command(streams, FULL, &[]));
    let pipe = running.stdout();
    let (mut made, mut since) = (0, Instant::now());
    wait_until("nothing is asked for any more", || {
        let now = sim.requests().len();
        if now != made {
            (made, since) = (now, Instant::now());
        }
        made > 3 && since.elapsed() > Duration::from_secs(2)
    });
    running.kill();
    drop(pipe);
    sim.requests().iter().filter(|seen| seen.feed == feed).count()
}

/// An account with comments whose bodies fill any pipe, and votes on these comments.
fn account() -> Simulator {
    let sim = account_of(60);
    sim.account(|account| {
        for article in account.keys("articles") {
            for _ in 0..20 {
                account.add_comment("articles", &article);
            }
        }
        let body = format!("\"{}\"", "x".repeat(100_000));
        for comment in account.keys("article_comments") {
            account.set_field("article_comments", &comment, "body", &body);
            account.add_vote("article_comments", &comment);
        }
        for vote in account.keys("article_comment_votes") {
            account.set_field("article_comment_votes", &vote, "url", &body);
        }
    });
    sim.advance_seconds(70);
    sim
}

#[test]
fn no_more_pages_of_children_wait_for_a_reader_than_there_are_workers() {
    let sim = account();
    // One page is being written, one waits for that.
    let most = WORKERS + 2;
    let pages = answered_unread(&sim, &["article_comments"], "article_comments");
    assert!(pages <= most, "{pages} pages of comments, {most} may");
    let pages = answered_unread(&sim, &["article_comment_votes"], "article_comment_votes");
    assert!(pages <= most, "{pages} pages of votes, {most} may");
}
