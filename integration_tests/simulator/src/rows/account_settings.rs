//! Small listings about the settings of an account, and links to Jira. Fields: Zendesk, Jira Links;
//! X Channel; Resource Collections; Ticket Form Statuses; Deletion Schedules; Omnichannel Routing
//! Queues; Skill-Based Routing.

use super::Seed;
use super::json::object;
use super::ticket_activity::uuid;

/// A link to Jira. The ids of the ticket and of the issue are texts.
pub(crate) fn jira_link(seed: &Seed) -> String {
    seed.finish(object! {
        "id": seed.id,
        "ticket_id": seed.ticket_id.to_string(),
        "issue_id": seed.other_id(1).to_string(),
        "issue_key": format!("OPS-{}", seed.n),
        "created_at": seed.created(),
        "updated_at": seed.updated(),
        "url": seed.url("jira/links"),
    })
}

pub(crate) fn twitter_handle(seed: &Seed) -> String {
    seed.finish(object! {
        "id": seed.id,
        "screen_name": format!("acme_{}", seed.n),
        "name": seed.text(0),
        "twitter_user_id": seed.other_id(2),
        "avatar_url": seed.or_null(1, "https://example.com/avatar.png"),
        "brand_id": seed.or_null(2, seed.other_id(10)),
        "allow_reply": seed.on(0, 2),
        "can_reply": seed.on(0, 3),
        "created_at": seed.created(),
        "updated_at": seed.updated(),
    })
}

pub(crate) fn resource_collection(seed: &Seed) -> String {
    let resource = |n: u64| {
        object! {
            "identifier": seed.text(n),
            "resource_id": seed.other_id(n),
            "type": seed.pick(n, &["ticket_fields", "triggers", "targets"]),
            "deleted": seed.on(n, 5),
        }
    };
    seed.finish(object! {
        "id": seed.id,
        "resources": (0..1 + seed.n % 3).map(resource).collect::<Vec<_>>(),
        "created_at": seed.created(),
        "updated_at": seed.updated(),
    })
}

pub(crate) fn ticket_form_status(seed: &Seed) -> String {
    seed.finish(object! {
        "id": format!("01K{:023}", seed.id),
        "ticket_form_id": seed.other_id(9),
        "custom_status_id": seed.other_id(8),
    })
}

pub(crate) fn deletion_schedule(seed: &Seed) -> String {
    let condition = object! { "field": "status", "operator": "is", "value": seed.text(2) };
    seed.finish(object! {
        "url": seed.url("deletion_schedules"),
        "id": seed.id,
        "title": seed.text(0),
        "description": seed.or_null(1, seed.text(1)),
        "active": seed.on(0, 2),
        "default": seed.n == 1,
        "conditions": object! { "all": [condition], "any": Vec::<super::json::Object>::new() },
        "created_at": seed.created(),
        "updated_at": seed.updated(),
    })
}

/// A routing queue. Only active queues are listed, and their ids are ULIDs.
pub(crate) fn queue(seed: &Seed) -> String {
    let id = format!("01H{:023}", seed.id);
    let condition = object! { "field": "priority", "operator": "is", "value": "urgent" };
    let groups = |count: u64| {
        let group = |n: u64| object! { "id": seed.other_id(n), "name": seed.text(n) };
        object! { "count": count, "groups": (0..count).map(group).collect::<Vec<_>>() }
    };
    seed.finish(object! {
        "url": seed.address(&format!("api/v2/queues/{id}.json")),
        "id": id,
        "name": seed.text(0),
        "description": seed.or_null(1, seed.text(3)),
        "order": seed.n,
        "priority": seed.bits(1) % 5,
        "definition": object! { "all": [condition], "any": Vec::<super::json::Object>::new() },
        "primary_groups": groups(1 + seed.n % 2),
        "secondary_groups": groups(seed.n % 2),
        "created_at": seed.created(),
        "updated_at": seed.updated(),
    })
}

/// A value of a routing attribute. Its listing names the attribute. It is not known whether the row
/// does too.
pub(crate) fn attribute_value(seed: &Seed) -> String {
    let id = uuid(seed);
    seed.finish(object! {
        "url": seed.address(&format!("api/v2/routing/attributes/values/{id}.json")),
        "id": id,
        "name": seed.text(0),
        "created_at": seed.created(),
        "updated_at": seed.updated(),
    })
}
