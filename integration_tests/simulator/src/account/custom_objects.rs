//! Adds the custom objects that a test needs. Sources: Zendesk, Custom Objects; Custom Object
//! Fields.

use super::{ADMIN_USER_ID, Account, CustomField};
use crate::answer::public_url;
use crate::clock;
use crate::row_text::quote;
use serde_json::{Value, json};

/// How the records of an object get their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordNames {
    /// Each record gets a name, which need not be unique.
    Given,
    /// Each record gets a unique name.
    Unique,
    /// The records are numbered, and no name may be given.
    Numbered,
}

impl Account {
    /// Adds a custom object with these fields and the two that every object has. Its title is its
    /// key. Returns its number.
    pub fn add_custom_object(
        &mut self,
        key: &str,
        names: RecordNames,
        fields: &[CustomField],
    ) -> u64 {
        let at = clock::iso(self.now);
        let by = ADMIN_USER_ID.to_string();
        let kind = |_: u64| {
            json!({
                "key": key,
                "url": public_url(&format!("custom_objects/{key}.json")),
                "title": key,
                "title_pluralized": key,
                "raw_title": key,
                "raw_title_pluralized": key,
                "description": "",
                "raw_description": "",
                "allows_photos": false,
                "include_in_list_view": true,
                "created_by_user_id": by,
                "updated_by_user_id": by,
                "created_at": at,
                "updated_at": at,
            })
            .to_string()
        };
        let object = self.insert_row_as("custom_objects", None, |_| key.to_owned(), kind);
        let own = [
            CustomField::new("text", "standard::name", "Name"),
            CustomField::new("text", "standard::external_id", "External ID"),
        ];
        for (position, field) in own.iter().chain(fields).enumerate() {
            let names = (field.key == "standard::name").then_some(names);
            self.insert_row("custom_object_fields", Some(object), |id| {
                field_text(key, field, position, names, id, &at)
            });
        }
        object
    }
}

/// A field of an object. Fields: Zendesk, Custom Object Fields.
fn field_text(
    object: &str,
    field: &CustomField,
    position: usize,
    names: Option<RecordNames>,
    id: u64,
    at: &str,
) -> String {
    let title = field.title.as_deref();
    let mut row = json!({
        "url": public_url(&format!("custom_objects/{object}/fields/{id}.json")),
        "id": id,
        "key": field.key,
        "type": field.kind,
        "title": title,
        "raw_title": title,
        "description": "",
        "raw_description": "",
        "active": field.active,
        "position": position,
        "regexp_for_validation": field.pattern,
        "system": false,
        "created_at": at,
        "updated_at": at,
    });
    if let Some(names) = names {
        let is_numbered = names == RecordNames::Numbered;
        row["properties"] = json!({
            "autoincrement_enabled": is_numbered,
            "autoincrement_next_sequence": if is_numbered { json!(1) } else { Value::Null },
            "autoincrement_padding": if is_numbered { json!(5) } else { Value::Null },
            "autoincrement_prefix": if is_numbered { json!("Nr. ") } else { Value::Null },
            "is_unique": names == RecordNames::Unique,
        });
    }
    if matches!(field.kind, "dropdown" | "multiselect") {
        let option = |(place, (value, label)): (usize, &(String, String))| {
            json!({ "id": id + 1 + place as u64, "name": label, "raw_name": label,
                "value": value, "position": place })
        };
        row["custom_field_options"] = field.options.iter().enumerate().map(option).collect();
    }
    if let Some(target) = field.target {
        row["relationship_target_type"] = target.into();
        row["relationship_filter"] = json!({ "all": [], "any": [] });
    }
    if let Some(tag) = field.tag {
        row["tag"] = tag.into();
    }
    row.to_string()
}

impl Account {
    /// Adds a custom object with a field of each type, and records with unique external ids.
    pub(super) fn tidy_objects(&mut self) {
        let tiers = [("gold", "Gold"), ("silver", "Silver")];
        let fields = [
            CustomField::new("text", "plan", "Plan"),
            CustomField::new("integer", "seats", "Seats"),
            CustomField::new("decimal", "mrr", "MRR"),
            CustomField::new("checkbox", "is_active", "Active"),
            CustomField::new("date", "renewal", "Renewal"),
            CustomField::new("dropdown", "tier", "Tier").with_options(&tiers),
            CustomField::new("multiselect", "areas", "Areas").with_options(&tiers),
            CustomField::new("lookup", "owner", "Owner").with_target("zen:user"),
            CustomField::new("lookup", "firm", "Firm").with_target("zen:organization"),
        ];
        self.add_custom_object("subscription", RecordNames::Given, &fields);
        for (at, key) in self.keys("custom_object_records").iter().enumerate() {
            let raw = if at % 3 == 1 { "null".into() } else { quote(&format!("record-{at}")) };
            self.set_field("custom_object_records", key, "external_id", &raw);
        }
    }
}
