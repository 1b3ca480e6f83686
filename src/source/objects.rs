//! The custom objects of an account, each of which is a stream of records.

use futures_util::future::join_all;

use super::listed::rows;
use crate::config::Config;
use crate::streams::Stream;
use crate::streams::custom_objects::{CUSTOM_OBJECT_FIELDS, CUSTOM_OBJECTS, records_of};
use crate::sync::WalkError;
use crate::sync::parents::fill;
use crate::zendesk::client::Client;

/// Beyond the walks of all probes.
const FIRST_WALK: u64 = 1_000_000;

/// A stream for each kind of custom object, with the fields that its records have now. An object
/// whose fields cannot be had gets its stream all the same.
///
/// # Errors
/// [`WalkError`] when it is not known which objects there are.
pub async fn streams_of_records(
    client: &Client,
    config: &Config,
) -> Result<Vec<Stream>, WalkError> {
    let path = CUSTOM_OBJECTS.path.to_owned();
    let objects = rows(client, &CUSTOM_OBJECTS, path, FIRST_WALK, config).await?;
    let keys: Vec<&str> = objects.iter().filter_map(|object| object["key"].as_str()).collect();
    let streams = (FIRST_WALK + 1..).zip(keys).map(|(walk, key)| async move {
        let fills = vec![("custom_object_key", key.to_owned())];
        let path = fill(CUSTOM_OBJECT_FIELDS.path, &fills);
        let fields = rows(client, &CUSTOM_OBJECT_FIELDS, path, walk, config).await;
        records_of(key, &fields.unwrap_or_default())
    });
    Ok(join_all(streams).await.into_iter().flatten().collect())
}
