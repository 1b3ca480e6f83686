//! A field, where Zendesk's rows hold its value, and all fields of an object.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::relation::{BY_EXTERNAL_ID, Holder, Relation};
use crate::audience::Mark;
use crate::object::{KeyField, Object};

/// A field of an object. Its name is the name of its column.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    pub name: String,
    pub place: Place,
    pub kind: Kind,
    /// The description for users.
    pub description: Option<String>,
    /// The tag that Zendesk adds and removes with a checkbox.
    pub tag: Option<String>,
}

/// Where Zendesk's rows hold the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Under the field's own name.
    System,
    /// The field only finds the row.
    Id,
    /// In a custom field, by its key.
    CustomKey(String),
    /// In a custom field of a ticket, by its id.
    CustomId(u64),
    /// The primary e-mail address of a user.
    Email,
    Tags,
    /// The domains of an organization. They are added, never removed.
    Domains,
    /// One of the organizations of a user.
    Organization,
    /// A row of another object, found by one of its keys.
    Related(Relation),
    /// The first comment of a new ticket.
    Description,
    /// A comment on an existing ticket.
    Comment,
    /// Written when the row is created, and never changed later.
    AtCreation,
    /// Whether the row is a member of an audience.
    Mark(Mark),
}

/// The type of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    Text,
    /// A telephone number, which Zendesk shows in its own format.
    Phone,
    Email,
    Boolean,
    Integer,
    /// The id of a row.
    Id,
    Decimal,
    Date,
    DateTime,
    /// One of these words.
    Choice(&'static [&'static str]),
    Dropdown(Options),
    Multiselect(Options),
    /// A list of words.
    Words,
}

/// The options of a dropdown: pairs of value and title.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options(pub Vec<(String, String)>);

/// All fields of one object, by name.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    fields: Vec<Field>,
    by_name: BTreeMap<String, usize>,
}

impl Fields {
    /// Collects fields by name. If two have the same name, the first one is used.
    #[must_use]
    pub fn of(fields: Vec<Field>) -> Self {
        let mut by_name = BTreeMap::new();
        for (at, field) in fields.iter().enumerate() {
            by_name.entry(field.name.clone()).or_insert(at);
        }
        Self { fields, by_name }
    }

    /// Returns the number of the field of a column. Ticket fields are found only by the id at the end of the
    /// column's name, because titles change.
    #[must_use]
    pub fn find(&self, column: &str) -> Option<usize> {
        if let Some(at) = self.by_name.get(column) {
            return Some(*at);
        }
        let (column, names_other) = match column.strip_suffix(BY_EXTERNAL_ID) {
            Some(column) => (column, true),
            None => (column, false),
        };
        let id = column.strip_prefix("custom_")?;
        let id: u64 = id.rsplit('_').next()?.parse().ok()?;
        self.fields.iter().position(|field| match &field.place {
            Place::CustomId(own) => *own == id && !names_other,
            Place::Related(relation) if relation.field == Holder::CustomId(id) => {
                names_other == (relation.by != KeyField::Id)
            }
            _ => false,
        })
    }

    #[must_use]
    pub fn get(&self, at: usize) -> Option<&Field> {
        self.fields.get(at)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter()
    }

    /// The tags that Zendesk itself sets for a row, from the values of its fields after `written` is applied.
    ///
    /// Source: Zendesk, "Ticket Fields", `tag` and `custom_field_options`.
    #[must_use]
    pub fn tags_of_values(
        &self,
        object: Object,
        row: &Value,
        written: &BTreeMap<usize, Value>,
    ) -> BTreeSet<String> {
        let mut tags = BTreeSet::new();
        for (at, field) in self.fields.iter().enumerate() {
            let current = written.get(&at).unwrap_or_else(|| field.current(object, row));
            match &field.kind {
                Kind::Dropdown(_) => tags.extend(current.as_str().map(str::to_lowercase)),
                Kind::Multiselect(_) => {
                    let values = current.as_array().into_iter().flatten();
                    tags.extend(values.filter_map(Value::as_str).map(str::to_lowercase));
                }
                Kind::Boolean if *current == Value::Bool(true) => tags.extend(field.tag.clone()),
                _ => {}
            }
        }
        tags
    }
}

impl Field {
    /// The value in a row from Zendesk. Null if it has none.
    #[must_use]
    pub fn current<'r>(&self, object: Object, row: &'r Value) -> &'r Value {
        let by_key = |key: &String| &row[object.custom_fields()][key];
        let by_id = |id: &u64| {
            let values = row["custom_fields"].as_array();
            let is_it = |field: &&Value| field["id"].as_u64() == Some(*id);
            values
                .and_then(|values| values.iter().find(is_it))
                .map_or(&Value::Null, |it| &it["value"])
        };
        match &self.place {
            Place::CustomKey(key) => by_key(key),
            Place::CustomId(id) => by_id(id),
            Place::Organization => &row["organization_id"],
            Place::Related(Relation { field: Holder::System(name), .. }) => &row[name],
            Place::Related(Relation { field: Holder::CustomKey(key), .. }) => by_key(key),
            Place::Related(Relation { field: Holder::CustomId(id), .. }) => by_id(id),
            Place::Mark(mark) => {
                if Self::is_marked(mark, object, row) {
                    &Value::Bool(true)
                } else {
                    &Value::Bool(false)
                }
            }
            _ => &row[&self.name],
        }
    }

    /// The value in the form in which it is sent. A null becomes what empties the field, and an id in a
    /// record becomes text.
    #[must_use]
    pub fn written(&self, object: Object, value: &Value) -> Value {
        match (&self.kind, object) {
            (Kind::Multiselect(_), _) if value.is_null() => json!([]),
            (Kind::Id, Object::Records(_)) if !value.is_null() => json!(value.to_string()),
            _ => value.clone(),
        }
    }

    /// Whether a row from Zendesk is a member. A user may have more organizations than the row shows.
    #[must_use]
    pub fn is_marked(mark: &Mark, object: Object, row: &Value) -> bool {
        match mark {
            Mark::Field(key) => row[object.custom_fields()][key] == true,
            Mark::Tag(tag) => {
                let tags = row["tags"].as_array().into_iter().flatten();
                tags.filter_map(Value::as_str).any(|own| own.to_lowercase() == *tag)
            }
            Mark::Organization(id) => row["organization_id"].as_u64() == Some(*id),
        }
    }

    /// The JSON schema of its column.
    #[must_use]
    pub fn schema(&self, is_nullable: bool) -> Value {
        let (kind, format) = match &self.kind {
            Kind::Text | Kind::Phone | Kind::Email | Kind::Choice(_) | Kind::Dropdown(_) => {
                ("string", None)
            }
            Kind::Boolean => ("boolean", None),
            Kind::Integer | Kind::Id => ("integer", None),
            Kind::Decimal => ("number", None),
            Kind::Date => ("string", Some("date")),
            Kind::DateTime => ("string", Some("date-time")),
            Kind::Multiselect(_) | Kind::Words => ("array", None),
        };
        let mut schema =
            json!({ "type": if is_nullable { json!(["null", kind]) } else { json!(kind) } });
        if let Some(format) = format {
            schema["format"] = json!(format);
        }
        if kind == "array" {
            schema["items"] = json!({ "type": "string" });
        }
        if let Some(description) = self.described() {
            schema["description"] = json!(description);
        }
        schema
    }

    /// The description in the schema. Options are listed here and not as an enum: a saved catalog must not
    /// refuse options that were added later.
    fn described(&self) -> Option<String> {
        const MOST: usize = 50;
        let options = match &self.kind {
            Kind::Choice(options) => Some(options.join(", ")),
            Kind::Dropdown(options) | Kind::Multiselect(options) => {
                let values = options.0.iter().take(MOST).map(|(value, _)| value.as_str());
                let mut text = values.collect::<Vec<_>>().join(", ");
                if options.0.len() > MOST {
                    text.push_str(", ...");
                }
                Some(text)
            }
            _ => None,
        };
        match (&self.description, options) {
            (Some(text), Some(options)) => Some(format!("{text}. One of: {options}")),
            (None, Some(options)) => Some(format!("One of: {options}")),
            (text, None) => text.clone(),
        }
    }
}
