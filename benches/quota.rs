//! Measures which share of its limits a sync uses. `cargo bench --bench quota` reads simulated
//! accounts that enforce their limits. Their minute is scaled, and their export pages take 4 to 12
//! seconds of it. For each limit, the bench prints the requests per minute as a share of what the
//! limit allows. A word after it selects a part: `exports`, `listings`, `children`, `waiters` or
//! `first-sync`.

mod figures;
#[allow(dead_code, reason = "each bench uses a part of it")]
mod program;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use figures::{Figures, rounded};
use program::{Sync, is_wanted, tell};
use serde_json::json;
use simulator::{Latency, Plan, RequestSeen, Settings, Simulator, Size};

/// Simulated seconds in one second of real time. If this machine is late by a hundredth of a
/// second, that is at most a hundredth of a simulated minute.
const SCALE: f64 = 15.0;

/// The time that an export page of 1,000 rows takes, as observed.
const SLOW: Latency = Latency::Drawn { min_ms: 4_000, max_ms: 12_000 };
const QUICK: Latency = Latency::Fixed(200);

/// An account, and the streams that are read from it.
#[derive(Clone, Copy)]
struct Scenario {
    name: &'static str,
    streams: &'static [&'static str],
    size: &'static [(&'static str, u64)],
    page_cap: usize,
    workers: u32,
    plan: Plan,
    high_volume: bool,
    /// The latency of listings. Exports have a latency of their own.
    latency: Latency,
    export_latency: Latency,
    scale: f64,
    /// The sync is killed after this many simulated minutes. `None`: it runs to its end.
    minutes: Option<i64>,
}

const TEAM: Scenario = Scenario {
    name: "",
    streams: &[],
    size: &[],
    page_cap: 10,
    workers: 3,
    plan: Plan::Team,
    high_volume: false,
    latency: QUICK,
    export_latency: SLOW,
    scale: SCALE,
    minutes: None,
};

/// Each listing that the exports' limits count, alone and then all together. A quarter of the
/// simulated tickets are deleted, so the stream has no rows for them.
const EXPORTS: &[Scenario] = &[
    Scenario { name: "tickets", streams: &["tickets"], size: &[("tickets", 1_800)], ..TEAM },
    Scenario {
        name: "ticket_events",
        streams: &["ticket_events"],
        size: &[("ticket_events", 1_200)],
        ..TEAM
    },
    Scenario {
        name: "ticket_metric_events",
        streams: &["ticket_metric_events"],
        size: &[("ticket_metric_events", 1_200)],
        ..TEAM
    },
    Scenario {
        name: "organizations",
        streams: &["organizations"],
        size: &[("organizations", 1_200)],
        ..TEAM
    },
    Scenario { name: "users", streams: &["users"], size: &[("users", 2_400)], ..TEAM },
    Scenario { name: "users, 10 workers", workers: 10, ..USERS },
    Scenario { name: "all five", ..ALL },
    Scenario { name: "all five, 10 workers", workers: 10, ..ALL },
];

const USERS: Scenario = Scenario { streams: &["users"], size: &[("users", 2_400)], ..TEAM };

const ALL: Scenario = Scenario {
    streams: &["tickets", "ticket_events", "ticket_metric_events", "users", "organizations"],
    size: &[
        ("tickets", 1_200),
        ("ticket_events", 900),
        ("ticket_metric_events", 900),
        ("users", 2_400),
        ("organizations", 900),
    ],
    minutes: Some(14),
    ..TEAM
};

/// Listings that only the plan's limit slows.
const LISTINGS: &[Scenario] = &[
    Scenario {
        name: "ticket_audits, Team",
        streams: &["ticket_audits"],
        size: &[("ticket_audits", 3_200)],
        page_cap: 2,
        scale: 30.0,
        ..TEAM
    },
    Scenario {
        name: "article_comments, Team, 10 workers",
        streams: &["article_comments"],
        size: &[("articles", 1_400)],
        page_cap: 1_000,
        workers: 10,
        export_latency: QUICK,
        scale: 30.0,
        ..TEAM
    },
    Scenario {
        name: "article_comments in 4 to 12 s, Team, 40 workers",
        streams: &["article_comments"],
        size: &[("articles", 1_400)],
        page_cap: 1_000,
        workers: 40,
        latency: SLOW,
        scale: 30.0,
        ..TEAM
    },
    Scenario {
        name: "article_comments, Enterprise, 10 workers",
        streams: &["article_comments"],
        size: &[("articles", 4_900)],
        page_cap: 1_000,
        workers: 10,
        plan: Plan::Enterprise,
        export_latency: QUICK,
        scale: 10.0,
        ..TEAM
    },
];

/// The comments of 2,000 articles, with limits that are never reached.
const CHILDREN: Scenario = Scenario {
    streams: &["article_comments"],
    size: &[("articles", 2_000)],
    page_cap: 1_000,
    plan: Plan::EnterprisePlus,
    export_latency: QUICK,
    scale: 10.0,
    ..TEAM
};

/// The votes of comments: one listing for each article, and one for each comment. Answers come at
/// once and the limits are never reached, so only the program's own speed counts. In the second
/// account, each article has a hundred comments, so many listings wait at once.
const WAITERS: [(&str, Size); 2] = [
    (
        "3,000 articles with 8 comments each",
        Size::Of(&[
            ("articles", 3_000),
            ("article_comments", 24_000),
            ("article_comment_votes", 3_000),
        ]),
    ),
    (
        "100 articles with 100 comments each",
        Size::Of(&[
            ("articles", 100),
            ("article_comments", 10_000),
            ("article_comment_votes", 3_000),
        ]),
    ),
];
const WAITERS_SCALE: f64 = 600.0;

/// A sync that takes longer than this in real time is killed.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// An account of 5 million tickets that are not deleted, 20 million comments, 2 million users and
/// 200,000 organizations. One simulated row stands for a thousand, and one simulated page for
/// fifty.
const FIRST_SYNC: Scenario = Scenario {
    streams: &["tickets", "ticket_metrics", "ticket_comments", "users", "organizations"],
    size: &[
        ("tickets", 6_667),
        ("ticket_events", 20_000),
        ("users", 2_000),
        ("organizations", 200),
    ],
    page_cap: 50,
    workers: 10,
    scale: 60.0,
    ..TEAM
};

/// Pages of the account above for each simulated page.
const PAGES_FOR_ONE: f64 = 50.0;

/// Pages of 1,000 rows that the account's tickets, events (one for each comment) and organizations
/// fill. They share one limit. Users have another.
const FIRST_SYNC_PAGES: f64 = 5_000.0 + 20_000.0 + 200.0;

fn main() {
    if !is_wanted() {
        return;
    }
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let part = |name: &str| words.is_empty() || words.iter().any(|word| word == name);
    let mut figures = Figures::of("quota");
    if part("exports") {
        EXPORTS.iter().for_each(|scenario| scenario.measure_shares(&mut figures));
    }
    if part("listings") {
        LISTINGS.iter().for_each(|scenario| scenario.measure_shares(&mut figures));
    }
    if part("children") {
        let [alone, ten] = [1, 10].map(|workers| {
            let sim = Scenario { workers, ..CHILDREN }.read();
            span_seconds(&sim.requests())
        });
        tell(&format!(
            "article_comments of 2,000 articles at 200 ms: 1 worker {alone} s, 10 workers {ten} s, 1/{:.1}",
            alone as f64 / ten as f64
        ));
        figures
            .note("children", json!({ "one_worker_seconds": alone, "ten_workers_seconds": ten }));
    }
    if part("waiters") {
        for (name, size) in WAITERS {
            for workers in [1, 3, 10, 40] {
                measure_waiters(name, size, workers, &mut figures);
            }
        }
    }
    if part("first-sync") {
        measure_first_syncs(&mut figures);
    }
    figures.save();
}

impl Scenario {
    fn read(&self) -> Simulator {
        let settings = Settings {
            size: Size::Of(self.size),
            scale: self.scale,
            plan: self.plan,
            high_volume: self.high_volume,
            latency: self.latency,
            export_latency: self.export_latency,
            page_cap: Some(self.page_cap),
            ..Settings::default()
        };
        let sim = Simulator::start(settings).expect("the simulator starts");
        // Exports withhold the last minute. The sync begins with a minute of the limits.
        sim.advance_seconds(120 - sim.now_unix().rem_euclid(60));
        let end = self.minutes.map(|minutes| sim.now_unix() + minutes * 60);
        let sync = Sync {
            url: sim.url(),
            scale: self.scale,
            streams: self.streams,
            workers: self.workers,
            options: &[],
            state: None,
            debug: false,
        };
        sync.run_while(|| end.is_none_or(|end| sim.now_unix() < end));
        sim
    }

    /// Reads the account. Notes, for each limit that is the narrowest for some requests, how much
    /// of it was used.
    fn measure_shares(&self, figures: &mut Figures) {
        let sim = self.read();
        let requests = sim.requests();
        let mut limits: BTreeMap<&str, Vec<&RequestSeen>> = BTreeMap::new();
        for seen in &requests {
            limits.entry(limit_of(&seen.path)).or_default().push(seen);
        }
        for (limit, seen) in limits {
            let Some(minutes) = Minutes::of(&seen) else { continue };
            let allowed = self.allowed(limit);
            let percent = 100.0 * minutes.average() / f64::from(allowed);
            let refused = sim.limit_refusals().get(limit).copied().unwrap_or_default();
            tell(&format!(
                "{} ({} workers): {limit} {percent:.1} % of {allowed}, minutes 2 to {}, the least {}, {refused} refused",
                self.name,
                self.workers,
                minutes.counts.len() + 1,
                minutes.counts.iter().min().copied().unwrap_or_default(),
            ));
            figures.note(
                format!("{}: {limit}", self.name),
                json!({
                    "workers": self.workers,
                    "allowed": allowed,
                    "percent": rounded(percent),
                    "refused": refused,
                }),
            );
        }
    }

    /// Requests per minute. Source: Zendesk, "Rate limits"; for users, the headers that were seen.
    fn allowed(&self, limit: &str) -> u32 {
        match limit {
            "incremental-exports" => 10,
            "incremental-exports-cursor" => 20,
            _ => self.plan.requests_per_minute(),
        }
    }
}

/// The number of requests that a limit allowed, by minute. The first and the last minute are left out.
struct Minutes {
    counts: Vec<u32>,
}

impl Minutes {
    /// `None` if there are too few minutes.
    fn of(requests: &[&RequestSeen]) -> Option<Self> {
        let mut by_minute: BTreeMap<i64, u32> = BTreeMap::new();
        for seen in requests {
            let passed = u32::from(seen.status != 429);
            *by_minute.entry(seen.at_unix.div_euclid(60)).or_default() += passed;
        }
        let (first, last) = (*by_minute.keys().next()?, *by_minute.keys().next_back()?);
        let counts: Vec<u32> = (first + 1..last)
            .map(|minute| by_minute.get(&minute).copied().unwrap_or_default())
            .collect();
        (counts.len() > 2).then_some(Self { counts })
    }

    fn average(&self) -> f64 {
        f64::from(self.counts.iter().sum::<u32>()) / self.counts.len() as f64
    }
}

/// The narrowest limit that counts a request.
fn limit_of(path: &str) -> &'static str {
    let route = path.trim_start_matches("/api/v2/");
    if route.starts_with("help_center/") || route.starts_with("community/") {
        "help_center"
    } else if route.starts_with("incremental/users/cursor") {
        "incremental-exports-cursor"
    } else if route.starts_with("incremental/") {
        "incremental-exports"
    } else {
        "account"
    }
}

/// Notes the cost of many requests that wait at once: processor time and real time, by the number
/// of workers.
fn measure_waiters(name: &str, size: Size, workers: u32, figures: &mut Figures) {
    let settings = Settings {
        size,
        scale: WAITERS_SCALE,
        plan: Plan::EnterprisePlus,
        page_cap: Some(1_000),
        ..Settings::default()
    };
    let sim = Simulator::start(settings).expect("the simulator starts");
    sim.advance_seconds(120 - sim.now_unix().rem_euclid(60));
    let sync = Sync {
        url: sim.url(),
        scale: WAITERS_SCALE,
        streams: &["article_comment_votes"],
        workers,
        options: &[],
        state: None,
        debug: true,
    };
    let began = Instant::now();
    let cost = sync.run_while(|| began.elapsed() < LONGEST_WAIT);
    let waiting = cost.most_waiting.map_or("killed".to_owned(), |most| most.to_string());
    tell(&format!(
        "votes of comments, {name} ({workers} workers): {} rows, {} requests, waiting at once at most {waiting}, {:.2} s of processor time, {:.2} s",
        cost.rows,
        sim.requests().len(),
        cost.cpu_seconds,
        cost.wall_seconds,
    ));
    figures.note(
        format!("{name}, {workers} workers"),
        json!({
            "requests": sim.requests().len(),
            "most_waiting": cost.most_waiting,
            "cpu_seconds": rounded(cost.cpu_seconds),
        }),
    );
}

/// The simulated seconds from the first request to the last.
fn span_seconds(requests: &[RequestSeen]) -> i64 {
    let times = || requests.iter().map(|seen| seen.at_unix);
    times().max().unwrap_or_default() - times().min().unwrap_or_default()
}

/// Notes how long a first sync takes on each plan. The exports' limits are the same on every plan,
/// and only High Volume raises them.
fn measure_first_syncs(figures: &mut Figures) {
    let plans = [
        ("Team", Plan::Team, false),
        ("Professional", Plan::Professional, false),
        ("Enterprise", Plan::Enterprise, false),
        ("Enterprise with High Volume", Plan::Enterprise, true),
    ];
    for (name, plan, high_volume) in plans {
        let sim = Scenario { plan, high_volume, ..FIRST_SYNC }.read();
        let hours = span_seconds(&sim.requests()) as f64 / 3600.0 * PAGES_FOR_ONE;
        let per_minute = if high_volume { 30.0 } else { 10.0 };
        tell(&format!(
            "first sync on {name}: {hours:.1} hours; {FIRST_SYNC_PAGES} pages at {per_minute} a minute are {:.1}; refused {:?}",
            FIRST_SYNC_PAGES / per_minute / 60.0,
            sim.limit_refusals(),
        ));
        figures.note(
            format!("first sync, {name}"),
            json!({
                "hours": rounded(hours),
                "hours_by_pages": rounded(FIRST_SYNC_PAGES / per_minute / 60.0),
            }),
        );
    }
}
