//! The page size of a walk. It shrinks when a page is too much, remembers which size failed, and
//! grows again. Pure.

use crate::paging::Paging;

/// After this many good pages a refused size is tried again. Each refusal doubles the number.
const PROBE_AFTER: u32 = 8;

/// How often that number may double.
const MOST_DOUBLINGS: u32 = 10;

/// The page size of a walk.
#[derive(Clone, Copy, Debug)]
pub struct PageSize {
    pub(super) parameter: Option<&'static str>,
    /// The rows that the next request asks for.
    pub rows: u32,
    /// The size up to which pages grow.
    pub ceiling: u32,
    /// The most rows that may be requested, for a second that has more rows than the ceiling.
    largest: u32,
    may_change: bool,
    /// The size of the last good page.
    served: u32,
    /// The smallest size that was refused since the last good page.
    failing: Option<u32>,
    /// The smallest size that was refused before a smaller one succeeded.
    refused: Option<u32>,
    /// How often that happened.
    refusals: u32,
    /// Good pages since then.
    good: u32,
    place: Place,
}

/// What is known of the place in the listing that is being read.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    /// A page of this many rows leads to itself.
    too_few: u32,
    /// The smallest size that was refused at this place.
    refused: Option<u32>,
    /// Whether it was refused because its body is too large.
    by_body: bool,
    /// Every page that leads on has a large body, so large bodies are read here.
    is_swollen: bool,
    /// No smaller size leads on.
    is_pinned: bool,
}

impl PageSize {
    /// The size for a walk over a listing of this dialect, at most `ceiling` rows.
    #[must_use]
    pub fn new(paging: Paging, ceiling: Option<u32>) -> Self {
        let (parameter, largest) =
            paging.size().map_or((None, u32::MAX), |(name, rows)| (Some(name), rows));
        let rows = ceiling.unwrap_or(largest).clamp(1, largest);
        Self {
            parameter,
            rows,
            ceiling: rows,
            largest,
            may_change: paging.size_may_change(),
            served: 0,
            failing: None,
            refused: None,
            refusals: 0,
            good: 0,
            place: Place::default(),
        }
    }

    /// A size that starts with `start` rows, and grows to the largest while answers are quick.
    #[must_use]
    pub fn growing(paging: Paging, start: u32) -> Self {
        let size = Self::new(paging, None);
        Self { rows: start.min(size.ceiling), ..size }
    }

    /// Whether fewer rows may be requested at this place.
    #[must_use]
    pub(super) fn can_shrink(&self) -> bool {
        let least = self.place.too_few.saturating_add(1);
        self.may_change && self.rows > least && !self.place.is_pinned
    }

    /// Whether a large body is requested again with fewer rows, rather than read.
    #[must_use]
    pub(super) fn avoids_large_bodies(&self) -> bool {
        self.can_shrink() && !self.place.is_swollen
    }

    /// Asks for fewer rows: as many as succeeded before, or half of what may help. `by_body`: the
    /// body was too large.
    pub(super) fn shrink(&mut self, by_body: bool) {
        let Place { too_few, refused, .. } = self.place;
        self.failing = Some(self.failing.map_or(self.rows, |rows| rows.min(self.rows)));
        self.place.refused = Some(refused.map_or(self.rows, |rows| rows.min(self.rows)));
        self.place.by_body = by_body;
        let was_served = too_few < self.served && self.served < self.rows;
        self.rows = if was_served {
            self.served
        } else {
            too_few.saturating_add((self.rows.saturating_sub(too_few) / 2).max(1))
        };
    }

    /// Notes a good answer. After a quick one the size may grow.
    pub(super) fn note_good(&mut self, is_quick: bool) {
        // How a swollen second is read says nothing of other pages.
        if !self.may_change || self.place.is_swollen {
            return;
        }
        match (self.failing.take(), self.refused) {
            (Some(failing), known) => {
                self.refused = Some(known.map_or(failing, |known| known.min(failing)));
                self.refusals = self.refusals.saturating_add(1);
                self.good = 0;
            }
            (None, Some(refused)) if self.rows >= refused => {
                (self.refused, self.refusals, self.good) = (None, 0, 0);
            }
            (None, _) => self.good = self.good.saturating_add(1),
        }
        self.served = self.rows;
        if is_quick {
            self.grow();
        }
    }

    /// Doubles the size, but stays below a size that was refused. Below it, goes half way while
    /// that is a real step. Now and then, and ever more rarely, tries the refused size again.
    fn grow(&mut self) {
        let next = self.rows.saturating_mul(2).min(self.ceiling);
        let Some(refused) = self.refused.filter(|refused| next >= *refused) else {
            self.rows = next.max(self.rows);
            return;
        };
        let doublings = self.refusals.saturating_sub(1).min(MOST_DOUBLINGS);
        let half_way = (refused - self.rows.min(refused)) / 2;
        if self.good >= PROBE_AFTER << doublings {
            self.rows = refused.min(self.ceiling);
        } else if half_way >= (self.rows / 4).max(1) {
            self.rows += half_way;
        }
    }

    /// Whether `asked` is the most that may be requested at all.
    #[must_use]
    pub fn is_largest(&self, asked: u32) -> bool {
        asked >= self.largest
    }

    /// Whether a larger size was refused, here or not long ago.
    #[must_use]
    pub fn is_larger_refused(&self) -> bool {
        self.place.refused.is_some() || self.refused.is_some() || self.failing.is_some()
    }

    /// Asks for more rows at a place where a page of `asked` rows leads to itself. A size that was
    /// refused here for another reason than its bytes is not requested again, unless no size is
    /// left between.
    pub fn enlarge(&mut self, asked: u32) {
        let place = &mut self.place;
        place.too_few = place.too_few.max(asked);
        place.refused = place.refused.filter(|refused| *refused > asked);
        let least = asked.saturating_add(1);
        self.rows = match place.refused {
            Some(refused) if place.by_body => {
                place.is_swollen = true;
                place.refused = None;
                refused
            }
            Some(refused) if refused > least => asked + (refused - asked) / 2,
            Some(refused) => {
                place.is_pinned = true;
                refused
            }
            None if place.is_swollen => asked.saturating_mul(2),
            None => self.largest,
        };
        self.rows = self.rows.max(least).min(self.largest);
    }

    /// Forgets what was known of the last place. Call it when the next page is another place.
    pub fn move_on(&mut self) {
        let place = std::mem::take(&mut self.place);
        if place.is_swollen {
            self.failing = None;
            self.rows = self.served.max(1);
        }
        self.rows = self.rows.min(self.ceiling);
    }

    /// Never asks for more than `rows` from now on. Returns false if that changes nothing.
    pub(super) fn limit(&mut self, rows: u32) -> bool {
        if self.parameter.is_none() || self.rows <= rows {
            return false;
        }
        self.largest = self.largest.min(rows);
        self.ceiling = self.ceiling.min(rows);
        self.rows = rows;
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EXPORT: Paging = Paging::ExportTime { end_mark: true };

    /// Asks for pages at places that all lead on, of a gateway that lets so many rows pass.
    /// Returns how many of the requests were in vain, and the sizes that were served.
    fn walk(size: &mut PageSize, pages: usize, allowed: u32) -> (usize, Vec<u32>) {
        let (mut vain, mut served) = (0, Vec::new());
        while served.len() < pages {
            if size.rows > allowed {
                assert!(size.can_shrink(), "{size:?}");
                size.shrink(false);
                vain += 1;
                continue;
            }
            served.push(size.rows);
            size.note_good(true);
            size.move_on();
        }
        (vain, served)
    }

    #[test]
    fn a_refused_size_is_tried_again_only_rarely() {
        let mut size = PageSize::new(EXPORT, None);
        let (vain, served) = walk(&mut size, 200, 100);
        assert!(vain <= 10, "{vain} in vain");
        assert!(served[10..].iter().all(|rows| *rows >= 80), "{served:?}");
        let (vain, _) = walk(&mut size, 1000, 100);
        assert!(vain <= 4, "{vain} in vain");
    }

    #[test]
    fn an_outage_at_every_size_is_no_limit_for_long() {
        let mut size = PageSize::new(EXPORT, None);
        for _ in 0..9 {
            size.shrink(false);
        }
        assert_eq!(size.rows, 1);
        let (_, served) = walk(&mut size, 40, 1000);
        assert_eq!(served.last(), Some(&1000), "{served:?}");
    }

    #[test]
    fn a_size_that_was_served_is_gone_back_to() {
        let mut size = PageSize::new(EXPORT, Some(800));
        size.note_good(true);
        size.ceiling = 1000;
        size.rows = 1000;
        size.shrink(false);
        assert_eq!(size.rows, 800);
        size.shrink(false);
        assert_eq!(size.rows, 400);
    }

    /// Asks at a place where so many rows share a second, until a page leads on or no size is left.
    /// `allowed` rows pass the gateway; a body holds `light` rows unless it is read whole.
    fn swollen(rows: u32, allowed: u32, light: u32) -> Result<(u32, usize), (u32, usize)> {
        let mut size = PageSize::new(EXPORT, None);
        for asked in 1..200 {
            let is_heavy = size.rows > light && size.avoids_large_bodies();
            if size.rows > allowed || is_heavy {
                if !size.can_shrink() {
                    return Err((size.rows, asked));
                }
                size.shrink(is_heavy);
            } else if size.rows > rows || size.is_largest(size.rows) {
                return Ok((size.rows, asked));
            } else {
                let rows = size.rows;
                size.note_good(true);
                size.enlarge(rows);
            }
        }
        panic!("it never ends: {size:?}");
    }

    #[test]
    fn a_swollen_second_is_read_whole_or_fails_and_never_the_same_is_asked_for_ever() {
        let (rows, asked) = swollen(300, 1000, 200).unwrap();
        assert!(rows > 300 && asked < 10, "{rows} {asked}");
        let (rows, asked) = swollen(150, 100, 1000).unwrap_err();
        assert!(rows == 101 && asked < 30, "{rows} {asked}");
        let (rows, asked) = swollen(98, 100, 1000).unwrap();
        assert!((99..=100).contains(&rows) && asked < 30, "{rows} {asked}");
        let (rows, _) = swollen(5000, 1000, 1000).unwrap();
        assert_eq!(rows, 1000);
    }

    #[test]
    fn after_a_swollen_second_pages_are_as_small_as_before() {
        let mut size = PageSize::new(EXPORT, None);
        size.shrink(true);
        size.shrink(true);
        size.note_good(true);
        size.enlarge(250);
        assert!(size.rows == 500 && !size.avoids_large_bodies());
        size.note_good(true);
        size.move_on();
        assert_eq!((size.rows, size.avoids_large_bodies()), (250, true));
    }

    #[test]
    fn a_listing_that_takes_no_more_than_a_hundred_is_asked_for_no_more() {
        let mut size = PageSize::new(EXPORT, None);
        assert!(size.limit(100));
        assert!(size.is_largest(100) && !size.limit(100));
        size.note_good(true);
        assert_eq!(size.rows, 100);
        assert!(!PageSize::new(Paging::Single, None).limit(100));
    }

    proptest! {
        #[test]
        fn every_place_is_left_within_bounds(
            rows in 0_u32..2000, allowed in 1_u32..1000, light in 1_u32..1000,
        ) {
            let (asked, requests) = match swollen(rows, allowed, light) {
                Ok(it) | Err(it) => it,
            };
            prop_assert!((1..=1000).contains(&asked) && requests < 60, "{asked} {requests}");
            // A page that could be had is had.
            if rows < allowed {
                prop_assert!(swollen(rows, allowed, light).is_ok());
            }
        }
    }
}
