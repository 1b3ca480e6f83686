//! The account's own fields, asked for at the beginning of each run: types and options change.
//!
//! Source: Zendesk, "Ticket Fields", "User Fields", "Organization Fields".

use serde_json::Value;
use zendesk::error::ApiError;

use super::field::{Field, Kind, Options, Place};
use crate::api::Api;
use crate::object::Object;

/// Asks for the account's own fields of an object.
///
/// # Errors
/// [`ApiError`] when they cannot be listed.
pub async fn live(api: &Api, object: Object) -> Result<Vec<Field>, ApiError> {
    let path = object.fields_path();
    let rows = api.list(path, path).await?;
    Ok(rows.iter().filter_map(|row| field(object, row)).collect())
}

/// A field of the account's own. None for one that every account has, for one that is switched off, and for
/// types that cannot be written.
fn field(object: Object, row: &Value) -> Option<Field> {
    let is_off = row["active"] == false;
    let is_systems = row["removable"] == false || row["system"] == true;
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
        "lookup" => Kind::Id,
        _ => return None,
    };
    let title = row["title"].as_str().unwrap_or_default();
    let (name, place) = match object {
        Object::Tickets => {
            let id = row["id"].as_u64()?;
            (format!("custom_{}_{id}", slug(title)).replace("__", "_"), Place::CustomId(id))
        }
        Object::Users | Object::Organizations => {
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

/// A title as part of a column's name.
fn slug(title: &str) -> String {
    let plain = deunicode::deunicode(title).to_lowercase();
    let mut slug = String::new();
    for character in plain.chars() {
        if character.is_ascii_alphanumeric() {
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
        assert_eq!(plan.name, "custom_grosse_plan_360");
        let fields = all(Object::Tickets, false, vec![plan.clone()]);
        for column in ["custom_grosse_plan_360", "custom_another_title_360", "custom_360"] {
            let found = fields.find(column).and_then(|at| fields.get(at));
            assert_eq!(found, Some(&plan), "{column}");
        }
        assert_eq!(fields.find("custom_grosse_plan_361"), None);
        assert_eq!(fields.find("grosse_plan_360"), None);
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
    fn a_role_is_a_field_only_where_agents_are_allowed() {
        assert_eq!(all(Object::Users, false, Vec::new()).find("role"), None);
        assert!(all(Object::Users, true, Vec::new()).find("role").is_some());
    }
}
