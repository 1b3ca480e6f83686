//! Where the rows of a page stand in the order of time. Pure.
//!
//! An export lists rows by the time of their last change. A row that changes while the page is made
//! keeps its old place and has its new time, which may be years later. So a row's own time is the
//! latest possible place of the row, and never proof of it. The rows before and after it must bear
//! out its place.

/// The most rows that must bear out a place. So up to this many rows at a page's end may have
/// changed at once.
pub const MOST_BEARERS: usize = 8;

/// The times of the last rows of earlier pages. They bear out the first rows of the next page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trail(Vec<i64>);

impl Trail {
    /// Adds the times of a page's rows.
    pub fn add(&mut self, times: &[Option<i64>]) {
        let dated = times.iter().rev().flatten().take(MOST_BEARERS);
        let mut last: Vec<i64> = dated.copied().collect();
        last.extend(self.0.iter().rev().take(MOST_BEARERS - last.len()));
        last.reverse();
        self.0 = last;
    }

    /// The time of the last row.
    #[must_use]
    pub fn last(&self) -> Option<i64> {
        self.0.last().copied()
    }
}

/// How many rows before a row must bear out its place, on a page with this many rows.
#[must_use]
pub fn bearers(rows: usize) -> usize {
    (rows / 4).clamp(1, MOST_BEARERS)
}

/// The earliest possible place of each row of a page, as `bearers` rows before it and all rows
/// after it bear out. `from` is a time that the whole page is known to come after. Without it, rows
/// with too few rows before them have no place. The places never go backwards.
#[must_use]
pub fn places(
    times: &[Option<i64>],
    trail: &Trail,
    from: Option<i64>,
    bearers: usize,
) -> Vec<Option<i64>> {
    let dated: Vec<i64> = trail.0.iter().copied().chain(times.iter().flatten().copied()).collect();
    let mut at = dated.len();
    let mut earliest_behind = i64::MAX;
    let mut places: Vec<Option<i64>> = times
        .iter()
        .rev()
        .map(|time| {
            (*time)?;
            at -= 1;
            earliest_behind = earliest_behind.min(dated[at]);
            let before = at.checked_sub(bearers).map(|first| &dated[first..at]);
            match before {
                Some(before) => Some(before.iter().copied().fold(earliest_behind, i64::min)),
                None => from.map(|from| from.min(earliest_behind)),
            }
        })
        .collect();
    places.reverse();
    places
}

/// The time that the rows of a page bear out as its end.
#[must_use]
pub fn reached(places: &[Option<i64>]) -> Option<i64> {
    places.iter().rev().flatten().next().copied()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(times: &[i64], from: Option<i64>) -> Vec<Option<i64>> {
        let times: Vec<_> = times.iter().copied().map(Some).collect();
        places(&times, &Trail::default(), from, bearers(times.len()))
    }

    #[test]
    fn a_row_stands_where_its_neighbours_bear_it_out() {
        let some = |times: &[i64]| times.iter().copied().map(Some).collect::<Vec<_>>();
        assert_eq!(of(&[10, 20, 30], Some(5)), some(&[5, 10, 20]));
        assert_eq!(of(&[10, 20, 9000], Some(5)), some(&[5, 10, 20]));
        assert_eq!(of(&[10, 9000, 30], Some(5)), some(&[5, 10, 30]));
        assert_eq!(of(&[9000, 20, 30], Some(5)), some(&[5, 20, 20]));
        assert_eq!(of(&[9000], Some(5)), some(&[5]));
        assert_eq!(of(&[9000], None), [None]);
        assert_eq!(of(&[], Some(5)), []);
        assert_eq!(reached(&of(&[10, 20, 9000], None)), Some(20));
        // Of a large page several may have changed at once.
        let mut times: Vec<i64> = (0..100).collect();
        times[92..].fill(9000);
        assert_eq!(reached(&of(&times, None)), Some(91));
    }

    #[test]
    fn rows_alone_on_their_page_are_borne_out_by_the_page_before() {
        let mut trail = Trail::default();
        let mut reached_by = |time| {
            let times = [Some(time)];
            let reached = reached(&places(&times, &trail, None, 1));
            trail.add(&times);
            reached
        };
        assert_eq!(reached_by(10), None);
        assert_eq!(reached_by(20), Some(10));
        assert_eq!(reached_by(9000), Some(20));
        assert_eq!(reached_by(40), Some(40));
        assert_eq!(reached_by(50), Some(40));
        assert_eq!(trail.last(), Some(50));
        trail.add(&[None]);
        assert_eq!(trail.last(), Some(50));
        trail.add(&(0..20).map(Some).collect::<Vec<_>>());
        assert_eq!(trail.0, (12..20).collect::<Vec<_>>());
    }

    proptest! {
        /// Some rows have a time later than their place, but never more together than bear out a
        /// place. No row then gets a place later than its true one.
        #[test]
        fn no_row_is_said_to_stand_later_than_it_does(
            gaps in prop::collection::vec(0_i64..5, 1..80),
            later in prop::collection::vec((0_usize..80, 1_i64..10_000), 0..12),
            page in 1_usize..30,
        ) {
            let mut last = 0;
            let stands: Vec<i64> = gaps.iter().map(|gap| { last += gap; last }).collect();
            let mut times: Vec<Option<i64>> = stands.iter().copied().map(Some).collect();
            let bearers = bearers(page);
            let mut changed = std::collections::BTreeSet::new();
            for (row, by) in later {
                let near = |other: &usize| row.abs_diff(*other) <= bearers;
                if row < times.len() && !changed.iter().any(near) {
                    times[row] = Some(stands[row] + by);
                    changed.insert(row);
                }
            }
            let mut trail = Trail::default();
            for (page, stands) in times.chunks(page).zip(stands.chunks(page)) {
                let said = places(page, &trail, Some(0), bearers);
                for (said, stands) in said.iter().zip(stands) {
                    prop_assert!(*said <= Some(*stands), "{:?} {:?}", said, page);
                }
                prop_assert!(said.is_sorted());
                prop_assert!(reached(&said) <= stands.last().copied());
                trail.add(page);
            }
        }
    }
}
