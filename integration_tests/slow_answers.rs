//! Commands that somebody waits for, on an account where each answer takes two seconds.

use std::time::{Duration, Instant};

use simulator::{Latency, Settings, Simulator};

use crate::harness::{Connector, Run};

/// Runs a command by the clock on the wall, so that limits are as narrow as they are.
fn run(sim: &Simulator, name: &str, most: Duration) -> Run {
    let connector = Connector::new(sim);
    let mut command = connector.command(name);
    command.env("ZENDESK_CLOCK_SCALE", "1");
    command.arg("--config").arg(connector.file("config.json", &connector.config));
    sim.clear_requests();
    let began = Instant::now();
    let run = connector.run(command, usize::MAX).complete();
    eprintln!("{name} {:?} {}", began.elapsed(), sim.requests().len());
    for line in &run.lines { if line.len() < 3000 { eprintln!("{line}"); } }
    for seen in sim.requests() { eprintln!("{} {} {} {} {}", seen.n, seen.at_unix - sim.now_unix(), seen.path, seen.in_flight, seen.status); }
    assert!(began.elapsed() < most, "{name} took {:?}", began.elapsed());
    run
}

#[test]
fn check_and_discover_know_every_stream_where_each_answer_takes_two_seconds() {
    let latency = Latency::Fixed(2000);
    let settings =
        Settings { seed: 601, latency, export_latency: latency, help_centers: 2, page_cap: None, ..Settings::default() };
    let sim = Simulator::start(settings).expect("the simulator starts");
    let _ = run(&sim, "check", Duration::from_secs(20));
    let _ = run(&sim, "discover", Duration::from_secs(30));
}
