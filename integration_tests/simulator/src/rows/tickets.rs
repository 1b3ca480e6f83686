//! Tickets and the rows that exist once per ticket: its metric set, its row in the listing of
//! deleted tickets, the skip that embeds it. Fields: Zendesk, Tickets; Ticket Metrics; Ticket
//! Skips; Incremental Exports.

use super::json::{Json, Object, object};
use super::{Seed, formatted_time, zendesk_time};

pub(crate) fn ticket(seed: &Seed) -> String {
    seed.finish(ticket_object(seed))
}

/// A ticket as exports and listings send it. Fields that can only be written (a comment to add,
/// `safe_update`) are missing, because no answer contains them.
fn ticket_object(seed: &Seed) -> Object {
    let custom_fields = custom_fields(seed);
    let kinds = [None, Some("problem"), Some("incident"), Some("question"), Some("task")];
    let priorities = [None, Some("urgent"), Some("high"), Some("normal"), Some("low")];
    let subject = seed.text(0);
    object! {
        "url": seed.url("tickets"),
        "id": seed.id,
        "external_id": seed.pick(1, &[None, Some("ahg35h3jh"), Some("00123"), None, Some("")]),
        "via": via(seed, 0),
        "created_at": seed.created(),
        "updated_at": seed.updated(),
        "type": seed.pick(0, &kinds),
        "subject": subject.clone(),
        "raw_subject": if seed.on(3, 10) { "{{dc.printer_on_fire}}".into() } else { subject },
        "description": seed.body(7),
        "priority": seed.pick(2, &priorities),
        "status": seed.pick(3, &["new", "open", "pending", "hold", "solved", "closed"]),
        "recipient": seed.or_null(1, "support@example.com"),
        "requester_id": seed.user_id,
        "submitter_id": seed.user_id,
        "assignee_id": seed.or_null(2, seed.other_id(1)),
        "organization_id": seed.or_null(3, seed.other_id(2)),
        "group_id": seed.or_null(0, seed.other_id(3)),
        "collaborator_ids": some_ids(seed, 4),
        "follower_ids": some_ids(seed, 5),
        "email_cc_ids": some_ids(seed, 6),
        "forum_topic_id": seed.on(7, 20).then(|| seed.other_id(7)),
        "problem_id": seed.on(2, 5).then_some(1_u64),
        "has_incidents": seed.on(0, 5),
        "is_public": !seed.on(1, 5),
        "due_at": seed.on(1, 5).then(|| seed.at(259_200)),
        "tags": tags(seed),
        "custom_fields": custom_fields.clone(),
        "satisfaction_rating": satisfaction(seed),
        "sharing_agreement_ids": if seed.on(9, 10) { vec![84_432_u64] } else { vec![] },
        "custom_status_id": seed.other_id(8),
    }
    // The two lists are one under two names (observed).
    .with_if(!seed.on(5, 16), "fields", custom_fields)
    .with("followup_ids", if seed.on(3, 10) { vec![seed.id + 1] } else { vec![] })
    .with("ticket_form_id", seed.other_id(9))
    .with_if(seed.on(6, 8), "deleted_ticket_form_id", seed.or_null(1, seed.other_id(9)))
    .with("brand_id", seed.other_id(10))
    .with("allow_channelback", seed.on(0, 3))
    .with("allow_attachments", !seed.on(0, 4))
    .with("from_messaging_channel", seed.on(0, 6))
    .with_if(seed.on(4, 10), "macro_ids", [seed.other_id(11)])
    .with_if(seed.on(5, 10), "via_followup_source_id", seed.or_null(0, 1_u64))
    .with_if(!seed.on(8, 9), "encoded_id", format!("Y{:05X}-M3XM2", seed.bits(12) % 0xF_FFFF))
    // Tickets an AI agent holds are hidden from exports that do not ask for them.
    .with_if(!seed.on(8, 9), "support_type", if seed.on(1, 50) { "ai_agent" } else { "agent" })
    .with("generated_timestamp", seed.updated_at + (seed.random % 4) as i64)
}

/// How something came about. `from` and `to` are free-form. Their keys may equal those of the row
/// around them.
pub(super) fn via(seed: &Seed, salt: u64) -> Json {
    let (channel, from, to, rel) = match (seed.n + salt) % 7 {
        0 => {
            let sender = object! {
                "address": "pat@example.com",
                "name": seed.text(salt + 1),
                "original_recipients": ["support@example.com", "\"Pat\" <pat@example.com>"],
            };
            ("email", sender, object! { "name": "Support", "address": "support@example.com" }, None)
        }
        1 => ("web", object! {}, object! {}, None),
        2 => {
            let rule = object! {
                "id": seed.other_id(13),
                "title": seed.text(salt + 4),
                "deleted": false,
                "revision_id": 3,
            };
            ("rule", rule, object! {}, Some("trigger"))
        }
        3 => {
            let ticket =
                object! { "ticket_id": 1, "subject": seed.text(salt + 2), "channel": "web" };
            ("web", ticket, object! {}, Some("follow_up"))
        }
        4 => {
            let sender = object! {
                "profile_url": "https://social.example.com/pat",
                "username": "pat",
                "id": "10153",
                "updated_at": "not a time",
                "metric_set": object! { "id": Json::raw("1e3") },
            };
            ("any_channel", sender, object! { "id": Json::NULL }, Some("post"))
        }
        5 => ("sample_ticket", object! {}, object! {}, None),
        _ => ("api", object! {}, object! {}, None),
    };
    object! { "channel": channel, "source": object! { "from": from, "to": to, "rel": rel } }.into()
}

fn some_ids(seed: &Seed, salt: u64) -> Vec<u64> {
    (0..(seed.n + salt) % 3).map(|index| seed.other_id(salt + index)).collect()
}

fn tags(seed: &Seed) -> Json {
    match seed.n % 5 {
        0 => Json::raw("[]"),
        1 => ["sample", "support"].into(),
        2 => ["\u{30bf}\u{30b0}", "vip_\u{1f600}", "caf\u{e9}"].into(),
        3 => Json::from(vec!["enterprise"; 30]),
        _ => Json::from(vec![seed.name("tag", 3)]),
    }
}

/// The values of the account's sixteen custom fields. Every fifth ticket is older than all of these
/// fields.
fn custom_fields(seed: &Seed) -> Vec<Object> {
    let fields = if seed.on(2, 5) { 0..0 } else { 0..16 };
    fields
        .map(|field| {
            object! { "id": 28_835_741_000_000 + field * 7, "value": seed.free_value(field) }
        })
        .collect()
}

fn satisfaction(seed: &Seed) -> Json {
    let unoffered = object! { "score": "unoffered" };
    match seed.n % 4 {
        0 => Json::NULL,
        1 | 2 => unoffered.into(),
        _ => object! {
            "score": seed.pick(0, &["good", "bad", "offered"]),
            "id": seed.other_id(14),
            "comment": seed.or_null(1, seed.text(9)),
            "reason": seed.pick(1, &["No reason provided", "Other"]),
            "reason_id": seed.other_id(15),
        }
        .into(),
    }
}

pub(crate) fn metric_set(seed: &Seed) -> String {
    let calendar = (seed.bits(0) % 500_000) as i64;
    let untouched = seed.on(0, 3);
    let minutes = |part: i64| {
        let known = !untouched;
        object! {
            "calendar": known.then_some(calendar / part),
            "business": (known && !seed.on(1, 4)).then_some(calendar / part / 4),
        }
    };
    let set = object! {
        "url": seed.url("ticket_metrics"),
        "id": seed.id,
        "ticket_id": seed.ticket_id,
        "created_at": seed.created(),
        "updated_at": seed.updated(),
        "group_stations": seed.bits(1) % 9,
        "assignee_stations": seed.bits(2) % 9,
        "reopens": seed.bits(3) % 5,
        "replies": seed.bits(4) % 40,
        "assignee_updated_at": seed.or_null(0, seed.at(-60)),
        "requester_updated_at": seed.created(),
        "status_updated_at": seed.at(-30),
        "initially_assigned_at": seed.or_null(2, seed.created()),
        "assigned_at": seed.or_null(2, seed.at(-60)),
        "solved_at": seed.on(0, 2).then(|| seed.updated()),
        "latest_comment_added_at": seed.or_null(3, seed.at(-5)),
        "reply_time_in_minutes": minutes(60),
        "first_resolution_time_in_minutes": minutes(3),
        "full_resolution_time_in_minutes": minutes(2),
        "agent_wait_time_in_minutes": minutes(5),
        "requester_wait_time_in_minutes": minutes(4),
        "on_hold_time_in_minutes": object! { "calendar": 0, "business": 0 },
        "custom_status_updated_at": seed.or_null(1, seed.at(-30)),
    };
    // Newer accounts answer in seconds as well; only `calendar` was seen there so far.
    let seconds = object! { "calendar": seed.or_null(2, calendar) }.with_if(
        seed.on(0, 4),
        "business",
        seed.or_null(1, calendar / 4),
    );
    seed.finish(set.with_if(!seed.on(4, 5), "reply_time_in_seconds", seconds))
}

pub(crate) fn deleted_ticket(seed: &Seed) -> String {
    // The documentation's own example writes its date without hyphens.
    let deleted_at = match seed.n % 4 {
        3 => formatted_time(seed.updated_at, "%Y%m%dT%H:%M:%SZ"),
        _ => zendesk_time(seed.updated_at),
    };
    let actor = object! { "id": seed.user_id, "name": seed.name("Agent", 1) };
    let row = object! {
        "id": seed.id,
        "subject": seed.text(0),
        "actor": actor,
        "deleted_at": deleted_at,
        "previous_state": seed.pick(0, &["new", "open", "pending", "hold", "solved", "closed"]),
    };
    seed.finish(row.with_if(seed.on(0, 2), "description", seed.body(5)))
}

pub(crate) fn skip(seed: &Seed) -> String {
    // The embedded ticket has a history of its own, and more keys named like the row's.
    let embedded = Seed {
        id: seed.ticket_id,
        created_at: seed.created_at - 7_200,
        updated_at: seed.updated_at - 3_600,
        ..*seed
    };
    seed.finish(object! {
        "id": seed.id,
        "ticket_id": seed.ticket_id,
        "user_id": seed.user_id,
        "reason": seed.text(2),
        "created_at": seed.created(),
        "updated_at": seed.updated(),
        "ticket": ticket_object(&embedded),
    })
}
