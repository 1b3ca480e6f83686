//! What a person at a terminal sees of a write. Nobody else sees it. `script` makes the terminal.

use std::process::{Command, Stdio};

use serde_json::{Value, json};
use simulator::Simulator;

use crate::account::account;
use crate::run::{Folder, catalog, config, messages};

/// Simulated seconds per real one. A wait of a minute for a limit shows for one real second.
const SCALE: &str = "60";

/// Rows of users. They are created one by one where bulk imports are off.
fn rows() -> Vec<Value> {
    let row = |at: usize| json!({ "external_id": format!("u-{at}"), "name": format!("N {at}") });
    let mut rows: Vec<Value> = (0..150).map(row).collect();
    rows[7] = json!({ "name": "without a key" });
    rows
}

/// Runs `write` with a terminal of its own. What the terminal shows is the new stdout. `redirect`
/// says where the program's own streams go.
fn at_a_terminal(sim: &Simulator, folder: &Folder, redirect: &str, level: Option<&str>) -> String {
    let options = config(&json!({ "max_jobs": 1, "api_quota_percent": 2 }));
    let config = folder.write("config.json", &options);
    let users = catalog("users", "append_dedup", Some("external_id"));
    let catalog = folder.write("catalog.json", &users);
    let input = folder.0.join("input.jsonl");
    std::fs::write(&input, messages(&rows(), 100)).expect("a file");
    let program = env!("CARGO_BIN_EXE_destination-zendesk-support");
    let line = format!(
        "stty cols 120 rows 30; '{program}' write --config '{}' --catalog '{}' < '{}' {redirect}",
        config.display(),
        catalog.display(),
        input.display(),
    );
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
    script.env("ZENDESK_BASE_URL", sim.url()).env("ZENDESK_CLOCK_SCALE", SCALE);
    script.env("TERM", "xterm").env("NO_PROXY", "127.0.0.1").env_remove("LOG_LEVEL");
    level.map(|level| script.env("LOG_LEVEL", level));
    let ran = script.stdin(Stdio::null()).output().expect("script runs");
    let shown = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert_eq!(ran.status.code(), Some(0), "{shown}");
    shown
}

#[test]
fn a_terminal_shows_rows_rate_and_the_limit_that_is_waited_for_and_stdout_none_of_it() {
    let sim = account();
    sim.knobs(|knobs| knobs.bulk_import_is_off = true);
    let folder = Folder::new();
    let output = folder.0.join("output.jsonl");
    let shown = at_a_terminal(&sim, &folder, &format!("> '{}'", output.display()), None);
    for part in ["150 rows read, ", " confirmed, 1 rejected", " rows/s", "waiting for ", " s)"] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    // It is one line: each drawing goes over the last one, and the end clears it.
    assert!(!shown.trim_end_matches(['\r', '\n']).contains('\n'), "{shown:?}");
    assert!(shown.trim_end().ends_with("\u{1b}[2K") || shown.ends_with('\r'), "{shown:?}");
    let text = std::fs::read_to_string(output).expect("the output is there");
    let states = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    assert_eq!(states.filter(|line| line["type"] == "STATE").count(), 2);
}

#[test]
fn nobody_else_sees_it() {
    for (redirect, level) in
        [("", None), ("> /dev/null", Some("WARN")), ("> /dev/null 2> /dev/null", None)]
    {
        let sim = account();
        let shown = at_a_terminal(&sim, &Folder::new(), redirect, level);
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines.iter().all(|line| line.starts_with('{') && line.ends_with('}')), "{shown}");
        assert_eq!(lines.is_empty(), !redirect.is_empty(), "{redirect}: {shown}");
    }
}
