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
    assert_eq!(job["results"][1]["index"], 1);
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
    assert_eq!(write(&sim, "DELETE", &route, &json!({})).status, 204);
    assert_eq!(write(&sim, "DELETE", &route, &json!({})).status, 404);
    let row = read(&sim, &format!("tickets/{ticket}"));
    assert_eq!(row["ticket"]["organization_id"], Value::Null);
    assert_eq!(read(&sim, &format!("users/{id}"))["user"]["organization_id"], json!(a));
}
