//! What a sync holds in memory: `cargo bench --bench memory` reads long listings with the optimized
//! program and prints the most that was resident. A word behind it picks a part: `pages` or
//! `lengths`.

mod pages;
#[allow(dead_code, reason = "each bench uses a part of it")]
mod program;

use std::time::Duration;

use pages::{Lengths, Pages};
use program::{Cost, Sync, is_wanted, tell};

/// No limit binds here, and nothing waits.
const SCALE: f64 = 1.0;

const ALL_EXPORTS: &[&str] =
    &["tickets", "ticket_events", "ticket_metric_events", "users", "organizations"];

/// The rows of a long listing, and of one so short that pages alone fill the memory.
const MANY: u64 = 1_000_000;
const FEW: u64 = 50_000;

/// How much more the many may take.
const SLACK_MIB: f64 = 4.0;

/// A sync that may hold so much.
struct Bound {
    name: &'static str,
    streams: &'static [&'static str],
    rows: u64,
    row_bytes: usize,
    workers: u32,
    most_mib: f64,
    /// Answers take so long that every worker holds one.
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

/// One stream for each way of going through a listing.
const DIALECTS: &[(&str, &str)] = &[
    ("export by cursor", "tickets"),
    ("export by time, with an end mark", "organizations"),
    ("export by time, without", "ticket_metric_events"),
    ("cursor", "group_memberships"),
    ("newest first", "ticket_audits"),
    ("children by offset", "side_conversations"),
    ("children of children, by cursor", "article_comment_votes"),
];

fn main() {
    if !is_wanted() {
        return;
    }
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let part = |name: &str| words.is_empty() || words.iter().any(|word| word == name);
    if part("pages") {
        BOUNDS.iter().for_each(Bound::tell);
    }
    if part("lengths") {
        DIALECTS.iter().for_each(|(dialect, stream)| tell_growth(dialect, stream));
    }
}

impl Bound {
    fn tell(&self) {
        let Self { rows, row_bytes, .. } = *self;
        let lengths = Lengths { rows, row_bytes, thought: self.thought, ..Lengths::default() };
        let (cost, in_flight) = read(lengths, self.streams, self.workers);
        assert!(cost.rows >= self.rows * self.streams.len() as u64, "{} rows", cost.rows);
        tell(&format!(
            "{}: {:.1} MiB of at most {} in {} rows and {:.0} s, {in_flight} pages at once",
            self.name,
            mib(&cost),
            self.most_mib,
            cost.rows,
            cost.wall_seconds
        ));
    }
}

/// Reads few rows and many of one stream.
fn tell_growth(dialect: &str, stream: &str) {
    let [few, many] = [FEW, MANY].map(|rows| {
        let (parents, children, grandchildren) = match stream {
            // 1,000 side conversations for each ticket, 50 comments of 100 votes for each article.
            "side_conversations" => (0, 1_000, 0),
            _ => (rows / 5_000, 50, 100),
        };
        let tickets = if stream == "side_conversations" { rows / children } else { rows };
        let lengths = Lengths {
            rows: tickets,
            row_bytes: 500,
            parents,
            children,
            grandchildren,
            ..Lengths::default()
        };
        let (cost, _) = read(lengths, &[stream], 3);
        assert!(cost.rows >= rows, "{} rows of {rows}", cost.rows);
        mib(&cost)
    });
    tell(&format!(
        "{dialect} ({stream}): {FEW} rows {few:.1} MiB, {MANY} rows {many:.1} MiB, {:+.1} of at most +{SLACK_MIB}",
        many - few
    ));
}

/// What a sync took, and the most pages that were being sent at once.
fn read(lengths: Lengths, streams: &[&str], workers: u32) -> (Cost, usize) {
    let pages = Pages::serve(lengths);
    let cost = Sync { url: pages.url.clone(), scale: SCALE, streams, workers, options: &[] }.run();
    (cost, pages.peak_in_flight())
}

fn mib(cost: &Cost) -> f64 {
    cost.peak_kib as f64 / 1024.0
}
