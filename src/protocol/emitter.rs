//! The one owner of stdout. Batches are written whole, and STATE lines follow their rows. A dedicated
//! thread writes stdout: back-pressure slows the sync but never blocks signal handling.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, OnceLock, mpsc as thread_channel};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::{Mutex, Notify, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::ledger::{Due, Ledger, Positions, Progress, Totals};
use super::message::{self, ErrorTrace, Level, Status};

/// Blocks that may be on their way to a slow reader. One is being written while walks make the next
/// ones, which are as large as pages.
const BLOCKS_ON_THEIR_WAY: usize = 1;

/// The rows of one page for all its streams, framed, with the positions they reach. It is written
/// whole, so that a state can never overtake its rows.
#[derive(Debug, Default)]
pub struct Batch {
    /// RECORD lines.
    pub lines: Vec<u8>,
    pub parts: Vec<Part>,
}

/// One stream's share of a batch.
#[derive(Debug)]
pub struct Part {
    pub stream: &'static str,
    /// The brand whose part of the stream's state the position is; none for the state itself.
    pub brand: Option<u64>,
    pub rows: u64,
    /// The stream's state once these rows are written, a JSON object as text.
    pub position: Option<String>,
}

/// Nothing can be written to stdout any more: its reader has gone, or what it leads to takes no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("stdout takes no more")
    }
}

impl Error for Closed {}

/// Why stdout cannot be written, if it is not that its reader has gone.
#[must_use]
pub fn is_not_gone(error: &io::Error) -> bool {
    !matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset)
}

/// Takes batches and messages in order and writes them to stdout.
pub struct Emitter {
    inner: Mutex<Inner>,
    /// Room for blocks on their way; closed when the reader has gone.
    room: Arc<Semaphore>,
    /// Time since the program's start, on the clock that the sync lives by.
    now: Box<dyn Fn() -> Duration + Send + Sync>,
    debug: bool,
    /// A page was written, or a stream has ended.
    moved: Notify,
    /// Why a write failed, if it was not that the reader has gone.
    unwritable: Arc<OnceLock<String>>,
}

/// Bytes for the writing thread.
struct Block {
    bytes: Vec<u8>,
    /// Told once they are written and flushed.
    written: Option<oneshot::Sender<()>>,
    /// Given back once they are written.
    room: OwnedSemaphorePermit,
}

struct Inner {
    ledger: Ledger,
    blocks: Option<mpsc::UnboundedSender<Block>>,
    finished: Option<thread_channel::Receiver<bool>>,
}

impl std::fmt::Debug for Emitter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Emitter").finish_non_exhaustive()
    }
}

impl Emitter {
    /// Starts the writing thread over `out`, which is stdout but for tests.
    pub fn new(
        mut out: impl Write + Send + 'static,
        now: impl Fn() -> Duration + Send + Sync + 'static,
        debug: bool,
    ) -> Self {
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
        let inner =
            Inner { ledger: Ledger::default(), blocks: Some(blocks), finished: Some(finished) };
        let (inner, now, moved) = (Mutex::new(inner), Box::new(now), Notify::new());
        Self { inner, room, now, debug, moved, unwritable }
    }

    /// Why stdout cannot be written, where its reader is there and what it leads to takes no more,
    /// as a full disk.
    #[must_use]
    pub fn unwritable(&self) -> Option<&str> {
        self.unwritable.get().map(String::as_str)
    }

    /// Opens a stream: status STARTED, and the position it is read from.
    ///
    /// # Errors
    /// [`Closed`] when nobody reads any more; the same for every method below.
    pub async fn open(&self, stream: &str, position: impl Into<Positions>) -> Result<(), Closed> {
        let position = position.into();
        self.send(|ledger, now| {
            ledger.open(stream, position, now);
            message::stream_status(stream, Status::Started, unix_ms())
        })
        .await
    }

    /// Writes a batch whole, and the STATE lines that are due after it. Its streams are RUNNING
    /// from here on, rows or not.
    ///
    /// # Errors
    /// [`Closed`].
    pub async fn batch(&self, mut batch: Batch) -> Result<(), Closed> {
        self.send(|ledger, now| {
            let mut started = Vec::new();
            for part in &mut batch.parts {
                started.extend(running(ledger, part.stream));
                ledger.wrote(part.stream, part.brand, part.rows, part.position.take());
            }
            let streams: Vec<&str> = batch.parts.iter().map(|part| part.stream).collect();
            push_states(&mut batch.lines, ledger.after_batch(&streams, now));
            if !started.is_empty() {
                batch.lines.splice(0..0, started);
            }
            batch.lines
        })
        .await?;
        self.moved.notify_waiters();
        Ok(())
    }

    /// Closes a stream: its last STATE, then COMPLETE or INCOMPLETE. Returns what was written.
    ///
    /// # Errors
    /// [`Closed`].
    pub async fn close(&self, stream: &str, status: Status) -> Result<Totals, Closed> {
        let mut totals = Totals::default();
        self.send(|ledger, now| {
            // An empty stream runs too: acceptance tests want STARTED, RUNNING and an end.
            let mut block = running(ledger, stream);
            push_states(&mut block, ledger.close(stream, now));
            block.extend(message::stream_status(stream, status, unix_ms()));
            totals = ledger.totals(stream);
            block
        })
        .await?;
        self.moved.notify_waiters();
        Ok(totals)
    }

    /// Waits until a stream's first page is written. False when the stream has ended by then.
    pub async fn until_begun(&self, stream: &str) -> bool {
        loop {
            let moved = self.moved.notified();
            tokio::pin!(moved);
            // Registered before looking, so that no page can slip between look and wait.
            moved.as_mut().enable();
            match self.inner.lock().await.ledger.has_begun(stream) {
                Some(false) => {}
                begun => return begun.is_some(),
            }
            moved.await;
        }
    }

    /// Tells about how many rows this sync will deliver of a stream, unless it has ended.
    ///
    /// # Errors
    /// [`Closed`].
    pub async fn estimate(&self, stream: &str, rows: u64) -> Result<(), Closed> {
        self.send(|ledger, _| {
            let is_open = ledger.estimate(stream, rows);
            if is_open { message::estimate(stream, rows, unix_ms()) } else { Vec::new() }
        })
        .await
    }

    /// How far the streams that are being read have come. None while something is being written:
    /// whoever only looks on does not wait.
    #[must_use]
    pub fn progress(&self) -> Option<Vec<Progress>> {
        self.inner.try_lock().ok().map(|inner| inner.ledger.progress())
    }

    /// Tells that those of these streams that are open wait for a limit until then, unix time in
    /// milliseconds.
    ///
    /// # Errors
    /// [`Closed`].
    pub async fn rate_limited(&self, streams: &[&str], until_ms: u64) -> Result<(), Closed> {
        self.send(|ledger, _| {
            let open = ledger.open_streams();
            let waiting = streams.iter().filter(|name| open.iter().any(|open| open == *name));
            let mut block = Vec::new();
            for name in waiting {
                block.extend(running(ledger, name));
                block.extend(message::rate_limited(name, until_ms, unix_ms()));
            }
            block
        })
        .await
    }

    /// Keeps silent streams alive; to be called every few seconds.
    ///
    /// # Errors
    /// [`Closed`].
    pub async fn heartbeat(&self) -> Result<(), Closed> {
        self.send(|ledger, now| {
            let mut block = Vec::new();
            push_states(&mut block, ledger.heartbeat(now));
            block
        })
        .await
    }

    /// Writes a LOG line; DEBUG lines only when asked for.
    ///
    /// # Errors
    /// [`Closed`].
    pub async fn log(&self, level: Level, text: &str) -> Result<(), Closed> {
        if level == Level::Debug && !self.debug {
            return Ok(());
        }
        self.line(message::log(level, text)).await
    }

    /// Writes a TRACE ERROR.
    ///
    /// # Errors
    /// [`Closed`].
    pub async fn error(&self, trouble: &ErrorTrace) -> Result<(), Closed> {
        self.line(message::error(trouble, unix_ms())).await
    }

    /// Writes a ready line: SPEC, CONNECTION_STATUS or CATALOG.
    ///
    /// # Errors
    /// [`Closed`].
    pub async fn line(&self, line: Vec<u8>) -> Result<(), Closed> {
        self.send(|_, _| line).await
    }

    /// Writes a ready line and waits until stdout has it.
    ///
    /// # Errors
    /// [`Closed`].
    pub async fn line_flushed(&self, line: Vec<u8>) -> Result<(), Closed> {
        let (notify, written) = oneshot::channel();
        self.send_block(|_, _| line, Some(notify)).await?;
        written.await.map_err(|_| Closed)
    }

    /// Streams that were opened and not yet closed.
    pub async fn open_streams(&self) -> Vec<String> {
        self.inner.lock().await.ledger.open_streams()
    }

    /// Makes a block and hands it to the writing thread. The ledger changes only once there is
    /// room for the block, so that a caller that gives up waiting leaves no unwritten promise.
    async fn send(
        &self,
        make: impl FnOnce(&mut Ledger, Duration) -> Vec<u8>,
    ) -> Result<(), Closed> {
        self.send_block(make, None).await
    }

    async fn send_block(
        &self,
        make: impl FnOnce(&mut Ledger, Duration) -> Vec<u8>,
        written: Option<oneshot::Sender<()>>,
    ) -> Result<(), Closed> {
        let mut inner = self.inner.lock().await;
        let blocks = inner.blocks.clone().ok_or(Closed)?;
        let room = Arc::clone(&self.room).acquire_owned().await.map_err(|_| Closed)?;
        let bytes = make(&mut inner.ledger, (self.now)());
        if bytes.is_empty() {
            return Ok(());
        }
        blocks.send(Block { bytes, written, room }).map_err(|_| Closed)
    }

    /// Takes no more and waits until all is written, at most `patience`. False when the reader
    /// did not take everything in that time.
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

fn running(ledger: &mut Ledger, stream: &str) -> Vec<u8> {
    if ledger.running(stream) {
        message::stream_status(stream, Status::Running, unix_ms())
    } else {
        Vec::new()
    }
}

fn push_states(lines: &mut Vec<u8>, due: Vec<Due>) {
    for Due { stream, position, rows } in due {
        message::push_state(lines, &stream, &position, rows);
    }
}

/// Unix time in milliseconds, by this machine's clock: when a line was emitted is a fact about
/// this machine, not about Zendesk.
#[must_use]
pub fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
