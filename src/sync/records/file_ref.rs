//! What a row says about its file, whether the file is wanted, and its name on the disk. Pure.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::config::FileLimits;
use crate::streams::FileKeys;
use crate::sync::position::path_params::{is_of_ids, text_of};

/// The longest part of a path, in bytes. File systems allow 255.
const LONGEST_NAME_BYTES: usize = 200;

/// The longest part of an id, in bytes. Zendesk's ids have fourteen digits.
const LONGEST_ID_BYTES: usize = 60;

/// The longest extension that is kept when a file name is shortened, in bytes.
const LONGEST_ENDING_BYTES: usize = 20;

/// What a row says about its file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileRef {
    /// The byte offset in the lines at which the reference is inserted.
    pub at: usize,
    pub id: String,
    pub url: Option<String>,
    pub name: String,
    pub content_type: String,
    pub size: Option<u64>,
    pub inline: bool,
    /// Whether the file was deleted, or a scan found malware in it.
    pub is_barred: bool,
}

impl FileRef {
    /// Reads what a row says about its file. `ids` are the parts of its primary key, `value`
    /// returns the JSON under a key. If a part is missing, the `id` stays empty, and the file is
    /// not wanted.
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

    /// Whether the file should be fetched.
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

    /// The path of the file, below the folder of all files.
    #[must_use]
    pub fn relative_path(&self, stream: &str) -> PathBuf {
        Path::new(stream).join(&self.id).join(safe_name(&self.name))
    }
}

/// A file name that stays in its folder on any file system.
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

/// An id as part of a path, with only the characters that ids may contain.
fn safe_id(id: Value) -> Option<String> {
    let characters = text_of(id)?;
    let characters = characters.chars().filter(|character| is_of_ids(*character));
    let id: String = characters.take(LONGEST_ID_BYTES).collect();
    (!id.is_empty()).then_some(id)
}

/// Whether a text matches a pattern in which `*` stands for anything. Upper and lower case are
/// equal.
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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

    fn offer(row: &Value) -> FileRef {
        FileRef::read(&KEYS, [row.get("id").cloned()].into_iter(), |key| row.get(key).cloned())
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
        assert_eq!(FileRef::read(&KEYS, ids.into_iter(), |_| None).id, "3-x7");
        assert_eq!(FileRef::read(&KEYS, [Some(json!(3)), None].into_iter(), |_| None).id, "");
    }
}
