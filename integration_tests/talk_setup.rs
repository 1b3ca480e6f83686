//! The settings of Talk, its counts of the day, and other streams of one object.

use simulator::{Settings, Simulator};

use crate::expected::SNAPSHOTS;
use crate::harness::{Connector, FULL, Run, SCALE, simulator};

fn requests(sim: &Simulator, path: &str) -> usize {
    sim.requests().iter().filter(|request| request.path.contains(path)).count()
}

/// The time of Zendesk's clock in the only record of a stream, in unix seconds.
fn answered_at(run: &Run, stream: &str) -> i64 {
    let [record] = run.records(stream)[..] else { panic!("{stream} is one object") };
    record["current_timestamp"].as_str().and_then(|text| text.parse().ok()).expect("unix seconds")
}

#[test]
fn an_object_comes_once_a_sync_and_tells_when_zendesk_answered() {
    let sim = simulator(120);
    let connector = Connector::new(&sim);
    let mut before = sim.account(|account| account.now());
    for _ in 0..2 {
        sim.clear_requests();
        let run = connector.read(&SNAPSHOTS, FULL, &[]).complete();
        let after = sim.account(|account| account.now());
        for stream in SNAPSHOTS {
            let at = answered_at(&run, stream);
            // A scaled clock is off by the time that an answer takes.
            assert!((before - 60..=after + 60).contains(&at), "{stream}: {before} {at} {after}");
        }
        let asked = requests(&sim, "channels/voice/") + requests(&sim, "account/settings");
        assert_eq!(asked, SNAPSHOTS.len(), "each is asked for once");
        sim.advance_seconds(86_400);
        before = sim.account(|account| account.now());
    }
}

#[test]
fn trees_menus_and_routes_come_in_one_request() {
    let sim = simulator(121);
    let streams = ["ivrs", "ivr_menus", "ivr_routes"];
    sim.clear_requests();
    let run = Connector::new(&sim).read(&streams, FULL, &[]).complete();
    assert_eq!(requests(&sim, "channels/voice/ivr"), 1);
    for route in run.records("ivr_routes") {
        let menus = run.records("ivr_menus");
        let menu = menus.iter().find(|menu| menu["id"] == route["ivr_menu_id"]).expect("a menu");
        assert_eq!(menu["ivr_id"], route["ivr_id"]);
    }
}

#[test]
fn what_is_taken_for_a_secret_is_in_no_row() {
    let sim = simulator(122);
    let streams = ["phone_numbers", "lines"];
    let run = Connector::new(&sim).read(&streams, FULL, &[]).complete();
    for stream in streams {
        let rows = sim.account(|account| account.truth(stream));
        assert!(rows.iter().any(|row| row.text.contains("\"token\"")), "{stream}");
        assert!(run.records(stream).len() == rows.len());
    }
    let told = run.lines.iter().find(|line| line.contains("secret-") || line.contains("\"token\""));
    assert_eq!(told, None);
}

#[test]
fn without_talk_its_streams_are_left_out_and_say_so() {
    let settings = Settings { seed: 123, scale: SCALE, talk: false, ..Settings::default() };
    let sim = Simulator::start(settings).expect("the simulator starts");
    let connector = Connector::new(&sim);
    assert_eq!(connector.check()["status"], "SUCCEEDED");
    let mut command = connector.command("discover");
    command.arg("--config").arg(connector.file("config.json", &connector.config));
    let run = connector.run(command, usize::MAX).complete();
    let left_out: Vec<&str> = run.logs("WARN").into_iter().collect();
    let of_talk = left_out.iter().filter(|line| line.contains("Talk")).count();
    // Thirteen of the set-up and the counts, calls and their legs.
    assert_eq!((of_talk, left_out.len()), (15, 15), "{left_out:#?}");
    let listed = connector.discover();
    let is_listed = |name: &str| listed.iter().any(|stream| stream["name"] == name);
    assert!(is_listed("account_settings") && !is_listed("talk_settings"));
}
