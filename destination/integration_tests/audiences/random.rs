//! Random accounts and rows. The counts of a dry run equal those of the real run, and a mirror
//! removes exactly the members that no row means.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use simulator::Prng;

use super::mirror::{mirror, whole};
use super::{KINDS, Kind, as_said, key};
use crate::account::{snapshot, touched};
use crate::run::{Folder, start};

/// The number of rounds. Each has its own account and rows.
const ROUNDS: u64 = 3;

fn one_of<'w>(chance: &mut Prng, words: &[&'w str]) -> &'w str {
    words[usize::try_from(chance.below(words.len() as u64)).unwrap()]
}

/// A row of a person, a row of somebody who does not exist, or a row that is rejected.
fn random_row(chance: &mut Prng, by: &str, at: u64) -> Value {
    let mut row = match by {
        "external_id" if chance.below(4) == 0 => json!({ "external_id": format!(" m-{at}") }),
        "external_id" => json!({ "external_id": format!("M-{at}") }),
        "name" => json!({ "name": format!("Person {at}") }),
        _ => json!({ "email": format!("M{at}@x.test") }),
    };
    let mut set = |name: &str, value: Value| {
        if row.get(name).is_none() {
            row[name] = value;
        }
    };
    if chance.below(2) == 0 {
        set("name", json!(format!("Person {at}{}", ["", "b"][usize::from(chance.below(3) == 0)])));
    }
    match chance.below(12) {
        0 => set("member", json!(false)),
        1 => set("member", json!("yes")),
        2 => set("member", json!("perhaps")),
        3 => set("external_id", json!(format!("M-{at}"))),
        4 => set("email", json!(format!("m{at}@x.test"))),
        5 => set("custom_plan", json!(one_of(chance, &["gold", "silver", "brass"]))),
        6 => set("tags", json!(["kept", format!("t{}", chance.below(2))])),
        _ => {}
    }
    row
}

fn compare(kind: Kind, by: &str, seed: u64) {
    let mut chance = Prng::new(seed);
    let people = 40 + chance.below(160);
    let share = 1 + chance.below(4);
    let sim =
        kind.account(usize::try_from(people).unwrap(), |at| !(at as u64).is_multiple_of(share + 1));
    let meant: Vec<u64> = (0..people * 3 / 2).map(|_| chance.below(people + 20)).collect();
    let rows: Vec<Value> = meant.iter().map(|at| random_row(&mut chance, by, *at)).collect();
    let catalog = mirror(by, "full_refresh", false);
    let options = json!({ "create_missing": chance.below(2) == 0, "max_removal_percent": 100,
        "tags_mode": one_of(&mut chance, &["add", "remove", "replace"]),
        "null_handling": one_of(&mut chance, &["ignore", "clear"]),
        "organization_mode": one_of(&mut chance, &["add", "replace"]) });
    let run = |options: &Value| {
        let config = kind.options(options);
        start(&sim, &Folder::new(), (&config, &catalog), whole(&rows), 0).end().succeeded()
    };
    let mut dry = options.clone();
    dry["dry_run"] = json!(true);
    let before = snapshot(&sim);
    let told = run(&dry);
    assert_eq!(touched(&before, &snapshot(&sim)), [], "seed {seed}: a dry run wrote");
    let said = told.logged("INFO");
    let said: BTreeSet<&String> =
        said.iter().filter(|line| line.contains("would create ")).collect();
    let done = as_said(&run(&options));
    assert!(said.contains(&done), "{kind:?} by {by}, seed {seed}, {options}\n{done}\n{said:#?}");
    let members = kind.members(&sim);
    for at in 0..people {
        let own = || meant.iter().zip(&rows).filter(|(of, _)| **of == at).map(|(_, row)| row);
        let is_member = members.contains(&key(usize::try_from(at).unwrap()));
        let is_plain =
            |row: &Value| row.get("member").is_none() && row.get("custom_plan").is_none();
        if own().next().is_none() {
            assert!(!is_member, "{kind:?} by {by}, seed {seed}, {options}: M-{at} has no row");
        } else if own().all(is_plain) {
            assert!(is_member, "{kind:?} by {by}, seed {seed}, {options}: M-{at} has a row");
        }
    }
}

#[test]
fn a_dry_run_says_what_the_real_run_does_with_random_rows() {
    let rounds = std::env::var("TEST_ROUNDS").ok().and_then(|rounds| rounds.parse().ok());
    for round in 0..rounds.unwrap_or(ROUNDS) {
        for (at, kind) in KINDS.into_iter().enumerate() {
            let by = match (kind.of, round % 2) {
                (_, 0) => "external_id",
                ("users", _) => "email",
                _ => "name",
            };
            let seed = round * 100 + at as u64;
            compare(kind, by, seed);
        }
    }
}
