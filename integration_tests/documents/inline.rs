//! Commands in running text, between back-ticks. Nothing runs them there, so each is held against
//! what it names: targets, tests, scripts, options and variables. What other programs take is asked
//! of them by `acceptance/documents.py`.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use super::pages::prose;
use super::{in_project, pages, text_of};
use crate::program::executable;

const OURS: &str = "source-zendesk-support";

/// Programs of others that pages use. Those in front are asked for their help by
/// `acceptance/documents.py`; the others may be named, and run in fenced blocks.
const ASKED: &[&str] = &["docker", "git", "kubectl"];
const NAMED: &[&str] = &[
    "apt-get", "busybox", "curl", "flock", "grep", "jq", "openssl", "pip", "python", "python3",
    "sh",
];

/// Folders whose files are named, and run where they can be.
const FOLDERS: &[&str] = &[
    ".ci/",
    "acceptance/",
    "benches/",
    "docker/",
    "docs/",
    "examples/",
    "integration_tests/",
    "schemas/",
    "src/",
];

/// Where a variable may be read.
const READERS: &[&str] = &["src", "integration_tests", "benches", "acceptance", ".ci"];

/// Texts between back-ticks of a page, each on one line.
fn spans(text: &str) -> Vec<String> {
    let prose = prose(text);
    assert_eq!(prose.matches('`').count() % 2, 0, "a back-tick has no fellow");
    let spans = prose.split('`').skip(1).step_by(2);
    spans.map(|span| span.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

/// Whether a text is a command, and what is wrong with one.
fn hold(span: &str) -> Result<bool, String> {
    let words: Vec<&str> = span.split(' ').collect();
    let variables = words.iter().take_while(|word| variable(word).is_some()).count();
    let (variables, command) = words.split_at(variables);
    for name in variables.iter().filter_map(|word| variable(word)) {
        if !is_read(name) {
            return Err(format!("nothing reads {name}"));
        }
    }
    let Some((program, words)) = command.split_first() else {
        return Ok(!variables.is_empty());
    };
    match *program {
        "cargo" => cargo(words)?,
        OURS => ours(words)?,
        flag if flag.starts_with("--") => ours(command)?,
        script if FOLDERS.iter().any(|folder| script.starts_with(folder)) => {
            in_checkout(script, words)?;
        }
        program if ASKED.contains(&program) => {
            if !text_of("acceptance/documents.py").contains(&format!("\"{program}\"")) {
                return Err(format!("acceptance/documents.py does not ask {program}"));
            }
        }
        program if NAMED.contains(&program) => {
            if !words.is_empty() {
                return Err("is run by nothing: put it into a fenced block".to_owned());
            }
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// The name in `NAME=value`.
fn variable(word: &str) -> Option<&str> {
    let (name, _) = word.split_once('=')?;
    let is_name =
        |name: &str| name.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_');
    (!name.is_empty() && is_name(name)).then_some(name)
}

fn is_read(name: &str) -> bool {
    let texts = READERS.iter().flat_map(|folder| texts_below(&in_project(folder)));
    let marks =
        [format!("\"{name}\""), format!("{name}="), format!("${{{name}"), format!("${name}")];
    texts.into_iter().any(|text| marks.iter().any(|mark| text.contains(mark)))
}

/// The programs of a folder and of those below it.
fn texts_below(folder: &Path) -> Vec<String> {
    let entries =
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    let texts = entries.flat_map(|entry| {
        let path = entry.path();
        let is_program = path.extension().is_none_or(|end| end == "rs" || end == "py");
        match path.is_dir() {
            true => texts_below(&path),
            // Of this file, examples of what nothing reads.
            false if is_program && !path.ends_with("documents/inline.rs") => {
                std::fs::read_to_string(&path).into_iter().collect()
            }
            false => Vec::new(),
        }
    });
    texts.collect()
}

fn output(program: impl AsRef<std::ffi::OsStr>, words: &[&str]) -> Output {
    let folder = in_project("");
    Command::new(program).args(words).current_dir(folder).output().expect("it can be run")
}

fn told(program: impl AsRef<std::ffi::OsStr>, words: &[&str]) -> Result<String, String> {
    let ended = output(program, words);
    let text = String::from_utf8_lossy(&ended.stdout).into_owned();
    if ended.status.success() { Ok(text) } else { Err(format!("{words:?} does not work")) }
}

/// Whether a text has a word, as flags stand in a help.
fn has_word(text: &str, word: &str) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '-';
    text.split(|letter: char| !is_part(letter)).any(|there| there == word)
}

/// Options and subcommands of our own binary, by its help.
fn ours(words: &[&str]) -> Result<(), String> {
    let subcommands: Vec<&str> =
        words.iter().copied().take_while(|word| !word.starts_with('-')).collect();
    let asked = [subcommands.as_slice(), &["--help"]].concat();
    let help = told(executable(), &asked)?;
    let flags = words.iter().filter(|word| word.starts_with("--"));
    unknown(flags, &help)
}

fn unknown<'w>(flags: impl Iterator<Item = &'w &'w str>, help: &str) -> Result<(), String> {
    match flags.into_iter().find(|flag| !has_word(help, flag)) {
        Some(flag) => Err(format!("there is no {flag}")),
        None => Ok(()),
    }
}

/// A file or folder that is there; where words follow, a script, and they parts of `acceptance/run`.
fn in_checkout(script: &str, words: &[&str]) -> Result<(), String> {
    // Of a path with a place to fill in, the folder.
    let script = script.split_once('<').map_or(script, |(folder, _)| folder);
    let about = std::fs::metadata(in_project(script)).map_err(|_| "is not there".to_owned())?;
    let may_run = about.is_file() && about.permissions().mode() & 0o111 != 0;
    if !may_run {
        // A file or a folder that is named, and not run.
        let is_run = !words.is_empty();
        return if is_run { Err("may not be run".to_owned()) } else { Ok(()) };
    }
    let text = text_of(script);
    let parts = text.lines().find_map(|line| line.split_once("parts=(image ")?.1.strip_suffix(')'));
    let is_part =
        |word: &&&str| **word == "image" || parts.is_some_and(|parts| has_word(parts, word));
    match words.iter().find(|word| !is_part(word)) {
        Some(word) => Err(format!("has no part {word}")),
        None => Ok(()),
    }
}

/// Subcommand and options by cargo's help, targets by its metadata, tests by this program's list.
fn cargo(words: &[&str]) -> Result<(), String> {
    let Some((subcommand, words)) = words.split_first() else { return Ok(()) };
    let help = told(env!("CARGO"), &[subcommand, "--help"])?;
    let end = words.iter().position(|word| *word == "--").unwrap_or(words.len());
    let (before, after) = words.split_at(end);
    unknown(before.iter().filter(|word| word.starts_with("--")), &help)?;
    let mut filters: Vec<&str> = Vec::new();
    let mut bench = None;
    let mut rest = before.iter();
    while let Some(word) = rest.next() {
        match *word {
            "--bench" | "--bin" | "--example" | "--package" | "--test" => {
                let name = rest.next().ok_or(format!("{word} names nothing"))?;
                is_target(word.trim_start_matches('-'), name)?;
                bench = (*word == "--bench").then_some(*name).or(bench);
            }
            flag if flag.starts_with("--") => {}
            filter => filters.push(filter),
        }
    }
    filters.extend(after.iter().skip(1));
    match (*subcommand, bench) {
        ("test", _) if before.contains(&"--lib") => each(&filters, |filter| {
            let module = filter.split("::").next().unwrap_or(filter);
            let file = in_project("src").join(module);
            file.is_dir() || file.with_extension("rs").is_file()
        }),
        ("test", _) => each(&filters, |filter| {
            let this = std::env::current_exe().expect("this program");
            told(this, &[filter, "--list"]).is_ok_and(|list| list.contains(": test\n"))
        }),
        // Parts of a benchmark that has a folder.
        ("bench", Some(bench)) => each(&filters, |part| {
            let folder = in_project("benches").join(bench);
            folder.is_dir()
                && texts_below(&folder).iter().any(|text| text.contains(&format!("\"{part}\"")))
        }),
        _ => each(&filters, |_| false),
    }
}

fn each(names: &[&str], is_there: impl Fn(&str) -> bool) -> Result<(), String> {
    match names.iter().find(|name| !is_there(name)) {
        Some(name) => Err(format!("there is no {name}")),
        None => Ok(()),
    }
}

fn is_target(kind: &str, name: &str) -> Result<(), String> {
    let metadata =
        told(env!("CARGO"), &["metadata", "--no-deps", "--offline", "--format-version=1"])?;
    let metadata: Value = serde_json::from_str(&metadata).expect("cargo's metadata is JSON");
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let is_there = packages.into_iter().any(|package| {
        let targets = package["targets"].as_array().into_iter().flatten();
        let mut targets = targets.filter(|target| target["kind"][0] == kind);
        if kind == "package" {
            package["name"] == name
        } else {
            targets.any(|target| target["name"] == name)
        }
    });
    if is_there { Ok(()) } else { Err(format!("there is no {kind} {name}")) }
}

#[test]
fn commands_in_running_text_name_what_is_there() {
    let mut found = 0;
    let mut mistakes: Vec<String> = Vec::new();
    for page in pages() {
        for span in spans(&text_of(&page)) {
            match hold(&span) {
                Ok(is_command) => found += usize::from(is_command),
                Err(what) => mistakes.push(format!("{page}: `{span}`: {what}")),
            }
        }
    }
    assert!(mistakes.is_empty(), "{mistakes:#?}");
    assert!(found > 30, "only {found} commands were found");
}

#[test]
fn a_command_that_names_what_is_not_there_is_found_out() {
    for mistake in [
        "cargo bench --bench speed",
        "cargo bench --bench peers -- trains",
        "cargo bend",
        "cargo build --releases",
        "cargo run --example tour",
        "cargo run --package imitator",
        "cargo test --test man -- walks::",
        "cargo test --test main -- talks::",
        "cargo test --lib -- steams::",
        "TEST_TURNS=20 cargo test kill::",
        "BENCH_PEAR_ROWS=20000",
        "acceptance/walk",
        "benches/profiles",
        "acceptance/run cdk lunch",
        ".ci/run fast",
        "acceptance/documents.py now",
        "--debugging",
        "source-zendesk-support red --config config.json",
        "source-zendesk-support check --catalog catalog.json",
        "jq .type messages.jsonl",
    ] {
        assert!(hold(mistake).is_err(), "{mistake}");
    }
    for right in [
        "cargo bench --bench peers -- tickets floor",
        "UPDATE_GENERATED=1 cargo test --lib -- streams::",
        "acceptance/run image documents",
        "source-zendesk-support read --config config.json --catalog catalog.json --debug",
        "jq",
    ] {
        assert_eq!(hold(right), Ok(true), "{right}");
    }
    assert_eq!(hold("status: deleted"), Ok(false));
    assert_eq!(spans("a `b\n  c` d\n```sh\n`e`\n```\n"), ["b c"]);
}
