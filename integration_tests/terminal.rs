//! What a person at a terminal sees of `spec`, `check` and `discover`. Programs see nothing of it.

use std::process::Command;

use serde_json::Value;
use simulator::{
    AGENT_API_TOKEN, OAUTH_CLIENT_ID, OAUTH_CLIENT_SECRET, OAUTH_REFRESH_TOKEN, Simulator,
};

use crate::harness::{Connector, simulator};
use crate::program::{Ended, at_a_terminal, messages, run, unscaled};

/// The character that begins a colour code.
const ESCAPE: char = '\u{1b}';

fn as_agent<'s>(sim: &'s Simulator) -> Connector<'s> {
    let mut connector = Connector::new(sim);
    connector.config["credentials"]["email"] = AGENT_API_TOKEN.email.into();
    connector.config["credentials"]["api_token"] = AGENT_API_TOKEN.token.into();
    connector
}

/// A command with its configuration, followed by these arguments.
fn command(connector: &Connector<'_>, name: &str, more: &[&str]) -> Command {
    let mut command = connector.command(name);
    unscaled(&mut command);
    command.env("TERM", "xterm").env_remove("NO_COLOR");
    if name != "spec" {
        command.arg("--config").arg(connector.file("config.json", &connector.config));
    }
    command.args(more);
    command
}

/// The text that a terminal shows, with plain line ends.
fn shown(ended: &Ended) -> String {
    String::from_utf8_lossy(&ended.stdout).replace("\r\n", "\n")
}

fn at_terminal(connector: &Connector<'_>, name: &str, more: &[&str]) -> (String, Option<i32>) {
    let ended = run(at_a_terminal(&command(connector, name, more), ""));
    (shown(&ended), ended.code)
}

/// The text that a terminal shows without colours.
fn plain(connector: &Connector<'_>, name: &str) -> String {
    let mut command = command(connector, name, &[]);
    command.env("NO_COLOR", "1");
    let shown = shown(&run(at_a_terminal(&command, "")));
    assert!(!shown.contains(ESCAPE), "{shown}");
    shown
}

#[test]
fn programs_get_the_same_bytes_in_a_pipe_and_with_json_at_a_terminal() {
    let sim = simulator(901);
    for (connector, code) in [(Connector::new(&sim), 0), (as_agent(&sim), 0)] {
        for name in ["spec", "check", "discover"] {
            let piped = run(command(&connector, name, &[]));
            assert_eq!((piped.code, piped.stderr.as_str()), (Some(code), ""), "{name}");
            assert!(!piped.messages().is_empty(), "{name}");
            let asked = run(command(&connector, name, &["--json"]));
            assert_eq!((asked.code, &asked.stdout), (piped.code, &piped.stdout), "{name}");
            let (shown, code) = at_terminal(&connector, name, &["--json"]);
            assert_eq!((code, shown), (piped.code, self::shown(&piped)), "{name}");
            let (shown, _) = at_terminal(&connector, name, &[]);
            assert!(!shown.lines().any(|line| line.starts_with('{')), "{name}: {shown}");
        }
    }
}

#[test]
fn colours_are_there_at_a_terminal_unless_it_has_none_or_nobody_wants_them() {
    let sim = simulator(902);
    let connector = Connector::new(&sim);
    for name in ["spec", "check", "discover"] {
        let (shown, _) = at_terminal(&connector, name, &[]);
        assert!(shown.contains(ESCAPE), "{name}: {shown}");
        let plain = plain(&connector, name);
        let mut dumb = command(&connector, name, &[]);
        dumb.env("TERM", "dumb");
        assert_eq!(self::shown(&run(at_a_terminal(&dumb, ""))), plain, "{name}");
    }
}

#[test]
fn spec_shows_every_option_with_its_type_and_one_sentence() {
    let sim = simulator(903);
    let connector = Connector::new(&sim);
    let shown = plain(&connector, "spec");
    let spec = run(command(&connector, "spec", &[])).messages().remove(0);
    let options = &spec["spec"]["connectionSpecification"]["properties"];
    let mut lines = shown.lines();
    let options = options.as_object().expect("options");
    assert!(options.len() > 20);
    for (name, _) in options {
        let begin = format!("{name}  ");
        assert!(shown.lines().any(|line| line.starts_with(&begin)), "{name} is not in {shown}");
    }
    assert!(lines.any(|line| line == "page_size  integer, 1 to 1000, default 100"), "{shown}");
    assert_eq!(
        lines.next(),
        Some("    Events per request of the streams ticket_comments and ticket_events.")
    );
    assert!(shown.lines().any(|line| line.trim() == "\"credentials\": \"api_token\""), "{shown}");
    assert!(shown.contains("start_date  string, as YYYY-MM-DDTHH:mm:ssZ"), "{shown}");
    assert!(shown.lines().all(|line| line.chars().count() <= 100), "{shown}");
}

#[test]
fn discover_ends_with_what_its_columns_mean() {
    let sim = simulator(908);
    let shown = plain(&Connector::new(&sim), "discover");
    let (lines, meaning) = shown.split_once("\n\n").expect("a last paragraph");
    let streams = lines
        .lines()
        .filter(|line| line.contains("  incremental ") || line.contains("  full refresh "));
    assert!(
        meaning.starts_with(&format!("{} streams. Each line says", streams.count())),
        "{shown}"
    );
}

/// The line of a stream in the table of `check`.
fn line_of<'t>(table: &'t str, stream: &str) -> &'t str {
    let is_of = |line: &&str| line.split_whitespace().nth(1) == Some(stream);
    table.lines().find(is_of).unwrap_or_else(|| panic!("{stream} is not in {table}"))
}

/// The number of requests for counts.
fn counts(sim: &Simulator) -> usize {
    sim.requests().iter().filter(|seen| seen.path.ends_with("count.json")).count()
}

#[test]
fn check_shows_a_table_with_rows_and_counts_for_nobody_else() {
    let sim = simulator(904);
    let mut connector = Connector::new(&sim);
    connector.config["start_date"] = "2015-01-01T00:00:00Z".into();
    let piped = run(command(&connector, "check", &[]));
    assert_eq!((piped.code, counts(&sim)), (Some(0), 0), "a program's check counts nothing");
    let shown = plain(&connector, "check");
    assert!(counts(&sim) > 3, "{shown}");
    let rows = |stream| line_of(&shown, stream).split_whitespace().last().unwrap_or_default();
    // The answers about these hold all of their rows.
    for stream in ["locales", "custom_statuses"] {
        let there = sim.account(|account| account.truth(stream).len());
        assert_eq!(rows(stream), there.to_string(), "{shown}");
    }
    // Zendesk counts these, without the deleted ones.
    for stream in ["tickets", "organizations", "groups"] {
        assert!(rows(stream).parse::<u64>().is_ok_and(|rows| rows > 0), "{stream}: {shown}");
    }
    assert!(line_of(&shown, "brands").starts_with("  ✓ brands"), "{shown}");
    assert!(shown.ends_with("\n✓ The check succeeded.\n"), "{shown}");
    assert!(shown.lines().any(|line| line.starts_with("INFO   signed in to acme.")), "{shown}");
    assert!(!shown.contains("readable: "), "the table has it: {shown}");
    assert!(shown.lines().any(|line| line.starts_with("Help center (")), "{shown}");
}

#[test]
fn check_says_what_keeps_an_agent_from_a_stream() {
    let sim = simulator(905);
    let connector = as_agent(&sim);
    let shown = plain(&connector, "check");
    let line = line_of(&shown, "satisfaction_ratings");
    assert!(line.starts_with("  ✗ satisfaction_ratings "), "{line}");
    assert!(line.contains("the role `agent` may not read it"), "{line}");
    let line = line_of(&shown, "trigger_categories");
    assert!(line.ends_with("as satisfaction_ratings"), "{line}");
    let line = line_of(&shown, "tickets");
    assert!(line.starts_with("  ✓ tickets ") && line.contains("through another listing"), "{line}");
    assert!(shown.ends_with("\n✓ The check succeeded.\n"), "{shown}");
}

#[test]
fn a_check_that_fails_says_why_in_a_sentence() {
    let sim = simulator(906);
    let mut connector = Connector::new(&sim);
    connector.config["credentials"]["api_token"] = "wrong".into();
    let piped = run(command(&connector, "check", &[]));
    let messages = piped.messages();
    let status = messages.iter().find(|message| message["type"] == "CONNECTION_STATUS");
    let why = status.and_then(|status| status["connectionStatus"]["message"].as_str());
    let (shown, code) = at_terminal(&connector, "check", &[]);
    assert_eq!(code, piped.code);
    assert!(shown.contains("✗ The check failed:"), "{shown}");
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words(&shown).contains(&words(why.expect("a reason"))), "{shown}");
    connector.config = Value::Null;
    let shown = plain(&connector, "check");
    assert!(
        shown.starts_with("✗ The check failed: the configuration is not a JSON object"),
        "{shown}"
    );
    let (shown, code) = at_terminal(&connector, "discover", &[]);
    assert_eq!(code, Some(1));
    assert!(
        shown.contains("ERROR") && shown.contains("the configuration is not a JSON"),
        "{shown}"
    );
}

#[test]
fn renewed_tokens_are_handed_back_at_a_terminal_too() {
    let sim = simulator(907);
    let mut connector = Connector::new(&sim);
    connector.config["credentials"] = serde_json::json!({ "credentials": "oauth2_refresh",
        "client_id": OAUTH_CLIENT_ID, "client_secret": OAUTH_CLIENT_SECRET,
        "refresh_token": OAUTH_REFRESH_TOKEN });
    let (shown, _) = at_terminal(&connector, "discover", &[]);
    let control = shown.lines().find(|line| line.starts_with('{')).expect("a CONTROL line");
    assert_eq!(messages(control.as_bytes())[0]["type"], "CONTROL");
}
