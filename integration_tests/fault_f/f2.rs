//! The program says that deleted tickets stay in a table before anybody finds them there.

use serde_json::json;

use crate::harness::{Connector, FULL, INCREMENTAL, Run, simulator};

fn told(run: &Run) -> usize {
    let levels = ["INFO", "WARN"];
    let lines = levels.iter().flat_map(|level| run.logs(level));
    lines.filter(|line| line.contains("`deleted_at_field` is not set")).count()
}

fn check(connector: &Connector<'_>) -> Run {
    let mut command = connector.command("check");
    command.arg("--config").arg(connector.file("config.json", &connector.config));
    connector.run(command, usize::MAX)
}

#[test]
fn check_and_a_first_read_say_that_deleted_tickets_stay() {
    let sim = simulator(4770);
    sim.advance_seconds(70);
    let mut connector = Connector::new(&sim);
    assert_eq!(told(&check(&connector)), 1);
    let first = connector.read(&["tickets", "groups"], INCREMENTAL, &[]).complete();
    assert_eq!(told(&first), 1);
    assert!(
        first
            .logs("INFO")
            .iter()
            .any(|line| line.contains("_ab_cdc_deleted_at") && line.contains("tickets"))
    );
    // Once, and only to those whom it concerns.
    let again = connector.read(&["tickets"], INCREMENTAL, &first.states_over(&[])).complete();
    assert_eq!(told(&again), 0);
    assert_eq!(told(&connector.read(&["tickets"], FULL, &[]).complete()), 0);
    assert_eq!(told(&connector.read(&["groups"], INCREMENTAL, &[]).complete()), 0);
    connector.config["deleted_at_field"] = json!("_ab_cdc_deleted_at");
    assert_eq!(told(&check(&connector)), 0);
    assert_eq!(told(&connector.read(&["tickets"], INCREMENTAL, &[]).complete()), 0);
}
