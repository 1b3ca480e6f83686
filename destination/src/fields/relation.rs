//! Fields that refer to another row by one of its keys instead of its id.

use serde_json::{Value, json};

use crate::id::Id;
use crate::object::{KeyField, Object};

/// A field that holds the id of another row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// The field that holds the id.
    pub field: Holder,
    pub object: Object,
    pub by: KeyField,
}

/// Where the id of the other row is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// In a standard field.
    System(&'static str),
    /// In a custom field, by its key.
    CustomKey(String),
    /// In a custom field of a ticket, by its id.
    CustomId(u64),
}

/// The suffix of a lookup field's column that takes an external id.
pub(super) const BY_EXTERNAL_ID: &str = "_external_id";

impl Relation {
    /// Whether it is the organization of a user, who may have several.
    #[must_use]
    pub fn is_organization_of(&self, object: Object) -> bool {
        object == Object::Users && self.field == Holder::System("organization_id")
    }

    /// Writes an id, or null, to its place in a request body.
    pub fn write(
        &self,
        object: Object,
        id: Option<Id>,
        body: &mut serde_json::Map<String, Value>,
        custom_fields: &mut Vec<Value>,
    ) {
        // Source: Zendesk, "Custom Object Records": lookups of records are texts.
        let id = match (object, id) {
            (_, None) => Value::Null,
            (Object::Records(_), Some(id)) => Value::String(id.to_string()),
            (_, Some(id)) => id.into(),
        };
        match &self.field {
            Holder::System(name) => drop(body.insert((*name).into(), id)),
            Holder::CustomKey(key) => {
                let fields = body.entry(object.custom_fields()).or_insert_with(|| json!({}));
                fields[key] = id;
            }
            Holder::CustomId(field) => custom_fields.push(json!({ "id": field, "value": id })),
        }
    }
}

/// Whether `id` equals the id that Zendesk shows, as a number or as text.
#[must_use]
pub fn is_id(id: Option<&Id>, current: &Value) -> bool {
    let current = match current {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    id.map(Id::to_string) == current
}

/// The object that a lookup field refers to.
///
/// Source: Zendesk, "Lookup Relationships", `relationship_target_type`.
pub(super) fn target(kind: &str) -> Option<Object> {
    match kind {
        "zen:user" => Some(Object::Users),
        "zen:organization" => Some(Object::Organizations),
        "zen:ticket" => Some(Object::Tickets),
        _ => {
            let key = kind.strip_prefix("zen:custom_object:")?;
            crate::custom_object::CustomObject::of_key(key).map(Object::Records)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;

    #[test]
    fn an_id_goes_where_the_field_is_and_records_take_it_as_a_text() {
        let car = target("zen:custom_object:car").unwrap();
        let relation = |field| Relation { field, object: Object::Users, by: KeyField::ExternalId };
        let (mut body, mut custom) = (Map::new(), Vec::new());
        let id = || Some(Id::Number(7));
        relation(Holder::System("requester_id")).write(
            Object::Tickets,
            id(),
            &mut body,
            &mut custom,
        );
        relation(Holder::CustomId(3)).write(Object::Tickets, id(), &mut body, &mut custom);
        relation(Holder::CustomKey("own".into())).write(
            Object::Users,
            id(),
            &mut body,
            &mut custom,
        );
        relation(Holder::CustomKey("own".into())).write(car, id(), &mut body, &mut custom);
        let expected = json!({ "requester_id": 7, "user_fields": { "own": 7 },
            "custom_object_fields": { "own": "7" } });
        assert_eq!((Value::Object(body), custom), (expected, vec![json!({ "id": 3, "value": 7 })]));
        assert_eq!(target("zen:brand"), None);
        assert_eq!(target("zen:custom_object:../x"), None);
    }

    #[test]
    fn ids_are_compared_however_they_are_shown() {
        for (id, current, is_same) in [
            (Some(Id::Number(7)), json!("7"), true),
            (Some(Id::Number(7)), json!(7), true),
            (Some(Id::Text("01G".into())), json!("01G"), true),
            (Some(Id::Text("01G".into())), json!("01g"), false),
            (None, json!(null), true),
            (None, json!(""), true),
            (None, json!(7), false),
        ] {
            assert_eq!(is_id(id.as_ref(), &current), is_same, "{id:?} {current}");
        }
    }
}
