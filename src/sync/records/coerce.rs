//! Converts a custom field's value for its column. The column gets the value unchanged, in another
//! spelling, or null if it is not a value of the column's kind. Pure.

use std::borrow::Cow;

use serde_json::Value;

use super::json_out::in_a_line;
use crate::streams::custom_fields::Kind;
use zendesk::json::Reader;

/// What is written into a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fit<'a> {
    Null,
    /// The value, unchanged from the row.
    AsItStands,
    Written(Cow<'a, str>),
    /// Null, because the value is not of the column's kind.
    Misfit,
}

/// What a column of this kind gets for a value. `raw` is the value as it is in the row.
pub(super) fn of_kind(kind: Kind, raw: &[u8]) -> Fit<'_> {
    if raw == b"null" {
        return Fit::Null;
    }
    let inner = raw.strip_prefix(b"\"").and_then(|raw| raw.strip_suffix(b"\""));
    let inner = inner.and_then(|inner| std::str::from_utf8(inner).ok());
    match (kind, inner) {
        (Kind::Text, Some(_)) => Fit::AsItStands,
        (_, Some("")) => Fit::Null,
        (Kind::Boolean, _) if matches!(raw, b"true" | b"false") => Fit::AsItStands,
        (Kind::Boolean, Some(inner @ ("true" | "false"))) => Fit::Written(inner.into()),
        (Kind::Integer, inner) => number(inner, raw, integer),
        (Kind::Decimal, inner) => number(inner, raw, decimal),
        (Kind::Date, Some(inner)) => date(inner).map_or(Fit::Misfit, Fit::Written),
        (Kind::Texts, None) => texts(raw),
        _ => Fit::Misfit,
    }
}

/// A number, or a text that holds one. Zendesk sends the numbers of tickets as texts.
fn number<'a>(inner: Option<&'a str>, raw: &'a [u8], spell: fn(&str) -> Option<String>) -> Fit<'a> {
    let is_plain = raw.len() < 19 && raw.iter().all(u8::is_ascii_digit);
    if is_plain && inner.is_none() {
        return Fit::AsItStands;
    }
    let spelled = inner.or_else(|| std::str::from_utf8(raw).ok());
    let spelled = spelled.and_then(|spelled| spell(spelled.trim()));
    spelled.map_or(Fit::Misfit, |spelled| Fit::Written(spelled.into()))
}

/// The digits of a number before and after its point, without signs and needless zeros. The flag
/// says whether the number is negative.
fn digits(text: &str) -> Option<(bool, &str, &str)> {
    let (below_zero, text) = match text.strip_prefix('-') {
        Some(text) => (true, text),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let is_number = !(whole.is_empty() && part.is_empty())
        && whole.bytes().chain(part.bytes()).all(|byte| byte.is_ascii_digit());
    is_number.then_some((below_zero, whole.trim_start_matches('0'), part))
}

fn integer(text: &str) -> Option<String> {
    if let Some((below_zero, whole, part)) = digits(text) {
        let whole = if whole.is_empty() { "0" } else { whole };
        let sign = if below_zero && whole != "0" { "-" } else { "" };
        let spelled = format!("{sign}{whole}");
        let fits = spelled.parse::<i64>().is_ok() && part.bytes().all(|byte| byte == b'0');
        return fits.then_some(spelled);
    }
    // `1e3`; beyond 2^53 such a spelling is not exact.
    let number = exponential(text)?;
    let is_exact = number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0;
    is_exact.then(|| format!("{number:.0}"))
}

fn decimal(text: &str) -> Option<String> {
    let Some((below_zero, whole, part)) = digits(text) else {
        return exponential(text).map(|_| text.to_owned());
    };
    let (sign, whole) =
        (if below_zero { "-" } else { "" }, if whole.is_empty() { "0" } else { whole });
    let point = if part.is_empty() { "" } else { "." };
    let spelled = format!("{sign}{whole}{point}{part}");
    spelled.parse::<f64>().is_ok_and(f64::is_finite).then_some(spelled)
}

/// A JSON number with an exponent.
fn exponential(text: &str) -> Option<f64> {
    let number = serde_json::from_slice::<serde_json::Number>(text.as_bytes()).ok()?;
    number.as_f64().filter(|number| number.is_finite())
}

/// The day of a date, from either of Zendesk's formats. Tickets have `2012-07-23`, users and
/// organizations `2012-07-23T00:00:00Z` or `...+00:00`.
fn date(text: &str) -> Option<Cow<'_, str>> {
    let day = text.get(..10)?;
    let is_day = day.as_bytes()[4] == b'-'
        && day.as_bytes()[7] == b'-'
        && chrono::NaiveDate::parse_from_str(day, "%Y-%m-%d").is_ok();
    let rest = &text[10..];
    (is_day && (rest.is_empty() || rest.starts_with(['T', ' '])))
        .then(|| format!("\"{day}\"").into())
}

/// A list of texts. Ids in the list become texts.
fn texts(raw: &[u8]) -> Fit<'_> {
    let (mut all_texts, mut all_scalars) = (true, true);
    let mut reader = Reader::new(raw);
    let read = reader.array(0, |reader| {
        let first = reader.peek();
        all_texts &= first == Some(b'"');
        all_scalars &= matches!(first, Some(b'"' | b'-' | b'0'..=b'9'));
        reader.value(1).map(drop)
    });
    match read {
        Ok(_) if all_texts => Fit::AsItStands,
        Ok(_) if all_scalars => {
            let spelled = |item: &Value| match item {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let items: Option<Vec<Value>> = serde_json::from_slice(raw).ok();
            items.map_or(Fit::Misfit, |items| {
                let items: Value = items.iter().map(spelled).collect();
                Fit::Written(in_a_line(&items).into())
            })
        }
        _ => Fit::Misfit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The column's value. `None` if the value does not fit.
    fn made(kind: Kind, raw: &str) -> Option<String> {
        match of_kind(kind, raw.as_bytes()) {
            Fit::Null => Some("null".into()),
            Fit::AsItStands => Some(raw.into()),
            Fit::Written(written) => Some(written.into_owned()),
            Fit::Misfit => None,
        }
    }

    #[test]
    fn values_take_the_type_of_their_column_or_do_not_fit() {
        let long = format!("\"{}\"", "9".repeat(400));
        for (kind, raw, expected) in [
            (Kind::Boolean, "true", Some("true")),
            (Kind::Boolean, "\"false\"", Some("false")),
            (Kind::Boolean, "\"\"", Some("null")),
            (Kind::Boolean, "1", None),
            (Kind::Boolean, "\"yes\"", None),
            (Kind::Integer, "\"42\"", Some("42")),
            (Kind::Integer, "\"-007\"", Some("-7")),
            (Kind::Integer, "\"+5\"", Some("5")),
            (Kind::Integer, "\" 8 \"", Some("8")),
            (Kind::Integer, "-0", Some("0")),
            (Kind::Integer, "12", Some("12")),
            (Kind::Integer, "1.0", Some("1")),
            (Kind::Integer, "1e3", Some("1000")),
            (Kind::Integer, "\"9223372036854775807\"", Some("9223372036854775807")),
            (Kind::Integer, "9223372036854775808", None),
            (Kind::Integer, "12345678901234567890123", None),
            (Kind::Integer, "\"1.5\"", None),
            (Kind::Integer, "\"\"", Some("null")),
            (Kind::Integer, "\"one\"", None),
            (Kind::Integer, "\"\\u0031\"", None),
            (Kind::Integer, "true", None),
            (Kind::Integer, "[1]", None),
            (Kind::Integer, "\".\"", None),
            (Kind::Integer, "\"-\"", None),
            (Kind::Decimal, "\"1.50\"", Some("1.50")),
            (Kind::Decimal, "\"-.5\"", Some("-0.5")),
            (Kind::Decimal, "\"00.25\"", Some("0.25")),
            (Kind::Decimal, "\"5.\"", Some("5")),
            (Kind::Decimal, "1e3", Some("1e3")),
            (Kind::Decimal, "1e999", None),
            (Kind::Decimal, &long, None),
            (Kind::Decimal, "\"1,5\"", None),
            (Kind::Decimal, "\"NaN\"", None),
            (Kind::Decimal, "\"inf\"", None),
            (Kind::Date, "\"2024-02-29\"", Some("\"2024-02-29\"")),
            (Kind::Date, "\"2012-07-23T00:00:00+00:00\"", Some("\"2012-07-23\"")),
            (Kind::Date, "\"2012-07-23T00:00:00Z\"", Some("\"2012-07-23\"")),
            (Kind::Date, "\"2023-02-29\"", None),
            (Kind::Date, "\"2023-02-2\"", None),
            (Kind::Date, "\"2023-1-001\"", None),
            (Kind::Date, "\"2023-02-21x\"", None),
            (Kind::Date, "\"2023-02-2é\"", None),
            (Kind::Date, "20230221", None),
            (Kind::Text, "\"\"", Some("\"\"")),
            (Kind::Text, "\"true\"", Some("\"true\"")),
            (Kind::Text, "true", None),
            (Kind::Text, "{\"a\":1}", None),
            (Kind::Texts, "[]", Some("[]")),
            (Kind::Texts, "[\"a\", \"b\"]", Some("[\"a\", \"b\"]")),
            (Kind::Texts, "[7,\"b\"]", Some("[\"7\",\"b\"]")),
            (Kind::Texts, "[[]]", None),
            (Kind::Texts, "[null]", None),
            (Kind::Texts, "\"a\"", None),
            (Kind::Texts, "\"\"", Some("null")),
            (Kind::Texts, "{}", None),
        ] {
            assert_eq!(made(kind, raw).as_deref(), expected, "{kind:?} {raw}");
            assert_eq!(made(kind, "null").as_deref(), Some("null"));
        }
    }
}
