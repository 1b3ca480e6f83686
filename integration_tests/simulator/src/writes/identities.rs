//! The addresses and phone numbers of a user. Source: Zendesk, User Identities.

use super::ledger::{Deed, UserChange};
use super::refusal::Refusal;
use super::validation::{Attributes, Input, Kind, flag, is_email, text};
use super::world::World;
use crate::row_text::{get, get_text, quote};

pub(super) static ATTRIBUTES: Attributes = Attributes {
    object: "identity",
    collection: "users/identities",
    known: &[
        ("type", Kind::Text),
        ("value", Kind::Text),
        ("verified", Kind::Flag),
        ("primary", Kind::Flag),
        ("skip_verify_email", Kind::Flag),
    ],
};

const ROWS: &str = "user_identities";

impl World<'_> {
    pub(super) fn create_identity(&mut self, user: u64, input: &Input) -> Result<u64, Refusal> {
        let unknown = ATTRIBUTES.check(input, "create")?;
        self.unpermitted.extend(unknown);
        self.account.living("users", user).ok_or(Refusal::NotFound)?;
        let kind = text(input, "type").unwrap_or("email").to_owned();
        let value = text(input, "value")
            .ok_or_else(|| Refusal::of("value", "Value: cannot be blank".into(), "BlankValue"))?;
        self.check_value(None, &kind, value)?;
        let has_none = self.account.text_of("users", user, "email").is_none();
        let is_first = kind == "email" && has_none;
        let id = self.account.add_identity(user, &kind, value, is_first);
        if input.get("verified").and_then(flag) == Some(true) {
            self.account.edit(ROWS, &id.to_string(), |row| row.set("verified", "true"));
        }
        self.record(ROWS, id, Deed::Created, Vec::new());
        if kind == "email" {
            self.mail_verification(user, value, input);
            let wants = input.get("primary").and_then(flag) == Some(true);
            if is_first || wants {
                self.make_primary(user, id)?;
            }
        }
        Ok(id)
    }

    fn check_value(&self, own: Option<u64>, kind: &str, value: &str) -> Result<(), Refusal> {
        if kind == "email" && !is_email(value) {
            let description = format!("Value: {value} is not properly formatted");
            return Err(Refusal::of("value", description, "InvalidFormat"));
        }
        let holders = self.account.table(ROWS).find("value", value);
        let holders = holders.into_iter().filter(|row| Some(row.number) != own);
        let is_held = holders
            .filter(|row| get_text(&row.text, "type").as_deref() == Some(kind))
            .any(|row| row.parent.is_some_and(|user| self.account.living("users", user).is_some()));
        let is_email_of_user = own.is_none()
            && kind == "email"
            && !self.account.living_with("users", "email", value).is_empty();
        if is_held || is_email_of_user {
            let description = format!("Value: {value} is already being used by another user");
            return Err(Refusal::of("value", description, "DuplicateValue"));
        }
        Ok(())
    }

    /// An identity of this user.
    fn identity_of(&self, user: u64, id: u64) -> Result<(String, String), Refusal> {
        self.account.living("users", user).ok_or(Refusal::NotFound)?;
        let row = self.account.table(ROWS).rows.get(&id).filter(|row| row.parent == Some(user));
        let text = &row.ok_or(Refusal::NotFound)?.text;
        let word = |key: &str| get_text(text, key).unwrap_or_default();
        Ok((word("type"), word("value")))
    }

    pub(super) fn update_identity(
        &mut self,
        user: u64,
        id: u64,
        input: &Input,
    ) -> Result<(), Refusal> {
        let unknown = ATTRIBUTES.check(input, "update")?;
        self.unpermitted.extend(unknown);
        let (kind, old) = self.identity_of(user, id)?;
        let mut fields = Vec::new();
        if let Some(verified) = input.get("verified").and_then(flag) {
            fields.push(("verified".to_owned(), verified.to_string()));
        }
        let new = text(input, "value").filter(|value| *value != old);
        if let Some(value) = new {
            self.check_value(Some(id), &kind, value)?;
            fields.push(("value".to_owned(), quote(value)));
        }
        self.update(ROWS, id, &fields);
        if let Some(value) = new.filter(|_| kind == "email") {
            self.mail_verification(user, value, input);
            let is_primary = self.account.text_of(ROWS, id, "primary").as_deref() == Some("true");
            if is_primary {
                self.set_primary_email(user, value);
            }
        }
        Ok(())
    }

    /// Zendesk, User Identities: makes the address the user's primary one. The old primary address
    /// stays.
    pub(super) fn make_primary(&mut self, user: u64, id: u64) -> Result<(), Refusal> {
        let (kind, value) = self.identity_of(user, id)?;
        if kind != "email" {
            let description = "Identity: only an email can be made primary".to_owned();
            return Err(Refusal::of("base", description, "InvalidValue"));
        }
        let others: Vec<u64> = self
            .account
            .table(ROWS)
            .children(user)
            .filter(|row| get(&row.text, "primary") == Some("true") && row.number != id)
            .map(|row| row.number)
            .collect();
        for other in others {
            self.account.edit(ROWS, &other.to_string(), |row| row.set("primary", "false"));
        }
        self.account.edit(ROWS, &id.to_string(), |row| row.set("primary", "true"));
        self.set_primary_email(user, &value);
        Ok(())
    }

    fn set_primary_email(&mut self, user: u64, value: &str) {
        let from = self.account.text_of("users", user, "email");
        self.update("users", user, &vec![("email".to_owned(), quote(value))]);
        if from.as_deref() != Some(value) {
            let (user_id, to) = (user, value.to_owned());
            self.ledger.primary_email_changes.push(UserChange { user_id, from, to });
        }
    }

    pub(super) fn delete_identity(&mut self, user: u64, id: u64) -> Result<(), Refusal> {
        self.identity_of(user, id)?;
        if self.account.text_of(ROWS, id, "primary").as_deref() == Some("true") {
            let description = "Identity: the primary email cannot be deleted".to_owned();
            return Err(Refusal::of("base", description, "InvalidValue"));
        }
        self.account.remove_row(ROWS, id);
        self.record(ROWS, id, Deed::Deleted, Vec::new());
        Ok(())
    }
}
