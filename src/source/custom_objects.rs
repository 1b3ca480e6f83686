//! Lists the custom objects of an account. Each of them has a stream of records.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use serde_json::Value;
use tokio::time::timeout;

use super::fetch_all::rows;
use super::probe::unanswered;
use crate::config::Config;
use crate::streams::ResolvedFeed;
use crate::streams::custom_objects::{CUSTOM_OBJECT_FIELDS, CUSTOM_OBJECTS, CustomObject};
use crate::sync::WalkError;
use crate::sync::position::path_params::fill_path;
use connector::refusals::is_last_word;
use zendesk::client::Client;

/// The kinds of custom objects, each with the fields that its records have now. The list is empty
/// if Zendesk refuses custom objects for good. `patience` is the longest wait for the list of
/// kinds, and then for the fields of each next kind. Many kinds may take longer in all.
///
/// # Errors
/// [`WalkError`] when the objects, or the fields of one of them, cannot be listed.
pub async fn custom_objects(
    client: &Client,
    config: &Config,
    patience: Duration,
) -> Result<Vec<CustomObject>, WalkError> {
    let kinds = &ResolvedFeed::from(&CUSTOM_OBJECTS);
    let listing = Box::pin(rows(client, kinds, kinds.path().to_owned(), config));
    let late = |_| Err(unanswered(client, kinds.path()).into());
    let objects = or_none(timeout(patience, listing).await.unwrap_or_else(late))?;
    // One that moved to a later page while the pages were read comes twice.
    let mut known = BTreeSet::new();
    let keys = objects.iter().filter_map(|object| object["key"].as_str());
    let keys: Vec<&str> = keys.filter(|key| known.insert(*key)).collect();
    let listed = &ResolvedFeed::from(&CUSTOM_OBJECT_FIELDS);
    let asking = keys.into_iter().map(|key| async move {
        let fills = vec![("custom_object_key", key.to_owned())];
        let path = fill_path(listed.path(), &fills);
        let fields = or_none(rows(client, listed, path, config).await)?;
        Ok::<_, WalkError>(CustomObject::new(key, fields))
    });
    let mut asking: FuturesOrdered<_> = asking.collect();
    let mut found = Vec::new();
    let late = |_| Some(Err(unanswered(client, listed.path()).into()));
    while let Some(object) = timeout(patience, asking.next()).await.unwrap_or_else(late) {
        found.extend(object?);
    }
    Ok(found)
}

/// Turns a refusal for good into no rows.
fn or_none(rows: Result<Vec<Value>, WalkError>) -> Result<Vec<Value>, WalkError> {
    match rows {
        Err(WalkError::Api(error)) if is_last_word(&error) => Ok(Vec::new()),
        rows => rows,
    }
}
