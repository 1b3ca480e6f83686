//! Tests of the pages for people: README, CONTRIBUTING, ARCHITECTURE and `docs/`. Every fenced
//! block has a kind that is run here, by `.ci/run` or by `acceptance/run documents`. Every WARN and
//! ERROR is explained, every link has a target, and every generated table is current.

mod benchmarks;
mod blocks;
mod charts;
mod links;
mod messages;
mod options;
mod pages;
mod place;
mod sandbox;
mod sentences;

use std::path::{Path, PathBuf};

use serde_json::Value;

pub(crate) use messages::assert_explained;

use crate::program::{binary, run};

const INTRODUCTION: &str = "\
<!-- Made from what `spec` prints. To change it, change src/config/ and run
     UPDATE_GENERATED=1 cargo test -->
# Options

The configuration is a JSON object with the options of this page. Only `subdomain` and `credentials` are
required. Unknown options are ignored, so you can keep the configuration of another connector or of an
older version.

A value that is not allowed is refused before the first request to Zendesk. The message lists all mistakes
at once. It quotes no value, because a value might be a secret.

[setup.md](setup.md) shows how to get the credentials.
";

/// The path of a file of the project.
fn in_project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn text_of(path: &str) -> String {
    std::fs::read_to_string(in_project(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The text of a file of the workspace that this project belongs to.
fn text_of_workspace(path: &str) -> String {
    text_of(path)
}

/// The paths of the pages in the project.
fn pages() -> Vec<String> {
    let mut pages: Vec<String> =
        ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"].map(str::to_owned).to_vec();
    let docs = std::fs::read_dir(in_project("docs")).expect("docs/ is there");
    let docs = docs.map(|entry| entry.expect("an entry").file_name().into_string().expect("text"));
    pages.extend(docs.filter(|name| name.ends_with(".md")).map(|name| format!("docs/{name}")));
    pages.sort();
    pages
}

/// Fails if a generated page is not up to date. With `UPDATE_GENERATED=1` it rewrites the page
/// instead.
fn assert_current(path: &str, now: &str) {
    if std::env::var_os("UPDATE_GENERATED").is_some_and(|value| value == "1") {
        std::fs::write(in_project(path), now).expect("the page is written");
    }
    let there = std::fs::read_to_string(in_project(path)).unwrap_or_default();
    let difference = there.lines().zip(now.lines()).find(|(old, new)| old != new);
    assert!(there == now, "{path} is stale, run UPDATE_GENERATED=1 cargo test; {difference:#?}");
}

#[test]
fn the_page_of_options_is_current() {
    let mut command = binary();
    command.arg("spec");
    let ended = run(command);
    let spec: Value = serde_json::from_slice(&ended.stdout).expect("a SPEC line");
    let page = options::page_of(INTRODUCTION, &[], &spec["spec"]["connectionSpecification"]);
    assert_current("docs/options.md", &page);
}
