//! `sync --into`: the views show the account's rows, whatever happens to the process.

mod kills;
mod refusals;
mod repeated;
mod shown;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use simulator::Simulator;

use crate::documents::assert_explained;
use crate::harness::Connector;
use crate::program::{Ended, run};

/// The folder that a sync writes to.
struct Into<'c, 's> {
    connector: &'c Connector<'s>,
    path: PathBuf,
}

impl<'c, 's> Into<'c, 's> {
    fn new(connector: &'c Connector<'s>) -> Self {
        let path = connector.staging().join("filed");
        Self { connector, path }
    }

    /// The command that syncs these streams into the folder. An empty list means all streams.
    fn command(&self, streams: &[&str]) -> Command {
        let mut command = self.connector.command("sync");
        command.arg("--config").arg(self.connector.file("config.json", &self.connector.config));
        command.arg("--into").arg(&self.path);
        if !streams.is_empty() {
            command.arg("--streams").arg(streams.join(","));
        }
        command
    }

    fn sync(&self, streams: &[&str]) -> Ended {
        let ended = run(self.command(streams));
        explained(&ended);
        ended
    }

    fn complete(&self, streams: &[&str]) -> String {
        let ended = self.sync(streams);
        assert_eq!(ended.code, Some(0), "{}{}", told(&ended), ended.stderr);
        told(&ended)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    fn state(&self) -> Value {
        let text = std::fs::read(self.file("state.json")).expect("the state is there");
        serde_json::from_slice(&text).expect("the state is JSON")
    }

    /// Every file in the folder, with its content.
    fn contents(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let files = files_below(&self.path).into_iter();
        files.map(|path| (path.clone(), std::fs::read(path).expect("a file"))).collect()
    }
}

fn told(ended: &Ended) -> String {
    String::from_utf8_lossy(&ended.stdout).into_owned()
}

/// Fails unless the guide explains every WARN and ERROR.
fn explained(ended: &Ended) {
    let message = |line: &str| {
        let (level, message) = line.split_once(' ')?;
        let is_level = ["WARN", "ERROR"].contains(&level);
        is_level.then(|| json!({ "type": "LOG", "log": { "level": level, "message": message } }))
    };
    assert_explained(&told(ended).lines().filter_map(message).collect::<Vec<_>>());
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Advances the clock until exports show the latest changes.
fn settle(sim: &Simulator) {
    sim.advance_seconds(70);
}
