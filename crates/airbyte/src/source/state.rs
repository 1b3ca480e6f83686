//! Reads the saved state as platforms pass it in. It may be per stream, GLOBAL or a legacy object,
//! bare or in a wrapper, in the spelling of the protocol or of Airbyte's API. This module does not
//! interpret a stream's own state.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;

use serde_json::{Map, Value};

use crate::catalog::place;

/// The key in a stream's state that holds the positions of other brands' help centers, by brand id.
pub const BRANDS: &str = "brands";

/// The saved states by stream name. An empty or null state counts as none.
#[derive(Debug, Default, PartialEq)]
pub struct SavedStates {
    by_stream: BTreeMap<String, Map<String, Value>>,
    /// Descriptions of elements that could not be understood.
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

impl Error for StateError {}

impl SavedStates {
    /// Reads a state file. It may be a list of AirbyteStateMessage, one such message or its
    /// contents, a legacy object from stream name to state, or an object that wraps one of these.
    ///
    /// # Errors
    /// [`StateError`] when the text is not JSON, or is neither a list nor an object.
    pub fn parse(text: &[u8]) -> Result<Self, StateError> {
        let mut states = Self::default();
        if text.iter().all(u8::is_ascii_whitespace) {
            return Ok(states);
        }
        let value: Value =
            serde_json::from_slice(text).map_err(|error| StateError::NotJson(place(&error)))?;
        match value {
            Value::Null => {}
            Value::Array(_) | Value::Object(_) => states.take_whole(value, 0),
            _ => return Err(StateError::NotAList),
        }
        Ok(states)
    }

    /// Whether there is no state, and no element that could not be understood.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_stream.is_empty() && self.ignored.is_empty()
    }

    /// The names of the streams that have a state.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_stream.keys().map(String::as_str)
    }

    /// Takes the contents of a file, or of a wrapper in it.
    fn take_whole(&mut self, value: Value, depth: usize) {
        match value {
            Value::Array(elements) => {
                for (index, element) in elements.into_iter().enumerate() {
                    self.take(index, element);
                }
            }
            Value::Object(object) if is_message(&object) => self.take(0, Value::Object(object)),
            Value::Object(mut object) => {
                let wrapped = WRAPPERS.iter().find_map(|key| {
                    let inner = object.get(*key)?;
                    let is_one = inner.is_array() || inner.as_object().is_some_and(is_message);
                    is_one.then(|| object.remove(*key)).flatten()
                });
                match wrapped.filter(|_| depth < DEEPEST_WRAPPER) {
                    Some(inner) => self.take_whole(inner, depth + 1),
                    None => self.take_legacy(object),
                }
            }
            _ => {}
        }
    }

    /// The state of one stream. `None` when there is nothing to resume from.
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
        let first = |element: &mut Map<String, Value>, keys: &[&str]| {
            let found = keys.iter().find(|key| element.get(**key).is_some_and(|it| !it.is_null()));
            found.and_then(|key| element.remove(*key))
        };
        if is_bare(&element) {
            self.take_stream(&mut element);
        } else if let Some(streams) = first(&mut element, STREAMS) {
            self.take_streams(streams);
        } else if let Some(global) = first(&mut element, GLOBALS) {
            let global = global.as_object().cloned();
            let streams = global.and_then(|mut global| first(&mut global, STATES_OF_STREAMS));
            match streams {
                Some(streams) => self.take_streams(streams),
                None => self.ignored.push("a global state without stream states".to_owned()),
            }
        } else if let Some(data) = first(&mut element, LEGACIES) {
            match data {
                Value::Object(data) => self.take_legacy(data),
                other => self.ignored.push(format!("the legacy state is {}", kind(&other))),
            }
        } else if WRAPPERS.iter().any(|key| element.contains_key(*key)) {
            self.take_whole(Value::Object(element), DEEPEST_WRAPPER - 1);
        } else if !element.is_empty() {
            self.ignored.push(format!("element {index} has an unknown type"));
        }
    }

    /// Takes one state of a stream, or several.
    fn take_streams(&mut self, streams: Value) {
        match streams {
            Value::Object(mut stream) => self.take_stream(&mut stream),
            Value::Array(streams) => streams.into_iter().for_each(|one| self.take_streams(one)),
            Value::Null => {}
            other => self.ignored.push(format!("a stream's state is {}", kind(&other))),
        }
    }

    fn take_stream(&mut self, stream: &mut Map<String, Value>) {
        let named = |key: &&str| Some(stream.get(*key)?.get("name")?.as_str()?.to_owned());
        let Some(name) = DESCRIPTORS.iter().find_map(named) else {
            self.ignored.push("a stream state without a stream's name".to_owned());
            return;
        };
        let state = STREAM_STATES.iter().find_map(|key| stream.remove(*key)).unwrap_or_default();
        self.take_state(name, state);
    }

    fn take_state(&mut self, name: String, state: Value) {
        match state {
            Value::Object(state) if !state.is_empty() => {
                self.by_stream.insert(name, state);
            }
            state if is_nothing(&state) => {}
            state => self.ignored.push(format!(
                "the state of `{name}` is {}, not an object, so the stream is read from the \
                 beginning",
                kind(&state)
            )),
        }
    }

    fn take_legacy(&mut self, object: Map<String, Value>) {
        for (name, state) in object {
            self.take_state(name, state);
        }
    }
}

/// Keys of objects that contain nothing but a state.
const WRAPPERS: &[&str] = &["airbyte_state", "airbyteState", "state", "states", "streams"];

/// How deep wrappers may be nested. Deeper ones are not opened.
const DEEPEST_WRAPPER: usize = 4;

/// The spellings of the protocol and of Airbyte's API (`ConnectionState`).
const STREAMS: &[&str] = &["stream", "streamState"];
const GLOBALS: &[&str] = &["global", "global_", "globalState"];
const STATES_OF_STREAMS: &[&str] = &["stream_states", "streamStates"];
const LEGACIES: &[&str] = &["data", "state"];
const DESCRIPTORS: &[&str] = &["stream_descriptor", "streamDescriptor"];
const STREAM_STATES: &[&str] = &["stream_state", "streamState"];

/// Whether this is a stream's state without the message around it.
fn is_bare(object: &Map<String, Value>) -> bool {
    DESCRIPTORS.iter().any(|key| object.contains_key(*key))
}

fn is_message(object: &Map<String, Value>) -> bool {
    let keys = [STREAMS, GLOBALS, &["data"], DESCRIPTORS].concat();
    let kind = ["type", "stateType"].iter().find_map(|key| object.get(*key)?.as_str());
    keys.iter().any(|key| object.contains_key(*key))
        || kind.is_some_and(|kind| {
            ["STREAM", "GLOBAL", "LEGACY", "STATE"]
                .iter()
                .any(|known| kind.eq_ignore_ascii_case(known))
        })
}

/// Whether a value is empty: null, a blank text, or a list or object without contents.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

/// The kind of a value, in words for a person.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
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
            r#"{"stream_descriptor":{"name":"a"},"stream_state":{"updated_at":"1"}}"#,
            r#"[{"stream_descriptor":{"name":"a","namespace":null},"stream_state":{"updated_at":"1"}}]"#,
            r#"{"airbyte_state":[{"type":"STREAM","stream":{"stream_descriptor":{"name":"a"},"stream_state":{"updated_at":"1"}}}]}"#,
            r#"{"airbyte_state":[{"stream_descriptor":{"name":"a"},"stream_state":{"updated_at":"1"}}]}"#,
            r#"{"airbyte_state":{"type":"LEGACY","data":{"a":{"updated_at":"1"}}}}"#,
            r#"{"state":{"data":{"a":{"updated_at":"1"}}}}"#,
            r#"{"state":[{"type":"GLOBAL","global":{"stream_states":[{"stream_descriptor":{"name":"a"},"stream_state":{"updated_at":"1"}}]}}]}"#,
            r#"{"stateType":"stream","connectionId":"c","streamState":[{"streamDescriptor":{"name":"a"},"streamState":{"updated_at":"1"}}]}"#,
            r#"{"stateType":"global","globalState":{"sharedState":{},"streamStates":[{"streamDescriptor":{"name":"a"},"streamState":{"updated_at":"1"}}]}}"#,
            r#"{"stateType":"legacy","state":{"a":{"updated_at":"1"}}}"#,
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

    #[test]
    fn a_state_that_is_no_object_is_reported_with_its_stream() {
        for state in ["[{\"updated_at\":\"1\"}]", "7", "\"1700000000\"", "true"] {
            for text in [
                format!(
                    r#"[{{"type":"STREAM","stream":{{"stream_descriptor":{{"name":"a"}},"stream_state":{state}}}}}]"#
                ),
                format!(r#"{{"stream_descriptor":{{"name":"a"}},"stream_state":{state}}}"#),
                format!(r#"{{"a":{state}}}"#),
            ] {
                let states = SavedStates::parse(text.as_bytes()).unwrap();
                assert_eq!(states.ignored.len(), 1, "{text}");
                assert!(states.ignored[0].contains("`a`"), "{:?}", states.ignored);
            }
        }
        for state in ["null", "[]", "{}", "\"\""] {
            let text = format!(r#"{{"stream_descriptor":{{"name":"a"}},"stream_state":{state}}}"#);
            assert_eq!(SavedStates::parse(text.as_bytes()).unwrap(), SavedStates::default());
        }
    }
}
