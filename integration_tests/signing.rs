//! Authentication. Tokens are fetched, renewed once for all requests that wait, and handed to the
//! platform before they are used.

use std::fs::File;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use simulator::{
    Fault, FaultRule, Faults, OAUTH_ACCESS_TOKEN, OAUTH_CLIENT_ID, OAUTH_CLIENT_SECRET,
    OAUTH_REFRESH_TOKEN, RequestSeen, Settings, Simulator, When,
};

use crate::harness::{Connector, FULL, INCREMENTAL, Run, catalog, simulator};
use crate::program::{Ended, Running, run, unscaled, wait_until};
use crate::protocol::check_output;

mod messages;

/// Streams of several listings, so that many requests run at the same time.
const STREAMS: &[&str] = &[
    "tickets",
    "ticket_events",
    "organizations",
    "users",
    "groups",
    "tags",
    "brands",
    "macros",
    "triggers",
    "articles",
    "posts",
    "ticket_fields",
];

fn client_credentials() -> Value {
    json!({ "credentials": "oauth2_client_credentials", "client_id": OAUTH_CLIENT_ID,
            "client_secret": OAUTH_CLIENT_SECRET })
}

/// Credentials with the refresh token that is valid at the start, and with this access token.
fn refreshing(access_token: Value, token_expiry_date: Value) -> Value {
    json!({ "credentials": "oauth2_refresh", "client_id": OAUTH_CLIENT_ID,
            "client_secret": OAUTH_CLIENT_SECRET, "refresh_token": OAUTH_REFRESH_TOKEN,
            "access_token": access_token, "token_expiry_date": token_expiry_date })
}

fn connector<'s>(sim: &'s Simulator, credentials: &Value) -> Connector<'s> {
    sim.advance_seconds(70);
    let mut connector = Connector::new(sim);
    connector.config["credentials"] = credentials.clone();
    connector.config["num_workers"] = 10.into();
    connector
}

/// How many requests the token endpoint got.
fn tokens_asked(sim: &Simulator) -> usize {
    sim.requests().iter().filter(|seen| seen.path == "/oauth/tokens").count()
}

fn unauthorized(sim: &Simulator) -> usize {
    sim.requests().iter().filter(|seen| seen.status == 401).count()
}

/// Runs a command on the real clock, because the time limits of `check` and `discover` are in real
/// seconds.
fn answer(connector: &Connector<'_>, name: &str) -> Ended {
    let mut command = connector.command(name);
    unscaled(&mut command);
    command.arg("--config").arg(connector.file("config.json", &connector.config));
    run(command)
}

/// The whole config in each CONTROL message.
fn new_configs(messages: &[Value]) -> Vec<Value> {
    let controls = messages.iter().filter(|message| message["type"] == "CONTROL");
    controls.map(|message| message["control"]["connectorConfig"]["config"].clone()).collect()
}

fn succeeded(ended: &Ended) -> bool {
    ended.messages().iter().any(|message| message["connectionStatus"]["status"] == "SUCCEEDED")
}

fn has_all(run: &Run, streams: &[&str]) {
    for stream in streams {
        assert!(!run.records(stream).is_empty(), "{stream} has no records");
    }
}

/// Refuses a token of the endpoint, given by its number, from the nth request with it on, as if it
/// was revoked in the middle of a sync.
fn revoked(number: u64, after: u64) -> Faults {
    let signed = AtomicU64::new(0);
    Faults::by(move |seen| {
        let is_it = seen.path.starts_with("/api/") && seen.access_token == Some(number);
        let refused = is_it && signed.fetch_add(1, Ordering::Relaxed) >= after;
        refused.then(|| Fault::Status {
            status: 401,
            headers: vec![("www-authenticate".into(), "Bearer realm=\"Zendesk\"".into())],
            body: r#"{"error":"invalid_token","error_description":"The access token expired"}"#
                .into(),
        })
    })
}

#[test]
fn client_credentials_mint_one_token_for_a_whole_sync() {
    let sim = simulator(60);
    let connector = connector(&sim, &client_credentials());
    let run = connector.read(STREAMS, INCREMENTAL, &[]).complete();
    has_all(&run, STREAMS);
    assert_eq!(tokens_asked(&sim), 1);
    assert!(sim.requests().iter().all(|seen| seen.access_token.is_none_or(|token| token == 1)));
    assert!(new_configs(&run.messages).is_empty(), "there is nothing to save");
}

#[test]
fn a_token_that_is_revoked_in_the_middle_is_minted_once_more_however_many_wait() {
    let sim = simulator(61);
    let connector = connector(&sim, &client_credentials());
    sim.faults(revoked(1, 6));
    let run = connector.read(STREAMS, INCREMENTAL, &[]).complete();
    has_all(&run, STREAMS);
    assert_eq!(tokens_asked(&sim), 2);
}

#[test]
fn tokens_of_a_short_life_are_renewed_before_they_end() {
    let sim = simulator(62);
    // Six hundred seconds are one of the wall's.
    sim.knobs(|knobs| knobs.longest_token_seconds = Some(300));
    sim.account(|account| (0..500).for_each(|_| drop(account.create("tickets"))));
    let connector = connector(&sim, &client_credentials());
    let run = connector.read(&["tickets", "ticket_events"], FULL, &[]).complete();
    has_all(&run, &["tickets", "ticket_events"]);
    let minutes = (sim.requests().last().map_or(0, |seen| seen.at_unix)
        - sim.requests().first().map_or(0, |seen| seen.at_unix))
        / 60;
    let minted = tokens_asked(&sim) as i64;
    assert!(minted >= 2, "{minted} tokens in {minutes} minutes");
    assert!(minted <= 2 + minutes / 3, "{minted} tokens in {minutes} minutes");
    // A token that is due is renewed first. On a busy machine a request may be late all the same.
    assert!(unauthorized(&sim) <= minted as usize, "{} refusals", unauthorized(&sim));
}

#[test]
fn a_token_that_works_is_used_whatever_its_expiry_says() {
    for expiry in [
        Value::Null,
        json!("2020-01-01T00:00:00Z"),
        json!("2099-01-01T00:00:00Z"),
        json!("soon"),
        json!("2026-11-21T00:00:20+00:00"),
    ] {
        let sim = simulator(63);
        let connector = connector(&sim, &refreshing(OAUTH_ACCESS_TOKEN.into(), expiry.clone()));
        let check = answer(&connector, "check");
        assert!(succeeded(&check), "{:?}", check.messages());
        assert_eq!(answer(&connector, "discover").code, Some(0));
        let run = connector.read(&["tags", "tickets"], INCREMENTAL, &[]).complete();
        has_all(&run, &["tags", "tickets"]);
        assert_eq!((tokens_asked(&sim), unauthorized(&sim)), (0, 0), "{expiry}");
    }
}

#[test]
fn a_token_is_renewed_shortly_before_an_end_that_the_config_knows() {
    // Slower than usual, so that a minute before the end is not over at once.
    let scale = 120.0;
    let settings = Settings { seed: 64, scale, ..Settings::default() };
    let sim = Simulator::start(settings).expect("the simulator starts");
    sim.account(|account| (0..320).for_each(|_| drop(account.create("tickets"))));
    let mut connector = connector(&sim, &Value::Null);
    let end = chrono::DateTime::from_timestamp(sim.now_unix() + 360, 0).unwrap_or_default();
    let end = end.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    connector.config["credentials"] = refreshing(OAUTH_ACCESS_TOKEN.into(), end.into());
    let mut command = connector.command("read");
    command.env("ZENDESK_CLOCK_SCALE", scale.to_string());
    command.arg("--config").arg(connector.file("config.json", &connector.config));
    let streams = ["tickets", "ticket_events"];
    command.arg("--catalog").arg(connector.file("catalog.json", &catalog(&streams, FULL)));
    let run = connector.run(command, usize::MAX).complete();
    has_all(&run, &streams);
    assert_eq!((tokens_asked(&sim), unauthorized(&sim)), (1, 0));
    assert_eq!(new_configs(&run.messages).len(), 1);
}

#[test]
fn a_void_token_is_refreshed_once_by_any_command_and_the_next_command_goes_on_with_the_pair() {
    for void in [Value::Null, "".into(), "a-void-access-token".into()] {
        for first in ["check", "discover", "read"] {
            let sim = simulator(65);
            let mut connector = connector(&sim, &refreshing(void.clone(), Value::Null));
            connector.config["a_key_of_the_platform"] = json!({ "kept": [1, null] });
            let before = connector.config.clone();
            let messages = if first == "read" {
                let run = connector.read(STREAMS, INCREMENTAL, &[]).complete();
                has_all(&run, STREAMS);
                run.messages
            } else {
                let ended = answer(&connector, first);
                assert_eq!(check_output(&ended.stdout, &[]), Vec::<String>::new());
                assert!(first == "discover" || succeeded(&ended), "{:?}", ended.messages());
                ended.messages()
            };
            assert_eq!(tokens_asked(&sim), 1, "{first} with {void}");
            let configs = new_configs(&messages);
            let [new] = &configs[..] else { panic!("{first}: {configs:?}") };
            let mut expected = before;
            let ends_at = new["credentials"]["token_expiry_date"].clone();
            expected["credentials"]["access_token"] = "simulated-access-token-1".into();
            expected["credentials"]["refresh_token"] = "simulated-refresh-token-1".into();
            expected["credentials"]["token_expiry_date"] = ends_at.clone();
            assert_eq!(*new, expected, "{first}");
            let ends_at = ends_at.as_str().and_then(|text| text.parse().ok());
            let ends_at = ends_at.map(|time: chrono::DateTime<chrono::Utc>| time.timestamp());
            let lives = ends_at.unwrap_or_default() - sim.now_unix();
            // Forty-eight hours, as asked for, less what the command took on the scaled clock.
            assert!((100_000..=172_800).contains(&lives), "the token lives {lives} seconds");
            connector.config = new.clone();
            assert!(succeeded(&answer(&connector, "check")));
            connector.read(&["tags"], FULL, &[]).complete();
            assert_eq!(tokens_asked(&sim), 1, "{first} with {void}");
        }
    }
}

#[test]
fn a_pair_that_is_revoked_in_the_middle_is_refreshed_once_however_many_wait() {
    let sim = simulator(66);
    let connector = connector(&sim, &refreshing(OAUTH_ACCESS_TOKEN.into(), Value::Null));
    sim.faults(revoked(0, 6));
    let run = connector.read(STREAMS, INCREMENTAL, &[]).complete();
    has_all(&run, STREAMS);
    assert_eq!(tokens_asked(&sim), 1);
    assert_eq!(new_configs(&run.messages).len(), 1);
}

/// Starts a command on the real clock, with its output in a file.
fn start_unscaled(connector: &Connector<'_>, name: &str, output: &Path) -> Running {
    let mut command = connector.command(name);
    unscaled(&mut command);
    command.arg("--config").arg(connector.file("config.json", &connector.config));
    if name == "read" {
        command.arg("--catalog").arg(connector.file("catalog.json", &catalog(&["tags"], FULL)));
    }
    command.stdout(Stdio::from(File::create(output).expect("a file")));
    Running::start(command)
}

/// Runs a command with stdout in a file. Returns the content of the file at the time of the first
/// request with each new token.
fn seen_before_use(connector: &Connector<'_>, name: &str) -> Vec<(u64, String)> {
    let path = connector.file("stdout", &Value::Null);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let output = path.clone();
    connector.sim.on_request(move |request: &RequestSeen, _| {
        let mut noted = noted.lock().expect("no hook panics");
        if let Some(number) = request.access_token.filter(|number| *number > 0)
            && noted.iter().all(|(known, _)| *known != number)
        {
            noted.push((number, std::fs::read_to_string(&output).unwrap_or_default()));
        }
    });
    let ended = start_unscaled(connector, name, &path).end_within(Duration::from_secs(60));
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    connector.sim.no_hook();
    let seen = seen.lock().expect("no hook panics");
    seen.clone()
}

#[test]
fn the_new_pair_is_written_out_before_it_is_used() {
    for name in ["check", "discover", "read"] {
        let sim = simulator(67);
        let connector = connector(&sim, &refreshing("void".into(), Value::Null));
        let seen = seen_before_use(&connector, name);
        let [(1, output)] = &seen[..] else { panic!("{name}: {seen:?}") };
        let control = output.lines().find(|line| line.contains("\"CONTROL\""));
        let control = control.unwrap_or_else(|| panic!("{name}: no CONTROL in {output}"));
        assert!(control.contains("simulated-refresh-token-1"), "{name}: {control}");
        assert!(control.contains("simulated-access-token-1"), "{name}: {control}");
    }
}

#[test]
fn a_pair_that_is_on_its_way_is_saved_though_the_program_is_told_to_stop() {
    for name in ["check", "discover", "read"] {
        let sim = simulator(68);
        let connector = connector(&sim, &refreshing("void".into(), Value::Null));
        // A second of the wall's, in which the old refresh token is void already.
        let late = Fault::Delay { ms: 600_000 };
        sim.faults(Faults::rule("/oauth/tokens", When::Always, late));
        let path = connector.file("stdout", &Value::Null);
        let mut running = start_unscaled(&connector, name, &path);
        wait_until("the token endpoint is asked", || tokens_asked(&sim) == 1);
        running.terminate();
        let ended = running.end_within(Duration::from_secs(20));
        assert_eq!(ended.code, Some(143), "{name}: {}", ended.stderr);
        let output = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(output.contains("simulated-refresh-token-1"), "{name}: {output}");
        assert!(!output.contains("CONNECTION_STATUS"), "{name} answers: {output}");
    }
}

/// The results of check and read: the message of check, and the failure type and the message of
/// read.
fn check_and_read(connector: &Connector<'_>) -> (String, (String, String)) {
    let check = answer(connector, "check");
    let failed = check.messages().into_iter().find_map(|message| {
        let status = &message["connectionStatus"];
        (status["status"] == "FAILED").then(|| status["message"].as_str().map(str::to_owned))?
    });
    let mut command = connector.command("read");
    command.arg("--config").arg(connector.file("config.json", &connector.config));
    command
        .arg("--catalog")
        .arg(connector.file("catalog.json", &catalog(&["tags", "users"], FULL)));
    let read = run(command);
    assert_eq!(read.code, Some(1), "{:?}", read.messages());
    let errors = read.errors();
    let [(kind, stream, message)] = &errors[..] else { panic!("{errors:?}") };
    assert_eq!(stream, "", "nobody is signed in, so it is no stream's affair");
    for ended in [&check, &read] {
        assert_eq!(check_output(&ended.stdout, &[]), Vec::<String>::new());
        let output = String::from_utf8_lossy(&ended.stdout).into_owned() + &ended.stderr;
        assert!(!output.contains(OAUTH_CLIENT_SECRET), "{output}");
        assert!(!output.contains(OAUTH_REFRESH_TOKEN), "{output}");
    }
    (failed.unwrap_or_default(), (kind.clone(), message.clone()))
}

#[test]
fn a_refresh_token_that_was_used_elsewhere_asks_to_sign_in_again() {
    let sim = simulator(69);
    let connector = connector(&sim, &refreshing(OAUTH_ACCESS_TOKEN.into(), Value::Null));
    sim.refresh_elsewhere();
    let (check, (kind, read)) = check_and_read(&connector);
    assert_eq!(kind, "config_error");
    for message in [check, read] {
        for words in ["Sign in again", "two connectors cannot share one"] {
            assert!(message.contains(words), "{message}");
        }
    }
    assert_eq!(tokens_asked(&sim), 2, "a definite refusal is asked for once by each command");
}

#[test]
fn what_else_the_token_endpoint_answers_passes_or_is_transient() {
    let with = |status: u16, body: &str| Fault::Status {
        status,
        headers: vec![("retry-after".to_owned(), "1".to_owned())],
        body: body.to_owned(),
    };
    for fault in [
        with(500, ""),
        with(503, "maintenance"),
        with(429, r#"{"error":"invalid_grant"}"#),
        with(403, "<html>blocked</html>"),
        with(200, r#"{"access_token":"a\r\nHost: evil.example"}"#),
        Fault::Html,
        Fault::Empty,
        Fault::WithoutKey,
        Fault::BrokenGzip,
        Fault::CutBody,
        Fault::ResetConnection,
    ] {
        let sim = simulator(70);
        let connector = connector(&sim, &client_credentials());
        let rule = |fault: &Fault| FaultRule::new("/oauth/tokens", When::Always, fault.clone());
        sim.faults(Faults::rules([rule(&fault).at_most(1)]));
        if !matches!(&fault, Fault::Status { status: 200, .. }) {
            connector.read(&["tags"], FULL, &[]).complete();
            assert_eq!(tokens_asked(&sim), 2, "{fault:?}");
        }
        sim.faults(Faults::rules([rule(&fault)]));
        let mut command = connector.command("read");
        command.arg("--config").arg(connector.file("config.json", &connector.config));
        command.arg("--catalog").arg(connector.file("catalog.json", &catalog(&["tags"], FULL)));
        let read = run(command);
        let errors = read.errors();
        assert!(
            matches!(&errors[..], [(kind, stream, _)] if kind == "transient_error" && stream.is_empty()),
            "{fault:?} {errors:?}"
        );
        assert_eq!(read.code, Some(1));
    }
}

#[test]
fn a_client_that_zendesk_refuses_is_the_users_affair() {
    for (key, value) in [("client_secret", "a-wrong-secret"), ("scope", "everything:read")] {
        let sim = simulator(71);
        let mut credentials = client_credentials();
        credentials[key] = value.into();
        let connector = connector(&sim, &credentials);
        let (check, (kind, read)) = check_and_read(&connector);
        assert_eq!(kind, "config_error", "{read}");
        assert!(check.contains("Zendesk refuses the OAuth client"), "{check}");
    }
}
