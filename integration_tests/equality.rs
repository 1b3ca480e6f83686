//! The rows that arrive equal those that the account holds, in both sync modes. A second read
//! brings every change that was made between the reads and during the first.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use simulator::{Account, Prng, Settings, Simulator};

use crate::expected::{ByKey, SNAPSHOTS, differences, listing, newest};
use crate::harness::{Connector, FULL, INCREMENTAL, Run, of_brands, seeds};

/// How long exports withhold a change, with a margin for the scaled clock.
const UNTIL_VISIBLE_SECONDS: i64 = 70;

/// After this time the children of all parents are read again.
const UNTIL_PASS_SECONDS: i64 = 7 * 86_400 + 3600;

/// The streams of the registry, and those of them that support incremental reads.
pub(crate) fn streams(connector: &Connector<'_>) -> (Vec<String>, Vec<String>) {
    let all = connector.discover();
    let name = |stream: &Value| stream["name"].as_str().expect("a name").to_owned();
    let is_incremental = |stream: &&Value| {
        stream["supported_sync_modes"]
            .as_array()
            .is_some_and(|modes| modes.contains(&INCREMENTAL.into()))
    };
    (all.iter().map(name).collect(), all.iter().filter(is_incremental).map(name).collect())
}

pub(crate) fn names(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

/// Complaints about a full read of these streams.
fn compare(sim: &Simulator, run: &Run, streams: &[&str]) -> Vec<String> {
    let of_stream = |stream: &&str| {
        let came = newest(stream, run.records(stream));
        differences(stream, &listing(sim, stream), &came, true)
    };
    streams.iter().flat_map(of_stream).collect()
}

#[test]
fn a_full_refresh_delivers_the_account_field_by_field() {
    let sim = of_brands(1, 2);
    let connector = Connector::new(&sim);
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    let (all, _) = streams(&connector);
    let all = names(&all);
    let run = connector.read(&all, FULL, &[]).complete();
    let found = compare(&sim, &run, &all);
    assert!(found.is_empty(), "{found:#?}");
    for stream in &all {
        let least = if SNAPSHOTS.contains(stream) { 1 } else { 6 };
        assert!(run.records(stream).len() >= least, "{stream} spans no second page");
    }
}

#[test]
fn a_first_incremental_read_delivers_the_account_too_and_each_row_once() {
    let sim = of_brands(2, 2);
    let connector = Connector::new(&sim);
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    let (_, incremental) = streams(&connector);
    let incremental = names(&incremental);
    let run = connector.read(&incremental, INCREMENTAL, &[]).complete();
    let found = compare(&sim, &run, &incremental);
    assert!(found.is_empty(), "{found:#?}");
    for stream in &incremental {
        let records = run.records(stream);
        assert_eq!(
            records.len(),
            newest(stream, records.iter().copied()).len(),
            "{stream} came twice"
        );
    }
}

#[test]
fn a_second_read_without_changes_delivers_nothing_again() {
    let sim = of_brands(3, 2);
    let connector = Connector::new(&sim);
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    let (_, incremental) = streams(&connector);
    let incremental = names(&incremental);
    let first = connector.read(&incremental, INCREMENTAL, &[]).complete();
    let second = connector.read(&incremental, INCREMENTAL, &first.states_over(&[])).complete();
    for stream in &incremental {
        // Where the listing has no order of time, rows as new as the cursor come again, and so do
        // those that claim to be of the future or have no time.
        let by_creation = ["ticket_audits", "badge_assignments"].contains(stream);
        let cursor = if by_creation { "created_at" } else { "updated_at" };
        let state = first.state(stream).unwrap_or(&Value::Null);
        let again = |record: &&&Value| {
            // Each brand but the main one has a position of its own.
            let of_brand = &state["brands"][record["brand_id"].to_string()];
            let saved = of_brand[cursor].as_str().or(state[cursor].as_str());
            // To the second, as it is saved; some listings tell milliseconds.
            let second = |time: &str| time.get(..19).map(str::to_owned);
            record[cursor].as_str().is_some_and(|time| second(time) < saved.and_then(second))
        };
        let records = second.records(stream);
        let again: Vec<_> = records.iter().filter(again).collect();
        assert!(again.is_empty(), "{stream}: {again:?}");
    }
}

#[test]
fn changes_between_and_during_reads_arrive() {
    for seed in seeds(10, 4) {
        changes_arrive(seed);
    }
}

fn changes_arrive(seed: u64) {
    let sim = of_brands(seed, 2);
    let connector = Connector::new(&sim);
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    let (_, incremental) = streams(&connector);
    let incremental = names(&incremental);
    let mut warehouse = Warehouse::default();
    for round in 0..3 {
        // Changes behind and ahead of the reader, while it walks.
        let mut chance = Prng::new(seed * 100 + round);
        let changed = warehouse.changed.clone();
        sim.on_request(move |_, account| {
            if chance.chance(0.3) {
                changed.change(account, &mut chance);
            }
        });
        warehouse.take(&connector.read(&incremental, INCREMENTAL, &warehouse.states).complete());
        sim.no_hook();
        // And between two reads.
        let mut chance = Prng::new(seed * 1000 + round);
        sim.account(|account| (0..20).for_each(|_| warehouse.changed.change(account, &mut chance)));
        sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    }
    // The changes of the last round have become visible; silent ones of children do in a week.
    warehouse.take(&connector.read(&incremental, INCREMENTAL, &warehouse.states).complete());
    let of_parents: Vec<&str> =
        incremental.iter().copied().filter(|stream| !has_passes(stream)).collect();
    let found = warehouse.differences(&sim, &of_parents);
    assert!(found.is_empty(), "seed {seed}: {found:#?}");
    sim.advance_seconds(UNTIL_PASS_SECONDS);
    warehouse.take(&connector.read(&incremental, INCREMENTAL, &warehouse.states).complete());
    let found = warehouse.differences(&sim, &incremental);
    assert!(found.is_empty(), "seed {seed}: {found:#?}");
}

/// Whether the stream reads all its rows again once a week, to find changes that leave no trace.
fn has_passes(stream: &str) -> bool {
    is_child(stream) || stream == "satisfaction_ratings"
}

/// Whether the stream is read parent by parent.
pub(crate) fn is_child(stream: &str) -> bool {
    let others = [
        "side_conversations",
        "ticket_conversation_log",
        "section_subscriptions",
        "topic_subscriptions",
        "section_translations",
        "category_translations",
        "schedule_holidays",
        "attribute_values",
        "webhook_invocations",
        "custom_object_fields",
        "custom_object_triggers",
        "custom_object_access_rules",
        "organization_merges",
    ];
    stream.starts_with("article_") || stream.starts_with("post_") || others.contains(&stream)
}

/// The newest row of each key that came so far, and the saved states.
#[derive(Clone, Default)]
pub(crate) struct Warehouse {
    pub(crate) changed: Changes,
    rows: BTreeMap<String, ByKey>,
    pub(crate) states: Vec<Value>,
}

impl Warehouse {
    pub(crate) fn take(&mut self, run: &Run) {
        for message in run.messages.iter().filter(|message| message["type"] == "RECORD") {
            let stream = message["record"]["stream"].as_str().unwrap_or_default();
            let row = newest(stream, [&message["record"]["data"]]);
            self.rows.entry(stream.to_owned()).or_default().extend(row);
        }
        self.states = run.states_over(&self.states);
    }

    /// The newest rows of a stream.
    pub(crate) fn rows(&self, stream: &str) -> &ByKey {
        self.rows.get(stream).expect("the stream came")
    }

    /// Differences between the account and the rows that came. Rows that no incremental read can
    /// see are left out.
    pub(crate) fn differences(&self, sim: &Simulator, streams: &[&str]) -> Vec<String> {
        let nothing = ByKey::new();
        let of_stream = |stream: &&str| {
            let came = self.rows.get(*stream).unwrap_or(&nothing);
            let mut expected = listing(sim, stream);
            let unseen = self.changed.unseen(sim, stream);
            expected.retain(|key, _| !unseen.contains(key));
            differences(stream, &expected, came, false)
        };
        streams.iter().flat_map(of_stream).collect()
    }
}

/// The changes that were made, as far as the tests need to know them.
#[derive(Clone, Default)]
pub(crate) struct Changes {
    restored_tickets: Arc<Mutex<BTreeSet<String>>>,
}

impl Changes {
    pub(crate) fn change(&self, account: &mut Account, chance: &mut Prng) {
        let told = account.random_change(chance);
        if let Some((_, key)) =
            told.strip_prefix("restore").and_then(|told| told.trim().split_once(' '))
        {
            self.restored_tickets.lock().expect("no test panicked in it").insert(key.to_owned());
        }
    }

    /// Keys of rows whose change no incremental read can see. These are identities that changed
    /// after their user last did, and old audits of a restored ticket, which return in a listing
    /// that is sorted newest first.
    fn unseen(&self, sim: &Simulator, stream: &str) -> BTreeSet<String> {
        match stream {
            "user_identities" => sim.account(|account| {
                let users = account.truth("users").into_iter();
                let users: BTreeMap<_, _> = users.map(|user| (user.key, user.at_unix)).collect();
                let founded = Settings::default().start_now;
                let identities = account.truth(stream).into_iter().filter(|identity| {
                    let user = identity.parent.as_ref().and_then(|user| users.get(user));
                    let changed = identity.at_unix.max(identity.created_at);
                    changed > founded && user.is_none_or(|user| *user < changed)
                });
                identities.map(|identity| identity.key).collect()
            }),
            "ticket_audits" | "ticket_skips" => {
                let restored = self.restored_tickets.lock().expect("no test panicked in it");
                let rows = listing(sim, stream);
                let of_restored =
                    rows.iter().filter(|(_, row)| restored.contains(&row["ticket_id"].to_string()));
                of_restored.map(|(key, _)| key.clone()).collect()
            }
            _ => BTreeSet::new(),
        }
    }
}
