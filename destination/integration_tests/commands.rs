//! `spec`, `check` and `discover`: their output, and that they write nothing to the account.

use serde_json::{Value, json};
use simulator::{Fault, Faults, Settings, Simulator, When};

use crate::account::{account, offered, snapshot, ticket_columns, touched};
use crate::run::{Ended, Folder, Running, SCALE, catalog, command, config, write};

fn signed_in_by(bearer: &str) -> Value {
    config(&json!({ "credentials": { "credentials": "oauth2.0", "access_token": bearer } }))
}

/// The status and the message of a check.
pub(crate) fn status(ended: &Ended) -> (String, String) {
    let lines = ended.of_type("CONNECTION_STATUS");
    assert_eq!((lines.len(), ended.code), (1, Some(0)), "{:#?}", ended.lines);
    let text =
        |name: &str| lines[0]["connectionStatus"][name].as_str().unwrap_or_default().to_owned();
    (text("status"), text("message"))
}

/// Runs a check. Fails if it writes to the account.
fn check(sim: &Simulator, config: &Value) -> (Ended, String, String) {
    let before = snapshot(sim);
    sim.clear_ledger();
    let ended = command(sim, "check", config);
    let (status, message) = status(&ended);
    assert_eq!(sim.ledger().writes, [], "a check writes nothing");
    assert_eq!((sim.jobs().len(), touched(&before, &snapshot(sim))), (0, Vec::new()));
    (ended, status, message)
}

#[test]
fn the_spec_is_one_line_and_needs_no_network() {
    let sim = account();
    sim.clear_requests();
    let ended = Running::start(&sim, &["spec"], String::new(), 0).end().succeeded();
    assert_eq!((ended.lines.len(), sim.requests().len()), (1, 0));
    let spec = &ended.of_type("SPEC")[0]["spec"];
    let modes = ["append", "append_dedup", "overwrite", "update", "soft_delete"];
    assert_eq!(spec["supported_destination_sync_modes"], json!(modes));
    let properties = &spec["connectionSpecification"]["properties"];
    for (option, default) in [
        ("api_quota_percent", json!(50)),
        ("num_workers", json!(3)),
        ("max_jobs", json!(5)),
        ("dry_run", json!(false)),
        ("streams", json!([])),
        ("unknown_streams", json!("fail")),
        ("null_handling", json!("ignore")),
        ("tags_mode", json!("add")),
        ("organization_mode", json!("add")),
        ("on_email_match", json!("adopt")),
        ("allow_agents", json!(false)),
        ("allow_deletes", json!(false)),
        ("notify", json!(false)),
    ] {
        assert_eq!(properties[option]["default"], default, "{option}");
    }
    let storages = properties["object_storage_config"]["oneOf"].as_array().unwrap().iter();
    let names: Vec<&Value> =
        storages.map(|one| &one["properties"]["storage_type"]["const"]).collect();
    assert_eq!(names, [&json!("None"), &json!("S3"), &json!("Local")]);
    assert_eq!(properties["credentials"]["oneOf"].as_array().map(Vec::len), Some(4));
}

#[test]
fn a_check_that_succeeds_says_who_and_by_which_road() {
    let sim = account();
    let folder = Folder::new();
    let mut options = signed_in_by(simulator::WRITE_SCOPE_BEARER);
    options["object_storage_config"] =
        json!({ "storage_type": "Local", "path": folder.0.join("new/rejected") });
    let (ended, status, _) = check(&sim, &options);
    assert_eq!(status, "SUCCEEDED");
    let told = ended.logged("INFO").join("\n");
    assert!(told.contains("admin") && told.contains("bulk imports are on"), "{told}");
    assert!(
        !ended.lines.iter().any(|line| line.to_string().contains(simulator::WRITE_SCOPE_BEARER))
    );
    sim.knobs(|knobs| knobs.bulk_import_is_off = true);
    let (ended, status, _) = check(&sim, &options);
    assert_eq!(status, "SUCCEEDED");
    assert!(
        ended
            .logged("WARN")
            .iter()
            .any(|line| line.contains("bulk imports are off") && line.contains("one by one"))
    );
    let left: Vec<_> = std::fs::read_dir(folder.0.join("new/rejected")).unwrap().collect();
    assert!(left.is_empty(), "the trial leaves nothing behind");
}

#[test]
fn missing_scopes_are_told_for_each_object() {
    let sim = account();
    for (bearer, missing, expected) in [
        (simulator::PEOPLE_WRITE_BEARER, ["tickets:write"].as_slice(), "SUCCEEDED"),
        (
            simulator::READ_SCOPE_BEARER,
            &["users:write", "organizations:write", "tickets:write"],
            "FAILED",
        ),
    ] {
        let (ended, status, message) = check(&sim, &signed_in_by(bearer));
        assert_eq!(status, expected, "{message}");
        let told = ended.logged("WARN").join("\n");
        assert!(missing.iter().all(|scope| told.contains(scope)), "{told}");
        for scope in ["users:write", "organizations:write", "tickets:write"] {
            assert_eq!(told.contains(scope), missing.contains(&scope), "{scope}: {told}");
        }
    }
}

#[test]
fn an_agent_is_told_what_it_may_not() {
    let sim = account();
    let (ended, status, _) = check(&sim, &signed_in_by(simulator::AGENT_BEARER));
    assert_eq!(status, "SUCCEEDED");
    let told = ended.logged("WARN").join("\n");
    assert!(told.contains("agent") && told.contains("administrator"), "{told}");
    // The role decides this for an agent, and no support team can change it.
    assert!(!told.contains("bulk imports are off"), "{told}");
}

#[test]
fn a_check_finds_what_a_sync_would_refuse_in_streams() {
    let sim = account();
    let stream = |changes: Value| {
        let mut stream = json!({ "stream": "a", "object": "users", "operation": "upsert",
            "match_on": "external_id", "fields": { "a": "external_id", "b": "custom_plan" } });
        for (key, value) in changes.as_object().unwrap() {
            stream[key] = value.clone();
        }
        config(&json!({ "streams": [stream] }))
    };
    for (changes, words) in [
        (
            json!({ "fields": { "b": "custom_plan", "c": "custom_nothing" } }),
            "maps `c` to `custom_nothing`",
        ),
        (json!({ "fields": { "b": "role" } }), "maps `b` to `role`"),
        (json!({ "match_on": "name" }), "`name` is not a key of users"),
        (json!({ "operation": "delete" }), "`allow_deletes` is off"),
        (json!({ "operation": "mirror" }), "work only for audiences"),
        (
            json!({ "operation": "upsrt" }),
            r#"must be one of "insert", "upsert", "update", "delete", "add", "remove", "mirror""#,
        ),
        (
            json!({ "object": "organization_memberships", "operation": "update" }),
            "accept only `upsert`",
        ),
    ] {
        let (_, status, message) = check(&sim, &stream(changes));
        assert_eq!(status, "FAILED", "{words}");
        assert!(message.contains(words), "{words}: {message}");
    }
    let (_, status, message) = check(&sim, &stream(json!({})));
    assert_eq!(status, "SUCCEEDED", "{message}");
    let audience = json!({ "audiences": [{ "slug": "vip", "as": { "tag": "vip" } }], "streams": [{
        "stream": "a", "object": "audience:vip", "operation": "add", "match_on": "email",
        "fields": { "is_vip": "member" } }] });
    let (_, status, message) = check(&sim, &config(&audience));
    assert_eq!(status, "SUCCEEDED", "{message}");
}

#[test]
fn input_without_any_message_is_a_failure_and_noise_beside_messages_is_none() {
    let sim = account();
    let (options, catalog) =
        (config(&json!({})), catalog("users", "append_dedup", Some("external_id")));
    let rows = "{\"external_id\":\"a\",\"name\":\"A\"}\n".to_owned();
    let ended = write(&sim, &options, &catalog, rows.clone());
    assert_eq!(ended.code, Some(1));
    assert!(ended.errors().join(" ").contains("No line on stdin is an Airbyte message"));
    assert!(ended.logged("WARN").join(" ").contains("(it has no `type`)"), "{:?}", ended.lines);
    let log = "{\"type\":\"LOG\",\"log\":{\"level\":\"INFO\",\"message\":\"x\"}}\n";
    write(&sim, &options, &catalog, log.to_owned() + &rows).succeeded();
    write(&sim, &options, &catalog, String::new()).succeeded();
}

#[test]
fn a_check_fails_where_a_sync_could_write_nothing() {
    let sim = account();
    let folder = Folder::new();
    let file = folder.write("file", &json!({}));
    let with = |more: Value| config(&more);
    for (options, words) in [
        (signed_in_by("wrong"), "credentials"),
        (signed_in_by(simulator::EXPIRED_BEARER), "credentials"),
        (signed_in_by(simulator::USELESS_SCOPE_BEARER), ""),
        (
            with(
                json!({ "streams": [{ "stream": "a", "object": "cars", "operation": "insert" }, { "stream": "b", "object": "trucks", "operation": "insert" }] }),
            ),
            "trucks",
        ),
        (
            with(
                json!({ "object_storage_config": { "storage_type": "Local", "path": file.join("below") } }),
            ),
            "object_storage_config",
        ),
        (with(json!({ "max_jobs": 0 })), "max_jobs"),
        (with(json!({ "tags_mode": "merge", "notify": "yes" })), "notify"),
        (json!({ "subdomain": "acme" }), "credentials"),
    ] {
        let (_, status, message) = check(&sim, &options);
        assert_eq!(status, "FAILED", "{options}");
        assert!(message.contains(words), "{words}: {message}");
    }
}

#[test]
fn an_end_user_may_write_nothing() {
    let sim = account();
    let body = r#"{"user":{"id":7,"role":"end-user","email":"e@x.test","active":true}}"#;
    sim.faults(Faults::rule("/users/me", When::Always, Fault::with_body(200, body)));
    let (_, status, message) = check(&sim, &signed_in_by(simulator::AGENT_BEARER));
    assert_eq!(status, "FAILED");
    assert!(message.contains("end user"), "{message}");
}

#[test]
fn the_catalog_has_each_object_and_operation_with_its_keys_and_custom_fields() {
    let sim = account();
    let columns = ticket_columns(&sim);
    let before = snapshot(&sim);
    sim.clear_ledger();
    for allows in [false, true] {
        let ended =
            command(&sim, "discover", &config(&json!({ "allow_deletes": allows }))).succeeded();
        assert!(ended.of_type("CONTROL").is_empty());
        let lines = ended.of_type("DESTINATION_CATALOG");
        assert_eq!(lines.len(), 1);
        let operations = lines[0]["destination_catalog"]["operations"].as_array().unwrap();
        let is_guarded = |name: &str| ["users", "organizations", "tickets"].contains(&name);
        let others: Vec<&Value> = operations
            .iter()
            .filter(|one| !is_guarded(one["object_name"].as_str().unwrap()))
            .collect();
        // Memberships, and each custom object.
        assert!(others.len() > 2 && (others.len() - 2).is_multiple_of(4), "{}", others.len());
        let mut pairs: Vec<(&str, &str)> = operations
            .iter()
            .filter(|one| !others.contains(one))
            .map(|one| (one["object_name"].as_str().unwrap(), one["sync_mode"].as_str().unwrap()))
            .collect();
        let count = pairs.len();
        pairs.sort_unstable();
        pairs.dedup();
        assert_eq!((count, pairs.len()), (if allows { 12 } else { 9 }, count));
        assert!(
            pairs
                .iter()
                .all(|(_, mode)| *mode != "overwrite" && (allows || *mode != "soft_delete"))
        );
        for one in operations {
            let schema = &one["json_schema"];
            let names = schema["properties"].as_object().unwrap();
            let required = schema["required"].as_array().into_iter().flatten();
            let keys = one["matching_keys"].as_array().into_iter().flatten();
            let keys = keys.flat_map(|key| key.as_array().unwrap());
            for name in required.chain(keys) {
                assert!(names.contains_key(name.as_str().unwrap()), "{name} of {one}");
            }
        }
        let keys = |object: &str, mode: &str| {
            let one = operations
                .iter()
                .find(|one| one["object_name"] == object && one["sync_mode"] == mode);
            one.unwrap()["matching_keys"].clone()
        };
        assert_eq!(keys("users", "append"), json!([["external_id"], ["email"]]));
        assert_eq!(keys("users", "append_dedup"), json!([["external_id"], ["email"], ["id"]]));
        assert_eq!(keys("organizations", "update"), json!([["external_id"], ["name"], ["id"]]));
        assert_eq!(keys("tickets", "append_dedup"), json!([["external_id"], ["id"]]));
        let pairs = keys("organization_memberships", "soft_delete");
        assert_eq!(pairs[0], json!(["user_external_id", "organization_external_id"]));
    }
    let of_users = offered(&sim, "users", "append_dedup");
    for name in [
        "custom_plan",
        "custom_vip",
        "custom_seats",
        "custom_arr",
        "custom_renewal",
        "custom_areas",
    ] {
        assert!(of_users.iter().any(|column| column == name), "{name}: {of_users:?}");
    }
    let of_tickets = offered(&sim, "tickets", "update");
    assert!(columns.iter().all(|column| of_tickets.contains(column)), "{of_tickets:?}");
    assert!(!of_users.contains(&"role".to_owned()));
    assert_eq!(sim.ledger().writes, []);
    assert_eq!(touched(&before, &snapshot(&sim)), []);
}

#[test]
fn discover_fails_with_a_trace_where_nobody_is_signed_in() {
    let sim = account();
    let ended = command(&sim, "discover", &signed_in_by("wrong"));
    assert_eq!(ended.code, Some(1));
    assert_eq!(ended.of_type("TRACE")[0]["trace"]["error"]["failure_type"], "config_error");
    assert!(ended.of_type("DESTINATION_CATALOG").is_empty());
}

#[test]
fn a_check_answers_in_time_though_zendesk_does_not() {
    let settings = Settings {
        tidy_people: true,
        scale: SCALE,
        latency: simulator::Latency::Fixed(60_000_000),
        ..Settings::default()
    };
    let sim = Simulator::start(settings).expect("the simulator starts");
    let ended = command(&sim, "check", &config(&json!({})));
    let (status, message) = status(&ended);
    assert_eq!(status, "FAILED");
    assert!(!message.is_empty());
}
