//! `discover` answers within the time that a person waits, whatever its listings answer.

use serde_json::json;
use simulator::{Fault, FaultRule, Faults, When};

use crate::harness::{Connector, simulator};
use crate::program::{run, unscaled};

#[test]
fn discover_gives_up_on_custom_fields_as_check_does_and_says_why() {
    let faults = [
        ("503", Fault::status(503)),
        ("503 for an hour", Fault::retry_after(503, 3600)),
        ("429 for an hour", Fault::retry_after(429, 3600)),
        ("no answer", Fault::Delay { ms: 86_400_000 }),
    ];
    // They only wait, so they wait together.
    std::thread::scope(|scope| {
        for (what, fault) in faults {
            scope.spawn(move || {
                let sim = simulator(4700);
                sim.faults(Faults::rules([FaultRule::new("/ticket_fields", When::Always, fault)]));
                let mut connector = Connector::new(&sim);
                connector.config["custom_fields"] = json!("columns");
                let mut command = connector.command("discover");
                unscaled(&mut command);
                command.arg("--config").arg(connector.file("config.json", &connector.config));
                let ended = run(command);
                assert_eq!(ended.code, Some(1), "{what}");
                assert!(ended.took.as_secs() < 40, "{what}: {:?}", ended.took);
                let errors = ended.errors();
                let (kind, stream, message) = errors.first().expect("it says why");
                assert_eq!(kind, "transient_error", "{what}: {message}");
                assert!(
                    !stream.is_empty() && message.contains("custom fields"),
                    "{what}: {message}"
                );
                let has_catalog =
                    ended.messages().iter().any(|message| message["type"] == "CATALOG");
                assert!(!has_catalog, "{what}");
            });
        }
    });
}

#[test]
fn a_read_says_what_it_waits_for_before_its_first_row() {
    let sim = simulator(4701);
    let refused = FaultRule::new("/ticket_fields", When::Always, Fault::retry_after(429, 300));
    sim.faults(Faults::rules([refused.at_most(1)]));
    let mut connector = Connector::new(&sim);
    connector.config["custom_fields"] = json!("columns");
    let run = connector.read(&["tickets"], crate::harness::INCREMENTAL, &[]).complete();
    let told = run.logs("INFO");
    assert!(told.iter().any(|line| line.starts_with("before the first row: ")), "{told:?}");
}
