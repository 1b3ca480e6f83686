//! Writes files that are there whole or not at all, even after a kill or a power cut.

use std::ffi::OsString;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};

/// The end of the name of a file that is not whole yet.
const UNFINISHED: &str = ".new";

/// The mode of a file that only its owner may read.
const OWN: u32 = 0o600;

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
    let (mut file, there) = begin(path, &temporary)?;
    file.write_all(bytes)?;
    if let Some(there) = there {
        // Whoever may not give files away keeps what is written.
        let _ = fchown(&file, Some(there.uid()), Some(there.gid()));
        file.set_permissions(there.permissions())?;
    }
    file.sync_all()?;
    publish(&temporary, path)
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
    std::fs::rename(temporary, path)?;
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
    File::open(folder)?.sync_all()
}
