//! Custom objects, their fields and their records. Fields: Zendesk, Custom Objects; Custom Object
//! Fields; Custom Object Records.

use super::Seed;
use super::administration::ulid;
use super::json::{Json, object};

/// The types of object fields. Each object has one field of each type.
const TYPES: [&str; 9] = [
    "text",
    "textarea",
    "checkbox",
    "date",
    "integer",
    "decimal",
    "dropdown",
    "multiselect",
    "lookup",
];

pub(crate) fn custom_object(seed: &Seed) -> String {
    // Objects that Zendesk itself brings have a key with colons.
    let key = match seed.n {
        2 => "standard::it_asset".to_owned(),
        n => format!("kind_{n}"),
    };
    let title = seed.name("Kind", 0);
    seed.finish(object! {
        "key": key.as_str(),
        "url": seed.address(&format!("api/v2/custom_objects/{key}.json")),
        "title": title.clone(),
        "title_pluralized": title.clone(),
        "raw_title": title.clone(),
        "raw_title_pluralized": title,
        "description": seed.text(2),
        "raw_description": "{{dc.kind}}",
        "allows_photos": seed.on(0, 2),
        "include_in_list_view": seed.on(0, 3),
        "created_by_user_id": seed.user_id.to_string(),
        "updated_by_user_id": seed.user_id.to_string(),
        "created_at": seed.created(),
        "updated_at": seed.updated(),
    })
}

pub(crate) fn field(seed: &Seed) -> String {
    let kind = TYPES[(seed.n % 9) as usize];
    let option = object! {
        "id": seed.other_id(8),
        "name": seed.text(3),
        "raw_name": "{{dc.option}}",
        "value": "option_1",
        "position": 0,
    };
    let options = if kind == "dropdown" { vec![option] } else { vec![] };
    let row = object! {
        "url": seed.address(&format!("api/v2/custom_objects/kind/fields/{}.json", seed.id)),
        "id": seed.id,
        "key": if seed.on(0, 10) { "standard::name".into() } else { Json::from(format!("f_{kind}")) },
        "type": kind,
        "title": seed.name("Field", 0),
        "raw_title": seed.name("Field", 0),
        "description": seed.text(2),
        "raw_description": "{{dc.field}}",
        "active": !seed.on(0, 5),
        "position": seed.n,
        "regexp_for_validation": Json::NULL,
        "system": seed.on(0, 10),
        "created_at": seed.created(),
        "updated_at": seed.updated(),
    };
    let lookup = kind == "lookup";
    let filter = object! { "all": Json::raw("[]"), "any": Json::raw("[]") };
    let properties = object! { "is_unique": false, "autoincrement_enabled": seed.on(1, 2) };
    let row = row
        .with_if(!options.is_empty(), "custom_field_options", options)
        .with_if(lookup, "relationship_target_type", "zen:user")
        .with_if(lookup, "relationship_filter", filter)
        .with_if(kind == "checkbox", "tag", seed.or_null(0, "fragile"))
        .with_if(kind == "text", "properties", properties);
    seed.finish(row)
}

/// A record. Rows of the export have no photos (Zendesk, Incremental Custom Object Record Export).
pub(crate) fn record(seed: &Seed) -> String {
    let fields = object! {
        "f_text": seed.text(1),
        "f_textarea": seed.body(4),
        "f_checkbox": seed.on(0, 2),
        "f_date": seed.or_null(0, "2024-02-29"),
        "f_integer": seed.bits(1) % 1_000,
        "f_decimal": Json::raw("1.0"),
        "f_dropdown": "option_1",
        "f_multiselect": ["a", "b"],
        "f_lookup": seed.or_null(1, seed.user_id.to_string()),
    };
    let id = ulid(seed);
    seed.finish(object! {
        "url": seed.address(&format!("api/v2/custom_objects/kind/records/{id}.json")),
        "id": id,
        "name": seed.name("Record", 0),
        // The account puts the key of the object here.
        "custom_object_key": "kind",
        "custom_object_fields": fields,
        "external_id": seed.pick(0, &[None, Some("7"), Some("")]),
        "created_by_user_id": seed.user_id.to_string(),
        "updated_by_user_id": seed.user_id.to_string(),
        "created_at": seed.created(),
        "updated_at": seed.updated(),
    })
}
