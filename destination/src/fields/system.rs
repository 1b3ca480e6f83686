//! The standard fields, which every account has.
//!
//! Source: Zendesk, "Users", "Organizations", "Tickets": what may be written. Fields that Zendesk does not
//! show are left out, because the program could not tell whether they differ.

use super::field::{Field, Fields, Kind, Place};
use super::relation::{Holder, Relation};
use crate::object::{KeyField, Object};

/// A row of the tables below.
type Row = (&'static str, Kind, Place, &'static str);

const STATUSES: &[&str] = &["new", "open", "pending", "hold", "solved", "closed"];
const PRIORITIES: &[&str] = &["low", "normal", "high", "urgent"];
const TYPES: &[&str] = &["problem", "incident", "question", "task"];
const ROLES: &[&str] = &["end-user", "agent", "admin"];
const RESTRICTIONS: &[&str] = &["organization", "groups", "assigned", "requested"];

const ORGANIZATION: Relation = organization(KeyField::ExternalId);

const fn organization(by: KeyField) -> Relation {
    Relation { field: Holder::System("organization_id"), object: Object::Organizations, by }
}

const fn user(field: &'static str, by: KeyField) -> Relation {
    Relation { field: Holder::System(field), object: Object::Users, by }
}

/// All fields of an object: standard fields, then custom fields.
#[must_use]
pub fn all(object: Object, allow_agents: bool, custom: Vec<Field>) -> Fields {
    let rows = match object {
        Object::Users => users(allow_agents),
        Object::Organizations => organizations(),
        Object::Tickets => tickets(),
        Object::OrganizationMemberships => memberships(),
        Object::Records(_) => records(),
    };
    let field = |(name, kind, place, description): Row| Field {
        name: name.to_owned(),
        place,
        kind,
        description: Some(description.to_owned()).filter(|text| !text.is_empty()),
        tag: None,
    };
    Fields::of(rows.into_iter().map(field).chain(custom).collect())
}

fn users(allow_agents: bool) -> Vec<Row> {
    use Kind::{Boolean, Choice, Email, Id, Phone, Text, Words};
    use Place::System;
    let mut rows = vec![
        ("id", Id, Place::Id, "The user's id in Zendesk"),
        (
            "external_id",
            Text,
            System,
            "The user's id in another system, unique and case-insensitive",
        ),
        (
            "email",
            Email,
            Place::Email,
            "The primary e-mail address. The former primary address stays as a secondary address",
        ),
        ("name", Text, System, "The user's name"),
        ("alias", Text, System, "The name that end users see"),
        ("details", Text, System, "Details, such as an address"),
        ("notes", Text, System, "Notes that agents see"),
        ("phone", Phone, System, "The telephone number"),
        ("shared_phone_number", Boolean, System, "Whether other users have the same number"),
        ("locale", Text, System, "The language, such as en-US"),
        ("time_zone", Text, System, "The time zone, by Zendesk's name for it"),
        ("organization_id", Id, Place::Organization, "An organization of the user"),
        (
            "organization_external_id",
            Text,
            Place::Related(ORGANIZATION),
            "An organization of the user, by its external id",
        ),
        ("tags", Words, Place::Tags, "Tags, as a list or separated by commas"),
        ("suspended", Boolean, System, "Whether tickets of the user are suspended"),
        ("verified", Boolean, System, "Whether the e-mail address counts as verified"),
    ];
    if allow_agents {
        rows.extend([
            ("role", Choice(ROLES), System, "The role of the user"),
            ("custom_role_id", Id, System, "The custom role of an agent on Enterprise plans"),
            ("default_group_id", Id, System, "The default group of an agent"),
            ("signature", Text, System, "The signature of an agent"),
            ("moderator", Boolean, System, "Whether the user moderates the community"),
            (
                "only_private_comments",
                Boolean,
                System,
                "Whether an agent can only write private comments",
            ),
            ("restricted_agent", Boolean, System, "Whether an agent can see only some tickets"),
            ("ticket_restriction", Choice(RESTRICTIONS), System, "Which tickets the user can see"),
        ]);
    }
    rows
}

fn organizations() -> Vec<Row> {
    use Kind::{Boolean, Id, Text, Words};
    use Place::System;
    vec![
        ("id", Id, Place::Id, "The organization's id in Zendesk"),
        ("external_id", Text, System, "The organization's id in another system, unique"),
        ("name", Text, System, "The organization's name, unique"),
        ("details", Text, System, "Details, such as an address"),
        ("notes", Text, System, "Notes that agents see"),
        ("group_id", Id, System, "The group that gets new tickets"),
        ("shared_comments", Boolean, System, "Whether its users can see each other's comments"),
        ("shared_tickets", Boolean, System, "Whether its users can see each other's tickets"),
        (
            "domain_names",
            Words,
            Place::Domains,
            "Domains whose users join the organization. They are added to its other domains",
        ),
        ("tags", Words, Place::Tags, "Tags, as a list or separated by commas"),
    ]
}

fn memberships() -> Vec<Row> {
    use Kind::{Email, Id, Text};
    use Place::{Related, System};
    vec![
        ("user_id", Id, System, "The user, by id"),
        (
            "user_external_id",
            Text,
            Related(user("user_id", KeyField::ExternalId)),
            "The user, by external id",
        ),
        (
            "user_email",
            Email,
            Related(user("user_id", KeyField::Email)),
            "The user, by e-mail address",
        ),
        ("organization_id", Id, System, "The organization, by id"),
        (
            "organization_external_id",
            Text,
            Related(ORGANIZATION),
            "The organization, by its external id",
        ),
        (
            "organization_name",
            Text,
            Related(organization(KeyField::Name)),
            "The organization, by its name",
        ),
    ]
}

/// The name of a record is among the custom fields, because Zendesk may assign it.
fn records() -> Vec<Row> {
    vec![
        ("id", Kind::Text, Place::Id, "The record's id in Zendesk"),
        (
            "external_id",
            Kind::Text,
            Place::System,
            "The record's id in another system, unique and case-sensitive",
        ),
    ]
}

fn tickets() -> Vec<Row> {
    use Kind::{Choice, DateTime, Email, Id, Text, Words};
    use Place::{AtCreation, Related, System};
    vec![
        ("id", Id, Place::Id, "The ticket's id in Zendesk"),
        ("external_id", Text, System, "The ticket's id in another system"),
        ("subject", Text, System, "The subject"),
        ("description", Text, Place::Description, "The first comment of a new ticket"),
        ("comment", Text, Place::Comment, "A comment on an existing ticket"),
        ("status", Choice(STATUSES), System, ""),
        ("custom_status_id", Id, System, "The custom status, if the account has custom statuses"),
        ("priority", Choice(PRIORITIES), System, ""),
        ("type", Choice(TYPES), System, ""),
        ("requester_id", Id, System, "The requester"),
        (
            "requester_external_id",
            Text,
            Related(user("requester_id", KeyField::ExternalId)),
            "The requester, by external id",
        ),
        (
            "requester_email",
            Email,
            Related(user("requester_id", KeyField::Email)),
            "The requester, by e-mail address",
        ),
        ("submitter_id", Id, AtCreation, "The submitter of a new ticket"),
        ("assignee_id", Id, System, "The assignee"),
        (
            "assignee_email",
            Email,
            Related(user("assignee_id", KeyField::Email)),
            "The assignee, by e-mail address",
        ),
        ("group_id", Id, System, "The assigned group"),
        ("organization_id", Id, System, "One of the requester's organizations"),
        (
            "organization_external_id",
            Text,
            Related(ORGANIZATION),
            "One of the requester's organizations, by its external id",
        ),
        ("problem_id", Id, System, "The problem that an incident belongs to"),
        ("due_at", DateTime, System, "When a task is due"),
        ("brand_id", Id, AtCreation, "The brand of a new ticket"),
        ("ticket_form_id", Id, AtCreation, "The form of a new ticket"),
        ("recipient", Email, AtCreation, "The address that a new ticket was sent to"),
        ("tags", Words, Place::Tags, "Tags, as a list or separated by commas"),
    ]
}
