//! `docs/options.md`, made from what `spec` prints: an option that is added stands there by itself.

use std::fmt::Write;

use serde_json::{Map, Value};

use super::assert_current;
use crate::program::{binary, run};

const INTRODUCTION: &str = "\
<!-- Made from what `spec` prints. To change it, change src/config/ and run
     UPDATE_GENERATED=1 cargo test -->
# Options

Everything that the configuration, a JSON object, may hold. Only `subdomain` and `credentials` are
needed. Options that are not known are left alone, so that a configuration of another connector or
of an older version goes on. A value that is not allowed is refused before anything is asked of
Zendesk, all mistakes at once and without quoting a value, which might be a secret.

[setup.md](setup.md) shows how to come by the credentials.
";

/// The options of an object in their order.
fn in_order(properties: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut options: Vec<(&String, &Value)> = properties.iter().collect();
    options.sort_by_key(|(name, option)| {
        (option["order"].as_u64().unwrap_or(u64::MAX), name.as_str())
    });
    options
}

/// A text of the spec on one line.
fn words(text: &Value) -> String {
    text.as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What values an option may have.
fn allowed(option: &Value) -> String {
    let kind = option["type"].as_str().unwrap_or("object");
    let mut parts = match option["enum"].as_array() {
        Some(values) => {
            let values: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
            vec![format!("one of {}", values.join(", "))]
        }
        None if kind == "array" => vec![format!("list of {}", allowed(&option["items"]))],
        None => vec![kind.to_owned()],
    };
    match (option["minimum"].as_u64(), option["maximum"].as_u64()) {
        (Some(least), Some(most)) => parts.push(format!("{least} to {most}")),
        (Some(least), None) => parts.push(format!("at least {least}")),
        (None, Some(most)) => parts.push(format!("at most {most}")),
        (None, None) => {}
    }
    if let Some(shape) = option["pattern_descriptor"].as_str() {
        parts.push(format!("as `{shape}`"));
    } else if let Some(pattern) = option["pattern"].as_str() {
        // A bar would end the cell of a table.
        parts.push(format!("as `{}`", pattern.replace('|', "\\|")));
    }
    if option["airbyte_secret"] == true {
        parts.push("secret".to_owned());
    }
    parts.join(", ")
}

fn describe(page: &mut String, name: &str, option: &Value, heading: &str) {
    let title = words(&option["title"]);
    let _ = writeln!(page, "\n{heading} `{name}`\n");
    if !title.is_empty() {
        let _ = writeln!(page, "*{title}*: {}.", allowed(option));
    }
    let examples = option["examples"].as_array().cloned().unwrap_or_default();
    let examples: Vec<String> = examples.iter().map(|example| format!("`{example}`")).collect();
    if let Some(default) = option.get("default").filter(|default| !default.is_null()) {
        let _ = writeln!(page, "Default: `{default}`.");
    }
    if !examples.is_empty() {
        let _ = writeln!(page, "For example {}.", examples.join(", "));
    }
    let description = words(&option["description"]);
    if !description.is_empty() {
        let _ = writeln!(page, "\n{description}");
    }
    for variant in option["oneOf"].as_array().into_iter().flatten() {
        let properties = variant["properties"].as_object().cloned().unwrap_or_default();
        let constant = properties.values().find_map(|property| property.get("const"));
        let constant = constant.and_then(Value::as_str).unwrap_or_default();
        let _ = writeln!(page, "\n{heading}# `{constant}`\n\n{}\n", words(&variant["title"]));
        table(page, variant);
    }
    if option["items"]["properties"].is_object() {
        let _ = writeln!(page);
        table(page, &option["items"]);
    }
}

/// The members of an object.
fn table(page: &mut String, object: &Value) {
    let required = object["required"].as_array().cloned().unwrap_or_default();
    let _ = writeln!(page, "| Key | Needed | Value | Meaning |\n|---|---|---|---|");
    let properties = object["properties"].as_object().cloned().unwrap_or_default();
    for (name, option) in in_order(&properties) {
        let needed = if required.contains(&Value::from(name.as_str())) { "yes" } else { "no" };
        let (value, meaning) = match option["const"].as_str() {
            Some(constant) => {
                (format!("`{constant}`"), "Chooses this way of signing in.".to_owned())
            }
            None => (allowed(option), words(&option["description"])),
        };
        let _ = writeln!(page, "| `{name}` | {needed} | {value} | {meaning} |");
    }
}

fn options_page(specification: &Value) -> String {
    let mut page = INTRODUCTION.to_owned();
    let properties = specification["properties"].as_object().expect("options");
    for (name, option) in in_order(properties) {
        describe(&mut page, name, option, "##");
    }
    page
}

#[test]
fn the_page_of_options_is_current() {
    let mut command = binary();
    command.arg("spec");
    let ended = run(command);
    let spec: Value = serde_json::from_slice(&ended.stdout).expect("a SPEC line");
    assert_current("docs/options.md", &options_page(&spec["spec"]["connectionSpecification"]));
}
