//! Side-loads: what Zendesk sends beside a listing on request. Each has a name, a place in the
//! answer, and a column of the row.
//!
//! Source: Zendesk, "Side-loading related records", tickets.

use serde_json::{Value, json};

use super::schema::schema;

/// Data that can be requested beside a stream's rows.
#[derive(Debug)]
pub struct SideLoad {
    /// The name in the request, which is also the name of the column.
    pub name: &'static str,
    pub comes: Comes,
    pub(super) schema: fn() -> Value,
}

/// Where a side-load is in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comes {
    /// In the row, under this key.
    InRow(&'static str),
    /// A list of the same name beside the rows. A row gets the elements whose ids are under these
    /// keys of it.
    Beside(&'static [&'static str]),
}

pub(super) static OF_TICKETS: [SideLoad; 12] = [
    SideLoad {
        name: "users",
        comes: Comes::Beside(&[
            "requester_id",
            "submitter_id",
            "assignee_id",
            "collaborator_ids",
            "follower_ids",
            "email_cc_ids",
        ]),
        schema: || list_of(schema!("users")),
    },
    SideLoad {
        name: "groups",
        comes: Comes::Beside(&["group_id"]),
        schema: || list_of(schema!("groups")),
    },
    SideLoad {
        name: "organizations",
        comes: Comes::Beside(&["organization_id"]),
        schema: || list_of(schema!("organizations")),
    },
    SideLoad {
        name: "brands",
        comes: Comes::Beside(&["brand_id"]),
        schema: || list_of(schema!("brands")),
    },
    SideLoad {
        name: "ticket_forms",
        comes: Comes::Beside(&["ticket_form_id"]),
        schema: || list_of(schema!("ticket_forms")),
    },
    SideLoad {
        name: "sharing_agreements",
        comes: Comes::Beside(&["sharing_agreement_ids"]),
        schema: || list_of(r#"{ "properties": { "id": { "type": ["null", "integer"] } } }"#),
    },
    SideLoad {
        name: "metric_sets",
        comes: Comes::InRow("metric_set"),
        schema: || object(schema!("ticket_metrics")),
    },
    SideLoad {
        name: "metric_events",
        comes: Comes::InRow("metric_events"),
        schema: || object("{}"),
    },
    SideLoad { name: "slas", comes: Comes::InRow("slas"), schema: || object("{}") },
    SideLoad { name: "dates", comes: Comes::InRow("dates"), schema: || object("{}") },
    SideLoad { name: "comment_count", comes: Comes::InRow("comment_count"), schema: number },
    SideLoad { name: "incident_counts", comes: Comes::InRow("incident_count"), schema: number },
];

fn number() -> Value {
    json!({ "type": ["null", "integer"] })
}

/// An object with the properties of a schema.
fn object(schema: &str) -> Value {
    let schema: Value = serde_json::from_slice(schema.as_bytes()).unwrap_or_default();
    let mut properties = schema["properties"].as_object().cloned().unwrap_or_default();
    // Columns of our own are not in what Zendesk sends.
    properties.retain(|column, _| !column.starts_with("_ab_"));
    json!({ "type": ["null", "object"], "additionalProperties": true, "properties": properties })
}

fn list_of(schema: &str) -> Value {
    json!({ "type": ["null", "array"], "items": object(schema) })
}
