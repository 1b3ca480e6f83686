//! Whatever is wrong with its input, the program reports it by the protocol, names the cause, shows
//! no secret, and ends.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use crate::program::{Ended, binary, run};
use crate::protocol::check_output;

mod answers;
mod arguments;
mod catalogs;
mod configs;
mod credentials;
mod files;
mod network;
pub(crate) mod server;

/// The longest time that a refusal may take, even for an account whose answers make no sense.
const WITHIN: Duration = Duration::from_secs(30);

/// The secrets in the tests' valid config. No output may contain one.
const SECRETS: &[&str] = &["a-token-that-is-secret", "another-secret-of-the-client"];

fn good_config() -> Value {
    json!({
        "subdomain": "acme",
        "credentials": {
            "credentials": "api_token",
            "email": "admin@example.com",
            "api_token": SECRETS[0],
            "client_secret": SECRETS[1],
        },
    })
}

/// How a file is given to a command.
#[derive(Clone, Debug)]
enum Given {
    Text(String),
    Bytes(Vec<u8>),
    Missing,
    Directory,
}

impl From<Value> for Given {
    fn from(value: Value) -> Self {
        Self::Text(value.to_string())
    }
}

/// A folder for the files of one test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = format!("zendesk-bad-input-{}-{name}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        std::fs::create_dir_all(folder.join("directory")).expect("a folder for the test's files");
        Self(folder)
    }

    fn path(&self, name: &str, given: &Given) -> PathBuf {
        match given {
            Given::Text(text) => {
                let path = self.0.join(name);
                std::fs::write(&path, text).expect("a file is written");
                path
            }
            Given::Bytes(bytes) => {
                let path = self.0.join(name);
                std::fs::write(&path, bytes).expect("a file is written");
                path
            }
            Given::Missing => self.0.join("nothing-is-here.json"),
            Given::Directory => self.0.join("directory"),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs a command with these files, for tests that need no Zendesk.
fn command_with(command: &str, files: &[(&str, PathBuf)], debug: bool) -> Ended {
    let mut process = binary();
    process.arg(command);
    for (option, path) in files {
        process.arg(option).arg(path);
    }
    process.args(debug.then_some("--debug"));
    run(process)
}

/// Complaints about behaviour that no input excuses.
fn misbehaviour(ended: &Ended, secrets: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let stdout = String::from_utf8_lossy(&ended.stdout);
    for (name, text) in [("stdout", stdout.as_ref()), ("stderr", ended.stderr.as_str())] {
        for word in ["panicked", "panic at", "RUST_BACKTRACE", "because of a bug"] {
            if text.contains(word) {
                found.push(format!("{name} speaks of a panic: {text}"));
            }
        }
        let shown = secrets.iter().filter(|secret| secret.len() >= 8 && text.contains(**secret));
        found.extend(shown.map(|secret| format!("{name} shows the secret {secret}")));
    }
    if ended.took > WITHIN {
        found.push(format!("it took {:?}", ended.took));
    }
    found
}

/// The message of the only CONNECTION_STATUS. It must be FAILED, with exit code 0.
fn failed_check(ended: &Ended) -> Result<String, String> {
    let complaints = check_output(&ended.stdout, &[]);
    let messages = ended.messages();
    let mut answers = messages.iter().filter(|message| message["type"] == "CONNECTION_STATUS");
    let (first, second) = (answers.next(), answers.next());
    let status = first.map_or(&Value::Null, |answer| &answer["connectionStatus"]);
    let is_good = complaints.is_empty() && second.is_none() && status["status"] == "FAILED";
    match status["message"].as_str() {
        Some(message) if is_good && ended.code == Some(0) => Ok(message.to_owned()),
        _ => Err(format!("exit {:?} {complaints:?} {messages:?}", ended.code)),
    }
}

/// The message of the first TRACE ERROR. It must be a `config_error`, with exit code 1.
fn refused(ended: &Ended) -> Result<String, String> {
    let complaints = check_output(&ended.stdout, &[]);
    let errors = ended.errors();
    match errors.first() {
        Some((kind, stream, message))
            if kind == "config_error"
                && stream.is_empty()
                && ended.code == Some(1)
                && complaints.is_empty() =>
        {
            Ok(message.clone())
        }
        _ => Err(format!("exit {:?} {complaints:?} {errors:?} {}", ended.code, ended.stderr)),
    }
}
