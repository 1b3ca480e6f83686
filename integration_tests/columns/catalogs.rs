//! Which columns a catalog has, their names, and what a read with an older catalog gets from an
//! account that has changed since.

use serde_json::{Value, json};
use simulator::{
    Account, CustomField, Fault, FaultRule, Faults, Latency, Settings, Simulator, When,
};

use super::{KINDS, OWNERS, added, discovered, field, one_of_each, properties, read_by, started};
use super::{UNTIL_VISIBLE_SECONDS, with, without};
use crate::expected::{differences, listing, newest};
use crate::harness::{Connector, FULL, SCALE, simulator};

/// Adds a thousand fields to an owner, with every odd title and key that people could choose.
fn thousand(account: &mut Account, owner: &str) {
    account.remove_fields(owner);
    let titles = [
        "",
        "Order Number",
        "order number",
        "Priority",
        "Größe",
        "優先度",
        "приоритет",
        "الأولوية",
        "🔥🔥",
        "___",
        "9 lives",
        "id",
        "Custom Status Id",
        "tags",
        "name",
        "a\"b\\c\nd\u{2028}",
        "custom field 1",
        "Order Number label",
        "_ab_cdc_deleted_at",
        "generated timestamp",
    ];
    let fields: Vec<_> = (0..1_000)
        .map(|at| {
            let (kind, ..) = KINDS[at % KINDS.len()];
            let title = match at % 25 {
                20 => None,
                21 => Some("x".repeat(200)),
                _ => Some(titles[at % 25 % titles.len()].to_owned()),
            };
            let key = match at {
                0 => "tags".to_owned(),
                1 => "Plan".to_owned(),
                2 => "plan".to_owned(),
                3 => "standard::thing".to_owned(),
                _ => format!("{}_{at}", "k".repeat(at % 90)),
            };
            CustomField { title, key, active: at % 7 != 0, ..field(kind, at) }
        })
        .collect();
    account.add_fields(owner, &fields);
    account.fill_fields(owner, |_, field| Some(KINDS[field % KINDS.len()].1.to_owned()));
}

fn is_name(name: &str) -> bool {
    let is_first = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    let bytes = name.as_bytes();
    (1..=63).contains(&bytes.len())
        && is_first(bytes[0])
        && bytes.iter().all(|byte| is_first(*byte) || byte.is_ascii_digit())
}

#[test]
fn a_thousand_fields_have_a_thousand_names_that_every_destination_takes() {
    let settings = Settings { seed: 402, scale: SCALE, page_cap: None, ..Settings::default() };
    let sim = Simulator::start(settings).expect("the simulator starts");
    sim.account(|account| OWNERS.iter().for_each(|owner| thousand(account, owner)));
    sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
    let mut connector = Connector::new(&sim);
    let built_in = discovered(&connector, &OWNERS);
    for naming in ["by_id", "by_key", "by_title"] {
        with(&mut connector, &[("custom_field_names", json!(naming))]);
        let streams = discovered(&connector, &OWNERS);
        let labels = json!(true);
        connector.config["custom_field_labels"] = labels;
        let labelled = discovered(&connector, &OWNERS);
        connector.config["custom_field_labels"] = json!(false);
        for ((stream, labelled), built_in) in streams.iter().zip(&labelled).zip(&built_in) {
            let what = format!("{} {naming}", stream["name"]);
            let names = added(stream, built_in);
            assert_eq!(names.len(), 1_000, "{what}");
            assert_eq!(added(labelled, built_in).len(), 1_200, "{what}");
            for name in added(labelled, built_in) {
                assert!(is_name(&name), "{what}: {name}");
            }
            // Asking for labels renames nothing, and built-in columns are what they were.
            assert!(names.iter().all(|name| properties(labelled).contains_key(name)), "{what}");
            for (name, property) in properties(built_in) {
                assert_eq!(properties(stream).get(name), Some(property), "{what} {name}");
            }
            let by_id = names.iter().filter(|name| name.starts_with("custom_field_")).count();
            if naming == "by_id" || (naming == "by_key" && stream["name"] == "tickets") {
                assert_eq!(by_id, 1_000, "{what}");
            } else {
                assert!(by_id < 300, "{what}: {by_id}");
            }
        }
        let run = read_by(&connector, &streams, FULL).complete();
        for (stream, built_in) in streams.iter().zip(&built_in) {
            let name = stream["name"].as_str().expect("a name");
            let columns = added(stream, built_in);
            let records = run.records(name);
            let full = |record: &&&Value| columns.iter().all(|column| !record[column].is_null());
            assert_eq!(records.iter().filter(full).count(), records.len(), "{name} {naming}");
            let raw: Vec<Value> = records.iter().map(|record| without(record, &columns)).collect();
            let found = differences(name, &listing(&sim, name), &newest(name, &raw), true);
            assert!(found.is_empty(), "{found:#?}");
        }
    }
}

#[test]
fn without_a_listing_of_fields_there_is_no_catalog() {
    let sim = simulator(403);
    let mut connector = Connector::new(&sim);
    with(&mut connector, &[]);
    for listing in ["ticket_fields", "user_fields", "organization_fields"] {
        for status in [500, 403] {
            let fault = Fault::Status { status, headers: Vec::new(), body: String::new() };
            sim.faults(Faults::rules([FaultRule::new(
                &format!("/{listing}"),
                When::Always,
                fault,
            )]));
            let mut command = connector.command("discover");
            command.arg("--config").arg(connector.file("config.json", &connector.config));
            let run = connector.run(command, usize::MAX);
            assert_eq!(run.code, Some(1), "{listing} {status}");
            assert!(run.messages.iter().all(|message| message["type"] != "CATALOG"), "{listing}");
            let error = run
                .messages
                .iter()
                .find_map(|message| message["trace"]["error"]["message"].as_str());
            assert!(
                error.is_some_and(|told| told.contains(listing)),
                "{listing} {status}: {error:?}"
            );
        }
    }
    // Whoever wants no columns does not ask.
    connector.config["custom_fields"] = json!("raw");
    assert_eq!(discovered(&connector, &OWNERS).len(), 3);
}

#[test]
fn a_stream_whose_fields_are_not_listed_fails_alone() {
    let sim = started(404, |account| drop(one_of_each(account, "users")));
    let mut connector = Connector::new(&sim);
    with(&mut connector, &[]);
    let streams = discovered(&connector, &["tickets", "users", "groups"]);
    let fault = Fault::Status { status: 403, headers: Vec::new(), body: String::new() };
    sim.faults(Faults::rules([FaultRule::new("/ticket_fields", When::Always, fault)]));
    let run = read_by(&connector, &streams, FULL);
    assert_eq!(run.code, Some(1));
    assert_eq!(run.error("tickets").map(|(kind, _)| kind), Some("config_error"));
    assert_eq!(run.status("tickets"), Some("INCOMPLETE"));
    assert!(run.records("tickets").is_empty());
    for stream in ["users", "groups"] {
        assert_eq!(run.status(stream), Some("COMPLETE"));
        assert_eq!(newest(stream, run.records(stream)).len(), listing(&sim, stream).len());
    }
}

/// The stream as a platform may store it: without the keywords that the program adds to JSON
/// schema.
fn stripped(stream: &Value) -> Value {
    let mut stream = stream.clone();
    let properties = stream["json_schema"]["properties"].as_object_mut().expect("properties");
    for property in properties.values_mut().filter_map(Value::as_object_mut) {
        property.retain(|keyword, _| ["type", "format", "items"].contains(&keyword.as_str()));
    }
    stream
}

#[test]
fn an_older_catalog_gets_its_columns_and_is_told_what_is_new() {
    for owner in OWNERS {
        for naming in ["by_id", "by_key", "by_title"] {
            let sim = started(405, |account| drop(one_of_each(account, owner)));
            let mut connector = Connector::new(&sim);
            let built_in = discovered(&connector, &[owner]).remove(0);
            with(&mut connector, &[("custom_field_names", json!(naming))]);
            let older = discovered(&connector, &[owner]).remove(0);
            let columns = added(&older, &built_in);
            let name_of = |title: &str| {
                let found = columns.iter().find(|name| properties(&older)[*name]["title"] == title);
                found.expect("a column of this title").clone()
            };
            let (integer, decimal, date) =
                (name_of("Title 1"), name_of("Title 2"), name_of("Title 3"));
            // The integer goes, the decimal is renamed, and a checkbox comes.
            let listing_of = match owner {
                "tickets" => "ticket_fields",
                "users" => "user_fields",
                _ => "organization_fields",
            };
            let new = sim.account(|account| {
                let keys = account.keys(listing_of);
                account.set_field(listing_of, &keys[2], "title", "\"Renamed\"");
                let new = CustomField::new("checkbox", "key_new", "Brand New");
                let new = account.add_fields(owner, &[new])[0];
                account.fill_fields(owner, |_, field| {
                    Some(KINDS.get(field).map_or("true", |kind| kind.1).to_owned())
                });
                account.delete(listing_of, &keys[1]);
                new
            });
            let new = match (naming, owner) {
                ("by_title", _) => "brand_new".to_owned(),
                ("by_key", "users" | "organizations") => "key_new".to_owned(),
                _ => format!("custom_field_{new}"),
            };
            sim.advance_seconds(UNTIL_VISIBLE_SECONDS);
            for (saved, knows_titles) in [(older.clone(), true), (stripped(&older), false)] {
                let run = read_by(&connector, &[saved], FULL).complete();
                let records = run.records(owner);
                assert!(!records.is_empty(), "{owner}");
                for record in records {
                    assert_eq!(record[&integer], Value::Null, "{owner} {naming}");
                    assert_eq!(record[&date], "2012-07-23", "{owner} {naming}");
                    let is_found = knows_titles || naming != "by_title";
                    let expected = if is_found { json!(-0.5) } else { Value::Null };
                    assert_eq!(record[&decimal], expected, "{owner} {naming} {knows_titles}");
                    assert_eq!(record.get(&new), None, "{owner} {naming}");
                }
                let told = run
                    .logs("INFO")
                    .into_iter()
                    .find(|told| told.contains("are not in the catalog"));
                assert!(told.is_some_and(|told| told.contains(&new)), "{owner} {naming} {told:?}");
                assert!(run.logs("WARN").iter().all(|told| !told.contains("do not fit")));
            }
        }
    }
}

#[test]
fn the_listings_of_fields_are_asked_for_at_once() {
    // Slower than usual, so that an answer takes far longer than to ask.
    let (scale, latency) = (60.0, Latency::Fixed(20_000));
    let settings = Settings { seed: 409, scale, latency, ..Settings::default() };
    let sim = Simulator::start(settings).expect("the simulator starts");
    let mut connector = Connector::new(&sim);
    with(&mut connector, &[]);
    let mut command = connector.command("discover");
    command.env("ZENDESK_CLOCK_SCALE", scale.to_string());
    command.arg("--config").arg(connector.file("config.json", &connector.config));
    connector.run(command, usize::MAX).complete();
    let asked = sim.requests();
    let first = |listing: &str| {
        let mut seen = asked.iter().filter(|seen| seen.path.ends_with(listing));
        seen.next().expect("it was asked for").at_unix
    };
    let times =
        ["/ticket_fields.json", "/user_fields.json", "/organization_fields.json"].map(first);
    let apart = times.iter().max().zip(times.iter().min()).map(|(last, first)| last - first);
    assert!(apart.is_some_and(|seconds| seconds < 20), "{times:?}");
}
