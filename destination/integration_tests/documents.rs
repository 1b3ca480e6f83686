//! Tests of this program's pages: `README.md` and `docs/`. Every fenced block has a kind that is
//! run here, by `.ci/run` or by `acceptance/run documents`. Every WARN and ERROR is explained,
//! every option is described, and every link has a target.

#[path = "../../integration_tests/documents/blocks.rs"]
mod blocks;
#[path = "../../integration_tests/documents/links.rs"]
mod links;
#[path = "../../integration_tests/documents/options.rs"]
mod options;
#[path = "../../integration_tests/documents/place.rs"]
mod place;
mod sandbox;
#[path = "../../integration_tests/documents/sentences.rs"]
mod sentences;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;

use self::sentences::{
    assert_quoted, complaints_in, on_one_line, quotations, sources, texts, written_in,
};
use crate::account::account;
use crate::run::Running;

const README: &str = "README.md";

const PAGE: &str = "docs/troubleshooting.md";

const INTRODUCTION: &str = "\
<!-- Made from what `spec` prints. To change it, change src/config/ and run
     UPDATE_GENERATED=1 cargo test -->
# Options

The configuration is a JSON object with these options. Only `subdomain` and `credentials` are required. If an option
has a list of words, the first word is the default, unless the option is needed. The program ignores options that it
does not know. It refuses a value that is not allowed before it sends a request to Zendesk, and it reports all
mistakes at once.

The table in [README](../README.md#options) shows all options on one screen. [setup.md](setup.md) shows how to get the
credentials.
";

/// An excerpt of a configuration for each option.
const EXAMPLES: &[(&str, &str)] = &[
    ("subdomain", r#""subdomain": "acme""#),
    (
        "credentials",
        r#""credentials": {
    "credentials": "oauth2_client_credentials",
    "client_id": "...",
    "client_secret": "..."
  }"#,
    ),
    ("num_workers", r#""num_workers": 10"#),
    ("api_quota_percent", r#""api_quota_percent": 25"#),
    ("max_jobs", r#""max_jobs": 10"#),
    ("dry_run", r#""dry_run": true"#),
    (
        "streams",
        r#""streams": [
    {
      "stream": "customers",
      "namespace": "analytics",
      "object": "users",
      "operation": "upsert",
      "match_on": "external_id",
      "fields": { "customer_id": "external_id", "plan": "custom_plan" }
    }
  ]"#,
    ),
    ("unknown_streams", r#""unknown_streams": "skip""#),
    ("null_handling", r#""null_handling": "clear""#),
    ("tags_mode", r#""tags_mode": "replace""#),
    ("organization_mode", r#""organization_mode": "replace""#),
    ("on_email_match", r#""on_email_match": "reject""#),
    ("allow_agents", r#""allow_agents": true"#),
    ("allow_deletes", r#""allow_deletes": true"#),
    ("notify", r#""notify": true"#),
    (
        "audiences",
        r#""audiences": [
    { "slug": "vip", "of": "users", "as": { "field": "audience_vip" }, "create_missing": true },
    { "slug": "at_risk", "of": "organizations", "as": { "tag": "at_risk" }, "allow_empty": true }
  ]"#,
    ),
    ("max_removal_percent", r#""max_removal_percent": 50"#),
    ("accept_end_of_input", r#""accept_end_of_input": true"#),
    (
        "object_storage_config",
        r#""object_storage_config": { "storage_type": "Local", "path": "rejected" }"#,
    ),
    (
        "object_storage_config",
        r#""object_storage_config": {
    "storage_type": "S3",
    "s3_bucket_name": "acme-rejected-rows",
    "s3_bucket_region": "eu-west-1",
    "bucket_path": "zendesk"
  }"#,
    ),
];

/// The page that explains messages of both programs.
const SHARED_PAGE: &str = "../docs/troubleshooting.md";

fn in_project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn text_of(path: &str) -> String {
    std::fs::read_to_string(in_project(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The text of a file of the workspace.
fn text_of_workspace(path: &str) -> String {
    text_of(&format!("../{path}"))
}

/// The paths of the pages in the project.
fn pages() -> Vec<String> {
    let docs = std::fs::read_dir(in_project("docs")).expect("docs/ is there");
    let docs = docs.map(|entry| entry.expect("an entry").file_name().into_string().expect("text"));
    let docs = docs.filter(|name| name.ends_with(".md")).map(|name| format!("docs/{name}"));
    let mut pages: Vec<String> = docs.chain([README.to_owned()]).collect();
    pages.sort();
    pages
}

/// Fails unless the pages explain every WARN and ERROR, and every reason for which a `check`
/// failed.
pub(crate) fn assert_explained(messages: &[Value]) {
    static QUOTED: OnceLock<Vec<String>> = OnceLock::new();
    let quoted = QUOTED.get_or_init(|| {
        [PAGE, SHARED_PAGE].iter().flat_map(|page| quotations(&text_of(page))).collect()
    });
    let folders = ["src", "../crates"].map(in_project);
    assert_quoted(messages, PAGE, quoted, &folders);
}

#[test]
fn every_sentence_of_what_warns_is_explained() {
    let page = on_one_line(&text_of(PAGE));
    let mut found = Vec::new();
    sources(&in_project("src"), &mut found);
    let mut sentences = complaints_in(&found);
    sentences.extend(
        texts(&text_of("src/commands/failure.rs")).into_iter().filter(|text| text.contains(". ")),
    );
    assert!(sentences.len() > 20, "the sources were not understood: {sentences:#?}");
    let missing: BTreeSet<String> = sentences
        .iter()
        .filter(|text| !page.contains(text.as_str()))
        .map(|text| format!("> {text}"))
        .collect();
    assert!(
        missing.is_empty(),
        "{PAGE} lacks what functions say that warn; quote each there, and say what it means:\n{}",
        missing.into_iter().collect::<Vec<_>>().join("\n")
    );
}

#[test]
fn every_reason_of_a_rejected_row_is_in_the_table() {
    let mut found = Vec::new();
    sources(&in_project("src"), &mut found);
    // Arguments may stand on lines of their own.
    let code =
        found.join("\n").split_whitespace().collect::<Vec<_>>().join(" ").replace("( \"", "(\"");
    let named = ["Reason::new(\"", "reason: \""].into_iter().flat_map(|begin| {
        code.split(begin).skip(1).filter_map(|rest| rest.split_once('"')).map(|(reason, _)| reason)
    });
    // Zendesk's own names of errors, of which tests have some, begin with a capital.
    let is_ours = |reason: &&str| reason.starts_with(|first: char| first.is_ascii_lowercase());
    let reasons: BTreeSet<&str> = named.filter(is_ours).collect();
    assert!(reasons.len() > 8, "{reasons:?}");
    let page = text_of(PAGE);
    let missing: Vec<&&str> =
        reasons.iter().filter(|reason| !page.contains(&format!("| `{reason}` |"))).collect();
    assert!(missing.is_empty(), "{PAGE} has no row for {missing:?}");
}

#[test]
fn every_message_that_the_page_quotes_is_written_somewhere() {
    let written = written_in(&["src", "../crates"].map(in_project));
    let quoted = quotations(&text_of(PAGE));
    assert!(quoted.len() > 20, "{quoted:#?}");
    let unknown: Vec<&String> = quoted.iter().filter(|quoted| !written.contains(quoted)).collect();
    assert!(unknown.is_empty(), "{PAGE} quotes what no part of the program says: {unknown:#?}");
}

/// The `connectionSpecification` that `spec` prints.
fn specification() -> Value {
    let told = Running::start(&account(), &["spec"], String::new(), 0).end().succeeded();
    told.of_type("SPEC")[0]["spec"]["connectionSpecification"].clone()
}

#[test]
fn the_page_of_options_is_current() {
    let spec = specification();
    let options = spec["properties"].as_object().expect("options");
    let examples: BTreeSet<&str> = EXAMPLES.iter().map(|(option, _)| *option).collect();
    let options: BTreeSet<&str> = options.keys().map(String::as_str).collect();
    assert_eq!(examples, options, "each option has an example, and no other has");
    let now = options::page_of(INTRODUCTION, EXAMPLES, &spec);
    let page = in_project("docs/options.md");
    if std::env::var_os("UPDATE_GENERATED").is_some_and(|value| value == "1") {
        std::fs::write(&page, &now).expect("the page is written");
    }
    let there = std::fs::read_to_string(&page).unwrap_or_default();
    let difference = there.lines().zip(now.lines()).find(|(old, new)| old != new);
    assert!(there == now, "the page is stale, run UPDATE_GENERATED=1 cargo test; {difference:#?}");
}

#[test]
fn every_option_stands_in_the_table_with_its_default() {
    let readme = text_of(README);
    let spec = specification();
    let properties = spec["properties"].as_object().expect("options");
    let missing: Vec<String> = properties
        .iter()
        .filter(|(name, option)| {
            let row = readme.lines().find(|line| line.starts_with(&format!("| `{name}` |")));
            let default = match &option["default"] {
                Value::Null => String::new(),
                Value::String(text) => format!("`{text}`"),
                other => format!("`{other}`"),
            };
            !row.is_some_and(|row| row.contains(&default))
        })
        .map(|(name, option)| format!("`{name}` with the default {}", option["default"]))
        .collect();
    assert!(missing.is_empty(), "{README} has no row for {missing:#?}");
}

#[test]
fn the_version_is_the_same_everywhere() {
    let line = format!("  dockerImageTag: {}", env!("CARGO_PKG_VERSION"));
    assert!(text_of("metadata.yaml").lines().any(|there| there == line));
}

#[test]
fn tests_that_the_page_of_safety_names_are_there() {
    let mut found = Vec::new();
    sources(&in_project("integration_tests"), &mut found);
    let tests: BTreeSet<&str> = found
        .iter()
        .flat_map(|text| text.split("#[test]\nfn ").skip(1))
        .filter_map(|rest| rest.split_once('(').map(|(name, _)| name))
        .collect();
    let page = text_of("docs/safety.md");
    let prose = links::prose(&page);
    // A name of a test is a sentence.
    let named = prose.split('`').skip(1).step_by(2).filter(|name| name.matches('_').count() > 3);
    let named: BTreeSet<&str> = named.collect();
    assert!(named.len() > 20, "{named:?}");
    let missing: Vec<&&str> = named.difference(&tests).collect();
    assert!(missing.is_empty(), "docs/safety.md names tests that are not there: {missing:?}");
}

/// The number of users in the measurement of `docs/benchmarks.md`.
const MEASURED: f64 = 10_000.0;

#[test]
fn times_of_first_loads_are_those_of_the_measurement() {
    let benchmarks = text_of_workspace("docs/benchmarks.md");
    let measured = |rows: &str| -> (f64, f64) {
        let line = benchmarks.lines().find(|line| line.starts_with(&format!("| {rows} |")));
        let line = line.unwrap_or_else(|| panic!("no line of {rows}"));
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let number = |cell: &str| -> Option<f64> {
            cell.split(' ').next().and_then(|word| word.replace(',', "").parse().ok())
        };
        (number(cells[2]).expect("requests"), number(cells[3]).unwrap_or_default())
    };
    let page = text_of("docs/limits.md");
    let mut wrong = Vec::new();
    for (what, road, of) in [
        ("new", "bulk", "new"),
        ("new", "without bulk imports", "new, where bulk imports are off"),
        ("unchanged", "compared", "unchanged"),
    ] {
        let (requests, minutes) = measured(of);
        for (rows, name) in [(1e4, "10,000"), (1e5, "100,000"), (1e6, "1,000,000")] {
            if what == "unchanged" && rows < 1e6 {
                continue;
            }
            let time = |limit: f64| {
                let by_limit = requests * rows / MEASURED / (limit / 2.0);
                let minutes = by_limit.max(minutes * rows / MEASURED);
                match minutes {
                    _ if minutes < 10.0 && what == "unchanged" => format!("{minutes:.1} min"),
                    _ if minutes < 120.0 => format!("{minutes:.0} min"),
                    _ if minutes < 600.0 => format!("{:.1} h", minutes / 60.0),
                    _ => format!("{:.0} h", minutes / 60.0),
                }
            };
            let times = [200.0, 400.0, 700.0, 2500.0].map(time).join(" | ");
            let line = format!("| {name} {what} | {road} | {times} |");
            if !page.contains(&line) {
                wrong.push(line);
            }
        }
    }
    assert!(wrong.is_empty(), "docs/limits.md lacks\n{}", wrong.join("\n"));
}
