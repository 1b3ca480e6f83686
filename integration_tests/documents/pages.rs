//! What holds for all pages: links lead somewhere, every page can be found, and what
//! ARCHITECTURE.md names is there.

use std::collections::BTreeSet;
use std::path::Path;

use super::{in_project, pages, text_of};

/// The text outside of fenced blocks.
pub(super) fn prose(text: &str) -> String {
    let mut is_block = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_block = !is_block;
        } else if !is_block {
            lines.push(line);
        }
    }
    lines.join("\n")
}

/// Targets of `[text](target)`; a pattern between back-ticks may look like one.
fn links(prose: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut is_code = false;
    let mut rest = prose;
    while let Some(next) = rest.find(['`', ']']) {
        let (mark, after) = (&rest[next..=next], &rest[next + 1..]);
        is_code ^= mark == "`";
        let target = after.strip_prefix('(').and_then(|after| after.split_once(')'));
        found.extend(target.filter(|_| mark == "]" && !is_code).map(|(target, _)| target));
        rest = after;
    }
    found
}

/// The anchors of a page's headings, as renderers make them.
fn anchors(text: &str) -> BTreeSet<String> {
    let prose = prose(text);
    let headings = prose.lines().filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| {
        let kept = heading.trim_start_matches('#').trim().to_lowercase();
        let kept =
            kept.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
        kept.collect::<String>().replace(' ', "-")
    };
    headings.map(anchor).collect()
}

#[test]
fn links_lead_somewhere() {
    let mut broken = Vec::new();
    for page in pages() {
        let text = text_of(&page);
        for target in links(&prose(&text)) {
            if target.starts_with("https://") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let folder = Path::new(&page).parent().unwrap_or(Path::new(""));
            let file = if file.is_empty() {
                in_project(&page)
            } else {
                in_project("").join(folder).join(file)
            };
            let there = std::fs::read_to_string(&file);
            let is_there =
                there.is_ok_and(|text| anchor.is_empty() || anchors(&text).contains(anchor));
            let is_folder = file.is_dir() && anchor.is_empty();
            if !is_there && !is_folder {
                broken.push(format!("{page}: {target}"));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn links_are_found_and_patterns_are_none() {
    let prose = "[a](b) `[x](y)` [`c`](d#e) [f] (g)";
    assert_eq!(links(prose), ["b", "d#e"]);
}

#[test]
fn every_page_stands_in_the_list_of_pages() {
    let list = text_of("docs/README.md");
    let listed: BTreeSet<&str> = links(&list).into_iter().collect();
    let missing: Vec<String> = pages()
        .into_iter()
        .filter_map(|page| page.strip_prefix("docs/").map(str::to_owned))
        .filter(|page| page != "README.md" && !listed.contains(page.as_str()))
        .collect();
    assert!(missing.is_empty(), "docs/README.md does not list {missing:?}");
}

/// The names in backticks of one column of a page's tables.
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
    let is_stream = |name: &str| registry.contains(&format!("\n## {name}\n"));
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
