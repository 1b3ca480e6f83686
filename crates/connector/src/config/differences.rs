//! Finds where a value differs from a JSON schema, and says it in words.

use jsonschema::error::ValidationErrorKind;
use serde_json::Value;

use super::violation::{Violation, WHOLE};

/// The differences between a value and its schema. `under` is the field of the value in the
/// configuration, and empty for the configuration itself.
pub(super) fn differences(schema: &Value, value: &Value, under: &str) -> Vec<Violation> {
    let Ok(validator) = jsonschema::draft7::new(schema) else { return Vec::new() };
    let errors = validator.iter_errors(value).map(|error| {
        let path = error.instance_path().to_string().replace('/', ".");
        let field = format!("{under}{path}").trim_start_matches('.').to_owned();
        if let ValidationErrorKind::Required { property } = error.kind() {
            let member = property.as_str().unwrap_or_default();
            let field = format!("{field}.{member}").trim_start_matches('.').to_owned();
            return Violation { field, what: "is missing".into() };
        }
        let field = if field.is_empty() { WHOLE.to_owned() } else { field };
        // The masked form says `value` in place of what the user wrote.
        let what = in_words(schema, error.schema_path().as_str())
            .unwrap_or_else(|| error.masked().to_string());
        Violation { field, what }
    });
    errors.collect()
}

/// What is wrong, if the spec describes the pattern, or lists the words that are allowed. The
/// validator's own message would leave out most of these words.
fn in_words(schema: &Value, path: &str) -> Option<String> {
    if let Some(place) = path.strip_suffix("/pattern") {
        let words = schema.pointer(place)?.get("pattern_descriptor")?.as_str()?;
        return Some(format!("does not have the form {words}"));
    }
    let words = path.ends_with("/enum").then(|| schema.pointer(path)?.as_array())??;
    let words: Vec<String> = words.iter().map(Value::to_string).collect();
    Some(format!("must be one of {}", words.join(", ")))
}
