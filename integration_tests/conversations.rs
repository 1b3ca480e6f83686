//! What is said in tickets beyond their comments.

use simulator::{Account, Simulator};

use crate::equality::Warehouse;
use crate::harness::{Connector, INCREMENTAL, simulator};

const UNTIL_VISIBLE_SECONDS: i64 = 70;

/// The second from which the first request for events asks for them.
fn asked_from(sim: &Simulator) -> Option<i64> {
    let requests = sim.requests().into_iter();
    let mut of_events = requests.filter(|seen| seen.path.contains("/side_conversations/events"));
    let asked = of_events.next()?;
    let from = asked.query.iter().find(|(key, _)| key == "unix_time");
    from?.1.parse().ok()
}

#[test]
fn events_of_side_conversations_are_asked_for_from_the_position_on() {
    let sim = simulator(81);
    let connector = Connector::new(&sim);
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    let selected = ["side_conversation_events"];
    let mut warehouse = Warehouse::default();
    warehouse.take(&connector.read(&selected, INCREMENTAL, &[]).complete());
    assert_eq!(warehouse.differences(&sim, &selected), Vec::<String>::new());
    let before = sim.account(|account| account.truth(selected[0]));
    let newest = before.iter().map(|row| row.created_at).max();
    sim.account(|account: &mut Account| {
        for key in &account.keys("side_conversations")[..3] {
            account.touch("side_conversations", key);
        }
    });
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    sim.clear_requests();
    let second = connector.read(&selected, INCREMENTAL, &warehouse.states).complete();
    warehouse.take(&second);
    assert_eq!(warehouse.differences(&sim, &selected), Vec::<String>::new());
    // Those as new as the position come again.
    let as_new = before.iter().filter(|row| Some(row.created_at) == newest).count();
    let came = second.records(selected[0]).len();
    assert!((3..=3 + as_new).contains(&came), "{came}");
    assert_eq!(asked_from(&sim), newest);
}
