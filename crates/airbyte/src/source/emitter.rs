//! What a source writes: whole batches of rows, and STATE lines after the rows that they cover.

use std::borrow::Cow;
use std::fmt;
use std::io::Write;
use std::ops::Deref;
use std::time::Duration;

use tokio::sync::Notify;

use super::ledger::{Due, Ledger, Positions, Progress, Totals};
use crate::message::{self, Status};
use crate::stdout::{Closed, Stdout, ToText, unix_ms};

/// The rows of one page for all its streams, as RECORD lines, and the positions that they reach. A
/// batch is written whole, so that no state can precede its rows.
#[derive(Debug, Default)]
pub struct Batch {
    /// RECORD lines.
    pub lines: Vec<u8>,
    pub parts: Vec<Part>,
}

/// One stream's share of a batch.
#[derive(Debug)]
pub struct Part {
    pub stream: Cow<'static, str>,
    /// The brand whose part of the stream's state this position is. `None` for the top-level state.
    pub brand: Option<u64>,
    pub rows: u64,
    /// The stream's state after these rows, a JSON object as text.
    pub position: Option<String>,
}

/// Takes batches and messages in order and writes them to stdout. Nothing else writes to stdout
/// while a sync runs.
pub struct Emitter {
    stdout: Stdout<Ledger>,
    /// Time since the program's start, on the sync's clock.
    now: Box<dyn Fn() -> Duration + Send + Sync>,
    /// Notified when a page was written or a stream has ended.
    moved: Notify,
}

impl fmt::Debug for Emitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emitter").finish_non_exhaustive()
    }
}

/// Lines that concern no stream's ledger are written by the methods of [`Stdout`].
impl Deref for Emitter {
    type Target = Stdout<Ledger>;

    fn deref(&self) -> &Self::Target {
        &self.stdout
    }
}

impl Emitter {
    /// Starts the writing thread over `out`. Except in tests, `out` is stdout. `now` is the time
    /// since the program's start.
    pub fn new(
        out: impl Write + Send + 'static,
        now: impl Fn() -> Duration + Send + Sync + 'static,
        debug: bool,
    ) -> Self {
        let stdout = Stdout::new(out, Ledger::default(), debug);
        Self { stdout, now: Box::new(now), moved: Notify::new() }
    }

    /// From now on, writes LOG and ERROR lines as text for a person.
    #[must_use]
    pub fn in_text(self, to_text: ToText) -> Self {
        Self { stdout: self.stdout.in_text(to_text), ..self }
    }

    /// Makes a block from the ledger and the time, and writes it.
    async fn write(
        &self,
        make: impl FnOnce(&mut Ledger, Duration) -> Vec<u8>,
    ) -> Result<(), Closed> {
        self.stdout.send(|ledger| make(ledger, (self.now)())).await
    }

    /// Opens a stream: writes the status STARTED, and notes the position from which it is read.
    ///
    /// # Errors
    /// [`Closed`] when nobody reads stdout any more. The same holds for every method below.
    pub async fn open(&self, stream: &str, position: impl Into<Positions>) -> Result<(), Closed> {
        let position = position.into();
        self.write(|ledger, now| {
            ledger.open(stream, position, now);
            message::stream_status(stream, Status::Started, unix_ms())
        })
        .await
    }

    /// Writes a whole batch, then the STATE lines that are due. From its first batch on a stream is
    /// RUNNING, also if the batch has no rows of it.
    ///
    /// # Errors
    /// [`Closed`].
    pub async fn batch(&self, mut batch: Batch) -> Result<(), Closed> {
        self.write(|ledger, now| {
            let mut started = Vec::new();
            for part in &mut batch.parts {
                started.extend(running(ledger, &part.stream));
                ledger.wrote(&part.stream, part.brand, part.rows, part.position.take());
            }
            let streams: Vec<&str> = batch.parts.iter().map(|part| &*part.stream).collect();
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

    /// Closes a stream: writes its last STATE, then COMPLETE or INCOMPLETE. Returns how many rows
    /// and states were written for it.
    ///
    /// # Errors
    /// [`Closed`].
    pub async fn close(&self, stream: &str, status: Status) -> Result<Totals, Closed> {
        let mut totals = Totals::default();
        self.write(|ledger, now| {
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

    /// Waits until a stream's first page is written. Returns false if the stream has ended by then.
    pub async fn until_begun(&self, stream: &str) -> bool {
        loop {
            let moved = self.moved.notified();
            tokio::pin!(moved);
            // Registered before looking, so that no page can slip between look and wait.
            moved.as_mut().enable();
            match self.stdout.look(|ledger| ledger.has_begun(stream)).await {
                Some(false) => {}
                begun => return begun.is_some(),
            }
            moved.await;
        }
    }

    /// Reports about how many rows of a stream this sync will deliver. Writes nothing if the stream
    /// has ended.
    ///
    /// # Errors
    /// [`Closed`].
    pub async fn estimate(&self, stream: &str, rows: u64) -> Result<(), Closed> {
        self.write(|ledger, _| {
            let is_open = ledger.estimate(stream, rows);
            if is_open { message::estimate(stream, rows, unix_ms()) } else { Vec::new() }
        })
        .await
    }

    /// The progress of the streams that are being read. `None` while something is being written, so
    /// that a caller who only watches never waits.
    #[must_use]
    pub fn progress(&self) -> Option<Vec<Progress>> {
        self.stdout.try_look(Ledger::progress)
    }

    /// Reports that streams wait for a limit until `until_ms`, unix time in milliseconds. Only
    /// those of the given streams that are open are reported.
    ///
    /// # Errors
    /// [`Closed`].
    pub async fn rate_limited(&self, streams: &[&str], until_ms: u64) -> Result<(), Closed> {
        self.write(|ledger, _| {
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

    /// Writes the STATE lines that show platforms that silent streams are alive. To be called every
    /// few seconds.
    ///
    /// # Errors
    /// [`Closed`].
    pub async fn heartbeat(&self) -> Result<(), Closed> {
        self.write(|ledger, now| {
            let mut block = Vec::new();
            push_states(&mut block, ledger.heartbeat(now));
            block
        })
        .await
    }

    /// Streams that were opened and not yet closed.
    pub async fn open_streams(&self) -> Vec<String> {
        self.stdout.look(Ledger::open_streams).await
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
