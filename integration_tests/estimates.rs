//! Estimates of the number of rows, from Zendesk's counts. They are written only where they are
//! true, and they never delay a sync.

use std::process::{Command, Stdio};

use serde_json::{Value, json};
use simulator::{Fault, FaultRule, Faults, Simulator, When};

use crate::harness::{Connector, FULL, INCREMENTAL, catalog, simulator};
use crate::program::{Ended, run};
use crate::protocol::check_output;

/// Streams, with the table whose rows are counted, a part of the request for the count, and the
/// path of the stream's listing. For users, the request is the one that says how many of them will
/// be read.
const COUNTED: &[(&str, &str, &str, &str)] = &[
    ("tickets", "tickets", "query=type%3Aticket", "/incremental/tickets/cursor.json"),
    ("ticket_metrics", "tickets", "query=type%3Aticket", "/incremental/tickets/cursor.json"),
    ("users", "users", "user", "/incremental/users/cursor.json"),
    ("organizations", "organizations", "/organizations/count", "/incremental/organizations.json"),
    ("groups", "groups", "/groups/count", "/groups.json"),
    ("ticket_fields", "ticket_fields", "/ticket_fields/count", "/ticket_fields.json"),
];

/// Streams that begin at the start date, for which no count exists.
const UNCOUNTED: &[(&str, &str)] = &[
    ("ticket_activities", "/activities.json"),
    ("satisfaction_ratings", "/satisfaction_ratings.json"),
];

/// The time that each page but the first of a listing takes, in simulated milliseconds: half a real
/// second. Without it a sync would be over before an estimate makes sense.
const PAGE_MS: u64 = 300_000;

fn slow_listings() -> Vec<FaultRule> {
    let mut paths: Vec<&str> = COUNTED.iter().map(|(.., path)| *path).collect();
    paths.extend(UNCOUNTED.iter().map(|(_, path)| *path));
    paths.dedup();
    let slow = |path| FaultRule::new(path, When::After(1), Fault::Delay { ms: PAGE_MS });
    paths.into_iter().map(slow).collect()
}

fn names() -> Vec<&'static str> {
    let uncounted = UNCOUNTED.iter().map(|(stream, _)| *stream);
    COUNTED.iter().map(|(stream, ..)| *stream).chain(uncounted).collect()
}

fn read(connector: &Connector<'_>, streams: &[&str], mode: &str, states: &[Value]) -> Command {
    let mut command = connector.command("read");
    command.arg("--config").arg(connector.file("config.json", &connector.config));
    command.arg("--catalog").arg(connector.file("catalog.json", &catalog(streams, mode)));
    command.arg("--state").arg(connector.file("state.json", &json!(states)));
    command.stdout(Stdio::piped());
    command
}

/// A connector with more workers than walks, so that one is always free.
fn connector(sim: &Simulator) -> Connector<'_> {
    let mut connector = Connector::new(sim);
    connector.config["num_workers"] = json!(12);
    connector
}

/// Runs a read that must succeed. The strict reader checks its output.
fn complete(connector: &Connector<'_>, streams: &[&str], command: Command) -> Ended {
    let ended = run(command);
    assert_eq!(ended.code, Some(0), "{:?}", ended.errors());
    let mut described = connector.discover();
    described.retain(|stream| streams.iter().any(|name| stream["name"] == *name));
    assert_eq!(check_output(&ended.stdout, &described), Vec::<String>::new());
    ended
}

/// Every estimate in order: stream and number of rows.
fn estimates(ended: &Ended) -> Vec<(String, u64)> {
    let messages = ended.messages();
    let estimates = messages.iter().map(|message| &message["trace"]["estimate"]);
    let told = estimates.filter(|estimate| estimate.is_object()).map(|estimate| {
        let name = estimate["name"].as_str().expect("a name").to_owned();
        (name, estimate["row_estimate"].as_u64().expect("a number of rows"))
    });
    told.collect()
}

fn records(ended: &Ended, stream: &str) -> usize {
    let messages = ended.messages();
    messages.iter().filter(|message| message["record"]["stream"] == stream).count()
}

/// The paths of the requests for counts so far.
fn counts(sim: &Simulator) -> Vec<String> {
    let requests = sim.requests().into_iter().map(|request| request.path);
    requests.filter(|path| path.contains("/count")).collect()
}

#[test]
fn a_read_from_the_beginning_is_estimated_by_one_request_per_count_after_the_first_page() {
    for mode in [FULL, INCREMENTAL] {
        let sim = simulator(4711);
        sim.advance_seconds(70);
        sim.faults(Faults::rules(slow_listings()));
        let connector = connector(&sim);
        let ended = complete(&connector, &names(), read(&connector, &names(), mode, &[]));
        let requests = sim.requests();
        let told = estimates(&ended);
        for (stream, table, count, listing) in COUNTED {
            let of_stream: Vec<u64> =
                told.iter().filter(|(name, _)| name == stream).map(|(_, rows)| *rows).collect();
            let live = sim.account(|account| {
                // What the start date leaves out is no part of it.
                account.truth(table).into_iter().filter(|truth| !truth.deleted).count()
            });
            assert_eq!(of_stream, [live as u64], "{mode} {stream}");
            let counts = requests.iter().filter(|seen| seen.path.contains("/count"));
            let asked: Vec<u64> =
                counts.filter(|seen| seen.target().contains(count)).map(|seen| seen.n).collect();
            assert_eq!(asked.len(), 1, "{mode} {stream}");
            let first = requests.iter().find(|seen| seen.path.ends_with(listing));
            assert!(first.is_some_and(|seen| seen.n < asked[0]), "{mode} {stream}");
        }
        assert_eq!(told.len(), COUNTED.len());
    }
}

#[test]
fn a_later_read_of_what_is_new_is_not_estimated() {
    let sim = simulator(4712);
    sim.advance_seconds(70);
    let connector = connector(&sim);
    let first = connector.read(&names(), INCREMENTAL, &[]).complete();
    sim.clear_requests();
    sim.advance_seconds(7200);
    sim.faults(Faults::rules(slow_listings()));
    let states = first.states_over(&[]);
    let ended = complete(&connector, &names(), read(&connector, &names(), INCREMENTAL, &states));
    assert_eq!(estimates(&ended), []);
    assert_eq!(counts(&sim), Vec::<String>::new());
}

#[test]
fn a_full_refresh_that_goes_on_in_the_middle_is_not_estimated() {
    let sim = simulator(4713);
    sim.faults(Faults::rules(slow_listings()));
    let mut connector = connector(&sim);
    let part = connector.read_killed(&["groups"], FULL, &[], 4);
    let states = part.states_over(&[]);
    assert_eq!(part.code, None, "it was killed");
    sim.clear_requests();
    connector.attempt = 1;
    let ended = complete(&connector, &["groups"], read(&connector, &["groups"], FULL, &states));
    assert!(records(&ended, "groups") > 0);
    assert_eq!((estimates(&ended), counts(&sim)), (Vec::new(), Vec::new()));
}

#[test]
fn a_count_that_does_not_come_is_asked_once_and_leaves_a_debug_line() {
    let mut faults = Fault::kinds();
    // What trickles comes in the end, and a row that is not valid JSON is mended.
    faults.retain(|(_, fault)| !matches!(fault, Fault::Trickle { .. } | Fault::Malformed { .. }));
    faults.extend([
        ("403", Fault::status(403)),
        ("404", Fault::status(404)),
        ("429 for an hour", Fault::retry_after(429, 3600)),
    ]);
    for (kind, fault) in faults {
        let sim = simulator(4714);
        let mut rules = slow_listings();
        rules.push(FaultRule::new("/groups/count", When::Always, fault));
        sim.faults(Faults::rules(rules));
        let connector = connector(&sim);
        let mut command = read(&connector, &["groups"], FULL, &[]);
        command.arg("--debug");
        let ended = run(command);
        assert_eq!((ended.code, estimates(&ended)), (Some(0), Vec::new()), "{kind}");
        assert_eq!(counts(&sim).len(), 1, "{kind}");
        let messages = ended.messages();
        let why = messages.iter().find_map(|message| {
            let text = message["log"]["message"].as_str()?;
            text.contains("groups/count").then_some((text, &message["log"]["level"]))
        });
        assert_eq!(why.map(|(_, level)| level), Some(&json!("DEBUG")), "{kind}");
        assert_eq!(records(&ended, "groups"), sim.account(|account| account.truth("groups").len()));
    }
}

#[test]
fn a_count_that_zendesk_is_still_making_is_not_told() {
    let sim = simulator(4715);
    sim.knobs(|knobs| knobs.still_counting = true);
    sim.faults(Faults::rules(slow_listings()));
    let connector = connector(&sim);
    let ended = complete(&connector, &["groups"], read(&connector, &["groups"], FULL, &[]));
    assert_eq!((estimates(&ended), counts(&sim).len()), (Vec::new(), 1));
    assert!(!String::from_utf8_lossy(&ended.stdout).contains("DEBUG"));
}

#[test]
fn a_sync_waits_for_no_count() {
    let sim = simulator(4716);
    let mut rules = slow_listings();
    // Later than any run may last.
    rules.push(FaultRule::new("/count", When::Always, Fault::Delay { ms: 86_400_000 }));
    sim.faults(Faults::rules(rules));
    let connector = connector(&sim);
    let ended = run(read(&connector, &["groups"], FULL, &[]));
    assert_eq!((ended.code, estimates(&ended)), (Some(0), Vec::new()));
    assert_eq!(counts(&sim).len(), 1);
}

#[test]
fn a_worker_that_a_walk_wants_is_not_spent_on_a_count() {
    let sim = simulator(4717);
    sim.faults(Faults::rules(slow_listings()));
    let mut connector = Connector::new(&sim);
    connector.config["num_workers"] = json!(1);
    let streams = ["groups", "ticket_fields", "organizations"];
    let ended = run(read(&connector, &streams, FULL, &[]));
    assert_eq!(ended.code, Some(0), "{:?}", ended.errors());
    // While more than one listing is read, one of them always wants the only worker.
    let requests = sim.requests();
    let first_count = requests.iter().position(|request| request.path.contains("/count"));
    let before = &requests[..first_count.unwrap_or(requests.len())];
    let ends = |stream: &str| records(&ended, stream).div_ceil(5);
    let mut unfinished = 0;
    for (stream, .., listing) in COUNTED.iter().filter(|(stream, ..)| streams.contains(stream)) {
        let pages = before.iter().filter(|request| request.path.ends_with(listing)).count();
        unfinished += usize::from(pages < ends(stream));
    }
    assert!(unfinished <= 1, "{unfinished} listings waited for a count");
}
