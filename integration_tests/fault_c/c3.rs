//! Refusals that come from the network and not from Zendesk.

use serde_json::Value;
use simulator::{Fault, FaultRule, Faults, Simulator, When};

use crate::harness::{Connector, FULL, simulator};
use crate::program::{run, unscaled};

/// The message of `check`, if it failed, and its WARNs.
fn check(connector: &Connector<'_>) -> (Option<String>, Vec<String>) {
    let mut command = connector.command("check");
    unscaled(&mut command);
    command.arg("--config").arg(connector.file("config.json", &connector.config));
    let messages = run(command).messages();
    let failed = messages.iter().find(|message| message["connectionStatus"]["status"] == "FAILED");
    let failed = failed.and_then(|message| message["connectionStatus"]["message"].as_str());
    let warned = messages.iter().filter(|message| message["log"]["level"] == "WARN");
    let warned = warned.filter_map(|message| message["log"]["message"].as_str());
    (failed.map(str::to_owned), warned.map(str::to_owned).collect())
}

fn discovered(connector: &Connector<'_>) -> Vec<String> {
    let mut command = connector.command("discover");
    unscaled(&mut command);
    command.arg("--config").arg(connector.file("config.json", &connector.config));
    let messages = run(command).messages();
    let catalog = messages.iter().find(|message| message["type"] == "CATALOG").expect("a catalog");
    let streams = catalog["catalog"]["streams"].as_array().into_iter().flatten();
    streams.filter_map(|stream: &Value| stream["name"].as_str().map(str::to_owned)).collect()
}

/// Answers that a device on the way gives instead of Zendesk.
fn interceptions() -> Vec<(String, Fault)> {
    let pages = [400, 401, 402, 403, 404, 405, 410, 422, 451];
    let pages = pages.map(|status| (format!("a page with {status}"), Fault::block_page(status)));
    let texts = [403, 404].map(|status| {
        (format!("a text with {status}"), Fault::with_body(status, "error code: 1020"))
    });
    let others = [("a challenge", Fault::challenge()), ("a sign-in page", Fault::Html)];
    let others = others.map(|(name, fault)| (name.to_owned(), fault));
    pages.into_iter().chain(texts).chain(others).collect()
}

#[test]
fn what_the_network_refuses_is_transient_and_points_at_the_network() {
    let sim = simulator(740);
    let connector = Connector::new(&sim);
    for (name, fault) in interceptions() {
        sim.faults(Faults::rule("/groups", When::Always, fault.clone()));
        let run = connector.read(&["groups", "tags"], FULL, &[]);
        let (kind, message) = run.error("groups").expect("an error");
        assert_eq!(kind, "transient_error", "{name}: {message}");
        assert!(message.contains("IP restrictions"), "{name}: {message}");
        assert!(!message.contains("role"), "{name}: {message}");
        assert_eq!(run.status("tags"), Some("COMPLETE"), "{name}");
        // One of them amid good answers costs time alone.
        sim.faults(Faults::rules([FaultRule::new("/groups", When::Always, fault).at_most(2)]));
        connector.read(&["groups"], FULL, &[]).complete();
    }
}

/// Fails if a stream is left out because of a refusal or a 404 that is not Zendesk's own.
fn drops_nothing(sim: &Simulator, connector: &Connector<'_>, all: &[String], fault: Fault) {
    let paths = ["/audit_logs", "/ticket_forms", "/help_center/", "/community/", "/custom_roles"];
    sim.faults(Faults::rules(paths.map(|path| FaultRule::new(path, When::Always, fault.clone()))));
    assert_eq!(discovered(connector), all, "{fault:?}");
    let (failed, warned) = check(connector);
    assert_eq!(failed, None, "{fault:?}");
    let dropped = warned.iter().find(|line| line.contains("not readable"));
    assert_eq!(dropped, None, "{fault:?}");
}

#[test]
fn what_the_network_refuses_is_not_left_out_of_the_catalog() {
    let sim = simulator(741);
    let connector = Connector::new(&sim);
    let all = discovered(&connector);
    drops_nothing(&sim, &connector, &all, Fault::block_page(403));
    drops_nothing(&sim, &connector, &all, Fault::challenge());
    drops_nothing(&sim, &connector, &all, Fault::block_page(404));
    for status in [403, 404] {
        drops_nothing(&sim, &connector, &all, Fault::with_body(status, ""));
        drops_nothing(&sim, &connector, &all, Fault::with_body(status, "{}"));
    }
    // Zendesk's own word leaves them out.
    sim.faults(Faults::rule("/audit_logs", When::Always, Fault::status(403)));
    assert!(!discovered(&connector).contains(&"audit_logs".to_owned()));
}

#[test]
fn a_check_that_meets_a_block_page_says_where_to_look() {
    let sim = simulator(742);
    let connector = Connector::new(&sim);
    for fault in [Fault::block_page(403), Fault::challenge(), Fault::Html, Fault::block_page(401)] {
        sim.faults(Faults::rule("", When::Always, fault.clone()));
        let (failed, _) = check(&connector);
        let failed = failed.expect("it fails");
        assert!(failed.contains("IP restrictions"), "{fault:?}: {failed}");
    }
}
