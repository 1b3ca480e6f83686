//! Approval requests. Fields: Zendesk, Approval Requests. No field shows when a request last
//! changed.

use super::Seed;
use super::administration::ulid;
use super::json::{Json, Object, object};

fn user(seed: &Seed, salt: u64) -> Object {
    let photo = object! { "content_url": seed.address("system/photos/1/photo.png") };
    object! {
        "id": seed.other_id(2),
        "name": seed.text(salt),
        "photo": if seed.on(salt, 3) { Json::NULL } else { photo.into() },
    }
}

pub(crate) fn approval_request(seed: &Seed) -> String {
    let status = seed.pick(0, &["active", "approved", "rejected", "withdrawn"]);
    let is_decided = matches!(status, "approved" | "rejected");
    let decided_at = if is_decided { Json::from(seed.updated()) } else { Json::NULL };
    let decision = object! {
        "decided_at": seed.updated(),
        "decided_by_user": user(seed, 5),
        "decision_notes": seed.or_null(1, seed.text(6)),
        "origination_type": seed.or_null(2, "web"),
        "status": status,
    };
    let question = object! {
        "id": seed.other_id(9).to_string(),
        "author": user(seed, 7),
        "created_at": seed.created(),
        "message": seed.body(8),
    };
    // One of both is asked.
    let is_for_a_group = seed.on(0, 3);
    let group = object! { "id": seed.other_id(3), "name": seed.text(4) };
    let group = if is_for_a_group { group.into() } else { Json::NULL };
    let assignee = if is_for_a_group { Json::NULL } else { user(seed, 3).into() };
    let withdrawn = if status == "withdrawn" { seed.text(9) } else { Json::NULL };
    seed.finish(object! {
        "id": ulid(seed),
        "ticket_id": seed.ticket_id,
        "subject": seed.text(0),
        "message": seed.body(1),
        "status": status,
        "origination_type": seed.or_null(0, "web"),
        "created_at": seed.created(),
        "decided_at": decided_at,
        "withdrawn_reason": withdrawn,
        "created_by_user": user(seed, 2),
        "assignee_user": assignee,
        "assignee_group": group,
        "decisions": if is_decided { vec![decision] } else { vec![] },
        "clarification_flow_messages": if seed.on(1, 4) { vec![question] } else { vec![] },
    })
}
