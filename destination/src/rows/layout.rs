//! Which column of a stream goes to which field, and what a row wants by that. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::audience::{MEMBER, Membership, Mode};
use crate::bind::Bound;
use crate::config::{NullHandling, OrganizationMode, TagsMode};
use crate::fields::{Fields, Place};
use crate::object::{KeyField, Object, Operation};
use crate::rejected::Reason;

/// What a row wants: values that its fields take, by the fields' numbers. An absent field stays as it is.
pub type Wanted = BTreeMap<usize, Value>;

/// A stream that is written, with the fields of its object.
#[derive(Debug)]
pub struct Layout {
    pub bound: Bound,
    pub fields: Fields,
    nulls: NullHandling,
    tags_mode: TagsMode,
    organization_mode: OrganizationMode,
    /// The numbers of the fields of its key.
    key: Option<(KeyField, Vec<usize>)>,
    /// The number of the field that says who is a member of its audience.
    member: Option<usize>,
    /// Whether the stream has a column for that field.
    has_member_column: bool,
}

/// What becomes of the values of one field in two rows of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merge {
    /// The later value takes the place of the earlier one.
    Over,
    /// Both lists are one.
    Together,
    /// Each is written by itself.
    Apart,
    /// Each is written by itself, unless they are the same.
    ApartIfOthers,
}

/// The columns of a stream, as they are seen.
#[derive(Debug, Default)]
pub struct Columns {
    /// The field of each column that was seen; none for one that is no field.
    fields: BTreeMap<String, Option<usize>>,
    /// Columns that are no field and were not told yet.
    untold: BTreeSet<String>,
}

impl Layout {
    /// A stream with the fields of its object.
    ///
    /// # Errors
    /// What the user has to change.
    pub fn new(bound: Bound, fields: Fields, nulls: NullHandling) -> Result<Self, String> {
        for (column, field) in &bound.renamed {
            if fields.find(field).is_none() {
                return Err(format!(
                    "Stream `{}`: `fields` maps `{column}` to `{field}`, which is not a writable field of {}. \
                     Run `discover` to see the fields.",
                    bound.stream,
                    bound.object.name()
                ));
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

    /// What tags and organizations of a row do to those that are there.
    #[must_use]
    pub fn with_modes(self, tags_mode: TagsMode, organization_mode: OrganizationMode) -> Self {
        Self { tags_mode, organization_mode, ..self }
    }

    /// What becomes of the values of a field in two rows of one key that are written at once. The account must
    /// not tell whether they were.
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

    /// The layout by which members of its audience are unmarked by their ids. None where it has no audience.
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
            // Zendesk's users and organizations need a key; a ticket may have none.
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

    /// Says of a row of an audience that does not say it itself whether it is to be a member.
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

    /// Whether a row is to leave the audience of its stream.
    #[must_use]
    pub fn leaves(&self, wanted: &Wanted) -> bool {
        self.member.is_some_and(|at| wanted.get(&at) == Some(&Value::Bool(false)))
    }

    /// The key of a row, as Zendesk compares it.
    #[must_use]
    pub fn key(&self, wanted: &Wanted) -> Option<String> {
        let (_, places) = self.key.as_ref()?;
        let object = self.bound.object;
        let texts = places.iter().map(|at| Some(object.fold(&text_of(wanted.get(at)?))));
        let texts = texts.collect::<Option<Vec<String>>>()?;
        match texts.as_slice() {
            [text] => (!text.is_empty()).then(|| text.clone()),
            // No two pairs are one text.
            [first, second] => Some(format!("{} {first} {second}", first.len())),
            _ => None,
        }
    }

    /// Whether a field finds rows: the key of the stream, and ids of other systems wherever they
    /// stand.
    fn is_key(&self, at: usize) -> bool {
        let is_named = |field: &crate::fields::Field| {
            field.name == KeyField::ExternalId.name() || matches!(field.place, Place::Related(_))
        };
        self.key.as_ref().is_some_and(|(_, places)| places.contains(&at))
            || self.fields.get(at).is_some_and(is_named)
    }

    /// The key of a row that wants nothing because of one of its values: as its field takes it, or as it came.
    #[must_use]
    pub fn raw_key(&self, data: &Map<String, Value>) -> Option<String> {
        let (key, places) = self.key.as_ref()?;
        let text = |(name, at): (&str, &usize)| {
            let is_it = |(column, value): &(&String, &Value)| {
                let field = self.bound.renamed.get(*column).map_or(column.as_str(), String::as_str);
                field == name && !value.is_null()
            };
            // Of two columns of one field the last counts.
            let (_, value) = data.iter().rfind(is_it)?;
            let taken = self.fields.get(*at).and_then(|field| field.coerce(value).ok());
            let text = text_of(taken.as_ref().unwrap_or(value)).trim().to_owned();
            (!text.is_empty()).then_some(text)
        };
        let texts = key.fields().into_iter().zip(places).map(text);
        texts.collect::<Option<Vec<String>>>().map(|texts| texts.join(" + "))
    }

    /// The key of a row as it is written, with its field.
    #[must_use]
    pub fn written_key(&self, wanted: &Wanted) -> Option<(KeyField, String)> {
        let (key, places) = self.key.as_ref()?;
        let texts = places.iter().map(|at| Some(text_of(wanted.get(at)?).trim().to_owned()));
        Some((*key, texts.collect::<Option<Vec<String>>>()?.join(" + ")))
    }

    /// The values that a row has in the fields of its key, and the numbers of these.
    pub fn key_values<'w>(&self, wanted: &'w Wanted) -> Vec<(usize, &'w Value)> {
        let places = self.key.as_ref().map(|(_, places)| places.as_slice()).unwrap_or_default();
        places.iter().filter_map(|at| Some((*at, wanted.get(at)?))).collect()
    }

    /// What a row lacks to create something; none where it lacks nothing.
    #[must_use]
    pub fn lack(&self, wanted: &Wanted) -> Option<Reason> {
        let object = self.bound.object;
        let given = |name: &str| {
            self.value(wanted, name).is_some_and(|value| !text_of(value).trim().is_empty())
        };
        // Zendesk may give the name of a record itself: then it is no field.
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

    /// The value that a row wants for a field, by its name.
    #[must_use]
    pub fn value<'w>(&self, wanted: &'w Wanted, name: &str) -> Option<&'w Value> {
        wanted.get(&self.fields.find(name)?)
    }
}

impl Columns {
    /// The columns that the schema of a stream has.
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
        // What warehouses and platforms add to each row is nobody's field.
        if field.is_none() && !column.starts_with("_airbyte_") && !column.starts_with("_ab_") {
            self.untold.insert(column.to_owned());
        }
        self.fields.insert(column.to_owned(), field);
        field
    }

    /// Columns that are no field, once each.
    pub fn take_unknown(&mut self) -> Vec<String> {
        std::mem::take(&mut self.untold).into_iter().collect()
    }

    /// Whether a row may name rows of other objects.
    #[must_use]
    pub fn name_others(&self, layout: &Layout) -> bool {
        let mut found = self.fields.values().flatten().filter_map(|at| layout.fields.get(*at));
        // Whoever has an id is there already.
        found.any(|field| matches!(&field.place, Place::Related(one) if one.by != KeyField::Id))
    }

    /// What a row wants.
    ///
    /// # Errors
    /// The [`Reason`] why it can want nothing.
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
            // Whoever is found without regard to blanks must be created without them.
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

/// Why a row that does not say whether it is to be a member is rejected, where its stream has a column for that.
fn no_member() -> Reason {
    let why = "it is null or missing. Set it to true or false.".to_owned();
    Reason::new("invalid_value", Some(MEMBER), why)
}

/// A key's value as text.
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
