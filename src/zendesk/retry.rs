//! The verdict over a try that gave no page: wait, ask again, or give up. Pure; the client acts.

use std::time::Duration;

use super::error::ErrorKind;
use super::headers::RetryAfter;

/// Tries of a request that meets faults. With the waits between them a fault of two minutes is
/// survived; longer ones are for the orchestrator's own retry.
pub const TRIES: u32 = 8;

/// For how long a request that is refused by 429 or 503 alone is asked again.
pub const REFUSED_FOR_TOO_LONG: Duration = Duration::from_secs(90 * 60);

/// The longest `Retry-After` that is believed.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(1800);

/// How a try of a request failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome<'a> {
    Answered {
        status: u16,
        retry_after: RetryAfter,
        body: &'a [u8],
    },
    /// No connection, or it broke before the end of the body.
    Broken,
    /// No answer in time.
    TimedOut,
    /// A good status with a body that is not what it should be.
    Unreadable,
    /// More bytes than may be held.
    TooLarge,
}

/// What to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Hold everything that draws on the bucket that refused; if none did, this walk alone.
    HoldBucket(Duration),
    /// Hold this walk alone.
    HoldWalk(Duration),
    /// Ask again after a growing wait. `smaller`: at half the page size, if that is possible.
    Again {
        smaller: bool,
    },
    GiveUp(ErrorKind),
}

/// Judges one outcome. `positioned`: the request carried a token or a start time.
#[must_use]
pub fn judge(outcome: Outcome<'_>, positioned: bool) -> Verdict {
    let (status, retry_after, body) = match outcome {
        Outcome::Broken | Outcome::Unreadable => return Verdict::Again { smaller: false },
        Outcome::TimedOut | Outcome::TooLarge => return Verdict::Again { smaller: true },
        Outcome::Answered { status, retry_after, body } => (status, retry_after, body),
    };
    match status {
        429 => Verdict::HoldBucket(wait(retry_after)),
        503 => Verdict::HoldWalk(wait(retry_after)),
        504 => Verdict::Again { smaller: true },
        408 | 409 | 500 | 502 | 520..=524 => Verdict::Again { smaller: false },
        401 => Verdict::GiveUp(ErrorKind::Unauthorized),
        402 | 403 => Verdict::GiveUp(ErrorKind::Forbidden),
        400 | 410 | 422 if positioned || names_start_time(body) => {
            Verdict::GiveUp(ErrorKind::BadPosition)
        }
        404 | 410 => Verdict::GiveUp(ErrorKind::NotFound),
        400 | 422 => Verdict::GiveUp(ErrorKind::Invalid),
        _ => Verdict::GiveUp(ErrorKind::Unexpected),
    }
}

/// Whether a refusal is about a start time that is too recent. The status alone does not tell;
/// both the old and the new wording are known.
#[must_use]
pub fn names_start_time(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    text.contains("StartTimeTooRecent") || text.contains("Too recent start_time")
}

/// The wait that a refusal asks for.
#[must_use]
pub fn wait(retry_after: RetryAfter) -> Duration {
    match retry_after {
        RetryAfter::Missing => Duration::from_secs(10),
        RetryAfter::Unreadable => Duration::from_secs(60),
        RetryAfter::Wait(wait) => wait.min(LONGEST_RETRY_AFTER),
    }
}

/// The wait before try `next` (2 is the first repetition). `jitter` is between 0 and 1: many
/// clients that failed together should not come back together.
#[must_use]
pub fn backoff(next: u32, jitter: f64) -> Duration {
    let seconds = 2_u32.saturating_pow(next.saturating_sub(2)).min(60);
    Duration::from_secs_f64(f64::from(seconds) * (0.5 + jitter.clamp(0.0, 1.0) / 2.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16, positioned: bool) -> Verdict {
        judge(Outcome::Answered { status, retry_after: RetryAfter::Missing, body: b"" }, positioned)
    }

    #[test]
    fn each_status_has_its_verdict() {
        for status in [408, 409, 500, 502, 520, 521, 522, 523, 524] {
            assert_eq!(judged(status, true), Verdict::Again { smaller: false }, "{status}");
        }
        assert_eq!(judged(504, true), Verdict::Again { smaller: true });
        assert_eq!(judged(429, true), Verdict::HoldBucket(Duration::from_secs(10)));
        assert_eq!(judged(503, true), Verdict::HoldWalk(Duration::from_secs(10)));
        for (status, positioned, kind) in [
            (400, true, ErrorKind::BadPosition),
            (422, true, ErrorKind::BadPosition),
            (400, false, ErrorKind::Invalid),
            (401, true, ErrorKind::Unauthorized),
            (403, true, ErrorKind::Forbidden),
            (404, true, ErrorKind::NotFound),
            (301, false, ErrorKind::Unexpected),
            (418, false, ErrorKind::Unexpected),
        ] {
            assert_eq!(judged(status, positioned), Verdict::GiveUp(kind), "{status}");
        }
    }

    #[test]
    fn a_retry_after_is_believed_up_to_half_an_hour() {
        let seconds = Duration::from_secs;
        assert_eq!(wait(RetryAfter::Wait(seconds(99_999))), seconds(1800));
        assert_eq!(wait(RetryAfter::Wait(seconds(0))), seconds(0));
        assert_eq!(wait(RetryAfter::Unreadable), seconds(60));
    }

    #[test]
    fn waits_grow_and_are_bounded() {
        let waits: Vec<u64> = (2..=TRIES + 1).map(|next| backoff(next, 1.0).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert!(backoff(3, 0.0) >= Duration::from_secs(1));
    }
}
