//! Checks for the pages of both programs: every link has a target, and every page can be reached by
//! links.

use std::collections::BTreeSet;
use std::path::Path;

use super::{in_project, pages, text_of};

/// The text outside fenced blocks.
pub(super) fn prose(text: &str) -> String {
    let mut is_block = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_block = !is_block;
        } else if !is_block {
            lines.push(line);
        }
    }
    lines.join("\n")
}

/// The targets of `[text](target)`. Text in backticks is left out, because a pattern may look like
/// a link.
fn links(prose: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut is_code = false;
    let mut rest = prose;
    while let Some(next) = rest.find(['`', ']']) {
        let (mark, after) = (&rest[next..=next], &rest[next + 1..]);
        is_code ^= mark == "`";
        let target = after.strip_prefix('(').and_then(|after| after.split_once(')'));
        found.extend(target.filter(|_| mark == "]" && !is_code).map(|(target, _)| target));
        rest = after;
    }
    found
}

/// The anchors of a page's headings, as renderers build them.
fn anchors(text: &str) -> BTreeSet<String> {
    let prose = prose(text);
    let headings = prose.lines().filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| {
        let kept = heading.trim_start_matches('#').trim().to_lowercase();
        let kept =
            kept.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
        kept.collect::<String>().replace(' ', "-")
    };
    headings.map(anchor).collect()
}

#[test]
fn links_lead_somewhere() {
    let mut broken = Vec::new();
    for page in pages() {
        let text = text_of(&page);
        for target in links(&prose(&text)) {
            if target.starts_with("https://") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let folder = Path::new(&page).parent().unwrap_or(Path::new(""));
            let file = if file.is_empty() {
                in_project(&page)
            } else {
                in_project("").join(folder).join(file)
            };
            let there = std::fs::read_to_string(&file);
            let is_there =
                there.is_ok_and(|text| anchor.is_empty() || anchors(&text).contains(anchor));
            let is_folder = file.is_dir() && anchor.is_empty();
            if !is_there && !is_folder {
                broken.push(format!("{page}: {target}"));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn links_are_found_and_patterns_are_none() {
    let prose = "[a](b) `[x](y)` [`c`](d#e) [f] (g)";
    assert_eq!(links(prose), ["b", "d#e"]);
}

#[test]
fn every_page_stands_in_the_list_of_pages() {
    let list = text_of("docs/README.md");
    let listed: BTreeSet<&str> = links(&list).into_iter().collect();
    let missing: Vec<String> = pages()
        .into_iter()
        .filter_map(|page| page.strip_prefix("docs/").map(str::to_owned))
        .filter(|page| page != "README.md" && !listed.contains(page.as_str()))
        .collect();
    assert!(missing.is_empty(), "docs/README.md does not list {missing:?}");
}
