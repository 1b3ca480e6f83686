//! Writes files that are there whole or not at all, even after a kill or a power cut.

use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};

/// The end of the name of a file that is not whole yet.
const UNFINISHED: &str = ".new";

/// The mode of a file that only its owner may read.
const OWN: u32 = 0o600;

/// An error of the file system about one file. It is carried inside an [`io::Error`].
#[derive(Debug)]
pub struct OfFile {
    pub path: PathBuf,
    pub error: io::Error,
}

impl fmt::Display for OfFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl Error for OfFile {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}

/// Notes in an error which file it is about.
pub fn of_file(path: &Path) -> impl Fn(io::Error) -> io::Error {
    move |error| io::Error::new(error.kind(), OfFile { path: path.to_owned(), error })
}

/// The name of a file while it is not whole.
#[must_use]
pub fn temporary(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(UNFINISHED);
    name.into()
}

/// Whether a file is a leftover of a kill: it never became whole.
#[must_use]
pub fn is_temporary(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().ends_with(UNFINISHED.as_bytes())
}

/// Replaces a file, and keeps its permissions. The new file is on the disk when this returns.
///
/// # Errors
/// The error of the file system.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = temporary(path);
    write(path, &temporary, bytes).map_err(of_file(&temporary))?;
    publish(&temporary, path)
}

/// Writes the file that will replace another.
fn write(path: &Path, temporary: &Path, bytes: &[u8]) -> io::Result<()> {
    let (mut file, there) = begin(path, temporary)?;
    file.write_all(bytes)?;
    if let Some(there) = there {
        // Whoever may not give files away keeps what is written.
        let _ = fchown(&file, Some(there.uid()), Some(there.gid()));
        file.set_permissions(there.permissions())?;
    }
    file.sync_all()
}

/// Replaces a file if its text is different.
///
/// # Errors
/// The error of the file system.
pub fn replace_if_other(path: &Path, text: &str) -> io::Result<()> {
    match std::fs::read(path) {
        Ok(there) if there == text.as_bytes() => Ok(()),
        _ => replace(path, text.as_bytes()),
    }
}

/// Checks that [`replace`] could write a file there, and leaves the file as it is.
///
/// # Errors
/// The error of the file system.
pub fn is_replaceable(path: &Path) -> io::Result<()> {
    let temporary = temporary(path);
    begin(path, &temporary)?;
    std::fs::remove_file(&temporary)
}

/// Begins the file that will replace another, and returns it with the permissions of that other.
/// The file may hold secrets, so only its owner may read it until it has those permissions.
fn begin(path: &Path, temporary: &Path) -> io::Result<(File, Option<Metadata>)> {
    let there = std::fs::metadata(path).ok();
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    if there.is_some() {
        options.mode(OWN);
    }
    Ok((options.open(temporary)?, there))
}

/// Gives its final name to a file that is whole and on the disk.
///
/// # Errors
/// The error of the file system.
pub fn publish(temporary: &Path, path: &Path) -> io::Result<()> {
    std::fs::rename(temporary, path).map_err(of_file(path))?;
    match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => sync_folder(Path::new(".")),
        Some(folder) => sync_folder(folder),
        None => Ok(()),
    }
}

/// Writes the names in a folder to the disk.
///
/// # Errors
/// The error of the file system.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(of_file(folder))
}
