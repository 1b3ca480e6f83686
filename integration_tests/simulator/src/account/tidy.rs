//! An account whose people agree with each other. The rows of a founded account are made to be
//! read: they repeat external ids and name organizations that do not exist. Programs that write
//! find a user by such a key, so their tests want each key once.

use super::{ADMIN_USER_ID, AGENT_USER_ID, Account};
use crate::auth::{ADMIN_API_TOKEN, AGENT_API_TOKEN};
use crate::row_text::quote;
use std::collections::BTreeSet;

impl Account {
    /// Gives each external id to one row alone, each user one primary address and the identity that
    /// holds it, and each user's organization a membership. The Admin and the Agent whose credentials
    /// tests use have their roles and addresses, and there is a custom object, `subscription`, with a
    /// field of each type. Nothing is stamped.
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
