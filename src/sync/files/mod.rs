//! Which files of rows are fetched, what they are called on the disk, and how a row refers to
//! its own. Pure; `download` acts.
//!
//! Source: Airbyte Protocol, `AirbyteRecordMessageFileReference`; the names are those of Airbyte's
//! connector, `<stream>/<id>/<file name>`; where a file may belong to several rows, the id is that
//! of the row.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::config::FileLimits;
use crate::streams::FileKeys;
use crate::sync::children::parents::{is_of_ids, text_of};
use crate::sync::position::frontier::JUDGED_AFTER;

pub mod download;

/// Longest part of a path, in bytes. File systems take 255.
const LONGEST_NAME_BYTES: usize = 200;

/// Longest part of an id, in bytes. Zendesk's have fourteen.
const LONGEST_ID_BYTES: usize = 60;

/// Longest ending of a file name that is kept when the name is cut, in bytes.
const LONGEST_ENDING_BYTES: usize = 20;

/// What a row tells of its file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// Where in the lines its reference belongs.
    pub at: usize,
    pub id: String,
    pub url: Option<String>,
    pub name: String,
    pub content_type: String,
    pub size: Option<u64>,
    pub inline: bool,
    /// It is gone, or a scan found something in it.
    pub is_barred: bool,
}

/// What became of the files of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileTally {
    pub fetched: u64,
    pub bytes: u64,
    /// Not wanted, by what the user chose or the row tells.
    pub left_out: u64,
    /// Could not be had.
    pub missing: u64,
}

impl FileTally {
    /// Adds what became of others.
    pub fn add(&mut self, other: Self) {
        self.fetched += other.fetched;
        self.bytes += other.bytes;
        self.left_out += other.left_out;
        self.missing += other.missing;
    }
}

impl Offer {
    /// Reads what a row tells; `ids` are the parts of its primary key, `value` gives the JSON under
    /// a key. A row without one of them has no place for a file.
    pub fn read(
        keys: &FileKeys,
        ids: impl Iterator<Item = Option<Value>>,
        value: impl Fn(&str) -> Option<Value>,
    ) -> Self {
        let text = |key| value(key).and_then(|value| value.as_str().map(str::to_owned));
        let flag = |key| value(key).and_then(|value| value.as_bool()).unwrap_or_default();
        let is_bad = keys.scan.is_some_and(|(found, allowed)| {
            text(found).as_deref() == Some("malware_found") && !flag(allowed)
        });
        Self {
            at: 0,
            id: ids
                .map(|id| safe_id(id?))
                .collect::<Option<Vec<_>>>()
                .unwrap_or_default()
                .join("-"),
            url: text(keys.url).filter(|url| !url.is_empty()),
            name: text(keys.name).unwrap_or_default(),
            content_type: text(keys.content_type).unwrap_or_default(),
            size: value(keys.size).and_then(|size| size.as_u64()),
            inline: flag(keys.inline),
            is_barred: is_bad || keys.deleted.is_some_and(flag),
        }
    }

    /// Whether the file is to be fetched.
    #[must_use]
    pub fn is_wanted(&self, limits: &FileLimits) -> bool {
        let content_type = self.content_type.split(';').next().unwrap_or_default().trim();
        let is_of_type = limits.types.is_empty()
            || limits.types.iter().any(|pattern| matches(pattern, content_type));
        self.url.is_some()
            && !self.id.is_empty()
            && !self.is_barred
            && (limits.inline || !self.inline)
            && self.size.is_none_or(|size| size <= limits.largest_bytes)
            && is_of_type
    }

    /// Where the file belongs, below the folder of all files.
    #[must_use]
    pub fn relative_path(&self, stream: &str) -> PathBuf {
        Path::new(stream).join(&self.id).join(safe_name(&self.name))
    }
}

/// The member of a RECORD that refers to a file.
#[must_use]
pub fn reference(base: &Path, relative: &Path, bytes: u64) -> String {
    let reference = json!({
        "staging_file_url": base.join(relative).to_string_lossy(),
        "source_file_relative_path": relative.to_string_lossy(),
        "file_size_bytes": bytes,
    });
    format!(",\"file_reference\":{reference}")
}

/// Puts texts into lines, each where it belongs; they must be in this order.
#[must_use]
pub fn put(lines: Vec<u8>, texts: &[(usize, String)]) -> Vec<u8> {
    if texts.is_empty() {
        return lines;
    }
    let more: usize = texts.iter().map(|(_, text)| text.len()).sum();
    let mut out = Vec::with_capacity(lines.len() + more);
    let mut from = 0;
    for (at, text) in texts {
        out.extend_from_slice(&lines[from..*at]);
        out.extend_from_slice(text.as_bytes());
        from = *at;
    }
    out.extend_from_slice(&lines[from..]);
    out
}

/// A name that stays in its folder on any file system.
fn safe_name(name: &str) -> String {
    let is_unsafe = |character: char| {
        // The three that some readers take for the end of a line would break one of ours.
        let is_break = matches!(character, '\u{85}' | '\u{2028}' | '\u{2029}');
        character.is_control() || is_break || matches!(character, '/' | '\\')
    };
    let name: String = name
        .trim()
        .chars()
        .map(|character| if is_unsafe(character) { '_' } else { character })
        .collect();
    if name.is_empty() || name.chars().all(|character| character == '.') {
        return "file".to_owned();
    }
    if name.len() <= LONGEST_NAME_BYTES {
        return name;
    }
    let ending = name.rfind('.').map_or("", |dot| &name[dot..]);
    let ending = if ending.len() <= LONGEST_ENDING_BYTES { ending } else { "" };
    let mut end = LONGEST_NAME_BYTES - ending.len();
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{ending}", &name[..end])
}

/// An id as part of a path: what ids are made of, and nothing else.
fn safe_id(id: Value) -> Option<String> {
    let characters = text_of(id)?;
    let characters = characters.chars().filter(|character| is_of_ids(*character));
    let id: String = characters.take(LONGEST_ID_BYTES).collect();
    (!id.is_empty()).then_some(id)
}

/// Whether a text fits a pattern in which `*` stands for anything, whatever their case.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_ascii_lowercase(), text.to_ascii_lowercase());
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// Positions that wait until it is known whether files that could not be had before them are their
/// own affair. A position that had passed too many of them could not be taken back.
#[derive(Debug, Default)]
pub struct Held(VecDeque<(u64, String)>);

impl Held {
    /// Takes the position behind a batch, and gives the newest that may be told. `refused_at`
    /// counts the answers up to the batch's last refusal, `answers` all of them.
    pub fn tell(
        &mut self,
        position: String,
        refused_at: Option<u64>,
        answers: u64,
    ) -> Option<String> {
        let judged_at = refused_at.map_or(0, |at| at + JUDGED_AFTER);
        match self.0.back_mut() {
            // It waits for the one before anyway.
            Some(last) if judged_at <= last.0 => last.1 = position,
            _ => self.0.push_back((judged_at, position)),
        }
        let mut told = None;
        while self.0.front().is_some_and(|(judged_at, _)| *judged_at <= answers) {
            told = self.0.pop_front().map(|(_, position)| position);
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: FileKeys = FileKeys {
        answers: "files",
        url: "content_url",
        name: "file_name",
        content_type: "content_type",
        size: "size",
        inline: "inline",
        deleted: Some("deleted"),
        scan: Some(("found", "allowed")),
    };

    fn offer(row: &Value) -> Offer {
        Offer::read(&KEYS, [row.get("id").cloned()].into_iter(), |key| row.get(key).cloned())
    }

    fn limits(types: &[&str], inline: bool) -> FileLimits {
        let types = types.iter().map(|pattern| (*pattern).to_owned()).collect();
        FileLimits { largest_bytes: 100, types, inline }
    }

    #[test]
    fn a_file_is_wanted_by_size_type_and_place() {
        let row = |more: Value| {
            let mut row = json!({"id": 7, "content_url": "https://a/b", "file_name": "a.pdf",
                "content_type": "application/pdf; x=y", "size": 100, "inline": false});
            row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            row
        };
        let is_wanted = |more, limits: &FileLimits| offer(&row(more)).is_wanted(limits);
        let all = limits(&[], false);
        assert!(is_wanted(json!({}), &all));
        assert!(is_wanted(json!({"size": null}), &all));
        for unwanted in [
            json!({"size": 101}),
            json!({"inline": true}),
            json!({"content_url": null}),
            json!({"content_url": ""}),
            json!({"id": "../.."}),
            json!({"deleted": true}),
            json!({"found": "malware_found"}),
        ] {
            assert!(!is_wanted(unwanted.clone(), &all), "{unwanted}");
        }
        assert!(is_wanted(json!({"found": "malware_found", "allowed": true}), &all));
        assert!(is_wanted(json!({"inline": true}), &limits(&[], true)));
        assert!(is_wanted(json!({}), &limits(&["image/*", "application/PDF"], false)));
        assert!(!is_wanted(json!({}), &limits(&["image/*"], false)));
    }

    #[test]
    fn patterns_are_globs() {
        for (pattern, text, fits) in [
            ("*", "", true),
            ("image/*", "IMAGE/png", true),
            ("*/png", "image/png", true),
            ("*a*b", "xaxxb", true),
            ("*a*b", "xbxa", false),
            ("a*a", "a", false),
            ("image/png", "image/pngx", false),
            ("image", "image/png", false),
        ] {
            assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn no_name_leaves_its_folder_or_is_too_long() {
        for (name, safe) in [
            ("../../etc/passwd", ".._.._etc_passwd"),
            ("/etc/passwd", "_etc_passwd"),
            ("..", "file"),
            (".", "file"),
            ("", "file"),
            (" \t", "file"),
            ("a\0b\nc", "a_b_c"),
            ("C:\\a", "C:_a"),
            ("a\u{2028}b", "a_b"),
            ("übung.pdf", "übung.pdf"),
        ] {
            assert_eq!(safe_name(name), safe);
        }
        let long = safe_name(&format!("{}.pdf", "ü".repeat(300)));
        assert!(long.len() <= LONGEST_NAME_BYTES && long.ends_with("ü.pdf"), "{long}");
        let path = offer(&json!({"id": "../7", "file_name": "../x"})).relative_path("s");
        assert_eq!(path, Path::new("s/7/.._x"));
        assert_eq!(offer(&json!({"id": null})).id, "");
        let ids = [Some(json!(3)), Some(json!("x/7"))];
        assert_eq!(Offer::read(&KEYS, ids.into_iter(), |_| None).id, "3-x7");
        assert_eq!(Offer::read(&KEYS, [Some(json!(3)), None].into_iter(), |_| None).id, "");
    }

    #[test]
    fn references_come_to_their_rows() {
        let texts = [(1, "x".to_owned()), (3, "y".to_owned())];
        assert_eq!(put(b"abc".to_vec(), &texts), b"axbcy");
        assert_eq!(put(b"abc".to_vec(), &[]), b"abc");
        let told = reference(Path::new("/staging/files"), Path::new("s/7/a \"b\""), 5);
        let told: Value = serde_json::from_str(&format!("{{{}}}", &told[1..])).unwrap();
        assert_eq!(told["file_reference"]["staging_file_url"], "/staging/files/s/7/a \"b\"");
        assert_eq!(told["file_reference"]["file_size_bytes"], 5);
    }

    #[test]
    fn positions_wait_for_fifty_answers_behind_a_refusal() {
        let mut held = Held::default();
        let mut tell = |position: &str, refused_at, answers| {
            held.tell(position.to_owned(), refused_at, answers)
        };
        assert_eq!(tell("a", None, 3).as_deref(), Some("a"));
        assert_eq!(tell("b", Some(5), 10), None);
        assert_eq!(tell("c", None, 20), None);
        assert_eq!(tell("d", Some(30), 54), None);
        assert_eq!(tell("e", None, 55).as_deref(), Some("c"));
        assert_eq!(tell("f", None, 80).as_deref(), Some("f"));
    }
}
