//! Times as Zendesk writes them: unix seconds as a number or a string, ISO 8601 with `Z`, an offset
//! or a fraction, and the compact date of `deleted_tickets`. All become unix seconds.

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat, Utc};

/// Reads a time from JSON text (`1700000000`, `"1700000000"`, `"2024-07-03T14:21:18Z"`,
/// `"2024-07-03T14:21:18.5+00:00"`, `"20140704T15:37:04Z"`). `None` for null and for anything else.
/// A fraction is cut off, so that a position is never later than the time that it came from.
#[must_use]
pub fn from_json(json: &[u8]) -> Option<i64> {
    if let Some(seconds) = from_usual(json) {
        return Some(seconds);
    }
    let text = std::str::from_utf8(json).ok()?.trim();
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(text) => from_text(text),
        None => from_number(text),
    }
}

/// Reads the two spellings of nearly all rows, `1700000000` and `"2024-07-03T14:21:18Z"`. It is
/// called for each row, so it must be quick.
fn from_usual(json: &[u8]) -> Option<i64> {
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0_i64, |number, digit| {
            let digit = digit.is_ascii_digit().then(|| i64::from(digit - b'0'))?;
            Some(number * 10 + digit)
        })
    };
    if json.len() == 10 {
        return number(json);
    }
    let json: &[u8; 22] = json.try_into().ok()?;
    let [b'"', _, _, _, _, b'-', _, _, b'-', _, _, b'T', _, _, b':', _, _, b':', _, _, b'Z', b'"'] =
        json
    else {
        return None;
    };
    let part = |from: usize, to: usize| u32::try_from(number(&json[from..to])?).ok();
    let year = i32::try_from(part(1, 5)?).ok()?;
    let day = NaiveDate::from_ymd_opt(year, part(6, 8)?, part(9, 11)?)?;
    Some(day.and_hms_opt(part(12, 14)?, part(15, 17)?, part(18, 20)?)?.and_utc().timestamp())
}

/// Reads a time from text without quotes.
#[must_use]
pub fn from_text(text: &str) -> Option<i64> {
    let text = text.trim();
    if text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.'))
        && let Some(seconds) = from_number(text)
    {
        return Some(seconds);
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.timestamp());
    }
    for format in ["%Y%m%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f %#z"] {
        if let Ok(time) = DateTime::parse_from_str(text, format) {
            return Some(time.timestamp());
        }
    }
    // Zendesk's times are UTC; one without a zone is taken as such.
    for format in ["%Y%m%dT%H:%M:%S%.fZ", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"] {
        if let Ok(time) = NaiveDateTime::parse_from_str(text, format) {
            return Some(time.and_utc().timestamp());
        }
    }
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    Some(date.and_hms_opt(0, 0, 0)?.and_utc().timestamp())
}

/// The same time in ISO 8601, as JSON, for a JSON value that is a time in another form. `None` if it is in
/// ISO 8601 already, or is not a time.
#[must_use]
pub fn respelled(json: &[u8]) -> Option<String> {
    let text: Option<&str> = serde_json::from_slice(json).ok();
    if text.is_some_and(|text| DateTime::parse_from_rfc3339(text).is_ok()) {
        return None;
    }
    from_json(json).map(|unix| format!("\"{}\"", to_iso(unix)))
}

/// Writes unix seconds as `2024-07-03T14:21:18Z`.
#[must_use]
pub fn to_iso(unix: i64) -> String {
    DateTime::<Utc>::from_timestamp(unix, 0)
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
        .to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Reads the `Date` header of an answer (HTTP, RFC 9110).
#[must_use]
pub fn from_http_date(text: &str) -> Option<i64> {
    DateTime::parse_from_rfc2822(text).ok().map(|time| time.timestamp())
}

fn from_number(text: &str) -> Option<i64> {
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    whole.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_time_is_the_same_time() {
        for json in [
            "1404488224",
            "\"1404488224\"",
            "1404488224.0",
            "\"2014-07-04T15:37:04Z\"",
            "\"2014-07-04T15:37:04.999Z\"",
            "\"2014-07-04T15:37:04+00:00\"",
            "\"2014-07-04T17:37:04+02:00\"",
            "\"20140704T15:37:04Z\"",
            "\"2014-07-04T15:37:04\"",
        ] {
            assert_eq!(from_json(json.as_bytes()), Some(1_404_488_224), "{json}");
        }
        assert_eq!(to_iso(1_404_488_224), "2014-07-04T15:37:04Z");
        assert_eq!(from_http_date("Fri, 04 Jul 2014 15:37:04 GMT"), Some(1_404_488_224));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for json in [
            "null",
            "\"\"",
            "\"-\"",
            "{}",
            "\"soon\"",
            "\"99999999999999999999\"",
            "\u{7f}",
            "17000000ab",
            "\"2024-02-30T14:21:18Z\"",
            "\"2024-0a-30T14:21:18Z\"",
            "\"2024-07-03T25:21:18Z\"",
        ] {
            assert_eq!(from_json(json.as_bytes()), None, "{json}");
        }
    }

    #[test]
    fn a_time_in_another_form_is_respelled_and_nothing_else_is() {
        let of = |json: &str| respelled(json.as_bytes());
        let iso = Some("\"2026-10-27T07:49:39Z\"".to_owned());
        assert_eq!(of("\"20261027T07:49:39Z\""), iso);
        assert_eq!(of("\"2026-10-27 07:49:39\""), iso);
        for same in [
            "\"2026-10-27T07:49:39Z\"",
            "\"2026-10-27T07:49:39.5+02:00\"",
            "null",
            "\"soon\"",
            "{}",
        ] {
            assert_eq!(of(same), None, "{same}");
        }
    }
}
