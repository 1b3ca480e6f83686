//! Derives a spec from the types of what the user may write.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::account::WrittenAccount;

/// The JSON schema of a configuration: draft-07 without `$ref`, as acceptance tests demand. It has
/// a program's own options and those that every program has.
#[must_use]
pub fn connection_specification<W: JsonSchema>() -> Value {
    let mut schema = schema_of::<W>();
    if let (Some(options), Value::Object(shared)) =
        (schema["properties"].as_object_mut(), schema_of::<WrittenAccount>()["properties"].take())
    {
        options.extend(shared);
    }
    // Credentials may be left out of the written schema's list so that the message about them can
    // be a sentence; everything else follows the types.
    schema["required"] = json!(["subdomain"]);
    for variant in schema["properties"]["credentials"]["oneOf"].as_array_mut().into_iter().flatten()
    {
        variant["properties"]["credentials"]["order"] = json!(0);
    }
    tidy(&mut schema);
    schema
}

fn schema_of<W: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<W>().to_value()
}

/// Removes what schemars derives from Rust's types but no user needs.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if object.get("format").and_then(Value::as_str) == Some("uint64") {
                object.remove("format");
            }
            // That an option may be left out is no value of its type.
            if object.get("default") == Some(&Value::Null) {
                object.remove("default");
            }
            object.values_mut().for_each(tidy);
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        _ => {}
    }
}
