//! Checks options that choose one of several variants by a word, such as `storage_type`.

use serde_json::{Value, json};

use super::differences::differences;
use super::violation::Violation;

/// The differences between each such option and the variant that it names. From then on, `schema`
/// accepts any value for these options: that none of the variants matches would not say what is
/// wrong. `credentials` are left out, because they have a check of their own.
pub(super) fn of_choices(schema: &mut Value, config: &Value) -> Vec<Violation> {
    let mut found = Vec::new();
    for (name, option) in schema["properties"].as_object_mut().into_iter().flatten() {
        let variants = option["oneOf"].as_array().cloned().unwrap_or_default();
        let Some(key) = variants.first().and_then(chooser) else { continue };
        if name == "credentials" {
            continue;
        }
        *option = json!({ "type": "object" });
        let Some(value) = config.get(name).filter(|value| value.is_object()) else { continue };
        let word = |variant: &Value| variant["properties"][&key]["const"].clone();
        let chosen = variants.iter().find(|variant| value.get(&key) == Some(&word(variant)));
        match chosen {
            Some(variant) => found.extend(differences(variant, value, name)),
            None => {
                let words: Vec<String> =
                    variants.iter().map(|variant| word(variant).to_string()).collect();
                let what = format!("must be one of {}", words.join(", "));
                found.push(Violation { field: format!("{name}.{key}"), what });
            }
        }
    }
    found
}

/// The key of the word that chooses a variant.
fn chooser(variant: &Value) -> Option<String> {
    let mut properties = variant["properties"].as_object()?.iter();
    properties.find(|(_, property)| property.get("const").is_some()).map(|(key, _)| key.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_checked_against_the_variant_that_it_names() {
        let schema = json!({ "properties": { "place": { "type": "object", "oneOf": [
            { "required": ["kind"], "properties": { "kind": { "const": "none" } } },
            { "required": ["kind", "path"], "properties":
                { "kind": { "const": "folder" }, "path": { "type": "string" } } },
        ] } } });
        let told = |place: Value| {
            let found = of_choices(&mut schema.clone(), &json!({ "place": place }));
            found.into_iter().map(|violation| violation.to_string()).collect::<Vec<_>>().join("; ")
        };
        assert_eq!(told(json!({ "kind": "none" })), "");
        assert_eq!(told(json!({ "kind": "folder", "path": "x" })), "");
        assert_eq!(
            told(json!({ "kind": "Folder" })),
            r#"place.kind: must be one of "none", "folder""#
        );
        assert_eq!(told(json!({})), r#"place.kind: must be one of "none", "folder""#);
        assert!(told(json!({ "kind": "folder" })).contains("path"));
        assert!(told(json!({ "kind": "folder", "path": 1 })).starts_with("place.path: "));
        let mut left = schema.clone();
        of_choices(&mut left, &json!({}));
        assert_eq!(left["properties"]["place"], json!({ "type": "object" }));
    }
}
