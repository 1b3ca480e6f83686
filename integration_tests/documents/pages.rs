//! Checks that everything a page names exists: streams, versions, and the code that ARCHITECTURE.md
//! refers to.

use std::collections::BTreeSet;

use super::links::prose;
use super::{in_project, pages, text_of};

/// The names in backticks in one column of a page's tables.
fn names_in_column(text: &str, column: usize, heading: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut is_table = false;
    for line in text.lines() {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        is_table =
            line.starts_with('|') && (is_table || cells[column.min(cells.len() - 1)] == heading);
        if is_table && let Some(cell) = cells.get(column) {
            found.extend(cell.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    found
}

#[test]
fn moving_names_streams_that_are_there_and_all_of_airbytes() {
    let registry = text_of("docs/streams.md");
    let is_stream = |name: &str| registry.contains(&format!("\n### {name}\n"));
    let page = text_of("docs/moving.md");
    let by_state = names_in_column(&page, 0, "Stream");
    let by_table = names_in_column(&page, 0, "Here");
    let unknown =
        by_state.iter().chain(&by_table).filter(|name| !is_stream(name) && *name != "tags");
    assert_eq!(unknown.collect::<Vec<_>>(), Vec::<&String>::new());
    // The streams of Airbyte's connector.
    assert_eq!(by_state.len(), 45, "{by_state:?}");
    assert!(by_table.len() > 15, "{by_table:?}");
}

#[test]
fn what_the_architecture_names_is_there() {
    let mut code = String::new();
    let mut files = BTreeSet::new();
    let mut folders = vec![in_project("src"), in_project("crates"), in_project("destination/src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                files.extend(path.file_name().map(|name| name.to_string_lossy().into_owned()));
                folders.push(path);
            } else {
                files.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
                code.push_str(&std::fs::read_to_string(&path).unwrap_or_default());
            }
        }
    }
    let is_known = |name: &str| {
        let is_item = |kind: &str| {
            code.contains(&format!("{kind} {name}("))
                || code.contains(&format!("{kind} {name}<"))
                || code.contains(&format!("{kind} {name} "))
        };
        files.contains(name) || ["fn", "struct", "enum", "mod", "trait"].into_iter().any(is_item)
    };
    let text = prose(&text_of("ARCHITECTURE.md"));
    let named = text.split('`').skip(1).step_by(2);
    // Of the standard library.
    let paths = named.filter(|named| {
        named.contains("::")
            && *named != "process::exit"
            && named.chars().all(|letter| letter.is_alphanumeric() || "_:".contains(letter))
    });
    let paths: Vec<&str> = paths.collect();
    assert!(paths.len() > 10, "{paths:?}");
    let unknown: Vec<&&str> = paths.iter().filter(|path| !path.split("::").all(is_known)).collect();
    assert!(unknown.is_empty(), "ARCHITECTURE.md names what is not there: {unknown:?}");
    let folders = ["src/", "integration_tests/", "acceptance/", "destination/", ".ci/"];
    let named = text.split('`').skip(1).step_by(2);
    for path in named.filter(|named| folders.iter().any(|folder| named.starts_with(folder))) {
        assert!(in_project(path).exists(), "ARCHITECTURE.md names {path}");
    }
    // Modules, by their names alone.
    let modules = text.split("## Code map").nth(1).and_then(|rest| rest.split("\n## ").next());
    let named = modules.unwrap_or_default().split('`').skip(1).step_by(2);
    let is_name = |named: &&str| {
        !named.is_empty()
            && named.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_')
    };
    let unknown: Vec<&str> =
        named.filter(is_name).filter(|name| !files.contains(*name) && !is_known(name)).collect();
    assert!(unknown.is_empty(), "ARCHITECTURE.md names what is not there: {unknown:?}");
}

#[test]
fn the_version_is_the_same_everywhere() {
    let version = env!("CARGO_PKG_VERSION");
    for (path, line) in [
        ("Cargo.toml", format!("version = \"{version}\"")),
        ("Dockerfile", format!("ARG VERSION={version}")),
        ("metadata.yaml", format!("  dockerImageTag: {version}")),
        ("CHANGELOG.md", format!("## {version}")),
    ] {
        let is_there = text_of(path).lines().any(|there| there.starts_with(&line));
        assert!(is_there, "{path} has no line {line}");
    }
    for page in pages() {
        for tag in text_of(&page).split("/source-zendesk-support:").skip(1) {
            assert!(tag.starts_with(version), "{page} has another version's image");
        }
    }
}
