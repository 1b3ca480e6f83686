use super::*;
use crate::{JobFault, JobFaults};
use serde_json::json;

fn people(count: usize) -> Value {
    let user = |at| {
        json!({ "name": format!("N{at}"), "external_id": format!("k{at}"),
        "email": format!("n{at}@x.test") })
    };
    json!({ "users": (0..count).map(user).collect::<Vec<_>>() })
}

fn ended(sim: &Simulator, count: usize) -> (u16, Value) {
    let body = people(count);
    let ordered = done(sim, "POST", "users/create_or_update_many", &body);
    sim.advance_seconds(60);
    let id = ordered["job_status"]["id"].as_str().expect("a text").to_owned();
    let got = get(sim, &format!("job_statuses/{id}"));
    (got.status, got.json()["job_status"].clone())
}

#[test]
fn a_job_is_queued_worked_off_item_by_item_and_completed() {
    let sim = desk();
    let ordered = done(&sim, "POST", "users/create_or_update_many", &people(40));
    let job = &ordered["job_status"];
    assert_eq!((&job["status"], &job["total"]), (&json!("queued"), &json!(40)));
    assert!(job["id"].as_str().is_some_and(|id| id.starts_with("V3-")));
    let id = job["id"].as_str().expect("a text").to_owned();
    let status = || read(&sim, &format!("job_statuses/show_many?ids={id},V3-none"));
    assert_eq!(sim.ledger().created("users").len(), 0);
    sim.advance_seconds(3);
    let job = status()["job_statuses"][0].clone();
    assert_eq!((&job["status"], &job["results"]), (&json!("working"), &Value::Null));
    let half = sim.ledger().created("users").len();
    assert!((15..26).contains(&half), "{half}");
    sim.advance_seconds(10);
    let job = status()["job_statuses"][0].clone();
    assert_eq!((&job["status"], &job["progress"]), (&json!("completed"), &json!(40)));
    assert!(
        job["message"].as_str().is_some_and(|text| text.starts_with("Completed at 2026-11-21 "))
    );
    assert_eq!(status()["count"], 1);
    assert_eq!(sim.ledger().created("users").len(), 40);
    let by_job = sim.ledger().writes.iter().filter(|write| write.job.as_ref() == Some(&id)).count();
    assert_eq!(by_job, 40);
    // The rows bear the seconds in which they were written.
    let users = read(&sim, "users/show_many?external_ids=k0,k39")["users"].clone();
    assert_ne!(users[0]["created_at"], users[1]["created_at"]);
    sim.advance_seconds(86_400);
    assert_eq!(get(&sim, &format!("job_statuses/{id}")).status, 404);
}

#[test]
fn a_failed_item_of_an_upsert_has_its_place_for_an_id() {
    let sim = desk();
    let old = user(&sim, json!({ "name": "A", "external_id": "k" }));
    let users = json!({ "users": [{ "name": "B", "email": "bad", "external_id": "z" },
        { "name": "C", "external_id": "K" }, { "name": "D", "email": "d@x.test" }] });
    let job = job(&sim, "POST", "users/create_or_update_many", &users);
    assert_eq!(job["status"], "completed");
    assert_eq!(
        job["results"][0],
        json!({ "id": 0, "error": "UserUpdateError", "status": "Failed",
            "details": "Name: Email: bad is not properly formatted" })
    );
    assert_eq!(job["results"][1], json!({ "id": old, "status": "Updated", "email": null }));
    assert_eq!(job["results"][2]["email"], "d@x.test");
    let again = json!({ "users": [{ "name": "D", "email": "d@x.test" }] });
    let created = self::job(&sim, "POST", "users/create_many", &again);
    assert_eq!(
        (&created["results"][0]["error"], &created["results"][0]["id"]),
        (&json!("UserCreateError"), &json!(0))
    );
}

#[test]
fn each_kind_of_job_says_it_in_its_own_shape() {
    let sim = desk();
    let made = json!({ "organizations": [{ "name": "A" }, { "name": "A" }] });
    let made = job(&sim, "POST", "organizations/create_many", &made);
    assert_eq!(made["results"][0]["status"], "Created");
    assert_eq!(made["results"][1]["error"], "OrganizationCreateFailed");
    let id = id_of(&made["results"][0]);
    organization(&sim, json!({ "name": "B" }));
    let bad = json!({ "organizations": [{ "id": id, "notes": "n" }, { "id": id, "name": "B" }] });
    let got = job(&sim, "PUT", "organizations/update_many", &bad);
    assert_eq!(
        got["results"],
        json!([{ "id": id, "action": "update", "status": "Updated", "success": true },
            { "index": 1, "error": "OrganizationUpdateFailed", "id": id,
              "details": "Name: B has already been taken" }])
    );
    let gone = job(&sim, "DELETE", &format!("organizations/destroy_many?ids={id},7"), &json!({}));
    assert_eq!(
        gone["results"][0],
        json!({ "id": id, "action": "delete", "status": "Deleted", "success": true })
    );
    assert_eq!(gone["results"][1]["success"], false);
    let user = user(&sim, json!({ "name": "U", "external_id": "Key,1" }));
    user_by_external_id(&sim);
    let got = job(
        &sim,
        "PUT",
        &format!("users/update_many?ids={user},7"),
        &json!({ "user": { "notes": "n" } }),
    );
    assert_eq!(got["results"][0]["status"], "Updated");
    assert_eq!(
        (&got["results"][1]["id"], &got["results"][1]["success"]),
        (&json!(7), &json!(false))
    );
}

fn user_by_external_id(sim: &Simulator) {
    let id = user(sim, json!({ "name": "V", "external_id": "v" }));
    let got =
        job(sim, "PUT", "users/update_many?external_ids=V", &json!({ "user": { "notes": "n" } }));
    assert_eq!(got["results"][0]["id"], json!(id));
}

#[test]
fn a_ticket_that_changed_since_the_job_was_queued_is_a_conflict() {
    let sim = desk();
    let [a, b] = ["A", "B"].map(|subject| {
        ticket(&sim, json!({ "subject": subject, "comment": { "body": "B" }, "tags": ["x"] }))
    });
    let change = json!({ "ticket": { "additional_tags": ["y"], "remove_tags": ["x"] } });
    let ordered = done(&sim, "PUT", &format!("tickets/update_many?ids={a},{b}"), &change);
    done(&sim, "PUT", &format!("tickets/{b}"), &json!({ "ticket": { "subject": "C" } }));
    sim.advance_seconds(60);
    let id = ordered["job_status"]["id"].as_str().expect("a text").to_owned();
    let results = read(&sim, &format!("job_statuses/{id}"))["job_status"]["results"].clone();
    assert_eq!(results[0]["success"], true);
    assert_eq!((&results[1]["error"], &results[1]["id"]), (&json!("UpdateConflict"), &json!(b)));
    assert_eq!(read(&sim, &format!("tickets/{a}/tags"))["tags"], json!(["y"]));
    assert_eq!(sim.ledger().tags_lost, []);
    let gone = done(&sim, "PUT", &format!("tickets/update_many?ids={b}"), &change);
    done(&sim, "DELETE", &format!("tickets/{b}"), &json!({}));
    sim.advance_seconds(60);
    let id = gone["job_status"]["id"].as_str().expect("a text").to_owned();
    let results = read(&sim, &format!("job_statuses/{id}"))["job_status"]["results"].clone();
    assert_eq!(results[0]["error"], "RecordNotFound");
    let batch = json!({ "tickets": [{ "id": a, "additional_tags": ["z"], "priority": "low" }] });
    job(&sim, "PUT", "tickets/update_many", &batch);
    assert_eq!(read(&sim, &format!("tickets/{a}/tags"))["tags"], json!(["y"]));
}

#[test]
fn a_job_of_tickets_that_all_fail_fails_with_results() {
    let sim = desk();
    let bad = json!({ "tickets": [{ "subject": "A" }, { "subject": "B" }] });
    let got = job(&sim, "POST", "tickets/create_many", &bad);
    assert_eq!((&got["status"], &got["progress"]), (&json!("failed"), &json!(0)));
    assert!(got["message"].as_str().is_some_and(|text| text.starts_with("Failed at ")));
    assert_eq!(got["results"][1]["error"], "TicketCreateFailed");
    assert_eq!(got["results"][1]["index"], 1);
    let good = json!({ "tickets": [{ "subject": "A" }, { "description": "B" }] });
    let got = job(&sim, "POST", "tickets/create_many", &good);
    assert_eq!(got["status"], "completed");
    assert_eq!(got["results"][1]["index"], 1);
    assert!(got["results"][1]["id"].is_u64());
}

#[test]
fn jobs_are_limited_in_items_and_in_number() {
    let sim = desk();
    let got = write(&sim, "POST", "users/create_many", &people(101));
    assert_eq!(got.json()["error"], "TooManyValues");
    let ids = (1..=101).map(|id| id.to_string()).collect::<Vec<_>>().join(",");
    let got = write(&sim, "DELETE", &format!("users/destroy_many?ids={ids}"), &json!({}));
    assert_eq!(got.json()["max_count"], 100);
    sim.knobs(|knobs| {
        knobs.other_jobs = 29;
        knobs.inflight_jobs_header = true;
    });
    let first = write(&sim, "POST", "users/create_many", &people(1));
    let told = first.header("zendesk-ratelimit-inflight-jobs");
    assert_eq!(told, Some("total=30; remaining=0; resets=60"));
    let second = write(&sim, "POST", "users/create_many", &people(1));
    assert_eq!((second.status, &second.json()["error"]), (429, &json!("TooManyJobs")));
    assert_eq!(second.json()["current_job_ids"].as_array().map(Vec::len), Some(1));
    sim.advance_seconds(60);
    assert_eq!(write(&sim, "POST", "users/create_many", &people(1)).status, 200);
}

#[test]
fn jobs_go_wrong_in_every_way() {
    let effects = |sim: &Simulator| sim.ledger().created("users").len();
    for (fault, status, shown, written) in [
        (JobFault::Vanishes, 404, Value::Null, 9),
        (JobFault::KilledHalfWay, 200, json!("killed"), 5),
        (JobFault::FailsWithResults, 200, json!("failed"), 0),
        (JobFault::FailsWithoutResults, 200, json!("failed"), 5),
        (JobFault::ResultsOutOfOrder, 200, json!("completed"), 9),
        (JobFault::ResultMissing, 200, json!("completed"), 9),
        (JobFault::Stuck, 200, json!("working"), 5),
    ] {
        let sim = desk();
        sim.job_faults(JobFaults::once(1, fault));
        let (got, job) = ended(&sim, 9);
        assert_eq!((got, &job["status"], effects(&sim)), (status, &shown, written), "{fault:?}");
        let results = job["results"].as_array().map(Vec::len);
        let wanted = match fault {
            JobFault::FailsWithResults | JobFault::ResultsOutOfOrder => Some(9),
            JobFault::ResultMissing => Some(8),
            _ => None,
        };
        assert_eq!(results, wanted, "{fault:?}");
        if fault == JobFault::ResultsOutOfOrder {
            assert_eq!(job["results"][0]["email"], "n8@x.test");
        }
        if fault == JobFault::Stuck {
            sim.advance_seconds(7300);
            assert_eq!(effects(&sim), 9);
        }
        assert_eq!(sim.jobs()[0].fault, Some(fault));
    }
    let sim = desk();
    sim.job_faults(JobFaults::always(JobFault::Refused));
    assert_eq!(write(&sim, "POST", "users/create_many", &people(1)).status, 429);
    assert_eq!(sim.jobs(), []);
}
