//! Rows that a listing returns twice count as one.

use serde_json::json;
use simulator::{Fault, FaultRule, Faults, When};

use crate::harness::{Connector, FULL, INCREMENTAL, catalog, of_brands, simulator};

fn page(path: &str, body: &serde_json::Value) -> FaultRule {
    let fault = Fault::Status { status: 200, headers: Vec::new(), body: body.to_string() };
    FaultRule::new(path, When::Always, fault)
}

#[test]
fn a_custom_object_that_is_listed_twice_is_one_stream() {
    let sim = simulator(4730);
    let connector = Connector::new(&sim);
    let object =
        |key: &str| json!({ "key": key, "title": key, "updated_at": "2024-01-01T00:00:00Z" });
    // Twice on one page, and once more on the next.
    let first = json!({ "custom_objects": [object("car"), object("car"), object("dog")],
        "meta": { "has_more": true, "after_cursor": "two" }, "links": { "next": "https://acme.zendesk.com/api/v2/custom_objects.json?page[after]=two" } });
    let second = json!({ "custom_objects": [object("car")],
        "meta": { "has_more": false, "after_cursor": "end" }, "links": { "next": null } });
    let fields = json!({ "custom_object_fields": [], "meta": { "has_more": false } });
    sim.faults(Faults::rules([
        page("/fields.json", &fields),
        page("page%5Bafter%5D=two", &second),
        page("/custom_objects.json", &first),
    ]));
    let names: Vec<String> = connector
        .discover()
        .iter()
        .filter_map(|stream| stream["name"].as_str().map(str::to_owned))
        .collect();
    let records: Vec<&String> =
        names.iter().filter(|name| name.starts_with("custom_object_records_")).collect();
    assert_eq!(records, ["custom_object_records_car", "custom_object_records_dog"]);
    let mut once = names.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), names.len());
    // The catalog is one that `read` takes.
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let selected = catalog(&names, FULL);
    let mut command = connector.command("read");
    command.arg("--config").arg(connector.file("config.json", &connector.config));
    command.arg("--catalog").arg(connector.file("catalog.json", &selected));
    let run = connector.run(command, usize::MAX);
    assert!(!run.lines.iter().any(|line| line.contains("the configured catalog lists")));
}

#[test]
fn a_brand_that_is_listed_twice_is_read_once() {
    let sim = of_brands(4731, 2);
    sim.advance_seconds(70);
    let connector = Connector::new(&sim);
    let rows: Vec<serde_json::Value> = sim.account(|account| {
        let keys = account.keys("brands");
        let row = |key: &String| account.row("brands", key).map(|row| row.text.clone());
        keys.iter().filter_map(row).filter_map(|text| serde_json::from_str(&text).ok()).collect()
    });
    let plain = connector.read(&["articles"], INCREMENTAL, &[]).complete();
    let twice = [rows.clone(), rows].concat();
    let body = json!({ "brands": twice, "next_page": null, "meta": { "has_more": false } });
    sim.faults(Faults::rules([page("/brands", &body)]));
    let run = connector.read(&["articles"], INCREMENTAL, &[]).complete();
    assert_eq!(run.records("articles").len(), plain.records("articles").len());
}
