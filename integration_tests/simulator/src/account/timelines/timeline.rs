//! A timeline: the moments of one ticket, and the values that it had over time.

use serde_json::Value;
use std::collections::BTreeMap;

/// How something came about, as a row names it: an object with a channel, or a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Via {
    pub(crate) channel: String,
    pub(crate) is_object: bool,
}

/// A change of one field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Change {
    /// The field's name. For a custom field, its number as text.
    pub(crate) field: String,
    pub(crate) from: Value,
    pub(crate) to: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Act {
    Create(Vec<Change>),
    /// Each field occurs once.
    Change(Vec<Change>),
    Comment {
        author: u64,
        public: bool,
        body: String,
    },
    Schedule {
        from: Option<u64>,
        to: u64,
    },
    Notification,
}

/// One child of an event.
#[derive(Debug, Clone)]
pub(crate) struct Deed {
    pub(crate) id: u64,
    /// `None` if the child names no channel. Then that of the event applies.
    pub(crate) via: Option<Via>,
    pub(crate) act: Act,
}

/// One event: everything that one actor did to a ticket at one time.
#[derive(Debug, Clone)]
pub(crate) struct Moment {
    pub(crate) id: u64,
    pub(crate) at: i64,
    /// The id of the user. -1 means the system.
    pub(crate) by: i64,
    pub(crate) via: Via,
    pub(crate) deeds: Vec<Deed>,
}

/// A satisfaction rating in its present state.
#[derive(Debug, Clone)]
pub(crate) struct Rating {
    pub(crate) id: u64,
    pub(crate) score: String,
    pub(crate) comment: Option<String>,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

/// A metric event.
#[derive(Debug, Clone)]
pub(crate) struct Measure {
    pub(crate) id: u64,
    pub(crate) metric: &'static str,
    pub(crate) instance: u64,
    pub(crate) at: i64,
    pub(crate) kind: MeasureKind,
    /// Whether Zendesk marks the event as one to ignore. `None` if the row does not say.
    pub(crate) deleted: Option<bool>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum MeasureKind {
    Activate,
    Pause,
    Fulfill,
    /// Minutes since the activation, in calendar time and in business time.
    UpdateStatus(i64, i64),
    ApplySla(Target),
}

/// The target of an SLA policy.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Target {
    pub(crate) policy: u64,
    pub(crate) title: &'static str,
    pub(crate) minutes: i64,
    pub(crate) in_business_hours: bool,
    pub(crate) says_seconds: bool,
}

/// The state of a metric of a ticket.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct MetricClock {
    pub(crate) instance: u64,
    pub(crate) is_running: bool,
    pub(crate) is_paused: bool,
    pub(crate) since: i64,
}

/// The whole life of one ticket.
#[derive(Debug, Clone)]
pub(crate) struct Timeline {
    pub(crate) ticket: u64,
    pub(crate) created_at: i64,
    pub(crate) requester: u64,
    pub(crate) submitter: u64,
    pub(crate) channel: &'static str,
    /// Imported tickets have no Create event.
    pub(crate) is_imported: bool,
    /// The index of the SLA policy among the account's policies.
    pub(crate) policy: Option<usize>,
    /// The values of the fields at creation.
    pub(crate) first: BTreeMap<String, Value>,
    /// The values of the fields now.
    pub(crate) now: BTreeMap<String, Value>,
    /// The moments in the order of their events' ids.
    pub(crate) moments: Vec<Moment>,
    pub(crate) measures: Vec<Measure>,
    pub(crate) clocks: BTreeMap<&'static str, MetricClock>,
    pub(crate) rating: Option<Rating>,
    pub(crate) metric_set: u64,
}

impl Timeline {
    pub(crate) fn status(&self) -> &str {
        self.now.get("status").and_then(Value::as_str).unwrap_or("new")
    }

    /// The value of a field now.
    pub(crate) fn now_of(&self, field: &str) -> Value {
        self.now.get(field).cloned().unwrap_or(Value::Null)
    }

    pub(crate) fn is_deleted(&self) -> bool {
        self.status() == "deleted"
    }

    pub(crate) fn updated_at(&self) -> i64 {
        self.moments.last().map_or(self.created_at, |moment| moment.at)
    }

    pub(crate) fn changes(&self) -> impl Iterator<Item = (&Moment, &Change)> {
        self.moments.iter().flat_map(|moment| {
            moment
                .deeds
                .iter()
                .filter_map(|deed| match &deed.act {
                    Act::Change(changes) => Some(changes),
                    _ => None,
                })
                .flatten()
                .map(move |change| (moment, change))
        })
    }

    /// The values of a field and when each began, the first value included. Of several values
    /// within one second the last one counts.
    pub(crate) fn values(&self, field: &str) -> Vec<(i64, Value)> {
        let first = self.first.get(field).cloned().unwrap_or(Value::Null);
        let mut values = vec![(self.created_at, first)];
        for (moment, change) in self.changes().filter(|(_, change)| change.field == field) {
            if values.last().is_some_and(|(at, _)| *at == moment.at) {
                values.pop();
            }
            values.push((moment.at, change.to.clone()));
        }
        values
    }

    /// The comments, each with the moment in which it was written.
    pub(crate) fn comments(&self) -> impl Iterator<Item = (&Moment, u64, bool)> {
        self.moments.iter().flat_map(|moment| {
            moment.deeds.iter().filter_map(move |deed| match deed.act {
                Act::Comment { author, public, .. } => Some((moment, author, public)),
                _ => None,
            })
        })
    }

    /// The comments without that of the creation.
    pub(crate) fn later_comments(&self) -> impl Iterator<Item = (&Moment, u64, bool)> {
        let creation = self.moments.first().filter(|_| !self.is_imported).map(|moment| moment.id);
        self.comments().filter(move |(moment, ..)| Some(moment.id) != creation)
    }

    /// The schedules that applied and when each began. Before the first one, the default applies.
    pub(crate) fn schedules(&self) -> Vec<(i64, u64)> {
        let deeds = self
            .moments
            .iter()
            .flat_map(|moment| moment.deeds.iter().map(move |deed| (moment.at, deed)));
        let assigned = deeds.filter_map(|(at, deed)| match deed.act {
            Act::Schedule { to, .. } => Some((at, to)),
            _ => None,
        });
        assigned.collect()
    }
}

/// The number of a custom field. `None` for a field of the system.
pub(crate) fn custom_number(field: &str) -> Option<u64> {
    field.parse().ok()
}
