//! Scopes that are missing, and sign-ins that end in the middle.

use serde_json::{Value, json};
use simulator::{Fault, Faults, When};

use super::{catalog, config, messages, seeded, user, write};
use crate::account::{account, with};

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
