//! Configurations that cannot be used.

use serde_json::{Value, json};

use super::{
    Folder, Given, SECRETS, command_with, failed_check, good_config, misbehaviour, refused,
};
use crate::harness::{FULL, catalog};

/// What is wrong, the config, and the words that the message must contain.
type Case = (&'static str, Given, Vec<&'static str>);

/// The valid config with one key changed.
fn with(key: &str, value: Value) -> Given {
    let mut config = good_config();
    config[key] = value;
    config.into()
}

fn with_credentials(credentials: Value) -> Given {
    with("credentials", credentials)
}

fn cases() -> Vec<Case> {
    let text = |text: &str| Given::Text(text.to_owned());
    let whole = good_config().to_string();
    let mut cases: Vec<Case> = vec![
        ("a missing file", Given::Missing, vec!["cannot be read from", "nothing-is-here.json", "Check"]),
        ("a directory", Given::Directory, vec!["cannot be read"]),
        ("an empty file", text(""), vec!["the configuration is not valid JSON (it ends too early"]),
        ("no JSON", text("subdomain: acme"), vec!["the configuration is not valid JSON (a syntax"]),
        ("cut JSON", text(&whole[..whole.len() - 2]), vec!["JSON"]),
        ("JSON with more behind it", text(&format!("{whole} {whole}")), vec!["JSON"]),
        ("a list", text("[]"), vec!["the configuration is not a JSON object"]),
        ("a text", text("\"a-token-that-is-secret\""), vec!["object"]),
        ("null", text("null"), vec!["object"]),
        ("an empty object", text("{}"), vec!["subdomain: is missing"]),
        ("no subdomain", with("subdomain", Value::Null), vec!["subdomain"]),
        ("a subdomain of another type", with("subdomain", json!(7)), vec!["subdomain"]),
        ("no credentials", with_credentials(Value::Null), vec!["credentials"]),
        ("credentials of another type", with_credentials(json!(SECRETS[0])), vec!["credentials"]),
        ("empty credentials", with_credentials(json!({})), vec!["credentials.credentials"]),
        (
            "credentials of an unknown kind",
            with_credentials(json!({ "credentials": "sso", "token": SECRETS[0] })),
            vec!["credentials.credentials", "api_token"],
        ),
        (
            "a token of another type",
            with_credentials(json!({ "credentials": "api_token", "email": "a@b.c", "api_token": 1 })),
            vec!["credentials.api_token"],
        ),
        (
            "a token without its e-mail address",
            with_credentials(json!({ "credentials": "api_token", "api_token": SECRETS[0] })),
            vec!["credentials.email: is missing"],
        ),
        (
            "a token with a line break",
            with_credentials(json!({ "credentials": "oauth2.0", "access_token": format!("{0}\n{0}", SECRETS[0]) })),
            vec!["credentials"],
        ),
        ("no workers", with("num_workers", json!(0)), vec!["num_workers"]),
        ("too many workers", with("num_workers", json!(41)), vec!["num_workers"]),
        ("workers as a text", with("num_workers", json!("3")), vec!["num_workers"]),
        ("half a worker", with("num_workers", json!(1.5)), vec!["num_workers"]),
        ("an empty page", with("page_size", json!(0)), vec!["page_size"]),
        ("too large a page", with("page_size", json!(1001)), vec!["page_size"]),
        (
            "several things at once",
            json!({ "subdomain": ["acme"], "start_date": "yesteryear", "num_workers": 0, "page_size": true,
                    "credentials": { "credentials": "api_token", "email": 1, "api_token": 2 } })
            .into(),
            vec![
                "subdomain",
                "start_date",
                "num_workers",
                "page_size",
                "credentials.email",
                "credentials.api_token",
            ],
        ),
    ];
    for written in [
        "",
        " ",
        "evil.example",
        "acme.evil.example",
        "acme.zendesk.com.evil.example",
        "acme:8443",
        "acme.zendesk.com:8443",
        "https://acme.zendesk.com:8443",
        "acme/../evil",
        "acme/api/v2",
        "evil.example/acme.zendesk.com",
        "user@acme",
        "user:pw@acme.zendesk.com",
        "https://user:pw@evil.example/.zendesk.com",
        "acme?x=y",
        "acme#x",
        "acme\\evil.example",
        "acme\r\nHost: evil.example",
        "ac me",
        "-acme",
        "{{ config['subdomain'] }}",
        "127.0.0.1",
        "http://acme.zendesk.com",
        "https://acme",
        "https://acme/.zendesk.com",
        "https://acme.zendesk.com@evil.example",
        "acme%2eevil.example",
        "acme\u{0}.zendesk.com",
        "\u{430}cme",
    ] {
        cases.push(("a bad subdomain", with("subdomain", json!(written)), vec!["subdomain"]));
    }
    for written in [
        "2020",
        "2020-10",
        "2020-10-15T00:00:00",
        "2020-10-15T00:00:00+2",
        "2020-02-30T00:00:00Z",
        "2020-10-15T25:00:00Z",
        "15.10.2020",
        "now",
        "99999-01-01T00:00:00Z",
    ] {
        cases.push(("a bad start date", with("start_date", json!(written)), vec!["start_date"]));
    }
    cases
}

#[test]
fn a_bad_config_is_refused_by_every_command_with_all_its_fields_named() {
    let folder = Folder::new("configs");
    let catalog = folder.path("catalog.json", &catalog(&["tags"], FULL).into());
    let mut found = Vec::new();
    for (what, given, names) in cases() {
        let config = folder.path("config.json", &given);
        for command in ["check", "discover", "read"] {
            for debug in [false, true] {
                let mut files = vec![("--config", config.clone())];
                files.extend((command == "read").then(|| ("--catalog", catalog.clone())));
                let ended = command_with(command, &files, debug);
                let told = if command == "check" { failed_check(&ended) } else { refused(&ended) };
                let mut wrong = misbehaviour(&ended, SECRETS);
                match told {
                    Ok(message) => wrong.extend(
                        names
                            .iter()
                            .filter(|name| !message.contains(**name))
                            .map(|name| format!("`{name}` is not named: {message}")),
                    ),
                    Err(why) => wrong.push(why),
                }
                found.extend(
                    wrong.into_iter().map(|why| format!("{command}, {what} {given:?}: {why}")),
                );
            }
        }
    }
    assert!(found.is_empty(), "{} complaints: {found:#?}", found.len());
}
