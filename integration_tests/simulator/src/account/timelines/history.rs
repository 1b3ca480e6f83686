//! The truth about an account with timelines. It is computed from the timelines and not from rows.

use super::cast::{Cast, DAY};
use super::durations::{Minutes, Spans};
use super::rows::missing;
use super::timeline::{Act, Change, Deed, MeasureKind, Moment, Timeline, custom_number};
use super::{Timelines, cast};
use crate::account::Account;
use crate::clock;
use serde_json::{Value, json};
use std::collections::BTreeMap;

impl Account {
    /// Whether the account has timelines.
    pub fn has_timelines(&self) -> bool {
        self.timelines.is_some()
    }

    /// What has happened in an account with timelines until now, and what follows from it. Null in
    /// an account without timelines. The keys:
    /// - `ticket_field_history`, `ticket_tag_history`, `ticket_schedule_assignments`,
    ///   `ticket_sla_applications`: one row for each change that the exports show. A ticket may have
    ///   several values of one field with the same `updated`. Then the value of the event with the
    ///   greatest id counts, and within one event that of the last child. The rows are in that order.
    /// - `tickets`, `backlog_by_day`, `agent_work_by_day`, `satisfaction_by_month`: the figures that
    ///   analysts need.
    /// - `field_values`: the values of fields and when they began, null included. A value that was
    ///   replaced within the same second is left out.
    pub fn history(&self) -> Value {
        let Some(timelines) = self.timelines.as_deref() else { return Value::Null };
        json!({
            "ticket_field_history": timelines.of_deeds(field_rows),
            "ticket_tag_history": timelines.of_deeds(tag_rows),
            "ticket_schedule_assignments": timelines.of_deeds(schedule_rows),
            "ticket_sla_applications": timelines.sla_applications(),
            "tickets": timelines.tickets(),
            "backlog_by_day": timelines.backlog_by_day(self.now),
            "agent_work_by_day": timelines.agent_work_by_day(),
            "satisfaction_by_month": timelines.satisfaction_by_month(),
            "field_values": timelines.field_values(),
        })
    }
}

impl Timelines {
    /// The rows of all children, in the order of the events.
    fn of_deeds(&self, rows: fn(&Timeline, &Moment, &Deed) -> Vec<Value>) -> Vec<Value> {
        let lives = self.lives.values();
        let mut moments: Vec<(&Timeline, &Moment)> = lives
            .flat_map(|timeline| timeline.moments.iter().map(move |moment| (timeline, moment)))
            .collect();
        moments.sort_by_key(|(_, moment)| (moment.at, moment.id));
        let deeds = moments.iter().flat_map(|(timeline, moment)| {
            moment.deeds.iter().map(move |deed| (timeline, moment, deed))
        });
        deeds.flat_map(|(timeline, moment, deed)| rows(timeline, moment, deed)).collect()
    }

    fn sla_applications(&self) -> Vec<Value> {
        let mut rows = Vec::new();
        for timeline in self.lives.values() {
            for measure in &timeline.measures {
                let MeasureKind::ApplySla(target) = &measure.kind else { continue };
                rows.push(json!({
                    "id": measure.id,
                    "ticket_id": timeline.ticket,
                    "metric": cast::policy_metric(measure.metric, measure.instance),
                    "instance_id": measure.instance,
                    "sla_policy_id": target.policy,
                    "sla_policy_title": target.title,
                    "target": target.minutes,
                    "target_in_seconds": target.says_seconds.then_some(target.minutes * 60),
                    "in_business_hours": target.in_business_hours,
                    "applied_at": clock::iso(measure.at),
                    "deleted": measure.deleted,
                }));
            }
        }
        rows
    }

    fn tickets(&self) -> Vec<Value> {
        self.lives.values().map(|timeline| ticket(&self.cast, timeline)).collect()
    }

    /// Open tickets at the end of each UTC day, until yesterday.
    fn backlog_by_day(&self, now: i64) -> Vec<Value> {
        let Some(first) = self.lives.values().map(|timeline| timeline.created_at).min() else {
            return Vec::new();
        };
        let first_midnight = first - first.rem_euclid(DAY) + DAY;
        let statuses: Vec<Vec<(i64, Value)>> =
            self.lives.values().map(|timeline| timeline.values("status")).collect();
        let is_open_at = |values: &&Vec<(i64, Value)>, end: i64| {
            let last = values.iter().rev().find(|(at, _)| *at < end);
            last.is_some_and(|(_, status)| {
                !["solved", "closed", "deleted"].contains(&status.as_str().unwrap_or_default())
            })
        };
        let midnights = (first_midnight..=now).step_by(DAY as usize);
        let row = |end: i64| {
            let open = statuses.iter().filter(|values| is_open_at(values, end)).count();
            json!({ "day": day(end - 1), "open": open })
        };
        midnights.map(row).collect()
    }

    fn agent_work_by_day(&self) -> Vec<Value> {
        let mut work: BTreeMap<(String, u64), [u64; 3]> = BTreeMap::new();
        for timeline in self.lives.values() {
            for (moment, author, public) in timeline.comments() {
                let counts = work.entry((day(moment.at), author)).or_default();
                counts[usize::from(!public)] += 1;
            }
            for (moment, change) in timeline.changes() {
                let is_solved = change.field == "status" && change.to == "solved";
                if let Some(user) = u64::try_from(moment.by).ok().filter(|_| is_solved) {
                    work.entry((day(moment.at), user)).or_default()[2] += 1;
                }
            }
        }
        let of_agents = work.into_iter().filter(|((_, user), _)| self.cast.is_agent(*user));
        let row = |((day, user), [public, private, solved]): ((String, u64), [u64; 3])| {
            json!({
                "day": day,
                "user_id": user,
                "public_comments": public,
                "private_comments": private,
                "solved": solved,
            })
        };
        of_agents.map(row).collect()
    }

    fn satisfaction_by_month(&self) -> Vec<Value> {
        let mut months: BTreeMap<String, [u64; 2]> = BTreeMap::new();
        for rating in self.lives.values().filter_map(|timeline| timeline.rating.as_ref()) {
            let place = ["good", "bad"].iter().position(|score| *score == rating.score);
            if let Some(place) = place {
                let month = format!("{}-01", &day(rating.updated_at)[..7]);
                months.entry(month).or_default()[place] += 1;
            }
        }
        let row = |(month, [good, bad]): (String, [u64; 2])| json!({ "month": month, "good": good, "bad": bad });
        months.into_iter().map(row).collect()
    }

    fn field_values(&self) -> Vec<Value> {
        let mut rows = Vec::new();
        for timeline in self.lives.values() {
            for field in ["status", "priority", "group_id", "assignee_id"] {
                for (at, value) in timeline.values(field) {
                    rows.push(json!({
                        "ticket_id": timeline.ticket,
                        "field_name": field,
                        "at": clock::iso(at),
                        "value": text(&value),
                    }));
                }
            }
        }
        rows
    }
}

/// `2026-01-01`
fn day(unix: i64) -> String {
    clock::iso(unix)[..10].to_owned()
}

/// A value as text. Lists become JSON, and the empty text becomes null.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        value => Some(value.to_string()),
    }
}

fn ticket(cast: &Cast, timeline: &Timeline) -> Value {
    let spans = Spans { cast, timeline };
    let organization = timeline.now_of("organization_id").as_u64();
    let organization_name =
        cast.organizations.iter().find(|row| Some(row.id) == organization).map(|row| &row.name);
    let calendar = |minutes: Option<Minutes>| minutes.map(|both| both.0);
    let business = |minutes: Option<Minutes>| minutes.map(|both| both.1);
    let (reply, first, full) =
        (spans.first_reply(), spans.first_resolution(), spans.full_resolution());
    json!({
        "id": timeline.ticket,
        "requester_id": timeline.requester,
        "requester_name": cast.user(timeline.requester).map(|user| &user.name),
        "organization_id": organization,
        "organization_name": organization_name,
        "status": timeline.status(),
        "created_at": clock::iso(timeline.created_at),
        "deleted": timeline.is_deleted(),
        "first_reply_minutes": calendar(reply),
        "first_reply_business_minutes": business(reply),
        "first_resolution_minutes": calendar(first),
        "first_resolution_business_minutes": business(first),
        "full_resolution_minutes": calendar(full),
        "full_resolution_business_minutes": business(full),
        "replies": spans.replies().count(),
        "reopens": spans.reopens(),
    })
}

/// The channel of the child. If the child names none, that of its event.
fn channel<'a>(moment: &'a Moment, deed: &'a Deed) -> &'a str {
    &deed.via.as_ref().unwrap_or(&moment.via).channel
}

fn changes_of(deed: &Deed) -> (&'static str, &[Change]) {
    match &deed.act {
        Act::Create(changes) => ("create", changes),
        Act::Change(changes) => ("change", changes),
        _ => ("", &[]),
    }
}

fn field_rows(timeline: &Timeline, moment: &Moment, deed: &Deed) -> Vec<Value> {
    let (kind, changes) = changes_of(deed);
    let row = |change: &Change| {
        json!({
            "id": format!("{}-{}", deed.id, change.field),
            "ticket_event_id": moment.id,
            "ticket_id": timeline.ticket,
            "field_name": change.field,
            "ticket_field_id": custom_number(&change.field),
            "value": text(&change.to),
            "previous_value": text(&change.from),
            "kind": kind,
            "updated": clock::iso(moment.at),
            "user_id": moment.by,
            "via_channel": channel(moment, deed),
        })
    };
    changes.iter().map(row).collect()
}

fn tag_rows(timeline: &Timeline, moment: &Moment, deed: &Deed) -> Vec<Value> {
    let (_, changes) = changes_of(deed);
    let mut rows = Vec::new();
    for change in changes.iter().filter(|change| change.field == "tags") {
        let added = missing(&change.to, &change.from).into_iter().map(|tag| ("added", tag));
        let removed = missing(&change.from, &change.to).into_iter().map(|tag| ("removed", tag));
        for (kind, tag) in added.chain(removed) {
            rows.push(json!({
                "id": format!("{}-{kind}-{tag}", deed.id),
                "ticket_event_id": moment.id,
                "ticket_id": timeline.ticket,
                "tag": tag,
                "kind": kind,
                "updated": clock::iso(moment.at),
                "user_id": moment.by,
                "via_channel": channel(moment, deed),
            }));
        }
    }
    rows
}

fn schedule_rows(timeline: &Timeline, moment: &Moment, deed: &Deed) -> Vec<Value> {
    let Act::Schedule { from, to } = &deed.act else { return Vec::new() };
    vec![json!({
        "id": deed.id,
        "ticket_event_id": moment.id,
        "ticket_id": timeline.ticket,
        "schedule_id": to,
        "previous_schedule_id": from,
        "created_at": clock::iso(moment.at),
        "user_id": moment.by,
        "via_channel": channel(moment, deed),
    })]
}
