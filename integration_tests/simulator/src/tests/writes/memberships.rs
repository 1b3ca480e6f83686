use super::*;
use serde_json::json;

#[test]
fn an_organization_in_an_update_removes_all_others() {
    let sim = desk();
    let [a, b, c] = ["A", "B", "C"].map(|name| organization(&sim, json!({ "name": name })));
    let id = user(&sim, json!({ "name": "U", "organization_id": a }));
    let join = |organization: u64| {
        let pair = json!({ "user_id": id, "organization_id": organization });
        write(&sim, "POST", "organization_memberships", &json!({ "organization_membership": pair }))
    };
    assert_eq!(join(b).status, 201);
    assert!(complaint(&join(b), "user_id").contains("already been taken"));
    assert_eq!(sim.ledger().organizations_lost, []);
    done(&sim, "PUT", &format!("users/{id}"), &json!({ "user": { "organization_id": c } }));
    let lost: Vec<u64> =
        sim.ledger().organizations_lost.iter().map(|lost| lost.organization_id).collect();
    assert_eq!(lost, [a, b]);
    let all = read(&sim, &format!("users/{id}/organization_memberships"));
    assert_eq!(all["organization_memberships"][0]["organization_id"], json!(c));
    assert_eq!(all["count"], 1);
    let of = read(&sim, &format!("organizations/{c}/organization_memberships?page[size]=10"));
    assert_eq!(of["organization_memberships"][0]["user_id"], json!(id));
}

#[test]
fn a_membership_that_ends_takes_the_organization_off_the_tickets() {
    let sim = desk();
    let a = organization(&sim, json!({ "name": "A" }));
    let b = organization(&sim, json!({ "name": "B" }));
    let id = user(&sim, json!({ "name": "U", "organization_id": a }));
    let pairs = json!({ "organization_memberships": [{ "user_id": id, "organization_id": b },
        { "user_id": id, "organization_id": a }] });
    let job = job(&sim, "POST", "organization_memberships/create_many", &pairs);
    assert_eq!(job["results"][0]["status"], "Created");
    assert_eq!((&job["results"][0]["index"], &job["results"][1]["index"]), (&json!(0), &json!(1)));
    let second = id_of(&job["results"][0]);
    let route = format!("users/{id}/organization_memberships/{second}/make_default");
    done(&sim, "PUT", &route, &json!({}));
    assert_eq!(read(&sim, &format!("users/{id}"))["user"]["organization_id"], json!(b));
    let ticket = ticket(
        &sim,
        json!({ "subject": "S", "comment": { "body": "B" },
        "requester_id": id, "organization_id": b }),
    );
    let membership = id_of(&job["results"][0]);
    let route = format!("organization_memberships/{membership}");
    assert_eq!(
        read(&sim, &route)["organization_membership"]["organization_id"],
        json!(b),
        "it can be shown by itself"
    );
    assert_eq!(write(&sim, "DELETE", &route, &json!({})).status, 204);
    assert_eq!(write(&sim, "DELETE", &route, &json!({})).status, 404);
    assert_eq!(
        sim.ledger().tickets_unassigned,
        [crate::TicketUnassigned { ticket_id: ticket, user_id: id, organization_id: b }]
    );
    let row = read(&sim, &format!("tickets/{ticket}"));
    assert_eq!(row["ticket"]["organization_id"], Value::Null);
    assert_eq!(read(&sim, &format!("users/{id}"))["user"]["organization_id"], json!(a));
}

#[test]
fn memberships_are_made_and_ended_by_jobs_and_listed_by_cursor() {
    let sim = desk();
    let firm = organization(&sim, json!({ "name": "A" }));
    let people: Vec<u64> =
        (0..5).map(|at| user(&sim, json!({ "name": format!("N{at}") }))).collect();
    let pair = |user: &u64| json!({ "user_id": user, "organization_id": firm });
    let order = |users: &[u64]| {
        let pairs: Vec<Value> = users.iter().map(pair).collect();
        let body = json!({ "organization_memberships": pairs });
        job(&sim, "POST", "organization_memberships/create_many", &body)["results"].clone()
    };
    assert_eq!(order(&people[..3])[2]["status"], "Created");
    // The other shape: a good item bears its id alone, a failed one its place for an id.
    sim.knobs(|knobs| knobs.other_job_results = true);
    let results = order(&people[2..]);
    assert_eq!((&results[0]["id"], &results[0]["index"]), (&json!(0), &Value::Null));
    assert_eq!(results[0]["details"], "User has already been taken");
    assert_eq!(results[1], json!({ "id": id_of(&results[1]), "status": "Created" }));
    let first = format!("organizations/{firm}/organization_memberships?page[size]=2");
    let (mut route, mut listed) = (first.clone(), Vec::new());
    loop {
        let page = read(&sim, &route);
        listed.extend(page["organization_memberships"].as_array().expect("a list").clone());
        if page["meta"]["has_more"] != true {
            break;
        }
        let cursor = page["meta"]["after_cursor"].as_str().expect("a cursor").replace('=', "%3D");
        route = format!("{first}&page[after]={cursor}");
    }
    let mut users: Vec<u64> = listed.iter().filter_map(|row| row["user_id"].as_u64()).collect();
    users.sort_unstable();
    assert_eq!(users, people);
    let ids: Vec<String> = listed.iter().map(|row| id_of(row).to_string()).collect();
    let route = format!("organization_memberships/destroy_many?ids={},7", ids[..4].join(","));
    let ended = job(&sim, "DELETE", &route, &json!({}));
    assert_eq!(ended["results"][3]["status"], "Deleted");
    assert_eq!(ended["results"][4]["error"], "RecordNotFound");
    let left = read(&sim, &format!("organizations/{firm}/organization_memberships"));
    assert_eq!(left["count"], 1);
}

#[test]
fn an_account_may_allow_a_user_one_organization_only() {
    let sim = desk();
    sim.knobs(|knobs| knobs.one_organization = true);
    let a = organization(&sim, json!({ "name": "A" }));
    let b = organization(&sim, json!({ "name": "B" }));
    let id = user(&sim, json!({ "name": "U" }));
    let join = |organization: u64| {
        let pair = json!({ "user_id": id, "organization_id": organization });
        write(&sim, "POST", "organization_memberships", &json!({ "organization_membership": pair }))
    };
    assert_eq!(join(a).status, 201);
    assert!(complaint(&join(b), "organization_id").contains("one organization only"));
    let pairs = json!({ "organization_memberships": [{ "user_id": id, "organization_id": b }] });
    let job = job(&sim, "POST", "organization_memberships/create_many", &pairs);
    assert_eq!(job["results"][0]["error"], "OrganizationMembershipCreateFailed");
    assert_eq!(sim.account(|account| account.organizations_of(id)), [a]);
    sim.knobs(|knobs| knobs.one_organization = false);
    assert_eq!(join(b).status, 201);
}
