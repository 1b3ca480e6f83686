//! Records of custom objects: creating, changing, finding by key, deleting. Source: Zendesk, Custom
//! Object Records.

use super::custom_fields;
use super::items::{Item, Shape};
use super::ledger::Deed;
use super::refusal::{Problem, Refusal};
use super::validation::{Attributes, Input, Kind, text};
use super::world::{Fields, World};
use crate::answer::public_url;
use crate::clock;
use crate::row_text::{get, get_text, quote};
use crate::rows::administration::ulid_of;
use serde_json::{Value, json};

pub(super) static ATTRIBUTES: Attributes = Attributes {
    object: "custom_object_record",
    collection: "custom_object_records",
    known: &[
        ("id", Kind::Text),
        ("custom_object_fields", Kind::Object),
        ("external_id", Kind::Text),
        ("name", Kind::Text),
        ("photo", Kind::Any),
    ],
};

const ROWS: &str = "custom_object_records";

/// What a job does with its items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RecordDeed {
    Create,
    Update,
    Delete,
    DeleteByExternalId,
    UpsertByExternalId,
    UpsertByName,
}

impl RecordDeed {
    /// The deed by its name in a request. Source: Zendesk, Custom Object Record Bulk Jobs.
    pub(super) fn of(action: &str) -> Option<Self> {
        Some(match action {
            "create" => Self::Create,
            "update" => Self::Update,
            "delete" => Self::Delete,
            "delete_by_external_id" => Self::DeleteByExternalId,
            "create_or_update_by_external_id" => Self::UpsertByExternalId,
            "create_or_update_by_name" => Self::UpsertByName,
            _ => return None,
        })
    }

    /// Whether the items are keys and not objects.
    pub(super) fn takes_keys(self) -> bool {
        matches!(self, Self::Delete | Self::DeleteByExternalId)
    }

    /// The route and the action, the title of the job, its class, and its present action.
    pub(super) fn names(self) -> [&'static str; 4] {
        const CLASS: &str = "CustomObjectRecordBulkJob";
        let (route, title, doing) = match self {
            Self::Create => ("custom_objects/jobs/create", "Bulk Create Record", "Creating record"),
            Self::Update => ("custom_objects/jobs/update", "Bulk Update Record", "Updating record"),
            Self::Delete => ("custom_objects/jobs/delete", "Bulk Delete Record", "Deleting record"),
            Self::DeleteByExternalId => (
                "custom_objects/jobs/delete_by_external_id",
                "Bulk Delete Record By External Id",
                "Deleting record",
            ),
            Self::UpsertByExternalId => (
                "custom_objects/jobs/create_or_update_by_external_id",
                "Bulk Create Or Update Record By External Id",
                "Creating or updating record",
            ),
            Self::UpsertByName => (
                "custom_objects/jobs/create_or_update_by_name",
                "Bulk Create Or Update Record By Name",
                "Creating or updating record",
            ),
        };
        [route, title, CLASS, doing]
    }

    /// The name of an error that has no more exact one.
    pub(super) fn error(self) -> &'static str {
        match self {
            Self::Create => "CustomObjectRecordCreateFailed",
            Self::Delete | Self::DeleteByExternalId => "CustomObjectRecordDeleteFailed",
            _ => "CustomObjectRecordUpdateFailed",
        }
    }

    /// Does an item. Returns the record's number and what was done.
    pub(super) fn work(self, world: &mut World<'_>, item: &Item) -> Result<(u64, Deed), Refusal> {
        let object = item.object.ok_or(Refusal::NotFound)?;
        let by_id = || {
            let key = item.external_id.as_deref().or_else(|| text(&item.input, "id"));
            let row = key.and_then(|key| world.account.table(ROWS).by_key(key));
            row.map(|row| row.number).ok_or(Refusal::NotFound)
        };
        let upserted =
            |(number, is_new)| (number, if is_new { Deed::Created } else { Deed::Updated });
        match self {
            Self::Create => Ok((world.create_record(object, &item.input)?, Deed::Created)),
            Self::Update => {
                let number = by_id()?;
                world.update_record(object, number, &item.input)?;
                Ok((number, Deed::Updated))
            }
            Self::Delete => {
                let number = by_id()?;
                world.delete_record(object, number)?;
                Ok((number, Deed::Deleted))
            }
            Self::DeleteByExternalId => {
                let key = item.external_id.as_deref().unwrap_or_default();
                let number = world.record_with(object, "external_id", key);
                let number = number.ok_or(Refusal::NotFound)?;
                world.delete_record(object, number)?;
                Ok((number, Deed::Deleted))
            }
            Self::UpsertByExternalId => {
                let key = text(&item.input, "external_id").map(str::to_owned);
                let key = key.ok_or_else(|| blank("external_id", "External ID"))?;
                world.upsert_record(object, "external_id", &key, &item.input).map(upserted)
            }
            Self::UpsertByName => {
                let key = text(&item.input, "name").map(str::to_owned);
                let key = key.ok_or_else(|| blank("name", "Name"))?;
                world.upsert_record(object, "name", &key, &item.input).map(upserted)
            }
        }
    }

    /// The result of a successful item. No answer of such a job was recorded.
    pub(super) fn good(
        world: &World<'_>,
        index: usize,
        (number, deed): (u64, Deed),
        shape: Shape,
    ) -> Value {
        let row = world.account.table(ROWS).rows.get(&number);
        let id = row.map(|row| row.key.clone()).unwrap_or_default();
        let status = match deed {
            Deed::Created => "Created",
            Deed::Updated => "Updated",
            Deed::Deleted => "Deleted",
        };
        match shape {
            Shape::Usual => json!({ "index": index, "id": id, "status": status }),
            Shape::Other => {
                let external_id = world.account.text_of(ROWS, number, "external_id");
                json!({ "id": id, "external_id": external_id, "status": status.to_lowercase() })
            }
        }
    }

    /// The result of a failed item. The other shape is the one that another client reads.
    pub(super) fn failed(
        index: usize,
        item: &Item,
        shape: Shape,
        error: &str,
        details: &str,
    ) -> Value {
        match shape {
            Shape::Usual => json!({ "index": index, "error": error, "details": details }),
            Shape::Other => {
                let key = text(&item.input, "external_id");
                json!({ "external_id": key, "status": "failed",
                    "errors": [{ "code": error, "title": details }] })
            }
        }
    }
}

/// How the records of an object get their names, as the object's name field says.
enum Names {
    Given,
    Unique,
    Numbered { prefix: String, digits: usize },
}

impl World<'_> {
    /// The number of an object by its key.
    pub(super) fn custom_object(&self, key: &str) -> Result<u64, Refusal> {
        let row = self.account.table("custom_objects").by_key(key);
        row.map(|row| row.number).ok_or(Refusal::NotFound)
    }

    fn names_of(&self, object: u64) -> Names {
        let mut fields = self.account.table("custom_object_fields").children(object);
        let field = fields.find(|row| get(&row.text, "key") == Some("\"standard::name\""));
        let Some(properties) = field.and_then(|row| get(&row.text, "properties")) else {
            return Names::Given;
        };
        if get(properties, "autoincrement_enabled") == Some("true") {
            let digits = get(properties, "autoincrement_padding").and_then(|raw| raw.parse().ok());
            let prefix = get_text(properties, "autoincrement_prefix").unwrap_or_default();
            return Names::Numbered { prefix, digits: digits.unwrap_or_default() };
        }
        let is_unique = get(properties, "is_unique") == Some("true");
        if is_unique { Names::Unique } else { Names::Given }
    }

    /// The record of an object that is not deleted and has this key, case-sensitive.
    ///
    /// Zendesk, List Custom Object Records: ids are case sensitive.
    pub(super) fn record_with(&self, object: u64, field: &str, key: &str) -> Option<u64> {
        let found = self.account.table(ROWS).find(field, key).into_iter();
        let mut own = found.filter(|row| !row.deleted && row.parent == Some(object));
        own.find(|row| get_text(&row.text, field).as_deref() == Some(key)).map(|row| row.number)
    }

    /// A record of this object that is not deleted, by its name in the API.
    pub(super) fn record_of(&self, object: u64, id: &str) -> Result<u64, Refusal> {
        let row = self.account.table(ROWS).by_key(id);
        let row = row.filter(|row| !row.deleted && row.parent == Some(object));
        row.map(|row| row.number).ok_or(Refusal::NotFound)
    }

    pub(super) fn create_record(&mut self, object: u64, input: &Input) -> Result<u64, Refusal> {
        let unknown = ATTRIBUTES.check(input, "create")?;
        self.unpermitted.extend(unknown);
        let names = self.names_of(object);
        self.refuse_record(object, None, input, &names)?;
        let fields = self.record_fields(object, "{}", input)?;
        let name = match names {
            Names::Numbered { prefix, digits } => {
                let number = self.account.table(ROWS).children(object).count() + 1;
                format!("{prefix}{number:0digits$}")
            }
            _ => text(input, "name").unwrap_or_default().to_owned(),
        };
        let kind = self.account.table("custom_objects").rows.get(&object);
        let kind = kind.map(|row| row.key.clone()).unwrap_or_default();
        let (now, by) = (clock::iso(self.account.now()), self.actor.user_id.to_string());
        let key = |id: u64| ulid_of(id, u128::from(crate::prng::mix(id)));
        let number = self.account.insert_row_as(ROWS, Some(object), key, |id| {
            let id = key(id);
            json!({
                "url": public_url(&format!("custom_objects/{kind}/records/{id}.json")),
                "id": id,
                "name": name,
                "custom_object_key": kind,
                "custom_object_fields": {},
                "external_id": text(input, "external_id"),
                "created_by_user_id": by,
                "updated_by_user_id": by,
                "created_at": now,
                "updated_at": now,
            })
            .to_string()
        });
        let key = key(number);
        self.account.edit(ROWS, &key, |row| row.set("custom_object_fields", &fields));
        self.record(ROWS, number, Deed::Created, Vec::new());
        Ok(number)
    }

    /// Writes the attributes and the fields that are given. The others stay.
    pub(super) fn update_record(
        &mut self,
        object: u64,
        number: u64,
        input: &Input,
    ) -> Result<(), Refusal> {
        let unknown = ATTRIBUTES.check(input, "update")?;
        self.unpermitted.extend(unknown);
        let row = self.account.living(ROWS, number).filter(|row| row.parent == Some(object));
        let row = row.ok_or(Refusal::NotFound)?;
        let old = get(&row.text, "custom_object_fields").unwrap_or("{}").to_owned();
        let names = self.names_of(object);
        self.refuse_record(object, Some(number), input, &names)?;
        let values = self.record_fields(object, &old, input)?;
        let mut fields: Fields = vec![("custom_object_fields".to_owned(), values)];
        for key in ["name", "external_id"] {
            if input.contains_key(key) {
                fields.push((key.to_owned(), text(input, key).map_or("null".into(), quote)));
            }
        }
        self.update(ROWS, number, &fields);
        let by = quote(&self.actor.user_id.to_string());
        let key = self.account.table(ROWS).rows[&number].key.clone();
        self.account.edit(ROWS, &key, |row| row.set("updated_by_user_id", &by));
        Ok(())
    }

    /// Creates a record, or updates the one with this external id or name. Returns whether it was
    /// created.
    pub(super) fn upsert_record(
        &mut self,
        object: u64,
        field: &str,
        key: &str,
        input: &Input,
    ) -> Result<(u64, bool), Refusal> {
        if field == "name" && !matches!(self.names_of(object), Names::Unique) {
            let description = "Name: must be unique to find a record by it".to_owned();
            return Err(Refusal::of("name", description, "InvalidValue"));
        }
        let mut input = input.clone();
        match self.record_with(object, field, key) {
            Some(number) => {
                input.remove(field);
                self.update_record(object, number, &input).map(|()| (number, false))
            }
            None => {
                input.insert(field.to_owned(), key.into());
                self.create_record(object, &input).map(|number| (number, true))
            }
        }
    }

    /// Deletes a record. Zendesk, Incremental Custom Object Record Export: a deleted record stays
    /// in the export, without its values. Its keys can be used again.
    pub(super) fn delete_record(&mut self, object: u64, number: u64) -> Result<(), Refusal> {
        let row = self.account.living(ROWS, number).filter(|row| row.parent == Some(object));
        let key = row.map(|row| row.key.clone()).ok_or(Refusal::NotFound)?;
        self.account.delete(ROWS, &key);
        self.record(ROWS, number, Deed::Deleted, Vec::new());
        Ok(())
    }

    fn record_fields(&mut self, object: u64, old: &str, input: &Input) -> Result<String, Refusal> {
        let values = input.get("custom_object_fields").unwrap_or(&Value::Null);
        custom_fields::of_record(self, object, old, values)
    }

    fn refuse_record(
        &self,
        object: u64,
        number: Option<u64>,
        input: &Input,
        names: &Names,
    ) -> Result<(), Refusal> {
        let mut problems = Vec::new();
        let mut add = |field: &str, description: String, error| {
            problems.push(Problem { field: field.to_owned(), description, error });
        };
        let is_taken = |field: &str, key: &str| {
            self.record_with(object, field, key).is_some_and(|other| Some(other) != number)
        };
        match (names, text(input, "name")) {
            // Zendesk, Custom Object Records: where they are numbered, none may be given.
            (Names::Numbered { .. }, Some(_)) => {
                add("name", "Name: is generated automatically".to_owned(), "InvalidValue");
            }
            (Names::Numbered { .. }, None) => {}
            (_, None) if number.is_none() || input.contains_key("name") => {
                add("name", "Name: cannot be blank".to_owned(), "BlankValue");
            }
            (Names::Unique, Some(name)) if is_taken("name", name) => {
                add("name", format!("Name: {name} has already been taken"), "DuplicateValue");
            }
            _ => {}
        }
        if let Some(key) = text(input, "external_id").filter(|key| is_taken("external_id", key)) {
            let description = format!("External ID: {key} has already been taken");
            add("external_id", description, "DuplicateValue");
        }
        if problems.is_empty() { Ok(()) } else { Err(Refusal::Invalid(problems)) }
    }
}

fn blank(field: &str, title: &str) -> Refusal {
    Refusal::of(field, format!("{title}: cannot be blank"), "BlankValue")
}
