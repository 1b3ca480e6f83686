//! The defaults are harmless: nobody gets a mail, nothing is replaced, and what a row does not name
//! stays as it was.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use simulator::{AGENT_USER_ID, Simulator};

use crate::account::{account, all, offered, snapshot, ticket_columns, touched, with};
use crate::run::{catalog, config, messages, write};

/// The number of users that are in the account already. Rows with higher numbers are new users.
const KNOWN: usize = 300;

/// Columns that are alternatives to another column of the row: another form of the same id or
/// relation.
const IN_PLACE_OF_ANOTHER: [&str; 4] =
    ["id", "requester_id", "requester_email", "organization_external_id"];

/// An account with users who have tags and two organizations. Returns the ids of the organizations
/// too.
fn with_known_users() -> (Simulator, Vec<u64>) {
    let sim = account();
    let organizations = sim.account(|account| {
        let organizations: Vec<u64> = (0..3)
            .map(|at| {
                let row = json!({ "name": format!("House {at}"), "external_id": format!("H-{at}") });
                account.write_new("organizations", row)
            })
            .collect();
        for at in 0..KNOWN {
            let user = account.write_new(
                "users",
                json!({ "name": format!("Known {at}"), "external_id": format!("U-{at}"),
                    "email": format!("u{at}@x.test"), "tags": ["old"], "organization_id": organizations[0] }),
            );
            let second = json!({ "user_id": user, "organization_id": organizations[1] });
            account.write_new("organization_memberships", second);
        }
        organizations
    });
    (sim, organizations)
}

fn user(at: usize, organization: u64) -> Value {
    json!({ "external_id": format!("U-{at}"), "email": format!("u{at}@x.test"), "name": format!("Nora {at}"),
        "alias": format!("n{at}"), "details": "Main Street 1\nTown", "notes": "likes \"quotes\"",
        "phone": format!("+1555{at:07}"), "shared_phone_number": false, "locale": "en-US",
        "time_zone": "Berlin", "organization_id": organization, "tags": ["new", "vip"], "suspended": false,
        "verified": true, "custom_plan": "gold", "custom_vip": true, "custom_seats": at, "custom_arr": 1.25,
        "custom_renewal": "2026-12-31", "custom_owner": "Ann", "custom_areas": ["gold", "one"] })
}

fn organization(at: usize) -> Value {
    json!({ "external_id": format!("O-{at}"), "name": format!("Org {at}"), "details": "d", "notes": "n",
        "group_id": null, "shared_comments": false, "shared_tickets": true,
        "domain_names": [format!("o{at}.test")], "tags": "a,b", "custom_plan": "silver", "custom_vip": false,
        "custom_seats": 3, "custom_arr": "7.5", "custom_renewal": "2026-12-31", "custom_owner": "Bo",
        "custom_areas": "gold" })
}

/// A ticket with a value in each column. `places` are the ids of a group, a brand and a form of the
/// account.
fn ticket(at: usize, columns: &[String], organization: u64, places: &[Value]) -> Value {
    let mut row = json!({ "external_id": format!("T-{at}"), "subject": format!("Subject {at}"),
        "description": "It does not work", "comment": "A word more", "status": "open", "custom_status_id": null,
        "priority": "low", "type": "task", "requester_external_id": format!("U-{at}"),
        "submitter_id": AGENT_USER_ID, "assignee_id": AGENT_USER_ID, "assignee_email": simulator::AGENT_API_TOKEN.email,
        "group_id": places[0], "organization_id": organization, "problem_id": null,
        "due_at": "2026-12-31T10:00:00Z", "brand_id": places[1], "ticket_form_id": places[2],
        "recipient": "help@x.test", "tags": ["late"] });
    let values = [json!("plan_gold"), json!(true), json!(at), json!(2.5), json!("2026-12-31")];
    for (column, value) in columns.iter().zip(values) {
        row[column] = value;
    }
    row
}

/// Fails unless a row has every column that `discover` offers.
fn assert_whole(sim: &Simulator, object: &str, row: &Value) {
    let is_missing = |column: &&String| row.get(column.as_str()).is_none();
    let offered = offered(sim, object, "append_dedup");
    let missing: BTreeSet<&str> = offered.iter().filter(is_missing).map(String::as_str).collect();
    let allowed: BTreeSet<&str> = IN_PLACE_OF_ANOTHER.into();
    let custom = |column: &&&str| object == "tickets" && column.starts_with("custom_");
    let missing: Vec<&&str> =
        missing.difference(&allowed).filter(|column| !custom(column)).collect();
    assert!(missing.is_empty(), "{object}: {missing:?}");
}

/// Fails if a write had a side effect.
fn assert_harmless(sim: &Simulator) {
    let ledger = sim.ledger();
    assert_eq!(ledger.verification_mails, [], "mails to verify");
    assert_eq!(ledger.requester_mails, [], "mails to requesters");
    assert_eq!(ledger.organizations_lost, [], "organizations lost");
    assert_eq!(ledger.tags_lost, [], "tags lost");
    assert_eq!(ledger.role_changes, [], "roles");
    assert_eq!(ledger.primary_email_changes, [], "primary addresses");
    assert_eq!(ledger.ignored_options, [], "options");
    assert_eq!(ledger.noop_writes().len(), 0, "{:?}", ledger.noop_writes().first());
}

/// Writes the rows twice. The first run must report these counts. The second run must write
/// nothing.
fn write_twice(sim: &Simulator, object: &str, rows: &[Value], counts: &[(&str, u64)]) {
    let catalog = catalog(object, "append_dedup", Some("external_id"));
    sim.clear_ledger();
    let ended = write(sim, &config(&json!({})), &catalog, messages(rows, 333)).succeeded();
    for (name, count) in counts {
        assert_eq!(ended.count(name), *count, "{name}: {:#?}", ended.logged("WARN"));
    }
    assert_harmless(sim);
    sim.clear_ledger();
    let ended = write(sim, &config(&json!({})), &catalog, messages(rows, 333)).succeeded();
    assert_eq!(ended.count("unchanged"), rows.len() as u64, "{:#?}", ended.logged("WARN"));
    assert_eq!(sim.ledger().writes.first(), None, "a second write of {object} that are the same");
    assert_eq!(sim.ledger().triggers_fired, []);
}

#[test]
fn thousands_of_users_with_all_columns_harm_nobody() {
    let (sim, organizations) = with_known_users();
    let rows: Vec<Value> = (0..2500).map(|at| user(at, organizations[2])).collect();
    assert_whole(&sim, "users", &rows[0]);
    let before = snapshot(&sim);
    write_twice(
        &sim,
        "users",
        &rows,
        &[("created", 2200), ("updated", KNOWN as u64), ("rejectedRecordCount", 0)],
    );
    let mut named = all(&sim, "users");
    named.retain(|user| user["external_id"].as_str().is_some_and(|key| key.starts_with("U-")));
    let named: BTreeSet<String> = named.iter().map(|user| user["id"].to_string()).collect();
    let foreign = |(resource, key): &(&str, String)| *resource != "users" || !named.contains(key);
    let foreign: Vec<_> = touched(&before, &snapshot(&sim)).into_iter().filter(foreign).collect();
    assert_eq!(foreign, []);
    let known = &with(&sim, "users", "external_id", &json!("U-7"))[0];
    let tags: BTreeSet<&str> =
        known["tags"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(tags, ["gold", "new", "old", "one", "vip"].into());
    assert_eq!(
        known["organization_id"], organizations[0],
        "the first organization stays the first"
    );
    let id = known["id"].as_u64().unwrap();
    let all: BTreeSet<u64> =
        sim.account(|account| account.organizations_of(id)).into_iter().collect();
    assert_eq!(all, organizations.into_iter().collect());
}

#[test]
fn organizations_and_tickets_with_all_columns_harm_nobody() {
    let (sim, organizations) = with_known_users();
    let columns = ticket_columns(&sim);
    let places = ["groups", "brands", "ticket_forms"].map(|name| all(&sim, name)[0]["id"].clone());
    let rows: Vec<Value> = (0..1200).map(organization).collect();
    assert_whole(&sim, "organizations", &rows[0]);
    let before = snapshot(&sim);
    write_twice(&sim, "organizations", &rows, &[("created", 1200), ("rejectedRecordCount", 0)]);
    let rows: Vec<Value> =
        (0..KNOWN).map(|at| ticket(at, &columns, organizations[1], &places)).collect();
    assert_whole(&sim, "tickets", &rows[0]);
    let tickets = catalog("tickets", "append_dedup", Some("external_id"));
    sim.clear_ledger();
    let ended = write(&sim, &config(&json!({})), &tickets, messages(&rows, 90)).succeeded();
    assert_eq!(ended.count("created"), KNOWN as u64, "{:#?}", ended.logged("WARN"));
    assert_harmless(&sim);
    assert_eq!(touched(&before, &snapshot(&sim)), []);
    let made = with(&sim, "tickets", "external_id", &json!("T-3"));
    assert_eq!((made.len(), &made[0]["is_public"]), (1, &json!(false)));
    // A comment is for a ticket that exists: without it the rows are the same.
    let rows: Vec<Value> = rows
        .into_iter()
        .map(|mut row| {
            row.as_object_mut().unwrap().remove("comment");
            row
        })
        .collect();
    write_twice(&sim, "tickets", &rows, &[("unchanged", KNOWN as u64)]);
}

#[test]
fn with_notify_people_are_mailed() {
    let (sim, _) = with_known_users();
    let options = config(&json!({ "notify": true }));
    let rows: Vec<Value> = (0..20)
        .map(|at| json!({ "external_id": format!("N-{at}"), "name": "N", "email": format!("n{at}@x.test") }))
        .collect();
    let users = catalog("users", "append_dedup", Some("external_id"));
    write(&sim, &options, &users, messages(&rows, 50)).succeeded();
    assert_eq!(sim.ledger().verification_mails.len(), 20);
    let rows: Vec<Value> = (0..20)
        .map(|at| {
            json!({ "external_id": format!("T-{at}"), "subject": "S", "description": "D",
            "requester_external_id": format!("N-{at}") })
        })
        .collect();
    let tickets = catalog("tickets", "append_dedup", Some("external_id"));
    write(&sim, &options, &tickets, messages(&rows, 50)).succeeded();
    assert_eq!(sim.ledger().requester_mails.len(), 20);
    let rows: Vec<Value> = (0..20)
        .map(|at| json!({ "external_id": format!("T-{at}"), "comment": "We are on it" }))
        .collect();
    let updates = catalog("tickets", "update", Some("external_id"));
    write(&sim, &options, &updates, messages(&rows, 50)).succeeded();
    assert_eq!(sim.ledger().requester_mails.len(), 40);
}

#[test]
fn rows_that_match_agents_are_rejected_whatever_is_done_with_them() {
    let sim = account();
    let agents: Vec<Value> =
        all(&sim, "users").into_iter().filter(|user| user["role"] != "end-user").collect();
    assert!(agents.len() > 10, "the account has agents");
    let before = snapshot(&sim);
    sim.clear_ledger();
    let options = config(&json!({ "allow_deletes": true }));
    for mode in ["append_dedup", "update", "soft_delete", "append"] {
        for key in ["id", "email", "external_id"] {
            if (mode, key) == ("append", "id") {
                continue;
            }
            let keyed = agents.iter().filter(|user| !user[key].is_null());
            let row = |user: &Value| json!({ key: user[key], "name": "Mallory", "role": "end-user", "custom_vip": true });
            let rows: Vec<Value> = keyed.map(row).collect();
            assert!(!rows.is_empty(), "no agent has a value in {key}");
            let catalog = catalog("users", mode, Some(key));
            let ended = write(&sim, &options, &catalog, messages(&rows, 10)).succeeded();
            let told = ended.logged("WARN");
            let rejected = told.iter().filter(|line| line.contains("not_an_end_user")).count();
            assert_eq!(rejected, rows.len().min(10), "{mode} by {key}: {told:#?}");
            assert_eq!(ended.count("rejectedRecordCount"), rows.len() as u64);
        }
    }
    assert_eq!(sim.ledger().writes, []);
    assert_eq!(touched(&before, &snapshot(&sim)), []);
}
