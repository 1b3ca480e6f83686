//! Runs the binary: a config and a catalog as files, messages on stdin, and every line of its
//! output.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use simulator::Simulator;

/// The longest time that a process may live.
const LONGEST_LIFE: Duration = Duration::from_secs(120);

/// How many seconds of the account's clock pass in one real second.
pub(crate) const SCALE: f64 = 600.0;

static FOLDERS: AtomicU64 = AtomicU64::new(0);

/// A folder of one test. It is removed when this value is dropped.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("destination-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    pub(crate) fn write(&self, name: &str, content: &Value) -> PathBuf {
        let file = self.0.join(name);
        fs::write(&file, content.to_string()).expect("a file");
        file
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A config with the administrator's credentials and these options.
pub(crate) fn config(options: &Value) -> Value {
    let mut config = json!({ "subdomain": "acme", "api_quota_percent": 100, "num_workers": 10,
        "credentials": { "credentials": "oauth2.0", "access_token": simulator::ADMIN_BEARER } });
    config
        .as_object_mut()
        .expect("a config is an object")
        .extend(options.as_object().cloned().unwrap_or_default());
    config
}

/// A catalog of one stream with data activation.
pub(crate) fn catalog(object: &str, mode: &str, key: Option<&str>) -> Value {
    json!({ "streams": [stream("rows", object, mode, key)] })
}

/// A stream of a catalog with data activation.
pub(crate) fn stream(name: &str, object: &str, mode: &str, key: Option<&str>) -> Value {
    // A key of two fields is written as `match_on` has it.
    let key: Vec<[&str; 1]> =
        key.into_iter().flat_map(|key| key.split('+')).map(|key| [key]).collect();
    json!({ "stream": { "name": name, "namespace": "warehouse", "json_schema": {} },
        "sync_mode": "incremental", "destination_sync_mode": mode, "destination_object_name": object,
        "primary_key": key, "generation_id": 1, "minimum_generation_id": 0, "sync_id": 1 })
}

pub(crate) fn record(row: &Value) -> String {
    record_of("rows", row)
}

pub(crate) fn record_of(stream: &str, row: &Value) -> String {
    json!({ "type": "RECORD", "record": { "stream": stream, "namespace": "warehouse", "data": row,
        "emitted_at": 1 } })
    .to_string()
}

pub(crate) fn state(number: u64) -> String {
    state_of("rows", number)
}

pub(crate) fn state_of(stream: &str, number: u64) -> String {
    json!({ "type": "STATE", "state": { "type": "STREAM", "stream": {
        "stream_descriptor": { "name": stream, "namespace": "warehouse" },
        "stream_state": { "number": number } }, "sourceStats": { "recordCount": 1.0 }, "id": number, "odd": [1] } })
    .to_string()
}

/// RECORD messages of the rows, with a STATE after every `state_every` rows and after the last row.
pub(crate) fn messages(rows: &[Value], state_every: usize) -> String {
    let mut text = String::new();
    for (at, row) in rows.iter().enumerate() {
        text.push_str(&record(row));
        text.push('\n');
        if (at + 1) % state_every == 0 || at + 1 == rows.len() {
            text.push_str(&state(at as u64 + 1));
            text.push('\n');
        }
    }
    text
}

/// The output and the end of a process.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) lines: Vec<Value>,
    pub(crate) stderr: String,
    /// The exit code. `None` when a signal ended the process.
    pub(crate) code: Option<i32>,
}

impl Ended {
    pub(crate) fn of_type(&self, kind: &str) -> Vec<&Value> {
        self.lines.iter().filter(|line| line["type"] == kind).collect()
    }

    pub(crate) fn states(&self) -> Vec<&Value> {
        self.of_type("STATE").into_iter().map(|line| &line["state"]).collect()
    }

    /// The LOG lines of a level.
    pub(crate) fn logged(&self, level: &str) -> Vec<String> {
        let logs = self.of_type("LOG").into_iter().filter(|line| line["log"]["level"] == level);
        logs.filter_map(|line| line["log"]["message"].as_str().map(str::to_owned)).collect()
    }

    /// The messages of the TRACE ERRORs.
    pub(crate) fn errors(&self) -> Vec<String> {
        let traces = self.of_type("TRACE").into_iter();
        traces
            .filter_map(|line| line["trace"]["error"]["message"].as_str().map(str::to_owned))
            .collect()
    }

    /// The sum of a count over all states.
    pub(crate) fn count(&self, name: &str) -> u64 {
        let of = |state: &&Value| {
            let stats = &state["destinationStats"];
            stats[name].as_f64().or(stats["additionalStats"][name].as_f64()).unwrap_or_default()
        };
        self.states().iter().map(of).sum::<f64>() as u64
    }

    /// Fails unless the process exited with success and wrote nothing to stderr.
    pub(crate) fn succeeded(self) -> Self {
        assert_eq!(
            (self.code, self.stderr.as_str()),
            (Some(0), ""),
            "{:#?} {:#?}",
            self.errors(),
            self.logged("WARN")
        );
        self
    }
}

/// A running process. Dropping it kills it.
pub(crate) struct Running {
    child: Child,
    began: Instant,
}

impl Running {
    /// Starts a command with these arguments and this text on stdin.
    pub(crate) fn start(sim: &Simulator, words: &[&str], input: String, attempt: u64) -> Self {
        Self::start_as(sim, words, input, &[("WORKER_JOB_ATTEMPT", attempt.to_string())])
    }

    /// Starts a command with these environment variables.
    fn start_as(
        sim: &Simulator,
        words: &[&str],
        input: String,
        variables: &[(&str, String)],
    ) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_destination-zendesk-support"));
        command.args(words).env("ZENDESK_BASE_URL", sim.url());
        command.env("ZENDESK_CLOCK_SCALE", SCALE.to_string()).env_remove("LOG_LEVEL");
        command.env("NO_PROXY", "127.0.0.1").env_remove("WORKER_JOB_ID");
        command.envs(variables.iter().map(|(name, value)| (*name, value)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        let mut pipe = child.stdin.take().expect("stdin is a pipe");
        // A process that ends early reads no further.
        thread::spawn(move || drop(pipe.write_all(input.as_bytes())));
        Self { child, began: Instant::now() }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the end of the process.
    pub(crate) fn end(self) -> Ended {
        self.end_with(|_| {})
    }

    /// Waits for the end of the process. Calls `on_line` with each line as soon as it comes.
    pub(crate) fn end_with(mut self, mut on_line: impl FnMut(&str)) -> Ended {
        let stdout = self.child.stdout.take().expect("stdout is a pipe");
        let mut stderr = self.child.stderr.take().expect("stderr is a pipe");
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).split(b'\n') {
                let Ok(line) = line else { return };
                if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                    return;
                }
            }
        });
        let stderr = thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = stderr.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        });
        let mut ended = Ended { lines: Vec::new(), stderr: String::new(), code: None };
        let mut half = None;
        loop {
            let left = LONGEST_LIFE.saturating_sub(self.began.elapsed());
            match lines.recv_timeout(left) {
                Ok(line) => {
                    // Only the last line of a killed process may be half of one.
                    assert_eq!(half.take(), None::<String>);
                    // Half a character is kept as it came, and serde takes none.
                    match serde_json::from_str(&line.replace("\\ud83d", "half")) {
                        Ok(value) => ended.lines.push(value),
                        Err(_) => half = Some(line.clone()),
                    }
                    on_line(&line);
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("the process hangs: {:#?}", ended.lines),
            }
        }
        ended.code = self.child.wait().expect("the process can be waited for").code();
        assert!(half.is_none() || ended.code.is_none(), "a line is no JSON: {half:?}");
        crate::documents::assert_explained(&ended.lines);
        ended.stderr = stderr.join().expect("stderr is read");
        ended
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a command that gives one answer, such as `check`.
pub(crate) fn command(sim: &Simulator, name: &str, config: &Value) -> Ended {
    let folder = Folder::new();
    let config = folder.write("config.json", config);
    Running::start(sim, &[name, "--config", &config.to_string_lossy()], String::new(), 0).end()
}

/// Starts `write`.
pub(crate) fn start(
    sim: &Simulator,
    folder: &Folder,
    (config, catalog): (&Value, &Value),
    input: String,
    attempt: u64,
) -> Running {
    let config = folder.write("config.json", config);
    let catalog = folder.write("catalog.json", catalog);
    let words =
        ["write", "--config", &config.to_string_lossy(), "--catalog", &catalog.to_string_lossy()];
    Running::start(sim, &words, input, attempt)
}

/// Runs `write` with the environment of a job of Airbyte's platform.
pub(crate) fn write_as_job(
    sim: &Simulator,
    config: &Value,
    catalog: &Value,
    input: String,
) -> Ended {
    let folder = Folder::new();
    let (config, catalog) =
        (folder.write("config.json", config), folder.write("catalog.json", catalog));
    let words =
        ["write", "--config", &config.to_string_lossy(), "--catalog", &catalog.to_string_lossy()];
    let variables = ["WORKER_JOB_ATTEMPT", "WORKER_JOB_ID"].map(|name| (name, "0".to_owned()));
    Running::start_as(sim, &words, input, &variables).end()
}

/// Runs `write` to its end.
pub(crate) fn write(sim: &Simulator, config: &Value, catalog: &Value, input: String) -> Ended {
    start(sim, &Folder::new(), (config, catalog), input, 0).end()
}

/// A catalog of one stream, as a platform without data activation writes it.
pub(crate) fn plain_catalog(name: &str, mode: &str, key: &[&str], columns: &[&str]) -> Value {
    let properties: serde_json::Map<String, Value> =
        columns.iter().map(|column| ((*column).to_owned(), json!({ "type": "string" }))).collect();
    let key: Vec<[&str; 1]> = key.iter().map(|key| [*key]).collect();
    json!({ "streams": [{ "stream": { "name": name, "namespace": "warehouse",
        "json_schema": { "type": "object", "properties": properties } },
        "sync_mode": "full_refresh", "destination_sync_mode": mode, "primary_key": key }] })
}

/// The rows of a stream, followed by a state.
pub(crate) fn messages_of(stream: &str, rows: &[Value]) -> String {
    let mut text: String = rows.iter().map(|row| record_of(stream, row) + "\n").collect();
    text.push_str(&state_of(stream, rows.len() as u64));
    text.push('\n');
    text
}
