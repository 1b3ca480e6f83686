//! Tickets: comments, descriptions, closed tickets, and the people that tickets name.

use serde_json::{Value, json};
use simulator::Simulator;

use super::{catalog, config, messages, seed, with, write};
use crate::account::account;
use crate::run::{Ended, record_of, state_of, stream};

fn tickets(sim: &Simulator, mode: &str, rows: &[Value]) -> Ended {
    let catalog = catalog("tickets", mode, Some("external_id"));
    write(sim, &config(&json!({})), &catalog, messages(rows, 50)).succeeded()
}

fn ticket(sim: &Simulator, key: &str) -> Value {
    let mut found = with(sim, "tickets", "external_id", &json!(key));
    assert_eq!(found.len(), 1, "{key}");
    found.remove(0)
}

/// The comments of a ticket: the text, and whether it is public.
fn comments(sim: &Simulator, id: &Value) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    for event in crate::account::all(sim, "ticket_events") {
        if event["ticket_id"] != *id {
            continue;
        }
        for child in event["child_events"].as_array().into_iter().flatten() {
            if child["event_type"] == "Comment" {
                let body = child["body"].as_str().unwrap_or_default().to_owned();
                found.push((body, child["public"] == true || child["comment_public"] == true));
            }
        }
    }
    found
}

#[test]
fn comments_are_private_and_each_row_adds_its_own_once() {
    let sim = account();
    let rows: Vec<Value> = (0..60)
        .map(|at| json!({ "external_id": format!("C-{at}"), "subject": "S", "description": "D" }))
        .collect();
    tickets(&sim, "append_dedup", &rows);
    // Two rows of a ticket with a comment each, and one without.
    let rows: Vec<Value> = (0..60)
        .flat_map(|at| {
            let key = format!("C-{at}");
            [
                json!({ "external_id": key, "comment": "first" }),
                json!({ "external_id": key, "priority": "high" }),
                json!({ "external_id": key, "comment": "second", "description": "Another" }),
            ]
        })
        .collect();
    sim.clear_ledger();
    let ended = tickets(&sim, "update", &rows);
    assert_eq!(ended.count("updated"), 180, "{:#?}", ended.logged("WARN"));
    assert_eq!(sim.ledger().requester_mails, []);
    for at in [0, 31, 59] {
        let found = ticket(&sim, &format!("C-{at}"));
        assert_eq!((&found["description"], &found["priority"]), (&json!("D"), &json!("high")));
        let all = comments(&sim, &found["id"]);
        let expected = ["D", "first", "second"].map(|text| (text.to_owned(), false));
        assert_eq!(all, expected, "C-{at}");
    }
}

#[test]
fn tickets_without_a_key_are_created_once_within_two_hours_and_that_is_told() {
    let sim = account();
    let catalog = catalog("tickets", "append", None);
    let rows: Vec<Value> = (0..120)
        .map(|at| json!({ "subject": format!("Keyless {at}"), "description": "D" }))
        .collect();
    for (made, wait) in [(120, 60), (120, 7300), (240, 0)] {
        let ended = write(&sim, &config(&json!({})), &catalog, messages(&rows, 50)).succeeded();
        assert_eq!(ended.count("created"), 120);
        let told = ended.logged("WARN").into_iter().filter(|line| line.contains("two hours"));
        assert_eq!(told.count(), 1);
        let tickets = crate::account::all(&sim, "tickets");
        let is_ours = |ticket: &&Value| {
            ticket["subject"].as_str().is_some_and(|text| text.starts_with("Keyless"))
        };
        assert_eq!(tickets.iter().filter(is_ours).count(), made);
        sim.advance_seconds(wait);
    }
}

#[test]
fn a_ticket_that_was_deleted_is_created_anew_though_its_creation_is_known() {
    let sim = account();
    let row = |at: usize, round: usize| json!({ "external_id": format!("D-{at}"), "subject": format!("S {}", round / 2), "description": "D" });
    // The third time with other values than the first two.
    for round in 0..3 {
        let rows: Vec<Value> = (0..60).map(|at| row(at, round)).collect();
        let ended = tickets(&sim, "append_dedup", &rows);
        assert_eq!(ended.count("created"), 60, "round {round}");
        for at in [0, 59] {
            assert_eq!(ticket(&sim, &format!("D-{at}"))["subject"], format!("S {}", round / 2));
        }
        let catalog = catalog("tickets", "soft_delete", Some("external_id"));
        let options = config(&json!({ "allow_deletes": true }));
        assert_eq!(
            write(&sim, &options, &catalog, messages(&rows, 50)).succeeded().count("deleted"),
            60
        );
    }
}

#[test]
fn a_ticket_that_others_change_meanwhile_is_changed_all_the_same() {
    let sim = account();
    let rows: Vec<Value> = (0..100)
        .map(|at| json!({ "external_id": format!("M-{at}"), "subject": "S", "description": "D" }))
        .collect();
    tickets(&sim, "append_dedup", &rows);
    let ids: Vec<u64> = rows
        .iter()
        .map(|row| ticket(&sim, row["external_id"].as_str().unwrap())["id"].as_u64().unwrap())
        .collect();
    // Others write to half of them whenever a job is asked for, three times.
    let mut left = 3;
    sim.on_request(move |request, account| {
        if left > 0 && request.path.contains("job_statuses/show_many") {
            left -= 1;
            for id in ids.iter().step_by(2) {
                account.write_over("tickets", *id, json!({ "priority": "urgent" }));
            }
        }
    });
    let rows: Vec<Value> = (0..100)
        .map(|at| json!({ "external_id": format!("M-{at}"), "subject": "Another" }))
        .collect();
    let ended = tickets(&sim, "update", &rows);
    assert_eq!(ended.count("updated"), 100, "{:#?}", ended.logged("WARN"));
    sim.no_hook();
    for at in [0, 1, 98, 99] {
        let found = ticket(&sim, &format!("M-{at}"));
        assert_eq!(found["subject"], "Another");
        assert_eq!(found["priority"] == "urgent", at % 2 == 0, "what others wrote stays");
    }
}

#[test]
fn a_closed_ticket_is_rejected_unless_the_row_changes_nothing() {
    let sim = account();
    let rows: Vec<Value> = (0..20).map(|at| json!({ "external_id": format!("Z-{at}"), "subject": "S", "description": "D", "status": "closed" })).collect();
    assert_eq!(tickets(&sim, "append_dedup", &rows).count("created"), 20);
    assert_eq!(tickets(&sim, "append_dedup", &rows).count("unchanged"), 20);
    let rows: Vec<Value> = (0..20)
        .map(|at| json!({ "external_id": format!("Z-{at}"), "subject": "Another" }))
        .collect();
    let ended = tickets(&sim, "update", &rows);
    assert_eq!(ended.count("rejectedRecordCount"), 20);
    assert!(ended.logged("WARN").iter().any(|line| line.contains("closed_ticket")));
}

#[test]
fn tickets_name_people_and_organizations_by_their_keys() {
    let sim = account();
    let organization = sim.account(|account| {
        account.write_new("organizations", json!({ "name": "Org", "external_id": "O-1" }))
    });
    let ann = seed(
        &sim,
        json!({ "name": "Ann", "external_id": "A,nn", "email": "ann@x.test", "organization_id": organization }),
    );
    let agent = simulator::AGENT_API_TOKEN.email;
    let base = |key: &str, more: Value| {
        let mut row = json!({ "external_id": key, "subject": "S", "description": "D" });
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        row
    };
    let rows = [
        base("1", json!({ "requester_external_id": "a,NN", "organization_external_id": "o-1" })),
        base("2", json!({ "requester_email": "ANN@x.test", "assignee_email": agent })),
        base("3", json!({ "requester_email": "nobody@x.test" })),
        base("4", json!({ "requester_external_id": "nobody" })),
        base("5", json!({ "organization_external_id": "nowhere" })),
        base("6", json!({ "assignee_email": "ann@x.test" })),
    ];
    let ended = tickets(&sim, "append_dedup", &rows);
    assert_eq!(
        (ended.count("created"), ended.count("rejectedRecordCount")),
        (2, 4),
        "{:#?}",
        ended.logged("WARN")
    );
    for field in ["requester_email", "requester_external_id", "organization_external_id"] {
        let is_told = |line: &String| line.contains("related_not_found") && line.contains(field);
        assert!(ended.logged("WARN").iter().any(is_told), "{field}");
    }
    let (first, second) = (ticket(&sim, "1"), ticket(&sim, "2"));
    assert_eq!(
        (&first["requester_id"], &first["organization_id"]),
        (&json!(ann), &json!(organization))
    );
    assert_eq!(
        (&second["requester_id"], &second["assignee_id"]),
        (&json!(ann), &json!(simulator::AGENT_USER_ID))
    );
    assert_eq!(tickets(&sim, "append_dedup", &rows[..2]).count("unchanged"), 2);
}

#[test]
fn streams_that_name_each_other_are_written_in_one_sync_though_the_index_lags() {
    let sim = account();
    sim.knobs(|knobs| knobs.search_lag_seconds = 120);
    let catalog = json!({ "streams": [
        stream("t", "tickets", "append_dedup", Some("external_id")),
        stream("u", "users", "append_dedup", Some("external_id")),
        stream("o", "organizations", "append_dedup", Some("external_id")),
    ] });
    let mut input = String::new();
    for at in 0..230 {
        let rows = [
            ("o", json!({ "external_id": format!("o-{at}"), "name": format!("O {at}") })),
            (
                "u",
                json!({ "external_id": format!("u-{at}"), "name": "N", "email": format!("u{at}@x.test"), "organization_external_id": format!("O-{at}") }),
            ),
            (
                "t",
                json!({ "external_id": format!("t-{at}"), "subject": "S", "description": "D", "requester_email": format!("U{at}@x.test"), "organization_external_id": format!("O-{at}") }),
            ),
        ];
        for (stream, row) in rows {
            input += &(record_of(stream, &row) + "\n");
        }
    }
    for stream in ["o", "u", "t"] {
        input += &(state_of(stream, 1) + "\n");
    }
    let ended = write(&sim, &config(&json!({})), &catalog, input).succeeded();
    assert_eq!(ended.count("created"), 690, "{:#?}", ended.logged("WARN"));
    for at in [0, 99, 229] {
        let user = &with(&sim, "users", "external_id", &json!(format!("u-{at}")))[0];
        let organization =
            &with(&sim, "organizations", "external_id", &json!(format!("o-{at}")))[0];
        let ticket = ticket(&sim, &format!("t-{at}"));
        assert_eq!(
            (&user["organization_id"], &ticket["requester_id"]),
            (&organization["id"], &user["id"])
        );
        assert_eq!(ticket["organization_id"], organization["id"]);
    }
}
