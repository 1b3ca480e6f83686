//! Streams of one feed that stand at different places: who reads next, and how far. Pure.
//!
//! Streams at one place walk as one. Otherwise they are joined from behind, two at a time: where
//! the one ahead had finished its last walk it goes first, because fresh data comes first; the one
//! behind then reads up to it, takes over its place, and from then on they are one walk.

use crate::zendesk::paging::Token;

/// Where a stream stands when the next stretch is planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub token: Token,
    /// Of a stream that is read per parent: the parents it is done with. Such streams share a
    /// stretch only when these are equal too; the others skip rows each for itself.
    pub seen: Option<Vec<u64>>,
    /// The place in the feed's own time, unix seconds.
    pub point: i64,
    /// The bounds of a search, unix seconds.
    pub window: Option<(i64, i64)>,
    /// In the middle of a walk, as opposed to waiting at the end of the last one.
    pub under_way: bool,
    pub state: Standstill,
}

/// Whether a stream still reads in this sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standstill {
    Reading,
    Done,
    Failed,
}

/// A stretch of a feed that some streams read together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leg {
    pub who: Vec<usize>,
    /// The stream whose place ends the stretch and is taken over; none reads to the feed's end.
    pub up_to: Option<usize>,
}

/// The next stretch, or none when nobody reads any more. `ordered`: the feed lists by time, so
/// that one stream can catch up with another.
#[must_use]
pub fn next_leg(standings: &[Standing], ordered: bool) -> Option<Leg> {
    let reading = |at: &usize| standings[*at].state == Standstill::Reading;
    let all: Vec<usize> = (0..standings.len()).collect();
    let together = |with: usize| -> Vec<usize> {
        let here = |at: &usize| reading(at) && same_place(&standings[*at], &standings[with]);
        let children =
            || all.iter().copied().filter(here).filter_map(|at| standings[at].seen.as_ref());
        let seen = standings[with].seen.as_ref().or(children().next());
        let fits =
            |at: &usize| standings[*at].seen.is_none() || standings[*at].seen.as_ref() == seen;
        all.iter().copied().filter(here).filter(fits).collect()
    };
    let readers = || all.iter().copied().filter(reading);
    if !ordered {
        return readers().next().map(|first| Leg { who: together(first), up_to: None });
    }
    let place =
        |at: &usize| (standings[*at].point, standings[*at].token.is_servers(), usize::MAX - *at);
    let behind = readers().min_by_key(place)?;
    let ahead = readers().max_by_key(place)?;
    let somebody_done = standings.iter().any(|standing| standing.state == Standstill::Done);
    if !standings[ahead].under_way && !somebody_done {
        return Some(Leg { who: together(ahead), up_to: None });
    }
    // Who stands at the very same place is no aim: what it will read is still to come.
    let further = |at: &usize| {
        let (there, here) = (&standings[*at], &standings[behind]);
        there.state != Standstill::Failed && there.point >= here.point && !same_place(there, here)
    };
    let up_to = all.iter().copied().filter(further).min_by_key(place);
    Some(Leg { who: together(behind), up_to })
}

fn same_place(a: &Standing, b: &Standing) -> bool {
    a.token == b.token && a.point == b.point && a.window == b.window
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn standing(point: i64, under_way: bool, state: Standstill) -> Standing {
        let token = Token::StartTime(point);
        Standing { token, seen: None, point, window: None, under_way, state }
    }

    fn check(standings: &[(i64, bool, Standstill)], who: &[usize], up_to: Option<usize>) {
        let standings: Vec<Standing> = standings
            .iter()
            .map(|(point, under_way, state)| standing(*point, *under_way, *state))
            .collect();
        assert_eq!(next_leg(&standings, true), Some(Leg { who: who.to_vec(), up_to }));
    }

    #[test]
    fn equal_places_walk_as_one_and_others_join_from_behind() {
        use Standstill::{Done, Failed, Reading};
        check(&[(5, true, Reading), (5, false, Reading)], &[0, 1], None);
        // The one ahead had finished: it goes first, to the end.
        check(&[(5, true, Reading), (9, false, Reading)], &[1], None);
        // It is done: the one behind reads up to it.
        check(&[(5, true, Reading), (12, false, Done)], &[0], Some(1));
        // The one ahead is in the middle: the one behind catches up first.
        check(&[(5, false, Reading), (9, true, Reading)], &[0], Some(1));
        check(&[(5, true, Reading), (9, true, Reading), (7, true, Reading)], &[0], Some(2));
        // A leader that failed keeps nobody from reading.
        check(&[(5, true, Reading), (9, true, Failed)], &[0], None);
        assert_eq!(next_leg(&[standing(5, true, Done), standing(9, true, Failed)], true), None);
    }

    #[test]
    fn children_that_are_done_with_different_parents_read_apart() {
        let mut standings = vec![standing(5, true, Standstill::Reading); 4];
        standings[1].seen = Some(vec![1]);
        standings[2].seen = Some(vec![2]);
        standings[3].seen = Some(vec![1]);
        let leg = next_leg(&standings, true);
        assert_eq!(leg, Some(Leg { who: vec![0, 1, 3], up_to: None }));
    }

    #[test]
    fn without_an_order_each_place_is_read_to_the_end() {
        let standings =
            [standing(5, true, Standstill::Reading), standing(9, false, Standstill::Reading)];
        assert_eq!(next_leg(&standings, false), Some(Leg { who: vec![0], up_to: None }));
    }

    proptest! {
        /// Whatever the places, everybody ends, nobody reads backwards, and nothing between a
        /// stream's first place and the feed's end stays unread.
        #[test]
        fn everybody_reads_everything_once(
            starts in proptest::collection::vec((0_i64..20, any::<bool>(), any::<bool>()), 1..6),
            fails in proptest::collection::vec(any::<bool>(), 40),
        ) {
            let end = 30;
            let mut standings: Vec<Standing> = starts
                .iter()
                .map(|(point, under_way, _)| standing(*point, *under_way, Standstill::Reading))
                .collect();
            let mut covered: Vec<Vec<(i64, i64)>> = vec![Vec::new(); starts.len()];
            let mut fails = fails.into_iter();
            let mut legs = 0;
            while let Some(leg) = next_leg(&standings, true) {
                legs += 1;
                prop_assert!(legs <= 4 * starts.len());
                prop_assert!(!leg.who.is_empty());
                let to = leg.up_to.map_or(end, |leader| standings[leader].point);
                let fail = fails.next().unwrap_or(false) && starts.iter().any(|start| start.2);
                for at in &leg.who {
                    let from = standings[*at].point;
                    prop_assert!(to >= from);
                    if fail && starts[*at].2 {
                        standings[*at].state = Standstill::Failed;
                        continue;
                    }
                    covered[*at].push((from, to));
                    let leader = leg.up_to.map(|leader| standings[leader].clone());
                    standings[*at] = match leader {
                        Some(leader) => leader,
                        None => standing(end, false, Standstill::Done),
                    };
                }
            }
            for (at, standing) in standings.iter().enumerate() {
                if standing.state == Standstill::Failed {
                    continue;
                }
                prop_assert_eq!(standing.state, Standstill::Done);
                let mut reached = starts[at].0;
                for (from, to) in &covered[at] {
                    prop_assert_eq!(*from, reached);
                    reached = *to;
                }
                prop_assert_eq!(reached, end);
            }
        }
    }
}
