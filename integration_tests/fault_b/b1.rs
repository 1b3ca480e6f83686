//! One second with more rows than the largest page that fits.

use simulator::{Fault, Faults, RequestSeen, Settings, Simulator, When};

use crate::expected::{differences, listing, newest};
use crate::harness::{Connector, INCREMENTAL, Run, SCALE};

/// Simulated seconds per real one, for tests with large bodies.
const SLOW: f64 = 20.0;

/// An account whose exports by time cut a second at the end of a page, with `rows` organizations in
/// one second.
fn account(rows: usize, bytes: usize) -> Simulator {
    let scale = if bytes > 0 { SLOW } else { SCALE };
    // Packing large bodies is what takes most of the time.
    let gzip = bytes == 0;
    let settings = Settings { seed: 710, scale, page_cap: None, gzip, ..Settings::default() };
    let sim = Simulator::start(settings).expect("the simulator starts");
    sim.knobs(|knobs| knobs.seconds_are_cut = true);
    sim.advance_seconds(3600);
    sim.account(|account| {
        for _ in 0..rows {
            let key = account.create("organizations");
            if bytes > 0 {
                let text = format!("\"{}\"", "x".repeat(bytes));
                account.set_field("organizations", &key, "details", &text);
            }
        }
    });
    sim.advance_seconds(60);
    sim.account(|account| drop(account.create("organizations")));
    sim.advance_seconds(70);
    sim
}

fn assert_all_came(sim: &Simulator, run: &Run) {
    let came = newest("organizations", run.records("organizations"));
    let found = differences("organizations", &listing(sim, "organizations"), &came, true);
    assert!(found.is_empty(), "{found:#?}");
}

fn asked(sim: &Simulator) -> Vec<RequestSeen> {
    sim.requests().into_iter().filter(|seen| seen.feed == "organizations").collect()
}

fn gateway(rows: u64) -> Faults {
    Faults::rule("incremental/organizations", When::PageLargerThan(rows), Fault::gateway_timeout())
}

#[test]
fn a_second_of_heavy_rows_is_read_whole() {
    let sim = account(260, 70_000);
    let connector = Connector::new(&sim);
    // A scaled time limit would be too short for bodies of this size.
    let mut command = connector.read_command(&["organizations"], INCREMENTAL, &[]);
    command.env("ZENDESK_CLOCK_SCALE", SLOW.to_string());
    let run = connector.run(command, usize::MAX).complete();
    assert_all_came(&sim, &run);
    let asked = asked(&sim).len();
    assert!(asked <= 15, "{asked} requests");
}

#[test]
fn a_second_that_fits_no_page_of_the_gateways_fails_its_stream_and_nothing_is_asked_for_ever() {
    let sim = account(150, 0);
    let connector = Connector::new(&sim);
    sim.faults(gateway(100));
    let mut states = Vec::new();
    for sync in 1..=2 {
        sim.clear_requests();
        let run = connector.read(&["organizations", "tags"], INCREMENTAL, &states);
        assert_eq!(run.code, Some(1), "{}", run.stderr);
        assert_eq!(run.status("organizations"), Some("INCOMPLETE"));
        assert_eq!(run.status("tags"), Some("COMPLETE"));
        let kind = run.error("organizations").map(|(kind, _)| kind);
        assert_eq!(kind, Some("transient_error"));
        let asked = asked(&sim).len();
        assert!(asked <= 60, "{asked} requests in sync {sync}");
        states = run.states_over(&states);
    }
    // Without the gateway it goes on where it stood.
    sim.faults(Faults::none());
    connector.read(&["organizations"], INCREMENTAL, &states).complete();
}

#[test]
fn a_second_that_just_fits_is_read() {
    let sim = account(98, 0);
    let connector = Connector::new(&sim);
    sim.faults(gateway(100));
    let run = connector.read(&["organizations"], INCREMENTAL, &[]).complete();
    assert_all_came(&sim, &run);
}
