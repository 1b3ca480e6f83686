//! Compares the cost of reading with that of other programs. `cargo bench --bench peers` runs this
//! connector, Airbyte's published one, Singer's tap, curl and a minimal program in turn, in one
//! session. All read the same pages, which are served from memory over TLS. It prints rows per
//! second of processor time.
//!
//! Words after it select parts: a stream; `plain`, `gzip` or `http2`; a program (`ours`, `floor`,
//! `curl`, `airbyte`, `tap`); `start` for start-up and sizes; `requests` for the requests of a first
//! sync and of an hourly one; `profile` for what `benches/profile` prints.
//!
//! Environment variables:
//!
//! - `BENCH_ROWS`: the rows of each listing (200,000).
//! - `BENCH_PEER_ROWS`: fewer rows for the programs in Python. With fewer rows, their start-up counts
//!   more.
//! - `BENCH_REPEATS`: the runs of each quick program (5). The best run counts.
//! - `BENCH_PROGRAM`: another build of this connector.

#[path = "../figures/mod.rs"]
mod figures;
mod floor;
mod process;
#[path = "../program/mod.rs"]
#[allow(dead_code, reason = "each bench uses a part of it")]
mod program;
mod programs;
mod requests;
mod rows;
mod server;

use std::path::{Path, PathBuf};
use std::process::Command;

use figures::{Figures, rounded};
use process::{Output, Used, measure};
use program::{is_wanted, tell};
use programs::{Folders, Program, SELECTIONS, Selection, python_environment};
use serde_json::{Value, json};
use server::{Listing, Plan, Served, Server};

const STARTS: usize = 20;
/// The most functions that a profile prints.
const PROFILED: usize = 30;

/// Parts that compare no streams.
const WITHOUT_STREAMS: [&str; 2] = ["start", "requests"];

const PYTHON_STARTS: usize = 3;

/// How the pages are sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Transport {
    Plain,
    Gzip,
    /// HTTP/2 is offered, and bodies are compressed, as Zendesk does it.
    Http2,
}

/// The best run of a program, and what the server sent and used during that run.
struct Best {
    used: Used,
    served: Served,
}

struct Bench {
    words: Vec<String>,
    folders: Folders,
    rows: u64,
    peer_rows: u64,
    repeats: usize,
    figures: Figures,
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.first().map(String::as_str) {
        Some("serve") => return server::serve(&words[1..]),
        Some("floor") => return floor::run(&words[1..]),
        _ if !is_wanted() => return,
        _ => {}
    }
    let words = words.into_iter().filter(|word| !word.starts_with('-')).collect();
    let mut bench = Bench::new(words);
    if bench.words.iter().any(|word| word == "profile") {
        bench.profile();
    } else {
        bench.run_all();
    }
    let _ = std::fs::remove_dir_all(&bench.folders.work);
    bench.figures.save();
}

impl Transport {
    fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Gzip => "gzip",
            Self::Http2 => "http2",
        }
    }
}

impl Bench {
    fn new(words: Vec<String>) -> Self {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let work = std::env::temp_dir().join(format!("zendesk-peers-{}", std::process::id()));
        std::fs::create_dir_all(&work).expect("a folder for the runs' files");
        make_certificates(&work);
        let environments = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("peers");
        let program = std::env::var_os("BENCH_PROGRAM").map(PathBuf::from);
        let program =
            program.unwrap_or_else(|| env!("CARGO_BIN_EXE_source-zendesk-support").into());
        let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse().ok());
        let rows = number("BENCH_ROWS").unwrap_or(200_000);
        let peer_rows = number("BENCH_PEER_ROWS").unwrap_or(rows);
        let repeats = number("BENCH_REPEATS").unwrap_or(5) as usize;
        let bench = Self {
            words,
            folders: Folders { work, root, environments, program },
            rows,
            peer_rows,
            repeats,
            figures: Figures::of("peers"),
        };
        for program in [Program::Airbyte, Program::Tap] {
            let is_profile = bench.words.iter().any(|word| word == "profile");
            if !is_profile && bench.wants(program.word(), &Program::ALL.map(Program::word)) {
                let requirements =
                    bench.folders.root.join(format!("benches/peers/{}.txt", program.word()));
                python_environment(&bench.folders.environments.join(program.word()), &requirements);
            }
        }
        bench
    }

    /// Whether a part of a kind runs. It does if it is named, or if no part of its kind is named.
    fn wants(&self, word: &str, kind: &[&str]) -> bool {
        self.words.iter().any(|wanted| wanted == word)
            || !self.words.iter().any(|wanted| kind.contains(&wanted.as_str()))
    }

    fn run_all(&mut self) {
        self.start_up();
        self.count_requests();
        for transport in [Transport::Plain, Transport::Gzip, Transport::Http2] {
            for selection in SELECTIONS {
                self.compare(selection, transport);
            }
        }
    }

    /// Counts the instructions of a read by function. Prints also the processor time of the read
    /// and the kernel's part of it.
    fn profile(&self) {
        let is_named =
            |selection: &&Selection| self.words.iter().any(|word| word == selection.name);
        let selection = SELECTIONS.iter().find(is_named).unwrap_or(&SELECTIONS[0]);
        let gzip = self.words.iter().any(|word| word == "gzip");
        let plan = Plan { listings: vec![selection.listing], rows: self.rows, gzip, http2: false };
        let server = Server::start(&plan, &self.folders.work);
        let read = || self.folders.read(Program::Ours, selection, &server, 0);
        let used = measure(read(), Output::Null);
        tell(&format!(
            "{} ({}), {} rows: {:.3} s of processor time, {:.3} of it in the kernel",
            selection.name,
            if gzip { "gzip" } else { "plain" },
            self.rows,
            used.cpu_seconds,
            used.kernel_seconds,
        ));
        let counts = self.folders.work.join("callgrind.out");
        let plain = read();
        let mut counted = Command::new("valgrind");
        counted.args(["--quiet", "--tool=callgrind"]);
        counted.arg(format!("--callgrind-out-file={}", counts.display()));
        counted.arg(plain.get_program()).args(plain.get_args());
        for (key, value) in plain.get_envs() {
            match value {
                Some(value) => counted.env(key, value),
                None => counted.env_remove(key),
            };
        }
        measure(counted, Output::Null);
        let table = Command::new("callgrind_annotate").arg("--threshold=97").arg(counts).output();
        let table = String::from_utf8_lossy(&table.expect("valgrind's tools").stdout).into_owned();
        let is_row = |line: &&str| line.contains("%)") && !line.contains("PROGRAM TOTALS");
        for line in table.lines().filter(is_row).take(PROFILED) {
            let (count, name) = line.split_once("%)").unwrap_or((line, ""));
            let share = count.rsplit('(').next().unwrap_or_default();
            let name = name.split(" [").next().unwrap_or_default().trim();
            // Before the function stands its file, or question marks.
            let files = ["???:", ".rs:", ".S:", ".c:"];
            let name = files.iter().find_map(|file| name.split_once(file)).map_or(name, |it| it.1);
            tell(&format!("{share:>6} % {}", name.chars().take(110).collect::<String>()));
        }
    }

    /// Runs all programs over a selection, in turn.
    fn compare(&mut self, selection: &Selection, transport: Transport) {
        let names: Vec<&str> = SELECTIONS.iter().map(|selection| selection.name).collect();
        let is_of_another_kind = |word: &String| WITHOUT_STREAMS.contains(&word.as_str());
        if self.words.iter().any(is_of_another_kind)
            || !self.wants(selection.name, &names)
            || !self.wants(transport.name(), &["plain", "gzip", "http2"])
        {
            return;
        }
        let programs: Vec<Program> = Program::ALL
            .into_iter()
            .filter(|program| self.wants(program.word(), &Program::ALL.map(Program::word)))
            // Programs in Python know HTTP/1.1 alone, and that is what the other runs show.
            .filter(|program| transport != Transport::Http2 || !program.is_python())
            .collect();
        tell(&format!("\n{} ({})", selection.name, transport.name()));
        tell(
            "program           rows      rows/CPU s  MB/CPU s   CPU s  wall s  first row s  peak MiB  server CPU s",
        );
        let mut best: Vec<(Program, Best)> = Vec::new();
        let quick = programs.iter().filter(|program| !program.is_python());
        let plan = |listings, rows| Plan {
            listings,
            rows,
            gzip: transport != Transport::Plain,
            http2: transport == Transport::Http2,
        };
        let mut server =
            Server::start(&plan(vec![selection.listing], self.rows), &self.folders.work);
        // What disturbs the machine for a while then disturbs all of them.
        for _ in 0..self.repeats {
            for program in quick.clone() {
                let run = self.run(*program, selection, &mut server, self.rows);
                keep_best(&mut best, *program, run);
            }
        }
        for program in quick {
            tell_line(*program, best_of(&best, *program));
        }
        drop(server);
        for program in programs.iter().filter(|program| program.is_python()) {
            let Some(listings) = program.listings(selection) else { continue };
            let mut server = Server::start(&plan(listings, self.peer_rows), &self.folders.work);
            let run = self.run(*program, selection, &mut server, self.peer_rows);
            keep_best(&mut best, *program, run);
            tell_line(*program, best_of(&best, *program));
        }
        tell_ratios(&best);
        for (program, Best { used, .. }) in best {
            let name = format!("{}, {}, {}", selection.name, transport.name(), program.word());
            self.figures.note(
                name,
                json!({
                    "rows": used.rows,
                    "rows_a_cpu_second": rounded(used.rows as f64 / used.cpu_seconds),
                    "mib": rounded(used.peak_bytes as f64 / f64::from(1 << 20)),
                    "first_row_ms": rounded(used.first_row_seconds * 1e3),
                }),
            );
        }
    }

    /// Runs a program. Quick programs run twice: once to count rows, and once to measure.
    fn run(&self, program: Program, selection: &Selection, server: &mut Server, rows: u64) -> Best {
        let pages = rows.div_ceil(1000);
        let command = |server: &Server| self.folders.read(program, selection, server, pages);
        let counted = measure(command(server), Output::Counted);
        let served = server.served();
        if program.is_python() {
            assert!(counted.rows >= rows, "{} wrote {} rows", program.name(), counted.rows);
            return Best { used: counted, served };
        }
        let used = measure(command(server), Output::Null);
        let served = server.served();
        // Curl writes none.
        let all = if program == Program::Curl { rows } else { counted.rows };
        assert!(all >= rows, "{} wrote {all} rows", program.name());
        let first_row_seconds = counted.first_row_seconds;
        Best { used: Used { rows: all, first_row_seconds, ..used }, served }
    }

    /// Counts the requests of a first sync and of an hourly one.
    fn count_requests(&mut self) {
        if !self.words.is_empty() && !self.words.iter().any(|word| word == "requests") {
            return;
        }
        for requests::Requests { program, first, hourly } in requests::count(&self.folders) {
            self.figures.note(
                format!("requests, {}", program.word()),
                json!({ "first": first, "hourly": hourly }),
            );
        }
    }

    /// Measures start-up times and sizes.
    fn start_up(&mut self) {
        if !self.words.is_empty() && !self.words.iter().any(|word| word == "start") {
            return;
        }
        let plan = Plan { listings: vec![Listing::Users], rows: 1, gzip: false, http2: false };
        let server = Server::start(&plan, &self.folders.work);
        tell("start-up              wall ms best  median   CPU ms   peak MiB");
        for command in ["spec", "check", "discover"] {
            let config = |mut line: Command| {
                line.arg(command);
                if command != "spec" {
                    line.arg("--config").arg(self.folders.config(&server));
                }
                line
            };
            let ours = || config(self.folders.ours(server.port));
            let mut note = |program: Program, figure| {
                self.figures.note(format!("start, {command}, {}", program.word()), figure);
            };
            note(Program::Ours, measure_start(&format!("this connector {command}"), STARTS, ours));
            let theirs = || config(self.folders.airbyte(server.port));
            let name = format!("Airbyte's {command}");
            note(Program::Airbyte, measure_start(&name, PYTHON_STARTS, theirs));
        }
        let binary = std::fs::metadata(&self.folders.program).map_or(0, |file| file.len());
        tell(&format!("binary {:.1} MB", mega(binary)));
        self.figures.note("binary", json!({ "mb": rounded(mega(binary)) }));
        let image = std::env::var("IMAGE").unwrap_or_else(|_| "source-zendesk-support:dev".into());
        let words = ["image", "inspect", "--format", "{{.Size}}", &image];
        let size = Command::new("docker").args(words).output().ok();
        let size = size.and_then(|told| String::from_utf8(told.stdout).ok()?.trim().parse().ok());
        match size {
            Some(size) => {
                tell(&format!("image {:.1} MB", mega(size)));
                self.figures.note("image", json!({ "mb": rounded(mega(size)) }));
            }
            None => tell(&format!("image: docker has no {image}")),
        }
        for program in [Program::Airbyte, Program::Tap] {
            let place = self.folders.environments.join(program.word());
            let size = bytes_below(&place);
            tell(&format!("{} environment, without Python: {:.0} MB", program.name(), mega(size)));
        }
    }
}

fn mega(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn keep_best(best: &mut Vec<(Program, Best)>, program: Program, run: Best) {
    match best.iter_mut().find(|(known, _)| *known == program) {
        None => best.push((program, run)),
        Some((_, known)) => {
            let first = known.used.first_row_seconds.min(run.used.first_row_seconds);
            if run.used.cpu_seconds < known.used.cpu_seconds {
                *known = run;
            }
            known.used.first_row_seconds = first;
        }
    }
}

fn best_of(best: &[(Program, Best)], program: Program) -> Option<&Best> {
    best.iter().find(|(known, _)| *known == program).map(|(_, best)| best)
}

fn tell_line(program: Program, best: Option<&Best>) {
    let Some(Best { used, served }) = best else { return };
    tell(&format!(
        "{:<16} {:>8} {:>11.0} {:>9.1} {:>7.2} {:>7.2} {:>12.3} {:>9.1} {:>13.2}",
        program.name(),
        used.rows,
        used.rows as f64 / used.cpu_seconds,
        mega(served.json_bytes) / used.cpu_seconds,
        used.cpu_seconds,
        used.wall_seconds,
        used.first_row_seconds,
        used.peak_bytes as f64 / f64::from(1 << 20),
        served.cpu_seconds,
    ));
}

/// Prints the ratios between programs. Only ratios mean something elsewhere: the seconds are those
/// of this machine.
fn tell_ratios(best: &[(Program, Best)]) {
    let rate =
        |program| best_of(best, program).map(|best| best.used.rows as f64 / best.used.cpu_seconds);
    let Some(ours) = rate(Program::Ours) else { return };
    let mut ratios = Vec::new();
    for program in [Program::Airbyte, Program::Tap] {
        if let Some(theirs) = rate(program) {
            ratios.push(format!("{:.0} times the rows of {}", ours / theirs, program.name()));
        }
    }
    for program in [Program::Floor, Program::Curl] {
        if let Some(theirs) = rate(program) {
            ratios.push(format!("{:.2} times the CPU of {}", theirs / ours, program.name()));
        }
    }
    tell(&format!("per second of processor time {}", ratios.join(", ")));
    let served = best_of(best, Program::Ours).map_or(0, |best| best.served.body_bytes);
    tell(&format!("{:.1} MB of bodies were sent to this connector", mega(served)));
}

fn measure_start(name: &str, times: usize, command: impl Fn() -> Command) -> Value {
    let mut runs: Vec<Used> = (0..times).map(|_| measure(command(), Output::Counted)).collect();
    runs.sort_by(|one, other| one.wall_seconds.total_cmp(&other.wall_seconds));
    let (best, median) = (runs[0], runs[runs.len() / 2]);
    let cpu = runs.iter().map(|run| run.cpu_seconds).fold(f64::INFINITY, f64::min);
    let peak = runs.iter().map(|run| run.peak_bytes).max().unwrap_or_default();
    tell(&format!(
        "{name:<24} {:>9.1} {:>7.1} {:>8.1} {:>10.1}",
        best.wall_seconds * 1e3,
        median.wall_seconds * 1e3,
        cpu * 1e3,
        peak as f64 / f64::from(1 << 20),
    ));
    json!({
        "ms": rounded(median.wall_seconds * 1e3),
        "mib": rounded(peak as f64 / f64::from(1 << 20)),
    })
}

fn bytes_below(place: &Path) -> u64 {
    let entries = std::fs::read_dir(place).into_iter().flatten().flatten();
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(about) if about.is_dir() => bytes_below(&entry.path()),
        Ok(about) => about.len(),
        Err(_) => 0,
    };
    entries.map(size).sum()
}

/// Makes an authority, and a certificate for the server under all of its names.
fn make_certificates(folder: &Path) {
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
    let key = || KeyPair::generate().expect("a key");
    let mut authority = CertificateParams::new(Vec::new()).expect("no names");
    // Another name than the server's: who is its own issuer is not looked for elsewhere.
    authority.distinguished_name.push(DnType::CommonName, "Authority of this benchmark");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, key()).expect("an authority");
    let names = ["acme.zendesk.com", "localhost", "127.0.0.1"].map(str::to_owned);
    let (server, own_key) = (CertificateParams::new(names).expect("sound names"), key());
    let server = server.signed_by(&own_key, &authority).expect("a certificate");
    let write = |name: &str, text: String| {
        std::fs::write(folder.join(name), text).expect("a file is written");
    };
    write("authority.pem", authority.pem());
    write("server.pem", server.pem());
    write("server.key", own_key.serialize_pem());
}
