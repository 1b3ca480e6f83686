//! What happened to a ticket: audits, and the events of the incremental export. The events have the
//! form that `include=comment_events` gives them, with whole comments. Fields: Zendesk, Ticket
//! Audits; Ticket Comments; Incremental Ticket Event Export.

use super::json::{Json, Object, object};
use super::tickets::via;
use super::{Seed, zendesk_time};

pub(crate) fn audit(seed: &Seed) -> String {
    let mut events = vec![audit_comment(seed)];
    // Three of the kinds per audit: all of them within any few rows.
    events.extend((0..3).map(|step| audit_event(seed, seed.n * 3 + step)));
    seed.finish(object! {
        "id": seed.id,
        "ticket_id": seed.ticket_id,
        "created_at": seed.created(),
        "author_id": if seed.on(0, 9) { -1 } else { seed.user_id as i64 },
        "metadata": metadata(seed),
        "events": events,
        "via": via(seed, 2),
    })
}

fn audit_comment(seed: &Seed) -> Object {
    let kind = seed.pick(1, &["Comment", "Comment", "VoiceComment"]);
    object! { "id": event_id(seed, 0), "type": kind }
        .with("author_id", seed.user_id)
        .with("body", seed.body(1))
        .with("html_body", seed.html(3))
        .with("plain_body", seed.text(1))
        .with("public", !seed.on(0, 3))
        .with("attachments", attachments(seed))
        .with("audit_id", seed.id)
}

/// An event of this kind in an audit. Values are of any type, and ids are often strings.
fn audit_event(seed: &Seed, kind: u64) -> Object {
    let event = object! { "id": event_id(seed, kind % 100 + 1) };
    let kinds: [fn(&Seed, Object) -> Object; 20] = [
        |_, event| change(event, "Create", "priority", "urgent", None),
        |_, event| change(event, "Create", "tags", ["sample", "support"], None),
        |_, event| change(event, "Create", "due_at", Json::NULL, None),
        |_, event| change(event, "Change", "status", "open", Some("new".into())),
        |_, event| change(event, "Change", "custom_status_id", 123, Some(1.into())),
        |seed, event| {
            let old = seed.user_id.to_string().into();
            change(event, "Change", "assignee_id", "28835702984212", Some(old))
        },
        |_, event| change(event, "Change", "tags", ["a", "b"], Some(Json::raw("[]"))),
        // A custom field goes by its id; the field may be gone by now.
        |seed, event| {
            let (old, new) = (seed.free_value(1), seed.free_value(5));
            change(event, "Change", "28835741000000", new, Some(old))
        },
        |_, event| {
            let due = |minutes: i32| object! { "minutes": minutes, "in_business_hours": false };
            let new = object! { "id": 1, "updated_at": Json::NULL, "target": due(30) };
            change(event, "Change", "sla_target", new, Some(due(60).into()))
                .with("via", object! { "channel": "rule", "source": object! {} })
        },
        |seed, event| {
            event
                .with("type", "Notification")
                .with("subject", "{{ticket.title}}")
                .with("body", seed.text(6))
                .with("recipients", [seed.user_id, seed.other_id(1)])
        },
        |_, event| event.with("type", "Cc").with("recipients", [-1]),
        |seed, event| event.with("type", "Error").with("message", seed.text(8)),
        |seed, event| {
            event
                .with("type", "External")
                // A target is named by its id, a webhook by a text (recorded rows).
                .with(
                    "resource",
                    if seed.on(0, 2) { seed.other_id(8).into() } else { Json::from("targetV2") },
                )
                .with("success", Json::NULL)
                .with("body", seed.text(10))
        },
        |seed, event| {
            event
                .with("type", "FollowerNotificationEvent")
                .with("subject", seed.text(2))
                .with("body", seed.text(11))
                .with("recipients", Json::raw("[]"))
        },
        |_, event| {
            event
                .with("type", "EmailCcChange")
                .with("previous_email_ccs", Json::raw("[]"))
                .with("current_email_ccs", ["pat@example.com"])
        },
        |seed, event| {
            event
                .with("type", "SatisfactionRating")
                .with("score", "good")
                .with("assignee_id", seed.other_id(1))
                .with("body", seed.text(5))
        },
        |_, event| {
            event
                .with("type", "TicketSharingEvent")
                .with("agreement_id", 84_432)
                .with("action", "shared")
        },
        |_, event| {
            event
                .with("type", "AgentMacroReference")
                .with("macro_id", "28835714801684")
                .with("macro_title", "Take it!")
                .with("macro_deleted", false)
        },
        |_, event| {
            event
                .with("type", "ScheduleAssignment")
                .with("previous_schedule_id", Json::NULL)
                .with("new_schedule_id", 29_006_094_707_860_u64)
        },
        // The skills that routing asks for (recorded rows).
        |seed, event| {
            let skill = object! { "id": super::ticket_activity::uuid(seed), "name": seed.text(4) };
            event.with("type", "AssociateAttValsEvent").with("attribute_values", [skill])
        },
    ];
    kinds[(kind % kinds.len() as u64) as usize](seed, event)
}

fn change(
    event: Object,
    kind: &str,
    field_name: &str,
    value: impl Into<Json>,
    previous_value: Option<Json>,
) -> Object {
    let event = event.with("type", kind).with("field_name", field_name).with("value", value);
    match previous_value {
        Some(previous_value) => event.with("previous_value", previous_value),
        None => event,
    }
}

pub(crate) fn event(seed: &Seed) -> String {
    let children = match seed.n % 4 {
        0 => vec![child_comment(seed), child_change(seed, 1), child_create(seed)],
        1 => vec![child_change(seed, 1)],
        2 => vec![child_create(seed), child_comment(seed)],
        _ => vec![child_change(seed, 1), child_change(seed, 2), child_change(seed, 3)],
    };
    seed.finish(object! {
        "id": seed.id,
        "ticket_id": seed.ticket_id,
        "timestamp": seed.updated_at,
        "created_at": zendesk_time(seed.updated_at),
        "updater_id": if seed.on(2, 6) { -1 } else { seed.user_id as i64 },
        "via": event_via(seed, 0),
        "via_reference_id": seed.on(1, 3).then(|| seed.other_id(5)),
        "system": if seed.on(4, 7) { object! {} } else { system(seed) },
        "metadata": metadata(seed),
        "event_type": "Audit",
        "child_events": children,
    })
}

/// The channel of an event: a plain name or a dash, where other rows have an object.
fn event_via(seed: &Seed, salt: u64) -> Json {
    match (seed.n + salt) % 5 {
        0 => "-".into(),
        1 => "Web form".into(),
        2 => "Mail".into(),
        _ => via(seed, salt),
    }
}

fn child_comment(seed: &Seed) -> Object {
    let comment = object! {
        "id": event_id(seed, 0),
        "via": event_via(seed, 3),
        "via_reference_id": Json::NULL,
        "type": seed.pick(2, &["Comment", "Comment", "VoiceComment"]),
        "author_id": seed.user_id,
        "body": seed.body(2),
        "html_body": seed.html(4),
        "plain_body": seed.text(2),
        "public": !seed.on(1, 3),
        "attachments": files(seed),
        "audit_id": seed.id,
        "created_at": zendesk_time(seed.updated_at),
        "event_type": "Comment",
        "metadata": metadata(seed),
    };
    comment.with_if(seed.on(0, 8), "uploads", Json::raw("[]"))
}

/// A child event for a change. The name of the changed field is the key, so it may equal any other
/// key of the event.
fn child_change(seed: &Seed, step: u64) -> Object {
    let (field, new, old): (&str, Json, Json) = match (seed.n + step) % 11 {
        0 => ("status", "open".into(), "new".into()),
        6 => ("status", "solved".into(), "open".into()),
        7 => ("status", "open".into(), "solved".into()),
        8 => ("status", "deleted".into(), "open".into()),
        9 => ("priority", "urgent".into(), "low".into()),
        10 => ("tags", ["a", "closed_by_merge"].into(), ["a"].into()),
        1 => ("priority", "high".into(), Json::NULL),
        2 => ("tags", ["a", "b"].into(), Json::raw("[]")),
        3 => ("custom_ticket_fields", seed.keyed_fields(step).into(), Json::NULL),
        4 => ("subject", seed.text(step + 4), seed.text(step + 9)),
        _ => ("assignee_id", seed.other_id(1).into(), "".into()),
    };
    child(seed, step, "Change", object! {}.with(field, new).with("previous_value", old))
}

fn child_create(seed: &Seed) -> Object {
    let fields = object! {
        "status": "new",
        "subject": seed.text(3),
        "tags": ["sample"],
        "requester_id": seed.user_id,
        "group_id": seed.or_null(0, seed.other_id(3)),
        "comment_present": true,
        "comment_public": !seed.on(0, 3),
    };
    child(seed, 9, "Create", fields)
}

fn child(seed: &Seed, step: u64, event_type: &str, fields: Object) -> Object {
    let head = object! {
        "id": event_id(seed, step),
        "via": event_via(seed, step),
        "via_reference_id": seed.on(step, 3).then(|| seed.other_id(5)),
    };
    head.and(fields).with("event_type", event_type)
}

/// The id of a part of the event. It is far enough from the row's id that neighbouring rows share
/// no ids.
fn event_id(seed: &Seed, step: u64) -> u64 {
    seed.id + (step + 1) * 10_000_019
}

/// The system that made a change. Its location is the only number with a fraction in ordinary rows.
fn system(seed: &Seed) -> Object {
    object! {
        "client": seed.pick(0, &["Kragle 3.2.0", "Mozilla/5.0 (X11; \"Linux\") \\ 1.0", ""]),
        "ip_address": seed.pick(1, &["192.0.2.10", "2001:db8::1"]),
        "location": seed.text(1),
        "latitude": Json::raw(seed.pick(0, &["null", "45.748", "-3.70000"])),
        "longitude": Json::raw(seed.pick(0, &["null", "4.85", "0.0"])),
    }
}

fn metadata(seed: &Seed) -> Json {
    let whole = object! {
        "system": system(seed),
        "custom": seed.keyed_fields(2),
        "flags": [2, 11],
        "flags_options": object! {
            "2": object! { "trusted": false },
            "11": object! { "trusted": true, "message": object! { "user": "Pat", "id": 1 } },
            "15": Json::NULL,
        },
        "trusted": false,
        "suspension_type_id": Json::NULL,
        "decoration": seed.or_null(0, object! { "version": 1 }),
    };
    match seed.n % 3 {
        0 => whole.into(),
        1 => object! { "custom": object! {}, "system": system(seed) }.into(),
        _ => object! {}.into(),
    }
}

fn attachments(seed: &Seed) -> Vec<Object> {
    if seed.on(0, 3) { vec![super::people::picture(seed, seed.n / 6)] } else { vec![] }
}

/// The files of a comment. Each has its own id and a name that anybody may choose.
fn files(seed: &Seed) -> Vec<Object> {
    const NAMES: [&str; 6] = [
        "README.md",
        "../../etc/passwd",
        "/etc/cron.d/job",
        "a\\b:c?.pdf",
        "\u{202e}gnp.exe",
        "..",
    ];
    let file = |step: u64| {
        let id = event_id(seed, 100 + step);
        let content = seed.address(&format!("attachments/token/{id}/?name=README.md"));
        let kind = seed.pick(step, &["application/pdf", "image/png", "text/plain; charset=utf-8"]);
        let smaller = super::people::file(seed, step + 1, "thumb.png", Some(32));
        let thumbnails = if kind == "image/png" { vec![smaller] } else { vec![] };
        object! {
            "url": seed.address(&format!("api/v2/attachments/{id}.json")),
            "id": id,
            "file_name": seed.pick(step, &NAMES),
            "content_url": content.as_str(),
            "mapped_content_url": content.as_str(),
            "content_type": kind,
            "size": seed.bits(step) % 60_000,
            "width": Json::NULL,
            "height": Json::NULL,
            "inline": seed.on(step, 4),
            "deleted": false,
            "malware_access_override": false,
            "malware_scan_result": seed.pick(step, &["not_scanned", "malware_not_found"]),
            "thumbnails": thumbnails,
        }
    };
    (0..seed.n / 2 % 3).map(file).collect()
}
