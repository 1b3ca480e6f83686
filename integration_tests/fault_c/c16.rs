//! Files of tickets on the hosts of the account's other brands.

use simulator::{AGENT_API_TOKEN, AuthorizationKind, Fault, Faults, Simulator};

use crate::harness::{Connector, FULL, INCREMENTAL, Run, of_brands};

const STREAM: &str = "ticket_attachments";

/// An account whose ticket files are on another brand's host, and the subdomain of that brand.
fn account(seed: u64) -> (Simulator, String) {
    let sim = of_brands(seed, 2);
    let shop = sim.account(|account| {
        let shop = account.help_centers()[1].subdomain.clone();
        account.files_of_tickets_at(&shop);
        shop
    });
    sim.advance_seconds(70);
    (sim, shop)
}

fn with_files(sim: &Simulator) -> Connector<'_> {
    let mut connector = Connector::new(sim);
    connector.include_files = Some(true);
    connector
}

fn files(run: &Run) -> usize {
    let records = run.messages.iter().map(|message| &message["record"]);
    records
        .filter(|record| record["stream"] == STREAM && !record["file_reference"].is_null())
        .count()
}

#[test]
fn a_file_at_another_brands_host_is_fetched_with_credentials() {
    let (sim, shop) = account(310);
    for mode in [FULL, INCREMENTAL] {
        let connector = with_files(&sim);
        sim.clear_requests();
        let run = connector.read(&[STREAM], mode, &[]).complete();
        assert!(files(&run) > 5, "{} files", files(&run));
        let host = format!("{shop}.zendesk.com");
        let requests = sim.requests();
        let asked = requests.iter().filter(|seen| seen.path.starts_with("/attachments/"));
        for seen in asked.clone() {
            assert_eq!((&seen.host, seen.authorization), (&host, AuthorizationKind::ApiToken));
        }
        assert_eq!(asked.count(), files(&run));
        // The host of contents is nobody's who may see them.
        let at_contents = requests.iter().filter(|seen| seen.path.starts_with("/content/"));
        assert!(at_contents.clone().all(|seen| seen.authorization == AuthorizationKind::None));
    }
}

#[test]
fn an_agents_files_come_from_there_too() {
    let (sim, _) = account(311);
    let mut connector = with_files(&sim);
    connector.config["credentials"]["email"] = AGENT_API_TOKEN.email.into();
    connector.config["credentials"]["api_token"] = AGENT_API_TOKEN.token.into();
    let run = connector.read(&[STREAM], INCREMENTAL, &[]).complete();
    assert!(files(&run) > 5, "{} files", files(&run));
}

#[test]
fn without_the_list_of_brands_files_at_the_main_host_come_and_it_is_told() {
    let sim = of_brands(312, 2);
    sim.advance_seconds(70);
    let connector = with_files(&sim);
    sim.faults(Faults::endless("brands", Fault::named(403, "Forbidden")));
    let run = connector.read(&[STREAM], INCREMENTAL, &[]).complete();
    assert!(files(&run) > 5, "{} files", files(&run));
    let told = run.logs("WARN");
    assert!(told.iter().any(|line| line.contains("brands cannot be listed")), "{told:?}");
    // Rows alone need no brands.
    sim.clear_requests();
    Connector::new(&sim).read(&[STREAM], INCREMENTAL, &[]).complete();
    assert!(sim.requests().iter().all(|seen| seen.feed != "brands"));
}
