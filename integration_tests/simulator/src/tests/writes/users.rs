use super::*;
use crate::ADMIN_USER_ID;
use crate::{CustomField, Deed};
use serde_json::json;

#[test]
fn a_user_is_created_once_and_found_by_both_keys() {
    let sim = desk();
    let body = json!({ "user": { "name": "A", "email": "A@x.test", "external_id": "Key-1",
        "skip_verify_email": true, "tags": ["VIP gold", "vip"] } });
    let created = write(&sim, "POST", "users/create_or_update", &body);
    assert_eq!(created.status, 201);
    let id = id_of(&created.json()["user"]);
    assert!(created.header("location").is_some_and(|to| to.ends_with(&format!("users/{id}.json"))));
    assert_eq!(created.json()["user"]["tags"], json!(["vip", "gold"]));
    assert_eq!(sim.ledger().verification_mails, []);
    // By the external id in other letters, whose case is rewritten.
    let body = json!({ "user": { "external_id": "kEY-1", "name": "B" } });
    let updated = write(&sim, "POST", "users/create_or_update", &body);
    assert_eq!((updated.status, id_of(&updated.json()["user"])), (200, id));
    assert_eq!(updated.json()["user"]["external_id"], "kEY-1");
    // By the address.
    let body = json!({ "user": { "email": "a@X.test", "name": "C" } });
    let updated = write(&sim, "POST", "users/create_or_update", &body);
    assert_eq!((updated.status, id_of(&updated.json()["user"])), (200, id));
    assert_eq!(sim.ledger().created("users"), [id]);
    assert_eq!(sim.ledger().updated("users"), [id, id]);
    // Two keys that mean two users.
    user(&sim, json!({ "name": "Other", "email": "other@x.test" }));
    let body = json!({ "user": { "external_id": "key-1", "email": "other@x.test", "name": "D" } });
    let got = write(&sim, "POST", "users/create_or_update", &body);
    assert!(complaint(&got, "email").contains("already being used by another user"));
}

#[test]
fn a_new_address_is_a_second_one_until_it_is_made_primary() {
    let sim = desk();
    let id = user(&sim, json!({ "name": "A", "email": "a@x.test" }));
    let route = format!("users/{id}");
    let updated = done(&sim, "PUT", &route, &json!({ "user": { "email": "new@x.test" } }));
    assert_eq!(updated["user"]["email"], "a@x.test");
    let identities = read(&sim, &format!("users/{id}/identities"))["identities"].clone();
    assert_eq!(identities.as_array().map(Vec::len), Some(2));
    let ledger = sim.ledger();
    let mails: Vec<_> = ledger.verification_mails.iter().map(|mail| mail.email.as_str()).collect();
    assert_eq!(mails, ["a@x.test", "new@x.test"]);
    let second = id_of(&identities[1]);
    done(&sim, "PUT", &format!("users/{id}/identities/{second}/make_primary"), &json!({}));
    assert_eq!(read(&sim, &route)["user"]["email"], "new@x.test");
    assert_eq!(sim.ledger().primary_email_changes[0].to, "new@x.test");
    let first = id_of(&identities[0]);
    let made_primary =
        write(&sim, "DELETE", &format!("users/{id}/identities/{second}"), &json!({}));
    assert_eq!(made_primary.status, 422);
    done(&sim, "DELETE", &format!("users/{id}/identities/{first}"), &json!({}));
    let body = json!({ "identity": { "type": "email", "value": "third@x.test" },
        "skip_verify_email": true });
    done(&sim, "POST", &format!("users/{id}/identities"), &body);
    assert_eq!(sim.ledger().verification_mails.len(), 2);
    let taken = write(&sim, "POST", &format!("users/{id}/identities"), &body);
    assert!(complaint(&taken, "value").starts_with("Value: third@x.test"));
}

#[test]
fn bad_users_are_refused_with_the_field() {
    let sim = desk();
    user(&sim, json!({ "name": "A", "email": "a@x.test", "external_id": "key" }));
    for (given, field, words) in [
        (json!({ "email": "b@x.test" }), "name", "Name: is too short"),
        (json!({ "name": "B", "email": "b@x" }), "email", "Email: b@x is not properly formatted"),
        (json!({ "name": "B", "email": "A@x.test" }), "email", "already being used"),
        (json!({ "name": "B", "external_id": "KEY" }), "external_id", "already been taken"),
        (json!({ "name": "B", "organization_id": 1 }), "organization", "invalid"),
        (json!({ "name": "B", "role": "king" }), "role", "not a valid role"),
    ] {
        let got = write(&sim, "POST", "users", &json!({ "user": given }));
        assert!(complaint(&got, field).contains(words), "{}", got.text());
    }
    for bad in [json!({ "tags": "a" }), json!({ "name": 7 }), json!({ "verified": "maybe" })] {
        let got = write(&sim, "POST", "users", &json!({ "user": bad }));
        assert_eq!((got.status, &got.json()["error"]["title"]), (400, &"Invalid attribute".into()));
    }
    assert_eq!(sim.ledger().created("users").len(), 1);
}

#[test]
fn bodies_of_any_kind_are_answered() {
    let sim = desk();
    let headers = by(ADMIN_BEARER);
    let deep = format!("{{\"user\":{}}}", "[".repeat(100_000));
    for (body, status) in [
        ("", 400),
        ("{", 422),
        ("[]", 400),
        ("null", 400),
        ("{\"user\":[]}", 400),
        ("{\"user\":null}", 400),
        ("{\"user\":{\"name\":\"\\ud800\"}}", 422),
        (deep.as_str(), 422),
    ] {
        let got = send(&sim, "POST", "users", &headers, body.as_bytes()).expect("an answer");
        assert_eq!(got.status, status, "{body:.40}: {}", got.text());
    }
    let got = send(&sim, "POST", "users", &headers, b"\xff\xfe").expect("an answer");
    assert_eq!(got.status, 422);
    let unknown = json!({ "user": { "name": "A", "na\nme": 1, "sh\u{f6}e": 2 } });
    let got = write(&sim, "POST", "users", &unknown);
    assert_eq!(got.status, 201);
    assert!(
        got.header("x-zendesk-api-warn").is_some_and(|told| told.contains(":unpermitted_keys"))
    );
    let ids = ["users/x", "users/99999999999999999999", "users/5"];
    for route in ids {
        assert_eq!(write(&sim, "PUT", route, &json!({ "user": {} })).status, 404, "{route}");
    }
}

#[test]
fn a_job_with_one_value_of_a_wrong_type_is_refused_as_a_whole() {
    let sim = desk();
    let users = json!({ "users": [{ "name": "A" }, { "name": "B", "tags": "t" }] });
    let got = write(&sim, "POST", "users/create_many", &users);
    assert_eq!((got.status, &got.json()["error"]["title"]), (400, &"Invalid attribute".into()));
    let users = json!({ "users": [{ "name": "A", "shoe": 1 }, { "name": "B", "shoe": 2 }] });
    let got = write(&sim, "POST", "users/create_many", &users);
    assert_eq!(got.header("x-zendesk-api-warn"), Some("{:unpermitted_keys=>[\"shoe\"]}"));
}

#[test]
fn tags_and_roles_tell_the_ledger_what_they_cost() {
    let sim = desk();
    let id = user(&sim, json!({ "name": "A", "tags": ["a", "b"] }));
    done(&sim, "PUT", &format!("users/{id}/tags"), &json!({ "tags": ["c"] }));
    done(&sim, "DELETE", &format!("users/{id}/tags"), &json!({ "tags": ["b"] }));
    assert_eq!(sim.ledger().tags_lost, []);
    done(&sim, "PUT", &format!("users/{id}"), &json!({ "user": { "tags": ["c", "d"] } }));
    assert_eq!(sim.ledger().tags_lost[0].tags, ["a"]);
    assert_eq!(read(&sim, &format!("users/{id}/tags"))["tags"], json!(["c", "d"]));
    let role = json!({ "user": { "role": "end-user", "custom_role_id": 5 } });
    let user = done(&sim, "PUT", &format!("users/{id}"), &role);
    assert_eq!(user["user"]["role"], "agent");
    assert_eq!(sim.ledger().role_changes[0].to, "agent");
}

#[test]
fn an_update_that_changes_nothing_is_a_write_all_the_same() {
    let sim = desk();
    let id = user(&sim, json!({ "name": "A" }));
    let before = read(&sim, &format!("users/{id}"))["user"]["updated_at"].clone();
    sim.advance_seconds(100);
    done(&sim, "PUT", &format!("users/{id}"), &json!({ "user": { "name": "A" } }));
    assert_ne!(read(&sim, &format!("users/{id}"))["user"]["updated_at"], before);
    let ledger = sim.ledger();
    let noop = ledger.noop_writes();
    assert_eq!((noop.len(), noop[0].id, noop[0].deed), (1, id, Deed::Updated));
    done(&sim, "PUT", &format!("users/{id}"), &json!({ "user": { "name": "B" } }));
    assert_eq!(sim.ledger().writes.last().expect("a write").fields, ["name"]);
}

#[test]
fn custom_fields_take_what_their_kinds_take() {
    let sim = desk();
    sim.account(|account| {
        account.remove_fields("users");
        let field = |kind, key| CustomField::new(kind, key, key);
        account.add_fields(
            "users",
            &[
                field("checkbox", "vip").with_tag("is_vip"),
                field("dropdown", "plan").with_options(&[("gold", "Gold"), ("tin", "Tin")]),
                field("multiselect", "areas").with_options(&[("a", "A"), ("b", "B")]),
                field("date", "renewal"),
                field("integer", "seats"),
                field("decimal", "arr"),
                field("regexp", "code").with_pattern(r"\A[a-z]{2}-\d+\z"),
                field("text", "note"),
                field("lookup", "owner").with_target("zen:user"),
            ],
        );
    });
    let fields = json!({ "vip": true, "plan": "gold", "areas": ["a", "z"], "renewal": "2026-01-31",
        "seats": 7, "arr": 12.5, "code": "ab-7", "note": "n", "owner": ADMIN_USER_ID,
        "unknown": 1 });
    let id = user(&sim, json!({ "name": "A", "tags": ["mine"], "user_fields": fields }));
    let row = read(&sim, &format!("users/{id}"))["user"].clone();
    assert_eq!(
        row["user_fields"],
        json!({ "vip": true, "plan": "gold", "areas": ["a"], "seats": 7, "arr": 12.5,
            "renewal": "2026-01-31T00:00:00+00:00", "code": "ab-7", "note": "n",
            "owner": ADMIN_USER_ID })
    );
    let tags = |row: &Value| {
        let mut tags: Vec<String> = serde_json::from_value(row["tags"].clone()).expect("tags");
        tags.sort();
        tags
    };
    assert_eq!(tags(&row), ["a", "gold", "is_vip", "mine"]);
    // A title is no value, and nobody says so.
    let route = format!("users/{id}");
    let fields = json!({ "user": { "user_fields": { "plan": "Tin", "vip": false } } });
    let row = done(&sim, "PUT", &route, &fields)["user"].clone();
    assert_eq!(row["user_fields"]["plan"], "gold");
    assert_eq!(tags(&row), ["a", "gold", "mine"]);
    let ignored = sim.ledger().ignored_options;
    assert_eq!(ignored.last(), Some(&("plan".to_owned(), "Tin".to_owned())));
    let null = json!({ "user": { "user_fields": { "plan": null, "areas": null, "seats": null } } });
    let row = done(&sim, "PUT", &route, &null)["user"].clone();
    assert_eq!(row["user_fields"]["plan"], Value::Null);
    assert_eq!(row["user_fields"]["areas"], json!([]));
    assert_eq!(tags(&row), ["mine"]);
    for (key, bad) in [
        ("vip", json!("perhaps")),
        ("renewal", json!("31.01.2026")),
        ("renewal", json!("2026-02-30")),
        ("seats", json!(1.5)),
        ("arr", json!("much")),
        ("code", json!("7")),
        ("note", json!({})),
    ] {
        let got = write(&sim, "PUT", &route, &json!({ "user": { "user_fields": { key: bad } } }));
        complaint(&got, key);
    }
}

#[test]
fn other_programs_write_too_and_the_ledger_does_not_see_it() {
    let sim = desk();
    let (id, organization) = sim.account(|account| {
        let organization = account.write_new("organizations", json!({ "name": "O" }));
        let user = json!({ "name": "A", "email": "a@x.test", "organization_id": organization });
        let id = account.write_new("users", user);
        account.write_over("users", id, json!({ "tags": ["t"] }));
        (id, organization)
    });
    assert_eq!(read(&sim, &format!("users/{id}"))["user"]["tags"], json!(["t"]));
    sim.account(|account| {
        assert_eq!(account.users_with_email("A@x.test"), [id]);
        assert_eq!(account.organizations_of(id), [organization]);
        assert_eq!(account.tags_of("users", id), ["t"]);
    });
    assert_eq!(sim.ledger(), crate::Ledger::default());
}

#[test]
fn a_deleted_user_is_inactive_and_its_keys_are_free() {
    let sim = desk();
    let given = json!({ "name": "A", "email": "a@x.test", "external_id": "key" });
    let id = user(&sim, given.clone());
    let deleted = done(&sim, "DELETE", &format!("users/{id}"), &json!({}));
    assert_eq!(deleted["user"]["active"], false);
    assert_eq!(write(&sim, "DELETE", &format!("users/{id}"), &json!({})).status, 404);
    assert_ne!(user(&sim, given), id);
    assert_eq!(sim.ledger().deleted("users"), [id]);
}
