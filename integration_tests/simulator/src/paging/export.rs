//! The incremental exports: by cursor (tickets, users) and by time. Rows that changed within the
//! last minute are withheld, so that a second is complete when it is served.

use super::{Cursors, Rows, or_null, page_size};
use crate::account::table::SortKey;
use crate::answer::Answer;
use crate::listings::{CursorMark, EndMark};
use crate::query::Asked;
use crate::row_text::quote;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Rows that are younger than this are withheld, and younger start times are refused.
const WITHHELD_SECONDS: i64 = 60;

/// What a page needs besides rows.
pub(crate) struct ExportPage<'a> {
    pub(crate) key: &'static str,
    /// Whether this page is empty although more rows follow.
    pub(crate) is_emptied: bool,
    /// Whether a second with more rows than the page can hold is cut.
    pub(crate) is_cut: bool,
    /// Makes the side-loaded arrays, which are written after the rows.
    pub(crate) extra: &'a dyn Fn(&[SortKey]) -> String,
}

/// The rows that are old enough to be served. `rows` are in the order of their change.
fn served<'a>(rows: &'a Rows<'_>, asked: &Asked) -> &'a [SortKey] {
    let end = rows.keys.partition_point(|key| key.number <= asked.now - WITHHELD_SECONDS);
    &rows.keys[..end]
}

fn start_time(asked: &Asked) -> Result<i64, Answer> {
    let text = asked.get("start_time").ok_or_else(|| {
        Answer::bad_value("MissingParameter", "start_time or cursor must be present")
    })?;
    let start = text.parse::<i64>().ok().filter(|start| *start >= 0);
    let start = start.ok_or_else(|| Answer::bad_value("InvalidValue", "Invalid start_time"))?;
    if start > asked.now - WITHHELD_SECONDS { Err(Answer::too_recent()) } else { Ok(start) }
}

/// An export by `start_time` or `cursor`. The cursor is `{epoch}.0||{id}|` in base64.
pub(crate) fn by_export_cursor(
    asked: &Asked,
    rows: &Rows<'_>,
    page: &ExportPage<'_>,
    mark: CursorMark,
    cursors: &mut Cursors,
) -> Result<Answer, Answer> {
    let size = page_size(asked, "per_page", 1000, 1000)?;
    let served = served(rows, asked);
    let (start, came_with) = match asked.get("cursor") {
        Some(cursor) => {
            let position = read_cursor(cursor).filter(|_| !cursors.is_expired(cursor));
            let (second, id) =
                position.ok_or_else(|| Answer::bad_value("InvalidValue", "Invalid cursor"))?;
            let start = served.partition_point(|key| (key.number, key.id) <= (second, id));
            (start, Some((second, id)))
        }
        None => {
            let start_time = start_time(asked)?;
            (served.partition_point(|key| key.number < start_time), None)
        }
    };
    let rest = &served[start..];
    // An empty page in the middle: the position moves to just before the next row.
    let gap = rest.first().map(|next| (next.number, next.id - 1));
    let is_emptied = page.is_emptied && gap.is_some() && gap != came_with;
    let taken = if is_emptied { &rest[..0] } else { &rest[..size.min(rest.len())] };
    let end_of_stream = !is_emptied && taken.len() == rest.len();
    let position = match taken.last() {
        Some(last) => Some((last.number, last.id)),
        None if is_emptied => gap,
        None => came_with,
    };
    let cursor = position.map(|(second, id)| STANDARD.encode(format!("{second}.0||{id}|")));
    if let Some(cursor) = &cursor {
        cursors.issue(cursor, asked.now);
    }
    let replace = |cursor| asked.link(&[("start_time", None), ("cursor", Some(cursor))]);
    let after_url = cursor.as_deref().map(replace);
    let mark = match mark {
        CursorMark::EndOfStream => format!(r#""end_of_stream":{end_of_stream}"#),
        CursorMark::HasMore => format!(r#""meta":{{"has_more":{}}}"#, !end_of_stream),
    };
    Ok(Answer::ok(format!(
        r#"{{{}:{}{},"after_url":{},"before_url":null,"after_cursor":{},"before_cursor":null,{mark}}}"#,
        quote(page.key),
        rows.array(taken),
        (page.extra)(taken),
        or_null(after_url.as_deref()),
        or_null(cursor.as_deref())
    )))
}

fn read_cursor(cursor: &str) -> Option<(i64, u64)> {
    let text = String::from_utf8(STANDARD.decode(cursor).ok()?).ok()?;
    let (second, id) = text.strip_suffix('|')?.split_once("||")?;
    Some((second.strip_suffix(".0")?.parse().ok()?, id.parse().ok()?))
}

/// An export by `start_time`, inclusive. The next page starts at the second of the last row and
/// repeats that row. If all rows of a page share one second, there are two ways. Either the page
/// takes in the whole second and the next page starts one second later (observed of some exports).
/// Or the second is cut and the link leads to the same page again (what Zendesk documents: no page
/// holds more than 1,000 rows).
pub(crate) fn by_export_time(
    asked: &Asked,
    rows: &Rows<'_>,
    page: &ExportPage<'_>,
    mark: EndMark,
) -> Result<Answer, Answer> {
    let size = page_size(asked, "per_page", 1000, 1000)?;
    let served = served(rows, asked);
    let start_time = start_time(asked)?;
    let rest = &served[served.partition_point(|key| key.number < start_time)..];
    let mut taken = &rest[..size.min(rest.len())];
    let mut end_time = taken.last().map(|last| last.number);
    if let (Some(first), Some(last)) = (taken.first(), taken.last())
        && !page.is_cut
        && taken.len() == size
        && first.number == last.number
    {
        let second = first.number;
        taken = &rest[..rest.partition_point(|key| key.number == second)];
        end_time = Some(second + 1);
    }
    let next = rest.first().map(|next| next.number);
    if page.is_emptied && next.is_some_and(|next| next > start_time) {
        taken = &rest[..0];
        end_time = next;
    }
    let is_last = taken.len() == rest.len();
    let has_link = match mark {
        EndMark::NullLink => !is_last,
        EndMark::Marked | EndMark::Unmarked => true,
    };
    let next_start = end_time.unwrap_or(start_time).to_string();
    let link = asked.link(&[("start_time", Some(&next_start))]);
    let next_page = or_null(Some(link.as_str()).filter(|_| has_link));
    let end_mark = match mark {
        EndMark::Marked => format!(r#","end_of_stream":{is_last}"#),
        EndMark::Unmarked | EndMark::NullLink => String::new(),
    };
    let end_time = end_time.map_or("null".to_owned(), |second| second.to_string());
    Ok(Answer::ok(format!(
        r#"{{{}:{}{},"count":{},"next_page":{next_page},"end_time":{end_time}{end_mark}}}"#,
        quote(page.key),
        rows.array(taken),
        (page.extra)(taken),
        taken.len()
    )))
}
