//! Rejected rows as files, one folder a stream. A file appears under its name when it is whole.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;

/// The files of a run.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Those that are being written, by their names below the folder.
    open: BTreeMap<String, Part>,
}

/// A file that is being written.
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

    /// Whether files can be written, listed and removed there.
    pub(super) fn try_out(&self, name: &str) -> io::Result<()> {
        let trial = self.path.join(name);
        fs::create_dir_all(&self.path)?;
        fs::write(&trial, "{}\n")?;
        fs::read_dir(&self.path)?;
        fs::remove_file(&trial)
    }

    /// Adds a line to the file `name` of a stream, which is made if it is not there.
    pub(super) fn add(&mut self, stream: &str, name: &str, line: &[u8]) -> io::Result<()> {
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

    /// Makes all files whole.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        while let Some((_, part)) = self.open.pop_first() {
            part.file.sync_all()?;
            fs::rename(&part.unfinished, &part.whole)?;
        }
        Ok(())
    }
}
