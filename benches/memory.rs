//! Measures the memory of a sync. `cargo bench --bench memory` reads long listings with the
//! optimized program, and prints the largest resident memory. Words after it select parts: `pages`,
//! `lengths`, or the stream of one way of paging.

mod figures;
mod pages;
#[allow(dead_code, reason = "each bench uses a part of it")]
mod program;

use std::time::Duration;

use figures::{Figures, rounded};
use pages::{EVENTS_OF_A_TICKET, Lengths, Pages};
use program::{Cost, Sync, is_wanted, tell};
use serde_json::{Value, json};

/// No limit slows the program here, and nothing waits.
const SCALE: f64 = 1.0;

const ALL_EXPORTS: &[&str] =
    &["tickets", "ticket_events", "ticket_metric_events", "users", "organizations"];

/// The rows of a long listing and of a short listing. In the short one, only pages fill the memory.
const MANY: u64 = 1_000_000;
const FEW: u64 = 50_000;

/// How much more memory the long listing may take than the short one.
const SLACK_MIB: f64 = 4.0;

/// A sync, and the most memory that it may hold.
struct Bound {
    name: &'static str,
    streams: &'static [&'static str],
    rows: u64,
    row_bytes: usize,
    workers: u32,
    most_mib: f64,
    /// The time that the server takes for an answer. It is long, so every worker holds an answer.
    thought: Duration,
}

const BOUNDS: &[Bound] = &[
    Bound {
        name: "tickets of 3 KB, 3 workers",
        streams: &["tickets"],
        rows: 100_000,
        row_bytes: 3_000,
        workers: 3,
        most_mib: 32.0,
        thought: Duration::ZERO,
    },
    Bound {
        name: "all exports, rows of 4 KB, 40 workers",
        streams: ALL_EXPORTS,
        rows: 100_000,
        row_bytes: 4_000,
        workers: 40,
        most_mib: 256.0,
        thought: Duration::from_secs(2),
    },
    Bound {
        name: "tickets of 1 MB, 3 workers",
        streams: &["tickets"],
        rows: 600,
        row_bytes: 1_000_000,
        workers: 3,
        most_mib: 128.0,
        thought: Duration::from_millis(500),
    },
];

/// One way of going through a listing.
struct Dialect {
    name: &'static str,
    stream: &'static str,
    options: &'static [(&'static str, &'static str)],
    /// The account from which this many rows come.
    lengths: fn(u64) -> Lengths,
    /// The saved state. Listings that name parents are read only with a saved state.
    state: fn() -> Option<Value>,
}

impl Dialect {
    const fn of(name: &'static str, stream: &'static str) -> Self {
        Self { name, stream, options: &[], lengths: listed, state: || None }
    }
}

/// One line for each variant of the program's `Paging`, and for each `Order`. `Paging::Single` has
/// no line: such a listing is one short answer, so pages cannot be compared. It takes the memory of
/// its body, at most 256 MiB, and of the lines made from it. `Paging::UntilEmpty`, `Paging::NextUrl`
/// and `Order::ByCursor` have no line either: they page as cursors do, and their listings are short.
const DIALECTS: &[Dialect] = &[
    Dialect::of("export by cursor", "tickets"),
    Dialect::of("export by time, with an end mark", "organizations"),
    Dialect::of("export by time, without", "ticket_metric_events"),
    Dialect::of("cursor", "group_memberships"),
    Dialect::of("newest first", "ticket_audits"),
    Dialect {
        options: &[("tickets_history", r#""search""#)],
        ..Dialect::of("search, in windows", "tickets")
    },
    Dialect {
        options: &[("search_queries", r#"[{"name":"found","query":"type:ticket"}]"#)],
        ..Dialect::of("search, in one piece", "found")
    },
    Dialect { lengths: of_tickets, ..Dialect::of("children by offset", "side_conversations") },
    Dialect {
        lengths: of_events,
        state: events_were_read_long_ago,
        ..Dialect::of("from a time on, children of what events name", "side_conversations")
    },
    Dialect {
        lengths: of_posts,
        state: numbers_were_others,
        ..Dialect::of("children of those whose numbers moved", "post_votes")
    },
    Dialect {
        lengths: of_articles,
        ..Dialect::of("children of children, by cursor", "article_comment_votes")
    },
];

fn listed(rows: u64) -> Lengths {
    Lengths { rows, row_bytes: 500, ..Lengths::default() }
}

/// 1,000 side conversations for each ticket.
fn of_tickets(rows: u64) -> Lengths {
    Lengths { children: 1_000, ..listed(rows / 1_000) }
}

/// As many events as side conversations. Each ticket has `EVENTS_OF_A_TICKET` of both.
fn of_events(rows: u64) -> Lengths {
    Lengths { children: EVENTS_OF_A_TICKET, ..listed(rows) }
}

/// Ten votes for each post.
fn of_posts(rows: u64) -> Lengths {
    Lengths { parents: rows / 10, children: 10, ..listed(0) }
}

/// 50 comments for each article, and 100 votes for each comment.
fn of_articles(rows: u64) -> Lengths {
    Lengths { parents: rows / 5_000, children: 50, grandchildren: 100, ..listed(0) }
}

fn main() {
    if !is_wanted() {
        return;
    }
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let part = |name: &str| words.is_empty() || words.iter().any(|word| word == name);
    let mut figures = Figures::of("memory");
    if part("pages") {
        BOUNDS.iter().for_each(|bound| bound.measure(&mut figures));
    }
    for dialect in DIALECTS.iter().filter(|dialect| part("lengths") || part(dialect.stream)) {
        dialect.measure_growth(&mut figures);
    }
    figures.save();
}

impl Bound {
    fn measure(&self, figures: &mut Figures) {
        let Self { rows, row_bytes, .. } = *self;
        let lengths = Lengths { rows, row_bytes, thought: self.thought, ..Lengths::default() };
        let (cost, in_flight) = read(lengths, self.streams, self.workers, &[], None);
        assert!(cost.rows >= self.rows * self.streams.len() as u64, "{} rows", cost.rows);
        tell(&format!(
            "{}: {:.1} MiB of at most {} in {} rows and {:.0} s, {in_flight} pages at once",
            self.name,
            mib(&cost),
            self.most_mib,
            cost.rows,
            cost.wall_seconds
        ));
        figures.note(
            self.name,
            json!({ "mib": rounded(mib(&cost)), "workers": self.workers, "pages_at_once": in_flight }),
        );
    }
}

impl Dialect {
    /// Reads few rows, then many, and prints by how much the memory grew.
    fn measure_growth(&self, figures: &mut Figures) {
        let Self { name, stream, options, .. } = self;
        let state = (self.state)().map(|state| state.to_string());
        let [few, many] = [FEW, MANY].map(|rows| {
            let (cost, _) = read((self.lengths)(rows), &[*stream], 3, options, state.as_deref());
            assert!(cost.rows >= rows, "{} rows of {rows}", cost.rows);
            mib(&cost)
        });
        tell(&format!(
            "{name} ({stream}): {FEW} rows {few:.1} MiB, {MANY} rows {many:.1} MiB, {:+.1} of at most +{SLACK_MIB}",
            many - few
        ));
        figures.note(
            *name,
            json!({ "stream": stream, "few_mib": rounded(few), "many_mib": rounded(many) }),
        );
    }
}

/// The state of a stream below tickets. All tickets were read an hour ago, and the events long
/// before. So the events that have come since then name the tickets to read.
fn events_were_read_long_ago() -> Option<Value> {
    let an_hour_ago = chrono::Utc::now().timestamp() - 3600;
    let time = an_hour_ago.to_string();
    Some(json!({
        "use_global_cursor": true,
        "state": {},
        "lookback_window": 0,
        "parent_state": { "tickets": { "generated_timestamp": time } },
        "walk": {
            "v": 1,
            "feed": "incremental_tickets",
            "kind": "start_time",
            "token": time,
            "done": true,
            "passed": an_hour_ago,
            "told": 0,
        },
    }))
}

/// The state of votes of posts. All posts were read an hour ago, and had other counts then.
fn numbers_were_others() -> Option<Value> {
    let an_hour_ago = chrono::Utc::now().timestamp() - 3600;
    Some(json!({
        "use_global_cursor": true,
        "state": {},
        "lookback_window": 0,
        "parent_state": { "posts": { "updated_at": an_hour_ago.to_string() } },
        "walk": {
            "v": 1,
            "feed": "posts",
            "kind": "first",
            "token": "",
            "done": true,
            "cursor": an_hour_ago,
            "passed": an_hour_ago,
            "numbers": "0".repeat(2048),
        },
    }))
}

/// The cost of a sync, and the most pages that were sent at the same time.
fn read(
    lengths: Lengths,
    streams: &[&str],
    workers: u32,
    options: &[(&str, &str)],
    state: Option<&str>,
) -> (Cost, usize) {
    let pages = Pages::serve(lengths);
    let cost = Sync {
        url: pages.url.clone(),
        scale: SCALE,
        streams,
        workers,
        options,
        state,
        debug: false,
    }
    .run();
    (cost, pages.peak_in_flight())
}

fn mib(cost: &Cost) -> f64 {
    cost.peak_kib as f64 / 1024.0
}
