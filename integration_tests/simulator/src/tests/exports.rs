//! The incremental exports, compared with brute force.

use super::*;

fn by_cursor(page: &Value) -> Option<String> {
    (page["end_of_stream"] == false).then(|| route_of(&page["after_url"])).flatten()
}

fn by_mark(page: &Value) -> Option<String> {
    (page["end_of_stream"] == false).then(|| route_of(&page["next_page"])).flatten()
}

#[test]
fn cursor_export_serves_every_ticket_once_and_in_order() {
    let simulator = tiny();
    let route = "incremental/tickets/cursor.json?start_time=0&support_type_scope=all";
    let pages = walk(&simulator, route, by_cursor);
    assert!(pages.len() > 3);
    let served = ids(&pages, "tickets");
    assert_eq!(set(&served), truth(&simulator, "tickets"));
    assert_eq!(served.len(), set(&served).len());
    let rows: Vec<_> = pages.iter().flat_map(|page| page["tickets"].as_array().unwrap()).collect();
    let at = |row: &Value| (row["generated_timestamp"].as_i64(), row["id"].as_i64());
    assert!(rows.windows(2).all(|two| at(two[0]) < at(two[1])));
    let last = pages.last().unwrap();
    assert!(last["after_url"].is_string() && last["after_cursor"].is_string());
    // The cursor of the last page resumes: nothing new, and the same cursor again.
    let cursor = last["after_cursor"].as_str().unwrap().replace('=', "%3D");
    let again = get(&simulator, &format!("incremental/tickets/cursor?cursor={cursor}")).json();
    assert_eq!((&again["tickets"], &again["end_of_stream"]), (&Value::Array(vec![]), &true.into()));
    assert_eq!(again["after_cursor"], last["after_cursor"]);
}

#[test]
fn side_loads_and_filters_of_the_ticket_export() {
    let simulator = tiny();
    let all = "incremental/tickets/cursor?start_time=0";
    let rows = |query: &str| {
        let pages = walk(&simulator, &format!("{all}{query}"), by_cursor);
        pages
            .iter()
            .flat_map(|page| page["tickets"].as_array().unwrap().clone())
            .collect::<Vec<_>>()
    };
    let default = rows("");
    assert!(default.iter().all(|row| row["support_type"] != "ai_agent"));
    assert!(rows("&support_type_scope=all").len() > default.len());
    assert!(rows("&exclude_deleted=true").iter().all(|row| row["status"] != "deleted"));
    let with_sets = rows("&include=metric_sets");
    for row in &with_sets {
        let is_null = row["metric_set"].is_null();
        assert_eq!(is_null, row["status"] == "deleted", "{row}");
        assert!(is_null || row["metric_set"]["ticket_id"] == row["id"]);
    }
    assert!(with_sets.iter().any(|row| row["subject"] == "SCRUBBED"));
}

#[test]
fn a_second_that_is_cut_leads_to_itself() {
    let simulator =
        start(Settings { enforce_limits: false, page_cap: None, ..Settings::default() });
    simulator.account(|account| (0..12).for_each(|_| drop(account.create("organizations"))));
    let second = simulator.now_unix();
    simulator.advance_seconds(3600);
    simulator.knobs(|knobs| knobs.seconds_are_cut = true);
    let route = format!("incremental/organizations?start_time={second}&per_page=10");
    let page = get(&simulator, &route).json();
    assert_eq!((&page["count"], &page["end_time"]), (&10.into(), &second.into()));
    assert_eq!(page["end_of_stream"], false);
    simulator.knobs(|knobs| knobs.seconds_are_cut = false);
    let page = get(&simulator, &route).json();
    assert_eq!((&page["count"], &page["end_time"]), (&12.into(), &(second + 1).into()));
}

#[test]
fn time_exports_repeat_boundaries_and_swell_over_a_second() {
    let simulator = tiny();
    for (route, key, field) in [
        (
            "incremental/ticket_events?support_type_scope=all&start_time=0",
            "ticket_events",
            "timestamp",
        ),
        (
            "incremental/tickets?support_type_scope=all&start_time=0",
            "tickets",
            "generated_timestamp",
        ),
        ("incremental/organizations.json?start_time=0", "organizations", ""),
        ("incremental/users?start_time=0", "users", ""),
    ] {
        let pages = walk(&simulator, route, by_mark);
        let served = ids(&pages, key);
        let resource = if key == "tickets" { "tickets" } else { key };
        assert_eq!(set(&served), truth(&simulator, resource), "{key}");
        assert!(served.len() > set(&served).len(), "{key}: boundary rows are repeated");
        let swollen = pages.iter().find(|page| page["count"].as_u64() > Some(5));
        let swollen = swollen.unwrap_or_else(|| panic!("{key}: a second swells past the page"));
        if !field.is_empty() {
            let rows = swollen[key].as_array().unwrap();
            let second = rows[0][field].as_i64().unwrap();
            assert!(rows.iter().all(|row| row[field] == second));
            assert_eq!(swollen["end_time"], second + 1);
        }
        let last = pages.last().unwrap();
        assert_eq!(last["end_of_stream"], true);
        assert!(last["next_page"].is_string(), "{key}: the last page has a link");
    }
}

#[test]
fn exports_without_an_end_mark() {
    let simulator = tiny();
    let articles = walk(&simulator, "help_center/incremental/articles?start_time=0", |page| {
        assert!(page.get("end_of_stream").is_none());
        route_of(&page["next_page"])
    });
    assert_eq!(set(&ids(&articles, "articles")), truth(&simulator, "articles"));
    let start = |link: &Value| {
        let link = route_of(link)?;
        link.rsplit_once("start_time=").and_then(|(_, second)| second.parse::<i64>().ok())
    };
    let last_start = std::cell::Cell::new(0);
    let events = walk(&simulator, "incremental/ticket_metric_events?start_time=0", |page| {
        assert!(page.get("end_of_stream").is_none());
        let next = start(&page["next_page"]).expect("there is always a link");
        let moved = next != last_start.replace(next);
        moved.then(|| route_of(&page["next_page"])).flatten()
    });
    let served = set(&ids(&events, "ticket_metric_events"));
    assert_eq!(served, truth(&simulator, "ticket_metric_events"));
    let pages = walk(&simulator, "incremental/ticket_metric_events?page[size]=4", |page| {
        (page["meta"]["has_more"] == true).then(|| route_of(&page["links"]["next"])).flatten()
    });
    assert_eq!(set(&ids(&pages, "ticket_metric_events")), served);
}

#[test]
fn the_last_minute_is_withheld() {
    let simulator = tiny();
    let now = simulator.now_unix();
    let key = simulator.account(|account| account.create("tickets"));
    let route = format!("incremental/tickets/cursor?start_time={}", now - 61);
    let before = get(&simulator, &route).json();
    assert_eq!(before["tickets"], Value::Array(vec![]));
    assert!(before["after_cursor"].is_null() && before["after_url"].is_null());
    assert_eq!(before["end_of_stream"], true);
    simulator.advance_seconds(62);
    let after = get(&simulator, &route).json();
    assert_eq!(ids(&[after], "tickets"), [key]);
    let late = get(&simulator, &format!("incremental/tickets/cursor?start_time={}", now + 60));
    assert_eq!((late.status, late.json()["error"].as_str()), (400, Some("StartTimeTooRecent")));
    let events = format!("incremental/ticket_events?start_time={}", simulator.now_unix() - 10);
    assert_eq!(get(&simulator, &events).status, 400);
    assert_eq!(get(&simulator, "incremental/ticket_events").status, 400);
    assert_eq!(get(&simulator, "incremental/tickets/cursor?cursor=bad").status, 400);
}

#[test]
fn empty_pages_in_the_middle_lose_nothing() {
    let simulator = tiny();
    simulator.knobs(|knobs| knobs.empty_page_every = Some(2));
    let route = "incremental/tickets/cursor?start_time=0&support_type_scope=all";
    let pages = walk(&simulator, route, by_cursor);
    assert!(pages.iter().any(|page| page["tickets"] == Value::Array(vec![])));
    assert_eq!(set(&ids(&pages, "tickets")), truth(&simulator, "tickets"));
    let route = "incremental/ticket_events?start_time=0&support_type_scope=all";
    let pages = walk(&simulator, route, by_mark);
    assert!(pages.iter().any(|page| page["count"] == 0));
    assert_eq!(set(&ids(&pages, "ticket_events")), truth(&simulator, "ticket_events"));
}

#[test]
fn cursors_expire() {
    let simulator = tiny();
    let route = "incremental/tickets/cursor?start_time=0";
    let link = route_of(&get(&simulator, route).json()["after_url"]).unwrap();
    assert_eq!(get(&simulator, &link).status, 200);
    simulator.expire_cursors();
    assert_eq!(get(&simulator, &link).status, 400);
    let link = route_of(&get(&simulator, route).json()["after_url"]).unwrap();
    assert_eq!(get(&simulator, &link).status, 200);
}

#[test]
fn comments_come_whole_only_when_asked_for() {
    let simulator = tiny();
    let comments = |query: &str| {
        let route = format!("incremental/ticket_events?start_time=0&support_type_scope=all{query}");
        let pages = walk(&simulator, &route, by_mark);
        let rows = pages.iter().flat_map(|page| page["ticket_events"].as_array().unwrap().clone());
        let children =
            rows.flat_map(|row| row["child_events"].as_array().cloned().unwrap_or_default());
        children.filter(|child| child["event_type"] == "Comment").collect::<Vec<_>>()
    };
    let plain = comments("");
    assert!(!plain.is_empty());
    assert!(
        plain.iter().all(|child| child["comment_present"] == true && child.get("body").is_none())
    );
    assert!(comments("&include=comment_events").iter().all(|child| child.get("body").is_some()));
}

#[test]
fn users_bring_their_identities() {
    let simulator = tiny();
    let pages = walk(
        &simulator,
        "incremental/users/cursor.json?start_time=0&include=identities",
        by_cursor,
    );
    assert_eq!(set(&ids(&pages, "users")), truth(&simulator, "users"));
    assert_eq!(set(&ids(&pages, "identities")), truth(&simulator, "user_identities"));
}
