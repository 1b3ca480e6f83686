//! `write`: handles the messages on stdin until its end. One loop takes rows in, hands batches out, and
//! settles the results. A STATE is written to stdout when every row before it is settled.

mod batches;
mod mirrors;
mod prepare;
mod progress;
mod report;
mod settle;
mod sweeps;

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use airbyte::destination::input::{Message, parse};
use airbyte::message::{ErrorTrace, Level};
use airbyte::stdout::Closed;
use connector::environment::Environment;
use connector::patience::{ANSWER_WITHIN, settle};
use connector::signals::Terminated;
use tokio::sync::mpsc::Receiver;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet, LocalSet};
use tokio::time::timeout;
use zendesk::clock::Clock;
use zendesk::error::ApiError;

use self::batches::{Batches, Taken};
use self::mirrors::Mirrors;
use self::prepare::{Prepared, prepare};
use self::settle::Settling;
use super::input::{Chunk, lines};
use super::{Out, failure, store};
use crate::config::Config;
use crate::jobs::Board;
use crate::writer::{Run, Writer, Written};

/// If no row arrives for this long, the waiting rows are written, even if a batch is not full.
const QUIET: Duration = Duration::from_secs(5);

/// How long to wait for jobs of a run that was killed.
const FORMER_JOBS: Duration = Duration::from_secs(60);

/// How a sync ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Complete,
    Failed,
    Stopped,
}

/// The input of a sync: the config and the catalog.
pub struct Request {
    pub config: Arc<Config>,
    pub catalog: Vec<airbyte::destination::catalog::ConfiguredStream>,
}

/// Writes all rows from `input`.
///
/// # Errors
/// [`Closed`] if stdout is closed.
pub async fn write(
    request: Request,
    environment: &Environment,
    clock: Clock,
    out: &Arc<Out>,
    terminated: &mut Terminated,
    input: impl Read + Send + 'static,
) -> Result<Outcome, Closed> {
    let (stop, stopping) = watch::channel(false);
    let tasks = LocalSet::new();
    let writing = write_all(request, environment, clock, out, stopping, input);
    let mut writing = Box::pin(tasks.run_until(Box::pin(writing)));
    let outcome = tokio::select! {
        outcome = &mut writing => outcome?,
        () = terminated.wait() => {
            // Confirmed rows are acknowledged already; all others come again. Renewed tokens are still saved.
            let _ = stop.send(true);
            let _ = timeout(ANSWER_WITHIN, writing).await;
            return Ok(Outcome::Stopped);
        }
    };
    match outcome {
        Ok(()) => Ok(Outcome::Complete),
        Err(trouble) => {
            out.error(&trouble).await?;
            Ok(Outcome::Failed)
        }
    }
}

async fn write_all(
    request: Request,
    environment: &Environment,
    clock: Clock,
    out: &Arc<Out>,
    stop: watch::Receiver<bool>,
    input: impl Read + Send + 'static,
) -> Result<Result<(), ErrorTrace>, Closed> {
    let Request { config, catalog } = request;
    let mut stopping = stop.clone();
    let prepared =
        Box::pin(prepare(&config, catalog, environment, clock.clone(), out, stop)).await?;
    let Prepared { api, identity, batches, mirrors } = match prepared {
        Ok(prepared) => prepared,
        Err(trouble) => return Ok(Err(trouble)),
    };
    let store = match store(&config, environment, &clock) {
        Ok(store) => store,
        Err(trouble) => return Ok(Err(trouble)),
    };
    let board = Arc::new(Board::new(Arc::clone(&api)));
    let run = Run { user: identity.id, attempt: environment.attempt };
    let writer = Writer::new(Arc::clone(&api), Arc::clone(&board), Arc::clone(&config), run);
    if !config.dry_run
        && let Err(error) = board.wait_for_others(FORMER_JOBS).await
    {
        return Ok(Err(failure::of_sync(&error, None)));
    }
    let settling = Settling::new(&config, out, &clock, store);
    settling.hold(mirrors.names()).await?;
    let mut sync = Sync {
        writer: Arc::new(writer),
        config: &config,
        clock: &clock,
        batches,
        mirrors,
        settling,
        environment,
        unread: 0,
        has_message: false,
    };
    let showing = Box::pin(progress::show(&api.client, out, environment.is_quiet));
    let done = tokio::select! {
        done = Box::pin(sync.run(lines(input))) => Some(done?),
        never = showing => match never {},
        Err(error) = board.look_on() => Some(Err(failure::of_sync(&error, None))),
        _ = stopping.wait_for(|stop| *stop) => None,
    };
    let closed = match done {
        Some(done) => {
            let done = done.and(sync.settling.close(sync.unread).await?);
            // A source that is only noisy sends messages too.
            let is_noise = sync.unread > 0 && !sync.has_message;
            done.and(if is_noise { Err(failure::of_noise()) } else { Ok(()) })
        }
        None => Ok(()),
    };
    settle(&api.client).await;
    Ok(closed)
}

/// A running sync.
struct Sync<'a> {
    writer: Arc<Writer>,
    config: &'a Config,
    clock: &'a Clock,
    batches: Batches,
    mirrors: Mirrors,
    settling: Settling<'a>,
    environment: &'a Environment,
    /// Lines on stdin that were not Airbyte messages.
    unread: u64,
    /// Whether any line was an Airbyte message.
    has_message: bool,
}

/// A batch that was written, with its results.
struct Finished {
    taken: Taken,
    written: Result<Vec<Written>, ApiError>,
}

/// Returns the result of a task. Tasks are never aborted, so a task without a result has panicked: the panic
/// goes on here.
fn of_task(finished: Result<Finished, JoinError>) -> Finished {
    finished.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

impl Sync<'_> {
    /// Runs until the input has ended and every row is settled.
    async fn run(&mut self, mut input: Receiver<Chunk>) -> Result<Result<(), ErrorTrace>, Closed> {
        let writer = Arc::clone(&self.writer);
        let mut waits = writer.api.client.waits();
        // Each batch is a separate task, so that it continues while this loop waits for stdout.
        let mut running = JoinSet::new();
        let mut is_open = true;
        loop {
            while running.len() < self.config.max_jobs
                && let Some((taken, batch)) = self.batches.take_ready()
            {
                let writer = Arc::clone(&writer);
                running.spawn_local(async move {
                    let written = writer.write(&taken.layout, batch).await;
                    Finished { taken, written }
                });
            }
            if !is_open && running.is_empty() && self.batches.is_empty() {
                return self.sweep(waits).await;
            }
            let takes_more = is_open && !self.batches.has_ready();
            let has_some = takes_more && !self.batches.is_empty();
            tokio::select! {
                biased;
                Some(finished) = running.join_next() => {
                    let Finished { taken, written } = of_task(finished);
                    self.batches.finish(&taken);
                    self.say(writer.take_warnings()).await?;
                    let settled = match written {
                        Ok(written) => {
                            self.mirrors.settled(&taken.layout, &written);
                            self.settling.settle(&taken.layout, written).await?
                        }
                        Err(error) => Err(failure::of_sync(&error, Some(taken.layout.bound.object))),
                    };
                    if let Err(trouble) = settled {
                        return Ok(Err(trouble));
                    }
                }
                Some(wait) = waits.recv() => self.settling.say_wait(&wait).await?,
                chunk = input.recv(), if takes_more => match chunk {
                    Some(Ok(lines)) => {
                        if let Err(trouble) = self.take(lines).await? {
                            return Ok(Err(trouble));
                        }
                    }
                    Some(Err(why)) => return Ok(Err(failure::of_input(&why))),
                    None => {
                        is_open = false;
                        self.batches.make_all_ready();
                    }
                },
                () = self.clock.sleep(QUIET), if has_some => self.batches.make_all_ready(),
            }
        }
    }

    /// Handles lines from stdin.
    async fn take(&mut self, lines: Vec<Vec<u8>>) -> Result<Result<(), ErrorTrace>, Closed> {
        for line in lines {
            let message = parse(&line);
            self.has_message |= message.is_ok();
            match message {
                Ok(Message::Record { stream, data }) => {
                    let id = self.settling.came(&stream).await?;
                    self.mirrors.row(&stream);
                    match self.batches.add(&stream, id, data) {
                        batches::Added::Waiting => {}
                        batches::Added::Settled(settled) => {
                            self.mirrors.rejected(&stream, settled.key.as_deref());
                            if let Err(trouble) =
                                self.settling.settle_row(&stream, *settled).await?
                            {
                                return Ok(Err(trouble));
                            }
                        }
                    }
                    let warnings = self.batches.take_warnings();
                    self.say(warnings).await?;
                }
                Ok(Message::State(state)) => {
                    self.mirrors.state(&state);
                    if let Err(trouble) = self.settling.state(state).await? {
                        return Ok(Err(trouble));
                    }
                }
                Ok(Message::StreamStatus { stream, is_complete }) => {
                    self.mirrors.ended(&stream, is_complete);
                }
                Ok(Message::Other) => {}
                Err(why) => {
                    self.unread += 1;
                    if self.unread == 1 {
                        let message = format!(
                            "a line on stdin is not an Airbyte message and is ignored ({why}). Check that only \
                             the source writes to stdin."
                        );
                        self.say(vec![message]).await?;
                    }
                }
            }
        }
        Ok(Ok(()))
    }

    async fn say(&self, warnings: Vec<String>) -> Result<(), Closed> {
        for warning in warnings {
            self.settling.log(Level::Warn, &warning).await?;
        }
        Ok(())
    }
}
