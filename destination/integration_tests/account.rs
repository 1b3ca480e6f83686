//! Accounts that the tests write to, and what they contain.

use std::collections::BTreeMap;

use serde_json::Value;
use simulator::{CustomField, Settings, Simulator};

use crate::run::SCALE;

/// An account whose people are consistent, with a custom field of each kind.
pub(crate) fn account() -> Simulator {
    let settings = Settings {
        tidy_people: true,
        scale: SCALE,
        plan: simulator::Plan::EnterprisePlus,
        ..Settings::default()
    };
    let sim = Simulator::start(settings).expect("the simulator starts");
    let options = [("gold", "Gold"), ("silver", "Silver"), ("one", "Same"), ("two", "Same")];
    let fields = [
        CustomField::new("dropdown", "plan", "Plan").with_options(&options),
        CustomField::new("checkbox", "vip", "VIP"),
        CustomField::new("integer", "seats", "Seats"),
        CustomField::new("decimal", "arr", "ARR"),
        CustomField::new("date", "renewal", "Renewal"),
        CustomField::new("text", "owner", "Owner"),
        CustomField::new("multiselect", "areas", "Areas").with_options(&options),
    ];
    sim.account(|account| {
        for of in ["users", "organizations"] {
            account.remove_fields(of);
            account.add_fields(of, &fields);
        }
    });
    sim
}

/// Adds ticket fields of five kinds. Returns their columns.
pub(crate) fn ticket_columns(sim: &Simulator) -> Vec<String> {
    let options = [("plan_gold", "Gold"), ("plan_silver", "Silver")];
    let fields = [
        CustomField::new("tagger", "plan", "Plan").with_options(&options),
        CustomField::new("checkbox", "vip", "VIP"),
        CustomField::new("integer", "seats", "Seats"),
        CustomField::new("decimal", "arr", "ARR"),
        CustomField::new("date", "renewal", "Renewal"),
    ];
    let ids = sim.account(|account| account.add_fields("tickets", &fields));
    let slugs = ["plan", "vip", "seats", "arr", "renewal"];
    slugs.iter().zip(ids).map(|(slug, id)| format!("custom_{slug}_{id}")).collect()
}

/// All rows of a resource that are not deleted.
pub(crate) fn all(sim: &Simulator, resource: &str) -> Vec<Value> {
    sim.account(|account| {
        let keys = account.keys(resource);
        let rows = keys.iter().filter_map(|key| account.row(resource, key));
        let rows = rows.filter(|row| !row.deleted);
        rows.map(|row| serde_json::from_str(&row.text).expect("a row is JSON")).collect()
    })
}

/// The rows that are not deleted and have this value in a field.
pub(crate) fn with(sim: &Simulator, resource: &str, field: &str, value: &Value) -> Vec<Value> {
    let mut rows = all(sim, resource);
    rows.retain(|row| row[field] == *value);
    rows
}

/// Every row of an account as it is now, by its resource and its key.
pub(crate) fn snapshot(sim: &Simulator) -> BTreeMap<(&'static str, String), Value> {
    sim.account(|account| {
        let mut rows = BTreeMap::new();
        for resource in simulator::Account::resources() {
            for key in account.keys(resource) {
                let text =
                    account.row(resource, &key).map(|row| row.text.clone()).unwrap_or_default();
                rows.insert((resource, key), serde_json::from_str(&text).expect("a row is JSON"));
            }
        }
        rows
    })
}

/// The rows of an earlier snapshot that have changed or are gone, by resource and key.
pub(crate) fn touched(
    before: &BTreeMap<(&'static str, String), Value>,
    after: &BTreeMap<(&'static str, String), Value>,
) -> Vec<(&'static str, String)> {
    let differs = |(at, row): &(&(&'static str, String), &Value)| after.get(*at) != Some(*row);
    before.iter().filter(differs).map(|(at, _)| at.clone()).collect()
}

/// The columns that `discover` lists for an operation.
pub(crate) fn offered(sim: &Simulator, object: &str, mode: &str) -> Vec<String> {
    let ended = crate::run::command(
        sim,
        "discover",
        &crate::run::config(&serde_json::json!({ "allow_deletes": true })),
    );
    let ended = ended.succeeded();
    let catalog = ended.of_type("DESTINATION_CATALOG");
    let operations = catalog[0]["destination_catalog"]["operations"]
        .as_array()
        .expect("a list of operations")
        .clone();
    let is_it =
        |operation: &Value| operation["object_name"] == object && operation["sync_mode"] == mode;
    let operation = operations.into_iter().find(is_it).expect("the operation is offered");
    operation["json_schema"]["properties"]
        .as_object()
        .expect("an object of columns")
        .keys()
        .cloned()
        .collect()
}
