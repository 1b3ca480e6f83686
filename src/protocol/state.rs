//! The saved state as platforms hand it in: per stream, GLOBAL, or a legacy object. What a
//! stream's own state means is not decided here.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

use super::catalog::place;

/// The key under which a stream's state holds the positions of other brands' help centers, by the
/// brands' ids.
pub const BRANDS: &str = "brands";

/// The saved states by stream name. An empty or null state is as good as none.
#[derive(Debug, Default, PartialEq)]
pub struct SavedStates {
    by_stream: BTreeMap<String, Map<String, Value>>,
    /// Elements that were there but could not be understood.
    pub ignored: Vec<String>,
}

/// Why a state file cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub enum StateError {
    NotJson(String),
    NotAList,
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson(why) => write!(f, "the state is not valid JSON ({why})"),
            Self::NotAList => write!(f, "the state is neither a list of states nor an object"),
        }
    }
}

impl SavedStates {
    /// Reads a state file: a list of AirbyteStateMessage, one such message, or a legacy object
    /// from stream name to state.
    ///
    /// # Errors
    /// [`StateError`] when it is no JSON or neither list nor object.
    pub fn parse(text: &[u8]) -> Result<Self, StateError> {
        let mut states = Self::default();
        if text.iter().all(u8::is_ascii_whitespace) {
            return Ok(states);
        }
        let value: Value =
            serde_json::from_slice(text).map_err(|error| StateError::NotJson(place(&error)))?;
        match value {
            Value::Null => {}
            Value::Array(elements) => {
                for (index, element) in elements.into_iter().enumerate() {
                    states.take(index, element);
                }
            }
            Value::Object(object) if is_message(&object) => states.take(0, Value::Object(object)),
            Value::Object(object) => states.take_legacy(object),
            _ => return Err(StateError::NotAList),
        }
        Ok(states)
    }

    /// The state of one stream, or none when there is nothing to resume from.
    #[must_use]
    pub fn get(&self, stream: &str) -> Option<&Map<String, Value>> {
        self.by_stream.get(stream)
    }

    fn take(&mut self, index: usize, element: Value) {
        let Value::Object(mut element) = element else {
            self.ignored.push(format!("element {index} is not an object"));
            return;
        };
        // Airbyte's platform wraps nothing, but files made by hand often keep the whole message.
        if element.get("type").and_then(Value::as_str) == Some("STATE")
            && let Some(inner) = element.remove("state")
        {
            return self.take(index, inner);
        }
        if let Some(Value::Object(mut stream)) = element.remove("stream") {
            self.take_stream(&mut stream);
        } else if let Some(global) = ["global", "global_"]
            .into_iter()
            .find_map(|key| element.remove(key).filter(Value::is_object))
        {
            let streams = global.get("stream_states").and_then(Value::as_array).cloned();
            for stream in streams.unwrap_or_default() {
                if let Value::Object(mut stream) = stream {
                    self.take_stream(&mut stream);
                }
            }
        } else if let Some(Value::Object(data)) = element.remove("data") {
            self.take_legacy(data);
        } else {
            self.ignored.push(format!("element {index} is of no known type"));
        }
    }

    fn take_stream(&mut self, stream: &mut Map<String, Value>) {
        let name = stream
            .get("stream_descriptor")
            .and_then(|descriptor| descriptor.get("name"))
            .and_then(Value::as_str)
            .map(str::to_owned);
        match (name, stream.remove("stream_state")) {
            (Some(name), Some(Value::Object(state))) if !state.is_empty() => {
                self.by_stream.insert(name, state);
            }
            (Some(_), _) => {}
            (None, _) => self.ignored.push("a stream state without a stream's name".to_owned()),
        }
    }

    fn take_legacy(&mut self, object: Map<String, Value>) {
        for (name, state) in object {
            match state {
                Value::Object(state) if !state.is_empty() => {
                    self.by_stream.insert(name, state);
                }
                Value::Object(_) | Value::Null => {}
                _ => self.ignored.push(format!("the legacy state of `{name}` is not an object")),
            }
        }
    }
}

fn is_message(object: &Map<String, Value>) -> bool {
    ["stream", "global", "global_", "data"].iter().any(|key| object.contains_key(*key))
        || matches!(
            object.get("type").and_then(Value::as_str),
            Some("STREAM" | "GLOBAL" | "LEGACY" | "STATE")
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(text: &str, stream: &str) -> Option<String> {
        let states = SavedStates::parse(text.as_bytes()).unwrap();
        states.get(stream).map(|state| Value::Object(state.clone()).to_string())
    }

    #[test]
    fn every_envelope_gives_the_same_state() {
        let expected = Some(r#"{"updated_at":"1"}"#.to_owned());
        for text in [
            r#"[{"type":"STREAM","stream":{"stream_descriptor":{"name":"a","namespace":null},"stream_state":{"updated_at":"1"}},"global_":null,"data":null,"global_":null,"id":7}]"#,
            r#"{"type":"STREAM","stream":{"stream_descriptor":{"name":"a"},"stream_state":{"updated_at":"1"}}}"#,
            r#"[{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"a"},"stream_state":{"updated_at":"1"}}}}]"#,
            r#"[{"type":"GLOBAL","global":{"shared_state":{},"stream_states":[{"stream_descriptor":{"name":"a"},"stream_state":{"updated_at":"1"}}]}}]"#,
            r#"[{"type":"LEGACY","data":{"a":{"updated_at":"1"}}}]"#,
            r#"{"a":{"updated_at":"1"},"b":null}"#,
        ] {
            assert_eq!(get(text, "a"), expected, "{text}");
        }
    }

    #[test]
    fn nothing_saved_in_any_spelling_is_no_state() {
        for text in [
            "",
            " \n",
            "[]",
            "{}",
            "null",
            r#"[{"type":"STREAM","stream":{"stream_descriptor":{"name":"a"},"stream_state":null}}]"#,
            r#"[{"type":"STREAM","stream":{"stream_descriptor":{"name":"a"},"stream_state":{}}}]"#,
        ] {
            assert_eq!(get(text, "a"), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_state_is_refused_or_counted() {
        assert!(SavedStates::parse(b"[{").is_err());
        assert_eq!(SavedStates::parse(b"3"), Err(StateError::NotAList));
        assert_eq!(SavedStates::parse(b"[3, {\"type\":\"?\"}]").unwrap().ignored.len(), 2);
    }
}
