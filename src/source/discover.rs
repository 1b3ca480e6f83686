//! `discover` lists the streams of the account.

use std::sync::Arc;

use tokio::sync::watch;

use super::by_family::by_family;
use super::offered::{PROMPTLY, offered};
use super::{Environment, connect};
use crate::config::Config;
use crate::streams::{Reading, ResolvedStream};
use airbyte::message::{CatalogStream, ErrorTrace, catalog};
use airbyte::source::emitter::Emitter;
use airbyte::stdout::Closed;
use connector::patience::settle;
use zendesk::clock::Clock;

/// Writes one CATALOG, or at a terminal the streams by family. `stop` turns true when the program
/// is to end; there is no answer then.
///
/// # Errors
/// [`Closed`] when nobody reads the answer.
pub async fn discover(
    config: &Arc<Config>,
    environment: &Environment,
    clock: Clock,
    emitter: &Arc<Emitter>,
    stop: watch::Receiver<bool>,
) -> Result<Result<(), ErrorTrace>, Closed> {
    let client = match connect(config, environment, clock, stop.clone(), emitter) {
        Ok(client) => client.impatient(),
        Err(trouble) => return Ok(Err(trouble)),
    };
    let found = offered(&client, config, emitter, PROMPTLY, |_| true).await?;
    settle(&client).await;
    // A command that was asked to stop has not failed.
    if *stop.borrow() {
        return Ok(Ok(()));
    }
    let offered = match found {
        Ok(offered) => offered,
        Err(trouble) => return Ok(Err(trouble)),
    };
    let listed = offered.listed();
    let answer = match environment.shared.terminal {
        Some(paint) => {
            let streams = listed.len();
            let meaning = format!(
                "{streams} streams. Each line says how the stream can be synced, and which role, plan or \
                 feature it needs. `catalog` selects streams for `read`."
            );
            format!("{}\n{}\n", by_family(&listed, paint), paint.wrapped(&meaning, 0)).into_bytes()
        }
        None => catalog(&listed.into_iter().map(catalog_stream).collect::<Vec<_>>()),
    };
    emitter.line(answer).await?;
    Ok(Ok(()))
}

/// The entry of a stream in the catalog.
#[must_use]
pub fn catalog_stream(stream: &ResolvedStream) -> CatalogStream {
    let incremental = stream.reading() != Reading::FullRefreshOnly;
    let mut modes = vec!["full_refresh"];
    modes.extend(incremental.then_some("incremental"));
    CatalogStream {
        name: stream.name.clone(),
        // Schemas are part of the program and tested; an unreadable one would be an open object.
        json_schema: stream.json_schema().unwrap_or_default(),
        supported_sync_modes: modes,
        // A stream that resumes must have it, says the protocol, cursor or not.
        source_defined_cursor: (stream.cursor.is_some() || stream.is_resumable()).then_some(true),
        default_cursor_field: stream.cursor.map(|cursor| vec![cursor.field]),
        source_defined_primary_key: stream.primary_key.iter().map(|key| vec![*key]).collect(),
        is_resumable: stream.is_resumable(),
        is_file_based: stream.file.map(|_| true),
    }
}
