//! Options that are left blank count as not set. The examples in the spec are a valid config.

use serde_json::{Map, Value, json};
use simulator::Simulator;

use crate::harness::{Connector, simulator};
use crate::program::{binary, run};

fn spec() -> Map<String, Value> {
    let mut command = binary();
    command.arg("spec");
    let spec: Value = serde_json::from_slice(&run(command).stdout).expect("a SPEC line");
    let properties = spec["spec"]["connectionSpecification"]["properties"].as_object();
    properties.expect("options").clone()
}

fn check(sim: &Simulator, options: &Value) -> Value {
    let mut connector = Connector::new(sim);
    for (name, value) in options.as_object().expect("options") {
        connector.config[name] = value.clone();
    }
    connector.check()
}

#[test]
fn defaults_nulls_and_blanks_of_every_option_are_a_good_config() {
    let sim = simulator(4750);
    let options = spec();
    let optional = || {
        options.iter().filter(|(name, _)| !["subdomain", "credentials"].contains(&name.as_str()))
    };
    let with = |value: &dyn Fn(&Value) -> Option<Value>| -> Value {
        optional()
            .filter_map(|(name, option)| Some((name.clone(), value(option)?)))
            .collect::<Map<_, _>>()
            .into()
    };
    for (what, config) in [
        ("defaults", with(&|option| option.get("default").cloned())),
        ("nulls", with(&|_| Some(Value::Null))),
        ("blanks", with(&|_| Some(json!("")))),
        ("white space", with(&|_| Some(json!(" \n")))),
    ] {
        let status = check(&sim, &config);
        assert_eq!(status["status"], "SUCCEEDED", "{what}: {status}");
    }
    let blank_items =
        json!({ "help_center_brands": [""], "attachment_types": [" "], "user_roles": [null, ""] });
    assert_eq!(check(&sim, &blank_items)["status"], "SUCCEEDED");
}

#[test]
fn every_default_of_the_spec_is_of_its_own_type() {
    for (name, option) in spec() {
        if let Some(default) = option.get("default") {
            let schema = jsonschema::draft7::new(&option).expect("a schema");
            assert!(schema.is_valid(default), "{name}: {default}");
        }
    }
}

#[test]
fn a_start_date_in_any_form_that_means_one_time_is_taken() {
    let sim = simulator(4751);
    let option = spec()["start_date"].clone();
    let schema = jsonschema::draft7::new(&option).expect("a schema");
    for date in [
        "",
        "2024-01-01",
        "2024-01-01T00:00:00Z",
        "2024-01-01T00:00:00.000Z",
        "2024-01-01T00:00:00.000000Z",
        "2024-01-01T00:00:00+00:00",
        "2024-01-01T00:00:00.000+00:00",
        "2024-01-01T00:00:00+0000",
        "2024-01-01T09:30:00-05:30",
    ] {
        assert!(schema.is_valid(&json!(date)), "{date}");
        let status = check(&sim, &json!({ "start_date": date }));
        assert_eq!(status["status"], "SUCCEEDED", "{date}: {status}");
    }
    for date in ["2024", "2024-01", "2024-13-01", "2024-01-01T00:00:00", "01/02/2024", "soon"] {
        let status = check(&sim, &json!({ "start_date": date }));
        assert_eq!(status["status"], "FAILED", "{date}");
        assert!(status["message"].as_str().is_some_and(|told| told.contains("start_date")));
    }
}
