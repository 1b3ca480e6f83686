//! Runs what pages show: files as files of a folder, commands by the shell in that folder, with
//! the simulator as the account. Where a page writes `"..."` for a secret, the simulated account's
//! is put. What README shows is there on every page.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use simulator::{
    ADMIN_API_TOKEN, ADMIN_BEARER, OAUTH_ACCESS_TOKEN, OAUTH_CLIENT_ID, OAUTH_CLIENT_SECRET,
    OAUTH_CODE, OAUTH_REFRESH_TOKEN, Simulator,
};

use super::blocks::{Block, Kind, blocks};
use super::{in_project, pages, text_of};
use crate::harness::{INCREMENTAL, SCALE, catalog, simulator};
use crate::program::{Ended, binary, executable, run};

/// Tools that pages use and that not every machine has. CI has them.
const TOOLS: &[&str] = &["jq", "curl", "flock", "openssl"];

/// Runs the binary as the one in the image would be, with a volume's folder in place of the path
/// where it is mounted, that of files among them. There is nothing to build.
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

/// Runs the image itself, which reaches the simulator. `acceptance/run` has built it.
const REAL_DOCKER: &str = r#"#!/bin/sh
[ "$1" != build ] || exec "$PAGES_DOCKER" tag "$PAGES_IMAGE" source-zendesk-support
shift
case " $* " in *" check "*) ZENDESK_CLOCK_SCALE=1 ;; esac
exec "$PAGES_DOCKER" run --network host --env ZENDESK_BASE_URL --env ZENDESK_CLOCK_SCALE "$@"
"#;

/// At the scaled clock the seconds that `check` gives the account are milliseconds.
const CONNECTOR: &str = r#"#!/bin/sh
[ "$1" != check ] || export ZENDESK_CLOCK_SCALE=1
exec "$REAL_CONNECTOR" "$@"
"#;

/// Asks the simulator in place of the account's host.
const CURL: &str = r#"#!/bin/sh
for word; do
    shift
    case $word in
        https://acme.zendesk.com/*) word=$ZENDESK_BASE_URL/${word#https://acme.zendesk.com/} ;;
    esac
    set -- "$@" "$word"
done
PATH=$REAL_PATH exec curl "$@"
"#;

/// The folder of a page, and the account that its commands read.
struct Sandbox {
    sim: Simulator,
    folder: PathBuf,
    path: String,
}

fn is_here(tool: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(tool).is_file())
}

fn executable_file(file: &Path, text: &str) {
    std::fs::write(file, text).expect("a file is written");
    let everybody = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(file, everybody).expect("it may be run");
}

impl Sandbox {
    fn new(seed: u64) -> Self {
        let sim = simulator(seed);
        let folder = format!("zendesk-pages-{}-{seed}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        let bin = folder.join("bin");
        std::fs::create_dir_all(&bin).expect("a folder");
        let docker = if std::env::var_os("PAGES_DOCKER").is_some() { REAL_DOCKER } else { DOCKER };
        for (name, text) in
            [("docker", docker), ("source-zendesk-support", CONNECTOR), ("curl", CURL)]
        {
            executable_file(&bin.join(name), text);
        }
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
        Self { sim, folder, path }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A command of the binary in this folder. Asked whether it works, at the wall's clock.
    fn command(&self, command: &str) -> Command {
        let mut process = binary();
        process.arg(command).current_dir(&self.folder).env("ZENDESK_BASE_URL", self.sim.url());
        let scale = if command == "check" { 1.0 } else { SCALE };
        process.env("ZENDESK_CLOCK_SCALE", scale.to_string());
        process
    }

    fn shell(&self, text: &str) -> Ended {
        let mut process = Command::new("sh");
        process
            .args(["-euc", text])
            .current_dir(&self.folder)
            .env("PATH", &self.path)
            .env("REAL_PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("REAL_CONNECTOR", executable())
            .env("ZENDESK_BASE_URL", self.sim.url())
            .env("ZENDESK_CLOCK_SCALE", SCALE.to_string())
            .env("NO_PROXY", "127.0.0.1")
            .env("CODE", OAUTH_CODE)
            .env("CLIENT_ID", OAUTH_CLIENT_ID)
            .env("CLIENT_SECRET", OAUTH_CLIENT_SECRET)
            .env_remove("LOG_LEVEL")
            .env_remove("WORKER_JOB_ATTEMPT");
        run(process)
    }

    /// Writes a file of a page and says what is wrong with it.
    fn put(&self, name: &str, text: &str) -> Result<(), String> {
        let mut value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if name.starts_with("config") {
            fill(&mut value);
        }
        std::fs::write(self.file(name), value.to_string()).expect("a file is written");
        Ok(())
    }

    /// Runs the binary with a file of a page.
    fn try_out(&self, name: &str) -> Result<(), String> {
        let text = std::fs::read(self.file(name)).map_err(|error| error.to_string())?;
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
            std::fs::write(self.file("of-state.json"), selected.to_string()).expect("written");
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

    /// Runs a block and says what went wrong.
    fn run(&self, block: &Block) -> Result<(), String> {
        let text = match block.kind() {
            Some(Kind::File(name)) => {
                return self.put(name, &block.text).and_then(|()| self.try_out(name));
            }
            Some(Kind::Commands) => block.text.clone(),
            Some(Kind::Script(name)) => {
                executable_file(&self.file(name), &block.text);
                format!("./{name}")
            }
            Some(Kind::Crontab) => {
                let line = block.text.trim();
                // Five fields say when.
                let command: Vec<&str> = line.split_whitespace().skip(5).collect();
                command.join(" ").replace("/srv/zendesk", &self.folder.to_string_lossy())
            }
            Some(Kind::Ci | Kind::Benches | Kind::Patch | Kind::Acceptance) | None => return Ok(()),
            Some(Kind::Part | Kind::Rows(_) | Kind::Printed) => {
                return Err("is of a kind that only the destination's pages have".to_owned());
            }
        };
        let told = &block.text;
        let uses = |tool: &&&str| {
            told.split(|letter: char| !letter.is_alphanumeric()).any(|word| word == **tool)
        };
        if let Some(tool) = TOOLS.iter().filter(uses).find(|tool| !is_here(tool)) {
            assert!(std::env::var_os("CI").is_none(), "{tool} is missing, which CI has to have");
            return Ok(());
        }
        let ended = self.shell(&text);
        let told = String::from_utf8_lossy(&ended.stdout).into_owned();
        // A check that says no has done its work, and ends well.
        let refused = told.lines().find(|line| line.contains("\"status\":\"FAILED\""));
        match (ended.code, refused) {
            (Some(0), None) => Ok(()),
            (code, _) => Err(format!("ended with {code:?}: {} {told}", ended.stderr)),
        }
    }

    /// What the commands left must be outputs with rows, and states of streams.
    fn look_at_outputs(&self) -> Result<(), String> {
        let messages = self.file("messages.jsonl");
        let Ok(text) = std::fs::read_to_string(&messages) else { return Ok(()) };
        if let Some(line) = text.lines().find(|line| serde_json::from_str::<Value>(line).is_err()) {
            return Err(format!("messages.jsonl has a line that is no message: {line}"));
        }
        let state = std::fs::read(self.file("state.json")).unwrap_or_default();
        let state: Value = serde_json::from_slice(&state).map_err(|error| format!("{error}"))?;
        let states = state.as_array().map_or(0, Vec::len);
        if states < 2 { Err(format!("state.json holds {states} states")) } else { Ok(()) }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Puts the simulated account's secrets where a page leaves them out.
fn fill(config: &mut Value) {
    let is_refresh = config["credentials"]["credentials"] == "oauth2_refresh";
    let known = json!({
        "client_id": OAUTH_CLIENT_ID,
        "client_secret": OAUTH_CLIENT_SECRET,
        "refresh_token": OAUTH_REFRESH_TOKEN,
        "access_token": if is_refresh { OAUTH_ACCESS_TOKEN } else { ADMIN_BEARER },
        "email": ADMIN_API_TOKEN.email,
        "api_token": ADMIN_API_TOKEN.token,
    });
    for (key, value) in config["credentials"].as_object_mut().into_iter().flatten() {
        if value == "..." {
            *value = known[key].clone();
        }
    }
}

/// What README shows: a configuration and a catalog that other pages go on with.
fn of_readme() -> Vec<(String, String)> {
    let blocks = blocks("README.md", &text_of("README.md"));
    let files = blocks.iter().filter_map(|block| match block.kind() {
        Some(Kind::File(name)) => Some((name.to_owned(), block.text.clone())),
        _ => None,
    });
    files.collect()
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
            if let Err(what) = sandbox.put(&name, &text) {
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

/// Why a patch does not fit the project: lines that it stands on are gone.
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
        sandbox.put(&name, &text).expect("README's files are JSON");
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
            sandbox.put(&name, &text).expect("README's files are JSON");
        }
    }
    assert!(unfit("--- a/x\n+++ b/src/main.rs\n@@ @@\n no such line\n+one\n").is_some());
}
