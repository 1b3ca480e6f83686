//! Events of tickets, users and ratings, derived from the exports.

use super::access::ADMIN;
use super::cursor::{Cursor, CursorFormat};
use super::deletion::DeletedRows;
use super::derived::When::{Above, Differ, Gained, Has, Is, IsNot};
use super::derived::{DerivedRows, Kind};
use super::people::INCREMENTAL_USERS;
use super::prose::prose;
use super::rows::{RowsAt, Step};
use super::schema::schema;
use super::sources::Source::{
    self, Joined, KindActor, KindFrom, KindName, KindTime, KindTo, Of, TextOf, Untold,
};
use super::stream::Stream;
use super::support::INCREMENTAL_TICKET_EVENTS;
use super::tickets::SATISFACTION_RATINGS;

const STATUS: &str = "status";
const BEFORE: &str = "previous_value";

/// The condition for a change of a ticket's field. The field's name is a key of the child event.
const IS_CHANGE: super::derived::When = Is("event_type", &["Change"]);

/// A kind that a child event of a ticket event makes.
const fn of_ticket(
    name: &'static str,
    field: &'static str,
    when: &'static [super::derived::When],
) -> Kind {
    Kind {
        time: Of(0, "created_at"),
        actor: Of(0, "updater_id"),
        from: TextOf(1, BEFORE),
        to: TextOf(1, field),
        ..Kind::of(name, when)
    }
}

/// Source: Zendesk, "Incremental Ticket Event Export"; "About ticket statuses"; "Merging tickets".
/// The last one says that a ticket merged into another is closed and gets the tag
/// `closed_by_merge`.
static OF_TICKETS: DerivedRows = DerivedRows {
    kinds: &[
        Kind {
            once: true,
            from: Untold,
            ..of_ticket("created", STATUS, &[Is("event_type", &["Create"])])
        },
        of_ticket("solved", STATUS, &[IS_CHANGE, Is(STATUS, &["solved"])]),
        of_ticket(
            "reopened",
            STATUS,
            &[IS_CHANGE, Is(BEFORE, &["solved"]), Is(STATUS, &["new", "open", "pending", "hold"])],
        ),
        of_ticket("closed", STATUS, &[IS_CHANGE, Is(STATUS, &["closed"])]),
        Kind {
            from: Untold,
            ..of_ticket(
                "assigned",
                "assignee_id",
                &[Is("event_type", &["Create"]), Has("assignee_id")],
            )
        },
        of_ticket("assigned", "assignee_id", &[IS_CHANGE, Has("assignee_id")]),
        of_ticket(
            "priority_raised",
            "priority",
            &[IS_CHANGE, Above("priority", BEFORE, &["low", "normal", "high", "urgent"])],
        ),
        of_ticket("status_changed", STATUS, &[IS_CHANGE, Has(STATUS)]),
        of_ticket("deleted", STATUS, &[IS_CHANGE, Is(STATUS, &["deleted"])]),
        of_ticket(
            "restored",
            STATUS,
            &[IS_CHANGE, Is(BEFORE, &["deleted"]), Has(STATUS), IsNot(STATUS, "deleted")],
        ),
        Kind {
            from: Untold,
            to: Untold,
            ..of_ticket("merged", "tags", &[IS_CHANGE, Gained("tags", BEFORE, "closed_by_merge")])
        },
    ],
    columns: &[
        ("id", Joined(&[Of(1, "id"), KindName])),
        ("kind", KindName),
        ("time", KindTime),
        ("ticket_id", Of(0, "ticket_id")),
        ("actor_id", KindActor),
        ("from", KindFrom),
        ("to", KindTo),
    ],
    changed: "timestamp",
};

const fn of_user(
    name: &'static str,
    time: &'static str,
    when: &'static [super::derived::When],
) -> Kind {
    Kind { time: Of(0, time), ..Kind::of(name, when) }
}

/// Zendesk's listings do not say who changed a user, what was changed, or that users were merged. A
/// user who was merged into another is listed as deleted.
static OF_USERS: DerivedRows = DerivedRows {
    kinds: &[
        of_user("created", "created_at", &[Has("created_at")]),
        of_user(
            "updated",
            "updated_at",
            &[IsNot("active", "false"), Differ("updated_at", "created_at")],
        ),
        of_user("deleted", "updated_at", &[Is("active", &["false"])]),
    ],
    columns: &[
        ("id", Joined(&[Of(0, "id"), KindName])),
        ("kind", KindName),
        ("time", KindTime),
        ("user_id", Of(0, "id")),
        ("actor_id", KindActor),
        ("from", KindFrom),
        ("to", KindTo),
    ],
    changed: "updated_at",
};

/// Zendesk lists a rating as it is now. So its previous value is not known.
const fn of_rating(
    name: &'static str,
    time: &'static str,
    actor: Source,
    when: &'static [super::derived::When],
) -> Kind {
    Kind { time: Of(0, time), actor, to: TextOf(0, "score"), ..Kind::of(name, when) }
}

const REQUESTER: Source = Of(0, "requester_id");

static OF_RATINGS: DerivedRows = DerivedRows {
    kinds: &[
        of_rating("offered", "created_at", Untold, &[Is("score", &["offered"])]),
        of_rating("received", "updated_at", REQUESTER, &[Is("score", &["good", "bad"])]),
        of_rating("good", "updated_at", REQUESTER, &[Is("score", &["good"])]),
        of_rating("bad", "updated_at", REQUESTER, &[Is("score", &["bad"])]),
    ],
    columns: &[
        ("id", Joined(&[Of(0, "id"), KindName])),
        ("kind", KindName),
        ("time", KindTime),
        ("satisfaction_rating_id", Of(0, "id")),
        ("ticket_id", Of(0, "ticket_id")),
        ("actor_id", KindActor),
        ("from", KindFrom),
        ("to", KindTo),
    ],
    changed: "updated_at",
};

const TIME: Option<Cursor> = Cursor::of("time", CursorFormat::Iso);

/// The streams of events of users.
pub(super) fn of_users() -> Vec<Stream> {
    vec![Stream {
        rows: RowsAt { derived: Some(&OF_USERS), ..RowsAt::LISTED },
        is_offered: false,
        // A user is updated many times, and each time is an event of its own.
        primary_key: &["id", "time"],
        cursor: TIME,
        dated_on_request: true,
        kept: Some("role"),
        access: ADMIN,
        scope: "users:read",
        deleted_rows: DeletedRows::None,
        documentation: prose(
            "https://developer.zendesk.com/api-reference/ticketing/ticket-management/incremental_exports/#incremental-user-export-cursor-based",
        ),
        about: prose(
            "Events of users: created, updated or deleted. `created` comes again with each later \
             change of the user, with the same key.",
        ),
        limitations: prose(
            "The users who made the changes, and the changed fields. Updates that were followed by another update before \
             the read. Merges: Zendesk's listings do not report them, and a user that was merged \
             into another is reported as deleted.",
        ),
        ..Stream::listed(
            "user_lifecycle_events",
            &INCREMENTAL_USERS,
            schema!("user_lifecycle_events"),
        )
    }]
}

/// The streams of events of tickets and their ratings.
pub(super) fn of_tickets() -> Vec<Stream> {
    vec![
        Stream {
            rows: RowsAt {
                derived: Some(&OF_TICKETS),
                ..RowsAt::inside(&[Step::Each("child_events")])
            },
            is_offered: false,
            cursor: TIME,
            dated: true,
            access: ADMIN,
            scope: "tickets:read",
            deleted_rows: DeletedRows::None,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/ticket-management/incremental_exports/#incremental-ticket-event-export",
            ),
            about: prose(
                "Events of tickets: created, solved, reopened, closed, assigned, priority \
                 raised, status changed, deleted, restored, merged. The actor -1 is Zendesk \
                 itself.",
            ),
            limitations: prose(
                "Changes that create no ticket event. A first priority is not an event \
                 `priority_raised`. A ticket counts as merged when it gets the tag \
                 `closed_by_merge`; the ticket that it was merged into is not reported.",
            ),
            ..Stream::listed(
                "ticket_lifecycle_events",
                &INCREMENTAL_TICKET_EVENTS,
                schema!("ticket_lifecycle_events"),
            )
        },
        Stream {
            rows: RowsAt { derived: Some(&OF_RATINGS), ..RowsAt::LISTED },
            is_offered: false,
            // A rating may be given anew, and each time is an event of its own.
            primary_key: &["id", "time"],
            cursor: TIME,
            dated: true,
            access: ADMIN,
            deleted_rows: DeletedRows::None,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/ticket-management/satisfaction_ratings/",
            ),
            about: prose("Events of satisfaction ratings: offered, and received as good or bad."),
            limitations: prose(
                "Earlier values of a rating. Changes that were followed by another change before \
                 the read. Changes of ratings that were created more than a day before the last \
                 read arrive within a week, when all ratings are read again.",
            ),
            ..Stream::listed(
                "satisfaction_rating_events",
                &SATISFACTION_RATINGS,
                schema!("satisfaction_rating_events"),
            )
        },
    ]
}
