//! The history of tickets: values of fields, tags, schedules and service levels over time. It is
//! derived from the exports of ticket events and metric events.

use super::access::ADMIN;
use super::cursor::{Cursor, CursorFormat};
use super::deletion::DeletedRows;
use super::derived::When::{Is, IsNot};
use super::derived::{DerivedRows, Kind, Members, Parts, When};
use super::prose::prose;
use super::rows::{RowsAt, Step};
use super::schema::schema;
use super::sources::Source::{
    self, FirstOf, Inside, Joined, KindName, KindTo, Of, OnlyText, PartBefore, PartName,
    PartNumber, PartValue, Text, TextOf, TimeOf,
};
use super::stream::Stream;
use super::support::{INCREMENTAL_TICKET_EVENTS, INCREMENTAL_TICKET_METRIC_EVENTS};

const BEFORE: &str = "previous_value";
const ADDED: &str = "added_tags";
const REMOVED: &str = "removed_tags";
const CUSTOM: &str = "custom_ticket_fields";

/// Members of a child event that are not fields of the ticket.
///
/// Source: Zendesk, "Incremental Ticket Event Export". Its child events have the changed field as a
/// key.
const NO_FIELDS: &[&str] = &[
    "id",
    "via",
    "via_reference_id",
    "event_type",
    BEFORE,
    "comment_present",
    "comment_public",
    ADDED,
    REMOVED,
];

/// The time of an event.
const TIME: Source = FirstOf(&[Of(0, "created_at"), TimeOf(0, "timestamp")]);

/// The channel of an event. A child event has it as a text or in an object.
const CHANNEL: Source = FirstOf(&[
    Inside(1, "via", &["channel"]),
    OnlyText(1, "via"),
    Inside(0, "via", &["channel"]),
    OnlyText(0, "via"),
]);

const fn kind(name: &'static str, when: &'static [When], parts: Parts) -> Kind {
    Kind { parts, ..Kind::of(name, when) }
}

/// The fields that a change sets. `FIRST_FIELDS` are those of a creation, which has no previous values.
const FIELDS: Members = Members { but: NO_FIELDS, open: CUSTOM, before: Some(BEFORE) };
const FIRST_FIELDS: Members = Members { before: None, ..FIELDS };

static FIELD_HISTORY: DerivedRows = DerivedRows {
    kinds: &[
        kind("create", &[Is("event_type", &["Create"])], Parts::Each(FIRST_FIELDS)),
        kind("change", &[Is("event_type", &["Change"])], Parts::Each(FIELDS)),
    ],
    columns: &[
        ("id", Joined(&[Of(1, "id"), PartName])),
        ("ticket_event_id", Of(0, "id")),
        ("ticket_id", Of(0, "ticket_id")),
        ("field_name", PartName),
        ("ticket_field_id", PartNumber),
        ("value", PartValue),
        ("previous_value", PartBefore),
        ("kind", KindName),
        ("updated", TIME),
        ("user_id", Of(0, "updater_id")),
        ("via_channel", CHANNEL),
    ],
    changed: "timestamp",
};

static TAG_HISTORY: DerivedRows = DerivedRows {
    kinds: &[
        kind(
            "added",
            &[Is("event_type", &["Create"])],
            Parts::Gained { of: FIRST_FIELDS, field: "tags", told: ADDED },
        ),
        kind(
            "added",
            &[Is("event_type", &["Change"])],
            Parts::Gained { of: FIELDS, field: "tags", told: ADDED },
        ),
        kind(
            "removed",
            &[Is("event_type", &["Change"])],
            Parts::Lost { of: FIELDS, field: "tags", told: REMOVED },
        ),
    ],
    columns: &[
        ("id", Joined(&[Of(1, "id"), KindName, PartName])),
        ("ticket_event_id", Of(0, "id")),
        ("ticket_id", Of(0, "ticket_id")),
        ("tag", PartName),
        ("kind", KindName),
        ("updated", TIME),
        ("user_id", Of(0, "updater_id")),
        ("via_channel", CHANNEL),
    ],
    changed: "timestamp",
};

static SCHEDULE_ASSIGNMENTS: DerivedRows = DerivedRows {
    kinds: &[Kind::of("assigned", &[Is("event_type", &["ScheduleAssignment"])])],
    columns: &[
        ("id", Of(1, "id")),
        ("ticket_event_id", Of(0, "id")),
        ("ticket_id", Of(0, "ticket_id")),
        ("schedule_id", Of(1, "new_schedule_id")),
        ("previous_schedule_id", Of(1, "previous_schedule_id")),
        ("created_at", TIME),
        ("user_id", Of(0, "updater_id")),
        ("via_channel", CHANNEL),
    ],
    changed: "timestamp",
};

/// Zendesk has one metric for the time to reply. Its first instance is the time to the first reply.
///
/// Source: Zendesk, Ticket Metric Events, "Metrics" and "Instance id".
const fn applied(name: &'static str, when: &'static [When], metric: Source) -> Kind {
    Kind { to: metric, ..Kind::of(name, when) }
}

const IS_SLA: When = Is("type", &["apply_sla"]);
const IS_REPLY: When = Is("metric", &["reply_time"]);

static SLA_APPLICATIONS: DerivedRows = DerivedRows {
    kinds: &[
        applied(
            "first",
            &[IS_SLA, IS_REPLY, Is("instance_id", &["0", "1"])],
            Text("first_reply_time"),
        ),
        applied(
            "next",
            &[IS_SLA, IS_REPLY, IsNot("instance_id", "0"), IsNot("instance_id", "1")],
            Text("next_reply_time"),
        ),
        applied("other", &[IS_SLA, IsNot("metric", "reply_time")], TextOf(0, "metric")),
    ],
    columns: &[
        ("id", Of(0, "id")),
        ("ticket_id", Of(0, "ticket_id")),
        ("metric", KindTo),
        ("instance_id", Of(0, "instance_id")),
        ("sla_policy_id", Inside(0, "sla", &["policy", "id"])),
        ("sla_policy_title", Inside(0, "sla", &["policy", "title"])),
        ("target", Inside(0, "sla", &["target"])),
        ("target_in_seconds", Inside(0, "sla", &["target_in_seconds"])),
        ("in_business_hours", Inside(0, "sla", &["business_hours"])),
        ("applied_at", Of(0, "time")),
        ("deleted", Of(0, "deleted")),
    ],
    changed: "time",
};

const EXPORT_DOCS: &str = "https://developer.zendesk.com/api-reference/ticketing/ticket-management/incremental_exports/#incremental-ticket-event-export";

/// A stream that is derived from the events of tickets.
fn of_events(
    derived: &'static DerivedRows,
    cursor: &'static str,
    (about, limitations): (&'static str, &'static str),
    stream: Stream,
) -> Stream {
    Stream {
        rows: RowsAt { derived: Some(derived), ..RowsAt::inside(&[Step::Each("child_events")]) },
        is_offered: false,
        cursor: Cursor::of(cursor, CursorFormat::Iso),
        dated: true,
        access: ADMIN,
        scope: "tickets:read",
        deleted_rows: DeletedRows::None,
        documentation: prose(EXPORT_DOCS),
        about: prose(about),
        limitations: prose(limitations),
        ..stream
    }
}

pub(super) fn streams() -> Vec<Stream> {
    vec![
        of_events(
            &FIELD_HISTORY,
            "updated",
            (
                "Every value of every ticket field: the value at the creation and each change, \
                 with its user and channel. Custom fields are named by their ids. Values are \
                 texts; lists and objects are JSON. The user -1 is Zendesk itself.",
                "Changes that create no ticket event, such as those by merges of users and \
                 deletions of fields. First values of tickets that were imported or have no \
                 Create event: the first change has them as `previous_value`. The previous value \
                 of a field, if one event changed several fields and reported only one value.",
            ),
            Stream::listed(
                "ticket_field_history",
                &INCREMENTAL_TICKET_EVENTS,
                schema!("ticket_field_history"),
            ),
        ),
        of_events(
            &TAG_HISTORY,
            "updated",
            (
                "Every tag that was added to or removed from a ticket, with its user and channel.",
                "Changes that create no ticket event. The first tags of tickets that were \
                 imported or have no Create event; `tickets` has these tags.",
            ),
            Stream::listed(
                "ticket_tag_history",
                &INCREMENTAL_TICKET_EVENTS,
                schema!("ticket_tag_history"),
            ),
        ),
        of_events(
            &SCHEDULE_ASSIGNMENTS,
            "created_at",
            (
                "Schedules that triggers assigned to tickets, and when. A ticket without a row \
                 has the account's first schedule.",
                "Assignments that are not in the export of events. Zendesk documents them only \
                 for audits, so compare the stream with `ticket_audits` once.",
            ),
            Stream::listed(
                "ticket_schedule_assignments",
                &INCREMENTAL_TICKET_EVENTS,
                schema!("ticket_schedule_assignments"),
            ),
        ),
        Stream {
            rows: RowsAt { derived: Some(&SLA_APPLICATIONS), ..RowsAt::LISTED },
            is_offered: false,
            cursor: Cursor::of("applied_at", CursorFormat::Iso),
            dated: true,
            access: ADMIN,
            deleted_rows: DeletedRows::None,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_metric_events/",
            ),
            about: prose(
                "SLA targets that started for a ticket: the policy, the metric and the time. \
                 `reply_time` is `first_reply_time` in its first instance and `next_reply_time` \
                 in later ones. Ignore rows whose `deleted` is true.",
            ),
            limitations: prose(
                "Targets of group SLAs, which `ticket_metric_events` has as `apply_group_sla`. \
                 Withdrawn targets.",
            ),
            ..Stream::listed(
                "ticket_sla_applications",
                &INCREMENTAL_TICKET_METRIC_EVENTS,
                schema!("ticket_sla_applications"),
            )
        },
    ]
}
