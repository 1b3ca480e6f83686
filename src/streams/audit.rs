//! Changes of the account's settings, the log of API access, and sessions of signed-in users.

use super::access::{ADMIN, AccessRule};
use super::cursor::{Cursor, CursorFormat};
use super::deletion::DeletedRows;
use super::feed::{Feed, Order, TimeFilter};
use super::prose::prose;
use super::schema::schema;
use super::stream::Stream;
use zendesk::budget::Bucket;
use zendesk::paging::Paging;

/// By default the log lists the newest entry first. The query asks for the oldest first, so that
/// the position can move with every page.
static AUDIT_LOGS: Feed = Feed {
    query: &[("sort", "created_at")],
    order: Order::ByTime("created_at"),
    since: TimeFilter::Between("filter[created_at][]", "filter[created_at][]"),
    ..Feed::listing("audit_logs", "audit_logs.json", &["audit_logs"])
};

/// Entries never change, and the oldest comes first. A page may have up to 2,500 rows.
static ACCESS_LOGS: Feed = Feed {
    paging: Paging::LargeCursor,
    order: Order::ByTime("timestamp"),
    since: TimeFilter::Between("filter[start]", "filter[end]"),
    buckets: &[Bucket::Account, Bucket::AccessLogs],
    kept_days: Some(90),
    ..Feed::listing("access_logs", "access_logs", &["access_logs"])
};

static SESSIONS: Feed = Feed::listing("sessions", "sessions.json", &["sessions"]);

pub(super) fn streams() -> Vec<Stream> {
    vec![audit_logs(), access_logs(), sessions()]
}

fn audit_logs() -> Stream {
    Stream {
        cursor: Cursor::of("created_at", CursorFormat::Iso),
        dated: true,
        access: AccessRule { plan: Some("Enterprise"), ..ADMIN },
        scope: "auditlogs:read",
        deleted_rows: DeletedRows::None,
        documentation: prose(
            "https://developer.zendesk.com/api-reference/ticketing/account-configuration/audit_logs/",
        ),
        about: prose("Changes of the account's settings, with user and time."),
        limitations: prose("Nothing is known to be missing."),
        ..Stream::listed("audit_logs", &AUDIT_LOGS, schema!("audit_logs"))
    }
}

fn access_logs() -> Stream {
    Stream {
        cursor: Cursor::of("timestamp", CursorFormat::Iso),
        dated: true,
        access: AccessRule {
            feature: Some("the add-on Advanced Data Privacy and Protection"),
            ..ADMIN
        },
        deleted_rows: DeletedRows::None,
        documentation: prose(
            "https://developer.zendesk.com/api-reference/ticketing/account-configuration/access_logs/",
        ),
        about: prose(
            "Requests to the account, with user, IP address and status. The stream is large, and it \
             has IP addresses of people.",
        ),
        limitations: prose(
            "Rows older than 90 days: Zendesk drops them. `graphql.variables` is a text. It can \
             contain anything that users wrote.",
        ),
        ..Stream::listed("access_logs", &ACCESS_LOGS, schema!("access_logs"))
    }
}

fn sessions() -> Stream {
    Stream {
        access: ADMIN,
        documentation: prose(
            "https://developer.zendesk.com/api-reference/ticketing/account-configuration/sessions/",
        ),
        about: prose(
            "Current sessions: who is signed in, since when, and when the user was last \
            seen.",
        ),
        limitations: prose(
            "Sessions that have ended, which are no longer listed. An agent sees only their own \
             sessions, and Zendesk does not say so.",
        ),
        ..Stream::listed("sessions", &SESSIONS, schema!("sessions"))
    }
}
