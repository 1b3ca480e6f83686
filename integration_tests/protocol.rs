//! A strict reader of a whole output. It complains about everything that a platform would lose,
//! drop or abort on, and about some things that platforms forgive today. `defects` shows that each
//! complaint is made. `outputs` shows that the connector gives no cause for one. `acceptance`
//! checks spec and catalog against the rules of Airbyte's acceptance tests.

use std::collections::BTreeMap;
use std::fmt;

use jsonschema::Validator;
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use shapes::{Shape, shapes};

pub(crate) mod acceptance;
mod defects;
pub(crate) mod outputs;
mod shapes;

/// Complaints about the output of a run that was not cut off. `catalog` holds the selected streams
/// as `discover` describes them. It is empty for every command but `read`.
pub(crate) fn check_output(output: &[u8], catalog: &[Value]) -> Vec<String> {
    let mut reader = Reader::new(catalog);
    reader.read(output);
    reader.end();
    reader.complaints
}

/// Like [`check_output`], for a run that was cut off: streams need not have ended, but the last
/// line must be whole.
pub(crate) fn check_part(output: &[u8], catalog: &[Value]) -> Vec<String> {
    let mut reader = Reader::new(catalog);
    reader.read(output);
    reader.complaints
}

struct Reader {
    shapes: Vec<Shape>,
    streams: BTreeMap<String, Seen>,
    complaints: Vec<String>,
    line: usize,
}

/// What the reader has seen of one selected stream.
struct Seen {
    schema: Validator,
    primary_key: Vec<Value>,
    phase: Phase,
    rows_since_state: u64,
    last_state: Option<Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Selected,
    Started,
    Running,
    Ended,
}

/// The count of a STATE only, as it is spelled in the line.
#[derive(Deserialize)]
struct StateLine<'l> {
    #[serde(borrow)]
    state: StateBody<'l>,
}

#[derive(Deserialize)]
struct StateBody<'l> {
    #[serde(borrow, rename = "sourceStats")]
    stats: Stats<'l>,
}

#[derive(Deserialize)]
struct Stats<'l> {
    #[serde(borrow, rename = "recordCount")]
    count: &'l RawValue,
}

impl Reader {
    fn new(catalog: &[Value]) -> Self {
        let seen = |stream: &Value| {
            let name = stream["name"].as_str().expect("a selected stream has a name").to_owned();
            let schema = jsonschema::draft7::options().should_validate_formats(true);
            let schema = schema.build(&stream["json_schema"]).expect("a stream's schema is one");
            let key = stream["source_defined_primary_key"].as_array().cloned().unwrap_or_default();
            let phase = Phase::Selected;
            let seen =
                Seen { schema, primary_key: key, phase, rows_since_state: 0, last_state: None };
            (name, seen)
        };
        let streams = catalog.iter().map(seen).collect();
        Self { shapes: shapes(), streams, complaints: Vec::new(), line: 0 }
    }

    fn complain(&mut self, what: impl fmt::Display) {
        self.complaints.push(format!("line {}: {what}", self.line));
    }

    fn read(&mut self, output: &[u8]) {
        for line in output.split_inclusive(|byte| *byte == b'\n') {
            self.line += 1;
            match line.strip_suffix(b"\n") {
                Some(line) => self.read_line(line),
                None => self.complain("does not end in a line feed"),
            }
        }
    }

    fn read_line(&mut self, line: &[u8]) {
        let Ok(text) = std::str::from_utf8(line) else { return self.complain("is not UTF-8") };
        if text.contains(['\u{2028}', '\u{2029}', '\u{85}', '\r']) {
            self.complain("holds a raw line break");
        }
        let message = match serde_json::from_str::<Strict>(text) {
            Ok(Strict(message)) => message,
            Err(error) => return self.complain(format!("is no strict JSON: {error}")),
        };
        let Some(shape) = self.shapes.iter().find(|shape| message["type"] == shape.name) else {
            return self.complain("has no known `type`");
        };
        let wrong: Vec<String> = shape
            .validator
            .iter_errors(&message)
            .map(|error| format!("{} {}: {}", shape.name, error.instance_path(), error.masked()))
            .collect();
        let body = &message[shape.body];
        let is_whole = wrong.is_empty();
        for what in wrong {
            self.complain(what);
        }
        match (&message["type"], is_whole) {
            (_, false) => {}
            (Value::String(kind), true) if kind == "RECORD" => self.record(body),
            (Value::String(kind), true) if kind == "STATE" => self.state(body, text),
            (Value::String(kind), true) if kind == "TRACE" && body["type"] == "STREAM_STATUS" => {
                self.status(&body["stream_status"]);
            }
            (Value::String(kind), true) if kind == "TRACE" && body["type"] == "ESTIMATE" => {
                self.estimate(&body["estimate"]);
            }
            _ => {}
        }
    }

    fn record(&mut self, record: &Value) {
        let name = record["stream"].as_str().unwrap_or_default();
        let data = &record["data"];
        let Some(seen) = self.streams.get_mut(name) else {
            return self.complain(format!("record of `{name}`, which is not selected"));
        };
        seen.rows_since_state += 1;
        let mut wrong = Vec::new();
        if seen.phase != Phase::Running {
            wrong.push(format!("record of `{name}` while it is {:?}", seen.phase));
        }
        for error in seen.schema.iter_errors(data) {
            wrong.push(format!(
                "record of `{name}` against its schema: {} {error}",
                error.instance_path()
            ));
        }
        let is_null = |path: &Value| path[0].as_str().is_none_or(|key| data[key].is_null());
        if seen.primary_key.iter().any(is_null) {
            wrong.push(format!("record of `{name}` without its primary key"));
        }
        for what in wrong {
            self.complain(what);
        }
    }

    fn state(&mut self, state: &Value, text: &str) {
        let name = state["stream"]["stream_descriptor"]["name"].as_str().unwrap_or_default();
        let count = serde_json::from_str::<StateLine<'_>>(text);
        let spelled = count.map(|line| line.state.stats.count.get().to_owned()).unwrap_or_default();
        let Some(seen) = self.streams.get_mut(name) else {
            return self.complain(format!("state of `{name}`, which is not selected"));
        };
        let rows = std::mem::take(&mut seen.rows_since_state);
        let saved = &state["stream"]["stream_state"];
        let is_repeated = seen.last_state.replace(saved.clone()).as_ref() == Some(saved);
        let phase = seen.phase;
        if matches!(phase, Phase::Selected | Phase::Ended) {
            self.complain(format!("state of `{name}` while it is {phase:?}"));
        }
        if spelled != format!("{rows}.0") {
            self.complain(format!("recordCount of `{name}` is {spelled} after {rows}.0 records"));
        }
        if is_repeated && rows > 0 {
            self.complain(format!("state of `{name}` did not move though records lie between"));
        }
    }

    /// An estimate must be about a stream that has started and not ended. A platform cannot use any
    /// other.
    fn estimate(&mut self, estimate: &Value) {
        let name = estimate["name"].as_str().unwrap_or_default();
        match self.streams.get(name).map(|seen| seen.phase) {
            Some(Phase::Started | Phase::Running) => {}
            Some(phase) => self.complain(format!("estimate of `{name}` while it is {phase:?}")),
            None => self.complain(format!("estimate of `{name}`, which is not selected")),
        }
    }

    fn status(&mut self, told: &Value) {
        let name = told["stream_descriptor"]["name"].as_str().unwrap_or_default();
        let status = told["status"].as_str().unwrap_or_default();
        let Some(seen) = self.streams.get_mut(name) else {
            // A stream that does not exist has no life, only this end.
            if status != "INCOMPLETE" {
                self.complain(format!("{status} of `{name}`, which is not selected"));
            }
            return;
        };
        let before = seen.phase;
        let after = match (before, status) {
            (Phase::Selected, "STARTED") => Phase::Started,
            (Phase::Started | Phase::Running, "RUNNING") => Phase::Running,
            (Phase::Running, "COMPLETE" | "INCOMPLETE") => Phase::Ended,
            _ => return self.complain(format!("{status} of `{name}` while it is {before:?}")),
        };
        seen.phase = after;
    }

    /// Makes the complaints that are possible only when the whole output was read.
    fn end(&mut self) {
        if self.line == 0 {
            self.complaints.push("there is no output".to_owned());
        }
        for (name, seen) in &self.streams {
            if seen.phase != Phase::Ended {
                self.complaints.push(format!("`{name}` never ended: it is {:?}", seen.phase));
            }
            if seen.last_state.is_none() {
                self.complaints.push(format!("`{name}` has no state"));
            }
            if seen.rows_since_state > 0 {
                self.complaints.push(format!("`{name}` has records after its last state"));
            }
        }
    }
}

/// A JSON value that refuses an object with the same key twice.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Strict;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Strict, E> {
        Ok(Strict(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Strict, A::Error> {
        let mut items = Vec::new();
        while let Some(Strict(item)) = seq.next_element()? {
            items.push(item);
        }
        Ok(Strict(Value::Array(items)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Strict, A::Error> {
        let mut object = serde_json::Map::new();
        while let Some((key, Strict(value))) = map.next_entry::<String, Strict>()? {
            if object.insert(key.clone(), value).is_some() {
                return Err(A::Error::custom(format!("duplicate key `{key}`")));
            }
        }
        Ok(Strict(Value::Object(object)))
    }
}
