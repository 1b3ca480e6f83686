//! Runs the optimized program for the benches. It reads streams from a server on this machine. The
//! benches get its rows, its processor time and its largest memory.

use std::fs::read_to_string;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use serde_json::{Value, json};
use simulator::{ADMIN_API_TOKEN, Settings, Simulator, Size};

/// Linux reports processor time in hundredths of a second, whatever the kernel's own ticks are.
const TICKS_PER_SECOND: f64 = 100.0;

/// Memory is measured once for this many bytes of output.
const BYTES_PER_LOOK: usize = 1 << 20;

/// An account of this many tickets. Its limits are not enforced, so only the program's own speed
/// counts.
#[allow(dead_code, reason = "some benches serve prepared pages instead")]
pub(crate) fn unlimited(tickets: u64, scale: f64) -> Simulator {
    let settings = Settings {
        size: Size::Large(tickets),
        scale,
        enforce_limits: false,
        page_cap: None,
        ..Settings::default()
    };
    Simulator::start(settings).expect("the simulator starts")
}

/// One sync.
pub(crate) struct Sync<'a> {
    pub(crate) url: String,
    /// Seconds of the program's clock in one second of real time.
    pub(crate) scale: f64,
    pub(crate) streams: &'a [&'a str],
    pub(crate) workers: u32,
    /// Further options of the configuration, with their values as JSON.
    pub(crate) options: &'a [(&'a str, &'a str)],
    /// The state of each stream, as JSON. `None`: the streams are read from the beginning.
    pub(crate) state: Option<&'a str>,
    /// Whether the program writes DEBUG lines. They say how many requests waited at once.
    pub(crate) debug: bool,
}

/// The cost of a sync.
pub(crate) struct Cost {
    pub(crate) rows: u64,
    pub(crate) bytes: usize,
    pub(crate) cpu_seconds: f64,
    pub(crate) wall_seconds: f64,
    pub(crate) peak_kib: u64,
    /// The most requests that waited at once. `None` if the program did not get far enough to
    /// report it.
    #[allow(dead_code, reason = "one bench asks for it")]
    pub(crate) most_waiting: Option<u64>,
}

impl Sync<'_> {
    /// Runs the program to its end.
    pub(crate) fn run(&self) -> Cost {
        self.run_while(|| true)
    }

    /// Runs the program three times. The quickest run counts, because other programs can only slow
    /// a run.
    #[allow(dead_code, reason = "each bench uses a part of it")]
    pub(crate) fn quickest(&self) -> Cost {
        let costs = (0..3).map(|_| self.run());
        costs.min_by(|a, b| a.cpu_seconds.total_cmp(&b.cpu_seconds)).expect("it ran")
    }

    /// Runs the program to its end, or kills it when `go_on` returns false. `go_on` is called after
    /// each line.
    pub(crate) fn run_while(&self, mut go_on: impl FnMut() -> bool) -> Cost {
        let folder = std::env::temp_dir().join(format!("zendesk-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder for the run's files");
        let started = Instant::now();
        let before = ticks_of_children();
        let mut child = self.start(&folder);
        let (mut rows, mut bytes, mut unlooked, mut peak_kib) = (0, 0, 0, 0);
        let mut output = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
        let (mut line, mut killed, mut most_waiting) = (Vec::new(), false, None);
        let mut error = String::new();
        while output.read_until(b'\n', &mut line).expect("the output is read") > 0 {
            bytes += line.len();
            unlooked += line.len();
            rows += u64::from(line.starts_with(br#"{"type":"RECORD""#));
            let is_trace = line.starts_with(br#"{"trace""#);
            if unlooked >= BYTES_PER_LOOK || is_trace {
                // The kernel keeps the high-water mark; it is gone once the program has ended.
                peak_kib = peak_kib.max(high_water_kib(&child).unwrap_or_default());
                unlooked = 0;
            }
            most_waiting = most_waiting.or_else(|| waiting_at_most(&line));
            if is_trace && error.is_empty() && line.windows(7).any(|word| word == b"\"error\"") {
                error = String::from_utf8_lossy(&line).into_owned();
            }
            line.clear();
            if !go_on() {
                killed = true;
                let _ = child.kill();
                break;
            }
        }
        let status = child.wait().expect("the program ends");
        assert!(killed || status.success(), "the program ended with {status}: {error}");
        let _ = std::fs::remove_dir_all(&folder);
        Cost {
            rows,
            bytes,
            cpu_seconds: (ticks_of_children() - before) as f64 / TICKS_PER_SECOND,
            wall_seconds: started.elapsed().as_secs_f64(),
            peak_kib,
            most_waiting,
        }
    }

    /// The state of all streams, as a platform passes it.
    fn saved(&self, state: &str) -> Value {
        let state: Value = serde_json::from_str(state).expect("a state is JSON");
        let of_stream = |name: &&str| {
            json!({
                "type": "STREAM",
                "stream": { "stream_descriptor": { "name": name }, "stream_state": state },
            })
        };
        self.streams.iter().map(of_stream).collect()
    }

    fn start(&self, folder: &Path) -> Child {
        let mut config = json!({
            "subdomain": "acme",
            "start_date": "2015-01-01T00:00:00Z",
            "num_workers": self.workers,
            "credentials": {
                "credentials": "api_token",
                "email": ADMIN_API_TOKEN.email,
                "api_token": ADMIN_API_TOKEN.token,
            },
        });
        for (option, value) in self.options {
            config[*option] = serde_json::from_str(value).expect("an option's value is JSON");
        }
        let sync_mode = if self.state.is_some() { "incremental" } else { "full_refresh" };
        let selected = self.streams.iter().map(|name| {
            json!({
                "stream": { "name": name, "json_schema": {}, "supported_sync_modes": [sync_mode] },
                "sync_mode": sync_mode,
                "destination_sync_mode": "append",
            })
        });
        let catalog = json!({ "streams": selected.collect::<Vec<_>>() });
        let mut command = Command::new(env!("CARGO_BIN_EXE_source-zendesk-support"));
        command
            .arg("read")
            .arg("--config")
            .arg(file(folder, "config.json", &config))
            .arg("--catalog")
            .arg(file(folder, "catalog.json", &catalog))
            .env("ZENDESK_BASE_URL", &self.url)
            .env("ZENDESK_CLOCK_SCALE", self.scale.to_string())
            .env("NO_PROXY", "127.0.0.1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        if self.debug {
            command.env("LOG_LEVEL", "debug");
        }
        if let Some(state) = self.state {
            command.arg("--state").arg(file(folder, "state.json", &self.saved(state)));
        }
        command.spawn().expect("the program starts")
    }
}

/// Whether a bench should run. `cargo test --all-targets` starts it too, without the flag.
pub(crate) fn is_wanted() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

pub(crate) fn tell(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

fn file(folder: &Path, name: &str, content: &Value) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, content.to_string()).expect("a file is written");
    path
}

/// The number in the DEBUG line about requests that waited at once.
fn waiting_at_most(line: &[u8]) -> Option<u64> {
    let line = std::str::from_utf8(line).ok().filter(|line| line.starts_with(r#"{"log""#))?;
    let (_, number) = line.split_once("requests that waited at the same time: ")?;
    number.split(|digit: char| !digit.is_ascii_digit()).next()?.parse().ok()
}

/// Processor time of all children that were waited for, user and system time together, in ticks.
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

/// The largest resident memory of the child so far.
fn high_water_kib(child: &Child) -> Option<u64> {
    let status = read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}
