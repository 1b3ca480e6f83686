//! Answers that are not valid JSON, or whose links form a ring. Zendesk's own answers contain what
//! its customers' programs sent to it, and devices on the way may add to them. Readers of this kind
//! are known to stop at one such row for good (reports about connectors).

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::row_text;

/// What is wrong with one row of an answer, or with the start or end of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformed {
    /// A byte of Latin-1 in a text.
    Latin,
    /// A control character without an escape.
    Control,
    /// `NaN` and `-Infinity` as values.
    NotANumber,
    /// Two hundred nested lists.
    Deep,
    /// A list that is closed like an object.
    Structure,
    /// A UTF-8 byte order mark in front of the answer.
    ByteOrderMark,
    /// Extra bytes after the end of the answer.
    Rest,
}

impl Malformed {
    /// The member that is added at the end of a row.
    fn member(self, number: &str) -> Vec<u8> {
        let text = match self {
            Self::Latin => return [b"\"latin \xE9 ".as_slice(), number.as_bytes(), b"\""].concat(),
            Self::Control => format!("\"one\ntwo\u{1} {number}\""),
            Self::NotANumber => format!("[NaN,-Infinity,\"{number}\"]"),
            Self::Deep => format!("{}\"{number}\"{}", "[".repeat(200), "]".repeat(200)),
            Self::Structure => format!("[\"{number}\"}}"),
            Self::ByteOrderMark | Self::Rest => String::new(),
        };
        text.into_bytes()
    }
}

/// The key of the added member.
const KEY: &str = "oddity";

/// An answer with one bad row: the row with this id if it is in the answer, otherwise the first
/// row.
pub(crate) fn malformed(
    body: &str,
    how: Malformed,
    row: Option<&str>,
    number: &str,
) -> Option<Vec<u8>> {
    match how {
        Malformed::ByteOrderMark => return Some(format!("\u{feff}{body}").into_bytes()),
        Malformed::Rest => return Some(format!("{body}\n{{\"more\": ").into_bytes()),
        _ => {}
    }
    let lists = row_text::fields(body)
        .into_iter()
        .filter_map(|(_, value)| serde_json::from_str::<Vec<&RawValue>>(value).ok());
    let rows: Vec<&RawValue> = lists.flatten().filter(|row| row.get().starts_with('{')).collect();
    let is_it = |listed: &&&RawValue| {
        row.is_none_or(|row| row_text::get_text(listed.get(), "id").as_deref() == Some(row))
    };
    let listed = rows.iter().find(is_it)?.get();
    let end = listed.as_ptr() as usize - body.as_ptr() as usize + listed.len() - 1;
    let is_empty = listed[1..].trim_start().starts_with('}');
    let comma = if is_empty { "" } else { "," };
    // The same row is the same each time; any other is a fault of the moment.
    let number = if row.is_some() { "" } else { number };
    let key = format!("{comma}\"{KEY}\":");
    let parts: [&[u8]; 4] =
        [&body.as_bytes()[..end], key.as_bytes(), &how.member(number), &body.as_bytes()[end..]];
    Some(parts.concat())
}

/// Removes halves of the escaped surrogate pairs in the texts of `rows::nasty`, and the other half
/// in a key. JSON allows this (RFC 8259, section 8.2), but no Unicode text can hold it.
pub(crate) fn with_halves(body: &str) -> String {
    body.replace(
        "Escaped emoji \\ud83d\\ude00 and \\uD83D\\uDE80",
        "Escaped emoji \\ud83d \\ude00 and \\uD83D\\uD83D",
    )
    .replace("\"\u{1f600}\":", "\"\\ud83d\":")
}

/// Makes the links of a listing form a ring of `length` pages. After the first `length` answers,
/// each answer has the links of the answer `length` before it. `before` holds the links that were
/// sent.
pub(crate) fn in_a_ring(body: &str, length: usize, before: &mut Vec<Map<String, Value>>) -> String {
    const LINKS: [&str; 6] =
        ["meta", "links", "after_cursor", "after_url", "before_cursor", "before_url"];
    let Ok(Value::Object(mut answer)) = serde_json::from_str(body) else { return body.to_owned() };
    let links = LINKS.iter().filter_map(|key| Some(((*key).to_owned(), answer.get(*key)?.clone())));
    let mut links: Map<String, Value> = links.collect();
    if let Some(at) = before.len().checked_sub(length) {
        links = before[at].clone();
        answer.extend(links.clone());
    }
    before.push(links);
    Value::Object(answer).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_row_is_bad_and_its_neighbours_are_as_they_were() {
        let body = r#"{"tags":[{"id":1},{"id":2,"a":[1]},{}],"meta":{"has_more":false}}"#;
        for how in [
            Malformed::Latin,
            Malformed::Control,
            Malformed::NotANumber,
            Malformed::Deep,
            Malformed::Structure,
        ] {
            let bytes = malformed(body, how, Some("2"), "9").expect("it is listed");
            assert!(serde_json::from_slice::<Value>(&bytes).is_err(), "{how:?}");
            assert!(bytes.starts_with(br#"{"tags":[{"id":1},{"id":2,"a":[1],"oddity":"#));
            assert!(bytes.ends_with(br#"},{}],"meta":{"has_more":false}}"#));
            assert_eq!(malformed(body, how, Some("2"), "10"), Some(bytes));
            assert_ne!(malformed(body, how, None, "1"), malformed(body, how, None, "2"));
            assert_eq!(malformed(body, how, Some("7"), "9"), None);
        }
    }
}
