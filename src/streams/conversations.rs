//! Conversations on tickets beyond their comments.

use super::access::{ADMIN, AccessRule};
use super::cursor::{Cursor, CursorFormat};
use super::deletion::DeletedRows;
use super::feed::{Feed, Order, Parent};
use super::prose::prose;
use super::schema::schema;
use super::sources::Source;
use super::stream::Stream;
use super::support::INCREMENTAL_TICKETS;
use super::tickets::SIDE_CONVERSATION_EVENTS;

/// For tickets that do not come from messaging, this listing has comments alone. The export of
/// ticket events has these comments too, without one request per ticket.
static CONVERSATION_LOG: Feed = Feed {
    parent: Some(Parent {
        only_with: Some("from_messaging_channel"),
        ..Parent::of(&INCREMENTAL_TICKETS, &[("ticket_id", "id")])
    }),
    ..Feed::listing("ticket_conversation_log", "tickets/{ticket_id}/conversation_log", &["events"])
};

/// One day. Mail servers retry a delivery for hours.
const DELIVERY_SECONDS: i64 = 86_400;

/// Zendesk has no time filter for this listing.
static EMAIL_NOTIFICATIONS: Feed = Feed {
    order: Order::NewestFirst,
    settles_in_seconds: DELIVERY_SECONDS,
    ..Feed::listing("email_notifications", "email_notifications", &["email_notifications"])
};

pub(super) fn streams() -> Vec<Stream> {
    vec![log(), side_conversation_events(), email_notifications()]
}

fn side_conversation_events() -> Stream {
    Stream {
        cursor: Cursor::of("created_at", CursorFormat::Iso),
        dated: true,
        access: AccessRule { feature: Some("side conversations"), ..ADMIN },
        scope: "tickets:read",
        documentation: prose(
            "https://developer.zendesk.com/api-reference/ticketing/side_conversation/side_conversation_event/",
        ),
        about: prose(
            "Events of side conversations: who started, answered, renamed, closed or reopened \
             them, with the message.",
        ),
        limitations: prose(
            "Deletions. Changes of events, because Zendesk lists events by their creation. It is \
             not known whether events change.",
        ),
        ..Stream::listed(
            "side_conversation_events",
            &SIDE_CONVERSATION_EVENTS,
            schema!("side_conversation_events"),
        )
    }
}

fn email_notifications() -> Stream {
    Stream {
        primary_key: &["notification_id"],
        cursor: Cursor::of("created_at", CursorFormat::Iso),
        dated: true,
        documentation: prose(
            "https://developer.zendesk.com/api-reference/ticketing/tickets/email_notifications/",
        ),
        about: prose(
            "E-mail that Zendesk sent about comments, to whom, and whether it arrived. The \
             answer of a mail server arrives later than the row, so rows of the day before the \
             position come again.",
        ),
        limitations: prose(
            "Answers of mail servers that arrive more than a day after the e-mail. It is not \
             known for how long Zendesk keeps these rows.",
        ),
        ..Stream::listed(
            "email_notifications",
            &EMAIL_NOTIFICATIONS,
            schema!("email_notifications"),
        )
    }
}

fn log() -> Stream {
    Stream {
        // A row tells when it was said, and never that it was changed.
        cursor: Some(Cursor {
            field: "created_at",
            format: CursorFormat::Iso,
            formerly: &[],
            parents: &[("tickets", "generated_timestamp")],
        }),
        dated: true,
        splice: &[("ticket_id", Source::Filled("ticket_id"))],
        access: AccessRule { feature: Some("messaging"), ..ADMIN },
        scope: "tickets:read",
        deleted_rows: DeletedRows::GoWithTheTicket,
        documentation: prose(
            "https://developer.zendesk.com/api-reference/ticketing/tickets/conversation_log/",
        ),
        about: prose(
            "Messages and comments of tickets that come from messaging: who wrote them, when and \
             through which channel, with texts, files and actions. The stream takes one request \
             for each such ticket that changed, and one for each of them once a week. Other \
             tickets take no request.",
        ),
        limitations: prose(
            "Comments of tickets that do not come from messaging; `ticket_comments` has them. \
             Messages that do not update their ticket, and redactions, for up to a week. \
             Deletions. The listing was not tried on a real account. It is not known whether \
             each message updates its ticket, whether social channels set \
             `from_messaging_channel`, and whether a message keeps its `id`. It is not known \
             either whether every account has the listing.",
        ),
        ..Stream::listed(
            "ticket_conversation_log",
            &CONVERSATION_LOG,
            schema!("ticket_conversation_log"),
        )
    }
}
