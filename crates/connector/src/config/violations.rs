//! Finds how a configuration differs from the spec.

use serde_json::{Value, json};

use super::choices::of_choices;
use super::differences::differences;
use super::violation::Violation;

/// All differences between a configuration and the spec, by field.
pub(super) fn violations(spec: &Value, config: &Value) -> Vec<Violation> {
    let mut schema = spec.clone();
    let mut found = of_choices(&mut schema, config);
    // "None of these four matches" helps nobody, so the credentials are held against the one
    // variant that they name.
    let variants = schema["properties"]["credentials"]["oneOf"].take();
    schema["properties"]["credentials"] = json!({ "type": "object" });
    found.extend(differences(&schema, config, ""));
    let is_of_password = chooses_password(config);
    found.extend(password(config, is_of_password));
    // The other ways to sign in are no correction of it: the user needs new credentials.
    if is_of_password {
        return found;
    }
    if let Some(credentials) = config.get("credentials").filter(|value| value.is_object()) {
        let variants = variants.as_array().map(Vec::as_slice).unwrap_or_default();
        let name = |variant: &Value| variant["properties"]["credentials"]["const"].clone();
        match variants.iter().find(|variant| Some(&name(variant)) == credentials.get("credentials"))
        {
            Some(variant) => {
                let mut variant = variant.clone();
                // Platforms fill this field, and whether the token works is for Zendesk to say.
                if let Some(date) = variant["properties"]
                    .get_mut("token_expiry_date")
                    .and_then(Value::as_object_mut)
                {
                    date.remove("format");
                }
                found.extend(differences(&variant, credentials, "credentials"));
            }
            None => {
                let names: Vec<String> =
                    variants.iter().map(|variant| name(variant).to_string()).collect();
                let what = format!("must name a way of signing in: one of {}", names.join(", "));
                found.push(Violation { field: "credentials.credentials".into(), what });
            }
        }
    }
    found
}

/// The longest text that an option may have, in bytes. Servers refuse requests with longer texts,
/// and such a failure looks like one of the network.
const LONGEST_TEXT: usize = 8_000;

/// Texts that are too long to be sent, by field.
pub(super) fn too_long(spec: &Value, config: &Value) -> Vec<Violation> {
    let mut found = Vec::new();
    // Options that are not known are not sent either.
    for option in spec["properties"].as_object().into_iter().flat_map(serde_json::Map::keys) {
        find_too_long(&config[option], option, &mut found);
    }
    found
}

fn find_too_long(value: &Value, field: &str, found: &mut Vec<Violation>) {
    let below = |key: &str| format!("{field}.{key}");
    match value {
        Value::String(text) if text.len() > LONGEST_TEXT => found.push(Violation {
            field: field.to_owned(),
            what: format!("is longer than {LONGEST_TEXT} bytes, the most that can be sent"),
        }),
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                find_too_long(item, &below(&at.to_string()), found);
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                find_too_long(member, &below(key), found);
            }
        }
        _ => {}
    }
}

/// A password, which Zendesk no longer accepts. It is refused even if it would do no harm, because
/// whoever writes one believes that it is used.
///
/// Source: Zendesk's announcement 9941874259354.
fn password(config: &Value, is_chosen: bool) -> Option<Violation> {
    let credentials = config.get("credentials");
    let field = if credentials.is_some_and(|credentials| credentials.get("password").is_some()) {
        "credentials.password"
    } else if is_chosen {
        "credentials.credentials"
    } else if config.get("password").is_some() {
        "password"
    } else {
        return None;
    };
    let what = "Zendesk ended sign-in with a password on 2026-01-12: use OAuth (client \
        credentials for an unattended sync)";
    Some(Violation { field: field.into(), what: what.into() })
}

/// Whether the configuration chooses to sign in with a password.
fn chooses_password(config: &Value) -> bool {
    config["credentials"]["credentials"].as_str().is_some_and(|kind| {
        let kind = kind.to_ascii_lowercase();
        kind.contains("password") || kind.contains("basic")
    })
}
