//! The people and things in the timelines of an account, as data: people, groups, schedules, SLA
//! policies and fields. `settings` makes rows of them.

use super::business_time::{Holiday, Schedule, clock_changes, instant};
use super::timeline::Target;
use crate::account::{ADMIN_USER_ID, AGENT_USER_ID, SUSPENDED_USER_ID};
use crate::prng::Prng;
use chrono::{DateTime, Datelike, Days, NaiveDate, Weekday};
use serde_json::{Value, json};

pub(crate) const DAY: i64 = 86_400;

/// How long before the account's start the timelines begin: fourteen months.
pub(crate) const AGE: i64 = 425 * DAY;

/// The distance between the ids of two users.
const STEP_OF_USERS: u64 = SUSPENDED_USER_ID - AGENT_USER_ID;

#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) role: &'static str,
    pub(crate) organization: Option<u64>,
    pub(crate) created_at: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct Named {
    pub(crate) id: u64,
    pub(crate) name: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Policy {
    pub(crate) id: u64,
    pub(crate) title: &'static str,
    pub(crate) in_business_hours: bool,
    /// The metrics that the policy has targets for, each with its target for an urgent ticket in
    /// minutes.
    pub(crate) metrics: &'static [(&'static str, i64)],
}

/// A custom field of tickets.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) id: u64,
    pub(crate) kind: &'static str,
    pub(crate) title: &'static str,
}

pub(crate) struct Cast {
    /// When the timelines begin.
    pub(crate) origin: i64,
    pub(crate) users: Vec<User>,
    pub(crate) organizations: Vec<Named>,
    pub(crate) groups: Vec<Named>,
    pub(crate) forms: Vec<Named>,
    /// The oldest comes first and is the default.
    pub(crate) schedules: Vec<Schedule>,
    pub(crate) policies: Vec<Policy>,
    pub(crate) fields: Vec<Field>,
    /// Set when the brands are founded.
    pub(crate) brands: Vec<u64>,
}

const FIRST_NAMES: [&str; 12] = [
    "Ada",
    "Bo",
    "Chiara",
    "Dov",
    "Esra",
    "Finn",
    "Grete",
    "Hugo",
    "Ines",
    "Jo\u{e3}o",
    "Kaya",
    "Li",
];
const LAST_NAMES: [&str; 11] = [
    "Abel", "Berg", "Costa", "Dahl", "Eriksen", "Fuchs", "Gray", "Holm", "Ito", "Jensen", "O'Neill",
];

pub(crate) const PRIORITIES: [&str; 4] = ["urgent", "high", "normal", "low"];

impl Cast {
    pub(crate) fn new(tickets: u64, now: i64, chance: &mut Prng) -> Self {
        let origin = now - AGE;
        let named = |at: u64, names: &[&str], base: u64| -> Vec<Named> {
            let row = |(n, name): (usize, &&str)| Named {
                id: base + at + n as u64 * 1_913,
                name: (*name).to_owned(),
            };
            names.iter().enumerate().map(row).collect()
        };
        let organizations: Vec<Named> = (0..4 + tickets / 8)
            .map(|n| Named {
                id: 28_835_715_000_011 + n * 2_741,
                name: format!(
                    "{} {}",
                    LAST_NAMES[n as usize % 11],
                    ["Ltd", "GmbH", "ApS"][n as usize % 3]
                ) + &if n < 11 { String::new() } else { format!(" {n}") },
            })
            .collect();
        let users = users(tickets, origin, &organizations, chance);
        Self {
            origin,
            users,
            groups: named(7, &["Support", "Billing", "Escalations"], 28_835_716_000_000),
            forms: named(3, &["Default", "Returns"], 28_835_717_000_000),
            organizations,
            schedules: schedules(origin, now),
            policies: policies(),
            fields: fields(),
            brands: Vec::new(),
        }
    }

    pub(crate) fn agents(&self) -> Vec<u64> {
        let agents = self.users.iter().filter(|user| user.role != "end-user");
        agents.map(|user| user.id).filter(|id| *id != SUSPENDED_USER_ID).collect()
    }

    pub(crate) fn customers(&self) -> Vec<&User> {
        self.users.iter().filter(|user| user.role == "end-user").collect()
    }

    pub(crate) fn user(&self, id: u64) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    pub(crate) fn is_agent(&self, id: u64) -> bool {
        self.user(id).is_some_and(|user| user.role != "end-user")
    }

    /// The schedule with this id. The default schedule if no schedule has it.
    pub(crate) fn schedule(&self, id: Option<u64>) -> Option<&Schedule> {
        let named = self.schedules.iter().find(|schedule| Some(schedule.id) == id);
        named.or(self.schedules.first())
    }

    /// The target that a policy sets when a metric begins.
    pub(crate) fn target(
        &self,
        policy: usize,
        metric: &str,
        instance: u64,
        priority: &str,
    ) -> Option<Target> {
        let policy = self.policies.get(policy)?;
        let name = policy_metric(metric, instance);
        let (_, minutes) = policy.metrics.iter().find(|(of, _)| *of == name)?;
        let place = PRIORITIES.iter().position(|known| *known == priority)?;
        Some(Target {
            policy: policy.id,
            title: policy.title,
            minutes: minutes * (1 << place),
            in_business_hours: policy.in_business_hours,
            says_seconds: policy.in_business_hours,
        })
    }

    /// Unix times near which tickets should exist: clock changes, and middays of holidays.
    pub(crate) fn anchors(&self, now: i64) -> Vec<i64> {
        let mut anchors = Vec::new();
        for schedule in &self.schedules {
            anchors.extend(clock_changes(schedule.zone(), self.origin + 6 * DAY, now - 12 * DAY));
            let middays = schedule
                .holidays
                .iter()
                .map(|holiday| instant(schedule.zone(), holiday.first, 720));
            anchors
                .extend(middays.filter(|at| (self.origin + 6 * DAY..now - 12 * DAY).contains(at)));
        }
        anchors
    }

    /// A random value that the custom field may have.
    pub(crate) fn value_of(&self, field: &Field, chance: &mut Prng) -> Value {
        let n = chance.below(4) as usize;
        match field.kind {
            "text" => json!(["", "A-17", "caf\u{e9} \"3\"", "0042"][n]),
            "tagger" => {
                json!([Value::Null, "plan_basic".into(), "plan_gold".into(), "plan_gold".into()][n])
            }
            "multiselect" => {
                json!([json!([]), json!(["red"]), json!(["red", "green"]), json!(["sk\u{f8}n"])][n])
            }
            "checkbox" => json!(n.is_multiple_of(2)),
            "integer" => json!([Value::Null, "3".into(), 17.into(), "-5".into()][n]),
            _ => json!(
                [Value::Null, "2026-02-28".into(), "2025-12-31".into(), "2026-07-01".into()][n]
            ),
        }
    }
}

/// A policy's name for a metric of metric events.
pub(crate) fn policy_metric(metric: &str, instance: u64) -> &str {
    match metric {
        "reply_time" if instance <= 1 => "first_reply_time",
        "reply_time" => "next_reply_time",
        metric => metric,
    }
}

fn users(tickets: u64, origin: i64, organizations: &[Named], chance: &mut Prng) -> Vec<User> {
    let agents = 8;
    let user = |n: u64| {
        let (first, last) = (FIRST_NAMES[n as usize % 12], LAST_NAMES[n as usize * 5 % 11]);
        let number = if n < 132 { String::new() } else { format!(" {n}") };
        let role = match n {
            0 => "admin",
            _ if n < agents => "agent",
            _ => "end-user",
        };
        let place = chance.below(organizations.len() as u64) as usize;
        let is_member = role == "end-user" && n % 5 != 3;
        User {
            id: ADMIN_USER_ID + n * STEP_OF_USERS,
            name: format!("{first} {last}{number}"),
            role,
            organization: organizations.get(place).filter(|_| is_member).map(|row| row.id),
            created_at: origin - 40 * DAY + n as i64 * 600,
        }
    };
    (0..agents + 8 + tickets / 3).map(user).collect()
}

fn policies() -> Vec<Policy> {
    vec![
        Policy {
            id: 28_835_718_000_117,
            title: "Standard",
            in_business_hours: false,
            metrics: &[
                ("first_reply_time", 60),
                ("next_reply_time", 120),
                ("requester_wait_time", 720),
            ],
        },
        Policy {
            id: 28_835_718_002_118,
            title: "Premium",
            in_business_hours: true,
            metrics: &[
                ("first_reply_time", 30),
                ("next_reply_time", 45),
                ("requester_wait_time", 240),
                ("agent_work_time", 180),
            ],
        },
    ]
}

fn fields() -> Vec<Field> {
    let kinds = [
        ("text", "Order number"),
        ("tagger", "Plan"),
        ("multiselect", "Colours"),
        ("checkbox", "Insured"),
        ("integer", "Pieces"),
        ("date", "Delivery"),
    ];
    let field = |(n, (kind, title)): (usize, (&'static str, &'static str))| Field {
        id: 28_835_741_000_000 + n as u64 * 7,
        kind,
        title,
    };
    kinds.into_iter().enumerate().map(field).collect()
}

fn schedules(origin: i64, now: i64) -> Vec<Schedule> {
    let weekdays = |days: std::ops::Range<i64>, from: i64, to: i64| -> Vec<(i64, i64)> {
        days.map(|day| (day * 1_440 + from, day * 1_440 + to)).collect()
    };
    let mut eastern = Schedule {
        id: 29_006_094_707_860,
        name: "Head office",
        rails_zone: "Eastern Time (US & Canada)",
        created_at: origin - 90 * DAY,
        intervals: weekdays(1..6, 540, 1_020),
        holidays: Vec::new(),
    };
    let mut danish = Schedule {
        id: 29_006_094_711_913,
        name: "Copenhagen office",
        rails_zone: "Copenhagen",
        created_at: origin - 60 * DAY,
        intervals: weekdays(1..6, 510, 1_005),
        holidays: Vec::new(),
    };
    danish.intervals.push((6 * 1_440 + 615, 6 * 1_440 + 780));
    // Two days after the clocks changed in the night to Sunday; then from Thursday to Monday.
    add_holidays(&mut eastern, origin, now, &[(Weekday::Tue, 1, "Founder's Day", true)]);
    add_holidays(&mut eastern, origin, now, &[(Weekday::Wed, 2, "Spring Days", false)]);
    add_holidays(
        &mut danish,
        origin,
        now,
        &[(Weekday::Wed, 1, "Stocktaking", true), (Weekday::Thu, 5, "Long Week End", false)],
    );
    let years =
        [origin, now].map(|unix| DateTime::from_timestamp(unix, 0).unwrap_or_default().year());
    for year in years[0]..=years[1] {
        let days = |month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default();
        for (schedule, name, first, last) in [
            (&mut eastern, "Winter Break", days(12, 24), days(12, 26)),
            (&mut danish, "First of May", days(5, 1), days(5, 1)),
        ] {
            let id = schedule.id + 100 + schedule.holidays.len() as u64;
            schedule.holidays.push(Holiday { id, name, first, last });
        }
    }
    vec![eastern, danish]
}

/// Adds holidays of `days` days each. Each begins on the given weekday after a clock change in
/// autumn or in spring.
fn add_holidays(
    schedule: &mut Schedule,
    origin: i64,
    now: i64,
    wanted: &[(Weekday, u64, &'static str, bool)],
) {
    for change in clock_changes(schedule.zone(), origin, now) {
        let Some(sunday) = super::business_time::local_day(schedule.zone(), change) else {
            continue;
        };
        let is_autumn = sunday.month() > 6;
        for (weekday, days, name, in_autumn) in wanted {
            let until = u64::from(weekday.days_since(Weekday::Sun));
            let first = sunday.checked_add_days(Days::new(until)).unwrap_or(sunday);
            let last = first.checked_add_days(Days::new(days - 1)).unwrap_or(first);
            if is_autumn == *in_autumn {
                let id = schedule.id + 100 + schedule.holidays.len() as u64;
                schedule.holidays.push(Holiday { id, name, first, last });
            }
        }
    }
}
