//! The folder of one stream's rows. Each generation of rows has a folder in it. A stream that is
//! read incrementally has one generation. A full refresh is a generation of its own. It is hidden
//! in `unfinished` until it is complete.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::part::{self, Part};
use super::replace::{is_temporary, of_file, sync_folder};

/// The folder of a full refresh that is not complete yet.
const UNFINISHED: &str = "unfinished";

/// How a stream is read, as far as its files depend on that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// New rows are added to those that are there.
    Added,
    /// All rows are read again. A read that was interrupted goes on.
    Replaced,
    /// All rows are read again, each time from the first row.
    ReplacedAtOnce,
}

/// The folder of one stream.
#[derive(Debug)]
pub struct Cabinet {
    path: PathBuf,
    kept: Kept,
    /// The generation that rows go to.
    generation: u32,
    /// The number of the next part.
    next: u32,
    part: Option<Part>,
}

/// How the folder of a stream compares with what is saved about it.
#[derive(Clone, Copy, Debug)]
pub struct Compared {
    /// Whether the saved state is still valid: its rows are there, and a read goes on after them.
    pub is_valid: bool,
    /// The newest complete generation, by the folder or by what is saved. 0 if there is none.
    pub newest: u32,
}

/// The name of a stream's folder. ASCII letters, digits and `_` stay. Any other byte becomes `-`
/// and two hexadecimal digits.
#[must_use]
pub fn folder_name(stream: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let spell = |byte| match plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("-{byte:02x}"),
    };
    stream.bytes().map(spell).collect()
}

/// The name of the folder of a generation.
#[must_use]
pub fn generation_name(generation: u32) -> String {
    format!("{generation:08}")
}

impl Cabinet {
    /// Compares the folder of a stream with what is saved about it, and finishes what a killed
    /// process left undone. `complete` is the newest complete generation that is saved, if there is
    /// one.
    ///
    /// # Errors
    /// The error of the file system. The same holds for every function below.
    pub fn compare(path: &Path, kept: Kept, complete: Option<u32>) -> io::Result<Compared> {
        let (complete, there) = (complete.unwrap_or(0), newest_generation(path)?);
        let newest = complete.max(there);
        let unfinished = path.join(UNFINISHED);
        let is_begun = unfinished.try_exists().map_err(of_file(&unfinished))?;
        if is_begun && there.checked_add(1) == Some(complete) {
            // The process ended after it had saved that the generation is complete.
            rename_folder(&unfinished, &path.join(generation_name(complete)))?;
            return Ok(Compared { is_valid: kept == Kept::Added, newest });
        }
        if there != complete {
            // The stream's folder was deleted, or `state.json` is an older copy. The saved state is
            // not about the rows that are here.
            if is_begun {
                fs::remove_dir_all(&unfinished).map_err(of_file(&unfinished))?;
            }
            return Ok(Compared { is_valid: false, newest });
        }
        let is_valid = match kept {
            // If a full refresh has begun, the saved state belongs to it.
            Kept::Added => complete > 0 && !is_begun,
            Kept::Replaced => is_begun,
            Kept::ReplacedAtOnce => false,
        };
        Ok(Compared { is_valid, newest })
    }

    /// Opens the folder of a stream, and creates it if it does not exist. `newest` is from
    /// [`Cabinet::compare`]. If that found the saved state invalid, first save that the stream has
    /// none.
    ///
    /// # Errors
    /// The error of the file system.
    pub fn open(path: PathBuf, kept: Kept, newest: u32) -> io::Result<Self> {
        // A file without rows, so that DuckDB finds one in any case.
        make_folder(&path.join(generation_name(0)))?;
        let unfinished = path.join(UNFINISHED);
        if kept != Kept::Replaced && unfinished.try_exists().map_err(of_file(&unfinished))? {
            fs::remove_dir_all(&unfinished).map_err(of_file(&unfinished))?;
        }
        let generation = if kept == Kept::Added { newest.max(1) } else { newest.saturating_add(1) };
        let mut cabinet = Self { path, kept, generation, next: 1, part: None };
        let goes_to = cabinet.goes_to();
        make_folder(&goes_to)?;
        cabinet.next = next_part(&goes_to)?;
        // A query that has begun may still read the one before.
        cabinet.drop_older(newest.saturating_sub(1))?;
        Ok(cabinet)
    }

    /// The newest generation that is shown. The caller saves it.
    #[must_use]
    pub fn shown(&self) -> u32 {
        if self.kept == Kept::Added { self.generation } else { self.generation.saturating_sub(1) }
    }

    /// Whether a complete read replaces what is shown.
    #[must_use]
    pub fn is_replaced(&self) -> bool {
        self.kept != Kept::Added
    }

    /// The generation that rows go to.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// Appends a row.
    ///
    /// # Errors
    /// The error of the file system.
    pub fn write(&mut self, row: &[u8]) -> io::Result<()> {
        if self.part.is_none() {
            self.part = Some(Part::create(&self.goes_to(), self.next, self.generation)?);
            self.next = self.next.saturating_add(1);
        }
        self.part.as_mut().map_or(Ok(()), |part| part.write(row))
    }

    /// Writes all rows so far to the disk, under their final names.
    ///
    /// # Errors
    /// The error of the file system.
    pub fn file(&mut self) -> io::Result<()> {
        self.part.take().map_or(Ok(()), Part::finish)
    }

    /// Shows the complete generation, and begins the next one. First save that the generation is
    /// complete.
    ///
    /// # Errors
    /// The error of the file system.
    pub fn show(&mut self) -> io::Result<()> {
        let complete = self.generation;
        rename_folder(&self.goes_to(), &self.path.join(generation_name(complete)))?;
        self.generation = self.generation.saturating_add(1);
        // Whoever reads the one before may still be at it.
        self.drop_older(complete.saturating_sub(1))
    }

    fn goes_to(&self) -> PathBuf {
        match self.kept {
            Kept::Added => self.path.join(generation_name(self.generation)),
            Kept::Replaced | Kept::ReplacedAtOnce => self.path.join(UNFINISHED),
        }
    }

    /// Removes the generations before `than`.
    fn drop_older(&self, than: u32) -> io::Result<()> {
        for entry in fs::read_dir(&self.path).map_err(of_file(&self.path))? {
            let entry = entry?;
            let name = entry.file_name();
            let generation = name.to_str().and_then(|name| name.parse::<u32>().ok());
            if generation.is_some_and(|generation| generation > 0 && generation < than) {
                fs::remove_dir_all(entry.path()).map_err(of_file(&entry.path()))?;
            }
        }
        Ok(())
    }
}

/// Creates a folder with one part without rows, if it does not exist.
fn make_folder(path: &Path) -> io::Result<()> {
    if path.join(part::name(0)).try_exists().map_err(of_file(path))? {
        return Ok(());
    }
    fs::create_dir_all(path).map_err(of_file(path))?;
    Part::create(path, 0, 0)?.finish()?;
    path.parent().map_or(Ok(()), sync_folder)
}

/// The newest generation that is complete, 0 if there is none.
fn newest_generation(path: &Path) -> io::Result<u32> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(of_file(path)(error)),
    };
    let mut newest = 0;
    for entry in entries {
        let name = entry?.file_name();
        let generation = name.to_str().and_then(|name| name.parse().ok());
        let is_named = |generation: &u32| name == *generation_name(*generation);
        newest = newest.max(generation.filter(is_named).unwrap_or(0));
    }
    Ok(newest)
}

fn rename_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to).map_err(of_file(to))?;
    to.parent().map_or(Ok(()), sync_folder)
}

/// The number of the next part in a folder. Removes temporary files that a killed process left
/// there.
fn next_part(folder: &Path) -> io::Result<u32> {
    let mut next = 1;
    for entry in fs::read_dir(folder).map_err(of_file(folder))? {
        let entry = entry?;
        if is_temporary(&entry.path()) {
            fs::remove_file(entry.path()).map_err(of_file(&entry.path()))?;
        }
        let number = entry.file_name().to_str().and_then(part::number);
        next = next.max(number.map_or(0, |number| number.saturating_add(1)));
    }
    Ok(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_named_as_its_stream_and_can_be_no_other() {
        assert_eq!(folder_name("ticket_metrics"), "ticket_metrics");
        assert_eq!(folder_name("../a.b*"), "-2e-2e-2fa-2eb-2a");
        assert_eq!(folder_name("records_standard::it_asset"), "records_standard-3a-3ait_asset");
    }
}
