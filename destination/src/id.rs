//! The id of a row of Zendesk's: a number, or a text where it is a record of a custom object.
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

/// Rows that would be there have ids from here on, as no row of Zendesk's has.
const FIRST_PLANNED: u64 = u64::MAX >> 1;

impl Id {
    /// The id of a row that a dry run would have created, by its number.
    #[must_use]
    pub fn planned(number: u64) -> Self {
        Self::Number(FIRST_PLANNED.saturating_add(number))
    }

    /// Whether a row is not there, and a dry run would have created it.
    #[must_use]
    pub fn is_planned(&self) -> bool {
        self.number().is_some_and(|number| number >= FIRST_PLANNED)
    }

    /// The id that a value is. None for anything else.
    #[must_use]
    pub fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => number.as_u64().map(Self::Number),
            Value::String(text) if !text.is_empty() => Some(Self::Text(text.clone())),
            _ => None,
        }
    }

    /// The number that it is, if it is one.
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
