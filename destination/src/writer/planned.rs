//! Remembers what a dry run would have written, so that later rows find it. Pure.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Map, Value, json};

use crate::id::Id;
use crate::look::key_of;
use crate::object::{KeyField, Object};
use crate::plan::{Change, Found};

/// The most rows that are remembered. After that, a repeated key may be reported as new.
const MOST: usize = 100_000;

/// What would have been written. It is kept as text, which needs little memory.
#[derive(Debug, Default)]
pub(super) struct Planned {
    /// The changes of existing rows, as JSON.
    changes: HashMap<(Object, Id), String>,
    /// Rows that would exist under a key, with their ids.
    made: HashMap<(Object, KeyField, String), (Id, String)>,
    /// Rows that would be deleted.
    deleted: HashSet<(Object, Id)>,
}

impl Planned {
    /// Notes a creation, and returns the row that would exist.
    pub(super) fn create(&mut self, object: Object, body: &Map<String, Value>) -> Value {
        let id = Id::planned(u64::try_from(self.made.len()).unwrap_or_default());
        let mut row = Value::Object(body.clone());
        row["id"] = id.clone().into();
        if object == Object::Users && row["role"].is_null() {
            row["role"] = json!("end-user");
        }
        self.have(object, &id, &row);
        row
    }

    /// Notes a change. The row may be found by other keys from then on.
    pub(super) fn change(&mut self, object: Object, row: &Value, change: &Change) {
        if self.changes.len() >= MOST {
            return;
        }
        let parts = json!({ "body": change.body, "email": change.email, "added": change.tags_added,
            "removed": change.tags_removed, "joined": change.organization, "ended": change.ended });
        let text = self.changes.entry((object, change.id.clone())).or_default();
        text.push_str(&parts.to_string());
        text.push('\n');
        let gets_key = object.keys().iter().any(|key| change.body.contains_key(key.name()));
        if gets_key || change.email.is_some() {
            let mut found = Found { rows: vec![row.clone()], ..Found::default() };
            self.overlay(object, &mut found);
            found.rows.first().into_iter().for_each(|row| self.have(object, &change.id, row));
        }
    }

    /// Notes a deletion.
    pub(super) fn delete(&mut self, object: Object, id: Id) {
        self.deleted.insert((object, id));
    }

    fn have(&mut self, object: Object, id: &Id, row: &Value) {
        for key in object.keys().iter().filter(|key| **key != KeyField::Id) {
            if let Some(text) = key_of(object, row, *key).filter(|_| self.made.len() < MOST) {
                self.made.insert((object, *key, text), (id.clone(), row.to_string()));
            }
        }
    }

    /// Returns the row that would exist under a key that was not found.
    pub(super) fn made(&self, object: Object, key: KeyField, text: &str) -> Option<Value> {
        let (id, row) = self.made.get(&(object, key, object.fold(text)))?;
        serde_json::from_str(row).ok().filter(|_| !self.deleted.contains(&(object, id.clone())))
    }

    /// Applies what was noted to rows that were found.
    pub(super) fn overlay(&self, object: Object, found: &mut Found) {
        let is_there =
            |row: &Value| Id::of(&row["id"]).is_none_or(|id| !self.deleted.contains(&(object, id)));
        found.rows.retain(is_there);
        found.rivals.retain(is_there);
        for row in found.rows.iter_mut().chain(&mut found.rivals) {
            self.each_of(object, row, |parts, row| apply(object, parts, row));
        }
    }

    /// Applies what was noted to the organizations of a user.
    pub(super) fn overlay_memberships(&self, object: Object, found: &mut Found) {
        let [row] = found.rows.as_mut_slice() else { return };
        if Id::of(&row["id"]).is_some_and(|id| id.is_planned()) {
            let first = row["organization_id"].as_u64().map(|id| (id, 0));
            found.memberships = Some(first.into_iter().collect());
        }
        let Some(memberships) = &mut found.memberships else { return };
        self.each_of(object, row, |parts, _| organizations(parts, memberships));
    }

    fn each_of(&self, object: Object, row: &mut Value, mut act: impl FnMut(&Value, &mut Value)) {
        let text = Id::of(&row["id"]).and_then(|id| self.changes.get(&(object, id)));
        for line in text.into_iter().flat_map(|text| text.lines()) {
            let parts: Value = serde_json::from_str(line).unwrap_or_default();
            act(&parts, row);
        }
    }
}

/// Applies a change to a row.
fn apply(object: Object, parts: &Value, row: &mut Value) {
    for (name, value) in parts["body"].as_object().into_iter().flatten() {
        match (name == object.custom_fields(), value) {
            (true, Value::Object(fields)) => {
                let mut all = row[name].as_object().cloned().unwrap_or_default();
                all.extend(fields.clone());
                row[name] = all.into();
            }
            (true, Value::Array(fields)) => {
                let mut all = row[name].as_array().cloned().unwrap_or_default();
                all.retain(|old| !fields.iter().any(|new| new["id"] == old["id"]));
                all.extend(fields.iter().cloned());
                row[name] = all.into();
            }
            _ => row[name] = value.clone(),
        }
    }
    if !parts["email"].is_null() {
        row["email"] = parts["email"].clone();
    }
    let words = |name: &str| parts[name].as_array().cloned().unwrap_or_default();
    let (added, removed) = (words("added"), words("removed"));
    if !added.is_empty() || !removed.is_empty() {
        let mut tags = row["tags"].as_array().cloned().unwrap_or_default();
        tags.retain(|tag| !removed.contains(tag));
        tags.extend(added);
        row["tags"] = tags.into();
    }
    if row["organization_id"].is_null() {
        row["organization_id"] = parts["joined"].clone();
    }
}

fn organizations(parts: &Value, memberships: &mut BTreeMap<u64, u64>) {
    if let Some(only) = parts["body"].get("organization_id") {
        memberships.clear();
        memberships.extend(only.as_u64().map(|id| (id, 0)));
    }
    memberships.extend(parts["joined"].as_u64().map(|id| (id, 0)));
    let ended = parts["ended"].as_u64();
    memberships.retain(|_, membership| ended != Some(*membership));
}
