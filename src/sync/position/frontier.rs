//! Tracks parents whose children are read several at once and out of order. It says up to which
//! parent a position may go. Pure.

use std::collections::{BTreeMap, VecDeque};

use super::MOST_SEEN;
use zendesk::paging::Token;

/// How many later answers of a child feed must come to judge a refused parent. They show whether
/// the refusal is about that parent alone.
pub const JUDGED_AFTER: u64 = 50;

/// The number of answers of each feed with at least one refusal.
pub type Answers = BTreeMap<String, u64>;

/// The parents of a walk, in the feed's order, from the first that is not settled.
#[derive(Debug, Default)]
pub struct Frontier {
    open: VecDeque<Entry>,
    /// Settled parents before the first open one. A walk from its place would list them again.
    behind: VecDeque<Listed>,
    /// How many entries have left `open`.
    left: usize,
}

/// A parent as the feed lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub hash: u64,
    /// The earliest place of the parent in the feed's time, if the feed is ordered by time.
    pub time: Option<i64>,
    /// The parent's own time, which is its latest possible place.
    pub own: Option<i64>,
    /// The place of the page with the parent.
    pub page: Token,
}

#[derive(Debug)]
struct Entry {
    parent: Listed,
    state: EntryState,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum EntryState {
    Open,
    /// Refused. Holds how many answers each feed had at that moment.
    Refused(Answers),
    Settled,
}

impl Frontier {
    /// The frontier of a walk that goes on at a place, where these parents are settled already.
    #[must_use]
    pub fn resumed(token: &Token, seen: &[u64]) -> Self {
        let time = if let Token::StartTime(seconds) = token { Some(*seconds) } else { None };
        let listed = |hash: &u64| Listed { hash: *hash, time, own: time, page: token.clone() };
        Self { open: VecDeque::new(), behind: seen.iter().map(listed).collect(), left: 0 }
    }

    /// Adds the next parent of the feed and returns its number.
    pub fn push(&mut self, parent: Listed) -> usize {
        self.open.push_back(Entry { parent, state: EntryState::Open });
        self.left + self.open.len() - 1
    }

    /// How many parents there are from the first open one to the newest.
    #[must_use]
    pub fn width(&self) -> usize {
        self.open.len()
    }

    /// Whether another parent may be begun. It may if no finished parent would be forgotten. It also
    /// may if the first open parent was refused, because only later answers can judge that parent.
    #[must_use]
    pub fn has_room(&self) -> bool {
        let first = self.open.front().map(|entry| &entry.state);
        self.open.len() < MOST_SEEN - 8 || matches!(first, Some(EntryState::Refused(_)))
    }

    /// Notes that all children of a parent are delivered, or that there are none to deliver.
    pub fn settle(&mut self, number: usize) {
        self.set(number, EntryState::Settled);
    }

    /// Notes that a parent was refused. `answers` is the number of answers of each feed by then.
    pub fn refuse(&mut self, number: usize, answers: Answers) {
        self.set(number, EntryState::Refused(answers));
    }

    /// Settles refused parents that enough later answers of every feed have judged. A feed that is
    /// missing in `answers` is no longer read, and does not hold a parent back.
    pub fn judge(&mut self, answers: &Answers) {
        let is_later = |(feed, at): (&String, &u64)| {
            answers.get(feed).is_none_or(|now| *now >= at + JUDGED_AFTER)
        };
        for entry in &mut self.open {
            if let EntryState::Refused(at) = &entry.state
                && at.iter().all(is_later)
            {
                entry.state = EntryState::Settled;
            }
        }
        self.retire();
    }

    /// Settles every refused parent. Called at the end of a walk in which not too many were
    /// refused.
    pub fn judge_all(&mut self) {
        self.judge(&Answers::new());
    }

    /// Where the walk can be resumed: the place, the feed's time there, and the settled parents
    /// after it. `next` is the place if no parent is open.
    #[must_use]
    pub fn place(&self, next: &Token) -> (Token, Option<i64>, Vec<u64>) {
        let Some(first) = self.open.front() else {
            let second = if let Token::StartTime(seconds) = next { Some(*seconds) } else { None };
            let again = |parent: &&Listed| second.is_some() && parent.own >= second;
            let seen = self.behind.iter().filter(again).map(|parent| parent.hash);
            return (next.clone(), second, cut(seen.collect()));
        };
        let token = first.parent.time.map_or_else(|| first.parent.page.clone(), Token::StartTime);
        let settled = self.open.iter().filter(|entry| entry.state == EntryState::Settled);
        // Those ahead come first: they are the ones a resumed walk would surely read again.
        let mut seen: Vec<u64> = settled.map(|entry| entry.parent.hash).collect();
        seen.extend(self.behind.iter().rev().map(|parent| parent.hash));
        (token, first.parent.time, cut(seen))
    }

    fn set(&mut self, number: usize, state: EntryState) {
        if let Some(entry) = number.checked_sub(self.left).and_then(|at| self.open.get_mut(at)) {
            entry.state = state;
        }
        self.retire();
    }

    fn retire(&mut self) {
        while self.open.front().is_some_and(|entry| entry.state == EntryState::Settled) {
            if let Some(entry) = self.open.pop_front() {
                self.behind.push_back(entry.parent);
                self.left += 1;
            }
        }
        let place = self.open.front().map(|entry| &entry.parent).or(self.behind.back()).cloned();
        if let Some(place) = place {
            let same = |parent: &Listed| match place.time {
                Some(time) => parent.own >= Some(time),
                None => parent.page == place.page,
            };
            self.behind.retain(same);
        }
    }
}

fn cut(mut seen: Vec<u64>) -> Vec<u64> {
    seen.truncate(MOST_SEEN);
    seen.sort_unstable();
    seen.dedup();
    seen
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn timed(number: usize, time: i64) -> Listed {
        listed(number, time, time)
    }

    fn listed(number: usize, time: i64, own: i64) -> Listed {
        let page = Token::StartTime(0);
        Listed { hash: number as u64, time: Some(time), own: Some(own), page }
    }

    #[test]
    fn a_place_is_the_first_open_parent_with_all_that_is_done_beyond_it() {
        let mut frontier = Frontier::default();
        let numbers: Vec<usize> = [10, 10, 20, 30]
            .iter()
            .enumerate()
            .map(|(at, time)| frontier.push(timed(at, *time)))
            .collect();
        frontier.settle(numbers[3]);
        assert_eq!(frontier.place(&Token::First), (Token::StartTime(10), Some(10), vec![3]));
        frontier.settle(numbers[0]);
        assert_eq!(frontier.place(&Token::First), (Token::StartTime(10), Some(10), vec![0, 3]));
        frontier.settle(numbers[1]);
        assert_eq!(frontier.place(&Token::First), (Token::StartTime(20), Some(20), vec![3]));
        frontier.settle(numbers[2]);
        let next = Token::StartTime(30);
        assert_eq!(frontier.place(&next), (next.clone(), Some(30), vec![3]));
    }

    #[test]
    fn without_times_a_place_is_a_page() {
        let page = Token::After("p".into());
        let mut frontier = Frontier::resumed(&page, &[7]);
        let listed = |hash| Listed { hash, time: None, own: None, page: page.clone() };
        let (first, second) = (frontier.push(listed(1)), frontier.push(listed(2)));
        frontier.settle(second);
        assert_eq!(frontier.place(&Token::First), (page.clone(), None, vec![2, 7]));
        frontier.settle(first);
        let next = Token::After("q".into());
        assert_eq!(frontier.place(&next), (next.clone(), None, vec![]));
    }

    fn answers(of_feeds: &[(&str, u64)]) -> Answers {
        of_feeds.iter().map(|(feed, count)| ((*feed).to_owned(), *count)).collect()
    }

    #[test]
    fn a_refused_parent_holds_the_place_until_it_is_judged() {
        let mut frontier = Frontier::default();
        let refused = frontier.push(timed(0, 10));
        let fine = frontier.push(timed(1, 20));
        frontier.refuse(refused, answers(&[("votes", 100), ("comments", 20)]));
        frontier.settle(fine);
        for few in [[("votes", 149), ("comments", 70)], [("votes", 999), ("comments", 69)]] {
            frontier.judge(&answers(&few));
            assert_eq!(frontier.place(&Token::First).0, Token::StartTime(10));
        }
        // The comments have failed, so that nobody waits for them.
        frontier.judge(&answers(&[("votes", 150)]));
        assert_eq!(frontier.place(&Token::StartTime(99)).0, Token::StartTime(99));
    }

    proptest! {
        /// A walk resumed at any place lists every parent that is not settled, in whatever order
        /// parents were finished. It lists no settled parent again, as long as few enough are open.
        #[test]
        fn no_parent_is_lost_and_none_is_read_twice(
            steps in proptest::collection::vec((0_i64..3, 0_usize..6), 1..60),
        ) {
            let mut frontier = Frontier::default();
            let (mut parents, mut open, mut time) = (Vec::new(), Vec::new(), 0);
            for (later, pick) in steps {
                time += later;
                parents.push(time);
                open.push(frontier.push(timed(parents.len() - 1, time)));
                if open.len() > pick {
                    frontier.settle(open.remove(pick));
                }
                let next = Token::StartTime(time);
                let (token, _, seen) = frontier.place(&next);
                let Token::StartTime(from) = token else { panic!("not a time") };
                let seen: HashSet<u64> = seen.into_iter().collect();
                let again: Vec<usize> = (0..parents.len())
                    .filter(|at| parents[*at] >= from && !seen.contains(&(*at as u64)))
                    .collect();
                prop_assert_eq!(again, open.clone());
            }
        }

        /// Some parents have a time later than their place, and their place is only known to be a
        /// row or two earlier. No parent is lost.
        #[test]
        fn parents_that_bear_a_later_time_are_not_lost(
            steps in proptest::collection::vec((0_i64..3, 0_usize..6, 0_i64..40), 1..60),
        ) {
            let mut frontier = Frontier::default();
            let (mut stands, mut open) = (vec![0], Vec::new());
            for (number, (later, pick, own)) in steps.into_iter().enumerate() {
                let before = *stands.last().unwrap();
                let here = before + later;
                let own = if own > 20 { here + own } else { here };
                open.push(frontier.push(listed(number, before, own)));
                stands.push(here);
                if open.len() > pick {
                    frontier.settle(open.remove(pick));
                }
                let (token, time, seen) = frontier.place(&Token::Cursor("next".into()));
                if let Token::StartTime(from) = token {
                    prop_assert_eq!(time, Some(from));
                    for at in &open {
                        prop_assert!(stands[at + 1] >= from && !seen.contains(&(*at as u64)));
                    }
                } else {
                    prop_assert!(open.is_empty());
                }
            }
        }
    }
}
