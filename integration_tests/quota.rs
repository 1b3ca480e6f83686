//! The number of requests that limits and `num_workers` allow, as the simulator counts them.

use serde_json::json;
use simulator::{Latency, Settings, Simulator};

use crate::harness::{Connector, FULL, SCALE};

/// An account whose answers are so slow that requests overlap wherever they may.
fn slow_account(seed: u64) -> Simulator {
    let slow = Latency::Drawn { min_ms: 1_000, max_ms: 3_000 };
    let settings =
        Settings { seed, scale: SCALE, latency: slow, export_latency: slow, ..Settings::default() };
    Simulator::start(settings).expect("the simulator starts")
}

#[test]
fn never_more_requests_are_in_flight_than_there_are_workers() {
    for workers in [1, 3, 10] {
        let sim = slow_account(71);
        sim.advance_seconds(70);
        let mut connector = Connector::new(&sim);
        connector.config["num_workers"] = json!(workers);
        let streams = connector.discover();
        let names: Vec<&str> =
            streams.iter().filter_map(|stream| stream["name"].as_str()).collect();
        // Probing is bounded by itself.
        sim.clear_requests();
        connector.read(&names, FULL, &[]).complete();
        // All of them are used, too: streams, windows and children ask at once.
        assert_eq!(sim.peak_in_flight(), workers, "of {} streams", names.len());
    }
}
