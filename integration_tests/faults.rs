//! Faults between Zendesk and the connector. A fault on some requests costs only time. A fault on
//! all requests of one stream fails only that stream, and its next sync continues from its state.

use simulator::{Fault, FaultRule, Faults, Simulator, When};

use crate::equality::{Warehouse, names, streams};
use crate::expected::{differences, listing, newest};
use crate::harness::{Connector, FULL, INCREMENTAL, Run, seeds, simulator};

/// Streams of every paging dialect and of every rate limit.
const SOME: [&str; 12] = [
    "groups",
    "ticket_forms",
    "organizations",
    "ticket_audits",
    "triggers",
    "ticket_metric_events",
    "users",
    "topics",
    "tags",
    "audit_logs",
    "articles",
    "satisfaction_ratings",
];

/// Complaints about a full read of these streams.
fn missing(sim: &Simulator, run: &Run, streams: &[&str]) -> Vec<String> {
    let of_stream = |stream: &&str| {
        let came = newest(stream, run.records(stream));
        differences(stream, &listing(sim, stream), &came, true)
    };
    streams.iter().flat_map(of_stream).collect()
}

fn faulted(sim: &Simulator) -> usize {
    sim.requests().iter().filter(|request| request.faulted).count()
}

#[test]
fn with_a_fault_on_every_twentieth_request_every_sync_completes() {
    for seed in seeds(300, 3) {
        let sim = simulator(seed);
        let connector = Connector::new(&sim);
        sim.advance_seconds(70);
        let (all, incremental) = streams(&connector);
        for (mode, streams) in [(FULL, &all), (INCREMENTAL, &incremental)] {
            let streams = names(streams);
            sim.clear_requests();
            sim.faults(Faults::on_share(0.05, seed));
            let run = connector.read(&streams, mode, &[]).complete();
            let found = missing(&sim, &run, &streams);
            assert!(found.is_empty(), "seed {seed}, {mode}: {found:#?}");
            assert!(faulted(&sim) > 10, "{} faults are none", faulted(&sim));
            sim.faults(Faults::none());
        }
    }
}

fn an_endless_fault_fails_one_stream_alone(name: &str, stream: &str, fault: Fault) -> usize {
    fails_alone_among(&SOME, name, stream, fault)
}

/// Reads streams, one of which meets an endless fault on its feed. Fails unless that stream fails
/// alone, as transient, and the next sync continues from its state. Returns how often it was
/// refused before the last request of the other streams.
fn fails_alone_among(streams: &[&str], name: &str, stream: &str, fault: Fault) -> usize {
    let sim = simulator(310);
    let connector = Connector::new(&sim);
    sim.advance_seconds(70);
    sim.faults(Faults::endless(stream, fault));
    let run = connector.read(streams, INCREMENTAL, &[]);
    let what = format!("{name} without end on {stream}");
    assert_eq!(run.code, Some(1), "{what}: {}", run.stderr);
    for other in streams.iter().copied() {
        let expected = if other == stream { "INCOMPLETE" } else { "COMPLETE" };
        assert_eq!(run.status(other), Some(expected), "{what}: {other} {:?}", run.error(other));
        let fails = run.error(other).map(|(kind, _)| kind);
        assert_eq!(fails, (other == stream).then_some("transient_error"), "{what}: {other}");
    }
    let others: Vec<&str> = streams.iter().copied().filter(|other| *other != stream).collect();
    let found = missing(&sim, &run, &others);
    assert!(found.is_empty(), "{what}: {found:#?}");
    let requests = sim.requests();
    let last = requests.iter().rposition(|request| request.feed != stream).unwrap_or_default();
    let meanwhile = requests[..last].iter().filter(|request| request.feed == stream).count();
    // Afterwards the stream goes on, and the others have nothing left to read again.
    sim.faults(Faults::none());
    sim.clear_requests();
    let mut warehouse = Warehouse::default();
    warehouse.take(&run);
    let states = warehouse.states.clone();
    warehouse.take(&connector.read(streams, INCREMENTAL, &states).complete());
    let found = warehouse.differences(&sim, streams);
    assert!(found.is_empty(), "{what}: {found:#?}");
    meanwhile
}

#[test]
fn an_endless_fault_of_each_kind_fails_one_stream_alone() {
    let kinds = Fault::kinds();
    let kinds = kinds.into_iter().filter(|(_, fault)| {
        // A limit that lasts has tests of its own, and a trickle is no fault if it ends. A row that stays
        // bad is mended or held back.
        !matches!(
            fault,
            Fault::Status { status: 429, .. } | Fault::Trickle { .. } | Fault::Malformed { .. }
        )
    });
    for (at, (name, fault)) in kinds.enumerate() {
        an_endless_fault_fails_one_stream_alone(name, SOME[at % SOME.len()], fault);
    }
}

/// Each refusal asks for ten minutes of patience. Streams that had to wait for it too would get one
/// or two pages in that time.
fn others_do_not_wait(status: u16, stream: &str) {
    let fault = Fault::retry_after(status, 600);
    let meanwhile = an_endless_fault_fails_one_stream_alone(&status.to_string(), stream, fault);
    assert!(meanwhile <= 2, "the others waited for {meanwhile} refusals of {stream}");
}

#[test]
fn an_endless_429_on_a_listing_of_the_accounts_pool_fails_it_alone() {
    others_do_not_wait(429, "groups");
}

#[test]
fn an_endless_429_on_an_export_fails_it_alone() {
    others_do_not_wait(429, "organizations");
}

#[test]
fn an_endless_503_fails_one_stream_alone() {
    others_do_not_wait(503, "organizations");
}

#[test]
fn an_answer_that_trickles_without_end_fails_one_stream_alone() {
    let trickle = Fault::Trickle { piece_bytes: 1, pause_ms: 30_000 };
    an_endless_fault_fails_one_stream_alone("a trickle", "ticket_forms", trickle);
}

#[test]
fn an_endless_fault_on_the_children_of_rows_leaves_the_rows_and_their_other_children() {
    let family = ["articles", "article_comments", "article_votes", "article_attachments"];
    for (name, fault) in [
        ("500", Fault::status(500)),
        ("429", Fault::retry_after(429, 600)),
        ("a body without its key", Fault::WithoutKey),
    ] {
        fails_alone_among(&family, name, "article_comments", fault);
    }
}

/// If the other streams had to wait too, the refusals would last ninety minutes, one in ten
/// minutes.
fn children_refused_without_end_keep_nobody_waiting(status: u16) {
    let articles = ["articles", "article_comments", "article_votes", "article_attachments"];
    let posts = ["posts", "post_comments", "post_votes", "post_comment_votes"];
    for (family, refused) in [
        (&articles, "article_comments"),
        (&articles, "article_votes"),
        (&posts, "post_comment_votes"),
    ] {
        let fault = Fault::retry_after(status, 600);
        let meanwhile = fails_alone_among(family, &status.to_string(), refused, fault);
        // Once for each parent that is read at that moment: twice the workers.
        assert!(meanwhile <= 6, "the others waited for {meanwhile} refusals of {refused}");
    }
}

#[test]
fn an_endless_429_on_children_keeps_nobody_waiting() {
    children_refused_without_end_keep_nobody_waiting(429);
}

#[test]
fn an_endless_503_on_children_keeps_nobody_waiting() {
    children_refused_without_end_keep_nobody_waiting(503);
}

/// The refusals end at some point. The refused stream is read after the others, and completely.
#[test]
fn children_that_are_refused_for_long_follow_the_others() {
    let family = ["articles", "article_comments", "article_votes", "article_attachments"];
    let sim = simulator(311);
    let connector = Connector::new(&sim);
    sim.advance_seconds(70);
    let rule = FaultRule::new("/comments.json", When::Always, Fault::retry_after(503, 600));
    sim.faults(Faults::rules([rule.at_most(40)]));
    let run = connector.read(&family, INCREMENTAL, &[]).complete();
    let found = missing(&sim, &run, &family);
    assert!(found.is_empty(), "{found:#?}");
    assert!(faulted(&sim) >= 20, "{} refusals are few", faulted(&sim));
    let told = run.lines.iter().filter(|line| line.contains("and the others continue"));
    assert!(told.count() >= 1, "nobody was told: {:#?}", run.lines);
}

#[test]
fn an_answer_that_does_not_say_who_is_signed_in_ends_nothing() {
    let sim = simulator(320);
    let connector = Connector::new(&sim);
    for (name, fault) in Fault::kinds() {
        let rule = FaultRule::new("/users/me", When::Always, fault).at_most(1);
        sim.faults(Faults::rules([rule]));
        let run = connector.read(&["tags"], FULL, &[]);
        assert_eq!(run.status("tags"), Some("COMPLETE"), "{name}: {:?}", run.lines.last());
    }
}
