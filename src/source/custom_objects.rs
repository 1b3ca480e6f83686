//! The custom objects of an account, each of which has a stream of records.

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

/// Each kind of custom object, with the fields that its records have now. There are none where Zendesk
/// refuses custom objects for good. It has failed when nothing comes for as long as the patience of who
/// waits; many objects may take longer.
///
/// # Errors
/// [`WalkError`] when it is not known which objects there are, or which fields one has.
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

/// No rows where Zendesk refuses them for good.
fn or_none(rows: Result<Vec<Value>, WalkError>) -> Result<Vec<Value>, WalkError> {
    match rows {
        Err(WalkError::Api(error)) if is_last_word(&error) => Ok(Vec::new()),
        rows => rows,
    }
}
