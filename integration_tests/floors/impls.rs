//! The methods of a type are in the folder of the type's file, so that readers find them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::sources;
use super::text::{code_of, without_tests};

/// The types for which a file has methods: `impl Type`, not `impl Trait for Type`.
fn with_methods(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("impl") {
        let is_first = code[..at].trim_end_matches([' ', '\t']).ends_with('\n') || at == 0;
        let Some(head) = code[at + 4..].split('{').next().filter(|_| is_first) else { continue };
        let mut head = head.trim_start();
        if head.starts_with('<') {
            head = head[angles(head)..].trim_start();
        }
        if head.contains(" for ") || !code[at + 4..].starts_with([' ', '<']) {
            continue;
        }
        let name: String = head.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        found.push(name);
    }
    found
}

/// The position after the angle brackets at the start of the text.
fn angles(text: &str) -> usize {
    let mut depth = 0_i32;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'<' => depth += 1,
            b'>' if !text[..at].ends_with('-') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    text.len()
}

/// The types that a file defines.
fn defined(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for kind in ["struct ", "enum ", "union ", "trait "] {
        for (at, _) in code.match_indices(kind) {
            let rest = &code[at + kind.len()..];
            found.push(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    found
}

/// `path: Type` of all methods that are outside the folder of their type.
fn abroad(files: &BTreeMap<PathBuf, String>) -> Vec<String> {
    let mut homes: BTreeMap<String, Vec<&Path>> = BTreeMap::new();
    let codes: BTreeMap<&Path, String> = files
        .iter()
        .map(|(path, text)| {
            let code = code_of(text);
            (path.as_path(), without_tests(&code, &code))
        })
        .collect();
    for (path, code) in &codes {
        for name in defined(code) {
            homes.entry(name).or_default().extend(path.parent());
        }
    }
    let mut found = Vec::new();
    for (path, code) in &codes {
        for name in with_methods(code) {
            let homes = homes.get(&name).map(Vec::as_slice).unwrap_or_default();
            if !homes
                .iter()
                .any(|home| path.parent().is_some_and(|folder| folder.starts_with(home)))
            {
                found.push(format!("{}: {name}", path.display()));
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

#[test]
fn methods_stand_in_the_folder_of_their_type() {
    let found = abroad(&sources());
    assert!(found.is_empty(), "methods of a type of another folder: {found:#?}");
}

#[test]
fn methods_of_a_type_of_another_folder_are_noticed() {
    let files = |path: &str, text: &str| {
        let home = "pub struct Reader<'a>(&'a u8);\n\nimpl<'a> Reader<'a> {}\n";
        let files = [("sync/listing/context.rs", home), (path, text)];
        let files = files.map(|(path, text)| (PathBuf::from(path), text.to_owned()));
        abroad(&BTreeMap::from(files))
    };
    for text in ["impl Reader<'_> {\n}", "struct Other;\n\nimpl<T: Fn() -> u8> Reader<T> {\n}"] {
        assert_eq!(files("sync/walk/segment.rs", text), ["sync/walk/segment.rs: Reader"], "{text}");
        assert_eq!(files("sync/mod.rs", text), ["sync/mod.rs: Reader"], "{text}");
        assert_eq!(files("sync/listing/pager.rs", text), [""; 0], "{text}");
    }
    for text in [
        "impl Drop for Reader<'_> {}",
        "// impl Reader {}\n",
        "fn f(_: impl Fn() -> u8) {}",
        "#[cfg(test)]\nmod tests {\n    impl Reader {}\n}",
    ] {
        assert_eq!(files("sync/walk/segment.rs", text), [""; 0], "{text}");
    }
}
