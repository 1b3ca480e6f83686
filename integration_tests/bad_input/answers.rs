//! Answers that are not valid answers of Zendesk. The stream that gets one fails, and the other
//! streams are not affected.

use serde_json::Value;
use simulator::{ADMIN_API_TOKEN, Fault, Faults, When};

use super::misbehaviour;
use crate::harness::{Connector, FULL, catalog, simulator};
use crate::program::run;
use crate::protocol::check_output;

/// A listing, and the streams that read it.
const LISTINGS: &[(&str, &[&str])] = &[
    ("/tags.json", &["tags"]),
    ("/groups.json", &["groups"]),
    ("/custom_roles.json", &["custom_roles"]),
    ("/ticket_audits.json", &["ticket_audits"]),
    ("/deleted_tickets.json", &["deleted_tickets"]),
    ("/incremental/organizations.json", &["organizations"]),
    ("/incremental/ticket_metric_events.json", &["ticket_metric_events"]),
    ("/incremental/ticket_events.json", &["ticket_events", "ticket_comments"]),
    ("/incremental/tickets/cursor.json", &["tickets", "ticket_metrics"]),
    (
        "/help_center/incremental/articles.json",
        &["articles", "article_comments", "article_comment_votes"],
    ),
];

fn faults() -> Vec<(&'static str, Fault)> {
    let body =
        |body: &str| Fault::Status { status: 200, headers: Vec::new(), body: body.to_owned() };
    vec![
        ("no JSON", body("this is no JSON")),
        ("cut JSON", body("{\"count\": 1, ")),
        ("a list", body("[]")),
        ("null", body("null")),
        ("HTML", Fault::Html),
        ("an empty body", Fault::Empty),
        ("no record key", Fault::WithoutKey),
    ]
}

/// Streams that are read in the same run and must not be affected.
const BYSTANDERS: &[&str] = &["tags", "groups", "organizations"];

#[test]
fn an_unusable_answer_fails_its_stream_alone() {
    let sim = simulator(1);
    sim.advance_seconds(70);
    let connector = Connector::new(&sim);
    let all = connector.discover();
    let mut found = Vec::new();
    // Every fault on one listing, and two faults on every listing.
    for (index, (path, culprits)) in LISTINGS.iter().enumerate() {
        for (what, fault) in faults() {
            if index > 0 && what != "no record key" && what != "HTML" {
                continue;
            }
            sim.faults(Faults::rule(path, When::Always, fault));
            let mut streams = all.clone();
            streams.retain(|stream| {
                let is = |name: &&str| stream["name"] == *name;
                culprits.iter().any(is) || BYSTANDERS.iter().any(is)
            });
            let wrong = read_with_culprits(&connector, &streams, culprits);
            found.extend(wrong.into_iter().map(|why| format!("{what} at {path}: {why}")));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

fn read_with_culprits(
    connector: &Connector<'_>,
    streams: &[Value],
    culprits: &[&str],
) -> Vec<String> {
    let names: Vec<&str> = streams.iter().filter_map(|stream| stream["name"].as_str()).collect();
    let mut command = connector.command("read");
    command.arg("--config").arg(connector.file("config.json", &connector.config));
    command.arg("--catalog").arg(connector.file("catalog.json", &catalog(&names, FULL)));
    let ended = run(command);
    let mut found = check_output(&ended.stdout, streams);
    found.extend(misbehaviour(&ended, &[ADMIN_API_TOKEN.token]));
    if ended.code != Some(1) {
        found.push(format!("exit code {:?}", ended.code));
    }
    let errors = ended.errors();
    for name in &names {
        let is_culprit = culprits.contains(name);
        let status = ended.last_status(name);
        let wanted = if is_culprit { "INCOMPLETE" } else { "COMPLETE" };
        if status.as_deref() != Some(wanted) {
            found.push(format!("{name} is {status:?} and not {wanted}"));
        }
        let of_stream: Vec<_> = errors.iter().filter(|(_, stream, _)| stream == name).collect();
        match (&of_stream[..], is_culprit) {
            ([], false) => {}
            ([(kind, _, message)], true) if kind == "transient_error" && message.contains(name) => {
            }
            _ => found.push(format!("{name} tells {of_stream:?}")),
        }
    }
    match errors.last() {
        Some((_, stream, message))
            if stream.is_empty() && culprits.iter().all(|name| message.contains(name)) => {}
        other => found.push(format!("the last error does not sum up: {other:?}")),
    }
    found
}
