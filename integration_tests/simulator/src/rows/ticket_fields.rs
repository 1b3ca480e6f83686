//! Custom fields of tickets, users and organizations, and the forms that arrange ticket fields.
//! Fields: Zendesk, Ticket Fields; Ticket Forms; User Fields; Organization Fields.

use super::json::{Json, Object, object};
use super::{Seed, mix};

const TICKET_FIELD_TYPES: [&str; 20] = [
    "subject",
    "description",
    "status",
    "tickettype",
    "priority",
    "basic_priority",
    "group",
    "assignee",
    "custom_status",
    "text",
    "textarea",
    "checkbox",
    "date",
    "integer",
    "decimal",
    "regexp",
    "tagger",
    "multiselect",
    "partialcreditcard",
    "lookup",
];

pub(crate) fn ticket_field(seed: &Seed) -> String {
    let kind = seed.pick(0, &TICKET_FIELD_TYPES);
    let title = seed.name("Field", 0);
    let is_system = seed.n % 20 < 9;
    let has_sub_type = matches!(kind, "priority" | "basic_priority" | "status");
    let row = object! {
        "url": seed.url("ticket_fields"),
        "id": seed.id,
        "type": kind,
        "title": title.clone(),
        "raw_title": if seed.on(0, 4) { "{{dc.my_title}}".into() } else { title.clone() },
        "description": seed.text(5),
        "raw_description": seed.text(5),
        "position": seed.n,
        "active": !seed.on(0, 7),
        "required": seed.on(0, 3),
        "collapsed_for_agents": seed.on(0, 5),
        "regexp_for_validation": (kind == "regexp").then_some(r"\A[a-z]{2}-\d+\z"),
        "title_in_portal": title.clone(),
        "raw_title_in_portal": title,
        "visible_in_portal": seed.on(0, 2),
        "editable_in_portal": seed.on(1, 2),
        "required_in_portal": seed.on(1, 3),
        "tag": (kind == "checkbox").then_some("on_fire"),
        "created_at": seed.created(),
        "updated_at": seed.updated(),
        "removable": !is_system,
        "key": seed.on(0, 8).then_some("printer"),
        "agent_description": seed.or_null(0, seed.text(8)),
    };
    let row = row
        .with_if(!seed.on(2, 5), "agent_can_edit", true)
        .with_if(!seed.on(3, 5), "raw_agent_description", seed.or_null(0, seed.text(8)))
        .with_if(has_sub_type, "sub_type_id", seed.pick(0, &[Some(0), Some(1), None]))
        .with_if(
            has_sub_type,
            "system_field_options",
            [
                object! { "name": "Open", "value": "open" },
                object! { "name": seed.text(10), "value": "" },
            ],
        )
        .with_if(kind == "status" || kind == "custom_status", "custom_statuses", [status(seed)])
        .with_if(kind == "tagger" || kind == "multiselect", "custom_field_options", options(seed))
        .with_if(seed.on(1, 4), "creator_user_id", seed.user_id)
        .with_if(seed.on(1, 4), "creator_app_name", seed.or_null(0, "Zendesk Apps"));
    seed.finish(with_relationship(row, kind))
}

fn status(seed: &Seed) -> Object {
    object! {
        "url": seed.address("api/v2/custom_statuses/28835740806676.json"),
        "id": 28_835_740_806_676_u64,
        "status_category": seed.pick(0, &["new", "open", "pending", "hold", "solved"]),
        "agent_label": seed.text(1),
        "end_user_label": "Open",
        "description": seed.text(2),
        "end_user_description": "We are working on a response for you",
        "active": true,
        "default": true,
        "created_at": seed.created(),
        "updated_at": seed.updated(),
    }
}

/// The options of a dropdown. They have their own `id` and `url`.
fn options(seed: &Seed) -> Vec<Object> {
    let option = |index: u64| {
        let id = mix(seed.id + index) % 100_000_000_000_000;
        object! {
            "id": id,
            "name": seed.name("Choice", index),
            "raw_name": seed.name("Choice", index),
            "value": format!("choice_{index}"),
            "default": index == 0,
            "position": index,
            "url": seed.address(&format!("api/v2/ticket_fields/{}/options/{id}.json", seed.id)),
        }
    };
    (0..seed.n % 5 + 1).map(option).collect()
}

fn with_relationship(row: Object, kind: &str) -> Object {
    let asked = object! { "field": "role", "operator": "is", "value": "agent" };
    row.with_if(kind == "lookup", "relationship_target_type", "zen:user").with_if(
        kind == "lookup",
        "relationship_filter",
        object! { "all": [asked], "any": Json::raw("[]") },
    )
}

pub(crate) fn user_field(seed: &Seed) -> String {
    keyed_field(seed, "user_fields")
}

pub(crate) fn organization_field(seed: &Seed) -> String {
    keyed_field(seed, "organization_fields")
}

fn keyed_field(seed: &Seed, collection: &str) -> String {
    let kind = seed.pick(
        0,
        &[
            "checkbox",
            "date",
            "decimal",
            "dropdown",
            "integer",
            "lookup",
            "multiselect",
            "regexp",
            "text",
            "textarea",
        ],
    );
    let row = object! {
        "url": seed.url(collection),
        "id": seed.id,
        "type": kind,
        "key": format!("field_{}", seed.n),
        "title": seed.name("Field", 0),
        "description": seed.text(5),
        "raw_title": seed.name("Field", 0),
        "raw_description": seed.text(5),
        "position": if seed.on(0, 3) { 9_999 } else { seed.n },
        "active": !seed.on(0, 4),
        "system": seed.on(0, 6),
        "regexp_for_validation": (kind == "regexp").then_some(r"\A\d+\z"),
        "created_at": seed.created(),
        "updated_at": seed.updated(),
    };
    let row = row.with_if(kind == "checkbox", "tag", seed.or_null(3, "on_fire")).with_if(
        kind == "dropdown" || kind == "multiselect",
        "custom_field_options",
        options(seed),
    );
    seed.finish(with_relationship(row, kind))
}

pub(crate) fn ticket_form(seed: &Seed) -> String {
    let name = seed.name("Form", 0);
    seed.finish(object! {
        "url": seed.url("ticket_forms"),
        "id": seed.id,
        "name": name.clone(),
        "raw_name": name.clone(),
        "display_name": name,
        "raw_display_name": if seed.on(0, 3) { "{{dc.form}}".into() } else { seed.text(11) },
        "end_user_visible": seed.on(0, 2),
        "position": seed.n,
        "ticket_field_ids": [seed.other_id(26), seed.other_id(27)],
        "active": !seed.on(0, 4),
        "default": seed.n == 1,
        "created_at": seed.created(),
        "updated_at": seed.updated(),
        "deleted_at": seed.on(0, 6).then(|| seed.updated()),
        "in_all_brands": seed.on(0, 2),
        "restricted_brand_ids": if seed.on(1, 2) { vec![seed.other_id(10)] } else { vec![] },
        "end_user_conditions": conditions(seed, 0, false),
        "agent_conditions": conditions(seed, 1, true),
        "form_type": "standard",
    })
}

/// The conditions of a form. One form in three has none. The later conditions of a form require
/// other values.
fn conditions(seed: &Seed, salt: u64, for_agents: bool) -> Vec<Object> {
    let count = if seed.on(salt, 3) { 0 } else { 1 + seed.n % 2 };
    (0..count).map(|index| condition(seed, index, for_agents)).collect()
}

/// A condition: the fields that appear when another field has this value. For agents, the status
/// decides whether they are required.
fn condition(seed: &Seed, index: u64, for_agents: bool) -> Object {
    let on_statuses = match seed.n % 3 {
        0 => object! { "type": "SOME_STATUSES", "statuses": ["new", "open"] },
        1 => object! { "type": "ALL_STATUSES" },
        _ => object! { "type": "NO_STATUSES" },
    };
    let children = (0..=index).map(|place| {
        let child = object! { "id": seed.other_id(27 + place), "is_required": seed.on(place, 2) };
        child.with_if(for_agents, "required_on_statuses", on_statuses.clone())
    });
    object! {
        "parent_field_id": seed.other_id(26),
        "value": if seed.on(index, 4) { true.into() } else { seed.text(3 + index) },
        "child_fields": children.collect::<Vec<_>>(),
    }
}
