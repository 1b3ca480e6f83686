//! Which deleted rows a stream has delivered as deleted. Pure.

use std::collections::BTreeSet;

/// How many delivered deletions are remembered. Further ones are delivered again.
const MOST: usize = 500;

/// The ids of delivered deletions, as numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveredDeletions(BTreeSet<u64>);

impl DeliveredDeletions {
    /// The deletions of a saved position.
    #[must_use]
    pub fn of(ids: BTreeSet<u64>) -> Self {
        Self(ids)
    }

    #[must_use]
    pub fn ids(&self) -> &BTreeSet<u64> {
        &self.0
    }

    /// Notes that a row is listed as deleted. Returns whether it was delivered as deleted before.
    pub fn note(&mut self, id: u64) -> bool {
        let is_known = self.0.contains(&id);
        if !is_known && self.0.len() < MOST {
            self.0.insert(id);
        }
        is_known
    }

    /// Notes that a row is listed as not deleted.
    pub fn forget(&mut self, id: u64) {
        self.0.remove(&id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deletion_is_known_until_the_row_lives_again_and_only_so_many_are() {
        let mut deletions = DeliveredDeletions::default();
        assert_eq!((deletions.note(7), deletions.note(7)), (false, true));
        deletions.forget(7);
        assert!(!deletions.note(7));
        for id in 0..1000 {
            deletions.note(id);
        }
        assert_eq!(deletions.ids().len(), MOST);
        assert!(deletions.note(7) && !deletions.note(999));
    }
}
