//! Offset pagination, and listings without pages. With offsets, rows move between pages when other
//! rows are added or removed.

use super::{Rows, page_size};
use crate::answer::Answer;
use crate::query::Asked;
use crate::row_text::quote;

/// Zendesk serves only the first hundred pages.
const DEEPEST_PAGE: usize = 100;

/// `?page=N&per_page=..`
pub(crate) fn by_offset(
    asked: &Asked,
    rows: &Rows<'_>,
    key: &str,
    help_center: bool,
) -> Result<Answer, Answer> {
    let size = page_size(asked, "per_page", if help_center { 30 } else { 100 }, 100)?;
    let page = match asked.get("page") {
        None => 1,
        Some(text) => match text.parse::<usize>() {
            Ok(page) if page >= 1 => page,
            _ => return Err(Answer::bad_value("InvalidValue", "page must be an integer")),
        },
    };
    if page > DEEPEST_PAGE {
        return Err(Answer::too_deep());
    }
    let count = rows.keys.len();
    let start = ((page - 1) * size).min(count);
    let end = (start + size).min(count);
    let link = |is_there: bool, page: usize| {
        let page = page.to_string();
        if is_there { quote(&asked.link(&[("page", Some(&page))])) } else { "null".to_owned() }
    };
    let next = link(end < count, page + 1);
    let previous = link(page > 1, page.saturating_sub(1));
    let mut body = format!(
        r#"{{{}:{},"next_page":{next},"previous_page":{previous},"count":{count}"#,
        quote(key),
        rows.array(&rows.keys[start..end])
    );
    if help_center {
        let pages = count.div_ceil(size);
        body.push_str(&format!(
            r#","page":{page},"per_page":{size},"page_count":{pages},"sort_by":"position","sort_order":"asc""#
        ));
    }
    Ok(Answer::ok(body + "}"))
}

/// All rows in one answer. Paging parameters are ignored.
pub(crate) fn all_at_once(rows: &Rows<'_>, key: &str) -> Answer {
    Answer::ok(format!(
        r#"{{{}:{},"next_page":null,"previous_page":null,"count":{}}}"#,
        quote(key),
        rows.array(&rows.keys),
        rows.keys.len()
    ))
}

/// The only row, with nothing around it.
pub(crate) fn one_object(rows: &Rows<'_>, key: &str) -> Answer {
    let row = rows.keys.first().map_or_else(|| "null".to_owned(), |row| (rows.text)(row.id));
    Answer::ok(format!("{{{}:{row}}}", quote(key)))
}
