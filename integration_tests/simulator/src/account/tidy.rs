//! An account whose people are consistent. The rows of an ordinary account are made for reading:
//! they repeat external ids and name organizations that do not exist. Programs that write find
//! users by such keys, so their tests need unique keys.

use super::{ADMIN_USER_ID, AGENT_USER_ID, Account};
use crate::auth::{ADMIN_API_TOKEN, AGENT_API_TOKEN};
use crate::row_text::quote;
use std::collections::BTreeSet;

impl Account {
    /// Makes the people of the account consistent. Each external id is unique. Each user has one
    /// primary address and its identity, and a membership in the user's organization. The
    /// administrator and the agent whose credentials tests use have their roles and addresses. A
    /// custom object `subscription` has a field of each type. Nothing is stamped.
    pub fn tidy_people(&mut self) {
        for (id, role, email) in [
            (ADMIN_USER_ID, "admin", ADMIN_API_TOKEN.email),
            (AGENT_USER_ID, "agent", AGENT_API_TOKEN.email),
        ] {
            self.set_field("users", &id.to_string(), "role", &quote(role));
            self.set_field("users", &id.to_string(), "email", &quote(email));
        }
        for name in ["users", "organizations"] {
            for (at, key) in self.keys(name).iter().enumerate() {
                let word = if name == "users" { "user" } else { "organization" };
                let raw = if at % 3 == 1 { "null".into() } else { quote(&format!("{word}-{at}")) };
                self.set_field(name, key, "external_id", &raw);
            }
        }
        for name in ["user_identities", "organization_memberships"] {
            for key in self.keys(name) {
                let number = self.row(name, &key).map(|row| row.number);
                number.into_iter().for_each(|number| self.remove_row(name, number));
            }
        }
        self.tidy_objects();
        let organizations: Vec<u64> = self
            .table("organizations")
            .rows
            .values()
            .filter(|row| !row.deleted)
            .map(|row| row.number)
            .collect();
        let mut taken = BTreeSet::new();
        for (at, key) in self.keys("users").iter().enumerate() {
            let Some(user) = self.row("users", key).map(|row| row.number) else { continue };
            let is_deleted = self.living("users", user).is_none();
            let email = self.text_of("users", user, "email").filter(|_| !is_deleted);
            if email.is_some_and(|email| !taken.insert(email.to_lowercase())) {
                self.set_field("users", key, "email", &quote(&format!("once+{user}@example.com")));
            }
            if let Some(email) = self.text_of("users", user, "email").filter(|_| !is_deleted) {
                self.add_identity(user, "email", &email, true);
            }
            let organization = organizations.get(at % organizations.len().max(1));
            let organization = organization.filter(|_| at % 2 == 0 && !is_deleted).copied();
            let raw = organization.map_or_else(|| "null".to_owned(), |id| id.to_string());
            self.set_field("users", key, "organization_id", &raw);
            if let Some(organization) = organization {
                self.add_membership(user, organization, true);
            }
        }
    }
}
