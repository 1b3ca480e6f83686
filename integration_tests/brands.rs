//! Help centers of several brands. All are read, each at its own host and from its own position.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use simulator::{AuthorizationKind, Fault, FaultRule, Faults, Settings, Simulator, When};

use crate::expected::{listing, newest};
use crate::harness::{Connector, FULL, INCREMENTAL, Run, SCALE};
use crate::program::{run, unscaled};

const STREAMS: [&str; 5] =
    ["articles", "article_votes", "article_attachments", "posts", "category_translations"];

fn account(help_centers: usize) -> Simulator {
    of(Settings { help_centers, ..Settings::default() })
}

fn of(settings: Settings) -> Simulator {
    let settings = Settings { seed: 97, scale: SCALE, ..settings };
    let sim = Simulator::start(settings).expect("the simulator starts");
    sim.advance_seconds(70);
    sim
}

/// The ids and subdomains of the brands with a help center, the main brand first.
fn brands(sim: &Simulator) -> Vec<(u64, String)> {
    let brands = sim.account(|account| account.help_centers());
    brands.into_iter().map(|brand| (brand.id, brand.subdomain)).collect()
}

/// The number of rows of a stream by brand.
fn counts(run: &Run, stream: &str) -> BTreeMap<u64, usize> {
    let mut counts = BTreeMap::new();
    for row in run.records(stream) {
        *counts.entry(row["brand_id"].as_u64().expect("a brand")).or_default() += 1;
    }
    counts
}

/// Fails unless a run delivered all rows of all help centers, each with the id of its brand.
fn assert_all(sim: &Simulator, run: &Run) {
    for stream in STREAMS {
        assert_eq!(newest(stream, run.records(stream)), listing(sim, stream), "{stream}");
    }
}

fn hosts(sim: &Simulator, part: &str) -> BTreeSet<String> {
    let requests = sim.requests();
    requests.iter().filter(|seen| seen.path.contains(part)).map(|seen| seen.host.clone()).collect()
}

fn host((_, subdomain): &(u64, String)) -> String {
    format!("{subdomain}.zendesk.com")
}

#[test]
fn every_help_center_is_read_at_its_own_host_and_nothing_else_is() {
    let sim = account(3);
    let connector = Connector::new(&sim);
    let brands = brands(&sim);
    let mut streams = STREAMS.to_vec();
    streams.push("groups");
    let run = connector.read(&streams, INCREMENTAL, &[]).complete();
    assert_all(&sim, &run);
    for stream in STREAMS {
        let came: Vec<u64> = counts(&run, stream).into_keys().collect();
        let mut all: Vec<u64> = brands.iter().map(|(id, _)| *id).collect();
        all.sort_unstable();
        assert_eq!(came, all, "{stream}");
    }
    let all: BTreeSet<String> = brands.iter().map(host).collect();
    assert_eq!(hosts(&sim, "help_center/incremental/articles"), all);
    assert_eq!(hosts(&sim, "/groups"), BTreeSet::from([host(&brands[0])]));
    assert!(sim.stray_requests().is_empty(), "{:?}", sim.stray_requests());
    // Brands whose help center does not answer are told, and not asked.
    let told = run.logs("INFO");
    let told = told.iter().find(|told| told.starts_with("help centers read: "));
    let told = told.expect("what is read");
    assert!(
        brands.iter().all(|(_, name)| told.contains(name)) && told.contains("skipped: "),
        "{told}"
    );
}

#[test]
fn each_brand_goes_on_from_its_own_part_of_the_state_and_one_alone_has_no_parts() {
    let sim = account(2);
    let mut connector = Connector::new(&sim);
    let brands = brands(&sim);
    let other = brands[1].0.to_string();
    connector.config["help_center_brands"] = json!([brands[0].1]);
    let main_alone = connector.read(&STREAMS, INCREMENTAL, &[]).complete();
    for stream in STREAMS {
        assert_eq!(counts(&main_alone, stream).into_keys().collect::<Vec<_>>(), [brands[0].0]);
        let state = main_alone.state(stream).expect("a state");
        assert!(state.get("brands").is_none(), "{stream}: {state}");
    }
    // The other brand is read from its beginning, the main one from where it was left.
    connector.config.as_object_mut().expect("a config").remove("help_center_brands");
    sim.advance_seconds(3600);
    let states = main_alone.states_over(&[]);
    let both = connector.read(&STREAMS, INCREMENTAL, &states).complete();
    let articles = counts(&both, "articles");
    let in_account = listing(&sim, "articles");
    let of_other = in_account.values().filter(|row| row["brand_id"] == brands[1].0).count();
    assert_eq!(articles.get(&brands[1].0), Some(&of_other));
    assert!(!articles.contains_key(&brands[0].0), "{articles:?}");
    for stream in STREAMS {
        let (before, state) = (main_alone.state(stream), both.state(stream).expect("a state"));
        let part = &state["brands"][&other];
        assert_eq!(part["walk"]["feed"], state["walk"]["feed"], "{stream}: {state}");
        // What Airbyte's connector would go on from is the main brand's.
        for key in before.and_then(Value::as_object).expect("a state").keys() {
            assert!(state.get(key).is_some() && part.get(key).is_some(), "{stream}: {state}");
        }
    }
    // A brand that is left out keeps its place, and nothing comes twice.
    connector.config["help_center_brands"] = json!([brands[0].1]);
    sim.advance_seconds(3600);
    let states = both.states_over(&states);
    let without = connector.read(&STREAMS, INCREMENTAL, &states).complete();
    let states = without.states_over(&states);
    connector.config["help_center_brands"] = json!([brands[1].1.to_ascii_uppercase()]);
    sim.advance_seconds(3600);
    let again = connector.read(&STREAMS, INCREMENTAL, &states).complete();
    assert_eq!(again.records("articles"), Vec::<&Value>::new());
    let (before, after) = (without.state("articles"), again.state("articles"));
    let flat = |state: Option<&Value>| state.map(|state| state["updated_at"].clone());
    assert_eq!(flat(before), flat(after));
}

#[test]
fn one_help_center_that_fails_holds_up_no_other_and_is_named() {
    let sim = account(3);
    let connector = Connector::new(&sim);
    let brands = brands(&sim);
    let (broken, name) = &brands[1];
    let rule = FaultRule::new("incremental/articles", When::Always, Fault::status(403));
    sim.faults(Faults { rules: vec![rule.at_brand(name)], ..Faults::default() });
    let run = connector.read(&["articles", "posts"], INCREMENTAL, &[]);
    assert_eq!(run.code, Some(1));
    let (status, posts) = (run.status("articles"), run.status("posts"));
    assert_eq!((status, posts), (Some("INCOMPLETE"), Some("COMPLETE")));
    let (kind, message) = run.error("articles").expect("an error");
    assert!(kind == "config_error" && message.contains(&host(&brands[1])), "{message}");
    let came = counts(&run, "articles");
    assert!(came.len() == 2 && !came.contains_key(broken), "{came:?}");
    // The next sync brings what was missing, and only that.
    sim.faults(Faults::default());
    sim.advance_seconds(3600);
    let states = run.states_over(&[]);
    let next = connector.read(&["articles", "posts"], INCREMENTAL, &states).complete();
    assert_eq!(counts(&next, "articles").into_keys().collect::<Vec<_>>(), [*broken]);
    let mut all = newest("articles", run.records("articles"));
    all.extend(newest("articles", next.records("articles")));
    assert_eq!(all, listing(&sim, "articles"));
}

#[test]
fn a_full_refresh_that_was_killed_goes_on_with_the_brands_that_are_left() {
    let sim = account(3);
    let mut connector = Connector::new(&sim);
    let mut states: Vec<Value> = Vec::new();
    let mut rows = BTreeMap::new();
    let mut cut_short = 0;
    for lines in [25, 40, 60, usize::MAX] {
        let run = connector.read_killed(&STREAMS, FULL, &states, lines);
        for stream in STREAMS {
            let known: &mut crate::expected::ByKey = rows.entry(stream).or_default();
            known.extend(newest(stream, run.records(stream)));
        }
        states = run.states_over(&states);
        cut_short += usize::from(run.code != Some(0));
        connector.attempt += 1;
    }
    assert_eq!(cut_short, 3);
    for stream in STREAMS {
        assert_eq!(rows[stream], listing(&sim, stream), "{stream}");
    }
}

#[test]
fn a_brands_files_come_from_its_own_host() {
    let sim = account(3);
    let mut connector = Connector::new(&sim);
    connector.include_files = Some(true);
    let run = connector.read(&["article_attachments"], FULL, &[]).complete();
    assert_eq!(
        newest("article_attachments", run.records("article_attachments")),
        listing(&sim, "article_attachments")
    );
    let referring = run.messages.iter().map(|message| &message["record"]);
    let referring = referring.filter(|record| record["file_reference"].is_object());
    let whose: BTreeSet<u64> =
        referring.filter_map(|record| record["data"]["brand_id"].as_u64()).collect();
    let brands = brands(&sim);
    assert_eq!(whose, brands.iter().map(|(id, _)| *id).collect::<BTreeSet<u64>>());
    assert_eq!(hosts(&sim, "/hc/"), brands.iter().map(host).collect());
    // The host of contents saw no credentials.
    let unsigned = |kind: &AuthorizationKind| *kind == AuthorizationKind::None;
    let requests = sim.requests();
    let mut contents = requests.iter().filter(|seen| !seen.path.starts_with("/api/"));
    assert!(contents.any(|seen| unsigned(&seen.authorization)));
}

#[test]
fn nothing_is_sent_where_a_brands_subdomain_would_lead() {
    let hostile = &["evil.example.com/", "evil.example.com", "a@evil", "127.0.0.1:9", ""];
    let sim = of(Settings { hostile_subdomains: hostile, ..Settings::default() });
    let connector = Connector::new(&sim);
    let run = connector.read(&["articles"], FULL, &[]).complete();
    assert_eq!(newest("articles", run.records("articles")), listing(&sim, "articles"));
    assert!(sim.stray_requests().is_empty(), "{:?}", sim.stray_requests());
    let told = run.logs("WARN");
    let told = told.iter().filter(|told| told.contains("its help center is not read"));
    assert_eq!(told.count(), hostile.len());
}

#[test]
fn without_the_brands_the_main_help_center_is_read_and_that_is_told() {
    let sim = account(2);
    let mut connector = Connector::new(&sim);
    sim.faults(Faults::rule("/brands", When::Always, Fault::status(403)));
    let run = connector.read(&["articles"], INCREMENTAL, &[]).complete();
    let main = brands(&sim)[0].0;
    let all = listing(&sim, "articles");
    let of_main = all.values().filter(|row| row["brand_id"] == main).count();
    assert_eq!(run.records("articles").len(), of_main);
    let told = run.logs("WARN").join("\n");
    assert!(told.contains("only the help center of acme is read"), "{told}");
    // Whoever names brands does not get others instead.
    connector.config["help_center_brands"] = json!(["acme"]);
    let run = connector.read(&["articles", "tags"], INCREMENTAL, &[]);
    let (kind, message) = run.error("articles").expect("an error");
    assert_eq!((run.code, kind), (Some(1), "config_error"), "{message}");
    assert_eq!(run.status("tags"), Some("COMPLETE"));
}

#[test]
fn a_name_of_no_brand_fails_the_check_and_its_streams() {
    let sim = account(2);
    let mut connector = Connector::new(&sim);
    connector.config["help_center_brands"] = json!(["acme", "acme-typo"]);
    let mut command = connector.command("check");
    unscaled(&mut command);
    command.arg("--config").arg(connector.file("config.json", &connector.config));
    let messages = run(command).messages();
    let status = messages.iter().map(|message| &message["connectionStatus"]);
    let status = status.into_iter().find(|status| status.is_object()).expect("a status");
    assert_eq!(status["status"], "FAILED");
    let message = status["message"].as_str().expect("a message");
    assert!(message.contains("acme-typo") && message.contains(&brands(&sim)[1].1), "{message}");
    let run = connector.read(&["articles", "tags"], INCREMENTAL, &[]);
    assert_eq!(run.error("articles").map(|(kind, _)| kind), Some("config_error"));
    assert_eq!(run.status("tags"), Some("COMPLETE"));
}

#[test]
fn streams_are_listed_and_read_though_the_main_brand_has_no_help_center() {
    let sim = account(2);
    let brands = brands(&sim);
    sim.account(|account| {
        account.set_field("brands", &brands[0].0.to_string(), "has_help_center", "false");
        account.set_field("brands", &brands[0].0.to_string(), "help_center_state", "\"disabled\"");
    });
    let connector = Connector::new(&sim);
    let listed = connector.discover();
    assert!(listed.iter().any(|stream| stream["name"] == "articles"));
    let run = connector.read(&["articles"], INCREMENTAL, &[]).complete();
    assert_eq!(counts(&run, "articles").into_keys().collect::<Vec<_>>(), [brands[1].0]);
}
