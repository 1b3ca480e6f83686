//! Conditions of ticket forms. A row is one field that a condition shows.

use super::derived::DerivedRows;
use super::prose::prose;
use super::rows::{RowsAt, Step};
use super::schema::schema;
use super::sources::Source::{Joined, Of, Place, TextOf};
use super::stream::Stream;
use super::tickets::{SEVERAL_FORMS, TICKET_FORMS};

/// The rows of both sides of a form, for agents and for end users. A row's id comes from what the
/// condition is about, not from its position. So the id stays when the conditions are reordered.
///
/// Source: Zendesk, Ticket Forms, "Listing end user conditions" and "Listing agent conditions".
static CONDITIONS: DerivedRows = DerivedRows {
    kinds: &[],
    columns: &[
        ("id", Joined(&[Of(0, "id"), Of(1, "parent_field_id"), Of(2, "id"), Of(1, "value")])),
        ("ticket_form_id", Of(0, "id")),
        ("position", Place(1)),
        ("parent_field_id", Of(1, "parent_field_id")),
        ("value", TextOf(1, "value")),
        ("child_position", Place(2)),
        ("child_field_id", Of(2, "id")),
        ("is_required", Of(2, "is_required")),
        ("required_on_statuses", Of(2, "required_on_statuses")),
        ("updated_at", Of(0, "updated_at")),
    ],
    changed: "updated_at",
};

pub(super) fn streams() -> Vec<Stream> {
    let stream = |name, steps, about| Stream {
        rows: RowsAt { derived: Some(&CONDITIONS), ..RowsAt::inside(steps) },
        is_offered: false,
        access: SEVERAL_FORMS,
        scope: "tickets:read",
        documentation: prose(
            "https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_forms/",
        ),
        about: prose(about),
        limitations: prose(
            "There is no incremental read; a full refresh drops deleted conditions.",
        ),
        ..Stream::listed(name, &TICKET_FORMS, schema!("ticket_form_conditions"))
    };
    vec![
        stream(
            "ticket_form_agent_conditions",
            &[Step::Each("agent_conditions"), Step::Each("child_fields")],
            "Which fields of a ticket form agents see when another field has a certain value, \
             with one row for each field.",
        ),
        stream(
            "ticket_form_end_user_conditions",
            &[Step::Each("end_user_conditions"), Step::Each("child_fields")],
            "Which fields of a ticket form end users see when another field has a certain value, \
             with one row for each field.",
        ),
    ]
}
