//! Rejected rows as files of JSON lines, one folder a stream. A part appears under its name when it is whole.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use airbyte::destination::catalog::Descriptor;
use serde_json::{Map, Value, json};
use zendesk::timestamp;

use super::reason::Reason;

/// The files of a run.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    /// The run's own part of the names of its files.
    run: String,
    attempt: u64,
    parts: u64,
    open: BTreeMap<Descriptor, Part>,
}

/// A part that is being written.
#[derive(Debug)]
struct Part {
    file: File,
    unfinished: PathBuf,
    whole: PathBuf,
}

/// A rejected row could not be stored.
#[derive(Debug)]
pub struct NotStored(io::Error);

impl fmt::Display for NotStored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for NotStored {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

impl Store {
    /// Files below a folder. `now_unix` and the process make their names differ from those of other runs.
    #[must_use]
    pub fn new(folder: PathBuf, now_unix: i64, attempt: u64) -> Self {
        let at: String =
            timestamp::to_iso(now_unix).chars().filter(char::is_ascii_alphanumeric).collect();
        let run = format!("{at}-{}", std::process::id());
        Self { folder, run, attempt, parts: 0, open: BTreeMap::new() }
    }

    /// Whether files can be written there.
    ///
    /// # Errors
    /// [`NotStored`].
    pub fn try_out(folder: &Path) -> Result<(), NotStored> {
        let trial = folder.join(format!("_check_test-{}", std::process::id()));
        let tried = fs::create_dir_all(folder)
            .and_then(|()| fs::write(&trial, "{}\n"))
            .and_then(|()| fs::read_dir(folder).map(drop))
            .and_then(|()| fs::remove_file(&trial));
        tried.map_err(NotStored)
    }

    /// Adds a row to the part of its stream.
    ///
    /// # Errors
    /// [`NotStored`].
    pub fn add(
        &mut self,
        stream: &Descriptor,
        key: Option<&str>,
        data: &Map<String, Value>,
        why: &Reason,
        now_unix: i64,
    ) -> Result<(), NotStored> {
        let row = json!({
            "stream": stream.name, "namespace": stream.namespace, "key": key, "record": data,
            "reason": why.reason, "field": why.field, "message": why.message,
            "http_status": why.http_status, "job_id": why.job_id, "attempt": self.attempt,
            "at": timestamp::to_iso(now_unix),
        });
        let part = self.part(stream).map_err(NotStored)?;
        part.file.write_all(format!("{row}\n").as_bytes()).map_err(NotStored)
    }

    fn part(&mut self, stream: &Descriptor) -> io::Result<&mut Part> {
        if !self.open.contains_key(stream) {
            let folder = self.folder.join(file_name(&stream.name));
            fs::create_dir_all(&folder)?;
            self.parts += 1;
            let name = format!("{}-{:06}.jsonl", self.run, self.parts);
            let (unfinished, whole) = (folder.join(format!(".{name}.part")), folder.join(name));
            let file = OpenOptions::new().create_new(true).append(true).open(&unfinished)?;
            self.open.insert(stream.clone(), Part { file, unfinished, whole });
        }
        self.open.get_mut(stream).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Makes all parts whole: from here on their rows are stored.
    ///
    /// # Errors
    /// [`NotStored`].
    pub fn finish_parts(&mut self) -> Result<(), NotStored> {
        while let Some((_, part)) = self.open.pop_first() {
            part.file.sync_all().map_err(NotStored)?;
            fs::rename(&part.unfinished, &part.whole).map_err(NotStored)?;
        }
        Ok(())
    }
}

/// A stream's name as the name of a folder, which cannot lead anywhere else.
fn file_name(stream: &str) -> String {
    let safe = |character: char| {
        if character.is_alphanumeric() || "._-".contains(character) { character } else { '_' }
    };
    let name: String = stream.chars().map(safe).take(100).collect();
    if name.trim_matches('.').is_empty() { "_".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_appears_when_it_is_whole_and_holds_the_row() {
        let folder = std::env::temp_dir().join(format!("rejected-{}", std::process::id()));
        let stream = Descriptor { namespace: Some("../up".into()), name: "a/b".into() };
        let mut store = Store::new(folder.clone(), 0, 2);
        let data = json!({ "x": 1 }).as_object().cloned().unwrap();
        let why = Reason::new("invalid_value", Some("email"), "no".into());
        store.add(&stream, Some("k"), &data, &why, 0).unwrap();
        let below = folder.join("a_b");
        let names = || -> Vec<String> {
            let entries = fs::read_dir(&below).unwrap();
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
        };
        assert!(names()[0].starts_with('.') && names().len() == 1);
        store.finish_parts().unwrap();
        assert!(names()[0].ends_with("000001.jsonl") && names().len() == 1);
        let row: Value =
            serde_json::from_str(&fs::read_to_string(below.join(&names()[0])).unwrap()).unwrap();
        assert_eq!((&row["record"]["x"], &row["reason"]), (&json!(1), &json!("invalid_value")));
        assert_eq!((&row["attempt"], &row["at"]), (&json!(2), &json!("1970-01-01T00:00:00Z")));
        store.finish_parts().unwrap();
        Store::try_out(&folder).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!((file_name(".."), file_name("")), ("_".to_owned(), "_".to_owned()));
    }
}
