//! Credentials that are well formed but that Zendesk does not accept.

use serde_json::{Value, json};
use simulator::{EXPIRED_BEARER, Fault, Faults, SUSPENDED_API_TOKEN, USELESS_SCOPE_BEARER, When};

use super::{failed_check, misbehaviour, refused};
use crate::harness::{Connector, FULL, catalog, simulator};
use crate::program::{Ended, run, unscaled};

fn run_command(connector: &Connector<'_>, name: &str, debug: bool) -> Ended {
    let mut command = connector.command(name);
    unscaled(&mut command);
    command.arg("--config").arg(connector.file("config.json", &connector.config));
    if name == "read" {
        command
            .arg("--catalog")
            .arg(connector.file("catalog.json", &catalog(&["tags", "tickets"], FULL)));
    }
    command.args(debug.then_some("--debug"));
    run(command)
}

fn api_token(email: &str, token: &str) -> Value {
    json!({ "credentials": "api_token", "email": email, "api_token": token })
}

fn bearer(token: &str) -> Value {
    json!({ "credentials": "oauth2.0", "access_token": token })
}

#[test]
fn credentials_that_let_nobody_in_fail_the_check_and_the_read_before_any_stream() {
    let sim = simulator(1);
    let mut found = Vec::new();
    for (what, credentials, secret) in [
        ("a wrong token", api_token("admin@example.com", "a-wrong-token"), "a-wrong-token"),
        (
            "a wrong address",
            api_token("nobody@example.com", "simulated-admin-api-token"),
            "simulated-admin-api-token",
        ),
        (
            "a suspended user",
            api_token(SUSPENDED_API_TOKEN.email, SUSPENDED_API_TOKEN.token),
            SUSPENDED_API_TOKEN.token,
        ),
        ("an expired bearer", bearer(EXPIRED_BEARER), EXPIRED_BEARER),
        ("a bearer of nobody", bearer("a-bearer-of-nobody"), "a-bearer-of-nobody"),
    ] {
        let mut connector = Connector::new(&sim);
        connector.config["credentials"] = credentials;
        let asked_before = sim.requests().len();
        for debug in [false, true] {
            for command in ["check", "discover", "read"] {
                let ended = run_command(&connector, command, debug);
                found.extend(
                    misbehaviour(&ended, &[secret]).into_iter().map(|why| format!("{what}: {why}")),
                );
                let told = match command {
                    "check" => failed_check(&ended),
                    _ => refused(&ended),
                };
                match told {
                    Ok(message) if message.contains("credentials") => {}
                    other => found.push(format!("{command}, {what}: {other:?}")),
                }
                if command == "read" && String::from_utf8_lossy(&ended.stdout).contains("STARTED") {
                    found.push(format!("{what}: a stream was started"));
                }
            }
        }
        assert!(
            sim.requests().len() - asked_before < 60,
            "{what}: refused credentials are tried again and again"
        );
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn an_anonymous_answer_is_no_success() {
    let sim = simulator(1);
    let body = json!({ "user": { "id": null, "url": null, "name": "Anonymous user", "email": "invalid@example.com",
                                 "role": "end-user", "active": null } });
    for body in [body.to_string(), "{}".to_owned(), "{\"user\":null}".to_owned()] {
        let fault = Fault::Status { status: 200, headers: Vec::new(), body: body.clone() };
        sim.faults(Faults::rule("/users/me", When::Always, fault));
        let connector = Connector::new(&sim);
        for (command, judge) in
            [("check", failed_check as fn(&Ended) -> Result<String, String>), ("read", refused)]
        {
            let ended = run_command(&connector, command, false);
            let told = judge(&ended);
            assert!(told.is_ok(), "{command} after {body}: {told:?}");
            let secrets = [simulator::ADMIN_API_TOKEN.token];
            assert_eq!(misbehaviour(&ended, &secrets), Vec::<String>::new());
        }
    }
}

#[test]
fn a_token_without_a_useful_scope_fails_every_stream_by_name() {
    let sim = simulator(1);
    let mut connector = Connector::new(&sim);
    connector.config["credentials"] = bearer(USELESS_SCOPE_BEARER);
    let ended = run_command(&connector, "read", true);
    assert_eq!(ended.code, Some(1));
    let errors = ended.errors();
    for stream in ["tags", "tickets"] {
        let of_stream = errors.iter().find(|(_, name, _)| name == stream);
        let is_good = |(kind, _, message): &(String, String, String)| {
            kind == "config_error" && message.contains("scope")
        };
        assert!(of_stream.is_some_and(is_good), "{stream}: {errors:?}");
    }
    assert_eq!(misbehaviour(&ended, &[USELESS_SCOPE_BEARER]), Vec::<String>::new());
}

#[test]
fn an_account_that_is_not_there_fails_the_check_in_time() {
    let sim = simulator(1);
    let mut connector = Connector::new(&sim);
    for (url, word) in [("http://127.0.0.1:9", "network"), ("no address", "ZENDESK_BASE_URL")] {
        connector.config["subdomain"] = "acme".into();
        let mut command = connector.command("check");
        command.arg("--config").arg(connector.file("config.json", &connector.config));
        command.env("ZENDESK_BASE_URL", url);
        let ended = run(command);
        let told = failed_check(&ended).expect("the check fails");
        assert!(told.contains(word), "{told}");
        assert_eq!(misbehaviour(&ended, &[simulator::ADMIN_API_TOKEN.token]), Vec::<String>::new());
    }
}
