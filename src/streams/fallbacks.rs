//! Fallbacks: listings in place of the incremental exports, which agents may not use. Any agent may
//! read a fallback, and it has less than the export.

use super::cursor::{Cursor, CursorFormat, Former};
use super::feed::{Feed, Parent, TimeFilter};
use super::rows::{RowsAt, Step};
use super::sources::Source::{Filled, Of, SecondsOf};
use super::stream::Alternative;
use zendesk::budget::Bucket;
use zendesk::paging::Paging;

/// Source: Zendesk, "Search: Export Search Results". The search lists the newest created ticket
/// first. Its index lags by minutes, and silent changes do not update it.
pub(super) static SEARCH_TICKETS: Feed = Feed {
    query: &[("filter[type]", "ticket")],
    paging: Paging::LargeCursor,
    buckets: &[Bucket::Account, Bucket::SearchExport],
    since: TimeFilter::Windows { changed: "updated_at" },
    ..Feed::listing("search_tickets", "search/export.json", &["results"])
};

static COMMENTS_OF_TICKETS: Feed = Feed {
    parent: Some(Parent::of(&SEARCH_TICKETS, &[("ticket_id", "id")])),
    ..Feed::listing("comments_of_tickets", "tickets/{ticket_id}/comments.json", &["comments"])
};

static TICKET_METRICS: Feed =
    Feed::listing("ticket_metrics", "ticket_metrics.json", &["ticket_metrics"]);

static USERS: Feed = Feed::listing("users", "users.json", &["users"]);

static ORGANIZATIONS: Feed =
    Feed::listing("organizations", "organizations.json", &["organizations"]);

pub(super) static OF_TICKETS: Alternative = Alternative {
    drop: &["result_type"],
    splice: &[("generated_timestamp", SecondsOf(0, "updated_at"))],
    // What the export has brought is there, and newer than what the index has of it.
    cursor: Some(Cursor {
        field: "updated_at",
        format: CursorFormat::Unix,
        formerly: &[Former { key: "generated_timestamp", at_most: None }],
        parents: &[],
    }),
    ..Alternative::of(&SEARCH_TICKETS, "changes that create no ticket event, and deletions")
};

pub(super) static OF_TICKET_METRICS: Alternative = Alternative {
    splice: &[("_ab_updated_at", SecondsOf(0, "updated_at"))],
    ..Alternative::of(&TICKET_METRICS, "the metrics of archived tickets")
};

pub(super) static OF_TICKET_COMMENTS: Alternative = Alternative {
    splice: &[("ticket_id", Filled("ticket_id"))],
    ..Alternative::of(
        &COMMENTS_OF_TICKETS,
        "the columns `timestamp`, `event_type` and `via_reference_id`",
    )
};

pub(super) static OF_TICKET_ATTACHMENTS: Alternative = Alternative {
    rows: RowsAt::inside(&[Step::Each("attachments")]),
    splice: &[
        ("ticket_id", Filled("ticket_id")),
        ("comment_id", Of(0, "id")),
        ("created_at", Of(0, "created_at")),
    ],
    ..Alternative::of(&COMMENTS_OF_TICKETS, "attachments to comments of deleted tickets")
};

pub(super) static OF_USERS: Alternative = Alternative::of(&USERS, "deleted users");

pub(super) static OF_ORGANIZATIONS: Alternative =
    Alternative::of(&ORGANIZATIONS, "deleted organizations, and the column `deleted_at`");
