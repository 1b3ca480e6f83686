//! Users who may not use the incremental exports read other listings instead. This is decided once,
//! before the first row: by the user's role and a definite refusal of an export's first page.

use super::probe::{Reach, reach};
use crate::config::Config;
use crate::streams::{Feed, Stream};
use crate::zendesk::client::Client;
use crate::zendesk::error::ApiError;

/// The role in `users/me` of users who are not administrators.
const AGENT: &str = "agent";

/// Whether a user of this role whose request got this refusal reads the stream's fallback.
#[must_use]
pub fn serves(stream: &Stream, role: &str, error: &ApiError) -> bool {
    role == AGENT && stream.fallback.is_some() && error.status == Some(403)
}

/// The feeds of these streams that are refused to an agent and have a fallback.
pub async fn refused(
    client: &Client,
    config: &Config,
    role: &str,
    streams: &[&'static Stream],
) -> Vec<&'static Feed> {
    let mut refused: Vec<&'static Feed> = Vec::new();
    let mut asked: Vec<&'static Feed> = Vec::new();
    for stream in streams.iter().filter(|stream| role == AGENT && stream.fallback.is_some()) {
        if asked.iter().any(|feed| std::ptr::eq(*feed, stream.feed)) {
            continue;
        }
        asked.push(stream.feed);
        if let Reach::Refused(error) = reach(client, stream, 0, config, None).await
            && serves(stream, role, &error)
        {
            refused.push(stream.feed);
        }
    }
    refused
}

/// The stream as it is read, which may be on its fallback. It lives as long as the program, like the
/// registry.
#[must_use]
pub fn choose_feed(stream: &'static Stream, refused: &[&'static Feed]) -> &'static Stream {
    let is_refused = refused.iter().any(|feed| std::ptr::eq(*feed, stream.feed));
    let fallback = stream.on_fallback().filter(|_| is_refused);
    fallback.map_or(stream, |fallback| Box::leak(Box::new(fallback)))
}

/// The fallback that a stream reads before its own feed, if it has one.
#[must_use]
pub fn first(stream: &Stream) -> Option<&'static Stream> {
    let fallback = stream.on_fallback().filter(|_| stream.search_first)?;
    Some(Box::leak(Box::new(fallback)))
}

/// A warning about side-loads that the listings which are read do not have.
#[must_use]
pub fn without_side_loads(
    config: &Config,
    streams: &[&'static Stream],
    refused: &[&'static Feed],
) -> Option<String> {
    let is_wanted =
        |stream: &&&Stream| !stream.side_loads.is_empty() && !config.associated_data.is_empty();
    let without = streams
        .iter()
        .filter(is_wanted)
        .filter(|stream| choose_feed(stream, refused).include.is_empty());
    let without: Vec<&str> = without.map(|stream| stream.name).collect();
    (!without.is_empty()).then(|| {
        format!(
            "`associated_data` comes with the incremental export alone; its columns stay empty in what is \
             read by another listing: {}",
            without.join(", ")
        )
    })
}

/// A warning about the streams that are read by a fallback.
#[must_use]
pub fn warning(streams: &[&'static Stream], refused: &[&'static Feed]) -> Option<String> {
    let on_fallback = streams.iter().filter(|stream| choose_feed(stream, refused).is_fallback);
    let lacking = on_fallback.filter_map(|stream| {
        stream.fallback.map(|fallback| format!("{} ({})", stream.name, fallback.missing))
    });
    let lacking: Vec<String> = lacking.collect();
    (!lacking.is_empty()).then(|| {
        format!(
            "Zendesk does not let an agent use its incremental exports, so other listings are read, \
             which do not have everything: {}. The first sync with an administrator's credentials \
             brings what they lack",
            lacking.join("; ")
        )
    })
}
