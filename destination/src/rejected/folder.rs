//! Rejected rows as files, one folder per stream. A file gets its name when it is complete.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;

/// The files of a run.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// The open files, by their names below the folder.
    open: BTreeMap<String, Part>,
}

/// An open file.
#[derive(Debug)]
struct Part {
    file: File,
    unfinished: PathBuf,
    whole: PathBuf,
}

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, open: BTreeMap::new() }
    }

    /// Tests whether files can be written, listed and removed.
    pub(super) fn try_out(&self, name: &str) -> io::Result<()> {
        let trial = self.path.join(name);
        let tried = || {
            fs::create_dir_all(&self.path)?;
            fs::write(&trial, "{}\n")?;
            fs::read_dir(&self.path)?;
            fs::remove_file(&trial)
        };
        tried().map_err(|error| self.named(&error))
    }

    /// The error with the folder, which the system's words do not name.
    fn named(&self, error: &io::Error) -> io::Error {
        io::Error::new(error.kind(), format!("{}: {error}", self.path.display()))
    }

    /// Adds a line to the file `name` of a stream. Creates the file if it does not exist.
    pub(super) fn add(&mut self, stream: &str, name: &str, line: &[u8]) -> io::Result<()> {
        self.append(stream, name, line).map_err(|error| self.named(&error))
    }

    fn append(&mut self, stream: &str, name: &str, line: &[u8]) -> io::Result<()> {
        if let Some(part) = self.open.get_mut(name) {
            return part.file.write_all(line);
        }
        let folder = self.path.join(stream);
        fs::create_dir_all(&folder)?;
        let (unfinished, whole) = (folder.join(format!(".{name}.part")), folder.join(name));
        let mut file = OpenOptions::new().create_new(true).append(true).open(&unfinished)?;
        file.write_all(line)?;
        self.open.insert(name.to_owned(), Part { file, unfinished, whole });
        Ok(())
    }

    /// Completes all files.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.complete().map_err(|error| self.named(&error))
    }

    fn complete(&mut self) -> io::Result<()> {
        while let Some((_, part)) = self.open.pop_first() {
            part.file.sync_all()?;
            fs::rename(&part.unfinished, &part.whole)?;
        }
        Ok(())
    }
}
