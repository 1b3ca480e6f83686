//! The older cursor dialect of the account's ticket audits: `limit` and `cursor`, `before_url` for
//! older audits and `after_url` for newer ones.

use super::{Cursors, Rows, never_told_before, or_null, page_size};
use crate::account::table::SortKey;
use crate::answer::Answer;
use crate::query::Asked;
use crate::row_text::quote;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// One page. The rows come oldest first. `sort_order=desc` reverses them.
pub(crate) fn by_legacy_cursor(
    asked: &Asked,
    rows: &Rows<'_>,
    key: &str,
    is_emptied: bool,
    cursors: &mut Cursors,
) -> Result<Answer, Answer> {
    let limit = page_size(asked, "limit", 1000, 1000)?;
    let newest_first = asked.get("sort_order") == Some("desc");
    let keys = &rows.keys;
    let position = match asked.get("cursor") {
        None => None,
        Some(cursor) if cursors.is_expired(cursor) => return Err(bad_cursor()),
        Some(cursor) => Some(read(cursor).ok_or_else(bad_cursor)?),
    };
    let (start, end) = match &position {
        // Older than the position.
        Some((Way::Before, edge)) => {
            let end = keys.partition_point(|key| key < edge);
            (end.saturating_sub(limit), end)
        }
        Some((Way::After, edge)) => {
            let start = keys.partition_point(|key| key <= edge);
            (start, (start + limit).min(keys.len()))
        }
        None if newest_first => (keys.len().saturating_sub(limit), keys.len()),
        None => (0, limit.min(keys.len())),
    };
    let mut page = keys[start..end].to_vec();
    let mut before = page.first().map(|key| write(Way::Before, key));
    // An empty page in the middle: its link leads to the same rows, in other words.
    let edge = match &position {
        Some((Way::Before, edge)) => Some(edge.clone()),
        None if newest_first => keys.last().map(|last| SortKey { id: last.id + 1, ..last.clone() }),
        _ => None,
    };
    if let Some(edge) = edge.filter(|_| is_emptied && !page.is_empty()) {
        page.clear();
        let again = never_told_before();
        before = Some(STANDARD.encode(format!("b|{}|{}|{again}", edge.number, edge.id)));
    }
    let after = page.last().map(|key| write(Way::After, key));
    for issued in [&before, &after].into_iter().flatten() {
        cursors.issue(issued, asked.now);
    }
    if newest_first {
        page.reverse();
    }
    let url = |cursor: &Option<String>| {
        let link = cursor.as_deref().map(|cursor| asked.link(&[("cursor", Some(cursor))]));
        or_null(link.as_deref())
    };
    Ok(Answer::ok(format!(
        r#"{{{}:{},"after_url":{},"after_cursor":{},"before_url":{},"before_cursor":{}}}"#,
        quote(key),
        rows.array(&page),
        url(&after),
        or_null(after.as_deref()),
        url(&before),
        or_null(before.as_deref())
    )))
}

#[derive(Clone, Copy)]
enum Way {
    Before,
    After,
}

fn write(way: Way, key: &SortKey) -> String {
    let way = match way {
        Way::Before => 'b',
        Way::After => 'a',
    };
    STANDARD.encode(format!("{way}|{}|{}", key.number, key.id))
}

fn read(cursor: &str) -> Option<(Way, SortKey)> {
    let text = String::from_utf8(STANDARD.decode(cursor).ok()?).ok()?;
    let mut parts = text.split('|');
    let way = if parts.next()? == "b" { Way::Before } else { Way::After };
    let (number, id) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some((way, SortKey { number, text: String::new(), id }))
}

fn bad_cursor() -> Answer {
    Answer::bad_value("InvalidValue", "cursor is not valid")
}
