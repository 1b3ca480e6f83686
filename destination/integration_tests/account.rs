//! Accounts to write to, and what they hold.

use serde_json::Value;
use simulator::{CustomField, Settings, Simulator};

use crate::run::SCALE;

/// An account whose people agree with each other, with a custom field of each kind.
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
            account.add_fields(of, &fields);
        }
    });
    sim
}

/// Adds the same fields to tickets, and returns the columns of the first five.
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

/// All living rows of a resource.
pub(crate) fn all(sim: &Simulator, resource: &str) -> Vec<Value> {
    sim.account(|account| {
        let keys = account.keys(resource);
        let rows = keys.iter().filter_map(|key| account.row(resource, key));
        let rows = rows.filter(|row| !row.deleted);
        rows.map(|row| serde_json::from_str(&row.text).expect("a row is JSON")).collect()
    })
}

/// The living rows that have a value in a field.
pub(crate) fn with(sim: &Simulator, resource: &str, field: &str, value: &Value) -> Vec<Value> {
    let mut rows = all(sim, resource);
    rows.retain(|row| row[field] == *value);
    rows
}
