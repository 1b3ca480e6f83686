//! Finds in each line of a read what is to be filed. Pure.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// A line that `read` would write to stdout.
#[derive(Debug)]
pub enum Line<'l> {
    /// A row of a stream, a JSON object.
    Row { stream: &'l str, row: &'l [u8] },
    /// The state of a stream, with the message around it that `read` takes back.
    State { stream: String, state: Box<RawValue> },
    /// The whole configuration, with renewed tokens.
    Config(Box<RawValue>),
    /// A stream was read to its end.
    Complete { stream: String },
    /// A message for people.
    Said { text: String },
    /// Anything that is not filed.
    Other,
}

const RECORD: &[u8] = br#"{"type":"RECORD""#;
const STATE: &[u8] = br#"{"type":"STATE""#;

#[derive(Deserialize)]
struct RecordLine<'l> {
    #[serde(borrow)]
    record: Record<'l>,
}

#[derive(Deserialize)]
struct Record<'l> {
    stream: &'l str,
    #[serde(borrow)]
    data: &'l RawValue,
}

#[derive(Deserialize)]
struct StateLine {
    state: Box<RawValue>,
}

#[derive(Deserialize)]
struct StreamOnly {
    stream: Described,
}

#[derive(Deserialize)]
struct Described {
    stream_descriptor: Descriptor,
}

#[derive(Deserialize)]
struct Descriptor {
    name: String,
}

#[derive(Deserialize)]
struct ControlLine {
    control: Control,
}

#[derive(Deserialize)]
struct Control {
    #[serde(rename = "connectorConfig")]
    connector_config: Configured,
}

#[derive(Deserialize)]
struct Configured {
    config: Box<RawValue>,
}

/// The name of the stream that an `AirbyteStateMessage` belongs to.
#[must_use]
pub fn stream_of(state: &RawValue) -> Option<String> {
    let named: StreamOnly = serde_json::from_str(state.get()).ok()?;
    Some(named.stream.stream_descriptor.name)
}

/// Parses a line.
///
/// # Errors
/// When it is not a line that this program writes.
pub fn understand(line: &[u8]) -> Result<Line<'_>, serde_json::Error> {
    if line.starts_with(RECORD) {
        let RecordLine { record } = serde_json::from_slice(line)?;
        return Ok(Line::Row { stream: record.stream, row: record.data.get().as_bytes() });
    }
    if line.starts_with(STATE) {
        let StateLine { state } = serde_json::from_slice(line)?;
        return Ok(match stream_of(&state) {
            Some(stream) => Line::State { stream, state },
            None => Line::Other,
        });
    }
    if !line.starts_with(b"{") {
        // What is for a terminal is in words already.
        return Ok(Line::Said { text: String::from_utf8_lossy(line).trim_end().to_owned() });
    }
    let message: Value = serde_json::from_slice(line)?;
    if message["type"] == "CONTROL" {
        let ControlLine { control } = serde_json::from_slice(line)?;
        return Ok(Line::Config(control.connector_config.config));
    }
    Ok(of_message(&message))
}

fn of_message(message: &Value) -> Line<'static> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let log = &message["log"];
    if log.is_object() {
        return Line::Said { text: format!("{} {}", text(&log["level"]), text(&log["message"])) };
    }
    let trace = &message["trace"];
    let error = &trace["error"];
    if error.is_object() {
        let stream = text(&error["stream_descriptor"]["name"]);
        let said = text(&error["message"]);
        let of_stream = !stream.is_empty() && !said.starts_with(&stream);
        let stream = if of_stream { format!("{stream}: ") } else { String::new() };
        return Line::Said { text: format!("ERROR {stream}{said}") };
    }
    let status = &trace["stream_status"];
    if status["status"] == "COMPLETE" {
        return Line::Complete { stream: text(&status["stream_descriptor"]["name"]) };
    }
    Line::Other
}

#[cfg(test)]
mod tests {
    use airbyte::message::{self, Level, Status};

    use super::*;

    #[test]
    fn a_row_is_found_byte_by_byte_whatever_stands_behind_it() {
        let row = br#"{"id":1.50,"a":"\"data\":","b":{"emitted_at":3}}"#;
        for between in ["", r#","meta":{"changes":[]}"#] {
            let mut line = message::record_head("tickets");
            line.extend_from_slice(row);
            line.extend_from_slice(between.as_bytes());
            line.extend(message::record_tail(7));
            match understand(&line).unwrap() {
                Line::Row { stream: "tickets", row: found } => assert_eq!(found, row),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn a_state_keeps_its_bytes_and_messages_are_told_in_words() {
        let mut line = Vec::new();
        message::push_state(&mut line, "tickets", r#"{"cursor":"1.0","n":1.0}"#, 3);
        match understand(&line).unwrap() {
            Line::State { stream, state } => {
                assert_eq!(stream, "tickets");
                assert!(state.get().contains(r#"{"cursor":"1.0","n":1.0}"#), "{state}");
            }
            other => panic!("{other:?}"),
        }
        let said = |line: &[u8]| match understand(line).unwrap() {
            Line::Said { text } => text,
            other => panic!("{other:?}"),
        };
        assert_eq!(said(&message::log(Level::Warn, "a\nb")), "WARN a\nb");
        let mut trouble = connector::failure::refused("It failed.");
        assert_eq!(said(&message::error(&trouble, 1)), "ERROR It failed.");
        trouble.stream = Some("tickets".into());
        assert_eq!(said(&message::error(&trouble, 1)), "ERROR tickets: It failed.");
        let complete = message::stream_status("tickets", Status::Complete, 1);
        assert!(
            matches!(understand(&complete), Ok(Line::Complete { stream }) if stream == "tickets")
        );
        let started = message::stream_status("tickets", Status::Started, 1);
        assert!(matches!(understand(&started), Ok(Line::Other)));
        let config = message::new_config(&serde_json::json!({ "a": 1 }), 1);
        assert!(
            matches!(understand(&config), Ok(Line::Config(config)) if config.get() == r#"{"a":1}"#)
        );
    }
}
