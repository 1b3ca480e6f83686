//! Takes the place of stdout: rows go to files, states go to `state.json` after their rows, and
//! messages for people go to stdout.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::value::RawValue;

use super::cabinet::{Cabinet, Compared, Kept, folder_name, generation_name};
use super::folder::{Folder, VIEWS, unwritable};
use super::lines::{Line, understand};
use super::replace::{replace, replace_if_other};
use super::saved::Saved;
use airbyte::message::ErrorTrace;
use airbyte::stdout::is_not_gone;
use connector::failure::refused;

/// How often rows get their final names and the states are saved. After a kill, rows that came
/// later are read again.
const FILE_EVERY: Duration = Duration::from_secs(30);

/// The most bytes of rows that are not filed yet. A page may come on top.
const MOST_OPEN_BYTES: usize = 256 << 20;

/// The file with a stream's view. It is in the same folder as the stream's generations.
const VIEW: &str = "view.sql";

/// Makes the statement of a view of the files in a folder.
pub type View = Box<dyn Fn(&str) -> String + Send>;

/// A stream whose rows go to files.
pub struct Filed {
    pub name: String,
    pub kept: Kept,
    pub view: View,
}

/// One stream of a run.
struct Stream {
    cabinet: Cabinet,
    view: View,
    /// The newest state. `None` if it is saved.
    state: Option<Box<RawValue>>,
    is_complete: bool,
}

/// All that a run files.
struct Filing<W> {
    folder: Arc<Folder>,
    saved: Saved,
    /// The file of the configuration. Renewed tokens are written into it.
    config: PathBuf,
    streams: BTreeMap<String, Stream>,
    /// Where messages for people go.
    screen: W,
    now: Box<dyn Fn() -> Duration + Send>,
    filed_at: Duration,
    open_bytes: usize,
    rows: u64,
    trouble: Option<ErrorTrace>,
}

/// A handle to all that a run files. It takes the blocks that would go to stdout.
pub struct Filer<W>(Arc<Mutex<Filing<W>>>);

impl<W> Clone for Filer<W> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<W: Write> Filer<W> {
    /// A run that files rows into this folder. `saved` is what the folder holds, `config` the file
    /// of the configuration, and `now` a clock.
    pub fn new(
        folder: Arc<Folder>,
        saved: Saved,
        config: PathBuf,
        screen: W,
        now: impl Fn() -> Duration + Send + 'static,
    ) -> Self {
        let filed_at = now();
        let now = Box::new(now);
        let (streams, open_bytes, rows, trouble) = (BTreeMap::new(), 0, 0, None);
        Self(Arc::new(Mutex::new(Filing {
            folder,
            saved,
            config,
            streams,
            screen,
            now,
            filed_at,
            open_bytes,
            rows,
            trouble,
        })))
    }

    /// The lock is held over plain code only, so the data behind a poisoned lock is still sound.
    fn filing(&self) -> MutexGuard<'_, Filing<W>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens the folders of the streams, and writes their views. Returns the states to go on from,
    /// in the form of a state file.
    ///
    /// # Errors
    /// The trace says what the user has to change.
    pub fn open(&self, streams: Vec<Filed>) -> Result<String, ErrorTrace> {
        let mut filing = self.filing();
        let filing = &mut *filing;
        filing.open(streams).map_err(|error| unwritable(filing.folder.path(), &error))
    }

    /// Files all rows and states that came. Returns the number of rows of the run.
    ///
    /// # Errors
    /// The trace says what the user has to change.
    pub fn finish(&self) -> Result<u64, ErrorTrace> {
        let mut filing = self.filing();
        let filing = &mut *filing;
        if let Some(trouble) = filing.trouble.take() {
            return Err(trouble);
        }
        filing.file().map_err(|error| unwritable(filing.folder.path(), &error))?;
        Ok(filing.rows)
    }
}

impl<W: Write> Write for Filer<W> {
    fn write(&mut self, block: &[u8]) -> io::Result<usize> {
        let mut filing = self.filing();
        for line in block.split_inclusive(|byte| *byte == b'\n') {
            filing.take(line)?;
        }
        filing.file_if_due()?;
        Ok(block.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.filing().screen.flush()
    }
}

impl Stream {
    /// Writes the view of the generation that is shown.
    fn write_view(&self, root: &Path, name: &str) -> io::Result<()> {
        let folder = folder_name(name);
        let shown = format!("{folder}/{}", generation_name(self.cabinet.shown()));
        replace_if_other(&root.join(folder).join(VIEW), &(self.view)(&shown))
    }
}

impl<W: Write> Filing<W> {
    fn open(&mut self, streams: Vec<Filed>) -> io::Result<String> {
        let root = self.folder.path().to_owned();
        let mut compared = Vec::with_capacity(streams.len());
        for stream in streams {
            let path = root.join(folder_name(&stream.name));
            let complete = self.saved.generations.get(&stream.name).copied();
            let Compared { is_valid, newest } = Cabinet::compare(&path, stream.kept, complete)?;
            if !is_valid {
                self.saved.states.remove(&stream.name);
            }
            compared.push((stream, path, newest));
        }
        self.folder.save(&self.saved)?;
        for (Filed { name, kept, view }, path, newest) in compared {
            let cabinet = Cabinet::open(path, kept, newest)?;
            self.saved.generations.insert(name.clone(), cabinet.shown());
            let stream = Stream { cabinet, view, state: None, is_complete: false };
            stream.write_view(&root, &name)?;
            self.streams.insert(name, stream);
        }
        self.folder.save(&self.saved)?;
        self.write_views()?;
        let mut states = self.saved.clone();
        states.states.retain(|name, _| self.streams.contains_key(name));
        Ok(states.states_text())
    }

    /// Writes one file with the views of all streams that were ever filed here.
    fn write_views(&self) -> io::Result<()> {
        let mut text = "-- Run this in the folder: duckdb -init views.sql\n".to_owned();
        for name in self.saved.generations.keys() {
            let path = self.folder.path().join(folder_name(name)).join(VIEW);
            // One whose folder was deleted has none.
            if let Ok(view) = std::fs::read_to_string(path) {
                text.push('\n');
                text.push_str(&view);
            }
        }
        replace_if_other(&self.folder.path().join(VIEWS), &text)
    }

    /// Takes one line that `read` would have written to stdout.
    fn take(&mut self, line: &[u8]) -> io::Result<()> {
        match understand(line)? {
            Line::Row { stream, row } => {
                let stream = self.streams.get_mut(stream);
                let stream = stream.ok_or_else(|| io::Error::other("a row of no stream"))?;
                let written = stream.cabinet.write(row);
                self.rows += 1;
                self.open_bytes += row.len();
                self.noted(written)
            }
            Line::State { stream, state } => {
                if let Some(stream) = self.streams.get_mut(&stream) {
                    stream.state = Some(state);
                }
                Ok(())
            }
            Line::Complete { stream } => {
                if let Some(stream) = self.streams.get_mut(&stream) {
                    stream.is_complete = true;
                }
                Ok(())
            }
            Line::Config(config) => {
                replace(&self.config, config.get().as_bytes()).inspect_err(|error| {
                    self.trouble = Some(unsaved(&self.config, error));
                })
            }
            Line::Said { text } => writeln!(self.screen, "{text}").inspect_err(|error| {
                if is_not_gone(error) {
                    self.trouble = Some(unshown(error));
                }
            }),
            Line::Other => Ok(()),
        }
    }

    fn file_if_due(&mut self) -> io::Result<()> {
        let is_due = (self.now)().saturating_sub(self.filed_at) >= FILE_EVERY;
        if !is_due && self.open_bytes < MOST_OPEN_BYTES {
            return Ok(());
        }
        let filed = self.file();
        self.noted(filed)
    }

    /// Writes all rows to the disk, then the states that cover them, and then shows the complete
    /// generations.
    fn file(&mut self) -> io::Result<()> {
        self.filed_at = (self.now)();
        self.open_bytes = 0;
        let mut has_news = false;
        for (name, stream) in &mut self.streams {
            stream.cabinet.file()?;
            let is_shown = stream.is_complete && stream.cabinet.is_replaced();
            if is_shown {
                // The next read of it is a new one.
                stream.state = None;
                self.saved.states.remove(name);
                self.saved.generations.insert(name.clone(), stream.cabinet.generation());
            } else if let Some(state) = stream.state.take() {
                self.saved.states.insert(name.clone(), state);
            } else {
                continue;
            }
            has_news = true;
        }
        if has_news {
            self.folder.save(&self.saved)?;
        }
        let mut has_other_views = false;
        for (name, stream) in &mut self.streams {
            if stream.is_complete && stream.cabinet.is_replaced() {
                stream.cabinet.show()?;
                stream.write_view(self.folder.path(), name)?;
                stream.is_complete = false;
                has_other_views = true;
            }
        }
        if has_other_views { self.write_views() } else { Ok(()) }
    }

    /// Keeps an error of the folder as a message for the user.
    fn noted(&mut self, done: io::Result<()>) -> io::Result<()> {
        done.inspect_err(|error| self.trouble = Some(unwritable(self.folder.path(), error)))
    }
}

/// The trace for renewed tokens that cannot be saved.
#[must_use]
pub fn unsaved(config: &Path, error: &io::Error) -> ErrorTrace {
    refused(&format!(
        "Renewed tokens cannot be saved in {} ({error}). Give the program's user write access to \
         the file and its folder, or sign in with OAuth client credentials, which have no \
         refresh token.",
        config.display()
    ))
}

fn unshown(error: &io::Error) -> ErrorTrace {
    refused(&format!(
        "The log cannot be written to stdout ({error}). Free space on its disk, and start the \
         sync again."
    ))
}
