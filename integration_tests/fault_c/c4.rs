//! Redirects to a status page, and to another name of the account.

use simulator::{Fault, FaultRule, Faults, When};

use crate::harness::{Connector, FULL, simulator};

const ELSEWHERE: [&str; 4] = [
    "https://status.zendesk.com/",
    "https://status.example.com/maintenance",
    "https://login.corporate.example/?next=https://acme.zendesk.com",
    "",
];

#[test]
fn a_redirect_to_a_status_page_passes() {
    let sim = simulator(750);
    let connector = Connector::new(&sim);
    for to in ELSEWHERE {
        let rule = FaultRule::new("/tags", When::Always, Fault::redirect(to)).at_most(3);
        sim.faults(Faults::rules([rule]));
        let run = connector.read(&["tags"], FULL, &[]);
        assert_eq!(run.status("tags"), Some("COMPLETE"), "{to}: {:?}", run.error("tags"));
        sim.faults(Faults::rule("/tags", When::Always, Fault::redirect(to)));
        let run = connector.read(&["tags"], FULL, &[]);
        let (kind, message) = run.error("tags").expect("an error");
        assert_eq!(kind, "transient_error", "{to}: {message}");
        assert!(!message.contains("another name"), "{to}: {message}");
    }
}

#[test]
fn a_redirect_to_another_account_says_that_ours_has_another_name() {
    let sim = simulator(751);
    let connector = Connector::new(&sim);
    let to = "https://acme-new.zendesk.com/api/v2/tags.json";
    sim.faults(Faults::rule("/tags", When::Always, Fault::redirect(to)));
    let run = connector.read(&["tags"], FULL, &[]);
    let (kind, message) = run.error("tags").expect("an error");
    assert_eq!(kind, "config_error", "{message}");
    assert!(message.contains("acme-new.zendesk.com") && message.contains("`subdomain`"));
    assert_eq!(sim.requests().iter().filter(|seen| seen.feed == "tags").count(), 1);
}
