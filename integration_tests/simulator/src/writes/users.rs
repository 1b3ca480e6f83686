//! Users: creating, changing, finding by key, deleting. Source: Zendesk, Users.

use super::custom_fields::{self, Change};
use super::ledger::{Deed, UserChange, VerificationMail};
use super::refusal::{Problem, Refusal};
use super::validation::{Attributes, Input, Kind, flag, is_email, tags, text, whole};
use super::world::{Fields, World};
use crate::account::ADMIN_USER_ID;
use crate::answer::public_url;
use crate::auth::Role;
use crate::clock;
use crate::row_text::{get, quote};
use serde_json::{Value, json};

pub(super) static ATTRIBUTES: Attributes = Attributes {
    object: "user",
    collection: "users",
    known: &[
        ("id", Kind::Whole),
        ("alias", Kind::Text),
        ("custom_role_id", Kind::Whole),
        ("default_group_id", Kind::Whole),
        ("details", Kind::Text),
        ("email", Kind::Text),
        ("external_id", Kind::Text),
        ("identities", Kind::List),
        ("locale", Kind::Text),
        ("locale_id", Kind::Whole),
        ("moderator", Kind::Flag),
        ("name", Kind::Text),
        ("notes", Kind::Text),
        ("only_private_comments", Kind::Flag),
        ("organization_id", Kind::Whole),
        ("phone", Kind::Text),
        ("remote_photo_url", Kind::Text),
        ("restricted_agent", Kind::Flag),
        ("role", Kind::Text),
        ("shared_phone_number", Kind::Flag),
        ("signature", Kind::Text),
        ("skip_verify_email", Kind::Flag),
        ("suspended", Kind::Flag),
        ("tags", Kind::Texts),
        ("ticket_restriction", Kind::Text),
        ("time_zone", Kind::Text),
        ("user_fields", Kind::Object),
        ("verified", Kind::Flag),
    ],
};

/// Attributes that are stored as they came.
const PLAIN: &[&str] = &[
    "alias",
    "default_group_id",
    "details",
    "locale",
    "locale_id",
    "moderator",
    "name",
    "notes",
    "only_private_comments",
    "remote_photo_url",
    "restricted_agent",
    "signature",
    "suspended",
    "ticket_restriction",
    "time_zone",
    "verified",
];

impl World<'_> {
    pub(super) fn create_user(&mut self, input: &Input) -> Result<u64, Refusal> {
        let unknown = ATTRIBUTES.check(input, "create")?;
        self.unpermitted.extend(unknown);
        let mut problems = self.user_problems(None, input);
        if text(input, "name").is_none() {
            problems.insert(0, blank_name());
        }
        if !problems.is_empty() {
            return Err(Refusal::Invalid(problems));
        }
        let change = self.user_fields(None, input)?;
        let tags = change.on(tags(input.get("tags")));
        let email = text(input, "email").map(str::to_owned);
        let now = clock::iso(self.account.now());
        let id = self.account.insert_row("users", None, |id| new_user(id, &now, email.as_deref()));
        let mut fields = plain_fields(input);
        fields
            .push(("external_id".into(), text(input, "external_id").map_or("null".into(), quote)));
        fields.push(("tags".into(), json!(tags).to_string()));
        fields.push(("user_fields".into(), change.values));
        fields.extend(self.role_fields(input));
        self.account.edit("users", &id.to_string(), |row| {
            fields.iter().for_each(|(field, raw)| row.set(field, raw));
        });
        self.record("users", id, Deed::Created, Vec::new());
        if let Some(email) = email {
            self.account.add_identity(id, "email", &email, true);
            self.mail_verification(id, &email, input);
        }
        for identity in input.get("identities").and_then(Value::as_array).into_iter().flatten() {
            let word = |key: &str| identity.get(key).and_then(Value::as_str).unwrap_or_default();
            let is_email = word("type") == "email";
            if is_email && (!is_email_free(self, word("value"), id) || word("value").is_empty()) {
                continue;
            }
            self.account.add_identity(id, word("type"), word("value"), false);
        }
        self.set_phone(id, input);
        if let Some(organization) = input.get("organization_id").and_then(whole) {
            self.join(id, organization, true);
        }
        Ok(id)
    }

    pub(super) fn update_user(&mut self, id: u64, input: &Input) -> Result<(), Refusal> {
        let unknown = ATTRIBUTES.check(input, "update")?;
        self.unpermitted.extend(unknown);
        self.account.living("users", id).ok_or(Refusal::NotFound)?;
        // Zendesk, Users: agents may update end users only.
        let role = self.account.text_of("users", id, "role");
        let is_agent = role.as_deref() != Some("end-user");
        if self.actor.role < Role::Admin && (is_agent && id != self.actor.user_id) {
            return Err(Refusal::Forbidden);
        }
        let mut problems = self.user_problems(Some(id), input);
        if input.contains_key("name") && text(input, "name").is_none() {
            problems.insert(0, blank_name());
        }
        if !problems.is_empty() {
            return Err(Refusal::Invalid(problems));
        }
        let change = self.user_fields(Some(id), input)?;
        let mut fields = plain_fields(input);
        if input.contains_key("external_id") {
            let raw = text(input, "external_id").map_or("null".into(), quote);
            fields.push(("external_id".into(), raw));
        }
        let old_tags = self.account.tags_of("users", id);
        let new_tags = match input.get("tags") {
            // Zendesk, Users: the list takes the place of the tags that were there.
            Some(list) => {
                let new = tags(Some(list));
                self.note_lost_tags("users", id, &new);
                new
            }
            None => old_tags,
        };
        fields.push(("tags".into(), json!(change.on(new_tags)).to_string()));
        fields.push(("user_fields".into(), change.values));
        fields.extend(self.role_fields(input));
        self.note_role(id, role, &fields);
        let had_email = self.account.text_of("users", id, "email").is_some();
        let email = text(input, "email").filter(|_| !had_email);
        fields.extend(email.map(|email| ("email".to_owned(), quote(email))));
        let organization = input.get("organization_id");
        let organization =
            organization.map(|id| whole(id).map_or("null".into(), |id| id.to_string()));
        let lost = organization.as_ref().map(|_| self.account.organizations_of(id));
        fields.extend(organization.map(|raw| ("organization_id".to_owned(), raw)));
        self.update("users", id, &fields);
        self.add_address(id, input, had_email);
        self.set_phone(id, input);
        self.stay_in_one(id, lost, input);
        Ok(())
    }

    /// Zendesk, Users: an `organization_id` in an update removes all other organizations of the
    /// user.
    fn stay_in_one(&mut self, id: u64, former: Option<Vec<u64>>, input: &Input) {
        let Some(former) = former else { return };
        let stays = input.get("organization_id").and_then(whole);
        for organization in former.iter().filter(|one| Some(**one) != stays) {
            self.lose_organization(id, *organization);
        }
        let Some(stays) = stays else { return };
        let is_member = self.account.memberships_of(id).iter().any(|(_, of)| *of == stays);
        if !is_member {
            let membership = self.account.add_membership(id, stays, true);
            self.record("organization_memberships", membership, Deed::Created, Vec::new());
            self.note_membership(id, stays, true);
        }
        self.make_default(id, Some(stays));
    }

    /// Zendesk, Users: an `email` in an update is added as a secondary identity, and the primary
    /// address stays. It becomes the primary address only of a user who has none.
    fn add_address(&mut self, id: u64, input: &Input, had_email: bool) {
        let Some(email) = text(input, "email") else { return };
        if self.account.users_with_email(email).contains(&id) && had_email {
            return;
        }
        let identity = self.account.add_identity(id, "email", email, !had_email);
        self.record("user_identities", identity, Deed::Created, Vec::new());
        self.mail_verification(id, email, input);
    }

    /// Zendesk, Users: every new address gets a mail that asks to verify it, unless the user in the
    /// body has `skip_verify_email`.
    pub(super) fn mail_verification(&mut self, user_id: u64, email: &str, input: &Input) {
        if input.get("skip_verify_email").and_then(flag) != Some(true) {
            let mail = VerificationMail { user_id, email: email.to_owned() };
            self.ledger.verification_mails.push(mail);
        }
    }

    /// Creates a user, or updates the one with this `external_id` or `email`. Returns whether it
    /// was created.
    pub(super) fn create_or_update_user(&mut self, input: &Input) -> Result<(u64, bool), Refusal> {
        ATTRIBUTES.check(input, "create_or_update")?;
        match self.user_meant(input)? {
            // Zendesk, Users: `external_id` matches in any case of letters, and the update writes
            // the case that was sent.
            Some(id) => self.update_user(id, input).map(|()| (id, false)),
            None => self.create_user(input).map(|id| (id, true)),
        }
    }

    /// The user that the keys of an upsert identify.
    pub(super) fn user_meant(&self, input: &Input) -> Result<Option<u64>, Refusal> {
        let external_id = text(input, "external_id");
        let by_external_id =
            external_id.and_then(|key| self.account.living_with("users", "external_id", key).pop());
        let email = text(input, "email");
        let by_email =
            email.and_then(|email| self.account.users_with_email(email).first().copied());
        match (by_external_id, by_email) {
            // Two keys of two users: seen from outside, the address counts as taken.
            (Some(one), Some(other)) if one != other => {
                Err(Refusal::Invalid(vec![taken_email(email.unwrap_or_default())]))
            }
            (one, other) => Ok(one.or(other)),
        }
    }

    pub(super) fn delete_user(&mut self, id: u64) -> Result<(), Refusal> {
        self.account.living("users", id).ok_or(Refusal::NotFound)?;
        let role = self.account.text_of("users", id, "role");
        let is_end_user = role.as_deref() == Some("end-user");
        if (self.actor.role < Role::Admin && !is_end_user) || id == ADMIN_USER_ID {
            return Err(Refusal::Forbidden);
        }
        // Zendesk, Users: a deleted user stays as an inactive one; its keys are free again.
        self.account.delete("users", &id.to_string());
        let identities: Vec<u64> =
            self.account.table("user_identities").children(id).map(|row| row.number).collect();
        identities.iter().for_each(|row| self.account.remove_row("user_identities", *row));
        for (membership, organization) in self.account.memberships_of(id) {
            self.note_membership(id, organization, false);
            self.account.remove_row("organization_memberships", membership);
        }
        self.record("users", id, Deed::Deleted, Vec::new());
        Ok(())
    }

    fn user_problems(&self, id: Option<u64>, input: &Input) -> Vec<Problem> {
        let mut problems = Vec::new();
        if let Some(email) = text(input, "email") {
            let owners = self.account.users_with_email(email);
            if !is_email(email) {
                let description = format!("Email: {email} is not properly formatted");
                problems.push(problem("email", description, "InvalidFormat"));
            } else if owners.iter().any(|owner| Some(*owner) != id) {
                problems.push(taken_email(email));
            }
        }
        if let Some(key) = text(input, "external_id") {
            let owners = self.account.living_with("users", "external_id", key);
            if owners.iter().any(|owner| Some(*owner) != id) {
                let description = "External has already been taken".to_owned();
                problems.push(problem("external_id", description, "DuplicateValue"));
            }
        }
        if let Some(organization) = input.get("organization_id").and_then(whole)
            && self.account.living("organizations", organization).is_none()
        {
            let description = "Organization: is invalid".to_owned();
            problems.push(problem("organization", description, "InvalidValue"));
        }
        if let Some(role) = text(input, "role").filter(|role| !ROLES.contains(role)) {
            let description = format!("Role: {role} is not a valid role");
            problems.push(problem("role", description, "InvalidValue"));
        }
        problems
    }

    fn user_fields(&mut self, id: Option<u64>, input: &Input) -> Result<Change, Refusal> {
        let row = id.and_then(|id| self.account.table("users").rows.get(&id));
        let old = row.and_then(|row| get(&row.text, "user_fields")).map(str::to_owned);
        let input = input.get("user_fields").unwrap_or(&Value::Null);
        let old_raw = old.as_deref().unwrap_or("{}");
        let mut change = custom_fields::keyed(self, "user_fields", Some(old_raw), input)?;
        if input.is_null() {
            change.values = old_raw.to_owned();
        }
        Ok(change)
    }

    /// The fields that a role in a body sets. Only administrators may write the role.
    ///
    /// Zendesk, Users: `end-user` with a `custom_role_id` becomes an agent without notice.
    fn role_fields(&self, input: &Input) -> Fields {
        if self.actor.role < Role::Admin {
            return Vec::new();
        }
        let custom = input.get("custom_role_id").and_then(whole);
        let role = text(input, "role").map(|role| match custom {
            Some(_) if role == "end-user" => "agent",
            _ => role,
        });
        let role = role.map(|role| ("role".to_owned(), quote(role)));
        let custom = custom.map(|id| ("custom_role_id".to_owned(), id.to_string()));
        role.into_iter().chain(custom).collect()
    }

    fn note_role(&mut self, user_id: u64, from: Option<String>, fields: &Fields) {
        let new = fields.iter().find(|(field, _)| field == "role");
        let new = new.and_then(|(_, raw)| serde_json::from_str::<String>(raw).ok());
        if let Some(to) = new.filter(|to| Some(to) != from.as_ref()) {
            self.ledger.role_changes.push(UserChange { user_id, from, to });
        }
    }

    /// Zendesk, Users: a phone number in the format E.164 that nobody else has becomes a direct
    /// line and an identity. Any other number is a shared number.
    fn set_phone(&mut self, id: u64, input: &Input) {
        let Some(phone) = text(input, "phone") else {
            if input.contains_key("phone") {
                self.account.edit("users", &id.to_string(), |row| row.set("phone", "null"));
            }
            return;
        };
        let lines = self.account.table("user_identities").find("value", phone);
        let own = lines.iter().any(|row| row.parent == Some(id));
        let digits = phone.strip_prefix('+').unwrap_or_default();
        let is_e164 =
            (8..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        let is_direct = is_e164 && lines.iter().all(|row| row.parent == Some(id));
        if is_direct && !own {
            self.account.add_identity(id, "phone_number", phone, false);
        }
        let shared = input.get("shared_phone_number").and_then(flag).unwrap_or(!is_direct);
        self.account.edit("users", &id.to_string(), |row| {
            row.set("phone", &quote(phone));
            row.set("shared_phone_number", &shared.to_string());
        });
    }
}

const ROLES: &[&str] = &["end-user", "agent", "admin"];

fn is_email_free(world: &World<'_>, email: &str, id: u64) -> bool {
    is_email(email) && world.account.users_with_email(email).iter().all(|owner| *owner == id)
}

fn problem(field: &str, description: String, error: &'static str) -> Problem {
    Problem { field: field.to_owned(), description, error }
}

fn blank_name() -> Problem {
    problem("name", "Name: is too short (minimum is 1 characters)".to_owned(), "ValueTooShort")
}

pub(super) fn taken_email(email: &str) -> Problem {
    let description = format!("Email: {email} is already being used by another user");
    problem("email", description, "DuplicateValue")
}

fn plain_fields(input: &Input) -> Fields {
    let given = PLAIN.iter().filter_map(|key| Some((*key, input.get(*key)?)));
    let given = given.map(|(key, value)| {
        let value = flag(value)
            .filter(|_| value.is_string() && is_flag(key))
            .map_or(value.clone(), Value::from);
        (key.to_owned(), value.to_string())
    });
    given.collect()
}

fn is_flag(key: &str) -> bool {
    ATTRIBUTES.known.iter().any(|(known, kind)| *known == key && *kind == Kind::Flag)
}

/// A new user before the values of the request. Fields: Zendesk, Users.
fn new_user(id: u64, now: &str, email: Option<&str>) -> String {
    json!({
        "id": id,
        "url": public_url(&format!("users/{id}.json")),
        "name": "",
        "email": email,
        "created_at": now,
        "updated_at": now,
        "time_zone": "Eastern Time (US & Canada)",
        "iana_time_zone": "America/New_York",
        "phone": null,
        "shared_phone_number": null,
        "photo": null,
        "locale_id": 1,
        "locale": "en-US",
        "organization_id": null,
        "role": "end-user",
        "verified": false,
        "external_id": null,
        "tags": [],
        "alias": null,
        "active": true,
        "shared": false,
        "shared_agent": false,
        "last_login_at": null,
        "two_factor_auth_enabled": null,
        "signature": null,
        "details": null,
        "notes": null,
        "role_type": null,
        "custom_role_id": null,
        "moderator": false,
        "ticket_restriction": "requested",
        "only_private_comments": false,
        "restricted_agent": true,
        "suspended": false,
        "default_group_id": null,
        "report_csv": false,
        "user_fields": {},
    })
    .to_string()
}
