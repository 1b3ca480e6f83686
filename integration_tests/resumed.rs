//! A run that is killed and resumed, recorded line by line. A review sees any change in what a
//! platform gets.

use std::path::Path;

use serde_json::{Value, json};
use simulator::{Fault, Faults, Latency, Settings, Simulator, When};

use crate::harness::{Connector, INCREMENTAL, Run, SCALE};
use crate::samples::check_generated;

/// A message without the parts that differ between runs: stamps, clock times, waits.
fn masked(message: &Value) -> Value {
    let kind = message["type"].as_str().unwrap_or_default();
    match kind {
        "RECORD" => {
            let record = &message["record"];
            json!(format!("RECORD {} {}", record["stream"], record["data"]["id"]).replace('"', ""))
        }
        "STATE" => {
            let stream = &message["state"]["stream"];
            let mut state = stream["stream_state"].clone();
            if let Some(began) = state["walk"].get_mut("began") {
                *began = json!("now");
            }
            let count = &message["state"]["sourceStats"]["recordCount"];
            let name = stream["stream_descriptor"]["name"].as_str().unwrap_or_default();
            json!({ format!("STATE {name} after {count}"): state })
        }
        "LOG" => {
            let text = message["log"]["message"].as_str().unwrap_or_default();
            let words: Vec<&str> =
                text.split(", ").filter(|word| !word.ends_with("waited")).collect();
            json!(format!("LOG {}: {}", message["log"]["level"], words.join(", ")).replace('"', ""))
        }
        _ => {
            let status = &message["trace"]["stream_status"];
            let name = &status["stream_descriptor"]["name"];
            json!(format!("{kind} {name} {}", status["status"]).replace('"', ""))
        }
    }
}

fn part(run: &Run) -> Value {
    // How long a limit is waited for differs from run to run, and so does whether it is.
    let is_wait = |message: &&Value| {
        let text = message["log"]["message"].as_str().unwrap_or_default();
        text.contains("continuing in") || message["trace"]["stream_status"]["reasons"].is_array()
    };
    run.messages.iter().filter(|message| !is_wait(message)).map(masked).collect()
}

#[test]
fn an_interrupted_and_resumed_run_is_as_checked_in() {
    // Every page takes more than a second, so that a STATE follows each.
    let latency = Latency::Fixed(1500);
    let settings = Settings {
        seed: 800,
        scale: SCALE,
        export_latency: latency,
        enforce_limits: false,
        ..Settings::default()
    };
    let sim = Simulator::start(settings).expect("the simulator starts");
    sim.advance_seconds(70);
    // An estimate comes when nobody else wants a worker, which differs from run to run.
    sim.faults(Faults::rule("/count", When::Always, Fault::status(403)));
    let mut connector = Connector::new(&sim);
    // One worker walks no windows, whose seams depend on the time of day.
    connector.config["num_workers"] = 1.into();
    let pair = ["tickets", "ticket_metrics"];
    let killed = connector.read_killed(&pair, INCREMENTAL, &[], 40);
    let states = killed.states_over(&[]);
    let resumed = connector.read(&pair, INCREMENTAL, &states).complete();
    let next = connector.read(&pair, INCREMENTAL, &resumed.states_over(&states)).complete();
    let told = json!({ "1 killed": part(&killed), "2 resumed": part(&resumed),
        "3 with nothing new": part(&next) });
    check_generated(Path::new("snapshots/resumed.json"), &told);
}
