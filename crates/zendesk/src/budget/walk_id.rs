//! What the budget calls a walk.

/// Names a walk, so that walks take turns. The budget hands it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WalkId(u64);

impl WalkId {
    /// The walk of requests that the sync can do without. They are sent only where no other request
    /// could be.
    pub const SPARE: Self = Self(u64::MAX);

    /// The walk of this number. Only the budget counts them.
    pub(super) const fn of(number: u64) -> Self {
        Self(number)
    }

    /// A number of its own, for what shall differ between walks.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0
    }
}

#[cfg(any(test, feature = "test-util"))]
impl From<u64> for WalkId {
    fn from(number: u64) -> Self {
        Self(number)
    }
}
