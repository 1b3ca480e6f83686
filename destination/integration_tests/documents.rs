//! The pages of this program: `README.md` and `docs/troubleshooting.md`. Every WARN and ERROR is explained, every
//! option stands in the table, files that are shown are taken, and links lead somewhere.

#[path = "../../integration_tests/documents/sentences.rs"]
mod sentences;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::{Value, json};

use self::sentences::{
    assert_quoted, complaints_in, on_one_line, quotations, sources, texts, written_in,
};
use crate::account::account;
use crate::run::{Folder, Running, SCALE, command};

const README: &str = "README.md";

const PAGE: &str = "docs/troubleshooting.md";

/// What both programs say is explained there.
const SHARED_PAGE: &str = "../docs/troubleshooting.md";

fn in_project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn text_of(path: &str) -> String {
    std::fs::read_to_string(in_project(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Fails unless the pages explain every WARN and ERROR, and why a `check` failed.
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

#[test]
fn every_option_stands_in_the_table_with_its_default() {
    let readme = text_of(README);
    let told = Running::start(&account(), &["spec"], String::new(), 0).end().succeeded();
    let spec = &told.of_type("SPEC")[0]["spec"];
    let properties = spec["connectionSpecification"]["properties"].as_object().expect("options");
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

/// The JSON blocks of a page, by the name behind the fence.
fn files(page: &str) -> Vec<(String, Value)> {
    let text = text_of(page);
    let blocks = text.split("```json ").skip(1).filter_map(|rest| rest.split_once('\n'));
    let parse = |(name, rest): (&str, &str)| {
        let body = rest.split("```").next().unwrap_or_default();
        let value =
            serde_json::from_str(body).unwrap_or_else(|error| panic!("{page} {name}: {error}"));
        (name.to_owned(), value)
    };
    blocks.map(parse).collect()
}

#[test]
fn what_the_readme_shows_is_taken() {
    let sim = account();
    let shown = files(README);
    let file = |name: &str| {
        let found = shown.iter().find(|(known, _)| known == name);
        found.unwrap_or_else(|| panic!("{README} shows no {name}")).1.clone()
    };
    let mut config = file("config.json");
    config["credentials"] =
        json!({ "credentials": "oauth2.0", "access_token": simulator::ADMIN_BEARER });
    let checked = command(&sim, "check", &config);
    assert_eq!(checked.of_type("CONNECTION_STATUS")[0]["connectionStatus"]["status"], "SUCCEEDED");
    let catalog = file("catalog.json");
    let stream = catalog["streams"][0]["stream"]["name"].as_str().expect("a name");
    let row =
        json!({ "customer_id": "C-1", "name": "Ann", "email": "ann@shop.example", "plan": "Gold" });
    let record = json!({ "stream": stream, "data": row, "emitted_at": 1 });
    let state = json!({ "type": "STREAM", "stream": { "stream_descriptor": { "name": stream }, "stream_state": {} } });
    let input =
        [json!({ "type": "RECORD", "record": record }), json!({ "type": "STATE", "state": state })];
    let input = input.map(|message| format!("{message}\n")).concat();
    let folder = Folder::new();
    config["object_storage_config"]["path"] = json!(folder.0.join("rejected"));
    let (config, catalog) =
        (folder.write("config.json", &config), folder.write("catalog.json", &catalog));
    let words =
        ["write", "--config", &config.to_string_lossy(), "--catalog", &catalog.to_string_lossy()];
    let ended = Running::start(&sim, &words, input.clone(), 0).end().succeeded();
    assert_eq!((ended.count("created"), ended.count("recordCount")), (1, 1), "{:#?}", ended.lines);
    run_commands(&sim, &folder, &input);
}

/// Runs the commands that the page shows, with the binary on the path and the files beside it.
fn run_commands(sim: &simulator::Simulator, folder: &Folder, input: &str) {
    std::fs::write(folder.0.join("messages.jsonl"), input).expect("a file");
    let binary = env!("CARGO_BIN_EXE_destination-zendesk-support");
    let path = format!("{}:/usr/bin:/bin", Path::new(binary).parent().expect("a folder").display());
    let text = text_of(README);
    let block =
        text.split("```sh\n").nth(1).and_then(|rest| rest.split("```").next()).expect("commands");
    assert!(block.lines().count() >= 3, "{block}");
    let mut shell = std::process::Command::new("sh");
    shell
        .args(["-euc", block])
        .current_dir(&folder.0)
        .env("PATH", path)
        .env("ZENDESK_BASE_URL", sim.url());
    shell.env("ZENDESK_CLOCK_SCALE", SCALE.to_string()).env("NO_PROXY", "127.0.0.1");
    let ended = shell.output().expect("a shell");
    let told = String::from_utf8_lossy(&ended.stdout);
    assert!(
        ended.status.success() && ended.stderr.is_empty(),
        "{told}{}",
        String::from_utf8_lossy(&ended.stderr)
    );
    for part in ["\"status\":\"SUCCEEDED\"", "DESTINATION_CATALOG", "\"unchanged\":1"] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn links_lead_somewhere() {
    let mut broken = Vec::new();
    for page in [README, PAGE] {
        for target in text_of(page).split("](").skip(1).filter_map(|rest| rest.split_once(')')) {
            let file = target.0.split('#').next().unwrap_or_default();
            let folder = in_project(page).parent().map(Path::to_owned).unwrap_or_default();
            if !file.is_empty() && !file.starts_with("https://") && !folder.join(file).exists() {
                broken.push(format!("{page}: {}", target.0));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn the_version_is_the_same_everywhere() {
    let line = format!("  dockerImageTag: {}", env!("CARGO_PKG_VERSION"));
    assert!(text_of("metadata.yaml").lines().any(|there| there == line));
}
