//! Rate limits: fixed windows of simulated time, and the headers that report them. Several limits
//! may count one request. Sources: Zendesk, Rate limits; header spellings observed.

use crate::answer::Answer;
use crate::clock;
use crate::settings::{HeaderSpelling, Settings};
use crate::writes::PER_ORGANIZATION;
use std::collections::BTreeMap;

/// A limit that counts a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bucket {
    pub(crate) name: &'static str,
    /// The row that the limit belongs to, if there is one limit per row.
    pub(crate) of: Option<u64>,
    pub(crate) total: u32,
    pub(crate) window_s: i64,
    pub(crate) shown: Shown,
}

/// Which header reports a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    Account,
    /// The help center sends `x-rate-limit` only.
    HelpCenter,
    ByName,
    /// Some limits are documented but reported by no header.
    Nowhere,
}

#[derive(Debug, Default)]
struct Window {
    start_s: i64,
    used: u32,
}

#[derive(Default)]
pub(crate) struct Limits {
    windows: BTreeMap<(&'static str, Option<u64>), Window>,
    refusals: BTreeMap<String, u64>,
    refused: usize,
    /// Requests per minute that another program uses, by bucket.
    others: BTreeMap<String, u32>,
}

/// Zendesk, Access Logs: 50 per minute. No header reports it until it is used up.
const ACCESS_LOGS: &str = "access-logs";

/// The names of all buckets, those of writes included.
pub(crate) const NAMES: [&str; 23] = [
    "account",
    "help_center",
    "incremental-exports",
    "incremental-exports-cursor",
    "talk-incremental-exports",
    "search-export",
    "search-index",
    ACCESS_LOGS,
    "deleted-tickets",
    "ticket-fields-index",
    "agent-availabilities",
    "tags-index",
    "tickets-index",
    "side-conversations-events",
    "ticket-audits",
    "create-update-user",
    "create-update-user-per-user",
    PER_ORGANIZATION,
    "tickets-update",
    "per-ticket-updates",
    "ticket-request-create-by-user-and-ip",
    "tickets-delete",
    "tickets-destroy-many",
];

/// The buckets that count a request to this path below `/api/v2/`.
pub(crate) fn buckets(route: &str, settings: &Settings) -> Vec<Bucket> {
    let high = settings.high_volume;
    let plan = if high { 2500 } else { settings.plan.requests_per_minute() };
    let bucket = |name, total, window_s, shown| Bucket { name, of: None, total, window_s, shown };
    if route.starts_with("help_center/") || route.starts_with("community/") {
        return vec![bucket("help_center", plan, 60, Shown::HelpCenter)];
    }
    let mut buckets = vec![bucket("account", plan, 60, Shown::Account)];
    let is_audits_of_ticket = route.starts_with("tickets/") && route.ends_with("/audits");
    let own = match route {
        "incremental/users/cursor" => {
            let total = if high { 60 } else { 20 };
            bucket("incremental-exports-cursor", total, 60, Shown::ByName)
        }
        _ if route.starts_with("incremental/") => {
            bucket("incremental-exports", if high { 30 } else { 10 }, 60, Shown::ByName)
        }
        // Zendesk, Talk API, Incremental Exports: ten a minute.
        _ if route.starts_with("channels/voice/stats/incremental/") => {
            bucket("talk-incremental-exports", 10, 60, Shown::Nowhere)
        }
        "search/export" => bucket("search-export", 100, 60, Shown::Nowhere),
        "access_logs" => bucket(ACCESS_LOGS, 50, 60, Shown::Nowhere),
        "search" => bucket("search-index", 2500, 60, Shown::ByName),
        "deleted_tickets" => bucket("deleted-tickets", 10, 60, Shown::Nowhere),
        "ticket_fields" => {
            bucket("ticket-fields-index", if high { 450 } else { 300 }, 60, Shown::ByName)
        }
        // Zendesk, Agent Availability API, Rate Limits.
        "agent_availabilities" => bucket("agent-availabilities", 300, 60, Shown::Nowhere),
        "tags" => bucket("tags-index", 2000, 60, Shown::ByName),
        "tickets" => bucket("tickets-index", 20_000, 60, Shown::ByName),
        "tickets/side_conversations/events" => {
            bucket("side-conversations-events", 600, 600, Shown::Nowhere)
        }
        _ if is_audits_of_ticket => bucket("ticket-audits", 500, 60, Shown::Nowhere),
        _ => return buckets,
    };
    buckets.push(own);
    buckets
}

/// The bucket that counts every request to Support.
pub(crate) fn account_bucket(settings: &Settings) -> Bucket {
    let total = if settings.high_volume { 2500 } else { settings.plan.requests_per_minute() };
    Bucket { name: "account", of: None, total, window_s: 60, shown: Shown::Account }
}

/// The result of counting a request: what the answer says about the limits.
pub(crate) struct Verdict {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) refusal: Option<Answer>,
}

impl Limits {
    pub(crate) fn spend_for_others(&mut self, bucket: &str, per_minute: u32) {
        self.others.insert(bucket.to_owned(), per_minute);
    }

    pub(crate) fn refusals(&self) -> BTreeMap<String, u64> {
        self.refusals.clone()
    }

    /// Counts a request, or refuses it if a bucket is empty. A refused request is not counted.
    pub(crate) fn count(
        &mut self,
        buckets: &[Bucket],
        now_ms: i64,
        spelling: HeaderSpelling,
        enforce: bool,
    ) -> Verdict {
        debug_assert!(buckets.iter().all(|bucket| NAMES.contains(&bucket.name)), "{buckets:?}");
        let empty = buckets.iter().find(|bucket| self.left(bucket, now_ms) == 0);
        let refusal = empty.filter(|_| enforce).map(|bucket| {
            *self.refusals.entry(bucket.name.to_owned()).or_default() += 1;
            let turn = self.refused;
            self.refused += 1;
            let incremental = bucket.name.starts_with("incremental");
            let retry_after_s = resets_s(bucket, now_ms).max(1);
            if bucket.name == ACCESS_LOGS {
                let until = clock::iso(now_ms.div_euclid(1000) + retry_after_s);
                return Answer::too_many_access_logs(bucket.total, &until);
            }
            if bucket.name == PER_ORGANIZATION {
                return Answer::too_many_updates(retry_after_s);
            }
            Answer::over_limit(turn, retry_after_s, incremental)
        });
        if refusal.is_none() {
            for bucket in buckets {
                self.window(bucket, now_ms).used += 1;
            }
        }
        let mut headers = Vec::new();
        // Its answer has the account's headers of its own.
        let is_access_logs =
            refusal.is_some() && empty.is_some_and(|bucket| bucket.name == ACCESS_LOGS);
        for bucket in buckets.iter().filter(|_| !is_access_logs) {
            let left = self.left(bucket, now_ms);
            headers.extend(shown(bucket, left, resets_s(bucket, now_ms), spelling));
        }
        Verdict { headers, refusal }
    }

    fn window(&mut self, bucket: &Bucket, now_ms: i64) -> &mut Window {
        let start_s = now_ms.div_euclid(bucket.window_s * 1000) * bucket.window_s;
        let window = self.windows.entry((bucket.name, bucket.of)).or_default();
        if window.start_s != start_s {
            *window = Window { start_s, used: 0 };
        }
        window
    }

    fn left(&mut self, bucket: &Bucket, now_ms: i64) -> u32 {
        let per_minute = self.others.get(bucket.name).copied().unwrap_or(0);
        let window = self.window(bucket, now_ms);
        let elapsed_ms = now_ms - window.start_s * 1000;
        // The other program begins each window with one request, then spends evenly.
        let others = (i64::from(per_minute) * elapsed_ms).div_euclid(60_000) as u32
            + u32::from(per_minute > 0);
        bucket.total.saturating_sub(window.used.saturating_add(others))
    }
}

fn resets_s(bucket: &Bucket, now_ms: i64) -> i64 {
    let window_ms = bucket.window_s * 1000;
    let left_ms = window_ms - now_ms.rem_euclid(window_ms);
    left_ms.div_euclid(1000) + i64::from(left_ms % 1000 != 0)
}

fn shown(
    bucket: &Bucket,
    left: u32,
    resets_s: i64,
    spelling: HeaderSpelling,
) -> Vec<(String, String)> {
    let (general, own) = match spelling {
        HeaderSpelling::Current => ("ratelimit", "zendesk-ratelimit"),
        HeaderSpelling::Of2023 => ("rate-limit", "zendesk-rate-limit"),
    };
    let total = bucket.total;
    let x = vec![
        ("x-rate-limit".to_owned(), total.to_string()),
        ("x-rate-limit-remaining".to_owned(), left.to_string()),
    ];
    match bucket.shown {
        Shown::Nowhere => Vec::new(),
        Shown::HelpCenter => x,
        Shown::ByName => vec![(
            format!("{own}-{}", bucket.name),
            format!("total={total}; remaining={left}; resets={resets_s}"),
        )],
        Shown::Account => {
            let limit = match spelling {
                HeaderSpelling::Current => format!("{general}-limit"),
                HeaderSpelling::Of2023 => general.to_owned(),
            };
            let mut headers = x;
            headers.push((limit, total.to_string()));
            headers.push((format!("{general}-remaining"), left.to_string()));
            headers.push((format!("{general}-reset"), resets_s.to_string()));
            headers
        }
    }
}
