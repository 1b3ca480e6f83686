//! Roads around the incremental exports, which agents may not use. They lead through listings that
//! any agent may read, and see less.

use super::feed::{Feed, Parent, TimeFilter};
use super::rows::{RowsAt, Splice};
use super::stream::Fallback;
use crate::zendesk::budget::Bucket;
use crate::zendesk::paging::Paging;

/// Source: Zendesk, "Search: Export Search Results". It lists by creation, newest first, from an
/// index that lags by minutes and that silent changes do not refresh.
pub(super) static SEARCH_TICKETS: Feed = Feed {
    query: &[("filter[type]", "ticket")],
    paging: Paging::Search,
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

pub(super) static OF_TICKETS: Fallback = Fallback {
    feed: &SEARCH_TICKETS,
    rows: RowsAt::Listed,
    drop: &["result_type"],
    splice: &[Splice::Seconds { key: "generated_timestamp", from: "updated_at" }],
    missing: "changes that made no ticket event, and deletions",
};

pub(super) static OF_TICKET_METRICS: Fallback = Fallback {
    feed: &TICKET_METRICS,
    rows: RowsAt::Listed,
    drop: &[],
    splice: &[Splice::Seconds { key: "_ab_updated_at", from: "updated_at" }],
    missing: "the metrics of archived tickets",
};

pub(super) static OF_TICKET_COMMENTS: Fallback = Fallback {
    feed: &COMMENTS_OF_TICKETS,
    rows: RowsAt::Listed,
    drop: &[],
    splice: &[Splice::Filled { key: "ticket_id", placeholder: "ticket_id" }],
    missing: "the columns `timestamp`, `event_type` and `via_reference_id`",
};

pub(super) static OF_TICKET_ATTACHMENTS: Fallback = Fallback {
    feed: &COMMENTS_OF_TICKETS,
    rows: RowsAt::Inside("attachments"),
    drop: &[],
    splice: &[
        Splice::Filled { key: "ticket_id", placeholder: "ticket_id" },
        Splice::Around { key: "comment_id", from: "id" },
        Splice::Around { key: "created_at", from: "created_at" },
    ],
    missing: "what was attached to comments of deleted tickets",
};

pub(super) static OF_USERS: Fallback = Fallback {
    feed: &USERS,
    rows: RowsAt::Listed,
    drop: &[],
    splice: &[],
    missing: "deleted users",
};

pub(super) static OF_ORGANIZATIONS: Fallback = Fallback {
    feed: &ORGANIZATIONS,
    rows: RowsAt::Listed,
    drop: &[],
    splice: &[],
    missing: "deleted organizations, and the column `deleted_at`",
};
