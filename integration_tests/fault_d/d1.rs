//! The connector remembers a page size that was refused.

use simulator::{Fault, Faults, Settings, Simulator, Size, When};

use crate::expected::{differences, listing, newest};
use crate::harness::{Connector, INCREMENTAL};

/// Slower than usual, so that a page counts as quick even on a busy machine.
const SCALE: f64 = 60.0;

#[test]
fn behind_a_gateway_that_allows_a_hundred_rows_few_requests_are_in_vain() {
    let size = Size::Of(&[("organizations", 3000)]);
    let settings =
        Settings { seed: 800, scale: SCALE, page_cap: None, size, ..Settings::default() };
    let sim = Simulator::start(settings).expect("the simulator starts");
    sim.advance_seconds(70);
    sim.faults(Faults::rule("/incremental/", When::PageLargerThan(100), Fault::gateway_timeout()));
    let connector = Connector::new(&sim);
    let mut command = connector.read_command(&["organizations"], INCREMENTAL, &[]);
    command.env("ZENDESK_CLOCK_SCALE", SCALE.to_string());
    let run = connector.run(command, usize::MAX).complete();
    let came = newest("organizations", run.records("organizations"));
    let found = differences("organizations", &listing(&sim, "organizations"), &came, true);
    assert!(found.is_empty(), "{found:#?}");
    let requests = sim.requests();
    let of_feed: Vec<_> = requests.iter().filter(|seen| seen.feed == "organizations").collect();
    let vain = of_feed.iter().filter(|seen| seen.faulted).count();
    assert!(of_feed.len() >= 30, "{} requests", of_feed.len());
    assert!(vain * 4 <= of_feed.len(), "{vain} of {} requests in vain", of_feed.len());
}
