//! The folder that rows are filed in: whose account it is, which process uses it, and what is saved
//! in it.

use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::replace::{OfFile, is_temporary, replace};
use super::saved::Saved;
use crate::config::Config;
use airbyte::message::{ErrorTrace, FailureType};
use connector::failure::refused;
use zendesk::timestamp;

/// EMFILE.
const TOO_MANY_FILES: i32 = 24;

const STATE: &str = "state.json";
const LOCK: &str = "sync.lock";
pub const VIEWS: &str = "views.sql";

/// The largest `state.json` that is read.
const LARGEST_STATE_BYTES: u64 = 64 << 20;

/// The longest note about the process that uses a folder.
const LONGEST_HOLDER_BYTES: u64 = 200;

/// A folder that no other process uses until this value is dropped.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// The system releases the lock when the process ends, however it ends.
    lock: File,
}

impl Folder {
    /// Takes the folder for this process, and creates it if it does not exist.
    ///
    /// # Errors
    /// The trace says what the user has to change.
    pub fn take(path: &Path) -> Result<Self, ErrorTrace> {
        std::fs::create_dir_all(path).map_err(|error| unwritable(path, &error))?;
        let state = path.join(STATE);
        if !state.try_exists().map_err(|error| unwritable(&state, &error))? {
            refuse_if_used(path)?;
        }
        let lock = path.join(LOCK);
        let trouble = |error: io::Error| unwritable(&lock, &error);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut lock = options.open(&lock).map_err(trouble)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = lock.take(LONGEST_HOLDER_BYTES).read_to_string(&mut holder);
                return Err(busy(path, holder.trim()));
            }
            Err(TryLockError::Error(error)) => return Err(trouble(error)),
        }
        let written = lock.set_len(0).and_then(|()| lock.rewind());
        written.and_then(|()| lock.write_all(holder().as_bytes())).map_err(trouble)?;
        Ok(Self { path: path.to_owned(), lock })
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the folder is still there, and the lock in it is the one that was taken.
    #[must_use]
    pub fn is_held(&self) -> bool {
        let place = |file: Metadata| (file.dev(), file.ino());
        let taken = self.lock.metadata().map(place).ok();
        taken.is_some() && taken == std::fs::metadata(self.path.join(LOCK)).map(place).ok()
    }

    /// What is saved in the folder. An empty folder belongs to this account from now on.
    ///
    /// # Errors
    /// The trace says what the user has to change.
    pub fn saved(&self, config: &Config) -> Result<Saved, ErrorTrace> {
        let (subdomain, deleted_at) = (&config.account.subdomain, &config.deleted_at_field);
        let path = self.path.join(STATE);
        let text = match File::open(&path) {
            Ok(file) => {
                let mut text = Vec::new();
                file.take(LARGEST_STATE_BYTES + 1)
                    .read_to_end(&mut text)
                    .map_err(|error| unreadable(&path, &error.to_string()))?;
                text
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                refuse_if_used(&self.path)?;
                let (subdomain, deleted_at) = (subdomain.clone(), deleted_at.clone());
                let saved = Saved { subdomain, deleted_at, ..Saved::default() };
                self.save(&saved).map_err(|error| unwritable(&self.path, &error))?;
                return Ok(saved);
            }
            Err(error) => return Err(unreadable(&path, &error.to_string())),
        };
        let saved = Saved::parse(&text).map_err(|why| unreadable(&path, &why))?;
        let (path, there) = (self.path.display(), &saved.subdomain);
        if !there.eq_ignore_ascii_case(subdomain) {
            return Err(refused(&format!(
                "{path} has the rows of the account `{there}`, but the configuration is for \
                 `{subdomain}`, so nothing was changed. Use one folder for each account."
            )));
        }
        if let (Some(before), Some(now)) = (&saved.deleted_at, deleted_at)
            && before != now
        {
            return Err(refused(&format!(
                "Deleted rows in {path} have the column `{before}`, but `deleted_at_field` is now \
                 `{now}`, so nothing was changed. Set it back, or use a new folder."
            )));
        }
        Ok(saved)
    }

    /// Saves the states. Their rows must be on the disk already.
    ///
    /// # Errors
    /// The error of the file system.
    pub fn save(&self, saved: &Saved) -> io::Result<()> {
        replace(&self.path.join(STATE), saved.text().as_bytes())
    }
}

/// Refuses a folder whose files no `state.json` explains.
fn refuse_if_used(path: &Path) -> Result<(), ErrorTrace> {
    if is_free(path).map_err(|error| unwritable(path, &error))? {
        return Ok(());
    }
    Err(refused(&format!(
        "{} has files but no state.json, so nothing in it was changed. Choose an empty folder, or \
         put state.json back.",
        path.display()
    )))
}

/// Whether a folder holds nothing that could belong to anybody.
fn is_free(path: &Path) -> io::Result<bool> {
    for entry in std::fs::read_dir(path)? {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        let is_nobodys = name == LOCK || name == "lost+found" || name.starts_with('.');
        if !is_nobodys && !is_temporary(&path) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The note about this process for others that want the folder.
fn holder() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let since = timestamp::to_iso(i64::try_from(since.as_secs()).unwrap_or_default());
    format!("process {} since {since}\n", std::process::id())
}

fn busy(path: &Path, holder: &str) -> ErrorTrace {
    let holder = if holder.is_empty() { "another process" } else { holder };
    let message = format!(
        "Another sync uses {} ({holder}), so nothing was changed. Wait until it ends, or stop it.",
        path.display()
    );
    ErrorTrace { failure_type: FailureType::TransientError, ..refused(&message) }
}

fn unreadable(path: &Path, why: &str) -> ErrorTrace {
    refused(&format!(
        "{} cannot be read ({why}), so nothing was changed. Restore a copy of the file, or move the \
         folder away to read everything again.",
        path.display()
    ))
}

/// The trace for a folder that cannot be written. If the error is about one file, the message names
/// that file.
#[must_use]
pub fn unwritable(folder: &Path, error: &io::Error) -> ErrorTrace {
    let of_file = error.get_ref().and_then(|carried| carried.downcast_ref::<OfFile>());
    let (path, error) = of_file.map_or((folder, error), |of| (of.path.as_path(), &of.error));
    let path = path.display();
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => ErrorTrace {
            failure_type: FailureType::TransientError,
            ..refused(&format!(
                "The disk of {path} is full ({error}). Free space and start the sync again: it \
                 keeps the saved rows and continues after them."
            ))
        },
        _ if error.raw_os_error() == Some(TOO_MANY_FILES) => refused(&format!(
            "{path} cannot be written ({error}). Allow the program more open files (`ulimit -n 1024`): it \
             has one for each stream."
        )),
        _ => refused(&format!(
            "The program cannot write to {path} ({error}). Give its user write access, or choose \
             another folder."
        )),
    }
}
