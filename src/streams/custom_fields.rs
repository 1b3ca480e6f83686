//! Custom fields as columns: which fields exist, the name and type of each column, and which
//! columns a saved catalog asks for. Pure; `sync::records::custom_columns` fills the columns.
//!
//! Sources: Zendesk, "Ticket Fields", "User Fields", "Organization Fields", "About custom field
//! types".

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value, json};

use super::feed::Feed;
use super::fields::{ORGANIZATION_FIELDS, TICKET_FIELDS, USER_FIELDS};
use crate::config::Naming;

/// The longest name of a column. Every destination accepts this length.
const LONGEST_NAME: usize = 63;

/// The suffix of the name of a column of labels.
const LABEL: &str = "_label";

/// The keyword of a property that holds the id of the column's field. Validators ignore it. A
/// platform may strip it; then the column is found by its name.
const FIELD_ID: &str = "zendesk_field_id";

/// The same keyword for a property of labels.
const LABELS_OF: &str = "zendesk_labels_of_field_id";

/// Where rows hold the values of custom fields.
#[derive(Debug)]
pub struct CustomFields {
    /// The feed that lists the fields.
    pub feed: &'static Feed,
    /// The key of a row that holds the values.
    pub at: &'static str,
    pub told_by: ToldBy,
}

/// How a row names the field of each value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToldBy {
    /// An array of objects with `id` and `value`.
    Id,
    /// An object with the fields' keys as names.
    Key,
}

pub(super) static OF_TICKETS: CustomFields =
    CustomFields { feed: &TICKET_FIELDS, at: "custom_fields", told_by: ToldBy::Id };

pub(super) static OF_USERS: CustomFields =
    CustomFields { feed: &USER_FIELDS, at: "user_fields", told_by: ToldBy::Key };

pub(super) static OF_ORGANIZATIONS: CustomFields =
    CustomFields { feed: &ORGANIZATION_FIELDS, at: "organization_fields", told_by: ToldBy::Key };

/// Types of ticket fields that are not custom fields. Their values are columns of the ticket.
const SYSTEM_TYPES: &[&str] = &[
    "subject",
    "description",
    "status",
    "tickettype",
    "priority",
    "basic_priority",
    "group",
    "assignee",
    "custom_status",
];

/// A custom field of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub id: u64,
    pub key: Option<String>,
    pub title: String,
    pub kind: Kind,
    /// Labels by tag. `None` for a field without options.
    pub options: Option<BTreeMap<String, String>>,
}

/// The type of a column's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Boolean,
    Integer,
    Decimal,
    Date,
    Text,
    Texts,
}

/// A column with a custom field's values, or with their labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    pub kind: Kind,
    pub title: String,
    pub id: u64,
    /// How the row names the field. `None` if the account no longer has the field; the column is
    /// then null.
    pub told_as: Option<String>,
    /// Labels by tag, if the column holds labels in place of tags.
    pub labels: Option<HashMap<String, String>>,
}

/// The columns of a stream.
#[derive(Clone, Debug)]
pub struct Columns {
    pub fields: &'static CustomFields,
    pub list: Vec<Column>,
}

/// The columns that a saved catalog asks for, compared with the account's.
#[derive(Debug, PartialEq, Eq)]
pub struct Asked {
    pub columns: Vec<Column>,
    /// Names of columns that the account has and the catalog does not.
    pub missing: Vec<String>,
    /// Names of the catalog's columns whose field the account does not have.
    pub gone: Vec<String>,
}

impl Field {
    /// Reads a listed field. `None` for a system field, and for a value that is not a field.
    #[must_use]
    pub fn read(row: &Value, told_by: ToldBy) -> Option<Self> {
        let id = row.get("id")?.as_u64()?;
        let text = |key: &str| row.get(key).and_then(Value::as_str);
        let kind = text("type")?;
        if told_by == ToldBy::Id && SYSTEM_TYPES.contains(&kind) {
            return None;
        }
        let key = text("key").map(str::to_owned);
        if told_by == ToldBy::Key && key.is_none() {
            return None;
        }
        let target = text("relationship_target_type").unwrap_or_default();
        let kind = match kind {
            "checkbox" => Kind::Boolean,
            "integer" => Kind::Integer,
            "decimal" => Kind::Decimal,
            "date" => Kind::Date,
            "multiselect" | "multi_lookup" => Kind::Texts,
            // Records of custom objects have ids that are no numbers (Zendesk, Custom Object Records).
            "lookup" if !target.starts_with("zen:custom_object:") => Kind::Integer,
            _ => Kind::Text,
        };
        let options = row.get("custom_field_options").and_then(Value::as_array).map(|options| {
            let option = |option: &Value| {
                let text = |key: &str| option.get(key)?.as_str().map(str::to_owned);
                text("value").zip(text("name"))
            };
            options.iter().filter_map(option).collect()
        });
        let options = options.filter(|_| matches!(kind, Kind::Text | Kind::Texts));
        Some(Self { id, key, title: text("title").unwrap_or_default().to_owned(), kind, options })
    }

    /// The name of the column if no other field had the same name.
    fn plain_name(&self, naming: Naming, told_by: ToldBy) -> String {
        let slug = match naming {
            Naming::ById => String::new(),
            Naming::ByKey if told_by == ToldBy::Id => String::new(),
            Naming::ByKey => slug(self.key.as_deref().unwrap_or_default()),
            Naming::ByTitle => slug(&self.title),
        };
        if slug.is_empty() { self.name_by_id("custom_field") } else { slug }
    }

    /// A name that no other field can have.
    fn name_by_id(&self, slug: &str) -> String {
        let id = self.id.to_string();
        let room = LONGEST_NAME.saturating_sub(LABEL.len() + id.len() + 1);
        format!("{}_{id}", shortened(slug, room))
    }
}

/// Turns a text into the letters that a column's name may have. Leaves room for a suffix.
fn slug(text: &str) -> String {
    let mut slug = String::new();
    for letter in deunicode::deunicode_with_tofu(text, "_").chars() {
        if letter.is_ascii_alphanumeric() {
            slug.push(letter.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('_') {
            slug.push('_');
        }
    }
    if slug.starts_with(|first: char| first.is_ascii_digit()) {
        slug.insert(0, '_');
    }
    shortened(&slug, LONGEST_NAME - LABEL.len())
}

fn shortened(slug: &str, longest: usize) -> String {
    slug.chars().take(longest).collect::<String>().trim_end_matches('_').to_owned()
}

/// The columns of all fields. If several fields would have the same name, or that of a built-in
/// column, each of them gets its id as a suffix.
#[must_use]
pub fn columns(
    fields: &[Field],
    told_by: ToldBy,
    naming: Naming,
    with_labels: bool,
    built_in: &BTreeSet<String>,
) -> Vec<Column> {
    let mut names: Vec<String> =
        fields.iter().map(|field| field.plain_name(naming, told_by)).collect();
    // Labels are reckoned with even where nobody wants them: asking for them renames nothing.
    let claims = |field: &Field, name: &str| -> Vec<String> {
        let labels = field.options.is_some().then(|| format!("{name}{LABEL}"));
        labels.into_iter().chain([name.to_owned()]).collect()
    };
    loop {
        let mut claimed: HashMap<String, u32> = HashMap::new();
        for (field, name) in fields.iter().zip(&names) {
            for name in claims(field, name) {
                *claimed.entry(name).or_default() += 1;
            }
        }
        let mut changed = false;
        for (field, name) in fields.iter().zip(&mut names) {
            let is_taken = |name: &String| claimed[name] > 1 || built_in.contains(name);
            let own =
                field.name_by_id(name.strip_suffix(&format!("_{}", field.id)).unwrap_or(name));
            if own != *name && claims(field, name).iter().any(is_taken) {
                *name = own;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    // The user may have given the deletion column a name of this very form.
    for (field, name) in fields.iter().zip(&mut names) {
        while claims(field, name).iter().any(|name| built_in.contains(name)) {
            name.push('_');
        }
    }
    let column = |(field, name): (&Field, String)| {
        let told_as = match told_by {
            ToldBy::Id => Some(field.id.to_string()),
            ToldBy::Key => field.key.clone(),
        };
        let labels = field.options.as_ref().filter(|_| with_labels).map(|options| {
            let options = options.iter().map(|(tag, label)| (tag.clone(), label.clone()));
            Column {
                name: format!("{name}{LABEL}"),
                kind: field.kind,
                title: format!("{} (label)", field.title),
                id: field.id,
                told_as: told_as.clone(),
                labels: Some(options.collect()),
            }
        });
        let (kind, title, id) = (field.kind, field.title.clone(), field.id);
        std::iter::once(Column { name, kind, title, id, told_as, labels: None }).chain(labels)
    };
    fields.iter().zip(names).flat_map(column).collect()
}

impl Column {
    /// The property of the column in the JSON schema.
    #[must_use]
    pub fn schema(&self) -> Value {
        let mut schema = match self.kind {
            Kind::Boolean => json!({ "type": ["null", "boolean"] }),
            Kind::Integer => json!({ "type": ["null", "integer"] }),
            Kind::Decimal => json!({ "type": ["null", "number"] }),
            Kind::Date => json!({ "type": ["null", "string"], "format": "date" }),
            Kind::Text => json!({ "type": ["null", "string"] }),
            Kind::Texts => {
                json!({ "type": ["null", "array"], "items": { "type": ["null", "string"] } })
            }
        };
        if !self.title.is_empty() {
            schema["title"] = self.title.as_str().into();
        }
        schema[if self.labels.is_some() { LABELS_OF } else { FIELD_ID }] = self.id.into();
        schema
    }

    /// A column for a field that the account does not have. `None` if nothing shows that the
    /// property is of a custom field.
    fn of_nothing(name: &str, property: &Value) -> Option<Self> {
        let of_name = name.strip_prefix("custom_field_");
        let of_name = of_name.map(|rest| rest.strip_suffix(LABEL).unwrap_or(rest));
        let id = [FIELD_ID, LABELS_OF].iter().find_map(|key| property.get(key)?.as_u64());
        Some(Self {
            name: name.to_owned(),
            kind: Kind::of(property).unwrap_or(Kind::Text),
            title: String::new(),
            id: id.or(of_name.and_then(|id| id.parse().ok()))?,
            told_as: None,
            labels: None,
        })
    }
}

impl Kind {
    /// The type of a column with this property.
    fn of(property: &Value) -> Option<Self> {
        let types = property.get("type")?;
        let has = |name: &str| {
            types == name || types.as_array().is_some_and(|types| types.iter().any(|x| x == name))
        };
        let is_date = property.get("format").is_some_and(|format| format == "date");
        Some(match () {
            () if has("array") => Self::Texts,
            () if has("boolean") => Self::Boolean,
            () if has("integer") => Self::Integer,
            () if has("number") => Self::Decimal,
            () if has("string") && is_date => Self::Date,
            () if has("string") => Self::Text,
            () => return None,
        })
    }
}

/// Decides which of the account's columns (`now`) the properties of a saved catalog ask for. A
/// catalog without properties asks for all.
#[must_use]
pub fn asked(
    saved: Option<&Map<String, Value>>,
    now: Vec<Column>,
    built_in: &BTreeSet<String>,
) -> Asked {
    let Some(saved) = saved else {
        return Asked { columns: now, missing: Vec::new(), gone: Vec::new() };
    };
    let by_field: HashMap<(u64, bool), &Column> =
        now.iter().map(|column| ((column.id, column.labels.is_some()), column)).collect();
    let by_name: HashMap<&str, &Column> =
        now.iter().map(|column| (column.name.as_str(), column)).collect();
    let (mut columns, mut gone, mut found) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (name, property) in saved.iter().filter(|(name, _)| !built_in.contains(*name)) {
        let told = [(FIELD_ID, false), (LABELS_OF, true)];
        let told = told
            .into_iter()
            .find_map(|(keyword, labels)| property.get(keyword)?.as_u64().map(|id| (id, labels)));
        let column = match told {
            Some(field) => by_field.get(&field),
            None => by_name.get(name.as_str()),
        };
        if let Some(column) = column {
            found.insert(column.name.as_str());
            let kind = Kind::of(property).unwrap_or(column.kind);
            columns.push(Column { name: name.clone(), kind, ..(*column).clone() });
        } else if let Some(column) = Column::of_nothing(name, property) {
            gone.push(name.clone());
            columns.push(column);
        }
    }
    let missing = now.iter().map(|column| &column.name);
    let missing = missing.filter(|name| !found.contains(name.as_str())).cloned().collect();
    Asked { columns, missing, gone }
}
