//! Approval requests, whose listing continues by a parameter that no other listing uses.

use crate::harness::{Connector, FULL, simulator};

#[test]
fn requests_for_approval_are_read_to_their_end_by_after_cursor_and_no_size() {
    let sim = simulator(143);
    let run = Connector::new(&sim).read(&["approval_requests"], FULL, &[]).complete();
    let rows = sim.account(|account| account.keys("approval_requests").len());
    assert_eq!(run.records("approval_requests").len(), rows);
    let requests: Vec<_> =
        sim.requests().into_iter().filter(|seen| seen.feed == "approval_requests").collect();
    assert_eq!(requests.len(), rows.div_ceil(5));
    let with_cursor = requests.iter().filter(|seen| seen.param("after_cursor").is_some());
    assert_eq!(with_cursor.count(), requests.len() - 1);
    assert!(requests.iter().all(|seen| !seen.raw_query.contains("page")));
}
