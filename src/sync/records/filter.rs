//! Decides which listed rows a stream delivers, and what its position notes about them. Pure.

use xxhash_rust::xxh3::xxh3_64;

use crate::config::TicketScope;
use crate::streams::{Deletion, DeletionMarker, Order, ResolvedFeed, ResolvedStream};
use crate::sync::position::places::{MOST_BEARERS, bearers};
use crate::sync::position::search_bounds::DELETION_LAG_SECONDS;
use crate::sync::position::{MARGIN_SECONDS, MOST_SEEN, Place, Position, Walk};
use zendesk::page::{Page, Rows};
use zendesk::paging::Token;
use zendesk::timestamp;

/// The hash that identifies a row, over its bytes.
#[must_use]
pub fn hash(page: &Page, list: &Rows, row: usize) -> u64 {
    list.rows.get(row).map_or(0, |row| xxh3_64(page.text.raw(row.span)))
}

/// The time under a key of a listed row, unix seconds.
#[must_use]
pub fn time(page: &Page, list: &Rows, row: usize, key: &str) -> Option<i64> {
    list.member(row, key).and_then(|member| timestamp::from_json(page.text.raw(member.value)))
}

/// The times of all listed rows under a key.
#[must_use]
pub fn times(page: &Page, list: &Rows, key: &str) -> Vec<Option<i64>> {
    (0..list.rows.len()).map(|row| time(page, list, row, key)).collect()
}

/// The rows of an ordered page that this stream has not delivered before. Rows that `left` marks
/// are left out: the next window or the walk from the place ahead lists them again.
///
/// Only rows from the place on can be repetitions. These are rows of the second at which the page
/// was requested, and among later rows only the first ones of the page.
pub fn fresh(
    place: &Place,
    at: &Token,
    left: &[bool],
    page: &Page,
    list: &Rows,
    times: &[Option<i64>],
) -> Vec<bool> {
    let second = if let Token::StartTime(second) = at { Some(*second) } else { place.at };
    let seen = &place.seen;
    let first = 2 * seen.len() + MOST_BEARERS;
    let repeated = |row: usize, time: Option<i64>| {
        !seen.is_empty()
            && time.is_some()
            && (time == second || time > second && row < first)
            && seen.contains(&hash(page, list, row))
    };
    let times = times.iter().enumerate();
    times.map(|(row, time)| !left[row] && !repeated(row, *time)).collect()
}

/// The hashes to keep at a place: those of all delivered rows from its second on, from this page or
/// an earlier one.
#[must_use]
pub fn boundary(
    place: &Place,
    at: &Token,
    next: &Token,
    page: &Page,
    list: &Rows,
    times: &[Option<i64>],
) -> Vec<u64> {
    // Where the last row was delivered before, the next ones may have been, too.
    let was_seen = !place.seen.is_empty()
        && (0..times.len()).last().is_some_and(|row| place.seen.contains(&hash(page, list, row)));
    let Token::StartTime(second) = next else {
        // A place that was taken over by time goes on by cursor: its second may span pages.
        let second = if let Token::StartTime(second) = at { Some(*second) } else { place.at };
        let last = times.iter().rev().flatten().next().copied();
        let goes_on = last.is_some() && last == second || was_seen;
        return if goes_on { place.seen.clone() } else { Vec::new() };
    };
    let mut seen = if at == next || was_seen { place.seen.clone() } else { Vec::new() };
    add_from(&mut seen, *second, &[], page, list, times);
    seen
}

/// Adds the hashes of a page's rows from a second on, as many as a position keeps. Rows that `left`
/// marks are left out.
pub fn add_from(
    seen: &mut Vec<u64>,
    second: i64,
    left: &[bool],
    page: &Page,
    list: &Rows,
    times: &[Option<i64>],
) {
    let is_left = |row: usize| left.get(row).copied().unwrap_or_default();
    for row in (0..times.len()).filter(|row| times[*row] >= Some(second) && !is_left(*row)) {
        let hash = hash(page, list, row);
        if seen.len() < MOST_SEEN && !seen.contains(&hash) {
            seen.push(hash);
        }
    }
}

/// The rows that this stream delivers from a listing in any other order. The position notes the
/// newest cursor value, and which deleted rows were delivered.
pub fn newer(
    stream: &ResolvedStream,
    position: &mut Position,
    page: &Page,
    list: &Rows,
) -> Vec<bool> {
    let lower = lower(stream, position);
    let keep = (0..list.rows.len()).map(|row| {
        let value = stream.cursor_key().and_then(|key| time(page, list, row, key));
        position.saw(value);
        let new = match (value, lower) {
            (Some(value), Some(lower)) => value >= lower,
            // A row without a cursor value is delivered and moves nothing.
            _ => true,
        };
        let Some(Deletion { sign: DeletionMarker::Flag(_), .. }) = stream.deletion else {
            return new;
        };
        let raw = |key| list.member(row, key).map(|member| page.text.raw(member.value));
        let id = stream.primary_key.first().and_then(|key| raw(key)).map_or(0, id_number);
        let deletions = &mut position.walk.deletions_delivered;
        if !is_deleted(stream, page, list, row) {
            deletions.forget(id);
            return new;
        }
        let was_delivered = deletions.note(id);
        new || !was_delivered
    });
    keep.collect()
}

/// Leaves out deleted rows. A full refresh leaves them out if the user wants that. After a search,
/// deleted rows are left out that the search cannot have delivered.
pub fn leave_out_deleted(
    stream: &ResolvedStream,
    position: &Position,
    page: &Page,
    list: &Rows,
    keep: &mut [bool],
) {
    let Some(deletion) = stream.deletion.filter(|deletion| deletion.sign != DeletionMarker::Every)
    else {
        return;
    };
    let unwanted = stream.without_deleted && position.walk.full;
    // The search may have delivered what was deleted since, and nobody asked for older deletions.
    let unknown = stream.search_first && stream.deleted_at.is_none();
    let since = position.walk.searched.map(|began| began.saturating_sub(DELETION_LAG_SECONDS));
    if !unwanted && !unknown {
        return;
    }
    for (row, keep) in keep.iter_mut().enumerate() {
        let known = || {
            time(page, list, row, deletion.at)
                .is_some_and(|at| since.is_some_and(|since| at >= since))
        };
        *keep = *keep && (!is_deleted(stream, page, list, row) || !unwanted && known());
    }
}

/// Leaves out rows that the user's options do not choose. A row without the key is kept.
pub fn leave_out_others(stream: &ResolvedStream, page: &Page, list: &Rows, keep: &mut [bool]) {
    let Some(kept) = &stream.kept else { return };
    for (row, keep) in keep.iter_mut().enumerate() {
        let raw = list.member(row, kept.key).map(|member| page.text.raw(member.value));
        let text = raw.and_then(|raw| raw.strip_prefix(b"\"")?.strip_suffix(b"\""));
        let is_other =
            text.is_some_and(|text| kept.texts.iter().all(|kept| kept.as_bytes() != text));
        *keep = *keep && !is_other;
    }
}

/// The key of a ticket that says who supports it.
pub const SUPPORT_KEY: &str = "support_type";

/// Leaves out tickets of a search that are not in scope. A ticket without the key counts as
/// supported by a human.
pub fn leave_out_of_scope(
    feed: &ResolvedFeed,
    scope: TicketScope,
    page: &Page,
    list: &Rows,
    keep: &mut [bool],
) {
    if feed.searched_key().is_none() || scope == TicketScope::All {
        return;
    }
    for (row, keep) in keep.iter_mut().enumerate() {
        let raw = list.member(row, SUPPORT_KEY).map(|member| page.text.raw(member.value));
        let is_ai = raw == Some(b"\"ai_agent\"");
        *keep = *keep && is_ai == (scope == TicketScope::Ai);
    }
}

fn is_deleted(stream: &ResolvedStream, page: &Page, list: &Rows, row: usize) -> bool {
    stream.deletion.is_some_and(|Deletion { sign, .. }| {
        let member = sign.key().and_then(|key| list.member(row, key));
        sign.is_in(member.map(|member| page.text.raw(member.value)))
    })
}

/// The oldest cursor value that is delivered. `None` if every listed row is delivered.
#[must_use]
pub fn lower(stream: &ResolvedStream, position: &Position) -> Option<i64> {
    if stream.feed.searched_key().is_some() || stream.feed.order == Order::ByCursor {
        // The search left out what is old, less what the index may bring late; and all that is behind
        // a cursor is new, whatever its time.
        return None;
    }
    let Walk { start_bound: bound, cursor_at_start: cursor, full_pass, .. } = &position.walk;
    // A pass delivers what changed since the begin of the last one, seen by others or not.
    let since = if full_pass.under_way {
        full_pass.ended.map(|began| began - MARGIN_SECONDS)
    } else {
        cursor.map(|cursor| cursor.saturating_sub(stream.feed.settles_in_seconds))
    };
    since.max(bound.filter(|_| stream.dated))
}

/// Whether a newest-first listing has been read far enough: its last dated rows are all too old. A
/// single old row is not enough.
#[must_use]
pub fn reached_cursor(
    stream: &ResolvedStream,
    position: &Position,
    page: &Page,
    list: &Rows,
) -> bool {
    let (Order::NewestFirst, Some(cursor)) = (stream.feed.order, stream.cursor) else {
        return false;
    };
    let times = times(page, list, cursor.field);
    let last = times.iter().rev().flatten().take(1 + bearers(times.len()));
    let newest = last.max().copied();
    newest < lower(stream, position) && newest.is_some()
}

/// An id as a number. Any other id becomes its hash.
fn id_number(raw: &[u8]) -> u64 {
    std::str::from_utf8(raw).ok().and_then(|text| text.parse().ok()).unwrap_or_else(|| xxh3_64(raw))
}
