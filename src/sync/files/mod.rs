//! Which files of rows are fetched, what they are called on the disk, and how a row refers to
//! its own. Pure; `download` acts.
//!
//! Source: Airbyte Protocol, `AirbyteRecordMessageFileReference`; the names are those of Airbyte's
//! connector, `<stream>/<id>/<file name>`; where a file may belong to several rows, the id is that
//! of the row.

use std::collections::VecDeque;
use std::path::Path;

use serde_json::json;

use crate::streams::Stream;
use crate::sync::position::frontier::JUDGED_AFTER;
use crate::sync::records::file_ref::FileRef;

pub mod download;

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

/// Positions that wait until it is known whether files that could not be had before them are their
/// own affair. A position that had passed too many of them could not be taken back.
#[derive(Debug, Default)]
pub struct PendingCheckpoints(VecDeque<(u64, String)>);

impl PendingCheckpoints {
    /// Takes the position behind a batch, and gives the newest that may be emitted. `refused_at`
    /// counts the answers up to the batch's last refusal, `answers` all of them.
    pub fn push(
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
        let mut ready = None;
        while self.0.front().is_some_and(|(judged_at, _)| *judged_at <= answers) {
            ready = self.0.pop_front().map(|(_, position)| position);
        }
        ready
    }
}

/// A stream's lines of a page, and the files that their rows tell of.
#[derive(Debug)]
pub struct Delivery {
    pub stream: &'static Stream,
    pub lines: Vec<u8>,
    pub files: Vec<FileRef>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn references_come_to_their_rows() {
        let texts = [(1, "x".to_owned()), (3, "y".to_owned())];
        assert_eq!(put(b"abc".to_vec(), &texts), b"axbcy");
        assert_eq!(put(b"abc".to_vec(), &[]), b"abc");
        let text = reference(Path::new("/staging/files"), Path::new("s/7/a \"b\""), 5);
        let written: Value = serde_json::from_str(&format!("{{{}}}", &text[1..])).unwrap();
        assert_eq!(written["file_reference"]["staging_file_url"], "/staging/files/s/7/a \"b\"");
        assert_eq!(written["file_reference"]["file_size_bytes"], 5);
    }

    #[test]
    fn positions_wait_for_fifty_answers_behind_a_refusal() {
        let mut pending = PendingCheckpoints::default();
        let mut push = |position: &str, refused_at, answers| {
            pending.push(position.to_owned(), refused_at, answers)
        };
        assert_eq!(push("a", None, 3).as_deref(), Some("a"));
        assert_eq!(push("b", Some(5), 10), None);
        assert_eq!(push("c", None, 20), None);
        assert_eq!(push("d", Some(30), 54), None);
        assert_eq!(push("e", None, 55).as_deref(), Some("c"));
        assert_eq!(push("f", None, 80).as_deref(), Some("f"));
    }
}
