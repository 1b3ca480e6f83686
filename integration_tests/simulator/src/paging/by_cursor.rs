//! Cursor pagination: `page[size]`, `page[after]`, `page[before]`. In Support's flavour links are
//! there even on the last page. In the help center's flavour the last page has no `next`. A cursor
//! is a position in the order, not in the list, so rows around it may come and go.

use super::{Cursors, Rows, never_told_before, or_null, page_size};
use crate::account::table::{Order, SortKey};
use crate::answer::Answer;
use crate::query::Asked;
use crate::row_text::quote;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt::Write;

/// What differs between listings paged by cursor.
#[derive(Clone, Copy)]
pub(crate) struct Flavour {
    pub(crate) key: &'static str,
    pub(crate) order: Order,
    pub(crate) descending: bool,
    pub(crate) max: usize,
    pub(crate) help_center: bool,
    /// Whether `meta` says only whether there are more rows.
    pub(crate) json_api: bool,
    /// Seconds after which a cursor expires by itself.
    pub(crate) cursor_life_s: Option<i64>,
    /// Whether this page is empty although more rows follow.
    pub(crate) is_emptied: bool,
}

/// One page. `extra` is written into the envelope after the rows.
pub(crate) fn by_cursor(
    asked: &Asked,
    rows: &Rows<'_>,
    flavour: Flavour,
    extra: &dyn Fn(&[SortKey]) -> String,
    cursors: &mut Cursors,
) -> Result<Answer, Answer> {
    let size = page_size(asked, "page[size]", 100.min(flavour.max), flavour.max)?;
    let position = |key: &str| read(asked, key, flavour, cursors);
    let (after, before) = (position("page[after]")?, position("page[before]")?);
    // In the order of the listing `a` comes before `b`.
    let precedes = |a: &SortKey, b: &SortKey| if flavour.descending { a > b } else { a < b };
    let keys = &rows.keys;
    let (start, end) = match (&after, &before) {
        (_, Some(before)) => {
            let end = keys.partition_point(|key| precedes(key, before));
            (end.saturating_sub(size), end)
        }
        (Some(after), None) => {
            let start = keys.partition_point(|key| !precedes(after, key));
            (start, (start + size).min(keys.len()))
        }
        (None, None) => (0, size.min(keys.len())),
    };
    let page = &keys[start..end];
    let has_more = if before.is_some() { start > 0 } else { end < keys.len() };
    let cursor = |key: Option<&SortKey>| key.map(|key| write(key, 0, flavour));
    let (mut first, mut last) = (cursor(page.first()), cursor(page.last()));
    let (mut page, mut has_more) = (page, has_more);
    // An empty page in the middle: its cursor leads to the same rows, in other words.
    if let Some(after) = after.as_ref().filter(|_| flavour.is_emptied && !page.is_empty()) {
        let again = never_told_before();
        (page, has_more) = (&[], true);
        (first, last) = (None, Some(write(after, again, flavour)));
    }
    for issued in [&first, &last].into_iter().flatten() {
        cursors.issue(issued, asked.now);
    }
    let links = Links { asked, flavour, has_more, is_first: start == 0 };
    let mut body = format!("{{{}:{}", quote(flavour.key), rows.array(page));
    body.push_str(&extra(page));
    if flavour.key == "links" {
        // Zendesk, Jira Links: the rows have the key of the links, and the cursor is one.
        let after = last.filter(|_| has_more);
        let after = after.map(|after| asked.link(&[("page[after]", Some(&after))]));
        let after = or_null(after.as_deref());
        write!(body, r#","meta":{{"has_more":{has_more},"after_cursor":{after}}}}}"#)
            .expect("writing to a string");
        return Ok(Answer::ok(body));
    }
    if flavour.json_api {
        let links = links.write(first.as_deref(), last.as_deref());
        write!(body, r#","meta":{{"has_more":{has_more}}},"links":{links}}}"#)
            .expect("writing to a string");
        return Ok(Answer::ok(body));
    }
    let (after, before) = (or_null(last.as_deref()), or_null(first.as_deref()));
    write!(
        body,
        r#","meta":{{"has_more":{has_more},"after_cursor":{after},"before_cursor":{before}}},"links":{}}}"#,
        links.write(first.as_deref(), last.as_deref())
    )
    .expect("writing to a string");
    Ok(Answer::ok(body))
}

/// One page of the dialect without a page size, whose cursors are in `meta` only.
pub(crate) fn by_after_cursor(
    asked: &Asked,
    rows: &Rows<'_>,
    flavour: Flavour,
    cursors: &mut Cursors,
) -> Result<Answer, Answer> {
    let after = read(asked, "after_cursor", flavour, cursors)?;
    let start = after.map_or(0, |after| rows.keys.partition_point(|key| *key <= after));
    let size = flavour.max.min(asked.page_cap).max(1);
    let page = &rows.keys[start..(start + size).min(rows.keys.len())];
    let has_more = start + page.len() < rows.keys.len();
    let cursor = |key: Option<&SortKey>| key.map(|key| write(key, 0, flavour));
    let (first, last) = (cursor(page.first()), cursor(page.last()));
    for issued in [&first, &last].into_iter().flatten() {
        cursors.issue(issued, asked.now);
    }
    let (after, before) = (or_null(last.as_deref()), or_null(first.as_deref()));
    Ok(Answer::ok(format!(
        r#"{{{}:{},"meta":{{"has_more":{has_more},"after_cursor":{after},"before_cursor":{before}}}}}"#,
        quote(flavour.key),
        rows.array(page)
    )))
}

/// The key after which a page begins, if the request contains a valid cursor.
pub(crate) fn after(asked: &Asked, flavour: Flavour, cursors: &Cursors) -> Option<SortKey> {
    read(asked, "page[after]", flavour, cursors).ok().flatten()
}

struct Links<'a> {
    asked: &'a Asked,
    flavour: Flavour,
    has_more: bool,
    is_first: bool,
}

impl Links<'_> {
    fn write(&self, first: Option<&str>, last: Option<&str>) -> String {
        let path = self.path();
        let link = |after: Option<&str>, before: Option<&str>| {
            let replace = [("page[after]", after), ("page[before]", before)];
            quote(&self.asked.link_to(&path, &replace))
        };
        if !self.flavour.help_center {
            let prev = first.map_or("null".to_owned(), |cursor| link(None, Some(cursor)));
            let next = last.map_or("null".to_owned(), |cursor| link(Some(cursor), None));
            return format!(r#"{{"prev":{prev},"next":{next}}}"#);
        }
        let top = link(None, None);
        let mut links = format!(r#"{{"first":{top},"last":{top}"#);
        if let (true, Some(cursor)) = (self.has_more, last) {
            links.push_str(&format!(r#","next":{}"#, link(Some(cursor), None)));
        }
        if let (false, Some(cursor)) = (self.is_first, first) {
            links.push_str(&format!(r#","prev":{}"#, link(None, Some(cursor))));
        }
        links + "}"
    }

    /// The path for links. In the help center's flavour they have no `.json`, and community paths
    /// are below `help_center/`.
    fn path(&self) -> String {
        if !self.flavour.help_center {
            return self.asked.path.clone();
        }
        let path = self.asked.path.trim_end_matches(".json");
        path.replacen("/api/v2/community/", "/api/v2/help_center/community/", 1)
    }
}

/// Builds a cursor. Support's cursors are `{"o":"name,id","v":"<packed values>"}` in base64, as
/// observed. The help center's are only the packed values.
fn write(key: &SortKey, again: u64, flavour: Flavour) -> String {
    let values = match again {
        0 => serde_json::json!([key.number, key.text, key.id]),
        again => serde_json::json!([key.number, key.text, key.id, again]),
    };
    let values = values.to_string();
    let packed = STANDARD.encode(values);
    if flavour.help_center {
        return packed;
    }
    let sign = if flavour.descending { "-" } else { "" };
    let order = format!("{sign}{}", flavour.order.columns());
    STANDARD.encode(serde_json::json!({ "o": order, "v": packed }).to_string())
}

fn read(
    asked: &Asked,
    key: &str,
    flavour: Flavour,
    cursors: &Cursors,
) -> Result<Option<SortKey>, Answer> {
    let Some(cursor) = asked.get(key) else { return Ok(None) };
    let life_s = flavour.cursor_life_s;
    let is_old = life_s.is_some_and(|life_s| cursors.is_older(cursor, life_s, asked.now));
    let position = unpack(cursor, flavour).filter(|_| !is_old && !cursors.is_expired(cursor));
    position.map(Some).ok_or_else(|| Answer::bad_paging(&format!("{key} is not valid")))
}

fn unpack(cursor: &str, flavour: Flavour) -> Option<SortKey> {
    let json = |text: &str| -> Option<serde_json::Value> {
        serde_json::from_slice(&STANDARD.decode(text).ok()?).ok()
    };
    let values = if flavour.help_center {
        json(cursor)?
    } else {
        let outer = json(cursor)?;
        let order = outer.get("o")?.as_str()?;
        let sign = if flavour.descending { "-" } else { "" };
        if order.strip_prefix(sign)? != flavour.order.columns() {
            return None;
        }
        json(outer.get("v")?.as_str()?)?
    };
    let text = values.get(1)?.as_str()?.to_owned();
    Some(SortKey { number: values.get(0)?.as_i64()?, text, id: values.get(2)?.as_u64()? })
}
