//! `discover`: which streams there are. A stream that needs a plan or a feature is asked for with
//! one small request; only a definite refusal leaves it out.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::watch;

use super::{Surroundings, connect, deletions};
use crate::config::Config;
use crate::protocol::emitter::{Closed, Emitter};
use crate::protocol::message::{CatalogStream, Level, Trouble, catalog};
use crate::streams::{Reading, Stream, registry};
use crate::sync::pager::Listing;
use crate::zendesk::client::{Client, PageSize, Request, Tally};
use crate::zendesk::clock::Clock;
use crate::zendesk::error::{ApiError, ErrorKind};
use crate::zendesk::paging::Token;

/// All probes together take at most this; what has not answered by then stays in.
const PATIENCE: Duration = Duration::from_secs(10);

/// Answers with one CATALOG.
///
/// # Errors
/// [`Closed`] when nobody reads the answer.
pub async fn discover(
    config: &Config,
    surroundings: &Surroundings,
    clock: Clock,
    emitter: &Emitter,
) -> Result<Result<(), Trouble>, Closed> {
    let (_keep, stop) = watch::channel(false);
    let client = match connect(config, surroundings, clock, stop) {
        Ok(client) => client,
        Err(trouble) => return Ok(Err(trouble)),
    };
    let streams = registry(config);
    if let Some(trouble) = deletions::clash(config, &streams) {
        return Ok(Err(trouble));
    }
    let probes = streams.iter().map(|stream| async {
        if !is_gated(stream) {
            return None;
        }
        tokio::select! {
            refusal = probe(&client, stream, &Token::First, config) => refusal,
            () = tokio::time::sleep(PATIENCE) => None,
        }
    });
    let refusals = join_all(probes).await;
    let mut listed = Vec::new();
    for (stream, refusal) in streams.iter().zip(refusals) {
        match refusal {
            Some(error) => {
                let why = format!("{} is left out: {error}", stream.name);
                emitter.log(Level::Warn, &why).await?;
            }
            None => listed.push(catalog_stream(stream)),
        }
    }
    emitter.line(catalog(&listed)).await?;
    Ok(Ok(()))
}

/// A stream as the catalog has it.
#[must_use]
pub fn catalog_stream(stream: &Stream) -> CatalogStream {
    let incremental = stream.reading() != Reading::FullRefreshOnly;
    let mut modes = vec!["full_refresh"];
    modes.extend(incremental.then_some("incremental"));
    CatalogStream {
        name: stream.name,
        // Schemas are part of the program and tested; an unreadable one would be an open object.
        json_schema: stream.json_schema().unwrap_or_default(),
        supported_sync_modes: modes,
        // A stream that resumes must have it, says the protocol, cursor or not.
        source_defined_cursor: (stream.cursor.is_some() || stream.is_resumable()).then_some(true),
        default_cursor_field: stream.cursor.map(|cursor| vec![cursor.field]),
        source_defined_primary_key: stream.primary_key.iter().map(|key| vec![*key]).collect(),
        is_resumable: stream.is_resumable(),
    }
}

fn is_gated(stream: &Stream) -> bool {
    let gate = &stream.gate;
    (gate.plan.is_some() || gate.feature.is_some()) && stream.feed.parent.is_none()
}

/// The refusal of a stream's first page, if it is a definite one.
pub(super) async fn probe(
    client: &Client,
    stream: &Stream,
    at: &Token,
    config: &Config,
) -> Option<ApiError> {
    let listing = Listing::new(stream.feed, stream.feed.path.to_owned(), &[stream], 0, config);
    let request = Request {
        path: &listing.path,
        query: &listing.query,
        at,
        buckets: stream.feed.buckets,
        walk: 0,
        shape: &listing.shape,
    };
    let mut size = PageSize::new(stream.feed.paging, Some(1));
    let asked = client.get(&request, &mut size, &mut Tally::default()).await;
    let definite =
        |error: &ApiError| matches!(error.kind, ErrorKind::Forbidden | ErrorKind::NotFound);
    asked.err().filter(definite)
}
