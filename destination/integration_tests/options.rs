//! Each option has its effect, on the rows that it is about, and no other effect.

mod binding;
mod tickets;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use simulator::Simulator;

use crate::account::{account, snapshot, touched, with};
use crate::run::{Ended, catalog, config, messages, write};

fn upsert(sim: &Simulator, options: &Value, rows: &[Value]) -> Ended {
    let catalog = catalog("users", "append_dedup", Some("external_id"));
    write(sim, &config(options), &catalog, messages(rows, 50)).succeeded()
}

/// The user with an external id.
fn user(sim: &Simulator, key: &str) -> Value {
    let mut found = with(sim, "users", "external_id", &json!(key));
    assert_eq!(found.len(), 1, "{key}");
    found.remove(0)
}

fn texts(list: &Value) -> BTreeSet<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Adds a user like another program.
fn seed(sim: &Simulator, user: Value) -> u64 {
    sim.account(|account| account.write_new("users", user))
}

#[test]
fn tags_are_added_removed_or_replaced_and_those_of_fields_stay() {
    for (mode, expected) in [
        ("add", ["gold", "old", "kept", "new"].as_slice()),
        ("remove", &["gold", "old"]),
        ("replace", &["gold", "kept", "new"]),
    ] {
        let sim = account();
        for at in 0..150 {
            let user = json!({ "external_id": format!("T-{at}"), "name": "N", "tags": ["old", "kept"],
                "user_fields": { "plan": "gold" } });
            seed(&sim, user);
        }
        // Half of the rows name the dropdown, whose tag is Zendesk's.
        let row = |at: usize| match at % 2 {
            0 => json!({ "external_id": format!("T-{at}"), "tags": "kept,new" }),
            _ => {
                json!({ "external_id": format!("T-{at}"), "tags": ["NEW", "kept"], "custom_plan": "gold" })
            }
        };
        let rows: Vec<Value> = (0..150).map(row).collect();
        let options = json!({ "tags_mode": mode });
        let ended = upsert(&sim, &options, &rows);
        assert_eq!(ended.count("updated"), 150, "{mode}");
        for at in [0, 1, 149] {
            assert_eq!(
                texts(&user(&sim, &format!("T-{at}"))["tags"]),
                set(expected),
                "{mode} {at}"
            );
        }
        sim.clear_ledger();
        let ended = upsert(&sim, &options, &rows);
        assert_eq!(ended.count("unchanged"), 150, "{mode}");
        assert_eq!(sim.ledger().writes.first(), None, "{mode}");
    }
}

#[test]
fn a_dropdown_that_changes_takes_its_tag_along_where_tags_are_replaced() {
    let sim = account();
    seed(
        &sim,
        json!({ "external_id": "D", "name": "N", "tags": ["a"], "user_fields": { "plan": "gold", "areas": ["one"] } }),
    );
    let rows = [json!({ "external_id": "D", "tags": ["a"], "custom_plan": "silver" })];
    let options = json!({ "tags_mode": "replace" });
    upsert(&sim, &options, &rows);
    let found = user(&sim, "D");
    assert_eq!(texts(&found["tags"]), set(&["a", "one", "silver"]));
    assert_eq!(found["user_fields"]["plan"], "silver");
    sim.clear_ledger();
    assert_eq!(upsert(&sim, &options, &rows).count("unchanged"), 1);
    assert_eq!(sim.ledger().writes, []);
}

#[test]
fn organizations_are_added_or_take_the_place_of_the_others() {
    for mode in ["add", "replace"] {
        let sim = account();
        let organizations: Vec<u64> = sim.account(|account| {
            let make = |at: usize| json!({ "name": format!("Org {at}"), "external_id": format!("O,{at}") });
            (0..4).map(|at| account.write_new("organizations", make(at))).collect()
        });
        for at in 0..120 {
            let id = seed(
                &sim,
                json!({ "external_id": format!("U-{at}"), "name": "N", "organization_id": organizations[0] }),
            );
            let second = json!({ "user_id": id, "organization_id": organizations[1] });
            sim.account(|account| account.write_new("organization_memberships", second));
        }
        let rows: Vec<Value> = (0..120)
            .map(|at| match at % 3 {
                0 => {
                    json!({ "external_id": format!("U-{at}"), "organization_id": organizations[2] })
                }
                1 => {
                    json!({ "external_id": format!("U-{at}"), "organization_external_id": " o,2 " })
                }
                _ => json!({ "external_id": format!("U-{at}"), "organization_external_id": "O,1" }),
            })
            .collect();
        let options = json!({ "organization_mode": mode });
        sim.clear_ledger();
        let ended = upsert(&sim, &options, &rows);
        assert_eq!(ended.count("rejectedRecordCount"), 0, "{:#?}", ended.logged("WARN"));
        for at in 0..120 {
            let id = user(&sim, &format!("U-{at}"))["id"].as_u64().unwrap();
            let all: BTreeSet<u64> =
                sim.account(|account| account.organizations_of(id)).into_iter().collect();
            let meant: BTreeSet<u64> = match (mode, at % 3) {
                ("add", 2) => [organizations[0], organizations[1]].into(),
                ("add", _) => [organizations[0], organizations[1], organizations[2]].into(),
                (_, 2) => [organizations[1]].into(),
                _ => [organizations[2]].into(),
            };
            assert_eq!(all, meant, "{mode} U-{at}");
        }
        assert_eq!(sim.ledger().organizations_lost.is_empty(), mode == "add");
        sim.clear_ledger();
        assert_eq!(upsert(&sim, &options, &rows).count("unchanged"), 120, "{mode}");
        assert_eq!(sim.ledger().writes.first(), None, "{mode}");
    }
}

#[test]
fn two_rows_of_one_user_join_two_organizations() {
    let sim = account();
    let organizations: Vec<u64> = sim.account(|account| {
        (0..3)
            .map(|at| account.write_new("organizations", json!({ "name": format!("Org {at}") })))
            .collect()
    });
    let rows: Vec<Value> = organizations
        .iter()
        .map(|id| json!({ "external_id": "both", "name": "N", "organization_id": id }))
        .collect();
    upsert(&sim, &json!({}), &rows);
    let id = user(&sim, "both")["id"].as_u64().unwrap();
    let all: BTreeSet<u64> =
        sim.account(|account| account.organizations_of(id)).into_iter().collect();
    assert_eq!(all, organizations.into_iter().collect());
}

#[test]
fn a_user_of_the_same_address_is_adopted_or_the_row_is_rejected() {
    for (mode, lag) in [("adopt", 0), ("reject", 0), ("adopt", 120), ("reject", 120)] {
        let sim = account();
        sim.knobs(|knobs| knobs.search_lag_seconds = lag);
        for at in 0..40 {
            seed(&sim, json!({ "name": "Old", "email": format!("free{at}@x.test") }));
            seed(
                &sim,
                json!({ "name": "Old", "email": format!("taken{at}@x.test"), "external_id": format!("S-{at}") }),
            );
        }
        let before = snapshot(&sim);
        sim.clear_ledger();
        let row = |at: usize, kind: &str| json!({ "external_id": format!("{kind}-{at}"), "name": "New", "email": format!("{kind}{at}@x.test") });
        let rows: Vec<Value> =
            (0..40).flat_map(|at| [row(at, "free"), row(at, "taken"), row(at, "fresh")]).collect();
        let ended = upsert(&sim, &json!({ "on_email_match": mode }), &rows);
        let adopted = if mode == "adopt" { 40 } else { 0 };
        let counts =
            (ended.count("created"), ended.count("updated"), ended.count("rejectedRecordCount"));
        assert_eq!(counts, (40, adopted, 80 - adopted), "{mode} {:#?}", ended.logged("WARN"));
        assert!(
            ended
                .logged("WARN")
                .iter()
                .any(|line| line.contains("already_exists, field `email`: the user "))
        );
        assert_eq!(with(&sim, "users", "external_id", &json!("free-7")).len() as u64, adopted / 40);
        assert_eq!(with(&sim, "users", "email", &json!("free7@x.test")).len(), 1);
        let changed = touched(&before, &snapshot(&sim));
        assert_eq!(
            changed.iter().filter(|(resource, _)| *resource == "users").count() as u64,
            adopted
        );
    }
}

#[test]
fn an_insert_overwrites_nobody_whom_the_index_hides() {
    for key in ["email", "external_id"] {
        let sim = account();
        sim.knobs(|knobs| knobs.search_lag_seconds = 120);
        for at in 0..60 {
            seed(&sim, json!({ "name": "Old", "notes": "mine", "email": format!("u{at}@x.test") }));
        }
        let before = snapshot(&sim);
        let row = |at: usize| json!({ "external_id": format!("I-{at}"), "name": "New", "notes": "yours", "email": format!("u{at}@x.test") });
        let rows: Vec<Value> = (0..90).map(row).collect();
        let catalog = catalog("users", "append", Some(key));
        let ended = write(&sim, &config(&json!({})), &catalog, messages(&rows, 30)).succeeded();
        assert_eq!(touched(&before, &snapshot(&sim)), [], "{key}");
        assert_eq!((ended.count("created"), ended.count("rejectedRecordCount")), (30, 60), "{key}");
        let told = ended
            .logged("WARN")
            .into_iter()
            .filter(|line| line.contains("already_exists, field `email`"));
        assert_eq!(told.count(), 10, "{key}");
    }
}

#[test]
fn a_null_does_nothing_unless_it_is_to_clear() {
    for mode in ["ignore", "clear"] {
        let sim = account();
        let full = json!({ "external_id": "N", "name": "Nora", "email": "n@x.test", "details": "d", "notes": "n", "alias": "a", "phone": "+15551234567",
            "tags": ["t"], "user_fields": { "plan": "gold", "vip": true, "seats": 3, "arr": 1.5, "renewal": "2026-01-31", "owner": "o", "areas": ["one"] } });
        let organization =
            sim.account(|account| account.write_new("organizations", json!({ "name": "Org" })));
        let id = seed(&sim, full);
        let member = json!({ "user_id": id, "organization_id": organization });
        sim.account(|account| account.write_new("organization_memberships", member));
        let row = json!({ "external_id": "N", "email": null, "details": null, "notes": null, "alias": null, "phone": null, "tags": null,
            "organization_id": null, "custom_plan": null, "custom_vip": null, "custom_seats": null, "custom_arr": null, "custom_renewal": null, "custom_owner": null, "custom_areas": null });
        let ended = upsert(&sim, &json!({ "null_handling": mode }), std::slice::from_ref(&row));
        let found = user(&sim, "N");
        let texts = ["details", "notes", "alias", "phone"].map(|name| found[name].is_null());
        let fields = ["plan", "seats", "arr", "renewal", "owner"]
            .map(|name| found["user_fields"][name].is_null());
        let clears = mode == "clear";
        assert!(
            texts.into_iter().chain(fields).all(|is_null| is_null == clears),
            "{mode}: {found}"
        );
        assert_eq!(found["user_fields"]["vip"], json!(!clears));
        assert_eq!((&found["name"], &found["email"]), (&json!("Nora"), &json!("n@x.test")));
        assert!(
            found["tags"].as_array().unwrap().contains(&json!("t")),
            "nothing is added, nothing is lost"
        );
        assert_eq!(sim.account(|account| account.organizations_of(id)), [organization]);
        assert_eq!(ended.count(if clears { "updated" } else { "unchanged" }), 1);
        sim.clear_ledger();
        assert_eq!(
            upsert(&sim, &json!({ "null_handling": mode }), &[row]).count("unchanged"),
            1,
            "{mode}"
        );
        assert_eq!(sim.ledger().writes, []);
    }
}

#[test]
fn agents_and_roles_are_written_only_where_that_is_allowed() {
    let sim = account();
    let agent = simulator::AGENT_USER_ID;
    let rows = [json!({ "id": agent, "notes": "an agent" })];
    let catalog_by_id = catalog("users", "update", Some("id"));
    let options = config(&json!({ "allow_agents": true }));
    let ended = write(&sim, &options, &catalog_by_id, messages(&rows, 9)).succeeded();
    assert_eq!(ended.count("updated"), 1, "{:#?}", ended.logged("WARN"));
    seed(&sim, json!({ "name": "N", "external_id": "R" }));
    let rows = [json!({ "external_id": "R", "role": "agent" })];
    sim.clear_ledger();
    let ended = upsert(&sim, &json!({}), &rows);
    assert!(ended.logged("WARN").iter().any(|line| line.contains("role")));
    assert_eq!((ended.count("unchanged"), sim.ledger().writes.len()), (1, 0));
    upsert(&sim, &json!({ "allow_agents": true }), &rows);
    assert_eq!(user(&sim, "R")["role"], "agent");
}

#[test]
fn a_new_address_becomes_the_first_and_the_old_one_stays() {
    let sim = account();
    for at in 0..120 {
        seed(
            &sim,
            json!({ "external_id": format!("E-{at}"), "name": "N", "email": format!("old{at}@x.test") }),
        );
    }
    seed(&sim, json!({ "name": "Somebody", "email": "new3@x.test" }));
    sim.clear_ledger();
    let rows: Vec<Value> = (0..120)
        .map(|at| json!({ "external_id": format!("E-{at}"), "email": format!("New{at}@x.test") }))
        .collect();
    let ended = upsert(&sim, &json!({}), &rows);
    assert_eq!((ended.count("updated"), ended.count("rejectedRecordCount")), (119, 1));
    assert_eq!(sim.ledger().verification_mails, []);
    for at in 0..120 {
        let found = user(&sim, &format!("E-{at}"));
        let email = if at == 3 { "old3@x.test".to_owned() } else { format!("New{at}@x.test") };
        assert_eq!(found["email"], email);
        let owners = sim.account(|account| account.users_with_email(&format!("old{at}@x.test")));
        assert_eq!(owners, [found["id"].as_u64().unwrap()], "the old address of E-{at}");
    }
    sim.clear_ledger();
    let rows: Vec<Value> = rows.into_iter().filter(|row| row["external_id"] != "E-3").collect();
    assert_eq!(upsert(&sim, &json!({}), &rows).count("unchanged"), 119);
    assert_eq!(sim.ledger().writes, []);
}

#[test]
fn an_external_id_that_somebody_else_has_is_rejected_at_once() {
    let sim = account();
    sim.knobs(|knobs| knobs.search_lag_seconds = 120);
    for at in 0..60 {
        seed(
            &sim,
            json!({ "name": "Old", "external_id": format!("X-{at}"), "email": format!("old{at}@x.test") }),
        );
    }
    let before = snapshot(&sim);
    let rows: Vec<Value> = (0..60)
        .map(|at| json!({ "external_id": format!("X-{at}"), "name": "N", "email": format!("new{at}@x.test") }))
        .collect();
    let catalog = catalog("users", "append_dedup", Some("email"));
    sim.clear_requests();
    let ended = write(&sim, &config(&json!({})), &catalog, messages(&rows, 50)).succeeded();
    assert_eq!(ended.count("rejectedRecordCount"), 60);
    let told = ended.logged("WARN");
    assert!(
        told.iter().any(|line| line.contains("already_exists, field `external_id`")),
        "{told:#?}"
    );
    assert_eq!(touched(&before, &snapshot(&sim)), []);
    // Twenty-five addresses a search, once before the creation and once after its refusal. Whoever waited
    // for the index would search again.
    let searches = sim.requests().into_iter().filter(|seen| seen.path.contains("users/search"));
    assert_eq!(searches.count(), 2 * 3);
}
