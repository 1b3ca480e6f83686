//! Files inside a floor must not import each other in a circle. Imports count. The declaration of a
//! module does not.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::sources;
use super::text::{code_of, module_of, paths, test_modules, without_tests};

/// The imports between the files of one floor. `files` are paths below `src/`, with their texts.
fn imports(files: &BTreeMap<PathBuf, String>) -> BTreeMap<&Path, BTreeSet<&Path>> {
    let modules: BTreeMap<Vec<String>, &Path> =
        files.keys().map(|path| (module_of(path), path.as_path())).collect();
    let tests = test_modules(files);
    let mut found: BTreeMap<&Path, BTreeSet<&Path>> = BTreeMap::new();
    for (path, text) in files.iter().filter(|(path, _)| !tests.contains(&module_of(path))) {
        let code = code_of(text);
        let module = module_of(path);
        let own = found.entry(path).or_default();
        for named in paths(&without_tests(&code, &code), &module) {
            // The longest beginning that is a file: the rest is an item in it.
            let file = (1..=named.len()).rev().find_map(|length| modules.get(&named[..length]));
            own.extend(
                file.copied().filter(|file| *file != path && named.first() == module.first()),
            );
        }
    }
    found
}

/// All files that a file reaches by imports.
fn reached<'p>(
    from: &'p Path,
    imports: &BTreeMap<&'p Path, BTreeSet<&'p Path>>,
) -> BTreeSet<&'p Path> {
    let mut found = BTreeSet::new();
    let mut open = vec![from];
    while let Some(file) = open.pop() {
        for next in imports.get(file).into_iter().flatten() {
            if found.insert(*next) {
                open.push(next);
            }
        }
    }
    found
}

/// The files that are part of a circle, each with the imports that belong to the circle.
fn in_circles(files: &BTreeMap<PathBuf, String>) -> BTreeMap<String, Vec<String>> {
    let imports = imports(files);
    let reached: BTreeMap<&Path, BTreeSet<&Path>> =
        imports.keys().map(|file| (*file, reached(file, &imports))).collect();
    let mut found = BTreeMap::new();
    for (file, next) in &imports {
        let back = |other: &&&Path| reached.get(**other).is_some_and(|all| all.contains(file));
        let tied: Vec<String> =
            next.iter().filter(back).map(|other| other.display().to_string()).collect();
        if !tied.is_empty() {
            found.insert(file.display().to_string(), tied);
        }
    }
    found
}

#[test]
fn no_files_of_a_floor_import_each_other_in_a_circle() {
    let found = in_circles(&sources());
    assert!(found.is_empty(), "each with those of its circle: {found:#?}");
}

#[test]
fn a_circle_is_noticed_and_a_declaration_is_none() {
    let files = |texts: &[(&str, &str)]| {
        let files = texts.iter().map(|(path, text)| (PathBuf::from(path), (*text).to_owned()));
        in_circles(&files.collect()).into_keys().collect::<Vec<_>>()
    };
    let round = [
        ("sync/a.rs", "use super::b::{self, B};"),
        ("sync/b.rs", "fn f() { crate::sync::c::g() }"),
        ("sync/c.rs", "use crate::sync::{d, a::A};"),
        ("sync/d.rs", ""),
    ];
    assert_eq!(files(&round), ["sync/a.rs", "sync/b.rs", "sync/c.rs"]);
    let of_parent =
        [("sync/mod.rs", "pub mod a;\nuse self::a::A;"), ("sync/a.rs", "use super::B;")];
    assert_eq!(files(&of_parent), ["sync/a.rs", "sync/mod.rs"]);
    let by_name = [("sync/mod.rs", "mod a;\nuse a::A;"), ("sync/a.rs", "use super::B;")];
    assert_eq!(files(&by_name), ["sync/a.rs", "sync/mod.rs"]);
    for no_circle in [
        [("sync/mod.rs", "pub mod a;"), ("sync/a.rs", "use super::B;")],
        // Another floor is no affair of this test.
        [("sync/a.rs", "use zendesk::b;"), ("zendesk/b.rs", "use crate::sync::a;")],
        [("sync/a.rs", "use super::b;"), ("sync/b.rs", "// use super::a;\n")],
        [
            ("sync/a.rs", "use super::b;"),
            ("sync/b.rs", "#[cfg(test)]\nmod tests { use super::super::a; }"),
        ],
        [("sync/a.rs", "#[cfg(test)]\nmod b;\npub struct A;"), ("sync/a/b.rs", "use super::A;")],
    ] {
        assert_eq!(files(&no_circle), [""; 0], "{no_circle:?}");
    }
}
