//! The paging dialects. Each takes the rows that a listing shows, in order, and writes one
//! envelope. Sources: Zendesk, Pagination; Incremental Exports. What the documentation leaves open
//! is as observed.

mod by_cursor;
mod by_offset;
mod export;
mod legacy;
mod next_url;
mod until_empty;

pub(crate) use by_cursor::{Flavour, after, by_after_cursor, by_cursor};
pub(crate) use by_offset::{all_at_once, by_offset, one_object};
pub(crate) use export::{ExportPage, by_export_cursor, by_export_time};
pub(crate) use legacy::by_legacy_cursor;
pub(crate) use next_url::by_next_url;
pub(crate) use until_empty::until_empty;

use crate::account::table::SortKey;
use crate::answer::Answer;
use crate::query::Asked;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// The rows that a listing shows, in its order.
pub(crate) struct Rows<'a> {
    pub(crate) keys: Vec<SortKey>,
    /// The text of a row as this listing sends it.
    pub(crate) text: &'a dyn Fn(u64) -> String,
}

impl Rows<'_> {
    fn array(&self, keys: &[SortKey]) -> String {
        let rows: Vec<_> = keys.iter().map(|key| (self.text)(key.id)).collect();
        format!("[{}]", rows.join(","))
    }
}

/// Cursors that were issued, each with its simulated time in seconds. Old cursors can expire.
#[derive(Default)]
pub(crate) struct Cursors {
    issued: HashMap<String, i64>,
    pub(crate) expired_before: i64,
}

impl Cursors {
    fn issue(&mut self, cursor: &str, now: i64) {
        self.issued.insert(cursor.to_owned(), now);
    }

    fn is_expired(&self, cursor: &str) -> bool {
        self.expired_before > 0
            && self.issued.get(cursor).is_none_or(|at| *at < self.expired_before)
    }

    /// Whether a cursor was issued more than `seconds` ago.
    fn is_older(&self, cursor: &str, seconds: i64, now: i64) -> bool {
        self.issued.get(cursor).is_some_and(|at| *at + seconds < now)
    }
}

/// A number that was in no cursor before, so that two cursors for the same position differ.
fn never_told_before() -> u64 {
    static TOLD: AtomicU64 = AtomicU64::new(1);
    TOLD.fetch_add(1, Ordering::Relaxed)
}

/// An answer without its rows, marked as the last page in its dialect.
pub(crate) fn ended(body: &str) -> String {
    let Ok(serde_json::Value::Object(mut answer)) = serde_json::from_str(body) else {
        return body.to_owned();
    };
    for (key, value) in &mut answer {
        match key.as_str() {
            "end_of_stream" => *value = true.into(),
            "count" => *value = 0.into(),
            "next_page" | "next_page_url" | "after_url" | "before_url" | "after_cursor"
            | "before_cursor" | "end_time" => *value = serde_json::Value::Null,
            "meta" => value["has_more"] = false.into(),
            "links" if value.is_object() => value["next"] = serde_json::Value::Null,
            _ if value.is_array() => *value = serde_json::json!([]),
            _ => {}
        }
    }
    serde_json::Value::Object(answer).to_string()
}

/// The page size in a query: within `1..=max`, and never above the test's cap.
fn page_size(asked: &Asked, key: &str, default: usize, max: usize) -> Result<usize, Answer> {
    let size = match asked.get(key) {
        None | Some("") => default,
        Some(text) => match text.parse::<usize>() {
            Ok(size) if size >= 1 => size,
            _ => return Err(Answer::bad_paging(&format!("{key} is not valid"))),
        },
    };
    if size > max && key.starts_with("page[") {
        return Err(Answer::bad_paging(&format!("{key} is not valid")));
    }
    Ok(size.min(max).min(asked.page_cap))
}

fn or_null(text: Option<&str>) -> String {
    text.map_or_else(|| "null".to_owned(), crate::row_text::quote)
}
