//! A strict JSON reader that keeps offsets instead of values. It checks a whole body once. On the
//! way it notes what must not be in a line unescaped: line breaks between tokens, and characters in
//! strings that some readers take for line breaks.

use std::error::Error;
use std::fmt;

use wide::i8x16;

/// Deeper nesting is refused. Zendesk's deepest rows have about ten levels.
pub(super) const DEEPEST: usize = 128;

/// A part of a body, in bytes from the body's start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    pub start: usize,
    pub end: usize,
}

impl Span {
    /// The bytes of this part.
    #[must_use]
    pub fn of(self, body: &[u8]) -> &[u8] {
        body.get(self.start..self.end).unwrap_or_default()
    }

    /// The same part, counted from a point that is `bytes` earlier.
    fn after(self, bytes: usize) -> Self {
        Self { start: self.start + bytes, end: self.end + bytes }
    }
}

/// A place that must be written differently from the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edit {
    pub at: usize,
    pub width: usize,
    pub replacement: &'static str,
}

/// Why a body is not JSON, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    pub at: usize,
    pub what: &'static str,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.what, self.at)
    }
}

impl Error for Fault {}

/// The members of an object in a body that was scanned: the span of each key with its quotes, and
/// the span of its value. Empty if the span is not an object.
#[must_use]
pub fn members(body: &[u8], object: Span) -> Vec<(Span, Span)> {
    let mut members = Vec::new();
    let mut reader = Reader::new(object.of(body));
    let scanned = reader.object(0, |reader, key, quote| {
        let key = Span { start: quote, end: quote + key.len() + 2 };
        members.push((key.after(object.start), reader.value(1)?.after(object.start)));
        Ok(())
    });
    if scanned.is_err() {
        members.clear();
    }
    members
}

/// The span of a member's value in an object. Of several members with this key the last one counts.
#[must_use]
pub fn member(body: &[u8], object: Span, key: &str) -> Option<Span> {
    let is_named = |name: Span| body.get(name.start + 1..name.end - 1) == Some(key.as_bytes());
    let mut members = members(body, object).into_iter().rev();
    members.find(|(name, _)| is_named(*name)).map(|(_, value)| value)
}

/// The spans of an array's elements. Empty if the span is not an array.
#[must_use]
pub fn elements(body: &[u8], array: Span) -> Vec<Span> {
    let mut elements = Vec::new();
    let mut reader = Reader::new(array.of(body));
    let scanned = reader.array(0, |reader| {
        elements.push(reader.value(1)?.after(array.start));
        Ok(())
    });
    if scanned.is_err() {
        elements.clear();
    }
    elements
}

/// Reads JSON bytes from start to end.
#[derive(Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    pub edits: Vec<Edit>,
    /// Offsets of escapes that are half of a surrogate pair without the other half.
    pub halves: Vec<usize>,
}

impl<'a> Reader<'a> {
    /// A reader at the first byte.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, edits: Vec::new(), halves: Vec::new() }
    }

    /// The next byte that is not white space. It is not consumed.
    pub fn peek(&mut self) -> Option<u8> {
        match self.bytes.get(self.at) {
            Some(byte) if *byte > b' ' => Some(*byte),
            _ => self.peek_behind_blanks(),
        }
    }

    /// The same after white space, which answers seldom have between tokens.
    #[cold]
    fn peek_behind_blanks(&mut self) -> Option<u8> {
        loop {
            let byte = *self.bytes.get(self.at)?;
            match byte {
                b' ' | b'\t' => {}
                b'\n' | b'\r' => self.edits.push(Edit { at: self.at, width: 1, replacement: "" }),
                _ => return Some(byte),
            }
            self.at += 1;
        }
    }

    /// Reads an object member by member. `each` gets the key without its quotes, and the offset of
    /// the opening quote. It must read the value.
    ///
    /// # Errors
    /// [`Fault`] when there is no object here.
    pub fn object(
        &mut self,
        depth: usize,
        mut each: impl FnMut(&mut Self, &'a [u8], usize) -> Result<(), Fault>,
    ) -> Result<Span, Fault> {
        let start = self.open(b'{', depth, "an object was expected")?;
        if self.peek() == Some(b'}') {
            return Ok(self.shut(start));
        }
        loop {
            let key = self.key()?;
            each(self, key.of(self.bytes), key.start - 1)?;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => return Ok(self.shut(start)),
                _ => return Err(self.fault("a comma or a closing brace was expected")),
            }
        }
    }

    /// Reads an array element by element. `each` must read the value.
    ///
    /// # Errors
    /// [`Fault`] when there is no array here.
    pub fn array(
        &mut self,
        depth: usize,
        mut each: impl FnMut(&mut Self) -> Result<(), Fault>,
    ) -> Result<Span, Fault> {
        let start = self.open(b'[', depth, "an array was expected")?;
        if self.peek() == Some(b']') {
            return Ok(self.shut(start));
        }
        loop {
            each(self)?;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => return Ok(self.shut(start)),
                _ => return Err(self.fault("a comma or a closing bracket was expected")),
            }
        }
    }

    /// Reads any value and returns its span.
    ///
    /// # Errors
    /// [`Fault`] when there is no value here.
    pub fn value(&mut self, depth: usize) -> Result<Span, Fault> {
        // White space before the value is not part of it.
        let first = self.peek();
        let start = self.at;
        match first {
            Some(b'{' | b'[') => self.nested(depth)?,
            _ => self.scalar()?,
        }
        Ok(Span { start, end: self.at })
    }

    /// Reads an object or an array with all its contents, without one call for each level.
    fn nested(&mut self, depth: usize) -> Result<(), Fault> {
        // A bit for each open level, the innermost lowest, says which are objects.
        let (mut objects, mut open) = (0_u128, depth);
        loop {
            match self.peek() {
                Some(bracket @ (b'{' | b'[')) => {
                    if open >= DEEPEST {
                        return Err(self.fault("it is nested too deeply"));
                    }
                    self.at += 1;
                    open += 1;
                    objects = objects << 1 | u128::from(bracket == b'{');
                    // Either bracket lies two before the one that closes it.
                    if self.peek() != Some(bracket + 2) {
                        if bracket == b'{' {
                            self.key()?;
                        }
                        continue;
                    }
                }
                _ => self.scalar()?,
            }
            // Behind a value, or at the bracket that closes an empty level.
            loop {
                if open == depth {
                    return Ok(());
                }
                let is_object = objects & 1 == 1;
                match self.peek() {
                    Some(b',') => {
                        self.at += 1;
                        if is_object {
                            self.key()?;
                        }
                        break;
                    }
                    Some(b'}') if is_object => {}
                    Some(b']') if !is_object => {}
                    _ => return Err(self.fault("a comma or a closing bracket was expected")),
                }
                self.at += 1;
                open -= 1;
                objects >>= 1;
            }
        }
    }

    /// Reads a value that contains no others.
    fn scalar(&mut self) -> Result<(), Fault> {
        match self.peek() {
            Some(b'"') => self.string().map(drop),
            Some(b't') => self.word(b"true"),
            Some(b'f') => self.word(b"false"),
            Some(b'n') => self.word(b"null"),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(_) => Err(self.fault("a value was expected")),
            None => Err(self.fault("it ends too early")),
        }
    }

    /// Reads a key and the colon after it. Returns the span between the quotes.
    fn key(&mut self) -> Result<Span, Fault> {
        if self.peek() != Some(b'"') {
            return Err(self.fault("a key was expected"));
        }
        let key = self.string()?;
        if self.peek() != Some(b':') {
            return Err(self.fault("a colon was expected"));
        }
        self.at += 1;
        Ok(key)
    }

    /// Checks that only white space is left.
    ///
    /// # Errors
    /// [`Fault`] when something else follows.
    pub fn end(&mut self) -> Result<(), Fault> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.fault("there is text after the end")),
        }
    }

    fn open(&mut self, bracket: u8, depth: usize, missing: &'static str) -> Result<usize, Fault> {
        if self.peek() != Some(bracket) {
            return Err(self.fault(missing));
        }
        if depth >= DEEPEST {
            return Err(self.fault("it is nested too deeply"));
        }
        self.at += 1;
        Ok(self.at - 1)
    }

    fn shut(&mut self, start: usize) -> Span {
        self.at += 1;
        Span { start, end: self.at }
    }

    /// Reads a string from its opening quote on. Returns the span between the quotes.
    fn string(&mut self) -> Result<Span, Fault> {
        let start = self.at + 1;
        let mut at = start;
        loop {
            at = plain_end(self.bytes, at);
            match self.bytes.get(at..).unwrap_or_default() {
                [b'"', ..] => {
                    self.at = at + 1;
                    return Ok(Span { start, end: at });
                }
                [b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => at += 2,
                [b'\\', b'u', a, b, c, d, ..]
                    if [a, b, c, d].iter().all(|x| x.is_ascii_hexdigit()) =>
                {
                    at += 6;
                    if matches!(a, b'd' | b'D') && *b >= b'8' {
                        at = self.surrogate(at - 6, *b);
                    }
                }
                [0x20..=0x7F, ..] if self.bytes[at] != b'\\' => at += 1,
                [0x80..=0xFF, ..] => at = self.beyond_ascii(at)?,
                [b'\\', ..] => return Err(Fault { at, what: "an escape is malformed" }),
                [] => return Err(Fault { at, what: "it ends inside a string" }),
                _ => return Err(Fault { at, what: "a string has a control character" }),
            }
        }
    }

    /// Skips the escape of a surrogate, and that of the other half of its pair. `digit` is the
    /// second of its four digits. A half alone is valid JSON but not a character, so it is noted.
    #[cold]
    fn surrogate(&mut self, at: usize, digit: u8) -> usize {
        let is_first = matches!(digit, b'8' | b'9' | b'a' | b'b' | b'A' | b'B');
        if let (true, [b'\\', b'u', b'd' | b'D', b'c'..=b'f' | b'C'..=b'F', c, d, ..]) =
            (is_first, self.bytes.get(at + 6..).unwrap_or_default())
            && c.is_ascii_hexdigit()
            && d.is_ascii_hexdigit()
        {
            return at + 12;
        }
        self.halves.push(at);
        at + 6
    }

    /// Skips one character that is not ASCII. Notes it if some readers take it for a line break.
    fn beyond_ascii(&mut self, at: usize) -> Result<usize, Fault> {
        // The well-formed sequences, as the table 3-7 of the Unicode Standard lists them.
        let width = match self.bytes.get(at..).unwrap_or_default() {
            [0xC2, 0x85, ..] => return Ok(self.escape(at, 2, "\\u0085")),
            [0xE2, 0x80, 0xA8, ..] => return Ok(self.escape(at, 3, "\\u2028")),
            [0xE2, 0x80, 0xA9, ..] => return Ok(self.escape(at, 3, "\\u2029")),
            [0xC2..=0xDF, 0x80..=0xBF, ..] => 2,
            [0xE0, 0xA0..=0xBF, 0x80..=0xBF, ..]
            | [0xE1..=0xEC | 0xEE | 0xEF, 0x80..=0xBF, 0x80..=0xBF, ..]
            | [0xED, 0x80..=0x9F, 0x80..=0xBF, ..] => 3,
            [0xF0, 0x90..=0xBF, 0x80..=0xBF, 0x80..=0xBF, ..]
            | [0xF1..=0xF3, 0x80..=0xBF, 0x80..=0xBF, 0x80..=0xBF, ..]
            | [0xF4, 0x80..=0x8F, 0x80..=0xBF, 0x80..=0xBF, ..] => 4,
            _ => return Err(Fault { at, what: "it is not UTF-8" }),
        };
        Ok(at + width)
    }

    fn escape(&mut self, at: usize, width: usize, replacement: &'static str) -> usize {
        self.edits.push(Edit { at, width, replacement });
        at + width
    }

    fn word(&mut self, word: &[u8]) -> Result<(), Fault> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word) {
            return Err(self.fault("a value was expected"));
        }
        self.at += word.len();
        Ok(())
    }

    fn number(&mut self) -> Result<(), Fault> {
        if self.bytes.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        if self.bytes.get(self.at) == Some(&b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.bytes.get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = self.bytes.get(self.at) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            return Err(self.fault("a digit was expected"));
        }
        self.at += digits;
        Ok(())
    }

    fn fault(&self, what: &'static str) -> Fault {
        Fault { at: self.at, what }
    }
}

/// Where the plain text ends: at the first quote, backslash, control character or byte that is not
/// ASCII. Near the end of the body it may be somewhere before that.
fn plain_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(block) = bytes.get(at..).and_then(<[u8]>::first_chunk::<16>) {
        match special_bytes(block) {
            0 => at += block.len(),
            special => return at + special.trailing_zeros() as usize,
        }
    }
    let is_plain = |byte: &&u8| !matches!(byte, b'"' | b'\\' | 0..0x20 | 0x80..);
    at + bytes.get(at..).unwrap_or_default().iter().take_while(is_plain).count()
}

/// One bit for each byte that ends plain text. The lowest bit is the first byte.
fn special_bytes(block: &[u8; 16]) -> u32 {
    let bytes = i8x16::new(block.map(u8::cast_signed));
    let is = |byte: u8| bytes.simd_eq(i8x16::splat(byte.cast_signed()));
    // With its highest bit as a sign, what is not ASCII is less than any control character.
    (is(b'"') | is(b'\\') | bytes.simd_lt(i8x16::splat(0x20))).to_bitmask()
}

/// A member of a row, from its key's opening quote to its value's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    pub start: usize,
    pub value: Span,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn accepts(text: &[u8]) -> bool {
        let mut reader = Reader::new(text);
        reader.value(0).and_then(|_| reader.end()).is_ok()
    }

    /// Strict JSON by serde_json, which also refuses numbers it cannot hold; those are left out.
    fn is_json(text: &[u8]) -> bool {
        serde_json::from_slice::<&serde_json::value::RawValue>(text).is_ok()
    }

    #[test]
    fn accepts_what_is_json_and_nothing_else() {
        for text in [
            "{}",
            "[]",
            "\"\"",
            "0",
            "-0",
            "1.0",
            "1e3",
            "-1.5E-7",
            "true",
            "false",
            "null",
            " [ ] ",
            "{\"a\":[1,{\"b\":\"\\u00e9\\\\\"}]}",
            "12345678901234567890123",
            "\"12345678\\\"\"",
            "\"\\\\\"",
            "\"\u{2028}\"",
            "",
            "{",
            "[1,]",
            "{\"a\"}",
            "{\"a\":}",
            "{a:1}",
            "01",
            "1.",
            ".5",
            "+1",
            "1e",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\\u12G4\"",
            "\"\n\"",
            "tru",
            "nulll",
            "1 2",
            "\"abc",
            "\"\\",
            "\"\\\"",
            "[1 2]",
            "{\"a\":1,}",
            "'a'",
            "\"a\\\\\\\"",
            "\"é\\q\"",
        ] {
            assert_eq!(accepts(text.as_bytes()), is_json(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let deep = "[".repeat(100_000);
        assert!(!accepts(deep.as_bytes()));
        assert!(accepts(format!("{}{}", "[".repeat(100), "]".repeat(100)).as_bytes()));
    }

    #[test]
    fn half_surrogate_pairs_are_noted_and_whole_ones_are_not() {
        let halves = |inner: &str| {
            let text = format!("\"{inner}\"");
            let mut reader = Reader::new(text.as_bytes());
            reader.value(0).and_then(|_| reader.end()).unwrap();
            reader.halves
        };
        for (inner, expected) in [
            (r"\ud83d\ude00 \uD83D\uDE80", vec![]),
            (r"\u0000\ud7ff\ue000\\ud83d", vec![]),
            (r"half \ud83d", vec![6]),
            (r"\ude00", vec![1]),
            (r"\ud83d\ud83d\ude00", vec![1]),
            (r"\uDBFF\uD800", vec![1, 7]),
            (r"\ud83d\u0041\uDFFF", vec![1, 13]),
            (r"\ud83d\\ude00", vec![1]),
            (r"\ud83dude00", vec![1]),
        ] {
            assert_eq!(halves(inner), expected, "{inner}");
        }
        assert!(!accepts(br#""\ud83d\ude0g""#));
    }

    proptest! {
        #[test]
        fn what_is_left_of_texts_without_their_halves_is_text(
            text in "(\\\\u[dD][89a-fA-F][0-9a-f]{2}|\\\\u00[0-9a-f]{2}|[ -!#-\\[\\]-~é]){0,20}",
        ) {
            let mut body = format!("\"{text}\"").into_bytes();
            let mut reader = Reader::new(&body);
            reader.value(0).unwrap();
            let halves = reader.halves;
            prop_assert_eq!(halves.is_empty(), serde_json::from_slice::<String>(&body).is_ok());
            for at in halves {
                body[at + 2..at + 6].copy_from_slice(b"fffd");
            }
            serde_json::from_slice::<String>(&body).unwrap();
        }

        #[test]
        fn agrees_with_serde_on_anything(text in "[\\[\\]{}:,\"\\\\ntrue0-9.eE+ u\u{2028}é\n-]{0,40}") {
            prop_assert_eq!(accepts(text.as_bytes()), is_json(text.as_bytes()));
        }

        #[test]
        fn agrees_with_serde_on_bytes(
            before in "[a-z]{0,40}",
            bytes in proptest::collection::vec(prop_oneof![0x80_u8..=0xFF, 0x70_u8..=0xC8], 0..6),
            after in "[a-zé\u{10FFFF}\u{E000}]{0,40}",
        ) {
            let text = [b"\"", before.as_bytes(), &bytes, after.as_bytes(), b"\""].concat();
            prop_assert_eq!(accepts(&text), is_json(&text));
        }

        #[test]
        fn agrees_with_serde_on_strings(text in "\"([ -~é\u{85}]|\\\\[\"\\\\/bfnrtu]|\\\\u00[0-9a-g]{2}){0,30}\"") {
            prop_assert_eq!(accepts(text.as_bytes()), is_json(text.as_bytes()));
        }
    }
}
