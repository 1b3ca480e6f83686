//! Matches the pages that explain messages with the sentences in the sources. A message is known by
//! the words that a page quotes of it. The tests of both programs use this.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// The fewest words of its own by which a quotation identifies a message. A quotation with fewer is
/// enough if two of them come before its first placeholder.
const FEWEST_WORDS: usize = 3;

/// Collects the Rust files of a folder and of its subfolders.
pub(crate) fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(std::fs::read_to_string(&path).expect("a source"));
        }
    }
}

/// The string literals of a Rust file, with one space for any white space and `…` for each
/// placeholder. Comments and tests are left out.
pub(crate) fn texts(source: &str) -> Vec<String> {
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

/// A text with `…` for each placeholder and one space for any white space.
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

/// A text on one line and without backticks, since pages may add these anywhere.
fn words(text: &str) -> String {
    text.replace('`', "").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A page on one line, without the `>` of quotations.
pub(crate) fn on_one_line(text: &str) -> String {
    let lines = text.lines().map(|line| line.trim_start_matches("> "));
    words(&lines.collect::<Vec<_>>().join(" "))
}

/// Each quotation of a page.
pub(crate) fn quotations(text: &str) -> Vec<String> {
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

/// The number of words in a text, without those that are filled in.
pub(crate) fn count_words(text: &str) -> usize {
    text.split(' ').filter(|word| word.chars().any(char::is_alphabetic)).count()
}

/// Whether a message equals a text in which `…` stands for anything.
fn is_filled_from(message: &str, text: &str) -> bool {
    let mut parts = text.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = message.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// The message as it is, and the message without the name of the stream in front.
fn with_and_without_stream(message: &str) -> impl Iterator<Item = &str> {
    let is_name = |name: &str| {
        let name = name.strip_prefix("Stream ").unwrap_or(name);
        let name = name.split_once(" at ").map_or(name, |(name, _)| name);
        !name.is_empty() && !name.contains(' ')
    };
    let behind = message.split_once(": ").filter(|(name, _)| is_name(name));
    std::iter::once(message).chain(behind.map(|(_, behind)| behind))
}

/// The text that matches a message, if there is one.
fn said_by<'t>(message: &str, texts: &'t [String]) -> Option<&'t String> {
    let says = |text: &&String| {
        let begins_with = text.split('…').next().unwrap_or_default();
        (count_words(text) >= FEWEST_WORDS || count_words(begins_with) > 1)
            && with_and_without_stream(message).any(|message| is_filled_from(message, text))
    };
    texts.iter().filter(says).max_by_key(|text| count_words(text))
}

/// The text of a message that reports a problem. `None` for other messages.
fn complaint(message: &Value) -> Option<&str> {
    let log = &message["log"];
    if matches!(log["level"].as_str(), Some("WARN" | "ERROR" | "FATAL")) {
        return log["message"].as_str();
    }
    message["trace"]["error"]["message"]
        .as_str()
        .or_else(|| message["connectionStatus"]["message"].as_str())
}

/// Every text in the Rust files of these folders.
pub(crate) fn written_in(folders: &[PathBuf]) -> Vec<String> {
    let mut found = Vec::new();
    folders.iter().for_each(|folder| sources(folder, &mut found));
    found.iter().flat_map(|source| texts(source)).collect()
}

/// The sentences of functions that report a problem.
pub(crate) fn complaints_in(sources: &[String]) -> Vec<String> {
    let functions = sources.iter().flat_map(|source| functions(source));
    let complaining = functions.filter(|code| COMPLAINS.iter().any(|does| code.contains(does)));
    let said = complaining.flat_map(|code| texts(&code));
    said.filter(|text| count_words(text) > FEWEST_WORDS).collect()
}

/// Fails unless the quotations of a page explain every WARN and ERROR, and every reason for which a
/// `check` failed. The sources in the folders are searched for the quotation that the failure
/// suggests.
pub(crate) fn assert_quoted(
    messages: &[Value],
    page: &str,
    quoted: &[String],
    folders: &[PathBuf],
) {
    for message in messages.iter().filter_map(complaint).map(words) {
        if said_by(&message, quoted).is_some() {
            continue;
        }
        let written = written_in(folders);
        let hint = said_by(&message, &written).map_or_else(
            || "> (the message, with … for what is filled in)".to_owned(),
            |text| format!("> {text}"),
        );
        panic!(
            "{page} does not explain this message:\n\n{message}\n\nAdd it there as a quotation, and \
             below it what it means and what to do:\n\n{hint}\n"
        );
    }
}

/// Calls that mark a function as one that reports a problem.
const COMPLAINS: [&str; 7] = [
    "Level::Warn",
    "Level::Error",
    "warnings",
    "-> Option<String>",
    "ErrorTrace {",
    "refused(",
    "Violation {",
];

/// The functions of a source, each with the code up to the next function.
fn functions(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]\nmod tests").next().unwrap_or(source);
    let mut found = vec![String::new()];
    for line in code.lines() {
        let words = line.split_whitespace().take_while(|word| !word.contains('('));
        if words.clone().count() < 4 && line.contains("fn ") && !line.trim().starts_with("//") {
            found.push(String::new());
        }
        if let Some(last) = found.last_mut() {
            last.push_str(line);
            last.push('\n');
        }
    }
    found
}

#[test]
fn texts_of_a_source_are_read_as_the_compiler_reads_them() {
    let source = "// \"no\"\nlet a = format!(\"one {b} \\\n      two ({}). \\\"three\\\"\");\n\
                  let c = '\"'; // it's \"no\"\nlet d: &'static str = \"four\";\n\
                  #[cfg(test)]\nmod tests { \"no\" }";
    assert_eq!(texts(source), ["one … two (…). \"three\"", "four"]);
}

#[test]
fn a_message_is_known_by_what_is_not_filled_in() {
    for (text, message, known) in [
        ("a thing is wrong", "a thing is wrong", true),
        ("a thing is wrong", "a thing is wrong indeed", false),
        ("the brand … is … today", "the brand 7 is not read today", true),
        ("the brand … is … today", "the brand 7 today is", false),
        ("it is …, is it", "it is, is it", false),
        ("no such place: …", "tickets: no such place: here", true),
        ("no such place: …", "articles at shop.zendesk.com: no such place: here", true),
        ("no such place: …", "not a stream: no such place: here", false),
        ("not readable: …", "not readable: tickets", true),
        // Too little of its own.
        ("… is …", "tickets is x", false),
    ] {
        assert_eq!(said_by(message, &[text.to_owned()]).is_some(), known, "{text} / {message}");
    }
}
