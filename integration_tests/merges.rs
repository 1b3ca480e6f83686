//! Merges of organizations. The connector asks for the merges of deleted organizations only.

use simulator::{Account, Simulator};

use crate::harness::{Connector, INCREMENTAL, simulator};

const UNTIL_VISIBLE_SECONDS: i64 = 70;

const STREAM: [&str; 1] = ["organization_merges"];

/// The organizations whose merges were requested.
fn asked(sim: &Simulator) -> Vec<String> {
    let requests = sim.requests().into_iter().filter(|seen| seen.feed == STREAM[0]);
    let id = |path: &str| path.split('/').nth(4).unwrap_or_default().to_owned();
    let mut asked: Vec<String> = requests.map(|seen| id(&seen.path)).collect();
    asked.dedup();
    asked.sort_unstable();
    asked.dedup();
    asked
}

fn deleted(account: &Account) -> Vec<String> {
    let mut keys = account.keys("organizations");
    keys.retain(|key| account.row("organizations", key).is_some_and(|row| row.deleted));
    keys
}

#[test]
fn only_deleted_organizations_are_asked_and_each_once_it_is_deleted() {
    let sim = simulator(141);
    let connector = Connector::new(&sim);
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    let first = connector.read(&STREAM, INCREMENTAL, &[]).complete();
    let before = sim.account(|account| deleted(account));
    assert!(before.len() > 1);
    assert_eq!(asked(&sim), before);
    assert!(first.records(STREAM[0]).len() > 10);
    sim.advance_seconds(3600);
    let (lost, merge) = sim.account(|account: &mut Account| {
        let living = account.keys("organizations").into_iter();
        let lost = living.filter(|key| !before.contains(key)).nth(2).expect("an organization");
        let merge = account.create_under(STREAM[0], lost.parse().ok());
        account.delete("organizations", &lost);
        // One that only changes is not asked.
        let kept = account.keys("organizations")[0].clone();
        account.touch("organizations", &kept);
        (lost, merge)
    });
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    sim.clear_requests();
    let second = connector.read(&STREAM, INCREMENTAL, &first.states_over(&[])).complete();
    let came = second.records(STREAM[0]);
    let is_it = |row: &&&serde_json::Value| row["id"] == merge.as_str();
    let row = came.iter().find(is_it).expect("the merge came");
    assert_eq!(row["loser_id"].to_string(), lost);
    assert!(row["organization_deleted_at"].is_string(), "{row}");
    // One more may stand at the edge of the last read.
    let asked = asked(&sim);
    assert!(asked.contains(&lost) && asked.len() <= 2, "{asked:?}");
}

#[test]
fn deleted_organizations_that_do_not_answer_are_counted_and_hold_nothing_up() {
    let sim = simulator(142);
    sim.knobs(|knobs| knobs.deleted_organizations_are_absent = true);
    let connector = Connector::new(&sim);
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    let selected = ["organizations", STREAM[0]];
    let first = connector.read(&selected, INCREMENTAL, &[]).complete();
    assert!(first.records(STREAM[0]).is_empty());
    let absent = sim.account(|account| deleted(account)).len();
    let told = first.logs("WARN");
    let told = told.iter().find(|line| line.contains(STREAM[0])).expect("a WARN");
    assert!(told.contains(&absent.to_string()), "{told}");
    sim.advance_seconds(3600);
    sim.clear_requests();
    let second = connector.read(&selected, INCREMENTAL, &first.states_over(&[])).complete();
    assert!(second.records(STREAM[0]).is_empty());
    assert!(asked(&sim).len() <= 1, "{:?}", asked(&sim));
}
