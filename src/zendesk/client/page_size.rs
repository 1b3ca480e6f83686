//! The page size of a walk: it halves when a page is too much, and grows back. Pure.

use crate::zendesk::paging::Paging;

#[derive(Clone, Copy, Debug)]
pub struct PageSize {
    pub(super) parameter: Option<&'static str>,
    pub rows: u32,
    pub ceiling: u32,
    may_change: bool,
}

impl PageSize {
    /// The size of a walk over a listing of this dialect, at most `ceiling` rows.
    #[must_use]
    pub fn new(paging: Paging, ceiling: Option<u32>) -> Self {
        let (parameter, largest) =
            paging.size().map_or((None, u32::MAX), |(name, rows)| (Some(name), rows));
        let rows = ceiling.unwrap_or(largest).clamp(1, largest);
        Self { parameter, rows, ceiling: rows, may_change: paging.size_may_change() }
    }

    /// A size that starts small and grows to the largest while answers are quick.
    #[must_use]
    pub fn growing(paging: Paging, start: u32) -> Self {
        let size = Self::new(paging, None);
        Self { rows: start.min(size.ceiling), ..size }
    }

    /// Asks for the largest page that the dialect has, once: `rows` as it was is not kept.
    pub fn largest(&mut self, paging: Paging) {
        *self = Self::new(paging, None);
    }

    pub(super) fn can_shrink(&self) -> bool {
        self.may_change && self.rows > 1
    }

    pub(super) fn shrink(&mut self) {
        self.rows = (self.rows / 2).max(1);
    }

    pub(super) fn grow(&mut self) {
        if self.may_change {
            self.rows = self.rows.saturating_mul(2).min(self.ceiling);
        }
    }
}
