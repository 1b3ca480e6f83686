//! How writes changed custom fields, tags and memberships, so that a test can tell who was marked
//! and who was not.

use super::ledger::Ledger;
use crate::row_text::{fields, get};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A change of the value of a row's custom field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldChange {
    /// `users`, `organizations`, `tickets`, `custom_object_records`
    pub object: &'static str,
    pub id: u64,
    /// The field's key. For tickets, its id.
    pub field: String,
    /// Null if there was no value.
    pub from: Value,
    pub to: Value,
    pub at_unix: i64,
}

/// The tags that a row gained and lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagChange {
    pub object: &'static str,
    pub id: u64,
    pub gained: Vec<String>,
    pub lost: Vec<String>,
    pub at_unix: i64,
}

/// A user joined or left an organization, for whatever reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MembershipChange {
    pub user_id: u64,
    pub organization_id: u64,
    pub joined: bool,
    pub at_unix: i64,
}

impl Ledger {
    /// The changes of a custom field of a row, in the order of the writes.
    pub fn changes_of(&self, object: &str, id: u64, field: &str) -> Vec<&FieldChange> {
        let changes = self.field_changes.iter();
        let is_it = |change: &&FieldChange| {
            change.object == object && change.id == id && change.field == field
        };
        changes.filter(is_it).collect()
    }

    /// The rows whose checkbox became true, whatever happened later.
    pub fn marked(&self, object: &str, field: &str) -> BTreeSet<u64> {
        self.changed(object, field, |change| change.to == Value::Bool(true))
    }

    /// The rows whose checkbox was true and changed to anything else, whatever happened later.
    pub fn unmarked(&self, object: &str, field: &str) -> BTreeSet<u64> {
        self.changed(object, field, |change| change.from == Value::Bool(true))
    }

    fn changed(
        &self,
        object: &str,
        field: &str,
        is: impl Fn(&FieldChange) -> bool,
    ) -> BTreeSet<u64> {
        let changes = self.field_changes.iter();
        let own = changes.filter(|change| change.object == object && change.field == field);
        own.filter(|change| is(change)).map(|change| change.id).collect()
    }

    /// The rows that gained a tag, whatever happened later.
    pub fn gained_tag(&self, object: &str, tag: &str) -> BTreeSet<u64> {
        let own = self.tag_changes.iter().filter(|change| change.object == object);
        let gained = own.filter(|change| change.gained.iter().any(|one| one == tag));
        gained.map(|change| change.id).collect()
    }

    /// The rows that lost a tag, whatever happened later.
    pub fn lost_tag(&self, object: &str, tag: &str) -> BTreeSet<u64> {
        let own = self.tag_changes.iter().filter(|change| change.object == object);
        let lost = own.filter(|change| change.lost.iter().any(|one| one == tag));
        lost.map(|change| change.id).collect()
    }

    /// The users who joined an organization, whatever happened later.
    pub fn joined(&self, organization: u64) -> BTreeSet<u64> {
        self.members(organization, true)
    }

    /// The users who left an organization, whatever happened later.
    pub fn left(&self, organization: u64) -> BTreeSet<u64> {
        self.members(organization, false)
    }

    fn members(&self, organization: u64, joined: bool) -> BTreeSet<u64> {
        let changes = self.membership_changes.iter();
        let own = changes
            .filter(|change| change.organization_id == organization && change.joined == joined);
        own.map(|change| change.user_id).collect()
    }

    /// Notes the differences between the old and the new text of a row. The old text is `{}` for a
    /// new row.
    pub(super) fn note_changes(
        &mut self,
        (object, id): (&'static str, u64),
        old: &str,
        new: &str,
        at_unix: i64,
    ) {
        let (before, after) = (values(old), values(new));
        for field in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
            let value = |values: &BTreeMap<String, Value>| values.get(field).cloned();
            let (from, to) =
                (value(&before).unwrap_or_default(), value(&after).unwrap_or_default());
            if from != to {
                let field = field.clone();
                self.field_changes.push(FieldChange { object, id, field, from, to, at_unix });
            }
        }
        let (before, after) = (tags(old), tags(new));
        let gained: Vec<String> = after.difference(&before).cloned().collect();
        let lost: Vec<String> = before.difference(&after).cloned().collect();
        if !gained.is_empty() || !lost.is_empty() {
            self.tag_changes.push(TagChange { object, id, gained, lost, at_unix });
        }
    }
}

/// The values of the custom fields of a row, by key or by id.
fn values(text: &str) -> BTreeMap<String, Value> {
    let parsed = |raw: &str| serde_json::from_str::<Value>(raw).unwrap_or_default();
    let mut values = BTreeMap::new();
    for at in ["user_fields", "organization_fields", "custom_object_fields"] {
        let keyed = get(text, at).filter(|raw| raw.trim_start().starts_with('{'));
        let keyed = keyed.map(fields).unwrap_or_default();
        values.extend(keyed.into_iter().map(|(key, raw)| (key, parsed(raw))));
    }
    let numbered = get(text, "custom_fields").map(parsed).unwrap_or_default();
    for pair in numbered.as_array().into_iter().flatten() {
        values.insert(pair["id"].to_string(), pair["value"].clone());
    }
    values
}

fn tags(text: &str) -> BTreeSet<String> {
    let raw = get(text, "tags").unwrap_or("[]");
    serde_json::from_str(raw).unwrap_or_default()
}
