//! The configured catalog: which streams to read and how. Reading is tolerant, because platforms
//! send nulls, keys of their own and duplicate keys. Only the keys that a source acts on are read.
//! Writing follows the protocol.

use std::error::Error;
use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::message::{CatalogStream, escape_line_breaks};

/// How a stream is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncMode {
    FullRefresh,
    Incremental,
}

impl SyncMode {
    pub const ALL: [Self; 2] = [Self::Incremental, Self::FullRefresh];

    /// The mode's name in the protocol.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::FullRefresh => "full_refresh",
            Self::Incremental => "incremental",
        }
    }
}

/// One selected stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selected {
    pub name: String,
    pub mode: SyncMode,
    /// The properties of the stream's schema, as discovered and chosen. `None` when the schema has
    /// none.
    pub properties: Option<Map<String, Value>>,
    /// Whether files are wanted. `None` when the platform does not say.
    pub include_files: Option<bool>,
}

/// Why a catalog cannot be used. The message names the stream or the entry that is wrong.
#[derive(Debug, PartialEq, Eq)]
pub enum CatalogError {
    NotJson(String),
    NoStreams,
    NoName { index: usize },
    UnknownMode { stream: String, mode: String },
    UnknownDestinationMode { stream: String, mode: String },
    Twice { stream: String },
}

impl fmt::Display for CatalogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson(why) => write!(f, "the configured catalog is not valid JSON ({why})"),
            Self::NoStreams => write!(f, "the configured catalog has no list `streams`"),
            Self::NoName { index } => {
                write!(f, "entry {index} of the configured catalog has no `stream.name`")
            }
            Self::UnknownMode { stream, mode } => write!(
                f,
                "stream `{stream}` has the unknown sync mode {mode}: use full_refresh or \
                 incremental"
            ),
            Self::UnknownDestinationMode { stream, mode } => write!(
                f,
                "stream `{stream}` has the unknown destination sync mode {mode}: use append, \
                 append_dedup, update or soft_delete"
            ),
            Self::Twice { stream } => {
                write!(f, "the configured catalog lists stream `{stream}` twice")
            }
        }
    }
}

impl Error for CatalogError {}

/// Reads a configured catalog.
///
/// # Errors
/// [`CatalogError`] when the text is not JSON, or does not say which streams to read.
pub fn parse(text: &[u8]) -> Result<Vec<Selected>, CatalogError> {
    // Through a value, not a struct: a struct would refuse duplicate keys.
    let catalog: Value =
        serde_json::from_slice(text).map_err(|error| CatalogError::NotJson(place(&error)))?;
    let streams =
        catalog.get("streams").and_then(Value::as_array).ok_or(CatalogError::NoStreams)?;
    let mut selected: Vec<Selected> = Vec::with_capacity(streams.len());
    for (index, entry) in streams.iter().enumerate() {
        let name = entry
            .get("stream")
            .and_then(|stream| stream.get("name"))
            .and_then(Value::as_str)
            .ok_or(CatalogError::NoName { index })?
            .to_owned();
        let mode = match entry.get("sync_mode") {
            Some(Value::String(mode)) if mode == "full_refresh" => SyncMode::FullRefresh,
            Some(Value::String(mode)) if mode == "incremental" => SyncMode::Incremental,
            other => {
                let mode = other.map_or_else(|| "(none)".to_owned(), ToString::to_string);
                return Err(CatalogError::UnknownMode { stream: name, mode });
            }
        };
        if selected.iter().any(|earlier| earlier.name == name) {
            return Err(CatalogError::Twice { stream: name });
        }
        let schema = entry.get("stream").and_then(|stream| stream.get("json_schema"));
        let properties = schema.and_then(|schema| schema.get("properties")?.as_object());
        let properties = properties.filter(|properties| !properties.is_empty()).cloned();
        let include_files = entry.get("include_files").and_then(Value::as_bool);
        selected.push(Selected { name, mode, properties, include_files });
    }
    Ok(selected)
}

/// One stream of a configured catalog. The short keys come first, because the schema is long.
///
/// Source: Airbyte Protocol, `ConfiguredAirbyteStream`.
#[derive(Serialize)]
struct Configured<'s> {
    sync_mode: &'static str,
    destination_sync_mode: &'static str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    cursor_field: &'s [&'static str],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    primary_key: &'s [Vec<&'static str>],
    stream: &'s CatalogStream,
}

/// Makes a configured catalog of these streams. Each stream is on a line of its own, so that it can
/// be removed by deleting its line.
///
/// # Errors
/// When a stream cannot be written as JSON.
pub fn to_text(streams: &[(CatalogStream, SyncMode)]) -> Result<Vec<u8>, serde_json::Error> {
    let entries =
        streams.iter().map(|(stream, mode)| serde_json::to_string(&configured(stream, *mode)));
    let entries = entries.collect::<Result<Vec<String>, _>>()?.join(",\n");
    Ok(escape_line_breaks(format!("{{\"streams\":[\n{entries}\n]}}\n").as_bytes()))
}

/// Chooses the destination mode. An incremental stream is deduplicated if it has a primary key. A
/// full refresh overwrites what was there.
fn configured(stream: &CatalogStream, mode: SyncMode) -> Configured<'_> {
    let primary_key = stream.source_defined_primary_key.as_slice();
    let cursor = stream.default_cursor_field.as_deref().unwrap_or_default();
    let (destination_sync_mode, cursor_field) = match mode {
        SyncMode::Incremental if primary_key.is_empty() => ("append", cursor),
        SyncMode::Incremental => ("append_dedup", cursor),
        SyncMode::FullRefresh => ("overwrite", [].as_slice()),
    };
    Configured { sync_mode: mode.name(), destination_sync_mode, cursor_field, primary_key, stream }
}

/// The position of a JSON error. The text around it is left out, because it may contain a secret.
#[must_use]
pub fn place(error: &serde_json::Error) -> String {
    let kind = match error.classify() {
        serde_json::error::Category::Eof => "it ends too early",
        serde_json::error::Category::Io => "it cannot be read",
        _ => "a syntax error",
    };
    format!("{kind} at line {} column {}", error.line(), error.column())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nulls_unknown_and_duplicate_keys_are_no_trouble() {
        let text = br#"{"streams":[{"stream":{"name":"x","name":"tickets","json_schema":{},"namespace":null},
            "sync_mode":"incremental","sync_mode":"incremental","cursor_field":null,"primary_key":null,
            "generation_id":null,"destination_sync_mode":"update","include_files":null,"new":1}],"more":[]}"#;
        assert_eq!(
            parse(text),
            Ok(vec![Selected {
                name: "tickets".into(),
                mode: SyncMode::Incremental,
                properties: None,
                include_files: None
            }])
        );
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        let stream = |name: &'static str, key: Vec<Vec<&'static str>>| CatalogStream {
            name: name.into(),
            json_schema: serde_json::json!({ "properties": { "id": { "title": "a\u{2028}b" } } }),
            supported_sync_modes: vec!["full_refresh", "incremental"],
            source_defined_cursor: Some(true),
            default_cursor_field: Some(vec!["updated_at"]),
            source_defined_primary_key: key,
            is_resumable: true,
            is_file_based: None,
        };
        let text = to_text(&[
            (stream("keyed", vec![vec!["id"]]), SyncMode::Incremental),
            (stream("keyless", vec![]), SyncMode::Incremental),
            (stream("whole", vec![vec!["id"]]), SyncMode::FullRefresh),
        ])
        .unwrap();
        let selected = parse(&text).unwrap();
        let modes: Vec<SyncMode> = selected.iter().map(|stream| stream.mode).collect();
        assert_eq!(modes, [SyncMode::Incremental, SyncMode::Incremental, SyncMode::FullRefresh]);
        assert!(selected.iter().all(|stream| stream.properties.is_some()));
        let text = String::from_utf8(text).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 5, "{text}");
        for (line, begin) in lines[1..4].iter().zip([
            r#"{"sync_mode":"incremental","destination_sync_mode":"append_dedup","cursor_field":["updated_at"],"primary_key":[["id"]],"stream":{"name":"keyed""#,
            r#"{"sync_mode":"incremental","destination_sync_mode":"append","cursor_field":["updated_at"],"stream":{"name":"keyless""#,
            r#"{"sync_mode":"full_refresh","destination_sync_mode":"overwrite","primary_key":[["id"]],"stream":{"name":"whole""#,
        ]) {
            assert!(line.starts_with(begin), "{line}");
        }
        assert!(!text.contains('\u{2028}'));
    }

    #[test]
    fn every_refusal_names_its_culprit() {
        for (text, culprit) in [
            ("{", "line 1 column 1"),
            ("[]", "`streams`"),
            (r#"{"streams":[{"stream":{}}]}"#, "entry 0"),
            (r#"{"streams":[{"stream":{"name":"a"},"sync_mode":"INVALID"}]}"#, "INVALID"),
            (r#"{"streams":[{"stream":{"name":"a"}}]}"#, "(none)"),
        ] {
            let error = parse(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(culprit), "{error}");
        }
    }
}
