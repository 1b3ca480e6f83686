//! Triggers of custom objects, and access rules to their records.
//! Fields: Zendesk, Object Triggers; Custom Object Permissions.

use super::Seed;
use super::administration::ulid;
use super::business_rules::{conditions, rule};
use super::json::object;

/// A trigger like one of tickets, without a category.
pub(crate) fn trigger(seed: &Seed) -> String {
    let path = format!("api/v2/custom_objects/kind/triggers/{}.json", seed.id);
    let row = rule(seed, "Trigger")
        .with("url", seed.address(&path))
        .with("raw_title", seed.name("Trigger", 0))
        .with("conditions", conditions(seed))
        .with("description", seed.or_null(0, seed.text(5)));
    seed.finish(row)
}

pub(crate) fn access_rule(seed: &Seed) -> String {
    seed.finish(object! {
        "id": ulid(seed),
        "name": seed.text(0),
        "conditions": conditions(seed),
        "created_at": seed.created(),
        "updated_at": seed.updated(),
    })
}
