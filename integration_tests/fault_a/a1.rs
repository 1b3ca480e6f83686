//! A single answer that would end something too early: an empty page that claims to be the last
//! one, an export's `start_time` error for a start time of years ago, a `Date` header of another
//! year.

use std::collections::BTreeMap;

use simulator::{Fault, FaultRule, Faults, Settings, Simulator, Size, When};

use crate::equality::Warehouse;
use crate::expected::{differences, listing, newest};
use crate::harness::{Connector, INCREMENTAL, Run, SCALE, simulator};

/// Streams whose long history is read in windows, and a part of the path of their requests.
const IN_WINDOWS: [(&str, &str); 5] = [
    ("tickets", "incremental/tickets"),
    ("users", "incremental/users"),
    ("organizations", "incremental/organizations"),
    ("ticket_events", "incremental/ticket_events"),
    ("ticket_metric_events", "incremental/ticket_metric_events"),
];

/// An account whose exports have some dozens of pages.
pub(super) fn long(seed: u64) -> Simulator {
    let rows = &[
        ("tickets", 400),
        ("users", 400),
        ("organizations", 400),
        ("ticket_events", 400),
        ("ticket_metric_events", 400),
    ];
    let settings = Settings {
        seed,
        scale: SCALE,
        size: Size::Of(rows),
        page_cap: Some(12),
        high_volume: true,
        ..Settings::default()
    };
    let sim = Simulator::start(settings).expect("the simulator starts");
    sim.advance_seconds(70);
    sim
}

pub(super) fn missing(sim: &Simulator, run: &Run, stream: &str) -> Vec<String> {
    differences(stream, &listing(sim, stream), &newest(stream, run.records(stream)), true)
}

/// A fault on the nth request whose path contains `path`, and on each repetition of that request.
/// It occurs `times` times in all.
fn on_the_nth(path: &str, nth: u64, times: u64, fault: Fault) -> Faults {
    let (path, mut seen, mut hit, mut done) = (path.to_owned(), 0, None, 0);
    Faults::by(move |request| {
        if !request.path.contains(&path) {
            return None;
        }
        seen += 1;
        if seen == nth {
            hit = Some(request.target());
        }
        let is_hit = hit.as_ref() == Some(&request.target()) && done < times;
        done += u64::from(is_hit);
        is_hit.then(|| fault.clone())
    })
}

#[test]
fn a_glitch_in_the_middle_of_a_window_loses_nothing() {
    for (stream, path) in IN_WINDOWS {
        let sim = long(610);
        let mut connector = Connector::new(&sim);
        connector.config["num_workers"] = 6.into();
        let began = sim.now_unix();
        let glitches = [
            ("an empty end", Fault::EmptyEnd),
            ("a start that is too recent", Fault::too_recent()),
            ("a date of 1970", Fault::Date(0)),
            ("the date of the start", Fault::Date(1_420_070_400)),
            ("the date of the walk's begin", Fault::Date(began)),
            ("a date of 2100", Fault::Date(4_102_444_800)),
        ];
        for (at, (name, glitch)) in glitches.into_iter().enumerate() {
            let is_of_start = at == 1;
            for (nth, times) in [(4, 2), (9, 1)] {
                // Only a start time can be too recent: the first request of a walk or a window.
                if is_of_start && nth > 4 && ["tickets", "users"].contains(&stream) {
                    continue;
                }
                sim.faults(on_the_nth(path, nth, times, glitch.clone()));
                let run = connector.read(&[stream], INCREMENTAL, &[]);
                assert_eq!(run.code, Some(0), "{stream}, {name}, {nth}: {:?}", run.error(stream));
                let found = missing(&sim, &run, stream);
                let some: Vec<_> = found.iter().take(3).collect();
                assert!(found.is_empty(), "{stream}, {name}, {nth}: {} {some:?}", found.len());
            }
        }
    }
}

#[test]
fn an_end_in_a_window_that_stays_is_told_and_the_next_sync_reads_on() {
    for (stream, path) in IN_WINDOWS {
        let sim = long(611);
        let mut connector = Connector::new(&sim);
        connector.config["num_workers"] = 6.into();
        // The first window's second request, and all repetitions of it.
        sim.faults(on_the_nth(path, 2, u64::MAX, Fault::EmptyEnd));
        let run = connector.read(&[stream], INCREMENTAL, &[]);
        let mut warehouse = Warehouse::default();
        warehouse.take(&run);
        if run.status(stream) == Some("COMPLETE") {
            // It came before there was a second window: an export that has ended so early, whose
            // place has not moved.
            let walk = &run.state(stream).expect("a state")["walk"];
            assert!(walk.get("windows").is_none(), "{stream}: {walk}");
        } else {
            let (kind, message) = run.error(stream).expect("an error");
            assert_eq!((run.code, kind), (Some(1), "transient_error"));
            assert!(message.contains("the listing ends"), "{message}");
        }
        sim.faults(Faults::none());
        warehouse.take(&connector.read(&[stream], INCREMENTAL, &warehouse.states).complete());
        let found = warehouse.differences(&sim, &[stream]);
        assert!(found.is_empty(), "{stream}: {} {:?}", found.len(), found[0]);
    }
}

/// The later windows have rows, so the first window cannot be at the feed's end.
#[test]
fn a_window_that_never_comes_to_its_end_leaves_its_stream_incomplete() {
    let sim = long(612);
    let mut connector = Connector::new(&sim);
    connector.config["num_workers"] = 4.into();
    let mut cursors: BTreeMap<String, u64> = BTreeMap::new();
    sim.faults(Faults::by(move |request| {
        // The third cursor stands in the first window; from then on it is the end.
        let cursor = request.param("cursor").filter(|_| request.feed.contains("tickets"))?;
        let number = cursors.len() as u64;
        let number = *cursors.entry(cursor.to_owned()).or_insert(number);
        (number == 2).then_some(Fault::EmptyEnd)
    }));
    let run = connector.read(&["tickets"], INCREMENTAL, &[]);
    assert_eq!(run.code, Some(1), "{:?}", run.lines.last());
    assert_eq!(run.status("tickets"), Some("INCOMPLETE"));
    let (kind, message) = run.error("tickets").expect("an error");
    assert!(kind == "transient_error" && message.contains("the listing ends at 20"), "{message}");
    assert!(message.contains("show rows up to 20"), "{message}");
    let mut warehouse = Warehouse::default();
    warehouse.take(&run);
    sim.faults(Faults::none());
    warehouse.take(&connector.read(&["tickets"], INCREMENTAL, &warehouse.states).complete());
    let found = warehouse.differences(&sim, &["tickets"]);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn an_account_that_has_gone_quiet_is_read_in_windows_to_its_end() {
    let sim = long(613);
    // Nothing has changed for five years: most windows are empty to the end.
    sim.advance_seconds(5 * 365 * 86_400);
    let mut connector = Connector::new(&sim);
    connector.config["num_workers"] = 6.into();
    for (stream, _) in IN_WINDOWS {
        let run = connector.read(&[stream], INCREMENTAL, &[]).complete();
        let found = missing(&sim, &run, stream);
        assert!(found.is_empty(), "{stream}: {found:#?}");
    }
}

#[test]
fn an_empty_end_that_a_page_before_contradicts_is_asked_again_in_every_dialect() {
    for stream in
        ["groups", "ticket_audits", "triggers", "topics", "tags", "audit_logs", "articles", "posts"]
    {
        let sim = simulator(614);
        sim.advance_seconds(70);
        let connector = Connector::new(&sim);
        for times in [1, 2] {
            sim.clear_requests();
            let (mut hit, mut done) = (None, 0);
            let name = stream.to_owned();
            sim.faults(Faults::by(move |request| {
                let leads = ["cursor", "page[after]", "page", "start_time"];
                let is_later = leads.iter().any(|key| request.param(key).is_some());
                if request.feed != name || !is_later || request.param("start_time") == Some("0") {
                    return None;
                }
                let target = hit.get_or_insert_with(|| request.target());
                let is_hit = *target == request.target() && done < times;
                done += u64::from(is_hit);
                is_hit.then_some(Fault::EmptyEnd)
            }));
            let run = connector.read(&[stream], INCREMENTAL, &[]).complete();
            let found = missing(&sim, &run, stream);
            assert!(found.is_empty(), "{stream}, {times}: {found:#?}");
        }
    }
}

#[test]
fn an_empty_end_that_stays_ends_a_listing_incomplete_and_nothing_is_passed() {
    for stream in ["groups", "topics", "triggers"] {
        let sim = simulator(615);
        sim.advance_seconds(70);
        let connector = Connector::new(&sim);
        let name = stream.to_owned();
        sim.faults(Faults::by(move |request| {
            let is_later = request.param("cursor").or(request.param("page[after]")).is_some();
            (request.feed == name && is_later).then_some(Fault::EmptyEnd)
        }));
        let run = connector.read(&[stream], INCREMENTAL, &[]);
        assert_eq!(run.status(stream), Some("INCOMPLETE"), "{stream}");
        let (_, message) = run.error(stream).expect("an error");
        assert!(message.contains("the listing ends there"), "{message}");
        let mut warehouse = Warehouse::default();
        warehouse.take(&run);
        sim.faults(Faults::none());
        warehouse.take(&connector.read(&[stream], INCREMENTAL, &warehouse.states).complete());
        let found = warehouse.differences(&sim, &[stream]);
        assert!(found.is_empty(), "{stream}: {found:#?}");
    }
}

#[test]
fn an_empty_end_among_the_children_of_a_row_is_asked_again() {
    let sim = simulator(616);
    sim.advance_seconds(70);
    let article = sim.account(|account| account.keys("articles")[0].parse::<u64>()).expect("an id");
    sim.account(|account| {
        (0..14).for_each(|_| drop(account.create_under("article_comments", Some(article))));
    });
    sim.advance_seconds(70);
    let connector = Connector::new(&sim);
    let rule = FaultRule::new("/comments.json?", When::Always, Fault::EmptyEnd);
    let mut done = 0;
    sim.faults(Faults::by(move |request| {
        let is_later = request.param("page[after]").is_some() || request.param("page").is_some();
        let is_hit = is_later && request.path.contains("/comments") && done < 2;
        done += u64::from(is_hit);
        is_hit.then(|| rule.fault.clone())
    }));
    let run = connector.read(&["articles", "article_comments"], INCREMENTAL, &[]).complete();
    let found = missing(&sim, &run, "article_comments");
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn an_end_before_the_place_of_a_stream_ahead_is_not_that_place() {
    for times in [1, 2, u64::MAX] {
        let sim = long(617);
        let mut connector = Connector::new(&sim);
        connector.config["num_workers"] = 1.into();
        let first = connector.read(&["tickets"], INCREMENTAL, &[]).complete();
        let pair = ["tickets", "ticket_metrics"];
        let mut warehouse = Warehouse::default();
        warehouse.take(&first);
        // The stream that is added is in the middle of its past.
        sim.faults(on_the_nth("incremental/tickets", 6, times, Fault::EmptyEnd));
        let second = connector.read(&pair, INCREMENTAL, &warehouse.states);
        warehouse.take(&second);
        if times > 2 {
            let told = !second.logs("WARN").is_empty() || second.code == Some(1);
            assert!(told, "nothing is said: {:#?}", second.logs("INFO"));
            sim.faults(Faults::none());
            warehouse.take(&connector.read(&pair, INCREMENTAL, &warehouse.states).complete());
        } else {
            assert_eq!(second.code, Some(0), "{:?}", second.error("ticket_metrics"));
        }
        let found = warehouse.differences(&sim, &pair);
        assert!(found.is_empty(), "{times}: {} {found:#?}", found.len());
    }
}

#[test]
fn the_first_answers_date_alone_does_not_set_the_time() {
    for date in [0, 4_102_444_800] {
        let sim = simulator(618);
        sim.advance_seconds(70);
        let mut connector = Connector::new(&sim);
        connector.config["start_date"] = "30 days".into();
        let rule = FaultRule::new("/users/me", When::Always, Fault::Date(date));
        sim.faults(Faults::rules([rule.at_most(1)]));
        let streams = ["tickets", "groups", "ticket_audits"];
        let run = connector.read(&streams, INCREMENTAL, &[]).complete();
        sim.faults(Faults::none());
        let other = connector.read(&streams, INCREMENTAL, &[]).complete();
        for stream in streams {
            let rows = |run: &Run| newest(stream, run.records(stream));
            assert_eq!(rows(&run), rows(&other), "{stream}");
        }
    }
}

#[test]
fn a_walk_that_never_read_a_page_binds_nothing() {
    let sim = simulator(619);
    sim.advance_seconds(70);
    let connector = Connector::new(&sim);
    let state = |walk: serde_json::Value| {
        serde_json::json!([{ "type": "STREAM", "stream": {
            "stream_descriptor": { "name": "tickets" },
            "stream_state": { "generated_timestamp": "7420000000", "walk": walk } } }])
    };
    let fresh = state(serde_json::json!({ "v": 1, "feed": "incremental_tickets",
        "kind": "start_time", "token": "7420000000", "fresh": true, "bound": 7_420_000_000_i64,
        "cursor": 7_420_000_000_i64 }));
    let run = connector.read_from(&["tickets"], INCREMENTAL, &fresh).complete();
    let found = missing(&sim, &run, "tickets");
    assert!(found.is_empty(), "{found:#?}");
}
