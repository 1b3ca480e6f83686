//! What a sync finds out before its first row: who is signed in, which columns, listings and hosts there
//! are, and which selected streams cannot be read.

use std::sync::Arc;

use futures_util::future::{Either, select};
use tokio::sync::mpsc::UnboundedReceiver;

use super::brands::{HelpCenters, NoHelpCenters, help_centers, hosts};
use super::open_streams::wants_files;
use super::{Environment, deletions, failure, fallback, fields, waits};
use crate::config::Config;
use crate::streams::custom_objects::CustomObject;
use crate::streams::{ResolvedFeed, ResolvedStream, registry_with};
use crate::sync::WalkError;
use crate::sync::plan::Now;
use airbyte::catalog::Selected;
use airbyte::message::{ErrorTrace, Level};
use airbyte::source::emitter::Emitter;
use airbyte::source::state::SavedStates;
use airbyte::stdout::Closed;
use connector::connect::ends_soon;
use connector::failure::of_identity;
use connector::identity::identity;
use zendesk::budget::Wait;
use zendesk::client::Client;
use zendesk::error::ErrorKind;
use zendesk::site::Site;

/// What `read` is asked to do.
#[derive(Debug)]
pub struct ReadRequest {
    pub config: Arc<Config>,
    pub selected: Vec<Selected>,
    pub states: SavedStates,
}

/// What is known before the first row.
pub struct Prepared {
    pub streams: Vec<Arc<ResolvedStream>>,
    /// Why some of the selected streams cannot be read.
    pub troubles: Vec<ErrorTrace>,
    /// Feeds that Zendesk refuses and that have a fallback.
    pub refused: Vec<ResolvedFeed>,
    /// The hosts whose help centers are read.
    pub help_centers: HelpCenters,
    /// Hosts of the account where files may be.
    pub file_hosts: Vec<Site>,
    pub now: Now,
}

/// Asks for everything that a sync has to know before its first row, and logs what the user should
/// know. The inner `Err` says why no stream can be read.
///
/// # Errors
/// [`Closed`] when nobody reads the log.
pub async fn prepare(
    request: &ReadRequest,
    environment: &Environment,
    client: &Client,
    waits: &mut UnboundedReceiver<Wait>,
    emitter: &Emitter,
) -> Result<Result<Prepared, ErrorTrace>, Closed> {
    let ReadRequest { config, selected, .. } = request;
    let mut streams = streams_of(request);
    if let Err(trouble) = check_request(request, &streams, emitter).await? {
        return Ok(Err(trouble));
    }
    let role = match report_waits_of(role(client, config), waits, emitter).await? {
        Ok(role) => role,
        Err(trouble) => return Ok(Err(trouble)),
    };
    let adding = fields::add_columns(&mut streams, selected, (client, config), emitter);
    let mut troubles = report_waits_of(adding, waits, emitter).await??;
    let streams: Vec<Arc<ResolvedStream>> = streams.into_iter().map(Arc::new).collect();
    let now = Now { unix: client.clock().now_unix(), attempt: environment.shared.attempt };
    let resolved = streams.iter().map(|stream| &**stream);
    let named = |selected: &Selected| resolved.clone().find(|stream| stream.name == selected.name);
    let chosen: Vec<&ResolvedStream> = selected.iter().filter_map(named).collect();
    let asking = fallback::refused(client, config, &role, &chosen);
    let refused = report_waits_of(asking, waits, emitter).await?;
    let warnings = [
        fallback::warning(&chosen, &refused),
        fallback::without_side_loads(config, &chosen, &refused),
        deletions::unseen(config, &chosen),
    ];
    for warning in warnings.iter().flatten() {
        emitter.log(Level::Warn, warning).await?;
    }
    let asking = help_centers_of(client, config, &chosen, emitter);
    let help_centers = report_waits_of(asking, waits, emitter).await??;
    let help_centers = help_centers.unwrap_or_else(|more| {
        troubles.extend(more);
        HelpCenters::none()
    });
    let wants_files = |selected: &&Selected| {
        named(selected).is_some_and(|stream| wants_files(stream, selected, environment))
    };
    let with_files = selected.iter().filter(wants_files).filter_map(named).collect();
    let file_hosts = hosts_of_files(client, config, with_files, emitter).await?;
    let file_hosts = file_hosts.unwrap_or_else(|more| {
        troubles.extend(more);
        Vec::new()
    });
    Ok(Ok(Prepared { streams, troubles, refused, help_centers, file_hosts, now }))
}

/// Logs what the user should know about the request. The inner `Err` says why the request cannot be
/// followed.
async fn check_request(
    request: &ReadRequest,
    streams: &[ResolvedStream],
    emitter: &Emitter,
) -> Result<Result<(), ErrorTrace>, Closed> {
    let ReadRequest { config, selected, states } = request;
    for ignored in &states.ignored {
        emitter
            .log(Level::Warn, &format!("a part of the saved state is ignored: {ignored}"))
            .await?;
    }
    if let Some(warning) = of_no_stream(states, streams) {
        emitter.log(Level::Warn, &warning).await?;
    }
    if let Some(trouble) = deletions::refusal(config, streams, selected) {
        return Ok(Err(trouble));
    }
    if let Some(warning) = ends_soon(&config.account.credentials) {
        emitter.log(Level::Warn, warning).await?;
    }
    if states.is_empty()
        && let Some(hint) = deletions::unmarked(config, streams, selected)
    {
        emitter.log(Level::Info, &hint).await?;
    }
    Ok(Ok(()))
}

/// The role of the signed-in user. It is empty if it is not known. The request also sets the clock
/// to Zendesk's time, with which positions and the start date are compared. `Err` if the
/// credentials do not work or the start date is in the future.
async fn role(client: &Client, config: &Config) -> Result<String, ErrorTrace> {
    let role = match identity(client).await {
        Ok(identity) => identity.role,
        Err(error) if error.is_hopeless() => return Err(of_identity(&error, &config.account)),
        Err(_) => String::new(),
    };
    match config.start.ahead_of(client.clock().now_unix()) {
        Some(start) => Err(failure::of_start(start)),
        None => Ok(role),
    }
}

/// Runs what comes before the first row, and meanwhile logs what it waits for.
async fn report_waits_of<T>(
    doing: impl Future<Output = T>,
    waits: &mut UnboundedReceiver<Wait>,
    emitter: &Emitter,
) -> Result<T, Closed> {
    let reporting = async {
        while let Some(wait) = waits.recv().await {
            let seconds = wait.length.as_secs();
            let text =
                format!("before the first row: {}; continuing in {seconds} s", waits::reason(wait));
            if let Err(closed) = emitter.log(Level::Info, &text).await {
                return closed;
            }
        }
        std::future::pending().await
    };
    // Polled together: see ARCHITECTURE, Invariants.
    match select(Box::pin(doing), Box::pin(reporting)).await {
        Either::Left((done, _)) => Ok(done),
        Either::Right((closed, _)) => Err(closed),
    }
}

/// Where help centers are read, if a chosen stream needs them. The inner `Err` says why those
/// streams cannot be read.
async fn help_centers_of(
    client: &Client,
    config: &Config,
    chosen: &[&ResolvedStream],
    emitter: &Emitter,
) -> Result<Result<HelpCenters, Vec<ErrorTrace>>, Closed> {
    let of_brands = chosen.iter().filter(|stream| stream.feed.root().is_of_brands());
    let of_brands: Vec<&ResolvedStream> = of_brands.copied().collect();
    if of_brands.is_empty() {
        return Ok(Ok(HelpCenters::none()));
    }
    match help_centers(client, config).await {
        Ok(found) => {
            for (level, message) in &found.messages {
                emitter.log(*level, message).await?;
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

/// A warning about a state file that has entries, but none for a stream of this source.
fn of_no_stream(states: &SavedStates, streams: &[ResolvedStream]) -> Option<String> {
    let is_known = |name: &str| {
        streams.iter().any(|stream| stream.name == name) || CustomObject::of_stream(name).is_some()
    };
    let names: Vec<&str> = states.names().collect();
    (!names.is_empty() && !names.iter().any(|name| is_known(name))).then(|| {
        let names: Vec<String> = names.iter().take(5).map(|name| format!("`{name}`")).collect();
        format!(
            "the state has no stream of this source, so reading starts from the beginning. It \
             has: {}",
            names.join(", ")
        )
    })
}

/// The hosts where files of these streams may be. The inner `Err` says why the streams cannot be
/// read now.
async fn hosts_of_files(
    client: &Client,
    config: &Config,
    with_files: Vec<&ResolvedStream>,
    emitter: &Emitter,
) -> Result<Result<Vec<Site>, Vec<ErrorTrace>>, Closed> {
    if with_files.is_empty() {
        return Ok(Ok(Vec::new()));
    }
    match hosts(client, config).await {
        Ok((hosts, warning)) => {
            if let Some(warning) = warning {
                emitter.log(Level::Warn, &warning).await?;
            }
            Ok(Ok(hosts))
        }
        // The walks hear of it themselves.
        Err(WalkError::Api(error)) if error.kind == ErrorKind::Stopped => Ok(Ok(Vec::new())),
        Err(error) => {
            let trouble = |stream: &ResolvedStream| failure::of_stream(stream, None, &error);
            Ok(Err(with_files.into_iter().map(trouble).collect()))
        }
    }
}

/// All streams, and those that only the saved catalog names: the records of custom objects.
fn streams_of(request: &ReadRequest) -> Vec<ResolvedStream> {
    let named = |selected: &Selected| CustomObject::of_stream(&selected.name);
    let objects: Vec<CustomObject> = request.selected.iter().filter_map(named).collect();
    registry_with(&request.config, &objects)
}
