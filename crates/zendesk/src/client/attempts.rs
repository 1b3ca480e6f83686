//! Decides what follows a failed try: whether, when and how the request is repeated. Pure.

use std::time::Duration;

use crate::budget::WalkId;
use crate::retry::{DOUBTS, Smaller, Verdict, backoff, growing};

/// The wait after the first answer that is not believed. The next waits are multiples of it.
const DOUBT: Duration = Duration::from_millis(500);

/// Counts the tries of one request.
#[derive(Debug)]
pub(super) struct Attempts {
    tries: u32,
    most: u32,
    doubts: u32,
    /// Refusals because of a limit.
    refusals: u32,
    /// Failures whose reason may be the page size.
    vague: u32,
}

/// What follows a failed try.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Next {
    /// Ask again after a wait. `smaller`: with fewer rows.
    Ask {
        wait: Duration,
        smaller: bool,
    },
    /// Hold the bucket that refused. If no bucket did, wait.
    Hold(Duration),
    GiveUp,
}

impl Attempts {
    pub(super) fn new(most: u32) -> Self {
        Self { tries: 0, most, doubts: 0, refusals: 0, vague: 0 }
    }

    /// Forgets all tries before, because the last one brought enough.
    pub(super) fn start_over(&mut self) {
        self.tries = 0;
    }

    /// Counts the last try twice, because it took minutes without an answer.
    pub(super) fn count_twice(&mut self) {
        self.tries = self.tries.saturating_add(1);
    }

    /// Decides what follows a failure. `jitter` is between 0 and 1.
    pub(super) fn next(&mut self, verdict: Verdict, can_shrink: bool, jitter: f64) -> Next {
        let (smaller, after) = match verdict {
            Verdict::GiveUp(_) => return Next::GiveUp,
            Verdict::Limited(wait) => {
                self.refusals = self.refusals.saturating_add(1);
                return Next::Hold(wait.max(growing(self.refusals)));
            }
            Verdict::Doubt(_) => {
                self.doubts += 1;
                // Whoever gives up on faults early does so here too.
                if self.doubts > DOUBTS.min(self.most / 2) {
                    return Next::GiveUp;
                }
                return Next::Ask { wait: DOUBT * self.doubts, smaller: false };
            }
            Verdict::Again { smaller: Smaller::Body, .. } if can_shrink => {
                return Next::Ask { wait: Duration::ZERO, smaller: true };
            }
            Verdict::Again { smaller: Smaller::Body, .. } => return Next::GiveUp,
            Verdict::Again { smaller, after } => (smaller, after),
        };
        self.tries += 1;
        if self.tries >= self.most {
            return Next::GiveUp;
        }
        self.vague += u32::from(smaller == Smaller::Perhaps);
        let may_help = match smaller {
            Smaller::Slow => true,
            Smaller::Perhaps => self.vague > 1,
            Smaller::No | Smaller::Body => false,
        };
        let smaller = may_help && can_shrink;
        let at_least = after.unwrap_or_default();
        // The first page that was too slow is asked for at once in a smaller size; after that an
        // outage is as likely.
        let wait = if smaller && self.tries == 1 {
            at_least
        } else {
            at_least.max(backoff(self.tries + 1, jitter))
        };
        Next::Ask { wait, smaller }
    }
}

/// A number from 0 to 1 that differs between walks and moments.
pub(super) fn jitter(elapsed: Duration, walk: WalkId) -> f64 {
    let mixed =
        (u64::from(elapsed.subsec_nanos()) ^ walk.number()).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    f64::from(u32::try_from(mixed >> 32).unwrap_or_default()) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::PageSize;
    use crate::error::ErrorKind;
    use crate::paging::Paging;
    use crate::retry::TRIES;

    const fn again(smaller: Smaller) -> Verdict {
        Verdict::Again { smaller, after: None }
    }

    /// The sizes that are asked for and the seconds waited, when every try ends so.
    fn endless(verdict: Verdict) -> (Vec<u32>, u64) {
        let mut size = PageSize::new(Paging::ExportTime { end_mark: true }, None);
        let (mut attempts, mut sizes, mut waited) = (Attempts::new(TRIES), vec![size.rows], 0);
        while let Next::Ask { wait, smaller } = attempts.next(verdict, size.can_shrink(), 1.0) {
            if smaller {
                size.shrink(false);
            }
            sizes.push(size.rows);
            waited += wait.as_secs();
        }
        (sizes, waited)
    }

    #[test]
    fn an_outage_at_every_size_ends_within_the_tries_and_waits_from_the_second_on() {
        let (sizes, waited) = endless(again(Smaller::Slow));
        assert_eq!(sizes, [1000, 500, 250, 125, 62, 31, 15, 7, 3, 1, 1, 1]);
        assert!((300..400).contains(&waited), "{waited}");
        let (sizes, waited) = endless(again(Smaller::Perhaps));
        assert_eq!(sizes, [1000, 1000, 500, 250, 125, 62, 31, 15, 7, 3, 1, 1]);
        assert!((300..400).contains(&waited), "{waited}");
        let (sizes, _) = endless(again(Smaller::No));
        assert_eq!(sizes, [1000; TRIES as usize]);
    }

    #[test]
    fn the_first_page_that_was_too_slow_is_asked_for_at_once_in_a_smaller_size() {
        let mut attempts = Attempts::new(TRIES);
        let first = attempts.next(again(Smaller::Slow), true, 1.0);
        assert_eq!(first, Next::Ask { wait: Duration::ZERO, smaller: true });
        let second = attempts.next(again(Smaller::Slow), true, 1.0);
        assert_eq!(second, Next::Ask { wait: Duration::from_secs(2), smaller: true });
    }

    #[test]
    fn a_refusal_that_asks_for_no_wait_is_waited_out_ever_longer() {
        let mut attempts = Attempts::new(TRIES);
        let mut next = |wait| attempts.next(Verdict::Limited(wait), false, 0.0);
        let seconds = Duration::from_secs;
        assert_eq!(next(Duration::ZERO), Next::Hold(seconds(1)));
        assert_eq!(next(Duration::ZERO), Next::Hold(seconds(2)));
        assert_eq!(next(seconds(30)), Next::Hold(seconds(30)));
        assert_eq!(next(Duration::ZERO), Next::Hold(seconds(8)));
        for _ in 0..20 {
            next(Duration::ZERO);
        }
        assert_eq!(next(Duration::ZERO), Next::Hold(seconds(60)));
    }

    #[test]
    fn what_says_when_to_come_back_is_obeyed_within_the_tries() {
        let mut attempts = Attempts::new(3);
        let after = Some(Duration::from_secs(300));
        let verdict = Verdict::Again { smaller: Smaller::No, after };
        let ask = Next::Ask { wait: Duration::from_secs(300), smaller: false };
        assert_eq!([0; 3].map(|_| attempts.next(verdict, true, 0.0)), [ask, ask, Next::GiveUp]);
    }

    #[test]
    fn doubts_and_bodies_have_bounds_of_their_own() {
        let mut attempts = Attempts::new(TRIES);
        let doubt = Verdict::Doubt(ErrorKind::Unauthorized);
        let asked = (0..10).take_while(|_| attempts.next(doubt, true, 0.0) != Next::GiveUp);
        assert_eq!(asked.count(), DOUBTS as usize);
        let body = again(Smaller::Body);
        assert_eq!(
            attempts.next(body, true, 0.0),
            Next::Ask { wait: Duration::ZERO, smaller: true }
        );
        assert_eq!(attempts.next(body, false, 0.0), Next::GiveUp);
    }
}
