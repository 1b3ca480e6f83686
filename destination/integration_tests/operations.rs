//! Each object, operation and key, with thousands of difficult rows. The account contains what was
//! meant, every bad row is rejected with its reason and stored, the counts are right, and nothing
//! else changes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use simulator::{Prng, Simulator};

use crate::account::{account, all, snapshot, ticket_columns, touched};
use crate::meant::{Made, Maker, Meant, ends, misses};
use crate::run::{Ended, Folder, catalog, config, messages, start};

/// The rows of an operation.
const ROWS: usize = 2000;

/// The number of rows that are in the account before.
const KNOWN: usize = 300;

/// The number of rows between two states.
const STATE_EVERY: usize = 170;

fn maker(sim: &Simulator, object: &'static str, key: &'static str) -> Maker {
    let columns = match object {
        "tickets" => ticket_columns(sim),
        _ => {
            ["plan", "vip", "seats", "arr", "renewal"].map(|name| format!("custom_{name}")).to_vec()
        }
    };
    let custom = columns.try_into().expect("five columns");
    Maker { object, key, custom, chance: Prng::new(7) }
}

/// Adds rows to the account. Returns their keys.
fn known(sim: &Simulator, maker: &Maker) -> Vec<String> {
    let row = |at: usize| {
        let mut row = match maker.object {
            "tickets" => {
                json!({ "subject": format!("Old {at}"), "comment": { "body": "D", "public": false } })
            }
            _ => json!({ "name": format!("Old {at}"), "tags": ["old"] }),
        };
        match maker.key {
            "id" => row["external_id"] = json!(format!("E-{at}")),
            key => row[key] = json!(maker.key_of(at)),
        }
        row
    };
    sim.account(|account| {
        let made = |at| (at, account.write_new(maker.object, row(at)));
        let made: Vec<(usize, u64)> = (0..KNOWN).map(made).collect();
        made.into_iter()
            .map(|(at, id)| if maker.key == "id" { id.to_string() } else { maker.key_of(at) })
            .collect()
    })
}

/// The rows of an upsert, with known and unknown keys. Many keys occur several times.
fn upserts(maker: &mut Maker, known: &[String]) -> Vec<Made> {
    let row = |at: usize| {
        if maker.chance.below(7) == 0 {
            return maker.bad(at, maker.key != "id");
        }
        let number = maker.chance.below(900) as usize;
        let key = known.get(number).cloned();
        let is_known = key.is_some();
        let key = key.unwrap_or_else(|| {
            if maker.key == "id" { known[number % KNOWN].clone() } else { maker.key_of(number) }
        });
        maker.good(&key, at, !is_known || number.is_multiple_of(2))
    };
    (0..ROWS).map(row).collect()
}

/// The rows of an update, mostly with known keys and some with unknown keys.
fn updates(maker: &mut Maker, known: &[String]) -> Vec<Made> {
    let row = |at: usize| match maker.chance.below(8) {
        0 => maker.bad(at, false),
        1 => {
            let key = if maker.key == "id" {
                (800_000_000_000_000_u64 + at as u64).to_string()
            } else {
                maker.key_of(5000 + at)
            };
            let made = maker.good(&key, at, true);
            Made { meant: Meant::Rejected("not_found", maker.key), key: None, ..made }
        }
        _ => {
            let key = maker.one(known);
            maker.good(&key, at, at.is_multiple_of(2))
        }
    };
    (0..ROWS).map(row).collect()
}

/// The rows of an insert: new rows, some of them repeated, and rows with the keys of existing rows
/// and other values.
fn inserts(maker: &mut Maker, known: &[String]) -> Vec<Made> {
    let mut rows: Vec<Made> = Vec::new();
    for at in 0..ROWS {
        let earlier = rows.len() as u64;
        let made = match maker.chance.below(10) {
            0 => match maker.bad(at, true) {
                // A ticket may have no key.
                made if maker.object == "tickets" && made.row == json!({}) => {
                    Made { meant: Meant::Rejected("missing_field", "subject"), ..made }
                }
                Made { meant: Meant::Rejected("missing_key", _), .. }
                    if maker.object == "tickets" =>
                {
                    continue;
                }
                made => made,
            },
            1 => {
                let key = maker.one(known);
                let mut row = maker.good(&key, at, true).row;
                row[&maker.custom[2]] = json!(654_321);
                Made { row, meant: Meant::Rejected("already_exists", maker.key), key: None }
            }
            kind @ 2..=3 if earlier > 0 => {
                let again = rows[maker.chance.below(earlier) as usize].clone();
                match (&again.meant, kind) {
                    (Meant::Written(_), 2) => again,
                    (Meant::Written(_), _) => {
                        let mut row = again.row;
                        row[&maker.custom[2]] = json!(123_456);
                        Made { row, meant: Meant::Rejected("already_exists", "*"), key: None }
                    }
                    _ => continue,
                }
            }
            _ => maker.good(&maker.key_of(KNOWN + at), at, true),
        };
        rows.push(made);
    }
    rows
}

/// The rejected rows in the files of the store.
pub(crate) fn stored(folder: &Folder) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut folders = vec![folder.0.join("rejected")];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            assert!(path.extension().is_some_and(|end| end == "jsonl"), "{path:?} is not whole");
            let text = std::fs::read_to_string(&path).expect("a file of rejected rows");
            rows.extend(
                text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")),
            );
        }
    }
    rows
}

/// Writes rows with a store for rejected rows. Returns the content of the store.
pub(crate) fn write_and_store(
    sim: &Simulator,
    options: &Value,
    catalog: &Value,
    input: String,
) -> (Ended, Vec<Value>) {
    let folder = Folder::new();
    let mut config = config(options);
    config["object_storage_config"] =
        json!({ "storage_type": "Local", "path": folder.0.join("rejected") });
    let ended = start(sim, &folder, (&config, catalog), input, 0).end().succeeded();
    let stored = stored(&folder);
    (ended, stored)
}

/// Fails unless each state covers exactly the rows before it, and each rejected row is stored with
/// its reason.
fn assert_accounted(made: &[Made], ended: &Ended, stored: &[Value]) {
    let mut open: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    for row in stored {
        open.entry(row["record"].to_string()).or_default().push(row);
    }
    for Made { row, meant, .. } in made {
        let Meant::Rejected(reason, field) = meant else { continue };
        let found = open.get_mut(&row.to_string()).and_then(Vec::pop);
        let found = found.unwrap_or_else(|| panic!("not stored: {row} {meant:?}"));
        assert!(reason.is_empty() || found["reason"] == *reason, "{found}");
        let told = found["field"].as_str().unwrap_or_default();
        assert!(*field == "*" || told.contains(field), "{found} lacks {field}");
        let is_text = |name: &str| found[name].as_str().is_some_and(|text| !text.is_empty());
        assert!(
            ["stream", "namespace", "reason", "message", "at"].into_iter().all(is_text),
            "{found}"
        );
        assert_eq!((&found["stream"], &found["attempt"]), (&json!("rows"), &json!(0)), "{found}");
        let names = ["key", "http_status", "job_id"];
        assert!(names.iter().all(|name| found.get(*name).is_some()), "{found}");
    }
    let more: Vec<&Value> = open.into_values().flatten().collect();
    assert!(more.is_empty(), "{} rows are stored that were fine: {:#?}", more.len(), more.first());
    let states = ended.states();
    assert_eq!(states.len(), made.len().div_ceil(STATE_EVERY));
    for (state, made) in states.iter().zip(made.chunks(STATE_EVERY)) {
        let rejected = made.iter().filter(|made| matches!(made.meant, Meant::Rejected(..))).count();
        let stats = &state["destinationStats"];
        let told = (stats["recordCount"].as_f64(), stats["rejectedRecordCount"].as_f64());
        let meant = (Some((made.len() - rejected) as f64), Some(rejected as f64));
        assert_eq!(told, meant, "{state}\n{:#?}", ended.logged("WARN"));
        let more: f64 = stats["additionalStats"]
            .as_object()
            .expect("counts")
            .values()
            .filter_map(Value::as_f64)
            .sum();
        assert_eq!(Some(more), meant.0, "{state}");
    }
}

/// Fails unless the account contains one row for each key, with the expected values.
fn assert_ends(sim: &Simulator, maker: &Maker, made: &[Made]) {
    let mut rows: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for row in all(sim, maker.object) {
        let key =
            row[maker.key].as_str().map_or_else(|| row[maker.key].to_string(), str::to_lowercase);
        rows.entry(key).or_default().push(row);
    }
    for (key, meant) in ends(made) {
        let found = rows.get(&key).map(Vec::as_slice).unwrap_or_default();
        let [row] = found else { panic!("{} rows have the key {key}", found.len()) };
        if let Some(why) = misses(row, &maker.custom, &meant) {
            panic!("{key}: {why}");
        }
    }
}

/// The numbers of the account's rows that have one of these keys.
fn named(sim: &Simulator, maker: &Maker, keys: &BTreeSet<String>) -> BTreeSet<String> {
    let is_named = |row: &Value| {
        let key =
            row[maker.key].as_str().map_or_else(|| row[maker.key].to_string(), str::to_lowercase);
        keys.contains(&key)
    };
    let rows = all(sim, maker.object).into_iter().filter(is_named);
    rows.map(|row| row["id"].to_string()).collect()
}

fn all_goes_as_meant(
    object: &'static str,
    mode: &str,
    key: &'static str,
    rows: fn(&mut Maker, &[String]) -> Vec<Made>,
) {
    let sim = account();
    let mut maker = maker(&sim, object, key);
    let known = known(&sim, &maker);
    let made = rows(&mut maker, &known);
    let keys: BTreeSet<String> = match mode {
        "append" => BTreeSet::new(),
        _ => made.iter().filter_map(|made| made.key.clone()).collect(),
    };
    let named = named(&sim, &maker, &keys);
    let before = snapshot(&sim);
    sim.clear_ledger();
    let rows: Vec<Value> = made.iter().map(|made| made.row.clone()).collect();
    let catalog = catalog(object, mode, Some(key));
    let (ended, stored) = write_and_store(&sim, &json!({}), &catalog, messages(&rows, STATE_EVERY));
    assert_accounted(&made, &ended, &stored);
    assert_ends(&sim, &maker, &made);
    assert!(
        sim.ledger().noop_writes().len() <= sim.ledger().writes.len() / 100,
        "writes that change nothing"
    );
    let mut foreign = touched(&before, &snapshot(&sim));
    // Tickets have rows beside them that tell of their changes.
    foreign.retain(|(resource, id)| {
        !named.contains(id) && (object != "tickets" || !resource.starts_with("ticket_"))
    });
    assert_eq!(foreign, []);
    assert_eq!(ended.count("deleted"), 0);
}

#[test]
fn users_are_upserted_by_each_key() {
    for key in ["external_id", "email", "id"] {
        all_goes_as_meant("users", "append_dedup", key, upserts);
    }
}

#[test]
fn organizations_are_upserted_by_each_key() {
    for key in ["external_id", "name", "id"] {
        all_goes_as_meant("organizations", "append_dedup", key, upserts);
    }
}

#[test]
fn tickets_are_upserted_by_each_key() {
    for key in ["external_id", "id"] {
        all_goes_as_meant("tickets", "append_dedup", key, upserts);
    }
}

#[test]
fn users_are_updated_by_each_key() {
    for key in ["external_id", "email", "id"] {
        all_goes_as_meant("users", "update", key, updates);
    }
}

#[test]
fn organizations_are_updated_by_each_key() {
    for key in ["external_id", "name", "id"] {
        all_goes_as_meant("organizations", "update", key, updates);
    }
}

#[test]
fn tickets_are_updated_by_each_key() {
    for key in ["external_id", "id"] {
        all_goes_as_meant("tickets", "update", key, updates);
    }
}

#[test]
fn users_are_inserted_by_each_key() {
    for key in ["external_id", "email"] {
        all_goes_as_meant("users", "append", key, inserts);
    }
}

#[test]
fn organizations_are_inserted_by_each_key() {
    for key in ["external_id", "name"] {
        all_goes_as_meant("organizations", "append", key, inserts);
    }
}

#[test]
fn tickets_are_inserted_by_their_external_id() {
    all_goes_as_meant("tickets", "append", "external_id", inserts);
}

#[test]
fn all_are_deleted_by_each_key() {
    for (object, keys) in [
        ("users", ["external_id", "email", "id"].as_slice()),
        ("organizations", ["external_id", "name", "id"].as_slice()),
        ("tickets", ["external_id", "id"].as_slice()),
    ] {
        for key in keys {
            deletes(object, key);
        }
    }
}

/// Deletes two of three known rows, some of them by two rows of the input, and rows that do not
/// exist.
fn deletes(object: &'static str, key: &'static str) {
    let sim = account();
    let maker = maker(&sim, object, key);
    let known = known(&sim, &maker);
    let gone: Vec<&String> =
        known.iter().enumerate().filter(|(at, _)| at % 3 != 0).map(|(_, key)| key).collect();
    let mut rows: Vec<Value> = Vec::new();
    for at in 0..ROWS {
        rows.push(match at % 4 {
            0 if at % 8 == 0 => json!({ key: null, "name": "nobody" }),
            0 if key == "id" => json!({ "id": 700_000_000_000_000_u64 + at as u64 }),
            0 => json!({ key: maker.key_of(3000 + at) }),
            _ => json!({ key: *gone[(at * 7) % gone.len()], "notes": "not written", "custom_seats": 5 }),
        });
    }
    let goes: BTreeSet<String> =
        rows.iter().filter_map(|row| row[key].as_str().map(str::to_lowercase)).collect();
    let named = named(&sim, &maker, &goes);
    assert!(named.len() > 100, "{object} by {key}: {} rows go", named.len());
    let before = snapshot(&sim);
    sim.clear_ledger();
    let catalog = catalog(object, "soft_delete", Some(key));
    let options = json!({ "allow_deletes": true });
    let (ended, stored) = write_and_store(&sim, &options, &catalog, messages(&rows, STATE_EVERY));
    let rejected = rows.iter().filter(|row| row[key].is_null()).count() as u64;
    assert_eq!(
        ended.count("rejectedRecordCount"),
        rejected,
        "{object} by {key}: {:#?}",
        ended.logged("WARN")
    );
    assert_eq!(ended.count("recordCount"), ROWS as u64 - rejected);
    assert_eq!(stored.len() as u64, rejected);
    assert!(stored.iter().all(|row| row["reason"] == "missing_key" && row["field"] == key));
    let deleted: BTreeSet<String> =
        sim.ledger().deleted(object).iter().map(u64::to_string).collect();
    assert_eq!(deleted, named, "{object} by {key}");
    assert_eq!(sim.ledger().updated(object), [0_u64; 0]);
    let living: BTreeSet<String> =
        all(&sim, object).iter().map(|row| row["id"].to_string()).collect();
    assert!(living.is_disjoint(&named));
    let is_beside = |resource: &str| {
        ["user_identities", "organization_memberships", "deleted_tickets"].contains(&resource)
    };
    let mut foreign = touched(&before, &snapshot(&sim));
    foreign.retain(|(resource, id)| {
        !named.contains(id) && !is_beside(resource) && !resource.starts_with("ticket_")
    });
    assert_eq!(foreign, [], "{object} by {key}");
}
