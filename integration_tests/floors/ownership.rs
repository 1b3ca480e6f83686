//! Values that live as long as the program are constants. Everything else has an owner. Feeds and
//! streams are compared by their names.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::sources;
use super::text::{code_of, module_of, test_modules, without_tests};

/// Calls that the program must not make.
const REFUSED: &[&str] = &["leak(", "ptr::eq", "ptr_eq("];

/// `path: call` of all refused calls outside tests. `files` are paths below `src/`, with their
/// texts.
fn refused(files: &BTreeMap<PathBuf, String>) -> Vec<String> {
    let tests = test_modules(files);
    let mut found = Vec::new();
    for (path, text) in files.iter().filter(|(path, _)| !tests.contains(&module_of(path))) {
        let code = code_of(text);
        let code = without_tests(&code, &code);
        let calls = REFUSED.iter().filter(|call| code.contains(**call));
        found.extend(calls.map(|call| format!("{}: {call}", path.display())));
    }
    found
}

#[test]
fn nothing_is_leaked_and_nothing_is_told_apart_by_its_address() {
    let found = refused(&sources());
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_leak_and_a_comparison_of_addresses_are_noticed() {
    let files = |path: &str, text: &str| {
        let module = ("streams/mod.rs", "mod options;\n#[cfg(test)]\nmod tests;\n");
        let files = [module, (path, text)];
        refused(&files.map(|(path, text)| (PathBuf::from(path), text.to_owned())).into())
    };
    for call in ["Box::leak(Box::new(1))", "name.leak()", "Vec::leak(names)", "std::ptr::eq(a, b)"]
    {
        let text = format!("fn f() {{ {call}; }}");
        assert_eq!(files("streams/options.rs", &text).len(), 1, "{call}");
        assert_eq!(files("streams/tests.rs", &text), [""; 0], "{call}");
        let text = format!("// {call}\n#[cfg(test)]\nmod tests {{\n    {text}\n}}\n");
        assert_eq!(files("streams/options.rs", &text), [""; 0], "{call}");
    }
}
