//! Builds a page of options from what `spec` prints, so that a new option appears on the page
//! without further work.

use std::fmt::Write;

use serde_json::{Map, Value};

/// The options of an object in the order in which the spec lists them.
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

/// The fixed values that an option may have. Some may have a description of their own.
fn words_of(option: &Value) -> impl Iterator<Item = &Value> {
    let among = option["oneOf"].as_array().into_iter().flatten();
    let all = std::iter::once(option).chain(among);
    all.flat_map(|one| one["enum"].as_array().into_iter().flatten().chain(one.get("const")))
}

/// The values that an option may have, in words.
fn allowed(option: &Value) -> String {
    let kind = option["type"].as_str().unwrap_or("object");
    let words: Vec<&Value> = words_of(option).collect();
    let mut parts = if words.is_empty() {
        let is_list = kind == "array";
        vec![if is_list {
            format!("list of {}", allowed(&option["items"]))
        } else {
            kind.to_owned()
        }]
    } else {
        let values: Vec<String> = words.iter().map(|value| format!("`{value}`")).collect();
        vec![format!("one of {}", values.join(", "))]
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
        let told = words(&variant["description"]);
        let told = if told.is_empty() { words(&variant["title"]) } else { told };
        let _ = writeln!(page, "\n{heading}# `{constant}`\n\n{told}\n");
        let _ = write!(page, "{TABLE}");
        table(page, variant, "");
    }
    if option["items"]["properties"].is_object() {
        let _ = write!(page, "\n{TABLE}");
        table(page, &option["items"], "");
    }
}

const TABLE: &str = "| Key | Needed | Value | Meaning |\n|---|---|---|---|\n";

/// Appends a table with the members of an object. Members of an inner object are prefixed with its
/// name.
fn table(page: &mut String, object: &Value, within: &str) {
    let required = object["required"].as_array().cloned().unwrap_or_default();
    let properties = object["properties"].as_object().cloned().unwrap_or_default();
    for (name, option) in in_order(&properties) {
        let needed = if required.contains(&Value::from(name.as_str())) { "yes" } else { "no" };
        let (value, meaning) = match option["const"].as_str() {
            Some(constant) => {
                let chooses = match name.as_str() {
                    "credentials" => "Chooses this way of signing in.",
                    _ => "Chooses this.",
                };
                (format!("`{constant}`"), chooses.to_owned())
            }
            None => (allowed(option), words(&option["description"])),
        };
        let _ = writeln!(page, "| `{within}{name}` | {needed} | {value} | {meaning} |");
        table(page, option, &format!("{within}{name}."));
    }
}

/// The generated part of the page, which follows the introduction. `examples` holds excerpts of
/// configurations, each with the option that it shows.
pub(super) fn page_of(introduction: &str, examples: &[(&str, &str)], spec: &Value) -> String {
    let mut page = introduction.to_owned();
    let properties = spec["properties"].as_object().expect("options");
    for (name, option) in in_order(properties) {
        describe(&mut page, name, option, "##");
        for (_, example) in examples.iter().filter(|(of, _)| of == name) {
            let is_long = example.contains('\n');
            let (open, close) = if is_long { ("{\n  ", "\n}") } else { ("{ ", " }") };
            let _ = write!(page, "\n```json part\n{open}{example}{close}\n```\n");
        }
    }
    page
}
