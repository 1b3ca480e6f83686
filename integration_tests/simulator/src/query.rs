//! The path and query of a request as the server sees them. It decodes pairs and builds absolute
//! links.

use crate::account::Brand;

/// Splits and decodes a query string. Pairs keep their order and may repeat.
pub(crate) fn parse(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key), decode(value))
        })
        .collect()
}

pub(crate) fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match (first, hex.and_then(|two| u8::from_str_radix(two, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            (b'+', _) => {
                bytes.push(b' ');
                rest = tail;
            }
            _ => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn encode(text: &str) -> String {
    let mut result = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            result.push(char::from(byte));
        } else {
            result.push_str(&format!("%{byte:02X}"));
        }
    }
    result
}

/// A request for an endpoint.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// The path as it came, without query.
    pub(crate) path: String,
    pub(crate) pairs: Vec<(String, String)>,
    /// The brand whose host the request named.
    pub(crate) brand: Brand,
    /// Simulated unix seconds.
    pub(crate) now: i64,
    /// The largest page size. It is the smaller one of Zendesk's limit and the test's page cap.
    pub(crate) page_cap: usize,
}

impl Asked {
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.pairs.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    pub(crate) fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        let pairs = self.pairs.iter().filter(move |(name, _)| name == key);
        pairs.map(|(_, value)| value.as_str())
    }

    pub(crate) fn includes(&self, sideload: &str) -> bool {
        self.get("include").is_some_and(|list| list.split(',').any(|name| name.trim() == sideload))
    }

    /// An absolute link to the same listing, with some parameters replaced or removed. It names the
    /// brand's public host, so a client must use only its path and query.
    pub(crate) fn link(&self, replace: &[(&str, Option<&str>)]) -> String {
        self.link_to(&self.path, replace)
    }

    pub(crate) fn link_to(&self, path: &str, replace: &[(&str, Option<&str>)]) -> String {
        let kept = self.pairs.iter().filter(|(key, _)| replace.iter().all(|(name, _)| name != key));
        let kept = kept.map(|(key, value)| (key.as_str(), value.as_str()));
        let new = replace.iter().filter_map(|(key, value)| Some((*key, (*value)?)));
        let pairs: Vec<_> = kept
            .chain(new)
            .map(|(key, value)| format!("{}={}", encode(key), encode(value)))
            .collect();
        let mark = if pairs.is_empty() { "" } else { "?" };
        format!("https://{}{path}{mark}{}", self.brand.host(), pairs.join("&"))
    }
}
