//! Reads a search in windows of time that end before their cursors expire. The part that no fetcher
//! reads yet is the last window. While fetchers are free, `search/count` is requested to find how
//! much of that part the next window may have. Pure functions decide where windows end; these
//! functions send the requests.
//!
//! Source: Zendesk, "Export Search Results": a cursor expires after an hour, and rows come in the
//! order of their creation. Therefore a window's place is its token alone. A window cannot be split
//! once it is being read. Only its end shows that all of its changes were seen.

use super::segment::Segment;
use super::split_windows::Uncounted;
use super::window_fetchers::{Fetchers, Start};
use crate::streams::ResolvedFeed;
use crate::sync::listing::context::Context;
use crate::sync::listing::member::ActiveStream;
use crate::sync::position::search_bounds::{
    Bounds, LAG_SECONDS, Rest, beginning, can_be_split, freeze, most_rows, narrowed,
};
use crate::sync::position::windows::MOST_WINDOWS;

/// Freezes the bounds of a search for streams that read it together.
pub(super) fn freeze_bounds(
    context: Context<'_>,
    feed: &ResolvedFeed,
    who: &mut [&mut ActiveStream],
) {
    if feed.searched_key().is_none() {
        return;
    }
    let now = context.client.clock().now_unix();
    let began = who.first().and_then(|member| member.position.walk.began).unwrap_or(now);
    for member in who {
        let lookback = context.config.search_lookback_seconds.max(LAG_SECONDS);
        freeze(&mut member.position, lookback, began);
    }
}

/// Requests the count of the part that no fetcher reads yet, as long as one more fetcher may read.
pub(super) fn search_on(context: Context<'_>, segment: &mut Segment<'_>, fetchers: &mut Fetchers) {
    let at_once = if segment.has_children() { 1 } else { context.config.account.workers };
    // What is left keeps a place of its own among those that a state holds.
    while segment.windows_read() < at_once.min(MOST_WINDOWS - 1)
        && let Some(Uncounted { bounds, length_before }) = segment.uncounted()
    {
        let bounds = beginning(bounds, length_before);
        if can_be_split(bounds) {
            segment.rest = Some(Rest { is_counted: true, length_before });
            fetchers.count(bounds);
        } else {
            read_window(context, segment, fetchers, bounds, 0);
        }
    }
}

/// Reads a window that was counted, or counts its beginning if it has too many rows.
pub(super) fn counted(
    context: Context<'_>,
    segment: &mut Segment<'_>,
    fetchers: &mut Fetchers,
    bounds: Bounds,
    rows: u64,
) {
    let page_rows = segment.feed.page_size(context.config).rows;
    let page_time = fetchers.page_time().or(segment.page_time());
    let most = match page_time {
        // Each row has listings of its own to read; the first page tells how long they take.
        None if segment.has_children() => page_rows.into(),
        page_time => most_rows(page_time, page_rows),
    };
    match narrowed(bounds, rows, most) {
        Some(narrower) => fetchers.count(narrower),
        None => {
            read_window(context, segment, fetchers, bounds, rows);
            search_on(context, segment, fetchers);
        }
    }
}

fn read_window(
    context: Context<'_>,
    segment: &mut Segment<'_>,
    fetchers: &mut Fetchers,
    bounds: Bounds,
    rows: u64,
) {
    let start = Start { has_rows: rows > 0, ..segment.split_off(bounds.to) };
    fetchers.start(start, segment.feed.page_size(context.config), 0);
}
