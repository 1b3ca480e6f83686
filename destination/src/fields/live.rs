//! The account's custom fields. They are read at the start of each run, because types and options change.
//!
//! Source: Zendesk, "Ticket Fields", "User Fields", "Organization Fields", "Custom Object Fields".

use serde_json::Value;
use zendesk::error::ApiError;

use super::field::{Field, Kind, Options, Place};
use super::relation::{BY_EXTERNAL_ID, Holder, Relation, target};
use crate::api::Api;
use crate::object::{KeyField, Object};

/// Reads the custom fields of an object.
///
/// # Errors
/// [`ApiError`] if they cannot be listed.
pub async fn live(api: &Api, object: Object) -> Result<Vec<Field>, ApiError> {
    let Some((path, list)) = object.fields_list() else { return Ok(Vec::new()) };
    let with_standard = [("include_standard_fields", "true")];
    let query: &[_] = if matches!(object, Object::Records(_)) { &with_standard } else { &[] };
    let rows = api.list_where(path, list, query).await?;
    Ok(fields(object, &rows))
}

/// The fields in Zendesk's list. Fields that take the external id of a related row come last, so that a
/// custom field with the same name takes precedence.
fn fields(object: Object, rows: &[Value]) -> Vec<Field> {
    let mut fields: Vec<Field> = match object {
        Object::Records(_) if !is_numbered(rows) => vec![record_name()],
        _ => Vec::new(),
    };
    let own = |row: &Value| Some((field(object, row)?, row.clone()));
    let mut related = Vec::new();
    for (field, row) in rows.iter().filter_map(own) {
        related.extend(by_external_id(&field, &row));
        fields.push(by_id(field, &row));
    }
    fields.extend(related);
    fields
}

/// Whether Zendesk assigns the names of records.
///
/// Source: Zendesk, "Custom Object Fields", `autoincrement_enabled` of `standard::name`.
fn is_numbered(rows: &[Value]) -> bool {
    let is_name = |row: &&Value| row["key"] == "standard::name";
    let name = rows.iter().find(is_name);
    name.is_some_and(|row| row["properties"]["autoincrement_enabled"] == true)
}

fn record_name() -> Field {
    Field {
        name: "name".to_owned(),
        place: Place::System,
        kind: Kind::Text,
        description: Some("The record's name".to_owned()),
        tag: None,
    }
}

/// The relation of a lookup field, by a key of the related row.
fn relation(field: &Field, row: &Value, by: KeyField) -> Option<Relation> {
    let object = target(row["relationship_target_type"].as_str()?)?;
    let holder = match &field.place {
        Place::CustomKey(key) => Holder::CustomKey(key.clone()),
        Place::CustomId(id) => Holder::CustomId(*id),
        _ => return None,
    };
    Some(Relation { field: holder, object, by })
}

/// Turns a lookup field into a relation by id. The id is looked up, because Zendesk may accept an id that
/// does not exist.
fn by_id(field: Field, row: &Value) -> Field {
    match relation(&field, row, KeyField::Id) {
        Some(relation) => Field { place: Place::Related(relation), ..field },
        None => field,
    }
}

/// The field that takes the external id of the related row. Not for tickets, whose external ids are not
/// unique.
fn by_external_id(field: &Field, row: &Value) -> Option<Field> {
    let relation = relation(field, row, KeyField::ExternalId)?;
    let object = Some(relation.object).filter(|object| *object != Object::Tickets)?;
    let title = field.description.as_deref().unwrap_or_default();
    Some(Field {
        name: format!("{}{BY_EXTERNAL_ID}", field.name),
        place: Place::Related(relation),
        kind: Kind::Text,
        description: Some(format!("{title}, by the external id of the row in {}", object.name())),
        tag: None,
    })
}

/// A custom field. `None` for a standard field, for an inactive field, and for a type that cannot be written.
fn field(object: Object, row: &Value) -> Option<Field> {
    let is_off = row["active"] == false;
    let is_standard = row["key"].as_str().is_some_and(|key| key.starts_with("standard::"));
    let is_systems = row["removable"] == false || row["system"] == true || is_standard;
    if is_off || is_systems {
        return None;
    }
    let kind = match row["type"].as_str()? {
        "text" | "textarea" | "regexp" => Kind::Text,
        "checkbox" => Kind::Boolean,
        "integer" => Kind::Integer,
        "decimal" => Kind::Decimal,
        "date" => Kind::Date,
        "tagger" | "dropdown" => Kind::Dropdown(options(row)),
        "multiselect" => Kind::Multiselect(options(row)),
        // The ids of records are text.
        "lookup" => match row["relationship_target_type"].as_str().and_then(target) {
            Some(Object::Records(_)) => Kind::Text,
            _ => Kind::Id,
        },
        _ => return None,
    };
    let title = row["title"].as_str().unwrap_or_default();
    let (name, place) = match object {
        Object::Tickets => {
            let id = row["id"].as_u64()?;
            (format!("custom_{}_{id}", slug(title)).replace("__", "_"), Place::CustomId(id))
        }
        Object::OrganizationMemberships => return None,
        Object::Users | Object::Organizations | Object::Records(_) => {
            let key = row["key"].as_str()?.to_owned();
            (format!("custom_{key}"), Place::CustomKey(key))
        }
    };
    let description = Some(title.to_owned()).filter(|title| !title.is_empty());
    let tag = row["tag"].as_str().filter(|tag| !tag.is_empty()).map(str::to_lowercase);
    Some(Field { name, place, kind, description, tag })
}

fn options(row: &Value) -> Options {
    let options = row["custom_field_options"].as_array().into_iter().flatten();
    let pair = |option: &Value| {
        let title = option["raw_name"].as_str().or(option["name"].as_str()).unwrap_or_default();
        Some((option["value"].as_str()?.to_owned(), title.to_owned()))
    };
    Options(options.filter_map(pair).collect())
}

/// The letters and digits of a title, for the name of a column. Other scripts are kept: a table that
/// transliterates them would make the program a thirtieth larger.
fn slug(title: &str) -> String {
    let mut slug = String::new();
    for character in title.to_lowercase().chars() {
        if character.is_alphanumeric() {
            slug.push(character);
        } else if !slug.ends_with('_') && !slug.is_empty() {
            slug.push('_');
        }
    }
    let slug: String = slug.trim_end_matches('_').chars().take(40).collect();
    slug.trim_end_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::system::all;
    use super::*;

    #[test]
    fn fields_are_found_by_their_names_and_ticket_fields_by_their_ids() {
        let row = json!({ "id": 360, "type": "tagger", "title": "Größe & Plan", "removable": true, "active": true,
            "custom_field_options": [{ "name": "Gold", "value": "plan_gold" }] });
        let plan = field(Object::Tickets, &row).unwrap();
        assert_eq!(plan.name, "custom_größe_plan_360");
        let fields = all(Object::Tickets, false, vec![plan.clone()]);
        for column in ["custom_größe_plan_360", "custom_another_title_360", "custom_360"] {
            let found = fields.find(column).and_then(|at| fields.get(at));
            assert_eq!(found, Some(&plan), "{column}");
        }
        assert_eq!(fields.find("custom_größe_plan_361"), None);
        assert_eq!(fields.find("größe_plan_360"), None);
        for row in [
            json!({ "id": 1, "type": "subject", "title": "Subject", "removable": false }),
            json!({ "id": 2, "type": "text", "title": "Old", "active": false }),
            json!({ "id": 3, "type": "partialcreditcard", "title": "Card" }),
        ] {
            assert_eq!(field(Object::Tickets, &row), None);
        }
        let row = json!({ "key": "renewal", "type": "date", "title": "Renewal" });
        assert_eq!(field(Object::Users, &row).unwrap().name, "custom_renewal");
    }

    #[test]
    fn what_a_lookup_names_has_a_column_of_its_own_and_records_have_texts_as_ids() {
        let row = |id: u64, key: &str, target: &str| {
            json!({ "id": id, "key": key, "type": "lookup", "title": "Car",
            "relationship_target_type": target })
        };
        let car = "zen:custom_object:car";
        let rows = [row(1, "car", car), row(2, "owner", "zen:user"), row(3, "case", "zen:ticket")];
        let users = all(Object::Users, false, fields(Object::Users, &rows));
        let of = |fields: &crate::fields::Fields, column: &str| {
            fields.find(column).and_then(|at| fields.get(at)).cloned()
        };
        let (id, other) = (of(&users, "custom_car"), of(&users, "custom_car_external_id"));
        assert_eq!(id.map(|field| field.kind), Some(Kind::Text));
        let Some(Place::Related(relation)) = other.map(|field| field.place) else { panic!() };
        assert_eq!(relation.object.name(), "custom_object:car");
        assert_eq!(of(&users, "custom_owner").map(|field| field.kind), Some(Kind::Id));
        assert_eq!(of(&users, "custom_case_external_id"), None);
        let tickets = all(Object::Tickets, false, fields(Object::Tickets, &rows));
        let other = of(&tickets, "custom_old_title_2_external_id").map(|field| field.place);
        assert!(matches!(other, Some(Place::Related(one)) if one.field == Holder::CustomId(2)),);
        let by_id = of(&tickets, "custom_other_title_1").map(|field| field.place);
        assert!(matches!(by_id, Some(Place::Related(one)) if one.by == KeyField::Id));
    }

    #[test]
    fn a_record_has_a_name_unless_zendesk_gives_it() {
        let car = Object::of("custom_object:car").unwrap();
        let row = |is_numbered: bool| {
            json!({ "key": "standard::name", "type": "text", "title": "Name", "system": false,
            "properties": { "autoincrement_enabled": is_numbered } })
        };
        let names = |rows: &[Value]| -> Vec<String> {
            all(car, false, fields(car, rows)).iter().map(|field| field.name.clone()).collect()
        };
        assert_eq!(names(&[row(false)]), ["id", "external_id", "name"]);
        assert_eq!(names(&[]), ["id", "external_id", "name"]);
        assert_eq!(names(&[row(true)]), ["id", "external_id"]);
    }

    #[test]
    fn a_role_is_a_field_only_where_agents_are_allowed() {
        assert_eq!(all(Object::Users, false, Vec::new()).find("role"), None);
        assert!(all(Object::Users, true, Vec::new()).find("role").is_some());
    }
}
