//! Signals in the middle of a run, and readers of stdout that are gone or slow.

use std::io::{BufRead, BufReader, Read};
use std::process::{ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use simulator::{Fault, Faults, Settings, Simulator, Size, When};

use crate::harness::{Connector, INCREMENTAL, SCALE, catalog};
use crate::program::{LONGEST_LIFE, Running, messages, run, unscaled, wait_until};
use crate::protocol::{check_output, check_part};

/// The time within which a platform that sends SIGTERM may expect the end.
const STOP_WITHIN: Duration = Duration::from_secs(5);

/// The time that starting and stopping take on a busy machine.
const MARGIN: Duration = Duration::from_secs(1);

/// A limit far below what all rows of the large account need, and far above what a page needs.
const MOST_MEMORY_KB: u64 = 200_000;

fn read(connector: &Connector<'_>, streams: &[&str]) -> Command {
    let mut command = connector.command("read");
    command.arg("--config").arg(connector.file("config.json", &connector.config));
    command.arg("--catalog").arg(connector.file("catalog.json", &catalog(streams, INCREMENTAL)));
    command.stdout(Stdio::piped());
    command
}

/// The streams of these names as `discover` lists them.
fn described(connector: &Connector<'_>, names: &[&str]) -> Vec<Value> {
    let mut streams = connector.discover();
    streams.retain(|stream| names.iter().any(|name| stream["name"] == *name));
    assert_eq!(streams.len(), names.len(), "discover lists {names:?}");
    streams
}

/// An account whose output is many times larger than any pipe.
fn large() -> Simulator {
    let settings = Settings {
        seed: 3,
        scale: SCALE,
        size: Size::Large(500),
        page_cap: Some(50),
        enforce_limits: false,
        ..Settings::default()
    };
    let sim = Simulator::start(settings).expect("the simulator starts");
    sim.advance_seconds(70);
    sim
}

/// Reads whole lines until one of this type has come.
fn read_until(pipe: &mut BufReader<ChildStdout>, kind: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let wanted = format!("{{\"type\":\"{kind}\"");
    loop {
        let from = bytes.len();
        let read = pipe.read_until(b'\n', &mut bytes).expect("the pipe can be read");
        assert!(read > 0, "the output ended before any {kind}");
        if bytes[from..].starts_with(wanted.as_bytes()) {
            return bytes;
        }
    }
}

/// The number after a label in `/proc/{pid}/{file}`.
fn proc_number(pid: u32, file: &str, label: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/{file}")).expect("the process lives");
    let rest = text.split_once(label).expect("the label is there").1;
    rest.split_whitespace().next().and_then(|word| word.parse().ok()).expect("a number")
}

/// Waits until a process whose output nobody reads makes no more requests.
fn wait_until_held_back(sim: &Simulator) {
    let (mut made, mut since) = (0, Instant::now());
    wait_until("the process asks for nothing", || {
        let now = sim.requests().len();
        if now != made {
            (made, since) = (now, Instant::now());
        }
        since.elapsed() > Duration::from_millis(700)
    });
}

/// Terminates a process that is waiting for Zendesk, and checks its output.
fn terminate_while_waiting(sim: &Simulator, streams: &[&str]) {
    let connector = Connector::new(sim);
    let described = described(&connector, streams);
    let mut command = read(&connector, streams);
    // So that the connector does not give up on the answer first.
    unscaled(&mut command);
    let mut running = Running::start(command);
    let mut pipe = BufReader::new(running.stdout());
    let mut output = read_until(&mut pipe, "RECORD");
    running.terminate();
    let signalled = Instant::now();
    pipe.read_to_end(&mut output).expect("the rest");
    let ended = running.end_within(STOP_WITHIN);
    assert!(signalled.elapsed() < STOP_WITHIN, "{:?}", signalled.elapsed());
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(143), ""));
    assert_eq!(check_part(&output, &described), Vec::<String>::new());
    assert!(!String::from_utf8_lossy(&output).contains("\"ERROR\""), "a stop is no failure");
    let messages = messages(&output);
    let saved: Vec<Value> = messages
        .iter()
        .filter(|message| message["type"] == "STATE")
        .map(|message| message["state"].clone())
        .collect();
    assert!(!saved.is_empty(), "the rows that came have no STATE");
    // What was told can be gone on from, and the whole is complete.
    sim.faults(Faults::none());
    let mut command = read(&connector, streams);
    command.arg("--state").arg(connector.file("state.json", &json!(saved)));
    let again = run(command);
    assert_eq!(again.code, Some(0), "{}", String::from_utf8_lossy(&again.stdout));
    assert_eq!(check_output(&again.stdout, &described), Vec::<String>::new());
}

#[test]
fn sigterm_while_answers_are_slow_ends_with_143() {
    let settings = Settings { seed: 4, scale: SCALE, ..Settings::default() };
    let sim = Simulator::start(settings).expect("the simulator starts");
    sim.advance_seconds(70);
    let first_page = |path: &'static str| {
        simulator::FaultRule::new(path, When::After(1), Fault::Delay { ms: 20_000_000 })
    };
    sim.faults(Faults::rules([first_page("/incremental/tickets"), first_page("/ticket_audits")]));
    terminate_while_waiting(&sim, &["tickets", "ticket_audits"]);
}

#[test]
fn sigterm_before_the_first_answer_ends_with_143() {
    let sim = crate::harness::simulator(4);
    let connector = Connector::new(&sim);
    let described = described(&connector, &["tickets"]);
    sim.clear_requests();
    sim.faults(Faults::rule("/users/me", When::Always, Fault::Delay { ms: 20_000_000 }));
    let mut command = read(&connector, &["tickets"]);
    unscaled(&mut command);
    let mut running = Running::start(command);
    let mut pipe = running.stdout();
    wait_until("a request was made", || !sim.requests().is_empty());
    running.terminate();
    let ended = running.end_within(STOP_WITHIN);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(143), ""));
    let mut output = Vec::new();
    pipe.read_to_end(&mut output).expect("the output");
    assert_eq!(check_part(&output, &described), Vec::<String>::new());
}

#[test]
fn sigterm_while_waiting_for_a_rate_limit_ends_with_143() {
    let settings = Settings { seed: 4, scale: SCALE, ..Settings::default() };
    let sim = Simulator::start(settings).expect("the simulator starts");
    sim.advance_seconds(70);
    let headers = vec![("retry-after".to_owned(), "300".to_owned())];
    let fault = Fault::Status { status: 429, headers, body: String::new() };
    sim.faults(Faults::rule("/incremental/", When::After(6), fault));
    terminate_while_waiting(&sim, &["tickets", "organizations"]);
}

/// The first process of a container gets no signal for which it has no handler.
#[test]
fn sigterm_ends_process_one_too() {
    let sim = Simulator::start(Settings { seed: 4, scale: SCALE, ..Settings::default() });
    let sim = sim.expect("the simulator starts");
    sim.advance_seconds(70);
    let connector = Connector::new(&sim);
    sim.faults(Faults::rule("/incremental/", When::After(2), Fault::Delay { ms: 20_000_000 }));
    let mut inside = read(&connector, &["tickets"]);
    unscaled(&mut inside);
    // The shell becomes the connector; what it leaves behind signals the first process, which is
    // the stricter case: from inside a namespace only signals with a handler reach it.
    let trigger = connector.file("catalog.json", &catalog(&["tickets"], INCREMENTAL));
    let trigger = trigger.with_file_name("trigger");
    let script = "[ $$ = 1 ] || exit 99; trigger=$1; shift; \
        (until [ -e \"$trigger\" ]; do sleep 0.1; done; kill -TERM 1) >&2 & exec \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--pid", "--fork", "--kill-child"]);
    command.args(["sh", "-c", script, "sh"]).arg(&trigger).arg(inside.get_program());
    command.args(inside.get_args()).stdout(Stdio::piped());
    for (name, value) in inside.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let mut running = Running::start(command);
    let mut pipe = BufReader::new(running.stdout());
    read_until(&mut pipe, "STATE");
    std::fs::write(&trigger, "").expect("a file is written");
    let ended = running.end_within(STOP_WITHIN + MARGIN);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(143), ""));
}

#[test]
fn sigterm_in_a_fast_read_leaves_whole_lines() {
    let sim = large();
    let streams = ["tickets", "ticket_metrics", "ticket_audits"];
    let connector = Connector::new(&sim);
    let described = described(&connector, &streams);
    for delay_ms in [0, 30, 150] {
        let mut running = Running::start(read(&connector, &streams));
        let mut pipe = BufReader::new(running.stdout());
        let mut output = read_until(&mut pipe, "STATE");
        // Stops at different places; each is as good as another.
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(delay_ms) {
            pipe.read_until(b'\n', &mut output).expect("a line");
        }
        running.terminate();
        pipe.read_to_end(&mut output).expect("the rest");
        let ended = running.end_within(STOP_WITHIN);
        assert!(matches!(ended.code, Some(143 | 0)), "{:?}", ended.code);
        assert_eq!(ended.stderr, "");
        assert_eq!(check_part(&output, &described), Vec::<String>::new());
    }
}

#[test]
fn sigterm_at_a_full_pipe_ends_with_143_and_a_late_reader_gets_whole_lines() {
    let sim = large();
    let streams = ["tickets", "ticket_metrics"];
    let connector = Connector::new(&sim);
    let described = described(&connector, &streams);
    let mut running = Running::start(read(&connector, &streams));
    let mut pipe = BufReader::new(running.stdout());
    let mut output = read_until(&mut pipe, "STATE");
    wait_until_held_back(&sim);
    running.terminate();
    pipe.read_to_end(&mut output).expect("the rest");
    let ended = running.end_within(STOP_WITHIN);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(143), ""));
    assert_eq!(check_part(&output, &described), Vec::<String>::new());
}

#[test]
fn sigterm_at_a_pipe_that_nobody_reads_ends_with_143_all_the_same() {
    let sim = large();
    let connector = Connector::new(&sim);
    let mut running = Running::start(read(&connector, &["tickets", "ticket_metrics"]));
    let mut pipe = BufReader::new(running.stdout());
    let mut output = read_until(&mut pipe, "STATE");
    wait_until_held_back(&sim);
    running.terminate();
    let ended = running.end_within(STOP_WITHIN + MARGIN);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(143), ""));
    // The kernel holds what fitted into the pipe, which may end within a line; no state may be
    // ahead of its rows even so.
    pipe.read_to_end(&mut output).expect("what the pipe holds");
    let whole = output.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let described = described(&connector, &["tickets", "ticket_metrics"]);
    assert_eq!(check_part(&output[..whole], &described), Vec::<String>::new());
}

#[test]
fn a_reader_that_goes_away_ends_the_process_quietly() {
    let sim = large();
    let connector = Connector::new(&sim);
    let mut running = Running::start(read(&connector, &["tickets", "ticket_metrics"]));
    let mut pipe = BufReader::new(running.stdout());
    read_until(&mut pipe, "STATE");
    drop(pipe);
    let ended = running.end_within(Duration::from_secs(20));
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(141), ""));
    // The walk has more than ten pages.
    let made = sim.requests().len();
    assert!(made < 9, "{made} requests were made for nobody");
}

#[test]
fn a_reader_that_was_never_there_ends_every_command_quietly() {
    let sim = crate::harness::simulator(5);
    sim.advance_seconds(70);
    let connector = Connector::new(&sim);
    let mut found = Vec::new();
    for name in ["spec", "check", "discover", "read"] {
        let mut command = connector.command(name);
        unscaled(&mut command);
        if name != "spec" {
            command.arg("--config").arg(connector.file("config.json", &connector.config));
        }
        if name == "read" {
            let catalog = catalog(&["tags", "tickets"], INCREMENTAL);
            command.arg("--catalog").arg(connector.file("catalog.json", &catalog));
        }
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        command.stdout(writer);
        let ended = Running::start(command).end_within(Duration::from_secs(20));
        if (ended.code, ended.stderr.as_str()) != (Some(141), "") {
            found.push(format!("{name}: exit code {:?} {}", ended.code, ended.stderr));
        }
    }
    assert!(found.is_empty(), "what was not delivered is no success: {found:#?}");
}

#[test]
fn a_reader_that_stops_for_an_hour_holds_the_process_back_and_then_gets_the_rest() {
    let sim = large();
    let streams = ["tickets", "ticket_metrics", "ticket_audits", "organizations"];
    let connector = Connector::new(&sim);
    let described = described(&connector, &streams);
    sim.clear_requests();
    let mut running = Running::start(read(&connector, &streams));
    let mut pipe = BufReader::new(running.stdout());
    let mut output = read_until(&mut pipe, "STATE");
    wait_until_held_back(&sim);
    let while_paused = sim.requests().len();
    let memory_kb = proc_number(running.pid(), "status", "VmRSS:");
    assert!(memory_kb < MOST_MEMORY_KB, "{memory_kb} kB are held");
    let an_hour_later = sim.now_unix() + 3600;
    wait_until("an hour has passed at Zendesk", || sim.now_unix() >= an_hour_later);
    assert_eq!(sim.requests().len(), while_paused, "nothing is asked for nobody");
    let later_kb = proc_number(running.pid(), "status", "VmRSS:");
    assert!(later_kb <= memory_kb + 1024, "{memory_kb} kB have become {later_kb} kB");
    pipe.read_to_end(&mut output).expect("the rest");
    let ended = running.end_within(LONGEST_LIFE);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert_eq!(check_output(&output, &described), Vec::<String>::new());
    let in_all = sim.requests().len();
    assert!(while_paused * 2 < in_all, "{while_paused} of {in_all} requests were made unread");
    assert!(output.len() > 10 << 16, "the output fills the pipe many times: {}", output.len());
}
