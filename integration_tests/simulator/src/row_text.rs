//! Reads and changes the top level of a row's JSON text without touching any other byte. Odd
//! spacing, `1.0` and 23-digit integers reach the client as the row's maker wrote them.

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// The fields of an object in their order, with their values as raw text.
pub(crate) fn fields(text: &str) -> Vec<(String, &str)> {
    struct Fields;
    impl<'de> Visitor<'de> for Fields {
        type Value = Vec<(String, &'de str)>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a JSON object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut fields = Vec::new();
            while let Some((key, value)) = map.next_entry::<String, &'de RawValue>()? {
                fields.push((key, value.get()));
            }
            Ok(fields)
        }
    }
    let mut json = serde_json::Deserializer::from_str(text);
    (&mut json).deserialize_map(Fields).expect("a row is a JSON object")
}

/// The raw value of one field. Reading stops at the field, because rows may be long.
pub(crate) fn get<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    struct Find<'k, 'de>(&'k str, &'k mut Option<&'de str>);
    impl<'de> Visitor<'de> for Find<'_, 'de> {
        type Value = ();
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a JSON object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
            while let Some(name) = map.next_key::<String>()? {
                let value: &'de RawValue = map.next_value()?;
                if name == self.0 {
                    *self.1 = Some(value.get());
                    break;
                }
            }
            Ok(())
        }
    }
    let mut found = None;
    let mut json = serde_json::Deserializer::from_str(text);
    // Ending early is an error to the parser, and a row is known to be an object.
    let _ = (&mut json).deserialize_map(Find(key, &mut found));
    found
}

/// The text of a field without quotes and with escapes resolved. `None` for null and missing
/// fields.
pub(crate) fn get_text(text: &str, key: &str) -> Option<String> {
    let raw = get(text, key)?;
    match serde_json::from_str::<serde_json::Value>(raw).ok()? {
        serde_json::Value::Null => None,
        serde_json::Value::String(string) => Some(string),
        _ => Some(raw.to_owned()),
    }
}

/// Replaces a field's value in place, or adds the field at the end.
pub(crate) fn set(text: &mut String, key: &str, raw: &str) {
    let place = get(text, key).map(|value| {
        let start = value.as_ptr() as usize - text.as_ptr() as usize;
        start..start + value.len()
    });
    match place {
        Some(place) => text.replace_range(place, raw),
        None => append(text, key, raw),
    }
}

/// Replaces a field's value if the row has that field.
pub(crate) fn set_existing(text: &mut String, key: &str, raw: &str) {
    if get(text, key).is_some() {
        set(text, key, raw);
    }
}

/// Adds a field at the end of the object.
pub(crate) fn append(text: &mut String, key: &str, raw: &str) {
    let close = text.rfind('}').expect("a row ends with a brace");
    let head = text[..close].trim_end();
    let comma = if head.ends_with('{') { "" } else { "," };
    let end = head.len();
    text.insert_str(end, &format!("{comma}{}:{raw}", quote(key)));
}

/// The object without one field. The rest is rewritten without spacing between fields.
pub(crate) fn without(text: &str, key: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for (name, value) in fields(text).into_iter().filter(|(name, _)| name != key) {
        result.push(if result.is_empty() { '{' } else { ',' });
        result.push_str(&quote(&name));
        result.push(':');
        result.push_str(value);
    }
    if result.is_empty() { "{}".to_owned() } else { result + "}" }
}

/// A JSON string.
pub(crate) fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
