//! Conversations in tickets besides their comments.

use simulator::{Account, Settings, Simulator, Size};

use crate::equality::Warehouse;
use crate::harness::{Connector, INCREMENTAL, SCALE, simulator};

const UNTIL_VISIBLE_SECONDS: i64 = 70;

/// The lower time bound of the first request for events, in unix seconds.
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

#[test]
fn mail_of_the_day_before_the_position_comes_again_with_what_became_of_it() {
    let sim = simulator(82);
    let connector = Connector::new(&sim);
    let selected = ["email_notifications"];
    let mut warehouse = Warehouse::default();
    let mut keys = Vec::new();
    // One mail a day.
    for _ in 0..4 {
        keys.push(sim.account(|account: &mut Account| account.create(selected[0])));
        sim.advance_seconds(86_400 * 3 / 4);
    }
    warehouse.take(&connector.read(&selected, INCREMENTAL, &[]).complete());
    assert_eq!(warehouse.differences(&sim, &selected), Vec::<String>::new());
    sim.account(|account: &mut Account| {
        keys.iter().for_each(|key| account.set_field(selected[0], key, "message_id", "null"));
    });
    let second = connector.read(&selected, INCREMENTAL, &warehouse.states).complete();
    let came: Vec<String> = second
        .records(selected[0])
        .iter()
        .map(|record| record["notification_id"].to_string())
        .collect();
    // Newest first.
    assert_eq!(came, [keys[3].clone(), keys[2].clone()]);
    assert!(second.records(selected[0]).iter().all(|record| record["message_id"].is_null()));
}

#[test]
fn links_to_jira_are_read_to_their_end_by_a_cursor_that_is_a_link() {
    let size = Size::Of(&[("jira_links", 250)]);
    let settings = Settings { seed: 83, size, scale: SCALE, ..Settings::default() };
    let sim = Simulator::start(settings).expect("the simulator starts");
    let connector = Connector::new(&sim);
    let selected = ["jira_links"];
    let mut warehouse = Warehouse::default();
    warehouse.take(&connector.read(&selected, INCREMENTAL, &[]).complete());
    assert_eq!(warehouse.rows(selected[0]).len(), 250);
    assert_eq!(warehouse.differences(&sim, &selected), Vec::<String>::new());
    let asked = sim.requests().into_iter().filter(|seen| seen.path.contains("/jira/links"));
    assert!(asked.filter(|seen| seen.raw_query.contains("after")).count() >= 2);
}
