//! `sync` reads as `read` does, once or repeatedly, and keeps rows and states in a folder. The
//! [`Filer`](filer::Filer) puts into files what `read` would write to stdout.

use std::io::{Stdout, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::offered::{Within, offered};
use super::prepare::ReadRequest;
use super::read::{Outcome, read};
use super::selection::{Selection, chosen_of};
use super::{Environment, connect, read_config};
use crate::config::Config;
use crate::streams::{DeletionMarker, ResolvedStream};
use airbyte::catalog::{Selected, SyncMode};
use airbyte::message::{ErrorTrace, Level};
use airbyte::source::emitter::Emitter;
use airbyte::source::state::SavedStates;
use connector::config::Credentials;
use connector::failure::refused;
use connector::patience::{ANSWER_WITHIN, LAST_WORDS_WITHIN, STOPPED_WITHIN, settle};
use connector::signals::Terminated;
use zendesk::clock::Clock;

pub mod cabinet;
pub mod every;
pub mod filer;
pub mod folder;
pub mod lines;
pub mod part;
pub mod replace;
pub mod saved;
pub mod views;

use cabinet::Kept;
use filer::{Filed, Filer, unsaved};
use folder::Folder;
use replace::is_replaceable;
use saved::Saved;
use views::{Viewed, view};

/// The column for the time of deletion, if the configuration names none.
const DELETED_AT: &str = "_ab_cdc_deleted_at";

/// How long it may take to find out the streams of the account. Nobody waits for the answer.
const FOUND_WITHIN: Within =
    Within { probes: Duration::from_secs(600), columns: Duration::from_secs(3600) };

/// The arguments of `sync`.
#[derive(Debug)]
pub struct SyncRequest {
    pub config: PathBuf,
    pub into: PathBuf,
    pub selection: Selection,
    /// The time from the start of one sync to the start of the next. `None` for a single sync.
    pub every: Option<Duration>,
}

/// Why a run ended without an outcome of its own.
enum Interrupted {
    Stopped,
    ReaderGone,
    Failed(ErrorTrace),
}

impl From<ErrorTrace> for Interrupted {
    fn from(trouble: ErrorTrace) -> Self {
        Self::Failed(trouble)
    }
}

impl From<airbyte::stdout::Closed> for Interrupted {
    fn from(_: airbyte::stdout::Closed) -> Self {
        Self::ReaderGone
    }
}

/// Syncs once, or again and again until the program is asked to end.
pub async fn sync(
    request: &SyncRequest,
    environment: &Environment,
    clock: &Clock,
    terminated: &mut Terminated,
) -> Outcome {
    let mut environment = environment.clone();
    // A full refresh that was interrupted goes on, as inside of one job.
    environment.shared.attempt = 1;
    let (mut folder, mut is_first) = (None, true);
    loop {
        let began = clock.elapsed();
        let outcome = match prepared(request, &mut folder) {
            Ok((config, saved, folder)) => {
                let run = Run { request, folder, environment: &environment, clock };
                match Box::pin(run.once(config, saved, terminated)).await {
                    Ok(outcome) => outcome,
                    Err(Interrupted::Stopped) => Outcome::Stopped,
                    Err(Interrupted::ReaderGone) => Outcome::ReaderGone,
                    Err(Interrupted::Failed(trouble)) => told(&trouble),
                }
            }
            // A sync that cannot begin is not repeated.
            Err(trouble) if is_first => return told(&trouble),
            Err(trouble) => told(&trouble),
        };
        is_first = false;
        let Some(every) = request.every else { return outcome };
        if matches!(outcome, Outcome::Stopped | Outcome::ReaderGone) {
            return outcome;
        }
        let pause = every::pause(every, clock.elapsed().saturating_sub(began));
        say(&format!("INFO the next sync starts in {} s", pause.as_secs()));
        tokio::select! {
            () = clock.sleep(pause) => {}
            () = terminated.wait() => return Outcome::Stopped,
        }
    }
}

/// Reads the configuration and the saved state for one run. Takes the folder for the first run, and
/// again if it was deleted after that: another process may have made it anew.
fn prepared(
    request: &SyncRequest,
    taken: &mut Option<Arc<Folder>>,
) -> Result<(Config, Saved, Arc<Folder>), ErrorTrace> {
    let config = usable_config(&request.config)?;
    let folder = match taken.take().filter(|folder| folder.is_held()) {
        Some(folder) => folder,
        None => Arc::new(Folder::take(&request.into)?),
    };
    let folder = Arc::clone(taken.insert(folder));
    let saved = folder.saved(&config)?;
    Ok((config, saved, folder))
}

/// Says why a run failed.
fn told(trouble: &ErrorTrace) -> Outcome {
    say(&format!("ERROR {trouble}"));
    Outcome::Failed
}

/// Says something between two runs, when no emitter writes.
fn say(text: &str) {
    // Whoever does not listen misses nothing that was filed; there may be a listener at the other place.
    if writeln!(std::io::stdout(), "{text}").is_err() {
        let _ = writeln!(std::io::stderr(), "{text}");
    }
}

/// Reads the configuration, and checks that it can be used: renewed tokens must fit into its file.
/// Sets the column for deletions if it has none.
fn usable_config(path: &Path) -> Result<Config, ErrorTrace> {
    let mut config = read_config(path)?;
    config.deleted_at_field.get_or_insert_with(|| DELETED_AT.to_owned());
    if matches!(config.account.credentials, Credentials::Refresh { .. }) {
        let path = file_of(path);
        is_replaceable(&path).map_err(|error| unsaved(&path, &error))?;
    }
    Ok(config)
}

/// The file itself, if the path is a link to it.
fn file_of(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// One run of a sync.
struct Run<'r> {
    request: &'r SyncRequest,
    folder: Arc<Folder>,
    environment: &'r Environment,
    clock: &'r Clock,
}

impl Run<'_> {
    /// Reads all streams to their ends.
    async fn once(
        &self,
        config: Config,
        saved: Saved,
        terminated: &mut Terminated,
    ) -> Result<Outcome, Interrupted> {
        let filer = self.filer(saved);
        let timer = self.clock.clone();
        let (out, debug) = (filer.clone(), self.environment.shared.debug);
        let emitter = Arc::new(Emitter::new(out, move || timer.elapsed(), debug));
        let done = self.read(config, &filer, &emitter, terminated).await;
        let is_stopped = matches!(done, Err(Interrupted::Stopped) | Ok(Outcome::Stopped));
        let patience = if is_stopped { STOPPED_WITHIN } else { LAST_WORDS_WITHIN };
        if let Err(Interrupted::Failed(trouble)) = &done {
            // One that cannot be written any more is told below.
            let _ = emitter.error(trouble).await;
        }
        tokio::select! {
            _ = emitter.finish(patience) => {}
            () = terminated.wait() => return Err(Interrupted::Stopped),
        }
        // A thread of its own, because a disk may be slow; nothing else goes on meanwhile.
        let filed = tokio::task::spawn_blocking(move || filer.finish()).await;
        match filed {
            Ok(Ok(rows)) => say(&format!("INFO {rows} rows saved")),
            Ok(Err(trouble)) => return Err(Interrupted::Failed(trouble)),
            Err(_) => return Ok(Outcome::Failed),
        }
        match done {
            Err(Interrupted::Failed(_)) => Ok(Outcome::Failed),
            done => done,
        }
    }

    fn filer(&self, saved: Saved) -> Filer<Stdout> {
        let (folder, timer) = (Arc::clone(&self.folder), self.clock.clone());
        let config = file_of(&self.request.config);
        Filer::new(folder, saved, config, std::io::stdout(), move || timer.elapsed())
    }

    async fn read(
        &self,
        config: Config,
        filer: &Filer<Stdout>,
        emitter: &Arc<Emitter>,
        terminated: &mut Terminated,
    ) -> Result<Outcome, Interrupted> {
        let streams = self.streams(config, emitter, terminated).await?;
        // Tokens that were renewed meanwhile are in the file.
        let config = usable_config(&self.request.config)?;
        let mode = |stream: &ResolvedStream| self.request.selection.mode_of(stream);
        let filed = streams.iter().map(|stream| filed(stream, mode(stream))).collect();
        let states = filer.open(filed)?;
        let states = SavedStates::parse(states.as_bytes());
        let states = states.map_err(|error| refused(&error.to_string()))?;
        let selected = streams.iter().map(|stream| selected(stream, mode(stream))).collect();
        let request = ReadRequest { config: Arc::new(config), selected, states };
        let (environment, clock) = (self.environment, self.clock.clone());
        Ok(Box::pin(read(request, environment, clock, emitter, terminated)).await)
    }

    /// The streams to read, as the account has them now.
    async fn streams(
        &self,
        config: Config,
        emitter: &Arc<Emitter>,
        terminated: &mut Terminated,
    ) -> Result<Vec<ResolvedStream>, Interrupted> {
        let (stop, stopping) = watch::channel(false);
        let client =
            connect(&config, self.environment, self.clock.clone(), stopping.clone(), emitter)?;
        let selection = &self.request.selection;
        let is_wanted = |stream: &ResolvedStream| selection.has(stream);
        let mut asking = Box::pin(async {
            let offered = offered(&client, &config, emitter, FOUND_WITHIN, is_wanted).await;
            settle(&client).await;
            offered
        });
        let offered = tokio::select! {
            offered = &mut asking => offered?,
            () = terminated.wait() => {
                // New tokens that are on their way are still saved.
                let _ = stop.send(true);
                let _ = tokio::time::timeout(ANSWER_WITHIN, asking).await;
                return Err(Interrupted::Stopped);
            }
        };
        let offered = offered?;
        let chosen = chosen_of(selection, &offered, &config)?;
        let streams: Vec<ResolvedStream> = chosen.into_iter().cloned().collect();
        let found =
            format!("writing {} streams to {}", streams.len(), self.folder.path().display());
        emitter.log(Level::Info, &found).await?;
        Ok(streams)
    }
}

/// How a stream is filed.
fn filed(stream: &ResolvedStream, mode: SyncMode) -> Filed {
    let kept = match (mode, stream.is_resumable()) {
        (SyncMode::Incremental, _) => Kept::Added,
        (SyncMode::FullRefresh, true) => Kept::Replaced,
        (SyncMode::FullRefresh, false) => Kept::ReplacedAtOnce,
    };
    // Schemas are part of the program and tested; an unreadable one would be an open object.
    let schema = stream.json_schema().unwrap_or_default();
    let is_list_of_deleted =
        stream.deletion.is_some_and(|deletion| deletion.sign == DeletionMarker::Every);
    let (name, key) = (stream.name.to_string(), stream.primary_key);
    let deleted_at = stream.deleted_at.clone().filter(|_| !is_list_of_deleted);
    let stream = name.clone();
    let view = move |folder: &str| {
        let deleted_at = deleted_at.as_deref();
        view(&Viewed { stream: &stream, folder, key, schema: &schema, deleted_at })
    };
    Filed { name, kept, view: Box::new(view) }
}

/// How a stream is selected for a read.
fn selected(stream: &ResolvedStream, mode: SyncMode) -> Selected {
    let name = stream.name.to_string();
    Selected { name, mode, properties: None, include_files: Some(false) }
}
