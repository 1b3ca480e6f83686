//! `docs/troubleshooting.md` explains every message that reports a problem. Two tests check this:
//! one takes the sentences from the program's sources. The other is every run of the black-box
//! tests: the harness calls [`assert_explained`] for it.

use std::sync::OnceLock;

use serde_json::Value;

use super::sentences::{
    assert_quoted, complaints_in, count_words, on_one_line, quotations, sources, texts, written_in,
};
use super::{in_project, text_of};

const PAGE: &str = "docs/troubleshooting.md";

/// Fails unless the page explains every WARN and ERROR, and every reason for which a `check`
/// failed.
pub(crate) fn assert_explained(messages: &[Value]) {
    static QUOTED: OnceLock<Vec<String>> = OnceLock::new();
    let quoted = QUOTED.get_or_init(|| quotations(&text_of(PAGE)));
    assert_quoted(messages, PAGE, quoted, &["src", "crates"].map(in_project));
}

#[test]
fn every_message_is_explained() {
    let page = on_one_line(&text_of(PAGE));
    let both = ["src/source/failure.rs", "crates/connector/src/failure.rs"].map(text_of);
    let texts: Vec<String> = both.iter().flat_map(|text| texts(text)).collect();
    // A word alone is no message but a mark that is looked for.
    let messages = texts.iter().filter(|text| count_words(text) > 1);
    let messages: Vec<&String> = messages.collect();
    assert!(messages.len() > 25, "failure.rs was not understood: {messages:#?}");
    let missing: Vec<&&String> =
        messages.iter().filter(|message| !page.contains(message.as_str())).collect();
    assert!(missing.is_empty(), "{PAGE} lacks messages of failure.rs: {missing:#?}");
}

#[test]
fn every_sentence_of_what_warns_is_explained() {
    let page = on_one_line(&text_of(PAGE));
    let mut found = Vec::new();
    for folder in ["src/source", "src/sync", "crates/connector/src"] {
        sources(&in_project(folder), &mut found);
    }
    found.extend(["src/main.rs", "src/cli.rs"].map(text_of));
    let sentences = complaints_in(&found);
    assert!(sentences.len() > 60, "the sources were not understood: {sentences:#?}");
    let missing: Vec<String> = sentences
        .iter()
        .filter(|text| !page.contains(text.as_str()))
        .map(|text| format!("> {text}"))
        .collect();
    assert!(
        missing.is_empty(),
        "{PAGE} lacks what functions say that warn; quote each there, and say what it means:\n{}",
        missing.join("\n")
    );
}

#[test]
fn every_message_that_the_page_quotes_is_written_somewhere() {
    let written = written_in(&["src", "crates"].map(in_project));
    let quoted = quotations(&text_of(PAGE));
    assert!(quoted.len() > 20, "{quoted:#?}");
    let unknown: Vec<&String> = quoted.iter().filter(|quoted| !written.contains(quoted)).collect();
    assert!(unknown.is_empty(), "{PAGE} quotes what no part of the program says: {unknown:#?}");
}

#[test]
#[should_panic(expected = "Add it there as a quotation")]
fn a_message_that_the_page_lacks_fails_with_what_to_add() {
    assert_explained(&[serde_json::json!({ "type": "LOG", "log": {
        "level": "WARN", "message": "tickets: the moon is in the wrong place" } })]);
}
