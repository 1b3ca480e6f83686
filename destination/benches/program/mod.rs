//! The optimized program as the benches run it: rows are made while it takes them, and its processor time and its
//! largest memory are noted.

use std::fs;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Instant;

use serde_json::{Value, json};
use simulator::{ADMIN_BEARER, CustomField, Plan, Settings, Simulator, Size};

/// Linux tells processor time in hundredths of a second, whatever the kernel ticks in.
const TICKS_PER_SECOND: f64 = 100.0;

const ROWS_PER_STATE: u64 = 1_000;

/// Of how many rows the simulator may remember all requests and writes. Of more, those that come between the
/// count and the forgetting are not counted.
const MOST_REMEMBERED: u64 = 50_000;

/// As in the image.
const TUNABLES: &str = "glibc.malloc.trim_threshold=67108864:glibc.malloc.mmap_threshold=33554432";

/// An account without customers, whose users have custom fields.
pub(crate) fn account(scale: f64, bulk_import: bool) -> Simulator {
    let settings = Settings {
        size: Size::Tiny,
        scale,
        plan: Plan::EnterprisePlus,
        page_cap: None,
        tidy_people: true,
        bulk_import,
        ..Settings::default()
    };
    let sim = Simulator::start(settings).expect("the simulator starts");
    let plans = [("gold", "Gold"), ("silver", "Silver")];
    let fields = [
        CustomField::new("dropdown", "plan", "Plan").with_options(&plans),
        CustomField::new("integer", "seats", "Seats"),
        CustomField::new("date", "renewal", "Renewal"),
        CustomField::new("checkbox", "vip", "VIP"),
    ];
    sim.account(|account| account.add_fields("users", &fields));
    sim
}

/// A customer as a row.
pub(crate) fn customer(number: u64, seats: u64, notes: &str) -> Value {
    json!({
        "external_id": format!("c-{number}"), "name": format!("Customer {number}"),
        "email": format!("c{number}@shop.example"), "notes": notes, "custom_plan": "Gold",
        "custom_seats": seats, "custom_renewal": "2027-01-31",
    })
}

/// What a sync took and what it did.
pub(crate) struct Cost {
    pub(crate) cpu_seconds: f64,
    pub(crate) wall_seconds: f64,
    /// Seconds of the account's clock.
    pub(crate) account_seconds: i64,
    pub(crate) peak_kib: u64,
    pub(crate) requests: u64,
    /// Writes that took effect.
    pub(crate) effects: u64,
    pub(crate) created: u64,
    pub(crate) updated: u64,
    pub(crate) unchanged: u64,
    pub(crate) members_added: u64,
    pub(crate) members_removed: u64,
}

/// Writes so many rows. Of many, what the simulator remembers is counted and forgotten while they are written, so
/// that this process does not grow.
pub(crate) fn write(
    sim: &Simulator,
    scale: f64,
    object: &'static str,
    count: u64,
    row: impl Fn(u64) -> Value + Send + 'static,
) -> Cost {
    let folder = std::env::temp_dir().join(format!("zendesk-write-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder for the run's files");
    sim.clear_requests();
    sim.clear_ledger();
    let (started, began, before) = (Instant::now(), sim.now_unix(), ticks_of_children());
    let mut child = start(sim, scale, object, &folder);
    let stdin = child.stdin.take().expect("stdin is a pipe");
    let feeding = thread::spawn(move || feed(BufWriter::new(stdin), count, row));
    let mut cost = Cost {
        cpu_seconds: 0.0,
        wall_seconds: 0.0,
        account_seconds: 0,
        peak_kib: 0,
        requests: 0,
        effects: 0,
        created: 0,
        updated: 0,
        unchanged: 0,
        members_added: 0,
        members_removed: 0,
    };
    let output = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
    for line in output.lines() {
        let line = line.expect("the output is read");
        let message: Value = serde_json::from_str(&line).expect("a line is JSON");
        // The kernel keeps the high-water mark; it is gone once the program has ended.
        cost.peak_kib = cost.peak_kib.max(high_water_kib(&child).unwrap_or_default());
        let stats = &message["state"]["destinationStats"];
        assert!(stats["rejectedRecordCount"].as_f64().unwrap_or_default() == 0.0, "{line}");
        let of = |name: &str| stats["additionalStats"][name].as_f64().unwrap_or_default() as u64;
        cost.created += of("created");
        cost.updated += of("updated");
        cost.unchanged += of("unchanged");
        cost.members_added += of("membersAdded");
        cost.members_removed += of("membersRemoved");
        if message["type"] == "STATE" && count > MOST_REMEMBERED {
            take_counts(sim, &mut cost);
        }
    }
    let status = child.wait().expect("the program ends");
    feeding.join().expect("all rows were taken");
    assert!(status.success(), "the program ended with {status}");
    assert_eq!(cost.created + cost.updated + cost.unchanged, count, "rows are accounted for");
    take_counts(sim, &mut cost);
    cost.cpu_seconds = (ticks_of_children() - before) as f64 / TICKS_PER_SECOND;
    cost.wall_seconds = started.elapsed().as_secs_f64();
    cost.account_seconds = sim.now_unix() - began;
    let _ = fs::remove_dir_all(&folder);
    cost
}

fn take_counts(sim: &Simulator, cost: &mut Cost) {
    cost.requests += sim.requests().len() as u64;
    sim.clear_requests();
    let objects = ["users", "organizations", "tickets"];
    let is_row = |write: &&simulator::EffectiveWrite| objects.contains(&write.object);
    cost.effects += sim.ledger().writes.iter().filter(is_row).count() as u64;
    sim.clear_ledger();
}

fn start(sim: &Simulator, scale: f64, object: &str, folder: &std::path::Path) -> Child {
    let config = json!({
        "subdomain": "acme",
        "credentials": { "credentials": "oauth2.0", "access_token": ADMIN_BEARER },
        "audiences": [{ "slug": "vip", "as": { "field": "vip" } }],
    });
    let catalog = json!({ "streams": [{
        "stream": { "name": "customers", "json_schema": {} }, "sync_mode": "full_refresh",
        "destination_sync_mode": "append_dedup", "destination_object_name": object,
        "primary_key": [["external_id"]], "generation_id": 1, "minimum_generation_id": 0, "sync_id": 1,
    }] });
    let file = |name: &str, content: &Value| -> PathBuf {
        let path = folder.join(name);
        fs::write(&path, content.to_string()).expect("a file is written");
        path
    };
    Command::new(env!("CARGO_BIN_EXE_destination-zendesk-support"))
        .arg("write")
        .arg("--config")
        .arg(file("config.json", &config))
        .arg("--catalog")
        .arg(file("catalog.json", &catalog))
        .env("ZENDESK_BASE_URL", sim.url())
        .env("ZENDESK_CLOCK_SCALE", scale.to_string())
        .env("NO_PROXY", "127.0.0.1")
        .env("GLIBC_TUNABLES", TUNABLES)
        .env_remove("WORKER_JOB_ATTEMPT")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts")
}

fn feed(mut stdin: impl Write, count: u64, row: impl Fn(u64) -> Value) {
    for number in 0..count {
        let record = json!({ "stream": "customers", "data": row(number), "emitted_at": 1 });
        let line = json!({ "type": "RECORD", "record": record });
        writeln!(stdin, "{line}").expect("a row is taken");
        if (number + 1) % ROWS_PER_STATE == 0 || number + 1 == count {
            let state = json!({ "type": "STREAM", "stream": { "stream_descriptor": { "name": "customers" },
                "stream_state": { "number": number } } });
            writeln!(stdin, "{}", json!({ "type": "STATE", "state": state }))
                .expect("a state is taken");
        }
    }
    let status = json!({ "type": "STREAM_STATUS", "emitted_at": 1, "stream_status": {
        "stream_descriptor": { "name": "customers" }, "status": "COMPLETE" } });
    writeln!(stdin, "{}", json!({ "type": "TRACE", "trace": status })).expect("the end is taken");
    stdin.flush().expect("all is taken");
}

/// The most memory that a process has had resident.
fn high_water_kib(child: &Child) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// The processor time of all children that have ended.
fn ticks_of_children() -> u64 {
    let text = fs::read_to_string("/proc/self/stat").expect("processor time is known");
    // The name of the program is in brackets and may hold blanks; the numbers are behind it.
    let (_, numbers) = text.rsplit_once(')').expect("a name in brackets");
    let ticks = numbers.split_whitespace().skip(13).take(2);
    ticks.map(|ticks| ticks.parse::<u64>().expect("a number")).sum()
}

/// Whether a bench is meant to run: `cargo test --all-targets` starts it too, without the flag.
pub(crate) fn is_wanted() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

/// Whether a part is meant: all are where none is named.
pub(crate) fn is_part(name: &str) -> bool {
    let mut words = std::env::args().skip(1).filter(|word| word != "--bench").peekable();
    words.peek().is_none() || words.any(|word| word == name)
}

pub(crate) fn tell(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
