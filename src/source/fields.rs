//! Lists the account's custom fields: before a catalog is written, and before a stream is read that
//! has columns for them.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Map, Value};

use super::failure;
use super::fetch_all::rows;
use super::probe::unanswered;
use crate::config::Config;
use crate::streams::custom_fields::{Asked, Column, CustomFields, Field, asked, columns};
use crate::streams::{ResolvedFeed, ResolvedStream};
use crate::sync::WalkError;
use airbyte::catalog::Selected;
use airbyte::message::{ErrorTrace, Level};
use airbyte::source::emitter::Emitter;
use airbyte::stdout::Closed;
use zendesk::client::Client;
use zendesk::error::ErrorKind;

/// The most names in one message.
const MOST_NAMED: usize = 20;

/// The columns that the wanted streams have now for custom fields, or why they are not known. Each
/// result comes with the place of its stream in the list. All listings are requested at the same
/// time. A listing that takes longer than `patience` has failed.
pub async fn columns_now(
    client: &Client,
    config: &Config,
    streams: &[ResolvedStream],
    is_wanted: impl Fn(&ResolvedStream) -> bool,
    patience: Option<Duration>,
) -> Vec<(usize, Result<Vec<Column>, WalkError>)> {
    let Some(naming) = config.custom_field_columns else { return Vec::new() };
    let wanted = streams.iter().enumerate().filter(|(_, stream)| is_wanted(stream));
    let asked = wanted.filter_map(|(at, stream)| Some((at, stream, stream.custom_fields?)));
    join_all(asked.map(|(at, stream, from)| async move {
        let listing = Box::pin(list(client, config, from));
        let listed = match patience {
            None => listing.await,
            Some(patience) => tokio::time::timeout(patience, listing).await.unwrap_or_else(|_| {
                Err(unanswered(client, ResolvedFeed::from(from.feed).path()).into())
            }),
        };
        let columns = listed.map(|fields| {
            let (built_in, labels) = (built_in(stream), config.custom_field_labels);
            columns(&fields, from.told_by, naming, labels, &built_in)
        });
        (at, columns)
    }))
    .await
}

async fn list(
    client: &Client,
    config: &Config,
    from: &CustomFields,
) -> Result<Vec<Field>, WalkError> {
    let feed = &ResolvedFeed::from(from.feed);
    let rows = rows(client, feed, feed.path().to_owned(), config).await?;
    // A field that moved to a later page while the pages were read comes twice.
    let mut known = BTreeSet::new();
    let fields = rows.iter().filter_map(|row| Field::read(row, from.told_by));
    Ok(fields.filter(|field| known.insert(field.id)).collect())
}

/// Gives the selected streams the columns of custom fields that their saved catalog has. Logs how
/// that catalog differs from the account. Returns why some streams cannot be read.
///
/// # Errors
/// [`Closed`] when nobody reads the log.
pub async fn add_columns(
    streams: &mut [ResolvedStream],
    selected: &[Selected],
    (client, config): (&Client, &Config),
    emitter: &Emitter,
) -> Result<Vec<ErrorTrace>, Closed> {
    let is_selected =
        |stream: &ResolvedStream| selected.iter().any(|chosen| chosen.name == stream.name);
    let mut troubles = Vec::new();
    for (at, now) in columns_now(client, config, streams, is_selected, None).await {
        match now {
            Ok(now) => {
                let asked = asked_of(&streams[at], selected, now);
                for difference in differences(&streams[at].name, &asked) {
                    emitter.log(Level::Info, &difference).await?;
                }
                streams[at].with_columns(asked.columns);
            }
            // The walks hear of it themselves.
            Err(WalkError::Api(error)) if error.kind == ErrorKind::Stopped => {}
            Err(error) => troubles.push(failure::of_fields(&streams[at], streams, &error)),
        }
    }
    Ok(troubles)
}

/// Compares the columns of a stream in the saved catalog with those that the account has now.
fn asked_of(stream: &ResolvedStream, selected: &[Selected], now: Vec<Column>) -> Asked {
    let saved = selected.iter().find(|selected| selected.name == stream.name);
    let properties: Option<&Map<String, Value>> =
        saved.and_then(|selected| selected.properties.as_ref());
    asked(properties, now, &built_in(stream))
}

fn built_in(stream: &ResolvedStream) -> BTreeSet<String> {
    // Schemas are part of the program and tested.
    stream.built_in_columns().unwrap_or_default()
}

/// The differences between a saved catalog and the account, one sentence each.
fn differences(stream: &str, asked: &Asked) -> Vec<String> {
    let mut differences = Vec::new();
    if !asked.missing.is_empty() {
        differences.push(format!(
            "{stream}: {} custom fields of the account are not in the catalog: {}. Refresh the \
             schema (run `discover`) to get them.",
            asked.missing.len(),
            names(&asked.missing)
        ));
    }
    if !asked.gone.is_empty() {
        differences.push(format!(
            "{stream}: {} columns of the catalog are null: {}. The account does not have these \
             custom fields, or `custom_field_labels` is off.",
            asked.gone.len(),
            names(&asked.gone)
        ));
    }
    differences
}

fn names(names: &[String]) -> String {
    let named = names.iter().take(MOST_NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = names.len().saturating_sub(MOST_NAMED);
    if more > 0 { format!("{named} and {more} more") } else { named }
}
