//! Tickets and their events.

use super::access::{ADMIN, AccessRule, Role};
use super::cursor::{Cursor, CursorFormat, Former};
use super::deletion::{DeletedRows, Deletion, DeletionMarker};
use super::feed::{Feed, Order, PageRows};
use super::file::FileKeys;
use super::prose::prose;
use super::query_options::QueryOption;
use super::rows::RowsAt;
use super::rows::Step::{Each, Into, Where};
use super::schema::schema;
use super::sources::Source::Of;
use super::stream::{Alternative, Stream};
use super::{custom_fields, fallbacks, searches, side_loads};
use zendesk::budget::Bucket;
use zendesk::paging::Paging;

pub(super) const EXPORT: &[Bucket] = &[Bucket::Account, Bucket::Incremental];

const EXPORT_DOCS: &str =
    "https://developer.zendesk.com/api-reference/ticketing/ticket-management/incremental_exports/";

/// The only listing that has every change of a ticket, and archived tickets.
pub(super) static INCREMENTAL_TICKETS: Feed = Feed {
    choices: &[
        ("support_type_scope", QueryOption::Support),
        ("exclude_deleted", QueryOption::WithoutDeleted),
    ],
    paging: Paging::ExportCursor,
    order: Order::ByTime("generated_timestamp"),
    buckets: EXPORT,
    windows: true,
    ..Feed::listing("incremental_tickets", "incremental/tickets/cursor.json", &["tickets"])
};

/// The side-load of comments replaces keys of the child events. So it is always requested.
pub(super) static INCREMENTAL_TICKET_EVENTS: Feed = Feed {
    query: &[("include", "comment_events")],
    choices: &[("support_type_scope", QueryOption::Support)],
    paging: Paging::ExportTime { end_mark: true },
    order: Order::ByTime("timestamp"),
    buckets: EXPORT,
    page: PageRows::Configured,
    windows: true,
    ..Feed::listing(
        "incremental_ticket_events",
        "incremental/ticket_events.json",
        &["ticket_events"],
    )
};

pub(super) static INCREMENTAL_TICKET_METRIC_EVENTS: Feed = Feed {
    query: &[("include_changes", "true")],
    paging: Paging::ExportTime { end_mark: false },
    order: Order::ByTime("time"),
    buckets: EXPORT,
    windows: true,
    ..Feed::listing(
        "incremental_ticket_metric_events",
        "incremental/ticket_metric_events.json",
        &["ticket_metric_events"],
    )
};

/// The old dialect is the only one that lists audits newest first.
static TICKET_AUDITS: Feed = Feed {
    query: &[("sort_by", "created_at"), ("sort_order", "desc")],
    paging: Paging::Before,
    order: Order::NewestFirst,
    ..Feed::listing("ticket_audits", "ticket_audits.json", &["audits"])
};

/// The export of ticket events as a listing of audits. An event of the export is an audit under
/// other names. The export has the audits of archived tickets too.
static AUDITS_OF_EVENTS: Alternative = Alternative {
    drop: &["updater_id", "child_events"],
    splice: &[("author_id", Of(0, "updater_id")), ("events", Of(0, "child_events"))],
    schema: Some(schema!("ticket_audits_of_events")),
    about: prose(
        "With `ticket_audits_history` set to `events`, the stream has the history of all \
         tickets, archived ones included. It comes from the export of ticket events. In \
         `events`, each changed field is a key, and `event_type` is the kind of event.",
    ),
    ..Alternative::of(
        &INCREMENTAL_TICKET_EVENTS,
        "redactions and edits of old comments, which create no new comment event",
    )
};

static DELETED_TICKETS: Feed = Feed {
    buckets: &[Bucket::Account, Bucket::DeletedTickets],
    ..Feed::listing("deleted_tickets", "deleted_tickets.json", &["deleted_tickets"])
};

static TAGS: Feed = Feed {
    buckets: &[Bucket::Account, Bucket::Tags],
    ..Feed::listing("tags", "tags.json", &["tags"])
};

pub(super) fn streams() -> Vec<Stream> {
    vec![
        Stream {
            cursor: Some(Cursor {
                field: "generated_timestamp",
                format: CursorFormat::Unix,
                // Airbyte's connector 5.2 to 5.4 read tickets from the search index, which lost
                // changes; its 5.5 goes back to this day (2026-03-01) once, and so do we.
                formerly: &[Former { key: "updated_at", at_most: Some(1_772_323_200) }],
                parents: &[],
            }),
            dated: true,
            drop: &["metric_set"],
            side_loads: &side_loads::OF_TICKETS,
            deletion: Deletion::by(DeletionMarker::Text("status", "deleted")),
            custom_fields: Some(&custom_fields::OF_TICKETS),
            fallback: Some(&fallbacks::OF_TICKETS),
            count: Some("tickets/count.json"),
            access: ADMIN,
            scope: "tickets:read",
            documentation: prose(EXPORT_DOCS),
            about: prose(
                "Tickets, including archived tickets and tickets of AI agents. Deleted tickets \
                 are left out. If `deleted_at_field` is set, the last row of a deleted ticket \
                 reports its deletion.",
            ),
            limitations: prose(
                "Without `deleted_at_field`: deletions. `deleted_tickets` or a full refresh shows \
                 them. With `deleted_at_field`: deletions that an earlier read without this \
                 option left out.",
            ),
            ..Stream::listed("tickets", &INCREMENTAL_TICKETS, schema!("tickets"))
        },
        // Airbyte's connector has it since version 5.5, so its catalogs and states name it.
        Stream {
            cursor: Cursor::of("updated_at", CursorFormat::Unix),
            dated: true,
            is_offered: false,
            columns: &[searches::RESULT_TYPE],
            custom_fields: Some(&custom_fields::OF_TICKETS),
            documentation: prose(searches::DOCS),
            about: prose(
                "Tickets from the search index, for catalogs of Airbyte's connector. `tickets` \
                 has more.",
            ),
            limitations: prose(
                "Deletions, and changes that create no ticket event. The index lags by minutes.",
            ),
            ..Stream::listed("tickets_search", &fallbacks::SEARCH_TICKETS, schema!("tickets"))
        },
        Stream {
            rows: RowsAt::inside(&[Into("metric_set")]),
            include: &["metric_sets"],
            cursor: Some(Cursor {
                field: "_ab_updated_at",
                format: CursorFormat::Unix,
                formerly: &[
                    Former { key: "generated_timestamp", at_most: None },
                    Former { key: "updated_at", at_most: None },
                ],
                parents: &[("tickets", "generated_timestamp")],
            }),
            dated: true,
            splice: &[("_ab_updated_at", Of(0, "generated_timestamp"))],
            fallback: Some(&fallbacks::OF_TICKET_METRICS),
            count: Some("tickets/count.json"),
            access: ADMIN,
            scope: "tickets:read",
            deleted_rows: DeletedRows::GoWithTheTicket,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_metrics/",
            ),
            about: prose(
                "Reply, resolution and waiting times of every ticket, archived ones included.",
            ),
            limitations: prose(
                "Deletions; a full refresh drops the metrics of deleted tickets, which Zendesk \
                 no longer lists.",
            ),
            ..Stream::listed("ticket_metrics", &INCREMENTAL_TICKETS, schema!("ticket_metrics"))
        },
        Stream {
            cursor: Some(Cursor {
                field: "timestamp",
                format: CursorFormat::Unix,
                formerly: &[],
                parents: &[],
            }),
            dated: true,
            access: ADMIN,
            scope: "tickets:read",
            deleted_rows: DeletedRows::GoWithTheTicket,
            documentation: prose(EXPORT_DOCS),
            about: prose("Every update of a ticket, with its changes and comments."),
            limitations: prose(
                "Redactions and edits of old comments: they create no new comment event. \
                 Deletions: events of deleted tickets stay.",
            ),
            ..Stream::listed("ticket_events", &INCREMENTAL_TICKET_EVENTS, schema!("ticket_events"))
        },
        Stream {
            rows: RowsAt::inside(&[Each("child_events"), Where("event_type", "Comment")]),
            cursor: Some(Cursor {
                field: "created_at",
                format: CursorFormat::Unix,
                formerly: &[],
                parents: &[],
            }),
            dated: true,
            splice: &[
                ("ticket_id", Of(0, "ticket_id")),
                ("timestamp", Of(0, "timestamp")),
                ("via_reference_id", Of(0, "via_reference_id")),
            ],
            fallback: Some(&fallbacks::OF_TICKET_COMMENTS),
            access: ADMIN,
            scope: "tickets:read",
            deleted_rows: DeletedRows::GoWithTheTicket,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_comments/",
            ),
            about: prose(
                "Public and private comments of every ticket, with descriptions of their \
                 attachments.",
            ),
            limitations: prose(
                "Redactions and edits of old comments. Deletions of tickets: their comments stay \
                 in the export. Messages of tickets that come from messaging: they create no \
                 comment event, and `ticket_conversation_log` has them.",
            ),
            ..Stream::listed(
                "ticket_comments",
                &INCREMENTAL_TICKET_EVENTS,
                schema!("ticket_comments"),
            )
        },
        Stream {
            rows: RowsAt::inside(&[
                Each("child_events"),
                Where("event_type", "Comment"),
                Each("attachments"),
            ]),
            // Comments may share a file.
            primary_key: &["comment_id", "id"],
            cursor: Cursor::of("created_at", CursorFormat::Unix),
            dated: true,
            splice: &[
                ("ticket_id", Of(0, "ticket_id")),
                ("comment_id", Of(1, "id")),
                ("created_at", Of(1, "created_at")),
            ],
            file: Some(FileKeys {
                deleted: Some("deleted"),
                scan: Some(("malware_scan_result", "malware_access_override")),
                ..FileKeys::of_attachments("files of tickets")
            }),
            fallback: Some(&fallbacks::OF_TICKET_ATTACHMENTS),
            access: ADMIN,
            scope: "tickets:read",
            deleted_rows: DeletedRows::GoWithTheTicket,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/tickets/ticket-attachments/",
            ),
            about: prose(
                "Files attached to comments of every ticket: names, types, sizes and addresses. \
                 The files themselves come too if the platform transfers files.",
            ),
            limitations: prose(
                "Redactions: a redacted attachment creates no new comment event. Deletions of \
                 tickets: their comments stay in the export.",
            ),
            ..Stream::listed(
                "ticket_attachments",
                &INCREMENTAL_TICKET_EVENTS,
                schema!("ticket_attachments"),
            )
        },
        Stream {
            cursor: Some(Cursor {
                field: "time",
                format: CursorFormat::Unix,
                formerly: &[],
                parents: &[],
            }),
            dated: true,
            deletion: Some(Deletion { sign: DeletionMarker::Flag("deleted"), at: "time" }),
            access: ADMIN,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_metric_events/",
            ),
            about: prose(
                "Events of ticket metrics: when each metric was activated, paused, fulfilled or \
                 breached.",
            ),
            limitations: prose("Nothing is known to be missing."),
            ..Stream::listed(
                "ticket_metric_events",
                &INCREMENTAL_TICKET_METRIC_EVENTS,
                schema!("ticket_metric_events"),
            )
        },
        Stream {
            cursor: Some(Cursor {
                field: "created_at",
                format: CursorFormat::Iso,
                formerly: &[],
                parents: &[],
            }),
            dated: true,
            substitute: Some(&AUDITS_OF_EVENTS),
            access: ADMIN,
            deleted_rows: DeletedRows::GoWithTheTicket,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_audits/",
            ),
            about: prose("The history of tickets that are not archived, one row per update."),
            limitations: prose(
                "Audits of archived tickets, which Zendesk's listing leaves out in every mode, \
                 unless `ticket_audits_history` is `events`. Audits from before the restoration \
                 of a deleted ticket.",
            ),
            ..Stream::listed("ticket_audits", &TICKET_AUDITS, schema!("ticket_audits"))
        },
        Stream {
            deletion: Some(Deletion { sign: DeletionMarker::Every, at: "deleted_at" }),
            access: AccessRule {
                role: Role::Agent,
                plan: None,
                feature: Some("the permission to view deleted tickets"),
            },
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/#list-deleted-tickets",
            ),
            about: prose("Tickets that were deleted in the last thirty days and not yet scrubbed."),
            limitations: prose("There is no incremental read."),
            ..Stream::listed("deleted_tickets", &DELETED_TICKETS, schema!("deleted_tickets"))
        },
        Stream {
            primary_key: &["name"],
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/ticket-management/tags/",
            ),
            about: prose("The 20,000 most used tags of the last sixty days, with their counts."),
            limitations: prose(
                "There is no incremental read; a full refresh drops tags that are no longer \
                 listed.",
            ),
            ..Stream::listed("tags", &TAGS, schema!("tags"))
        },
    ]
}
