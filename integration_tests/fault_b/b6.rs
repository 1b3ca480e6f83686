//! One parent whose listing fails in every sync, and an outage of the listings of all parents.

use simulator::{Fault, Faults, Simulator};

use crate::equality::Warehouse;
use crate::expected::listing;
use crate::harness::{Connector, INCREMENTAL, Run};
use crate::skips::account_of;

const STREAMS: [&str; 3] = ["articles", "article_comments", "article_votes"];

/// More syncs than one parent may hold up a stream's position.
const SYNCS: usize = 6;

/// Makes the listings below one article fail with this fault.
fn fail_one(sim: &Simulator, feed: &'static str, article: &str, fault: Fault) {
    let part = format!("/articles/{article}/");
    sim.faults(Faults::by(move |seen| {
        (seen.feed == feed && seen.path.contains(&part)).then(|| fault.clone())
    }));
}

fn article(sim: &Simulator, nth: usize) -> String {
    sim.account(|account| account.keys("articles")[nth].clone())
}

/// Syncs until a sync completes. Returns the number of syncs and the last run.
fn sync_until_complete(
    connector: &Connector<'_>,
    streams: &[&str],
    warehouse: &mut Warehouse,
) -> (usize, Run) {
    for syncs in 1..=SYNCS {
        let run = connector.read(streams, INCREMENTAL, &warehouse.states);
        warehouse.take(&run);
        if run.code == Some(0) {
            return (syncs, run);
        }
        let state = run.state("article_comments").map_or(0, |state| state.to_string().len());
        assert!(state <= 8 << 10, "a state of {state} bytes");
    }
    panic!("{SYNCS} syncs ended at the same parent");
}

fn told(run: &Run, stream: &str) -> String {
    let own = format!("{stream}: ");
    let told = run.logs("WARN");
    let told = told.iter().find(|line| line.starts_with(&own) && line.contains("parents"));
    told.map(|line| (*line).to_owned()).unwrap_or_default()
}

/// Fails unless the stream ends incomplete in every sync while the fault lasts, and all rows come
/// after it.
fn nothing_is_passed_over(sim: &Simulator, connector: &Connector<'_>, what: &str) {
    let mut warehouse = Warehouse::default();
    for _ in 0..SYNCS {
        let states = warehouse.states.clone();
        let run = connector.read(&STREAMS, INCREMENTAL, &states);
        assert_eq!(run.status("article_comments"), Some("INCOMPLETE"));
        warehouse.take(&run);
    }
    sim.faults(Faults::none());
    let states = warehouse.states.clone();
    warehouse.take(&connector.read(&STREAMS, INCREMENTAL, &states).complete());
    let found = warehouse.differences(sim, &["article_comments", "article_votes"]);
    assert!(found.is_empty(), "{what}: {found:#?}");
}

#[test]
fn a_parent_that_fails_in_every_sync_is_passed_over_after_some_and_told() {
    for (what, fault) in [
        ("answered 500", Fault::status(500)),
        ("cannot be decompressed", Fault::BrokenGzip),
        ("Just a moment", Fault::Html),
        ("answered 418", Fault::status(418)),
    ] {
        for nth in [0, 5, 11] {
            let sim = account_of(12);
            let connector = Connector::new(&sim);
            let bad = article(&sim, nth);
            fail_one(&sim, "article_comments", &bad, fault.clone());
            let mut warehouse = Warehouse::default();
            let (syncs, run) = sync_until_complete(&connector, &STREAMS, &mut warehouse);
            assert_eq!(syncs, 4, "{what} at {nth}");
            let told = told(&run, "article_comments");
            assert!(told.starts_with("article_comments: 1 parents"), "{what}: {told}");
            assert!(told.contains(&format!("/articles/{bad}/comments")), "{what}: {told}");
            assert!(told.contains(what), "{what}: {told}");
            // Nothing else is missing.
            let missing = warehouse.differences(&sim, &["article_comments", "article_votes"]);
            let lost = comments(&sim, std::slice::from_ref(&bad));
            assert_eq!(missing.len(), lost, "{what}: {missing:#?}");
            // It is read again when it changes and answers.
            sim.faults(Faults::none());
            sim.advance_seconds(3600);
            sim.account(|account| account.touch("articles", &bad));
            sim.advance_seconds(70);
            let states = warehouse.states.clone();
            warehouse.take(&connector.read(&STREAMS, INCREMENTAL, &states).complete());
            let found = warehouse.differences(&sim, &["article_comments"]);
            assert!(found.is_empty(), "{what}: {found:#?}");
        }
    }
}

#[test]
fn two_parents_that_fail_are_passed_over_together() {
    let sim = account_of(12);
    let connector = Connector::new(&sim);
    let bad = [article(&sim, 2), article(&sim, 9)];
    let below_them = bad.clone();
    sim.faults(Faults::by(move |seen| {
        let is_bad = below_them.iter().any(|id| seen.path.contains(&format!("/articles/{id}/")));
        (is_bad && seen.feed == "article_comments").then(|| Fault::status(500))
    }));
    let mut warehouse = Warehouse::default();
    let (syncs, run) = sync_until_complete(&connector, &STREAMS, &mut warehouse);
    assert_eq!(syncs, 4);
    assert!(told(&run, "article_comments").starts_with("article_comments: 2 parents"));
    let lost = comments(&sim, &bad);
    assert_eq!(warehouse.differences(&sim, &["article_comments"]).len(), lost);
}

#[test]
fn below_a_row_that_fails_in_every_sync_grandchildren_are_passed_over_too() {
    let streams = ["articles", "article_comments", "article_comment_votes"];
    let sim = account_of(8);
    let connector = Connector::new(&sim);
    let bad = article(&sim, 3);
    fail_one(&sim, "article_comment_votes", &bad, Fault::status(500));
    let mut warehouse = Warehouse::default();
    let (syncs, run) = sync_until_complete(&connector, &streams, &mut warehouse);
    assert_eq!(syncs, 4);
    let told = told(&run, "article_comment_votes");
    assert!(told.contains(&format!("/articles/{bad}/comments/")), "{told}");
    let found = warehouse.differences(&sim, &["article_comments"]);
    assert!(found.is_empty(), "{found:#?}");
}

/// An outage is not a fault of one parent. It may affect all parents, or all from some parent on.
#[test]
fn an_outage_passes_over_nobody_however_long_it_lasts() {
    for from in [0, 4] {
        let sim = account_of(12);
        let connector = Connector::new(&sim);
        let mut asked = 0;
        sim.faults(Faults::by(move |seen| {
            let is_asked = seen.feed == "article_comments" && seen.status == 0;
            asked += usize::from(is_asked);
            (is_asked && asked > from).then(|| Fault::status(500))
        }));
        nothing_is_passed_over(&sim, &connector, &format!("from {from}"));
    }
}

/// More parents come after the failing one than a position can remember.
#[test]
fn behind_a_parent_that_fails_many_are_read_without_being_forgotten() {
    let sim = account_of(300);
    let connector = Connector::new(&sim);
    let bad = article(&sim, 10);
    fail_one(&sim, "article_comments", &bad, Fault::status(500));
    let mut warehouse = Warehouse::default();
    let (syncs, _) = sync_until_complete(&connector, &STREAMS, &mut warehouse);
    assert_eq!(syncs, 4);
    let lost = comments(&sim, &[bad]);
    assert_eq!(warehouse.differences(&sim, &["article_comments"]).len(), lost);
}

/// The failing parent is the last, so later syncs have no other parent to read. They read one again
/// that they have read before.
#[test]
fn where_nothing_else_is_to_be_read_one_that_was_read_before_shows_that_it_fails_alone() {
    let sim = account_of(5);
    sim.advance_seconds(3600);
    let bad = sim.account(|account| {
        let last = account.create("articles");
        account.add_comment("articles", &last);
        last
    });
    sim.advance_seconds(70);
    let connector = Connector::new(&sim);
    fail_one(&sim, "article_comments", &bad, Fault::status(500));
    let mut warehouse = Warehouse::default();
    let (syncs, run) = sync_until_complete(&connector, &STREAMS, &mut warehouse);
    assert_eq!(syncs, 4);
    assert!(told(&run, "article_comments").contains(&format!("/articles/{bad}/comments")));
    assert_eq!(warehouse.differences(&sim, &["article_comments"]).len(), 1);
}

/// The parent is the only one in its listing, so nothing can show that it fails alone. The position
/// waits.
#[test]
fn one_parent_alone_is_never_passed_over() {
    let sim = account_of(1);
    let connector = Connector::new(&sim);
    sim.faults(Faults::endless("article_comments", Fault::status(500)));
    nothing_is_passed_over(&sim, &connector, "all fail");
}

/// Votes that show only in the numbers of their parent.
#[test]
fn a_parent_that_its_numbers_name_is_passed_over_too_and_the_walk_goes_on() {
    let sim = account_of(6);
    let connector = Connector::new(&sim);
    let mut warehouse = Warehouse::default();
    warehouse.take(&connector.read(&STREAMS, INCREMENTAL, &[]).complete());
    let (bad, fine) = (article(&sim, 1), article(&sim, 4));
    fail_one(&sim, "article_votes", &bad, Fault::status(500));
    for sync in 1..=4 {
        sim.advance_seconds(3600);
        let vote = sim.account(|account| {
            account.add_counted_vote("articles", &bad);
            account.add_counted_vote("articles", &fine).expect("a vote")
        });
        sim.advance_seconds(70);
        let states = warehouse.states.clone();
        let run = connector.read(&STREAMS, INCREMENTAL, &states);
        assert_eq!(run.code, Some(i32::from(sync < 4)), "{sync}");
        let came = run.records("article_votes");
        assert!(came.iter().any(|row| row["id"].as_u64() == vote.parse().ok()), "{sync}");
        warehouse.take(&run);
    }
}

/// The number of comments of these articles.
fn comments(sim: &Simulator, articles: &[String]) -> usize {
    let rows = listing(sim, "article_comments").into_values();
    rows.filter(|row| articles.contains(&row["source_id"].to_string())).count()
}
