//! Runs what the pages show. Files become files of a folder. Commands run in the shell in that
//! folder, with the simulator as the account. The files of README are available on every page.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use simulator::Simulator;

use super::blocks::{Block, Kind, blocks};
use super::place::{Place, Program, files_of, lacks_tool};
use super::{in_project, pages, text_of};
use crate::harness::{INCREMENTAL, SCALE, catalog, simulator};
use crate::program::{binary, executable, run};

/// Tools that pages use and that some machines lack. CI has them.
const TOOLS: &[&str] = &["jq", "curl", "flock", "openssl"];

/// Stands in for docker and runs the binary under test. Paths in a mounted volume become paths in
/// the volume's folder. A volume at `/staging/files` becomes the folder of files. `docker build`
/// does nothing.
const DOCKER: &str = r#"#!/bin/sh
set -eu
[ "$1" != build ] || exit 0
[ "$1" = run ]
shift
folder= mount=/nowhere
while [ "${1#-}" != "$1" ]; do
    case $1 in
        -v|--volume)
            case $2 in
                *:/staging/files) export AIRBYTE_STAGING_DIRECTORY=${2%%:*} ;;
                *) folder=${2%%:*} mount=${2#*:} mount=${mount%:ro} ;;
            esac
            shift 2 ;;
        --user) shift 2 ;;
        --rm|-i) shift ;;
        *) echo "docker stand-in: $1 is not known" >&2; exit 64 ;;
    esac
done
[ "$1" = source-zendesk-support ]
shift
for word; do
    shift
    case $word in
        "$mount"/*) word=$folder/${word#"$mount"/} ;;
    esac
    set -- "$@" "$word"
done
exec source-zendesk-support "$@"
"#;

/// The place of a page, and the account that the page's commands read.
struct Sandbox {
    sim: Simulator,
    place: Place,
}

impl Sandbox {
    fn new(seed: u64) -> Self {
        let program = Program {
            name: "source-zendesk-support",
            executable: executable(),
            docker: DOCKER,
            scale: SCALE,
        };
        Self { sim: simulator(seed), place: Place::new(program, seed) }
    }

    /// A command of the binary in this folder. `check` runs on the real clock.
    fn command(&self, command: &str) -> Command {
        let mut process = binary();
        process
            .arg(command)
            .current_dir(&self.place.folder)
            .env("ZENDESK_BASE_URL", self.sim.url());
        let scale = if command == "check" { 1.0 } else { SCALE };
        process.env("ZENDESK_CLOCK_SCALE", scale.to_string());
        process
    }

    /// Runs the binary with a file of a page, to see whether the file is valid.
    fn try_out(&self, name: &str) -> Result<(), String> {
        let text = std::fs::read(self.place.file(name)).map_err(|error| error.to_string())?;
        let value: Value = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
        if name.starts_with("config") {
            return self.check(name, &value);
        }
        let mut command = self.command("read");
        command.args(["--config", "config.json", "--catalog"]);
        if name.starts_with("catalog") {
            command.arg(name);
        } else {
            let names = value.as_array().ok_or("is no list")?.iter().map(|state| {
                state["stream"]["stream_descriptor"]["name"].as_str().ok_or("names no stream")
            });
            let names: Vec<&str> = names.collect::<Result<_, _>>()?;
            let selected = catalog(&names, INCREMENTAL);
            std::fs::write(self.place.file("of-state.json"), selected.to_string())
                .expect("written");
            command.args(["of-state.json", "--state", name]);
        }
        let ended = run(command);
        let text = String::from_utf8_lossy(&ended.stdout).into_owned();
        if ended.code != Some(0) {
            return Err(format!("{:?} {}", ended.errors(), ended.stderr));
        }
        if name.starts_with("catalog") && !text.contains("{\"type\":\"RECORD\"") {
            return Err("reads no row".to_owned());
        }
        // What is wrong with a state is told, and then done without.
        let warned = text.lines().find(|line| line.contains("\"level\":\"WARN\""));
        warned.map_or(Ok(()), |line| Err(line.to_owned()))
    }

    fn check(&self, name: &str, config: &Value) -> Result<(), String> {
        let spec = run({
            let mut command = binary();
            command.arg("spec");
            command
        });
        let spec = &spec.messages()[0]["spec"]["connectionSpecification"]["properties"];
        // Options that are not known are left alone, so a slip would go unseen.
        let unknown = config.as_object().into_iter().flatten().map(|(option, _)| option);
        let unknown: Vec<&String> = unknown.filter(|option| spec[*option].is_null()).collect();
        if !unknown.is_empty() {
            return Err(format!("has options that are none: {unknown:?}"));
        }
        let mut command = self.command("check");
        command.args(["--config", name]);
        let ended = run(command);
        let messages = ended.messages();
        let status = messages.iter().find(|message| message["type"] == "CONNECTION_STATUS");
        match status.map(|message| &message["connectionStatus"]["status"]) {
            Some(status) if status == "SUCCEEDED" => Ok(()),
            _ => Err(format!("is not what works: {status:?} {}", ended.stderr)),
        }
    }

    /// Runs a block. Returns an error that says what went wrong.
    fn run(&self, block: &Block) -> Result<(), String> {
        let text = match block.kind() {
            Some(Kind::File(name)) => {
                return self.place.put(name, &block.text).and_then(|()| self.try_out(name));
            }
            Some(Kind::Commands) => block.text.clone(),
            Some(Kind::Script(name)) => self.place.put_script(name, &block.text),
            Some(Kind::Crontab) => {
                let line = block.text.trim();
                // Five fields say when.
                let command: Vec<&str> = line.split_whitespace().skip(5).collect();
                command.join(" ").replace("/srv/zendesk", &self.place.folder.to_string_lossy())
            }
            Some(Kind::Ci | Kind::Benches | Kind::Patch | Kind::Acceptance) | None => return Ok(()),
            Some(Kind::Part | Kind::Rows(_) | Kind::Printed) => {
                return Err("is of a kind that only the destination's pages have".to_owned());
            }
        };
        if lacks_tool(&block.text, TOOLS) {
            return Ok(());
        }
        let ended = run(self.place.shell(&self.sim, &text));
        let told = String::from_utf8_lossy(&ended.stdout).into_owned();
        // A check that says no has done its work, and ends well.
        let refused = told.lines().find(|line| line.contains("\"status\":\"FAILED\""));
        match (ended.code, refused) {
            (Some(0), None) => Ok(()),
            (code, _) => Err(format!("ended with {code:?}: {} {told}", ended.stderr)),
        }
    }

    /// Checks that the files that the commands left are outputs with rows, or states of streams.
    fn look_at_outputs(&self) -> Result<(), String> {
        let messages = self.place.file("messages.jsonl");
        let Ok(text) = std::fs::read_to_string(&messages) else { return Ok(()) };
        if let Some(line) = text.lines().find(|line| serde_json::from_str::<Value>(line).is_err()) {
            return Err(format!("messages.jsonl has a line that is no message: {line}"));
        }
        let state = std::fs::read(self.place.file("state.json")).unwrap_or_default();
        let state: Value = serde_json::from_slice(&state).map_err(|error| format!("{error}"))?;
        let states = state.as_array().map_or(0, Vec::len);
        if states < 2 { Err(format!("state.json holds {states} states")) } else { Ok(()) }
    }
}

/// The files of README: a configuration and a catalog that other pages continue with.
fn of_readme() -> Vec<(String, String)> {
    files_of(&blocks("README.md", &text_of("README.md")))
}

#[test]
fn what_pages_show_works() {
    let mut wrong: Vec<String> = Vec::new();
    let mut ran = 0;
    for (seed, page) in (1..).zip(pages()) {
        let blocks = blocks(&page, &text_of(&page));
        let is_run = |block: &&Block| {
            let kind = block.kind();
            let is_left = matches!(
                kind,
                Some(Kind::Ci | Kind::Benches | Kind::Patch | Kind::Acceptance) | None
            );
            !is_left
        };
        let blocks: Vec<&Block> = blocks.iter().filter(is_run).collect();
        if blocks.is_empty() {
            continue;
        }
        let sandbox = Sandbox::new(seed);
        for (name, text) in of_readme() {
            if let Err(what) = sandbox.place.put(&name, &text) {
                wrong.push(format!("README.md {name}: {what}"));
            }
        }
        for block in blocks {
            ran += 1;
            if let Err(what) = sandbox.run(block) {
                wrong.push(format!("{}: {what}", block.place()));
            }
        }
        if let Err(what) = sandbox.look_at_outputs() {
            wrong.push(format!("{page}: {what}"));
        }
    }
    assert!(ran > 15, "only {ran} blocks were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_patch_that_a_page_shows_fits() {
    let mut wrong: Vec<String> = Vec::new();
    for page in pages() {
        for block in blocks(&page, &text_of(&page)) {
            if block.kind() == Some(Kind::Patch) {
                wrong.extend(unfit(&block.text).map(|what| format!("{}: {what}", block.place())));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Why a patch does not fit the project: lines that it is based on are gone. `None` if it fits.
fn unfit(patch: &str) -> Option<String> {
    let mut file: Option<(String, String)> = None;
    for line in patch.lines() {
        if let Some(path) = line.strip_prefix("+++ b/") {
            let path = Path::new(path.trim());
            let text = std::fs::read_to_string(in_project("").join(path)).unwrap_or_default();
            file = Some((path.display().to_string(), text));
        } else if let Some(stays) = line.strip_prefix(' ') {
            let (path, text) = file.as_ref()?;
            if text.lines().filter(|line| *line == stays).count() != 1 {
                return Some(format!("{path} does not have this line once: {stays}"));
            }
        }
    }
    file.is_none().then(|| "names no file".to_owned())
}

#[test]
fn a_page_that_is_wrong_is_found_out() {
    let sandbox = Sandbox::new(0);
    for (name, text) in of_readme() {
        sandbox.place.put(&name, &text).expect("README's files are JSON");
    }
    let block = |text: &str| blocks("page", text).remove(0);
    for wrong in [
        "```sh\nsource-zendesk-support read --config config.json\n```\n",
        "```sh\ndocker run --rm source-zendesk-support check --config /config/config.json\n```\n",
        "```json config.json\n{\"subdomain\":\"acme\",\"num_worker\":3,\"credentials\":\
         {\"credentials\":\"oauth2.0\",\"access_token\":\"...\"}}\n```\n",
        "```json config.json\n{\"subdomain\":\"acme\",\"credentials\":\
         {\"credentials\":\"oauth2.0\",\"access_token\":\"another\"}}\n```\n",
        "```json catalog.json\n{\"streams\":[]}\n```\n",
        "```json state.json\n[{\"type\":\"STREAM\",\"stream\":{\"stream_descriptor\":\
         {\"name\":\"tickets\"},\"stream_state\":{\"generated_timestamp\":\"soon\"}}}]\n```\n",
    ] {
        assert!(sandbox.run(&block(wrong)).is_err(), "{wrong}");
        for (name, text) in of_readme() {
            sandbox.place.put(&name, &text).expect("README's files are JSON");
        }
    }
    assert!(unfit("--- a/x\n+++ b/src/main.rs\n@@ @@\n no such line\n+one\n").is_some());
}
