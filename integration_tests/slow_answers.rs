//! Commands that a person waits for, on an account whose answers take two seconds each.

use std::time::{Duration, Instant};

use simulator::{Latency, Plan, Settings, Simulator};

use crate::harness::{Connector, Run};

/// The number of requests of `check` on an account with two help centers and every feature.
/// `docs/setup.md` names it.
const OF_CHECK: usize = 78;

/// The number of requests of `discover` on the same account. It asks only for what a plan, a
/// feature or a role may withhold.
const OF_DISCOVER: usize = 43;

/// The number of requests of both on an account where much is refused. Each refused listing costs a
/// request of its own.
const OF_LACKING: (usize, usize) = (100, 65);

/// Runs a command on the real clock, so that its time limits are real.
fn run(sim: &Simulator, name: &str) -> (Run, Duration) {
    let connector = Connector::new(sim);
    let mut command = connector.command(name);
    command.env("ZENDESK_CLOCK_SCALE", "1");
    command.arg("--config").arg(connector.file("config.json", &connector.config));
    sim.clear_requests();
    let began = Instant::now();
    let run = connector.run(command, usize::MAX).complete();
    (run, began.elapsed())
}

fn account(latency: Latency) -> Simulator {
    // Pages are as long as Zendesk's.
    let settings =
        Settings { help_centers: 2, latency, export_latency: latency, ..Settings::default() };
    with(settings)
}

fn with(settings: Settings) -> Simulator {
    let settings = Settings { seed: 601, page_cap: None, ..settings };
    Simulator::start(settings).expect("the simulator starts")
}

#[test]
fn check_and_discover_know_every_stream_where_each_answer_takes_two_seconds() {
    let sim = account(Latency::Fixed(2000));
    let (check, took) = run(&sim, "check");
    let unknown: Vec<_> =
        check.logs("WARN").into_iter().filter(|log| log.contains("not known")).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    assert!(took < Duration::from_secs(20), "check took {took:?}");
    let asked = sim.requests().len();
    assert_eq!(asked, OF_CHECK);
    let (discover, took) = run(&sim, "discover");
    assert!(took < Duration::from_secs(30), "discover took {took:?}");
    let asked = sim.requests().len();
    assert_eq!(asked, OF_DISCOVER);
    let streams = |run: &Run| {
        let catalog = run.messages.iter().find(|message| message["type"] == "CATALOG");
        catalog.map(|catalog| catalog["catalog"]["streams"].clone()).expect("a catalog")
    };
    // What was not asked in time is in the catalog too, so it is what a quick account has.
    assert!(discover.logs("WARN").iter().all(|log| !log.contains("in time")));
    assert_eq!(streams(&discover), streams(&run(&account(Latency::Fixed(0)), "discover").0));
}

#[test]
fn an_account_that_lacks_nearly_everything_is_known_in_time_too() {
    let lacking =
        Settings { plan: Plan::Team, talk: false, community: false, ..Settings::default() };
    let latency = Latency::Fixed(2000);
    let lacking = Settings { side_conversations: false, data_privacy: false, ..lacking };
    let sim = with(Settings { help_centers: 2, latency, export_latency: latency, ..lacking });
    let (check, took) = run(&sim, "check");
    let unknown: Vec<_> =
        check.logs("WARN").into_iter().filter(|log| log.contains("not known")).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    assert!(took < Duration::from_secs(20), "check took {took:?}");
    let of_check = sim.requests().len();
    let (discover, took) = run(&sim, "discover");
    assert!(took < Duration::from_secs(30), "discover took {took:?}");
    assert!(discover.logs("WARN").iter().all(|log| !log.contains("in time")));
    let of_discover = sim.requests().len();
    let made = (of_check, of_discover);
    assert!(made.0 <= OF_LACKING.0 && made.1 <= OF_LACKING.1, "{made:?}");
}
