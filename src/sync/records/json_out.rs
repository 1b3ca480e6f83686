//! Writes JSON into a line: keys with their commas, and texts without characters that a reader
//! could take for the end of the line.

use std::fmt;
use std::io::Write;

use serde_json::Value;

use airbyte::message::escape_line_breaks;

/// Appends a key and its colon. A comma comes first if anything was written after `start`.
pub(super) fn put_key(key: &str, start: usize, out: &mut Vec<u8>) {
    if out.len() > start {
        out.push(b',');
    }
    out.push(b'"');
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\":");
}

/// Appends a value whose text is valid JSON, such as a number.
pub(super) fn put_shown(value: impl fmt::Display, out: &mut Vec<u8>) {
    // Memory takes what is written.
    let _ = write!(out, "{value}");
}

/// Appends a text as JSON.
pub(super) fn put_text(text: &str, out: &mut Vec<u8>) {
    let start = out.len();
    // Memory takes what is written.
    let _ = serde_json::to_writer(&mut *out, text);
    if !text.is_ascii() {
        let escaped = escape_line_breaks(&out[start..]);
        out.truncate(start);
        out.extend_from_slice(&escaped);
    }
}

/// A value as JSON text that is safe in a line.
pub(super) fn in_a_line(value: &Value) -> String {
    let escaped = escape_line_breaks(value.to_string().as_bytes());
    // Whole characters are replaced by plain ones.
    String::from_utf8(escaped).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_keys_cannot_break_a_line() {
        let mut out = vec![b'{'];
        let start = out.len();
        put_key("a", start, &mut out);
        put_text("x\u{2028}\u{2029}\u{85}\n\"é", &mut out);
        put_key("b", start, &mut out);
        put_shown(7, &mut out);
        let expected = r#"{"a":"x\u2028\u2029\u0085\n\"é","b":7"#;
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
