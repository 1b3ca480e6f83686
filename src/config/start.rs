//! When a first read starts: at a date, or some days before the day of that read.

/// How far back a first read goes if no start date is given: two years.
const DEFAULT_HISTORY_SECONDS: i64 = 730 * DAY_SECONDS;

const DAY_SECONDS: i64 = 86_400;

/// What may be written: nothing, an absolute date, or a relative one. An absolute date is as
/// Airbyte's connector has it, with a fraction or an offset, or a day. A bare number of four digits
/// is refused, because it would be a year to most people. A time without a zone is refused, because
/// nobody knows which zone is meant.
pub(super) const PATTERN: &str = "^([0-9]{4}(-[0-9]{2}){2}\
                                  (T[0-9]{2}(:[0-9]{2}){2}([.][0-9]{1,9})?(Z|[+-][0-9]{2}:?[0-9]{2}))?\
                                  |today(-[0-9]{1,5})?|yesterday|[0-9]{1,3}|[0-9]{1,5} days?)?$";

/// Where a first read of dated data begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    #[default]
    TwoYearsBack,
    /// Unix seconds. It limits every read.
    At(i64),
    /// The start, in UTC, of the day that is this many days before the first read. It limits only
    /// that read.
    DaysBack(i64),
}

impl Start {
    /// The date in unix seconds, if it is absolute and in the future.
    #[must_use]
    pub fn ahead_of(self, now_unix: i64) -> Option<i64> {
        if let Self::At(unix) = self { Some(unix).filter(|unix| *unix > now_unix) } else { None }
    }

    /// The start in unix seconds, for a read that begins at `now_unix`.
    #[must_use]
    pub fn unix(self, now_unix: i64) -> i64 {
        let unix = match self {
            Self::TwoYearsBack => now_unix.saturating_sub(DEFAULT_HISTORY_SECONDS),
            Self::At(unix) => unix,
            Self::DaysBack(days) => {
                let today = now_unix.saturating_sub(now_unix.rem_euclid(DAY_SECONDS));
                today.saturating_sub(days.saturating_mul(DAY_SECONDS))
            }
        };
        unix.max(0)
    }
}

/// Parses what the user wrote. `None` if it is neither a date that exists nor a relative one.
pub(super) fn start(written: &str) -> Option<Start> {
    let days = match written {
        "today" => Some("0"),
        "yesterday" => Some("1"),
        _ => {
            let days = written.strip_prefix("today-").unwrap_or(written);
            Some(days.strip_suffix(" days").or(days.strip_suffix(" day")).unwrap_or(days))
        }
    };
    if let Some(days) = days.and_then(|days| days.parse::<u32>().ok()) {
        return Some(Start::DaysBack(days.into()));
    }
    if let Ok(day) = chrono::NaiveDate::parse_from_str(written, "%Y-%m-%d") {
        return Some(Start::At(day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp()));
    }
    let date = chrono::DateTime::parse_from_str(written, "%Y-%m-%dT%H:%M:%S%.f%#z").ok()?;
    Some(Start::At(date.timestamp()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-21T09:30:00Z
    const NOW: i64 = 1_795_253_400;
    /// 2026-11-21T00:00:00Z
    const TODAY: i64 = 1_795_219_200;

    #[test]
    fn a_relative_date_is_the_begin_of_a_day_before_the_read() {
        for (written, days) in [
            ("today", 0),
            ("0", 0),
            ("yesterday", 1),
            ("1", 1),
            ("1 day", 1),
            ("today-7", 7),
            ("7", 7),
            ("30 days", 30),
        ] {
            let start = start(written).unwrap();
            assert_eq!(start.unix(NOW), TODAY - days * 86_400, "{written}");
        }
        assert_eq!(start("99999 days").unwrap().unix(NOW), 0);
    }

    #[test]
    fn an_absolute_date_is_itself_and_none_is_two_years_back() {
        for written in [
            "2020-10-15T00:00:00Z",
            "2020-10-15T00:00:00.000Z",
            "2020-10-15T00:00:00.999999Z",
            "2020-10-15T00:00:00+00:00",
            "2020-10-15T00:00:00.5+0000",
            "2020-10-15T02:00:00+02:00",
            "2020-10-15",
        ] {
            assert_eq!(start(written), Some(Start::At(1_602_720_000)), "{written}");
        }
        assert_eq!(Start::default().unix(NOW), NOW - 730 * 86_400);
        for written in [
            "",
            "2020-13-45T00:00:00Z",
            "2020-02-30",
            "2020-10-15T00:00:00",
            "tomorrow",
            "-7",
            "today-",
            "7 weeks",
        ] {
            assert_eq!(start(written), None, "{written}");
        }
    }
}
