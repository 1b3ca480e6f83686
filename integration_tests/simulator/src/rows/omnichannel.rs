//! Agents' statuses, availabilities, capacity and engagements. Fields: Zendesk, Unified Agent Statuses;
//! Agent Availability API; Capacity Rules; Omnichannel Engagements.

use super::json::{Json, Object, object};
use super::{Seed, formatted_time, mix};
use crate::row_text;

/// A status. The first four are Zendesk's own and have only a name and a description.
pub(crate) fn status(seed: &Seed) -> String {
    let of_any = object! { "name": seed.text(0), "description": seed.or_null(1, seed.text(1)) };
    let attributes = match seed.n {
        1..=4 => of_any,
        _ => of_any.and(object! {
            "group_ids": [seed.other_id(3)],
            "channels": object! { "support": "online", "messaging": "away", "talk": "offline" },
            "updated_at": seed.updated(),
        }),
    };
    seed.finish(object! { "attributes": attributes, "id": seed.id, "type": "agent_status" })
}

/// Whether it is one of Zendesk's own.
pub(crate) fn is_default_status(text: &str) -> bool {
    let attributes = row_text::get(text, "attributes").unwrap_or("{}");
    row_text::get(attributes, "updated_at").is_none()
}

/// A time to the microsecond.
fn precise(unix_seconds: i64, micros: u64) -> String {
    format!("{}.{:06}Z", formatted_time(unix_seconds, "%Y-%m-%dT%H:%M:%S"), micros % 1_000_000)
}

/// An availability. Some agents have no relation in their row, and some have no channel.
pub(crate) fn availability(seed: &Seed) -> String {
    let id = format!("agent_availabilities|{}", seed.id);
    let status = object! {
        "id": 1 + seed.n % 5,
        "name": seed.text(0),
        "reason": seed.pick(0, &["UNKNOWN", "AGENT", "ADMIN"]),
        "updated_at": precise(seed.updated_at, seed.bits(1)),
    };
    let attributes = object! {
        "agent_id": seed.id,
        "group_ids": [seed.other_id(3), seed.other_id(4)],
        "skills": [object! { "id": format!("1ae11c11-9993-49f8-9850-{:012x}", seed.other_id(5)) }],
        "version": seed.bits(2) % 1000,
    }
    // Only with omnichannel routing.
    .with_if(!seed.on(2, 6), "agent_status", status);
    let names = ["support", "messaging", "talk"];
    let channel =
        |name: &&str| object! { "id": format!("{id}|channels|{name}"), "type": "channels" };
    let channels: Vec<Object> = names[..(seed.n % 4) as usize].iter().map(channel).collect();
    let related = object! { "channels": object! { "data": channels } };
    seed.finish(
        object! {
            "attributes": attributes,
            "id": id.clone(),
            "links": object! { "self": seed.address(&format!("api/v2/agent_availabilities/{}", seed.id)) },
        }
        .with_if(!seed.on(1, 5), "relationships", related)
        .with("type", "agent_availabilities"),
    )
}

/// The objects that a document includes for an availability: its channels, and the first work item
/// of each.
pub(crate) fn included(text: &str) -> Vec<String> {
    let data = row_text::get(text, "relationships")
        .and_then(|related| row_text::get(related, "channels"))
        .and_then(|channels| row_text::get(channels, "data"));
    let identifiers: Vec<serde_json::Value> =
        data.and_then(|data| serde_json::from_str(data).ok()).unwrap_or_default();
    let ids = identifiers.iter().filter_map(|identifier| identifier["id"].as_str());
    ids.flat_map(|id| [channel(id), work_item(id)]).collect()
}

fn bits_of(id: &str) -> u64 {
    id.bytes().fold(7, |bits, byte| mix(bits ^ u64::from(byte)))
}

fn channel(id: &str) -> String {
    let bits = bits_of(id);
    let name = id.rsplit('|').next().unwrap_or_default();
    let item = object! { "id": format!("{id}|work_items|201"), "type": "work_items" };
    let capacity = if bits.is_multiple_of(3) { Json::NULL } else { (bits % 9).into() };
    object! {
        "attributes": object! {
            "max_capacity": capacity,
            "name": name,
            "status": ["online", "away", "offline"][(bits % 3) as usize],
            "updated_at": precise(1_700_000_000 + (bits % 1_000_000) as i64, bits),
            "work_item_count": bits % 7,
        },
        "id": id,
        "relationships": object! { "work_items": object! {
            "data": [item], "meta": object! { "has_more": true },
        } },
        "type": "channels",
    }
    .text()
}

fn work_item(channel: &str) -> String {
    object! {
        "attributes": object! { "added_at": precise(1_700_000_000, bits_of(channel)), "reason": "ASSIGNED" },
        "id": format!("{channel}|work_items|201"),
        "type": "work_items",
    }
    .text()
}

pub(crate) fn capacity_rule(seed: &Seed) -> String {
    let agents: Vec<Object> =
        (0..seed.n % 3).map(|n| object! { "id": seed.other_id(n), "name": seed.text(n) }).collect();
    let with_milliseconds = |unix| formatted_time(unix, "%Y-%m-%dT%H:%M:%S.000Z");
    seed.finish(object! {
        "assignees": object! { "agents_sample": agents, "count": seed.n % 3 },
        "capacities": object! {
            "email": seed.bits(1) % 9, "messaging": seed.bits(2) % 9, "voice": 1_i64,
        },
        "created_at": with_milliseconds(seed.created_at),
        "default": seed.n == 1,
        "description": seed.or_null(1, seed.text(2)),
        "id": format!("01J{:023}", seed.id),
        "last_updated_at": with_milliseconds(seed.updated_at),
        "name": seed.text(0),
    })
}

pub(crate) fn assignee(seed: &Seed) -> String {
    seed.finish(object! {
        "agent_id": seed.id,
        "capacity_rule_id": format!("01J{:023}", seed.other_id(1)),
    })
}

/// An engagement. Its times have no zone and are UTC.
pub(crate) fn engagement(seed: &Seed) -> String {
    let time = |unix| formatted_time(unix, "%Y-%m-%dT%H:%M:%S");
    let reasons = ["UNKNOWN_REMOVE", "INACTIVITY_TIMEOUT", "AGENT_ENDED", "WORK_ITEM_SOLVED"];
    let counts = [
        "agent_messages_count",
        "agent_replies_count",
        "end_user_messages_count",
        "assignment_to_first_reply_time_seconds",
        "offer_time_seconds",
        "average_requester_wait_time_seconds",
        "longest_requester_wait_time_seconds",
        "total_requester_wait_time_seconds",
    ];
    let with = |object: Object, (salt, name): (u64, &&str)| {
        object.with(*name, seed.or_null(salt, seed.bits(salt) % 900))
    };
    let counts = (10..).zip(&counts).fold(Object::default(), with);
    seed.finish(
        object! {
            "engagement_id": format!("e-{}", seed.id),
            "agent_id": seed.user_id.to_string(),
            "group_id": seed.or_null(1, seed.other_id(3).to_string()),
            "ticket_id": seed.ticket_id.to_string(),
            "requester_id": seed.other_id(6),
            "channel": seed.pick(0, &["Messaging", "Support"]),
            "engagement_start_time": time(seed.created_at - 900),
            "engagement_end_time": time(seed.created_at),
            "engagement_start_reason": seed.pick(1, &["UNKNOWN_ADD", "ASSIGNED", "ACCEPTED"]),
            "engagement_end_reason": seed.pick(2, &reasons),
            "ticket_status_start": seed.pick(0, &["new", "open"]),
            "ticket_status_end": seed.pick(1, &["open", "solved"]),
        }
        .and(counts),
    )
}
