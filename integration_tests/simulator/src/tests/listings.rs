//! Every listing in every dialect that it has, compared with brute force.

use super::*;
use crate::listings::{Dialect, View};
use crate::resources::listings;

pub(super) fn next_by_cursor(page: &Value) -> Option<String> {
    // Links to Jira have a link in the place of the cursor.
    let link = match &page["links"] {
        Value::Array(_) => &page["meta"]["after_cursor"],
        links => &links["next"],
    };
    (page["meta"]["has_more"] == true).then(|| route_of(link)).flatten()
}

/// The rows that a listing must show: the account's truth, filtered by the view.
fn expected(simulator: &Simulator, resource: &str, view: View, parent: &str) -> BTreeSet<String> {
    simulator.account(|account| {
        let live = |key: &str| {
            let row = account.row(resource, key).unwrap();
            match view {
                View::Live => !row.deleted && !row.archived,
                View::NotDeleted | View::Groups => !row.deleted,
                View::OfLiveTickets => account.is_live_ticket(row.parent),
                _ => true,
            }
        };
        let truths = account.truth(resource).into_iter();
        let is_below = matches!(view, View::Children | View::CompletedBetween);
        let truths = truths.filter(|truth| !is_below || truth.parent.as_deref() == Some(parent));
        truths.map(|truth| truth.key).filter(|key| live(key)).collect()
    })
}

/// The path with the ids of the parent that has most children.
fn fill(simulator: &Simulator, path: &str, resource: &str) -> (String, String) {
    if !path.contains("{}") {
        return (path.to_owned(), String::new());
    }
    let truths = simulator.account(|account| account.truth(resource));
    let count = |parent: &Option<String>| truths.iter().filter(|row| &row.parent == parent).count();
    let most = truths.iter().max_by_key(|row| count(&row.parent)).unwrap();
    let parent = most.parent.clone().unwrap();
    let mut filled = path.to_owned();
    if path.matches("{}").count() == 2 {
        filled = filled.replacen("{}", most.grandparent.as_ref().unwrap(), 1);
    }
    (filled.replacen("{}", &parent, 1), parent)
}

#[test]
fn every_listing_serves_every_row_once_on_three_pages_or_more() {
    let simulator = tiny();
    for listing in listings() {
        let (path, parent) = fill(&simulator, listing.path, listing.resource);
        let expected = expected(&simulator, listing.resource, listing.view, &parent);
        let about = format!("{path} has {} rows", expected.len());
        let pages = match listing.dialect {
            Dialect::ExportByCursor(_) | Dialect::ExportByTime(_) => continue,
            // They have tests of their own, in `omnichannel`.
            Dialect::UntilEmpty | Dialect::NextUrl => continue,
            _ if listing.path.starts_with("agent_") || listing.path.starts_with("capacity/") => {
                continue;
            }
            Dialect::Object => {
                let page = get(&simulator, &path).json();
                assert!(page[listing.key].is_object() && expected.len() == 1, "{about}");
                continue;
            }
            Dialect::Single => {
                let page = get(&simulator, &format!("{path}?page[size]=2")).json();
                assert!(page["next_page"].is_null() && page.get("meta").is_none(), "{about}");
                vec![page]
            }
            Dialect::AfterCursor => walk(&simulator, &path, |page| {
                let after = page["meta"]["after_cursor"].as_str().unwrap_or_default();
                let after = after.replace('+', "%2B").replace('=', "%3D");
                (page["meta"]["has_more"] == true).then(|| format!("{path}?after_cursor={after}"))
            }),
            Dialect::Offset => walk(&simulator, &path, |page| route_of(&page["next_page"])),
            _ => {
                // By itself it lists those of the person who asks.
                let all = if listing.view == View::OwnTokens { "&all=true" } else { "" };
                walk(&simulator, &format!("{path}?page[size]=100{all}"), next_by_cursor)
            }
        };
        // Each custom object is a stream, so there are few, and each has few fields.
        let is_short = ["custom_objects", "custom_object_fields", "custom_object_triggers"]
            .contains(&listing.resource);
        let least = if is_short { 2 } else { 3 };
        assert!(listing.dialect == Dialect::Single || pages.len() >= least, "{about}");
        let served = ids(&pages, listing.key);
        assert_eq!(set(&served), expected, "{about}");
        assert_eq!(served.len(), expected.len(), "{about}");
        if listing.dialect == Dialect::Pages || listing.dialect == Dialect::HelpCenterPages {
            let pages = walk(&simulator, &path, |page| route_of(&page["next_page"]));
            let by_offset = ids(&pages, listing.key);
            assert_eq!(by_offset, served, "{about}: same order by offset");
            assert_eq!(pages[0]["count"], expected.len());
        }
    }
}

#[test]
fn last_pages_of_both_cursor_flavours() {
    let simulator = tiny();
    let last = |route: &str| walk(&simulator, route, next_by_cursor).pop().unwrap();
    let support = last("groups?page[size]=3&exclude_deleted=false");
    assert_eq!(support["meta"]["has_more"], false);
    assert!(support["links"]["next"].is_string() && support["meta"]["after_cursor"].is_string());
    let help_center = last("community/topics?page[size]=3");
    assert_eq!(help_center["meta"]["has_more"], false);
    assert!(help_center["links"].get("next").is_none());
    assert!(help_center["links"]["first"].as_str().unwrap().contains("/help_center/community/"));
    // Nothing at all: nulls.
    simulator.account(|account| {
        for key in account.keys("macros") {
            account.delete("macros", &key);
        }
    });
    let none = get(&simulator, "macros?page[size]=3").json();
    assert!(none["links"]["next"].is_null() && none["meta"]["after_cursor"].is_null());
}

#[test]
fn audits_walk_backwards() {
    let simulator = tiny();
    let pages =
        walk(&simulator, "ticket_audits?limit=200&sort_order=desc&sort_by=created_at", |page| {
            route_of(&page["before_url"])
        });
    let served = ids(&pages, "audits");
    assert_eq!(set(&served), truth(&simulator, "ticket_audits"));
    assert_eq!(served.len(), set(&served).len());
    let times: Vec<_> = pages
        .iter()
        .flat_map(|page| page["audits"].as_array().unwrap())
        .map(|row| row["created_at"].as_str().unwrap())
        .collect();
    assert!(times.windows(2).all(|two| two[0] >= two[1]), "newest first");
    let forward = walk(&simulator, "ticket_audits?limit=7", |page| route_of(&page["after_url"]));
    assert_eq!(set(&ids(&forward, "audits")), truth(&simulator, "ticket_audits"));
}

#[test]
fn rows_keep_their_bytes() {
    let simulator = tiny();
    let truths = simulator.account(|account| account.truth("custom_roles"));
    let text = get(&simulator, "custom_roles").text();
    assert!(truths.iter().all(|truth| text.contains(&truth.text)));
}

#[test]
fn mistakes_in_paging_are_refused() {
    let simulator = tiny();
    for (route, code) in [
        ("groups?page[size]=101", "InvalidPaginationParameter"),
        ("groups?page[size]=5&page[after]=nonsense", "InvalidPaginationParameter"),
        ("macros?page[size]=5&sort=updated_at", "InvalidPaginationParameter"),
        ("tickets?page[size]=5&sort=subject", "InvalidPaginationParameter"),
        ("groups?page=101", "InvalidPaginationDepth"),
    ] {
        let got = get(&simulator, route);
        assert_eq!((got.status, got.json()["errors"][0]["code"].as_str()), (400, Some(code)));
    }
    assert_eq!(get(&simulator, "macros?page[size]=5&sort_by=created_at").status, 200);
    assert_eq!(
        get(&simulator, "search/export?query=x&filter[type]=ticket&page[size]=1001").status,
        400
    );
    let tickets = get(&simulator, "tickets?page[size]=5").json();
    let cursor = tickets["meta"]["after_cursor"].as_str().unwrap().replace('=', "%3D");
    let foreign = get(&simulator, &format!("groups?page[size]=5&page[after]={cursor}"));
    assert_eq!(foreign.status, 400, "a cursor belongs to its order");
}

#[test]
fn pages_run_backwards_too() {
    let simulator = tiny();
    let pages = walk(&simulator, "triggers?page[size]=4", next_by_cursor);
    let before = route_of(&pages[2]["links"]["prev"]).unwrap();
    assert_eq!(get(&simulator, &before).json()["triggers"], pages[1]["triggers"]);
}

#[test]
fn search_export_is_newest_first_and_bounded() {
    let simulator = tiny();
    let from = crate::clock::iso(simulator.now_unix() - 500 * 86_400);
    let to = crate::clock::iso(simulator.now_unix());
    let query =
        format!("updated_at>={from} updated_at<={to}").replace('>', "%3E").replace('<', "%3C");
    let route = format!("search/export?query={query}&filter[type]=ticket&page[size]=1000");
    let pages = walk(&simulator, &route, next_by_cursor);
    let rows: Vec<_> = pages.iter().flat_map(|page| page["results"].as_array().unwrap()).collect();
    assert!(rows.len() > 5);
    assert!(rows.iter().all(|row| row["result_type"] == "ticket"));
    assert!(rows.iter().all(|row| row.get("generated_timestamp").is_none()));
    let created: Vec<_> = rows.iter().map(|row| row["created_at"].as_str().unwrap()).collect();
    assert!(created.windows(2).all(|two| two[0] >= two[1]));
    let second = route_of(&pages[0]["links"]["next"]).unwrap();
    simulator.advance_seconds(3700);
    assert_eq!(get(&simulator, &second).status, 400, "cursors of a search last an hour");
}

#[test]
fn filters_by_time() {
    let simulator = tiny();
    let now = simulator.now_unix();
    let middle = now - 500 * 86_400;
    let some =
        get(&simulator, &format!("satisfaction_ratings?per_page=100&start_time={middle}")).json();
    let all = get(&simulator, "satisfaction_ratings?per_page=100").json();
    assert!(some["count"].as_u64() < all["count"].as_u64());
    assert_eq!(get(&simulator, &format!("satisfaction_ratings?start_time={now}")).status, 400);
    let (from, to) = (crate::clock::iso(middle), crate::clock::iso(now));
    let two = format!("audit_logs?filter[created_at][]={from}&filter[created_at][]={to}");
    assert!(get(&simulator, &two).json()["count"].as_u64() > Some(0));
    assert_eq!(get(&simulator, &format!("audit_logs?filter[created_at][]={from}")).status, 400);
    let activities = get(&simulator, "activities?since=2026-11-10T00:00:00Z").json();
    assert!(
        activities["count"].as_u64() < Some(12)
            && activities["actors"].is_array() == activities.get("actors").is_some()
    );
    let ignored = get(&simulator, &format!("community/posts?page[size]=5&start_time={now}")).json();
    assert_eq!(ignored["posts"].as_array().unwrap().len(), 5);
}

#[test]
fn objects_and_counts() {
    let simulator = tiny();
    let definitions = get(&simulator, "routing/attributes/definitions").json();
    let both = ["conditions_all", "conditions_any"]
        .map(|key| definitions["definitions"][key].as_array().unwrap().len());
    assert_eq!(both[0] + both[1], truth(&simulator, "attribute_definitions").len());
    assert!(get(&simulator, "tickets/count").json()["count"]["value"].as_u64() > Some(10));
    let live = simulator.account(|account| {
        let mut rows = account.truth("tickets").into_iter();
        rows.find(|truth| !truth.deleted).unwrap().key
    });
    let metric = get(&simulator, &format!("tickets/{live}/metrics")).json();
    assert_eq!(metric["ticket_metric"]["ticket_id"].to_string(), live);
    assert_eq!(get(&simulator, "tickets/99999/metrics").status, 404);
    assert_eq!(get(&simulator, "help_center/articles/1/comments").status, 404);
    let events = walk(&simulator, "tickets/side_conversations/events?unix_time=0", |page| {
        route_of(&page["next_page"])
    });
    assert!(events.len() > 2);
}
