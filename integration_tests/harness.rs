//! Runs the real binary against the simulator and reads what it wrote.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use simulator::{ADMIN_API_TOKEN, Settings, Simulator};

use crate::documents::assert_explained;
use crate::program::executable;

/// Simulated seconds per real one: a minute of waiting for a limit passes in a tenth of a second.
pub(crate) const SCALE: f64 = 600.0;

/// The longest time that a run may take. A run that hangs fails its test and does not hang the
/// suite.
const LONGEST_RUN: Duration = Duration::from_secs(60);

pub(crate) const FULL: &str = "full_refresh";
pub(crate) const INCREMENTAL: &str = "incremental";

/// A connector set up for one simulated account.
pub(crate) struct Connector<'s> {
    pub(crate) sim: &'s Simulator,
    pub(crate) config: Value,
    /// `WORKER_JOB_ATTEMPT`
    pub(crate) attempt: u64,
    /// The catalog's `include_files`, if the catalog has it.
    pub(crate) include_files: Option<bool>,
    folder: PathBuf,
}

/// What a run of the binary wrote.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) lines: Vec<String>,
    pub(crate) messages: Vec<Value>,
    /// The exit code. `None` when a signal ended the process.
    pub(crate) code: Option<i32>,
    pub(crate) stderr: String,
}

/// Seeds for a test that is repeated on several accounts: `usual` many in the normal suite,
/// `TEST_ROUNDS` times as many in the long form.
pub(crate) fn seeds(first: u64, usual: u64) -> std::ops::Range<u64> {
    let rounds = std::env::var("TEST_ROUNDS").ok().and_then(|rounds| rounds.parse::<u64>().ok());
    let first = first * 1000;
    first..first + usual * rounds.unwrap_or(1).max(1)
}

/// A simulated account of a few pages per listing.
pub(crate) fn simulator(seed: u64) -> Simulator {
    of_brands(seed, 1)
}

/// Like [`simulator()`], with this many brands that have a help center. The rows of help centers are
/// spread over these brands.
pub(crate) fn of_brands(seed: u64, help_centers: usize) -> Simulator {
    let settings = Settings { seed, scale: SCALE, help_centers, ..Settings::default() };
    Simulator::start(settings).expect("the simulator starts")
}

impl<'s> Connector<'s> {
    pub(crate) fn new(sim: &'s Simulator) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = format!("zendesk-test-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        std::fs::create_dir_all(&folder).expect("a folder for the run's files");
        let config = json!({
            "subdomain": "acme",
            "start_date": "2015-01-01T00:00:00Z",
            "num_workers": 3,
            "credentials": {
                "credentials": "api_token",
                "email": ADMIN_API_TOKEN.email,
                "api_token": ADMIN_API_TOKEN.token,
            },
        });
        std::fs::create_dir_all(folder.join("staging")).expect("a folder for files");
        Self { sim, config, attempt: 0, include_files: None, folder }
    }

    /// Reads streams to the end, in this mode and from these states.
    pub(crate) fn read(&self, streams: &[&str], mode: &str, states: &[Value]) -> Run {
        self.run(self.read_command(streams, mode, states), usize::MAX)
    }

    /// Reads streams from a state file with exactly this content.
    pub(crate) fn read_from(&self, streams: &[&str], mode: &str, state: &Value) -> Run {
        self.run(self.read_from_command(streams, mode, state), usize::MAX)
    }

    /// Reads streams, and kills the process once this many lines have come and at least one of them
    /// is a STATE.
    pub(crate) fn read_killed(
        &self,
        streams: &[&str],
        mode: &str,
        states: &[Value],
        lines: usize,
    ) -> Run {
        self.run(self.read_command(streams, mode, states), lines)
    }

    /// The streams that `discover` lists, with their sync modes.
    pub(crate) fn discover(&self) -> Vec<Value> {
        let mut command = self.command("discover");
        command.arg("--config").arg(self.file("config.json", &self.config));
        let run = self.run(command, usize::MAX);
        let catalog = run.messages.iter().find(|message| message["type"] == "CATALOG");
        let streams = catalog.map(|catalog| catalog["catalog"]["streams"].clone());
        streams.and_then(|streams| streams.as_array().cloned()).expect("a catalog")
    }

    /// The `status` of the CONNECTION_STATUS that `check` prints.
    pub(crate) fn check(&self) -> Value {
        let mut command = self.command("check");
        command.arg("--config").arg(self.file("config.json", &self.config));
        let run = self.run(command, usize::MAX);
        let status = run.messages.iter().find(|message| message["type"] == "CONNECTION_STATUS");
        status.expect("a check answers")["connectionStatus"].clone()
    }

    /// A command of the binary, with the environment that leads it to this account.
    pub(crate) fn command(&self, command: &str) -> Command {
        let mut process = Command::new(executable());
        process
            .arg(command)
            .env("ZENDESK_BASE_URL", self.sim.url())
            .env("ZENDESK_CLOCK_SCALE", SCALE.to_string())
            .env("WORKER_JOB_ATTEMPT", self.attempt.to_string())
            .env("AIRBYTE_STAGING_DIRECTORY", self.staging())
            .env_remove("USE_FILE_TRANSFER")
            .env_remove("LOG_LEVEL")
            .env("NO_PROXY", "127.0.0.1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        process
    }

    /// The folder that files are written to.
    pub(crate) fn staging(&self) -> PathBuf {
        self.folder.join("staging")
    }

    /// Writes a JSON file into the run's folder.
    pub(crate) fn file(&self, name: &str, content: &Value) -> PathBuf {
        let path = self.folder.join(name);
        std::fs::write(&path, content.to_string()).expect("a file is written");
        path
    }

    /// Runs a command for at most [`LONGEST_RUN`], and kills it after `kill_after_lines` lines.
    /// Fails the test when the command writes a WARN or ERROR that the guide does not explain.
    pub(crate) fn run(&self, mut command: Command, kill_after_lines: usize) -> Run {
        let mut child = command.spawn().expect("the binary starts");
        let mut errors = child.stderr.take().expect("stderr");
        let stderr = std::thread::spawn(move || {
            let mut text = String::new();
            let _ = errors.read_to_string(&mut text);
            text
        });
        let output = BufReader::new(child.stdout.take().expect("stdout"));
        let (send, lines) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in output.lines() {
                if line.is_ok_and(|line| send.send(line).is_err()) {
                    break;
                }
            }
        });
        let deadline = Instant::now() + LONGEST_RUN;
        let mut run =
            Run { lines: Vec::new(), messages: Vec::new(), code: None, stderr: String::new() };
        let mut states = 0;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match lines.recv_timeout(left) {
                Ok(line) => {
                    let message: Value = serde_json::from_str(&line)
                        .unwrap_or_else(|error| panic!("{error} in the line {line}"));
                    states += usize::from(message["type"] == "STATE");
                    run.messages.push(message);
                    run.lines.push(line);
                    if run.lines.len() >= kill_after_lines && states > 0 {
                        kill(&mut child);
                        self.sim.until_alone();
                        break;
                    }
                }
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => {
                    run.code = child.wait().expect("it ends").code();
                    break;
                }
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {
                    kill(&mut child);
                    panic!(
                        "the run took too long; it wrote {} lines, lastly {:?}",
                        run.lines.len(),
                        run.lines.last()
                    );
                }
            }
        }
        run.stderr = stderr.join().unwrap_or_default();
        assert_explained(&run.messages);
        run
    }

    pub(crate) fn read_command(&self, streams: &[&str], mode: &str, states: &[Value]) -> Command {
        self.read_from_command(streams, mode, &Value::from(states.to_vec()))
    }

    fn read_from_command(&self, streams: &[&str], mode: &str, state: &Value) -> Command {
        let mut catalog = catalog(streams, mode);
        for entry in catalog["streams"].as_array_mut().into_iter().flatten() {
            entry["include_files"] = self.include_files.into();
        }
        let mut command = self.command("read");
        command
            .arg("--config")
            .arg(self.file("config.json", &self.config))
            .arg("--catalog")
            .arg(self.file("catalog.json", &catalog))
            .arg("--state")
            .arg(self.file("state.json", state));
        command
    }
}

impl Drop for Connector<'_> {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn kill(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

/// A configured catalog of these streams, all in the same sync mode.
pub(crate) fn catalog(streams: &[&str], mode: &str) -> Value {
    let entry = |name: &&str| {
        json!({
            "stream": { "name": name, "json_schema": {}, "supported_sync_modes": [mode] },
            "sync_mode": mode,
            "destination_sync_mode": "append",
        })
    };
    json!({ "streams": streams.iter().map(entry).collect::<Vec<_>>() })
}

impl Run {
    /// Fails the test unless the run exited with success and wrote no ERROR.
    pub(crate) fn complete(self) -> Self {
        let trouble: Vec<&String> =
            self.lines.iter().filter(|line| line.contains("\"ERROR\"")).collect();
        assert_eq!(self.code, Some(0), "{trouble:?} {}", self.stderr);
        assert!(trouble.is_empty(), "{trouble:?}");
        self
    }

    /// The records of a stream, in order.
    pub(crate) fn records(&self, stream: &str) -> Vec<&Value> {
        let of_stream =
            |message: &&Value| message["type"] == "RECORD" && message["record"]["stream"] == stream;
        self.messages.iter().filter(of_stream).map(|message| &message["record"]["data"]).collect()
    }

    /// The last stream status of a stream.
    pub(crate) fn status(&self, stream: &str) -> Option<&str> {
        let mut statuses =
            self.messages.iter().rev().map(|message| &message["trace"]["stream_status"]);
        let status = statuses.find(|status| status["stream_descriptor"]["name"] == stream)?;
        status["status"].as_str()
    }

    /// The failure type and the message of a stream's TRACE ERROR.
    pub(crate) fn error(&self, stream: &str) -> Option<(&str, &str)> {
        let mut errors = self.messages.iter().map(|message| &message["trace"]["error"]);
        let error = errors.find(|error| error["stream_descriptor"]["name"] == stream)?;
        error["failure_type"].as_str().zip(error["message"].as_str())
    }

    /// The last STATE of a stream.
    pub(crate) fn state(&self, stream: &str) -> Option<&Value> {
        let states = self.messages.iter().rev().filter(|message| message["type"] == "STATE");
        states.map(|message| &message["state"]["stream"]).find_map(|state| {
            (state["stream_descriptor"]["name"] == stream).then_some(&state["stream_state"])
        })
    }

    /// All last states as a platform saves them: they overwrite those of the same streams in
    /// `before`.
    pub(crate) fn states_over(&self, before: &[Value]) -> Vec<Value> {
        let mut states: BTreeMap<String, Value> = BTreeMap::new();
        let told = self.messages.iter().filter(|message| message["type"] == "STATE");
        for state in before.iter().chain(told.map(|message| &message["state"])) {
            let name = state["stream"]["stream_descriptor"]["name"].as_str().unwrap_or_default();
            states.insert(name.to_owned(), state.clone());
        }
        states.into_values().collect()
    }

    /// The texts of the LOG lines of a level.
    pub(crate) fn logs(&self, level: &str) -> Vec<&str> {
        let of_level = |message: &&Value| message["log"]["level"] == level;
        self.messages
            .iter()
            .filter(of_level)
            .filter_map(|message| message["log"]["message"].as_str())
            .collect()
    }
}
