//! The files of rows: which are fetched, their names on the disk, and how a row refers to its file.
//! Pure; `download` acts.
//!
//! Source: Airbyte Protocol, `AirbyteRecordMessageFileReference`. The names are those of Airbyte's
//! connector, `<stream>/<id>/<file name>`. If a file may belong to several rows, the id is the
//! row's.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use crate::streams::ResolvedStream;
use crate::sync::position::frontier::JUDGED_AFTER;
use crate::sync::records::file_ref::FileRef;

pub mod download;

/// The member of a RECORD that refers to its file.
#[must_use]
pub fn reference(base: &Path, relative: &Path, bytes: u64) -> String {
    let reference = json!({
        "staging_file_url": base.join(relative).to_string_lossy(),
        "source_file_relative_path": relative.to_string_lossy(),
        "file_size_bytes": bytes,
    });
    format!(",\"file_reference\":{reference}")
}

/// Inserts texts into lines, each at its byte offset. The offsets must be ascending.
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

/// Positions that are held back after files that could not be fetched. Later answers decide whether
/// these failures are about single files or about the stream. A position that had already passed
/// too many such files could not be taken back.
#[derive(Debug, Default)]
pub struct PendingCheckpoints(VecDeque<(u64, String)>);

impl PendingCheckpoints {
    /// Adds the position after a batch. Returns the newest position that may be emitted.
    /// `refused_at` is the number of answers up to the batch's last refusal, `answers` the number
    /// of all answers.
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

/// A stream's lines of a page, and the files of their rows.
#[derive(Debug)]
pub struct Delivery {
    pub stream: Arc<ResolvedStream>,
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
