//! Reads a long history in several windows of time at once. If a page takes seconds, one fetcher
//! cannot use a limit of ten requests per minute. A walk begins with one window. While fetchers are
//! free, the longest window of an export is split in two. A search's window cannot be split once it
//! is being read. There, the next part of the rest becomes a window. Pure.
//!
//! A window of an export ends where the next one begins. Later rows belong to the next window.
//! Windows of a search overlap by a second. A row only ever moves to the end of the feed. So no row
//! can move from an unread window into one that is already read.

use super::search_bounds::{Bounds, OVERLAP_SECONDS};
use super::{Phase, Place, Position, Window, Windows};
use zendesk::paging::Token;

/// The most windows of one walk. A saved position holds a place for each.
pub const MOST_WINDOWS: usize = 16;

/// How many pages a window must still have to be split, judged by the range of its last page. A
/// split costs up to one page, which both halves list.
const PAGES_WORTH_A_SPLIT: i64 = 10;

/// A shorter window is not split. Half of it is far longer than the minute that exports withhold. A
/// row that appears late must not be before a split.
const SHORTEST_SPLIT_SECONDS: i64 = 3600;

/// A history that goes back further than this is long. Streams that are read per parent do not read
/// it in windows. They leave that to the other streams and follow.
const LONG_HISTORY_SECONDS: i64 = 30 * 86_400;

/// The range of time that a window still has to read, in unix seconds of the feed's own time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowSpan {
    pub from: i64,
    pub until: i64,
    /// The length of the range that its last page covered. `None` before the first page.
    pub page_seconds: Option<i64>,
}

/// A window of a walk, the first or a later one.
#[derive(Clone, Copy, Debug)]
pub struct WindowAt<'p> {
    pub place: &'p Place,
    pub until: Option<i64>,
    pub done: bool,
}

/// Which window to split, and where. `at_once` is how many fetchers may read.
#[must_use]
pub fn next_split(spans: &[WindowSpan], at_once: usize) -> Option<(usize, i64)> {
    if spans.len() >= at_once.min(MOST_WINDOWS) {
        return None;
    }
    let length = |span: &WindowSpan| span.until.saturating_sub(span.from);
    let (number, span) = spans.iter().enumerate().max_by_key(|(_, span)| length(span))?;
    let worth = span.page_seconds?.saturating_mul(PAGES_WORTH_A_SPLIT).max(SHORTEST_SPLIT_SECONDS);
    (length(span) >= worth).then(|| (number, span.from.saturating_add(length(span) / 2)))
}

/// Whether a walk from here is long enough for windows.
#[must_use]
pub fn is_long(from_unix: i64, now_unix: i64) -> bool {
    now_unix.saturating_sub(from_unix) > LONG_HISTORY_SECONDS
}

/// Brings streams of one walk together again that a kill between two STATE lines has separated.
/// What any of them has not read is read again for all. Walks that began in windows together differ
/// at most by what came between two such lines.
pub fn bring_together(positions: &mut [&mut Position]) {
    for number in 1..positions.len() {
        let (before, rest) = positions.split_at_mut(number);
        let Some(own) = rest.first_mut() else { return };
        for other in before {
            if own.is_apart_from(other) {
                let union = unread_of_both(own, other);
                own.take_back(&union);
                other.take_back(&union);
            }
        }
    }
}

/// A position with everything that at least one of two positions has not read, in the order of
/// time.
fn unread_of_both(one: &Position, other: &Position) -> Position {
    let all = one.windows().chain(other.windows());
    let mut windows: Vec<Window> = all
        .map(|WindowAt { place, until, done }| Window {
            place: place.clone(),
            from: None,
            until,
            done,
        })
        .collect();
    windows.sort_by_key(|window| (window.place.point(), window.place.token.is_servers()));
    let (mut done, open): (Vec<_>, Vec<_>) = windows.into_iter().partition(|window| window.done);
    let mut union: Vec<Window> = Vec::new();
    for window in open {
        match union.last_mut() {
            // They overlap: the place that is further behind counts, and the later end.
            Some(last) if last.until.is_none_or(|until| window.place.point() < Some(until)) => {
                last.until = last.until.zip(window.until).map(|(a, b)| a.max(b));
            }
            _ => union.push(window),
        }
    }
    // Where both have read to the feed's end, the earlier of the two ends is the walk's.
    if union.last().is_none_or(|last| last.until.is_some()) && !done.is_empty() {
        union.push(done.remove(0));
    }
    let mut together = Position { cursor: one.cursor.min(other.cursor), ..one.clone() };
    let mut union = union.into_iter();
    if let Some(first) = union.next() {
        (together.walk.place, together.walk.windows.until) = (first.place, first.until);
    }
    together.walk.windows.later = union.collect();
    together
}

impl Position {
    /// Whether another position is of the same walk, but at another place, and one of them has
    /// windows.
    fn is_apart_from(&self, other: &Self) -> bool {
        let (own, others) = (&self.walk, &other.walk);
        let one_walk = own.phase == Phase::UnderWay
            && others.phase == Phase::UnderWay
            && own.began == others.began
            && own.start_bound == others.start_bound;
        let places = (&own.place.token, &own.windows.until, &own.windows.later);
        let in_windows = self.has_windows() || other.has_windows();
        one_walk
            && in_windows
            && places != (&others.place.token, &others.windows.until, &others.windows.later)
    }

    fn take_back(&mut self, union: &Self) {
        self.cursor = union.cursor;
        self.walk.place = union.walk.place.clone();
        self.walk.windows.until = union.walk.windows.until;
        self.walk.windows.later.clone_from(&union.walk.windows.later);
    }

    /// The windows of the walk, the earliest first. Only the last one may be done.
    pub fn windows(&self) -> impl Iterator<Item = WindowAt<'_>> {
        let Windows { until, later, .. } = &self.walk.windows;
        let first = WindowAt { place: &self.walk.place, until: *until, done: false };
        let later = later.iter().map(|Window { place, until, done, .. }| WindowAt {
            place,
            until: *until,
            done: *done,
        });
        std::iter::once(first).chain(later)
    }

    /// The latest time up to which windows after the first are known to have rows. Only a window at
    /// a cursor proves that. A start time may be the window's own begin.
    #[must_use]
    pub fn known_in_windows(&self) -> Option<i64> {
        let later = self.windows().skip(1).filter(|window| window.place.token.is_servers());
        later.filter_map(|window| window.place.at).max().filter(|_| !self.is_search())
    }

    #[must_use]
    pub fn has_windows(&self) -> bool {
        !self.walk.windows.later.is_empty()
    }

    /// Whether the windows are a search's.
    #[must_use]
    pub fn is_search(&self) -> bool {
        self.walk.windows.from.is_some()
    }

    /// The bounds of a search window, unix seconds. The end is excluded.
    #[must_use]
    pub fn bounds(&self, window: usize) -> Option<Bounds> {
        let (from, until) = match window.checked_sub(1) {
            None => (self.walk.windows.from, self.walk.windows.until),
            Some(later) => {
                self.walk.windows.later.get(later).map(|later| (later.from, later.until))?
            }
        };
        Some(Bounds { from: from?, to: until? })
    }

    /// The place of a window.
    #[must_use]
    pub fn place(&self, window: usize) -> &Place {
        match window.checked_sub(1).and_then(|later| self.walk.windows.later.get(later)) {
            Some(later) => &later.place,
            None => &self.walk.place,
        }
    }

    /// Moves a window. Only the first window moves the flat cursor.
    pub fn move_window(&mut self, window: usize, place: Place, now_unix: i64) {
        match window.checked_sub(1) {
            None => {
                // A page may reach into the next window, which has rows of its own to read there.
                let at =
                    place.at.map(|at| self.walk.windows.until.map_or(at, |until| at.min(until)));
                self.next_page(place.token, at, place.seen, now_unix);
            }
            Some(later) => {
                if let Some(later) = self.walk.windows.later.get_mut(later) {
                    let own = |at: i64| later.until.map_or(at, |until| at.min(until));
                    let at = later.place.at.max(place.at.map(own));
                    later.place = Place { at, ..place };
                }
            }
        }
    }

    /// Splits a window in two. Everything from the second `middle` on becomes a window of its own.
    /// In a search, the two overlap by a second.
    pub fn split_window(&mut self, window: usize, middle: i64) {
        let until = match window.checked_sub(1) {
            None => &mut self.walk.windows.until,
            Some(later) => match self.walk.windows.later.get_mut(later) {
                Some(later) => &mut later.until,
                None => return,
            },
        };
        let until = until.replace(middle);
        let from = self.is_search().then_some(middle.saturating_sub(OVERLAP_SECONDS));
        let token = if from.is_some() { Token::First } else { Token::StartTime(middle) };
        let second =
            Window { place: Place { token, ..Place::default() }, from, until, done: false };
        self.walk.windows.later.insert(window.min(self.walk.windows.later.len()), second);
    }

    /// Ends one of several windows. The last window of an export keeps its place, where the next
    /// sync goes on; other windows are removed. Returns true when every window has ended. The place
    /// of the last one is then the walk's place.
    pub fn end_window(&mut self, window: usize, place: Place, now_unix: i64) -> bool {
        let is_last = window == self.walk.windows.later.len();
        self.move_window(window, place, now_unix);
        // The next one may hold no row to tell how far the feed was read.
        let read = self.place(window).at;
        if let Some(next) = self.walk.windows.later.get_mut(window) {
            next.place.at = next.place.at.max(read);
        }
        match window.checked_sub(1) {
            Some(later) if is_last && !self.is_search() => {
                self.walk.windows.later[later].done = true;
            }
            Some(later) => {
                self.walk.windows.later.remove(later);
            }
            None if is_last => return true,
            None => {
                let next = self.walk.windows.later.remove(0);
                (self.walk.windows.from, self.walk.windows.until) = (next.from, next.until);
                self.walk.place = Place::default();
                let Place { token, at, seen } = next.place;
                self.next_page(token, at, seen, now_unix);
                return next.done;
            }
        }
        false
    }

    /// Ends the last open window, and returns the place of the walk's end.
    pub fn last_place(&mut self, window: usize, place: Place, now_unix: i64) -> Place {
        if !self.has_windows() || self.is_search() {
            return place;
        }
        self.end_window(window, place, now_unix);
        self.walk.place.clone()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place(second: i64) -> Place {
        Place { token: Token::StartTime(second), at: Some(second), seen: Vec::new() }
    }

    #[test]
    fn the_longest_window_is_cut_while_chains_are_free_and_it_is_worth_it() {
        let span = |from, until, page| WindowSpan { from, until, page_seconds: page };
        let day = 86_400;
        let long = span(0, 1000 * day, Some(day));
        assert_eq!(next_split(&[long], 3), Some((0, 500 * day)));
        assert_eq!(next_split(&[span(0, 9 * day, Some(day)), long], 3), Some((1, 500 * day)));
        assert_eq!(next_split(&[long, long, long], 3), None);
        assert_eq!(next_split(&[span(0, 9 * day, Some(day))], 3), None);
        assert_eq!(
            next_split(&[span(0, 1000 * day, None)], 3),
            None,
            "nothing is known of its pages"
        );
        assert_eq!(next_split(&[span(0, 3599, Some(0))], 3), None);
        assert_eq!(next_split(&[span(50, 20, Some(0))], 3), None);
        assert_eq!(next_split(&[], 3), None);
        assert_eq!(next_split(&vec![long; 16], 40), None);
    }

    fn start(place: &Place) -> i64 {
        if let Token::StartTime(second) = place.token { second } else { 0 }
    }

    /// The rows of a feed that no window has read yet.
    fn unread(position: &Position, rows: &[i64]) -> Vec<i64> {
        let windows: Vec<_> = position.windows().collect();
        let is_open = |row: &i64| {
            windows.iter().any(|WindowAt { place, until, done }| {
                !done && start(place) <= *row && until.is_none_or(|end| *row < end)
            })
        };
        rows.iter().copied().filter(is_open).collect()
    }

    proptest! {
        /// However windows are split, and in whatever order they advance and end: every row is
        /// read, and the flat cursor never passes an unread row.
        #[test]
        fn windows_read_every_row_and_the_flat_cursor_waits_for_the_first(
            rows in prop::collection::btree_set(0_i64..1000, 1..60),
            steps in prop::collection::vec((0_usize..20, prop::bool::ANY, 1_i64..200), 1..200),
        ) {
            let rows: Vec<i64> = rows.into_iter().collect();
            let mut position = Position::default();
            position.walk.place = place(0);
            position.begin(5000);
            let mut read = std::collections::BTreeSet::new();
            let mut all_ended = false;
            for (number, cuts, length) in steps.into_iter().chain((0..400).map(|_| (0, false, 100))) {
                let open: Vec<usize> =
                    position.windows().enumerate().filter(|(_, window)| !window.done).map(|(n, _)| n).collect();
                if all_ended { break; }
                let window = open[number % open.len()];
                let (at, until) = {
                    let WindowAt { place, until, .. } = position.windows().nth(window).unwrap();
                    (start(place), until)
                };
                let end = until.unwrap_or(1000);
                if cuts && open.len() < MOST_WINDOWS {
                    if end - at >= 2 {
                        position.split_window(window, at + (end - at) / 2);
                    }
                } else {
                    let reached = at + length;
                    let own = |row: &&i64| **row >= at && **row < reached.min(end);
                    read.extend(rows.iter().filter(own).copied());
                    if reached >= end && position.windows().count() > 1 {
                        all_ended = position.end_window(window, place(reached), 5000);
                    } else if reached >= end {
                        position.move_window(window, place(reached), 5000);
                        all_ended = true;
                    } else {
                        position.move_window(window, place(reached), 5000);
                    }
                }
                if !all_ended {
                    let waiting = unread(&position, &rows);
                    let flat = position.cursor.unwrap_or_default();
                    for row in &rows {
                        prop_assert!(read.contains(row) || waiting.contains(row), "{row} is lost");
                        prop_assert!(read.contains(row) || flat <= *row, "{flat} has passed {row}");
                    }
                }
            }
            prop_assert!(all_ended && rows.iter().all(|row| read.contains(row)));
        }
    }
}
