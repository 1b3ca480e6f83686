//! What is connected with the account, who requested what from its API, and surveys.

use std::collections::BTreeSet;

use simulator::{Account, RequestSeen, Settings, Simulator, Size};

use crate::equality::Warehouse;
use crate::harness::{Connector, FULL, INCREMENTAL, SCALE, simulator};

fn with(settings: Settings) -> Simulator {
    Simulator::start(Settings { scale: SCALE, ..settings }).expect("the simulator starts")
}

/// The requests whose path holds this.
fn asked(sim: &Simulator, path: &str) -> Vec<RequestSeen> {
    sim.requests().into_iter().filter(|seen| seen.path.contains(path)).collect()
}

fn parameter<'r>(seen: &'r RequestSeen, name: &str) -> Option<&'r str> {
    seen.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

#[test]
fn each_webhook_is_asked_for_what_came_since_the_last_read() {
    let sim = simulator(161);
    let connector = Connector::new(&sim);
    let selected = ["webhook_invocations"];
    sim.advance_seconds(70);
    let mut warehouse = Warehouse::default();
    warehouse.take(&connector.read(&selected, INCREMENTAL, &[]).complete());
    assert_eq!(warehouse.differences(&sim, &selected), Vec::<String>::new());
    // The webhook itself stays as it was.
    sim.advance_seconds(3600);
    let key = sim.account(|account: &mut Account| account.create(selected[0]));
    sim.advance_seconds(70);
    sim.clear_requests();
    let second = connector.read(&selected, INCREMENTAL, &warehouse.states).complete();
    warehouse.take(&second);
    assert_eq!(warehouse.differences(&sim, &selected), Vec::<String>::new());
    let ids: Vec<&str> =
        second.records(selected[0]).iter().filter_map(|row| row["id"].as_str()).collect();
    assert_eq!(ids, [key]);
    let asked = asked(&sim, "/invocations");
    let webhooks = sim.account(|account| account.keys("webhooks").len());
    assert_eq!(asked.len(), webhooks);
    let times: BTreeSet<_> = asked.iter().map(|seen| parameter(seen, "filter[from_ts]")).collect();
    assert!(times.len() == 1 && !times.contains(&None), "{times:?}");
}

#[test]
fn invocations_of_before_the_days_that_zendesk_keeps_are_told_to_be_gone() {
    let sim = simulator(162);
    let connector = Connector::new(&sim);
    let selected = ["webhook_invocations", "access_logs"];
    sim.advance_seconds(70);
    let first = connector.read(&selected, INCREMENTAL, &[]).complete();
    sim.advance_seconds(91 * 86_400);
    let second = connector.read(&selected, INCREMENTAL, &first.states_over(&[])).complete();
    for (stream, days) in [("webhook_invocations", 7), ("access_logs", 90)] {
        let told = format!("Zendesk keeps these rows for {days} days");
        let is_told = |line: &&str| line.starts_with(stream) && line.contains(&told);
        assert!(second.logs("WARN").iter().any(is_told), "{:?}", second.logs("WARN"));
    }
}

#[test]
fn access_logs_keep_to_their_own_limit_and_obey_the_time_that_a_refusal_tells() {
    let sim = with(Settings {
        seed: 163,
        size: Size::Of(&[("access_logs", 400)]),
        ..Settings::default()
    });
    let connector = Connector::new(&sim);
    let selected = ["access_logs"];
    sim.advance_seconds(70);
    let mut warehouse = Warehouse::default();
    let first = connector.read(&selected, INCREMENTAL, &[]).complete();
    warehouse.take(&first);
    assert_eq!(warehouse.rows(selected[0]).len(), 400);
    assert_eq!(warehouse.differences(&sim, &selected), Vec::<String>::new());
    // More pages than a minute's requests, and none was refused.
    let of_logs = asked(&sim, "/access_logs");
    assert!(of_logs.len() >= 80, "{}", of_logs.len());
    assert!(of_logs.iter().all(|seen| parameter(seen, "page[size]") == Some("1000")));
    assert_eq!(sim.limit_refusals().get(selected[0]), None);
    let before = first.state(selected[0]).and_then(|state| state["timestamp"].as_str());
    let key = sim.account(|account: &mut Account| account.create(selected[0]));
    sim.advance_seconds(70);
    sim.clear_requests();
    let second = connector.read(&selected, INCREMENTAL, &warehouse.states).complete();
    assert_eq!(parameter(&asked(&sim, "/access_logs")[0], "filter[start]"), before);
    let ids: Vec<&str> =
        second.records(selected[0]).iter().filter_map(|row| row["id"].as_str()).collect();
    assert!(ids.contains(&key.as_str()) && ids.len() <= 2, "{ids:?}");
    // Another program spends nearly all of it.
    sim.other_program("access-logs", 40);
    let run = connector.read(&selected, FULL, &[]).complete();
    assert_eq!(run.records(selected[0]).len(), 401);
    let refused = sim.limit_refusals().get("access-logs").copied().unwrap_or_default();
    // Once a minute: who does not obey the time asks many times.
    assert!((1..=25).contains(&refused), "{refused}");
}

#[test]
fn without_the_add_on_access_logs_are_left_out_and_say_what_they_need() {
    let sim = with(Settings { seed: 164, data_privacy: false, ..Settings::default() });
    let connector = Connector::new(&sim);
    let mut command = connector.command("discover");
    command.arg("--config").arg(connector.file("config.json", &connector.config));
    let run = connector.run(command, usize::MAX).complete();
    let left_out = run.logs("WARN");
    assert!(left_out.len() == 1 && left_out[0].starts_with("access_logs"), "{left_out:?}");
    assert!(left_out[0].contains("Advanced Data Privacy and Protection"), "{left_out:?}");
    let run = connector.read(&["access_logs"], FULL, &[]);
    let (kind, message) = run.error("access_logs").expect("an error");
    assert!(kind == "config_error" && message.contains("add-on"), "{message}");
}
