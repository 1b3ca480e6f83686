//! The configured catalog for a destination: what to do with the rows of each stream. Reading is as
//! tolerant as the source's.
//!
//! Source: Airbyte Protocol, `ConfiguredAirbyteCatalog`.

use std::fmt;

use serde_json::Value;

use crate::catalog::{CatalogError, place};

/// A stream's name and namespace. A missing namespace equals a null one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Descriptor {
    pub namespace: Option<String>,
    pub name: String,
}

impl Descriptor {
    /// Reads `{"name", "namespace"}`. `None` if there is no name.
    #[must_use]
    pub fn of(value: &Value) -> Option<Self> {
        let name = value.get("name")?.as_str()?.to_owned();
        let namespace = value.get("namespace").and_then(Value::as_str).map(str::to_owned);
        Some(Self { namespace, name })
    }
}

impl fmt::Display for Descriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{namespace}.{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// What the catalog says to do with the rows of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DestinationSyncMode {
    Append,
    AppendDedup,
    Overwrite,
    OverwriteDedup,
    Update,
    SoftDelete,
}

impl DestinationSyncMode {
    /// The mode's name in the protocol.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Append => "append",
            Self::AppendDedup => "append_dedup",
            Self::Overwrite => "overwrite",
            Self::OverwriteDedup => "overwrite_dedup",
            Self::Update => "update",
            Self::SoftDelete => "soft_delete",
        }
    }

    fn of(name: &str) -> Option<Self> {
        let all = [
            Self::Append,
            Self::AppendDedup,
            Self::Overwrite,
            Self::OverwriteDedup,
            Self::Update,
            Self::SoftDelete,
        ];
        all.into_iter().find(|mode| mode.name() == name)
    }
}

/// One stream of the catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfiguredStream {
    pub descriptor: Descriptor,
    pub mode: DestinationSyncMode,
    /// Whether the source reads the whole stream each time.
    pub is_full_refresh: bool,
    /// Whether a later attempt of the same job goes on where an earlier one stopped, and sends only
    /// the rest.
    pub is_resumable: bool,
    /// Where the stream's rows go, in a catalog for data activation.
    pub object_name: Option<String>,
    /// The fields of the primary key, in the names of the destination.
    pub primary_key: Vec<Vec<String>>,
    /// The names of the stream's columns, from its schema.
    pub columns: Vec<String>,
}

/// Reads a configured catalog.
///
/// # Errors
/// [`CatalogError`] when the text is not JSON, or does not say what to do with a stream.
pub fn parse(text: &[u8]) -> Result<Vec<ConfiguredStream>, CatalogError> {
    // Through a value, not a struct: a struct would refuse duplicate keys.
    let catalog: Value =
        serde_json::from_slice(text).map_err(|error| CatalogError::NotJson(place(&error)))?;
    let entries =
        catalog.get("streams").and_then(Value::as_array).ok_or(CatalogError::NoStreams)?;
    let mut streams: Vec<ConfiguredStream> = Vec::with_capacity(entries.len());
    for (index, entry) in entries.iter().enumerate() {
        let descriptor = entry.get("stream").and_then(Descriptor::of);
        let descriptor = descriptor.ok_or(CatalogError::NoName { index })?;
        let mode = match entry.get("destination_sync_mode") {
            // A platform that says nothing means the oldest mode.
            None | Some(Value::Null) => DestinationSyncMode::Append,
            Some(mode) => mode.as_str().and_then(DestinationSyncMode::of).ok_or_else(|| {
                CatalogError::UnknownDestinationMode {
                    stream: descriptor.name.clone(),
                    mode: mode.to_string(),
                }
            })?,
        };
        if streams.iter().any(|earlier| earlier.descriptor == descriptor) {
            return Err(CatalogError::Twice { stream: descriptor.to_string() });
        }
        let is_resumable = entry.get("stream").and_then(|stream| stream.get("is_resumable"));
        let schema = entry.get("stream").and_then(|stream| stream.get("json_schema"));
        let properties = schema.and_then(|schema| schema.get("properties")?.as_object());
        let columns = properties.into_iter().flat_map(|properties| properties.keys().cloned());
        streams.push(ConfiguredStream {
            descriptor,
            mode,
            is_full_refresh: entry.get("sync_mode").and_then(Value::as_str) == Some("full_refresh"),
            is_resumable: is_resumable.and_then(Value::as_bool).unwrap_or_default(),
            object_name: entry
                .get("destination_object_name")
                .and_then(Value::as_str)
                .map(str::to_owned),
            primary_key: primary_key(entry),
            columns: columns.collect(),
        });
    }
    Ok(streams)
}

fn primary_key(entry: &Value) -> Vec<Vec<String>> {
    let paths = entry.get("primary_key").and_then(Value::as_array);
    let texts = |path: &Value| match path {
        Value::String(name) => vec![name.clone()],
        Value::Array(names) => {
            names.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect()
        }
        _ => Vec::new(),
    };
    paths.into_iter().flatten().map(texts).filter(|path| !path.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_catalog_of_activation_and_a_plain_one_are_read() {
        let text = br#"{"streams":[
            {"stream":{"name":"dim","namespace":"a","is_resumable":true,"json_schema":{"properties":{"x":{},"y":{}}}},
             "sync_mode":"full_refresh","destination_sync_mode":"append_dedup","destination_object_name":"users",
             "primary_key":[["external_id"]],"generation_id":3},
            {"stream":{"name":"users","namespace":null},"destination_sync_mode":null,"primary_key":null}]}"#;
        let streams = parse(text).unwrap();
        assert_eq!(streams[0].descriptor.to_string(), "a.dim");
        assert_eq!(streams[0].object_name.as_deref(), Some("users"));
        assert_eq!((streams[0].mode.name(), streams[1].mode.name()), ("append_dedup", "append"));
        assert_eq!(streams[0].primary_key, [["external_id"]]);
        assert_eq!(streams[0].columns, ["x", "y"]);
        assert_eq!((streams[1].descriptor.namespace.clone(), streams[1].columns.len()), (None, 0));
        assert!(streams[0].is_full_refresh && streams[0].is_resumable);
        assert!(!streams[1].is_full_refresh && !streams[1].is_resumable);
    }

    #[test]
    fn every_refusal_names_its_culprit() {
        for (text, culprit) in [
            ("{", "line 1 column 1"),
            ("{}", "`streams`"),
            (r#"{"streams":[{"stream":{}}]}"#, "entry 0"),
            (
                r#"{"streams":[{"stream":{"name":"a"},"destination_sync_mode":"merge"}]}"#,
                "use append, append_dedup",
            ),
            (r#"{"streams":[{"stream":{"name":"a"}},{"stream":{"name":"a"}}]}"#, "`a`"),
        ] {
            let error = parse(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(culprit), "{error}");
        }
    }
}
