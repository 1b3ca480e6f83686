use super::*;
use crate::{
    AGENT_BEARER, GRANULAR_WRITE_BEARER, PEOPLE_WRITE_BEARER, READ_SCOPE_BEARER, WRITE_SCOPE_BEARER,
};
use serde_json::json;

#[test]
fn a_write_needs_a_scope_that_writes() {
    let sim = desk();
    let as_who = |bearer: &str, route: &str, body: Value| {
        send(&sim, "POST", route, &by(bearer), body.to_string().as_bytes()).expect("an answer")
    };
    let user = json!({ "user": { "name": "A" } });
    let ticket = json!({ "ticket": { "comment": { "body": "B" } } });
    let got = as_who(READ_SCOPE_BEARER, "users", user.clone());
    assert_eq!(got.status, 403);
    assert!(got.text().contains("You are missing the following required scopes: write"));
    for (bearer, users, tickets) in [
        (WRITE_SCOPE_BEARER, 201, 201),
        (GRANULAR_WRITE_BEARER, 403, 201),
        (PEOPLE_WRITE_BEARER, 201, 403),
    ] {
        assert_eq!(as_who(bearer, "users", user.clone()).status, users, "{bearer}");
        assert_eq!(as_who(bearer, "tickets", ticket.clone()).status, tickets, "{bearer}");
    }
    let nobody = send(&sim, "POST", "users", "", b"{}").expect("an answer");
    assert_eq!(nobody.status, 401);
    let scopes = super::super::send(&sim, "/api/v2/oauth/tokens/current", &by(WRITE_SCOPE_BEARER));
    assert_eq!(scopes.expect("an answer").json()["token"]["scopes"], json!(["read", "write"]));
    // Which granular scope opens jobs is not known.
    let jobs = super::super::send(&sim, "/api/v2/job_statuses/x", &by(GRANULAR_WRITE_BEARER));
    assert_eq!(jobs.expect("an answer").status, 403);
}

#[test]
fn agents_write_what_agents_may() {
    let sim = desk();
    let end_user = user(&sim, json!({ "name": "U" }));
    let agent = user(&sim, json!({ "name": "G", "role": "agent" }));
    let id = organization(&sim, json!({ "name": "O" }));
    for (method, route, body, status) in [
        ("POST", "users".to_owned(), json!({ "user": { "name": "N", "role": "admin" } }), 201),
        ("PUT", format!("users/{end_user}"), json!({ "user": { "name": "N" } }), 200),
        ("PUT", format!("users/{agent}"), json!({ "user": { "name": "N" } }), 403),
        ("PUT", "users/update_many?ids=1".into(), json!({ "user": { "name": "N" } }), 403),
        ("DELETE", "users/destroy_many?ids=1".into(), json!({}), 403),
        ("POST", "organizations".into(), json!({ "organization": { "name": "N" } }), 403),
        ("PUT", format!("organizations/{id}"), json!({ "organization": { "notes": "N" } }), 200),
        ("PUT", format!("organizations/{id}"), json!({ "organization": { "name": "N" } }), 403),
        ("POST", "tickets".into(), json!({ "ticket": { "comment": { "body": "B" } } }), 201),
    ] {
        let body = body.to_string();
        let got = send(&sim, method, &route, &by(AGENT_BEARER), body.as_bytes());
        assert_eq!(got.expect("an answer").status, status, "{method} {route}");
    }
    // A role that an agent writes is left out.
    assert_eq!(sim.ledger().role_changes, []);
}

#[test]
fn without_bulk_import_only_the_jobs_of_creation_are_shut() {
    let settings = Settings { bulk_import: false, enforce_limits: false, ..Settings::default() };
    let sim = start(settings);
    let users = json!({ "users": [{ "name": "A", "email": "a@x.test" }] });
    assert_eq!(write(&sim, "POST", "users/create_many", &users).status, 403);
    assert_eq!(write(&sim, "POST", "users/create_or_update_many", &users).status, 403);
    let one = json!({ "users": [{ "id": 1, "name": "A" }] });
    assert_eq!(write(&sim, "PUT", "users/update_many", &one).status, 200);
    let organizations = json!({ "organizations": [{ "name": "A" }] });
    assert_eq!(write(&sim, "POST", "organizations/create_many", &organizations).status, 200);
    sim.knobs(|knobs| knobs.bulk_import_is_off = false);
    assert_eq!(write(&sim, "POST", "users/create_many", &users).status, 200);
}

#[test]
fn other_methods_and_other_routes_are_405() {
    let sim = desk();
    for (method, route) in [("PATCH", "users/1"), ("POST", "groups"), ("PUT", "users")] {
        assert_eq!(write(&sim, method, route, &json!({})).status, 405, "{method} {route}");
    }
    assert_eq!(get(&sim, "users/1/nothing").json()["error"], "InvalidEndpoint");
}
