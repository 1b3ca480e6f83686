//! Rows of each object and operation: the account afterwards, and the message about each row.

use serde_json::{Value, json};

use crate::account::{account, all, ticket_columns, with};
use crate::run::{catalog, config, messages, write};

#[test]
fn users_are_created_then_left_alone_then_changed_where_they_differ() {
    let sim = account();
    let row = |at: usize, plan: &str| {
        json!({ "external_id": format!("U-{at}"), "name": format!("Ann {at}"), "email": format!("ann{at}@x.test"),
            "custom_plan": plan, "custom_vip": at.is_multiple_of(2), "custom_seats": at.to_string(), "custom_arr": 1.5,
            "custom_renewal": "2026-01-31", "custom_areas": ["gold", "one"], "tags": "one,two" })
    };
    let rows: Vec<Value> = (0..250).map(|at| row(at, "Gold")).collect();
    let catalog = catalog("users", "append_dedup", Some("external_id"));
    let ended = write(&sim, &config(&json!({})), &catalog, messages(&rows, 100)).succeeded();
    assert_eq!(
        (ended.count("created"), ended.count("recordCount")),
        (250, 250),
        "{:#?}",
        ended.lines
    );
    let found = with(&sim, "users", "external_id", &json!("U-7"));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["user_fields"]["plan"], "gold");
    let tags = found[0]["tags"].as_array().unwrap();
    assert!(["one", "two"].iter().all(|tag| tags.contains(&json!(tag))), "{tags:?}");
    sim.clear_ledger();
    let ended = write(&sim, &config(&json!({})), &catalog, messages(&rows, 100)).succeeded();
    assert_eq!(ended.count("unchanged"), 250, "{:#?}", ended.lines);
    assert_eq!(sim.ledger().writes, []);
    let rows: Vec<Value> =
        (0..250).map(|at| row(at, if at < 30 { "silver" } else { "gold" })).collect();
    let ended = write(&sim, &config(&json!({})), &catalog, messages(&rows, 100)).succeeded();
    assert_eq!((ended.count("updated"), ended.count("unchanged")), (30, 220));
    let writes = sim.ledger().writes;
    assert_eq!(writes.len(), 30);
    // Tags follow the value of the dropdown by themselves.
    let is_meant = |field: &String| ["user_fields", "tags"].contains(&field.as_str());
    assert!(writes.iter().all(|write| write.fields.iter().all(is_meant)), "{:?}", writes[0]);
}

#[test]
fn organizations_and_tickets_go_the_same_way() {
    let sim = account();
    let columns = ticket_columns(&sim);
    let rows: Vec<Value> = (0..120)
        .map(|at| json!({ "external_id": format!("O-{at}"), "name": format!("Org {at}"), "custom_plan": "gold" }))
        .collect();
    let organizations = catalog("organizations", "append_dedup", Some("external_id"));
    let ended = write(&sim, &config(&json!({})), &organizations, messages(&rows, 50)).succeeded();
    assert_eq!(ended.count("created"), 120, "{:#?}", ended.lines);
    let rows: Vec<Value> = (0..60)
        .map(|at| {
            json!({ "external_id": format!("T-{at}"), "subject": format!("S {at}"), "description": "D",
                columns[0].as_str(): "Gold", columns[2].as_str(): at, "priority": "high" })
        })
        .collect();
    let tickets = catalog("tickets", "append_dedup", Some("external_id"));
    let ended = write(&sim, &config(&json!({})), &tickets, messages(&rows, 50)).succeeded();
    assert_eq!(ended.count("created"), 60, "{:#?}", ended.lines);
    sim.clear_ledger();
    for (catalog, rows) in [(&organizations, None), (&tickets, Some(&rows))] {
        let Some(rows) = rows else { continue };
        let ended = write(&sim, &config(&json!({})), catalog, messages(rows, 50)).succeeded();
        assert_eq!(ended.count("unchanged"), 60, "{:#?}", ended.lines);
    }
    assert_eq!(sim.ledger().writes, []);
    let made = all(&sim, "tickets");
    assert_eq!(
        made.iter()
            .filter(|ticket| ticket["priority"] == "high" && ticket["external_id"] == "T-3")
            .count(),
        1
    );
}
