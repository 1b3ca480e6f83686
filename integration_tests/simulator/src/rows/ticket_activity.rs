//! Activity around tickets: metric events, activities, ratings, side conversations, tags. Fields:
//! Zendesk, Ticket Metric Events; Activity Stream; CSAT ratings; Side Conversations; Tags.

use super::json::{Json, Object, object};
use super::people::user_object;
use super::{Seed, formatted_time, mix};

pub(crate) fn metric_event(seed: &Seed) -> String {
    let kind = seed.pick(
        0,
        &[
            "activate",
            "pause",
            "fulfill",
            "apply_sla",
            "apply_group_sla",
            "breach",
            "update_status",
            "measure",
        ],
    );
    let row = object! {
        "id": seed.id,
        "ticket_id": seed.ticket_id,
        "metric": seed.pick(0, &[
            "agent_work_time",
            "pausable_update_time",
            "periodic_update_time",
            "reply_time",
            "requester_wait_time",
            "resolution_time",
            "group_ownership_time",
        ]),
        // A measure begins a metric anew and belongs to no instance.
        "instance_id": if kind == "measure" { 0 } else { seed.bits(1) % 4 + 1 },
        "type": kind,
        "time": seed.updated(),
    };
    let row = row
        .with_if(kind == "apply_sla", "sla", target(seed, seed.other_id(1).into()))
        .with_if(kind == "apply_group_sla", "group_sla", target(seed, policy_ulid(seed).into()))
        .with_if(kind == "update_status", "status", elapsed(seed));
    seed.finish(row.with_if(kind == "breach" || !seed.on(0, 3), "deleted", seed.on(5, 40)))
}

fn target(seed: &Seed, policy_id: Json) -> Object {
    let minutes = seed.bits(2) % 10_000;
    let description = seed.or_null(2, seed.text(5));
    let policy = object! { "id": policy_id, "title": seed.text(1), "description": description };
    object! { "target": minutes, "business_hours": seed.on(0, 2) }
        .with_if(!seed.on(3, 5), "target_in_seconds", minutes * 60)
        .with("policy", policy)
}

fn elapsed(seed: &Seed) -> Object {
    let calendar = seed.bits(3) % 10_000;
    object! { "calendar": calendar, "business": seed.or_null(0, calendar / 4) }
}

/// The id of a policy for groups, which is a text. Policies for tickets have numbers.
fn policy_ulid(seed: &Seed) -> String {
    format!("01K{:023}", seed.other_id(2))
}

pub(crate) fn activity(seed: &Seed) -> String {
    let subject = seed.text(3);
    let ticket = object! { "ticket": object! { "id": seed.ticket_id, "subject": subject } };
    let (verb, object) = match seed.n % 3 {
        0 => ("tickets.assignment", ticket.clone()),
        1 => {
            let comment = object! { "value": seed.body(8), "public": !seed.on(0, 2) };
            ("tickets.comment", object! { "comment": comment })
        }
        _ => ("tickets.priority_increase", object! {}),
    };
    let person = |id: u64, salt: u64| user_object(&Seed { id, n: seed.n + salt, ..*seed });
    let actor_id = seed.other_id(4);
    seed.finish(object! {
        "url": seed.url("activities"),
        "id": seed.id,
        "title": seed.text(0),
        "verb": verb,
        "user_id": seed.user_id,
        "actor_id": actor_id,
        "updated_at": seed.updated(),
        "created_at": seed.created(),
        "object": object,
        "target": ticket,
        "user": person(seed.user_id, 0),
        "actor": person(actor_id, 1),
    })
}

pub(crate) fn satisfaction_rating(seed: &Seed) -> String {
    let row = object! {
        "url": seed.url("satisfaction_ratings"),
        "id": seed.id,
        "assignee_id": seed.or_null(0, seed.other_id(1)),
        "group_id": seed.or_null(1, seed.other_id(3)),
        "requester_id": seed.user_id,
        "ticket_id": seed.ticket_id,
        "score": seed.pick(0, &["offered", "unoffered", "good", "bad"]),
        "created_at": seed.created(),
        "updated_at": seed.updated(),
        "comment": seed.or_null(2, seed.body(4)),
        "reason": seed.pick(0, &[Some("No reason provided"), Some("Other"), None]),
        "reason_id": seed.or_null(3, seed.other_id(15)),
    };
    seed.finish(row.with_if(seed.on(1, 3), "reason_code", seed.pick(1, &[0, 5, 100, 1_000])))
}

pub(crate) fn side_conversation(seed: &Seed) -> String {
    let millisecond = seed.bits(6) % 1_000;
    let time = |unix_seconds| {
        formatted_time(unix_seconds, &format!("%Y-%m-%dT%H:%M:%S.{millisecond:03}Z"))
    };
    let participant = |index: u64| {
        object! {
            "user_id": seed.or_null(index, seed.other_id(index)),
            "name": seed.text(index + 4),
            "email": seed.or_null(index + 1, "pat@example.com"),
        }
    };
    let id = uuid(seed);
    let ticket = seed.ticket_id;
    let row = object! {
        "url": seed.address(&format!("api/v2/tickets/{ticket}/side_conversations/{id}")),
        "id": id,
        "ticket_id": ticket,
        "subject": seed.or_null(1, seed.text(0)),
        "preview_text": seed.text(9),
        "state": seed.pick(0, &["open", "closed"]),
        "participants": (0..seed.n % 4).map(participant).collect::<Vec<_>>(),
        "created_at": time(seed.created_at),
        "updated_at": time(seed.updated_at),
        "message_added_at": time(seed.updated_at),
        "state_updated_at": time(seed.updated_at - 60),
        "external_ids": if seed.on(0, 2) {
            object! { "targetTicketId": "1523", "my_id": "123", "id": "{\"a\":1}" }
        } else {
            object! {}
        },
    };
    seed.finish(row)
}

/// An id in the form of a UUID, as unique as the number that it is made from.
pub(crate) fn uuid(seed: &Seed) -> String {
    let bits = mix(seed.id);
    let (first, second, third) = (bits >> 32, bits >> 16 & 0xffff, bits & 0xfff);
    format!("{first:08x}-{second:04x}-11{:02x}-b{third:03x}-{:012x}", bits % 256, seed.id)
}

pub(crate) fn tag(seed: &Seed) -> String {
    // A tag has no id: its name is all that tells it from others.
    seed.finish(object! { "name": seed.name("tag", 0), "count": seed.bits(0) % 100_000 })
}
