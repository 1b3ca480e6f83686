//! Halves of surrogate pairs. JSON allows them, but no Unicode text can hold them, and many readers
//! drop a line that has one.

use serde_json::{Value, json};

use crate::equality::{names, streams};
use crate::expected::{self, ByKey, differences, listing, newest};
use crate::harness::{Connector, FULL, Run, of_brands, simulator};

/// The text of a row as the connector should deliver it when the simulator sends halves
/// (`half_characters`).
fn replaced(text: &str) -> String {
    text.replace(
        "Escaped emoji \u{1f600} and \u{1f680}",
        "Escaped emoji \u{fffd} \u{fffd} and \u{fffd}\u{fffd}",
    )
    .replace("\"\u{1f600}\":", "\"\u{fffd}\":")
}

/// The whole records of a stream.
fn whole<'r>(run: &'r Run, stream: &str) -> Vec<&'r Value> {
    let of_stream =
        |message: &&Value| message["type"] == "RECORD" && message["record"]["stream"] == stream;
    run.messages.iter().filter(of_stream).map(|message| &message["record"]).collect()
}

#[test]
fn halves_of_surrogate_pairs_are_replaced_in_every_stream_and_told() {
    let sim = of_brands(900, 2);
    sim.advance_seconds(70);
    sim.knobs(|knobs| knobs.half_characters = true);
    let connector = Connector::new(&sim);
    let (all, _) = streams(&connector);
    let run = connector.read(&names(&all), FULL, &[]).complete();
    let (mut found, mut met) = (Vec::new(), 0);
    for stream in names(&all) {
        let expected: ByKey = listing(&sim, stream)
            .into_iter()
            .map(|(key, row)| {
                let row = serde_json::from_str(&replaced(&row.to_string())).expect("JSON");
                (replaced(&key), row)
            })
            .collect();
        let came = newest(stream, run.records(stream));
        found.extend(differences(stream, &expected, &came, true));
        let mut changed = 0;
        for record in whole(&run, stream) {
            let holds = record["data"].to_string().contains('\u{fffd}');
            let changes = record["meta"]["changes"].as_array().map_or(0, Vec::len);
            if holds != (changes > 0) {
                found.push(format!("{stream} has {changes} changes in {}", record["data"]));
            }
            changed += usize::from(changes > 0);
        }
        let warned =
            format!("{stream}: {changed} rows had texts or values that are not valid JSON");
        let is_warned = run.logs("WARN").iter().any(|log| log.starts_with(&warned));
        let closing = format!("{stream}: ");
        let counted = format!(", {changed} rows repaired");
        let is_counted =
            run.logs("INFO").iter().any(|log| log.starts_with(&closing) && log.ends_with(&counted));
        if is_warned != (changed > 0) || !is_counted {
            found.push(format!("{stream} does not tell of {changed} rows"));
        }
        met += usize::from(changed > 0);
    }
    found.iter_mut().for_each(|line| *line = line.chars().take(300).collect());
    assert!(found.is_empty(), "{found:#?}");
    assert!(met > 30, "only {met} streams held any");
}

#[test]
fn a_half_is_replaced_wherever_it_stands_in_a_row() {
    for (field, raw, expected, path) in [
        ("subject", r#""half \ud83d""#, json!("half \u{fffd}"), "subject"),
        ("subject", r#""\uDE00 low""#, json!("\u{fffd} low"), "subject"),
        ("subject", r#""\ud83d\ud83d\ude00""#, json!("\u{fffd}\u{1f600}"), "subject"),
        ("tags", r#"["a","b\udbff"]"#, json!(["a", "b\u{fffd}"]), "tags.1"),
        (
            "via",
            r#"{"a":{"key \ud83d":1}}"#,
            json!({"a": {"key \u{fffd}": 1}}),
            "via.a.key \u{fffd}",
        ),
    ] {
        let sim = simulator(901);
        sim.advance_seconds(70);
        let keys: Vec<String> = listing(&sim, "tickets")
            .into_iter()
            .filter(|(_, row)| row["status"] != "deleted")
            .map(|(key, _)| key)
            .collect();
        let key = &keys[keys.len() / 2];
        sim.account(|account| account.set_field("tickets", key, field, raw));
        let run = Connector::new(&sim).read(&["tickets"], FULL, &[]).complete();
        let records = whole(&run, "tickets");
        let record =
            records.iter().find(|record| expected::key("tickets", &record["data"]) == *key);
        let record = record.unwrap_or_else(|| panic!("{raw}: the row is missing"));
        assert_eq!(record["data"][field], expected, "{raw}");
        let change =
            json!({ "field": path, "change": "TRUNCATED", "reason": "SOURCE_SERIALIZATION_ERROR" });
        assert_eq!(record["meta"]["changes"], json!([change]), "{raw}");
        let changed = records.iter().filter(|record| record["meta"]["changes"].is_array());
        assert_eq!(changed.count(), 1, "{raw}");
    }
}

#[test]
fn a_zero_character_is_passed_on_as_it_is_escaped() {
    let sim = simulator(902);
    sim.advance_seconds(70);
    let run = Connector::new(&sim).read(&["tickets"], FULL, &[]).complete();
    let zeros = run.lines.iter().filter(|line| line.contains("Zero \\u0000 in the middle"));
    assert!(zeros.count() > 0);
    assert!(whole(&run, "tickets").iter().all(|record| record["meta"].is_null()));
}
