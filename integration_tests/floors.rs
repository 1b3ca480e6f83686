//! Imports only look down. The floors of the house, from below:
//!
//! 1. The crates `zendesk` and `airbyte`, which do not know each other, and `connector` above both.
//!    The program `destination` stands on `connector`, beside this program.
//! 2. `streams`
//! 3. `sync`
//! 4. `source`
//! 5. `cli` and the binary
//!
//! `config` may be used from floor 2 up. It may use floor 1 only.
//!
//! More rules of the house are tested in the modules below:
//!
//! - `circles`: files inside a floor do not import each other in a circle.
//! - `impls`: the methods of a type are in its folder.
//! - `sizes`: no file and no function is too long.
//! - `errors`: error types implement the standard trait.
//! - `ownership`: nothing is leaked, and nothing is compared by its address.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

mod circles;
mod errors;
mod impls;
mod ownership;
mod sizes;
mod text;

/// The crates below this program.
const CRATES: &[&str] = &["zendesk", "airbyte", "connector"];

/// The program beside this one.
const DESTINATION: &str = "destination";

/// A crate or a part of `src/`, and what it may import besides itself.
const MAY_USE: &[(&str, &[&str])] = &[
    ("zendesk", &[]),
    ("airbyte", &[]),
    ("connector", &["zendesk", "airbyte"]),
    (DESTINATION, &["connector", "zendesk", "airbyte"]),
    ("config", &["connector", "zendesk"]),
    ("streams", &["connector", "zendesk", "airbyte", "config"]),
    ("sync", &["connector", "zendesk", "airbyte", "config", "streams"]),
    ("source", &["connector", "zendesk", "airbyte", "config", "streams", "sync"]),
    ("cli", &["connector", "zendesk", "airbyte", "config", "streams", "sync", "source"]),
    ("main", &["connector", "zendesk", "airbyte", "config", "streams", "sync", "source", "cli"]),
    ("lib", &[]),
];

/// Complaints about one file, given by its path below `src/`.
fn complaints(path: &Path, text: &str) -> Vec<String> {
    let mut module: Vec<String> =
        path.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    let part = module[0].clone();
    module.pop_if(|last| last == "mod" || last == "lib");
    let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == part) else {
        return vec![format!("{}: `{part}` stands on no floor", path.display())];
    };
    let mut found = Vec::new();
    for (index, line) in joined(text) {
        for used in parts_used(&line, module.len()) {
            let is_part = MAY_USE.iter().any(|(name, _)| *name == used);
            if is_part && used != part && !allowed.contains(&used.as_str()) {
                found.push(format!("{}:{index}: `{part}` looks at `{used}`", path.display()));
            }
        }
    }
    found
}

/// The lines of code without comments, with their numbers. A `use` over several lines counts as one
/// line.
fn joined(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut is_open = false;
    for (index, line) in text.lines().enumerate() {
        let code = line.trim();
        if code.starts_with("//") {
            continue;
        }
        match lines.last_mut() {
            Some((_, last)) if is_open => last.push_str(code),
            _ => lines.push((index + 1, code.to_owned())),
        }
        let last = lines.last().map(|(_, last)| last.as_str()).unwrap_or_default();
        is_open = last.contains("use ") && last.matches('{').count() > last.matches('}').count();
    }
    lines
}

/// The names directly below the crate's root that a line refers to. `depth` is the number of
/// `super` that lead there from the file's own module.
fn parts_used(line: &str, depth: usize) -> Vec<String> {
    let mut names = Vec::new();
    for root in ["crate::", "source_zendesk_support::"] {
        for (at, _) in line.match_indices(root) {
            names.extend(first_names(&line[at + root.len()..]));
        }
    }
    for name in CRATES {
        let is_first = |at: usize| {
            !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
                && line[at + name.len()..].starts_with("::")
        };
        if line.match_indices(name).any(|(at, _)| is_first(at)) {
            names.push((*name).to_owned());
        }
    }
    let mut rest = line;
    while let Some(at) = rest.find("super::") {
        rest = &rest[at..];
        let mut climbed = 0;
        while let Some(further) = rest.strip_prefix("super::") {
            (rest, climbed) = (further, climbed + 1);
        }
        if climbed >= depth {
            names.extend(first_names(rest));
        }
    }
    names
}

/// The first name of a path, or of each path of a group in braces.
fn first_names(path: &str) -> Vec<String> {
    let name = |text: &str| -> String {
        text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let Some(group) = path.strip_prefix('{') else { return vec![name(path)] };
    let (mut depth, mut names, mut begin) = (0_i32, Vec::new(), 0);
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => {
                names.push(name(&group[begin..at]));
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                names.push(name(&group[begin..at]));
                begin = at + 1;
            }
            _ => {}
        }
    }
    names
}

/// The texts of all files of `src/`, by their paths below it. The crates are included as if each
/// were a folder of `src/`.
fn sources() -> BTreeMap<PathBuf, String> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeMap::new();
    let mut add = |root: PathBuf, name: Option<&str>| {
        for file in files_below(&root) {
            let text = std::fs::read_to_string(&file).expect("a source file");
            let path = file.strip_prefix(&root).expect("it is below the root").to_owned();
            let (path, text) = match name {
                None => (path, text),
                Some(name) => in_folder(name, &path, &text),
            };
            found.insert(path, text);
        }
    };
    add(project.join("src"), None);
    for name in CRATES {
        add(project.join("crates").join(name).join("src"), Some(name));
    }
    add(project.join(DESTINATION).join("src"), Some(DESTINATION));
    assert!(found.len() > 100, "the walk found the sources");
    found
}

/// The path and the text of a crate's file, as if the crate were a folder of `src/`.
fn in_folder(name: &str, path: &Path, text: &str) -> (PathBuf, String) {
    let path = if path == Path::new("lib.rs") { Path::new("mod.rs") } else { path };
    (Path::new(name).join(path), text.replace("crate::", &format!("crate::{name}::")))
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found
}

#[test]
fn imports_look_down_only() {
    let found: Vec<String> =
        sources().iter().flat_map(|(path, text)| complaints(path, text)).collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_look_up_or_sideways_is_noticed_in_any_spelling() {
    for (path, text, looks_at) in [
        ("zendesk/client/mod.rs", "use crate::streams::Stream;", "streams"),
        ("zendesk/client/mod.rs", "use airbyte::message;", "airbyte"),
        ("zendesk/mod.rs", "fn f(_: &super::config::Config) {}", "config"),
        ("zendesk/deep/file.rs", "use super::super::super::sync::reader;", "sync"),
        ("airbyte/state.rs", "use super::super::zendesk::json;", "zendesk"),
        ("airbyte/source/ledger.rs", "fn f() { zendesk::json::scan() }", "zendesk"),
        ("streams/mod.rs", "use crate::{config::Config, sync::{plan, pager}};", "sync"),
        (
            "streams/mod.rs",
            "use crate::{\n    config::Config,\n    // A comment.\n    source,\n};",
            "source",
        ),
        ("sync/reader.rs", "    let _ = crate::source::failure::of(x);", "source"),
        ("source/read.rs", "pub(crate) use crate::cli;", "cli"),
        ("config.rs", "use super::sync::trust;", "sync"),
        ("sync/plan.rs", "use source_zendesk_support::cli::run;", "cli"),
    ] {
        let found = complaints(Path::new(path), text);
        let expected = format!("looks at `{looks_at}`");
        assert!(found.len() == 1 && found[0].contains(&expected), "{path} {text}: {found:?}");
    }
    for (path, text) in [
        (
            "zendesk/client/mod.rs",
            "use crate::zendesk::json;\nuse super::streams_of_bytes;\n// crate::sync::x",
        ),
        ("zendesk/edit.rs", "use super::super::page::scan;"),
        ("streams/support.rs", "use zendesk::{paging::Paging, budget::Bucket};"),
        ("main.rs", "use source_zendesk_support::cli;"),
    ] {
        assert_eq!(complaints(Path::new(path), text), Vec::<String>::new(), "{path}");
    }
    assert_eq!(complaints(Path::new("attic/x.rs"), "").len(), 1);
}
