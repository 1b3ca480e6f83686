//! One 401 between good answers.

use simulator::{Fault, FaultRule, Faults, When};

use crate::harness::{Connector, FULL, simulator};

#[test]
fn one_401_or_two_amid_good_answers_end_nothing() {
    for (path, times) in [("/tags", 1), ("/tags", 2), ("/users/me", 1), ("/users/me", 2)] {
        let sim = simulator(760);
        let connector = Connector::new(&sim);
        let rule = FaultRule::new(path, When::Always, Fault::status(401)).at_most(times);
        sim.faults(Faults::rules([rule]));
        let run = connector.read(&["tags"], FULL, &[]);
        assert_eq!(run.status("tags"), Some("COMPLETE"), "{path}: {:?}", run.lines.last());
    }
}

#[test]
fn a_401_that_stays_is_believed_soon() {
    let sim = simulator(761);
    let connector = Connector::new(&sim);
    sim.faults(Faults::rule("/tags", When::Always, Fault::status(401)));
    let run = connector.read(&["tags", "groups"], FULL, &[]);
    let (kind, message) = run.error("tags").expect("an error");
    assert_eq!(kind, "config_error");
    assert!(message.contains("does not accept the credentials"), "{message}");
    assert_eq!(run.status("groups"), Some("COMPLETE"));
    assert_eq!(sim.requests().iter().filter(|seen| seen.feed == "tags").count(), 3);
}
