//! A sync that cannot be done is refused in one sentence, and nothing is overwritten.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use simulator::{OAUTH_CLIENT_ID, OAUTH_CLIENT_SECRET, OAUTH_REFRESH_TOKEN};

use super::{Into, settle, told};
use crate::harness::{Connector, of_brands};
use crate::program::{Running, run, wait_until};

const STREAMS: [&str; 2] = ["tickets", "tags"];

/// Fails unless a sync is refused with these words and leaves every file unchanged.
fn assert_refused(into: &Into<'_, '_>, words: &str) {
    let without_lock = || {
        let mut contents = into.contents();
        contents.retain(|(path, _)| !path.ends_with("sync.lock"));
        contents
    };
    let before = without_lock();
    let ended = into.sync(&STREAMS);
    let told = told(&ended);
    assert_eq!(ended.code, Some(1), "{told}");
    assert!(told.contains(words), "{told}");
    assert!(before == without_lock(), "something was changed");
}

#[test]
fn a_folder_of_another_account_or_without_its_state_is_left_alone() {
    let sim = of_brands(885, 1);
    let mut connector = Connector::new(&sim);
    settle(&sim);
    Into::new(&connector).complete(&STREAMS);
    connector.config["subdomain"] = json!("other");
    assert_refused(&Into::new(&connector), "has the rows of the account `acme`");
    connector.config["subdomain"] = json!("acme");
    let into = Into::new(&connector);
    let state = std::fs::read(into.file("state.json")).expect("the state is there");
    for text in ["", "{", "[]", "{\"version\":9}"] {
        std::fs::write(into.file("state.json"), text).expect("it is written");
        assert_refused(&into, "state.json cannot be read");
    }
    std::fs::remove_file(into.file("state.json")).expect("it is there");
    assert_refused(&into, "has files but no state.json");
    std::fs::write(into.file("state.json"), state).expect("it is written");
    into.complete(&STREAMS);
}

#[test]
fn a_stream_that_is_not_there_is_named() {
    let sim = of_brands(886, 1);
    let connector = Connector::new(&sim);
    let into = Into::new(&connector);
    let ended = into.sync(&["tickets", "tocktets"]);
    let told = told(&ended);
    assert_eq!(ended.code, Some(1), "{told}");
    assert!(told.contains("there is no stream `tocktets`: similar names are `tickets`"), "{told}");
}

#[test]
fn two_at_once_are_one_too_many_and_a_kill_gives_the_folder_back() {
    let sim = of_brands(887, 1);
    let connector = Connector::new(&sim);
    settle(&sim);
    let into = Into::new(&connector);
    let mut command = into.command(&STREAMS);
    command.arg("--every").arg("365d").stdout(Stdio::null());
    let mut first = Running::start(command);
    wait_until("the first one has the folder", || into.file("state.json").exists());
    let ended = into.sync(&STREAMS);
    let told = told(&ended);
    assert_eq!(ended.code, Some(1), "{told}");
    let holder = format!("(process {} since ", first.pid());
    assert!(told.contains("Another sync uses ") && told.contains(&holder), "{told}");
    first.kill();
    sim.until_alone();
    into.complete(&STREAMS);
}

#[test]
fn a_folder_that_cannot_be_written_is_told() {
    let sim = of_brands(888, 1);
    let connector = Connector::new(&sim);
    let into = Into::new(&connector);
    // A file in its place serves as well for a user who may write everywhere.
    std::fs::write(&into.path, "mine").expect("a file");
    let ended = into.sync(&STREAMS);
    assert_eq!(ended.code, Some(1));
    assert!(told(&ended).contains("The program cannot write to "), "{}", told(&ended));
    assert_eq!(std::fs::read(&into.path).expect("it is there"), b"mine");
}

#[test]
fn the_file_that_cannot_be_written_is_named() {
    let sim = of_brands(898, 1);
    let connector = Connector::new(&sim);
    settle(&sim);
    let into = Into::new(&connector);
    into.complete(&STREAMS);
    // A folder in place of a file. The first is in the way of a leftover that is removed, the second of
    // the state.
    for name in ["tickets/00000001/00000009.jsonl.gz.new", "state.json.new"] {
        let path = into.file(name);
        std::fs::create_dir(&path).expect("a folder");
        let ended = into.sync(&STREAMS);
        let words = format!("The program cannot write to {} (", path.display());
        assert_eq!(ended.code, Some(1));
        assert!(told(&ended).contains(&words), "{}", told(&ended));
        std::fs::remove_dir(&path).expect("it is empty");
    }
    into.complete(&STREAMS);
}

/// The same command with a limit on the size of files.
fn limited(command: &Command, kib: u32) -> Command {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<String> = words.map(|word| format!("'{}'", word.to_string_lossy())).collect();
    let mut shell = Command::new("bash");
    shell.arg("-c").arg(format!("ulimit -f {kib}; exec {}", words.join(" ")));
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell.stdout(Stdio::piped());
    shell
}

#[test]
fn a_disk_without_room_is_told_and_the_next_sync_goes_on() {
    let sim = of_brands(889, 1);
    let connector = Connector::new(&sim);
    settle(&sim);
    let into = Into::new(&connector);
    // No row of the second run finds room, and what the first one filed stays.
    into.complete(&["tags"]);
    let ended = run(limited(&into.command(&["tags", "ticket_audits"]), 2));
    super::explained(&ended);
    let told = told(&ended);
    assert_eq!(ended.code, Some(1), "{told}");
    let words = format!("The disk of {}", into.file("ticket_audits").display());
    assert!(told.contains(&words), "{told}");
    into.complete(&["tags", "ticket_audits"]);
    let found = super::shown::complaints(&sim, &into, &["tags", "ticket_audits"], true);
    assert!(found.is_empty(), "{found:#?}");
}

/// A command with a configuration file that exists already.
fn again(into: &Into<'_, '_>, config: &Path) -> Command {
    let mut command = into.connector.command("sync");
    command.arg("--config").arg(config).arg("--into").arg(&into.path);
    command.arg("--streams").arg(STREAMS.join(","));
    command
}

#[test]
fn renewed_tokens_go_into_the_configuration_with_the_rights_that_it_had() {
    let sim = of_brands(890, 1);
    let mut connector = Connector::new(&sim);
    settle(&sim);
    connector.config["credentials"] = json!({
        "credentials": "oauth2_refresh", "client_id": OAUTH_CLIENT_ID,
        "client_secret": OAUTH_CLIENT_SECRET, "refresh_token": OAUTH_REFRESH_TOKEN,
    });
    let into = Into::new(&connector);
    let config = connector.file("config.json", &connector.config);
    let rights = std::fs::Permissions::from_mode(0o640);
    std::fs::set_permissions(&config, rights).expect("rights");
    for _ in 0..2 {
        let ended = run(again(&into, &config));
        assert_eq!(ended.code, Some(0), "{}", told(&ended));
        let text = std::fs::read_to_string(&config).expect("it is there");
        let now: Value = serde_json::from_str(&text).expect("it is JSON");
        assert_ne!(now["credentials"]["refresh_token"], OAUTH_REFRESH_TOKEN);
        let token = now["credentials"]["access_token"].as_str().expect("a token");
        assert!(!told(&ended).contains(token), "a secret was shown");
        let rights = std::fs::metadata(&config).expect("it is there").permissions();
        assert_eq!(rights.mode() & 0o777, 0o640);
        for (path, content) in into.contents() {
            let content = String::from_utf8_lossy(&content).into_owned();
            assert!(!content.contains(token), "{} holds a secret", path.display());
        }
    }
    // Where they cannot be kept none are fetched: a folder stands where the new file would be written.
    std::fs::create_dir(config.with_extension("json.new")).expect("a folder");
    sim.clear_requests();
    let ended = run(again(&into, &config));
    super::explained(&ended);
    assert_eq!(ended.code, Some(1));
    assert!(told(&ended).contains("Renewed tokens cannot be saved in "), "{}", told(&ended));
    assert!(sim.requests().is_empty());
}

#[test]
fn another_column_for_deletions_is_refused() {
    let sim = of_brands(893, 1);
    let mut connector = Connector::new(&sim);
    settle(&sim);
    Into::new(&connector).complete(&STREAMS);
    connector.config["deleted_at_field"] = json!("gone_at");
    assert_refused(&Into::new(&connector), "have the column `_ab_cdc_deleted_at`");
    // Warehouses, and DuckDB, do not tell it apart from the column `subject`.
    connector.config["deleted_at_field"] = json!("Subject");
    let ended = Into::new(&connector).sync(&STREAMS);
    assert_eq!(ended.code, Some(1), "{}", told(&ended));
}
