//! Events of skills. Fields: Zendesk, Incremental Exports, Incremental Skill-Based Routing.

use super::Seed;
use super::json::object;
use super::ticket_activity::uuid;

pub(crate) fn of_attribute(seed: &Seed) -> String {
    seed.finish(object! {
        "id": uuid(seed),
        "name": seed.text(0),
        "time": seed.created(),
        "type": seed.pick(0, &["create", "update", "delete"]),
    })
}

pub(crate) fn of_value(seed: &Seed) -> String {
    seed.finish(object! {
        "attribute_id": format!("15821cba-7326-11e8-b07e-{:012x}", seed.other_id(1)),
        "id": uuid(seed),
        "name": seed.text(0),
        "time": seed.created(),
        "type": seed.pick(0, &["create", "update", "delete"]),
    })
}

/// An event of an agent or a ticket. These events are grouped by value, so one may be older than
/// the one before it.
pub(crate) fn of_instance(seed: &Seed) -> String {
    let is_of_agent = seed.on(0, 2);
    let kinds = match is_of_agent {
        true => ["associate_agent", "unassociate_agent"],
        false => ["associate_ticket", "unassociate_ticket"],
    };
    let instance = if is_of_agent { seed.user_id } else { seed.ticket_id };
    seed.finish(object! {
        "attribute_value_id": format!("19ed17fb-7326-11e8-b07e-{:012x}", seed.other_id(2)),
        "id": uuid(seed),
        "instance_id": instance.to_string(),
        "time": super::zendesk_time(seed.created_at - (seed.n % 3) as i64 * 400 * 86_400),
        "type": kinds[(seed.n / 2 % 2) as usize],
    })
}
