//! Who can read what: every stream on every plan, by an administrator and by an agent. A stream
//! that is refused fails alone, as a configuration error, and says what it needs.
//! `snapshots/matrix.txt` holds the whole table, so that every change of a refusal is visible.
//! `UPDATE_GENERATED=1` rewrites it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;
use simulator::{ADMIN_API_TOKEN, AGENT_API_TOKEN, ApiToken, Plan, Settings, Simulator};

use crate::agent::{ON_DETOUR, visible};
use crate::equality::{names, streams};
use crate::expected::{differences, listing, newest};
use crate::harness::{Connector, FULL, Run, SCALE};
use crate::samples::check_generated_text;

const PLANS: [Plan; 4] = [Plan::Team, Plan::Professional, Plan::Enterprise, Plan::EnterprisePlus];
const ROLES: [(&str, ApiToken); 2] = [("admin", ADMIN_API_TOKEN), ("agent", AGENT_API_TOKEN)];

const LEGEND: &str = "\
C: complete, with every row of the account. `ticket_activities` and `sessions` have the rows of the person only.
D: read from another listing, with every row that an agent can see.
Otherwise: the HTTP status of the refusal, and the needs that the message names.
A minus sign: `discover` leaves the stream out.
";

/// The result for one role on one plan.
struct Column {
    plan: Plan,
    role: &'static str,
    /// Streams that `discover` leaves out, with the WARN about it.
    left_out: BTreeMap<String, String>,
    /// Streams that do not end COMPLETE.
    refused: BTreeMap<String, Refusal>,
}

#[derive(Debug, PartialEq, Eq)]
struct Refusal {
    failure_type: String,
    message: String,
    detail: String,
}

impl Refusal {
    /// The HTTP status that the error's detail names.
    fn status(&self) -> &str {
        let told = self.detail.split_once(" answered ").map(|(_, rest)| rest);
        told.and_then(|rest| rest.get(..3)).unwrap_or("???")
    }

    /// What the message says is needed, one word for each need.
    fn needs(&self, stream: &str) -> String {
        let told = self.reason(stream).split_once("It needs ").map_or("", |(_, needs)| needs);
        let needs = told.split(';').next().unwrap_or_default().split(", ");
        let word = |need: &str| match need {
            need if need.ends_with(" plan") => Some("plan"),
            need if need.ends_with("administrator's role") => Some("admin"),
            need if need.ends_with("agent's role") || need.contains("OAuth") => None,
            _ => Some("feature"),
        };
        needs.filter_map(word).collect::<Vec<_>>().join("+")
    }

    /// The message without the name of the stream.
    fn reason(&self, stream: &str) -> &str {
        self.message.strip_prefix(stream).and_then(|rest| rest.strip_prefix(": ")).unwrap_or("")
    }
}

#[test]
fn each_stream_is_read_or_says_what_it_needs_on_every_plan_by_every_role() {
    let all = all_streams();
    let mut found = Vec::new();
    let mut columns = Vec::new();
    for plan in PLANS {
        for (role, token) in ROLES {
            columns.push(column(plan, role, token, &all, &mut found));
        }
    }
    for column in &columns {
        found.extend(complaints(column, &columns));
    }
    // The table first: it is what one looks at to understand a complaint.
    check_generated_text(Path::new("snapshots/matrix.txt"), &render(&all, &columns));
    assert!(found.is_empty(), "{found:#?}");
}

/// All streams, as an administrator sees them on a plan with every feature.
fn all_streams() -> Vec<String> {
    let sim = start(Plan::Enterprise);
    streams(&Connector::new(&sim)).0
}

fn start(plan: Plan) -> Simulator {
    let settings = Settings { seed: 90, scale: SCALE, plan, ..Settings::default() };
    let sim = Simulator::start(settings).expect("the simulator starts");
    sim.advance_seconds(70);
    sim
}

fn column(
    plan: Plan,
    role: &'static str,
    token: ApiToken,
    all: &[String],
    found: &mut Vec<String>,
) -> Column {
    let sim = start(plan);
    let mut connector = Connector::new(&sim);
    connector.config["credentials"]["email"] = token.email.into();
    connector.config["credentials"]["api_token"] = token.token.into();
    let mut complain = |what: String| found.push(format!("{plan:?} {role}: {what}"));

    let left_out = left_out(&connector, all);
    let run = connector.read(&names(all), FULL, &[]);
    let refused = refusals(&run);
    let expected_code = i32::from(!refused.is_empty());
    if run.code != Some(expected_code) || !run.stderr.is_empty() {
        complain(format!("the exit code is {:?}, stderr is {:?}", run.code, run.stderr));
    }
    for line in run.lines.iter().filter(|line| line.contains("panic at")) {
        complain(line.clone());
    }
    for stream in all {
        match (last_status(&run, stream), refused.get(stream)) {
            (Some("COMPLETE"), None) => {
                let came = newest(stream, run.records(stream));
                let is_agent = role == "agent";
                let mut expected =
                    if is_agent { visible(&sim, stream) } else { listing(&sim, stream) };
                if is_agent && stream == "ticket_activities" {
                    // Zendesk lists to each person the activities that concern this person; the
                    // account has none of the agent's.
                    expected.clear();
                }
                if is_agent && stream == "sessions" {
                    // Those of the person alone.
                    expected.retain(|key, _| came.contains_key(key));
                    assert!(came.len() < 3, "{came:?}");
                }
                differences(stream, &expected, &came, true).into_iter().for_each(&mut complain);
            }
            // One that was dragged down by another would do better alone.
            (Some("INCOMPLETE"), Some(refusal)) => {
                let alone = refusals(&connector.read(&[stream], FULL, &[]));
                if alone.get(stream) != Some(refusal) {
                    complain(format!("{stream}: {refusal:?}, but alone {alone:?}"));
                }
            }
            (status, refusal) => complain(format!("{stream} ends {status:?} with {refusal:?}")),
        }
    }
    Column { plan, role, left_out, refused }
}

/// The streams that are missing from the catalog, with the reasons from the WARNs. Fails unless
/// each has a WARN and there are no other WARNs.
fn left_out(connector: &Connector<'_>, all: &[String]) -> BTreeMap<String, String> {
    let mut command = connector.command("discover");
    command.arg("--config").arg(connector.file("config.json", &connector.config));
    let run = connector.run(command, usize::MAX).complete();
    let warnings: BTreeMap<String, String> = run
        .logs("WARN")
        .into_iter()
        .map(|line| line.split_once(" is left out: ").unwrap_or(("", line)))
        .map(|(stream, why)| (stream.to_owned(), why.to_owned()))
        .collect();
    let catalog = run.messages.iter().find(|message| message["type"] == "CATALOG");
    let listed = catalog.expect("a catalog")["catalog"]["streams"].as_array().cloned();
    let listed = listed.unwrap_or_default();
    let is_listed = |stream: &&String| listed.iter().any(|entry| entry["name"] == **stream);
    let mut missing: Vec<&String> = all.iter().filter(|stream| !is_listed(stream)).collect();
    missing.sort();
    assert_eq!(missing, warnings.keys().collect::<Vec<_>>());
    warnings
}

/// The TRACE ERRORs about single streams.
fn refusals(run: &Run) -> BTreeMap<String, Refusal> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let errors = run.messages.iter().map(|message| &message["trace"]["error"]);
    let of_streams = errors.filter_map(|error| {
        let stream = error["stream_descriptor"]["name"].as_str()?;
        let refusal = Refusal {
            failure_type: text(&error["failure_type"]),
            message: text(&error["message"]),
            detail: text(&error["internal_message"]),
        };
        Some((stream.to_owned(), refusal))
    });
    of_streams.collect()
}

fn last_status<'r>(run: &'r Run, stream: &str) -> Option<&'r str> {
    let told = run.messages.iter().rev().map(|message| &message["trace"]["stream_status"]);
    let mut of_stream = told.filter(|status| status["stream_descriptor"]["name"] == stream);
    of_stream.next()?["status"].as_str()
}

/// Complaints about the refusals of a column. The other columns show who could read the stream.
fn complaints(column: &Column, columns: &[Column]) -> Vec<String> {
    let reads = |plan: Plan, role: &str, stream: &str| {
        let mut of_person = columns.iter().filter(|one| one.plan == plan && one.role == role);
        of_person.any(|one| !one.refused.contains_key(stream))
    };
    let mut found = Vec::new();
    let mut complain = |what: String| {
        found.push(format!("{:?} {}: {what}", column.plan, column.role));
    };
    for (stream, refusal) in &column.refused {
        let reason = refusal.reason(stream);
        if refusal.failure_type != "config_error" || !reason.contains("It needs ") {
            complain(format!("{stream} is no refusal that says what is needed: {refusal:?}"));
        }
        let is_for_admins = column.role == "agent" && reads(column.plan, "admin", stream);
        if is_for_admins
            && !["administrator's role", "permission"].iter().any(|word| reason.contains(word))
        {
            complain(format!("{stream} does not say that an administrator could: {reason}"));
        }
        let is_of_plan =
            reads(Plan::EnterprisePlus, "admin", stream) && !reads(column.plan, "admin", stream);
        if is_of_plan && !reason.contains(" plan") {
            complain(format!("{stream} does not say which plan it needs: {reason}"));
        }
    }
    for stream in column.left_out.keys().filter(|stream| !column.refused.contains_key(*stream)) {
        complain(format!("{stream} can be read and is left out"));
    }
    found
}

fn render(all: &[String], columns: &[Column]) -> String {
    let mut table = format!("{:<24}", "stream");
    for column in columns {
        let _ = write!(table, "| {:<18} ", format!("{:?}", column.plan));
    }
    let _ = write!(table, "\n{:<24}", "");
    for column in columns {
        let _ = write!(table, "| {:<18} ", column.role);
    }
    for stream in all {
        let _ = write!(table, "\n{stream:<24}");
        for column in columns {
            let mut cell = "C".to_owned();
            if let Some(refusal) = column.refused.get(stream) {
                cell = format!("{} {}", refusal.status(), refusal.needs(stream));
            } else if column.role == "agent" && ON_DETOUR.contains(&stream.as_str()) {
                cell = "D".to_owned();
            }
            if column.left_out.contains_key(stream) {
                cell.push_str(" -");
            }
            let _ = write!(table, "| {cell:<18} ");
        }
    }
    let mut text = format!("{LEGEND}\n");
    for line in table.lines() {
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}
