//! Cuts the time of a search into windows that end before their cursors expire. Pure.

use std::time::Duration;

use super::{Place, Position, Windows};
use zendesk::timestamp;

/// The overlap of two windows. It makes no difference then how the search treats a bound's own
/// second.
pub const OVERLAP_SECONDS: i64 = 1;

/// A change up to this long before the last walk may have come into the index after that walk.
pub const LAG_SECONDS: i64 = 900;

/// The index may lag by hours. A search may still show a ticket that was deleted this long before.
pub const DELETION_LAG_SECONDS: i64 = 86_400;

/// The most rows of a window.
const MOST_ROWS: u64 = 16_000;

/// The longest time that reading a window should take. It is far below the hour after which cursors
/// expire.
const LONGEST: Duration = Duration::from_secs(600);

/// The time of a page before the first one has come. The client gives up on slower pages.
const SLOWEST_PAGE: Duration = Duration::from_secs(60);

/// The part of a search that no fetcher reads yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rest {
    /// Whether the rows of its beginning are being counted. There is one count at a time, because
    /// its answer says where the next window begins.
    pub is_counted: bool,
    /// The length of the window before it, in seconds.
    pub length_before: Option<i64>,
}

/// The range of time of a search window, unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    pub from: i64,
    /// The first second after the range.
    pub to: i64,
}

/// The lower bound of a walk's search, unix seconds. It is `lookback` before what the last walk
/// saw.
#[must_use]
pub fn lower(position: &Position, lookback: i64) -> i64 {
    let walk = &position.walk;
    let start = walk.start_bound.unwrap_or_default();
    let cursor = walk.cursor_at_start.filter(|_| !walk.full_pass.under_way);
    cursor.map_or(start, |cursor| cursor.saturating_sub(lookback).max(start))
}

/// Freezes the bounds of a walk that has none. It gets one window, which ends when the walk began.
pub fn freeze(position: &mut Position, lookback: i64, now_unix: i64) {
    position.begin(now_unix);
    let windows = 0..=position.walk.windows.later.len();
    if windows.into_iter().all(|window| position.bounds(window).is_some()) {
        return;
    }
    let from = lower(position, lookback);
    let walk = &mut position.walk;
    walk.place = Place::default();
    walk.windows = Windows { from: Some(from), until: walk.began, later: Vec::new() };
}

/// The query of the search for rows that changed in a window.
#[must_use]
pub fn query(Bounds { from, to }: Bounds) -> String {
    format!("updated>={} updated<{}", timestamp::to_iso(from), timestamp::to_iso(to))
}

/// The part of the rest to count first: twice as long as the window before it. So sparse times take
/// few windows, and dense ones take few counts.
#[must_use]
pub fn beginning(Bounds { from, to }: Bounds, length_before: Option<i64>) -> Bounds {
    let length = length_before.map_or(i64::MAX, |length| length.saturating_mul(2));
    Bounds { from, to: from.saturating_add(length.max(OVERLAP_SECONDS + 1)).min(to) }
}

/// Whether a window is worth a count. Its first second is the overlap with the window before, so a
/// shorter window cannot be split.
#[must_use]
pub fn can_be_split(Bounds { from, to }: Bounds) -> bool {
    to.saturating_sub(from) > OVERLAP_SECONDS + 1
}

/// The beginning of a window that has too many rows. `None` if the window may be read as it is.
#[must_use]
pub fn narrowed(bounds: Bounds, rows: u64, most: u64) -> Option<Bounds> {
    if rows <= most || !can_be_split(bounds) {
        return None;
    }
    let Bounds { from, to } = bounds;
    let (length, shortest) = (to.saturating_sub(from), OVERLAP_SECONDS + 1);
    // As if the rows were spread evenly, and at most half, so that a few questions are enough.
    let share = i128::from(length) * i128::from(most) / i128::from(rows.max(1));
    let share =
        i64::try_from(share).unwrap_or(i64::MAX).clamp(shortest, (length / 2).max(shortest));
    Some(Bounds { from, to: from + share })
}

/// How many rows a window may have. `page_time` is how long a page takes.
#[must_use]
pub fn most_rows(page_time: Option<Duration>, page_rows: u32) -> u64 {
    let page_millis = page_time.unwrap_or(SLOWEST_PAGE).as_millis().max(1);
    let pages = u64::try_from(LONGEST.as_millis() / page_millis).unwrap_or(u64::MAX);
    pages.saturating_mul(page_rows.into()).clamp(page_rows.into(), MOST_ROWS)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(from: i64, to: i64) -> Bounds {
        Bounds { from, to }
    }

    #[test]
    fn a_window_with_too_many_rows_is_cut_as_if_they_were_spread_evenly() {
        assert_eq!(narrowed(of(0, 1000), 50_000, 50_000), None);
        assert_eq!(narrowed(of(0, 1000), 200_000, 50_000), Some(of(0, 250)));
        assert_eq!(narrowed(of(0, 1000), 60_000, 50_000), Some(of(0, 500)));
        assert_eq!(narrowed(of(5, 7), 1_000_000, 50_000), None);
    }

    #[test]
    fn bounds_are_frozen_once_and_a_walk_that_lacks_some_begins_again() {
        let mut position = Position::default();
        (position.walk.cursor_at_start, position.walk.start_bound) = (Some(10_000), Some(5));
        for now in [20_000, 30_000] {
            freeze(&mut position, 900, now);
            assert_eq!(position.bounds(0), Some(of(9_100, 20_000)));
        }
        position.split_window(0, 12_000);
        freeze(&mut position, 900, 30_000);
        assert_eq!(
            (position.bounds(0), position.bounds(1)),
            (Some(of(9_100, 12_000)), Some(of(11_999, 20_000)))
        );
        position.walk.windows.later[0].from = None;
        freeze(&mut position, 900, 30_000);
        assert_eq!((position.bounds(0), position.has_windows()), (Some(of(9_100, 20_000)), false));
    }

    #[test]
    fn slow_pages_make_small_windows() {
        assert_eq!(most_rows(None, 1000), 10_000);
        assert_eq!(most_rows(Some(Duration::ZERO), 1000), MOST_ROWS);
        assert_eq!(most_rows(Some(Duration::from_secs(1)), 1000), MOST_ROWS);
        assert_eq!(most_rows(Some(Duration::from_secs(60)), 1000), 10_000);
        assert_eq!(most_rows(Some(Duration::from_secs(3600)), 1000), 1000);
    }

    #[test]
    fn a_search_says_its_bounds() {
        let bounds = "updated>=1970-01-01T00:00:05Z updated<1970-01-01T00:01:00Z";
        assert_eq!(query(of(5, 60)), bounds);
    }

    proptest! {
        #[test]
        fn a_cut_ends_and_is_a_beginning(

            from in 0_i64..1_000_000,
            length in 1_i64..10_000_000,
            rows in 0_u64..10_000_000,
            most in 1_u64..60_000,
        ) {
            let mut window = of(from, from + length);
            let mut cuts = 0;
            while let Some(narrower) = narrowed(window, rows, most) {
                prop_assert!(narrower.from == window.from && narrower.to < window.to);
                window = narrower;
                cuts += 1;
            }
            prop_assert!(cuts <= 24);
            let next = beginning(of(window.to - OVERLAP_SECONDS, from + length), Some(window.to - from));
            prop_assert!(next.to > window.to || cuts == 0);
            // What is left begins in this window's last second, and later than this one.
            prop_assert!(cuts == 0 || window.to - OVERLAP_SECONDS > window.from);
        }
    }
}
