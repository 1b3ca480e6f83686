//! The one owner of stdout. It writes blocks whole and in order, and the ledger changes together
//! with them. A dedicated thread writes stdout: back-pressure slows the sync but never blocks
//! signal handling.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, OnceLock, mpsc as thread_channel};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::message::{self, ErrorTrace, Level};

/// How many blocks may wait for a slow reader. One block is being written while walks make the next
/// ones. Blocks are as large as pages.
const BLOCKS_ON_THEIR_WAY: usize = 1;

/// Nothing can be written to stdout any more. Either its reader has gone, or its target accepts no
/// more bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("stdout accepts no more output")
    }
}

impl Error for Closed {}

/// Whether a write to stdout failed for another reason than that its reader has gone.
#[must_use]
pub fn is_not_gone(error: &io::Error) -> bool {
    !matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset)
}

/// Turns a LOG or ERROR message into a line of text for a person.
pub type ToText = Box<dyn Fn(Level, &str) -> String + Send + Sync>;

/// Takes blocks in order and writes them to stdout. `L` is the ledger of what is owed to the
/// reader.
pub struct Stdout<L> {
    inner: Mutex<Inner<L>>,
    /// Room for waiting blocks. Closed when nothing can be written any more.
    room: Arc<Semaphore>,
    debug: bool,
    /// How LOG and ERROR lines are written for a person. `None`: they are written as messages.
    to_text: Option<ToText>,
    /// Why a write failed, if the reason is not that the reader has gone.
    unwritable: Arc<OnceLock<String>>,
}

/// Bytes for the writing thread.
struct Block {
    bytes: Vec<u8>,
    /// Receives a message when the bytes are written and flushed.
    written: Option<oneshot::Sender<()>>,
    /// Returned when the bytes are written.
    room: OwnedSemaphorePermit,
}

struct Inner<L> {
    ledger: L,
    blocks: Option<mpsc::UnboundedSender<Block>>,
    finished: Option<thread_channel::Receiver<bool>>,
}

impl<L> fmt::Debug for Stdout<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stdout").finish_non_exhaustive()
    }
}

impl<L> Stdout<L> {
    /// Starts the writing thread over `out`. Except in tests, `out` is stdout. `debug` says whether
    /// DEBUG lines are written.
    pub fn new(mut out: impl Write + Send + 'static, ledger: L, debug: bool) -> Self {
        let (blocks, mut waiting) = mpsc::unbounded_channel::<Block>();
        let (done, finished) = thread_channel::channel();
        let room = Arc::new(Semaphore::new(BLOCKS_ON_THEIR_WAY));
        let none_left = Arc::clone(&room);
        let unwritable = Arc::new(OnceLock::new());
        let why = Arc::clone(&unwritable);
        std::thread::spawn(move || {
            let mut written = true;
            while let Some(block) = waiting.blocking_recv() {
                let done = out.write_all(&block.bytes).and_then(|()| out.flush());
                written = done.is_ok();
                if let Err(error) = done {
                    if is_not_gone(&error) {
                        let _ = why.set(error.to_string());
                    }
                    // Nobody may take the room that this block gives back.
                    none_left.close();
                    break;
                }
                // Whoever waited for it may be gone.
                let _ = block.written.map(|written| written.send(()));
                drop((block.bytes, block.room));
            }
            let _ = done.send(written);
        });
        let inner = Mutex::new(Inner { ledger, blocks: Some(blocks), finished: Some(finished) });
        Self { inner, room, debug, to_text: None, unwritable }
    }

    /// From now on, writes LOG and ERROR lines as text for a person.
    #[must_use]
    pub fn in_text(self, to_text: ToText) -> Self {
        Self { to_text: Some(to_text), ..self }
    }

    /// Why stdout cannot be written although its reader is there, for example because the disk is
    /// full.
    #[must_use]
    pub fn unwritable(&self) -> Option<&str> {
        self.unwritable.get().map(String::as_str)
    }

    /// Reads the ledger.
    pub async fn look<T>(&self, look: impl FnOnce(&L) -> T) -> T {
        look(&self.inner.lock().await.ledger)
    }

    /// Reads the ledger. `None` while something is being written, so that a caller who only watches
    /// never waits.
    pub fn try_look<T>(&self, look: impl FnOnce(&L) -> T) -> Option<T> {
        self.inner.try_lock().ok().map(|inner| look(&inner.ledger))
    }

    /// Writes a LOG line. DEBUG lines are written only if they were requested.
    ///
    /// # Errors
    /// [`Closed`] when nobody reads stdout any more. The same holds for every method below.
    pub async fn log(&self, level: Level, text: &str) -> Result<(), Closed> {
        if level == Level::Debug && !self.debug {
            return Ok(());
        }
        self.line(match &self.to_text {
            Some(to_text) => to_text(level, text).into_bytes(),
            None => message::log(level, text),
        })
        .await
    }

    /// Writes a TRACE ERROR.
    ///
    /// # Errors
    /// [`Closed`].
    pub async fn error(&self, trouble: &ErrorTrace) -> Result<(), Closed> {
        self.line(match &self.to_text {
            Some(to_text) => to_text(Level::Error, &trouble.message).into_bytes(),
            None => message::error(trouble, unix_ms()),
        })
        .await
    }

    /// Writes a ready line: SPEC, CONNECTION_STATUS or CATALOG.
    ///
    /// # Errors
    /// [`Closed`].
    pub async fn line(&self, line: Vec<u8>) -> Result<(), Closed> {
        self.send(|_| line).await
    }

    /// Writes a ready line and waits until stdout has it.
    ///
    /// # Errors
    /// [`Closed`].
    pub async fn line_flushed(&self, line: Vec<u8>) -> Result<(), Closed> {
        let (notify, written) = oneshot::channel();
        self.send_block(|_| line, Some(notify)).await?;
        written.await.map_err(|_| Closed)
    }

    /// Makes a block and hands it to the writing thread. The ledger changes only when there is room
    /// for the block. So a caller that gives up waiting changes nothing.
    ///
    /// # Errors
    /// [`Closed`].
    pub async fn send(&self, make: impl FnOnce(&mut L) -> Vec<u8>) -> Result<(), Closed> {
        self.send_block(make, None).await
    }

    async fn send_block(
        &self,
        make: impl FnOnce(&mut L) -> Vec<u8>,
        written: Option<oneshot::Sender<()>>,
    ) -> Result<(), Closed> {
        let mut inner = self.inner.lock().await;
        let blocks = inner.blocks.clone().ok_or(Closed)?;
        let room = Arc::clone(&self.room).acquire_owned().await.map_err(|_| Closed)?;
        let bytes = make(&mut inner.ledger);
        if bytes.is_empty() {
            return Ok(());
        }
        blocks.send(Block { bytes, written, room }).map_err(|_| Closed)
    }

    /// Accepts no more blocks and waits until all are written, at most `patience`. Returns false
    /// when the reader did not take everything in that time.
    pub async fn finish(&self, patience: Duration) -> bool {
        let mut inner = self.inner.lock().await;
        inner.blocks = None;
        let Some(finished) = inner.finished.take() else { return true };
        drop(inner);
        let waited =
            tokio::task::spawn_blocking(move || finished.recv_timeout(patience) == Ok(true));
        waited.await.unwrap_or(false)
    }
}

/// Unix time in milliseconds, by this machine's clock. The time at which a line was emitted is a
/// fact about this machine, not about Zendesk.
#[must_use]
pub fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
