//! Error statuses that are temporary.

use simulator::{Fault, FaultRule, Faults, When};

use crate::harness::{Connector, FULL, simulator};

const PASSING: [u16; 16] =
    [408, 409, 421, 423, 425, 500, 501, 505, 507, 520, 522, 525, 526, 530, 598, 599];

#[test]
fn every_status_that_passes_is_tried_again() {
    let sim = simulator(730);
    let connector = Connector::new(&sim);
    for status in PASSING {
        let rule = FaultRule::new("/tags", When::Always, Fault::status(status)).at_most(3);
        sim.faults(Faults::rules([rule]));
        let run = connector.read(&["tags"], FULL, &[]);
        assert_eq!(run.status("tags"), Some("COMPLETE"), "{status}: {:?}", run.error("tags"));
    }
}

#[test]
fn without_end_they_are_transient_and_no_defect_of_ours() {
    let sim = simulator(731);
    let connector = Connector::new(&sim);
    for status in [423, 507, 526, 530, 599] {
        sim.faults(Faults::rule("/tags", When::Always, Fault::status(status)));
        let run = connector.read(&["tags"], FULL, &[]);
        let (kind, message) = run.error("tags").expect("an error");
        assert_eq!(kind, "transient_error", "{status}");
        assert!(!message.contains("Report"), "{status}: {message}");
    }
}
