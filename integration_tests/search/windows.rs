//! The windows of a search: their bounds, the number of their rows, and that several are read in
//! parallel, each from its own position.

use std::collections::BTreeMap;

use serde_json::Value;
use simulator::{Fault, FaultRule, Faults, RequestSeen, Settings, Simulator, When};

use super::{COUNTED_MORE, UNTIL_VISIBLE_SECONDS, account, by, change_while_read};
use crate::agent::visible;
use crate::equality::Warehouse;
use crate::expected::{differences, newest};
use crate::harness::{FULL, INCREMENTAL, Run, catalog};

/// The bounds of a window in unix seconds. The end is excluded.
type Bounds = (i64, i64);

/// The most rows that a window may have.
const MOST_ROWS: usize = 16_000;

/// A window of at most this many seconds is not cut again, however many rows it has. It may share a
/// second with the window before it.
const SHORTEST_SECONDS: i64 = 2;

fn bounds(seen: &RequestSeen) -> Bounds {
    let time = |sign: &str| {
        let query = seen.param("query").expect("a query");
        let bound = query.split(' ').find_map(|word| word.strip_prefix(sign));
        let bound = bound.unwrap_or_else(|| panic!("no {sign} in {query}"));
        chrono::DateTime::parse_from_rfc3339(bound).expect("a time").timestamp()
    };
    (time("updated>="), time("updated<"))
}

/// The requests for pages of windows.
fn pages(sim: &Simulator) -> Vec<RequestSeen> {
    sim.requests().into_iter().filter(|seen| seen.path.contains("search/export")).collect()
}

/// The windows in the order in which they were begun.
fn windows(pages: &[RequestSeen]) -> Vec<Bounds> {
    let first = pages.iter().filter(|seen| seen.param("page[after]").is_none());
    first.map(bounds).collect()
}

fn counts(sim: &Simulator) -> usize {
    sim.requests().iter().filter(|seen| seen.path.contains("search/count")).count()
}

/// The number of indexed rows that changed within these bounds.
fn rows_within(sim: &Simulator, (from, to): Bounds) -> usize {
    let times = sim.account(|account| account.indexed_tickets()).into_iter().map(|row| {
        let time = row["updated_at"].as_str().expect("a time");
        chrono::DateTime::parse_from_rfc3339(time).expect("a time").timestamp()
    });
    times.filter(|time| (from..to).contains(time)).count()
}

fn assert_holds_at_most(sim: &Simulator, windows: &[Bounds], each: usize, most: usize) {
    for window in windows {
        let rows = rows_within(sim, *window) * each;
        let is_shortest = window.1 - window.0 <= SHORTEST_SECONDS;
        assert!(rows <= most || is_shortest, "{window:?} has {rows} rows, more than {most}");
    }
}

fn assert_equals_index(sim: &Simulator, run: &Run) {
    let came = newest("tickets", run.records("tickets"));
    let found = differences("tickets", &visible(sim, "tickets"), &came, true);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn windows_are_half_open_overlap_by_a_second_are_frozen_and_hold_fifty_thousand_rows() {
    let sim = account(183);
    sim.clear_requests();
    let run = by(&sim, "search").read(&["tickets"], FULL, &[]).complete();
    assert_equals_index(&sim, &run);
    let mut all = windows(&pages(&sim));
    let asked = sim.requests();
    let (first, last) = (asked[0].at_unix, asked[asked.len() - 1].at_unix);
    all.sort_unstable();
    // On a busy machine a scaled hour is over soon, and with it the cursor of a window, which begins anew.
    all.dedup();
    assert!(all.len() >= 4, "{all:?}");
    assert_eq!(all[0].0, 1_420_070_400, "the start date");
    for pair in all.windows(2) {
        assert_eq!(pair[1].0, pair[0].1 - 1, "{all:?}");
    }
    // The end of the last one is when the walk began, not when it was read.
    let end = all[all.len() - 1].1;
    assert!(end < last && (first - 5..=last).contains(&end), "{first} {end} {last}");
    assert_holds_at_most(&sim, &all, 1 + COUNTED_MORE, MOST_ROWS);
    assert!(counts(&sim) <= all.len() * 3, "{} counts for {} windows", counts(&sim), all.len());
}

#[test]
fn an_account_that_fits_into_a_window_is_counted_once_and_read_in_one() {
    let sim = account(184);
    sim.knobs(|knobs| knobs.search_counts_more = 0);
    sim.clear_requests();
    let run = by(&sim, "search").read(&["tickets"], FULL, &[]).complete();
    assert_equals_index(&sim, &run);
    assert_eq!((windows(&pages(&sim)).len(), counts(&sim)), (1, 1));
}

#[test]
fn windows_end_within_ten_minutes_by_the_time_that_pages_take() {
    let sim = account(185);
    // In ten minutes come five of these pages of a thousand rows.
    sim.faults(Faults::rule("search/export", When::Always, Fault::Delay { ms: 120_000 }));
    let each = 2001;
    sim.knobs(|knobs| knobs.search_counts_more = each - 1);
    sim.clear_requests();
    let run = by(&sim, "search").read(&["tickets"], FULL, &[]).complete();
    assert_equals_index(&sim, &run);
    let all = windows(&pages(&sim));
    // Until a page has come, ten pages are thought to fit; one window a worker begins by then.
    assert_holds_at_most(&sim, &all, each, 10_000);
    assert_holds_at_most(&sim, &all[3..], each, 5_000);
    assert!(all.len() > 10, "{all:?}");
}

#[test]
fn as_many_windows_are_read_at_once_as_there_are_workers_and_at_most_sixteen() {
    for (workers, at_once, page_ms) in [(1, 1, 60_000), (3, 3, 60_000), (40, 15, 1_200_000)] {
        let sim = account(186);
        sim.knobs(|knobs| knobs.search_counts_more = 2999);
        // None of the first pages comes before all that may be read at once are asked for.
        let delay = FaultRule::new("search/export", When::Always, Fault::Delay { ms: page_ms });
        sim.faults(Faults::rules([delay.at_most(at_once as u64 * 2)]));
        sim.clear_requests();
        let mut connector = by(&sim, "search");
        connector.config["num_workers"] = workers.into();
        let run = connector.read(&["tickets"], INCREMENTAL, &[]).complete();
        assert_equals_index(&sim, &run);
        // One more request in flight may be a count.
        let peak = pages(&sim).iter().map(|seen| seen.in_flight).max().unwrap_or_default();
        assert!((at_once..=at_once + 1).contains(&peak), "{peak} of {workers}");
        assert!(peak <= workers, "{peak} of {workers}");
        // Where the connector's minute and Zendesk's do not begin together, a minute may refuse all that
        // are in flight when it is used up.
        let refused = sim.limit_refusals().get("search-export").copied().unwrap_or_default();
        assert!(refused <= 10.max(2 * peak as u64), "{refused} refusals");
        for message in run.messages.iter().filter(|message| message["type"] == "STATE") {
            let walk = &message["state"]["stream"]["stream_state"]["walk"];
            assert!(open(walk).len() <= 16, "{walk}");
            assert!(walk.to_string().len() <= 8192, "{walk}");
        }
    }
}

#[test]
fn windows_share_the_hundred_requests_a_minute_of_searches_and_use_them_up() {
    // Slower than usual, so that a minute is far longer than a request takes.
    let scale = 30.0;
    let sim = Simulator::start(Settings { seed: 188, scale, ..Settings::default() });
    let sim = sim.expect("the simulator starts");
    sim.account(|account| {
        for hours in 0..900 {
            let key = account.create("tickets");
            let at = account.now() - hours * 3600;
            account.edit("tickets", &key, |row| row.updated_at = at);
            let time = chrono::DateTime::from_timestamp(at, 0).expect("a time");
            let time = time.format("\"%Y-%m-%dT%H:%M:%SZ\"").to_string();
            account.set_field("tickets", &key, "updated_at", &time);
        }
    });
    // A page of five rows stands for a thousand.
    sim.knobs(|knobs| knobs.search_counts_more = 199);
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    let mut connector = by(&sim, "search");
    connector.config["num_workers"] = 10.into();
    let mut command = connector.command("read");
    command.env("ZENDESK_CLOCK_SCALE", scale.to_string());
    command.arg("--config").arg(connector.file("config.json", &connector.config));
    let catalog = catalog(&["tickets"], FULL);
    command.arg("--catalog").arg(connector.file("catalog.json", &catalog));
    sim.clear_requests();
    let run = connector.run(command, usize::MAX).complete();
    assert_equals_index(&sim, &run);
    let mut by_minute: BTreeMap<i64, usize> = BTreeMap::new();
    for page in pages(&sim).iter().filter(|page| page.status == 200) {
        *by_minute.entry(page.at_unix.div_euclid(60)).or_default() += 1;
    }
    let most = by_minute.values().max().copied().unwrap_or_default();
    assert!((60..=100).contains(&most), "{by_minute:?}");
    // A few where the connector's minute and Zendesk's do not begin together.
    let refused = sim.limit_refusals().get("search-export").copied().unwrap_or_default();
    assert!(refused <= 10, "{refused} refusals");
}

/// The windows that a saved walk still has to read, each with its token.
fn open(walk: &Value) -> BTreeMap<Bounds, String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let bounds = |from: &Value, until: &Value| Some((from.as_i64()?, until.as_i64()?));
    let first = bounds(&walk["from"], &walk["until"]).map(|at| (at, text(&walk["token"])));
    let later = walk["windows"].as_array().into_iter().flatten();
    let later = later.map(|window| {
        (bounds(&window[6], &window[3]).expect("a window of a search"), text(&window[1]))
    });
    first.into_iter().chain(later).collect()
}

#[test]
fn killed_with_windows_open_a_search_goes_on_in_each_and_reads_no_finished_one_again() {
    let sim = account(197);
    // Two rows in a window of the first ones, and then twelve.
    sim.knobs(|knobs| knobs.search_counts_more = 4000);
    let connector = by(&sim, "search");
    let mut warehouse = Warehouse::default();
    let (mut parts, mut went_on) = (0, 0);
    let mut left: Option<BTreeMap<Bounds, String>> = None;
    let mut refused = 0;
    loop {
        sim.clear_requests();
        let is_open =
            |left: &BTreeMap<Bounds, String>| left.values().any(|token| !token.is_empty());
        if parts > 2 && refused == 0 && left.as_ref().is_some_and(is_open) {
            // After an hour the cursors of the windows that are open have ended.
            sim.advance_seconds(3601);
        }
        let lines = 8 + parts % 9;
        let run = connector.read_killed(&["tickets"], INCREMENTAL, &warehouse.states, lines);
        warehouse.take(&run);
        if let Some(left) = &left {
            let pages = pages(&sim);
            for page in &pages {
                let (from, to) = bounds(page);
                let is_left = left.keys().any(|(begin, end)| *begin <= from && to <= *end);
                assert!(is_left, "{:?} was read, {left:?} were left", (from, to));
            }
            // Each window that was under way goes on at its token.
            for page in &pages {
                let Some(token) = left.get(&bounds(page)).filter(|token| !token.is_empty()) else {
                    continue;
                };
                let mut of_window = pages.iter().filter(|other| bounds(other) == bounds(page));
                let first = of_window.next().and_then(|seen| seen.param("page[after]"));
                assert_eq!(first, Some(token.as_str()));
                went_on += 1;
            }
        }
        refused += pages(&sim).iter().filter(|page| page.status == 400).count();
        if run.code.is_some() {
            assert_eq!(run.code, Some(0), "{:?}", run.lines);
            break;
        }
        let walk = &run.state("tickets").expect("a state")["walk"];
        if walk["done"] == true {
            // It was killed behind its last line.
            break;
        }
        left = Some(open(walk));
        parts += 1;
        assert!(parts < 100, "no end in sight");
    }
    assert!(refused > 0, "no cursor had ended");
    assert!(parts > 4 && went_on > 3, "{parts} parts, {went_on} pages of open windows");
    let found = differences("tickets", &visible(&sim, "tickets"), warehouse.rows("tickets"), true);
    assert!(found.is_empty(), "{found:#?}");
}

/// Whether a window ended before an earlier one did.
fn was_overtaken(walk: &Value) -> bool {
    let open = open(walk);
    let began = walk["began"].as_i64().expect("a begin");
    let next = open.keys().skip(1).map(|next| next.0).chain([began]);
    open.keys().zip(next).any(|(one, next)| next > one.1)
}

#[test]
fn windows_overtake_each_other_and_what_is_left_of_them_loses_nothing() {
    let sim = account(198);
    sim.knobs(|knobs| knobs.search_counts_more = 4000);
    let connector = by(&sim, "search");
    let mut warehouse = Warehouse::default();
    // The first window of several pages takes longer than all others together.
    let mut first = None;
    sim.faults(Faults::by(move |seen| {
        let goes_on = seen.path.contains("search/export") && seen.param("page[after]").is_some();
        let is_slow = goes_on && *first.get_or_insert(bounds(seen)) == bounds(seen);
        is_slow.then_some(Fault::Delay { ms: 2_400_000 })
    }));
    change_while_read(&sim, 1980);
    let run = connector.read_killed(&["tickets"], INCREMENTAL, &[], 45);
    let left = &run.state("tickets").expect("a state")["walk"];
    assert!(run.code.is_none() && was_overtaken(left), "{left}");
    warehouse.take(&run);
    sim.faults(Faults::none());
    change_while_read(&sim, 1981);
    warehouse.take(&connector.read(&["tickets"], INCREMENTAL, &warehouse.states).complete());
    sim.no_hook();
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    warehouse.take(&connector.read(&["tickets"], INCREMENTAL, &warehouse.states).complete());
    let found = differences("tickets", &visible(&sim, "tickets"), warehouse.rows("tickets"), false);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_cursor_that_expires_in_the_middle_of_a_window_restarts_that_window_only() {
    let sim = account(187);
    sim.knobs(|knobs| knobs.search_counts_more = 4000);
    let mut seen_after = 0;
    sim.faults(Faults::by(move |seen| {
        let goes_on = seen.path.contains("search/export") && seen.param("page[after]").is_some();
        seen_after += usize::from(goes_on);
        // What the account answers to a cursor that is older than an hour.
        let refused = Fault::Status {
            status: 400,
            headers: Vec::new(),
            body: r#"{"errors":[{"code":"InvalidPaginationParameter","title":"page[after] is not valid"}]}"#.to_owned(),
        };
        (goes_on && seen_after == 5).then_some(refused)
    }));
    sim.clear_requests();
    let run = by(&sim, "search").read(&["tickets"], INCREMENTAL, &[]).complete();
    assert_equals_index(&sim, &run);
    let told =
        run.logs("WARN").iter().filter(|told| told.contains("time range is read again")).count();
    assert_eq!(told, 1, "{:?}", run.logs("WARN"));
    let mut begun: BTreeMap<Bounds, usize> = BTreeMap::new();
    for window in windows(&pages(&sim)) {
        *begun.entry(window).or_default() += 1;
    }
    let refused =
        pages(&sim).iter().find(|seen| seen.status == 400).map(bounds).expect("a refusal");
    assert!(begun.len() > 2, "{begun:?}");
    for (window, times) in begun {
        assert_eq!(times, if window == refused { 2 } else { 1 }, "{window:?}");
    }
}
