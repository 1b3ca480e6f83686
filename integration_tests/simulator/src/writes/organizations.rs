//! Organizations: creating, changing, finding by key, deleting. Source: Zendesk, Organizations.

use super::custom_fields::{self, Change};
use super::ledger::Deed;
use super::refusal::{Problem, Refusal};
use super::validation::{Attributes, Input, Kind, flag, tags, text, whole};
use super::world::{Fields, World};
use crate::answer::public_url;
use crate::auth::Role;
use crate::clock;
use crate::row_text::{get, quote};
use serde_json::{Value, json};

pub(super) static ATTRIBUTES: Attributes = Attributes {
    object: "organization",
    collection: "organizations",
    known: &[
        ("id", Kind::Whole),
        ("details", Kind::Text),
        ("domain_names", Kind::Texts),
        ("external_id", Kind::Text),
        ("group_id", Kind::Whole),
        ("name", Kind::Text),
        ("notes", Kind::Text),
        ("organization_fields", Kind::Object),
        ("shared_comments", Kind::Flag),
        ("shared_tickets", Kind::Flag),
        ("tags", Kind::Texts),
    ],
};

const LONGEST_NAME: usize = 255;

const ROWS: &str = "organizations";

impl World<'_> {
    pub(super) fn create_organization(&mut self, input: &Input) -> Result<u64, Refusal> {
        let unknown = ATTRIBUTES.check(input, "create")?;
        self.unpermitted.extend(unknown);
        if self.actor.role < Role::Admin {
            return Err(Refusal::Forbidden);
        }
        let mut problems = self.organization_problems(None, input);
        if text(input, "name").is_none() {
            problems.insert(0, blank_name());
        }
        if !problems.is_empty() {
            return Err(Refusal::Invalid(problems));
        }
        let change = self.organization_fields(None, input)?;
        let tags = change.on(tags(input.get("tags")));
        let mut fields = plain_fields(input);
        fields.push(("tags".into(), json!(tags).to_string()));
        fields.push(("organization_fields".into(), change.values));
        let now = clock::iso(self.account.now());
        let id = self.account.insert_row(ROWS, None, |id| new_organization(id, &now));
        self.account.edit(ROWS, &id.to_string(), |row| {
            fields.iter().for_each(|(field, raw)| row.set(field, raw));
        });
        self.record(ROWS, id, Deed::Created, Vec::new());
        self.move_domains(id, &[], input);
        Ok(id)
    }

    pub(super) fn update_organization(&mut self, id: u64, input: &Input) -> Result<(), Refusal> {
        let unknown = ATTRIBUTES.check(input, "update")?;
        self.unpermitted.extend(unknown);
        self.account.living(ROWS, id).ok_or(Refusal::NotFound)?;
        // Zendesk, Organizations: agents may write the notes and nothing else.
        let is_of_agents = |key: &String| key == "notes" || key == "id";
        if self.actor.role < Role::Admin && !input.keys().all(is_of_agents) {
            return Err(Refusal::Forbidden);
        }
        let mut problems = self.organization_problems(Some(id), input);
        if input.contains_key("name") && text(input, "name").is_none() {
            problems.insert(0, blank_name());
        }
        if !problems.is_empty() {
            return Err(Refusal::Invalid(problems));
        }
        let change = self.organization_fields(Some(id), input)?;
        let mut fields = plain_fields(input);
        let new_tags = match input.get("tags") {
            // Zendesk, Organizations: the list takes the place of the tags that were there.
            Some(list) => {
                let new = tags(Some(list));
                self.note_lost_tags(ROWS, id, &new);
                new
            }
            None => self.account.tags_of(ROWS, id),
        };
        fields.push(("tags".into(), json!(change.on(new_tags)).to_string()));
        fields.push(("organization_fields".into(), change.values));
        let former = self.domains(id);
        self.update(ROWS, id, &fields);
        self.move_domains(id, &former, input);
        Ok(())
    }

    /// Creates an organization, or updates the one with the same `id` or `external_id`. Returns
    /// whether it was created.
    ///
    /// Zendesk, Organizations, Create Or Update: the name never identifies an organization, so a
    /// name that exists is refused as taken.
    pub(super) fn create_or_update_organization(
        &mut self,
        input: &Input,
    ) -> Result<(u64, bool), Refusal> {
        ATTRIBUTES.check(input, "create_or_update")?;
        match self.organization_meant(input) {
            Some(id) => self.update_organization(id, input).map(|()| (id, false)),
            None if input.contains_key("id") => Err(Refusal::NotFound),
            None => self.create_organization(input).map(|id| (id, true)),
        }
    }

    pub(super) fn organization_meant(&self, input: &Input) -> Option<u64> {
        if let Some(id) = input.get("id").and_then(whole) {
            return self.account.living(ROWS, id).map(|row| row.number);
        }
        let key = text(input, "external_id")?;
        self.account.living_with(ROWS, "external_id", key).pop()
    }

    pub(super) fn delete_organization(&mut self, id: u64) -> Result<(), Refusal> {
        self.account.living(ROWS, id).ok_or(Refusal::NotFound)?;
        if self.actor.role < Role::Admin {
            return Err(Refusal::Forbidden);
        }
        self.account.delete(ROWS, &id.to_string());
        self.record(ROWS, id, Deed::Deleted, Vec::new());
        for user in self.members(id) {
            self.lose_organization(user, id);
        }
        Ok(())
    }

    /// The users who belong to an organization.
    fn members(&self, id: u64) -> Vec<u64> {
        let rows = self.account.table("organization_memberships");
        let rows = rows.find("organization_id", &id.to_string());
        rows.iter().filter_map(|row| get(&row.text, "user_id")?.parse().ok()).collect()
    }

    fn domains(&self, id: u64) -> Vec<String> {
        let row = self.account.table(ROWS).rows.get(&id);
        let raw = row.and_then(|row| get(&row.text, "domain_names"));
        raw.and_then(|raw| serde_json::from_str(raw).ok()).unwrap_or_default()
    }

    /// Moves users after a change of the domains. Zendesk, Organizations: verified users of a new
    /// domain join the organization, and users of a removed domain leave it.
    fn move_domains(&mut self, id: u64, former: &[String], input: &Input) {
        if !input.contains_key("domain_names") {
            return;
        }
        let now = self.domains(id);
        let domain_of =
            |email: &str| email.rsplit_once('@').map(|(_, domain)| domain.to_lowercase());
        let is_of = |domains: &[String], email: &str| {
            domain_of(email)
                .is_some_and(|domain| domains.iter().any(|one| one.to_lowercase() == domain))
        };
        let users = self.account.table("users").rows.values();
        let users = users.filter(|row| !row.deleted).filter_map(|row| {
            let email = crate::row_text::get_text(&row.text, "email")?;
            Some((row.number, email, get(&row.text, "verified") == Some("true")))
        });
        for (user, email, is_verified) in users.collect::<Vec<_>>() {
            let is_member = self.account.organizations_of(user).contains(&id);
            if is_of(&now, &email) && is_verified && !is_member {
                self.join(user, id, false);
            } else if is_of(former, &email) && !is_of(&now, &email) && is_member {
                self.lose_organization(user, id);
            }
        }
    }

    fn organization_problems(&self, id: Option<u64>, input: &Input) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut add = |field: &str, description: String, error| {
            problems.push(Problem { field: field.to_owned(), description, error });
        };
        let is_taken = |field: &str, value: &str| {
            let owners = self.account.living_with(ROWS, field, value);
            owners.iter().any(|owner| Some(*owner) != id)
        };
        if let Some(name) = text(input, "name") {
            if name.chars().count() > LONGEST_NAME {
                add("name", "Name: is too long (maximum is 255 characters)".into(), "ValueTooLong");
            } else if is_taken("name", name) {
                add("name", format!("Name: {name} has already been taken"), "DuplicateValue");
            }
        }
        if text(input, "external_id").is_some_and(|key| is_taken("external_id", key)) {
            add("external_id", "External has already been taken".into(), "DuplicateValue");
        }
        if let Some(group) = input.get("group_id").and_then(whole)
            && self.account.living("groups", group).is_none()
        {
            add("group", "Group: is invalid".into(), "InvalidValue");
        }
        problems
    }

    fn organization_fields(&mut self, id: Option<u64>, input: &Input) -> Result<Change, Refusal> {
        let row = id.and_then(|id| self.account.table(ROWS).rows.get(&id));
        let old = row.and_then(|row| get(&row.text, "organization_fields"));
        let old = old.unwrap_or("{}").to_owned();
        let input = input.get("organization_fields").unwrap_or(&Value::Null);
        let mut change = custom_fields::keyed(self, "organization_fields", Some(&old), input)?;
        if input.is_null() {
            change.values = old;
        }
        Ok(change)
    }
}

fn blank_name() -> Problem {
    let description = "Name: cannot be blank".to_owned();
    Problem { field: "name".to_owned(), description, error: "BlankValue" }
}

fn plain_fields(input: &Input) -> Fields {
    let mut fields = Vec::new();
    for key in ["details", "group_id", "name", "notes"] {
        fields.extend(input.get(key).map(|value| (key.to_owned(), value.to_string())));
    }
    for key in ["shared_comments", "shared_tickets"] {
        let flag = input.get(key).and_then(flag);
        fields.extend(flag.map(|flag| (key.to_owned(), flag.to_string())));
    }
    if input.contains_key("external_id") {
        let raw = text(input, "external_id").map_or("null".into(), quote);
        fields.push(("external_id".into(), raw));
    }
    if let Some(domains) = input.get("domain_names") {
        let domains = domains.as_array().cloned().unwrap_or_default();
        fields.push(("domain_names".into(), Value::Array(domains).to_string()));
    }
    fields
}

/// A new organization before the values of the request. Fields: Zendesk, Organizations.
fn new_organization(id: u64, now: &str) -> String {
    json!({
        "url": public_url(&format!("organizations/{id}.json")),
        "id": id,
        "name": "",
        "shared_tickets": false,
        "shared_comments": false,
        "external_id": null,
        "created_at": now,
        "updated_at": now,
        "domain_names": [],
        "details": null,
        "notes": null,
        "group_id": null,
        "tags": [],
        "organization_fields": {},
        "deleted_at": null,
    })
    .to_string()
}
