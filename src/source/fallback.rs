//! Who may not use the incremental exports reads other listings instead. That is decided once,
//! before anything is read: by the role, and by a definite refusal of an export's first page.

use super::probe::{Reach, reach};
use crate::config::Config;
use crate::streams::{Feed, Stream};
use crate::zendesk::client::Client;
use crate::zendesk::error::ApiError;

/// What `users/me` calls those who work on tickets and do not administer the account.
const AGENT: &str = "agent";

/// Whether a stream's detour serves somebody of this role whose request was refused so.
#[must_use]
pub fn serves(stream: &Stream, role: &str, error: &ApiError) -> bool {
    role == AGENT && stream.fallback.is_some() && error.status == Some(403)
}

/// The feeds of these streams that are refused to an agent and have a detour.
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

/// The stream as it is read, which may be on its detour. Like the registry it lives as long as
/// the program.
#[must_use]
pub fn choose_feed(stream: &'static Stream, refused: &[&'static Feed]) -> &'static Stream {
    let is_refused = refused.iter().any(|feed| std::ptr::eq(*feed, stream.feed));
    let detour = stream.on_fallback().filter(|_| is_refused);
    detour.map_or(stream, |detour| Box::leak(Box::new(detour)))
}

/// The detour that a stream takes before its own feed, if it does.
#[must_use]
pub fn first(stream: &Stream) -> Option<&'static Stream> {
    let detour = stream.on_fallback().filter(|_| stream.search_first)?;
    Some(Box::leak(Box::new(detour)))
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

/// What a person should know about the streams on a detour.
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
