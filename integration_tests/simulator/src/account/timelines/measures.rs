//! Metric events: when the clocks of a ticket run, and which targets SLA policies set for them.
//! Source: Zendesk, Ticket Metric Events; SLA Policies. Simplified: a breach makes no event, and
//! only a reply reports how long it took (`update_status`).

use super::Timelines;
use super::durations::Spans;
use super::timeline::{Act, Measure, MeasureKind, MetricClock, Moment, Timeline};
use serde_json::Value;
use std::collections::BTreeMap;

/// The effect of a moment on the clocks of its ticket.
#[derive(Default)]
pub(super) struct Measured {
    pub(super) clocks: BTreeMap<&'static str, MetricClock>,
    pub(super) events: Vec<Measure>,
}

/// Metrics whose clocks depend on the ticket's status, with the statuses in which they run.
const BY_STATUS: &[(&str, &[&str])] =
    &[("requester_wait_time", &["new", "open", "hold"]), ("agent_work_time", &["new", "open"])];

const FINISHED: [&str; 3] = ["solved", "closed", "deleted"];

/// The clocks of a ticket after a moment, and the new metric events. `now` holds the ticket's
/// values after the moment.
pub(super) fn of(
    timelines: &mut Timelines,
    ticket: u64,
    now: &BTreeMap<String, Value>,
    moment: &Moment,
) -> Measured {
    let Some(timeline) = timelines.lives.get(&ticket).filter(|timeline| !timeline.is_imported)
    else {
        return Measured::default();
    };
    let kinds = due(timelines, timeline, now, moment);
    let clocks = kinds.clocks;
    let mut events = Vec::new();
    for (metric, instance, kind) in kinds.due {
        let id = timelines.next_id();
        // Some targets of later instances are marked as deleted, which readers must mind; some events
        // say nothing about it.
        let is_taken_back = id.is_multiple_of(29) && matches!(kind, MeasureKind::ApplySla(_));
        let is_said = !id.is_multiple_of(3) || is_taken_back;
        let deleted = is_said.then_some(is_taken_back && instance > 1);
        events.push(Measure { id, metric, instance, at: moment.at, kind, deleted });
    }
    Measured { clocks, events }
}

struct Due {
    clocks: BTreeMap<&'static str, MetricClock>,
    due: Vec<(&'static str, u64, MeasureKind)>,
}

fn due(
    timelines: &Timelines,
    timeline: &Timeline,
    now: &BTreeMap<String, Value>,
    moment: &Moment,
) -> Due {
    let mut clocks = timeline.clocks.clone();
    let mut due = Vec::new();
    let text = |field: &str| now.get(field).and_then(Value::as_str).unwrap_or_default();
    let (status, priority) = (text("status"), text("priority"));
    let was_running = clocks.clone();
    let apply = |metric: &'static str, instance: u64| {
        let target = timelines.cast.target(timeline.policy?, metric, instance, priority)?;
        Some((metric, instance, MeasureKind::ApplySla(target)))
    };
    let is_creation = timeline.moments.is_empty();
    let comment_by = |agent: bool| {
        moment.deeds.iter().any(|deed| match deed.act {
            Act::Comment { author, public, .. } => {
                public && timelines.cast.is_agent(author) == agent
            }
            _ => false,
        })
    };
    let reply = clocks.entry("reply_time").or_default();
    if reply.is_running && (comment_by(true) || FINISHED.contains(&status)) && !is_creation {
        let spans = Spans { cast: &timelines.cast, timeline };
        let took = spans.minutes(reply.since, moment.at);
        due.push(("reply_time", reply.instance, MeasureKind::Fulfill));
        due.push(("reply_time", reply.instance, MeasureKind::UpdateStatus(took.0, took.1)));
        reply.is_running = false;
    }
    if !reply.is_running && comment_by(false) && !FINISHED.contains(&status) {
        *reply = MetricClock {
            instance: reply.instance + 1,
            is_running: true,
            is_paused: false,
            since: moment.at,
        };
        due.push(("reply_time", reply.instance, MeasureKind::Activate));
        due.extend(apply("reply_time", reply.instance));
    }
    for (metric, statuses) in BY_STATUS {
        let clock = clocks.entry(metric).or_default();
        let counts = statuses.contains(&status);
        let is_idle = !clock.is_running && !clock.is_paused;
        if counts && is_idle {
            *clock = MetricClock {
                instance: clock.instance + 1,
                is_running: true,
                is_paused: false,
                since: moment.at,
            };
            due.push((metric, clock.instance, MeasureKind::Activate));
            due.extend(apply(metric, clock.instance));
        } else if counts && clock.is_paused {
            (clock.is_running, clock.is_paused) = (true, false);
            due.push((metric, clock.instance, MeasureKind::Activate));
        } else if !counts && !is_idle && FINISHED.contains(&status) {
            (clock.is_running, clock.is_paused) = (false, false);
            due.push((metric, clock.instance, MeasureKind::Fulfill));
        } else if !counts && clock.is_running {
            (clock.is_running, clock.is_paused) = (false, true);
            due.push((metric, clock.instance, MeasureKind::Pause));
        }
    }
    let reprioritised = !is_creation
        && timeline.now_of("priority") != now.get("priority").cloned().unwrap_or(Value::Null);
    for (metric, clock) in clocks.iter().filter(|_| reprioritised) {
        let ran = was_running
            .get(metric)
            .is_some_and(|old| old.is_running && old.instance == clock.instance);
        if ran && clock.is_running {
            due.extend(apply(metric, clock.instance));
        }
    }
    Due { clocks, due }
}
