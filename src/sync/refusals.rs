//! Whether refused parents are their own affair or the whole stream's. Pure.

use std::collections::VecDeque;

use super::frontier::JUDGED_AFTER;

/// Fewer answers than this say nothing about a stream.
const FEWEST: usize = 3;

/// The last answers of a per-parent listing, and whether each was a 401 or 403.
#[derive(Debug, Default)]
pub struct Refusals {
    recent: VecDeque<bool>,
    pub answers: u64,
}

impl Refusals {
    /// Notes an answer.
    pub fn note(&mut self, refused: bool) {
        self.answers += 1;
        self.recent.push_back(refused);
        if self.recent.len() as u64 > JUDGED_AFTER {
            self.recent.pop_front();
        }
    }

    /// Refused and all of the last answers, when more than half were refused. Before fifty answers
    /// only the end of the walk can say so.
    #[must_use]
    pub fn too_many(&self, at_end: bool) -> Option<(u64, u64)> {
        let (refused, of) =
            (self.recent.iter().filter(|refused| **refused).count(), self.recent.len());
        let enough = of as u64 >= JUDGED_AFTER || (at_end && of >= FEWEST);
        (enough && refused * 2 > of).then_some((refused as u64, of as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_half_of_the_last_fifty_or_of_all_at_the_end_is_too_many() {
        let mut refusals = Refusals::default();
        refusals.note(true);
        refusals.note(true);
        assert_eq!((refusals.too_many(false), refusals.too_many(true)), (None, None));
        refusals.note(false);
        assert_eq!((refusals.too_many(false), refusals.too_many(true)), (None, Some((2, 3))));
        (0..48).for_each(|_| refusals.note(false));
        assert_eq!(refusals.too_many(true), None);
        (0..25).for_each(|_| refusals.note(true));
        assert_eq!(refusals.too_many(false), None);
        refusals.note(true);
        assert_eq!(refusals.too_many(false), Some((26, 50)));
    }
}
