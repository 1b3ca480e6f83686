//! The spec, derived from what the user may write.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Value, json};

use super::written::WrittenConfig;
use crate::secret::Secret;

impl JsonSchema for Secret {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Secret".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "string", "airbyte_secret": true })
    }
}

/// The JSON schema of a config, draft-07, without `$ref`, as acceptance tests demand.
#[must_use]
pub fn connection_specification() -> Value {
    let settings = SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true);
    let schema = settings.into_generator().into_root_schema_for::<WrittenConfig>();
    let mut schema = schema.to_value();
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

/// Removes what schemars derives from Rust's types and no user needs.
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
