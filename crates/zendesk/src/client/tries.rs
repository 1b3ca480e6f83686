//! The tries of one request, and what changes for the next one. Pure.

use std::time::Duration;

use super::attempts::{Attempts, Next};
use super::failed::FailedTry;
use super::page_size::PageSize;
use crate::error::{ApiError, ErrorKind};
use crate::retry::{REFUSED_FOR_TOO_LONG, Smaller, Verdict};

/// Every listing of Zendesk's accepts this many rows per page.
const ROWS_THAT_ALL_LISTINGS_TAKE: u32 = 100;

/// The tries of one request, and what was changed between them.
#[derive(Debug)]
pub(super) struct Tries {
    attempts: Attempts,
    /// When the server first refused it, on the clock's `elapsed`.
    refused_since: Option<Duration>,
    /// Whether the access token was renewed for it.
    pub renewed: bool,
    /// The page size before a refusal was taken for one of the page size.
    size_before: Option<PageSize>,
}

/// What follows a failed try.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Followup {
    /// Ask again after a wait.
    Wait(Pause),
    /// Hold the bucket that refused for this long. If no bucket did, wait.
    Hold(Duration),
    GiveUp,
}

/// A wait before the next try.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pause {
    pub length: Duration,
    /// Whether the wait is for a limit.
    pub is_limit: bool,
    /// Whether the server requested the wait.
    pub is_servers: bool,
}

impl Tries {
    pub(super) fn new(most: u32) -> Self {
        Self {
            attempts: Attempts::new(most),
            refused_since: None,
            renewed: false,
            size_before: None,
        }
    }

    /// Forgets all tries before, because the last one brought enough.
    pub(super) fn start_over(&mut self) {
        self.attempts.start_over();
    }

    /// Treats a refusal as one of the page size. Some listings accept only 100 rows per page and
    /// say so by a refusal alone. Returns true if fewer rows are to be requested at once. If that
    /// is refused too, the size was not the reason, and it is restored.
    pub(super) fn limit_rows(&mut self, verdict: Verdict, size: &mut PageSize) -> bool {
        if verdict != Verdict::GiveUp(ErrorKind::Invalid) {
            return false;
        }
        match self.size_before {
            None => {
                self.size_before = Some(*size);
                size.limit(ROWS_THAT_ALL_LISTINGS_TAKE)
            }
            Some(before) => {
                *size = before;
                false
            }
        }
    }

    /// Decides what follows a failure, and shrinks the page where that may help. `jitter` is
    /// between 0 and 1.
    pub(super) fn next(
        &mut self,
        failed: &FailedTry,
        size: &mut PageSize,
        jitter: f64,
    ) -> Followup {
        let verdict = failed.verdict;
        let is_slow = matches!(verdict, Verdict::Again { smaller: Smaller::Slow, .. });
        if is_slow && failed.status.is_none() {
            self.attempts.count_twice();
        }
        match self.attempts.next(verdict, size.can_shrink(), jitter) {
            Next::GiveUp => Followup::GiveUp,
            Next::Hold(hold) => Followup::Hold(hold),
            Next::Ask { wait, smaller } => {
                if smaller {
                    size.shrink(matches!(verdict, Verdict::Again { smaller: Smaller::Body, .. }));
                }
                let is_servers = matches!(verdict, Verdict::Again { after: Some(_), .. });
                Followup::Wait(Pause { length: wait, is_limit: false, is_servers })
            }
        }
    }

    /// The error of a request that the server has refused for too long, or that would keep others
    /// waiting for longer than `patience`. `None`: it may go on. `now` is the clock's `elapsed`.
    pub(super) fn refused_too_long(
        &mut self,
        pause: Pause,
        patience: Option<Duration>,
        now: Duration,
        error: impl FnOnce() -> ApiError,
    ) -> Option<ApiError> {
        if !pause.is_servers {
            return None;
        }
        // Turns that others had before the first refusal are not held against the walk.
        let refused_for = now.saturating_sub(*self.refused_since.get_or_insert(now));
        let others_wait = patience.is_some_and(|patience| {
            !pause.length.is_zero() && refused_for.saturating_add(pause.length) > patience
        });
        if !others_wait && refused_for < REFUSED_FOR_TOO_LONG {
            return None;
        }
        let error = error();
        let is_long = error.kind == ErrorKind::Outage && !others_wait;
        let kind = if is_long { ErrorKind::LongOutage } else { error.kind };
        Some(ApiError { kind, again_in: others_wait.then_some(pause.length), ..error })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paging::Paging;
    use crate::retry::{Outcome, TRIES};

    const SECOND: Duration = Duration::from_secs(1);

    fn failed(verdict: Verdict) -> FailedTry {
        let failed = FailedTry::new(ErrorKind::Outage, Outcome::Broken, "why".to_owned());
        FailedTry { verdict, status: Some(503), ..failed }
    }

    #[test]
    fn a_refusal_is_taken_for_one_of_the_size_once_and_the_size_comes_back() {
        let mut size = PageSize::new(Paging::ExportTime { end_mark: true }, None);
        let (mut tries, rows) = (Tries::new(TRIES), size.rows);
        assert!(!tries.limit_rows(Verdict::GiveUp(ErrorKind::Forbidden), &mut size));
        assert!(tries.limit_rows(Verdict::GiveUp(ErrorKind::Invalid), &mut size));
        assert_eq!((rows, size.rows), (1000, ROWS_THAT_ALL_LISTINGS_TAKE));
        assert!(!tries.limit_rows(Verdict::GiveUp(ErrorKind::Invalid), &mut size));
        assert_eq!(size.rows, rows);
    }

    #[test]
    fn a_page_that_timed_out_counts_twice_and_shrinks() {
        let slow = failed(Verdict::Again { smaller: Smaller::Slow, after: None });
        for (status, most) in [(Some(504), 2), (None, 3)] {
            let failed = || FailedTry { status, ..failed(slow.verdict) };
            let mut size = PageSize::new(Paging::ExportTime { end_mark: true }, None);
            assert_eq!(Tries::new(most - 1).next(&failed(), &mut size, 0.0), Followup::GiveUp);
            assert_eq!(size.rows, 1000);
            let next = Tries::new(most).next(&failed(), &mut size, 0.0);
            assert!(matches!(next, Followup::Wait(Pause { is_servers: false, .. })), "{next:?}");
            assert!(size.rows < 1000);
        }
    }

    #[test]
    fn a_request_is_refused_for_too_long_by_the_clock_or_by_those_who_wait() {
        let pause = Pause { length: 9 * SECOND, is_limit: false, is_servers: true };
        let error = || failed(Verdict::Again { smaller: Smaller::No, after: None }).to_error("x");
        let mut tries = Tries::new(TRIES);
        let own = Pause { is_servers: false, ..pause };
        assert_eq!(tries.refused_too_long(own, Some(SECOND), SECOND, error), None);
        assert_eq!(tries.refused_too_long(pause, None, 5 * SECOND, error), None);
        assert_eq!(tries.refused_too_long(pause, Some(10 * SECOND), 6 * SECOND, error), None);
        let ended = tries.refused_too_long(pause, Some(10 * SECOND), 7 * SECOND, error).unwrap();
        assert_eq!((ended.kind, ended.again_in), (ErrorKind::Outage, Some(pause.length)));
        // What waits in the queue of a bucket keeps nobody waiting.
        let queued = Pause { length: Duration::ZERO, ..pause };
        assert_eq!(tries.refused_too_long(queued, Some(SECOND), 8 * SECOND, error), None);
        let later = 5 * SECOND + REFUSED_FOR_TOO_LONG;
        let ended = tries.refused_too_long(pause, None, later, error).unwrap();
        assert_eq!((ended.kind, ended.again_in), (ErrorKind::LongOutage, None));
    }
}
