//! Listings that allow at most a hundred rows per page.

use simulator::{Fault, FaultRule, Faults, Settings, Simulator, When};

use crate::expected::{differences, listing, newest};
use crate::harness::{Connector, INCREMENTAL, SCALE};

#[test]
fn a_listing_that_refuses_large_pages_is_asked_once_more_for_a_hundred_rows() {
    for status in [400, 422] {
        let settings = Settings { seed: 790, scale: SCALE, page_cap: None, ..Settings::default() };
        let sim = Simulator::start(settings).expect("the simulator starts");
        sim.account(|account| (0..150).for_each(|_| drop(account.create("calls"))));
        sim.advance_seconds(70);
        let refused = Fault::page_size_refused(status);
        let rules = ["help_center/incremental", "voice/stats/incremental", "/ticket_audits"];
        let rules =
            rules.map(|path| FaultRule::new(path, When::PageLargerThan(100), refused.clone()));
        sim.faults(Faults::rules(rules));
        let connector = Connector::new(&sim);
        let streams = ["articles", "calls", "call_legs", "ticket_audits"];
        let run = connector.read(&streams, INCREMENTAL, &[]).complete();
        for stream in streams {
            let came = newest(stream, run.records(stream));
            let found = differences(stream, &listing(&sim, stream), &came, true);
            assert!(found.is_empty(), "{status}: {found:#?}");
        }
        let requests = sim.requests();
        let of_calls: Vec<_> = requests.iter().filter(|seen| seen.feed == "calls").collect();
        assert!(of_calls.len() > 2, "{of_calls:?}");
        assert_eq!(of_calls.iter().filter(|seen| seen.faulted).count(), 1, "once is enough");
    }
}
