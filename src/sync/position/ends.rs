//! Decides whether to believe an answer that says that a listing in the order of time has ended. No
//! single answer ends a listing. An end is believed if it fits what else is known. Pure.

use std::time::Duration;

/// How often the same place is requested again before an uncontradicted end is believed.
const TRIES: u32 = 2;

/// How often the same place is requested again if other answers contradict the end.
const TRIES_IF_CONTRADICTED: u32 = 5;

/// The waits between these requests. Their sum is longer than the minute that exports withhold. So
/// a row that moved to the end of the feed can be listed again by then.
const WAITS_SECONDS: [u64; 5] = [2, 10, 20, 40, 60];

/// An answer's claim that nothing comes after a place, and what else is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Claim {
    /// The time of the last listed row before the end, unix seconds.
    pub reached: Option<i64>,
    /// The end of the window, where the next window begins.
    pub own_end: Option<i64>,
    /// The place of the stream ahead, which was reached in the same feed.
    pub aim: Option<i64>,
    /// The latest time of rows of this feed that are known in this sync.
    pub newest: Option<i64>,
    /// Whether the window was split off and has listed no row yet.
    pub is_untouched: bool,
    /// Whether a later window is still being read, and may find rows.
    pub later_open: bool,
    /// How often this place has made the same claim before.
    pub said_before: u32,
}

/// The decision about an answer that says that the listing has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Believed,
    /// The same place is requested again after this wait.
    AskAgain(Duration),
    /// The same place is requested again after this wait, while a later window that may find rows
    /// is being read. That read is bounded itself.
    AskUntilLaterOnesEnd(Duration),
    /// The listing ends before the place of the stream ahead. That place is not taken over.
    BeforeTheAim,
    /// The answers do not change, but rows up to this time are known. The walk cannot go on.
    Contradicted(i64),
}

/// Judges an end.
#[must_use]
pub fn judge(claim: Claim) -> Verdict {
    let Claim { reached, own_end, aim, newest, is_untouched, later_open, said_before } = claim;
    let goal = own_end.or(aim);
    let later_row = newest.filter(|newest| Some(*newest) > reached);
    let fits_without_goal = later_row.is_none() && !is_untouched;
    if goal.map_or(fits_without_goal, |goal| reached >= Some(goal)) {
        return Verdict::Believed;
    }
    let tries = if later_row.is_some() { TRIES_IF_CONTRADICTED } else { TRIES };
    if said_before < tries {
        return Verdict::AskAgain(wait(said_before));
    }
    match (later_row, own_end, aim) {
        (Some(later_row), ..) => Verdict::Contradicted(later_row),
        (None, Some(_), _) if later_open => Verdict::AskUntilLaterOnesEnd(wait(u32::MAX)),
        (None, None, Some(_)) => Verdict::BeforeTheAim,
        (None, ..) => Verdict::Believed,
    }
}

/// The wait before a place is requested again. `said_before` is how often it was requested before.
#[must_use]
pub fn wait(said_before: u32) -> Duration {
    let at = (said_before as usize).min(WAITS_SECONDS.len() - 1);
    Duration::from_secs(WAITS_SECONDS[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(said_before: u32) -> Verdict {
        Verdict::AskAgain(wait(said_before))
    }

    #[test]
    fn an_end_that_fits_is_believed_at_once() {
        let at = Claim { reached: Some(50), ..Claim::default() };
        assert_eq!(judge(at), Verdict::Believed);
        assert_eq!(judge(Claim::default()), Verdict::Believed);
        assert_eq!(judge(Claim { newest: Some(50), ..at }), Verdict::Believed);
        // The last window keeps its place, but there was a reason to cut it off.
        let untouched = Claim { is_untouched: true, ..at };
        assert_eq!(judge(untouched), again(0));
        assert_eq!(judge(Claim { said_before: 2, ..untouched }), Verdict::Believed);
        assert_eq!(judge(Claim { own_end: Some(50), later_open: true, ..at }), Verdict::Believed);
        assert_eq!(judge(Claim { aim: Some(50), newest: Some(90), ..at }), Verdict::Believed);
    }

    #[test]
    fn a_window_that_has_not_come_to_its_end_is_not_done_by_one_word() {
        let early = Claim { reached: Some(50), own_end: Some(60), ..Claim::default() };
        for reached in [None, Some(50)] {
            // Nothing is known behind it: the account may have no later rows.
            let early = Claim { reached, ..early };
            assert_eq!(judge(early), again(0));
            assert_eq!(judge(Claim { said_before: 1, ..early }), again(1));
            assert_eq!(judge(Claim { said_before: 2, ..early }), Verdict::Believed);
            // A later window may find some.
            let open = Claim { later_open: true, ..early };
            assert_eq!(judge(open), again(0));
            let last = judge(Claim { said_before: 2, ..open });
            assert!(matches!(last, Verdict::AskUntilLaterOnesEnd(_)), "{last:?}");
            // It has found some.
            for known in [Claim { newest: Some(70), ..early }, Claim { newest: Some(70), ..open }] {
                assert_eq!(judge(known), again(0));
                assert_eq!(judge(Claim { said_before: 4, ..known }), again(4));
                assert_eq!(judge(Claim { said_before: 5, ..known }), Verdict::Contradicted(70));
            }
        }
    }

    #[test]
    fn an_end_before_the_place_ahead_is_no_place_to_take_over() {
        let early = Claim { reached: Some(50), aim: Some(60), ..Claim::default() };
        assert_eq!(judge(early), again(0));
        assert_eq!(judge(Claim { said_before: 2, ..early }), Verdict::BeforeTheAim);
        // Who is ahead has read those rows in this very sync.
        let known = Claim { newest: Some(60), said_before: 5, ..early };
        assert_eq!(judge(known), Verdict::Contradicted(60));
    }

    #[test]
    fn the_waits_grow_and_outlast_the_minute_that_is_withheld() {
        let waits: Vec<_> = (0..TRIES_IF_CONTRADICTED).map(wait).collect();
        assert!(waits.is_sorted() && waits.iter().sum::<Duration>() > Duration::from_secs(90));
        assert_eq!(wait(99), Duration::from_secs(60));
    }
}
