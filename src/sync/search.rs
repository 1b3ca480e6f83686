//! Windows of a search: how a walk over a search is cut into listings that end before their
//! cursors do. The cuts are pure; [`Reader::fit_window`] asks how many rows a window has.
//!
//! Source: Zendesk, "Export Search Results": a cursor ends after an hour, and rows come by
//! creation, so that only the end of a window tells that all its changes were seen.

use std::time::Duration;

use serde::Deserialize;

use super::WalkError;
use super::position::Position;
use super::reader::{Member, Reader};
use crate::streams::Feed;
use crate::zendesk::budget::Bucket;
use crate::zendesk::client::{PageSize, Request, Tally};
use crate::zendesk::error::{ApiError, ErrorKind};
use crate::zendesk::instant;
use crate::zendesk::page::Shape;
use crate::zendesk::paging::{Paging, Token};

/// Windows overlap by this, whatever the search makes of a bound's own second.
pub const OVERLAP_SECONDS: i64 = 1;

/// What changed up to this before the last walk may have come into the index behind it.
pub const LAG_SECONDS: i64 = 900;

/// The most rows of a window.
const MOST_ROWS: u64 = 50_000;

/// The longest that a window should take, well below the hour of its cursors.
const LONGEST: Duration = Duration::from_secs(600);

/// From when on a walk searches, unix seconds, `lookback` before what the last one saw.
#[must_use]
pub fn lower(position: &Position, lookback: i64) -> i64 {
    let walk = &position.walk;
    let start = walk.bound.unwrap_or_default();
    let cursor = walk.cursor.filter(|_| !walk.pass.under_way);
    cursor.map_or(start, |cursor| cursor.saturating_sub(lookback).max(start))
}

/// Where the last window of a walk ends, unix seconds, excluded.
#[must_use]
pub fn end(began: i64) -> i64 {
    began
}

/// The window after one that is done, before it is counted: it begins a second earlier than the
/// other ended, and is twice as long, so that sparse times are left behind in a few windows.
#[must_use]
pub fn next((from, to): (i64, i64), end: i64) -> Option<(i64, i64)> {
    let length = to.saturating_sub(from).saturating_mul(2);
    let begin = to.saturating_sub(OVERLAP_SECONDS);
    (to < end).then(|| (begin, begin.saturating_add(length).min(end)))
}

/// The search for what changed in a window.
#[must_use]
pub fn query((from, to): (i64, i64)) -> String {
    format!("updated>={} updated<{}", instant::to_iso(from), instant::to_iso(to))
}

/// The beginning of a window that has too many rows, or none when it may be read.
#[must_use]
pub fn narrowed((from, to): (i64, i64), rows: u64, most: u64) -> Option<(i64, i64)> {
    let length = to.saturating_sub(from);
    // A window shares its first second with the one before, so a shorter one would stand still.
    let shortest = OVERLAP_SECONDS + 1;
    if rows <= most || length <= shortest {
        return None;
    }
    // As if the rows were spread evenly, and at most half, so that a few questions are enough.
    let share = i128::from(length) * i128::from(most) / i128::from(rows.max(1));
    let share =
        i64::try_from(share).unwrap_or(i64::MAX).clamp(shortest, (length / 2).max(shortest));
    Some((from, from + share))
}

/// How many rows a window may have when a page takes so long.
#[must_use]
pub fn most_rows(page_time: Option<Duration>, page_rows: u32) -> u64 {
    let Some(page_time) = page_time.filter(|time| !time.is_zero()) else { return MOST_ROWS };
    let pages = LONGEST.as_millis() / page_time.as_millis().max(1);
    let rows = u64::try_from(pages).unwrap_or(u64::MAX).saturating_mul(u64::from(page_rows));
    rows.clamp(u64::from(page_rows), MOST_ROWS)
}

#[derive(Deserialize)]
struct Count {
    count: u64,
}

impl Reader<'_> {
    /// Gives streams that read a search together the window that they read next, unless they
    /// stand in the middle of one.
    pub(super) async fn fit_window(
        self,
        feed: &'static Feed,
        who: &mut [&mut Member],
        walk: u64,
        now: i64,
    ) -> Result<(), WalkError> {
        let Some(first) = who.first_mut().filter(|_| feed.searched_key().is_some()) else {
            return Ok(());
        };
        if first.position.walk.place.token != Token::First && first.position.walk.window.is_some() {
            return Ok(());
        }
        first.position.begin(now);
        let lookback = self.config.search_lookback_seconds.max(LAG_SECONDS);
        let began = first.position.walk.began.unwrap_or(now);
        let all = (lower(&first.position, lookback), end(began));
        let mut window = first.position.walk.window.unwrap_or(all);
        let page_time = first.page_time;
        let page_rows = feed.page_size(self.config).rows;
        let most = most_rows(page_time, page_rows);
        // Each row may have listings of its own to read; the first page tells how long they take.
        let unknown = who.iter().any(|member| member.is_child() && member.page_time.is_none());
        let most = if unknown { most.min(u64::from(page_rows)) } else { most };
        let mut tally = Tally::default();
        while window.1 - window.0 > 1 {
            let rows = self.count(window, walk, &mut tally).await?;
            match narrowed(window, rows, most) {
                Some(narrower) => window = narrower,
                None => break,
            }
        }
        for member in who {
            member.position.begin(began);
            member.position.walk.window = Some(window);
            if !member.is_child() {
                member.report.tally.add(tally);
            }
        }
        Ok(())
    }

    async fn count(
        self,
        window: (i64, i64),
        walk: u64,
        tally: &mut Tally,
    ) -> Result<u64, WalkError> {
        let path = "search/count.json";
        let shape = Shape::default();
        let request = Request {
            path,
            query: &[("query", format!("type:ticket {}", query(window)))],
            at: &Token::First,
            buckets: &[Bucket::Account],
            walk,
            shape: &shape,
            patience: None,
        };
        let mut size = PageSize::new(Paging::Single, None);
        let fetched = self.client.get(&request, &mut size, tally).await?;
        let count = serde_json::from_slice::<Count>(&fetched.page.text.body);
        let unreadable = |_| ApiError {
            kind: ErrorKind::Unreadable,
            status: None,
            request: format!("GET /api/v2/{path}"),
            detail: "the answer holds no count".to_owned(),
            again_in: None,
        };
        Ok(count.map_err(unreadable)?.count)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_window_with_too_many_rows_is_cut_as_if_they_were_spread_evenly() {
        assert_eq!(narrowed((0, 1000), 50_000, 50_000), None);
        assert_eq!(narrowed((0, 1000), 200_000, 50_000), Some((0, 250)));
        assert_eq!(narrowed((0, 1000), 60_000, 50_000), Some((0, 500)));
        assert_eq!(narrowed((5, 7), 1_000_000, 50_000), None);
    }

    #[test]
    fn slow_pages_make_small_windows() {
        assert_eq!(most_rows(None, 1000), 50_000);
        assert_eq!(most_rows(Some(Duration::from_secs(1)), 1000), 50_000);
        assert_eq!(most_rows(Some(Duration::from_secs(30)), 1000), 20_000);
        assert_eq!(most_rows(Some(Duration::from_secs(3600)), 1000), 1000);
    }

    #[test]
    fn a_search_says_its_bounds() {
        let bounds = "updated>=1970-01-01T00:00:05Z updated<1970-01-01T00:01:00Z";
        assert_eq!(query((5, 60)), bounds);
    }

    proptest! {
        #[test]
        fn a_cut_ends_and_a_chain_of_windows_moves_on_and_covers_everything(
            from in 0_i64..1_000_000,
            length in 1_i64..10_000_000,
            rows in 0_u64..10_000_000,
            most in 1_u64..60_000,
        ) {
            let end = from + length;
            let mut window = (from, end);
            let mut cuts = 0;
            while let Some(narrower) = narrowed(window, rows, most) {
                prop_assert!(narrower.0 == window.0 && narrower.1 < window.1);
                window = narrower;
                cuts += 1;
            }
            prop_assert!(cuts <= 24);
            // The next window begins before this one ended, and later than it began.
            match next(window, end) {
                Some(next) => {
                    prop_assert!(next.0 > window.0 && next.0 < window.1);
                    prop_assert!(next.1 > window.1 && next.1 <= end);
                }
                None => prop_assert_eq!(window.1, end),
            }
        }
    }
}
