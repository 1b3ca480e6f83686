//! Edits of bytes. A row is copied as it is, with three exceptions: members that are dropped,
//! members that are put in front, and characters that must not be unescaped in a line.

use super::json::{Edit, Member, Span};

/// A body, and the places that must be written differently.
#[derive(Debug, Default)]
pub struct Text {
    pub body: Vec<u8>,
    edits: Vec<Edit>,
    /// Places that are not as Zendesk sent them. Nearly always empty.
    mends: Vec<Mend>,
}

/// A place in the body that is not as Zendesk sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mend {
    pub at: usize,
    pub kind: MendKind,
}

/// How the place was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MendKind {
    /// U+FFFD replaces bytes or an escape that are not a character.
    Replaced,
    /// Null replaces something that is not a value.
    Nulled,
}

impl Text {
    /// `edits` and `mends` must be in the order of the body.
    #[must_use]
    pub fn new(body: Vec<u8>, edits: Vec<Edit>, mends: Vec<Mend>) -> Self {
        Self { body, edits, mends }
    }

    /// Whether the whole body is as Zendesk sent it.
    #[must_use]
    pub fn is_as_sent(&self) -> bool {
        self.mends.is_empty()
    }

    /// Adds more places that are not as Zendesk sent them.
    pub fn add_mends(&mut self, mends: Vec<Mend>) {
        self.mends.extend(mends);
        self.mends.sort_unstable_by_key(|mend| mend.at);
    }

    /// The places in this part of the body that are not as Zendesk sent them.
    #[must_use]
    pub fn mends(&self, span: Span) -> &[Mend] {
        let before = |end: usize| self.mends.partition_point(|mend| mend.at < end);
        self.mends.get(before(span.start)..before(span.end)).unwrap_or_default()
    }

    /// The bytes of a part of the body, as received.
    #[must_use]
    pub fn raw(&self, span: Span) -> &[u8] {
        span.of(&self.body)
    }

    /// Appends a part of the body, in a form that is safe in a line.
    pub fn copy(&self, out: &mut Vec<u8>, span: Span) {
        let first = self.edits.partition_point(|edit| edit.at < span.start);
        let mut from = span.start;
        for edit in self.edits[first..].iter().take_while(|edit| edit.at < span.end) {
            out.extend_from_slice(Span { start: from, end: edit.at }.of(&self.body));
            out.extend_from_slice(edit.replacement.as_bytes());
            from = edit.at + edit.width;
        }
        out.extend_from_slice(Span { start: from, end: span.end }.of(&self.body));
    }

    /// Appends an object. `front` writes the first members (`"a":1,"b":2`, without a comma at the
    /// end), and may add to `dropped`. The row follows without the dropped members.
    pub fn copy_row(
        &self,
        out: &mut Vec<u8>,
        row: Span,
        dropped: &mut Vec<Member>,
        front: impl FnOnce(&mut Vec<u8>, &mut Vec<Member>),
    ) {
        out.push(b'{');
        let start = out.len();
        front(out, dropped);
        dropped.sort_unstable_by_key(|member| member.start);
        let mut from = row.start + 1;
        for member in dropped {
            self.copy_members(out, start, Span { start: from, end: member.start });
            from = member.value.end;
        }
        self.copy_members(out, start, Span { start: from, end: row.end - 1 });
        out.push(b'}');
    }

    /// Appends whole members without the commas and blanks around them. Puts a comma before them if
    /// there are members before.
    fn copy_members(&self, out: &mut Vec<u8>, start: usize, span: Span) {
        let edge = |byte: &u8| matches!(byte, b',' | b' ' | b'\t' | b'\n' | b'\r');
        let bytes = span.of(&self.body);
        let Some(first) = bytes.iter().position(|byte| !edge(byte)) else { return };
        let last = bytes.iter().rposition(|byte| !edge(byte)).unwrap_or(first);
        if out.len() > start {
            out.push(b',');
        }
        self.copy(out, Span { start: span.start + first, end: span.start + last + 1 });
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use proptest::prelude::*;
    use serde_json::{Map, Value};

    use super::super::page::{ListShape, Shape, scan};
    use super::*;

    /// Copies the only row of a page, dropping the keys of `wanted`.
    fn edited(row: &str, keys: &[&'static str], front: &str) -> String {
        let body = format!("{{\"rows\":[{row}]}}");
        let wanted: Vec<_> = keys.iter().map(|key| Cow::Borrowed(*key)).collect();
        let list = ListShape { path: &["rows"], wanted, ..ListShape::default() };
        let page = scan(body.into_bytes(), &Shape { lists: vec![list] }).unwrap();
        let rows = &page.lists[0];
        let mut dropped: Vec<Member> = keys.iter().filter_map(|key| rows.member(0, key)).collect();
        let mut out = Vec::new();
        page.text.copy_row(&mut out, rows.rows[0].span, &mut dropped, |out, _| {
            out.extend_from_slice(front.as_bytes());
        });
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_row_is_a_line_and_keeps_its_bytes() {
        assert_eq!(
            edited(
                "{ \"b\" : 1.0,\n\t\"a\":12345678901234567890123,\r\n \"t\":\"x\u{2028}\u{85}\\n\" }",
                &[],
                ""
            ),
            "{\"b\" : 1.0,\t\"a\":12345678901234567890123, \"t\":\"x\\u2028\\u0085\\n\"}"
        );
    }

    #[test]
    fn dropped_and_put_in_members_leave_sound_commas() {
        for (row, front, expected) in [
            (r#"{"a":1,"b":2,"c":3}"#, "", r#"{"b":2}"#),
            (r#"{"b":2, "a":1 , "c":3}"#, r#""x":0"#, r#"{"x":0,"b":2}"#),
            (r#"{"a":1,"c":3}"#, "", "{}"),
            (r#"{"a":1,"c":3}"#, r#""x":0"#, r#"{"x":0}"#),
            ("{}", r#""x":0"#, r#"{"x":0}"#),
            (
                r#"{"q":[1,{"a":2}],"a":{"a":[]},"r":",","c":","}"#,
                "",
                r#"{"q":[1,{"a":2}],"r":","}"#,
            ),
        ] {
            assert_eq!(edited(row, &["a", "c"], front), expected);
        }
    }

    proptest! {
        #[test]
        fn dropping_bytes_is_dropping_keys(keys in proptest::collection::vec("[a-f]", 0..6), blank in " ?\n?") {
            let mut seen = Vec::new();
            for key in keys {
                if !seen.contains(&key) {
                    seen.push(key);
                }
            }
            let members: Vec<String> = seen
                .iter()
                .enumerate()
                .map(|(at, key)| format!("{blank}\"{key}\"{blank}:{blank}{{\"a\":[{at},\",\"]}}{blank}"))
                .collect();
            let row = format!("{{{}}}", members.join(","));
            let mut expected: Map<String, Value> = serde_json::from_str(&row).unwrap();
            expected.remove("a");
            expected.remove("c");
            let out = edited(&row, &["a", "c"], "");
            prop_assert!(!out.contains('\n'));
            prop_assert_eq!(serde_json::from_str::<Map<String, Value>>(&out).unwrap(), expected);
        }
    }
}
