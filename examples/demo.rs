//! `cargo run --example demo`: a whole sync against a simulated Zendesk on this machine. It runs
//! the real binary and prints a table of rows. Every message goes to a file, and the demo prints the
//! names of these files. First it reads everything. Then it changes the account and reads what is new. At the end it draws a
//! picture of the tickets.

mod built;
mod picture;

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use built::built;
use picture::Tickets;
use serde_json::{Value, json};
use simulator::{ADMIN_BEARER, Latency, Prng, SUBDOMAIN, Settings, Simulator, Size};

type Failure = Box<dyn Error>;

const BINARY: &str = "source-zendesk-support";

/// Simulated seconds per real one. A wait of a minute for a rate limit takes one second here.
const CLOCK_SCALE: f64 = 60.0;

/// The number of tickets in the account. Everything else is in proportion.
const TICKETS: u64 = 5_000;

/// The number of changes in the account between the two reads.
const CHANGES: usize = 200;

/// Exports withhold the changes of the last minute, so the demo waits this long after a change.
const UNTIL_VISIBLE_SECONDS: i64 = 70;

fn main() -> ExitCode {
    match demo() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            let _ = writeln!(io::stderr(), "the demo failed: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Runs every command. Returns whether everything is complete.
fn demo() -> Result<bool, Failure> {
    let connector = Connector::build()?;
    let settings = Settings {
        size: Size::Large(TICKETS),
        scale: CLOCK_SCALE,
        page_cap: None,
        latency: Latency::Drawn { min_ms: 100, max_ms: 400 },
        export_latency: Latency::Drawn { min_ms: 500, max_ms: 1500 },
        ..Settings::default()
    };
    let sim = Simulator::start(settings)?;
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    say(&format!(
        "A Zendesk account of {TICKETS} tickets is at {}. Its clock runs {CLOCK_SCALE} times as \
         fast as yours.\n",
        sim.url()
    ))?;
    let config = json!({
        "subdomain": SUBDOMAIN,
        "start_date": "2015-01-01T00:00:00Z",
        "num_workers": 10,
        "credentials": { "credentials": "oauth2.0", "access_token": ADMIN_BEARER },
    });
    let config = connector.write("config.json", &config)?;

    let spec = connector.run(&sim, "spec", "spec", &[])?;
    let options = spec.body("SPEC", "spec")["connectionSpecification"]["properties"].clone();
    say(&format!("spec      {} options", options.as_object().map_or(0, serde_json::Map::len)))?;

    let check = connector.run(&sim, "check", "check", &[("--config", &config)])?;
    let status = check.body("CONNECTION_STATUS", "connectionStatus")["status"].clone();
    say(&format!("check     {}", status.as_str().unwrap_or("no answer")))?;

    let discover = connector.run(&sim, "discover", "discover", &[("--config", &config)])?;
    let streams = discover.body("CATALOG", "catalog")["streams"].clone();
    let streams = streams.as_array().cloned().unwrap_or_default();
    say(&format!("discover  {} streams\n", streams.len()))?;

    let selected: Vec<Value> = streams.iter().map(select).collect();
    let catalog = connector.write("catalog.json", &json!({ "streams": selected }))?;
    let read = [("--config", &config), ("--catalog", &catalog)];
    let first = connector.run(&sim, "read", "first-read", &read)?;
    say("The first read reads everything:\n")?;
    let mut complete = table(&selected, &first)?;

    let mut chance = Prng::new(1);
    sim.account(|account| (0..CHANGES).for_each(|_| drop(account.random_change(&mut chance))));
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    let state = connector.write("state.json", &Value::from(first.states()))?;
    let read = [("--config", &config), ("--catalog", &catalog), ("--state", &state)];
    let second = connector.run(&sim, "read", "second-read", &read)?;
    say(&format!("After {CHANGES} changes, the second read continues from the saved state:\n"))?;
    complete &= table(&selected, &second)?;

    let mut tickets = Tickets::default();
    for row in first.tickets.iter().chain(&second.tickets) {
        tickets.take(row);
    }
    say(&tickets.picture())?;

    let runs = [&spec, &check, &discover, &first, &second];
    say("Messages:")?;
    for run in runs {
        say(&format!("  {}", run.file.display()))?;
    }
    complete &= status == "SUCCEEDED" && runs.iter().all(|run| run.succeeded);
    if !complete {
        say("\nThe demo failed. The files above have all messages. The failures are:")?;
        for failure in runs.iter().flat_map(|run| run.failures()) {
            say(&format!("  {failure}"))?;
        }
        return Ok(false);
    }
    say("\nEvery stream is complete.\n")?;
    say(&next_steps(&connector.binary))?;
    Ok(true)
}

/// The next steps with your own account.
fn next_steps(binary: &Path) -> String {
    let program = binary.display();
    format!(
        "Next steps with your own account:\n\
         \x20 1. Write config.json, as docs/setup.md shows. Then check which streams can be read:\n\
         \x20    {program} check --config config.json\n\
         \x20 2. Read two streams into a folder, and query them with DuckDB:\n\
         \x20    {program} sync --config config.json --into zendesk --streams tickets,users\n\
         \x20    cd zendesk && duckdb -init views.sql\n\
         \x20 3. docs/running.md explains Airbyte, PyAirbyte, Kubernetes, Kestra, Airflow and cron."
    )
}

/// The real binary, and the folder for its output.
struct Connector {
    binary: PathBuf,
    folder: PathBuf,
}

impl Connector {
    fn build() -> Result<Self, Failure> {
        let (binary, folder) = built(BINARY, "demo", Path::new(env!("CARGO_MANIFEST_DIR")))?;
        Ok(Self { binary, folder })
    }

    /// Writes a JSON file for the binary.
    fn write(&self, name: &str, content: &Value) -> Result<PathBuf, Failure> {
        let file = self.folder.join(name);
        fs::write(&file, content.to_string())?;
        Ok(file)
    }

    /// Runs one command of the binary. Its messages are saved in the file `<name>.jsonl`.
    fn run(
        &self,
        sim: &Simulator,
        command: &str,
        name: &str,
        options: &[(&str, &PathBuf)],
    ) -> Result<Run, Failure> {
        let file = self.folder.join(format!("{name}.jsonl"));
        let mut process = Command::new(&self.binary);
        process.arg(command);
        for (option, value) in options {
            process.arg(option).arg(value);
        }
        process
            .env("ZENDESK_BASE_URL", sim.url())
            .env("ZENDESK_CLOCK_SCALE", CLOCK_SCALE.to_string())
            .env("NO_PROXY", "127.0.0.1")
            .env_remove("WORKER_JOB_ATTEMPT")
            .stdin(Stdio::null())
            .stdout(File::create(&file)?);
        let succeeded = process.status()?.success();
        Run::of_file(file, succeeded)
    }
}

/// The output of one run of the binary. Rows are only counted, except rows of tickets. These and
/// all other messages are kept.
struct Run {
    file: PathBuf,
    succeeded: bool,
    rows: BTreeMap<String, u64>,
    tickets: Vec<Value>,
    messages: Vec<Value>,
}

/// The figures in a stream's closing LOG line.
#[derive(Default)]
struct Way {
    pages: u64,
    requests: u64,
}

impl Run {
    fn of_file(file: PathBuf, succeeded: bool) -> Result<Self, Failure> {
        let mut rows: BTreeMap<String, u64> = BTreeMap::new();
        let (mut tickets, mut messages) = (Vec::new(), Vec::new());
        for line in BufReader::new(File::open(&file)?).lines() {
            let mut message: Value = serde_json::from_str(&line?)?;
            let Some(stream) = message["record"]["stream"].as_str() else {
                messages.push(message);
                continue;
            };
            *rows.entry(stream.to_owned()).or_default() += 1;
            if stream == "tickets" {
                tickets.push(message["record"]["data"].take());
            }
        }
        Ok(Self { file, succeeded, rows, tickets, messages })
    }

    /// The body of the only message of a type, or null.
    fn body(&self, kind: &str, key: &str) -> Value {
        let message = self.messages.iter().find(|message| message["type"] == kind);
        message.map_or(Value::Null, |message| message[key].clone())
    }

    /// What went wrong: the texts of errors and of a failed check, and how the program ended if it
    /// said neither.
    fn failures(&self) -> Vec<String> {
        let texts = self.messages.iter().filter_map(|message| {
            let status = &message["connectionStatus"];
            let error = message["trace"]["error"]["message"].as_str();
            error.or_else(|| status["message"].as_str().filter(|_| status["status"] == "FAILED"))
        });
        let mut texts: Vec<String> = texts.map(str::to_owned).collect();
        if texts.is_empty() && !self.succeeded {
            texts.push(format!("The program did not succeed: {}", self.file.display()));
        }
        texts
    }

    /// The last state of each stream, as a platform passes them to the next read.
    fn states(&self) -> Vec<Value> {
        let mut states = BTreeMap::new();
        for message in self.messages.iter().filter(|message| message["type"] == "STATE") {
            let state = &message["state"];
            let name = state["stream"]["stream_descriptor"]["name"].to_string();
            states.insert(name, state.clone());
        }
        states.into_values().collect()
    }

    fn states_of(&self, stream: &str) -> usize {
        let of_stream = |message: &&Value| {
            message["state"]["stream"]["stream_descriptor"]["name"].as_str() == Some(stream)
        };
        self.messages.iter().filter(of_stream).count()
    }

    /// The time at which a stream reported a status, in unix milliseconds.
    fn status_at_ms(&self, stream: &str, status: &str) -> Option<u64> {
        let mut traces = self.messages.iter().map(|message| &message["trace"]);
        let told = traces.find(|trace| {
            let told = &trace["stream_status"];
            told["stream_descriptor"]["name"] == stream && told["status"] == status
        });
        told.and_then(|trace| trace["emitted_at"].as_u64())
    }

    /// The figures in the closing line, such as `tickets: 12 rows, 3 pages, 4 requests, ...`.
    fn way(&self, stream: &str) -> Way {
        let told = self.messages.iter().filter_map(|message| message["log"]["message"].as_str());
        let mut parts = told.filter_map(|told| told.strip_prefix(stream)?.strip_prefix(": "));
        let Some(closing) = parts.find(|told| told.contains(" pages, ")) else {
            return Way::default();
        };
        let number = |word: &str| {
            let mut parts = closing.split(", ");
            parts.find_map(|part| part.strip_suffix(word)?.trim().parse().ok()).unwrap_or(0)
        };
        Way { pages: number("pages"), requests: number("requests") }
    }
}

/// A stream of the catalog, selected in its best mode: incremental if it supports that.
fn select(stream: &Value) -> Value {
    let modes = stream["supported_sync_modes"].as_array();
    let incremental = modes.is_some_and(|modes| modes.contains(&"incremental".into()));
    let mode = if incremental { "incremental" } else { "full_refresh" };
    json!({ "stream": stream, "sync_mode": mode, "destination_sync_mode": "append" })
}

/// Prints what came of each stream. Returns whether all are complete.
fn table(selected: &[Value], run: &Run) -> Result<bool, Failure> {
    let mut complete = true;
    let names = selected.iter().filter_map(|entry| entry["stream"]["name"].as_str());
    let width = names.map(str::len).max().unwrap_or_default() + 2;
    say(&format!(
        "{:<width$}{:<14}{:>8}{:>8}{:>10}{:>8}{:>9}",
        "stream", "mode", "rows", "pages", "requests", "states", "seconds"
    ))?;
    for entry in selected {
        let stream = entry["stream"]["name"].as_str().unwrap_or_default();
        let started = run.status_at_ms(stream, "STARTED");
        let ended = run.status_at_ms(stream, "COMPLETE");
        complete &= ended.is_some();
        let seconds = started.zip(ended).map_or_else(
            || "FAILED".to_owned(),
            |(started, ended)| format!("{:.1}", ended.saturating_sub(started) as f64 / 1000.0),
        );
        let way = run.way(stream);
        say(&format!(
            "{stream:<width$}{:<14}{:>8}{:>8}{:>10}{:>8}{seconds:>9}",
            entry["sync_mode"].as_str().unwrap_or_default(),
            run.rows.get(stream).copied().unwrap_or_default(),
            way.pages,
            way.requests,
            run.states_of(stream),
        ))?;
    }
    let rows: u64 = run.rows.values().sum();
    let width = width + 14;
    say(&format!("{:<width$}{rows:>8}\n", "together"))?;
    Ok(complete)
}

fn say(text: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{text}")
}
