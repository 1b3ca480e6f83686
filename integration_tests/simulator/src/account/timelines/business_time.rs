//! Business time: how many seconds of a period are within the hours of a schedule, in the
//! schedule's time zone and without its holidays. Source: Zendesk, Schedules (`intervals` are
//! minutes since Sunday 0:00 of the local week; a holiday lasts from its first to its last local
//! day, both inclusive).

use chrono::{DateTime, Datelike, Days, LocalResult, NaiveDate, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;

const MINUTES_OF_A_DAY: i64 = 1_440;

/// The time zone of each Rails name that the simulator uses.
const RAILS_ZONES: &[(&str, Tz)] = &[
    ("Eastern Time (US & Canada)", Tz::America__New_York),
    ("Copenhagen", Tz::Europe__Copenhagen),
];

/// A schedule with its holidays.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    pub(crate) id: u64,
    pub(crate) name: &'static str,
    pub(crate) rails_zone: &'static str,
    pub(crate) created_at: i64,
    /// Minutes since Sunday 0:00 local, from and to.
    pub(crate) intervals: Vec<(i64, i64)>,
    pub(crate) holidays: Vec<Holiday>,
}

#[derive(Debug, Clone)]
pub(crate) struct Holiday {
    pub(crate) id: u64,
    pub(crate) name: &'static str,
    pub(crate) first: NaiveDate,
    pub(crate) last: NaiveDate,
}

impl Schedule {
    pub(crate) fn zone(&self) -> Tz {
        zone(self.rails_zone)
    }

    /// The business seconds between two unix times. They are counted one local day at a time.
    pub(crate) fn seconds(&self, from: i64, to: i64) -> i64 {
        let zone = self.zone();
        let (Some(mut day), Some(last)) = (local_day(zone, from), local_day(zone, to)) else {
            return 0;
        };
        let mut sum = 0;
        while from < to && day <= last {
            if !self.is_holiday(day) {
                for (opens, closes) in self.hours_of(day) {
                    let opens = instant(zone, day, opens);
                    let closes = instant(zone, day, closes);
                    sum += (closes.min(to) - opens.max(from)).max(0);
                }
            }
            let Some(next) = day.checked_add_days(Days::new(1)) else { break };
            day = next;
        }
        sum
    }

    fn is_holiday(&self, day: NaiveDate) -> bool {
        self.holidays.iter().any(|holiday| holiday.first <= day && day <= holiday.last)
    }

    /// The intervals of a day, in minutes of that day.
    fn hours_of(&self, day: NaiveDate) -> impl Iterator<Item = (i64, i64)> {
        let midnight = i64::from(day.weekday().num_days_from_sunday()) * MINUTES_OF_A_DAY;
        let cut = move |minute: i64| (minute - midnight).clamp(0, MINUTES_OF_A_DAY);
        let hours = self.intervals.iter().map(move |(from, to)| (cut(*from), cut(*to)));
        hours.filter(|(from, to)| from < to)
    }
}

/// The time zone of a Rails name. UTC for a name that is not in the table.
fn zone(rails_name: &str) -> Tz {
    let found = RAILS_ZONES.iter().find(|(name, _)| *name == rails_name);
    found.map_or(Tz::UTC, |(_, zone)| *zone)
}

pub(crate) fn local_day(zone: Tz, unix: i64) -> Option<NaiveDate> {
    Some(DateTime::from_timestamp(unix, 0)?.with_timezone(&zone).date_naive())
}

/// The unix time of a minute of a local day. A local time that occurs twice means the first one. A
/// local time that a clock change skips means the moment of the change.
pub(crate) fn instant(zone: Tz, day: NaiveDate, minute: i64) -> i64 {
    let midnight = day.and_hms_opt(0, 0, 0).unwrap_or_default();
    let mut local: NaiveDateTime = midnight + chrono::Duration::minutes(minute);
    for _ in 0..=180 {
        match zone.from_local_datetime(&local) {
            LocalResult::Single(time) | LocalResult::Ambiguous(time, _) => return time.timestamp(),
            LocalResult::None => local += chrono::Duration::minutes(1),
        }
    }
    local.and_utc().timestamp()
}

/// The unix times between `from` and `to` at which the clocks of a zone change, to the hour.
pub(crate) fn clock_changes(zone: Tz, from: i64, to: i64) -> Vec<i64> {
    let offset = |unix: i64| {
        let time: DateTime<Utc> = DateTime::from_timestamp(unix, 0).unwrap_or_default();
        let local = time.with_timezone(&zone).naive_local();
        (local - time.naive_utc()).num_seconds()
    };
    let first = from - from.rem_euclid(3_600);
    let hours = (first + 3_600..=to).step_by(3_600);
    hours.filter(|hour| offset(*hour) != offset(hour - 3_600)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::parse_iso;

    fn unix(text: &str) -> i64 {
        parse_iso(text).expect("a time")
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    /// Monday to Friday from nine to five.
    fn new_york() -> Schedule {
        Schedule {
            id: 1,
            name: "New York",
            rails_zone: "Eastern Time (US & Canada)",
            created_at: 0,
            intervals: (1..6).map(|day| (day * 1_440 + 540, day * 1_440 + 1_020)).collect(),
            holidays: Vec::new(),
        }
    }

    /// The clocks went forward on Sunday 2026-03-08. On Friday 16:00 is 21:00 UTC, an hour before
    /// closing. On Monday nine o'clock is 13:00 UTC. Tuesday is a holiday. On Wednesday 11:30 is
    /// 15:30 UTC. 1 hour on Friday, 8 on Monday, 2.5 on Wednesday: 690 minutes.
    #[test]
    fn a_week_end_with_a_clock_change_and_a_holiday_is_as_worked_out_by_hand() {
        let mut schedule = new_york();
        let (first, last) = (day("2026-03-10"), day("2026-03-10"));
        schedule.holidays.push(Holiday { id: 1, name: "A day", first, last });
        let (from, to) = (unix("2026-03-06T21:00:00Z"), unix("2026-03-11T15:30:00Z"));
        assert_eq!(schedule.seconds(from, to), 690 * 60);
        // With the clocks of winter Wednesday would have had an hour less.
        assert_eq!(schedule.seconds(unix("2026-03-11T13:00:00Z"), to), 150 * 60);
        assert_eq!(
            schedule.seconds(unix("2026-02-11T13:00:00Z"), unix("2026-02-11T15:30:00Z")),
            90 * 60
        );
    }

    /// A holiday from Thursday to Monday leaves Wednesday and Tuesday.
    #[test]
    fn a_holiday_of_several_days_takes_its_first_and_its_last_day() {
        let mut schedule = new_york();
        let (first, last) = (day("2026-06-04"), day("2026-06-08"));
        schedule.holidays.push(Holiday { id: 1, name: "Days", first, last });
        let (from, to) = (unix("2026-06-03T00:00:00Z"), unix("2026-06-10T00:00:00Z"));
        assert_eq!(schedule.seconds(from, to), 2 * 8 * 3_600);
    }

    /// Compares whole years with a count that goes minute by minute and looks up the local time of
    /// each.
    #[test]
    fn days_add_up_as_minutes_do() {
        let mut schedule = new_york();
        schedule.rails_zone = "Copenhagen";
        // A whole night through a change of the clocks, and a Saturday with odd hours.
        schedule.intervals = vec![(0, 300), (1_950, 2_445), (6 * 1_440 + 615, 7 * 1_440)];
        let (first, last) = (day("2026-04-02"), day("2026-04-06"));
        schedule.holidays.push(Holiday { id: 1, name: "Days", first, last });
        for (from, to) in [
            ("2025-10-20T07:31:00Z", "2025-11-04T12:00:00Z"),
            ("2026-03-27T10:00:00Z", "2026-04-08T09:17:00Z"),
        ] {
            let (from, to) = (unix(from), unix(to));
            let minutes = (from..to).step_by(60).filter(|minute| is_open(&schedule, *minute));
            assert_eq!(schedule.seconds(from, to), minutes.count() as i64 * 60);
        }
    }

    fn is_open(schedule: &Schedule, unix: i64) -> bool {
        use chrono::Timelike;
        let time = DateTime::from_timestamp(unix, 0).expect("a time");
        let local = time.with_timezone(&schedule.zone());
        let minute = i64::from(local.weekday().num_days_from_sunday()) * 1_440
            + i64::from(local.hour() * 60 + local.minute());
        let day = local.date_naive();
        schedule.intervals.iter().any(|(from, to)| (*from..*to).contains(&minute))
            && !schedule
                .holidays
                .iter()
                .any(|holiday| (holiday.first..=holiday.last).contains(&day))
    }

    #[test]
    fn both_zones_change_their_clocks_in_spring_and_in_autumn() {
        let (from, to) = (unix("2025-12-01"), unix("2026-12-01"));
        let expected = |times: [&str; 2]| times.map(unix).to_vec();
        let changes = clock_changes(Tz::America__New_York, from, to);
        assert_eq!(changes, expected(["2026-03-08T07:00:00Z", "2026-11-01T06:00:00Z"]));
        let changes = clock_changes(Tz::Europe__Copenhagen, from, to);
        assert_eq!(changes, expected(["2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z"]));
    }
}
