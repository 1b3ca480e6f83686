//! TestConnection, TestDiscovery and TestConnectorAttributes: what can be asked without reading.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::harness::{Connector, simulator};
use crate::program::{run, unscaled};
use crate::protocol::acceptance::{forbidden, is_property_map, walk};
use crate::protocol::check_output;
use crate::samples::{check_generated, root, text};

fn discovered() -> Vec<Value> {
    let sim = simulator(1);
    Connector::new(&sim).discover()
}

fn name(stream: &Value) -> &str {
    stream["name"].as_str().expect("a stream has a name")
}

/// Complaints about the schema of any stream.
fn uses(keywords: &[&str]) -> Vec<String> {
    let of_stream = |stream: &Value| {
        let found = forbidden(&stream["json_schema"], keywords);
        found.into_iter().map(|what| format!("{}: {what}", name(stream))).collect::<Vec<_>>()
    };
    discovered().iter().flat_map(of_stream).collect()
}

/// The schema of the field at a path of keys.
fn field<'s>(stream: &'s Value, path: &Value) -> Option<&'s Value> {
    let mut schema = &stream["json_schema"];
    for key in path.as_array()? {
        schema = schema["properties"].get(key.as_str()?)?;
    }
    Some(schema)
}

#[test]
fn test_check() {
    let sim = simulator(1);
    let connector = Connector::new(&sim);
    for (file, wanted) in [("sample_config.json", "SUCCEEDED"), ("invalid_config.json", "FAILED")] {
        let mut command = connector.command("check");
        unscaled(&mut command);
        command.arg("--config").arg(root().join("integration_tests").join(file));
        let messages = run(command).messages();
        let told: Vec<&Value> = messages
            .iter()
            .filter(|message| message["type"] == "CONNECTION_STATUS")
            .map(|message| &message["connectionStatus"]["status"])
            .collect();
        assert_eq!(told, [wanted], "{file}");
    }
}

/// Where an outcome is an exception: a configuration that is no JSON.
#[test]
fn test_check_exception() {
    let sim = simulator(1);
    let connector = Connector::new(&sim);
    let mut command = connector.command("discover");
    command.arg("--config").arg(root().join("Dockerfile"));
    let ended = run(command);
    assert_eq!(check_output(&ended.stdout, &[]), Vec::<String>::new());
    assert_ne!(ended.code, Some(0));
    assert!(!ended.errors().is_empty());
}

#[test]
fn test_discover() {
    // `discover` fails unless there is exactly what the protocol wants.
    let streams = discovered();
    let names: BTreeSet<&str> = streams.iter().map(name).collect();
    assert!(!names.is_empty() && names.len() == streams.len(), "{names:?}");
}

#[test]
fn test_defined_cursors_exist_in_schema() {
    for stream in discovered() {
        let cursor = &stream["default_cursor_field"];
        assert!(
            cursor.is_null() || field(&stream, cursor).is_some(),
            "{}: {cursor}",
            name(&stream)
        );
    }
}

#[test]
fn test_defined_refs_exist_in_schema() {
    assert_eq!(uses(&["$ref"]), Vec::<String>::new());
}

#[test]
fn test_defined_keyword_exist_in_schema() {
    assert_eq!(uses(&["allOf", "not"]), Vec::<String>::new());
}

#[test]
fn test_primary_keys_exist_in_schema() {
    for stream in discovered() {
        for key in stream["source_defined_primary_key"].as_array().into_iter().flatten() {
            assert!(field(&stream, key).is_some(), "{}: {key}", name(&stream));
        }
    }
}

#[test]
fn test_streams_has_sync_modes() {
    for stream in discovered() {
        let modes = stream["supported_sync_modes"].as_array();
        assert!(modes.is_some_and(|modes| !modes.is_empty()), "{}", name(&stream));
    }
}

#[test]
fn test_additional_properties_is_true() {
    assert_eq!(uses(&[]), Vec::<String>::new());
}

#[test]
fn test_backward_compatibility() {
    let mut streams = discovered();
    for stream in &mut streams {
        stream.as_object_mut().expect("a stream is an object").remove("json_schema");
    }
    let wanted = serde_json::json!({ "streams": streams });
    check_generated("snapshots/catalog.json".as_ref(), &wanted);
}

#[test]
fn test_primary_keys_data_type() {
    for stream in discovered() {
        for key in stream["source_defined_primary_key"].as_array().into_iter().flatten() {
            let kind = field(&stream, key).map(|schema| schema["type"].to_string());
            let kind = kind.unwrap_or_default();
            assert!(
                !kind.contains("object") && !kind.contains("array"),
                "{}: {key} {kind}",
                name(&stream)
            );
        }
    }
}

/// Types, formats and Airbyte's own types, as its documentation of the protocol's data types has
/// them.
#[test]
fn test_supported_data_types() {
    const TYPES: [&str; 7] = ["null", "string", "boolean", "number", "integer", "object", "array"];
    const PLAIN: [(Option<&str>, Option<&str>); 7] = [
        (None, None),
        (None, Some("integer")),
        (Some("date"), None),
        (Some("date-time"), None),
        (Some("date-time"), Some("timestamp_with_timezone")),
        (Some("date-time"), Some("timestamp_without_timezone")),
        (Some("time"), Some("time_without_timezone")),
    ];
    let mut found = Vec::new();
    for stream in discovered() {
        walk(&stream["json_schema"], "", &mut |path, schema| {
            if is_property_map(path) {
                return;
            }
            let types = match schema.get("type") {
                Some(Value::Array(types)) => types.iter().filter_map(Value::as_str).collect(),
                Some(Value::String(one)) => vec![one.as_str()],
                _ => Vec::new(),
            };
            let word = |key| schema.get(key).and_then(Value::as_str);
            let is_known = !types.is_empty() && types.iter().all(|kind| TYPES.contains(kind));
            if !is_known || !PLAIN.contains(&(word("format"), word("airbyte_type"))) {
                found.push(format!("{} {path}: {types:?}", name(&stream)));
            }
        });
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn test_streams_define_primary_key() {
    for stream in discovered() {
        let key = stream["source_defined_primary_key"].as_array();
        assert!(key.is_some_and(|key| !key.is_empty()), "{}", name(&stream));
    }
}

/// The entries of a list in metadata.yaml.
fn listed(key: &str) -> Vec<String> {
    let metadata = text(&root().join("metadata.yaml"));
    let after = metadata.split_once(&format!("\n    {key}:\n")).expect("the list is there").1;
    let lines = after.lines().take_while(|line| line.starts_with("      "));
    let entries = lines.filter_map(|line| line.trim().strip_prefix("- "));
    entries.map(|entry| entry.trim_matches('"').to_owned()).collect()
}

#[test]
fn test_certified_connector_has_allowed_hosts() {
    assert!(listed("hosts").contains(&"${subdomain}.zendesk.com".to_owned()));
}

#[test]
fn test_certified_connector_has_suggested_streams() {
    let streams = discovered();
    let names: BTreeSet<&str> = streams.iter().map(name).collect();
    let suggested = listed("streams");
    assert!(!suggested.is_empty());
    for stream in suggested {
        assert!(names.contains(stream.as_str()), "{stream} is suggested, but not there");
    }
}
