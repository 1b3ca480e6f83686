//! Lists the options for a person at a terminal: name, type, default and one sentence each. They
//! are made from the spec itself.

use std::fmt::Write;

use serde_json::{Map, Value};

use crate::paint::{Color, Paint};

/// How many columns each level is indented.
const INDENT: usize = 4;

/// The options of a connection's JSON schema, in the order of the spec.
#[must_use]
pub fn option_list(schema: &Value, paint: Paint) -> String {
    let mut text = String::new();
    push(&mut text, schema, 0, paint);
    text
}

/// Adds the members of an object.
fn push(text: &mut String, object: &Value, begin: usize, paint: Paint) {
    let Some(properties) = object["properties"].as_object() else { return };
    let needed = object["required"].as_array();
    for (name, option) in in_order(properties) {
        // What chooses a variant is its heading.
        if option.get("const").is_some() {
            continue;
        }
        let is_needed = needed.is_some_and(|needed| needed.iter().any(|needed| needed == name));
        let kind = kind(option, is_needed);
        let kind = paint.wrapped(&kind, begin + name.chars().count() + 2);
        let name = paint.paint(Color::Heading, name);
        let sentence = sentence(option);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{:begin$}{name}  {kind}", "");
        let below = begin + INDENT;
        if !sentence.is_empty() {
            let _ = writeln!(text, "{:below$}{}", "", paint.wrapped(&sentence, below));
        }
        for variant in option["oneOf"].as_array().into_iter().flatten() {
            let Some((key, word)) = choice(variant) else { continue };
            let choice = paint.paint(Color::Heading, &format!("\"{key}\": \"{word}\""));
            let _ = writeln!(text, "{:below$}{choice}", "");
            push(text, variant, below + INDENT, paint);
        }
        push(text, option, below, paint);
        push(text, &option["items"], below, paint);
    }
}

/// The members of an object, in the order that the spec gives them.
fn in_order(properties: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut options: Vec<(&String, &Value)> = properties.iter().collect();
    options.sort_by_key(|(name, option)| (option["order"].as_u64().unwrap_or(u64::MAX), *name));
    options
}

/// The key and the word that choose a variant of an object.
fn choice(variant: &Value) -> Option<(&str, &str)> {
    let mut properties = variant["properties"].as_object()?.iter();
    properties.find_map(|(key, property)| Some((key.as_str(), property.get("const")?.as_str()?)))
}

/// The type of an option, the values that it may have, its default, and whether it is needed.
fn kind(option: &Value, is_needed: bool) -> String {
    let mut parts = vec![type_of(option)];
    match (option["minimum"].as_u64(), option["maximum"].as_u64()) {
        (Some(least), Some(most)) => parts.push(format!("{least} to {most}")),
        (Some(least), None) => parts.push(format!("at least {least}")),
        (None, Some(most)) => parts.push(format!("at most {most}")),
        (None, None) => {}
    }
    if let Some(form) = option["pattern_descriptor"].as_str() {
        parts.push(format!("as {form}"));
    }
    if option["airbyte_secret"] == true {
        parts.push("secret".to_owned());
    }
    if is_needed {
        parts.push("required".to_owned());
    }
    match &option["default"] {
        Value::Null => {}
        Value::String(default) => parts.push(format!("default {default}")),
        default => parts.push(format!("default {default}")),
    }
    parts.join(", ")
}

fn type_of(option: &Value) -> String {
    let among = option["oneOf"].as_array().into_iter().flatten();
    let words = std::iter::once(option)
        .chain(among)
        .flat_map(|one| one["enum"].as_array().into_iter().flatten().chain(one.get("const")));
    let words: Vec<&str> = words.filter_map(Value::as_str).collect();
    match option["type"].as_str() {
        _ if !words.is_empty() => format!("one of {}", words.join(" | ")),
        Some("array") => format!("list of {}", type_of(&option["items"])),
        Some(kind) => kind.to_owned(),
        None => "object".to_owned(),
    }
}

/// The first sentence about an option.
fn sentence(option: &Value) -> String {
    let text = option["description"].as_str().unwrap_or_default();
    let mut sentence = String::new();
    for word in text.split_whitespace() {
        if !sentence.is_empty() {
            sentence.push(' ');
        }
        sentence.push_str(word);
        if word.ends_with('.') {
            break;
        }
    }
    sentence
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PLAIN: Paint = Paint { is_colored: false, columns: 60 };

    #[test]
    fn every_option_has_its_type_its_default_and_one_sentence() {
        let schema = json!({ "required": ["place"], "properties": {
            "rows": { "order": 2, "type": "integer", "minimum": 1, "maximum": 9, "default": 3,
                "description": "Rows of a page.\nMore is\nfaster." },
            "place": { "order": 1, "type": "string", "pattern_descriptor": "A-1", "description": "Where\nit is" },
            "days": { "order": 3, "type": "array", "default": [],
                "items": { "type": "string", "enum": ["mon", "tue"] } },
            "mode": { "order": 4, "type": "string", "default": "a",
                "oneOf": [{ "const": "a" }, { "const": "b" }] },
            "key": { "order": 5, "description": "How to sign in. There are two.", "oneOf": [
                { "required": ["key", "token"], "properties": {
                    "key": { "const": "by_token" },
                    "token": { "type": "string", "airbyte_secret": true, "description": "The token." } } },
                { "properties": { "key": { "const": "by_name" } } } ] },
            "searches": { "type": "array", "items": { "type": "object", "required": ["name"],
                "properties": { "name": { "type": "string" } } } },
        } });
        assert_eq!(
            option_list(&schema, PLAIN),
            "place  string, as A-1, required\n\
             \x20   Where it is\n\
             rows  integer, 1 to 9, default 3\n\
             \x20   Rows of a page.\n\
             days  list of one of mon | tue, default []\n\
             mode  one of a | b, default a\n\
             key  object\n\
             \x20   How to sign in.\n\
             \x20   \"key\": \"by_token\"\n\
             \x20       token  string, secret, required\n\
             \x20           The token.\n\
             \x20   \"key\": \"by_name\"\n\
             searches  list of object\n\
             \x20   name  string, required\n"
        );
        assert_eq!(option_list(&json!({}), PLAIN), "");
    }
}
