//! What a person at a terminal sees of a read. Nobody else sees it. `script` makes the terminal.

use std::process::{Command, Stdio};

use simulator::{Settings, Simulator};

use crate::harness::{Connector, INCREMENTAL, catalog};
use crate::program::{Ended, at_a_terminal, messages, run};
use crate::protocol::check_output;

/// Simulated seconds per real one. A wait of a minute for a limit shows for one real second.
const SCALE: f64 = 60.0;

/// An account with more export pages than the limit allows in a minute.
fn simulator() -> Simulator {
    let settings = Settings { seed: 815, scale: SCALE, page_cap: Some(1), ..Settings::default() };
    let sim = Simulator::start(settings).expect("the simulator starts");
    sim.advance_seconds(70);
    sim
}

fn read(connector: &Connector<'_>) -> Command {
    let mut command = connector.command("read");
    command.env("ZENDESK_CLOCK_SCALE", SCALE.to_string()).env("TERM", "xterm");
    command.arg("--config").arg(connector.file("config.json", &connector.config));
    let catalog = catalog(&["organizations"], INCREMENTAL);
    command.arg("--catalog").arg(connector.file("catalog.json", &catalog));
    command.stdout(Stdio::piped());
    command
}

fn shown(ended: &Ended) -> String {
    String::from_utf8_lossy(&ended.stdout).into_owned()
}

#[test]
fn a_terminal_shows_rows_rate_share_and_the_limit_that_is_waited_for_and_stdout_none_of_it() {
    let sim = simulator();
    let connector = Connector::new(&sim);
    let output = connector.file("output.jsonl", &serde_json::Value::Null);
    let ended = run(at_a_terminal(&read(&connector), &format!("> '{}'", output.display())));
    let shown = shown(&ended);
    assert_eq!(ended.code, Some(0), "{shown}");
    for part in
        ["organizations", " rows", "/s", " % of about ", "waiting for", "incremental exports ("]
    {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    let stdout = std::fs::read(output).expect("the output is there");
    let mut described = connector.discover();
    described.retain(|stream| stream["name"] == "organizations");
    assert_eq!(check_output(&stdout, &described), Vec::<String>::new());
    let rows = messages(&stdout).iter().filter(|message| message["type"] == "RECORD").count();
    assert_eq!(rows, sim.account(|account| account.truth("organizations").len()));
}

#[test]
fn where_stderr_is_no_terminal_nothing_is_shown() {
    let sim = simulator();
    let connector = Connector::new(&sim);
    let ended = run(read(&connector));
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert!(!ended.stdout.contains(&b'\x1b'));
}

#[test]
fn a_terminal_that_shows_the_messages_shows_nothing_else() {
    let sim = simulator();
    let connector = Connector::new(&sim);
    let ended = run(at_a_terminal(&read(&connector), ""));
    let shown = shown(&ended);
    assert_eq!(ended.code, Some(0), "{shown}");
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines.iter().all(|line| line.starts_with('{') && line.ends_with('}')), "{shown}");
}
