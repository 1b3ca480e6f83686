//! Makes every message that a program writes, one JSON line each. A RECORD is made from raw bytes,
//! because rows pass through as Zendesk sent them. All other messages are small and are serialized
//! by serde.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use serde::Serialize;
use serde_json::Value;

/// The severity of a LOG message, named as in the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    Error,
    Warn,
    Info,
    Debug,
}

/// STREAM_STATUS values in the order in which a stream passes through them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    Started,
    Running,
    Complete,
    Incomplete,
}

/// Who has to act after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureType {
    /// The user must change something; a retry cannot help.
    ConfigError,
    /// A retry can help.
    TransientError,
    /// A defect in this program.
    SystemError,
}

/// A stream as `discover` describes it.
#[derive(Debug, Serialize)]
pub struct CatalogStream {
    pub name: Cow<'static, str>,
    pub json_schema: Value,
    pub supported_sync_modes: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_defined_cursor: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_cursor_field: Option<Vec<&'static str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub source_defined_primary_key: Vec<Vec<&'static str>>,
    pub is_resumable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_file_based: Option<bool>,
}

/// The contents of a TRACE ERROR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorTrace {
    pub failure_type: FailureType,
    /// Two sentences: what happened, and what to do.
    pub message: String,
    /// Details for debugging. Never contains a secret.
    pub detail: Option<String>,
    pub stream: Option<String>,
}

impl fmt::Display for ErrorTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for ErrorTrace {}

/// The SPEC line around a connector specification.
#[must_use]
pub fn spec(spec: &Value) -> Vec<u8> {
    line(&serde_json::json!({ "type": "SPEC", "spec": spec }))
}

/// The CONNECTION_STATUS line: FAILED with a message, SUCCEEDED with `None`.
#[must_use]
pub fn connection_status(failure: Option<&str>) -> Vec<u8> {
    let body = match failure {
        None => serde_json::json!({ "status": "SUCCEEDED" }),
        Some(message) => serde_json::json!({ "status": "FAILED", "message": message }),
    };
    line(&serde_json::json!({ "type": "CONNECTION_STATUS", "connectionStatus": body }))
}

/// The CATALOG line.
#[must_use]
pub fn catalog(streams: &[CatalogStream]) -> Vec<u8> {
    line(&serde_json::json!({ "type": "CATALOG", "catalog": { "streams": streams } }))
}

/// The DESTINATION_CATALOG line.
///
/// Source: Airbyte Protocol, `DestinationCatalog`.
#[must_use]
pub fn destination_catalog(operations: &[Value]) -> Vec<u8> {
    line(&serde_json::json!({ "type": "DESTINATION_CATALOG",
        "destination_catalog": { "operations": operations } }))
}

/// A LOG line.
#[must_use]
pub fn log(level: Level, message: &str) -> Vec<u8> {
    line(&serde_json::json!({ "type": "LOG", "log": { "level": level, "message": message } }))
}

/// The CONTROL line with a complete new config. The platform saves the config at once and passes it
/// in the next time. This is the only message that contains secrets. `emitted_at_ms` is unix time
/// in milliseconds.
#[must_use]
pub fn new_config(config: &Value, emitted_at_ms: u64) -> Vec<u8> {
    line(&serde_json::json!({ "type": "CONTROL", "control": {
        "type": "CONNECTOR_CONFIG", "emitted_at": emitted_at_ms,
        "connectorConfig": { "config": config } } }))
}

/// A STREAM_STATUS trace. `emitted_at_ms` is unix time in milliseconds.
#[must_use]
pub fn stream_status(stream: &str, status: Status, emitted_at_ms: u64) -> Vec<u8> {
    line(&serde_json::json!({ "type": "TRACE", "trace": {
        "type": "STREAM_STATUS", "emitted_at": emitted_at_ms,
        "stream_status": { "stream_descriptor": { "name": stream }, "status": status } } }))
}

/// A STREAM_STATUS trace that reports that the stream waits for a limit. The platform reads it only
/// with the status RUNNING and with this reason alone. Both times are unix time in milliseconds.
#[must_use]
pub fn rate_limited(stream: &str, quota_reset_ms: u64, emitted_at_ms: u64) -> Vec<u8> {
    let reason = serde_json::json!({
        "type": "RATE_LIMITED", "rate_limited": { "quota_reset": quota_reset_ms } });
    line(&serde_json::json!({ "type": "TRACE", "trace": {
        "type": "STREAM_STATUS", "emitted_at": emitted_at_ms,
        "stream_status": { "stream_descriptor": { "name": stream }, "status": Status::Running,
            "reasons": [reason] } } }))
}

/// An ESTIMATE trace: about how many rows of a stream this sync will deliver. `emitted_at_ms` is
/// unix time in milliseconds.
///
/// Source: Airbyte Protocol, `AirbyteEstimateTraceMessage`.
#[must_use]
pub fn estimate(stream: &str, rows: u64, emitted_at_ms: u64) -> Vec<u8> {
    line(&serde_json::json!({ "type": "TRACE", "trace": {
        "type": "ESTIMATE", "emitted_at": emitted_at_ms,
        "estimate": { "name": stream, "type": "STREAM", "row_estimate": rows } } }))
}

/// An ERROR trace. `emitted_at_ms` is unix time in milliseconds.
#[must_use]
pub fn error(trouble: &ErrorTrace, emitted_at_ms: u64) -> Vec<u8> {
    let mut error = serde_json::json!({
        "message": trouble.message, "failure_type": trouble.failure_type });
    if let Some(detail) = &trouble.detail {
        error["internal_message"] = Value::from(detail.as_str());
    }
    if let Some(stream) = &trouble.stream {
        error["stream_descriptor"] = serde_json::json!({ "name": stream });
    }
    line(&serde_json::json!({ "type": "TRACE", "trace": {
        "type": "ERROR", "emitted_at": emitted_at_ms, "error": error } }))
}

/// Appends a STATE line for one stream. `stream_state` is a JSON object as text. `rows` is the
/// exact number of records since the stream's previous STATE. It is written as a decimal number, as
/// the protocol requires.
pub fn push_state(out: &mut Vec<u8>, stream: &str, stream_state: &str, rows: u64) {
    let state = escape_line_breaks(stream_state.as_bytes());
    out.extend_from_slice(
        br#"{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":""#,
    );
    out.extend_from_slice(stream.as_bytes());
    out.extend_from_slice(br#""},"stream_state":"#);
    out.extend_from_slice(&state);
    out.extend_from_slice(
        format!("}},\"sourceStats\":{{\"recordCount\":{rows}.0}}}}}}\n").as_bytes(),
    );
}

/// The bytes before the row of a RECORD line.
#[must_use]
pub fn record_head(stream: &str) -> Vec<u8> {
    format!("{{\"type\":\"RECORD\",\"record\":{{\"stream\":\"{stream}\",\"data\":").into_bytes()
}

/// The bytes after the row of a RECORD line. `emitted_at_ms` is unix time in milliseconds.
#[must_use]
pub fn record_tail(emitted_at_ms: u64) -> Vec<u8> {
    format!(",\"emitted_at\":{emitted_at_ms}}}}}\n").into_bytes()
}

fn line(message: &Value) -> Vec<u8> {
    let mut out = escape_line_breaks(message.to_string().as_bytes());
    out.push(b'\n');
    out
}

/// Escapes U+2028, U+2029 and U+0085. JSON allows them unescaped, but readers that split lines by
/// Unicode's rules take them for the end of a line. In JSON they can only be inside strings.
#[must_use]
pub fn escape_line_breaks(json: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(json.len() + 1);
    let mut rest = json;
    while let Some(at) = rest.iter().position(|&byte| byte == 0xE2 || byte == 0xC2) {
        out.extend_from_slice(&rest[..at]);
        let (escaped, width): (&[u8], usize) = match &rest[at..] {
            [0xE2, 0x80, 0xA8, ..] => (b"\\u2028", 3),
            [0xE2, 0x80, 0xA9, ..] => (b"\\u2029", 3),
            [0xC2, 0x85, ..] => (b"\\u0085", 2),
            [byte, ..] => (std::slice::from_ref(byte), 1),
            [] => (b"", 0),
        };
        out.extend_from_slice(escaped);
        rest = &rest[at + width..];
    }
    out.extend_from_slice(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_break_in_any_spelling_never_splits_a_message() {
        let log = log(Level::Info, "a\nb\u{2028}c\u{2029}d\u{85}e\u{e9}\u{2027}");
        let text = String::from_utf8(log).unwrap();
        assert_eq!(
            text,
            "{\"log\":{\"level\":\"INFO\",\"message\":\"a\\nb\\u2028c\\u2029d\\u0085e\u{e9}\u{2027}\"},\"type\":\"LOG\"}\n"
        );
    }

    #[test]
    fn a_state_counts_rows_with_a_decimal_point() {
        let mut out = Vec::new();
        push_state(&mut out, "tickets", r#"{"generated_timestamp":"1"}"#, 3);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "{\"type\":\"STATE\",\"state\":{\"type\":\"STREAM\",\"stream\":{\"stream_descriptor\":{\"name\":\"tickets\"},\
             \"stream_state\":{\"generated_timestamp\":\"1\"}},\"sourceStats\":{\"recordCount\":3.0}}}\n"
        );
    }
}
