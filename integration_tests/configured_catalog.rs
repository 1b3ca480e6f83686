//! `catalog` prints a configured catalog that `read` accepts, and nothing else on stdout.

use std::process::Command;

use serde_json::{Value, json};
use simulator::{AGENT_API_TOKEN, OAUTH_CLIENT_ID, OAUTH_CLIENT_SECRET, OAUTH_REFRESH_TOKEN};

use crate::documents::assert_explained;
use crate::harness::{Connector, simulator};
use crate::program::{Ended, messages, run, unscaled};

fn command(connector: &Connector<'_>, args: &[&str]) -> Command {
    let mut command = connector.command("catalog");
    unscaled(&mut command);
    command.arg("--config").arg(connector.file("config.json", &connector.config)).args(args);
    command
}

/// Runs `catalog`. Fails unless the guide explains every WARN and ERROR.
fn catalog(connector: &Connector<'_>, args: &[&str]) -> Ended {
    let ended = run(command(connector, args));
    let lines = ended.stderr.lines().filter(|line| !line.starts_with('{'));
    let logged = lines.filter_map(|line| {
        let (level, message) = line.split_once("  ")?;
        Some(json!({ "type": "LOG",
            "log": { "level": level.trim(), "message": message.trim() } }))
    });
    assert_explained(&logged.collect::<Vec<_>>());
    assert!(!ended.stderr.contains('\u{1b}'), "no terminal, no colours: {}", ended.stderr);
    ended
}

/// The entries of the catalog, which must be the only thing on stdout.
fn entries(ended: &Ended) -> Vec<Value> {
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let catalog: Value = serde_json::from_slice(&ended.stdout).expect("one JSON document");
    catalog["streams"].as_array().cloned().expect("streams")
}

fn names(entries: &[Value]) -> Vec<&str> {
    entries.iter().filter_map(|entry| entry["stream"]["name"].as_str()).collect()
}

#[test]
fn a_catalog_of_all_streams_has_what_discover_has_in_modes_that_platforms_accept() {
    let sim = simulator(911);
    let connector = Connector::new(&sim);
    let discovered = connector.discover();
    assert!(discovered.iter().any(|stream| {
        stream["name"]
            .as_str()
            .is_some_and(|name| name.starts_with("custom_object_") && name.contains("__"))
            || stream["name"] == "custom_objects"
    }));
    for (args, wanted) in [
        (&["--all"] as &[&str], "incremental"),
        (&["--all", "--mode", "incremental"], "incremental"),
        (&["--all", "--mode", "full_refresh"], "full_refresh"),
    ] {
        let ended = catalog(&connector, args);
        let entries = entries(&ended);
        let streams: Vec<Value> = entries.iter().map(|entry| entry["stream"].clone()).collect();
        assert!(streams == discovered, "{args:?}");
        let mut whole = Vec::new();
        for entry in &entries {
            let stream = &entry["stream"];
            let modes = stream["supported_sync_modes"].as_array().expect("modes");
            let has_it = modes.contains(&wanted.into());
            let mode = if has_it { wanted } else { "full_refresh" };
            assert_eq!(entry["sync_mode"], mode, "{stream}");
            let has_key = !stream["source_defined_primary_key"].is_null();
            let destination = match mode {
                "full_refresh" => "overwrite",
                _ if has_key => "append_dedup",
                _ => "append",
            };
            assert_eq!(entry["destination_sync_mode"], destination, "{stream}");
            assert_eq!(entry["primary_key"], stream["source_defined_primary_key"]);
            let cursor = &entry["cursor_field"];
            let default = &stream["default_cursor_field"];
            assert!(mode == "incremental" || cursor.is_null(), "{entry}");
            assert!(mode == "full_refresh" || (cursor == default && cursor.is_array()), "{entry}");
            if !has_it {
                whole.push(stream["name"].as_str().expect("a name").to_owned());
            }
        }
        let note = ended.stderr.lines().find(|line| line.contains("full_refresh, because"));
        match (args.len() > 1, whole.is_empty()) {
            (true, false) => {
                assert!(note.is_some_and(|note| note.ends_with(&whole.join(", "))), "{note:?}");
            }
            _ => assert_eq!(note, None),
        }
    }
}

#[test]
fn read_takes_the_catalog_with_the_columns_of_custom_fields() {
    let sim = simulator(912);
    sim.advance_seconds(70);
    let mut connector = Connector::new(&sim);
    connector.config["custom_fields"] = "columns".into();
    let ended = catalog(&connector, &["--streams", "ticket_fields, tickets", "--streams", "tags"]);
    let entries = entries(&ended);
    // In the order of the documentation, and no column of another stream was asked for.
    assert_eq!(names(&entries), ["tickets", "tags", "ticket_fields"]);
    assert_eq!(ended.stderr, "");
    assert_eq!(String::from_utf8_lossy(&ended.stdout).lines().count(), entries.len() + 2);
    let mut discovered = connector.discover();
    discovered.retain(|stream| stream["name"] == "tickets");
    assert_eq!(entries[0]["stream"], discovered[0]);
    let text: Value = serde_json::from_slice(&ended.stdout).expect("JSON");
    let mut read = connector.command("read");
    read.arg("--config").arg(connector.file("config.json", &connector.config));
    read.arg("--catalog").arg(connector.file("catalog.json", &text));
    let run = connector.run(read, usize::MAX).complete();
    for stream in ["tickets", "tags", "ticket_fields"] {
        assert!(!run.records(stream).is_empty(), "{stream}");
    }
    let columns = entries[0]["stream"]["json_schema"]["properties"].as_object().expect("columns");
    let row = run.records("tickets")[0].as_object().expect("a row");
    let custom =
        columns.keys().filter(|name| name.starts_with("custom_") && *name != "custom_fields");
    assert!(custom.clone().any(|name| row.contains_key(name)), "{:?}", columns.keys());
}

#[test]
fn families_are_whole_and_add_up_with_streams() {
    let sim = simulator(913);
    let connector = Connector::new(&sim);
    let of = |args: &[&str]| {
        let entries = entries(&catalog(&connector, args));
        names(&entries).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let talk = of(&["--family", "talk"]);
    assert!(talk.contains(&"calls".to_owned()) && talk.contains(&"ivrs".to_owned()), "{talk:?}");
    let both = of(&["--family", "talk,audit", "--streams", "tickets,calls"]);
    assert_eq!(both[0], "tickets");
    let others: Vec<_> =
        both.iter().filter(|name| !talk.contains(name) && *name != "tickets").collect();
    assert_eq!(others, ["audit_logs", "access_logs", "sessions"]);
    let mut once = both.clone();
    once.dedup();
    assert_eq!(once, both);
}

#[test]
fn names_that_are_not_known_get_the_nearest_and_no_catalog_is_made() {
    let sim = simulator(914);
    let connector = Connector::new(&sim);
    let args = ["--streams", "tickts,users,ticket_field_history,qqqq"];
    let ended = catalog(&connector, &args);
    assert_eq!((ended.code, ended.stdout.as_slice()), (Some(1), b"".as_slice()));
    for part in [
        "there is no stream `tickts`: similar names are `tickets`",
        "`ticket_field_history` is not in the catalog: add it to `extra_streams`",
        "there is no stream `qqqq`: run `discover`",
    ] {
        assert!(ended.stderr.contains(part), "{}", ended.stderr);
    }
    assert!(!ended.stderr.contains("`users`"), "{}", ended.stderr);
    for (args, nearest) in [
        (["--family", "help-center"], "help_center"),
        (["--family", "ticket"], "tickets"),
        (["--mode", "incremental_"], "incremental"),
    ] {
        let ended = run(command(&connector, &args));
        assert_eq!(ended.code, Some(2));
        let tip = format!("'{nearest}'");
        assert!(
            ended.stderr.contains("similar") && ended.stderr.contains(&tip),
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn what_cannot_be_read_is_left_out_of_families_and_refused_by_name() {
    let sim = simulator(915);
    let mut connector = Connector::new(&sim);
    connector.config["credentials"]["email"] = AGENT_API_TOKEN.email.into();
    connector.config["credentials"]["api_token"] = AGENT_API_TOKEN.token.into();
    let ended = catalog(&connector, &["--family", "settings"]);
    let entries = entries(&ended);
    let is_listed = |name: &str| names(&entries).contains(&name);
    assert!(is_listed("brands") && !is_listed("triggers"), "{:?}", names(&entries));
    assert!(ended.stderr.contains("WARN   triggers is left out: "), "{}", ended.stderr);
    assert!(!ended.stderr.contains("calls is left out"), "nobody asked for it: {}", ended.stderr);
    let ended = catalog(&connector, &["--streams", "triggers,brands"]);
    assert_eq!((ended.code, ended.stdout.len()), (Some(1), 0));
    assert!(ended.stderr.contains("`triggers` cannot be read with these"), "{}", ended.stderr);
    let ended = catalog(&connector, &["--family", "routing"]);
    assert_eq!((ended.code, ended.stdout.len()), (Some(1), 0));
    assert!(ended.stderr.contains("none of the chosen streams"), "{}", ended.stderr);
}

#[test]
fn renewed_tokens_are_handed_back_beside_the_catalog() {
    let sim = simulator(916);
    let mut connector = Connector::new(&sim);
    connector.config["credentials"] = json!({ "credentials": "oauth2_refresh",
        "client_id": OAUTH_CLIENT_ID, "client_secret": OAUTH_CLIENT_SECRET,
        "refresh_token": OAUTH_REFRESH_TOKEN });
    let ended = catalog(&connector, &["--streams", "tags"]);
    assert_eq!(names(&entries(&ended)), ["tags"]);
    let control = ended.stderr.lines().find(|line| line.starts_with('{')).expect("a CONTROL line");
    let control = messages(control.as_bytes()).remove(0);
    assert_eq!(control["type"], "CONTROL");
    let renewed = &control["control"]["connectorConfig"]["config"]["credentials"]["refresh_token"];
    assert!(renewed.is_string() && *renewed != OAUTH_REFRESH_TOKEN);
}

#[test]
fn a_stdout_that_takes_no_more_ends_the_command_with_a_word() {
    let sim = simulator(917);
    let connector = Connector::new(&sim);
    let command = command(&connector, &["--streams", "tags"]);
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<String> = words.map(|word| format!("'{}'", word.to_string_lossy())).collect();
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{} > /dev/full", words.join(" "))]);
    shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let ended = run(shell);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("The program cannot write to stdout ("), "{}", ended.stderr);
}

#[test]
fn without_a_configuration_or_an_account_there_is_no_catalog() {
    let sim = simulator(918);
    let mut connector = Connector::new(&sim);
    connector.config["credentials"]["api_token"] = "wrong".into();
    let ended = catalog(&connector, &["--all"]);
    assert_eq!((ended.code, ended.stdout.len()), (Some(1), 0));
    assert!(ended.stderr.starts_with("ERROR  "), "{}", ended.stderr);
    connector.config = json!({});
    let ended = catalog(&connector, &["--all"]);
    assert_eq!((ended.code, ended.stdout.len()), (Some(1), 0));
    assert!(ended.stderr.contains("the configuration is not valid"), "{}", ended.stderr);
}
