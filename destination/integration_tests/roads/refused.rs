//! Missing scopes, and credentials that become invalid during a run.

use serde_json::{Value, json};
use simulator::{Fault, Faults, When};

use super::{catalog, config, messages, seeded, user, write};
use crate::account::{account, with};
use crate::run::{Folder, start};

#[test]
fn a_missing_scope_is_a_config_error_that_names_it() {
    let users: Vec<Value> = (0..10).map(user).collect();
    let tickets: Vec<Value> = (0..10)
        .map(|at| json!({ "external_id": format!("T-{at}"), "subject": "S", "description": "D" }))
        .collect();
    for (bearer, object, rows, scope) in [
        (simulator::READ_SCOPE_BEARER, "users", &users, "users:write"),
        (simulator::READ_SCOPE_BEARER, "tickets", &tickets, "tickets:write"),
        (simulator::PEOPLE_WRITE_BEARER, "tickets", &tickets, "tickets:write"),
    ] {
        let sim = account();
        let options = config(
            &json!({ "credentials": { "credentials": "oauth2.0", "access_token": bearer } }),
        );
        let catalog = catalog(object, "append_dedup", Some("external_id"));
        let ended = write(&sim, &options, &catalog, messages(rows, 5));
        assert_eq!((ended.code, ended.states().len()), (Some(1), 0), "{object}");
        let trace = ended.of_type("TRACE");
        assert_eq!(trace[0]["trace"]["error"]["failure_type"], "config_error");
        assert!(ended.errors()[0].contains(scope), "{:?}", ended.errors());
        assert_eq!(sim.ledger().writes, []);
    }
}

#[test]
fn signed_out_in_the_middle_what_was_confirmed_is_acknowledged() {
    for status in [401, 403] {
        let sim = seeded(100);
        let fault = match status {
            401 => Fault::status(401),
            _ => Fault::with_body(
                403,
                r#"{"error":"Forbidden","description":"You are missing the following required scopes: write"}"#,
            ),
        };
        sim.faults(Faults::rule("/api/v2/", When::After(30), fault));
        let rows: Vec<Value> = (0..3000).map(user).collect();
        let users = catalog("users", "append_dedup", Some("external_id"));
        let ended = write(&sim, &config(&json!({})), &users, messages(&rows, 100));
        assert_eq!(ended.code, Some(1), "{status}");
        assert_eq!(ended.of_type("TRACE")[0]["trace"]["error"]["failure_type"], "config_error");
        let states = ended.states();
        assert!(!states.is_empty() && states.len() < 30, "{} states", states.len());
        let last =
            states.last().unwrap()["stream"]["stream_state"]["number"].as_u64().unwrap() as usize;
        assert_eq!(ended.count("recordCount"), last as u64);
        for row in rows[..last].iter().step_by(37) {
            let found = with(&sim, "users", "external_id", &row["external_id"]);
            assert_eq!((found.len(), &found[0]["notes"]), (1, &json!("n")));
        }
    }
}

#[test]
fn an_account_that_lets_nobody_in_is_given_up_after_ninety_minutes() {
    let sim = seeded(0);
    sim.faults(Faults::rule("/api/v2/", When::After(30), Fault::retry_after(429, 60)));
    let rows: Vec<Value> = (0..3000).map(user).collect();
    let users = catalog("users", "append_dedup", Some("external_id"));
    let began = sim.now_unix();
    let ended = write(&sim, &config(&json!({})), &users, messages(&rows, 100));
    assert_eq!(ended.code, Some(1));
    assert_eq!(ended.of_type("TRACE")[0]["trace"]["error"]["failure_type"], "transient_error");
    let minutes = (sim.now_unix() - began) / 60;
    assert!((80..160).contains(&minutes), "given up after {minutes} minutes");
}

#[test]
fn a_state_behind_a_rejected_row_that_cannot_be_stored_is_not_acknowledged() {
    let sim = seeded(0);
    let folder = Folder::new();
    let file = folder.write("file", &json!({}));
    let storage = json!({ "storage_type": "Local", "path": file.join("below") });
    let mut rows: Vec<Value> = (0..300).map(user).collect();
    rows[250] = json!({ "name": "without a key" });
    let users = catalog("users", "append_dedup", Some("external_id"));
    let options = config(&json!({ "object_storage_config": storage }));
    let ended = write(&sim, &options, &users, messages(&rows, 50));
    assert_eq!(ended.code, Some(1));
    assert_eq!(ended.of_type("TRACE")[0]["trace"]["error"]["failure_type"], "config_error");
    assert!(ended.errors()[0].contains("object_storage_config"));
    let last = ended.states().last().map_or(0, |state| state["id"].as_u64().unwrap());
    assert!(last <= 250, "the state {last} stands behind the row");
}

#[test]
fn asked_to_stop_it_ends_at_once_and_what_it_told_is_true() {
    let sim = seeded(100);
    let folder = Folder::new();
    let pid = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let of_hook = std::sync::Arc::clone(&pid);
    let mut seen = 0;
    sim.on_request(move |_, _| {
        seen += 1;
        let pid = of_hook.load(std::sync::atomic::Ordering::SeqCst);
        if seen == 50 && pid != 0 {
            let _ = std::process::Command::new("kill").arg(pid.to_string()).output();
        }
    });
    let rows: Vec<Value> = (0..3000).map(user).collect();
    let users = catalog("users", "append_dedup", Some("external_id"));
    let running = start(&sim, &folder, (&config(&json!({})), &users), messages(&rows, 100), 0);
    pid.store(running.pid(), std::sync::atomic::Ordering::SeqCst);
    let ended = running.end();
    assert_eq!((ended.code, ended.errors().len()), (Some(143), 0), "{:#?}", ended.errors());
    let last = ended.states().last().map_or(0, |state| state["id"].as_u64().unwrap()) as usize;
    assert!(last > 0 && last < 3000, "stopped behind the row {last}");
    for row in rows[..last].iter().step_by(37) {
        assert_eq!(with(&sim, "users", "external_id", &row["external_id"]).len(), 1);
    }
}
