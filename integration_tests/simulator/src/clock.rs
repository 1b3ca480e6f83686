//! Simulated time. It starts at a fixed moment, runs `scale` times as fast as real time, and can be
//! moved forward. Also the spellings of time that Zendesk uses.

use chrono::DateTime;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

pub(crate) struct Clock {
    start_ms: i64,
    started: Instant,
    scale: f64,
    skipped_ms: AtomicI64,
}

impl Clock {
    pub(crate) fn start(start_unix: i64, scale: f64) -> Self {
        let skipped_ms = AtomicI64::new(0);
        Self { start_ms: start_unix * 1000, started: Instant::now(), scale, skipped_ms }
    }

    pub(crate) fn now_ms(&self) -> i64 {
        let run_ms = (self.started.elapsed().as_secs_f64() * 1000.0 * self.scale) as i64;
        self.start_ms + run_ms + self.skipped_ms.load(Ordering::Relaxed)
    }

    pub(crate) fn now_unix(&self) -> i64 {
        self.now_ms().div_euclid(1000)
    }

    pub(crate) fn advance_ms(&self, ms: i64) {
        self.skipped_ms.fetch_add(ms, Ordering::Relaxed);
    }

    /// The real duration of this many simulated milliseconds.
    pub(crate) fn real(&self, simulated_ms: u64) -> Duration {
        let seconds = simulated_ms as f64 / 1000.0 / self.scale;
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }
}

fn at(unix: i64) -> DateTime<chrono::Utc> {
    DateTime::from_timestamp(unix, 0).unwrap_or_default()
}

/// `2026-11-21T00:00:00Z`
pub(crate) fn iso(unix: i64) -> String {
    at(unix).format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A time in the spelling of the text that it replaces: with milliseconds, with `+00:00`, or as
/// most of the API spells it.
pub(crate) fn iso_like(unix: i64, former: &str) -> String {
    let plain = at(unix).format("%Y-%m-%dT%H:%M:%S");
    if former.contains('.') {
        format!("{plain}.{:03}Z", unix.rem_euclid(1000))
    } else if former.contains("+00:00") {
        format!("{plain}+00:00")
    } else {
        format!("{plain}Z")
    }
}

/// `20140704T15:37:04Z`, the spelling in the documentation of deleted tickets.
pub(crate) fn iso_without_dashes(unix: i64) -> String {
    at(unix).format("%Y%m%dT%H:%M:%SZ").to_string()
}

pub(crate) fn http_date(unix: i64) -> String {
    at(unix).format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Parses a time as the API accepts it in a query: RFC 3339, or a date only.
pub(crate) fn parse_iso(text: &str) -> Option<i64> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.timestamp());
    }
    let time = DateTime::parse_from_rfc3339(&format!("{text}T00:00:00Z")).ok()?;
    Some(time.timestamp())
}
