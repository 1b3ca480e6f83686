//! Files that are there whole or not at all, also after a kill or a power cut.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// What the name of a file ends with that is not whole yet.
const UNFINISHED: &str = ".new";

/// The mode of a file that nobody else may read.
const OWN: u32 = 0o600;

/// The name of a file for as long as it is not whole.
#[must_use]
pub fn temporary(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(UNFINISHED);
    name.into()
}

/// Whether a file is what a kill left of one that was not whole.
#[must_use]
pub fn is_temporary(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().ends_with(UNFINISHED.as_bytes())
}

/// Puts a file in place of what was there, with the rights that it had. It is on the disk afterwards.
///
/// # Errors
/// What the system says.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = temporary(path);
    let (mut file, rights) = begin(path, &temporary)?;
    file.write_all(bytes)?;
    if let Some(rights) = rights {
        file.set_permissions(rights)?;
    }
    file.sync_all()?;
    publish(&temporary, path)
}

/// Puts a text in place of another, where it is another.
///
/// # Errors
/// What the system says.
pub fn replace_if_other(path: &Path, text: &str) -> io::Result<()> {
    match std::fs::read(path) {
        Ok(there) if there == text.as_bytes() => Ok(()),
        _ => replace(path, text.as_bytes()),
    }
}

/// Says whether [`replace`] could put a file there, without doing so.
///
/// # Errors
/// What the system says.
pub fn is_replaceable(path: &Path) -> io::Result<()> {
    let temporary = temporary(path);
    begin(path, &temporary)?;
    std::fs::remove_file(&temporary)
}

/// Begins the file that is to replace another, which may hold secrets.
fn begin(path: &Path, temporary: &Path) -> io::Result<(File, Option<std::fs::Permissions>)> {
    let rights = std::fs::metadata(path).ok().map(|there| there.permissions());
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    if rights.is_some() {
        options.mode(OWN);
    }
    Ok((options.open(temporary)?, rights))
}

/// Gives a file that is whole and on the disk its name.
///
/// # Errors
/// What the system says.
pub fn publish(temporary: &Path, path: &Path) -> io::Result<()> {
    std::fs::rename(temporary, path)?;
    match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => sync_folder(Path::new(".")),
        Some(folder) => sync_folder(folder),
        None => Ok(()),
    }
}

/// Brings the names in a folder to the disk.
///
/// # Errors
/// What the system says.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
