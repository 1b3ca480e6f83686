//! Conversations in tickets besides their comments. Fields: Zendesk, Conversation Log; Side
//! Conversation Events; Email Notifications.

use super::json::{Json, object};
use super::ticket_activity::uuid;
use super::{Seed, formatted_time};

/// Every fourth entry is a comment. The account puts the other entries into messaging tickets.
pub(crate) const EVERY_COMMENT: u64 = 4;

/// A message or a comment. The row does not name its ticket.
pub(crate) fn log_entry(seed: &Seed) -> String {
    let is_message = !seed.n.is_multiple_of(EVERY_COMMENT);
    let (kind, refers_to) = match is_message {
        true => ("Messaging::ConversationMessage", "zen:sunco:conversation_message"),
        false => ("Comment", "zen:ticket_event"),
    };
    let number = match is_message {
        true => format!("{:024x}", seed.bits(3)),
        false => seed.other_id(3).to_string(),
    };
    let author = object! {
        "type": seed.pick(0, &["user", "agent", "bot"]),
        "display_name": seed.text(0),
        "avatar_url": seed.or_null(1, "https://example.com/avatar.png"),
    }
    // Zendesk itself is -1.
    .with_if(seed.on(1, 5), "zen:support:user_id", -1_i64)
    .with_if(!seed.on(1, 5), "zen:support:user_id", seed.user_id)
    .with_if(is_message, "zen:sunco:user_id", format!("{:024x}", seed.bits(4)));
    let content = match seed.n % 4 {
        0 => object! { "type": "html", "body": seed.text(3) },
        1 => object! { "type": "image", "media_url": "https://example.com/a.png" },
        2 => object! {
            "type": "text",
            "text": seed.text(5),
            "actions": [object! { "type": "reply", "text": seed.text(6), "payload": "yes" }],
        },
        _ => object! { "type": "text", "text": seed.text(7) },
    };
    let row = object! {
        "id": format!("01K{:023}", seed.id),
        "type": kind,
        "created_at": seed.created(),
        "reference": format!("{refers_to}:{number}"),
        "author": author,
        "content": content,
        "attachments": if seed.on(2, 5) { vec![object! { "id": seed.other_id(5) }] } else { vec![] },
    };
    let received = formatted_time(seed.created_at, "%Y-%m-%dT%H:%M:%S.312Z");
    let metadata = object! { "system": object! {}, "custom": object! {} };
    let row = row.with_if(is_message, "received_at", received).with_if(
        is_message,
        "source",
        object! { "type": seed.pick(1, &["web", "whatsapp"]) },
    );
    seed.finish(row.with_if(is_message, "metadata", metadata.clone()).with_if(
        !is_message,
        "metadata",
        metadata.with("public", seed.on(0, 3)).with("ticket_version", seed.n),
    ))
}

/// An event of a side conversation.
pub(crate) fn side_event(seed: &Seed) -> String {
    let conversation = uuid(&Seed { id: seed.parent(), ..*seed });
    let kind = seed.pick(0, &["create", "reply", "update"]);
    let id = format!("{:08x}-1b7a-11f0-8a51-{:012x}", seed.id >> 16 & 0xffff_ffff, seed.id);
    let ticket = seed.grandparent_id.unwrap_or(seed.ticket_id);
    let person = |salt: u64| {
        object! {
            "user_id": seed.or_null(salt, seed.user_id),
            "name": seed.or_null(salt + 1, seed.text(salt)),
            "email": seed.or_null(salt + 2, "ann@example.com"),
        }
    };
    let message = object! {
        "subject": seed.text(3),
        "preview_text": seed.text(4),
        "body": seed.text(5),
        "html_body": seed.text(6),
        "from": person(1),
        "to": [person(2)],
        "via": "support",
        "external_ids": object! { "targetTicketId": "1523" },
        "attachments": if seed.on(1, 4) { vec![object! { "id": seed.other_id(5) }] } else { vec![] },
    };
    let updates = match kind {
        "update" => object! { "state": "closed", "subject": seed.text(7) },
        _ => object! {},
    };
    seed.finish(object! {
        "id": id,
        "side_conversation_id": conversation.clone(),
        "ticket_id": ticket,
        "type": kind,
        "via": "support",
        // Milliseconds, and no `Z`.
        "created_at": formatted_time(seed.created_at, "%Y-%m-%dT%H:%M:%S.120+00:00"),
        "url": seed.address(&format!("api/v2/tickets/{ticket}/side_conversations/{conversation}/events")),
        "actor": person(0),
        "message": if kind == "update" { Json::NULL } else { message.into() },
        "updates": updates,
    })
}

/// An email about a comment, and its delivery. The row has no `id`.
pub(crate) fn email_notification(seed: &Seed) -> String {
    let recipient = |n: u64| {
        let status = object! {
            "id": n * 29,
            "name": seed.pick(n, &["delivered", "mailbox_unavailable"]),
            "code": seed.pick(n, &["250", "550"]),
            "message": seed.text(n),
        };
        object! {
            "user_id": seed.user_id,
            "email_address": "x@example.com",
            "delivery_status": status,
        }
    };
    seed.finish(object! {
        "url": seed.url("email_notifications"),
        "notification_id": seed.id,
        "ticket_id": seed.ticket_id,
        "comment_id": seed.other_id(1),
        "email_id": format!("01H{:023}", seed.id),
        "message_id": format!("<{}@example.com>", seed.n),
        "recipients": (0..1 + seed.n % 3).map(recipient).collect::<Vec<_>>(),
        "created_at": seed.created(),
        "updated_at": seed.updated(),
    })
}
