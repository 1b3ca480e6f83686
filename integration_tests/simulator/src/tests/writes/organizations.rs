use super::*;
use serde_json::json;

#[test]
fn an_organization_is_never_found_by_its_name() {
    let sim = desk();
    let id = organization(&sim, json!({ "name": "Acme", "external_id": "O1" }));
    let upsert = |given: Value| {
        write(&sim, "POST", "organizations/create_or_update", &json!({ "organization": given }))
    };
    let got = upsert(json!({ "name": "acme", "notes": "n" }));
    assert!(complaint(&got, "name").contains("already been taken"));
    let got = upsert(json!({ "external_id": "o1", "notes": "n" }));
    assert_eq!((got.status, id_of(&got.json()["organization"])), (200, id));
    assert_eq!(got.json()["organization"]["external_id"], "o1");
    assert_eq!(upsert(json!({ "id": id, "notes": "m" })).status, 200);
    assert_eq!(upsert(json!({ "id": 7, "name": "New" })).status, 404);
    assert_eq!(upsert(json!({ "external_id": "o2", "name": "Other" })).status, 201);
    let long = write(
        &sim,
        "PUT",
        &format!("organizations/{id}"),
        &json!({ "organization": { "name": "n".repeat(256) } }),
    );
    assert!(complaint(&long, "name").contains("too long"));
    let found = read(&sim, "organizations/search?external_id=O2");
    assert_eq!(found["organizations"][0]["name"], "Other");
    assert_eq!(read(&sim, "organizations/search?name=ACME")["count"], 1);
    assert_eq!(read(&sim, "organizations/search?name=Acm")["count"], 0);
    assert_eq!(read(&sim, "organizations/autocomplete?name=Acm")["count"], 1);
}

#[test]
fn domains_bring_verified_users_and_take_them_out_again() {
    let sim = desk();
    let one = user(&sim, json!({ "name": "A", "email": "a@dom.test", "verified": true }));
    let two = user(&sim, json!({ "name": "B", "email": "b@dom.test" }));
    let id = organization(&sim, json!({ "name": "Dom", "domain_names": ["dom.test"] }));
    let of = |user: u64| read(&sim, &format!("users/{user}"))["user"]["organization_id"].clone();
    assert_eq!((of(one), of(two)), (json!(id), Value::Null));
    let none = json!({ "organization": { "domain_names": [] } });
    done(&sim, "PUT", &format!("organizations/{id}"), &none);
    assert_eq!(of(one), Value::Null);
    assert_eq!(sim.ledger().organizations_lost[0].user_id, one);
}

#[test]
fn a_deleted_organization_leaves_its_users_without_it() {
    let sim = desk();
    let id = organization(&sim, json!({ "name": "Gone" }));
    let user = user(&sim, json!({ "name": "A", "organization_id": id }));
    assert_eq!(write(&sim, "DELETE", &format!("organizations/{id}"), &json!({})).status, 204);
    assert_eq!(get(&sim, &format!("organizations/{id}")).status, 404);
    assert_eq!(read(&sim, &format!("users/{user}"))["user"]["organization_id"], Value::Null);
    organization(&sim, json!({ "name": "Gone" }));
}

#[test]
fn tags_of_an_organization_are_set_added_and_removed() {
    let sim = desk();
    let id = organization(&sim, json!({ "name": "Acme", "tags": ["a"] }));
    let route = format!("organizations/{id}/tags");
    let got = write(&sim, "PUT", &route, &json!({ "tags": ["b"] }));
    assert_eq!((got.status, &got.json()["tags"]), (200, &json!(["a", "b"])));
    let got = write(&sim, "DELETE", &route, &json!({ "tags": ["a"] }));
    assert_eq!((got.status, &got.json()["tags"]), (200, &json!(["b"])));
    let got = write(&sim, "POST", &route, &json!({ "tags": ["c"] }));
    assert_eq!((got.status, &got.json()["tags"]), (201, &json!(["c"])));
    assert_eq!(sim.ledger().tags_lost[0].tags, ["b"]);
}
