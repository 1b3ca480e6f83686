//! Engagements: `page_size`, and a `next_page_url` that is null on the last page. The names of its
//! parameters are not documented. Here it is `after`, which a client must not know. Sources:
//! Zendesk, Omnichannel Engagements; programs that read it.

use super::{Rows, or_null, page_size};
use crate::answer::Answer;
use crate::query::Asked;
use crate::row_text::quote;

pub(crate) fn by_next_url(asked: &Asked, rows: &Rows<'_>, key: &str) -> Result<Answer, Answer> {
    let size = page_size(asked, "page_size", 100, 100)?;
    let behind = asked.get("after").and_then(|after| after.parse::<u64>().ok());
    let start = behind.map_or(0, |behind| {
        rows.keys.iter().position(|key| key.id == behind).map_or(rows.keys.len(), |at| at + 1)
    });
    let end = (start + size).min(rows.keys.len());
    let page = &rows.keys[start..end];
    let last = page.last().filter(|_| end < rows.keys.len());
    let next = last.map(|last| asked.link(&[("after", Some(&last.id.to_string()))]));
    Ok(Answer::ok(format!(
        r#"{{{}:{},"next_page_url":{}}}"#,
        quote(key),
        rows.array(page),
        or_null(next.as_deref())
    )))
}
