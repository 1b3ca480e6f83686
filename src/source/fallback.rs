//! Users who may not use the incremental exports read other listings instead. This is decided once,
//! before the first row. It depends on the user's role and on a definite refusal of an export's
//! first page.

use std::sync::Arc;

use super::probe::{Reach, reach};
use crate::config::Config;
use crate::streams::{ResolvedFeed, ResolvedStream};
use zendesk::client::Client;
use zendesk::error::ApiError;

/// The role in `users/me` of users who are not administrators.
const AGENT: &str = "agent";

/// Whether the stream's fallback is read for a user of this role whose request got this refusal.
#[must_use]
pub fn serves(stream: &ResolvedStream, role: &str, error: &ApiError) -> bool {
    role == AGENT && stream.fallback.is_some() && error.status == Some(403)
}

/// The feeds of these streams that Zendesk refuses to an agent and that have a fallback. Asks once
/// for each such feed, and only if the role is an agent's.
pub async fn refused(
    client: &Client,
    config: &Config,
    role: &str,
    streams: &[&ResolvedStream],
) -> Vec<ResolvedFeed> {
    let mut refused: Vec<ResolvedFeed> = Vec::new();
    let mut asked: Vec<ResolvedFeed> = Vec::new();
    for stream in streams.iter().filter(|stream| role == AGENT && stream.fallback.is_some()) {
        if asked.contains(&stream.feed) {
            continue;
        }
        asked.push(stream.feed.clone());
        if let Reach::Refused(error) = reach(client, stream, config, None).await
            && serves(stream, role, &error)
        {
            refused.push(stream.feed.clone());
        }
    }
    refused
}

/// The stream as it is read: from its fallback if its feed is among `refused`.
#[must_use]
pub fn choose_feed(stream: &Arc<ResolvedStream>, refused: &[ResolvedFeed]) -> Arc<ResolvedStream> {
    let fallback = stream.on_fallback().filter(|_| refused.contains(&stream.feed));
    fallback.map_or_else(|| Arc::clone(stream), Arc::new)
}

/// The fallback that is read before the stream's own feed. `None` for most streams.
#[must_use]
pub fn first(stream: &ResolvedStream) -> Option<Arc<ResolvedStream>> {
    stream.on_fallback().filter(|_| stream.search_first).map(Arc::new)
}

/// A warning about streams that are read from a listing without the side-loads that were asked for.
#[must_use]
pub fn without_side_loads(
    config: &Config,
    streams: &[&ResolvedStream],
    refused: &[ResolvedFeed],
) -> Option<String> {
    let is_wanted = |stream: &&&ResolvedStream| {
        !stream.side_loads.is_empty() && !config.associated_data.is_empty()
    };
    let without = streams
        .iter()
        .filter(is_wanted)
        .filter(|stream| stream.include.is_empty() || lacking(stream, refused).is_some());
    let without: Vec<&str> = without.map(|stream| &*stream.name).collect();
    (!without.is_empty()).then(|| {
        format!(
            "`associated_data` comes only with the incremental export, so its columns stay empty \
             in these streams, which are read through another listing: {}",
            without.join(", ")
        )
    })
}

/// What a stream lacks if it is read from its fallback. `None` if it is read from its own feed.
fn lacking(stream: &ResolvedStream, refused: &[ResolvedFeed]) -> Option<&'static str> {
    let fallback = stream.fallback.filter(|_| refused.contains(&stream.feed))?;
    Some(fallback.missing)
}

/// A warning about the streams that are read from a fallback.
#[must_use]
pub fn warning(streams: &[&ResolvedStream], refused: &[ResolvedFeed]) -> Option<String> {
    let lacking = streams.iter().filter_map(|stream| {
        lacking(stream, refused).map(|missing| format!("{} ({missing})", stream.name))
    });
    let lacking: Vec<String> = lacking.collect();
    (!lacking.is_empty()).then(|| {
        format!(
            "Zendesk does not let an agent use its incremental exports, so other listings are \
             read, which lack data: {}. The first sync with an administrator's credentials reads \
             the missing data.",
            lacking.join("; ")
        )
    })
}
