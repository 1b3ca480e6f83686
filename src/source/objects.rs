//! The custom objects of an account, each of which is a stream of records.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::Value;

use super::listed::rows;
use super::probe::is_last_word;
use crate::config::Config;
use crate::streams::Stream;
use crate::streams::custom_objects::{CUSTOM_OBJECT_FIELDS, CUSTOM_OBJECTS, records_of};
use crate::sync::WalkError;
use crate::sync::parents::fill;
use crate::zendesk::client::Client;

/// Beyond the walks of all probes.
const FIRST_WALK: u64 = 1_000_000;

/// A stream for each kind of custom object, with the fields that its records have now. There are
/// none where Zendesk refuses custom objects for good.
///
/// # Errors
/// [`WalkError`] when it is not known which objects there are, or which fields one has.
pub async fn streams_of_records(
    client: &Client,
    config: &Config,
) -> Result<Vec<Stream>, WalkError> {
    let path = CUSTOM_OBJECTS.path.to_owned();
    let objects = or_none(rows(client, &CUSTOM_OBJECTS, path, FIRST_WALK, config).await)?;
    // One that moved to a later page while the pages were read comes twice.
    let keys: BTreeSet<&str> = objects.iter().filter_map(|object| object["key"].as_str()).collect();
    let streams = (FIRST_WALK + 1..).zip(keys).map(|(walk, key)| async move {
        let fills = vec![("custom_object_key", key.to_owned())];
        let path = fill(CUSTOM_OBJECT_FIELDS.path, &fills);
        let fields = or_none(rows(client, &CUSTOM_OBJECT_FIELDS, path, walk, config).await)?;
        Ok(records_of(key, &fields))
    });
    let streams: Result<Vec<_>, WalkError> = join_all(streams).await.into_iter().collect();
    Ok(streams?.into_iter().flatten().collect())
}

/// No rows where Zendesk refuses them for good.
fn or_none(rows: Result<Vec<Value>, WalkError>) -> Result<Vec<Value>, WalkError> {
    match rows {
        Err(WalkError::Api(error)) if is_last_word(&error) => Ok(Vec::new()),
        rows => rows,
    }
}
