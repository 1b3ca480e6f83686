//! Nonsense bodies, at every route. Each is answered, and nothing breaks.

use super::*;
use crate::Prng;
use serde_json::json;

const KEYS: &[&str] = &[
    "id",
    "name",
    "email",
    "external_id",
    "tags",
    "role",
    "custom_role_id",
    "user_fields",
    "phone",
    "organization_id",
    "organization_fields",
    "domain_names",
    "group_id",
    "comment",
    "subject",
    "description",
    "custom_fields",
    "requester",
    "requester_id",
    "assignee_id",
    "assignee_email",
    "status",
    "priority",
    "due_at",
    "safe_update",
    "updated_stamp",
    "additional_tags",
    "type",
    "value",
    "user_id",
    "default",
    "identities",
    "skip_verify_email",
    "body",
    "public",
    "field_1",
];

const ROUTES: &[(&str, &str, &str)] = &[
    ("POST", "users", "user"),
    ("POST", "users/create_or_update", "user"),
    ("PUT", "users/ID", "user"),
    ("POST", "users/ID/identities", "identity"),
    ("PUT", "users/ID/tags", "tags"),
    ("POST", "users/create_many", "users"),
    ("POST", "users/create_or_update_many", "users"),
    ("PUT", "users/update_many", "users"),
    ("PUT", "users/update_many?ids=ID,1,x", "user"),
    ("PUT", "users/update_many?external_ids=a,b", "user"),
    ("POST", "organizations", "organization"),
    ("POST", "organizations/create_or_update", "organization"),
    ("POST", "organizations/create_many", "organizations"),
    ("PUT", "organizations/update_many?ids=1,2", "organization"),
    ("POST", "organization_memberships", "organization_membership"),
    ("POST", "organization_memberships/create_many", "organization_memberships"),
    ("POST", "tickets", "ticket"),
    ("PUT", "tickets/3", "ticket"),
    ("POST", "tickets/create_many", "tickets"),
    ("PUT", "tickets/update_many", "tickets"),
    ("DELETE", "tickets/2/tags", "tags"),
    ("DELETE", "users/destroy_many?ids=1,-2", "ids"),
];

fn value(chance: &mut Prng, user: u64, depth: u64) -> Value {
    match chance.below(if depth > 3 { 14 } else { 17 }) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(user),
        3 => json!(-1),
        4 => json!(1e300),
        5 => json!(u64::MAX),
        6 => json!(""),
        7 => json!("a@x.test"),
        8 => json!("2026-01-31"),
        9 => json!("\u{0}\n\u{1f600}\"\\"),
        10 => json!("\u{e9}".repeat(300)),
        11 => json!("open"),
        12 => json!("choice_0"),
        13 => json!("2026-01-3\u{e9}"),
        14 => {
            json!((0..chance.below(4)).map(|_| value(chance, user, depth + 1)).collect::<Vec<_>>())
        }
        _ => object(chance, user, depth + 1),
    }
}

fn object(chance: &mut Prng, user: u64, depth: u64) -> Value {
    let mut object = serde_json::Map::new();
    for _ in 0..chance.below(5) {
        let key = KEYS[chance.below(KEYS.len() as u64) as usize];
        object.insert(key.to_owned(), value(chance, user, depth));
    }
    Value::Object(object)
}

#[test]
fn every_body_is_answered_and_every_row_stays_whole() {
    let sim = desk();
    let id = user(&sim, json!({ "name": "A", "email": "b@x.test" }));
    sim.knobs(|knobs| knobs.jobs_limit = Some(u32::MAX));
    let mut chance = Prng::new(5);
    for n in 0..1500 {
        let (method, route, name) = ROUTES[n % ROUTES.len()];
        let body = match chance.below(8) {
            0 => value(&mut chance, id, 0),
            _ if name.ends_with('s') && name != "tags" => {
                let list = (0..3).map(|_| object(&mut chance, id, 0)).collect::<Vec<_>>();
                json!({ name: list })
            }
            1 => json!({ name: value(&mut chance, id, 0) }),
            _ => json!({ name: object(&mut chance, id, 0) }),
        };
        let route = route.replace("ID", &id.to_string());
        let got = send(&sim, method, &route, &by(ADMIN_BEARER), body.to_string().as_bytes());
        let status = got.map_or(0, |got| got.status);
        assert!((200..500).contains(&status), "{method} {route} {body}: {status}");
        if n % 50 == 0 {
            sim.advance_seconds(10);
        }
    }
    sim.advance_seconds(100);
    assert!(sim.jobs().iter().all(|job| job.status != "working"));
    for resource in ["users", "organizations", "tickets", "user_identities", "ticket_events"] {
        assert!(!sim.account(|account| account.truth(resource)).is_empty());
    }
    assert!(sim.ledger().writes.len() > 100, "{:?}", sim.ledger().counts());
}
