//! Every error type implements the standard trait, so that callers can print it, box it and follow
//! its source.

use std::collections::BTreeSet;

use super::sources;
use super::text::{code_of, without_tests};

/// The names of the error types of all `Result`s in a file.
fn error_types(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("Result<") {
        let (mut depth, mut last) = (1_i32, at + "Result<".len());
        let mut end = last;
        for (here, character) in code[last..].char_indices() {
            match character {
                '<' | '(' | '[' => depth += 1,
                '>' if code[..last + here].ends_with('-') => {}
                '>' | ')' | ']' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                end = last + here;
                break;
            }
        }
        let whole = &code[last..end];
        if let Some((_, error)) = whole.rsplit_once(',') {
            last = error.rfind("::").map_or(0, |path| path + 2);
            found.insert(error[last..].trim().to_owned());
        }
    }
    found
}

/// The names of the public types of a file.
fn public_types(code: &str) -> impl Iterator<Item = &str> {
    let starts = ["pub struct ", "pub enum "];
    let found = starts.into_iter().flat_map(move |start| {
        code.match_indices(start).map(move |(at, _)| &code[at + start.len()..])
    });
    found.map(|rest| {
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
        &rest[..end.unwrap_or(rest.len())]
    })
}

#[test]
fn every_error_type_implements_the_standard_trait() {
    let codes = sources().into_values().map(|text| {
        let code = code_of(&text);
        without_tests(&code, &code)
    });
    let codes: Vec<String> = codes.collect();
    let errors: BTreeSet<String> = codes.iter().flat_map(|code| error_types(code)).collect();
    let mut known = 0;
    let mut missing = BTreeSet::new();
    for code in &codes {
        for name in public_types(code).filter(|name| errors.contains(*name)) {
            known += 1;
            if !code.contains(&format!("impl Error for {name} ")) {
                missing.insert(name);
            }
        }
    }
    assert!(known >= 13, "the sources were not understood: {known} of {errors:?}");
    assert!(missing.is_empty(), "these do not implement std::error::Error: {missing:?}");
}

#[test]
fn error_types_are_found_in_any_result() {
    let types = |code: &str| error_types(code).into_iter().collect::<Vec<_>>();
    assert_eq!(types("fn f() -> Result<Vec<(u8, u8)>, a::B> {"), ["B"]);
    assert_eq!(types("Result<Result<u8, A>, B>"), ["A", "B"]);
    assert_eq!(types("Result<Box<dyn Fn(u8) -> u8>, A>"), ["A"]);
    assert_eq!(types("io::Result<u8>"), [""; 0]);
    assert_eq!(public_types("pub struct A;\npub enum B {}").collect::<Vec<_>>(), ["A", "B"]);
}
