//! Finds options about deleted rows that cannot be followed, before the first request. Pure.

use super::name_conflicts::clash;
use crate::config::Config;
use crate::streams::{DeletionMarker, QueryOption, Reading, ResolvedStream};
use airbyte::catalog::{Selected, SyncMode};
use airbyte::message::ErrorTrace;
use connector::failure::refused;

/// Why these streams cannot be read with these options. `None` if they can.
#[must_use]
pub fn refusal(
    config: &Config,
    streams: &[ResolvedStream],
    selected: &[Selected],
) -> Option<ErrorTrace> {
    if let Some(trouble) = clash(config, streams) {
        return Some(trouble);
    }
    if !leaves_ghosts(config) {
        return None;
    }
    let is_incremental = |name: &str| {
        let of_name = |selected: &&Selected| selected.name == name;
        selected.iter().find(of_name).is_some_and(|found| found.mode == SyncMode::Incremental)
    };
    let ghosts: Vec<&str> = with_ghosts(streams).filter(|name| is_incremental(name)).collect();
    (!ghosts.is_empty()).then(|| {
        refused(&format!(
            "`exclude_deleted` would leave old versions of deleted rows in these incremental \
             streams: {}. Set `deleted_at_field` too, or read the streams as full refresh.",
            ghosts.join(", ")
        ))
    })
}

/// Warns, before streams are selected, that an incremental read would be refused.
#[must_use]
pub fn warning(config: &Config, streams: &[ResolvedStream]) -> Option<String> {
    leaves_ghosts(config).then(|| {
        let names: Vec<&str> = with_ghosts(streams).collect();
        format!(
            "an incremental read of these streams will fail, because `exclude_deleted` is set \
             without `deleted_at_field`: {}. Set both, or use full refresh.",
            names.join(", ")
        )
    })
}

/// A warning about streams that have the deletion column but are read from a search, which does not
/// show deletions.
#[must_use]
pub fn unseen(config: &Config, selected: &[&ResolvedStream]) -> Option<String> {
    let is_searched = |stream: &&&ResolvedStream| {
        stream.deletion.is_some() && stream.feed.searched_key().is_some()
    };
    let searched = selected.iter().filter(is_searched);
    let names: Vec<&str> = searched.map(|stream| &*stream.name).collect();
    (config.deleted_at_field.is_some() && !names.is_empty()).then(|| {
        format!(
            "the search index does not show deletions, so `deleted_at_field` stays null in {}",
            names.join(", ")
        )
    })
}

/// A hint before the first read: the tables of some streams keep deleted rows as they were.
#[must_use]
pub fn unmarked(
    config: &Config,
    streams: &[ResolvedStream],
    selected: &[Selected],
) -> Option<String> {
    let is_incremental = |stream: &ResolvedStream| {
        let mut of_name = selected.iter().filter(|selected| selected.name == stream.name);
        of_name.any(|selected| selected.mode == SyncMode::Incremental)
    };
    stays(config, streams.iter().filter(|stream| is_incremental(stream)))
}

/// The same hint as [`unmarked`], before streams are selected.
#[must_use]
pub fn unmarked_by_default(config: &Config, streams: &[ResolvedStream]) -> Option<String> {
    stays(config, streams.iter())
}

/// The hint about streams whose listing leaves deleted rows out. An incremental read of them never
/// learns of a deletion.
fn stays<'s>(config: &Config, streams: impl Iterator<Item = &'s ResolvedStream>) -> Option<String> {
    let is_hidden = |stream: &&ResolvedStream| {
        let without = |(_, choice): &(_, QueryOption)| {
            *choice == QueryOption::WithoutDeleted && choice.value(config).is_some()
        };
        stream.deletion.is_some() && stream.feed.choices.iter().any(without)
    };
    let names: Vec<&str> = streams.filter(is_hidden).map(|stream| &*stream.name).collect();
    (!names.is_empty()).then(|| {
        format!(
            "`deleted_at_field` is not set, so deleted rows stay unchanged in incremental tables \
             of {}. Set it to `_ab_cdc_deleted_at` to have Airbyte's destinations delete them, \
             or to another name to mark them.",
            names.join(", ")
        )
    })
}

fn leaves_ghosts(config: &Config) -> bool {
    config.exclude_deleted && config.deleted_at_field.is_none()
}

/// Streams whose tables would keep deleted rows if an incremental read left deleted rows out.
fn with_ghosts(streams: &[ResolvedStream]) -> impl Iterator<Item = &str> {
    let marked = streams.iter().filter(|stream| {
        let sign = stream.deletion.map(|deletion| deletion.sign);
        sign.is_some_and(|sign| sign != DeletionMarker::Every)
            && stream.reading() != Reading::FullRefreshOnly
    });
    marked.map(|stream| &*stream.name)
}
