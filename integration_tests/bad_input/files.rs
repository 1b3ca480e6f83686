//! Files that no platform writes: other encodings, nesting without end, files that are far too
//! large, and values that smuggle in something else, such as a header.

use serde_json::{Value, json};

use super::{
    Folder, Given, SECRETS, command_with, failed_check, good_config, misbehaviour, refused,
};
use crate::harness::{FULL, catalog};
use crate::program::Ended;

/// A text with one byte that is not UTF-8.
fn broken(text: &str) -> Given {
    let mut bytes = text.as_bytes().to_vec();
    let at = bytes.iter().position(|byte| *byte == b':').unwrap_or_default();
    bytes.splice(at..at, [b' ', 0xff]);
    Given::Bytes(bytes)
}

fn utf16(text: &str) -> Given {
    Given::Bytes(
        [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect(),
    )
}

/// Ways in which each file may be unreadable.
fn unreadable(good: &str) -> Vec<(&'static str, Given)> {
    let text = |text: String| Given::Text(text);
    vec![
        ("UTF-16", utf16(good)),
        ("not UTF-8", broken(good)),
        ("NUL bytes", Given::Bytes(vec![0; 100])),
        ("a NUL byte behind it", text(format!("{good}\0"))),
        ("lists in lists", text("[".repeat(1_000_000))),
        ("objects in objects", text("{\"a\":".repeat(150_000))),
        ("closed nesting", text(format!("{}{}", "[".repeat(5000), "]".repeat(5000)))),
        ("a comment", text(format!("// yes\n{good}"))),
        ("YAML", text("subdomain: acme\n".into())),
        ("a number that is none", text(good.replacen('{', "{\"a\":1e,", 1))),
        ("a cut escape", text(good.replacen('{', "{\"\\u12", 1))),
        ("half a surrogate", text(good.replacen('{', "{\"\\ud800\":1,", 1))),
    ]
}

fn wrong(ended: &Ended, told: Result<String, String>, names: &[&str]) -> Vec<String> {
    let mut found = misbehaviour(ended, SECRETS);
    match told {
        Ok(message) => found.extend(
            names
                .iter()
                .filter(|name| !message.contains(**name))
                .map(|name| format!("`{name}` is not named: {message}")),
        ),
        Err(why) => found.push(why),
    }
    found
}

#[test]
fn files_that_are_unreadable_are_refused_by_their_names() {
    let folder = Folder::new("unreadable");
    let good_config = good_config().to_string();
    let good_catalog = catalog(&["tags"], FULL).to_string();
    let good_state = json!([{ "type": "STREAM", "stream": { "stream_descriptor": { "name": "tags" },
                             "stream_state": { "a": 1 } } }]);
    let good_state = good_state.to_string();
    let write = |name: &str, given: &Given| folder.path(name, given);
    let mut found = Vec::new();
    for (option, good, name) in [
        ("--config", &good_config, "configuration"),
        ("--catalog", &good_catalog, "catalog"),
        ("--state", &good_state, "state"),
    ] {
        for (what, given) in unreadable(good) {
            let mut files =
                vec![("--config", write("config.json", &Given::Text(good_config.clone())))];
            files.push(("--catalog", write("catalog.json", &Given::Text(good_catalog.clone()))));
            files.retain(|(known, _)| *known != option);
            files.push((option, write("given.json", &given)));
            for debug in [false, true] {
                let ended = command_with("read", &files, debug);
                let told = refused(&ended);
                let names: &[&str] = if what == "closed nesting" { &[] } else { &[name] };
                found.extend(
                    wrong(&ended, told, names)
                        .into_iter()
                        .map(|why| format!("{option} {what}: {why}")),
                );
            }
            if option == "--config" {
                let ended = command_with("check", &files[files.len() - 1..], true);
                let told = failed_check(&ended);
                found.extend(
                    wrong(&ended, told, &[name])
                        .into_iter()
                        .map(|why| format!("check {what}: {why}")),
                );
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_state_of_200_mb_is_refused_at_once() {
    let folder = Folder::new("huge");
    let config = folder.path("config.json", &good_config().into());
    let catalog = folder.path("catalog.json", &catalog(&["tags"], FULL).into());
    let mut state = b"[{\"type\":\"STREAM\",\"stream\":{\"stream_descriptor\":{\"name\":\"tags\"},\"stream_state\":{\"a\":[0".to_vec();
    state.resize(200 << 20, b'1');
    let state = folder.path("state.json", &Given::Bytes(state));
    let ended = command_with(
        "read",
        &[("--config", config), ("--catalog", catalog), ("--state", state)],
        true,
    );
    let found = wrong(&ended, refused(&ended), &["state", "larger than 64 MB"]);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_value_that_wants_to_be_more_is_refused_or_only_a_value() {
    let folder = Folder::new("smuggling");
    let injected = format!("{}\r\nHost: evil.example\r\n\r\nGET / HTTP/1.1", SECRETS[0]);
    let with = |credentials: Value| {
        let mut config = good_config();
        config["credentials"] = credentials;
        config
    };
    let client = json!({ "credentials": "oauth2_client_credentials", "client_id": "x" });
    let mut password_beside = good_config();
    password_beside["password"] = SECRETS[1].into();
    let mut password_inside = good_config();
    password_inside["credentials"]["password"] = SECRETS[1].into();
    for (what, config, names) in [
        (
            "a header in a bearer",
            with(json!({ "credentials": "oauth2.0", "access_token": injected })),
            vec!["credentials"],
        ),
        (
            "a header in a token to refresh",
            with(
                json!({ "credentials": "oauth2_refresh", "client_id": "a", "client_secret": "b", "refresh_token": "c", "access_token": injected }),
            ),
            vec!["credentials"],
        ),
        ("no client secret", with(client.clone()), vec!["credentials", "client_secret"]),
        (
            "no refresh token",
            with(
                json!({ "credentials": "oauth2_refresh", "client_id": "a", "client_secret": SECRETS[1] }),
            ),
            vec!["credentials", "refresh_token"],
        ),
        ("a password beside", password_beside, vec!["password", "2026-01-12", "OAuth"]),
        ("a password inside", password_inside, vec!["credentials.password", "2026-01-12"]),
        (
            "a password in place of a token",
            with(json!({ "credentials": "api_token", "email": "a@b.c", "password": SECRETS[0] })),
            vec!["credentials.password", "2026-01-12", "api_token"],
        ),
        (
            "a kind named password",
            with(json!({ "credentials": "password", "username": "a", "password": SECRETS[0] })),
            vec!["credentials.password", "2026-01-12"],
        ),
        (
            "basic",
            with(json!({ "credentials": "Basic", "email": "a" })),
            vec!["credentials.credentials", "2026-01-12"],
        ),
        ("a list of credentials", with(json!([client])), vec!["credentials"]),
        (
            "an expiry of another type",
            with(
                json!({ "credentials": "oauth2_refresh", "client_id": "a", "client_secret": "b", "refresh_token": "c", "token_expiry_date": 7 }),
            ),
            vec!["token_expiry_date"],
        ),
    ] {
        let config = folder.path("config.json", &config.into());
        for debug in [false, true] {
            let ended = command_with("check", &[("--config", config.clone())], debug);
            let found = wrong(&ended, failed_check(&ended), &names);
            assert!(found.is_empty(), "{what}: {found:#?}");
        }
    }
}
