//! The changes that a record reports about itself: fields that are not as Zendesk sent them. Pure.
//!
//! Source: Airbyte Protocol, `AirbyteRecordMessageMeta`.

use serde_json::json;

use zendesk::edit::{MendKind, Text};
use zendesk::json::{Fault, Member, Reader, Span};

/// How many changes a record reports. A row may hold any number of invalid bytes.
const MOST_CHANGES: usize = 100;

/// A field that is not as Zendesk sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The path of the field, with dots.
    field: String,
    change: &'static str,
    reason: &'static str,
}

impl Change {
    /// The largest text of a row that was too large.
    #[must_use]
    pub fn truncated(field: String) -> Self {
        Self { field, change: "NULLED", reason: "SOURCE_RECORD_SIZE_LIMITATION" }
    }

    /// A value that does not fit its column.
    #[must_use]
    pub fn not_coerced(field: &str) -> Self {
        Self { field: field.to_owned(), change: "NULLED", reason: "SOURCE_SERIALIZATION_ERROR" }
    }

    /// A part of Zendesk's answer that was not valid text or not a valid value.
    #[must_use]
    pub fn mended(field: String, kind: MendKind) -> Self {
        let change = match kind {
            MendKind::Replaced => "TRUNCATED",
            MendKind::Nulled => "NULLED",
        };
        Self { field, change, reason: "SOURCE_SERIALIZATION_ERROR" }
    }
}

/// The `meta` of a record with changes, as a member of the record.
#[must_use]
pub fn meta(changes: &[Change]) -> String {
    let changes: Vec<_> = changes
        .iter()
        .take(MOST_CHANGES)
        .map(|Change { field, change, reason }| {
            json!({ "field": field, "change": change, "reason": reason })
        })
        .collect();
    format!(",\"meta\":{}", json!({ "changes": changes }))
}

/// Adds the mended fields of a value. `path` leads to the value in the record. `left_out` are
/// members of the value that are not in the record.
pub fn mended(text: &Text, value: Span, path: &str, left_out: &[Member], found: &mut Vec<Change>) {
    if text.mends(value).is_empty() {
        return;
    }
    let mut search = Search { text, start: value.start, left_out, path: path.to_owned(), found };
    let mut reader = Reader::new(text.raw(value));
    // The body was scanned already.
    let _ = search.value(&mut reader, 0);
}

struct Search<'s> {
    text: &'s Text,
    start: usize,
    left_out: &'s [Member],
    path: String,
    found: &'s mut Vec<Change>,
}

impl Search<'_> {
    fn value(&mut self, reader: &mut Reader<'_>, depth: usize) -> Result<(), Fault> {
        match reader.peek() {
            Some(b'{') => reader
                .object(depth, |reader, key, quote| {
                    let quote = self.start + quote;
                    if depth == 0 && self.left_out.iter().any(|member| member.start == quote) {
                        return reader.value(depth + 1).map(drop);
                    }
                    let shown = serde_json::from_slice(&[b"\"", key, b"\""].concat())
                        .unwrap_or_else(|_| String::from_utf8_lossy(key).into_owned());
                    let length = self.enter(&shown);
                    self.note(Span { start: quote, end: quote + 1 + key.len() });
                    let taken = self.value(reader, depth + 1);
                    self.path.truncate(length);
                    taken
                })
                .map(drop),
            Some(b'[') => {
                let mut index = 0;
                let array = reader.array(depth, |reader| {
                    let length = self.enter(&index.to_string());
                    index += 1;
                    let taken = self.value(reader, depth + 1);
                    self.path.truncate(length);
                    taken
                });
                array.map(drop)
            }
            _ => {
                let Span { start, end } = reader.value(depth)?;
                self.note(Span { start: self.start + start, end: self.start + end });
                Ok(())
            }
        }
    }

    /// Goes one step down. Returns where the path ended before.
    fn enter(&mut self, step: &str) -> usize {
        let length = self.path.len();
        if length > 0 {
            self.path.push('.');
        }
        self.path.push_str(step);
        length
    }

    fn note(&mut self, span: Span) {
        if self.found.len() >= MOST_CHANGES {
            return;
        }
        if let Some(mend) = self.text.mends(span).first() {
            let change = Change::mended(self.path.clone(), mend.kind);
            if !self.found.contains(&change) {
                self.found.push(change);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zendesk::page::{ListShape, Scanner, Shape};

    #[test]
    fn the_fields_that_were_mended_are_named_by_their_paths() {
        let body: &[u8] = b"{\"rows\":[{\"id\":1},{\"a\":[1,{\"b\\ud83d\":\"\xE9 \xE9\"}],\"c\":NaN,\"d\":\"\\ude00\",\
            \"e\":\"\\ud83d\\ude00\",\"f\":\"\\udfff\"}]}";
        let list = ListShape { path: &["rows"], wanted: vec!["f".into()], ..ListShape::default() };
        let shape = Shape { lists: vec![list] };
        let mut scanner = Scanner::default();
        scanner.scan(body.to_vec(), &shape).unwrap_err();
        let page = scanner.scan(body.to_vec(), &shape).unwrap();
        let list = &page.lists[0];
        let changes = |row: usize, path: &str, left_out: &[Member]| {
            let mut found = Vec::new();
            mended(&page.text, list.rows[row].span, path, left_out, &mut found);
            found
                .iter()
                .map(|change| format!("{} {}", change.field, change.change))
                .collect::<Vec<_>>()
        };
        assert_eq!(changes(0, "", &[]), [""; 0]);
        assert_eq!(
            changes(1, "", &[list.member(1, "f").unwrap()]),
            ["a.1.b\u{fffd} TRUNCATED", "c NULLED", "d TRUNCATED"]
        );
        assert_eq!(changes(1, "x.0", &[]).last().unwrap(), "x.0.f TRUNCATED");
    }

    #[test]
    fn a_record_says_what_is_not_as_it_came() {
        let changes = [Change::truncated("b.0.c".into()), Change::not_coerced("x")];
        assert_eq!(
            meta(&changes),
            r#","meta":{"changes":[{"change":"NULLED","field":"b.0.c","reason":"SOURCE_RECORD_SIZE_LIMITATION"},{"change":"NULLED","field":"x","reason":"SOURCE_SERIALIZATION_ERROR"}]}"#
        );
    }
}
