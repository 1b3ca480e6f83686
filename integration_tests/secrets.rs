//! Secrets in Zendesk's rows never come out: not in a record, not in a log, not in an error.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::{Value, json};
use simulator::{Account, Fault, Faults, Malformed, SECRET, Simulator, Truth, When};

use crate::harness::{Connector, FULL, INCREMENTAL, Run, simulator};

/// Streams of programs that are connected with an account.
pub(crate) const STREAMS: [&str; 8] = [
    "webhooks",
    "webhook_invocations",
    "targets",
    "target_failures",
    "app_installations",
    "oauth_clients",
    "oauth_global_clients",
    "oauth_tokens",
];

/// Keys that no record may have.
const NEVER_TOLD: [&str; 12] = [
    "preview",
    "signing_secret",
    "custom_headers",
    "token",
    "secret",
    "password",
    "api_token",
    "raw_request",
    "settings_objects",
    "refresh_token",
    "full_token",
    "data",
];

/// The record that a row of one of these streams becomes.
pub(crate) fn cut(stream: &str, row: Truth) -> Value {
    let mut json = row.json;
    let told = json.as_object_mut().expect("a row is an object");
    NEVER_TOLD.iter().for_each(|key| drop(told.remove(*key)));
    let only = |value: &Value, keys: [&str; 2]| json!({ keys[0]: value[keys[0]], keys[1]: value[keys[1]] });
    for key in ["endpoint", "target_url"] {
        if let Some(address) = told.get_mut(key).filter(|address| address.is_string()) {
            *address = without_credentials(address.as_str().unwrap_or_default()).into();
        }
    }
    match stream {
        "webhooks" => {
            let kept = only(&told["authentication"], ["type", "add_position"]);
            told.insert("authentication".to_owned(), kept);
        }
        "app_installations" => {
            let kept = only(&told["settings"], ["name", "title"]);
            told.insert("settings".to_owned(), kept);
        }
        "webhook_invocations" => {
            told.insert("webhook_id".to_owned(), row.parent.into());
        }
        _ => {}
    }
    json
}

/// An address of the simulator's without the user information before its host and without its query
/// and fragment.
fn without_credentials(address: &str) -> String {
    let rest = address.strip_prefix("https://").expect("an address");
    let (host, path) = rest.split_once('/').expect("a path");
    let host = host.split('@').next_back().unwrap_or_default();
    format!("https://{host}/{}", path.split(['?', '#']).next().unwrap_or_default())
}

/// The secrets in the output of a run, by their purpose.
fn told(run: &Run) -> BTreeSet<String> {
    let texts = run.lines.iter().map(String::as_str).chain([run.stderr.as_str()]);
    let secrets = texts.flat_map(|text| text.split(SECRET).skip(1));
    let is_of_name = |letter: &char| letter.is_ascii_alphanumeric() || *letter == '-';
    secrets.map(|rest| rest.chars().take_while(is_of_name).collect()).collect()
}

/// Runs a command that logs as much as possible.
fn run(connector: &Connector<'_>, mut command: Command) -> Run {
    command.env("LOG_LEVEL", "debug");
    connector.run(command, usize::MAX)
}

fn read(connector: &Connector<'_>, streams: &[&str], mode: &str) -> Run {
    run(connector, connector.read_command(streams, mode, &[]))
}

fn without_states(connector: &Connector<'_>, name: &str) -> Run {
    let mut command = connector.command(name);
    command.arg("--config").arg(connector.file("config.json", &connector.config));
    run(connector, command)
}

/// Ways in which each answer of these listings may be bad.
fn faults() -> Vec<Faults> {
    let always = |fault: Fault| Faults::rule("", When::Always, fault);
    let mut faults = vec![
        Faults::rule("", When::EveryNth(2), Fault::CutBody),
        Faults::rule("", When::EveryNth(2), Fault::BrokenGzip),
        Faults::rule("", When::EveryNth(2), Fault::Trickle { piece_bytes: 100, pause_ms: 1 }),
        always(Fault::WithoutKey),
    ];
    for how in [
        Malformed::Latin,
        Malformed::Control,
        Malformed::NotANumber,
        Malformed::Deep,
        Malformed::Structure,
        Malformed::ByteOrderMark,
        Malformed::Rest,
    ] {
        // The same row each time, and another each time.
        faults.push(always(Fault::Malformed { how, row: Some("no row".to_owned()) }));
        faults.push(always(Fault::Malformed { how, row: None }));
    }
    faults
}

#[test]
fn no_secret_of_a_row_comes_out_in_any_mode_or_failure() {
    let sim = simulator(151);
    let connector = Connector::new(&sim);
    let mut found = BTreeSet::new();
    let mut records = 0;
    for mode in [FULL, INCREMENTAL] {
        let run = read(&connector, &STREAMS, mode).complete();
        records += run.messages.iter().filter(|message| message["type"] == "RECORD").count();
        found.extend(told(&run));
    }
    // Once more, with what changed since.
    let first = read(&connector, &STREAMS, INCREMENTAL).complete();
    sim.account(touch_all);
    sim.advance_seconds(70);
    let command = connector.read_command(&STREAMS, INCREMENTAL, &first.states_over(&[]));
    found.extend(told(&run(&connector, command).complete()));
    for name in ["check", "discover"] {
        found.extend(told(&without_states(&connector, name)));
    }
    for faults in faults() {
        sim.faults(faults);
        found.extend(told(&read(&connector, &STREAMS, FULL)));
        found.extend(told(&without_states(&connector, "check")));
        found.extend(told(&without_states(&connector, "discover")));
    }
    sim.faults(Faults::none());
    sim.account(spoil);
    found.extend(told(&read(&connector, &STREAMS, FULL)));
    assert_eq!(found, BTreeSet::new());
    assert!(records > 140, "{records}");
}

fn touch_all(account: &mut Account) {
    for stream in STREAMS {
        account.keys(stream).iter().for_each(|key| account.touch(stream, key));
    }
}

/// Adds rows that are too large, with and without secrets in them, rows without an id, and rows
/// whose keys have unexpected types.
fn spoil(account: &mut Account) {
    let key = |account: &Account, stream: &str, nth: usize| account.keys(stream)[nth].clone();
    let secret = |what: &str| format!("{SECRET}-{what}");
    let long = "x".repeat(20_000_000);
    let webhook = key(account, "webhooks", 0);
    account.set_field("webhooks", &webhook, "description", &format!("\"{long}\""));
    let webhook = key(account, "webhooks", 1);
    let large = json!({ "secret": format!("{}{long}", secret("large")) }).to_string();
    account.set_field("webhooks", &webhook, "signing_secret", &large);
    let webhook = key(account, "webhooks", 2);
    let odd = json!([secret("odd-authentication")]).to_string();
    account.set_field("webhooks", &webhook, "authentication", &odd);
    let odd = json!({ "url": secret("odd-endpoint") }).to_string();
    account.set_field("webhooks", &webhook, "endpoint", &odd);
    let app = key(account, "app_installations", 0);
    let odd = json!(secret("odd-settings")).to_string();
    account.set_field("app_installations", &app, "settings", &odd);
    // A key that no page of Zendesk's names may hold anything.
    let target = key(account, "targets", 0);
    let unnamed = json!(format!("key={}", secret("parameters"))).to_string();
    account.set_field("targets", &target, "parameters", &unnamed);
    for stream in STREAMS {
        let nameless = key(account, stream, 3);
        account.set_field(stream, &nameless, "id", "null");
        let other = key(account, stream, 4);
        let spelled = format!("\"{}\"", secret("other-spelling"));
        account.set_field(stream, &other, "Token", &spelled);
    }
}

/// The purposes of all secrets that the rows hold.
#[test]
fn the_simulated_rows_hold_each_kind_of_secret() {
    let sim = simulator(151);
    let held: BTreeSet<String> = STREAMS.iter().flat_map(|stream| kinds(&sim, stream)).collect();
    assert!(held.len() >= 28, "{held:#?}");
}

fn kinds(sim: &Simulator, stream: &str) -> BTreeSet<String> {
    let rows = sim.account(|account| account.truth(stream));
    let secrets = rows.iter().flat_map(|row| row.text.split(SECRET).skip(1));
    let kind = |rest: &str| {
        rest.split('"')
            .next()
            .unwrap_or_default()
            .trim_end_matches(|hex: char| hex.is_ascii_hexdigit())
            .to_owned()
    };
    secrets.map(kind).collect()
}
