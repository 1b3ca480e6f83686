//! Reads the messages on stdin, one JSON object a line. Strict readers lose rows. So unknown types
//! are ignored, the last of duplicate keys counts, and a line that is not a message is reported.
//!
//! Source: Airbyte Protocol, `AirbyteMessage`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::catalog::Descriptor;

/// One message.
#[derive(Debug)]
pub enum Message {
    Record {
        stream: Descriptor,
        /// The row, a JSON object.
        data: Map<String, Value>,
    },
    State(State),
    /// A stream has ended, completely or not.
    StreamStatus {
        stream: Descriptor,
        is_complete: bool,
    },
    /// A message that does not concern a destination.
    Other,
}

/// A STATE message.
#[derive(Debug)]
pub struct State {
    pub scope: Scope,
    /// The whole state, a JSON object as text, exactly as received.
    pub text: String,
    /// How many rows the source says it sent since the previous state.
    pub source_count: SourceCount,
}

/// A source's count of the rows that it sent (`sourceStats`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SourceCount {
    /// There is no count.
    #[default]
    Unsaid,
    Rows(u64),
    /// The count is not a whole number of rows.
    Unclear,
}

impl SourceCount {
    /// Whether the source's count allows that this many rows came. Without a count it does.
    #[must_use]
    pub fn agrees_with(self, rows: u64) -> bool {
        match self {
            Self::Unsaid => true,
            Self::Rows(count) => count == rows,
            Self::Unclear => false,
        }
    }
}

/// The streams whose rows a state covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    Stream(Descriptor),
    /// GLOBAL and LEGACY states cover the rows of all streams.
    All,
}

/// Why a line is not a message. It never quotes the line, which is customer data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoMessage {
    NotJson,
    NoType,
    /// A RECORD or a STATE without one of its required parts.
    Incomplete,
}

impl fmt::Display for NoMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotJson => "it is not JSON",
            Self::NoType => "it has no `type`",
            Self::Incomplete => "its stream, row or state is missing",
        })
    }
}

impl Error for NoMessage {}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    record: Option<Record<'a>>,
    #[serde(borrow)]
    state: Option<&'a RawValue>,
    trace: Option<Value>,
}

#[derive(Deserialize)]
struct Record<'a> {
    #[serde(borrow)]
    stream: Cow<'a, str>,
    #[serde(borrow)]
    namespace: Option<Cow<'a, str>>,
    data: Map<String, Value>,
}

/// Reads one line.
///
/// # Errors
/// [`NoMessage`] when the line is not JSON, or is an incomplete RECORD or STATE.
pub fn parse(line: &[u8]) -> Result<Message, NoMessage> {
    // The usual line is read without a copy of what is not needed; any other part by part, which takes
    // duplicate keys.
    if !has_long_number(line)
        && let Ok(line) = serde_json::from_slice::<Line>(line)
    {
        match (line.kind.as_deref(), line.record, line.state) {
            (Some("RECORD"), Some(Record { stream, namespace, data }), _) => {
                let namespace = namespace.map(Cow::into_owned);
                return Ok(Message::Record {
                    stream: Descriptor { namespace, name: stream.into_owned() },
                    data,
                });
            }
            (Some("STATE"), _, Some(state)) => return of_state(state.get()),
            (Some("TRACE"), ..) => return Ok(of_trace(&line.trace.unwrap_or_default())),
            (Some("RECORD" | "STATE"), ..) | (None, ..) => {}
            _ => return Ok(Message::Other),
        }
    }
    let parts: BTreeMap<String, &RawValue> =
        serde_json::from_slice(line).map_err(|_| NoMessage::NotJson)?;
    let part = |name: &str| parts.get(name).map_or("null", |part| part.get());
    match value(part("type"))?.as_str() {
        Some("RECORD") => of_record(part("record")),
        Some("STATE") => of_state(part("state")),
        Some("TRACE") => Ok(of_trace(&value(part("trace"))?)),
        Some(_) => Ok(Message::Other),
        None => Err(NoMessage::NoType),
    }
}

/// Reads JSON. Halves of surrogate pairs in its texts become replacement characters.
fn value(text: &str) -> Result<Value, NoMessage> {
    let whole = || serde_json::from_str(text);
    whole().or_else(|_| serde_json::from_str(&without_halves(text))).map_err(|_| NoMessage::NotJson)
}

/// A JSON text in which the escapes of half characters are replaced.
///
/// Source: RFC 8259, 8.2. Python writes such escapes.
fn without_halves(text: &str) -> String {
    let unit = |at: usize| {
        let escape = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u32::from_str_radix(escape, 16).ok()
    };
    let mut whole = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(found) = text[at..].find('\\') {
        let escape = at + found;
        whole.push_str(&text[at..escape]);
        let length = match (unit(escape), unit(escape + 6)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 12,
            (Some(0xD800..=0xDFFF), _) => {
                whole.push_str("\\ufffd");
                at = escape + 6;
                continue;
            }
            (Some(_), _) => 6,
            // The character behind it belongs to it.
            (None, _) => 1 + text[escape + 1..].chars().next().map_or(0, char::len_utf8),
        };
        whole.push_str(&text[escape..escape + length]);
        at = escape + length;
    }
    whole.push_str(&text[at..]);
    whole
}

/// From this many digits in a row on, a float may lose some.
const LONG_NUMBER: usize = 17;

/// Whether a line may contain a number with more digits than a float keeps.
fn has_long_number(line: &[u8]) -> bool {
    let is_digit = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
    line.split(|byte| !is_digit(byte)).any(|digits| digits.len() >= LONG_NUMBER)
}

fn of_record(text: &str) -> Result<Message, NoMessage> {
    let record: BTreeMap<String, &RawValue> =
        serde_json::from_str(text).map_err(|_| NoMessage::Incomplete)?;
    let part = |name: &str| record.get(name).map_or("null", |part| part.get());
    let name = value(part("stream"))?.as_str().map(str::to_owned).ok_or(NoMessage::Incomplete)?;
    let namespace = value(part("namespace"))?.as_str().map(str::to_owned);
    let columns: BTreeMap<String, &RawValue> =
        serde_json::from_str(part("data")).map_err(|_| NoMessage::Incomplete)?;
    let columns = columns.into_iter().map(|(name, raw)| Ok((name, exact(raw.get())?)));
    let data = columns.collect::<Result<Map<String, Value>, NoMessage>>()?;
    Ok(Message::Record { stream: Descriptor { namespace, name }, data })
}

/// A column's value. A number that would lose digits stays a text, because it may be a key.
fn exact(text: &str) -> Result<Value, NoMessage> {
    let read = value(text)?;
    let is_long = has_long_number(text.as_bytes());
    let is_inexact = matches!(&read, Value::Number(number) if number.is_f64() && is_long);
    Ok(if is_inexact { Value::String(text.to_owned()) } else { read })
}

fn of_state(text: &str) -> Result<Message, NoMessage> {
    let state = value(text)?;
    if !state.is_object() {
        return Err(NoMessage::Incomplete);
    }
    let stream = state.get("stream").and_then(|stream| stream.get("stream_descriptor"));
    let scope = match (state.get("type").and_then(Value::as_str), stream.and_then(Descriptor::of)) {
        (Some("STREAM"), None) => return Err(NoMessage::Incomplete),
        (Some("STREAM") | None, Some(stream)) => Scope::Stream(stream),
        _ => Scope::All,
    };
    let source_count = source_count(&state["sourceStats"]["recordCount"]);
    Ok(Message::State(State { scope, text: text.to_owned(), source_count }))
}

/// Reads a count. The protocol writes counts as decimal numbers.
fn source_count(count: &Value) -> SourceCount {
    let number = match count {
        Value::Null => return SourceCount::Unsaid,
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_f64(),
    };
    let whole = number.filter(|number: &f64| number.fract() == 0.0);
    let rows = whole.and_then(|number| format!("{number:.0}").parse().ok());
    rows.map_or(SourceCount::Unclear, SourceCount::Rows)
}

fn of_trace(trace: &Value) -> Message {
    let status = &trace["stream_status"];
    match (Descriptor::of(&status["stream_descriptor"]), status["status"].as_str()) {
        (Some(stream), Some("COMPLETE")) => Message::StreamStatus { stream, is_complete: true },
        (Some(stream), Some("INCOMPLETE")) => Message::StreamStatus { stream, is_complete: false },
        _ => Message::Other,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn records_come_with_nulls_duplicates_and_keys_of_others() {
        for line in [
            r#"{"type":"RECORD","record":{"stream":"a","namespace":"n","data":{"x":1},"emitted_at":1}}"#,
            r#"{"type":"RECORD","log":null,"state":null,"record":{"stream":"a","namespace":"n","data":{"x":1},"meta":{}},"trace":null}"#,
            r#"{"type":"RECORD","record":{"stream":"z","stream":"a","namespace":"n","data":{"x":0,"x":1}}}"#,
            r#"{"type":"RECORD","record":{"stream":"\u0061","namespace":"n","data":{"x":1}}}"#,
        ] {
            let Ok(Message::Record { stream, data }) = parse(line.as_bytes()) else {
                panic!("{line}")
            };
            assert_eq!((stream.to_string().as_str(), data["x"].as_u64()), ("n.a", Some(1)));
        }
    }

    #[test]
    fn a_state_keeps_every_byte_and_says_which_rows_it_stands_behind() {
        let state = r#"{"type":"STREAM","stream":{"stream_descriptor":{"name":"a"},"stream_state":{"x":1.0,"y":123456789012345678901234567890}},"id":7,"new":[1]}"#;
        let line = format!(r#"{{"type":"STATE","state":{state}}}"#);
        let Ok(Message::State(read)) = parse(line.as_bytes()) else { panic!() };
        assert_eq!(read.text, state);
        assert!(matches!(read.scope, Scope::Stream(stream) if stream.name == "a"));
        for state in
            [r#"{"type":"GLOBAL","global":{}}"#, r#"{"type":"LEGACY","data":{}}"#, r#"{"data":{}}"#]
        {
            let line = format!(r#"{{"type":"STATE","state":{state}}}"#);
            let Ok(Message::State(read)) = parse(line.as_bytes()) else { panic!() };
            assert_eq!(read.scope, Scope::All);
        }
    }

    #[test]
    fn a_count_that_is_no_number_of_rows_agrees_with_none() {
        let count = |stats: &str| {
            let line =
                format!(r#"{{"type":"STATE","state":{{"type":"LEGACY","data":{{}}{stats}}}}}"#);
            let Ok(Message::State(read)) = parse(line.as_bytes()) else { panic!("{line}") };
            read.source_count
        };
        for stats in ["", r#","sourceStats":null"#, r#","sourceStats":{"recordCount":null}"#] {
            assert_eq!(count(stats), SourceCount::Unsaid, "{stats}");
        }
        let of = |count: &str| format!(r#","sourceStats":{{"recordCount":{count}}}"#);
        for number in ["2", "2.0", "\"2\"", "\" 2.0 \"", "2e0"] {
            assert_eq!(count(&of(number)), SourceCount::Rows(2), "{number}");
        }
        for odd in ["-1", "0.5", "1e300", "\"many\"", "true", "[2]", "{}"] {
            assert_eq!(count(&of(odd)), SourceCount::Unclear, "{odd}");
        }
        assert!(SourceCount::Unsaid.agrees_with(3) && SourceCount::Rows(3).agrees_with(3));
        assert!(!SourceCount::Unclear.agrees_with(0) && !SourceCount::Rows(2).agrees_with(3));
    }

    #[test]
    fn numbers_of_many_digits_keep_them() {
        let line = r#"{"type":"RECORD","record":{"stream":"a","data":{"a":12345678901234567890123,"b":18446744073709551615,"c":0.1,"d":[12345678901234567890123],"e":"12345678901234567890123"}}}"#;
        let Ok(Message::Record { data, .. }) = parse(line.as_bytes()) else { panic!() };
        assert_eq!((&data["a"], &data["e"]), (&data["e"], &Value::from("12345678901234567890123")));
        assert_eq!((data["b"].as_u64(), data["c"].as_f64()), (Some(u64::MAX), Some(0.1)));
    }

    #[test]
    fn half_characters_cost_no_row_and_no_state() {
        let line = r#"{"type":"RECORD","record":{"stream":"a","data":{"x":"\ud83d!","y":"\ud83d\ude00 \\ud83d \udc00"}}}"#;
        let Ok(Message::Record { data, .. }) = parse(line.as_bytes()) else { panic!() };
        assert_eq!(data["x"], "\u{fffd}!");
        assert_eq!(data["y"], "\u{1f600} \\ud83d \u{fffd}");
        let state =
            r#"{"type":"LEGACY","data":{"x":"\ud83d"},"big":123456789012345678901234567890}"#;
        let line = format!(r#"{{"type":"OTHER","state":{state},"type":"STATE","record":7}}"#);
        let Ok(Message::State(read)) = parse(line.as_bytes()) else { panic!() };
        assert_eq!(read.text, state);
    }

    #[test]
    fn what_is_no_message_is_told_and_what_is_for_others_is_not() {
        for line in [
            "",
            "{",
            "[]",
            "3",
            r#"{"type":"RECORD"}"#,
            r#"{"type":"RECORD","record":{"stream":"a","data":[]}}"#,
            r#"{"type":"STATE","state":3}"#,
        ] {
            assert!(parse(line.as_bytes()).is_err(), "{line}");
        }
        for line in [
            r#"{"type":"LOG","log":{}}"#,
            r#"{"type":"NEW"}"#,
            r#"{"type":"TRACE","trace":{"type":"ERROR"}}"#,
        ] {
            assert!(matches!(parse(line.as_bytes()), Ok(Message::Other)), "{line}");
        }
        let complete = r#"{"type":"TRACE","trace":{"type":"STREAM_STATUS","stream_status":{"stream_descriptor":{"name":"a","namespace":null},"status":"COMPLETE"}}}"#;
        assert!(matches!(
            parse(complete.as_bytes()),
            Ok(Message::StreamStatus { is_complete: true, .. })
        ));
    }

    proptest! {
        #[test]
        fn no_line_makes_it_panic(line in ".{0,200}") {
            let _ = parse(line.as_bytes());
            let _ = without_halves(&line);
        }
    }
}
