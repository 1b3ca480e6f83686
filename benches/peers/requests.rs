//! Counts the requests of a first sync, and of an hourly sync after it. This connector and Airbyte's
//! read the same simulated account, and all streams that both can read incrementally.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use simulator::{ADMIN_API_TOKEN, Account, Settings, Simulator, Size, Tls};

use super::program::tell;
use super::programs::{Folders, Program};

/// Seconds of the account's clock, and of this connector's, in one second of real time. This connector
/// keeps to the documented limits, although nobody enforces them here. The waits of Airbyte's connector
/// cannot be scaled.
const SCALE: f64 = 60.0;

const TICKETS: u64 = 7_000;

/// Tickets that change, with a comment each, between the two syncs.
const CHANGED: usize = 5_000;

const HOUR_SECONDS: i64 = 3_600;

/// Exports withhold the last minute.
const UNTIL_VISIBLE_SECONDS: i64 = 70;

/// What one program needed.
pub(crate) struct Requests {
    pub(crate) program: Program,
    pub(crate) first: usize,
    pub(crate) hourly: usize,
}

/// An account, and the configuration with which both programs read it.
struct Reading<'a> {
    folders: &'a Folders,
    sim: Simulator,
    config: Value,
}

pub(crate) fn count(folders: &Folders) -> Vec<Requests> {
    let tls =
        Tls { certificate: folders.work.join("server.pem"), key: folders.work.join("server.key") };
    let settings = Settings {
        size: Size::Large(TICKETS),
        scale: SCALE,
        enforce_limits: false,
        page_cap: None,
        tls: Some(tls),
        ..Settings::default()
    };
    let sim = Simulator::start(settings).expect("the simulator starts");
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    let config = json!({
        "subdomain": "acme",
        "start_date": "2015-01-01T00:00:00Z",
        "credentials": {
            "credentials": "api_token",
            "email": ADMIN_API_TOKEN.email,
            "api_token": ADMIN_API_TOKEN.token,
        },
    });
    let reading = Reading { folders, sim, config };
    let programs = [Program::Ours, Program::Airbyte];
    let catalogs = reading.catalogs(programs);
    let first = [0, 1].map(|at| reading.read(programs[at], &catalogs[at], None));
    let changed = reading.sim.account(touch_tickets);
    assert_eq!(changed, CHANGED, "tickets were changed");
    reading.sim.advance_seconds(HOUR_SECONDS);
    let hourly = [0, 1].map(|at| reading.read(programs[at], &catalogs[at], Some(&first[at].1)));
    [0, 1]
        .map(|at| Requests { program: programs[at], first: first[at].0, hourly: hourly[at].0 })
        .into()
}

fn touch_tickets(account: &mut Account) -> usize {
    let live = |key: &String| account.row("tickets", key).is_some_and(|row| !row.deleted);
    let keys: Vec<String> =
        account.keys("tickets").into_iter().filter(live).take(CHANGED).collect();
    keys.iter().for_each(|key| account.touch("tickets", key));
    keys.len()
}

impl Reading<'_> {
    /// The catalogs of both programs, with the streams that both can read incrementally.
    fn catalogs(&self, programs: [Program; 2]) -> [Value; 2] {
        let listed = programs.map(|program| {
            let messages = self.run(program, "discover", &[]);
            let catalog = messages.iter().find(|message| message["type"] == "CATALOG");
            let streams = catalog.map(|message| message["catalog"]["streams"].clone());
            let streams = streams.as_ref().and_then(Value::as_array).cloned().unwrap_or_default();
            let is_incremental = |stream: &Value| {
                let modes = stream["supported_sync_modes"].as_array();
                modes.is_some_and(|modes| modes.contains(&json!("incremental")))
            };
            streams.into_iter().filter(is_incremental).collect::<Vec<_>>()
        });
        let [ours, theirs] = &listed;
        let pick = |streams: &[Value], others: &[Value]| {
            let is_of_both =
                |stream: &&Value| others.iter().any(|other| other["name"] == stream["name"]);
            let picked = streams.iter().filter(is_of_both).map(|stream| {
                json!({
                    "stream": stream,
                    "sync_mode": "incremental",
                    "destination_sync_mode": "append",
                })
            });
            json!({ "streams": picked.collect::<Vec<_>>() })
        };
        [pick(ours, theirs), pick(theirs, ours)]
    }

    /// The requests of a sync, and the states that it ended with.
    fn read(&self, program: Program, catalog: &Value, state: Option<&Value>) -> (usize, Value) {
        self.sim.clear_requests();
        let mut files = vec![("catalog", catalog)];
        files.extend(state.map(|state| ("state", state)));
        let mut states = BTreeMap::new();
        let mut rows = 0;
        for message in self.run(program, "read", &files) {
            rows += usize::from(message["type"] == "RECORD");
            if message["type"] == "STATE" {
                let state = message["state"].clone();
                states.insert(state["stream"]["stream_descriptor"]["name"].to_string(), state);
            }
        }
        let streams = catalog["streams"].as_array().map_or(0, Vec::len);
        assert!(rows > CHANGED / 2, "{} wrote {rows} rows", program.name());
        let requests = self.sim.requests().len();
        tell(&format!(
            "{}, {}: {requests} requests for {rows} rows of {streams} streams",
            program.name(),
            if state.is_some() { "an hourly sync" } else { "the first sync" },
        ));
        (requests, states.into_values().collect())
    }

    /// Runs a command of a program. Returns its messages, without the rows' data.
    fn run(&self, program: Program, command: &str, files: &[(&str, &Value)]) -> Vec<Value> {
        let port = self.sim.port();
        let mut process: Command = match program {
            Program::Ours => self.folders.ours(port),
            _ => self.folders.airbyte(port),
        };
        process.env("ZENDESK_CLOCK_SCALE", SCALE.to_string()).arg(command);
        for (name, content) in [("config", &self.config)].iter().chain(files) {
            let file = self.folders.file(&format!("{name}.json"), &content.to_string());
            process.arg(format!("--{name}")).arg(file);
        }
        process.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = process.spawn().expect("the program starts");
        let output = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
        let mut messages = Vec::new();
        for line in output.lines() {
            // Not all lines of Airbyte's connector are messages.
            let Ok(mut message) = serde_json::from_str::<Value>(&line.expect("a line")) else {
                continue;
            };
            if message["type"] == "RECORD" {
                message["record"].take();
            }
            messages.push(message);
        }
        let status = child.wait().expect("the program ends");
        assert!(status.success(), "{} {command} ended with {status}", program.name());
        messages
    }
}
