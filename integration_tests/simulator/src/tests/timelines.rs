//! A coherent account over HTTP: which rows a reader gets from which endpoint.

use super::*;

fn coherent() -> Simulator {
    start(Settings {
        timelines: 60,
        enforce_limits: false,
        page_cap: Some(40),
        ..Settings::default()
    })
}

/// All rows of an export by time or by cursor.
fn export(simulator: &Simulator, route: &str, key: &str) -> Vec<Value> {
    let next = |page: &Value| {
        let is_last = page["end_of_stream"] == true || page["count"] == 0;
        let link =
            if page["after_url"].is_null() { &page["next_page"] } else { &page["after_url"] };
        if is_last { None } else { route_of(link) }
    };
    let pages = walk(simulator, route, next);
    pages.iter().flat_map(|page| page[key].as_array().cloned().unwrap_or_default()).collect()
}

fn tickets_of(rows: &[Value], key: &str) -> BTreeSet<u64> {
    rows.iter().filter_map(|row| row[key].as_u64()).collect()
}

#[test]
fn exports_have_archived_and_deleted_tickets_and_listings_do_not() {
    let simulator = coherent();
    simulator.advance_seconds(120);
    let history = simulator.account(|account| account.history());
    let fields = history["ticket_field_history"].as_array().expect("rows");
    let events = export(
        &simulator,
        "incremental/ticket_events?start_time=0&include=comment_events",
        "ticket_events",
    );
    let with_events = tickets_of(&events, "ticket_id");
    assert_eq!(tickets_of(fields, "ticket_id"), with_events);
    let tickets = export(&simulator, "incremental/tickets/cursor?start_time=0", "tickets");
    assert_eq!(tickets_of(&tickets, "id").len(), 60);
    let deleted: Vec<Value> =
        tickets.iter().filter(|row| row["status"] == "deleted").cloned().collect();
    let deleted = tickets_of(&deleted, "id");
    let pages =
        walk(&simulator, "ticket_audits?limit=200&sort_order=desc&sort_by=created_at", |page| {
            route_of(&page["before_url"])
        });
    let audits: Vec<Value> = pages
        .iter()
        .flat_map(|page| page["audits"].as_array().cloned().unwrap_or_default())
        .collect();
    let with_audits = tickets_of(&audits, "ticket_id");
    let archived = simulator.account(|account| {
        let is_archived =
            |key: &String| account.row("tickets", key).is_some_and(|row| row.archived);
        let keys: Vec<String> = account.keys("tickets").into_iter().filter(is_archived).collect();
        keys.iter().filter_map(|key| key.parse().ok()).collect::<BTreeSet<u64>>()
    });
    assert!(deleted.len() > 2 && archived.len() > 10);
    assert!(deleted.is_subset(&with_events) && archived.is_subset(&with_events));
    let gone: BTreeSet<u64> = deleted.union(&archived).copied().collect();
    assert_eq!(with_audits, with_events.difference(&gone).copied().collect());
}

#[test]
fn what_steps_bring_is_exported_later_and_history_has_it_at_once() {
    let simulator = coherent();
    let count = |simulator: &Simulator| {
        let rows = export(
            simulator,
            "incremental/ticket_events?start_time=0&include=comment_events",
            "ticket_events",
        );
        rows.iter().map(name_of).collect::<BTreeSet<_>>()
    };
    simulator.advance_seconds(3_600);
    let before = count(&simulator);
    let told = simulator.account(|account| account.step_timelines(5));
    assert_eq!(told.len(), 5);
    assert_eq!(count(&simulator), before);
    simulator.advance_seconds(120);
    assert_eq!(count(&simulator).len(), before.len() + 5);
}
