//! The effects of writes on the tables: adding rows with given text, changing named fields, and
//! removing rows.

use super::{Account, Row, stamp};
use crate::answer::public_url;
use crate::clock;
use crate::resources::resource;
use crate::row_text;
use serde_json::{Value, json};

/// How many old texts of a row are kept for a search index that lags behind.
const FORMER_TEXTS: usize = 16;

impl Account {
    /// Adds a row with this text to its table, stamped with the simulated time. Returns its number.
    pub(crate) fn insert_row(
        &mut self,
        name: &'static str,
        parent: Option<u64>,
        text: impl FnOnce(u64) -> String,
    ) -> u64 {
        self.insert_row_as(name, parent, |id| id.to_string(), text)
    }

    /// Like `insert_row`, for a row whose name in the API is not its number.
    pub(crate) fn insert_row_as(
        &mut self,
        name: &'static str,
        parent: Option<u64>,
        key: impl FnOnce(u64) -> String,
        text: impl FnOnce(u64) -> String,
    ) -> u64 {
        let random = self.chance.bits();
        let now = self.now;
        let table = self.table_mut(name);
        let step = if name == "tickets" || table.made == 0 { 1 } else { 128 + random % 4096 };
        let id = table.last_id + step;
        table.made += 1;
        let mut row = Row {
            key: key(id),
            number: id,
            created_at: now,
            updated_at: now,
            generated: now,
            deleted: false,
            archived: false,
            ai_agent: false,
            parent,
            grandparent: None,
            text: text(id),
            indexed: None,
            before_deletion: None,
            former: Vec::new(),
        };
        stamp(&mut row, resource(name).stamp);
        table.insert(row);
        id
    }

    /// Sets fields of a row to raw JSON. The row counts as changed now even if no field differs.
    /// Returns the fields that differ.
    pub(crate) fn write_row(
        &mut self,
        name: &'static str,
        number: u64,
        fields: &[(String, String)],
    ) -> Vec<String> {
        let now = self.now;
        let key = self.table(name).rows.get(&number).map(|row| row.key.clone());
        let Some(row) = self.table_mut(name).change(&key.unwrap_or_default()) else {
            return Vec::new();
        };
        row.former.push((now, row.text.clone()));
        let excess = row.former.len().saturating_sub(FORMER_TEXTS);
        row.former.drain(..excess);
        let mut changed = Vec::new();
        for (field, raw) in fields {
            let old = row_text::get(&row.text, field);
            if !is_same(old.unwrap_or("null"), raw) {
                changed.push(field.clone());
            }
            row.set(field, raw);
        }
        row.updated_at = now;
        row.generated = now;
        if row_text::get(&row.text, "updated_at").is_some() {
            row.set_time("updated_at", now);
        }
        stamp(row, resource(name).stamp);
        if name == "tickets" {
            self.touch_metric_set(number);
        }
        changed
    }

    /// Removes a row from its table.
    pub(crate) fn remove_row(&mut self, name: &str, number: u64) {
        self.table_mut(name).remove(number);
    }

    /// A field of a row, as text without quotes.
    pub(crate) fn text_of(&self, name: &str, number: u64, field: &str) -> Option<String> {
        row_text::get_text(&self.table(name).rows.get(&number)?.text, field)
    }

    /// A field of a row, as a number.
    pub(crate) fn number_of(&self, name: &str, number: u64, field: &str) -> Option<u64> {
        self.text_of(name, number, field)?.parse().ok()
    }

    /// The tags of a row.
    pub fn tags_of(&self, name: &str, number: u64) -> Vec<String> {
        let row = self.table(name).rows.get(&number);
        let raw = row.and_then(|row| row_text::get(&row.text, "tags"));
        raw.and_then(|raw| serde_json::from_str(raw).ok()).unwrap_or_default()
    }

    /// A row that is not deleted.
    pub(crate) fn living(&self, name: &str, number: u64) -> Option<&Row> {
        self.table(name).rows.get(&number).filter(|row| !row.deleted)
    }

    /// The numbers of the rows that are not deleted and have this value. Upper and lower case are
    /// equal.
    pub(crate) fn living_with(&self, name: &str, field: &str, value: &str) -> Vec<u64> {
        let found = self.table(name).find(field, value).into_iter();
        found.filter(|row| !row.deleted).map(|row| row.number).collect()
    }

    /// The users that an address belongs to, as their primary address or as another identity.
    pub fn users_with_email(&self, email: &str) -> Vec<u64> {
        let mut users = self.living_with("users", "email", email);
        for identity in self.table("user_identities").find("value", email) {
            let is_email = row_text::get(&identity.text, "type") == Some("\"email\"");
            let user = identity.parent.filter(|user| self.living("users", *user).is_some());
            users.extend(user.filter(|user| is_email && !users.contains(user)));
        }
        users
    }

    /// Adds an identity to a user. Fields: Zendesk, User Identities.
    pub(crate) fn add_identity(
        &mut self,
        user: u64,
        kind: &str,
        value: &str,
        is_primary: bool,
    ) -> u64 {
        let at = clock::iso(self.now);
        self.insert_row("user_identities", Some(user), |id| {
            let mut identity = json!({
                "url": public_url(&format!("users/{user}/identities/{id}.json")),
                "id": id,
                "user_id": user,
                "type": kind,
                "value": value,
                "verified": false,
                "primary": is_primary,
                "created_at": at,
                "updated_at": at,
            });
            if kind == "email" {
                identity["undeliverable_count"] = 0.into();
                identity["deliverable_state"] = "deliverable".into();
            }
            identity.to_string()
        })
    }

    /// Adds a membership. Fields: Zendesk, Organization Memberships.
    pub(crate) fn add_membership(&mut self, user: u64, organization: u64, is_default: bool) -> u64 {
        let at = clock::iso(self.now);
        let name = self.text_of("organizations", organization, "name");
        self.insert_row("organization_memberships", None, |id| {
            json!({
                "url": public_url(&format!("organization_memberships/{id}.json")),
                "id": id,
                "user_id": user,
                "organization_id": organization,
                "organization_name": name,
                "default": is_default,
                "view_tickets": true,
                "created_at": at,
                "updated_at": at,
            })
            .to_string()
        })
    }

    /// The memberships of a user: numbers and organizations, oldest first.
    pub fn memberships_of(&self, user: u64) -> Vec<(u64, u64)> {
        let rows = self.table("organization_memberships").find("user_id", &user.to_string());
        let pair = |row: &Row| {
            let organization = row_text::get(&row.text, "organization_id")?;
            Some((row.number, organization.parse().ok()?))
        };
        rows.into_iter().filter_map(pair).collect()
    }

    /// The organizations of a user. The one that the user's row names comes first.
    pub fn organizations_of(&self, user: u64) -> Vec<u64> {
        let own = self.number_of("users", user, "organization_id");
        let mut all: Vec<u64> =
            own.into_iter().filter(|own| self.living("organizations", *own).is_some()).collect();
        for (_, organization) in self.memberships_of(user) {
            if !all.contains(&organization) {
                all.push(organization);
            }
        }
        all
    }
}

/// Whether two JSON texts have the same value.
fn is_same(old: &str, new: &str) -> bool {
    let value = |text: &str| serde_json::from_str::<Value>(text).ok();
    old == new || value(old).is_some_and(|old| Some(old) == value(new))
}
