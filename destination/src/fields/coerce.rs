//! Converts the value of a column to the type of its field, or says why it cannot. Pure.
//!
//! Source: Zendesk checks types and refuses the whole row. It silently ignores a value that is not an option
//! of a dropdown.

use std::error::Error;
use std::fmt;

use serde_json::{Number, Value, json};
use zendesk::timestamp;

use super::field::{Field, Kind, Options};

/// Why a value does not fit its field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// `invalid_value` or `invalid_option`.
    pub reason: &'static str,
    pub message: String,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Misfit {}

fn misfit<T>(message: impl Into<String>) -> Result<T, Misfit> {
    Err(Misfit { reason: "invalid_value", message: message.into() })
}

impl Field {
    /// Converts a value to the type of the field. A null stays null.
    ///
    /// # Errors
    /// [`Misfit`].
    pub fn coerce(&self, value: &Value) -> Result<Value, Misfit> {
        if value.is_null() {
            return Ok(Value::Null);
        }
        match &self.kind {
            Kind::Text | Kind::Phone => text(value).map(Value::String),
            Kind::Email => email(value),
            Kind::Boolean => boolean(value),
            Kind::Integer => integer(value).map(Value::Number),
            Kind::Id => id(value),
            Kind::Decimal => decimal(value).map(Value::Number),
            Kind::Date => date(value),
            Kind::DateTime => date_time(value),
            Kind::Choice(choices) => choice(value, choices),
            Kind::Dropdown(options) => option(&text(value)?, options).map(Value::String),
            Kind::Multiselect(options) => {
                let words = words(value, ',')?;
                let found = words.iter().map(|word| option(word, options));
                found.collect::<Result<Vec<String>, _>>().map(|found| json!(found))
            }
            Kind::Words => tags(value),
        }
    }
}

fn text(value: &Value) -> Result<String, Misfit> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(is_true) => Ok(is_true.to_string()),
        _ => misfit("it is a list or an object, but the field holds text"),
    }
}

fn email(value: &Value) -> Result<Value, Misfit> {
    let address = text(value)?.trim().to_owned();
    let is_one = address
        .split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'));
    if !is_one || address.contains(char::is_whitespace) {
        return misfit("it is not an e-mail address");
    }
    Ok(Value::String(address))
}

fn boolean(value: &Value) -> Result<Value, Misfit> {
    let word = text(value)?.trim().to_ascii_lowercase();
    match word.as_str() {
        "true" | "t" | "yes" | "y" | "1" | "1.0" => Ok(Value::Bool(true)),
        "false" | "f" | "no" | "n" | "0" | "0.0" => Ok(Value::Bool(false)),
        _ => misfit("it is neither true nor false"),
    }
}

fn number(value: &Value) -> Result<Number, Misfit> {
    match value {
        Value::Number(number) => Ok(number.clone()),
        Value::String(text) => {
            let text = text.trim();
            let text = text.strip_prefix('+').unwrap_or(text);
            serde_json::from_str(text).or_else(|_| misfit("it is not a number"))
        }
        _ => misfit("it is not a number"),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "only whole numbers within bounds are cast")]
fn integer(value: &Value) -> Result<Number, Misfit> {
    /// A float holds every whole number exactly up to here.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let number = number(value)?;
    if number.is_i64() || number.is_u64() {
        return Ok(number);
    }
    match number.as_f64() {
        Some(float) if float.fract() == 0.0 && float.abs() <= EXACT => Ok((float as i64).into()),
        _ => misfit("it is not a whole number"),
    }
}

fn id(value: &Value) -> Result<Value, Misfit> {
    let number = integer(value)?;
    match number.as_u64().filter(|id| *id > 0) {
        Some(_) => Ok(Value::Number(number)),
        None => misfit("it is not an id"),
    }
}

fn decimal(value: &Value) -> Result<Number, Misfit> {
    number(value)
}

fn date(value: &Value) -> Result<Value, Misfit> {
    let text = text(value)?;
    let day = text.trim().get(..10).unwrap_or_default();
    let rest = text.trim().get(10..).unwrap_or_default();
    let is_day = timestamp::from_text(&format!("{day}T00:00:00Z")).is_some();
    let is_time = rest.is_empty() || rest.starts_with(['T', ' ']);
    if is_day && is_time {
        Ok(Value::String(day.to_owned()))
    } else {
        misfit("it is not a date such as 2026-01-31")
    }
}

fn date_time(value: &Value) -> Result<Value, Misfit> {
    let text = text(value)?;
    let text = text.trim();
    let is_day = text.len() == 10;
    let whole = if is_day { format!("{text}T00:00:00Z") } else { text.replacen(' ', "T", 1) };
    match timestamp::from_text(&whole).or_else(|| timestamp::from_text(&format!("{whole}Z"))) {
        Some(unix) => Ok(Value::String(timestamp::to_iso(unix))),
        None => misfit("it is not a date and time such as 2026-01-31T12:00:00Z"),
    }
}

fn choice(value: &Value, choices: &[&str]) -> Result<Value, Misfit> {
    let word = text(value)?.trim().to_lowercase();
    match choices.iter().find(|choice| **choice == word) {
        Some(choice) => Ok(json!(choice)),
        None => Err(Misfit {
            reason: "invalid_option",
            message: format!("it is not one of {}", choices.join(", ")),
        }),
    }
}

/// Returns the value of an option. `word` is its value, or a title that only one option has.
fn option(word: &str, options: &Options) -> Result<String, Misfit> {
    let word = word.trim();
    if let Some((value, _)) = options.0.iter().find(|(value, _)| value == word) {
        return Ok(value.clone());
    }
    let mut titled = options.0.iter().filter(|(_, title)| title == word);
    match (titled.next(), titled.next()) {
        (Some((value, _)), None) => Ok(value.clone()),
        (Some(_), Some(_)) => Err(Misfit {
            reason: "invalid_option",
            message: "several options of the field have this title. Use the value of the option."
                .into(),
        }),
        (None, _) => Err(Misfit {
            reason: "invalid_option",
            message: "the field has no option with this value or title".into(),
        }),
    }
}

/// The words of a JSON list, of a list as JSON text, or of text with separators.
fn words(value: &Value, separator: char) -> Result<Vec<String>, Misfit> {
    match value {
        Value::Array(items) => items.iter().filter(|item| !item.is_null()).map(text).collect(),
        Value::String(written) => match serde_json::from_str(written) {
            Ok(list @ Value::Array(_)) => words(&list, separator),
            _ => {
                let parts = written.split(separator).map(str::trim);
                Ok(parts.filter(|word| !word.is_empty()).map(str::to_owned).collect())
            }
        },
        _ => misfit("it is neither a list nor text"),
    }
}

/// Tags as Zendesk stores them: lower-case and unique. Zendesk would split a tag at a space.
fn tags(value: &Value) -> Result<Value, Misfit> {
    let mut found: Vec<String> = Vec::new();
    for word in words(value, ',')? {
        let word = word.trim().to_lowercase();
        if word.contains(char::is_whitespace) {
            return misfit(
                "a value in the list contains a space, and Zendesk would split it there",
            );
        }
        if !word.is_empty() && !found.contains(&word) {
            found.push(word);
        }
    }
    Ok(json!(found))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::field::Place;
    use super::*;

    fn field(kind: Kind) -> Field {
        Field { name: "x".into(), place: Place::System, kind, description: None, tag: None }
    }

    fn options() -> Options {
        let pairs = [("gold", "Gold"), ("silver", "Silver"), ("a", "Same"), ("b", "Same")];
        Options(pairs.map(|(value, title)| (value.to_owned(), title.to_owned())).to_vec())
    }

    #[test]
    fn values_become_what_their_fields_hold() {
        for (kind, value, expected) in [
            (Kind::Text, json!(12), json!("12")),
            (Kind::Text, json!("x"), json!("x")),
            (Kind::Text, json!(null), json!(null)),
            (Kind::Email, json!(" A@x.test "), json!("A@x.test")),
            (Kind::Boolean, json!("Yes"), json!(true)),
            (Kind::Boolean, json!(0), json!(false)),
            (Kind::Integer, json!("12"), json!(12)),
            (Kind::Integer, json!(12.0), json!(12)),
            (Kind::Id, json!("7"), json!(7)),
            (Kind::Decimal, json!("12.50"), json!(12.5)),
            (Kind::Date, json!("2026-01-31T10:00:00Z"), json!("2026-01-31")),
            (Kind::Date, json!("2026-01-31"), json!("2026-01-31")),
            (Kind::DateTime, json!("2026-01-31 10:00:00"), json!("2026-01-31T10:00:00Z")),
            (Kind::DateTime, json!("2026-01-31T12:00:00+02:00"), json!("2026-01-31T10:00:00Z")),
            (Kind::Choice(&["low", "high"]), json!("High"), json!("high")),
            (Kind::Dropdown(options()), json!("gold"), json!("gold")),
            (Kind::Dropdown(options()), json!("Silver"), json!("silver")),
            (Kind::Multiselect(options()), json!("gold, Silver"), json!(["gold", "silver"])),
            (Kind::Multiselect(options()), json!("[\"gold\"]"), json!(["gold"])),
            (Kind::Words, json!(["VIP", "vip", "b"]), json!(["vip", "b"])),
            (Kind::Words, json!("a,b , a"), json!(["a", "b"])),
        ] {
            assert_eq!(field(kind.clone()).coerce(&value), Ok(expected), "{kind:?} {value}");
        }
    }

    #[test]
    fn what_zendesk_would_refuse_or_ignore_is_refused_here_with_a_reason() {
        for (kind, value, reason) in [
            (Kind::Text, json!({}), "invalid_value"),
            (Kind::Email, json!("a b@x"), "invalid_value"),
            (Kind::Email, json!("nobody"), "invalid_value"),
            (Kind::Boolean, json!("maybe"), "invalid_value"),
            (Kind::Integer, json!(1.5), "invalid_value"),
            (Kind::Integer, json!("many"), "invalid_value"),
            (Kind::Id, json!(-1), "invalid_value"),
            (Kind::Decimal, json!("12,5"), "invalid_value"),
            (Kind::Date, json!("31.01.2026"), "invalid_value"),
            (Kind::Date, json!("2026-02-30"), "invalid_value"),
            (Kind::DateTime, json!("tomorrow"), "invalid_value"),
            (Kind::Choice(&["low"]), json!("lowest"), "invalid_option"),
            (Kind::Dropdown(options()), json!("Same"), "invalid_option"),
            (Kind::Dropdown(options()), json!("bronze"), "invalid_option"),
            (Kind::Multiselect(options()), json!(["gold", "x"]), "invalid_option"),
            (Kind::Words, json!(["two words"]), "invalid_value"),
        ] {
            let misfit = field(kind.clone()).coerce(&value).unwrap_err();
            assert_eq!(misfit.reason, reason, "{kind:?} {value}");
        }
    }

    proptest! {
        #[test]
        fn what_was_taken_once_stays_what_it_is(word in "\\PC{0,30}", number in any::<f64>()) {
            let kinds = [Kind::Text, Kind::Email, Kind::Boolean, Kind::Integer, Kind::Id, Kind::Decimal,
                Kind::Date, Kind::DateTime, Kind::Dropdown(options()), Kind::Multiselect(options()), Kind::Words];
            for kind in kinds {
                let field = field(kind);
                for value in [json!(word), json!(number), json!([word]), json!({ "a": word })] {
                    if let Ok(once) = field.coerce(&value) {
                        prop_assert_eq!(field.coerce(&once), Ok(once));
                    }
                }
            }
        }
    }
}
