use super::*;
use crate::{Fault, FaultRule, Faults, When};
use serde_json::json;

#[test]
fn an_answer_is_lost_after_the_write_and_a_request_before_it() {
    for (name, fault) in Fault::kinds_of_writes() {
        let sim = start(Settings { scale: 1000.0, enforce_limits: false, ..Settings::default() });
        let is_before = matches!(&fault, Fault::Before(_))
            || matches!(&fault, Fault::Status { status: 400..=499, .. });
        sim.faults(Faults::rule("/users", When::Always, fault));
        let body = json!({ "user": { "name": "A" } }).to_string();
        let got = send(&sim, "POST", "users", &by(ADMIN_BEARER), body.as_bytes());
        let is_good = got.is_some_and(|got| got.status == 201 && !got.body.is_empty());
        // A cut body has its status.
        assert!(!is_good || name == "an answer cut off", "{name}");
        assert_eq!(sim.ledger().created("users").len(), usize::from(!is_before), "{name}");
        assert!(sim.requests()[0].faulted, "{name}");
    }
}

#[test]
fn a_ticket_whose_answer_was_lost_is_there_once_under_its_key() {
    let sim = desk();
    sim.faults(Faults::rules([
        FaultRule::new("/tickets", When::Always, Fault::before(Fault::ResetConnection)).at_most(1),
        FaultRule::new("/tickets", When::Always, Fault::ResetConnection).at_most(1),
    ]));
    let headers = format!("{}Idempotency-Key: k\r\n", by(ADMIN_BEARER));
    let body = json!({ "ticket": { "comment": { "body": "B" } } }).to_string();
    let create = || send(&sim, "POST", "tickets", &headers, body.as_bytes());
    assert!(create().is_none() && sim.ledger().created("tickets").is_empty());
    assert!(create().is_none() && sim.ledger().created("tickets").len() == 1);
    let got = create().expect("an answer");
    assert_eq!((got.status, got.header("x-idempotency-lookup")), (201, Some("hit")));
    assert_eq!(sim.ledger().created("tickets").len(), 1);
}

#[test]
fn faults_of_writes_leave_reads_alone() {
    let sim = start(Settings { scale: 1000.0, enforce_limits: false, ..Settings::default() });
    sim.faults(Faults::on_share_of_writes(0.5, 3));
    for _ in 0..60 {
        let body = json!({ "user": { "name": "A" } }).to_string();
        send(&sim, "POST", "users", &by(ADMIN_BEARER), body.as_bytes());
        get(&sim, "groups");
    }
    let faulted = |is_write: bool| {
        let requests = sim.requests().into_iter();
        requests.filter(|seen| seen.faulted && seen.is_write() == is_write).count()
    };
    assert!((15..46).contains(&faulted(true)), "{}", faulted(true));
    assert_eq!(faulted(false), 0);
}
