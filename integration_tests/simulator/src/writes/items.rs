//! The kinds of jobs: what each does with an item, and the result that it reports. The shapes
//! differ between kinds, as recorded answers and reports of others show.

use super::records::RecordDeed;
use super::refusal::Refusal;
use super::validation::{Attributes, Input};
use super::world::World;
use super::{memberships, organizations, records, tickets, users};
use crate::account::ADMIN_USER_ID;
use serde_json::{Value, json};

/// One item of a job.
#[derive(Debug, Clone, Default)]
pub(super) struct Item {
    pub(super) id: Option<u64>,
    /// The external id that names the row, if no id does.
    pub(super) external_id: Option<String>,
    /// The custom object of the record.
    pub(super) object: Option<u64>,
    pub(super) input: Input,
    /// Whether `?ids=` or `?external_ids=` named the item. Only this form adds and removes tags.
    pub(super) is_listed: bool,
}

/// The shape of results that nobody has recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Each result has its position in the request as `index`.
    Usual,
    /// A successful result has only its id. A failed one has its position in the request as `id`,
    /// as in jobs that create users.
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JobKind {
    CreateUsers,
    UpsertUsers,
    UpdateUsers,
    DeleteUsers,
    CreateOrganizations,
    UpdateOrganizations,
    DeleteOrganizations,
    CreateTickets,
    UpdateTickets,
    DeleteTickets,
    CreateMemberships,
    DeleteMemberships,
    Records(RecordDeed),
}

use JobKind::{
    CreateMemberships, CreateOrganizations, CreateTickets, CreateUsers, DeleteMemberships,
    DeleteOrganizations, DeleteTickets, DeleteUsers, Records, UpdateOrganizations, UpdateTickets,
    UpdateUsers, UpsertUsers,
};

impl JobKind {
    /// The route that orders the job, its title, its class, and its present action.
    fn names(self) -> [&'static str; 4] {
        match self {
            CreateUsers => {
                ["users/create_many", "Bulk Create User", "UserBulkCreateJob", "Creating user"]
            }
            UpsertUsers => [
                "users/create_or_update_many",
                "Bulk Create Or Update User",
                "UserBulkCreateOrUpdateJob",
                "Creating or updating user",
            ],
            UpdateUsers => {
                ["users/update_many", "Bulk Update User", "UserBulkUpdateJobV2", "Updating user"]
            }
            DeleteUsers => {
                ["users/destroy_many", "Bulk Delete User", "UserBulkDeleteJob", "Deleting user"]
            }
            CreateOrganizations => [
                "organizations/create_many",
                "Bulk Create Organization",
                "OrganizationBulkCreateJob",
                "Creating organization",
            ],
            UpdateOrganizations => [
                "organizations/update_many",
                "Bulk Update Organization",
                "OrganizationBulkUpdateJob",
                "Updating organization",
            ],
            DeleteOrganizations => [
                "organizations/destroy_many",
                "Bulk Delete Organization",
                "OrganizationBulkDeleteJob",
                "Deleting organization",
            ],
            CreateTickets => [
                "tickets/create_many",
                "Bulk Create Ticket",
                "TicketBulkCreateJob",
                "Creating ticket",
            ],
            UpdateTickets => [
                "tickets/update_many",
                "Bulk Update Ticket",
                "TicketBulkUpdateJob",
                "Updating ticket",
            ],
            DeleteTickets => [
                "tickets/destroy_many",
                "Bulk Delete Ticket",
                "TicketBulkDeleteJob",
                "Deleting ticket",
            ],
            CreateMemberships => [
                "organization_memberships/create_many",
                "Bulk Create Organization Membership",
                "OrganizationMembershipBulkCreateJob",
                "Creating organization membership",
            ],
            DeleteMemberships => [
                "organization_memberships/destroy_many",
                "Bulk Delete Organization Membership",
                "OrganizationMembershipBulkDeleteJob",
                "Deleting organization membership",
            ],
            Records(deed) => deed.names(),
        }
    }

    pub(super) fn route(self) -> &'static str {
        self.names()[0]
    }

    pub(super) fn title(self) -> &'static str {
        self.names()[1]
    }

    pub(super) fn class(self) -> &'static str {
        self.names()[2]
    }

    pub(super) fn doing(self) -> &'static str {
        self.names()[3]
    }

    /// Milliseconds per item. Recorded: a hundred organizations take 3 to 7 seconds, users 8 to 12,
    /// tickets 15 to 16.
    pub(super) fn item_ms(self) -> i64 {
        let route = self.route();
        if route.starts_with("users/") {
            100
        } else if route.starts_with("tickets/") {
            155
        } else {
            50
        }
    }

    /// What the objects in the body may contain, and the action that the refusal names.
    pub(super) fn attributes(self) -> (&'static Attributes, &'static str) {
        let (table, action) = self.route().split_once('/').unwrap_or_default();
        let attributes = match table {
            "users" => &users::ATTRIBUTES,
            "organizations" => &organizations::ATTRIBUTES,
            "tickets" => &tickets::ATTRIBUTES,
            "custom_objects" => &records::ATTRIBUTES,
            _ => &memberships::ATTRIBUTES,
        };
        (attributes, action)
    }

    fn table(self) -> &'static str {
        self.route().split('/').next().unwrap_or_default()
    }

    /// Does an item. Returns its result and whether it succeeded.
    pub(super) fn work(
        self,
        world: &mut World<'_>,
        index: usize,
        item: &Item,
        shape: Shape,
        is_stale: bool,
    ) -> (Value, bool) {
        world.adds_tags = item.is_listed;
        if let Records(deed) = self {
            return match deed.work(world, item) {
                Ok(done) => (RecordDeed::good(world, index, done, shape), true),
                Err(refusal) => (self.failed(index, item, None, shape, &refusal), false),
            };
        }
        let id = item.id.or_else(|| {
            let key = item.external_id.as_ref()?;
            world.account.living_with(self.table(), "external_id", key).pop()
        });
        let done = match (self, id) {
            _ if is_stale => Err(Refusal::Conflict),
            (CreateUsers, _) => world.create_user(&item.input).map(created),
            (UpsertUsers, _) => world.create_or_update_user(&item.input).map(|(id, is_new)| {
                // Reports of others: a good item names the address.
                let email = world.account.text_of("users", id, "email");
                let status = if is_new { "Created" } else { "Updated" };
                json!({ "id": id, "status": status, "email": email })
            }),
            (CreateOrganizations, _) => world.create_organization(&item.input).map(created),
            (CreateMemberships, _) => world.create_membership(&item.input).map(|id| match shape {
                Shape::Usual => json!({ "index": index, "id": id, "status": "Created" }),
                Shape::Other => created(id),
            }),
            (CreateTickets, _) => world.create_ticket(&item.input).map(|(id, _)| {
                json!({ "index": index, "id": id, "account_id": ADMIN_USER_ID % 100_000_000 })
            }),
            (_, None) | (Records(_), _) => Err(Refusal::NotFound),
            (UpdateUsers, Some(id)) => world.update_user(id, &item.input).map(|()| updated(id)),
            (UpdateOrganizations, Some(id)) => {
                world.update_organization(id, &item.input).map(|()| updated(id))
            }
            (UpdateTickets, Some(id)) => {
                world.update_ticket(id, &item.input).map(|_| updated(id))
            }
            (DeleteUsers, Some(id)) => world.delete_user(id).map(|()| deleted(id)),
            (DeleteOrganizations, Some(id)) => {
                world.delete_organization(id).map(|()| deleted(id))
            }
            (DeleteTickets, Some(id)) => world.delete_ticket(id).map(|()| deleted(id)),
            (DeleteMemberships, Some(id)) => world.delete_membership(id).map(|()| deleted(id)),
        };
        match done {
            Ok(result) => (result, true),
            Err(refusal) => (self.failed(index, item, id.or(item.id), shape, &refusal), false),
        }
    }

    /// The text of a refusal. Reports of others: the jobs of users put a complaint about an address
    /// under the name.
    fn words(self, refusal: &Refusal) -> String {
        let words = refusal.words();
        let is_of_users = matches!(self, CreateUsers | UpsertUsers);
        if is_of_users && words.ends_with("is not properly formatted") {
            return format!("Name: {words}");
        }
        words
    }

    /// The name of an error that has no more exact one.
    fn error(self) -> &'static str {
        match self {
            CreateUsers => "UserCreateError",
            UpsertUsers | UpdateUsers => "UserUpdateError",
            DeleteUsers => "UserDeleteError",
            CreateOrganizations => "OrganizationCreateFailed",
            UpdateOrganizations => "OrganizationUpdateFailed",
            DeleteOrganizations => "OrganizationDeleteFailed",
            CreateTickets => "TicketCreateFailed",
            UpdateTickets => "TicketUpdateFailed",
            DeleteTickets => "TicketDeleteFailed",
            CreateMemberships => "OrganizationMembershipCreateFailed",
            DeleteMemberships => "OrganizationMembershipDeleteFailed",
            Records(deed) => deed.error(),
        }
    }

    /// The result of an item that failed.
    pub(super) fn failed(
        self,
        index: usize,
        item: &Item,
        id: Option<u64>,
        shape: Shape,
        refusal: &Refusal,
    ) -> Value {
        let (error, details) = (refusal.name(self.error()), self.words(refusal));
        match self {
            Records(_) => RecordDeed::failed(index, item, shape, error, &details),
            CreateMemberships if shape == Shape::Other => {
                json!({ "id": index, "error": error, "details": details, "status": "Failed" })
            }
            // Reports of others: the `id` of a failed item is its place in the request.
            CreateUsers | UpsertUsers => {
                json!({ "id": index, "error": error, "details": details, "status": "Failed" })
            }
            // Recorded, and for the creations by analogy.
            UpdateOrganizations => {
                json!({ "index": index, "error": error, "id": id, "details": details })
            }
            CreateOrganizations | CreateTickets | CreateMemberships => {
                json!({ "index": index, "error": error, "details": details })
            }
            UpdateUsers | UpdateTickets => {
                json!({ "id": id, "action": "update", "success": false, "error": error,
                    "details": details })
            }
            DeleteUsers | DeleteOrganizations | DeleteTickets | DeleteMemberships => {
                json!({ "id": id, "action": "delete", "success": false, "error": error,
                    "details": details })
            }
        }
    }
}

fn created(id: u64) -> Value {
    json!({ "id": id, "status": "Created" })
}

fn updated(id: u64) -> Value {
    json!({ "id": id, "action": "update", "status": "Updated", "success": true })
}

fn deleted(id: u64) -> Value {
    json!({ "id": id, "action": "delete", "status": "Deleted", "success": true })
}
