//! TestSpec: what the form that is made from the spec can show.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::protocol::acceptance::{forbidden, is_property_map, spec, walk};
use crate::samples::{check_generated, json_file, root, text};

/// Complaints of a look at every schema in the spec; maps of properties are not schemas.
fn complaints(look: impl Fn(&Map<String, Value>) -> Option<String>) -> Vec<String> {
    let mut found = Vec::new();
    walk(&spec()["connectionSpecification"], "", &mut |path, schema| {
        if !is_property_map(path) {
            found.extend(look(schema).map(|what| format!("{path}: {what}")));
        }
    });
    found
}

fn assert_none(found: Vec<String>) {
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn test_config_match_spec() {
    let schema = spec()["connectionSpecification"].clone();
    let validator = jsonschema::draft7::new(&schema).expect("the spec is a schema");
    for file in ["sample_config.json", "invalid_config.json"] {
        let config = json_file(&root().join("integration_tests").join(file));
        let found: Vec<String> =
            validator.iter_errors(&config).map(|error| error.to_string()).collect();
        assert_eq!(found, Vec::<String>::new(), "{file}");
    }
}

#[test]
fn test_match_expected() {
    check_generated("snapshots/spec.json".as_ref(), &spec());
}

#[test]
fn test_docker_env() {
    let dockerfile = text(&root().join("Dockerfile"));
    let after = |start: &str| {
        let mut lines = dockerfile.lines();
        lines.find_map(|line| line.strip_prefix(start)).expect("the Dockerfile says it")
    };
    let entrypoint: Vec<String> =
        serde_json::from_str(after("ENTRYPOINT ")).expect("a list of words");
    let told = after("ENV AIRBYTE_ENTRYPOINT=").trim_matches('"');
    assert_eq!(told, entrypoint.join(" "));
}

/// The labels by which platforms know an image; the version is the program's own.
#[test]
fn test_docker_labels() {
    let dockerfile = text(&root().join("Dockerfile"));
    let version = env!("CARGO_PKG_VERSION");
    assert!(dockerfile.contains("io.airbyte.name=\"source-zendesk-support\""));
    assert!(dockerfile.contains("io.airbyte.version=\"$VERSION\""));
    let told: Vec<&str> =
        dockerfile.lines().filter_map(|line| line.strip_prefix("ARG VERSION=")).collect();
    assert_eq!(told, [version; 2]);
    let metadata = text(&root().join("metadata.yaml"));
    assert!(metadata.contains(&format!("  dockerImageTag: {version}\n")));
    assert!(metadata.contains("  dockerRepository: source-zendesk-support\n"));
}

#[test]
fn test_enum_usage() {
    assert_none(complaints(|schema| {
        let words = schema.get("enum")?.as_array()?;
        let distinct: BTreeSet<String> = words.iter().map(ToString::to_string).collect();
        (distinct.len() != words.len()).then(|| "a word twice".to_owned())
    }));
}

#[test]
fn test_oneof_usage() {
    assert_none(complaints(|schema| {
        let variants = schema.get("oneOf")?.as_array()?;
        let constants = |variant: &Value| -> BTreeSet<String> {
            let properties = variant["properties"].as_object().cloned().unwrap_or_default();
            let is_constant = |(name, property): (String, Value)| {
                let is_plain = property.get("default").is_none() && property.get("enum").is_none();
                (property.get("const").is_some() && is_plain).then_some(name)
            };
            properties.into_iter().filter_map(is_constant).collect()
        };
        let common = variants.iter().map(constants).reduce(|a, b| &a & &b)?;
        let is_good = schema.get("type") == Some(&json!("object")) && common.len() == 1;
        (!is_good).then(|| format!("constants in all variants: {common:?}"))
    }));
}

#[test]
fn test_secret_is_properly_marked() {
    let mut found = Vec::new();
    walk(&spec()["connectionSpecification"], "", &mut |path, schema| {
        let Some(secret) = schema.get("airbyte_secret") else { return };
        let is_scalar = schema.get("type").is_some_and(|kind| kind == "string");
        if *secret != true || !is_scalar || path.contains("anyOf") || path.contains("allOf") {
            found.push(path.to_owned());
        }
    });
    assert_none(found);
}

#[test]
fn test_property_type_is_not_array() {
    assert_none(complaints(|schema| {
        let kinds = schema.get("type")?.as_array()?;
        let others = kinds.iter().filter(|kind| **kind != "null").count();
        (others != 1).then(|| format!("{kinds:?}"))
    }));
}

#[test]
fn test_object_not_empty() {
    assert_none(complaints(|schema| {
        let is_object = schema.get("type")? == "object";
        let has_some = |key| match schema.get(key) {
            Some(Value::Object(inside)) => !inside.is_empty(),
            Some(Value::Array(inside)) => !inside.is_empty(),
            _ => false,
        };
        (is_object && !has_some("properties") && !has_some("oneOf"))
            .then(|| "an object of nothing".to_owned())
    }));
}

#[test]
fn test_array_type() {
    assert_none(complaints(|schema| {
        let is_array = schema.get("type")? == "array";
        let kinds = ["object", "string", "number", "integer"];
        let item = schema.get("items").and_then(|items| items["type"].as_str());
        (is_array && !item.is_some_and(|item| kinds.contains(&item)))
            .then(|| "a list of what the form cannot show".to_owned())
    }));
}

#[test]
fn test_forbidden_complex_types() {
    let keywords = [
        "not",
        "anyOf",
        "patternProperties",
        "prefixItems",
        "allOf",
        "if",
        "then",
        "else",
        "dependentSchemas",
        "dependentRequired",
    ];
    assert_none(forbidden(&spec()["connectionSpecification"], &keywords));
}

/// Dates of the form that a person fills in; the platform fills in when a token expires.
fn is_asked_for_a_date(schema: &Map<String, Value>) -> bool {
    let is_hidden = schema.get("airbyte_hidden").is_some_and(|hidden| *hidden == true);
    let of_the_platform = schema.get("title").is_some_and(|title| {
        title.as_str().is_some_and(|title| title.to_lowercase().contains("expir"))
    });
    !is_hidden && !of_the_platform
}

#[test]
fn test_date_pattern() {
    assert_none(complaints(|schema| {
        let is_date = ["date", "date-time"].contains(&schema.get("format")?.as_str()?);
        (is_date && is_asked_for_a_date(schema) && !schema.contains_key("pattern"))
            .then(|| "a date without a pattern".to_owned())
    }));
}

#[test]
fn test_date_format() {
    assert_none(complaints(|schema| {
        let is_date = schema.get("pattern")?.as_str()?.contains("[0-9]{4}-[0-9]{2}-[0-9]{2}");
        (is_date && is_asked_for_a_date(schema) && !schema.contains_key("format"))
            .then(|| "a date's pattern without its format".to_owned())
    }));
}

/// Who signs in with OAuth sees its form first.
#[test]
fn test_oauth_is_default_method() {
    let spec = spec();
    let auth = &spec["advanced_auth"];
    let [credentials, kind] = [0, 1].map(|at| auth["predicate_key"][at].as_str().expect("a key"));
    let first =
        &spec["connectionSpecification"]["properties"][credentials]["oneOf"][0]["properties"];
    assert_eq!(first[kind]["const"], auth["predicate_value"]);
    assert!(auth["predicate_value"].is_string());
}

#[test]
fn test_defined_refs_exist_in_json_spec_file() {
    assert_none(forbidden(&spec()["connectionSpecification"], &["$ref", "$defs", "definitions"]));
}

#[test]
fn test_additional_properties_is_true() {
    // `forbidden` tells of any other value too.
    assert_none(forbidden(&spec()["connectionSpecification"], &[]));
    assert_eq!(spec()["connectionSpecification"]["additionalProperties"], true);
}

/// Nothing of ours was published before; what people have are configurations of Airbyte's
/// connector, in all its forms.
#[test]
fn test_backward_compatibility() {
    let schema = spec()["connectionSpecification"].clone();
    let validator = jsonschema::draft7::new(&schema).expect("the spec is a schema");
    let credentials = [
        json!({ "credentials": "oauth2_refresh", "client_id": "c", "client_secret": "s",
            "refresh_token": "r", "access_token": "a",
            "token_expiry_date": "2026-01-01T00:00:00Z" }),
        json!({ "credentials": "api_token", "email": "a@example.com", "api_token": "t" }),
        json!({ "credentials": "oauth2.0", "access_token": "t", "client_id": "c",
            "client_secret": "s" }),
    ];
    for credentials in credentials {
        let config = json!({
            "subdomain": "acme", "credentials": credentials, "start_date": "2020-10-15T00:00:00Z",
            "ignore_pagination": false, "num_workers": 40, "page_size": 1000,
            "ticket_search_lookback_days": 7, "subscription_tier": "team",
        });
        let found: Vec<String> =
            validator.iter_errors(&config).map(|error| error.to_string()).collect();
        assert_eq!(found, Vec::<String>::new(), "{config}");
    }
    assert!(validator.is_valid(&json!({ "subdomain": "acme" })));
}
