//! What the ledger records about marks, tags and memberships.

use super::*;
use crate::{CustomField, FieldChange};
use serde_json::json;
use std::collections::BTreeSet;

fn set<const N: usize>(ids: [u64; N]) -> BTreeSet<u64> {
    BTreeSet::from(ids)
}

#[test]
fn every_change_of_a_field_is_told_with_what_was_before() {
    let sim = desk();
    sim.account(|account| {
        for of in ["users", "organizations"] {
            account.add_fields(of, &[CustomField::new("checkbox", "vip", "VIP")]);
        }
    });
    let fields = |vip: bool| json!({ "vip": vip });
    let a = user(&sim, json!({ "name": "A", "user_fields": fields(true) }));
    let b = user(&sim, json!({ "name": "B", "user_fields": fields(false) }));
    let c = user(&sim, json!({ "name": "C" }));
    let firm = organization(&sim, json!({ "name": "F", "organization_fields": fields(true) }));
    let first = sim.now_unix();
    sim.advance_seconds(10);
    let mark = |vip: bool| json!({ "user": { "user_fields": fields(vip) } });
    job(&sim, "PUT", &format!("users/update_many?ids={a},{b},{c}"), &mark(true));
    done(&sim, "PUT", &format!("users/{b}"), &mark(false));
    done(&sim, "PUT", &format!("users/{b}"), &mark(true));
    let ledger = sim.ledger();
    assert_eq!(ledger.marked("users", "vip"), set([a, b, c]));
    assert_eq!(ledger.unmarked("users", "vip"), set([b]), "though it is marked again");
    assert_eq!(ledger.unmarked("organizations", "vip"), set([]));
    assert_eq!(ledger.marked("organizations", "vip"), set([firm]));
    let told: Vec<(Value, Value)> = ledger
        .changes_of("users", b, "vip")
        .into_iter()
        .map(|change| (change.from.clone(), change.to.clone()))
        .collect();
    let [no, yes] = [json!(false), json!(true)];
    assert_eq!(
        told,
        [
            (Value::Null, no.clone()),
            (no.clone(), yes.clone()),
            (yes.clone(), no.clone()),
            (no, yes.clone())
        ]
    );
    // The mark that was there already is no change.
    let change = FieldChange {
        object: "users",
        id: a,
        field: "vip".to_owned(),
        from: Value::Null,
        to: yes,
        at_unix: ledger.field_changes[0].at_unix,
    };
    assert_eq!(ledger.changes_of("users", a, "vip"), [&change]);
    assert!(change.at_unix <= first, "it bears the second of the write");
    // What another program writes is not told.
    sim.clear_ledger();
    sim.account(|account| account.write_over("users", a, json!({ "user_fields": fields(false) })));
    assert_eq!(sim.ledger().unmarked("users", "vip"), set([]));
}

#[test]
fn every_change_of_tags_is_told_by_whatever_road() {
    let sim = desk();
    let tagged = |name: &str| user(&sim, json!({ "name": name, "tags": ["vip", "old"] }));
    let (a, b, c) = (tagged("A"), tagged("B"), tagged("C"));
    assert_eq!(sim.ledger().gained_tag("users", "vip"), set([a, b, c]));
    assert_eq!(sim.ledger().lost_tag("users", "vip"), set([]));
    done(&sim, "DELETE", &format!("users/{a}/tags"), &json!({ "tags": ["vip"] }));
    done(&sim, "PUT", &format!("users/{b}"), &json!({ "user": { "tags": ["vip", "new"] } }));
    done(&sim, "PUT", &format!("users/{c}/tags"), &json!({ "tags": ["new"] }));
    let ledger = sim.ledger();
    assert_eq!(ledger.lost_tag("users", "vip"), set([a]));
    assert_eq!(ledger.lost_tag("users", "old"), set([b]));
    assert_eq!(ledger.gained_tag("users", "new"), set([b, c]));
    assert_eq!(ledger.lost_tag("organizations", "vip"), set([]));
    let case = ticket(&sim, json!({ "comment": { "body": "B" }, "tags": ["t"] }));
    done(&sim, "POST", &format!("tickets/{case}/tags"), &json!({ "tags": [] }));
    assert_eq!(sim.ledger().lost_tag("tickets", "t"), set([case]));
}

#[test]
fn every_change_of_memberships_is_told_by_whatever_road() {
    let sim = desk();
    let [a, b] = ["A", "B"].map(|name| organization(&sim, json!({ "name": name })));
    let person = |name: &str| user(&sim, json!({ "name": name, "organization_id": a }));
    let (u, v, w, x) = (person("U"), person("V"), person("W"), person("X"));
    let ledger = sim.ledger();
    assert_eq!((ledger.joined(a), ledger.left(a)), (set([u, v, w, x]), set([])));
    done(&sim, "PUT", &format!("users/{u}"), &json!({ "user": { "organization_id": b } }));
    let membership = sim.account(|account| account.memberships_of(v)[0].0);
    write(&sim, "DELETE", &format!("organization_memberships/{membership}"), &json!({}));
    done(&sim, "DELETE", &format!("users/{w}"), &json!({}));
    let ledger = sim.ledger();
    assert_eq!((ledger.left(a), ledger.joined(b)), (set([u, v, w]), set([u])));
    assert_eq!(ledger.left(b), set([]));
    write(&sim, "DELETE", &format!("organizations/{a}"), &json!({}));
    assert_eq!(sim.ledger().left(a), set([u, v, w, x]));
    let counts = sim.ledger().counts();
    assert_eq!(counts["membership_changes"], 9);
}

#[test]
fn changes_of_tickets_and_records_are_told_by_id_and_by_key() {
    let sim = desk();
    let fields = sim.account(|account| {
        account.add_fields("tickets", &[CustomField::new("text", "note", "Note")])
    });
    let value = |value: &str| json!([{ "id": fields[0], "value": value }]);
    let case = ticket(&sim, json!({ "comment": { "body": "B" }, "custom_fields": value("a") }));
    let body = json!({ "ticket": { "custom_fields": value("b") } });
    done(&sim, "PUT", &format!("tickets/{case}"), &body);
    let ledger = sim.ledger();
    let changes = ledger.changes_of("tickets", case, &fields[0].to_string());
    assert_eq!(changes.len(), 2);
    assert_eq!((&changes[1].from, &changes[1].to), (&json!("a"), &json!("b")));
    let record = json!({ "custom_object_record": { "name": "N",
        "custom_object_fields": { "is_active": true } } });
    done(&sim, "PATCH", "custom_objects/subscription/records?external_id=s", &record);
    assert_eq!(sim.ledger().marked("custom_object_records", "is_active").len(), 1);
}
