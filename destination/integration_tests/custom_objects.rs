//! Records of custom objects, by each operation and key. The account contains the values of the
//! rows, bad rows are rejected with their reasons, nothing else changes, and an unchanged row
//! writes nothing.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use simulator::{CustomField, Fault, Faults, JobFaults, Prng, RecordNames, Simulator, When};

use crate::account::{account, all};
use crate::commands::status;
use crate::operations::write_and_store;
use crate::run::{catalog, command, config, messages, plain_catalog, write};

const OBJECT: &str = "custom_object:device";

const ROWS: usize = 2000;

const KNOWN: usize = 300;

/// A custom object with a field of each kind, and a user and an organization that its records may
/// refer to.
pub(crate) fn account_with(names: RecordNames) -> Simulator {
    let sim = account();
    let options = [("gold", "Gold"), ("silver", "Silver")];
    let fields = [
        CustomField::new("dropdown", "plan", "Plan").with_options(&options),
        CustomField::new("checkbox", "vip", "VIP"),
        CustomField::new("integer", "seats", "Seats"),
        CustomField::new("decimal", "arr", "ARR"),
        CustomField::new("date", "renewal", "Renewal"),
        CustomField::new("text", "owner", "Owner"),
        CustomField::new("textarea", "words", "Words"),
        CustomField::new("multiselect", "areas", "Areas").with_options(&options),
        CustomField::new("lookup", "keeper", "Keeper").with_target("zen:user"),
        CustomField::new("lookup", "firm", "Firm").with_target("zen:organization"),
        CustomField::new("lookup", "parent", "Parent").with_target("zen:custom_object:device"),
    ];
    sim.account(|account| {
        account.add_custom_object("device", names, &fields);
        account.write_new("users", json!({ "name": "Keeper", "external_id": "keeper-1" }));
        account.write_new("organizations", json!({ "name": "Firm", "external_id": "Firm, 1" }));
    });
    sim
}

/// The records of the object that are not deleted.
pub(crate) fn records(sim: &Simulator) -> Vec<Value> {
    let mut rows = all(sim, "custom_object_records");
    rows.retain(|row| row["custom_object_key"] == "device");
    rows
}

/// Keys that differ only in upper and lower case, and keys with special characters.
fn key(at: usize) -> String {
    match at % 5 {
        0 => format!("r-{}", at / 10),
        1 => format!("R-{}", at / 10),
        2 => format!("Ü \"{at}\" & %2C?"),
        _ => format!("record {at}"),
    }
}

/// Different keys of records.
fn keys(from: usize, to: usize) -> Vec<String> {
    let mut keys: Vec<String> = (from..to).map(|at| format!("{}#{at}", key(at))).collect();
    // Two that only their letters tell apart.
    for at in (0..keys.len()).step_by(9).filter(|at| *at > 0) {
        keys[at] = keys[at - 1].to_uppercase();
        keys[at - 1] = keys[at - 1].to_lowercase();
    }
    keys
}

/// Some columns of a row: column, value, field in Zendesk, and value in Zendesk.
fn columns(at: usize, keeper: &Value) -> Vec<(&'static str, Value, &'static str, Value)> {
    let is_even = at.is_multiple_of(2);
    let text = format!("a\u{1F980}\t<b> {at}");
    let all = [
        (
            "custom_plan",
            json!(if is_even { "Gold" } else { "silver" }),
            "plan",
            json!(if is_even { "gold" } else { "silver" }),
        ),
        ("custom_vip", json!(if is_even { "yes" } else { "0" }), "vip", json!(is_even)),
        ("custom_seats", json!(at.to_string()), "seats", json!(at)),
        ("custom_arr", json!("12.50"), "arr", json!(12.5)),
        ("custom_renewal", json!("2026-01-31T10:00:00Z"), "renewal", json!("2026-01-31")),
        ("custom_owner", json!(text), "owner", json!(text)),
        ("custom_words", json!("a\nb"), "words", json!("a\nb")),
        ("custom_areas", json!("Silver,gold"), "areas", json!(["silver", "gold"])),
        ("custom_keeper_external_id", json!("KEEPER-1"), "keeper", keeper.clone()),
        ("no_field", json!(at), "", Value::Null),
    ];
    let of = |(place, one): (usize, _)| (!(at + place).is_multiple_of(3)).then_some(one);
    all.into_iter().enumerate().filter_map(of).collect()
}

/// The values that the records should have, by key and by field name.
type Wanted = BTreeMap<String, Map<String, Value>>;

struct Play {
    sim: Simulator,
    keeper: Value,
    wanted: Wanted,
    rows: Vec<Value>,
    rejected: BTreeMap<&'static str, usize>,
    chance: Prng,
}

impl Play {
    fn new() -> Self {
        let sim = account_with(RecordNames::Given);
        let is_keeper = |row: &&Value| row["external_id"] == "keeper-1";
        let keeper = all(&sim, "users").iter().find(is_keeper).unwrap()["id"].to_string();
        let (wanted, rejected) = (Wanted::new(), BTreeMap::new());
        Self {
            sim,
            keeper: json!(keeper),
            wanted,
            rows: Vec::new(),
            rejected,
            chance: Prng::new(5),
        }
    }

    fn below(&mut self, most: usize) -> usize {
        self.chance.below(most as u64) as usize
    }

    /// Adds a good row with this key, and notes the values that its record should get.
    fn good(&mut self, field: &str, key: &Value, wanted: &str, at: usize, is_new: bool) {
        let mut row = json!({ field: key });
        let keeper = self.keeper.clone();
        let record = self.wanted.entry(wanted.to_owned()).or_default();
        for (column, value, name, meant) in columns(at, &keeper) {
            row[column] = value;
            if !name.is_empty() {
                record.insert(name.to_owned(), meant);
            }
        }
        if is_new || at.is_multiple_of(4) {
            row["name"] = json!(format!("N {at}"));
            record.insert("name".to_owned(), row["name"].clone());
        }
        self.rows.push(row);
    }

    fn bad(&mut self, field: &str, at: usize, is_new: bool) {
        let key = json!(format!("bad {at}"));
        let name = format!("N {at}");
        let (row, reason) = match at % 7 {
            0 => (json!({ field: " ", "name": name }), "missing_key"),
            1 => (json!({ field: key, "name": name, "custom_plan": "Bronze" }), "invalid_option"),
            2 => (json!({ field: key, "name": name, "custom_seats": "many" }), "invalid_value"),
            3 if is_new => {
                let row =
                    json!({ field: key, "name": name, "custom_keeper_external_id": "nobody" });
                (row, "related_not_found")
            }
            4 if is_new => {
                (json!({ field: key, "name": name, "custom_firm": 7 }), "related_not_found")
            }
            5 if is_new => (json!({ field: key, "custom_owner": "x" }), "missing_field"),
            6 if field == "external_id" => {
                (json!({ field: format!("a,{at}"), "name": name }), "refused")
            }
            _ if is_new => {
                (json!({ field: key, "name": name, "custom_renewal": "soon" }), "invalid_value")
            }
            _ => (json!({ field: key, "name": name }), "not_found"),
        };
        *self.rejected.entry(reason).or_default() += 1;
        self.rows.push(row);
    }

    /// Writes records into the account. Returns their ids by external id.
    fn known(&mut self, keys: &[String]) -> BTreeMap<String, String> {
        for (at, key) in keys.iter().enumerate() {
            self.good("external_id", &json!(key), key, at, true);
        }
        let rows = std::mem::take(&mut self.rows);
        let insert = catalog(OBJECT, "append", Some("external_id"));
        let ended =
            write(&self.sim, &config(&json!({})), &insert, messages(&rows, 100)).succeeded();
        assert_eq!(ended.count("created"), keys.len() as u64, "{:#?}", ended.logged("WARN"));
        let pair = |row: &Value| {
            let text = |name: &str| Some(row[name].as_str()?.to_owned());
            Some((text("external_id")?, text("id")?))
        };
        records(&self.sim).iter().filter_map(pair).collect()
    }

    /// Writes the rows. Fails unless the account then contains what was meant.
    fn ends(&self, mode: &str, key: &str) {
        let others = || -> Vec<Value> {
            let mut rows = all(&self.sim, "custom_object_records");
            rows.retain(|row| row["custom_object_key"] != "device");
            rows.extend(all(&self.sim, "users"));
            rows
        };
        let before = others();
        self.sim.clear_ledger();
        let catalog = catalog(OBJECT, mode, Some(key));
        let input = messages(&self.rows, 170);
        let (ended, stored) = write_and_store(&self.sim, &json!({}), &catalog, input.clone());
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for row in &stored {
            *reasons.entry(row["reason"].as_str().unwrap()).or_default() += 1;
        }
        assert_eq!(reasons, self.rejected, "{mode} {key}: {:#?}", ended.logged("WARN"));
        let counts = (ended.count("recordCount"), ended.count("rejectedRecordCount"));
        assert_eq!(counts, ((self.rows.len() - stored.len()) as u64, stored.len() as u64));
        self.holds(&format!("{mode} {key}"));
        assert_eq!(self.sim.ledger().noop_writes(), Vec::<&_>::new(), "{mode} {key}");
        assert_eq!(others(), before, "nothing else is touched");
        let ignored = self.sim.ledger();
        assert!(ignored.ignored_options.is_empty() && ignored.ignored_lookups.is_empty());
        self.sim.clear_ledger();
        // The last values are there: once more the last row of each key writes nothing.
        let mut last: BTreeMap<String, Value> = BTreeMap::new();
        for row in &self.rows {
            let merged = last.entry(row[key].to_string()).or_insert_with(|| json!({}));
            merged.as_object_mut().unwrap().extend(row.as_object().cloned().unwrap());
        }
        let rows: Vec<Value> = last.into_values().collect();
        let again =
            write(&self.sim, &config(&json!({})), &catalog, messages(&rows, 170)).succeeded();
        let done = ["created", "updated", "deleted"].map(|name| again.count(name));
        assert_eq!(done, [0; 3], "{mode} {key}");
        assert_eq!(self.sim.ledger().writes, [], "an unchanged row writes nothing");
    }

    fn holds(&self, what: &str) {
        // An unset checkbox and one that is off are the same.
        let without_off = |record: &Map<String, Value>| {
            let mut record = record.clone();
            record.retain(|name, value| name != "vip" || *value == true);
            record
        };
        let mut found = Wanted::new();
        for row in records(&self.sim) {
            let mut record = row["custom_object_fields"].as_object().cloned().unwrap();
            record.insert("name".to_owned(), row["name"].clone());
            let twice = found.insert(row["external_id"].as_str().unwrap().to_owned(), record);
            assert!(twice.is_none(), "{what}: {row} is there twice");
        }
        for (key, wanted) in &self.wanted {
            let found = found.get(key).map(without_off);
            assert_eq!(found, Some(without_off(wanted)), "{what}: {key}");
        }
        assert_eq!(found.len(), self.wanted.len(), "{what}");
    }
}

#[test]
fn records_are_upserted_by_each_key() {
    for field in ["external_id", "id"] {
        let mut play = Play::new();
        let all = keys(0, 2 * KNOWN);
        let ids = play.known(&all[..KNOWN]);
        let most = if field == "id" { KNOWN } else { 2 * KNOWN };
        for at in 0..ROWS {
            if play.below(8) == 0 {
                play.bad(field, at, field != "id");
                continue;
            }
            let number = play.below(most);
            let key = if field == "id" { json!(ids[&all[number]]) } else { json!(all[number]) };
            play.good(field, &key, &all[number], at, number >= KNOWN);
        }
        play.ends("append_dedup", field);
    }
}

#[test]
fn records_are_updated_by_each_key() {
    for field in ["external_id", "id"] {
        let mut play = Play::new();
        let all = keys(0, KNOWN);
        let ids = play.known(&all);
        for at in 0..ROWS {
            if play.below(8) == 0 {
                play.bad(field, at, false);
                continue;
            }
            let number = play.below(KNOWN);
            let key = if field == "id" { json!(ids[&all[number]]) } else { json!(all[number]) };
            play.good(field, &key, &all[number], at, false);
        }
        play.ends("update", field);
    }
}

#[test]
fn records_are_inserted_and_never_written_over() {
    let mut play = Play::new();
    let all = keys(0, ROWS);
    play.known(&all[..KNOWN]);
    for (at, key) in all.iter().enumerate().skip(KNOWN) {
        match play.below(8) {
            0 => play.bad("external_id", at, true),
            1 => {
                let known = play.below(KNOWN);
                let row = json!({ "external_id": all[known], "name": "other", "custom_seats": 9 });
                play.rows.push(row);
                *play.rejected.entry("already_exists").or_default() += 1;
            }
            _ => play.good("external_id", &json!(key), key, at, true),
        }
    }
    play.ends("append", "external_id");
}

#[test]
fn records_are_deleted_by_each_key_without_an_option() {
    for field in ["external_id", "id"] {
        let mut play = Play::new();
        let all = keys(0, KNOWN);
        let ids = play.known(&all);
        for at in 0..ROWS {
            match play.below(8) {
                0 => {
                    play.rows.push(json!({ field: null }));
                    *play.rejected.entry("missing_key").or_default() += 1;
                }
                1 => play.rows.push(json!({ field: format!("nobody {at}") })),
                _ => {
                    let number = play.below(KNOWN / 2);
                    let key = if field == "id" { &ids[&all[number]] } else { &all[number] };
                    play.rows.push(json!({ field: key, "name": "not written" }));
                    play.wanted.remove(&all[number]);
                }
            }
        }
        assert_eq!(play.wanted.len(), KNOWN / 2);
        play.ends("soft_delete", field);
    }
}

#[test]
fn whatever_shape_the_results_have_and_whatever_job_fails_the_end_is_the_same() {
    for seed in 0..4 {
        let mut play = Play::new();
        let all = keys(0, 400);
        play.known(&all[..200]);
        play.sim.knobs(|knobs| knobs.other_job_results = seed % 2 == 0);
        for at in 0..600 {
            match play.below(9) {
                0 => play.bad("external_id", at, true),
                _ => {
                    let number = play.below(400);
                    play.good("external_id", &json!(all[number]), &all[number], at, number >= 200);
                }
            }
        }
        play.sim.job_faults(JobFaults::on_share(0.5, seed));
        play.sim.faults(Faults::on_share_of_writes(0.1, seed));
        let catalog = catalog(OBJECT, "append_dedup", Some("external_id"));
        let ended =
            write(&play.sim, &config(&json!({})), &catalog, messages(&play.rows, 90)).succeeded();
        let rejected: usize = play.rejected.values().sum();
        assert_eq!(ended.count("rejectedRecordCount"), rejected as u64, "seed {seed}");
        play.holds(&format!("seed {seed}"));
    }
}

#[test]
fn where_jobs_are_refused_records_are_written_one_by_one_and_this_is_told_once() {
    let mut play = Play::new();
    let all = keys(0, 120);
    let ids = play.known(&all[..60]);
    let refused = Fault::named(403, "Forbidden");
    play.sim.faults(Faults::rule("custom_objects/device/jobs", When::Always, refused));
    for (at, key) in all.iter().enumerate() {
        play.good("external_id", &json!(key), key, at + 1, at >= 60);
    }
    let upsert = catalog(OBJECT, "append_dedup", Some("external_id"));
    let ended =
        write(&play.sim, &config(&json!({})), &upsert, messages(&play.rows, 40)).succeeded();
    assert_eq!((ended.count("created"), ended.count("updated")), (60, 60));
    play.holds("one by one");
    let told = ended.logged("WARN").iter().filter(|line| line.contains("in bulk")).count();
    assert_eq!(told, 2, "{:#?}", ended.logged("WARN"));
    let rows: Vec<Value> = ids.values().map(|id| json!({ "id": id })).collect();
    let delete = catalog(OBJECT, "soft_delete", Some("id"));
    let ended = write(&play.sim, &config(&json!({})), &delete, messages(&rows, 40)).succeeded();
    assert_eq!((ended.count("deleted"), records(&play.sim).len()), (60, 60));
}

#[test]
fn names_may_be_given_by_zendesk_or_have_to_be_unique() {
    let rows: Vec<Value> = (0..20)
        .map(|at| json!({ "external_id": format!("d-{at}"), "name": format!("N {}", at % 10) }))
        .collect();
    let plain = plain_catalog(OBJECT, "append_dedup", &["external_id"], &["external_id", "name"]);
    let sim = account_with(RecordNames::Numbered);
    let ended = write(&sim, &config(&json!({})), &plain, messages_of(&rows)).succeeded();
    assert_eq!(ended.count("created"), 20, "{:#?}", ended.logged("WARN"));
    assert!(ended.logged("WARN").iter().any(|line| line.contains(": name. Map")));
    assert!(records(&sim).iter().all(|row| row["name"].as_str().unwrap().starts_with("Nr. ")));
    let sim = account_with(RecordNames::Unique);
    let catalog = catalog(OBJECT, "append_dedup", Some("external_id"));
    let (ended, stored) = write_and_store(&sim, &json!({}), &catalog, messages(&rows, 5));
    assert_eq!((ended.count("created"), stored.len()), (10, 10));
    assert!(
        stored.iter().all(|row| row["reason"] == "already_exists" && row["field"] == "name"),
        "{stored:#?}"
    );
}

fn messages_of(rows: &[Value]) -> String {
    crate::run::messages_of(OBJECT, rows)
}

#[test]
fn rows_of_all_objects_name_others_by_lookup_fields() {
    let sim = account_with(RecordNames::Given);
    let lookup = |key: &str, target| CustomField::new("lookup", key, key).with_target(target);
    let lookups = [
        lookup("boss", "zen:user"),
        lookup("parent", "zen:organization"),
        lookup("device", "zen:custom_object:device"),
        lookup("case", "zen:ticket"),
    ];
    let numbers = sim.account(|account| {
        account.add_fields("users", &lookups);
        account.add_fields("organizations", &lookups);
        account.add_fields("tickets", &lookups)
    });
    let device = json!({ "external_id": "D-1", "name": "D", "custom_firm_external_id": "FIRM, 1" });
    let devices = catalog(OBJECT, "append_dedup", Some("external_id"));
    write(&sim, &config(&json!({})), &devices, messages(&[device], 1)).succeeded();
    let device = records(&sim)[0].clone();
    let id_of = |resource: &str, key: &str| {
        let rows = all(&sim, resource);
        rows.iter().find(|row| row["external_id"] == key).unwrap()["id"].clone()
    };
    let firm = id_of("organizations", "Firm, 1");
    assert_eq!(device["custom_object_fields"], json!({ "firm": firm.to_string() }));
    let keeper = id_of("users", "keeper-1");
    let case = all(&sim, "tickets")[0]["id"].clone();
    for object in ["users", "organizations", "tickets"] {
        let column = |at: usize, end: &str| match object {
            "tickets" => format!("custom_any_title_{}{end}", numbers[at]),
            _ => format!("custom_{}{end}", lookups[at].key),
        };
        let by = "_external_id";
        let row = |key: &str, at: usize, end: &str, value: &Value| {
            json!({ "external_id": key, "name": format!("{object} {key}"), "subject": "S", "description": "D",
                column(at, end): value })
        };
        let mut rows = vec![row("good", 0, by, &json!("Keeper-1"))];
        for (at, end, value) in [(1, by, &json!("firm, 1")), (2, by, &json!("D-1")), (3, "", &case)]
        {
            rows[0][column(at, end)] = value.clone();
        }
        let nobody = [
            row("x0", 0, by, &json!("nobody")),
            row("x1", 1, "", &json!(7)),
            row("x2", 2, by, &json!("d-1")),
            row("x3", 2, "", &json!("01NONE")),
            row("x4", 3, "", &json!(999_999_999)),
        ];
        rows.extend(nobody.iter().cloned());
        let catalog = catalog(object, "append_dedup", Some("external_id"));
        let input = messages(&rows, 3);
        let (ended, stored) = write_and_store(&sim, &json!({}), &catalog, input.clone());
        assert_eq!(ended.count("created"), 1, "{object}: {:#?}", ended.logged("WARN"));
        assert_eq!(stored.len(), 5);
        assert!(stored.iter().all(|row| row["reason"] == "related_not_found"), "{stored:#?}");
        let rows = all(&sim, object);
        let found = rows.iter().find(|row| row["external_id"] == "good").unwrap();
        let value = |at: usize| match object {
            "tickets" => {
                let values = found["custom_fields"].as_array().unwrap();
                let own = values.iter().find(|pair| pair["id"] == numbers[at]).unwrap();
                own["value"].clone()
            }
            _ => {
                let fields = if object == "users" { "user_fields" } else { "organization_fields" };
                found[fields][&lookups[at].key].clone()
            }
        };
        let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let expected = [&keeper, &firm, &device["id"], &case].map(plain);
        assert_eq!([0, 1, 2, 3].map(|at| plain(&value(at))), expected, "{object}");
        sim.clear_ledger();
        let again = write(&sim, &config(&json!({})), &catalog, input).succeeded();
        assert_eq!((again.count("unchanged"), sim.ledger().writes.len()), (1, 0), "{object}");
    }
}

#[test]
fn discover_lists_custom_objects_and_memberships_and_leaves_out_what_cannot_be_listed() {
    let sim = account_with(RecordNames::Given);
    let ended = command(&sim, "discover", &config(&json!({}))).succeeded();
    let catalog = ended.of_type("DESTINATION_CATALOG")[0]["destination_catalog"].clone();
    let operations = catalog["operations"].as_array().unwrap().clone();
    let of = |object: &str| -> Vec<&Value> {
        operations.iter().filter(|one| one["object_name"] == object).collect()
    };
    let modes = |object: &str| -> Vec<&str> {
        of(object).iter().map(|one| one["sync_mode"].as_str().unwrap()).collect()
    };
    assert_eq!(modes(OBJECT), ["append", "append_dedup", "update", "soft_delete"]);
    assert_eq!(modes("organization_memberships"), ["append_dedup", "soft_delete"]);
    let upsert = of(OBJECT)[1];
    assert_eq!(upsert["matching_keys"], json!([["external_id"], ["id"]]));
    let schema = &upsert["json_schema"];
    assert_eq!(schema["required"], json!(["name"]));
    assert!(schema["description"].as_str().unwrap().contains("device"), "its title");
    let about =
        |column: &str| schema["properties"][column]["description"].as_str().unwrap().to_owned();
    assert_eq!(about("custom_plan"), "Plan. One of: gold, silver");
    assert!(
        about("custom_keeper_external_id")
            .contains("Keeper, by the external id of the row in users")
    );
    assert!(about("custom_parent_external_id").contains("custom_object:device"));
    let deletes = of(OBJECT)[3]["json_schema"]["description"].as_str().unwrap();
    assert!(deletes.contains("does not restore them"), "{deletes}");
    for (path, status) in [
        ("api/v2/custom_objects?", 403),
        ("api/v2/custom_objects?", 404),
        ("custom_objects/device/fields", 403),
    ] {
        sim.faults(Faults::rule(path, When::Always, Fault::named(status, "Forbidden")));
        let ended = command(&sim, "discover", &config(&json!({}))).succeeded();
        let text = ended.of_type("DESTINATION_CATALOG")[0].to_string();
        assert!(
            !text.contains("\"object_name\":\"custom_object:device\"")
                && text.contains("\"users\"")
        );
        let told = ended.logged("WARN").join("\n");
        assert!(told.contains("not in the catalog"), "{path} {status}: {told}");
    }
}

#[test]
fn a_custom_object_that_is_not_there_is_told_before_a_row_is_read() {
    let sim = account_with(RecordNames::Given);
    let streams = json!([
        { "stream": "a", "object": "custom_object:nothing", "operation": "upsert" },
        { "stream": "b", "object": "custom_object:../users", "operation": "upsert" },
        { "stream": "c", "object": OBJECT, "operation": "upsert" },
    ]);
    let options = config(&json!({ "streams": streams }));
    let (word, message) = status(&command(&sim, "check", &options));
    assert_eq!(word, "FAILED");
    for part in ["`a`", "`nothing`", "`b`", "`custom_object:../users`"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert!(!message.contains("`c`"), "{message}");
    let catalog = catalog("custom_object:nothing", "append_dedup", Some("external_id"));
    let ended = write(&sim, &config(&json!({})), &catalog, messages(&[json!({})], 1));
    assert_eq!((ended.code, ended.states().len()), (Some(1), 0));
    assert!(
        ended.errors()[0].contains("the custom object `nothing` does not exist"),
        "{:?}",
        ended.errors()
    );
    let bearer =
        json!({ "credentials": "oauth2.0", "access_token": simulator::PEOPLE_WRITE_BEARER });
    let ended = command(&sim, "check", &config(&json!({ "credentials": bearer })));
    let told = ended.logged("WARN").join("\n");
    assert!(told.contains("`custom_objects:write`"), "{told}");
}
