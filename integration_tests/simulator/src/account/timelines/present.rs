//! The rows that show a ticket's present state: the ticket, its metric set, its rating, its row in
//! the listing of deleted tickets. They are rewritten whenever something happens. Fields: Zendesk,
//! Tickets; Ticket Metrics; Satisfaction Ratings.

use super::cast::DAY;
use super::durations::{Minutes, Spans};
use super::timeline::{Change, Moment, Rating, Timeline, custom_number};
use crate::account::{Account, Birth};
use crate::clock;
use serde_json::{Value, json};

/// How long after its last change a closed ticket is archived.
const ARCHIVED_AFTER: i64 = 120 * DAY;

impl Account {
    /// Writes the rows of a ticket from its timeline.
    pub(super) fn show_ticket(&mut self, ticket: u64) {
        let Some(timelines) = self.timelines.as_deref() else { return };
        let Some(timeline) = timelines.lives.get(&ticket).cloned() else { return };
        let spans = Spans { cast: &timelines.cast, timeline: &timeline };
        let (metric_set, ticket_fields) = (metric_set(&spans, self.now), ticket_fields(&timeline));
        let rating = timeline.rating.clone();
        let key = ticket.to_string();
        let at = timeline.updated_at();
        let birth = Birth { created_at: timeline.created_at, updated_at: at, ..Birth::default() };
        if !self.table("tickets").has_key(&key) {
            self.add("tickets", Birth { id: Some(ticket), ..birth });
        }
        self.write("tickets", &key, at, &ticket_fields);
        self.settle_ticket(&timeline, at);
        let set_key = timeline.metric_set.to_string();
        let below = Birth { parent: Some(ticket), ..birth };
        if !self.table("ticket_metrics").has_key(&set_key) {
            self.add("ticket_metrics", Birth { id: Some(timeline.metric_set), ..below });
        }
        self.write("ticket_metrics", &set_key, at, &metric_set);
        if let Some(rating) = &rating {
            self.show_rating(&timeline, rating);
        }
    }

    fn show_rating(&mut self, timeline: &Timeline, rating: &Rating) {
        let key = rating.id.to_string();
        if !self.table("satisfaction_ratings").has_key(&key) {
            let birth = Birth {
                created_at: rating.created_at,
                updated_at: rating.updated_at,
                id: Some(rating.id),
                parent: Some(timeline.ticket),
                grandparent: None,
            };
            self.add("satisfaction_ratings", birth);
        }
        let fields = [
            ("assignee_id", timeline.now_of("assignee_id")),
            ("group_id", timeline.now_of("group_id")),
            ("requester_id", json!(timeline.requester)),
            ("ticket_id", json!(timeline.ticket)),
            ("score", json!(rating.score)),
            ("comment", json!(rating.comment)),
            ("reason", Value::Null),
            ("reason_id", Value::Null),
        ];
        self.write("satisfaction_ratings", &key, rating.updated_at, &fields);
    }

    /// A user in the form that other rows embed.
    fn name_of(&self, user: i64) -> Option<Value> {
        let user = self.timelines.as_deref()?.cast.user(u64::try_from(user).ok()?)?;
        Some(json!({ "id": user.id, "name": user.name }))
    }

    /// Sets fields of a row whose last change was at `at`.
    fn write(&mut self, name: &'static str, key: &str, at: i64, fields: &[(&str, Value)]) {
        self.edit(name, key, |row| {
            for (field, value) in fields {
                row.set(field, &value.to_string());
            }
            (row.updated_at, row.generated) = (at, at);
            row.set_time("updated_at", at);
        });
    }

    /// Sets what the server needs to know of a ticket besides its text.
    fn settle_ticket(&mut self, timeline: &Timeline, at: i64) {
        let (now, key) = (self.now, timeline.ticket.to_string());
        let is_deleted = timeline.is_deleted();
        // Exports sort by a time that is a little later than the change.
        let generated = (at + (timeline.ticket % 4) as i64).min(now);
        self.edit("tickets", &key, |row| {
            row.generated = generated;
            row.set("generated_timestamp", &generated.to_string());
            row.deleted = is_deleted;
            row.archived = timeline.status() == "closed" && at < now - ARCHIVED_AFTER;
            row.ai_agent = false;
        });
        let before = timeline.values("status").into_iter().rev().nth(1);
        if let Some((_, before)) = before.filter(|_| is_deleted) {
            let subject = timeline.now_of("subject").to_string();
            self.list_deleted(timeline.ticket, at, &before.to_string(), &subject, false);
            let by = timeline.moments.last().map(|moment| moment.by);
            let actor = by.and_then(|by| self.name_of(by));
            self.edit("deleted_tickets", &key, |row| row.set("actor", &json!(actor).to_string()));
        }
    }
}

fn ticket_fields(timeline: &Timeline) -> Vec<(&'static str, Value)> {
    let now = |field: &str| timeline.now_of(field);
    let custom: Vec<Value> = timeline
        .now
        .iter()
        .filter_map(|(field, value)| Some(json!({ "id": custom_number(field)?, "value": value })))
        .collect();
    let rating = timeline.rating.as_ref().map_or_else(
        || json!({ "score": "unoffered" }),
        |rating| json!({ "id": rating.id, "score": rating.score, "comment": rating.comment }),
    );
    let via =
        json!({ "channel": timeline.channel, "source": { "from": {}, "to": {}, "rel": null } });
    let mut fields: Vec<(&str, Value)> = [
        "status",
        "priority",
        "type",
        "subject",
        "requester_id",
        "organization_id",
        "group_id",
        "assignee_id",
        "brand_id",
        "ticket_form_id",
        "tags",
    ]
    .into_iter()
    .map(|field| (field, now(field)))
    .collect();
    fields.extend([
        ("raw_subject", now("subject")),
        ("description", json!(format!("What ticket {} is about", timeline.ticket))),
        ("submitter_id", json!(timeline.submitter)),
        ("via", via),
        ("support_type", json!("agent")),
        ("custom_fields", json!(custom)),
        ("fields", json!(custom)),
        ("satisfaction_rating", rating),
        ("custom_status_id", Value::Null),
        ("problem_id", Value::Null),
        ("has_incidents", json!(false)),
        ("is_public", json!(timeline.comments().any(|(_, _, public)| public))),
        ("forum_topic_id", Value::Null),
        ("due_at", Value::Null),
    ]);
    for list in [
        "collaborator_ids",
        "follower_ids",
        "email_cc_ids",
        "followup_ids",
        "sharing_agreement_ids",
        "macro_ids",
    ] {
        fields.push((list, json!([])));
    }
    fields
}

/// The figures that Zendesk computes itself, here from the same timeline.
fn metric_set(spans: &Spans, now: i64) -> Vec<(&'static str, Value)> {
    let timeline = spans.timeline;
    let minutes = |minutes: Option<Minutes>| json!({ "calendar": minutes.map(|both| both.0), "business": minutes.map(|both| both.1) });
    let time = |at: Option<i64>| json!(at.map(clock::iso));
    let is_over = ["solved", "closed"].contains(&timeline.status());
    let in_statuses =
        |statuses: &[&str]| minutes(Some(spans.in_statuses(statuses, now)).filter(|_| is_over));
    let holders = |field: &str| {
        timeline.values(field).into_iter().filter(|(_, value)| !value.is_null()).collect::<Vec<_>>()
    };
    let last = |fits: &dyn Fn(&Moment, &Change) -> bool| {
        timeline
            .changes()
            .filter(|(moment, change)| fits(moment, change))
            .last()
            .map(|(moment, _)| moment.at)
    };
    let (groups, assignees) = (holders("group_id"), holders("assignee_id"));
    let assignee = timeline.now_of("assignee_id").as_i64();
    let moments =
        |by: Option<i64>| timeline.moments.iter().rev().find(|moment| Some(moment.by) == by);
    let status_at = timeline.values("status").last().map(|(at, _)| *at);
    let mut fields = vec![
        ("ticket_id", json!(timeline.ticket)),
        ("group_stations", json!(groups.len())),
        ("assignee_stations", json!(assignees.len())),
        ("reopens", json!(spans.reopens())),
        ("replies", json!(spans.replies().count())),
        ("assignee_updated_at", time(moments(assignee).map(|moment| moment.at))),
        (
            "requester_updated_at",
            time(
                moments(Some(timeline.requester as i64))
                    .map_or(Some(timeline.created_at), |moment| Some(moment.at)),
            ),
        ),
        ("status_updated_at", time(status_at)),
        ("custom_status_updated_at", time(status_at)),
        ("initially_assigned_at", time(assignees.first().map(|(at, _)| *at))),
        ("assigned_at", time(assignees.last().map(|(at, _)| *at))),
        (
            "solved_at",
            time(
                last(&|_, change| change.field == "status" && change.to == "solved")
                    .filter(|_| is_over),
            ),
        ),
        ("latest_comment_added_at", time(timeline.comments().last().map(|(moment, ..)| moment.at))),
        ("reply_time_in_minutes", minutes(spans.first_reply())),
        ("first_resolution_time_in_minutes", minutes(spans.first_resolution())),
        ("full_resolution_time_in_minutes", minutes(spans.full_resolution())),
        ("agent_wait_time_in_minutes", in_statuses(&["pending"])),
        ("requester_wait_time_in_minutes", in_statuses(&["new", "open", "hold"])),
        ("on_hold_time_in_minutes", minutes(Some(spans.in_statuses(&["hold"], now)))),
    ];
    let reply_seconds = json!({ "calendar": spans.first_reply().map(|both| both.0 * 60) });
    fields.push(("reply_time_in_seconds", reply_seconds));
    fields
}
