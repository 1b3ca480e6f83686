//! `read`: every selected stream to its end. A stream that fails ends INCOMPLETE and the others go
//! on; then the program exits with 1.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, join, join_all, select};
use tokio::sync::{mpsc, watch};

use super::brands::{HelpCenters, NoHelpCenters, help_centers, hosts};
use super::endings::{Endings, Whole, some};
use super::estimate::estimate;
use super::identity::identity;
use super::open_streams::{Begun, Known, begin, wants_files};
use super::signals::Terminated;
use super::waits::{self, Waits};
use super::{
    Environment, SETTLE_WITHIN, connect, deletions, ends_soon, failure, fallback, fields, progress,
};
use crate::config::Config;
use crate::protocol::catalog::Selected;
use crate::protocol::emitter::{Closed, Emitter};
use crate::protocol::message::{ErrorTrace, FailureType, Level, Status};
use crate::protocol::state::SavedStates;
use crate::streams::custom_objects::records_named;
use crate::streams::{Stream, registry_with};
use crate::sync::WalkError;
use crate::sync::files::download;
use crate::sync::listing::context::Context;
use crate::sync::listing::member::{FileStats, Group, Report};
use crate::sync::plan::Now;
use crate::sync::walk;
use crate::zendesk::budget::Wait;
use crate::zendesk::client::Client;
use crate::zendesk::clock::Clock;
use crate::zendesk::error::ErrorKind;
use crate::zendesk::site::Site;

/// How often silent streams are looked after.
const BEAT: Duration = Duration::from_secs(10);

/// How long a sync that was told to stop may take to write what is complete.
const STOP_WITHIN: Duration = Duration::from_secs(4);

/// Hosts of which a stream tells why it failed there; of more it tells the names.
const MOST_ERRORS: usize = 10;

/// The exit code of a program that obeyed SIGTERM (128 + 15), which platforms take for normal.
const STOPPED: u8 = 143;

/// The exit code of a program whose reader has gone (128 + 13, SIGPIPE).
const READER_GONE: u8 = 141;

/// How a sync ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Complete,
    /// These streams failed, or all of the sync did.
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

/// What was asked for.
#[derive(Debug)]
pub struct ReadRequest {
    pub config: Arc<Config>,
    pub selected: Vec<Selected>,
    pub states: SavedStates,
}

/// Reads all selected streams.
pub async fn read(
    order: ReadRequest,
    surroundings: &Environment,
    clock: Clock,
    emitter: &Arc<Emitter>,
    terminated: &mut Terminated,
) -> Outcome {
    match read_all(order, surroundings, clock, emitter, terminated).await {
        Ok(outcome) => outcome,
        Err(Closed) => Outcome::ReaderGone,
    }
}

async fn read_all(
    order: ReadRequest,
    surroundings: &Environment,
    clock: Clock,
    emitter: &Arc<Emitter>,
    terminated: &mut Terminated,
) -> Result<Outcome, Closed> {
    let (stop, stopping) = watch::channel(false);
    let client = match connect(&order.config, surroundings, clock, stopping, emitter) {
        Ok(client) => client,
        Err(trouble) => return fail_all(emitter, &trouble).await,
    };
    let work = Box::pin(sync(order, surroundings, &client, emitter));
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
    let _ = tokio::time::timeout(SETTLE_WITHIN, client.settle()).await;
    Ok(Outcome::Stopped)
}

async fn sync(
    order: ReadRequest,
    surroundings: &Environment,
    client: &Client,
    emitter: &Emitter,
) -> Result<Outcome, Closed> {
    for ignored in &order.states.ignored {
        emitter
            .log(Level::Warn, &format!("the saved state is read without this: {ignored}"))
            .await?;
    }
    let mut streams = streams_of(&order);
    if let Some(warning) = of_no_stream(&order.states, &streams) {
        emitter.log(Level::Warn, &warning).await?;
    }
    if let Some(trouble) = deletions::refusal(&order.config, &streams, &order.selected) {
        return fail_all(emitter, &trouble).await;
    }
    if let Some(warning) = ends_soon(&order.config.credentials) {
        emitter.log(Level::Warn, warning).await?;
    }
    if order.states.is_empty()
        && let Some(told) = deletions::unmarked(&order.config, &streams, &order.selected)
    {
        emitter.log(Level::Info, &told).await?;
    }
    let mut waits = client.waits();
    // Who is signed in, and what time it is at Zendesk: positions are held against that.
    let role = match telling_waits(identity(client), &mut waits, emitter).await? {
        Ok(identity) => identity.role,
        Err(error) if error.is_hopeless() => {
            return fail_all(emitter, &failure::of_identity(&error, &order.config)).await;
        }
        Err(_) => String::new(),
    };
    if let Some(start) = order.config.start.ahead_of(client.clock().now_unix()) {
        return fail_all(emitter, &failure::of_start(start)).await;
    }
    let selected = &order.selected;
    let adding = fields::add_columns(&mut streams, selected, (client, &order.config), emitter);
    let mut troubles = telling_waits(adding, &mut waits, emitter).await??;
    // The registry lives as long as the program, which reads once.
    let streams: &'static [Stream] = Vec::leak(streams);
    let now = Now { unix: client.clock().now_unix(), attempt: surroundings.attempt };
    let (tell, mut ended) = mpsc::unbounded_channel();
    let named = |selected: &Selected| streams.iter().find(|stream| stream.name == selected.name);
    let chosen: Vec<&'static Stream> = order.selected.iter().filter_map(named).collect();
    let asking = fallback::refused(client, &order.config, &role, &chosen);
    let refused = telling_waits(asking, &mut waits, emitter).await?;
    if let Some(told) = fallback::warning(&chosen, &refused) {
        emitter.log(Level::Warn, &told).await?;
    }
    if let Some(told) = fallback::without_side_loads(&order.config, &chosen, &refused) {
        emitter.log(Level::Warn, &told).await?;
    }
    if let Some(told) = deletions::unseen(&order.config, &chosen) {
        emitter.log(Level::Warn, &told).await?;
    }
    let asking = help_centers_of(client, &order.config, &chosen, emitter);
    let help_centers = telling_waits(asking, &mut waits, emitter).await??;
    let help_centers = help_centers.unwrap_or_else(|more| {
        troubles.extend(more);
        HelpCenters::none()
    });
    let wants_files = |selected: &&Selected| {
        named(selected).is_some_and(|stream| wants_files(stream, selected, surroundings))
    };
    let with_files = order.selected.iter().filter(wants_files).filter_map(named).collect();
    let hosts = hosts_of_files(client, &order.config, with_files, emitter).await?;
    let hosts = hosts.unwrap_or_else(|more| {
        troubles.extend(more);
        Vec::new()
    });
    let known = Known {
        streams,
        troubles: &troubles,
        refused: &refused,
        help_centers: &help_centers,
        config: &order.config,
        states: &order.states,
        surroundings,
        now,
    };
    let begun = begin(order.selected, &known, emitter).await?;
    let mut endings = Endings::new(begun.hosts(), help_centers.not_enabled.clone());
    let Begun { groups, mut failed, from_the_beginning } = begun;
    let mut told_waits = Waits::new(groups.iter().map(Group::names));
    let config = &*order.config;
    // All run side by side: a walk that was handed the emitter's lock must be polled to give it
    // back.
    let walking = async move {
        let staging = &download::staging(surroundings.staging.as_deref());
        let (site, hosts) = (None, &*hosts);
        let context = Context { client, site, hosts, emitter, config, staging, ended: &tell };
        join_all(groups.into_iter().map(|group| Box::pin(walk::read(context, group)))).await;
    };
    let telling = async {
        let mut stopped = false;
        loop {
            tokio::select! {
                told = ended.recv() => match told {
                    Some(told) => {
                        if let Some(whole) = endings.note(told)? {
                            stopped |= tell_end(emitter, &whole, &mut failed).await?;
                        }
                    }
                    None => {
                        for told in endings.left_out() {
                            emitter.log(Level::Warn, &told).await?;
                        }
                        return Ok(stopped);
                    }
                },
                Some(wait) = waits.recv() => {
                    // Those that began to wait at the same moment are told together.
                    let together = std::iter::from_fn(|| waits.try_recv().ok());
                    let together: Vec<Wait> = std::iter::once(wait).chain(together).collect();
                    tell_waits(emitter, client, &mut told_waits, &together).await?;
                }
            }
        }
    };
    let reading = join(Box::pin(walking), Box::pin(telling));
    let estimating = Box::pin(estimate(client, emitter, config, &from_the_beginning));
    // Whoever estimates is not waited for.
    let ((), stopped) = match select(reading, estimating).await {
        Either::Left((read, _)) => read,
        Either::Right((estimated, reading)) => {
            estimated?;
            reading.await
        }
    };
    let stopped = stopped?;
    let waited = format!("requests that waited at once: {} at most", client.most_waiting());
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

/// Does what comes before the first row, and tells what it waits for meanwhile.
async fn telling_waits<T>(
    doing: impl Future<Output = T>,
    waits: &mut mpsc::UnboundedReceiver<Wait>,
    emitter: &Emitter,
) -> Result<T, Closed> {
    let telling = async {
        while let Some(wait) = waits.recv().await {
            let seconds = wait.length.as_secs();
            let text =
                format!("before the first row: {}; going on in {seconds} s", waits::reason(wait));
            if let Err(closed) = emitter.log(Level::Info, &text).await {
                return closed;
            }
        }
        std::future::pending().await
    };
    // Both are polled until one is done: either may be the one that was handed the emitter's lock.
    match select(Box::pin(doing), Box::pin(telling)).await {
        Either::Left((done, _)) => Ok(done),
        Either::Right((closed, _)) => Err(closed),
    }
}

/// Where help centers are read, if streams of them are chosen, or why those cannot be read.
async fn help_centers_of(
    client: &Client,
    config: &Config,
    chosen: &[&'static Stream],
    emitter: &Emitter,
) -> Result<Result<HelpCenters, Vec<ErrorTrace>>, Closed> {
    let of_brands = chosen.iter().filter(|stream| stream.feed.root().is_of_brands());
    let of_brands: Vec<&Stream> = of_brands.copied().collect();
    if of_brands.is_empty() {
        return Ok(Ok(HelpCenters::none()));
    }
    match help_centers(client, config).await {
        Ok(found) => {
            for (level, told) in &found.told {
                emitter.log(*level, told).await?;
            }
            Ok(Ok(found))
        }
        // The walks hear of it themselves.
        Err(NoHelpCenters::Unlisted(WalkError::Api(error))) if error.kind == ErrorKind::Stopped => {
            Ok(Ok(HelpCenters::of_main(client.main())))
        }
        Err(why) => {
            let trouble = |stream| failure::of_help_centers(Some(stream), &why);
            Ok(Err(of_brands.into_iter().map(trouble).collect()))
        }
    }
}

/// A warning about a state that has something, and nothing of a stream that there is.
fn of_no_stream(states: &SavedStates, streams: &[Stream]) -> Option<String> {
    let is_known = |name: &str| {
        streams.iter().any(|stream| stream.name == name) || records_named(name).is_some()
    };
    let names: Vec<&str> = states.names().collect();
    (!names.is_empty() && !names.iter().any(|name| is_known(name))).then(|| {
        let told: Vec<String> = names.iter().take(5).map(|name| format!("`{name}`")).collect();
        format!(
            "the state file holds nothing of any stream of this source, and reading starts from the \
             beginning; it has {}",
            told.join(", ")
        )
    })
}

/// The hosts at which files of these streams may lie, or why those cannot be read now.
async fn hosts_of_files(
    client: &Client,
    config: &Config,
    with_files: Vec<&'static Stream>,
    emitter: &Emitter,
) -> Result<Result<Vec<Site>, Vec<ErrorTrace>>, Closed> {
    if with_files.is_empty() {
        return Ok(Ok(Vec::new()));
    }
    match hosts(client, config).await {
        Ok((hosts, told)) => {
            if let Some(told) = told {
                emitter.log(Level::Warn, &told).await?;
            }
            Ok(Ok(hosts))
        }
        // The walks hear of it themselves.
        Err(WalkError::Api(error)) if error.kind == ErrorKind::Stopped => Ok(Ok(Vec::new())),
        Err(error) => {
            let trouble = |stream: &'static Stream| failure::of_stream(stream, None, &error);
            Ok(Err(with_files.into_iter().map(trouble).collect()))
        }
    }
}

/// All streams, with those that only a saved catalog knows of.
fn streams_of(order: &ReadRequest) -> Vec<Stream> {
    let named = order.selected.iter().filter_map(|selected| records_named(&selected.name));
    registry_with(&order.config, named.collect())
}

/// Tells the limits that are waited for, and which streams wait.
async fn tell_waits(
    emitter: &Emitter,
    client: &Client,
    told: &mut Waits,
    together: &[Wait],
) -> Result<(), Closed> {
    for said in told.note(together, client.clock().elapsed()) {
        if let Some(line) = &said.line {
            emitter.log(Level::Info, line).await?;
        }
        if !said.is_limit {
            continue;
        }
        let until_unix = client.clock().now_unix().saturating_add_unsigned(said.length.as_secs());
        let until_ms = u64::try_from(until_unix).unwrap_or_default().saturating_mul(1000);
        emitter.rate_limited(&said.streams, until_ms).await?;
    }
    Ok(())
}

/// Tells how a stream ended. True when it was because the program is to stop.
async fn tell_end(
    emitter: &Emitter,
    whole: &Whole,
    failed: &mut Vec<(String, FailureType)>,
) -> Result<bool, Closed> {
    let name = whole.stream.name;
    let is_stopped = |(_, error): &(_, WalkError)| matches!(error, WalkError::Api(error) if error.kind == ErrorKind::Stopped);
    let stopped = whole.errors.iter().any(is_stopped);
    let status = if whole.errors.is_empty() { Status::Complete } else { Status::Incomplete };
    // One ERROR for a stream, wherever else it failed, and few lines however many brands there are.
    let errors: Vec<_> = whole.errors.iter().filter(|error| !is_stopped(error)).collect();
    let (told, more) = errors.split_at(errors.len().min(MOST_ERRORS));
    let mut kinds = Vec::new();
    for (number, (at, error)) in told.iter().enumerate() {
        let trouble = failure::of_stream(whole.stream, at.as_deref(), error);
        kinds.push(trouble.failure_type);
        match number {
            0 => emitter.error(&trouble).await?,
            _ => emitter.log(Level::Warn, &trouble.message).await?,
        }
    }
    if !more.is_empty() {
        let of_more =
            more.iter().map(|(at, error)| failure::of_stream(whole.stream, at.as_deref(), error));
        kinds.extend(of_more.map(|trouble| trouble.failure_type));
        let hosts: Vec<&str> = more.iter().filter_map(|(at, _)| at.as_deref()).collect();
        let why = format!("{name}: it failed at other hosts too: {}", some(&hosts));
        emitter.log(Level::Warn, &why).await?;
    }
    if !stopped && !whole.errors.is_empty() {
        failed.push((name.to_owned(), failure::of_all(kinds)));
    }
    let totals = emitter.close(name, status).await?;
    let Report {
        tally,
        waited,
        rows_without_key,
        parents_skipped: skipped,
        first_skipped,
        truncated: cut,
        coercion_failures,
        mended,
        files,
        first_missing,
        cut_short,
    } = &whole.report;
    let (rows_without_key, skipped, cut) = (*rows_without_key, *skipped, *cut);
    let (coercion_failures, mended) = (*coercion_failures, *mended);
    let first = |first: &Option<String>| first.clone().unwrap_or_default();
    if coercion_failures > 0 {
        let why = format!(
            "{name}: {coercion_failures} values of custom fields did not fit the types of their columns and are null \
             there; each row says which, and has them as Zendesk sent them"
        );
        emitter.log(Level::Warn, &why).await?;
    }
    if cut > 0 {
        let why = format!(
            "{name}: {cut} rows were larger than 20 MB and lost their largest text; each says which"
        );
        emitter.log(Level::Warn, &why).await?;
    }
    if mended > 0 {
        let why = format!(
            "{name}: {mended} rows held texts or values that are not valid JSON or no Unicode characters. They \
             were replaced, and `meta.changes` of each record names the fields"
        );
        emitter.log(Level::Warn, &why).await?;
    }
    if rows_without_key > 0 {
        let why = format!(
            "{name}: {rows_without_key} rows had no primary key or were no rows, and were held back"
        );
        emitter.log(Level::Warn, &why).await?;
    }
    if skipped > 0 {
        let why = format!(
            "{name}: {skipped} parents could not be read and are passed over: they are gone, refused to \
             this user, or failed in several syncs. Look in Zendesk at the first: {}",
            first(first_skipped)
        );
        emitter.log(Level::Warn, &why).await?;
    }
    if files.missing > 0 {
        let why = format!(
            "{name}: {} files could not be had, and their rows refer to none; the first is {}",
            files.missing,
            first(first_missing)
        );
        emitter.log(Level::Warn, &why).await?;
    }
    if *files != FileStats::default() {
        let FileStats { fetched, bytes, left_out, missing } = files;
        let told = format!(
            "{name}: {fetched} files of {bytes} bytes, {left_out} left out, {missing} could not be had"
        );
        emitter.log(Level::Info, &told).await?;
    }
    let left_out = match whole.left_out.len() {
        0 => String::new(),
        hosts => format!(", {hosts} help centers left out"),
    };
    let summary = format!(
        "{name}: {} rows, {} pages, {} requests, {} states, {:.1} s waited, {rows_without_key} held back, {skipped} skipped, {mended} mended{left_out}{}",
        totals.rows,
        tally.pages,
        tally.requests,
        totals.states,
        waited.as_secs_f64(),
        match cut_short.seconds {
            0 => String::new(),
            seconds => format!(", {seconds} seconds cut short"),
        },
    );
    emitter.log(Level::Info, &summary).await?;
    Ok(stopped)
}

async fn fail_all(emitter: &Emitter, trouble: &ErrorTrace) -> Result<Outcome, Closed> {
    emitter.error(trouble).await?;
    Ok(Outcome::Failed)
}

async fn heartbeat(client: &Client, emitter: &Emitter) -> Result<Outcome, Closed> {
    loop {
        client.clock().sleep(BEAT).await;
        emitter.heartbeat().await?;
    }
}
