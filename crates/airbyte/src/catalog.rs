//! The configured catalog: which streams to read and how. Read tolerantly, because platforms send
//! nulls, keys of their own and duplicate keys; only what a source acts on is looked at.

use std::error::Error;
use std::fmt;

use serde_json::{Map, Value};

/// How a stream is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncMode {
    FullRefresh,
    Incremental,
}

/// One selected stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selected {
    pub name: String,
    pub mode: SyncMode,
    /// The properties of its schema as they were discovered and chosen; none when it has none.
    pub properties: Option<Map<String, Value>>,
    /// Whether files are wanted; none when the platform says nothing of it.
    pub include_files: Option<bool>,
}

/// Why a catalog cannot be used; the sentence names the culprit.
#[derive(Debug, PartialEq, Eq)]
pub enum CatalogError {
    NotJson(String),
    NoStreams,
    NoName { index: usize },
    UnknownMode { stream: String, mode: String },
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
                "stream `{stream}` has the sync mode {mode}; known are full_refresh and incremental"
            ),
            Self::Twice { stream } => {
                write!(f, "stream `{stream}` stands twice in the configured catalog")
            }
        }
    }
}

impl Error for CatalogError {}

/// Reads a configured catalog.
///
/// # Errors
/// [`CatalogError`] when it is no JSON or does not say which streams to read.
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

/// Where a JSON error lies, without the text around it, which may hold a secret.
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
