//! Checks spec and catalog against the rules of Airbyte's acceptance tests (TestSpec,
//! TestDiscovery), and against snapshots that make any change of them visible.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use super::check_output;
use crate::harness::{Connector, simulator};
use crate::program::{binary, run};
use crate::samples::check_generated;

/// Properties whose values are credentials.
const SECRETS: &[&str] =
    &["access_token", "api_token", "client_id", "client_secret", "password", "refresh_token"];

pub(crate) fn spec() -> Value {
    let mut command = binary();
    command.arg("spec");
    let ended = run(command);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert_eq!(check_output(&ended.stdout, &[]), Vec::<String>::new());
    let messages = ended.messages();
    assert_eq!(messages.len(), 1, "spec says one thing");
    assert_eq!(messages[0]["type"], "SPEC");
    messages[0]["spec"].clone()
}

/// Calls `look` with every object in a value and with the path to that object.
pub(crate) fn walk(
    value: &Value,
    path: &str,
    look: &mut impl FnMut(&str, &serde_json::Map<String, Value>),
) {
    match value {
        Value::Object(object) => {
            look(path, object);
            for (key, value) in object {
                walk(value, &format!("{path}/{key}"), look);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, &format!("{path}/{index}"), look);
            }
        }
        _ => {}
    }
}

/// Whether the object at this path is the map of a schema's properties. The keys of such a map are
/// names and not keywords.
pub(crate) fn is_property_map(path: &str) -> bool {
    // A column may have this name too.
    path.rsplit('/').take_while(|name| *name == "properties").count() % 2 == 1
}

/// Complaints about these keywords in a schema, which must not have them.
pub(crate) fn forbidden(schema: &Value, keywords: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    walk(schema, "", &mut |path, object| {
        if is_property_map(path) {
            return;
        }
        let used = keywords.iter().filter(|keyword| object.contains_key(**keyword));
        found.extend(used.map(|keyword| format!("{path} uses `{keyword}`")));
        if object.get("additionalProperties").is_some_and(|value| *value != true) {
            found.push(format!("{path} has additionalProperties that are not true"));
        }
    });
    found
}

#[test]
fn the_spec_uses_only_what_the_user_interface_understands() {
    let spec = spec();
    let schema = &spec["connectionSpecification"];
    let keywords = [
        "$ref",
        "$defs",
        "definitions",
        "not",
        "anyOf",
        "allOf",
        "patternProperties",
        "prefixItems",
        "if",
        "then",
        "else",
        "dependentSchemas",
        "dependentRequired",
    ];
    let mut found = forbidden(schema, &keywords);
    walk(schema, "", &mut |path, object| {
        if is_property_map(path) {
            let orders: Vec<&Value> = object.values().map(|property| &property["order"]).collect();
            let distinct: BTreeSet<String> = orders.iter().map(ToString::to_string).collect();
            if distinct.len() != orders.len() {
                found.push(format!("{path} has two properties of one order: {orders:?}"));
            }
            return;
        }
        if let Some(Value::Array(types)) = object.get("type")
            && types.iter().filter(|name| *name != "null").count() != 1
        {
            found.push(format!("{path} has several types"));
        }
        if object.get("type").is_some_and(|name| name == "object")
            && !object.contains_key("properties")
            && !object.contains_key("oneOf")
        {
            found.push(format!("{path} is an empty object"));
        }
        if let Some(Value::Array(words)) = object.get("enum") {
            let distinct: BTreeSet<String> = words.iter().map(ToString::to_string).collect();
            if distinct.len() != words.len() {
                found.push(format!("{path} lists a word twice"));
            }
        }
        if object.get("format").is_some_and(|format| format == "date-time" || format == "date")
            && !object.contains_key("pattern")
            && !path.contains("token_expiry_date")
        {
            found.push(format!("{path} is a date without a pattern"));
        }
    });
    assert!(found.is_empty(), "{found:#?}");
    assert_eq!(schema["required"], json!(["subdomain"]));
    assert_eq!(schema["type"], "object");
}

#[test]
fn every_choice_of_the_spec_is_told_apart_by_one_constant() {
    let spec = spec();
    let mut choices = 0;
    walk(&spec["connectionSpecification"], "", &mut |path, object| {
        let Some(variants) = object.get("oneOf") else { return };
        choices += 1;
        assert_eq!(object["type"], "object", "{path}");
        let variants = variants.as_array().expect("oneOf is a list");
        let constants = |variant: &Value| -> BTreeSet<String> {
            let properties = variant["properties"].as_object().expect("a variant has properties");
            let constants = properties.iter().filter(|(_, property)| property["const"].is_string());
            constants.map(|(name, _)| name.clone()).collect()
        };
        let common = variants.iter().map(constants).reduce(|a, b| &a & &b).expect("variants");
        let common: Vec<&String> = common.iter().collect();
        assert_eq!(common.len(), 1, "{path}: one property is constant in all variants");
        let property = |variant: &Value| variant["properties"][common[0]].clone();
        let names: BTreeSet<String> = variants
            .iter()
            .map(|variant| {
                let property = property(variant);
                assert!(
                    property.get("default").is_none() && property.get("enum").is_none(),
                    "{path}"
                );
                property["const"].to_string()
            })
            .collect();
        assert_eq!(names.len(), variants.len(), "{path}: two variants have one name");
    });
    assert_eq!(choices, 1, "the credentials are the only choice");
}

#[test]
fn every_secret_and_nothing_else_is_marked() {
    let spec = spec();
    let mut seen = BTreeSet::new();
    walk(&spec["connectionSpecification"], "", &mut |path, object| {
        if !is_property_map(path) {
            return;
        }
        for (name, property) in object {
            let is_secret = SECRETS.contains(&name.as_str());
            let is_marked = property["airbyte_secret"] == true;
            assert_eq!(is_marked, is_secret, "{path}/{name}");
            assert!(
                property["title"].is_string() || property["const"].is_string(),
                "{path}/{name} has a title"
            );
            assert!(
                property["description"].is_string() || property["const"].is_string(),
                "{path}/{name} has a description"
            );
            seen.extend(is_secret.then(|| name.clone()));
        }
    });
    assert_eq!(seen.len(), SECRETS.len() - 1, "all but a password are asked for: {seen:?}");
}

#[test]
fn the_spec_is_as_checked_in() {
    check_generated(Path::new("snapshots/spec.json"), &spec());
}

#[test]
fn the_catalog_is_as_checked_in() {
    let sim = simulator(1);
    let mut streams = Connector::new(&sim).discover();
    for stream in &mut streams {
        stream.as_object_mut().expect("a stream is an object").remove("json_schema");
    }
    check_generated(Path::new("snapshots/catalog.json"), &json!({ "streams": streams }));
}

#[test]
fn the_catalog_keeps_its_own_rules() {
    let sim = simulator(1);
    let mut found = Vec::new();
    for stream in Connector::new(&sim).discover() {
        let name = stream["name"].as_str().unwrap_or_default();
        let schema = &stream["json_schema"];
        let properties = &schema["properties"];
        let keywords = ["$ref", "allOf", "anyOf", "oneOf", "not"];
        found
            .extend(forbidden(schema, &keywords).into_iter().map(|what| format!("{name}: {what}")));
        for cursor in stream["default_cursor_field"].as_array().into_iter().flatten() {
            if properties[cursor.as_str().unwrap_or_default()].is_null() {
                found.push(format!("{name}: the cursor {cursor} is not in the schema"));
            }
        }
        for key in stream["source_defined_primary_key"].as_array().into_iter().flatten() {
            let kind = properties[key[0].as_str().unwrap_or_default()]["type"].to_string();
            if kind == "null" || kind.contains("object") || kind.contains("array") {
                found.push(format!("{name}: the primary key {key} is of type {kind}"));
            }
        }
        if stream["source_defined_primary_key"].as_array().is_none_or(Vec::is_empty) {
            found.push(format!("{name}: has no primary key"));
        }
        let modes = stream["supported_sync_modes"].to_string();
        if modes.contains("incremental") != stream["default_cursor_field"].is_array() {
            found
                .push(format!("{name}: reads incrementally by no cursor, or has one and does not"));
        }
        // The protocol wants it for the made-up cursor of a resumable full refresh too.
        if stream["is_resumable"] == true && stream["source_defined_cursor"] != true {
            found.push(format!("{name}: is_resumable without source_defined_cursor"));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}
