//! Just enough of Rust's grammar for the checks of the house. Macros are not expanded, and names
//! are not resolved as the compiler does.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The text with spaces in place of comments, and of what is in strings and characters.
pub(super) fn code_of(text: &str) -> String {
    blanked(text, true)
}

/// The text with spaces in place of comments.
pub(super) fn without_comments(text: &str) -> String {
    blanked(text, false)
}

fn blanked(text: &str, texts_too: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let (length, is_comment) = match rest {
            [b'/', b'/', ..] => (rest.iter().position(|byte| *byte == b'\n'), true),
            [b'/', b'*', ..] => (text[at..].find("*/").map(|end| end + 2), true),
            [b'"', ..] => (string_end(rest), false),
            [b'r', b'"' | b'#', ..] if !is_word(bytes, at) => (raw_end(&text[at..]), false),
            [b'\'', ..] => (character_end(rest).or(Some(1)), false),
            _ => (Some(1), false),
        };
        let length = length.unwrap_or(rest.len());
        if is_comment || (texts_too && length > 2) {
            // The quotes stay, so that a string is still an expression.
            let quotes = usize::from(!is_comment);
            for byte in &mut out[at + quotes..at + length - quotes] {
                if *byte != b'\n' {
                    *byte = b' ';
                }
            }
        }
        at += length;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Whether the byte at this position continues a word that began before it.
fn is_word(bytes: &[u8], at: usize) -> bool {
    at > 0
        && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_')
        && bytes[at - 1] != b'b'
}

fn string_end(rest: &[u8]) -> Option<usize> {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            b'"' => return Some(at + 1),
            _ => at += 1,
        }
    }
    None
}

/// The length of a raw string. 1 if the text does not begin with one.
fn raw_end(rest: &str) -> Option<usize> {
    let hashes = rest[1..].bytes().take_while(|byte| *byte == b'#').count();
    if rest.as_bytes().get(1 + hashes) != Some(&b'"') {
        return Some(1);
    }
    let close = format!("\"{}", "#".repeat(hashes));
    rest[2 + hashes..].find(&close).map(|end| 2 + hashes + end + close.len())
}

/// The length of a character literal. `None` for a lifetime.
fn character_end(rest: &[u8]) -> Option<usize> {
    match rest {
        [_, b'\\', b'u', ..] => {
            rest.iter().skip(1).position(|byte| *byte == b'\'').map(|end| end + 2)
        }
        [_, b'\\', b'x', ..] => Some(6),
        [_, b'\\', ..] => Some(4),
        [_, first, ..] => {
            let length = match first {
                0..0x80 => 1,
                0x80..0xe0 => 2,
                0xe0..0xf0 => 3,
                _ => 4,
            };
            (rest.get(1 + length) == Some(&b'\'')).then_some(length + 2)
        }
        _ => None,
    }
}

/// The position after the bracket that closes the one at `open`. `code` must come from [`code_of`].
pub(super) fn closed(code: &str, open: usize) -> usize {
    let mut depth = 0_i32;
    for (at, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'{' | b'(' | b'[' => depth += 1,
            b'}' | b')' | b']' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    code.len()
}

/// The ranges of code that is compiled for tests only. `code` must come from [`code_of`].
fn tests_of(code: &str) -> Vec<(usize, usize)> {
    let mark = "#[cfg(test)]";
    let end = |at: usize| if is_field(&code[at..]) { end_of_field } else { end_of_item }(code, at);
    code.match_indices(mark).map(|(at, _)| (at, end(at + mark.len()))).collect()
}

/// Whether the code begins with a field, of a struct or of a struct expression.
fn is_field(code: &str) -> bool {
    let code = code.trim_start();
    let code = code.strip_prefix("pub ").unwrap_or(code);
    let rest = code.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
    rest.len() < code.len() && rest.starts_with(':') && !rest.starts_with("::")
}

/// The position after a field and its comma, or before the bracket that closes the struct.
fn end_of_field(code: &str, mut at: usize) -> usize {
    while at < code.len() {
        match code.as_bytes()[at] {
            b'{' | b'(' | b'[' => at = closed(code, at),
            b'}' => return at,
            b',' => return at + 1,
            _ => at += 1,
        }
    }
    at
}

/// The position after an item or a statement.
fn end_of_item(code: &str, at: usize) -> usize {
    let open = code[at..].find(['{', ';']).map_or(code.len(), |found| at + found);
    let end = if code.as_bytes().get(open) == Some(&b'{') { closed(code, open) } else { open + 1 };
    end.min(code.len())
}

/// `text` with spaces in place of what is compiled for tests only. `code` is the result of
/// [`code_of`] for it.
pub(super) fn without_tests(text: &str, code: &str) -> String {
    let mut out = text.as_bytes().to_vec();
    for (begin, end) in tests_of(code) {
        for byte in &mut out[begin..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The test modules that have files of their own.
fn test_files(text: &str) -> Vec<String> {
    let code = code_of(text);
    let declared = tests_of(&code).into_iter().filter_map(|(begin, end)| {
        let name = code[begin..end].trim().strip_suffix(';')?.rsplit_once("mod ")?.1;
        Some(name.trim().to_owned())
    });
    declared.collect()
}

/// The test modules of a whole tree that have files of their own. `files` are paths below `src/`,
/// with their texts.
pub(super) fn test_modules(files: &BTreeMap<PathBuf, String>) -> BTreeSet<Vec<String>> {
    let of_file = |(path, text): (&PathBuf, &String)| {
        let module = module_of(path);
        test_files(text).into_iter().map(move |name| [module.clone(), vec![name]].concat())
    };
    files.iter().flat_map(of_file).collect()
}

/// The module of a file, given by its path below `src/`: the names from the root on.
pub(super) fn module_of(path: &Path) -> Vec<String> {
    let mut module: Vec<String> =
        path.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    module.pop_if(|last| last == "mod" || last == "lib" || last == "main");
    module
}

/// The words of a text.
pub(super) fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// The paths that code refers to, from the root of the crate: each leaf of each import, and the
/// paths that are written in full.
pub(super) fn paths(code: &str, module: &[String]) -> BTreeSet<Vec<String>> {
    let mut found = BTreeSet::new();
    for root in ["crate::", "super::", "self::", "use "] {
        for (at, _) in code.match_indices(root) {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            let begin = if root == "use " { at + root.len() } else { at };
            leaves(&code[begin..], Vec::new(), &mut |leaf| {
                found.extend(from_root(&leaf, module));
            });
        }
    }
    found
}

/// Calls `note` with each leaf of the path at the beginning of a text. Returns the text after the
/// path.
fn leaves<'t>(
    text: &'t str,
    mut above: Vec<String>,
    note: &mut impl FnMut(Vec<String>),
) -> &'t str {
    let mut rest = text.trim_start();
    loop {
        if let Some(mut group) = rest.strip_prefix('{') {
            loop {
                group = group.trim_start().trim_start_matches(',').trim_start();
                match group.chars().next() {
                    None => return "",
                    Some('}') => return &group[1..],
                    Some(_) => {}
                }
                let before = group.len();
                group = leaves(group, above.clone(), note);
                if let Some(renamed) = group.trim_start().strip_prefix("as ") {
                    group = renamed
                        .trim_start()
                        .trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
                }
                if group.len() == before {
                    return "";
                }
            }
        }
        let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        if length > 0 {
            above.push(rest[..length].to_owned());
        }
        rest = rest[length..].strip_prefix('*').unwrap_or(&rest[length..]);
        match rest.strip_prefix("::") {
            Some(further) => rest = further,
            None => break,
        }
    }
    note(above);
    rest
}

/// The path from the crate's root. `None` if it leads out of the crate. A name without `crate`,
/// `super` or `self` is taken as the module's own, which it may be.
fn from_root(path: &[String], module: &[String]) -> Option<Vec<String>> {
    let mut base: Vec<String> = module.to_vec();
    let mut rest = path;
    match path.first()?.as_str() {
        "crate" => {
            base.clear();
            rest = &path[1..];
        }
        "self" => rest = &path[1..],
        _ => {}
    }
    while rest.first().is_some_and(|name| name == "super") {
        base.pop()?;
        rest = &rest[1..];
    }
    base.extend(rest.iter().filter(|name| *name != "self").cloned());
    Some(base)
}

#[test]
fn comments_texts_and_tests_are_no_code() {
    let text = "let a = \"{ // no\"; // {\nlet b = '{'; /* { */ let c = r#\"}\"#; fn f<'a>() {}";
    let code = code_of(text);
    assert_eq!(code.len(), text.len());
    assert_eq!((code.matches('{').count(), code.matches('}').count()), (1, 1), "{code}");
    assert!(without_comments(text).contains("{ // no") && !without_comments(text).contains("// {"));
    let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() { }\n}\nfn c() {}\n";
    assert_eq!(
        words(&without_tests(text, &code_of(text))).collect::<Vec<_>>(),
        ["fn", "a", "fn", "c"]
    );
    for text in [
        "struct A {\n    #[cfg(test)]\n    b: [u8; 2],\n}\nfn c() {}",
        "struct A {\n    #[cfg(test)]\n    pub b: u8\n}\nfn c() {}",
        "struct A {\n    #[cfg(test)]\n    b: B { d: 1, e: 2 },\n}\nfn c() {}",
        "struct A {}\n#[cfg(test)]\nlet b = B { d: 1 };\nfn c() {}",
        "struct A {}\n#[cfg(test)]\nuse b::d;\nfn c() {}",
    ] {
        let code = without_tests(text, &code_of(text));
        assert_eq!(words(&code).collect::<Vec<_>>(), ["struct", "A", "fn", "c"], "{text}");
        assert_eq!(code.matches('{').count(), code.matches('}').count(), "{code}");
    }
    assert_eq!(test_files("mod a;\n#[cfg(test)]\nmod b;\nmod c;"), ["b"]);
}

#[test]
fn a_path_is_found_in_any_spelling() {
    let module = ["sync", "walk", "segment"].map(str::to_owned);
    let code =
        "use super::{a::{self, B as C}, d};\nuse crate::sync::e;\nfn f(_: &super::super::g::H) {}";
    let found: Vec<String> = paths(code, &module).iter().map(|path| path.join(" ")).collect();
    assert_eq!(found, ["sync e", "sync g H", "sync walk a", "sync walk a B", "sync walk d"]);
}
