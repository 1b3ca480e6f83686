//! The place where the commands of a page run: a folder of its own, the program under its own name,
//! and stand-ins for tools that this machine lacks. Where a page writes `"..."` for a secret, the
//! secret of the simulated account is filled in. The pages of both programs run in such places.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use simulator::{
    ADMIN_API_TOKEN, ADMIN_BEARER, OAUTH_ACCESS_TOKEN, OAUTH_CLIENT_ID, OAUTH_CLIENT_SECRET,
    OAUTH_CODE, OAUTH_REFRESH_TOKEN, Simulator,
};

use super::blocks::{Block, Kind};

/// Runs the real image, with network access to the simulator. `acceptance/run` has built the image.
const REAL_DOCKER: &str = r#"#!/bin/sh
[ "$1" != build ] || exec "$PAGES_DOCKER" tag "$PAGES_IMAGE" "$PAGES_PROGRAM"
shift
case " $* " in *" check "*|*" catalog --"*) ZENDESK_CLOCK_SCALE=1 ;; esac
exec "$PAGES_DOCKER" run --network host --env ZENDESK_BASE_URL --env ZENDESK_CLOCK_SCALE "$@"
"#;

/// Runs `check` and `catalog` on the real clock. On the scaled clock the seconds that they give the
/// account would be milliseconds.
const PROGRAM: &str = r#"#!/bin/sh
case $1 in check|catalog) export ZENDESK_CLOCK_SCALE=1 ;; esac
exec "$REAL_PROGRAM" "$@"
"#;

/// Sends requests to the simulator instead of the account's host.
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

/// The program whose pages are run.
pub(super) struct Program {
    pub(super) name: &'static str,
    pub(super) executable: OsString,
    /// Replaces docker where there is no image.
    pub(super) docker: &'static str,
    /// How many seconds of the account's clock pass in one real second.
    pub(super) scale: f64,
}

/// The folder of one page. It is removed when this value is dropped.
pub(super) struct Place {
    program: Program,
    pub(super) folder: PathBuf,
    path: String,
}

impl Place {
    /// A folder for one of the pages, by its number.
    pub(super) fn new(program: Program, page: u64) -> Self {
        let folder = format!("{}-pages-{}-{page}", program.name, std::process::id());
        let folder = std::env::temp_dir().join(folder);
        let bin = folder.join("bin");
        std::fs::create_dir_all(&bin).expect("a folder");
        let has_image = std::env::var_os("PAGES_DOCKER").is_some();
        let docker = if has_image { REAL_DOCKER } else { program.docker };
        for (name, text) in [("docker", docker), (program.name, PROGRAM), ("curl", CURL)] {
            executable_file(&bin.join(name), text);
        }
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
        Self { program, folder, path }
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A command that runs this text with the shell in the folder.
    pub(super) fn shell(&self, sim: &Simulator, text: &str) -> Command {
        let mut process = Command::new("sh");
        process
            .args(["-euc", text])
            .current_dir(&self.folder)
            .env("PATH", &self.path)
            .env("REAL_PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("REAL_PROGRAM", &self.program.executable)
            .env("PAGES_PROGRAM", self.program.name)
            .env("ZENDESK_BASE_URL", sim.url())
            .env("ZENDESK_CLOCK_SCALE", self.program.scale.to_string())
            .env("NO_PROXY", "127.0.0.1")
            .env("CODE", OAUTH_CODE)
            .env("CLIENT_ID", OAUTH_CLIENT_ID)
            .env("CLIENT_SECRET", OAUTH_CLIENT_SECRET)
            .env_remove("LOG_LEVEL")
            .env_remove("WORKER_JOB_ATTEMPT");
        process
    }

    /// Writes a file of a page. Returns an error that says what is wrong with the file.
    pub(super) fn put(&self, name: &str, text: &str) -> Result<(), String> {
        let mut value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if name.starts_with("config") {
            fill(&mut value);
        }
        std::fs::write(self.file(name), value.to_string()).expect("a file is written");
        Ok(())
    }

    /// Writes a script of a page, and returns the command that runs it.
    pub(super) fn put_script(&self, name: &str, text: &str) -> String {
        executable_file(&self.file(name), text);
        format!("./{name}")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Whether the commands use one of these tools and this machine lacks it. CI has all of them.
pub(super) fn lacks_tool(text: &str, tools: &[&str]) -> bool {
    let uses = |tool: &&&str| {
        text.split(|letter: char| !letter.is_alphanumeric()).any(|word| word == **tool)
    };
    let missing = tools.iter().filter(uses).find(|tool| !is_here(tool));
    if let Some(tool) = missing {
        assert!(std::env::var_os("CI").is_none(), "{tool} is missing, which CI has to have");
    }
    missing.is_some()
}

/// The files that a page shows, with their names.
pub(super) fn files_of(blocks: &[Block]) -> Vec<(String, String)> {
    let files = blocks.iter().filter_map(|block| match block.kind() {
        Some(Kind::File(name)) => Some((name.to_owned(), block.text.clone())),
        _ => None,
    });
    files.collect()
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

/// Puts the simulated account's secrets into a config that leaves them out.
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
