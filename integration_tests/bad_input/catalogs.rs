//! Configured catalogs and saved states that are wholly or partly unusable.

use serde_json::{Value, json};

use super::{Folder, Given, SECRETS, command_with, good_config, misbehaviour, refused};
use crate::harness::{Connector, FULL, catalog, simulator};
use crate::program::{Ended, run};
use crate::protocol::check_output;

fn text(text: &str) -> Given {
    Given::Text(text.to_owned())
}

#[test]
fn a_bad_catalog_is_refused_by_name() {
    let folder = Folder::new("catalogs");
    let config = folder.path("config.json", &good_config().into());
    let mut unknown_mode = catalog(&["tags", "groups"], FULL);
    unknown_mode["streams"][1]["sync_mode"] = "INVALID".into();
    let mut no_mode = catalog(&["tags", "groups"], FULL);
    no_mode["streams"][1]["sync_mode"] = Value::Null;
    let mut found = Vec::new();
    let cases: Vec<(Given, &[&str])> = vec![
        (Given::Missing, &["catalog", "cannot be read", "nothing-is-here.json"]),
        (Given::Directory, &["catalog", "cannot be read"]),
        (text(""), &["catalog", "JSON"]),
        (text("streams:"), &["catalog", "JSON"]),
        (text("{\"streams\":["), &["catalog", "JSON"]),
        (text("[]"), &["catalog", "`streams`"]),
        (text("{}"), &["catalog", "`streams`"]),
        (json!({ "streams": {} }).into(), &["catalog", "`streams`"]),
        (json!({ "streams": [7] }).into(), &["catalog", "entry 0"]),
        (json!({ "streams": [{ "sync_mode": FULL }] }).into(), &["catalog", "entry 0"]),
        (json!({ "streams": [{ "stream": { "name": 5 } }] }).into(), &["catalog", "entry 0"]),
        (unknown_mode.into(), &["groups", "INVALID"]),
        (no_mode.into(), &["groups", "sync mode"]),
        (catalog(&["tags", "groups", "tags"], FULL).into(), &["tags", "twice"]),
    ];
    for (given, names) in cases {
        let catalog = folder.path("catalog.json", &given);
        for debug in [false, true] {
            let files = [("--config", config.clone()), ("--catalog", catalog.clone())];
            let ended = command_with("read", &files, debug);
            found.extend(misbehaviour(&ended, SECRETS));
            found.extend(unnamed(&given, refused(&ended), names));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// Complaints about a refusal that does not name every one of these causes.
fn unnamed(given: &Given, told: Result<String, String>, names: &[&str]) -> Vec<String> {
    match told {
        Ok(message) => {
            let missing = names.iter().filter(|name| !message.contains(**name));
            missing.map(|name| format!("{given:?}: `{name}` is not named: {message}")).collect()
        }
        Err(why) => vec![format!("{given:?}: {why}")],
    }
}

fn read(connector: &Connector<'_>, streams: &[&str], state: &Given, folder: &Folder) -> Ended {
    let mut command = connector.command("read");
    command.arg("--config").arg(connector.file("config.json", &connector.config));
    command.arg("--catalog").arg(connector.file("catalog.json", &catalog(streams, FULL)));
    command.arg("--state").arg(folder.path("state.json", state));
    run(command)
}

#[test]
fn a_stream_that_does_not_exist_fails_alone() {
    let sim = simulator(1);
    sim.advance_seconds(70);
    let connector = Connector::new(&sim);
    let folder = Folder::new("unknown-stream");
    let mut streams = connector.discover();
    streams.retain(|stream| stream["name"] == "tags" || stream["name"] == "groups");
    let ended = read(&connector, &["tags", "no_such_stream", "groups"], &text("[]"), &folder);
    assert_eq!(check_output(&ended.stdout, &streams), Vec::<String>::new());
    assert_eq!(ended.code, Some(1));
    let errors = ended.errors();
    let of_stream: Vec<_> =
        errors.iter().filter(|(_, stream, _)| stream == "no_such_stream").collect();
    assert!(
        matches!(of_stream[..], [(kind, _, message)] if kind == "config_error" && message.contains("no_such_stream")),
        "{errors:?}"
    );
    assert_eq!(ended.last_status("no_such_stream").as_deref(), Some("INCOMPLETE"));
    for stream in ["tags", "groups"] {
        assert_eq!(ended.last_status(stream).as_deref(), Some("COMPLETE"), "{stream}");
    }
    assert_eq!(misbehaviour(&ended, &[simulator::ADMIN_API_TOKEN.token]), Vec::<String>::new());
    // A slip of the pen is told from the stream of another connector.
    let run = connector.read(&["grups", "zzzzzz"], FULL, &[]);
    let message = |stream: &str| run.error(stream).expect("an error").1.to_owned();
    assert!(message("grups").contains("similar names are `groups`"), "{}", message("grups"));
    assert!(message("zzzzzz").contains("`zzzzzz`. Refresh"), "{}", message("zzzzzz"));
}

#[test]
fn a_state_that_cannot_be_read_is_refused_and_one_with_nonsense_in_it_is_told() {
    let sim = simulator(1);
    sim.advance_seconds(70);
    let connector = Connector::new(&sim);
    let folder = Folder::new("states");
    let mut streams = connector.discover();
    streams.retain(|stream| stream["name"] == "tags" || stream["name"] == "groups");
    let selected = ["tags", "groups"];
    let secrets = [simulator::ADMIN_API_TOKEN.token];
    for given in
        [text("[{"), text("nothing"), text("3"), text("\"tags\""), text("true"), Given::Directory]
    {
        let ended = read(&connector, &selected, &given, &folder);
        let told = refused(&ended);
        assert!(told.as_ref().is_ok_and(|message| message.contains("state")), "{given:?} {told:?}");
        assert_eq!(misbehaviour(&ended, &secrets), Vec::<String>::new());
    }
    let stream = |name: &str, state: Value| json!({ "type": "STREAM", "stream": { "stream_descriptor": { "name": name }, "stream_state": state } });
    for (given, is_told) in [
        (text(""), false),
        (text("[]"), false),
        (text("{}"), false),
        (text("null"), false),
        (Given::Missing, true),
        (text("[7]"), true),
        (text("[[]]"), true),
        (text("[null]"), true),
        (json!([{ "type": "NONSENSE" }]).into(), true),
        (json!([{ "type": "STREAM", "stream": { "stream_state": {} } }]).into(), true),
        (json!([stream("a_stream_of_yore", json!({ "x": 1 }))]).into(), false),
        (json!([stream("groups", Value::Null), stream("tags", json!({}))]).into(), false),
        (json!([stream("groups", json!(7)), stream("tags", json!("x"))]).into(), false),
        (json!([stream("groups", json!({ "updated_at": { "not": "a time" } }))]).into(), false),
        (
            json!([stream("groups", json!({ "updated_at": "yesterday", "walk": [1, "?"] }))])
                .into(),
            false,
        ),
        (
            json!([stream("groups", json!({ "walk": { "version": 999, "token": 1 } }))]).into(),
            false,
        ),
    ] {
        let ended = read(&connector, &selected, &given, &folder);
        assert_eq!(check_output(&ended.stdout, &streams), Vec::<String>::new(), "{given:?}");
        assert_eq!(ended.code, Some(0), "{given:?}");
        let stdout = String::from_utf8_lossy(&ended.stdout).into_owned();
        assert!(!is_told || stdout.contains("\"WARN\""), "{given:?} is not told of: {stdout}");
        for stream in selected {
            let record = format!("{{\"type\":\"RECORD\",\"record\":{{\"stream\":\"{stream}\"");
            assert!(stdout.contains(&record), "{given:?}: {stream} has no records");
        }
        assert_eq!(misbehaviour(&ended, &secrets), Vec::<String>::new());
    }
}
