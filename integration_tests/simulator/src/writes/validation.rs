//! Checks of what a body contains: the types of attributes, addresses, lists of tags.

use super::refusal::Refusal;
use serde_json::{Map, Value};

/// The attributes of an object.
pub(super) type Input = Map<String, Value>;

/// The type that an attribute must have. Null is accepted for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Whole,
    Flag,
    /// An array of texts.
    Texts,
    /// An array of numbers.
    Wholes,
    Object,
    List,
    Any,
}

/// The attributes that an object may be written with.
pub(super) struct Attributes {
    /// `user`
    pub(super) object: &'static str,
    /// `users`
    pub(super) collection: &'static str,
    pub(super) known: &'static [(&'static str, Kind)],
}

impl Attributes {
    /// Refuses values of the wrong type. Returns the keys that are unknown.
    ///
    /// Zendesk, envelopes of errors: a value of the wrong type is answered with 400, `Invalid
    /// attribute`. Unknown keys are left out and named in `x-zendesk-api-warn`.
    pub(super) fn check(&self, input: &Input, action: &str) -> Result<Vec<String>, Refusal> {
        let mut unknown = Vec::new();
        for (key, value) in input {
            let Some((_, kind)) = self.known.iter().find(|(known, _)| known == key) else {
                unknown.push(key.clone());
                continue;
            };
            if let Some(must_be) = kind.misfit(value) {
                return Err(Refusal::Attribute {
                    name: format!("{}.{key}", self.object),
                    must_be,
                    action: format!("api/v2/{}/{action}", self.collection),
                });
            }
        }
        Ok(unknown)
    }
}

impl Kind {
    /// The type that the value should have, if it has another one.
    fn misfit(self, value: &Value) -> Option<&'static str> {
        let whole = |value: &Value| whole(value).is_some();
        let (fits, must_be) = match self {
            Self::Text => (value.is_string(), "a string"),
            Self::Whole => (whole(value), "an integer"),
            Self::Flag => (flag(value).is_some(), "a boolean"),
            Self::Texts => (is_list_of(value, Value::is_string), "an array of strings"),
            Self::Wholes => (is_list_of(value, whole), "an array of integers"),
            Self::Object => (value.is_object(), "an object"),
            Self::List => (value.is_array(), "an array"),
            Self::Any => (true, ""),
        };
        (!fits && !value.is_null()).then_some(must_be)
    }
}

fn is_list_of(value: &Value, is: impl Fn(&Value) -> bool) -> bool {
    value.as_array().is_some_and(|list| list.iter().all(is))
}

/// A whole number, which may come as text.
pub(super) fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => text.parse().ok(),
        _ => value.as_u64(),
    }
}

/// A boolean, which may come as text.
pub(super) fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) if text == "true" => Some(true),
        Value::String(text) if text == "false" => Some(false),
        _ => None,
    }
}

/// A text that is present and not empty.
pub(super) fn text<'a>(input: &'a Input, key: &str) -> Option<&'a str> {
    input.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// Whether an address can be valid: a local part, an at sign, and a domain with a dot.
pub(super) fn is_email(email: &str) -> bool {
    let Some((local, domain)) = email.split_once('@') else { return false };
    let is_plain = |text: &str| {
        !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || ",;<>()@\"".contains(c))
    };
    let labels = || domain.split('.');
    is_plain(local)
        && is_plain(domain)
        && labels().count() > 1
        && labels().all(|one| !one.is_empty())
}

/// Tags as Zendesk stores them: in lower case, without spaces, each once.
///
/// Zendesk, Tags: a tag with a space becomes several tags.
pub(super) fn tags(value: Option<&Value>) -> Vec<String> {
    let words: Vec<&str> = match value {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let mut tags: Vec<String> = Vec::new();
    for word in words.iter().flat_map(|text| text.split([' ', ',', '\t', '\n'])) {
        let tag = word.to_lowercase();
        if !tag.is_empty() && !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags
}
