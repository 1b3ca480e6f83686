//! The organizations that a user belongs to. Source: Zendesk, Organization Memberships.

use super::ledger::{Deed, OrganizationLost, TicketUnassigned};
use super::refusal::Refusal;
use super::validation::{Attributes, Input, Kind, flag, whole};
use super::world::World;
use crate::row_text;

pub(super) static ATTRIBUTES: Attributes = Attributes {
    object: "organization_membership",
    collection: "organization_memberships",
    known: &[
        ("user_id", Kind::Whole),
        ("organization_id", Kind::Whole),
        ("default", Kind::Flag),
        ("view_tickets", Kind::Flag),
    ],
};

const ROWS: &str = "organization_memberships";

impl World<'_> {
    pub(super) fn create_membership(&mut self, input: &Input) -> Result<u64, Refusal> {
        let unknown = ATTRIBUTES.check(input, "create")?;
        self.unpermitted.extend(unknown);
        let id = |key: &str, object: &str, title: &str| {
            let id = input.get(key).and_then(whole);
            let is_there = |id: &u64| self.account.living(object, *id).is_some();
            id.filter(is_there)
                .ok_or_else(|| Refusal::of(key, format!("{title}: cannot be blank"), "BlankValue"))
        };
        let user = id("user_id", "users", "User")?;
        let organization = id("organization_id", "organizations", "Organization")?;
        if self.account.organizations_of(user).contains(&organization) {
            // Zendesk, Organization Memberships: one that exists is refused with 422.
            let description = "User has already been taken".to_owned();
            return Err(Refusal::of("user_id", description, "DuplicateValue"));
        }
        if self.account.has_one_organization && !self.account.organizations_of(user).is_empty() {
            // Zendesk, Organization Memberships: several need an account that allows them. The words
            // are assumed.
            let description = "User can belong to one organization only".to_owned();
            return Err(Refusal::of("organization_id", description, "InvalidValue"));
        }
        let is_default = input.get("default").and_then(flag) == Some(true);
        Ok(self.join(user, organization, is_default))
    }

    /// Adds a membership. A user's first membership is the default, whatever the request says.
    pub(super) fn join(&mut self, user: u64, organization: u64, is_default: bool) -> u64 {
        let is_first = self.account.organizations_of(user).is_empty();
        let id = self.account.add_membership(user, organization, false);
        self.record(ROWS, id, Deed::Created, Vec::new());
        self.note_membership(user, organization, true);
        if is_first || is_default {
            self.make_default(user, Some(organization));
        }
        id
    }

    /// Makes one of a user's organizations the default. The user's row names the default.
    pub(super) fn make_default(&mut self, user: u64, organization: Option<u64>) {
        for (id, of) in self.account.memberships_of(user) {
            let raw = (Some(of) == organization).to_string();
            self.account.edit(ROWS, &id.to_string(), |row| row.set("default", &raw));
        }
        let raw = organization.map_or_else(|| "null".to_owned(), |id| id.to_string());
        self.account.write_row("users", user, &[("organization_id".to_owned(), raw)]);
    }

    /// Ends a membership at the request of a client.
    ///
    /// Zendesk, Organization Memberships: working tickets of the user and the organization are
    /// unassigned and lose the organization.
    pub(super) fn delete_membership(&mut self, id: u64) -> Result<(), Refusal> {
        let number = |key: &str| self.account.number_of(ROWS, id, key);
        let (Some(user), Some(organization)) = (number("user_id"), number("organization_id"))
        else {
            return Err(Refusal::NotFound);
        };
        self.account.remove_row(ROWS, id);
        self.record(ROWS, id, Deed::Deleted, Vec::new());
        self.note_membership(user, organization, false);
        self.name_another_default(user, organization);
        for ticket in self.account.living_with("tickets", "requester_id", &user.to_string()) {
            let text = &self.account.table("tickets").rows[&ticket].text;
            let is_closed = row_text::get(text, "status") == Some("\"closed\"");
            let is_of = self.account.number_of("tickets", ticket, "organization_id");
            if is_of == Some(organization) && !is_closed {
                let null = |field: &str| (field.to_owned(), "null".to_owned());
                let ended = TicketUnassigned {
                    ticket_id: ticket,
                    user_id: user,
                    organization_id: organization,
                };
                self.ledger.tickets_unassigned.push(ended);
                self.update("tickets", ticket, &vec![null("assignee_id"), null("organization_id")]);
            }
        }
        Ok(())
    }

    /// Removes a user from an organization as the side effect of another write.
    pub(super) fn lose_organization(&mut self, user: u64, organization: u64) {
        self.ledger
            .organizations_lost
            .push(OrganizationLost { user_id: user, organization_id: organization });
        self.note_membership(user, organization, false);
        for (id, of) in self.account.memberships_of(user) {
            if of == organization {
                self.account.remove_row(ROWS, id);
            }
        }
        self.name_another_default(user, organization);
    }

    fn name_another_default(&mut self, user: u64, gone: u64) {
        if self.account.number_of("users", user, "organization_id") == Some(gone) {
            let next = self.account.memberships_of(user).first().map(|(_, of)| *of);
            self.make_default(user, next);
        }
    }
}
