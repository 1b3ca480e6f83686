//! The number of a walk.

/// Identifies a walk, so that walks take turns. Only the budget makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WalkId(u64);

impl WalkId {
    /// The walk of requests that the sync can do without. They are sent only when no other request
    /// could be.
    pub const SPARE: Self = Self(u64::MAX);

    /// The walk with this number. Only the budget counts walks.
    pub(super) const fn of(number: u64) -> Self {
        Self(number)
    }

    /// The number as such, for what must differ between walks.
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
