//! Omnichannel routing and the events of skills: their envelopes, and how they end.

use super::listings::next_by_cursor;
use super::*;
use serde_json::Value;

fn rows<'p>(pages: &'p [Value], key: &str) -> Vec<&'p Value> {
    pages.iter().flat_map(|page| page[key].as_array().expect("a list")).collect()
}

#[test]
fn statuses_come_in_two_lists_that_are_paged_as_one() {
    let simulator = tiny();
    let path = "agent_availabilities/agent_statuses?page[size]=3";
    let pages = walk(&simulator, path, next_by_cursor);
    assert_eq!((rows(&pages, "default").len(), rows(&pages, "custom").len()), (4, 3));
    assert_eq!(rows(&pages[..1], "custom").len(), 0);
    assert_eq!(rows(&pages[2..], "default").len(), 0);
}

#[test]
fn availabilities_are_a_document_whose_meta_names_no_cursor() {
    let simulator = tiny();
    let page = get(&simulator, "agent_availabilities?page[size]=5").json();
    assert_eq!(page["meta"], serde_json::json!({ "has_more": true }));
    assert!(page["links"]["next"].as_str().expect("a link").contains("after"));
    let related = page["data"].as_array().expect("a list").iter();
    let related = related.filter_map(|row| row["relationships"]["channels"]["data"].as_array());
    let included = page["included"].as_array().expect("a list");
    let channels = included.iter().filter(|resource| resource["type"] == "channels");
    assert_eq!(related.flatten().count(), channels.count());
    assert!(included.iter().any(|resource| resource["type"] == "work_items"));
}

#[test]
fn two_listings_have_an_envelope_that_programs_do_not_agree_on() {
    let simulator = tiny();
    assert_eq!(get(&simulator, "capacity/rules").json().as_array().map(Vec::len), Some(7));
    let engagements = get(&simulator, "engagements?page_size=5").json();
    assert_eq!(engagements["agent_engagement_data"].as_array().map(Vec::len), Some(5));
    let next = route_of(&engagements["next_page_url"]).expect("a link");
    simulator.knobs(|knobs| knobs.other_envelopes = true);
    let last = get(&simulator, &next).json();
    assert_eq!(last["data"].as_array().map(Vec::len), Some(2));
    assert!(last["next_page_url"].is_null());
    assert_eq!(get(&simulator, "capacity/rules").json()["data"].as_array().map(Vec::len), Some(7));
}

#[test]
fn events_of_skills_end_with_a_count_of_none_and_go_on_behind_their_last_cursor() {
    let simulator = tiny();
    let path = "incremental/routing/instance_values";
    let mut route = path.to_owned();
    let mut counts = Vec::new();
    for _ in 0..3 {
        let page = get(&simulator, &route).json();
        counts.push(page["count"].as_u64());
        route = route_of(&page["next_page"]).expect("a link");
    }
    assert_eq!(counts, [Some(5), Some(2), Some(0)]);
    simulator.account(|account| account.create("routing_instance_value_events"));
    assert_eq!(get(&simulator, &route).json()["count"], 1);
    simulator.expire_cursors();
    assert_eq!(get(&simulator, &route).status, 400);
    assert_eq!(get(&simulator, path).json()["count"], 5);
}
