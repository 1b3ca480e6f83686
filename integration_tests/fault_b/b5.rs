//! A brand whose help center is listed but does not exist. It does not stop the syncs for ever, and
//! a message names the option that helps.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use simulator::{Fault, FaultRule, Faults, Settings, Simulator, When};

use crate::expected::{ByKey, listing, newest};
use crate::harness::{Connector, INCREMENTAL, Run, SCALE};
use crate::program::{run, unscaled};

const STREAMS: [&str; 4] = ["articles", "article_comments", "posts", "sections"];

/// An account whose third brand has a restricted help center.
fn account(seed: u64, help_centers: usize) -> Simulator {
    let settings = Settings { seed, scale: SCALE, help_centers, ..Settings::default() };
    let sim = Simulator::start(settings).expect("the simulator starts");
    sim.advance_seconds(70);
    sim
}

fn brands(sim: &Simulator) -> Vec<(u64, String)> {
    let brands = sim.account(|account| account.help_centers());
    brands.into_iter().map(|brand| (brand.id, brand.subdomain)).collect()
}

fn set_state(sim: &Simulator, brand: u64, state: &str) {
    let (brand, state) = (brand.to_string(), json!(state).to_string());
    sim.account(|account| account.set_field("brands", &brand, "help_center_state", &state));
}

/// All rows of a stream except those of one brand.
fn without(sim: &Simulator, stream: &str, brand: u64) -> ByKey {
    let mut all = listing(sim, stream);
    all.retain(|_, row| row["brand_id"] != brand);
    all
}

/// The warnings that name the option that helps.
fn warnings(run: &Run) -> Vec<&str> {
    let names = |told: &&str| told.contains("`help_center_brands`");
    run.logs("WARN").into_iter().filter(names).collect()
}

/// The result of `check`: its warnings, and whether it succeeds.
fn checked(connector: &Connector<'_>) -> (Vec<String>, bool) {
    let mut command = connector.command("check");
    unscaled(&mut command);
    command.arg("--config").arg(connector.file("config.json", &connector.config));
    let messages = run(command).messages();
    let warned = messages.iter().filter(|message| message["log"]["level"] == "WARN");
    let warned = warned.filter_map(|message| message["log"]["message"].as_str());
    let warned = warned.map(str::to_owned).collect();
    let succeeded = |message: &Value| message["connectionStatus"]["status"] == "SUCCEEDED";
    (warned, messages.iter().any(succeeded))
}

#[test]
fn a_restricted_help_center_that_answers_404_is_left_out_and_named_with_the_option() {
    let sim = account(420, 3);
    let connector = Connector::new(&sim);
    let (absent, name) = brands(&sim)[2].clone();
    sim.knobs(|knobs| knobs.restricted_are_absent = true);
    let run = connector.read(&STREAMS, INCREMENTAL, &[]).complete();
    for stream in STREAMS {
        assert_eq!(run.status(stream), Some("COMPLETE"));
        let came = newest(stream, run.records(stream));
        assert_eq!(came, without(&sim, stream, absent), "{stream}");
    }
    let told = warnings(&run);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains(&format!("{name}.zendesk.com")), "{told:?}");
    assert!(told[0].contains("restricted") && told[0].contains("article_comments"), "{told:?}");
    let closing =
        run.logs("INFO").into_iter().filter(|told| told.contains("1 help centers skipped"));
    assert_eq!(closing.count(), STREAMS.len());
    // The check says so too, and does not fail.
    let (warned, succeeded) = checked(&connector);
    let told =
        warned.iter().filter(|told| told.contains(&name) && told.contains("help_center_brands"));
    assert!(succeeded && told.count() == 1, "{warned:?}");
    // Once it answers, all of it comes.
    sim.knobs(|knobs| knobs.restricted_are_absent = false);
    sim.advance_seconds(3600);
    let next = connector.read(&STREAMS, INCREMENTAL, &run.states_over(&[])).complete();
    for stream in STREAMS {
        let mut all = newest(stream, run.records(stream));
        all.extend(newest(stream, next.records(stream)));
        assert_eq!(all, listing(&sim, stream), "{stream}");
    }
    assert_eq!(warnings(&next), Vec::<&str>::new());
    assert!(checked(&connector).0.iter().all(|told| !told.contains(&name)));
}

#[test]
fn one_that_was_read_before_keeps_its_place_while_it_is_not_there() {
    let sim = account(421, 3);
    let connector = Connector::new(&sim);
    let before = connector.read(&STREAMS, INCREMENTAL, &[]).complete();
    sim.knobs(|knobs| knobs.restricted_are_absent = true);
    sim.advance_seconds(3600);
    let states = before.states_over(&[]);
    let meanwhile = connector.read(&STREAMS, INCREMENTAL, &states).complete();
    assert_eq!(warnings(&meanwhile).len(), 1);
    sim.knobs(|knobs| knobs.restricted_are_absent = false);
    sim.advance_seconds(3600);
    let states = meanwhile.states_over(&states);
    let after = connector.read(&STREAMS, INCREMENTAL, &states).complete();
    assert_eq!(after.records("articles"), Vec::<&Value>::new());
}

#[test]
fn an_enabled_help_center_that_answers_404_fails_and_the_option_is_named() {
    let sim = account(422, 3);
    let connector = Connector::new(&sim);
    let brands = brands(&sim);
    // Also when it is the main one.
    for (broken, name) in &brands[..2] {
        let rule = FaultRule::new("help_center/", When::Always, Fault::status(404)).at_brand(name);
        sim.faults(Faults::rules([rule]));
        let run = connector.read(&["articles", "posts"], INCREMENTAL, &[]);
        assert_eq!((run.code, run.status("articles")), (Some(1), Some("INCOMPLETE")));
        let (kind, message) = run.error("articles").expect("an error");
        assert_eq!(kind, "config_error");
        assert!(message.contains(&format!("{name}.zendesk.com")), "{message}");
        assert!(message.contains("`help_center_brands`"), "{message}");
        assert_eq!(newest("articles", run.records("articles")), without(&sim, "articles", *broken));
        assert_eq!(run.status("posts"), Some("COMPLETE"));
        let (warned, succeeded) = checked(&connector);
        let is_it = |told: &&String| told.contains(name) && told.contains("help_center_brands");
        assert!(succeeded && warned.iter().any(|told| is_it(&told)), "{warned:?}");
    }
}

#[test]
fn a_help_center_that_refuses_us_fails_and_the_option_is_named_whatever_its_state_is() {
    let sim = account(423, 3);
    let connector = Connector::new(&sim);
    for (_, name) in &brands(&sim)[1..] {
        let refused = Fault::Status {
            status: 403,
            headers: Vec::new(),
            body: r#"{"error":"Forbidden","description":"You do not have access"}"#.into(),
        };
        let rule = FaultRule::new("incremental/articles", When::Always, refused).at_brand(name);
        sim.faults(Faults::rules([rule]));
        let run = connector.read(&["articles", "posts"], INCREMENTAL, &[]);
        let (_, message) = run.error("articles").expect("an error");
        assert!(message.contains(name) && message.contains("`help_center_brands`"), "{message}");
        assert_eq!(run.status("posts"), Some("COMPLETE"));
    }
}

#[test]
fn a_brand_that_is_closed_in_the_middle_fails_once_and_is_left_out_afterwards() {
    for state in ["enabled", "restricted"] {
        let sim = account(424, 2);
        let connector = Connector::new(&sim);
        let (closed, name) = brands(&sim)[1].clone();
        set_state(&sim, closed, state);
        let host = format!("{name}.zendesk.com");
        let mut pages = 0;
        sim.on_request(move |seen, account| {
            pages += u32::from(seen.host == host && seen.path.contains("incremental/articles"));
            if pages == 2 {
                let state = "\"disabled\"";
                account.set_field("brands", &closed.to_string(), "help_center_state", state);
            }
        });
        let run = connector.read(&["articles"], INCREMENTAL, &[]);
        sim.no_hook();
        let (_, message) = run.error("articles").expect("an error");
        assert!(message.contains("`help_center_brands`"), "{state}: {message}");
        sim.advance_seconds(3600);
        let states = run.states_over(&[]);
        connector.read(&["articles"], INCREMENTAL, &states).complete();
        // It is open again, and goes on where it stood.
        set_state(&sim, closed, state);
        sim.advance_seconds(3600);
        let last = connector.read(&["articles"], INCREMENTAL, &states).complete();
        let mut all = newest("articles", run.records("articles"));
        all.extend(newest("articles", last.records("articles")));
        assert_eq!(all, listing(&sim, "articles"));
    }
}

#[test]
fn where_no_help_center_is_there_nothing_is_taken_for_complete() {
    let sim = account(425, 2);
    let connector = Connector::new(&sim);
    for (brand, _) in brands(&sim) {
        set_state(&sim, brand, "restricted");
    }
    sim.knobs(|knobs| knobs.restricted_are_absent = true);
    let run = connector.read(&["articles", "groups"], INCREMENTAL, &[]);
    assert_eq!((run.code, run.status("articles")), (Some(1), Some("INCOMPLETE")));
    assert_eq!(run.status("groups"), Some("COMPLETE"));
    assert!(run.error("articles").is_some_and(|(kind, _)| kind == "config_error"));
}

#[test]
fn streams_are_listed_though_the_main_brands_help_center_is_not_there() {
    let sim = account(426, 2);
    let connector = Connector::new(&sim);
    set_state(&sim, brands(&sim)[0].0, "restricted");
    sim.knobs(|knobs| knobs.restricted_are_absent = true);
    let listed = connector.discover();
    let names: BTreeSet<&str> =
        listed.iter().filter_map(|stream| stream["name"].as_str()).collect();
    assert!(STREAMS.iter().all(|stream| names.contains(stream)), "{names:?}");
    let (warned, succeeded) = checked(&connector);
    assert!(
        succeeded && warned.iter().all(|told| !told.starts_with("not readable: articles")),
        "{warned:?}"
    );
}

#[test]
fn hundreds_of_help_centers_that_are_not_there_make_one_warning() {
    let settings = Settings {
        seed: 427,
        scale: SCALE,
        help_centers: 300,
        enforce_limits: false,
        ..Settings::default()
    };
    let sim = Simulator::start(settings).expect("the simulator starts");
    sim.advance_seconds(70);
    for (brand, _) in &brands(&sim)[1..] {
        set_state(&sim, *brand, "restricted");
    }
    sim.knobs(|knobs| knobs.restricted_are_absent = true);
    let connector = Connector::new(&sim);
    let run = connector.read(&["articles", "posts"], INCREMENTAL, &[]).complete();
    let told = warnings(&run);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("289 more hosts") && told[0].len() < 1000, "{told:?}");
}

#[test]
fn a_stream_that_fails_at_hundreds_of_hosts_says_why_at_ten_of_them() {
    let settings = Settings {
        seed: 428,
        scale: SCALE,
        help_centers: 100,
        enforce_limits: false,
        ..Settings::default()
    };
    let sim = Simulator::start(settings).expect("the simulator starts");
    sim.advance_seconds(70);
    let (_, main) = brands(&sim)[0].clone();
    sim.faults(Faults::by(move |seen| {
        let is_others = seen.subdomain.as_ref().is_some_and(|name| *name != main);
        (is_others && seen.path.contains("help_center")).then(|| Fault::status(404))
    }));
    let connector = Connector::new(&sim);
    let run = connector.read(&["articles"], INCREMENTAL, &[]);
    assert_eq!(run.status("articles"), Some("INCOMPLETE"));
    // Nine after the ERROR, and one for the restricted one, which is left out.
    assert_eq!(warnings(&run).len(), 10);
    let more =
        run.logs("WARN").into_iter().find(|told| told.contains("also failed at these hosts"));
    assert!(more.is_some_and(|told| told.contains("78 more hosts")), "{more:?}");
}
