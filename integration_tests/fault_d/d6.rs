//! A refusal that names no time to wait.

use simulator::{Fault, FaultRule, Faults, When};

use crate::harness::{Connector, FULL, simulator};

#[test]
fn a_limit_that_says_to_come_back_at_once_is_given_ever_more_time() {
    let sim = simulator(820);
    let connector = Connector::new(&sim);
    let rule = FaultRule::new("/tags", When::Always, Fault::retry_after(429, 0)).at_most(8);
    sim.faults(Faults::rules([rule]));
    connector.read(&["tags"], FULL, &[]).complete();
    let requests = sim.requests();
    let refused: Vec<_> = requests.iter().filter(|seen| seen.faulted).collect();
    assert_eq!(refused.len(), 8);
    // 1, 2, 4, 8, 16, 32 and 60 seconds, to the second that the simulator notes.
    let waits = refused.windows(2).map(|two| two[1].at_unix - two[0].at_unix);
    for (wait, least) in waits.zip([0, 1, 3, 7, 15, 31, 59]) {
        assert!(wait >= least, "{wait} s after {least}");
    }
}
