//! How a program lists the members of an audience, and marks up to a hundred of them by one change.

use super::*;
use crate::CustomField;
use serde_json::json;

/// An account whose users and organizations have a checkbox for an audience.
fn audience() -> Simulator {
    let sim = desk();
    sim.account(|account| {
        for of in ["users", "organizations"] {
            account.add_fields(of, &[CustomField::new("checkbox", "audience_vip", "VIP")]);
        }
    });
    sim
}

/// Adds members, who also have a tag. Returns their ids.
fn members(sim: &Simulator, count: usize) -> Vec<u64> {
    let member = |at: usize| {
        json!({ "name": format!("N{at}"), "external_id": format!("k{at}"), "tags": ["vip"],
            "user_fields": { "audience_vip": true } })
    };
    (0..count).map(|at| user(sim, member(at))).collect()
}

fn firms(sim: &Simulator, count: usize) -> Vec<u64> {
    let firm = |at: usize| {
        json!({ "name": format!("O{at}"), "external_id": format!("o{at}"),
            "organization_fields": { "audience_vip": true } })
    };
    (0..count).map(|at| organization(sim, firm(at))).collect()
}

/// The ids in a list of an answer, in ascending order.
fn ids(body: &Value, list: &str) -> Vec<u64> {
    let mut ids: Vec<u64> = body[list].as_array().expect("a list").iter().map(id_of).collect();
    ids.sort_unstable();
    ids
}

/// The ids in all pages of a search export, with this page size.
fn exported(sim: &Simulator, kind: &str, query: &str, size: usize) -> Vec<u64> {
    let first = format!("search/export?filter[type]={kind}&query={query}&page[size]={size}");
    let (mut route, mut all) = (first.clone(), Vec::new());
    loop {
        let page = read(sim, &route);
        all.extend(page["results"].as_array().expect("a list").iter().map(id_of));
        if page["meta"]["has_more"] != true {
            all.sort_unstable();
            return all;
        }
        let cursor = page["meta"]["after_cursor"].as_str().expect("a cursor").replace('=', "%3D");
        route = format!("{first}&page[after]={cursor}");
    }
}

#[test]
fn members_are_found_by_field_and_by_tag_as_late_as_the_index_is() {
    let sim = audience();
    sim.knobs(|knobs| knobs.search_lag_seconds = 100);
    let all = members(&sim, 3);
    let found = |query: &str| {
        let page = read(&sim, &format!("users/search?query={query}"));
        assert_eq!(page["count"], page["users"].as_array().expect("a list").len());
        ids(&page, "users")
    };
    assert_eq!(found("audience_vip:true"), [0; 0]);
    sim.advance_seconds(101);
    assert_eq!((found("audience_vip:true"), found("tags:vip")), (all.clone(), all.clone()));
    // One who was just unmarked is still shown, as a member.
    let unmarked = json!({ "user": { "tags": [], "user_fields": { "audience_vip": false } } });
    done(&sim, "PUT", &format!("users/{}", all[0]), &unmarked);
    assert_eq!((found("audience_vip:true"), found("tags:vip")), (all.clone(), all.clone()));
    assert_eq!(exported(&sim, "user", "audience_vip:true", 2), all);
    sim.advance_seconds(101);
    assert_eq!(found("audience_vip:true"), all[1..]);
    assert_eq!(exported(&sim, "user", "tags:vip", 1), all[1..]);
}

#[test]
fn a_search_in_offset_pages_ends_at_a_thousand_results() {
    let sim = audience();
    let (people, firms) = (members(&sim, 3), firms(&sim, 2));
    let all = read(&sim, "search?query=audience_vip:true");
    assert_eq!((&all["count"], &all["facets"]), (&json!(5), &Value::Null));
    let found = |kind: &str| read(&sim, &format!("search?query=type:{kind}+audience_vip:true"));
    let organizations = found("organization");
    assert_eq!(ids(&organizations, "results"), firms);
    assert_eq!(organizations["results"][0]["result_type"], "organization");
    assert_eq!(ids(&found("user"), "results"), people);
    let counted = read(&sim, "search/count?query=type:organization+audience_vip:true");
    assert_eq!(counted["count"], 2);
    let second = read(&sim, "search?query=type:user+audience_vip:true&per_page=2&page=2");
    assert_eq!((ids(&second, "results").len(), &second["count"]), (1, &json!(3)));
    assert_eq!(get(&sim, "search?query=audience_vip:true&page=10").status, 200);
    let beyond = get(&sim, "search?query=audience_vip:true&page=11");
    assert_eq!((beyond.status, &beyond.json()["error"]), (422, &json!("invalid")));
    let by_cursor = get(&sim, "search?query=audience_vip:true&page[size]=100");
    assert!(by_cursor.status == 400 && by_cursor.text().contains("page must be an integer"));
    // Organizations are searched by their keys alone.
    assert_eq!(get(&sim, "organizations/search?query=audience_vip:true").status, 400);
}

#[test]
fn the_export_of_members_goes_by_cursors_that_live_an_hour() {
    let sim = audience();
    let (people, firms) = (members(&sim, 5), firms(&sim, 3));
    assert_eq!(exported(&sim, "user", "audience_vip:true", 2), people);
    assert_eq!(exported(&sim, "user", "audience_vip:true", 1000), people);
    assert_eq!(exported(&sim, "organization", "audience_vip:true", 1), firms);
    let route = "search/export?filter[type]=user&query=audience_vip:true&page[size]=2";
    let page = read(&sim, route);
    assert_eq!(page["count"], Value::Null);
    let cursor = page["meta"]["after_cursor"].as_str().expect("a cursor").replace('=', "%3D");
    let next = format!("{route}&page[after]={cursor}");
    sim.advance_seconds(3590);
    assert_eq!(ids(&read(&sim, &next), "results").len(), 2);
    sim.advance_seconds(3700);
    assert_eq!(get(&sim, &next).status, 400);
    let with_type = "search/export?filter[type]=user&query=type:user+audience_vip:true";
    assert_eq!(get(&sim, with_type).status, 400);
    assert_eq!(get(&sim, &format!("{route}01")).status, 200);
    assert_eq!(get(&sim, &format!("{route}001")).status, 400);
}

#[test]
fn an_index_may_be_wrong_about_rows_for_good() {
    let sim = audience();
    let all = members(&sim, 3);
    let other = user(&sim, json!({ "name": "O" }));
    let firm = organization(&sim, json!({ "name": "F" }));
    sim.knobs(|knobs| {
        knobs.search_misses = vec![all[1]];
        knobs.search_overstates = vec![other, firm];
    });
    sim.advance_seconds(86_400);
    let shown = [all[0], all[2], other];
    for query in ["audience_vip:true", "tags:vip"] {
        let found = read(&sim, &format!("users/search?query={query}"));
        assert_eq!(ids(&found, "users"), shown, "{query}");
        assert_eq!(exported(&sim, "user", query, 1), shown, "{query}");
    }
    assert_eq!(exported(&sim, "organization", "audience_vip:true", 10), [firm]);
    // The result itself says that it is a member; the row does not.
    let found = read(&sim, "users/search?query=audience_vip:true+tags:vip");
    let row = found["users"].as_array().expect("a list").last().expect("a row").clone();
    assert_eq!(
        (&row["user_fields"]["audience_vip"], &row["tags"]),
        (&json!(true), &json!(["vip"]))
    );
    let row = read(&sim, &format!("users/{other}"))["user"].clone();
    assert_eq!((&row["user_fields"]["audience_vip"], &row["tags"]), (&Value::Null, &json!([])));
    // What asks for no field is not misled.
    assert_eq!(ids(&read(&sim, "users/search?query=N0"), "users"), [all[0]]);
}

#[test]
fn full_listings_show_the_fields_of_rows_that_were_written() {
    let sim = audience();
    let (person, firm) = (members(&sim, 1)[0], firms(&sim, 1)[0]);
    let flag = |route: &str, list: &str, fields: &str, id: u64| {
        let rows = read(&sim, route)[list].as_array().expect("a list").clone();
        let row = rows.into_iter().find(|row| row["id"] == id).expect("the row is listed");
        row[fields]["audience_vip"].clone()
    };
    let users = |route: &str| flag(route, "users", "user_fields", person);
    let organizations = |route: &str| flag(route, "organizations", "organization_fields", firm);
    sim.advance_seconds(61);
    assert_eq!(users("users?page[size]=100"), true);
    assert_eq!(users("incremental/users/cursor?start_time=1"), true);
    assert_eq!(organizations("organizations?page[size]=100"), true);
    assert_eq!(organizations("incremental/organizations?start_time=1"), true);
    let unmark = json!({ "user": { "user_fields": { "audience_vip": false } } });
    done(&sim, "PUT", &format!("users/{person}"), &unmark);
    assert_eq!(users("users?page[size]=100"), false);
    // The export withholds the rows of its last minute.
    sim.advance_seconds(61);
    assert_eq!(users("incremental/users/cursor?start_time=1"), false);
}

#[test]
fn one_change_marks_a_hundred_by_id_or_by_external_id() {
    let sim = audience();
    sim.knobs(|knobs| knobs.bulk_import_is_off = true);
    let a = user(&sim, json!({ "name": "A", "external_id": "k0" }));
    let b = user(&sim, json!({ "name": "B", "external_id": "k1" }));
    let body = |value: Value| json!({ "user": { "user_fields": { "audience_vip": value } } });
    let (mark, good) = (
        body(json!(true)),
        |id: u64| json!({ "id": id, "action": "update", "status": "Updated", "success": true }),
    );
    let by_id = job(&sim, "PUT", &format!("users/update_many?ids={a},7,{b}"), &mark);
    assert_eq!((&by_id["results"][0], &by_id["results"][2]), (&good(a), &good(b)));
    assert_eq!(
        by_id["results"][1],
        json!({ "id": 7, "action": "update", "success": false, "error": "RecordNotFound",
            "details": "Not found" })
    );
    let flag =
        |id: u64| read(&sim, &format!("users/{id}"))["user"]["user_fields"]["audience_vip"].clone();
    assert_eq!((flag(a), flag(b)), (json!(true), json!(true)));
    let unmark = body(json!(false));
    let by_key = job(&sim, "PUT", "users/update_many?external_ids=K1,none,k0", &unmark);
    assert_eq!((&by_key["results"][0], &by_key["results"][2]), (&good(b), &good(a)));
    assert_eq!(by_key["results"][1]["id"], Value::Null);
    assert_eq!((flag(a), flag(b)), (json!(false), json!(false)));
    let wrong = job(&sim, "PUT", &format!("users/update_many?ids={a}"), &body(json!("maybe")));
    assert_eq!(wrong["results"][0]["error"], "UserUpdateError");
    let many = (0..101).map(|id| id.to_string()).collect::<Vec<_>>().join(",");
    let got = write(&sim, "PUT", &format!("users/update_many?ids={many}"), &mark);
    assert_eq!((got.status, &got.json()["error"]), (400, &json!("TooManyValues")));
    assert_eq!(sim.ledger().verification_mails, []);
}

#[test]
fn one_change_marks_organizations_whose_failed_items_have_a_shape_of_their_own() {
    let sim = audience();
    let firms = firms(&sim, 2);
    let body = json!({ "organization": { "organization_fields": { "audience_vip": false } } });
    let route = format!("organizations/update_many?ids={},9,{}", firms[0], firms[1]);
    let by_id = job(&sim, "PUT", &route, &body);
    assert_eq!(
        by_id["results"][1],
        json!({ "index": 1, "id": 9, "error": "RecordNotFound", "details": "Not found" })
    );
    let flag = |id: u64| {
        let row = read(&sim, &format!("organizations/{id}"))["organization"].clone();
        row["organization_fields"]["audience_vip"].clone()
    };
    assert_eq!((flag(firms[0]), flag(firms[1])), (json!(false), json!(false)));
    let body = json!({ "organization": { "organization_fields": { "audience_vip": true } } });
    let by_key = job(&sim, "PUT", "organizations/update_many?external_ids=O0,o1", &body);
    assert_eq!(by_key["results"][1]["success"], true);
    assert_eq!((flag(firms[0]), flag(firms[1])), (json!(true), json!(true)));
}
