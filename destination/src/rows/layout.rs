//! Maps the columns of a stream to fields, and reads the values of a row. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::audience::{MEMBER, Membership, Mode};
use crate::bind::Bound;
use crate::config::{NullHandling, OrganizationMode, TagsMode};
use crate::fields::{Fields, Place};
use crate::object::{KeyField, Object, Operation};
use crate::rejected::Reason;

/// The values of a row, by the number of the field. A field that is absent is not changed.
pub type Wanted = BTreeMap<usize, Value>;

/// A stream, with the fields of its object.
#[derive(Debug)]
pub struct Layout {
    pub bound: Bound,
    pub fields: Fields,
    nulls: NullHandling,
    tags_mode: TagsMode,
    organization_mode: OrganizationMode,
    /// The key, with the numbers of its fields.
    key: Option<(KeyField, Vec<usize>)>,
    /// The number of the field `member`.
    member: Option<usize>,
    /// Whether the stream has a column for `member`.
    has_member_column: bool,
}

/// How two values of a field are combined, if two rows have the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merge {
    /// The later value replaces the earlier one.
    Over,
    /// The lists are joined.
    Together,
    /// Each value needs a separate write.
    Apart,
    /// Each value needs a separate write, unless they are equal.
    ApartIfOthers,
}

/// The columns of a stream that were seen so far.
#[derive(Debug, Default)]
pub struct Columns {
    /// The field of each column. `None` if the column is not a field.
    fields: BTreeMap<String, Option<usize>>,
    /// Columns that are not fields and were not logged yet.
    untold: BTreeSet<String>,
}

/// The message if `fields` maps a column to something that is not a field.
#[must_use]
pub fn no_field(stream: &str, column: &str, field: &str, object: Object) -> String {
    format!(
        "Stream `{stream}`: `fields` maps `{column}` to `{field}`, which is not a writable field of {}. Run \
         `discover` to see the fields.",
        object.name()
    )
}

impl Layout {
    /// Combines a stream with the fields of its object.
    ///
    /// # Errors
    /// What the user has to change.
    pub fn new(bound: Bound, fields: Fields, nulls: NullHandling) -> Result<Self, String> {
        for (column, field) in &bound.renamed {
            if fields.find(field).is_none() {
                return Err(no_field(&bound.stream.to_string(), column, field, bound.object));
            }
        }
        let places = |key: KeyField| -> Option<Vec<usize>> {
            key.fields().into_iter().map(|field| fields.find(field)).collect()
        };
        let key = bound.key.and_then(|key| Some((key, places(key)?)));
        let (tags_mode, organization_mode) = (TagsMode::default(), OrganizationMode::default());
        let member = bound.membership.as_ref().and_then(|_| fields.find(MEMBER));
        let has_member_column = member.is_some()
            && bound.columns.iter().any(|column| {
                bound.renamed.get(column).map_or(column.as_str(), String::as_str) == MEMBER
            });
        Ok(Self {
            bound,
            fields,
            nulls,
            tags_mode,
            organization_mode,
            key,
            member,
            has_member_column,
        })
    }

    /// Sets how tags and organizations are written.
    #[must_use]
    pub fn with_modes(self, tags_mode: TagsMode, organization_mode: OrganizationMode) -> Self {
        Self { tags_mode, organization_mode, ..self }
    }

    /// How two values of the field are combined, if rows with the same key are written at once. The result in
    /// Zendesk must be that of separate writes.
    #[must_use]
    pub fn merge(&self, at: usize) -> Merge {
        let adds = self.organization_mode == OrganizationMode::Add;
        match self.fields.get(at).map(|field| &field.place) {
            Some(Place::Tags) if self.tags_mode != TagsMode::Replace => Merge::Together,
            Some(Place::Domains) => Merge::Together,
            Some(Place::Comment) => Merge::Apart,
            Some(Place::Organization) if adds => Merge::ApartIfOthers,
            Some(Place::Related(relation))
                if adds && relation.is_organization_of(self.bound.object) =>
            {
                Merge::ApartIfOthers
            }
            _ => Merge::Over,
        }
    }

    /// The layout that removes members of the audience by id. `None` if the stream has no audience.
    #[must_use]
    pub fn for_removal(&self) -> Option<Self> {
        let audience = Arc::clone(&self.bound.membership.as_ref()?.audience);
        let bound = Bound {
            operation: Operation::Update,
            membership: Some(Membership { audience, mode: Mode::Remove }),
            key: Some(KeyField::Id),
            renamed: BTreeMap::new(),
            columns: Vec::new(),
            ..self.bound.clone()
        };
        Self::new(bound, self.fields.clone(), self.nulls).ok()
    }

    fn check_key(&self, wanted: &Wanted) -> Result<(), Reason> {
        let Some((key, places)) = &self.key else { return Ok(()) };
        let is_missing =
            |at: &usize| wanted.get(at).is_none_or(|value| text_of(value).trim().is_empty());
        match places.iter().position(is_missing) {
            None => Ok(()),
            // Users and organizations need a key. A ticket may have none.
            Some(_)
                if self.bound.operation == Operation::Insert
                    && self.bound.object == Object::Tickets =>
            {
                Ok(())
            }
            Some(missing) => Err(Reason::new(
                "missing_key",
                key.fields().get(missing).copied(),
                "the row has no value in its key field".to_owned(),
            )),
        }
    }

    /// Sets `member` of a row that does not have it.
    fn say_member(&self, wanted: &mut Wanted) -> Result<(), Reason> {
        let (Some(membership), Some(at)) = (&self.bound.membership, self.member) else {
            return Ok(());
        };
        let joins = membership.joins();
        // Sources leave out what is null, and a null may mean either.
        if self.has_member_column && !wanted.contains_key(&at) {
            return Err(no_member());
        }
        let said = wanted.entry(at).or_insert(Value::Bool(joins));
        if !joins && *said == true {
            let why =
                "the row says that it is a member, but its stream only removes members".to_owned();
            return Err(Reason::new("invalid_value", Some(MEMBER), why));
        }
        Ok(())
    }

    /// Whether the row says that it is not a member.
    #[must_use]
    pub fn leaves(&self, wanted: &Wanted) -> bool {
        self.member.is_some_and(|at| wanted.get(&at) == Some(&Value::Bool(false)))
    }

    /// The key of a row, in the form in which Zendesk compares it.
    #[must_use]
    pub fn key(&self, wanted: &Wanted) -> Option<String> {
        let (_, places) = self.key.as_ref()?;
        let object = self.bound.object;
        let texts = places.iter().map(|at| Some(object.fold(&text_of(wanted.get(at)?))));
        let texts = texts.collect::<Option<Vec<String>>>()?;
        match texts.as_slice() {
            [text] => (!text.is_empty()).then(|| text.clone()),
            // The length keeps different pairs different.
            [first, second] => Some(format!("{} {first} {second}", first.len())),
            _ => None,
        }
    }

    /// Whether a field finds rows: the key of the stream, an external id, or a field that refers to another
    /// row.
    fn is_key(&self, at: usize) -> bool {
        let is_named = |field: &crate::fields::Field| {
            field.name == KeyField::ExternalId.name() || matches!(field.place, Place::Related(_))
        };
        self.key.as_ref().is_some_and(|(_, places)| places.contains(&at))
            || self.fields.get(at).is_some_and(is_named)
    }

    /// The key of a row that has an invalid value: converted if possible, else as it arrived.
    #[must_use]
    pub fn raw_key(&self, data: &Map<String, Value>) -> Option<String> {
        let (key, places) = self.key.as_ref()?;
        let text = |(name, at): (&str, &usize)| {
            let is_it = |(column, value): &(&String, &Value)| {
                let field = self.bound.renamed.get(*column).map_or(column.as_str(), String::as_str);
                field == name && !value.is_null()
            };
            // If two columns have the same field, the last one counts.
            let (_, value) = data.iter().rfind(is_it)?;
            let taken = self.fields.get(*at).and_then(|field| field.coerce(value).ok());
            let text = text_of(taken.as_ref().unwrap_or(value)).trim().to_owned();
            (!text.is_empty()).then_some(text)
        };
        let texts = key.fields().into_iter().zip(places).map(text);
        texts.collect::<Option<Vec<String>>>().map(|texts| texts.join(" + "))
    }

    /// The key of a row in its original form, with its field.
    #[must_use]
    pub fn written_key(&self, wanted: &Wanted) -> Option<(KeyField, String)> {
        let (key, places) = self.key.as_ref()?;
        let texts = places.iter().map(|at| Some(text_of(wanted.get(at)?).trim().to_owned()));
        Some((*key, texts.collect::<Option<Vec<String>>>()?.join(" + ")))
    }

    /// The numbers and values of the key fields of a row.
    pub fn key_values<'w>(&self, wanted: &'w Wanted) -> Vec<(usize, &'w Value)> {
        let places = self.key.as_ref().map(|(_, places)| places.as_slice()).unwrap_or_default();
        places.iter().filter_map(|at| Some((*at, wanted.get(at)?))).collect()
    }

    /// Why the row cannot create anything, because a field is missing. `None` if it has all fields.
    #[must_use]
    pub fn lack(&self, wanted: &Wanted) -> Option<Reason> {
        let object = self.bound.object;
        let given = |name: &str| {
            self.value(wanted, name).is_some_and(|value| !text_of(value).trim().is_empty())
        };
        // If Zendesk assigns the names of records, the name is not a field.
        let is_lacking = |name: &&&str| self.fields.find(name).is_some() && !given(name);
        if let Some(name) = object.required().iter().find(is_lacking) {
            let why = format!("a new {} needs this field", object.singular());
            return Some(Reason::new("missing_field", Some(name), why));
        }
        (object == Object::Users && !given("email") && !given("external_id")).then(|| {
            let why = "a new user needs an email or an external id".to_owned();
            Reason::new("missing_field", Some("email"), why)
        })
    }

    /// The value of a row for a field, by the field's name.
    #[must_use]
    pub fn value<'w>(&self, wanted: &'w Wanted, name: &str) -> Option<&'w Value> {
        wanted.get(&self.fields.find(name)?)
    }
}

impl Columns {
    /// Reads the columns of the stream's schema.
    #[must_use]
    pub fn of(layout: &Layout) -> Self {
        let mut columns = Self::default();
        for column in &layout.bound.columns {
            columns.field_of(layout, column);
        }
        columns
    }

    /// The number of the field of a column.
    fn field_of(&mut self, layout: &Layout, column: &str) -> Option<usize> {
        if let Some(field) = self.fields.get(column) {
            return *field;
        }
        let name = layout.bound.renamed.get(column).map_or(column, String::as_str);
        let field = layout.fields.find(name);
        // Columns that warehouses and platforms add to each row are ignored silently.
        if field.is_none() && !column.starts_with("_airbyte_") && !column.starts_with("_ab_") {
            self.untold.insert(column.to_owned());
        }
        self.fields.insert(column.to_owned(), field);
        field
    }

    /// Takes the columns that are not fields and were not logged yet.
    pub fn take_unknown(&mut self) -> Vec<String> {
        std::mem::take(&mut self.untold).into_iter().collect()
    }

    /// Whether a row may refer to rows of other objects.
    #[must_use]
    pub fn name_others(&self, layout: &Layout) -> bool {
        let mut found = self.fields.values().flatten().filter_map(|at| layout.fields.get(*at));
        // A row that is referred to by id exists already.
        found.any(|field| matches!(&field.place, Place::Related(one) if one.by != KeyField::Id))
    }

    /// Reads the values of a row.
    ///
    /// # Errors
    /// The [`Reason`] why the row is rejected.
    pub fn wanted(&mut self, layout: &Layout, data: &Map<String, Value>) -> Result<Wanted, Reason> {
        let mut wanted = Wanted::new();
        for (column, value) in data {
            let Some(at) = self.field_of(layout, column) else { continue };
            if value.is_null() && layout.member == Some(at) {
                return Err(no_member());
            }
            if value.is_null() && layout.nulls == NullHandling::Ignore {
                continue;
            }
            let Some(field) = layout.fields.get(at) else { continue };
            let mut value = field
                .coerce(value)
                .map_err(|misfit| Reason::new(misfit.reason, Some(&field.name), misfit.message))?;
            // Spaces around a key are ignored in searches, so they must not be written either.
            if let (true, Value::String(text)) = (layout.is_key(at), &value) {
                value = Value::String(text.trim().to_owned());
            }
            wanted.insert(at, value);
        }
        layout.check_key(&wanted)?;
        layout.say_member(&mut wanted)?;
        Ok(wanted)
    }
}

/// The reason if a row has no value for `member`, although its stream has a column for it.
fn no_member() -> Reason {
    let why = "it is null or missing. Set it to true or false.".to_owned();
    Reason::new("invalid_value", Some(MEMBER), why)
}

/// The value of a key as text.
#[must_use]
pub fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use airbyte::destination::catalog::Descriptor;
    use serde_json::json;

    use super::*;
    use crate::fields::all;

    /// A stream of an object, with the fields that every account has.
    pub(crate) fn layout(object: Object, operation: Operation, key: KeyField) -> Layout {
        let bound = Bound {
            stream: Descriptor { namespace: None, name: "dim".into() },
            object,
            operation,
            key: Some(key),
            renamed: [("mail".to_owned(), "email".to_owned())].into(),
            columns: Vec::new(),
            membership: None,
            is_full_refresh: false,
            is_resumable: false,
            may_be_cleared: false,
        };
        let bound = Bound {
            renamed: if object == Object::Users { bound.renamed } else { BTreeMap::new() },
            ..bound
        };
        Layout::new(bound, all(object, false, Vec::new()), NullHandling::Ignore).unwrap()
    }

    fn row(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn columns_find_their_fields_and_what_is_none_is_told_once() {
        let layout = layout(Object::Users, Operation::Upsert, KeyField::ExternalId);
        let mut columns = Columns::default();
        let data = row(
            json!({ "external_id": " U1 ", "mail": "a@x.test", "name": null, "plan": 1, "role": "admin",
            "_airbyte_raw_id": "x" }),
        );
        let wanted = columns.wanted(&layout, &data).unwrap();
        assert_eq!(layout.key(&wanted).as_deref(), Some("u1"));
        assert_eq!(layout.value(&wanted, "email"), Some(&json!("a@x.test")));
        assert_eq!(layout.value(&wanted, "name"), None);
        assert_eq!(columns.take_unknown(), ["plan", "role"]);
        columns.wanted(&layout, &data).unwrap();
        assert_eq!(columns.take_unknown(), [""; 0]);
    }

    #[test]
    fn a_row_without_its_key_or_with_a_value_that_fits_no_field_is_rejected() {
        let layout = layout(Object::Users, Operation::Upsert, KeyField::ExternalId);
        for (data, reason, field) in [
            (json!({ "name": "A" }), "missing_key", "external_id"),
            (json!({ "external_id": "  " }), "missing_key", "external_id"),
            (json!({ "external_id": null }), "missing_key", "external_id"),
            (json!({ "external_id": "u", "mail": "x" }), "invalid_value", "email"),
        ] {
            let why = Columns::default().wanted(&layout, &row(data)).unwrap_err();
            assert_eq!((why.reason.as_str(), why.field.as_deref()), (reason, Some(field)));
        }
    }

    #[test]
    fn a_column_mapped_to_no_field_is_refused() {
        let bound = Bound {
            renamed: [("a".to_owned(), "shoe_size".to_owned())].into(),
            ..layout(Object::Users, Operation::Upsert, KeyField::ExternalId).bound
        };
        let fields = all(Object::Users, false, Vec::new());
        let why = Layout::new(bound, fields, NullHandling::Ignore).unwrap_err();
        assert!(why.contains("`shoe_size`") && why.contains("Stream `dim`"), "{why}");
    }
}
