//! The last message of a sync says who has to act.

use simulator::{Fault, FaultRule, Faults, When};

use crate::harness::{Connector, FULL, Run, simulator};

const FORBIDDEN: &str =
    r#"{"error":{"title":"Forbidden","message":"You do not have access to this page."}}"#;

fn refused(path: &str) -> FaultRule {
    let fault = Fault::Status { status: 403, headers: Vec::new(), body: FORBIDDEN.to_owned() };
    FaultRule::new(path, When::Always, fault)
}

fn closing(run: &Run) -> String {
    assert_eq!(run.code, Some(1));
    let errors = run.messages.iter().map(|message| &message["trace"]["error"]);
    let mut errors = errors.filter(|error| error.is_object());
    let last = errors.next_back().expect("a last word");
    assert!(
        last["message"].as_str().is_some_and(|message| message.contains(" failed: ")),
        "{last}"
    );
    last["failure_type"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_sync_fails_by_its_configuration_when_every_failed_stream_does() {
    let sim = simulator(4710);
    let connector = Connector::new(&sim);
    sim.faults(Faults::rules([refused("/tags"), refused("/groups")]));
    let run = connector.read(&["tags", "groups", "brands", "no_such_stream"], FULL, &[]);
    assert_eq!(closing(&run), "config_error");
    let broken = FaultRule::new("/brands", When::Always, Fault::status(500));
    sim.faults(Faults::rules([refused("/tags"), broken]));
    let run = connector.read(&["tags", "brands"], FULL, &[]);
    assert_eq!(closing(&run), "transient_error");
    let odd = FaultRule::new("/tags", When::Always, Fault::status(418));
    sim.faults(Faults::rules([odd.clone()]));
    assert_eq!(closing(&connector.read(&["tags", "groups"], FULL, &[])), "system_error");
    sim.faults(Faults::rules([odd, refused("/groups")]));
    assert_eq!(closing(&connector.read(&["tags", "groups"], FULL, &[])), "transient_error");
}
