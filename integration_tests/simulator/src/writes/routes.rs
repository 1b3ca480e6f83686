//! The table of all writes: method, path, who may, and the handler. A path of plain words comes
//! before one with an id in the same position.

use super::bulk;
use super::record_requests as records;
use super::request::Call;
use super::single;
use crate::answer::Answer;
use crate::auth::Role;
use crate::listings::ids_of;

type Act = fn(&mut Call<'_>) -> Result<Answer, Answer>;

/// Who may write.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gate {
    pub(super) role: Role,
    /// The family of granular scopes that allows it, besides `write`.
    pub(super) scope: &'static str,
    pub(super) is_bulk_import: bool,
}

pub(crate) struct Route {
    method: &'static str,
    pub(crate) path: &'static str,
    pub(super) gate: Gate,
    pub(super) act: Act,
}

impl Route {
    pub(super) fn method(&self) -> &'static str {
        self.method
    }
}

/// The route of a request, and the ids in its path.
pub(crate) fn find<'r>(method: &str, route: &'r str) -> Option<(&'static Route, Vec<&'r str>)> {
    let of_method = ROUTES.iter().filter(|known| known.method == method);
    let mut found = of_method.filter_map(|known| Some((known, ids_of(known.path, route)?)));
    found.next()
}

const AGENTS: Gate = Gate { role: Role::Agent, scope: "", is_bulk_import: false };
const USERS: Gate = Gate { scope: "users", ..AGENTS };
const ORGANIZATIONS: Gate = Gate { scope: "organizations", ..AGENTS };
const OBJECTS: Gate = Gate { scope: "custom_objects", ..AGENTS };
const TICKETS: Gate = Gate { scope: "tickets", ..AGENTS };

const fn admins(gate: Gate) -> Gate {
    Gate { role: Role::Admin, ..gate }
}

const fn import(gate: Gate) -> Gate {
    Gate { is_bulk_import: true, ..gate }
}

const fn post(path: &'static str, gate: Gate, act: Act) -> Route {
    Route { method: "POST", path, gate, act }
}

const fn put(path: &'static str, gate: Gate, act: Act) -> Route {
    Route { method: "PUT", path, gate, act }
}

const fn patch(path: &'static str, gate: Gate, act: Act) -> Route {
    Route { method: "PATCH", path, gate, act }
}

const fn delete(path: &'static str, gate: Gate, act: Act) -> Route {
    Route { method: "DELETE", path, gate, act }
}

/// Zendesk, Users, Organizations, Tickets and the pages of what belongs to them: "Allowed For".
static ROUTES: &[Route] = &[
    post("users", USERS, single::create_user),
    post("users/create_or_update", USERS, single::create_or_update_user),
    post("users/create_many", import(admins(USERS)), bulk::create_users),
    post("users/create_or_update_many", import(admins(USERS)), bulk::upsert_users),
    put("users/update_many", admins(USERS), bulk::update_users),
    delete("users/destroy_many", admins(USERS), bulk::delete_users),
    put("users/{}", USERS, single::update_user),
    delete("users/{}", USERS, single::delete_user),
    post("users/{}/identities", USERS, single::create_identity),
    put("users/{}/identities/{}/make_primary", USERS, single::make_primary),
    put("users/{}/identities/{}", USERS, single::update_identity),
    delete("users/{}/identities/{}", USERS, single::delete_identity),
    put(
        "users/{}/organization_memberships/{}/make_default",
        ORGANIZATIONS,
        single::make_default_membership,
    ),
    post("users/{}/tags", USERS, single::set_tags),
    put("users/{}/tags", USERS, single::add_tags),
    delete("users/{}/tags", USERS, single::remove_tags),
    post("organization_memberships", ORGANIZATIONS, single::create_membership),
    post("organization_memberships/create_many", ORGANIZATIONS, bulk::create_memberships),
    delete("organization_memberships/destroy_many", ORGANIZATIONS, bulk::delete_memberships),
    delete("organization_memberships/{}", ORGANIZATIONS, single::delete_membership),
    post("organizations", admins(ORGANIZATIONS), single::create_organization),
    post("organizations/create_or_update", ORGANIZATIONS, single::create_or_update_organization),
    post("organizations/create_many", admins(ORGANIZATIONS), bulk::create_organizations),
    put("organizations/update_many", ORGANIZATIONS, bulk::update_organizations),
    delete("organizations/destroy_many", admins(ORGANIZATIONS), bulk::delete_organizations),
    put("organizations/{}", ORGANIZATIONS, single::update_organization),
    delete("organizations/{}", admins(ORGANIZATIONS), single::delete_organization),
    post("organizations/{}/tags", admins(ORGANIZATIONS), single::set_tags),
    put("organizations/{}/tags", admins(ORGANIZATIONS), single::add_tags),
    delete("organizations/{}/tags", admins(ORGANIZATIONS), single::remove_tags),
    post("custom_objects/{}/jobs", OBJECTS, records::order_job),
    post("custom_objects/{}/records", OBJECTS, records::create),
    patch("custom_objects/{}/records", OBJECTS, records::upsert),
    delete("custom_objects/{}/records", OBJECTS, records::delete_by_key),
    patch("custom_objects/{}/records/{}", OBJECTS, records::update),
    delete("custom_objects/{}/records/{}", OBJECTS, records::delete),
    post("tickets", TICKETS, single::create_ticket),
    post("tickets/create_many", TICKETS, bulk::create_tickets),
    put("tickets/update_many", TICKETS, bulk::update_tickets),
    delete("tickets/destroy_many", TICKETS, bulk::delete_tickets),
    put("tickets/{}", TICKETS, single::update_ticket),
    delete("tickets/{}", TICKETS, single::delete_ticket),
    post("tickets/{}/tags", TICKETS, single::set_tags),
    put("tickets/{}/tags", TICKETS, single::add_tags),
    delete("tickets/{}/tags", TICKETS, single::remove_tags),
];
