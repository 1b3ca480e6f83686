//! The custom objects of an account, each of which is a stream of records.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use serde_json::Value;
use tokio::time::timeout;

use super::fetch_all::rows;
use super::probe::unanswered;
use super::refusals::is_last_word;
use crate::config::Config;
use crate::streams::Stream;
use crate::streams::custom_objects::{CUSTOM_OBJECT_FIELDS, CUSTOM_OBJECTS, records_of};
use crate::sync::WalkError;
use crate::sync::position::path_params::fill_path;
use crate::zendesk::client::Client;

/// Beyond the walks of all probes.
const FIRST_WALK: u64 = 1_000_000;

/// A stream for each kind of custom object, with the fields that its records have now. There are
/// none where Zendesk refuses custom objects for good. It has failed when nothing comes for as long
/// as the patience of who waits; many objects may take longer.
///
/// # Errors
/// [`WalkError`] when it is not known which objects there are, or which fields one has.
pub async fn streams_of_records(
    client: &Client,
    config: &Config,
    patience: Duration,
) -> Result<Vec<Stream>, WalkError> {
    let path = CUSTOM_OBJECTS.path.to_owned();
    let listing = Box::pin(rows(client, &CUSTOM_OBJECTS, path, FIRST_WALK, config));
    let late = |_| Err(unanswered(client, CUSTOM_OBJECTS.path).into());
    let objects = or_none(timeout(patience, listing).await.unwrap_or_else(late))?;
    // One that moved to a later page while the pages were read comes twice.
    let mut known = BTreeSet::new();
    let keys = objects.iter().filter_map(|object| object["key"].as_str());
    let keys: Vec<&str> = keys.filter(|key| known.insert(*key)).collect();
    let asking = (FIRST_WALK + 1..).zip(keys).map(|(walk, key)| async move {
        let fills = vec![("custom_object_key", key.to_owned())];
        let path = fill_path(CUSTOM_OBJECT_FIELDS.path, &fills);
        let fields = or_none(rows(client, &CUSTOM_OBJECT_FIELDS, path, walk, config).await)?;
        Ok::<_, WalkError>(records_of(key, &fields))
    });
    let mut asking: FuturesOrdered<_> = asking.collect();
    let mut streams = Vec::new();
    let late = |_| Some(Err(unanswered(client, CUSTOM_OBJECT_FIELDS.path).into()));
    while let Some(stream) = timeout(patience, asking.next()).await.unwrap_or_else(late) {
        streams.extend(stream?);
    }
    Ok(streams)
}

/// No rows where Zendesk refuses them for good.
fn or_none(rows: Result<Vec<Value>, WalkError>) -> Result<Vec<Value>, WalkError> {
    match rows {
        Err(WalkError::Api(error)) if is_last_word(&error) => Ok(Vec::new()),
        rows => rows,
    }
}
