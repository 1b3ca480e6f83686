//! What reading tickets costs: `cargo bench --bench smoke` reads a simulated account once with the
//! optimized program and prints rows per second of processor time and the largest memory it held.
//! A coarse look, to notice when a change makes it several times worse.

use std::fs::read_to_string;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use serde_json::{Value, json};
use simulator::{ADMIN_API_TOKEN, Settings, Simulator, Size};

const TICKETS: u64 = 20_000;

/// The program keeps ten exports a minute whether or not they are enforced, so its minutes are
/// short ones.
const SCALE: f64 = 600.0;

/// Linux tells processor time in hundredths of a second, whatever the kernel ticks in.
const TICKS_PER_SECOND: f64 = 100.0;

/// Memory is looked at once in so many lines.
const LINES_PER_LOOK: u64 = 500;

fn main() {
    // `cargo test --all-targets` starts this too, and without the flag.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let founding = Instant::now();
    let settings = Settings {
        size: Size::Large(TICKETS),
        scale: SCALE,
        enforce_limits: false,
        page_cap: None,
        ..Settings::default()
    };
    let sim = Simulator::start(settings).expect("the simulator starts");
    // Exports withhold the last minute.
    sim.advance_seconds(70);
    tell(&format!("founded {TICKETS} tickets in {:.1} s", founding.elapsed().as_secs_f64()));

    let folder = std::env::temp_dir().join(format!("zendesk-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for the run's files");
    let cost = read_tickets(&sim, &folder);
    let _ = std::fs::remove_dir_all(&folder);
    tell(&format!(
        "{} rows, {:.1} MB, {:.2} s of processor, {:.0} rows per such second, {:.2} s in all, {:.1} MiB at most",
        cost.rows,
        cost.bytes as f64 / 1e6,
        cost.cpu_seconds,
        cost.rows as f64 / cost.cpu_seconds,
        cost.wall_seconds,
        cost.peak_kib as f64 / 1024.0,
    ));
}

struct Cost {
    rows: u64,
    bytes: usize,
    cpu_seconds: f64,
    wall_seconds: f64,
    peak_kib: u64,
}

fn read_tickets(sim: &Simulator, folder: &Path) -> Cost {
    let started = Instant::now();
    let before = ticks_of_children();
    let mut child = start(sim, folder);
    let (mut rows, mut lines, mut bytes, mut peak_kib) = (0, 0, 0, 0);
    let mut output = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
    let mut line = Vec::new();
    while output.read_until(b'\n', &mut line).expect("the output is read") > 0 {
        lines += 1;
        bytes += line.len();
        rows += u64::from(line.starts_with(br#"{"type":"RECORD""#));
        if lines % LINES_PER_LOOK == 0 {
            // The kernel keeps the high-water mark; it is gone once the program has ended.
            peak_kib = peak_kib.max(high_water_kib(&child).unwrap_or_default());
        }
        line.clear();
    }
    let status = child.wait().expect("the program ends");
    assert!(status.success(), "the program ended with {status}");
    // Tickets that were deleted are no rows of this stream, so there are a few less.
    assert!(rows > TICKETS / 2, "{rows} rows of {TICKETS} tickets");
    Cost {
        rows,
        bytes,
        cpu_seconds: (ticks_of_children() - before) as f64 / TICKS_PER_SECOND,
        wall_seconds: started.elapsed().as_secs_f64(),
        peak_kib,
    }
}

fn start(sim: &Simulator, folder: &Path) -> Child {
    let config = json!({
        "subdomain": "acme",
        "start_date": "2015-01-01T00:00:00Z",
        "credentials": {
            "credentials": "api_token",
            "email": ADMIN_API_TOKEN.email,
            "api_token": ADMIN_API_TOKEN.token,
        },
    });
    let stream =
        json!({ "name": "tickets", "json_schema": {}, "supported_sync_modes": ["full_refresh"] });
    let selected = json!({
        "stream": stream, "sync_mode": "full_refresh", "destination_sync_mode": "append" });
    Command::new(env!("CARGO_BIN_EXE_source-zendesk-support"))
        .arg("read")
        .arg("--config")
        .arg(file(folder, "config.json", &config))
        .arg("--catalog")
        .arg(file(folder, "catalog.json", &json!({ "streams": [selected] })))
        .env("ZENDESK_BASE_URL", sim.url())
        .env("ZENDESK_CLOCK_SCALE", SCALE.to_string())
        .env("NO_PROXY", "127.0.0.1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts")
}

fn file(folder: &Path, name: &str, content: &Value) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, content.to_string()).expect("a file is written");
    path
}

/// Processor time of all children that were waited for, user's and system's.
fn ticks_of_children() -> u64 {
    let stat = read_to_string("/proc/self/stat").expect("Linux tells about a process");
    // The name in parentheses may hold anything; behind it comes field 3.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_ascii_whitespace();
    let (cutime, cstime) = (16, 17);
    fields
        .skip(cutime - 3)
        .take(cstime - cutime + 1)
        .filter_map(|ticks| ticks.parse::<u64>().ok())
        .sum()
}

/// The largest resident memory that the child has had so far.
fn high_water_kib(child: &Child) -> Option<u64> {
    let status = read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

fn tell(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
