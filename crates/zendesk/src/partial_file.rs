//! A file that is being written to the disk. It has a temporary name until all of it is there. A
//! file that a killed run left under that name is continued.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// How many bytes are written at once.
const BLOCK_BYTES: usize = 256 << 10;

/// A file that is not complete yet.
#[derive(Debug)]
pub struct PartialFile {
    path: PathBuf,
    /// `None` while it is being written, and after a write was given up.
    file: Option<File>,
    block: Vec<u8>,
    written: u64,
    /// The server's entity tag of these very bytes, if it gave one.
    pub(super) tag: Option<String>,
}

impl PartialFile {
    /// Opens the file at `path`. `keep` says whether bytes that are there already are kept. If
    /// another process writes to this file, a name is used that nobody else has.
    ///
    /// # Errors
    /// When the place cannot be written.
    pub fn open(path: &Path, keep: bool) -> io::Result<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut path = path.to_owned();
        let mut file = open(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let number = NUMBER.fetch_add(1, Ordering::Relaxed);
                let own = format!(".{}-{number}", std::process::id());
                path.as_mut_os_string().push(own);
                file = open(&path)?;
            }
            // A disk without locks has nobody else to lock out that could be known.
            Err(TryLockError::Error(_)) => {}
        }
        if !keep {
            file.set_len(0)?;
        }
        let written = file.metadata()?.len();
        Ok(Self { path, file: Some(file), block: Vec::new(), written, tag: None })
    }

    /// The number of bytes in the file.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.written + self.block.len() as u64
    }

    /// Whether the file has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// When the disk does not accept them.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.block.extend_from_slice(bytes);
        if self.block.len() >= BLOCK_BYTES { self.flush().await } else { Ok(()) }
    }

    /// Empties the file.
    ///
    /// # Errors
    /// When the disk refuses that.
    pub fn restart(&mut self) -> io::Result<()> {
        (self.written, self.tag) = (0, None);
        self.block.clear();
        self.file()?.set_len(0)
    }

    /// Moves the complete file to its final name. By then it is on the disk, and not only in a
    /// buffer.
    ///
    /// # Errors
    /// When the disk does not accept the file.
    pub async fn finish(mut self, to: PathBuf) -> io::Result<()> {
        self.flush().await?;
        let file = self.file.take().ok_or_else(given_up)?;
        let from = std::mem::take(&mut self.path);
        blocking(move || {
            file.sync_data()?;
            if let Some(folder) = to.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::rename(&from, &to)
        })
        .await
    }

    /// Deletes the file.
    pub fn discard(self) {
        // What cannot be removed is written over by the next try.
        let _ = fs::remove_file(&self.path);
    }

    /// Writes the buffered bytes. The disk may be slow, so this runs where it blocks nobody.
    async fn flush(&mut self) -> io::Result<()> {
        if self.block.is_empty() {
            return Ok(());
        }
        let mut file = self.file.take().ok_or_else(given_up)?;
        let mut block = std::mem::take(&mut self.block);
        let written = blocking(move || {
            file.write_all(&block)?;
            let bytes = block.len() as u64;
            block.clear();
            Ok((file, block, bytes))
        });
        let (file, block, bytes) = written.await?;
        self.written += bytes;
        (self.file, self.block) = (Some(file), block);
        Ok(())
    }

    fn file(&self) -> io::Result<&File> {
        self.file.as_ref().ok_or_else(given_up)
    }
}

/// Opens a file for appending. Anything else under this name is not a file of ours.
fn open(path: &Path) -> io::Result<File> {
    if fs::symlink_metadata(path).is_ok_and(|there| !there.is_file()) {
        fs::remove_file(path)?;
    }
    OpenOptions::new().append(true).create(true).open(path)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(given_up()))
}

fn given_up() -> io::Error {
    io::Error::other("a write to the disk was interrupted")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("arrival-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        folder
    }

    #[tokio::test]
    async fn a_file_has_its_name_once_it_is_whole_and_is_continued_where_it_was_left() {
        let folder = folder("whole");
        let (part, whole) = (folder.join("in/a"), folder.join("out/1/a.txt"));
        let mut arrival = PartialFile::open(&part, true).unwrap();
        arrival.write(&vec![b'a'; BLOCK_BYTES]).await.unwrap();
        drop(arrival);
        let mut arrival = PartialFile::open(&part, true).unwrap();
        assert_eq!(arrival.len(), BLOCK_BYTES as u64);
        arrival.write(b"end").await.unwrap();
        assert!(!whole.exists());
        arrival.finish(whole.clone()).await.unwrap();
        assert_eq!(fs::metadata(&whole).unwrap().len(), BLOCK_BYTES as u64 + 3);
        assert!(!part.exists());
        fs::remove_dir_all(folder).unwrap();
    }

    #[tokio::test]
    async fn two_that_write_the_same_file_do_not_meet_and_a_link_is_not_followed() {
        let folder = folder("two");
        let part = folder.join("a");
        let mut first = PartialFile::open(&part, false).unwrap();
        let mut second = PartialFile::open(&part, false).unwrap();
        first.write(b"one").await.unwrap();
        second.write(b"two").await.unwrap();
        first.finish(folder.join("one")).await.unwrap();
        second.finish(folder.join("two")).await.unwrap();
        assert_eq!(fs::read(folder.join("one")).unwrap(), b"one");
        assert_eq!(fs::read(folder.join("two")).unwrap(), b"two");
        std::os::unix::fs::symlink(folder.join("one"), &part).unwrap();
        PartialFile::open(&part, false).unwrap().discard();
        assert_eq!(fs::read(folder.join("one")).unwrap(), b"one");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
        fs::remove_dir_all(folder).unwrap();
    }
}
