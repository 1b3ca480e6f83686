//! A gateway that times out for every request.

use simulator::{Fault, Faults, When};

use crate::harness::{Connector, INCREMENTAL, simulator};

#[test]
fn time_outs_at_every_size_end_within_the_tries_and_are_not_asked_again_at_once() {
    for status in [504, 524] {
        let sim = simulator(810);
        let connector = Connector::new(&sim);
        sim.advance_seconds(70);
        let fault = Fault::with_body(status, "upstream request timeout");
        sim.faults(Faults::rule("incremental/organizations", When::Always, fault));
        let run = connector.read(&["organizations"], INCREMENTAL, &[]);
        let kind = run.error("organizations").map(|(kind, _)| kind);
        assert_eq!(kind, Some("transient_error"), "{status}");
        let requests = sim.requests();
        let asked: Vec<_> = requests.iter().filter(|seen| seen.feed == "organizations").collect();
        assert!(asked.len() <= 12, "{status}: {} requests", asked.len());
        let (first, last) = (asked[0].at_unix, asked[asked.len() - 1].at_unix);
        assert!(last - first >= 100, "{status}: all were asked within {} s", last - first);
        assert_eq!(asked.last().and_then(|seen| seen.page_size()), Some(1), "{status}");
    }
}
