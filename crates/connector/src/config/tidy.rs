//! Tidies a written configuration before it is checked against the spec. People paste secrets with
//! line breaks, and platforms fill empty options with nulls or blanks. Pure.

use serde_json::{Map, Number, Value};

/// Drops blank options, trims texts, turns whole numbers such as `1.0` into integers, and tidies
/// credentials.
pub(super) fn tidy(config: &mut Map<String, Value>) {
    tidy_members(config);
    if let Some(Value::Object(credentials)) = config.get_mut("credentials") {
        tidy_credentials(credentials);
        tidy_members(credentials);
    }
}

fn tidy_members(object: &mut Map<String, Value>) {
    object.values_mut().for_each(tidy_value);
    object.retain(|_, value| !is_blank(value));
}

fn tidy_value(value: &mut Value) {
    match value {
        Value::Object(object) => tidy_members(object),
        Value::Array(items) => {
            items.iter_mut().for_each(tidy_value);
            items.retain(|item| !is_blank(item));
        }
        Value::String(text) => {
            let trimmed = trimmed(text);
            if trimmed.len() != text.len() {
                *text = trimmed.to_owned();
            }
        }
        Value::Number(number) => {
            if let Some(whole) = whole(number) {
                *number = whole;
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

fn is_blank(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(str::is_empty)
}

/// The text without characters at its ends that nobody sees: white space, and marks without a
/// width.
fn trimmed(text: &str) -> &str {
    let is_unseen = |character: char| {
        character.is_whitespace()
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
    };
    text.trim_matches(is_unseen)
}

/// `1.0` as 1. A number that no integer can hold becomes the largest or smallest integer, so that
/// the limits of its option judge it.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "casts saturate")]
fn whole(number: &Number) -> Option<Number> {
    let float = number.as_f64().filter(|float| number.is_f64() && float.fract() == 0.0)?;
    Some(if float < 0.0 { Number::from(float as i64) } else { Number::from(float as u64) })
}

/// Removes what the signature adds by itself: `/token` after an e-mail address, and the scheme or
/// the address before a token.
fn tidy_credentials(credentials: &mut Map<String, Value>) {
    let mut address = String::new();
    if let Some(Value::String(email)) = credentials.get_mut("email") {
        let whole = strip_suffix(email, "/token").map(|email| trimmed(email).to_owned());
        *email = whole.unwrap_or_else(|| std::mem::take(email));
        address.clone_from(email);
    }
    for key in ["api_token", "access_token", "refresh_token"] {
        let Some(Value::String(token)) = credentials.get_mut(key) else { continue };
        for scheme in ["Bearer ", "Basic "] {
            if let Some(rest) = strip_prefix(token, scheme) {
                *token = trimmed(rest).to_owned();
            }
        }
        let before = format!("{address}/token:");
        if let Some(rest) = strip_prefix(token, &before).filter(|_| !address.is_empty()) {
            *token = trimmed(rest).to_owned();
        }
    }
}

/// The rest after a prefix. Upper and lower case are equal.
fn strip_prefix<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// The text before a suffix. Upper and lower case are equal.
fn strip_suffix<'t>(text: &'t str, suffix: &str) -> Option<&'t str> {
    let (rest, end) = text.split_at_checked(text.len().checked_sub(suffix.len())?)?;
    end.eq_ignore_ascii_case(suffix).then_some(rest)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tidied(config: Value) -> Value {
        let Value::Object(mut config) = config else { panic!("no object") };
        tidy(&mut config);
        Value::Object(config)
    }

    #[test]
    fn what_is_blank_is_not_there_and_texts_have_no_unseen_ends() {
        let config = json!({ "a": "", "b": " \n\u{feff}", "c": null, "d": "\u{200b} x y\r\n", "e": [null, "", " z "],
            "f": { "g": "", "h": { "i": null } }, "j": false, "k": 0 });
        let expected = json!({ "d": "x y", "e": ["z"], "f": { "h": {} }, "j": false, "k": 0 });
        assert_eq!(tidied(config), expected);
    }

    #[test]
    fn a_whole_number_is_one_however_it_is_written() {
        let config = json!({ "a": 1.0, "b": 1.5, "c": -2.0, "d": 1e300, "e": -1e300, "f": 7 });
        let expected = json!({ "a": 1, "b": 1.5, "c": -2, "d": u64::MAX, "e": i64::MIN, "f": 7 });
        assert_eq!(tidied(config), expected);
    }

    #[test]
    fn what_the_signature_adds_is_dropped_once_it_was_pasted() {
        for (email, token) in [
            ("me@x.y", "tok"),
            (" me@x.y/token\n", "\ttok\n"),
            ("me@x.y/Token", "Basic tok"),
            ("me@x.y", "bearer  tok"),
            ("me@x.y", "me@x.y/token:tok"),
        ] {
            let config = json!({ "credentials": { "email": email, "api_token": token, "access_token": token } });
            let credentials = &tidied(config)["credentials"];
            assert_eq!(
                (&credentials["email"], &credentials["api_token"]),
                (&json!("me@x.y"), &json!("tok"))
            );
            assert_eq!(credentials["access_token"], "tok");
        }
        let odd = json!({ "credentials": { "email": "/token", "api_token": "Bearer", "client_secret": "Bearer é" } });
        let expected =
            json!({ "credentials": { "api_token": "Bearer", "client_secret": "Bearer é" } });
        assert_eq!(tidied(odd), expected);
        assert_eq!(tidied(json!({ "credentials": "x" })), json!({ "credentials": "x" }));
    }
}
