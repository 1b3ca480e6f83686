use super::*;
use serde_json::json;

fn limited() -> Simulator {
    start(Settings { tidy_people: true, page_cap: None, ..Settings::default() })
}

#[test]
fn users_are_updated_once_a_second_and_one_user_five_times_a_minute() {
    let sim = limited();
    let id = user(&sim, json!({ "name": "A", "external_id": "k" }));
    let upsert = json!({ "user": { "external_id": "K", "name": "B" } });
    sim.advance_seconds(60 - sim.now_unix() % 60);
    let first = write(&sim, "POST", "users/create_or_update", &upsert);
    assert_eq!(first.status, 200);
    let told = first.header("zendesk-ratelimit-create-update-user").expect("a header");
    assert!(told.starts_with("total=1; remaining=0"), "{told}");
    let mut good = 1;
    for _ in 0..8 {
        sim.advance_seconds(2);
        let route = format!("users/{id}");
        let got = write(&sim, "PUT", &route, &json!({ "user": { "name": "C" } }));
        good += u32::from(got.status == 200);
        assert!(matches!(got.status, 200 | 429));
        assert_eq!(got.status == 429, got.header("retry-after").is_some());
    }
    assert_eq!(good, 5);
    assert!(sim.limit_refusals().contains_key("create-update-user-per-user"));
}

#[test]
fn an_organization_is_updated_five_times_a_minute() {
    let sim = limited();
    let [a, b] = ["A", "B"].map(|name| organization(&sim, json!({ "name": name })));
    sim.advance_seconds(60 - sim.now_unix() % 60);
    let update = |id: u64| {
        let body = json!({ "organization": { "notes": "n" } });
        write(&sim, "PUT", &format!("organizations/{id}"), &body)
    };
    let got: Vec<u16> = (0..6).map(|_| update(a).status).collect();
    assert_eq!(got, [200, 200, 200, 200, 200, 429]);
    assert_eq!(update(a).json()["errors"][0]["code"], "TooManyRequests");
    assert_eq!(update(b).status, 200);
}

#[test]
fn a_ticket_is_updated_thirty_times_in_ten_minutes() {
    let sim = limited();
    let id = ticket(&sim, json!({ "comment": { "body": "B" } }));
    sim.advance_seconds(600 - sim.now_unix() % 600);
    let got = (0..31).map(|_| {
        let body = json!({ "ticket": { "priority": "low" } });
        write(&sim, "PUT", &format!("tickets/{id}"), &body)
    });
    let got: Vec<Got> = got.collect();
    assert_eq!((got[29].status, got[30].status), (200, 429));
    let per_ticket = got[29].header("zendesk-ratelimit-per-ticket-updates");
    assert!(per_ticket.is_some_and(|told| told.starts_with("total=30; remaining=0")));
    let account = got[29].header("zendesk-ratelimit-tickets-update");
    assert!(account.is_some_and(|told| told.starts_with("total=100; remaining=70")));
    let created = write(&sim, "POST", "tickets", &json!({ "ticket": { "description": "D" } }));
    let told = created.header("zendesk-ratelimit-ticket-request-create-by-user-and-ip");
    assert!(told.is_some_and(|told| told.starts_with("total=300")));
}
