//! Any input on stdin: broken lines, huge lines, and messages as other programs write them.

use serde_json::{Value, json};

use super::{catalog, config, user, write};
use crate::account::{account, with};
use crate::run::{Folder, messages, record, start, state};

#[test]
fn lines_that_are_no_message_are_told_and_cost_no_row() {
    let sim = account();
    let mut input = String::new();
    for at in 0..120 {
        input += &(record(&user(at)) + "\r\n");
        input += match at % 8 {
            0 => "{\"type\":\"RECORD\",\"record\":\n",
            1 => "\n   \n\t\r\n",
            2 => "{\"type\":\"RECORD\",\"record\":{\"stream\":\"rows\",\"data\":[1]}}\n",
            3 => "{\"type\":\"NEW_KIND\",\"new\":{\"x\":1}}\n",
            4 => "not JSON at all \u{0}\n",
            5 => "{\"type\":\"LOG\",\"log\":{\"level\":\"INFO\",\"message\":\"hello\"}}\n",
            6 => "[]\n42\nnull\n",
            _ => {
                "{\"type\":\"TRACE\",\"trace\":{\"type\":\"STREAM_STATUS\",\"stream_status\":{\"stream_descriptor\":{\"name\":\"rows\"},\"status\":\"COMPLETE\"}}}\n"
            }
        };
    }
    // The last line has no end.
    input += &state(120);
    let users = catalog("users", "append_dedup", Some("external_id"));
    let ended = write(&sim, &config(&json!({})), &users, input).succeeded();
    assert_eq!((ended.count("created"), ended.states().len()), (120, 1));
    let told = ended.logged("WARN").into_iter().filter(|line| line.contains("Airbyte message"));
    assert_eq!(told.count(), 2, "the first one, and how many there were");
    assert!(
        ended.logged("WARN").iter().any(|line| line.contains("90 lines")),
        "{:#?}",
        ended.logged("WARN")
    );
    assert!(
        ended.lines.iter().all(|line| line["trace"]["type"] != "STREAM_STATUS"),
        "COMPLETE is the source's word"
    );
}

#[test]
fn messages_are_read_as_pyairbyte_writes_them() {
    let sim = account();
    let all_keys = |kind: &str, name: &str, value: Value| {
        let mut message = json!({ "type": kind, "log": null, "spec": null, "connectionStatus": null, "catalog": null, "record": null,
            "state": null, "trace": null, "control": null, "destination_catalog": null });
        message[name] = value;
        message.to_string() + "\n"
    };
    let mut input = String::new();
    for at in 0..130 {
        let row = json!({ "external_id": format!("U-{at}"), "name": "N", "custom_seats": at.to_string(), "custom_arr": "12.500",
            "custom_vip": "true", "custom_renewal": null, "_airbyte_raw_id": "01JD", "_airbyte_extracted_at": "2026-01-01T00:00:00Z", "_airbyte_meta": {} });
        let record = json!({ "stream": "users", "namespace": null, "data": row, "emitted_at": 1_795_702_978, "meta": null, "file_reference": null });
        input += &all_keys("RECORD", "record", record);
        input += &all_keys(
            "LOG",
            "log",
            json!({ "level": "INFO", "message": "x", "stack_trace": null }),
        );
    }
    let state = json!({ "type": "STREAM", "stream": { "stream_descriptor": { "name": "users", "namespace": null }, "stream_state": { "x": 1 } },
        "global": null, "data": null, "sourceStats": null, "destinationStats": null });
    input += &all_keys("STATE", "state", state);
    let catalog = json!({ "streams": [{ "stream": { "name": "users", "namespace": null, "json_schema": { "properties": { "external_id": {}, "name": {} } },
        "supported_sync_modes": ["full_refresh"] }, "sync_mode": "full_refresh", "destination_sync_mode": "append_dedup",
        "primary_key": [["external_id"]], "generation_id": 1, "minimum_generation_id": 1, "sync_id": 1 }] });
    let ended = write(&sim, &config(&json!({})), &catalog, input).succeeded();
    assert_eq!(
        (ended.count("created"), ended.states().len()),
        (130, 1),
        "{:#?}",
        ended.logged("WARN")
    );
    let found = &with(&sim, "users", "external_id", &json!("U-9"))[0]["user_fields"];
    assert_eq!(
        (&found["seats"], &found["arr"], &found["vip"]),
        (&json!(9), &json!(12.5), &json!(true))
    );
}

#[test]
fn huge_rows_and_keys_that_stand_twice_are_taken() {
    let sim = account();
    let mut input = String::new();
    for at in 0..12 {
        let mut row = user(at);
        row["details"] = json!("x".repeat(2 << 20));
        input += &(record(&row) + "\n");
    }
    input += "{\"type\":\"RECORD\",\"record\":{\"stream\":\"other\",\"stream\":\"rows\",\"namespace\":\"warehouse\",\"data\":{\"external_id\":\"twice\",\"name\":\"A\",\"name\":\"B\"}},\"record_\":1}\n";
    input += "{\"type\":\"RECORD\",\"record\":{\"stream\":\"rows\",\"namespace\":\"warehouse\",\"data\":{\"external_id\":12345678901234567890123,\"name\":\"half \\ud83d\"}}}\n";
    input += &(state(14) + "\n");
    let users = catalog("users", "append_dedup", Some("external_id"));
    let ended = write(&sim, &config(&json!({})), &users, input).succeeded();
    assert_eq!(ended.count("created"), 14, "{:#?}", ended.logged("WARN"));
    assert_eq!(with(&sim, "users", "external_id", &json!("twice"))[0]["name"], "B");
    let big = with(&sim, "users", "external_id", &json!("12345678901234567890123"));
    assert_eq!(big.len(), 1, "a number of many digits keeps them");
    assert_eq!(big[0]["name"], "half \u{fffd}");
}

#[test]
fn stdin_is_taken_while_limits_are_waited_for_and_nothing_is_lost_at_its_end() {
    let sim = account();
    sim.knobs(|knobs| knobs.jobs_limit = Some(1));
    let rows: Vec<Value> = (0..2500).map(user).collect();
    let users = catalog("users", "append_dedup", Some("external_id"));
    let folder = Folder::new();
    let running =
        start(&sim, &folder, (&config(&json!({ "max_jobs": 30 })), &users), messages(&rows, 1), 0);
    let ended = running.end().succeeded();
    assert_eq!((ended.count("created"), ended.states().len()), (2500, 2500));
}

#[test]
fn long_keys_make_no_address_that_servers_refuse() {
    let sim = account();
    let row = |at: usize| json!({ "external_id": format!("{}{at}", "ключ ".repeat(40)), "email": format!("{}{at}@x.test", "+".repeat(180)), "name": "N" });
    let rows: Vec<Value> = (0..150).map(row).collect();
    for (key, expected) in [("external_id", "created"), ("email", "unchanged")] {
        let users = catalog("users", "append_dedup", Some(key));
        let ended = write(&sim, &config(&json!({})), &users, messages(&rows, 150)).succeeded();
        assert_eq!(ended.count(expected), 150, "{key} {:#?}", ended.logged("WARN"));
    }
    let longest = sim.requests().iter().map(|request| request.target().len()).max().unwrap();
    assert!(longest < 8000, "an address of {longest} bytes");
    assert!(longest > 3000, "keys are asked for together");
}
