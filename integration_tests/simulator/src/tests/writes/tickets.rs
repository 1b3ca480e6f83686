use super::*;
use crate::CustomField;
use serde_json::json;

#[test]
fn a_ticket_mails_its_requester_and_runs_the_triggers() {
    let sim = desk();
    let id = user(&sim, json!({ "name": "U", "email": "u@x.test", "tags": ["of_user"] }));
    let body = json!({ "ticket": { "subject": "S", "comment": { "body": "B" }, "requester_id": id,
        "tags": ["own"], "external_id": "t1" } });
    let got = write(&sim, "POST", "tickets", &body);
    assert_eq!(got.status, 201);
    let row = got.json()["ticket"].clone();
    assert_eq!((&row["description"], &row["status"]), (&json!("B"), &json!("new")));
    assert_eq!(row["tags"], json!(["own", "of_user"]));
    assert!(got.json()["audit"]["events"].is_array());
    let number = id_of(&row);
    assert_eq!(sim.ledger().requester_mails[0].ticket_id, number);
    let quiet = json!({ "ticket": { "comment": { "body": "C", "public": false } } });
    done(&sim, "PUT", &format!("tickets/{number}"), &quiet);
    assert_eq!((sim.ledger().requester_mails.len(), sim.ledger().triggers_fired.len()), (1, 2));
    let comments = read(&sim, &format!("tickets/{number}/comments?sort_order=desc&page[size]=1"));
    assert_eq!(comments["comments"][0]["body"], "C");
    assert_eq!(comments["meta"]["has_more"], true);
    // Nobody is named, and the external id is not unique.
    ticket(&sim, json!({ "description": "D", "external_id": "T1" }));
    assert_eq!(read(&sim, "tickets?external_id=t1")["count"], 2);
    let new =
        json!({ "comment": { "body": "B" }, "requester": { "name": "N", "email": "n@x.test" } });
    ticket(&sim, new);
    assert_eq!(sim.ledger().verification_mails.last().map(|mail| &*mail.email), Some("n@x.test"));
}

#[test]
fn a_key_gives_the_same_answer_for_two_hours() {
    let sim = desk();
    let create = |subject: &str| {
        let headers = format!("{}Idempotency-Key: k\r\n", by(ADMIN_BEARER));
        let body = json!({ "ticket": { "subject": subject, "comment": { "body": "B" } } });
        send(&sim, "POST", "tickets", &headers, body.to_string().as_bytes()).expect("an answer")
    };
    let first = create("S");
    assert_eq!(first.header("x-idempotency-lookup"), Some("miss"));
    let again = create("S");
    assert_eq!(again.header("x-idempotency-lookup"), Some("hit"));
    assert_eq!((again.status, again.json()), (201, first.json()));
    let other = create("T");
    assert_eq!((other.status, &other.json()["error"]), (400, &json!("IdempotentRequestError")));
    assert_eq!(sim.ledger().created("tickets").len(), 1);
    sim.advance_seconds(7201);
    assert_eq!(create("S").header("x-idempotency-lookup"), Some("miss"));
    assert_eq!(sim.ledger().created("tickets").len(), 2);
    let seen = sim.requests().pop().expect("a request");
    assert_eq!(
        (seen.idempotency_key.as_str(), &seen.json()["ticket"]["subject"]),
        ("k", &json!("S"))
    );
}

#[test]
fn what_a_ticket_refuses() {
    let sim = desk();
    let id = user(&sim, json!({ "name": "U" }));
    let foreign = organization(&sim, json!({ "name": "Foreign" }));
    let number = ticket(&sim, json!({ "comment": { "body": "B" }, "requester_id": id }));
    let route = format!("tickets/{number}");
    let update = |given: Value| write(&sim, "PUT", &route, &json!({ "ticket": given }));
    complaint(
        &write(&sim, "POST", "tickets", &json!({ "ticket": { "subject": "S" } })),
        "description",
    );
    complaint(&update(json!({ "organization_id": foreign })), "organization");
    complaint(&update(json!({ "assignee_id": id })), "assignee");
    complaint(&update(json!({ "assignee_email": "nobody@x.test" })), "assignee");
    complaint(&update(json!({ "priority": "great" })), "priority");
    assert_eq!(update(json!({ "custom_fields": {} })).status, 400);
    assert_eq!(
        update(json!({ "safe_update": true, "updated_stamp": "2020-01-01T00:00:00Z" })).status,
        409
    );
    let got = update(json!({ "description": "new" }));
    assert_eq!((got.status, &got.json()["ticket"]["description"]), (200, &json!("B")));
    sim.account(|account| account.add_ticket_comments(number, 4999));
    complaint(&update(json!({ "comment": { "body": "one too many" } })), "base");
    assert_eq!(update(json!({ "status": "closed" })).status, 200);
    assert!(complaint(&update(json!({ "subject": "S" })), "status").contains("closed"));
    done(&sim, "DELETE", &route, &json!({}));
    assert_eq!(update(json!({ "subject": "S" })).status, 404);
    assert_eq!(get(&sim, &route).status, 404);
}

#[test]
fn fields_of_tickets_are_numbered_and_kept_as_texts() {
    let sim = desk();
    let ids = sim.account(|account| {
        let field = |kind, key| CustomField::new(kind, key, key);
        account.add_fields(
            "tickets",
            &[
                field("tagger", "").with_options(&[("gold", "Gold")]),
                field("integer", ""),
                field("date", ""),
            ],
        )
    });
    let fields = json!([{ "id": ids[0], "value": "gold" }, { "id": ids[1], "value": 7 },
        { "id": ids[2], "value": "2026-01-31" }, { "id": 1, "value": 2 }]);
    let number = ticket(&sim, json!({ "comment": { "body": "B" }, "custom_fields": fields }));
    let row = read(&sim, &format!("tickets/{number}"))["ticket"].clone();
    let value = |row: &Value, id: u64| {
        let list = row["custom_fields"].as_array().expect("a list").clone();
        list.into_iter().find(|one| one["id"] == id).map(|one| one["value"].clone())
    };
    assert_eq!(value(&row, ids[0]), Some(json!("gold")));
    assert_eq!(value(&row, ids[1]), Some(json!("7")));
    assert_eq!(value(&row, ids[2]), Some(json!("2026-01-31")));
    assert_eq!(value(&row, 1), None);
    assert_eq!(row["tags"], json!(["gold"]));
    let title = json!({ "ticket": { "custom_fields": [{ "id": ids[0], "value": "Gold" }] } });
    let row = done(&sim, "PUT", &format!("tickets/{number}"), &title)["ticket"].clone();
    assert_eq!(value(&row, ids[0]), Some(json!("gold")));
    let null = json!({ "ticket": { "custom_fields": [{ "id": ids[0], "value": null }] } });
    let row = done(&sim, "PUT", &format!("tickets/{number}"), &null)["ticket"].clone();
    assert_eq!((value(&row, ids[0]), &row["tags"]), (Some(Value::Null), &json!([])));
}

#[test]
fn what_was_written_is_in_the_exports() {
    let sim = desk();
    let number = ticket(&sim, json!({ "subject": "S", "comment": { "body": "B" } }));
    sim.advance_seconds(120);
    let from = sim.now_unix() - 1000;
    let tickets = read(&sim, &format!("incremental/tickets/cursor?start_time={from}"));
    assert_eq!(tickets["tickets"][0]["id"], json!(number));
    let events =
        read(&sim, &format!("incremental/ticket_events?start_time={from}&include=comment_events"));
    let comment = &events["ticket_events"][0]["child_events"][0];
    assert_eq!((&comment["event_type"], &comment["body"]), (&json!("Comment"), &json!("B")));
}
