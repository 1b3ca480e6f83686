//! `read` reads every selected stream to its end. A stream that fails ends INCOMPLETE, and the
//! others go on. The program then exits with 1.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, join, join_all, select};
use tokio::sync::{mpsc, watch};

use super::endings::Endings;
use super::estimate::estimate;
use super::open_streams::{Begun, Known, begin, wants_files};
use super::prepare::{ReadRequest, prepare};
use super::report::Reporter;
use super::waits::Waits;
use super::{Environment, connect, failure, progress};
use crate::sync::files::download;
use crate::sync::listing::context::Context;
use crate::sync::listing::member::Group;
use crate::sync::walk;
use airbyte::catalog::Selected;
use airbyte::message::{ErrorTrace, Level};
use airbyte::source::emitter::Emitter;
use airbyte::stdout::Closed;
use connector::patience::settle;
use connector::signals::Terminated;
use zendesk::client::Client;
use zendesk::clock::Clock;

/// How often the platform is shown that silent streams are alive.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// How long a sync that was asked to stop may take to write what is complete.
const STOP_WITHIN: Duration = Duration::from_secs(4);

/// The exit code of a program that obeyed SIGTERM (128 + 15). Platforms take it for normal.
const STOPPED: u8 = 143;

/// The exit code of a program whose output nobody reads any more (128 + 13, SIGPIPE).
const READER_GONE: u8 = 141;

/// How a sync ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Complete,
    /// Some streams failed, or the whole sync did.
    Failed,
    Stopped,
    ReaderGone,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Complete => Self::SUCCESS,
            Outcome::Failed => Self::FAILURE,
            Outcome::Stopped => Self::from(STOPPED),
            Outcome::ReaderGone => Self::from(READER_GONE),
        }
    }
}

/// Reads all selected streams.
pub async fn read(
    request: ReadRequest,
    environment: &Environment,
    clock: Clock,
    emitter: &Arc<Emitter>,
    terminated: &mut Terminated,
) -> Outcome {
    match read_all(request, environment, clock, emitter, terminated).await {
        Ok(outcome) => outcome,
        Err(Closed) => Outcome::ReaderGone,
    }
}

async fn read_all(
    request: ReadRequest,
    environment: &Environment,
    clock: Clock,
    emitter: &Arc<Emitter>,
    terminated: &mut Terminated,
) -> Result<Outcome, Closed> {
    let (stop, stopping) = watch::channel(false);
    let client = match connect(&request.config, environment, clock, stopping, emitter) {
        Ok(client) => client,
        Err(trouble) => return fail_all(emitter, &trouble).await,
    };
    let work = Box::pin(sync(request, environment, &client, emitter));
    let beating = Box::pin(heartbeat(&client, emitter));
    let showing = Box::pin(progress::show(&client, emitter));
    tokio::pin!(work);
    tokio::select! {
        outcome = &mut work => return outcome,
        closed = beating => return closed,
        never = showing => match never {},
        () = terminated.wait() => {}
    }
    // Requests end at once; a batch that is being written is written whole.
    let _ = stop.send(true);
    if let Ok(Err(Closed)) = tokio::time::timeout(STOP_WITHIN, work).await {
        return Err(Closed);
    }
    settle(&client).await;
    Ok(Outcome::Stopped)
}

async fn sync(
    request: ReadRequest,
    environment: &Environment,
    client: &Client,
    emitter: &Emitter,
) -> Result<Outcome, Closed> {
    let mut waits = client.waits();
    let prepared = prepare(&request, environment, client, &mut waits, emitter).await?;
    let prepared = match prepared {
        Ok(prepared) => prepared,
        Err(trouble) => return fail_all(emitter, &trouble).await,
    };
    let known = Known {
        streams: &prepared.streams,
        troubles: &prepared.troubles,
        refused: &prepared.refused,
        help_centers: &prepared.help_centers,
        config: &request.config,
        states: &request.states,
        environment,
        client,
        now: prepared.now,
    };
    warn_of_other_folder(&request.selected, &known, emitter).await?;
    let begun = begin(request.selected, &known, emitter).await?;
    let hosts = begun.hosts();
    let Begun { groups, mut failed, from_the_beginning } = begun;
    let mut reporter = Reporter {
        client,
        emitter,
        endings: Endings::new(hosts, prepared.help_centers.not_enabled),
        waits: Waits::new(groups.iter().map(Group::names)),
        failed: &mut failed,
    };
    let config = &*request.config;
    let (ended, endings) = mpsc::unbounded_channel();
    // Polled together: see ARCHITECTURE, Invariants.
    let walking = async move {
        let staging = &download::staging(environment.staging.as_deref());
        let (site, hosts) = (None, &*prepared.file_hosts);
        let context = Context { client, site, hosts, emitter, config, staging, ended: &ended };
        join_all(groups.into_iter().map(|group| Box::pin(walk::read(context, group)))).await;
    };
    let reading = join(Box::pin(walking), Box::pin(reporter.report(endings, waits)));
    let estimating = Box::pin(estimate(client, emitter, config, &from_the_beginning));
    // The estimate may still be running when the walks are done; nobody waits for it.
    let ((), stopped) = match select(reading, estimating).await {
        Either::Left((read, _)) => read,
        Either::Right((estimated, reading)) => {
            estimated?;
            reading.await
        }
    };
    let stopped = stopped?;
    let waited =
        format!("requests that waited at the same time: {} at most", client.most_waiting());
    emitter.log(Level::Debug, &waited).await?;
    if stopped {
        return Ok(Outcome::Stopped);
    }
    if failed.is_empty() {
        return Ok(Outcome::Complete);
    }
    emitter.error(&failure::of_sync(&failed)).await?;
    Ok(Outcome::Failed)
}

/// Warns if files do not go where the environment says, because that folder does not exist.
async fn warn_of_other_folder(
    selected: &[Selected],
    known: &Known<'_>,
    emitter: &Emitter,
) -> Result<(), Closed> {
    let Some(named) = known.environment.staging.as_deref().filter(|named| !named.exists()) else {
        return Ok(());
    };
    let has_files = |selected: &Selected| {
        let stream = known.streams.iter().find(|stream| stream.name == selected.name);
        stream.is_some_and(|stream| wants_files(stream, selected, known.environment))
    };
    if !selected.iter().any(has_files) {
        return Ok(());
    }
    let message = format!(
        "the folder for files, {}, does not exist, so files go to {}. Create it, or correct \
         AIRBYTE_STAGING_DIRECTORY.",
        named.display(),
        download::staging(Some(named)).display()
    );
    emitter.log(Level::Warn, &message).await
}

async fn fail_all(emitter: &Emitter, trouble: &ErrorTrace) -> Result<Outcome, Closed> {
    emitter.error(trouble).await?;
    Ok(Outcome::Failed)
}

async fn heartbeat(client: &Client, emitter: &Emitter) -> Result<Outcome, Closed> {
    loop {
        client.clock().sleep(HEARTBEAT).await;
        emitter.heartbeat().await?;
    }
}
