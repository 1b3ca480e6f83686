//! Mends the body of an answer that is not JSON, so that one bad row does not stop a listing. Pure.
//!
//! In strings, bytes that are not characters become U+FFFD, and control characters become escapes.
//! A word that is not a value, such as `NaN`, becomes null. A row that is still not JSON is held
//! back if its end can be found, and null takes its place in the list. Nothing else is mended: not
//! the envelope, and not an answer that is cut off.

use super::edit::{Mend, MendKind};
use super::envelope::Envelope;
use super::json::{DEEPEST, Fault, Reader};
use super::shape::Shape;

/// How many of the rows are named.
const MOST_NAMED: usize = 5;

/// The longest id that is shown, in bytes.
const LONGEST_ID_BYTES: usize = 60;

/// A body that was mended.
#[derive(Debug)]
pub struct Mended {
    pub body: Vec<u8>,
    /// The places in the body that are not as Zendesk sent them, in the order of the body.
    pub mends: Vec<Mend>,
    pub mending: Mending,
}

/// What was done to the rows of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mending {
    /// Rows that were mended.
    pub kept: u64,
    /// Rows that were held back.
    pub lost: u64,
    /// The first rows of both kinds.
    pub named: Vec<MendedRow>,
    /// Something followed the end of the answer, and was left out.
    pub has_rest: bool,
}

/// A row that was mended or held back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MendedRow {
    /// Its index in its list, from 0.
    pub index: usize,
    pub id: Option<String>,
    /// Why it was held back. `None` if it was mended.
    pub why_lost: Option<&'static str>,
}

/// Mends a body. `None` when there is nothing to mend, or when the broken part cannot be told apart
/// from the rest.
#[must_use]
pub fn mend(body: &[u8], shape: &Shape) -> Option<Mended> {
    let (out, mends) = (Vec::with_capacity(body.len() + 64), Vec::new());
    let mut mender = Mender { body, at: 0, out, mends, changed: 0, mending: Mending::default() };
    match mender.peek() {
        Some(b'[') if shape.bare().is_some() => mender.rows(0).ok()?,
        _ => mender.level(0, shape).ok()?,
    }
    mender.mending.has_rest = mender.peek().is_some();
    let Mender { out, mends, changed, mending, .. } = mender;
    let is_as_it_was = changed == 0 && mending == Mending::default();
    (!is_as_it_was).then_some(Mended { body: out, mends, mending })
}

/// Copies a body, and replaces what is not JSON.
struct Mender<'b> {
    body: &'b [u8],
    at: usize,
    out: Vec<u8>,
    mends: Vec<Mend>,
    /// How many replacements were made.
    changed: u64,
    mending: Mending,
}

type Each<'f, 'b> = &'f mut dyn FnMut(&mut Mender<'b>, &[u8]) -> Result<(), Fault>;

impl<'b> Mender<'b> {
    /// The next byte that is not white space. White space is copied on the way.
    fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.body.get(self.at)?;
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Some(byte);
            }
            self.copy(1);
        }
    }

    fn copy(&mut self, bytes: usize) {
        let end = (self.at + bytes).min(self.body.len());
        self.out.extend_from_slice(&self.body[self.at..end]);
        self.at = end;
    }

    fn fault(&self, what: &'static str) -> Fault {
        Fault { at: self.at, what }
    }

    /// Writes something else in place of the next bytes.
    fn put(&mut self, bytes: usize, text: &str, kind: Option<MendKind>) {
        self.mends.extend(kind.map(|kind| Mend { at: self.out.len(), kind }));
        self.out.extend_from_slice(text.as_bytes());
        self.at += bytes;
        self.changed += 1;
    }

    /// Copies one level of the envelope, down to the lists of rows.
    fn level(&mut self, level: usize, shape: &Shape) -> Result<(), Fault> {
        self.object(level, &mut |mender, key| {
            let has_place = |ends| shape.lists.iter().any(|list| list.has_place(level, key, ends));
            let next = mender.peek();
            if next == Some(b'[') && has_place(true) {
                mender.rows(level + 1)
            } else if next == Some(b'{') && has_place(false) {
                mender.level(level + 1, shape)
            } else {
                let changed = mender.changed;
                mender.value(level + 1)?;
                // A link that is not whole leads nowhere.
                if level == 0 && mender.changed > changed && Envelope::reads(key) {
                    return Err(mender.fault("a link is not a text"));
                }
                Ok(())
            }
        })
    }

    /// Copies a list of rows. A row that is not JSON is held back.
    fn rows(&mut self, depth: usize) -> Result<(), Fault> {
        self.copy(1);
        if self.peek() == Some(b']') {
            self.copy(1);
            return Ok(());
        }
        for index in 0.. {
            self.peek();
            let (at, out, mends, changed) =
                (self.at, self.out.len(), self.mends.len(), self.changed);
            let row = self.value(depth + 1).and_then(|()| match self.peek() {
                Some(b',' | b']') => Ok(()),
                _ => Err(self.fault("a comma or a closing bracket was expected")),
            });
            match row {
                Ok(()) if self.changed > changed => {
                    self.mending.kept += 1;
                    let id = id_of(&self.out[out..]);
                    self.mending.name(MendedRow { index, id, why_lost: None });
                }
                Ok(()) => {}
                Err(why) => {
                    let end = end_of_row(self.body, at).ok_or(why)?;
                    self.out.truncate(out);
                    self.mends.truncate(mends);
                    self.changed = changed + 1;
                    self.at = end;
                    self.out.extend_from_slice(b"null");
                    self.mending.lost += 1;
                    let id = id_of(&self.body[at..end]);
                    self.mending.name(MendedRow { index, id, why_lost: Some(why.what) });
                }
            }
            match self.peek() {
                Some(b',') => self.copy(1),
                Some(b']') => {
                    self.copy(1);
                    break;
                }
                _ => return Err(self.fault("a comma or a closing bracket was expected")),
            }
        }
        Ok(())
    }

    fn value(&mut self, depth: usize) -> Result<(), Fault> {
        match self.peek() {
            Some(b'{') => self.object(depth, &mut |mender, _| mender.value(depth + 1)),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string(),
            Some(_) => self.word(),
            None => Err(self.fault("it ends too early")),
        }
    }

    fn object(&mut self, depth: usize, each: Each<'_, 'b>) -> Result<(), Fault> {
        if self.peek() != Some(b'{') {
            return Err(self.fault("an object was expected"));
        }
        self.open(depth)?;
        if self.peek() == Some(b'}') {
            self.copy(1);
            return Ok(());
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.fault("a key was expected"));
            }
            let start = self.out.len() + 1;
            self.string()?;
            let key = self.out[start..self.out.len() - 1].to_vec();
            if self.peek() != Some(b':') {
                return Err(self.fault("a colon was expected"));
            }
            self.copy(1);
            each(self, &key)?;
            match self.peek() {
                Some(b',') => self.copy(1),
                Some(b'}') => {
                    self.copy(1);
                    return Ok(());
                }
                _ => return Err(self.fault("a comma or a closing brace was expected")),
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<(), Fault> {
        self.open(depth)?;
        if self.peek() == Some(b']') {
            self.copy(1);
            return Ok(());
        }
        loop {
            self.value(depth + 1)?;
            match self.peek() {
                Some(b',') => self.copy(1),
                Some(b']') => {
                    self.copy(1);
                    return Ok(());
                }
                _ => return Err(self.fault("a comma or a closing bracket was expected")),
            }
        }
    }

    fn open(&mut self, depth: usize) -> Result<(), Fault> {
        if depth >= DEEPEST {
            return Err(self.fault("it is nested too deeply"));
        }
        self.copy(1);
        Ok(())
    }

    /// Copies a number or a word. Something that is neither becomes null.
    fn word(&mut self) -> Result<(), Fault> {
        let rest = &self.body[self.at..];
        let ends = |byte: &u8| {
            *byte <= b' ' || matches!(byte, b',' | b':' | b'"' | b'[' | b']' | b'{' | b'}')
        };
        let length = rest.iter().position(ends).unwrap_or(rest.len());
        if length == 0 {
            return Err(self.fault("a value was expected"));
        }
        let mut reader = Reader::new(&rest[..length]);
        if reader.value(0).and_then(|_| reader.end()).is_ok() {
            self.copy(length);
        } else {
            self.put(length, "null", Some(MendKind::Nulled));
        }
        Ok(())
    }

    /// Copies a string from its opening quote on.
    fn string(&mut self) -> Result<(), Fault> {
        const REPLACEMENT: &str = "\u{fffd}";
        self.copy(1);
        loop {
            match self.body.get(self.at..).unwrap_or_default() {
                [] => return Err(self.fault("it ends inside a string")),
                [b'"', ..] => {
                    self.copy(1);
                    return Ok(());
                }
                [b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => self.copy(2),
                [b'\\', b'u', digits @ ..] => {
                    let digits = digits.iter().take(4);
                    let is_whole = digits.len() == 4 && digits.clone().all(u8::is_ascii_hexdigit);
                    match is_whole {
                        true => self.copy(6),
                        false => self.put(2, REPLACEMENT, Some(MendKind::Replaced)),
                    }
                }
                [b'\\', ..] => self.put(1, REPLACEMENT, Some(MendKind::Replaced)),
                [control @ 0..0x20, ..] => {
                    let escaped = format!("\\u{control:04x}");
                    self.put(1, &escaped, None);
                }
                rest => {
                    let ends = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
                    let length = rest.iter().position(ends).unwrap_or(rest.len());
                    for chunk in rest[..length].utf8_chunks() {
                        self.copy(chunk.valid().len());
                        if !chunk.invalid().is_empty() {
                            let bytes = chunk.invalid().len();
                            self.put(bytes, REPLACEMENT, Some(MendKind::Replaced));
                        }
                    }
                }
            }
        }
    }
}

impl Mending {
    fn name(&mut self, row: MendedRow) {
        // Rows that are missing are named before those that are not.
        let is_full = self.named.len() >= MOST_NAMED;
        let last_mended = self.named.iter().rposition(|row| row.why_lost.is_none());
        match (is_full, last_mended) {
            (false, _) => self.named.push(row),
            (true, Some(at)) if row.why_lost.is_some() => {
                self.named.remove(at);
                self.named.push(row);
            }
            (true, _) => {}
        }
    }
}

/// The end of the row that starts here, by its brackets. If a bracket closes another kind, either a
/// bracket is missing before it or this one is wrong. What follows the row shows which.
fn end_of_row(body: &[u8], start: usize) -> Option<usize> {
    let ends = [true, false].map(|is_missing| end_by_brackets(body, start, is_missing));
    let first = |rest: &[u8]| rest.trim_ascii_start().first().copied();
    let is_end = |end: &usize| {
        let rest = body.get(*end..).unwrap_or_default().trim_ascii_start();
        match rest.split_first() {
            Some((b']', _)) => true,
            Some((b',', next)) => matches!(first(next), Some(b'{' | b'n')),
            _ => false,
        }
    };
    ends.into_iter().flatten().find(is_end)
}

/// The end of the row under one assumption. `is_missing`: a bracket of the wrong kind closes
/// everything that is open since the last one of its own kind. Otherwise it closes only the last
/// one.
fn end_by_brackets(body: &[u8], start: usize, is_missing: bool) -> Option<usize> {
    let mut open = Vec::new();
    let mut at = start;
    loop {
        match *body.get(at)? {
            b'"' => at = end_of_string(body, at)?,
            bracket @ (b'{' | b'[') => open.push(bracket),
            bracket @ (b'}' | b']') => {
                // Either bracket lies two before the one that closes it.
                let own = open.iter().rposition(|open| !is_missing || *open + 2 == bracket);
                open.truncate(own.unwrap_or(open.len()));
                if open.is_empty() {
                    return Some(at + 1);
                }
            }
            _ if open.is_empty() => return None,
            _ => {}
        }
        at += 1;
    }
}

/// The offset of the quote that ends a string.
fn end_of_string(body: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        match *body.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// The id of a row that may not be JSON. `None` if it cannot be read.
fn id_of(row: &[u8]) -> Option<String> {
    let (mut at, mut depth) = (0, 0);
    loop {
        match *row.get(at)? {
            b'"' => {
                let end = end_of_string(row, at)?;
                let is_key = depth == 1 && row.get(at..=end)? == b"\"id\"";
                let value = row.get(end + 1..)?.trim_ascii_start().strip_prefix(b":");
                at = end;
                if let (true, Some(value)) = (is_key, value) {
                    let value = value.trim_ascii_start();
                    let value = value.strip_prefix(b"\"").unwrap_or(value);
                    let is_of_ids =
                        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
                    let id = value.iter().copied().take_while(is_of_ids).take(LONGEST_ID_BYTES);
                    return String::from_utf8(id.collect()).ok().filter(|id| !id.is_empty());
                }
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::page::{ListShape, scan};
    use super::*;

    fn shape() -> Shape {
        let list = |path| ListShape { path, wanted: vec!["id".into()], ..ListShape::default() };
        Shape { lists: vec![list(&["rows"])] }
    }

    fn answer(rows: &[u8]) -> Vec<u8> {
        [b"{\"rows\":[", rows, b"],\"next_page\":null}"].concat()
    }

    fn mended(rows: &[u8]) -> Option<(String, Mending)> {
        let Mended { body, mends, mending } = mend(&answer(rows), &shape())?;
        let page = scan(body.clone(), &shape()).unwrap();
        serde_json::from_slice::<serde_json::Value>(&page.text.body).unwrap();
        assert!(mends.is_sorted_by_key(|mend| mend.at));
        let body = String::from_utf8(body).unwrap();
        for mend in mends {
            let is = match mend.kind {
                MendKind::Replaced => "\u{fffd}",
                MendKind::Nulled => "null",
            };
            assert!(body[mend.at..].starts_with(is), "{body} at {mend:?}");
        }
        let rows = body.strip_prefix("{\"rows\":[").unwrap();
        Some((rows.strip_suffix("],\"next_page\":null}").unwrap().to_owned(), mending))
    }

    #[test]
    fn bytes_and_words_that_are_no_json_are_replaced_where_they_stand() {
        for (row, expected) in [
            (&b"{\"id\":1,\"a\":\"latin \xE9!\"}"[..], "{\"id\":1,\"a\":\"latin \u{fffd}!\"}"),
            (b"{\"id\":1,\"\xFF\":[\"\xE2\x80\"]}", "{\"id\":1,\"\u{fffd}\":[\"\u{fffd}\"]}"),
            (b"{\"a\":\"\xED\xA0\x80\"}", "{\"a\":\"\u{fffd}\u{fffd}\u{fffd}\"}"),
            (b"{\"a\":\"one\ntwo\x00\"}", "{\"a\":\"one\\u000atwo\\u0000\"}"),
            (b"{\"a\":NaN,\"b\":[-Infinity,Infinity]}", "{\"a\":null,\"b\":[null,null]}"),
            (b"{\"a\":01,\"b\":.5,\"c\":True }", "{\"a\":null,\"b\":null,\"c\":null }"),
            (b"{\"a\":\"\\x41 \\u12\"}", "{\"a\":\"\u{fffd}x41 \u{fffd}12\"}"),
        ] {
            let both = [b"{\"id\":0},", row, b",{\"id\":2}"].concat();
            let (rows, mending) = mended(&both).unwrap();
            assert_eq!(rows, format!("{{\"id\":0}},{expected},{{\"id\":2}}"));
            assert_eq!((mending.kept, mending.lost, mending.named[0].index), (1, 0, 1));
        }
    }

    #[test]
    fn a_row_that_is_no_json_is_held_back_alone() {
        let deep = format!("{{\"id\":7,\"a\":{}1{}}}", "[".repeat(200), "]".repeat(200));
        for (row, id) in [
            (deep.as_str(), Some("7")),
            (r#"{"id": "a-7","b":[1}"#, Some("a-7")),
            (r#"{"b":1],"c":"}{","id":7}"#, None),
            (r#"{"b" 1,"x":{"id":9},"id":7}"#, Some("7")),
            (r#"{"id":7,"b":[1}}"#, Some("7")),
            (r#"{"b":[1},"id":7,"c":{"d":1]}"#, Some("7")),
            (r#"{"b":1,}"#, None),
            (r#"{"b":,"id":12}"#, Some("12")),
            (r#"{b:1}"#, None),
            (r#"[1,]"#, None),
            (r#"{"id":1 2}"#, Some("1")),
        ] {
            let both = format!("{{\"id\":0}}, {row} ,{{\"id\":2}}");
            let (rows, mending) = mended(both.as_bytes()).unwrap_or_else(|| panic!("{row}"));
            assert_eq!(rows, "{\"id\":0}, null ,{\"id\":2}", "{row}");
            assert_eq!((mending.kept, mending.lost), (0, 1));
            let row = &mending.named[0];
            assert_eq!((row.index, row.id.as_deref(), row.why_lost.is_some()), (1, id, true));
        }
    }

    #[test]
    fn what_cannot_be_told_apart_is_left() {
        for body in [
            &b""[..],
            b"<html>",
            b"[]",
            b"{\"rows\":[{\"id\":1}",
            b"{\"rows\":[{\"id\":1,\"a\":\"open},{\"id\":2}]}",
            b"{\"rows\":[{\"id\":1}{\"id\":2}]}",
            b"{\"rows\":[{\"id\":1,{\"id\":2}]}",
            b"{\"rows\":[{\"id\":1]},\"b\":2}]}",
            b"{\"rows\":[],\"next_page\":\"\xE9\"}",
            b"{\"rows\":[],\"meta\":{\"has_more\":yes}}",
            b"{\"rows\":[],\"a\":{}",
            b"{\"rows\":[],\"a\":[1}}",
            b"{\"rows\":[]}",
        ] {
            assert!(mend(body, &shape()).is_none(), "{}", String::from_utf8_lossy(body));
        }
        let open = [b"{\"rows\":[", "[".repeat(500_000).as_bytes()].concat();
        assert!(mend(&open, &shape()).is_none());
    }

    #[test]
    fn what_follows_the_end_is_left_out_and_other_members_are_mended_too() {
        let Mended { body, mending, .. } = mend(b"{\"rows\":[]} \0\0<!-- x -->", &shape()).unwrap();
        assert_eq!((body.as_slice(), mending.has_rest), (&b"{\"rows\":[]} "[..], true));
        let me = b"{\"user\":{\"id\":7,\"name\":\"Andr\xE9\"}}";
        let Mended { body, mends, .. } = mend(me, &Shape::default()).unwrap();
        assert_eq!(body, "{\"user\":{\"id\":7,\"name\":\"Andr\u{fffd}\"}}".as_bytes());
        assert_eq!(mends.len(), 1);
    }

    #[test]
    fn rows_that_are_missing_are_named_first() {
        let rows = ["{\"id\":1,\"a\":NaN}"; 8].join(",") + ",{\"id\":9,}";
        let (_, mending) = mended(rows.as_bytes()).unwrap();
        assert_eq!((mending.kept, mending.lost, mending.named.len()), (8, 1, MOST_NAMED));
        assert_eq!(mending.named.last().unwrap().id.as_deref(), Some("9"));
    }

    /// What bodies are made of, sound and not.
    const PIECES: [&[u8]; 20] = [
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b"\"",
        b"\"id\":1",
        b"{\"id\":2}",
        b"{\"a\":",
        b"\\",
        b"\\u",
        b"\xE9",
        b"\n",
        b"NaN",
        b"\\ud83d",
        b" ",
        b"a",
        b"1",
        "é".as_bytes(),
    ];

    proptest! {
        #[test]
        fn nothing_panics_and_what_is_mended_is_json(
            rows in proptest::collection::vec(
                proptest::sample::select(&PIECES[..]),
                0..30,
            ),
        ) {
            let body = answer(&rows.concat());
            if let Some(Mended { body, .. }) = mend(&body, &shape()) {
                let page = scan(body, &shape()).unwrap();
                serde_json::from_slice::<serde_json::Value>(&page.text.body).unwrap();
            }
        }

        #[test]
        fn neighbours_of_a_bad_row_keep_their_bytes(
            before in proptest::collection::vec("\\{\"id\":[1-9][0-9]{0,4},\"a\":\"[a-zé{}\\[\\],]{0,9}\"\\}", 0..4),
            byte in 0x80_u8..=0xFF,
            after in proptest::collection::vec("\\{\"id\":[1-9][0-9]{0,4},\"a\":\"[a-zé{}\\[\\],]{0,9}\"\\}", 0..4),
        ) {
            let bad = [b"{\"id\":5,\"a\":\"".as_slice(), &[byte], b"\"}"].concat();
            let join = |rows: &[String]| rows.join(",").into_bytes();
            let mut rows = vec![bad];
            if !before.is_empty() { rows.insert(0, join(&before)); }
            if !after.is_empty() { rows.push(join(&after)); }
            let (rows, mending) = mended(&rows.join(&b','))
                .expect("one byte beyond ASCII is no character");
            let parts: Vec<&str> = before.iter().map(String::as_str)
                .chain(["{\"id\":5,\"a\":\"\u{fffd}\"}"]).chain(after.iter().map(String::as_str)).collect();
            prop_assert_eq!(rows, parts.join(","));
            prop_assert_eq!(mending.kept, 1);
        }
    }
}
