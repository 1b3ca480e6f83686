//! The rows that a moment of a timeline creates and that never change: an event, an audit, metric
//! events. Fields: Zendesk, Incremental Ticket Event Export; Ticket Audits; Ticket Metric Events.

use super::timeline::{
    Act, Change, Deed, Measure, MeasureKind, Moment, Timeline, Via, custom_number,
};
use crate::account::{Account, Row};
use crate::clock;
use crate::prng::mix;
use serde_json::{Map, Value, json};

impl Account {
    /// Adds a row with this id and this text to its table.
    pub(super) fn place(&mut self, name: &'static str, id: u64, ticket: u64, at: i64, row: &Value) {
        let table = self.table_mut(name);
        table.made += 1;
        table.insert(Row {
            key: id.to_string(),
            number: id,
            created_at: at,
            updated_at: at,
            generated: at,
            deleted: false,
            archived: false,
            ai_agent: false,
            parent: Some(ticket),
            grandparent: None,
            text: row.to_string(),
            indexed: None,
            before_deletion: None,
            former: Vec::new(),
        });
    }

    /// Adds the rows of a moment, and those of the ticket's metric events from index `measured` on.
    pub(super) fn show_moment(&mut self, ticket: u64, moment: &Moment, measured: usize) {
        let lives = self.timelines.as_deref().map(|timelines| &timelines.lives);
        let Some(timeline) = lives.and_then(|lives| lives.get(&ticket)) else { return };
        let measures: Vec<Measure> = timeline.measures.iter().skip(measured).cloned().collect();
        let (event, audit) = (event(timeline, moment), audit(timeline, moment));
        self.place("ticket_events", moment.id, ticket, moment.at, &event);
        self.place("ticket_audits", moment.id, ticket, moment.at, &audit);
        for measure in measures {
            let row = metric_event(ticket, &measure);
            self.place("ticket_metric_events", measure.id, ticket, measure.at, &row);
        }
    }
}

fn event(timeline: &Timeline, moment: &Moment) -> Value {
    let children: Vec<Value> =
        moment.deeds.iter().map(|deed| child(timeline, moment, deed)).collect();
    json!({
        "id": moment.id,
        "ticket_id": timeline.ticket,
        "timestamp": moment.at,
        "created_at": clock::iso(moment.at),
        "updater_id": moment.by,
        "via": via(&moment.via),
        "via_reference_id": null,
        "system": { "client": "Mozilla/5.0", "ip_address": "192.0.2.10", "latitude": 45.75, "longitude": 4.85 },
        "metadata": {},
        "event_type": "Audit",
        "child_events": children,
    })
}

fn via(via: &Via) -> Value {
    if via.is_object {
        json!({ "channel": via.channel, "source": { "from": {}, "to": {}, "rel": null } })
    } else {
        json!(via.channel)
    }
}

fn child(timeline: &Timeline, moment: &Moment, deed: &Deed) -> Value {
    let mut child = Map::new();
    child.insert("id".into(), json!(deed.id));
    if let Some(own) = &deed.via {
        child.insert("via".into(), via(own));
    }
    child.insert("via_reference_id".into(), Value::Null);
    match &deed.act {
        Act::Create(changes) => {
            child.insert("event_type".into(), json!("Create"));
            put_values(&mut child, deed.id, changes);
            if changes.len() > 1 {
                let public = timeline.comments().next().is_none_or(|(_, _, public)| public);
                child.insert("comment_present".into(), json!(true));
                child.insert("comment_public".into(), json!(public));
            }
        }
        Act::Change(changes) => {
            child.insert("event_type".into(), json!("Change"));
            put_values(&mut child, deed.id, changes);
            child.insert("previous_value".into(), previous_value(deed.id, changes));
            for change in
                changes.iter().filter(|change| change.field == "tags" && deed.id.is_multiple_of(2))
            {
                child.insert("added_tags".into(), json!(missing(&change.to, &change.from)));
                child.insert("removed_tags".into(), json!(missing(&change.from, &change.to)));
            }
        }
        Act::Comment { author, public, body } => {
            child.insert("event_type".into(), json!("Comment"));
            for (key, value) in comment(*author, *public, body, moment) {
                child.insert(key, value);
            }
        }
        Act::Schedule { from, to } => {
            child.insert("event_type".into(), json!("ScheduleAssignment"));
            child.insert("previous_schedule_id".into(), json!(from));
            child.insert("new_schedule_id".into(), json!(to));
        }
        Act::Notification => {
            child.insert("event_type".into(), json!("Notification"));
            child.insert("subject".into(), json!("[{{ticket.title}}]"));
            child.insert("recipients".into(), json!([timeline.requester]));
        }
    }
    Value::Object(child)
}

/// Adds the fields as members. Custom fields go into an object of their own, or next to the others.
fn put_values(child: &mut Map<String, Value>, id: u64, changes: &[Change]) {
    let is_direct = mix(id).is_multiple_of(4);
    let mut custom = Map::new();
    for change in changes {
        let value = spelled(id, &change.field, &change.to);
        match custom_number(&change.field) {
            Some(_) if !is_direct => custom.insert(change.field.clone(), value),
            _ => child.insert(change.field.clone(), value),
        };
    }
    let is_creation = child.get("event_type") == Some(&json!("Create"));
    if !custom.is_empty() {
        child.insert("custom_ticket_fields".into(), Value::Object(custom));
    } else if is_creation && changes.len() > 1 {
        child.insert("custom_ticket_fields".into(), Value::Null);
    }
}

/// The previous values. For one field: the plain value or an object. For several: an object.
fn previous_value(id: u64, changes: &[Change]) -> Value {
    let keyed = || {
        let members = changes
            .iter()
            .map(|change| (change.field.clone(), spelled(id + 1, &change.field, &change.from)));
        Value::Object(members.collect())
    };
    match changes {
        [one] if custom_number(&one.field).is_some() && mix(id + 2).is_multiple_of(2) => keyed(),
        [one] => spelled(id + 1, &one.field, &one.from),
        _ => keyed(),
    }
}

/// A value in one of its spellings. Ids come as numbers or as texts. A missing id may also come as
/// an empty text.
fn spelled(id: u64, field: &str, value: &Value) -> Value {
    let is_id = ["assignee_id", "group_id", "organization_id", "requester_id"].contains(&field);
    match value {
        Value::Number(number) if is_id && mix(id).is_multiple_of(3) => json!(number.to_string()),
        Value::Null if is_id && mix(id).is_multiple_of(3) => json!(""),
        value => value.clone(),
    }
}

/// The tags in `tags` that `from` does not have.
pub(super) fn missing(tags: &Value, from: &Value) -> Vec<String> {
    let texts = |tags: &Value| -> Vec<String> {
        let all = tags.as_array().into_iter().flatten();
        all.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let known = texts(from);
    texts(tags).into_iter().filter(|tag| !known.contains(tag)).collect()
}

fn comment(author: u64, public: bool, body: &str, moment: &Moment) -> Map<String, Value> {
    let fields = json!({
        "type": "Comment",
        "author_id": author,
        "body": body,
        "html_body": format!("<div class=\"zd-comment\"><p>{body}</p></div>"),
        "plain_body": body,
        "public": public,
        "attachments": [],
        "audit_id": moment.id,
        "created_at": clock::iso(moment.at),
        "metadata": {},
    });
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

fn audit(timeline: &Timeline, moment: &Moment) -> Value {
    let events: Vec<Value> =
        moment.deeds.iter().flat_map(|deed| audit_events(timeline, moment, deed)).collect();
    let channel = Via { is_object: true, ..moment.via.clone() };
    json!({
        "id": moment.id,
        "ticket_id": timeline.ticket,
        "created_at": clock::iso(moment.at),
        "author_id": moment.by,
        "metadata": { "custom": {}, "system": {} },
        "events": events,
        "via": via(&channel),
    })
}

fn audit_events(timeline: &Timeline, moment: &Moment, deed: &Deed) -> Vec<Value> {
    let field = |change: &Change, is_change: bool| {
        let text = |value: &Value| match value {
            Value::Number(number) => json!(number.to_string()),
            value => value.clone(),
        };
        let mut event = json!({
            "id": deed.id,
            "type": if is_change { "Change" } else { "Create" },
            "field_name": change.field,
            "value": text(&change.to),
        });
        if is_change {
            event["previous_value"] = text(&change.from);
        }
        event
    };
    match &deed.act {
        Act::Create(changes) => changes.iter().map(|change| field(change, false)).collect(),
        Act::Change(changes) => changes.iter().map(|change| field(change, true)).collect(),
        Act::Comment { author, public, body } => {
            let mut event = json!({ "id": deed.id });
            for (key, value) in comment(*author, *public, body, moment) {
                event[key] = value;
            }
            vec![event]
        }
        Act::Schedule { from, to } => vec![json!({
            "id": deed.id,
            "type": "ScheduleAssignment",
            "previous_schedule_id": from,
            "new_schedule_id": to,
        })],
        Act::Notification => vec![json!({
            "id": deed.id,
            "type": "Notification",
            "subject": "[{{ticket.title}}]",
            "body": "We received your request",
            "recipients": [timeline.requester],
        })],
    }
}

fn metric_event(ticket: u64, measure: &Measure) -> Value {
    let kind = match &measure.kind {
        MeasureKind::Activate => "activate",
        MeasureKind::Pause => "pause",
        MeasureKind::Fulfill => "fulfill",
        MeasureKind::UpdateStatus(..) => "update_status",
        MeasureKind::ApplySla(_) => "apply_sla",
    };
    let mut row = json!({
        "id": measure.id,
        "ticket_id": ticket,
        "metric": measure.metric,
        "instance_id": measure.instance,
        "type": kind,
        "time": clock::iso(measure.at),
    });
    match &measure.kind {
        MeasureKind::UpdateStatus(calendar, business) => {
            row["status"] = json!({ "calendar": calendar, "business": business });
        }
        MeasureKind::ApplySla(target) => {
            let mut sla = json!({
                "target": target.minutes,
                "business_hours": target.in_business_hours,
                "policy": { "id": target.policy, "title": target.title, "description": null },
            });
            if target.says_seconds {
                sla["target_in_seconds"] = json!(target.minutes * 60);
            }
            row["sla"] = sla;
        }
        _ => {}
    }
    if let Some(deleted) = measure.deleted {
        row["deleted"] = json!(deleted);
    }
    row
}
