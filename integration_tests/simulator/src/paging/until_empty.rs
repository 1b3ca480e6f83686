//! The events of skill-based routing. There is no start time. `cursor` comes from `next_page`, and
//! a count of 0 is the end. Every page has the link, and a cursor stays valid. Source: Zendesk,
//! Incremental Exports, Incremental Skill-Based Routing.

use super::{Cursors, Rows};
use crate::answer::Answer;
use crate::query::Asked;
use crate::row_text::quote;

/// The largest page.
const MOST: usize = 3000;

/// One page of rows in the order in which they were made. A cursor is the number of the row before
/// the page, in the form of a UUID.
pub(crate) fn until_empty(
    asked: &Asked,
    rows: &Rows<'_>,
    key: &str,
    cursors: &mut Cursors,
) -> Result<Answer, Answer> {
    let refused = || Answer::bad_value("InvalidValue", "Invalid cursor");
    let behind = match asked.get("cursor") {
        None => 0,
        Some(cursor) if cursors.is_expired(cursor) => return Err(refused()),
        Some(cursor) => read(cursor).ok_or_else(refused)?,
    };
    let rest = &rows.keys[rows.keys.partition_point(|key| key.id <= behind)..];
    let page = &rest[..rest.len().min(MOST).min(asked.page_cap)];
    let cursor = write(page.last().map_or(behind, |last| last.id));
    cursors.issue(&cursor, asked.now);
    let next = asked.link(&[("cursor", Some(&cursor))]);
    Ok(Answer::ok(format!(
        r#"{{{}:{},"count":{},"end_time":{},"next_page":{}}}"#,
        quote(key),
        rows.array(page),
        page.len(),
        asked.now,
        quote(&next)
    )))
}

fn write(number: u64) -> String {
    format!("7d724c71-3911-11e8-{:04x}-{:012x}", number >> 48, number & 0xffff_ffff_ffff)
}

fn read(cursor: &str) -> Option<u64> {
    let (high, low) = cursor.strip_prefix("7d724c71-3911-11e8-")?.split_once('-')?;
    Some(u64::from_str_radix(high, 16).ok()? << 48 | u64::from_str_radix(low, 16).ok()?)
}
