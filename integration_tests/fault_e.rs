//! Fields of recorded rows that the schemas described wrongly, or not at all. Each test uses the
//! smallest row that shows it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::harness::{Connector, simulator};

/// The schemas that `discover` prints, by stream.
static SCHEMAS: LazyLock<BTreeMap<String, Value>> = LazyLock::new(|| {
    let sim = simulator(1501);
    let streams = Connector::new(&sim).discover();
    let named = streams.into_iter().map(|stream| {
        let name = stream["name"].as_str().expect("a name").to_owned();
        (name, stream["json_schema"].clone())
    });
    named.collect()
});

/// The schema of one place in a row. `[]` in the place enters a list.
fn declared<'s>(stream: &str, place: &str, schema: &'s Value) -> &'s Value {
    let step = |schema: &'s Value, step: &str| match step.strip_suffix("[]") {
        Some(list) => &schema["properties"][list]["items"],
        None => &schema["properties"][step],
    };
    let found = place.split('.').fold(schema, step);
    assert!(found.is_object(), "the schema of {stream} does not name {place}");
    found
}

/// A row that holds only this value, at this place.
fn row(place: &str, value: &Value) -> Value {
    place.rsplit('.').fold(value.clone(), |inner, step| match step.strip_suffix("[]") {
        Some(list) => json!({ list: [inner] }),
        None => json!({ step: inner }),
    })
}

/// Fails unless the schema describes the place, accepts these values and null there, and refuses
/// the others.
fn assert_takes(stream: &str, place: &str, values: &[Value], others: &[Value]) {
    let schema = SCHEMAS.get(stream).unwrap_or_else(|| panic!("{stream} is not offered"));
    declared(stream, place, schema);
    let validator = jsonschema::draft7::new(schema).expect("the schema is one");
    for value in values.iter().chain([&Value::Null]) {
        let row = row(place, value);
        assert!(validator.is_valid(&row), "{stream} refuses {row}");
    }
    for value in others {
        let row = row(place, value);
        assert!(!validator.is_valid(&row), "{stream} takes {row}");
    }
}

#[test]
fn an_id_that_may_be_a_text_may_be_either() {
    let (number, text) = (json!(360_001_234_567_u64), json!("webhook"));
    assert_takes("ticket_audits", "events[].resource", &[number.clone(), text.clone()], &[]);
    assert_takes("csat_survey_responses", "responder_id", &[number, text], &[json!(true)]);
}

#[test]
fn an_id_that_is_always_a_number_is_declared_as_one() {
    assert_takes("schedule_holidays", "schedule_id", &[json!(7)], &[json!("7")]);
}

#[test]
fn fields_of_recorded_rows_are_declared() {
    let text = || json!("https://acme.zendesk.com/api/v2/x/1.json");
    for (stream, place, value) in [
        ("custom_statuses", "url", text()),
        ("trigger_categories", "url", text()),
        ("views", "watchable", json!(true)),
        ("macros", "attachments", json!([1])),
        ("attribute_definitions", "operators[].format", json!("list")),
        ("ticket_audits", "metadata.decoration", json!({ "a": 1 })),
        ("ticket_audits", "events[].metadata.decoration", json!({ "a": 1 })),
        ("ticket_audits", "events[].attribute_values", json!([{ "id": "a" }])),
        // The metadata of an audit come with its comments and events too.
        ("ticket_comments", "metadata.decoration", json!({ "a": 1 })),
        ("ticket_events", "metadata.decoration", json!({ "a": 1 })),
        ("ticket_events", "child_events[].metadata.decoration", json!({ "a": 1 })),
        // Named by Zendesk's OpenAPI description.
        ("workspaces", "macros", json!([1])),
    ] {
        assert_takes(stream, place, &[value], &[]);
    }
}

#[test]
fn every_permission_of_recorded_roles_is_declared() {
    const PERMISSIONS: &str = "execute_it_asset_management_actions export_views \
        it_asset_management_access manage_api_credentials manage_approval_requests \
        manage_automations manage_deletion_schedules manage_group_memberships manage_groups \
        manage_ip_bans manage_it_asset_configuration manage_macro_content_suggestions \
        manage_malicious_attachments manage_organizations manage_roles manage_skills manage_slas \
        manage_support_apps manage_suspended_tickets manage_team_members manage_ticket_settings \
        manage_triggers manage_user_own_contacts manage_user_own_forwarding_numbers \
        manage_user_own_photo modify_closed_tickets read_macro_content_suggestions \
        ticket_redaction update_api_settings update_user_own_alias update_user_own_name \
        update_user_own_signature use_conversational_assistance view_access_logs view_audit_logs \
        view_filter_tickets view_reduced_count";
    for permission in PERMISSIONS.split_whitespace() {
        let place = format!("configuration.{permission}");
        assert_takes("custom_roles", &place, &[json!(true), json!("readonly")], &[json!(1)]);
    }
    let reports = json!({ "ticket_access": "selected-groups", "selected": ["1"] });
    assert_takes("custom_roles", "configuration.explore_reports", &[reports], &[]);
}
