//! Streams that share a feed. None loses a row, whatever their positions are, and soon they cost
//! one walk again.

use serde_json::Value;
use simulator::{Fault, Faults, Latency, Prng, Settings, Simulator};

use crate::equality::Warehouse;
use crate::harness::{Connector, INCREMENTAL, Run, SCALE, seeds};

/// Feeds with three streams each: its rows, a side-load or children of them, and other children.
const FAMILIES: [(&str, [&str; 3]); 3] = [
    ("/incremental/tickets/", ["tickets", "ticket_metrics", "side_conversations"]),
    ("/incremental/articles", ["articles", "article_comments", "article_votes"]),
    ("/community/posts.json", ["posts", "post_comments", "post_votes"]),
];

/// An account where every page takes more than a second, so that a STATE follows each page.
fn simulator(seed: u64) -> Simulator {
    let latency = Latency::Fixed(1500);
    let settings =
        Settings { seed, scale: SCALE, latency, export_latency: latency, ..Settings::default() };
    let sim = Simulator::start(settings).expect("the simulator starts");
    sim.advance_seconds(70);
    sim
}

/// How many requests for other pages may come between two requests for the same page.
const NEAR: usize = 2;

/// Extra pages that windows may cost. A slow run splits off a window after an hour without a
/// change, which costs up to one page. A second pass costs at least sixteen.
const SPLITS: usize = 8;

/// The number of pages of the feed that were requested. A page that is soon requested again counts
/// once: an end that nothing confirms is requested again, and how often depends on the time since
/// the last change. A second pass requests a page again much later.
fn pages(sim: &Simulator, feed: &str) -> usize {
    let seen = sim.requests().into_iter().filter(|seen| seen.path.contains(feed));
    let asked: Vec<_> = seen.map(|seen| (seen.path, seen.raw_query)).collect();
    let is_again = |at: usize| asked[at.saturating_sub(NEAR)..at].contains(&asked[at]);
    (0..asked.len()).filter(|at| !is_again(*at)).count()
}

/// What a platform has of a run that was killed after this many messages.
fn cut(run: &Run, messages: usize) -> Run {
    Run {
        lines: run.lines[..messages].to_vec(),
        messages: run.messages[..messages].to_vec(),
        code: None,
        stderr: String::new(),
    }
}

/// The positions where a STATE is followed by the STATE of another stream, as the number of
/// messages up to the first of the two.
fn between_states(run: &Run) -> Vec<usize> {
    let name = |message: &Value| message["state"]["stream"]["stream_descriptor"]["name"].clone();
    let is_between = |pair: &[Value]| {
        pair.iter().all(|message| message["type"] == "STATE") && name(&pair[0]) != name(&pair[1])
    };
    (1..run.messages.len()).filter(|at| is_between(&run.messages[at - 1..=*at])).collect()
}

fn change(sim: &Simulator, streams: &[&str], chance: &mut Prng) {
    sim.account(|account| {
        // Children come with their parents, of which every third changes.
        let keys = account.keys(streams[0]);
        for key in keys.iter().filter(|_| chance.chance(0.3)) {
            account.touch(streams[0], key);
        }
    });
    sim.advance_seconds(70);
}

#[test]
fn three_streams_at_three_places_lose_nothing_and_become_one_walk() {
    for seed in seeds(700, 1) {
        for (feed, family) in FAMILIES {
            let sim = simulator(seed);
            let connector = Connector::new(&sim);
            let mut chance = Prng::new(seed);
            let mut warehouse = Warehouse::default();
            // One has ended a walk, one stands in the middle of its own, one is new.
            warehouse.take(&connector.read(&family[..1], INCREMENTAL, &[]).complete());
            change(&sim, &family, &mut chance);
            let half = connector.read(&family[1..2], INCREMENTAL, &[]).complete();
            warehouse.take(&cut(&half, half.messages.len() / 2));
            for sync in 0..3 {
                change(&sim, &family, &mut chance);
                if sync == 2 {
                    // The sync after next: all three cost what one of them costs.
                    sim.clear_requests();
                    connector.read(&family[..1], INCREMENTAL, &warehouse.states).complete();
                    let alone = pages(&sim, feed);
                    sim.clear_requests();
                    let run = connector.read(&family, INCREMENTAL, &warehouse.states).complete();
                    assert_eq!(pages(&sim, feed), alone, "seed {seed}, {feed}");
                    warehouse.take(&run);
                } else {
                    let run = connector.read(&family, INCREMENTAL, &warehouse.states).complete();
                    warehouse.take(&run);
                }
                let found = warehouse.differences(&sim, &family);
                assert!(found.is_empty(), "seed {seed}, {feed}, sync {sync}: {found:#?}");
            }
        }
    }
}

#[test]
fn a_kill_between_two_states_loses_nothing_and_costs_no_second_pass() {
    for seed in seeds(710, 1) {
        for (feed, family) in FAMILIES {
            let sim = simulator(seed);
            let connector = Connector::new(&sim);
            // So many pages that a few are not all of them.
            for _ in 0..80 {
                sim.account(|account| drop(account.create(family[0])));
                sim.advance_seconds(1);
            }
            sim.advance_seconds(70);
            sim.clear_requests();
            let whole = connector.read(&family, INCREMENTAL, &[]).complete();
            let in_all = pages(&sim, feed);
            let kills = between_states(&whole);
            assert!(kills.len() >= 3, "seed {seed}, {feed}: {} kills", kills.len());
            let some = kills.iter().step_by(kills.len().div_ceil(8));
            for at in some {
                let mut warehouse = Warehouse::default();
                let part = cut(&whole, *at);
                warehouse.take(&part);
                let listed = part.records(family[0]).len();
                sim.clear_requests();
                let states = warehouse.states.clone();
                let rest = connector.read(&family, INCREMENTAL, &states).complete();
                warehouse.take(&rest);
                let found = warehouse.differences(&sim, &family);
                assert!(found.is_empty(), "seed {seed}, {feed}, after {at}: {found:#?}");
                // Whoever is behind reads from its own page on, and sees by the first row beyond
                // that it has caught up: two pages for each that has to.
                // The numbers of all posts are listed once more where a walk goes on.
                let looks = if feed.contains("posts") { in_all / 2 } else { 0 };
                let most = in_all - listed / 5 + 2 * (family.len() - 1) + 1 + looks + SPLITS;
                let made = pages(&sim, feed);
                assert!(
                    made <= most,
                    "seed {seed}, {feed}, after {at}: {made} of {in_all} pages, {listed} rows had come"
                );
            }
        }
    }
}

#[test]
fn a_leader_that_fails_keeps_nobody_from_reading() {
    let sim = simulator(720);
    let connector = Connector::new(&sim);
    let family = ["tickets", "ticket_metrics"];
    let mut warehouse = Warehouse::default();
    warehouse.take(&connector.read(&family[..1], INCREMENTAL, &[]).complete());
    change(&sim, &family, &mut Prng::new(720));
    // The stream that had ended goes first, and meets a fault for as long as it tries.
    let mut leader = 0;
    sim.faults(Faults::by(move |seen| {
        let is_leaders = seen.param("cursor").is_some() && seen.feed == "tickets";
        leader += usize::from(is_leaders);
        (is_leaders && leader <= 12).then(|| Fault::status(500))
    }));
    let run = connector.read(&family, INCREMENTAL, &warehouse.states);
    assert_eq!(run.status("tickets"), Some("INCOMPLETE"));
    assert_eq!(run.status("ticket_metrics"), Some("COMPLETE"), "{:?}", run.logs("WARN"));
    warehouse.take(&run);
    let found = warehouse.differences(&sim, &family[1..]);
    assert!(found.is_empty(), "{found:#?}");
    sim.faults(Faults::none());
    let states = warehouse.states.clone();
    warehouse.take(&connector.read(&family, INCREMENTAL, &states).complete());
    let found = warehouse.differences(&sim, &family);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn parents_that_events_name_are_read_again_when_a_kill_comes_first() {
    let sim = simulator(730);
    let connector = Connector::new(&sim);
    let family = ["tickets", "side_conversations"];
    let mut before = Warehouse::default();
    before.take(&connector.read(&family, INCREMENTAL, &[]).complete());
    sim.account(|account| {
        for key in account.keys("side_conversations") {
            account.touch("side_conversations", &key);
        }
    });
    sim.advance_seconds(70);
    let whole = connector.read(&family, INCREMENTAL, &before.states).complete();
    assert!(whole.records("tickets").is_empty() && !whole.records("side_conversations").is_empty());
    let is_state = |at: &usize| whole.messages[at - 1]["type"] == "STATE";
    let kills: Vec<usize> = (1..whole.messages.len()).filter(is_state).collect();
    assert!(kills.len() > 5, "{} kills", kills.len());
    for at in kills.iter().step_by(kills.len().div_ceil(6)) {
        let mut warehouse = before.clone();
        warehouse.take(&cut(&whole, *at));
        let states = warehouse.states.clone();
        warehouse.take(&connector.read(&family, INCREMENTAL, &states).complete());
        let found = warehouse.differences(&sim, &family);
        assert!(found.is_empty(), "after {at}: {found:#?}");
    }
}
