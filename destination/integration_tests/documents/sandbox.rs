//! Runs what the pages show. Files become files of a folder. Commands run in the shell in that
//! folder, with the simulator as the account. Their output is compared with the output on the page.
//! The files of set-up are available on every page, as are messages with its rows. The environment variable PAGE selects pages by
//! a part of their names.

use std::process::Output;

use destination_zendesk_support::config::{Config, connection_specification};
use serde_json::{Map, Value, json};
use simulator::{ADMIN_BEARER, Plan, Settings, Simulator};

use super::blocks::{Block, Kind, blocks};
use super::place::{Place, Program, files_of, lacks_tool};
use super::{README, pages, text_of};
use crate::run::SCALE;

/// The page whose files other pages continue with.
const SET_UP: &str = "docs/setup.md";

/// Tools that pages use and that some machines lack. CI has them.
const TOOLS: &[&str] = &["jq", "curl"];

/// Stands in for docker: runs the binary like the image's, in the mounted folder. `docker build`
/// does nothing.
const DOCKER: &str = r#"#!/bin/sh
set -eu
[ "$1" != build ] || exit 0
[ "$1" = run ]
shift
folder= mount=
while [ "${1#-}" != "$1" ]; do
    case $1 in
        --volume) folder=${2%%:*} mount=${2#*:}; shift 2 ;;
        --workdir) [ "$2" = "$mount" ]; cd "$folder"; shift 2 ;;
        --user) shift 2 ;;
        --rm|--interactive) shift ;;
        *) echo "docker stand-in: $1 is not known" >&2; exit 64 ;;
    esac
done
exec "$@"
"#;

/// The account that the pages write to: people and companies of a shop, with custom fields.
fn account(seed: u64) -> Simulator {
    let settings = Settings {
        seed,
        scale: SCALE,
        plan: Plan::EnterprisePlus,
        guide: true,
        oauth_scope: "read write",
        page_cap: None,
        ..Settings::default()
    };
    Simulator::start(settings).expect("the simulator starts")
}

/// The place of a page, and the account that the page's commands write to.
pub(super) struct Sandbox {
    sim: Simulator,
    place: Place,
}

impl Sandbox {
    pub(super) fn new(seed: u64) -> Self {
        let program = Program {
            name: "destination-zendesk-support",
            executable: env!("CARGO_BIN_EXE_destination-zendesk-support").into(),
            docker: DOCKER,
            scale: SCALE,
        };
        let sandbox = Self { sim: account(seed), place: Place::new(program, seed) };
        let shown = blocks(SET_UP, &text_of(SET_UP));
        for (name, text) in files_of(&shown) {
            sandbox.place.put(&name, &text).expect("the files of set-up are JSON");
        }
        let rows = shown.iter().find(|block| block.kind() == Some(Kind::Rows("customers.jsonl")));
        let rows = rows.expect("set-up has rows").text.lines();
        let messages: String = rows
            .map(|row| {
                let data: Value = serde_json::from_str(row).expect("a row is JSON");
                let record = json!({ "stream": "customers", "data": data, "emitted_at": 0 });
                format!("{}\n", json!({ "type": "RECORD", "record": record }))
            })
            .collect();
        std::fs::write(sandbox.place.file("messages.jsonl"), messages).expect("a file is written");
        sandbox
    }

    fn shell(&self, text: &str) -> Output {
        // Searches see what blocks before this one wrote.
        self.sim.advance_seconds(600);
        let mut commands = self.place.shell(&self.sim, text);
        commands.env("ZENDESK_TOKEN", ADMIN_BEARER).output().expect("a shell")
    }

    /// Checks a config of a page, or writes with a catalog of a page.
    fn try_out(&self, name: &str) -> Result<(), String> {
        let text = std::fs::read(self.place.file(name)).map_err(|error| error.to_string())?;
        let command = if name.starts_with("config") {
            known(&serde_json::from_slice(&text).map_err(|error| error.to_string())?)?;
            format!("destination-zendesk-support check --config {name}")
        } else {
            format!(
                "destination-zendesk-support write --config config.json --catalog {name} </dev/null"
            )
        };
        refused(&self.shell(&command))
    }

    /// Runs a block. Returns an error that says what went wrong. `printed` holds the output of the
    /// block before, and then that of this block.
    fn run(&self, block: &Block, printed: &mut String) -> Result<(), String> {
        let text = match block.kind() {
            Some(Kind::File(name)) => {
                return self.place.put(name, &block.text).and_then(|()| self.try_out(name));
            }
            Some(Kind::Part) => return part(&block.text),
            Some(Kind::Rows(name)) => {
                let mut rows = block.text.lines().map(serde_json::from_str::<Map<String, Value>>);
                if let Some(Err(error)) = rows.find(Result::is_err) {
                    return Err(error.to_string());
                }
                std::fs::write(self.place.file(name), &block.text).expect("a file is written");
                return Ok(());
            }
            Some(Kind::Printed) => return is_printed(&block.text, printed),
            Some(Kind::Commands) => block.text.clone(),
            Some(Kind::Script(name)) => self.place.put_script(name, &block.text),
            Some(Kind::Ci | Kind::Benches | Kind::Patch | Kind::Acceptance) => return Ok(()),
            Some(Kind::Crontab) | None => return Err("is of a kind that nothing runs".to_owned()),
        };
        if lacks_tool(&text, TOOLS) {
            return Ok(());
        }
        let ended = self.shell(&text);
        *printed = String::from_utf8_lossy(&ended.stdout).into_owned();
        refused(&ended)
    }
}

/// Returns an error with the reason if commands failed.
fn refused(ended: &Output) -> Result<(), String> {
    let told = String::from_utf8_lossy(&ended.stdout);
    let stderr = String::from_utf8_lossy(&ended.stderr);
    // A check that says no has done its work, and ends well.
    let is_refused = told.contains("\"status\":\"FAILED\"");
    if ended.status.success() && stderr.is_empty() && !is_refused {
        return Ok(());
    }
    Err(format!("ended with {}: {stderr} {told}", ended.status))
}

/// Returns an error if the output differs from that on the page, line by line. `…` stands for
/// anything.
fn is_printed(page: &str, printed: &str) -> Result<(), String> {
    let fits = |(expected, there): (&str, &str)| {
        let mut rest = there;
        let parts: Vec<&str> = expected.split('…').collect();
        parts.iter().enumerate().all(|(at, part)| {
            let found = match at {
                0 => rest.starts_with(part).then_some(0),
                _ if at + 1 == parts.len() => rest.ends_with(part).then(|| rest.len() - part.len()),
                _ => rest.find(part),
            };
            found.is_some_and(|found| {
                rest = &rest[found + part.len()..];
                true
            })
        }) && (parts.len() > 1 || rest.is_empty())
    };
    let is_same = page.lines().count() == printed.lines().count()
        && page.lines().zip(printed.lines()).all(fits);
    if is_same { Ok(()) } else { Err(format!("is not what is printed, which is\n{printed}")) }
}

/// Refuses unknown options. The program ignores them, so a mistake would go unnoticed.
fn known(config: &Value) -> Result<(), String> {
    fn unknown(value: &Value, schema: &Value, at: &str, found: &mut Vec<String>) {
        for item in value.as_array().into_iter().flatten() {
            unknown(item, &schema["items"], at, found);
        }
        if schema["properties"].is_null() && schema["oneOf"].is_null() {
            return;
        }
        for (name, value) in value.as_object().into_iter().flatten() {
            let among = schema["oneOf"].as_array().into_iter().flatten();
            let mut schemas =
                std::iter::once(schema).chain(among).map(|one| &one["properties"][name]);
            match schemas.find(|schema| !schema.is_null()) {
                Some(schema) => unknown(value, schema, &format!("{at}{name}."), found),
                None => found.push(format!("{at}{name}")),
            }
        }
    }
    let mut found = Vec::new();
    unknown(config, &connection_specification(), "", &mut found);
    if found.is_empty() { Ok(()) } else { Err(format!("has options that are none: {found:?}")) }
}

/// Checks that an excerpt is a valid config together with README's config.
fn part(text: &str) -> Result<(), String> {
    let part: Map<String, Value> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let (_, config) =
        of_readme().into_iter().find(|(name, _)| name == "config.json").expect("it has one");
    let mut config: Map<String, Value> =
        serde_json::from_str(&config).map_err(|error| error.to_string())?;
    config.extend(part);
    let config = Value::Object(config);
    known(&config)?;
    Config::parse(config.to_string().as_bytes())
        .map(drop)
        .map_err(|violations| format!("{violations:?}"))
}

/// The files of README: a configuration that an excerpt completes, and a catalog.
fn of_readme() -> Vec<(String, String)> {
    files_of(&blocks(README, &text_of(README)))
}

#[test]
fn what_pages_show_works() {
    let only = std::env::var("PAGE").ok();
    let mut wrong: Vec<String> = Vec::new();
    let mut ran = 0;
    for (seed, page) in (1..).zip(pages()) {
        if only.as_ref().is_some_and(|only| !page.contains(only.as_str())) {
            continue;
        }
        let sandbox = Sandbox::new(seed);
        let mut printed = String::new();
        for block in blocks(&page, &text_of(&page)) {
            ran += 1;
            if let Err(what) = sandbox.run(&block, &mut printed) {
                wrong.push(format!("{}: {what}", block.place()));
            }
        }
    }
    assert!(only.is_some() || ran > 40, "only {ran} blocks were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_page_that_is_wrong_is_found_out() {
    let sandbox = Sandbox::new(0);
    let block = |text: &str| blocks("page", text).remove(0);
    for wrong in [
        "```sh\ndestination-zendesk-support write --config config.json\n```\n",
        "```sh\ndocker run --rm --volume \"$PWD:/data\" destination-zendesk-support check\n```\n",
        "```json part\n{\"num_worker\":3}\n```\n",
        "```json part\n{\"max_jobs\":31}\n```\n",
        "```json part\n{\"audiences\":[{\"slug\":\"vip\",\"as\":{\"tags\":\"vip\"}}]}\n```\n",
        "```json config.json\n{\"subdomain\":\"acme\",\"credentials\":\
         {\"credentials\":\"oauth2.0\",\"access_token\":\"another\"}}\n```\n",
        "```json catalog.json\n{\"streams\":[{\"stream\":{\"name\":\"nothing\",\"json_schema\":{}},\
         \"sync_mode\":\"full_refresh\",\"destination_sync_mode\":\"append\"}]}\n```\n",
        "```jsonl rows.jsonl\n{\"a\":1}\n{\n```\n",
        "```text\nsomething else\n```\n",
    ] {
        let mut printed = "something\n".to_owned();
        assert!(sandbox.run(&block(wrong), &mut printed).is_err(), "{wrong}");
    }
    assert_eq!(is_printed("a … d\n…e\n", "a b c d\nxe\n"), Ok(()));
    assert!(is_printed("a …\n", "b c\n").is_err() && is_printed("a\n", "a\nb\n").is_err());
}
