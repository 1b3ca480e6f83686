//! Custom fields as typed columns: their values, and the options of fields as rows.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::{Value, json};
use simulator::{Account, CustomField, Simulator};

use crate::agent::agent;
use crate::expected::{differences, listing, newest};
use crate::harness::{Connector, FULL, INCREMENTAL, Run, simulator};

mod catalogs;

/// How long exports withhold a change, with a margin for the scaled clock.
const UNTIL_VISIBLE_SECONDS: i64 = 70;

const OWNERS: [&str; 3] = ["tickets", "users", "organizations"];

/// Kinds of custom fields: the raw value, the value in the column, and the column's type and
/// format.
const KINDS: &[(&str, &str, &str, &str)] = &[
    ("checkbox", "true", "true", "boolean"),
    ("integer", "\"0042\"", "42", "integer"),
    ("decimal", "\"-.50\"", "-0.50", "number"),
    ("date", "\"2012-07-23T00:00:00+00:00\"", "\"2012-07-23\"", "date"),
    ("text", "\"a \\\"text\\\"\u{2028}\\u0041\"", "\"a \\\"text\\\"\u{2028}A\"", "string"),
    ("textarea", "\"\"", "\"\"", "string"),
    ("regexp", "\"A-1\"", "\"A-1\"", "string"),
    ("dropdown", "\"gold\"", "\"gold\"", "string"),
    ("multiselect", "[\"gold\", \"gone\"]", "[\"gold\",\"gone\"]", "array"),
    ("lookup", "\"28835702984212\"", "28835702984212", "integer"),
];

fn field(kind: &'static str, at: usize) -> CustomField {
    let options = [("gold", "Gold \u{2028}::\u{1f947}"), ("silver", "Silver")];
    let options = options.map(|(tag, label)| (tag.to_owned(), label.to_owned()));
    let has_options = matches!(kind, "tagger" | "dropdown" | "multiselect");
    CustomField {
        options: if has_options { options.to_vec() } else { Vec::new() },
        target: (kind == "lookup").then_some("zen:user"),
        ..CustomField::new(kind, &format!("key_{at}"), &format!("Title {at}"))
    }
}

/// Replaces the fields of an owner with one of each kind, and sets their values in every row.
/// Returns the ids of the fields.
fn one_of_each(account: &mut Account, owner: &str) -> Vec<u64> {
    account.remove_fields(owner);
    let fields: Vec<_> = KINDS.iter().enumerate().map(|(at, kind)| field(kind.0, at)).collect();
    let ids = account.add_fields(owner, &fields);
    account.fill_fields(owner, |_, field| Some(KINDS[field].1.to_owned()));
    ids
}

fn started(seed: u64, set_up: impl FnOnce(&mut Account)) -> Simulator {
    let sim = simulator(seed);
    sim.account(set_up);
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    sim
}

fn with(connector: &mut Connector<'_>, options: &[(&str, Value)]) {
    connector.config["custom_fields"] = json!("columns");
    for (option, value) in options {
        connector.config[*option] = value.clone();
    }
}

/// The streams of these names as `discover` lists them.
fn discovered(connector: &Connector<'_>, names: &[&str]) -> Vec<Value> {
    let found = connector.discover();
    let find = |name: &&str| {
        let found = found.iter().find(|stream| stream["name"] == **name);
        found.expect("the stream is listed").clone()
    };
    names.iter().map(find).collect()
}

fn properties(stream: &Value) -> &serde_json::Map<String, Value> {
    stream["json_schema"]["properties"].as_object().expect("properties")
}

/// The names of the properties that custom fields add to a stream.
fn added(stream: &Value, built_in: &Value) -> Vec<String> {
    let names = properties(stream).keys().filter(|name| !properties(built_in).contains_key(*name));
    names.cloned().collect()
}

/// Reads streams with the schemas of a catalog.
fn read_by(connector: &Connector<'_>, streams: &[Value], mode: &str) -> Run {
    let entries: Vec<Value> = streams
        .iter()
        .map(|stream| json!({ "stream": stream, "sync_mode": mode, "destination_sync_mode": "append" }))
        .collect();
    let mut command: Command = connector.command("read");
    command.arg("--config").arg(connector.file("config.json", &connector.config));
    command.arg("--catalog").arg(connector.file("catalog.json", &json!({ "streams": entries })));
    connector.run(command, usize::MAX)
}

/// A record without these columns.
fn without(record: &Value, columns: &[String]) -> Value {
    let mut record = record.clone();
    let row = record.as_object_mut().expect("a row");
    columns.iter().for_each(|column| drop(row.remove(column)));
    record
}

#[test]
fn every_kind_of_field_is_a_typed_column_and_the_raw_values_stay() {
    let sim =
        started(400, |account| OWNERS.iter().for_each(|owner| drop(one_of_each(account, owner))));
    let mut connector = Connector::new(&sim);
    let built_in = discovered(&connector, &OWNERS);
    with(
        &mut connector,
        &[("custom_field_names", json!("by_title")), ("custom_field_labels", json!(true))],
    );
    let streams = discovered(&connector, &OWNERS);
    let run = read_by(&connector, &streams, INCREMENTAL).complete();
    for (stream, built_in) in streams.iter().zip(&built_in) {
        let name = stream["name"].as_str().expect("a name");
        for (at, (kind, .., shape)) in KINDS.iter().enumerate() {
            let property = &properties(stream)[&format!("title_{at}")];
            let declared = if *shape == "date" { "string" } else { shape };
            assert_eq!(property["type"], json!(["null", declared]), "{name} {kind}");
            assert_eq!(property["format"] == "date", *shape == "date", "{name} {kind}");
            assert_eq!(property["title"], format!("Title {at}"));
        }
        let validator = jsonschema::draft7::new(&stream["json_schema"]).expect("a schema");
        let columns = added(stream, built_in);
        assert_eq!(columns.len(), KINDS.len() + 2, "{columns:?}");
        let records = run.records(name);
        assert!(records.len() > 5, "{name}");
        for record in &records {
            for (at, (kind, _, made, _)) in KINDS.iter().enumerate() {
                let made: Value = serde_json::from_str(made).expect("JSON");
                assert_eq!(record[format!("title_{at}")], made, "{name} {kind}");
            }
            assert_eq!(record["title_7_label"], "Gold \u{2028}::\u{1f947}");
            assert_eq!(record["title_8_label"], json!(["Gold \u{2028}::\u{1f947}", null]));
            assert!(validator.is_valid(record), "{name} {}", record["id"]);
        }
        let raw: Vec<Value> = records.iter().map(|record| without(record, &columns)).collect();
        let found = differences(name, &listing(&sim, name), &newest(name, &raw), true);
        assert!(found.is_empty(), "{found:#?}");
    }
    assert!(run.logs("WARN").iter().all(|told| !told.contains("do not fit")));
}

#[test]
fn a_value_that_does_not_fit_is_null_and_told_and_no_row_is_lost() {
    let misfits = [
        "\"yes\"", "\"1.5\"", "\"1,5\"", "\"soon\"", "7", "[]", "{}", "true", "\"gold\"", "\"me\"",
    ];
    let sim = started(401, |account| {
        for owner in OWNERS {
            one_of_each(account, owner);
            // Every third row has no values, and some have what is no list of values at all.
            account.fill_fields(owner, |row, field| match row % 3 {
                0 => Some(misfits[field].to_owned()),
                1 => Some("null".to_owned()),
                _ => None,
            });
        }
        let key =
            account.truth("tickets").iter().find(|row| !row.deleted).map(|row| row.key.clone());
        account.set_field("tickets", &key.expect("a ticket"), "custom_fields", "\"-\"");
    });
    let mut connector = Connector::new(&sim);
    with(&mut connector, &[("custom_field_names", json!("by_title"))]);
    let run = read_by(&connector, &discovered(&connector, &OWNERS), FULL).complete();
    for owner in OWNERS {
        let records: Vec<&Value> = run
            .messages
            .iter()
            .map(|message| &message["record"])
            .filter(|record| record["stream"] == owner)
            .collect();
        assert_eq!(records.len(), listing(&sim, owner).len(), "{owner}");
        let mut told = 0;
        for record in &records {
            for at in 0..KINDS.len() {
                assert_eq!(record["data"].get(format!("title_{at}")), Some(&Value::Null));
            }
            let changes = record["meta"]["changes"].as_array().cloned().unwrap_or_default();
            let change = |at: usize| json!({ "field": format!("title_{at}"), "change": "NULLED", "reason": "SOURCE_SERIALIZATION_ERROR" });
            let all: Vec<Value> = (0..KINDS.len()).map(change).collect();
            assert!(changes.is_empty() || changes == all, "{changes:?}");
            told += changes.len();
        }
        assert!(told > 0, "{owner}");
        let count = format!("{owner}: {told} values of custom fields do not fit");
        assert!(run.logs("WARN").iter().any(|warning| warning.starts_with(&count)), "{count}");
    }
}

#[test]
fn labels_are_found_among_more_options_than_a_page_has() {
    // Zendesk, "Ticket Fields": at most 2,000 options.
    let options: Vec<_> =
        (0..2_000).map(|n| (format!("tag_{n}"), format!("Label \"{n}\" é"))).collect();
    let sim = started(406, |account| {
        for (owner, kind) in OWNERS.iter().zip(["tagger", "dropdown", "dropdown"]) {
            account.remove_fields(owner);
            let field = CustomField { options: options.clone(), ..field(kind, 0) };
            let many = CustomField { options: options.clone(), ..self::field("multiselect", 1) };
            account.add_fields(owner, &[field, many]);
            account.fill_fields(owner, |row, field| {
                let n = 1_990 + row % 10;
                Some(if field == 0 {
                    format!("\"tag_{n}\"")
                } else {
                    format!("[\"tag_{n}\",\"\\u0074ag_7\"]")
                })
            });
        }
    });
    let mut connector = Connector::new(&sim);
    with(
        &mut connector,
        &[("custom_field_names", json!("by_title")), ("custom_field_labels", json!(true))],
    );
    let names = [&OWNERS[..], &["ticket_field_options"]].concat();
    let run = read_by(&connector, &discovered(&connector, &names), FULL).complete();
    for owner in OWNERS {
        for record in run.records(owner) {
            let tag = record["title_0"].as_str().expect("a tag");
            let label = format!("Label \"{}\" é", tag.trim_start_matches("tag_"));
            assert_eq!(record["title_0_label"], label);
            assert_eq!(record["title_1_label"], json!([label, "Label \"7\" é"]));
        }
    }
    let stream = "ticket_field_options";
    let records = run.records(stream);
    assert_eq!(records.len(), 6 * 2_000);
    let found = differences(stream, &listing(&sim, stream), &newest(stream, records), true);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn options_of_all_fields_are_rows_of_one_stream() {
    let sim = started(407, |account| drop(account.add_fields("tickets", &[field("tagger", 0)])));
    let run = Connector::new(&sim).read(&["ticket_field_options"], FULL, &[]).complete();
    let (stream, records) = ("ticket_field_options", run.records("ticket_field_options"));
    let found = differences(stream, &listing(&sim, stream), &newest(stream, records.clone()), true);
    assert!(found.is_empty(), "{found:#?}");
    assert_eq!(records.len(), listing(&sim, stream).len());
    let kinds: BTreeSet<_> = records.iter().map(|row| row["object_type"].to_string()).collect();
    assert_eq!(kinds.len(), 3, "{kinds:?}");
    // Nothing is asked for twice.
    let asked = sim.requests();
    for listing in ["ticket_fields", "user_fields", "organization_fields"] {
        let pages = asked.iter().filter(|seen| seen.path.contains(&format!("/{listing}"))).count();
        let fields = sim.account(|account| account.keys(listing).len());
        assert_eq!(pages, fields.div_ceil(5), "{listing}");
    }
}

#[test]
fn an_agent_and_a_search_have_the_columns_too() {
    let sim = started(408, |account| drop(one_of_each(account, "tickets")));
    let mut by_agent = agent(&sim);
    with(&mut by_agent, &[]);
    let mut by_search = Connector::new(&sim);
    with(&mut by_search, &[("tickets_history", json!("search"))]);
    for connector in [&by_agent, &by_search] {
        let streams = discovered(connector, &["tickets"]);
        let columns: Vec<&String> = properties(&streams[0])
            .keys()
            .filter(|name| name.starts_with("custom_field_"))
            .collect();
        assert_eq!(columns.len(), KINDS.len());
        let run = read_by(connector, &streams, INCREMENTAL).complete();
        let records = run.records("tickets");
        assert!(!records.is_empty());
        for record in records {
            assert!(columns.iter().all(|column| !record[column.as_str()].is_null()));
        }
    }
}
