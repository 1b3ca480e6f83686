//! The JSON files in the repository. The schemas agree with the samples from Zendesk's
//! documentation. The files that connector folders contain are usable.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use simulator::Simulator;

use crate::expected::listing;
use crate::harness::{Connector, FULL, INCREMENTAL, simulator};
use crate::program::{run, unscaled};
use crate::protocol::acceptance::forbidden;
use crate::protocol::check_output;
use crate::protocol::outputs::with_mode;

const KEYWORDS: &[&str] = &["$ref", "allOf", "anyOf", "oneOf", "not", "required"];

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn json_file(path: &Path) -> Value {
    serde_json::from_str(&text(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files of a folder with this extension, by name.
fn files(folder: &str, ending: &str) -> Vec<(String, PathBuf)> {
    let folder = std::fs::read_dir(root().join(folder)).expect("the folder is there");
    let paths = folder.map(|entry| entry.expect("an entry").path());
    let mut files: Vec<(String, PathBuf)> = paths
        .filter(|path| path.extension().is_some_and(|found| found == ending))
        .map(|path| (path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), path))
        .collect();
    files.sort();
    files
}

/// Fails if a generated file under `integration_tests` is not up to date. With `UPDATE_GENERATED=1`
/// it rewrites the file instead.
pub(crate) fn check_generated(path: &Path, value: &Value) {
    check_generated_text(path, &format!("{value:#}\n"));
}

/// Like [`check_generated`], for a file that is not one JSON value.
pub(crate) fn check_generated_text(path: &Path, wanted: &str) {
    let path = root().join("integration_tests").join(path);
    if std::env::var_os("UPDATE_GENERATED").is_some_and(|value| value == "1") {
        // Another test may be reading the file: it changes whole or not at all.
        let fresh = path.with_extension(format!("{:?}.fresh", std::thread::current().id()));
        std::fs::write(&fresh, wanted).expect("the file is written");
        std::fs::rename(&fresh, &path).expect("the file is replaced");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == wanted,
        "{} is stale: look at the change and run UPDATE_GENERATED=1 cargo test",
        path.display()
    );
}

#[test]
fn every_sample_is_valid_by_its_schema() {
    let mut found = Vec::new();
    for (name, path) in files("integration_tests/samples", "jsonl") {
        let schema = json_file(&root().join("schemas").join(format!("{name}.json")));
        let validator = jsonschema::draft7::new(&schema).expect("the schema is one");
        for (line, sample) in text(&path).lines().enumerate() {
            let sample = serde_json::from_str(sample).expect("a sample is JSON");
            let errors = validator.iter_errors(&sample);
            found
                .extend(errors.map(|error| {
                    format!("{name}:{}: {} {error}", line + 1, error.instance_path())
                }));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_schema_is_an_open_object_that_destinations_understand() {
    let mut found = Vec::new();
    for (name, path) in files("schemas", "json") {
        let schema = json_file(&path);
        if let Err(error) = jsonschema::draft7::meta::validate(&schema) {
            found.push(format!("{name}: {error}"));
        }
        if schema["type"] != "object" || schema["additionalProperties"] != true {
            found.push(format!("{name}: is no open object"));
        }
        if schema["$schema"] != "http://json-schema.org/draft-07/schema#" {
            found.push(format!("{name}: does not say that it is draft-07"));
        }
        found
            .extend(forbidden(&schema, KEYWORDS).into_iter().map(|what| format!("{name}: {what}")));
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// Runs a command with files of this folder.
fn run_with(
    connector: &Connector<'_>,
    command: &str,
    files: &[(&str, &str)],
) -> crate::program::Ended {
    let is_check = command == "check";
    let mut command = connector.command(command);
    if is_check {
        unscaled(&mut command);
    }
    for (option, file) in files {
        command.arg(option).arg(root().join("integration_tests").join(file));
    }
    run(command)
}

#[test]
fn the_sample_config_signs_in_and_the_invalid_one_does_not() {
    let sim = simulator(1);
    let connector = Connector::new(&sim);
    for (file, status) in [("sample_config.json", "SUCCEEDED"), ("invalid_config.json", "FAILED")] {
        let ended = run_with(&connector, "check", &[("--config", file)]);
        assert_eq!(check_output(&ended.stdout, &[]), Vec::<String>::new());
        let messages = ended.messages();
        let told =
            messages.iter().find_map(|message| message["connectionStatus"]["status"].as_str());
        assert_eq!((ended.code, told), (Some(0), Some(status)), "{file}");
    }
    assert!(
        !sim.requests().is_empty(),
        "the invalid config was refused by the account, not by its form"
    );
}

/// The configured catalogs are made from the output of `discover`, so no stream is forgotten.
#[test]
fn the_configured_catalogs_select_every_stream_and_can_be_read() {
    let sim = simulator(1);
    let connector = Connector::new(&sim);
    sim.advance_seconds(70);
    let all = connector.discover();
    for (file, mode) in
        [("configured_catalog.json", FULL), ("incremental_configured_catalog.json", INCREMENTAL)]
    {
        let streams = selected(&all, file, mode);
        let files = [("--config", "sample_config.json"), ("--catalog", file)];
        if mode == FULL {
            let records: String = streams.iter().map(|stream| first_record(&sim, stream)).collect();
            check_generated_text(Path::new("expected_records.jsonl"), &records);
        }
        let ended = run_with(&connector, "read", &files);
        assert_eq!(check_output(&ended.stdout, &streams), Vec::<String>::new(), "{file}");
        assert_eq!(ended.code, Some(0), "{file}");
        for stream in &streams {
            let name = stream["name"].as_str().unwrap_or_default();
            let messages = ended.messages();
            let mut streams = messages.iter().map(|message| &message["record"]["stream"]);
            assert!(streams.any(|stream| stream == name), "{name} has records");
        }
    }
}

/// A row of a stream in the account, as a line of `expected_records.jsonl`.
fn first_record(sim: &Simulator, stream: &Value) -> String {
    let name = stream["name"].as_str().unwrap_or_default();
    let row = listing(sim, name).into_values().next().expect("each stream has a row");
    format!("{}\n", json!({ "stream": name, "data": row, "emitted_at": 0 }))
}

/// The streams that support a sync mode. Fails unless the configured catalog in this file selects
/// exactly these.
fn selected(all: &[Value], file: &str, mode: &str) -> Vec<Value> {
    let streams = with_mode(all, mode);
    let entries: Vec<Value> = streams.iter().map(|stream| configured(stream, mode)).collect();
    check_generated(Path::new(file), &json!({ "streams": entries }));
    streams
}

pub(crate) fn configured(stream: &Value, mode: &str) -> Value {
    let mut stream = stream.clone();
    stream["json_schema"] = json!({});
    let mut entry =
        json!({ "stream": stream, "sync_mode": mode, "destination_sync_mode": "append" });
    if mode == INCREMENTAL {
        entry["cursor_field"] = stream["default_cursor_field"].clone();
    }
    entry
}

/// A state of a stream whose cursor is in the year 2222.
fn of_the_year_2222(stream: &Value) -> Value {
    let cursor = stream["default_cursor_field"][0].as_str().expect("an incremental stream");
    let types = &stream["json_schema"]["properties"][cursor]["type"];
    let is_number = types.as_array().is_some_and(|types| types.contains(&json!("integer")));
    let cursor_value = if is_number { "7952342400" } else { "2222-01-01T00:00:00Z" };
    json!({ "type": "STREAM", "stream": {
        "stream_descriptor": { "name": stream["name"] },
        "stream_state": { cursor: cursor_value },
    }})
}

#[test]
fn a_state_of_the_year_2222_gives_no_record_and_is_told_and_left() {
    let sim = simulator(1);
    let connector = Connector::new(&sim);
    sim.advance_seconds(70);
    let catalog = "incremental_configured_catalog.json";
    let streams = selected(&connector.discover(), catalog, INCREMENTAL);
    let saved: Value = streams.iter().map(of_the_year_2222).collect();
    check_generated(Path::new("abnormal_state.json"), &saved);
    let saved = |name: &str| {
        let elements = saved.as_array().expect("the state is a list").iter();
        let mut of_stream = elements.map(|element| &element["stream"]);
        let found = of_stream.find(|element| element["stream_descriptor"]["name"] == name);
        found.map(|element| element["stream_state"].clone())
    };
    let files = [
        ("--config", "sample_config.json"),
        ("--catalog", catalog),
        ("--state", "abnormal_state.json"),
    ];
    let ended = run_with(&connector, "read", &files);
    assert_eq!(check_output(&ended.stdout, &streams), Vec::<String>::new());
    assert_eq!(ended.code, Some(0));
    let mut found = Vec::new();
    let messages = ended.messages();
    for stream in &streams {
        let name = stream["name"].as_str().unwrap_or_default();
        let records = messages.iter().filter(|message| message["record"]["stream"] == name).count();
        if records > 0 {
            found.push(format!("{name}: {records} records"));
        }
        let states = messages.iter().map(|message| &message["state"]["stream"]);
        let mut states = states.filter(|state| state["stream_descriptor"]["name"] == name);
        let last = states.next_back().map(|state| state["stream_state"].clone());
        if last.is_none() || last == saved(name) {
            found.push(format!("{name}: {:?} came back for {:?}", last, saved(name)));
        }
        let is_told = |message: &&Value| {
            message["log"]["level"] == "WARN"
                && message["log"]["message"]
                    .as_str()
                    .is_some_and(|told| told.starts_with(&format!("{name}: the saved time (2222-")))
        };
        if messages.iter().filter(is_told).count() != 1 {
            found.push(format!("{name}: nothing is said of the future"));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}
