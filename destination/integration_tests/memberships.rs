//! Organization memberships, by each pair of keys. The memberships of the rows are added or
//! removed, nothing else changes, and an unchanged row writes nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use simulator::{Faults, JobFaults, Prng, Simulator};

use crate::account::{account, all};
use crate::operations::write_and_store;
use crate::run::{catalog, config, messages, write};

const OBJECT: &str = "organization_memberships";

/// The number of users. The last two are agents.
const USERS: usize = 60;

const ORGANIZATIONS: usize = 12;

/// All pairs of keys.
const PAIRS: [[&str; 2]; 9] = [
    ["user_external_id", "organization_external_id"],
    ["user_email", "organization_external_id"],
    ["user_id", "organization_id"],
    ["user_external_id", "organization_id"],
    ["user_external_id", "organization_name"],
    ["user_email", "organization_id"],
    ["user_email", "organization_name"],
    ["user_id", "organization_external_id"],
    ["user_id", "organization_name"],
];

/// The ids of the users and of the organizations.
struct World {
    users: Vec<u64>,
    organizations: Vec<u64>,
}

fn external_id(at: usize) -> String {
    if at.is_multiple_of(7) { format!("Ü, \"{at}\" %2C") } else { format!("U-{at}") }
}

/// Adds the users and the organizations. Every third user is a member of one organization.
fn world(sim: &Simulator) -> World {
    sim.account(|account| {
        let user = |at: usize| {
            let role = if at >= USERS - 2 { "agent" } else { "end-user" };
            json!({ "external_id": external_id(at), "name": format!("User {at}"), "role": role,
                "email": format!("member+{at}@x.test") })
        };
        let organization = |at: usize| {
            json!({ "external_id": format!("O, {at} & Söhne"), "name": format!("House \"{at}\", Ü") })
        };
        let users: Vec<u64> =
            (0..USERS).map(|at| account.write_new("users", user(at))).collect();
        let organizations: Vec<u64> = (0..ORGANIZATIONS)
            .map(|at| account.write_new("organizations", organization(at)))
            .collect();
        for at in (0..USERS).step_by(3) {
            let organization = organizations[at % ORGANIZATIONS];
            let pair = json!({ "user_id": users[at], "organization_id": organization });
            account.write_new(OBJECT, pair);
        }
        World { users, organizations }
    })
}

/// All pairs of a user and an organization in which the user is a member.
fn pairs(sim: &Simulator) -> BTreeSet<(u64, u64)> {
    let rows = all(sim, OBJECT);
    let found: Vec<(u64, u64)> = rows
        .iter()
        .filter_map(|row| Some((row["user_id"].as_u64()?, row["organization_id"].as_u64()?)))
        .collect();
    let set: BTreeSet<(u64, u64)> = found.iter().copied().collect();
    assert_eq!(set.len(), found.len(), "a membership is there twice");
    set
}

fn row(world: &World, [user, organization]: [&str; 2], (u, o): (usize, usize)) -> Value {
    let user_key = match user {
        "user_external_id" => json!(format!(" {} ", external_id(u).to_uppercase())),
        "user_email" => json!(format!("MEMBER+{u}@x.test")),
        _ => json!(world.users[u]),
    };
    let organization_key = match organization {
        "organization_external_id" => json!(format!("o, {o} & Söhne")),
        "organization_name" => json!(format!("house \"{o}\", ü")),
        _ => json!(world.organizations[o].to_string()),
    };
    json!({ user: user_key, organization: organization_key, "note": "no field" })
}

fn nobody([user, organization]: [&str; 2], at: usize, row: &Value, is_user: bool) -> Value {
    let mut row = row.clone();
    let (field, value) = match (is_user, user, organization) {
        (true, "user_email", _) => (user, json!(format!("nobody{at}@x.test"))),
        (true, "user_id", _) => (user, json!(700_000_000_000_u64 + at as u64)),
        (true, ..) => (user, json!(format!("nobody {at}"))),
        (false, _, "organization_id") => (organization, json!(700_000_000_000_u64 + at as u64)),
        (false, ..) => (organization, json!(format!("nowhere {at}"))),
    };
    row[field] = value;
    row
}

/// Rows, the pairs that they mean, and how many of them are rejected for each reason.
struct Made {
    rows: Vec<Value>,
    meant: BTreeSet<(u64, u64)>,
    rejected: BTreeMap<&'static str, usize>,
}

fn made(world: &World, pair: [&str; 2], count: usize, is_removal: bool) -> Made {
    let mut chance = Prng::new(11);
    let mut one = |below: usize| chance.below(below as u64) as usize;
    let mut made = Made { rows: Vec::new(), meant: BTreeSet::new(), rejected: BTreeMap::new() };
    for at in 0..count {
        let (u, o) = (one(USERS - 2), one(ORGANIZATIONS));
        let good = row(world, pair, (u, o));
        let (row, reason) = match one(16) {
            0 => (nobody(pair, at, &good, true), "related_not_found"),
            1 => (nobody(pair, at, &good, false), "related_not_found"),
            2 => (row(world, pair, (USERS - 1 - at % 2, o)), "not_an_end_user"),
            3 => (json!({ pair[0]: good[pair[0]], pair[1]: null }), "missing_key"),
            4 => (json!({ pair[0]: [], pair[1]: good[pair[1]] }), "invalid_value"),
            _ => {
                made.meant.insert((world.users[u], world.organizations[o]));
                (good, "")
            }
        };
        // Nobody is removed from nowhere without complaint.
        let is_fine = reason.is_empty() || (is_removal && reason == "related_not_found");
        if !is_fine {
            *made.rejected.entry(reason).or_default() += 1;
        }
        made.rows.push(row);
    }
    made
}

fn of(pair: [&str; 2], mode: &str) -> Value {
    catalog(OBJECT, mode, Some(&pair.join("+")))
}

/// Adds or removes memberships, and checks everything afterwards.
fn all_goes_as_meant(pair: [&'static str; 2], is_removal: bool) {
    let sim = account();
    let world = world(&sim);
    let before = pairs(&sim);
    let made = made(&world, pair, 500, is_removal);
    sim.clear_ledger();
    let mode = if is_removal { "soft_delete" } else { "append_dedup" };
    let input = messages(&made.rows, 70);
    let (ended, stored) = write_and_store(&sim, &json!({}), &of(pair, mode), input.clone());
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for row in &stored {
        *reasons.entry(row["reason"].as_str().unwrap().to_owned()).or_default() += 1;
        let is_related = row["reason"] == "related_not_found";
        let field = row["field"].as_str().unwrap_or_default();
        assert!(!is_related || pair.contains(&field), "{row}");
    }
    let expected: BTreeMap<String, usize> =
        made.rejected.iter().map(|(reason, count)| ((*reason).to_owned(), *count)).collect();
    assert_eq!(reasons, expected, "{pair:?}");
    let rejected: usize = expected.values().sum();
    let counts = (ended.count("recordCount"), ended.count("rejectedRecordCount"));
    assert_eq!(counts, ((500 - rejected) as u64, rejected as u64));
    let after = match is_removal {
        false => &before | &made.meant,
        true => &before - &made.meant,
    };
    assert_eq!(pairs(&sim), after, "{pair:?}");
    let ledger = sim.ledger();
    assert_eq!(ledger.created(OBJECT).len(), (&after - &before).len());
    assert_eq!(ledger.deleted(OBJECT).len(), (&before - &after).len());
    assert_eq!(ledger.deleted("users"), [0_u64; 0]);
    sim.clear_ledger();
    let again = write(&sim, &config(&json!({})), &of(pair, mode), input).succeeded();
    let count = |name: &str| again.count(name);
    assert_eq!((count("created"), count("deleted")), (0, 0), "{:#?}", again.logged("WARN"));
    assert_eq!(count("unchanged"), (500 - rejected) as u64);
    assert_eq!(sim.ledger().writes, [], "an unchanged row writes nothing");
}

#[test]
fn memberships_are_added_by_each_pair_of_keys() {
    for pair in PAIRS {
        all_goes_as_meant(pair, false);
    }
}

#[test]
fn memberships_are_removed_by_each_pair_of_keys_and_nobody_is_deleted() {
    for pair in PAIRS {
        all_goes_as_meant(pair, true);
    }
}

#[test]
fn one_users_rows_with_many_organizations_go_by_few_jobs() {
    let sim = account();
    let world = world(&sim);
    let mut rows = Vec::new();
    for u in 0..USERS - 2 {
        rows.extend((0..ORGANIZATIONS).map(|o| row(&world, PAIRS[0], (u, o))));
    }
    // Two thousand rows: each pair comes about three times.
    let rows: Vec<Value> = (0..2000).map(|at| rows[at % rows.len()].clone()).collect();
    let before = pairs(&sim).len();
    sim.clear_requests();
    let input = messages(&rows, 250);
    let ended = write(&sim, &config(&json!({})), &of(PAIRS[0], "append_dedup"), input).succeeded();
    assert_eq!((ended.count("recordCount"), ended.count("rejectedRecordCount")), (2000, 0));
    assert_eq!(pairs(&sim).len(), before + (USERS - 2) * ORGANIZATIONS - 20);
    let posts = sim.requests().iter().filter(|request| request.method == "POST").count();
    assert!(posts <= 21, "{posts} requests write 2000 rows");
}

#[test]
fn a_second_organization_that_the_account_does_not_allow_is_rejected_in_zendesks_words() {
    for other_job_results in [false, true] {
        let sim = account();
        let world = world(&sim);
        sim.knobs(|knobs| {
            knobs.one_organization = true;
            knobs.other_job_results = other_job_results;
        });
        let before = pairs(&sim);
        let rows: Vec<Value> = (0..30).map(|u| row(&world, PAIRS[2], (u, (u + 1) % 12))).collect();
        let catalog = of(PAIRS[2], "append_dedup");
        let (ended, stored) = write_and_store(&sim, &json!({}), &catalog, messages(&rows, 10));
        assert_eq!((ended.count("created"), stored.len()), (20, 10), "{stored:#?}");
        let words = "one organization only";
        assert!(
            stored.iter().all(|row| row["message"].as_str().unwrap().contains(words)),
            "{:#?}",
            stored[0]
        );
        assert!(before.is_subset(&pairs(&sim)), "nobody lost an organization");
    }
}

#[test]
fn whatever_shape_the_results_have_and_whatever_job_fails_the_end_is_the_same() {
    for seed in 0..4 {
        let sim = account();
        let world = world(&sim);
        let before = pairs(&sim);
        let made = made(&world, PAIRS[0], 600, false);
        sim.knobs(|knobs| knobs.other_job_results = seed % 2 == 0);
        sim.job_faults(JobFaults::on_share(0.6, seed));
        sim.faults(Faults::on_share_of_writes(0.2, seed));
        let input = messages(&made.rows, 50);
        let catalog = of(PAIRS[0], "append_dedup");
        let ended = write(&sim, &config(&json!({})), &catalog, input.clone()).succeeded();
        let rejected: usize = made.rejected.values().sum();
        assert_eq!(ended.count("rejectedRecordCount"), rejected as u64, "seed {seed}");
        assert_eq!(pairs(&sim), &before | &made.meant, "seed {seed}");
        let catalog = of(PAIRS[0], "soft_delete");
        write(&sim, &config(&json!({})), &catalog, input).succeeded();
        assert_eq!(pairs(&sim), &before - &made.meant, "seed {seed}");
    }
}

#[test]
fn a_dry_run_knows_users_and_organizations_that_it_would_create() {
    let sim = account();
    let stream = |name: &str, object: &str, key: &str| {
        crate::run::stream(name, object, "append_dedup", Some(key))
    };
    let catalog = json!({ "streams": [
        stream("people", "users", "external_id"), stream("firms", "organizations", "external_id"),
        stream("rows", OBJECT, "user_external_id+organization_external_id"),
    ] });
    let input = [
        crate::run::record_of("people", &json!({ "external_id": "new-u", "name": "N" })),
        crate::run::record_of("firms", &json!({ "external_id": "new-o", "name": "New firm" })),
        crate::run::record(
            &json!({ "user_external_id": "NEW-U", "organization_external_id": "new-o" }),
        ),
    ];
    let input = input.map(|line| line + "\n").concat();
    let before = pairs(&sim);
    let dry =
        write(&sim, &config(&json!({ "dry_run": true })), &catalog, input.clone()).succeeded();
    let told = dry.logged("INFO").join("\n");
    let would = "rows: would create 1, update 0, leave 0 unchanged, reject 0";
    assert!(told.contains(would), "{told}\n{:#?}", dry.logged("WARN"));
    assert_eq!(pairs(&sim), before);
    let states = ["people", "firms", "rows"].map(|name| crate::run::state_of(name, 1) + "\n");
    let real = write(&sim, &config(&json!({})), &catalog, input + &states.concat()).succeeded();
    assert_eq!(real.count("created"), 3, "{:#?}", real.logged("WARN"));
    assert_eq!(pairs(&sim).len(), before.len() + 1);
}
