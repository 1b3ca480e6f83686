//! The id of a row in Zendesk: a number, or text for a record of a custom object.
//!
//! Source: Zendesk, "Custom Object Records", `id`.

use std::fmt;

use serde_json::Value;

/// The id of a row.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Id {
    Number(u64),
    Text(String),
}

/// Ids from here on stand for rows that a dry run would create. No row in Zendesk has such an id.
const FIRST_PLANNED: u64 = u64::MAX >> 1;

impl Id {
    /// The id of the row with this number that a dry run would create.
    #[must_use]
    pub fn planned(number: u64) -> Self {
        Self::Number(FIRST_PLANNED.saturating_add(number))
    }

    /// Whether the row does not exist, because only a dry run would create it.
    #[must_use]
    pub fn is_planned(&self) -> bool {
        self.number().is_some_and(|number| number >= FIRST_PLANNED)
    }

    /// Reads an id. `None` if the value is not an id.
    #[must_use]
    pub fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => number.as_u64().map(Self::Number),
            Value::String(text) if !text.is_empty() => Some(Self::Text(text.clone())),
            _ => None,
        }
    }

    /// The id as a number, if it is one.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(_) => None,
        }
    }
}

impl Default for Id {
    fn default() -> Self {
        Self::Number(0)
    }
}

impl From<Id> for Value {
    fn from(id: Id) -> Self {
        match id {
            Id::Number(number) => number.into(),
            Id::Text(text) => text.into(),
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_id_is_a_number_or_a_text_and_stays_what_it_is() {
        for (value, shown) in [(json!(7), "7"), (json!("01GD"), "01GD"), (json!("7"), "7")] {
            let id = Id::of(&value).unwrap();
            assert_eq!((id.to_string().as_str(), Value::from(id)), (shown, value));
        }
        for value in [json!(null), json!(""), json!(-1), json!(1.5), json!([7])] {
            assert_eq!(Id::of(&value), None, "{value}");
        }
        assert_ne!(Id::of(&json!(7)), Id::of(&json!("7")));
    }
}
