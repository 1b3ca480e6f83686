//! Limits on the length of files and functions. Lines of code count. Tests, comments and blank
//! lines do not.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::sources;
use super::text::{closed, code_of, module_of, test_modules, without_comments, without_tests};

const MOST_OF_A_FILE: usize = 450;

const MOST_OF_A_FUNCTION: usize = 80;

fn lines(text: &str) -> usize {
    text.lines().filter(|line| !line.trim().is_empty()).count()
}

/// The functions of a file with the number of their lines of code. Functions of the same name are
/// distinguished by their order.
fn functions(text: &str) -> Vec<(String, usize)> {
    let code = code_of(text);
    let (code, shown) =
        (without_tests(&code, &code), without_tests(&without_comments(text), &code));
    let mut found: Vec<(String, usize)> = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = &code[at + 3..];
        let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        // A declaration without a body ends at once.
        let Some(open) = body(&code, at).filter(|_| !name.is_empty()) else { continue };
        found.push((name, lines(&shown[at..closed(&code, open)])));
    }
    found
}

/// Where the body of a function begins.
fn body(code: &str, at: usize) -> Option<usize> {
    let mut here = at;
    while here < code.len() {
        match code.as_bytes()[here] {
            b'(' | b'[' => here = closed(code, here),
            b'{' => return Some(here),
            b';' => return None,
            _ => here += 1,
        }
    }
    None
}

/// The files and functions that are too long, with the number of their lines.
fn too_long(
    files: &BTreeMap<PathBuf, String>,
) -> (BTreeMap<String, usize>, BTreeMap<String, usize>) {
    let tests = test_modules(files);
    let (mut long_files, mut long_functions) = (BTreeMap::new(), BTreeMap::new());
    for (path, text) in files.iter().filter(|(path, _)| !tests.contains(&module_of(path))) {
        let count = lines(&without_tests(&without_comments(text), &code_of(text)));
        if count > MOST_OF_A_FILE {
            long_files.insert(path.display().to_string(), count);
        }
        // A family of streams is a table, which is read by its lines.
        let is_table = |name: &str| path.starts_with("streams") && name == "streams";
        let long = functions(text)
            .into_iter()
            .filter(|(name, count)| *count > MOST_OF_A_FUNCTION && !is_table(name));
        for (name, count) in long {
            long_functions.insert(format!("{}: {name}", path.display()), count);
        }
    }
    (long_files, long_functions)
}

#[test]
fn no_file_and_no_function_is_too_long() {
    let (files, functions) = too_long(&sources());
    assert!(files.is_empty(), "more than {MOST_OF_A_FILE} lines of code: {files:#?}");
    assert!(functions.is_empty(), "more than {MOST_OF_A_FUNCTION} lines of code: {functions:#?}");
}

#[test]
fn what_is_too_long_is_noticed_and_tests_and_comments_do_not_count() {
    let long = |path: &str, text: &str| {
        let (files, functions) =
            too_long(&BTreeMap::from([(PathBuf::from(path), text.to_owned())]));
        (files.into_values().collect::<Vec<_>>(), functions.into_keys().collect::<Vec<_>>())
    };
    let function = |lines: usize| format!("fn long() {{\n{}}}\n", "    act();\n".repeat(lines - 2));
    assert_eq!(long("a.rs", &function(80)), (vec![], vec![]));
    assert_eq!(long("a.rs", &function(81)), (vec![], vec!["a.rs: long".to_owned()]));
    let method = format!("impl A {{\n    // {{\n{}}}\n", function(81));
    assert_eq!(long("a.rs", &method).1, ["a.rs: long"]);
    let padded = function(80).replacen("act", "// why\n\n/* more */\nact", 5);
    assert_eq!(long("a.rs", &padded).1, [""; 0]);
    let text = function(81).replacen("act();", "act(\"// no comment\n}\");", 1);
    assert_eq!(long("a.rs", &text).1, ["a.rs: long"]);
    let table = function(81).replacen("long", "streams", 1);
    assert_eq!(long("streams/a.rs", &table).1, [""; 0]);
    assert_eq!(long("source/a.rs", &table).1, ["source/a.rs: streams"]);
    let file = "const A: u8 = 1;\n".repeat(450);
    assert_eq!(long("a.rs", &file).0, [0; 0]);
    assert_eq!(long("a.rs", &format!("{file}const B: u8 = 1;\n")).0, [451]);
    let tests = format!("{file}// why\n\n#[cfg(test)]\nmod tests {{\n{}}}\n", function(200));
    assert_eq!(long("a.rs", &tests), (vec![], vec![]));
    let texts = [("a.rs", "#[cfg(test)]\nmod tests;\n".to_owned()), ("a/tests.rs", file.repeat(2))];
    let files = texts.map(|(path, text)| (PathBuf::from(path), text));
    assert_eq!(too_long(&BTreeMap::from(files)).0, BTreeMap::new());
}
