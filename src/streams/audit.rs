//! Who changed what in the account.

use super::access::{ADMIN, AccessRule};
use super::cursor::{Cursor, CursorFormat};
use super::deletion::DeletedRows;
use super::feed::{Feed, Order, TimeFilter};
use super::prose::prose;
use super::schema::schema;
use super::stream::Stream;

/// The log by itself is newest first; asked to, it lists oldest first, so that the position can
/// move with every page.
static AUDIT_LOGS: Feed = Feed {
    query: &[("sort", "created_at")],
    order: Order::ByTime("created_at"),
    since: TimeFilter::Between("filter[created_at][]"),
    ..Feed::listing("audit_logs", "audit_logs.json", &["audit_logs"])
};

pub(super) fn streams() -> Vec<Stream> {
    vec![Stream {
        cursor: Cursor::of("created_at", CursorFormat::Iso),
        dated: true,
        access: AccessRule { plan: Some("Enterprise"), ..ADMIN },
        scope: "auditlogs:read",
        deleted_rows: DeletedRows::None,
        documentation: prose(
            "https://developer.zendesk.com/api-reference/ticketing/account-configuration/audit_logs/",
        ),
        about: prose("Who changed what in the account's settings, and when."),
        limitations: prose("Nothing that is known."),
        ..Stream::listed("audit_logs", &AUDIT_LOGS, schema!("audit_logs"))
    }]
}
