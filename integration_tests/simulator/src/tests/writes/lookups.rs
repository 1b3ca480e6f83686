use super::*;
use serde_json::json;

#[test]
fn a_hundred_rows_are_shown_at_once_and_what_is_gone_is_left_out() {
    let sim = desk();
    let a = user(&sim, json!({ "name": "A", "external_id": "Ka" }));
    let b = user(&sim, json!({ "name": "B", "external_id": "kb" }));
    let names = |route: &str| -> Vec<String> {
        let users = read(&sim, route)["users"].as_array().expect("a list").clone();
        users.iter().map(|user| user["name"].as_str().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(names(&format!("users/show_many?ids={b},{a},7")), ["A", "B"]);
    assert_eq!(names("users/show_many?external_ids=KB,ka,none"), ["A", "B"]);
    assert_eq!(names("users/search?external_id=KA"), ["A"]);
    let many = vec!["1"; 101].join(",");
    let got = get(&sim, &format!("users/show_many?ids={many}"));
    assert_eq!((got.status, &got.json()["error"]), (400, &json!("TooManyValues")));
    let ticket = ticket(&sim, json!({ "comment": { "body": "B" } }));
    let shown = read(&sim, &format!("tickets/show_many?ids={ticket},99999"));
    assert_eq!(shown["count"], 1);
    done(&sim, "DELETE", &format!("users/{a}"), &json!({}));
    assert_eq!(names(&format!("users/show_many?ids={a},{b}")).len(), 2);
    assert_eq!(names("users/show_many?external_ids=ka,kb"), ["B"]);
}

#[test]
fn the_search_for_an_address_lags_and_finds_what_resembles_it() {
    let sim = desk();
    sim.knobs(|knobs| knobs.search_lag_seconds = 120);
    let id = user(&sim, json!({ "name": "A", "email": "pat@x.test" }));
    user(&sim, json!({ "name": "B", "email": "pat+1@x.test" }));
    user(&sim, json!({ "name": "C", "email": "c@x.test" }));
    let found = |query: &str| -> Vec<String> {
        let users = read(&sim, &format!("users/search?query={query}"))["users"].clone();
        let users = users.as_array().expect("a list").clone();
        users.iter().map(|user| user["email"].as_str().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(found("email:%22PAT@x.test%22"), [""; 0]);
    sim.advance_seconds(121);
    assert_eq!(found("email:%22PAT@x.test%22"), ["pat@x.test", "pat+1@x.test"]);
    assert_eq!(found("email:c@x.test email:pat%2B1@x.test").len(), 3);
    // The index still has the former address for a while.
    let body = json!({ "identity": { "type": "email", "value": "new@y.test" } });
    let identity = id_of(&done(&sim, "POST", &format!("users/{id}/identities"), &body)["identity"]);
    done(&sim, "PUT", &format!("users/{id}/identities/{identity}/make_primary"), &json!({}));
    assert_eq!(found("email:new@y.test"), [""; 0]);
    assert_eq!(found("email:pat@x.test")[0], "pat@x.test");
    sim.advance_seconds(121);
    assert_eq!(found("email:new@y.test"), ["new@y.test"]);
}

#[test]
fn the_export_of_search_finds_values_of_fields_and_tags_as_the_index_has_them() {
    let sim = desk();
    sim.account(|account| {
        account.add_fields("users", &[crate::CustomField::new("checkbox", "vip", "VIP")]);
    });
    sim.knobs(|knobs| knobs.search_lag_seconds = 100);
    let id = user(&sim, json!({ "name": "A", "tags": ["gold"], "user_fields": { "vip": true } }));
    let found = |query: &str| {
        let route = format!("search/export?filter[type]=user&query={query}&page[size]=100");
        let results = read(&sim, &route)["results"].as_array().expect("a list").clone();
        results.iter().map(id_of).collect::<Vec<_>>()
    };
    assert_eq!(found("vip:true"), [0; 0]);
    sim.advance_seconds(101);
    assert_eq!((found("vip:true"), found("tags:gold")), (vec![id], vec![id]));
    let unmarked = json!({ "user": { "user_fields": { "vip": false }, "tags": [] } });
    done(&sim, "PUT", &format!("users/{id}"), &unmarked);
    assert_eq!((found("vip:true"), found("tags:gold")), (vec![id], vec![id]));
    sim.advance_seconds(101);
    assert_eq!((found("vip:true"), found("tags:gold")), (vec![], vec![]));
}
