//! Records of custom objects, over HTTP.

use super::*;
use crate::{CustomField, JobFault, JobFaults, RecordNames};
use serde_json::json;

const RECORDS: &str = "custom_objects/subscription/records";

/// Creates a record. Returns its row.
fn record(sim: &Simulator, record: Value) -> Value {
    let body = json!({ "custom_object_record": record });
    done(sim, "POST", RECORDS, &body)["custom_object_record"].clone()
}

fn id(row: &Value) -> String {
    row["id"].as_str().expect("an id").to_owned()
}

/// Orders a job of records and lets it end. Returns its results.
fn results(sim: &Simulator, action: &str, items: Value) -> Value {
    let body = json!({ "job": { "action": action, "items": items } });
    job(sim, "POST", "custom_objects/subscription/jobs", &body)["results"].clone()
}

#[test]
fn an_object_shows_itself_its_fields_and_its_records() {
    let sim = desk();
    let object = read(&sim, "custom_objects/subscription")["custom_object"].clone();
    assert_eq!(object["key"], "subscription");
    let listed = read(&sim, "custom_objects?page[size]=100")["custom_objects"].clone();
    let keys: Vec<&str> =
        listed.as_array().expect("a list").iter().filter_map(|row| row["key"].as_str()).collect();
    assert!(keys.contains(&"subscription") && keys.contains(&"standard::it_asset"), "{keys:?}");
    let fields = read(&sim, "custom_objects/subscription/fields")["custom_object_fields"].clone();
    let fields = fields.as_array().expect("a list").clone();
    let kinds: Vec<&str> = fields.iter().filter_map(|row| row["type"].as_str()).collect();
    for kind in ["text", "integer", "decimal", "checkbox", "date", "dropdown", "lookup"] {
        assert!(kinds.contains(&kind), "{kind} is not among {kinds:?}");
    }
    assert_eq!(fields[0]["key"], "standard::name");
    assert_eq!(fields[0]["properties"]["is_unique"], false);
    assert_eq!(get(&sim, "custom_objects/none").status, 404);
    assert_eq!(get(&sim, "custom_objects/none/records").status, 404);
    for colon in ["::", "%3A%3A", "%3a%3a"] {
        read(&sim, &format!("custom_objects/standard{colon}it_asset/fields"));
        read(&sim, &format!("custom_objects/standard{colon}it_asset/records"));
    }
}

#[test]
fn records_are_created_found_by_either_key_and_changed_in_part() {
    let sim = desk();
    let owner = user(&sim, json!({ "name": "U" }));
    let values = json!({ "plan": "P", "seats": 3, "mrr": 1.5, "is_active": true,
        "renewal": "2027-01-31", "tier": "gold", "areas": ["gold"], "owner": owner.to_string() });
    let row =
        record(&sim, json!({ "name": "N", "external_id": "s1", "custom_object_fields": values }));
    assert_eq!(row["custom_object_fields"], values);
    assert_eq!((&row["custom_object_key"], id(&row).len()), (&json!("subscription"), 26));
    let route = format!("{RECORDS}/{}", id(&row));
    assert_eq!(read(&sim, &route)["custom_object_record"], row);
    // Only what is given is changed; the external id in the query wins.
    let part = json!({ "custom_object_record": { "custom_object_fields": { "seats": 4 } } });
    let upserted = done(&sim, "PATCH", &format!("{RECORDS}?external_id=s1"), &part);
    assert_eq!(upserted["custom_object_record"]["custom_object_fields"]["plan"], "P");
    assert_eq!(upserted["custom_object_record"]["custom_object_fields"]["seats"], 4);
    assert_eq!(upserted["custom_object_record"]["name"], "N");
    let renamed = json!({ "custom_object_record": { "name": "M" } });
    let renamed = done(&sim, "PATCH", &route, &renamed)["custom_object_record"].clone();
    assert_eq!((&renamed["name"], &renamed["external_id"]), (&json!("M"), &json!("s1")));
    // External ids differ by the case of letters, too.
    let new = json!({ "custom_object_record": { "name": "O" } });
    let other = write(&sim, "PATCH", &format!("{RECORDS}?external_id=S1"), &new);
    assert_eq!(other.status, 200);
    assert_ne!(other.json()["custom_object_record"]["id"], row["id"]);
    let found = |query: &str| {
        let page = read(&sim, &format!("{RECORDS}?{query}"));
        let rows = page["custom_object_records"].as_array().expect("a list").clone();
        assert_eq!(page["count"], rows.len());
        rows.iter().map(|row| row["name"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let names: Vec<String> = found("filter[external_ids]=s1,none");
    assert_eq!(names, ["M"]);
    let names: Vec<String> = found("filter[external_ids]=s1,S1&page[size]=100");
    assert_eq!(names, ["M", "O"]);
    let names: Vec<String> = found(&format!("filter[ids]={},7", id(&row)));
    assert_eq!(names, ["M"]);
    let many = vec!["k"; 101].join(",");
    assert_eq!(get(&sim, &format!("{RECORDS}?filter[external_ids]={many}")).status, 400);
    let first = read(&sim, &format!("{RECORDS}?page[size]=1&sort=-id"));
    assert_eq!(
        (&first["custom_object_records"][0]["name"], &first["meta"]["has_more"]),
        (&json!("O"), &json!(true))
    );
}

#[test]
fn a_record_is_refused_with_the_field() {
    let sim = desk();
    record(&sim, json!({ "name": "N", "external_id": "s1" }));
    let create =
        |record: Value| write(&sim, "POST", RECORDS, &json!({ "custom_object_record": record }));
    assert_eq!(complaint(&create(json!({ "external_id": "s2" })), "name"), "Name: cannot be blank");
    let again = create(json!({ "name": "N", "external_id": "s1" }));
    assert!(complaint(&again, "external_id").contains("already been taken"));
    for (field, value) in [
        ("seats", json!("three")),
        ("is_active", json!("maybe")),
        ("renewal", json!("soon")),
        ("mrr", json!("much")),
        ("owner", json!("me")),
    ] {
        let values = json!({ field: value });
        let got = create(json!({ "name": "N", "custom_object_fields": values }));
        assert!(complaint(&got, field).contains("must be"), "{field}");
    }
    assert_eq!(create(json!({ "name": 5 })).status, 400);
    assert_eq!(write(&sim, "POST", RECORDS, &json!({})).status, 400);
    assert_eq!(write(&sim, "PATCH", RECORDS, &json!({})).status, 400);
    let both = format!("{RECORDS}?external_id=a&name=b");
    assert_eq!(write(&sim, "PATCH", &both, &json!({ "custom_object_record": {} })).status, 400);
    // A title for an option, the id of nobody and a key that is no field: 200, and nothing is kept.
    let values = json!({ "tier": "Gold", "owner": "7", "none": 1, "external_id": "x" });
    let row = record(&sim, json!({ "name": "N", "custom_object_fields": values }));
    assert_eq!((&row["custom_object_fields"], &row["external_id"]), (&json!({}), &Value::Null));
    let ledger = sim.ledger();
    assert_eq!(ledger.ignored_options, [("tier".to_owned(), "Gold".to_owned())]);
    assert_eq!(ledger.ignored_lookups, [("owner".to_owned(), "7".to_owned())]);
    let keys: Vec<&str> = ledger.ignored_fields.iter().map(|(_, key)| key.as_str()).collect();
    assert_eq!(keys, ["external_id", "none"]);
}

#[test]
fn names_may_have_to_be_unique_or_may_be_numbers() {
    let sim = desk();
    sim.account(|account| {
        account.add_custom_object("car", RecordNames::Unique, &[]);
        account.add_custom_object("order", RecordNames::Numbered, &[]);
    });
    let body = |record: Value| json!({ "custom_object_record": record });
    let car = |route: &str, method| {
        write(&sim, method, &format!("custom_objects/car/{route}"), &body(json!({})))
    };
    assert_eq!(car("records?name=T", "PATCH").status, 200);
    assert_eq!(car("records?name=T", "PATCH").status, 200);
    assert_eq!(read(&sim, "custom_objects/car/records")["count"], 1);
    let again = write(&sim, "POST", "custom_objects/car/records", &body(json!({ "name": "T" })));
    assert!(complaint(&again, "name").contains("already been taken"));
    assert_eq!(car("records?name=T", "DELETE").status, 204);
    // Where names are no keys, none is found by one.
    let by_name = write(&sim, "PATCH", &format!("{RECORDS}?name=T"), &body(json!({})));
    assert!(complaint(&by_name, "name").contains("must be unique"));
    let order = |record: Value| write(&sim, "POST", "custom_objects/order/records", &body(record));
    let first = order(json!({ "external_id": "o" })).json();
    assert_eq!(first["custom_object_record"]["name"], "Nr. 00001");
    assert!(complaint(&order(json!({ "name": "N" })), "name").contains("automatically"));
}

#[test]
fn jobs_of_records_do_what_each_action_says() {
    let sim = desk();
    let items = json!([{ "name": "A", "external_id": "a" }, { "external_id": "b" },
        { "name": "C", "custom_object_fields": { "seats": "x" } }]);
    let created = results(&sim, "create", items);
    let a = id(&created[0]);
    assert_eq!(created[0], json!({ "index": 0, "id": a, "status": "Created" }));
    assert_eq!(
        created[1],
        json!({ "index": 1, "error": "CustomObjectRecordCreateFailed",
            "details": "Name: cannot be blank" })
    );
    assert_eq!(created[2]["details"], "Seats: must be an integer");
    let items = json!([{ "external_id": "a", "custom_object_fields": { "seats": 2 } },
        { "external_id": "n", "name": "N" }, { "name": "O" }]);
    let upserted = results(&sim, "create_or_update_by_external_id", items);
    assert_eq!(upserted[0], json!({ "index": 0, "id": a, "status": "Updated" }));
    assert_eq!(upserted[1]["status"], "Created");
    assert_eq!(upserted[2]["details"], "External ID: cannot be blank");
    let items = json!([{ "id": a, "name": "AA" }, { "id": "none", "name": "N" }]);
    let updated = results(&sim, "update", items);
    assert_eq!(
        (&updated[0]["status"], &updated[1]["error"]),
        (&json!("Updated"), &json!("RecordNotFound"))
    );
    let row = read(&sim, &format!("{RECORDS}/{a}"))["custom_object_record"].clone();
    assert_eq!((&row["name"], &row["custom_object_fields"]["seats"]), (&json!("AA"), &json!(2)));
    let by_name = results(&sim, "create_or_update_by_name", json!([{ "name": "N" }]));
    assert_eq!(by_name[0]["details"], "Name: must be unique to find a record by it");
    let gone = results(&sim, "delete", json!([a, "none"]));
    assert_eq!(
        (&gone[0]["status"], &gone[1]["error"]),
        (&json!("Deleted"), &json!("RecordNotFound"))
    );
    let gone = results(&sim, "delete_by_external_id", json!(["n", "a"]));
    assert_eq!(
        (&gone[0]["status"], &gone[1]["error"]),
        (&json!("Deleted"), &json!("RecordNotFound"))
    );
    let order = |job: Value| {
        write(&sim, "POST", "custom_objects/subscription/jobs", &json!({ "job": job }))
    };
    assert_eq!(order(json!({ "action": "create", "items": [{ "name": "S" }] })).status, 201);
    for bad in [
        json!({ "action": "set", "items": [{}] }),
        json!({ "action": "create", "items": [] }),
        json!({ "action": "create", "items": ["a"] }),
        json!({ "action": "delete", "items": [{ "id": "a" }] }),
        json!({ "action": "create", "items": vec![json!({ "name": "N" }); 101] }),
    ] {
        assert_eq!(order(bad.clone()).status, 400, "{bad}");
    }
}

#[test]
fn jobs_of_records_go_wrong_and_say_it_in_another_shape() {
    let sim = desk();
    sim.knobs(|knobs| knobs.other_job_results = true);
    let items = json!([{ "name": "A", "external_id": "a" }, { "external_id": "b" }]);
    let results = results(&sim, "create_or_update_by_external_id", items.clone());
    assert_eq!(
        results[0],
        json!({ "id": results[0]["id"], "external_id": "a", "status": "created" })
    );
    assert_eq!(
        (&results[1]["external_id"], &results[1]["status"]),
        (&json!("b"), &json!("failed"))
    );
    assert_eq!(results[1]["errors"][0]["title"], "Name: cannot be blank");
    assert_eq!(results[1]["error"], Value::Null);
    sim.job_faults(JobFaults::once(1, JobFault::Vanishes));
    let body = json!({ "job": { "action": "create", "items": [{ "name": "V" }] } });
    let ordered = done(&sim, "POST", "custom_objects/subscription/jobs", &body);
    sim.advance_seconds(60);
    let id = ordered["job_status"]["id"].as_str().expect("a text").to_owned();
    assert_eq!(get(&sim, &format!("job_statuses/{id}")).status, 404);
    assert_eq!(sim.ledger().created("custom_object_records").len(), 2);
    sim.job_faults(JobFaults::always(JobFault::FailsWithResults));
    let body = json!({ "job": { "action": "update", "items": [{ "id": "x" }] } });
    let failed = job(&sim, "POST", "custom_objects/subscription/jobs", &body);
    assert_eq!(
        (&failed["status"], &failed["results"][0]["status"]),
        (&json!("failed"), &json!("failed"))
    );
    sim.job_faults(JobFaults::always(JobFault::Refused));
    let body = json!({ "job": { "action": "create", "items": items } });
    assert_eq!(write(&sim, "POST", "custom_objects/subscription/jobs", &body).status, 429);
}

#[test]
fn a_deleted_record_is_in_the_export_without_its_values_and_its_key_is_free() {
    let sim = desk();
    let row = record(
        &sim,
        json!({ "name": "N", "external_id": "s1",
        "custom_object_fields": { "plan": "P" } }),
    );
    let route = format!("{RECORDS}/{}", id(&row));
    assert_eq!(write(&sim, "DELETE", &route, &json!({})).status, 204);
    assert_eq!(write(&sim, "DELETE", &route, &json!({})).status, 404);
    assert_eq!(get(&sim, &route).status, 404);
    assert_eq!(read(&sim, RECORDS)["count"], 0);
    let again = record(&sim, json!({ "name": "N", "external_id": "s1" }));
    assert_ne!(again["id"], row["id"]);
    let by_key = format!("{RECORDS}?external_id=s1");
    assert_eq!(write(&sim, "DELETE", &by_key, &json!({})).status, 204);
    assert_eq!(write(&sim, "DELETE", &by_key, &json!({})).status, 404);
    sim.advance_seconds(61);
    let export = read(&sim, "incremental/custom_objects/subscription/cursor?start_time=1");
    let rows = export["custom_object_records"].as_array().expect("a list").clone();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0]["external_id"], "[DELETED]");
    assert_eq!(rows[0]["custom_object_fields"]["plan"], "[DELETED]");
}

#[test]
fn lookups_take_the_ids_of_rows_that_are_there() {
    let sim = desk();
    let lookup = |key: &str, target| CustomField::new("lookup", key, key).with_target(target);
    let all = [
        lookup("boss", "zen:user"),
        lookup("firm", "zen:organization"),
        lookup("case", "zen:ticket"),
        lookup("plan", "zen:custom_object:subscription"),
    ];
    let fields = sim.account(|account| {
        account.add_fields("users", &all);
        account.add_fields("organizations", &all);
        account.add_fields("tickets", &all)
    });
    let listed = read(&sim, "user_fields?page[size]=100")["user_fields"].clone();
    let boss = listed.as_array().expect("a list").iter().find(|row| row["key"] == "boss");
    assert_eq!(boss.map(|row| &row["relationship_target_type"]), Some(&json!("zen:user")));
    let (person, firm) =
        (user(&sim, json!({ "name": "U" })), organization(&sim, json!({ "name": "O" })));
    let case = ticket(&sim, json!({ "comment": { "body": "B" } }));
    let plan = id(&record(&sim, json!({ "name": "P" })));
    let values = json!({ "boss": person, "firm": firm.to_string(), "case": case, "plan": plan });
    let kept = json!({ "boss": person, "firm": firm, "case": case, "plan": plan });
    let id = user(&sim, json!({ "name": "V", "user_fields": values }));
    let row = |route: String, one: &str, fields: &str| read(&sim, &route)[one][fields].clone();
    let of_user = || row(format!("users/{id}"), "user", "user_fields");
    assert_eq!(of_user(), kept);
    let other = organization(&sim, json!({ "name": "P", "organization_fields": values }));
    let of_firm = row(format!("organizations/{other}"), "organization", "organization_fields");
    assert_eq!(of_firm, kept);
    let pair = |at: usize, value: Value| json!({ "id": fields[at], "value": value });
    let of_ticket = |value: Value| {
        let all = [pair(0, value.clone()), pair(3, json!(plan))];
        let id = ticket(&sim, json!({ "comment": { "body": "B" }, "custom_fields": all }));
        let row = row(format!("tickets/{id}"), "ticket", "custom_fields");
        let pairs = row.as_array().expect("a list").clone();
        let value = |at: usize| {
            let own = pairs.iter().find(|pair| pair["id"] == fields[at]);
            own.map(|pair| pair["value"].clone()).unwrap_or_default()
        };
        (value(0), value(3))
    };
    assert_eq!(of_ticket(json!(person)), (json!(person.to_string()), json!(plan)));
    // A row that is not there, or one of another kind, is ignored with 200.
    assert_eq!(of_ticket(json!(firm)).0, Value::Null);
    let wrong = json!({ "boss": firm, "firm": 7, "case": 99_999, "plan": "01NONE" });
    done(&sim, "PUT", &format!("users/{id}"), &json!({ "user": { "user_fields": wrong } }));
    assert_eq!(of_user(), kept);
    assert_eq!(sim.ledger().ignored_lookups.len(), 5);
    let bad = json!({ "user": { "user_fields": { "boss": "me" } } });
    assert!(complaint(&write(&sim, "PUT", &format!("users/{id}"), &bad), "boss").contains("id"));
    let clear = json!({ "user": { "user_fields": { "boss": null } } });
    done(&sim, "PUT", &format!("users/{id}"), &clear);
    assert_eq!(of_user()["boss"], Value::Null);
}
