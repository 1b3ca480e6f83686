//! A 503 is an outage and not a rate limit.

use simulator::{Fault, FaultRule, Faults, Simulator, When};

use crate::harness::{Connector, FULL, Run, simulator};

/// How many times the platform was told about a rate limit.
fn rate_limited(run: &Run) -> usize {
    run.lines.iter().filter(|line| line.contains("RATE_LIMITED")).count()
}

fn asked(sim: &Simulator) -> usize {
    sim.requests().iter().filter(|seen| seen.feed == "groups").count()
}

#[test]
fn an_outage_without_end_fails_its_stream_in_words_of_its_own_within_the_tries() {
    for fault in [Fault::status(503), Fault::retry_after(503, 1), Fault::block_page(503)] {
        let sim = simulator(720);
        let connector = Connector::new(&sim);
        sim.faults(Faults::rule("/groups", When::Always, fault.clone()));
        let run = connector.read(&["groups", "tags"], FULL, &[]);
        let (kind, message) = run.error("groups").expect("an error");
        assert_eq!(kind, "transient_error", "{fault:?}");
        assert!(message.contains("out of service"), "{fault:?}: {message}");
        assert!(!message.contains("limit"), "{fault:?}: {message}");
        assert_eq!(rate_limited(&run), 0, "{fault:?}");
        assert_eq!(run.status("tags"), Some("COMPLETE"), "{fault:?}");
        assert!(asked(&sim) <= 12, "{} requests", asked(&sim));
    }
}

#[test]
fn a_maintenance_of_three_minutes_is_survived() {
    let sim = simulator(721);
    let connector = Connector::new(&sim);
    let began = sim.now_unix();
    let rule = FaultRule::new("/groups", When::Always, Fault::status(503)).at_most(9);
    sim.faults(Faults::rules([rule]));
    connector.read(&["groups"], FULL, &[]).complete();
    assert!(sim.now_unix() - began >= 90, "the waits grow");
}

#[test]
fn an_outage_that_says_when_it_ends_is_waited_out_and_told() {
    let sim = simulator(722);
    let connector = Connector::new(&sim);
    let began = sim.now_unix();
    let rule = FaultRule::new("/groups", When::Always, Fault::retry_after(503, 120)).at_most(3);
    sim.faults(Faults::rules([rule]));
    let run = connector.read(&["groups"], FULL, &[]).complete();
    assert!(sim.now_unix() - began >= 360, "it was asked again too early");
    let told = run.logs("INFO").iter().filter(|line| line.contains("out of service")).count();
    assert!(told >= 1, "{:?}", run.logs("INFO"));
    assert_eq!(rate_limited(&run), 0);
}
