//! The members around the rows of an answer: links, cursors and end marks. Zendesk has several
//! dialects. This file reads them, and `paging` interprets them.

use serde::Deserialize;
use serde_json::Value;

use super::json::Span;

/// The paging keys of an answer, of all dialects. A key of a wrong type counts as absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    pub next_page: Option<String>,
    pub next_page_url: Option<String>,
    /// The rows of the page, in dialects that end by this count.
    pub count: Option<u64>,
    pub before_url: Option<String>,
    pub after_url: Option<String>,
    pub after_cursor: Option<String>,
    pub end_of_stream: Option<bool>,
    /// Unix seconds.
    pub end_time: Option<i64>,
    pub has_more: Option<bool>,
    pub links_next: Option<String>,
}

#[derive(Default, Deserialize)]
struct Meta {
    #[serde(default)]
    has_more: Value,
    #[serde(default)]
    after_cursor: Value,
}

#[derive(Default, Deserialize)]
struct Links {
    #[serde(default)]
    next: Value,
}

impl Envelope {
    /// Whether a top-level member of the answer says how the listing goes on.
    #[must_use]
    pub fn reads(key: &[u8]) -> bool {
        matches!(
            key,
            b"next_page"
                | b"next_page_url"
                | b"count"
                | b"before_url"
                | b"after_url"
                | b"after_cursor"
                | b"end_of_stream"
                | b"end_time"
                | b"meta"
                | b"links"
        )
    }

    /// Reads one top-level member of the answer. Ignores it if it is not about paging.
    pub fn take(&mut self, key: &[u8], value: Span, body: &[u8]) {
        let json = value.of(body);
        let text = || serde_json::from_slice::<String>(json).ok();
        match key {
            b"next_page" => self.next_page = text(),
            b"next_page_url" => self.next_page_url = text(),
            b"count" => self.count = serde_json::from_slice(json).ok(),
            b"before_url" => self.before_url = text(),
            b"after_url" => self.after_url = text(),
            b"after_cursor" => self.after_cursor = text(),
            b"end_of_stream" => self.end_of_stream = serde_json::from_slice(json).ok(),
            b"end_time" => self.end_time = super::timestamp::from_json(json),
            b"meta" => {
                let meta: Meta = serde_json::from_slice(json).unwrap_or_default();
                self.has_more = meta.has_more.as_bool();
                if let Some(cursor) = meta.after_cursor.as_str() {
                    self.after_cursor = Some(cursor.to_owned());
                }
            }
            b"links" => {
                let links: Links = serde_json::from_slice(json).unwrap_or_default();
                self.links_next = links.next.as_str().map(str::to_owned);
            }
            _ => {}
        }
    }
}

/// The decoded value of one query parameter of a link. Nothing else of a link is used. Its host is
/// whatever the body says, so nothing is sent there.
#[must_use]
pub fn parameter(link: &str, name: &str) -> Option<String> {
    let query = query_of(link)?;
    let pairs = reqwest::Url::parse("https://link.invalid/").ok().map(|mut url| {
        url.set_query(Some(query));
        url
    })?;
    pairs.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// The query of a link, not decoded.
#[must_use]
pub fn query_of(link: &str) -> Option<&str> {
    let (_, query) = link.split_once('?')?;
    let query = query.split_once('#').map_or(query, |(query, _)| query);
    (!query.is_empty()).then_some(query)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_and_hosts_ignored() {
        let link = "https://evil.example/x.json?per_page=1&page%5Bafter%5D=a%3D%3D&start_time=7#f";
        assert_eq!(parameter(link, "page[after]").as_deref(), Some("a=="));
        assert_eq!(parameter(link, "start_time").as_deref(), Some("7"));
        assert_eq!(parameter("no query", "start_time"), None);
    }
}
