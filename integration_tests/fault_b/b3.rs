//! Pages above some size fail, with whatever status.

use simulator::{Fault, Faults, Settings, Simulator, When};

use crate::expected::{differences, listing, newest};
use crate::harness::{Connector, INCREMENTAL, SCALE};

#[test]
fn a_page_that_is_too_much_for_any_server_error_is_asked_for_in_smaller_pieces() {
    for status in [500, 502, 503, 504, 524] {
        let settings = Settings { seed: 711, scale: SCALE, page_cap: None, ..Settings::default() };
        let sim = Simulator::start(settings).expect("the simulator starts");
        sim.account(|account| (0..40).for_each(|_| drop(account.create("users"))));
        sim.advance_seconds(70);
        let fault = Fault::with_body(status, "<html>bad gateway</html>");
        let rules = ["incremental/users", "incremental/organizations", "/groups"];
        let rules = rules
            .map(|path| simulator::FaultRule::new(path, When::PageLargerThan(12), fault.clone()));
        sim.faults(Faults::rules(rules));
        let connector = Connector::new(&sim);
        let streams = ["users", "organizations", "groups"];
        let run = connector.read(&streams, INCREMENTAL, &[]).complete();
        for stream in streams {
            let came = newest(stream, run.records(stream));
            let found = differences(stream, &listing(&sim, stream), &came, true);
            assert!(found.is_empty(), "{status}: {found:#?}");
        }
    }
}
