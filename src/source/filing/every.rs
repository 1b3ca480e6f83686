//! How often a sync is repeated, as a person writes it. Pure.

use std::time::Duration;

const UNITS: [(char, u64); 4] = [('s', 1), ('m', 60), ('h', 3600), ('d', 86_400)];

/// Parses a time such as `90s`, `15m`, `1h` or `1d`.
///
/// # Errors
/// A sentence that says what a valid time looks like.
pub fn every(text: &str) -> Result<Duration, String> {
    let unit = UNITS.iter().find_map(|(unit, seconds)| Some((text.strip_suffix(*unit)?, seconds)));
    let seconds = unit.and_then(|(number, seconds)| {
        // Signs are none of a time's.
        let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
        number.parse::<u64>().ok().filter(|_| is_number)?.checked_mul(*seconds)
    });
    match seconds {
        Some(seconds) if seconds > 0 => Ok(Duration::from_secs(seconds)),
        _ => Err("write a number with s, m, h or d, such as 15m or 1h".to_owned()),
    }
}

/// The time from now until the next sync starts. It starts a whole number of intervals after the
/// last one started. A sync that takes longer than an interval makes the program skip a start.
#[must_use]
pub fn pause(every: Duration, since_begin: Duration) -> Duration {
    let behind = since_begin.as_nanos().checked_rem(every.as_nanos()).unwrap_or_default();
    every.saturating_sub(Duration::from_nanos(u64::try_from(behind).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_number_with_a_unit() {
        for (text, seconds) in [("90s", 90), ("15m", 900), ("1h", 3600), ("2d", 172_800)] {
            assert_eq!(every(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "h", "1", "0h", "-1h", "+1h", "1.5h", "1w", "1 h", "99999999999999999999d"]
        {
            assert!(every(text).is_err(), "{text}");
        }
        assert!(every("213503982334602d").is_err(), "more seconds than there are");
    }

    #[test]
    fn a_sync_that_takes_longer_than_its_interval_leaves_one_out() {
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        assert_eq!(pause(minutes(60), minutes(0)), minutes(60));
        assert_eq!(pause(minutes(60), minutes(5)), minutes(55));
        assert_eq!(pause(minutes(60), minutes(65)), minutes(55));
        assert_eq!(pause(minutes(60), minutes(60)), minutes(60));
    }
}
