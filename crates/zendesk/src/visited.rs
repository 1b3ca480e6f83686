//! The places where a walk has been. If a listing's links led back to one of them, it would be read
//! for ever. Pure, and of bounded size however long the walk is.

use std::collections::VecDeque;
use std::hash::{Hash, Hasher};

use xxhash_rust::xxh3::Xxh3Default;

use super::paging::Token;

/// How many of the last places are remembered one by one. A longer ring is found after some rounds.
const REMEMBERED: usize = 1024;

/// The places of one walk, as hashes.
#[derive(Clone, Debug, Default)]
pub struct Visited {
    last: VecDeque<u64>,
    /// One earlier place (Brent's algorithm). It is replaced after 1, 2, 4, 8 ... steps. So it is
    /// in the ring at last, and the ring is shorter than the time to the next replacement.
    kept: Option<u64>,
    steps: u64,
    steps_until_change: u64,
}

impl Visited {
    /// Notes the next place. Returns false if the walk was there before.
    #[must_use]
    pub fn goes_on_to(&mut self, place: &Token) -> bool {
        let mut hasher = Xxh3Default::new();
        place.hash(&mut hasher);
        let hash = hasher.finish();
        if self.kept == Some(hash) || self.last.contains(&hash) {
            return false;
        }
        if self.last.len() == REMEMBERED {
            self.last.pop_front();
        }
        self.last.push_back(hash);
        self.steps += 1;
        if self.steps >= self.steps_until_change {
            self.kept = Some(hash);
            self.steps_until_change = self.steps.saturating_mul(2);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place(number: usize) -> Token {
        Token::Cursor(number.to_string())
    }

    /// The steps after which a walk is stopped that comes into a ring of `length` after `before`.
    fn steps(before: usize, length: usize) -> usize {
        let mut visited = Visited::default();
        let at = |step: usize| if step < before { step } else { before + (step - before) % length };
        (0..).find(|step| !visited.goes_on_to(&place(at(*step)))).unwrap()
    }

    #[test]
    fn a_ring_is_found_at_its_first_repeated_place() {
        for (before, length) in [(0, 1), (0, 2), (1, 2), (7, 3), (100_000, 2), (3, REMEMBERED)] {
            assert_eq!(steps(before, length), before + length, "{before} {length}");
        }
    }

    #[test]
    fn a_longer_ring_is_found_within_a_few_laps() {
        for (before, length) in [(0, 1025), (10, 5_000), (5_000, 2_000), (50_000, 30_000)] {
            let most = 4 * before.max(length);
            assert!(steps(before, length) <= before + most, "{before} {length}");
        }
    }

    #[test]
    fn a_long_walk_without_a_ring_goes_on() {
        let mut visited = Visited::default();
        assert!((0..100_000).all(|number| visited.goes_on_to(&place(number))));
        assert_eq!(visited.last.len(), REMEMBERED);
        // The same text is another place in another dialect.
        let mut visited = Visited::default();
        assert!(visited.goes_on_to(&Token::Cursor("7".into())));
        assert!(visited.goes_on_to(&Token::After("7".into())));
        assert!(visited.goes_on_to(&Token::Page(7)));
        assert!(visited.goes_on_to(&Token::StartTime(7)));
    }

    proptest! {
        #[test]
        fn every_ring_is_found(before in 0..3_000_usize, length in 1..3_000_usize) {
            let steps = steps(before, length);
            prop_assert!(steps >= before + length);
            prop_assert!(steps <= before + 4 * before.max(length) + 1);
        }
    }
}
