//! The files of rows. They are complete, have safe names, and are on the disk before their rows are
//! written. Where no files are wanted or available, the rows come without them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use simulator::{
    AGENT_API_TOKEN, AuthorizationKind, Fault, FaultRule, Faults, Prng, Simulator, When, content,
};

use crate::expected::{key, listing};
use crate::harness::{Connector, FULL, INCREMENTAL, Run, simulator};
use crate::program::{Running, high_water_kib, wait_until};

const TICKETS: &str = "ticket_attachments";
const ARTICLES: &str = "article_attachments";
const BOTH: [&str; 2] = [TICKETS, ARTICLES];

/// The file in the samples that is attached to two comments.
const TWICE: u64 = 498_483;

/// A connector of this account that fetches files.
fn with_files(sim: &Simulator) -> Connector<'_> {
    sim.advance_seconds(70);
    let mut connector = Connector::new(sim);
    connector.include_files = Some(true);
    connector
}

/// The rows of a stream and their file references, by id.
fn references(run: &Run, stream: &str) -> BTreeMap<u64, (Value, Value)> {
    let records = run.messages.iter().map(|message| &message["record"]);
    let records = records.filter(|record| record["stream"] == stream);
    let by_id = |record: &Value| {
        let id = record["data"]["id"].as_u64().expect("an id");
        (id, (record["data"].clone(), record["file_reference"].clone()))
    };
    records.map(by_id).collect()
}

/// All files below a folder.
fn files_in(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { files.extend(files_in(&path)) } else { files.push(path) }
    }
    files
}

/// Fails unless every file that a row refers to exists, is complete and is in an allowed place.
/// Returns the ids of the rows with files.
fn assert_whole(connector: &Connector<'_>, run: &Run, stream: &str) -> BTreeSet<u64> {
    let mut there = BTreeSet::new();
    for (id, (row, reference)) in references(run, stream) {
        if reference.is_null() {
            continue;
        }
        let path = PathBuf::from(reference["staging_file_url"].as_str().expect("a path"));
        let relative = reference["source_file_relative_path"].as_str().expect("a path");
        assert_eq!(path, connector.staging().join(relative));
        let parts: Vec<_> = Path::new(relative).components().collect();
        assert_eq!(parts.len(), 3, "{relative}");
        let folder = format!("{stream}/{}/", key(stream, &row));
        assert!(relative.starts_with(&folder), "{relative}");
        let size = row["size"].as_u64().expect("a size");
        assert_eq!(reference["file_size_bytes"], size);
        assert!(fs::read(&path).expect("the file is there") == content(id, size), "{relative}");
        there.insert(id);
    }
    there
}

/// Fails unless every file under a final name is complete, including files of earlier runs.
fn assert_no_halves(connector: &Connector<'_>, sim: &Simulator, stream: &str) {
    let rows = listing(sim, stream);
    for path in files_in(&connector.staging().join(stream)) {
        let key = path.parent().and_then(Path::file_name).expect("a folder").to_string_lossy();
        let row = &rows[&*key];
        let size = row["size"].as_u64().expect("a size");
        let id = row["id"].as_u64().expect("an id");
        assert!(fs::read(&path).expect("a file") == content(id, size), "{}", path.display());
    }
}

fn incoming(connector: &Connector<'_>) -> Vec<PathBuf> {
    files_in(&connector.staging().join(".incoming"))
}

/// The ids of the rows whose files are fetched by default.
fn wanted(sim: &Simulator, stream: &str) -> BTreeSet<u64> {
    let rows = listing(sim, stream).into_values().filter(|row| row["inline"] != true);
    rows.map(|row| row["id"].as_u64().expect("an id")).collect()
}

fn asked_for(sim: &Simulator) -> usize {
    let is_file = |path: &str| path.starts_with("/attachments/") || path.starts_with("/hc/");
    sim.requests().iter().filter(|request| is_file(&request.path)).count()
}

/// Sets the size of an article's file. Returns the file's id.
fn grow(sim: &Simulator, bytes: u64) -> u64 {
    sim.account(|account| {
        let key = account.keys(ARTICLES)[2].clone();
        account.set_field(ARTICLES, &key, "size", &bytes.to_string());
        account.set_field(ARTICLES, &key, "inline", "false");
        key.parse().expect("an id")
    })
}

fn breaks_now_and_then() -> Faults {
    let rule = |when, fault| FaultRule::new("/content/", when, fault);
    Faults::rules([
        rule(When::EveryNth(3), Fault::CutBody),
        rule(When::EveryNth(7), Fault::ResetConnection),
        rule(When::EveryNth(5), Fault::Trickle { piece_bytes: 10_000, pause_ms: 100 }),
    ])
}

#[test]
fn files_come_whole_with_their_rows_and_credentials_stay_with_the_account() {
    let sim = simulator(200);
    let connector = with_files(&sim);
    let run = connector.read(&BOTH, FULL, &[]).complete();
    for stream in BOTH {
        assert_eq!(assert_whole(&connector, &run, stream), wanted(&sim, stream), "{stream}");
        assert!(wanted(&sim, stream).len() > 10, "{stream} has few files");
        assert!(references(&run, stream).len() > wanted(&sim, stream).len(), "{stream}");
    }
    assert!(incoming(&connector).is_empty());
    let there = |stream: &str| wanted(&sim, stream).len();
    let all = there(TICKETS) + there(ARTICLES);
    // One is attached to two comments, and comes for each.
    assert_eq!(files_in(&connector.staging()).len(), all + 1);
    let (mut at_account, mut at_contents) = (0, 0);
    for request in sim.requests() {
        if request.path.starts_with("/content/") {
            assert_eq!(request.authorization, AuthorizationKind::None);
            at_contents += 1;
        } else if !request.path.starts_with("/api/") {
            assert_eq!(request.authorization, AuthorizationKind::ApiToken);
            assert_eq!(request.host, "acme.zendesk.com");
            at_account += 1;
        }
    }
    assert_eq!((at_account, at_contents), (all + 1, all + 1));
    assert!(sim.peak_in_flight() <= 3, "{} at once", sim.peak_in_flight());
}

#[test]
fn files_are_fetched_only_when_the_catalog_or_the_platform_asks_for_them() {
    let sim = simulator(201);
    let mut connector = with_files(&sim);
    for (catalog, platform, come) in [
        (None, None, false),
        (None, Some("false"), false),
        (None, Some("true"), true),
        (Some(false), Some("true"), false),
        (Some(true), None, true),
    ] {
        sim.clear_requests();
        connector.include_files = catalog;
        let mut command = connector.read_command(&BOTH, INCREMENTAL, &[]);
        if let Some(platform) = platform {
            command.env("USE_FILE_TRANSFER", platform);
        }
        let run = connector.run(command, usize::MAX).complete();
        let told = format!("{catalog:?} {platform:?}");
        for stream in BOTH {
            let rows = references(&run, stream);
            assert_eq!(run.records(stream).len(), listing(&sim, stream).len(), "{told}");
            let is_there = rows.values().any(|(_, reference)| !reference.is_null());
            assert_eq!(is_there, come, "{told}");
        }
        assert_eq!(asked_for(&sim) > 0, come, "{told}");
    }
}

#[test]
fn files_that_go_elsewhere_than_the_environment_says_are_reported() {
    let sim = simulator(201);
    let mut connector = with_files(&sim);
    let (missing, elsewhere) =
        (connector.staging().join("not-there"), connector.staging().join("airbyte-file-transfer"));
    for (wants_files, is_told) in [(true, true), (false, false)] {
        connector.include_files = Some(wants_files);
        let mut command = connector.read_command(&[ARTICLES], INCREMENTAL, &[]);
        command.env("AIRBYTE_STAGING_DIRECTORY", &missing).env("TMPDIR", connector.staging());
        let run = connector.run(command, usize::MAX).complete();
        let told = format!(
            "the folder for files, {}, does not exist, so files go to {}. Create it, or correct \
             AIRBYTE_STAGING_DIRECTORY.",
            missing.display(),
            elsewhere.display()
        );
        assert_eq!(run.logs("WARN").contains(&&*told), is_told, "{:?}", run.logs("WARN"));
        assert_eq!(!files_in(&elsewhere.join(ARTICLES)).is_empty(), is_told);
        let _ = fs::remove_dir_all(&elsewhere);
    }
}

#[test]
fn the_catalog_and_the_metadata_say_which_streams_have_files() {
    let sim = simulator(214);
    let streams = with_files(&sim).discover();
    let have = streams.iter().filter(|stream| stream["is_file_based"] == true);
    let have: BTreeSet<&str> = have.filter_map(|stream| stream["name"].as_str()).collect();
    assert_eq!(have, BTreeSet::from(BOTH));
    let metadata = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/metadata.yaml"));
    assert!(metadata.expect("the metadata").contains("\n  supportsFileTransfer: true\n"));
}

#[test]
fn size_type_and_inline_images_are_the_users_choice() {
    let sim = simulator(202);
    let mut connector = with_files(&sim);
    let large = grow(&sim, 1_000_001);
    connector.config["attachment_size_limit_mb"] = json!(1);
    connector.config["attachment_types"] = json!(["application/*", "TEXT/plain"]);
    connector.config["attachment_inline_images"] = json!(true);
    let run = connector.read(&BOTH, FULL, &[]).complete();
    for stream in BOTH {
        let there = assert_whole(&connector, &run, stream);
        let chosen = listing(&sim, stream).into_values().filter(|row| {
            let kind = row["content_type"].as_str().expect("a type");
            row["id"] != large
                && (kind.starts_with("application/") || kind.starts_with("text/plain"))
        });
        let chosen: BTreeSet<u64> = chosen.filter_map(|row| row["id"].as_u64()).collect();
        assert_eq!(there, chosen, "{stream}");
        let told = run.logs("INFO");
        let twice = usize::from(chosen.contains(&TWICE));
        let left_out = listing(&sim, stream).len() - chosen.len() - twice;
        let told_of = format!("{stream}: {} files fetched (", chosen.len() + twice);
        let line = told.iter().find(|line| line.starts_with(&told_of)).expect("the files are told");
        assert!(line.contains(&format!("{left_out} left out, 0 could not be fetched")), "{line}");
    }
    let large = format!("/hc/article_attachments/{large}");
    assert!(sim.requests().iter().all(|request| request.path != large));
}

#[test]
fn addresses_that_have_ended_broken_and_slow_bodies_cost_no_file() {
    for (seed, without_parts) in [(203, false), (204, true)] {
        let sim = simulator(seed);
        let connector = with_files(&sim);
        sim.knobs(|knobs| {
            knobs.ended_content_addresses = 2;
            knobs.content_without_parts = without_parts;
        });
        sim.faults(breaks_now_and_then());
        let run = connector.read(&BOTH, FULL, &[]).complete();
        for stream in BOTH {
            assert_eq!(assert_whole(&connector, &run, stream), wanted(&sim, stream), "{stream}");
        }
        assert!(incoming(&connector).is_empty());
        let continued = sim.requests().iter().filter(|request| !request.range.is_empty()).count();
        assert!(continued > 3, "{continued} requests for the rest of a file");
    }
}

#[test]
fn a_file_that_cannot_be_had_is_counted_and_its_row_comes_without() {
    let sim = simulator(208);
    let connector = with_files(&sim);
    let mut missing = BTreeSet::new();
    let mut rules = Vec::new();
    for stream in BOTH {
        let ids = wanted(&sim, stream).into_iter().filter(|id| *id != TWICE);
        let ids: Vec<u64> = ids.take(2).collect();
        missing.extend(&ids);
        // One is empty where its row says otherwise, the other is gone.
        rules.push(FaultRule::new(&format!("/content/{}/", ids[0]), When::Always, Fault::Empty));
        let gone = FaultRule::new(&format!("/{}", ids[1]), When::Always, Fault::status(404));
        rules.push(gone);
    }
    sim.faults(Faults::rules(rules));
    let run = connector.read(&BOTH, FULL, &[]).complete();
    for stream in BOTH {
        let there = assert_whole(&connector, &run, stream);
        let expected: BTreeSet<u64> = wanted(&sim, stream).difference(&missing).copied().collect();
        assert_eq!(there, expected, "{stream}");
        assert_eq!(run.records(stream).len(), listing(&sim, stream).len());
        let told = format!("{stream}: 2 files could not be fetched");
        assert!(run.logs("WARN").iter().any(|line| line.starts_with(&told)), "{told}");
    }
    assert!(incoming(&connector).is_empty());
}

#[test]
fn a_file_of_another_size_than_its_row_tells_is_none() {
    for more in [7, -7] {
        let sim = simulator(212);
        let connector = with_files(&sim);
        sim.knobs(|knobs| knobs.content_bytes_more = more);
        let run = connector.read(&BOTH, FULL, &[]);
        for stream in BOTH {
            assert_eq!(run.status(stream), Some("INCOMPLETE"), "{stream}");
            let (_, told) = run.error(stream).expect("its own error");
            assert!(told.contains("received "), "{told}");
            assert!(assert_whole(&connector, &run, stream).is_empty());
        }
        assert!(files_in(&connector.staging()).is_empty(), "half a file was left");
    }
}

#[test]
fn an_agent_gets_files_of_tickets_by_another_road() {
    let sim = simulator(213);
    let mut connector = with_files(&sim);
    connector.config["credentials"]["email"] = AGENT_API_TOKEN.email.into();
    connector.config["credentials"]["api_token"] = AGENT_API_TOKEN.token.into();
    let run = connector.read(&[TICKETS], INCREMENTAL, &[]).complete();
    let there = assert_whole(&connector, &run, TICKETS);
    assert!(there.len() > 5 && there.is_subset(&wanted(&sim, TICKETS)), "{there:?}");
    let rows = listing(&sim, TICKETS);
    for record in run.records(TICKETS) {
        let row = &rows[&key(TICKETS, record)];
        for field in ["ticket_id", "comment_id", "created_at", "file_name"] {
            assert_eq!(record[field], row[field], "{field}");
        }
    }
}

#[test]
fn too_many_files_that_do_not_come_end_the_stream_and_none_is_passed_by() {
    for (stream, path) in [(TICKETS, "/attachments/"), (ARTICLES, "/hc/article_attachments/")] {
        for fault in [Fault::status(403), Fault::Html] {
            let sim = simulator(206);
            let connector = with_files(&sim);
            let neighbour = if stream == TICKETS { "ticket_comments" } else { "articles" };
            sim.faults(Faults::rule(path, When::Always, fault.clone()));
            let first = connector.read(&[stream, neighbour], INCREMENTAL, &[]);
            assert_eq!((first.code, first.status(stream)), (Some(1), Some("INCOMPLETE")));
            assert_eq!(first.status(neighbour), Some("COMPLETE"));
            let (_, told) = first.error(stream).expect("its own error");
            assert!(told.contains("files could not be fetched"), "{told}");
            assert!(assert_whole(&connector, &first, stream).is_empty());
            sim.faults(Faults::none());
            let states = first.states_over(&[]);
            let second = connector.read(&[stream, neighbour], INCREMENTAL, &states).complete();
            let there = assert_whole(&connector, &second, stream);
            assert_eq!(there, wanted(&sim, stream), "{stream} {fault:?}");
        }
    }
}

#[test]
fn a_full_disk_ends_the_stream_as_transient_and_moves_nothing() {
    for stream in BOTH {
        let sim = simulator(207);
        let mut connector = with_files(&sim);
        connector.config["num_workers"] = json!(1);
        let neighbour = if stream == TICKETS { "ticket_comments" } else { "articles" };
        let streams = [stream, neighbour];
        // No file may grow beyond some kilobytes; the signal that would end the process is ignored.
        let plain = connector.read_command(&streams, INCREMENTAL, &[]);
        let mut command = Command::new("sh");
        command.arg("-c").arg("trap '' XFSZ; ulimit -f 16; exec \"$0\" \"$@\"");
        command.arg(plain.get_program()).args(plain.get_args());
        command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let first = connector.run(command, usize::MAX);
        assert_eq!((first.code, first.status(stream)), (Some(1), Some("INCOMPLETE")));
        assert_eq!(first.status(neighbour), Some("COMPLETE"));
        let (kind, told) = first.error(stream).expect("its own error");
        assert_eq!(kind, "transient_error");
        assert!(told.contains("disk for files is full"), "{told}");
        let whole = assert_whole(&connector, &first, stream);
        assert_no_halves(&connector, &sim, stream);
        let second = connector.read(&streams, INCREMENTAL, &first.states_over(&[])).complete();
        let mut there = assert_whole(&connector, &second, stream);
        there.extend(whole);
        assert_eq!(there, wanted(&sim, stream), "{stream}");
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_for_the_user_to_set_right() {
    let sim = simulator(208);
    let connector = with_files(&sim);
    // Where a folder should be is a file.
    fs::write(connector.staging().join(".incoming"), "").expect("a file");
    let run = connector.read(&[ARTICLES], FULL, &[]);
    let (kind, told) = run.error(ARTICLES).expect("its own error");
    assert_eq!((run.code, kind), (Some(1), "config_error"), "{told}");
    assert!(told.contains("cannot write to the folder"), "{told}");
}

#[test]
fn a_killed_read_leaves_no_half_file_under_its_name_and_the_next_one_goes_on_with_it() {
    let sim = simulator(209);
    let connector = with_files(&sim);
    let bytes = 3_000_000;
    let large = grow(&sim, bytes);
    // A second of the wall's and more for all of it.
    let slow = Fault::Trickle { piece_bytes: 60_000, pause_ms: 20_000 };
    sim.faults(Faults::rule(&format!("/content/{large}/"), When::Always, slow));
    let mut running = Running::start({
        let mut command = connector.read_command(&[ARTICLES], FULL, &[]);
        command.stdout(Stdio::null());
        command
    });
    let part = connector.staging().join(format!(".incoming/{ARTICLES}-{large}"));
    let come = || fs::metadata(&part).map_or(0, |part| part.len());
    wait_until("half of the file is there", || come() >= bytes / 2);
    running.kill();
    let left = come();
    assert!(left >= bytes / 2 && left < bytes, "{left} bytes");
    assert_no_halves(&connector, &sim, ARTICLES);
    sim.faults(Faults::none());
    sim.clear_requests();
    let run = connector.read(&[ARTICLES], FULL, &[]).complete();
    assert_eq!(assert_whole(&connector, &run, ARTICLES), wanted(&sim, ARTICLES));
    let rest = format!("bytes={left}-");
    assert!(sim.requests().iter().any(|request| request.range == rest), "no {rest}");
    assert!(incoming(&connector).is_empty());
}

#[test]
fn files_of_a_read_that_is_killed_again_and_again_are_all_there_and_whole() {
    let sim = simulator(210);
    let mut connector = with_files(&sim);
    let streams = [TICKETS, ARTICLES, "ticket_comments", "articles"];
    sim.faults(breaks_now_and_then());
    let mut there: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
    let mut states = Vec::new();
    let mut ended = false;
    let mut chance = Prng::new(210);
    for attempt in 0..200 {
        connector.attempt = attempt;
        let lines = 1 + chance.below(70) as usize;
        let run = connector.read_killed(&streams, INCREMENTAL, &states, lines);
        for stream in BOTH {
            there.entry(stream).or_default().extend(assert_whole(&connector, &run, stream));
            assert_no_halves(&connector, &sim, stream);
        }
        states = run.states_over(&states);
        if run.code.is_some() {
            assert!(attempt > 2, "nothing was killed");
            run.complete();
            ended = true;
            break;
        }
    }
    assert!(ended, "it did not end");
    for stream in BOTH {
        assert_eq!(there[stream], wanted(&sim, stream), "{stream}");
    }
}

#[test]
fn a_file_of_any_size_takes_constant_memory() {
    // A quarter of a gigabyte, in the long form two.
    let is_long = std::env::var_os("TEST_ROUNDS").is_some();
    let bytes: u64 = if is_long { 2 << 30 } else { 256 << 20 };
    let sim = simulator(211);
    let mut connector = with_files(&sim);
    connector.config["attachment_size_limit_mb"] = json!(3000);
    let large = grow(&sim, bytes);
    let mut command = connector.read_command(&[ARTICLES], FULL, &[]);
    command.env("ZENDESK_CLOCK_SCALE", "1").stdout(Stdio::null());
    let mut running = Running::start(command);
    let mut peak_kib = 0;
    wait_until("the file is there", || {
        peak_kib = peak_kib.max(high_water_kib(running.pid()).unwrap_or_default());
        running.has_ended()
    });
    let folder = connector.staging().join(format!("{ARTICLES}/{large}"));
    let there = files_in(&folder);
    assert_eq!(there.len(), 1, "{there:?}");
    assert_eq!(fs::metadata(&there[0]).expect("the file").len(), bytes);
    assert!(peak_kib > 0 && peak_kib < 64 << 10, "{peak_kib} KiB for {bytes} bytes");
}
