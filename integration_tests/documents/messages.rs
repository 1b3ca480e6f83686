//! `docs/troubleshooting.md` explains every message of `failure.rs`. The messages are the texts of
//! that file itself, so that a new one fails here until it is explained.

use std::path::Path;

use super::{in_project, text_of};

const PAGE: &str = "docs/troubleshooting.md";

/// The Rust files of a folder and of those below it.
fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(std::fs::read_to_string(&path).expect("a source"));
        }
    }
}

/// The texts of a Rust file with one blank for any white space, and `…` for what is filled in.
/// Comments and tests are left out.
fn texts(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]\nmod tests").next().unwrap_or(source);
    let mut found = Vec::new();
    let mut characters = code.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '/' if characters.peek() == Some(&'/') => {
                characters.by_ref().find(|character| *character == '\n');
            }
            // A character that is a quotation mark; lifetimes have none.
            '\'' if characters.peek() == Some(&'"') => {
                characters.next();
            }
            '"' => {
                let mut text = String::new();
                while let Some(character) = characters.next().filter(|character| *character != '"')
                {
                    match character {
                        '\\' => match characters.next() {
                            Some('\n') => {
                                while characters.next_if(|next| next.is_whitespace()).is_some() {}
                            }
                            Some('n') | None => text.push(' '),
                            Some(escaped) => text.push(escaped),
                        },
                        character => text.push(character),
                    }
                }
                found.push(filled(&text));
            }
            _ => {}
        }
    }
    found
}

/// A text with `…` for what placeholders fill, and one blank for any white space.
fn filled(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        shown.push_str(before);
        shown.push('…');
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    shown.push_str(rest);
    words(&shown.replace("……", "…"))
}

/// A text on one line and without backticks, which pages set as they please.
fn words(text: &str) -> String {
    text.replace('`', "").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The page on one line, without the marks of quotations.
fn page() -> String {
    let text = text_of(PAGE);
    let lines = text.lines().map(|line| line.trim_start_matches("> "));
    words(&lines.collect::<Vec<_>>().join(" "))
}

/// Each quotation of the page.
fn quotations() -> Vec<String> {
    let text = text_of(PAGE);
    let mut found: Vec<String> = Vec::new();
    let mut is_open = false;
    for line in text.lines() {
        match line.strip_prefix("> ") {
            Some(quoted) if is_open => {
                let last = found.last_mut().expect("one is open");
                *last = format!("{last} {}", words(quoted));
            }
            Some(quoted) => found.push(words(quoted)),
            None => {}
        }
        is_open = line.starts_with('>');
    }
    found
}

#[test]
fn every_message_is_explained() {
    let page = page();
    let texts = texts(&text_of("src/source/failure.rs"));
    // A word alone is no message but a mark that is looked for.
    let messages = texts.iter().filter(|text| {
        text.split(' ').filter(|word| word.chars().any(char::is_alphabetic)).count() > 1
    });
    let messages: Vec<&String> = messages.collect();
    assert!(messages.len() > 25, "failure.rs was not understood: {messages:#?}");
    let missing: Vec<&&String> =
        messages.iter().filter(|message| !page.contains(message.as_str())).collect();
    assert!(missing.is_empty(), "{PAGE} lacks messages of failure.rs: {missing:#?}");
}

#[test]
fn every_message_that_the_page_quotes_is_written_somewhere() {
    let mut found = Vec::new();
    sources(&in_project("src"), &mut found);
    let written: Vec<String> = found.iter().flat_map(|source| texts(source)).collect();
    let quoted = quotations();
    assert!(quoted.len() > 20, "{quoted:#?}");
    let unknown: Vec<&String> = quoted.iter().filter(|quoted| !written.contains(quoted)).collect();
    assert!(unknown.is_empty(), "{PAGE} quotes what no part of the program says: {unknown:#?}");
}

#[test]
fn texts_of_a_source_are_read_as_the_compiler_reads_them() {
    let source = "// \"no\"\nlet a = format!(\"one {b} \\\n      two ({}). \\\"three\\\"\");\n\
                  let c = '\"'; // it's \"no\"\nlet d: &'static str = \"four\";\n\
                  #[cfg(test)]\nmod tests { \"no\" }";
    assert_eq!(texts(source), ["one … two (…). \"three\"", "four"]);
}
