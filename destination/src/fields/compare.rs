//! Compares a wanted value with the value in Zendesk, which may be written in another form. Pure.

use std::collections::BTreeSet;

use serde_json::Value;
use zendesk::timestamp;

use super::field::{Field, Kind};
use crate::object::fold;

impl Field {
    /// Whether the wanted value equals the current one.
    ///
    /// Sources: Zendesk, "Ticket Fields": numbers are shown as text; "User Fields": dates are shown with a
    /// time.
    #[must_use]
    pub fn equals(&self, wanted: &Value, current: &Value) -> bool {
        if is_empty(wanted) && is_empty(current) {
            return true;
        }
        match &self.kind {
            // An unset checkbox is shown as null or as false.
            Kind::Boolean => {
                wanted.as_bool().unwrap_or(false) == current.as_bool().unwrap_or(false)
            }
            Kind::Integer | Kind::Id | Kind::Decimal => match (number(wanted), number(current)) {
                (Some(wanted), Some(current)) => is_same(&wanted, &current),
                _ => false,
            },
            Kind::Date => day(wanted).is_some() && day(wanted) == day(current),
            Kind::DateTime => instant(wanted).is_some() && instant(wanted) == instant(current),
            Kind::Multiselect(_) | Kind::Words => set(wanted) == set(current),
            Kind::Email => folded(wanted).is_some() && folded(wanted) == folded(current),
            Kind::Phone => digits(wanted).is_some() && digits(wanted) == digits(current),
            Kind::Text | Kind::Choice(_) | Kind::Dropdown(_) => {
                lines(wanted).is_some() && lines(wanted) == lines(current)
            }
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn number(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.trim().to_owned()),
        _ => None,
    }
}

fn is_same(wanted: &str, current: &str) -> bool {
    if wanted == current {
        return true;
    }
    // Whole numbers beyond what a float holds are compared by their digits alone.
    if wanted.parse::<i128>().is_ok() && current.parse::<i128>().is_ok() {
        return false;
    }
    matches!((wanted.parse::<f64>(), current.parse::<f64>()), (Ok(wanted), Ok(current)) if (wanted - current).abs() < f64::EPSILON * wanted.abs().max(1.0))
}

fn day(value: &Value) -> Option<&str> {
    value.as_str()?.get(..10)
}

fn instant(value: &Value) -> Option<i64> {
    timestamp::from_text(value.as_str()?)
}

fn set(value: &Value) -> BTreeSet<String> {
    let words = value.as_array().into_iter().flatten().filter_map(Value::as_str);
    words.map(str::to_lowercase).collect()
}

fn folded(value: &Value) -> Option<String> {
    value.as_str().map(fold)
}

/// The digits and letters of a telephone number. Zendesk shows numbers in its own format.
fn digits(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    Some(text.chars().filter(char::is_ascii_alphanumeric).collect())
}

/// The text with uniform line breaks, without spaces at its ends.
fn lines(value: &Value) -> Option<String> {
    value.as_str().map(|text| text.replace("\r\n", "\n").trim().to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::field::Place;
    use super::*;

    #[test]
    fn zendesks_spellings_are_the_same_and_others_are_not() {
        let field = |kind: Kind, name: &str| Field {
            name: name.into(),
            place: Place::System,
            kind,
            description: None,
            tag: None,
        };
        for (kind, wanted, current, is_same) in [
            (Kind::Integer, json!(12), json!("12"), true),
            (Kind::Integer, json!(9_007_199_254_740_993_u64), json!("9007199254740992"), false),
            (Kind::Decimal, json!(12.5), json!("12.50"), true),
            (Kind::Decimal, json!(12.5), json!(12.6), false),
            (Kind::Date, json!("2026-01-31"), json!("2026-01-31T00:00:00+00:00"), true),
            (Kind::Date, json!("2026-01-31"), json!("2026-02-01"), false),
            (
                Kind::DateTime,
                json!("2026-01-31T10:00:00Z"),
                json!("2026-01-31T12:00:00+02:00"),
                true,
            ),
            (Kind::Boolean, json!(false), json!(null), true),
            (Kind::Boolean, json!(true), json!(null), false),
            (Kind::Text, json!("a\nb"), json!("a\r\nb "), true),
            (Kind::Text, json!(""), json!(null), true),
            (Kind::Text, json!("A"), json!("a"), false),
            (Kind::Text, json!(null), json!("a"), false),
            (Kind::Email, json!("A@x.test"), json!("a@x.test"), true),
            (Kind::Words, json!(["a", "b"]), json!(["b", "a"]), true),
            (Kind::Words, json!(["a"]), json!(["b", "a"]), false),
            (
                Kind::Multiselect(super::super::field::Options::default()),
                json!([]),
                json!(null),
                true,
            ),
        ] {
            assert_eq!(
                field(kind.clone(), "x").equals(&wanted, &current),
                is_same,
                "{kind:?} {wanted}"
            );
        }
        assert!(field(Kind::Phone, "phone").equals(&json!("+1 555-123"), &json!("+1555123")));
    }
}
