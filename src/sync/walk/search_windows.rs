//! How the time of a search is cut into windows that end before their cursors do. What no chain
//! reads yet is the last window; while chains are free, `search/count` says how much of it the
//! next one may have. The cuts are pure; the [`Context`] asks.
//!
//! Source: Zendesk, "Export Search Results": a cursor ends after an hour, and rows come by
//! creation, so that a window's place is its token alone, it cannot be cut once it is read, and
//! only its end tells that all its changes were seen.

use super::segment::Segment;
use super::window_fetchers::{Chains, Start};
use crate::streams::Feed;
use crate::sync::listing::context::Context;
use crate::sync::listing::member::ActiveStream;
use crate::sync::position::search_bounds::{
    LAG_SECONDS, Rest, beginning, can_be_cut, freeze, most_rows, narrowed,
};
use crate::sync::position::windows::MOST_WINDOWS;

/// An index that lags by hours may show a ticket that was deleted so long before the search.
pub const DELETION_LAG_SECONDS: i64 = 86_400;

impl Context<'_> {
    /// Freezes the bounds of a search for streams that read it together.
    pub(super) fn freeze_bounds(self, feed: &Feed, who: &mut [&mut ActiveStream]) {
        if feed.searched_key().is_none() {
            return;
        }
        let now = self.client.clock().now_unix();
        let began = who.first().and_then(|member| member.position.walk.began).unwrap_or(now);
        for member in who {
            let lookback = self.config.search_lookback_seconds.max(LAG_SECONDS);
            freeze(&mut member.position, lookback, began);
        }
    }

    /// Asks about what no chain reads yet, as long as one more may read.
    pub(super) fn search_on(self, stretch: &mut Segment<'_>, chains: &mut Chains<'_>) {
        let at_once = if stretch.has_children() { 1 } else { self.config.workers };
        // What is left keeps a place of its own among those that a state holds.
        while stretch.windows_read() < at_once.min(MOST_WINDOWS - 1)
            && let Some((bounds, length_before)) = stretch.uncounted()
        {
            let bounds = beginning(bounds, length_before);
            if can_be_cut(bounds) {
                stretch.rest = Some(Rest { is_counted: true, length_before });
                chains.count(bounds);
            } else {
                self.read_window(stretch, chains, bounds, 0);
            }
        }
    }

    /// Reads a window that was counted, or asks about its beginning.
    pub(in crate::sync) fn counted(
        self,
        stretch: &mut Segment<'_>,
        chains: &mut Chains<'_>,
        bounds: (i64, i64),
        rows: u64,
    ) {
        let page_rows = stretch.feed.page_size(self.config).rows;
        let page_time = chains.page_time().or(stretch.page_time());
        let most = match page_time {
            // Each row has listings of its own to read; the first page tells how long they take.
            None if stretch.has_children() => page_rows.into(),
            page_time => most_rows(page_time, page_rows),
        };
        match narrowed(bounds, rows, most) {
            Some(narrower) => chains.count(narrower),
            None => {
                self.read_window(stretch, chains, bounds, rows);
                self.search_on(stretch, chains);
            }
        }
    }

    fn read_window(
        self,
        stretch: &mut Segment<'_>,
        chains: &mut Chains<'_>,
        bounds: (i64, i64),
        rows: u64,
    ) {
        let start = Start { has_rows: rows > 0, ..stretch.cut_off(bounds.1) };
        chains.start(start, stretch.feed.page_size(self.config), 0);
    }
}
