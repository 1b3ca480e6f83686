//! Reads the limits in an answer's headers, in all of Zendesk's spellings.
//!
//! Source: Zendesk, "Rate limits". The older spellings are from recorded answers.

use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};

use super::timestamp;

/// The longest time to a reset that is believed. Zendesk's limits are per one to ten minutes.
const LONGEST_RESET_SECONDS: u32 = 1800;

/// The family of the limit whose headers give the end as a time. Zendesk has no name for it.
pub const ACCESS_LOGS: &str = "access-logs";

/// What is left of one limit, by an answer's headers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    /// The endpoint family with this limit. `None` for the account's own limit.
    pub family: Option<String>,
    pub limit: Option<u32>,
    pub remaining: Option<u32>,
    /// The time until the limit is full again.
    pub resets: Option<Duration>,
}

/// When a refused request may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    Missing,
    Wait(Duration),
    Unreadable,
}

/// Reads every limit in the headers. `now_unix` is Zendesk's time, unix seconds.
#[must_use]
pub fn quotas(headers: &HeaderMap, now_unix: i64) -> Vec<Quota> {
    let mut account = Quota::default();
    let mut quotas = Vec::new();
    for (name, value) in headers {
        let Ok(value) = value.to_str() else { continue };
        let number = || value.trim().parse::<u32>().ok();
        match name.as_str() {
            "x-rate-limit" | "rate-limit" | "ratelimit-limit" => account.limit = number(),
            "x-rate-limit-remaining" | "rate-limit-remaining" | "ratelimit-remaining" => {
                account.remaining = number();
            }
            "rate-limit-reset" | "ratelimit-reset" => {
                account.resets = number().map(reset);
            }
            name => {
                let family = name
                    .strip_prefix("zendesk-ratelimit-")
                    .or_else(|| name.strip_prefix("zendesk-rate-limit-"));
                if let Some(family) = family {
                    quotas.push(family_quota(family, value));
                }
            }
        }
    }
    // Zendesk, Access Logs: the time at which their own limit is full again. What stands beside it is
    // told of that limit, and not of the account's.
    if let Some(wait) = resets_at(headers, now_unix) {
        account.family = Some(ACCESS_LOGS.to_owned());
        account.resets = Some(wait.min(reset(LONGEST_RESET_SECONDS)));
    }
    if account != Quota::default() {
        quotas.push(account);
    }
    quotas
}

fn reset(seconds: u32) -> Duration {
    Duration::from_secs(seconds.min(LONGEST_RESET_SECONDS).into())
}

/// Reads `total=10; remaining=9; resets=2`.
fn family_quota(family: &str, value: &str) -> Quota {
    let mut quota = Quota { family: Some(family.to_owned()), ..Quota::default() };
    for pair in value.split(';') {
        let Some((key, number)) = pair.split_once('=') else { continue };
        let number = number.trim().parse::<u32>().ok();
        match key.trim() {
            "total" => quota.limit = number,
            "remaining" => quota.remaining = number,
            "resets" => quota.resets = number.map(reset),
            _ => {}
        }
    }
    quota
}

/// The time until the limit is full again, for the limit whose headers give the end as a time.
fn resets_at(headers: &HeaderMap, now_unix: i64) -> Option<Duration> {
    let told = ["ratelimit-reset", "rate-limit-reset"].iter().find_map(|name| headers.get(*name));
    let text = told?.to_str().ok()?.trim();
    // Seconds, in the usual way, or nonsense.
    if text.parse::<f64>().is_ok() {
        return None;
    }
    let until = timestamp::from_text(text).or_else(|| timestamp::from_http_date(text))?;
    Some(Duration::from_secs(u64::try_from(until.saturating_sub(now_unix)).unwrap_or_default()))
}

/// Reads `Retry-After`, as seconds or as a date. Without it, reads the time at which a limit is
/// full again. `now_unix` is Zendesk's time, unix seconds.
#[must_use]
pub fn retry_after(headers: &HeaderMap, now_unix: i64) -> RetryAfter {
    let Some(value) = headers.get(RETRY_AFTER) else {
        return resets_at(headers, now_unix).map_or(RetryAfter::Missing, RetryAfter::Wait);
    };
    let text = value.to_str().unwrap_or_default().trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds)
            .map_or(RetryAfter::Unreadable, RetryAfter::Wait);
    }
    match timestamp::from_http_date(text).map(|until| u64::try_from(until.saturating_sub(now_unix)))
    {
        Some(Ok(seconds)) => RetryAfter::Wait(Duration::from_secs(seconds)),
        _ => RetryAfter::Unreadable,
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        pairs.collect()
    }

    #[test]
    fn a_limit_that_is_full_again_at_a_time_is_that_of_access_logs_and_says_how_long_to_wait() {
        for at in
            ["2026-11-21T00:00:41Z", "2026-11-21 00:00:41 +0000", "Sat, 21 Nov 2026 00:00:41 GMT"]
        {
            let headers = headers(&[("ratelimit-limit", "50"), ("ratelimit-reset", at)]);
            let now = 1_795_219_200;
            let wait = Duration::from_secs(41);
            let expected = Quota {
                family: Some(ACCESS_LOGS.to_owned()),
                limit: Some(50),
                remaining: None,
                resets: Some(wait),
            };
            assert_eq!(quotas(&headers, now), [expected], "{at}");
            assert_eq!(retry_after(&headers, now), RetryAfter::Wait(wait), "{at}");
            // It is over.
            assert_eq!(retry_after(&headers, now + 99), RetryAfter::Wait(Duration::ZERO), "{at}");
        }
        for value in ["41", "4294967295", "soon", ""] {
            let headers = headers(&[("ratelimit-reset", value)]);
            assert_eq!(retry_after(&headers, 0), RetryAfter::Missing, "{value}");
            assert!(quotas(&headers, 0).iter().all(|quota| quota.family.is_none()), "{value}");
        }
    }

    #[test]
    fn the_accounts_limit_is_read_in_every_spelling() {
        for (limit, remaining, reset) in [
            ("rate-limit", "rate-limit-remaining", "rate-limit-reset"),
            ("ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"),
            ("x-rate-limit", "x-rate-limit-remaining", "ratelimit-reset"),
        ] {
            let quota = quotas(&headers(&[(limit, "700"), (remaining, "676"), (reset, "41")]), 0);
            let expected = Quota {
                family: None,
                limit: Some(700),
                remaining: Some(676),
                resets: Some(Duration::from_secs(41)),
            };
            assert_eq!(quota, [expected]);
        }
    }

    #[test]
    fn a_familys_limit_is_read_in_both_spellings_and_nonsense_is_nothing() {
        for name in
            ["zendesk-ratelimit-incremental-exports", "zendesk-rate-limit-incremental-exports"]
        {
            let quota = quotas(&headers(&[(name, "total=10; remaining=9; resets=2")]), 0);
            let expected = Quota {
                family: Some("incremental-exports".into()),
                limit: Some(10),
                remaining: Some(9),
                resets: Some(Duration::from_secs(2)),
            };
            assert_eq!(quota, [expected]);
        }
        let quota =
            quotas(&headers(&[("zendesk-ratelimit-x", "total=-1; resets; ; remaining=many")]), 0);
        assert_eq!((quota[0].limit, quota[0].remaining, quota[0].resets), (None, None, None));
        let quota = quotas(&headers(&[("ratelimit-reset", "4294967295")]), 0);
        assert_eq!(quota[0].resets, Some(Duration::from_secs(1800)));
        assert!(quotas(&headers(&[("content-type", "text/html")]), 0).is_empty());
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let read = |value| retry_after(&headers(&[("retry-after", value)]), 1_404_488_224);
        assert_eq!(read("93"), RetryAfter::Wait(Duration::from_secs(93)));
        assert_eq!(read("0.5"), RetryAfter::Wait(Duration::from_millis(500)));
        assert_eq!(
            read("Fri, 04 Jul 2014 15:38:04 GMT"),
            RetryAfter::Wait(Duration::from_secs(60))
        );
        for nonsense in ["-1", "soon", "", "NaN", "Fri, 04 Jul 2014 15:00:00 GMT"] {
            assert_eq!(read(nonsense), RetryAfter::Unreadable, "{nonsense}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), 0), RetryAfter::Missing);
    }
}
