//! Errors in which Zendesk names the invalid fields.

use simulator::{Fault, Faults, When};

use crate::harness::{Connector, FULL, simulator};

#[test]
fn the_first_of_the_details_is_quoted() {
    let sim = simulator(780);
    let connector = Connector::new(&sim);
    for (status, body, told) in [
        (
            422,
            r#"{"error":"RecordInvalid","description":"Record validation errors","details":{"page_size":[{"description":"must be an integer","error":"InvalidFormat"}]}}"#,
            "page_size: must be an integer",
        ),
        (400, r#"{"errors":{"locale":["is not known"]}}"#, "locale: is not known"),
        (400, r#"{"error":"x","details":{"base":"is not allowed"}}"#, "base: is not allowed"),
    ] {
        sim.faults(Faults::rule("/tags", When::Always, Fault::with_body(status, body)));
        let run = connector.read(&["tags"], FULL, &[]);
        let (_, message) = run.error("tags").expect("an error");
        assert!(message.contains(told), "{message}");
    }
}
