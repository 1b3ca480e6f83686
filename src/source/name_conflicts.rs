//! Finds options that name something that exists already, before the first request. Pure.

use crate::config::Config;
use crate::streams::{ResolvedStream, names_twice, with_another};
use airbyte::message::ErrorTrace;
use connector::failure::refused;

/// Why the options cannot be followed. `None` if no name exists already.
#[must_use]
pub fn clash(config: &Config, streams: &[ResolvedStream]) -> Option<ErrorTrace> {
    let twice = names_twice(streams);
    if !twice.is_empty() {
        return Some(refused(&format!(
            "`search_queries` uses names of other streams: {}. Choose other names.",
            twice.join(", ")
        )));
    }
    let taken = with_another(config.deleted_at_field.as_deref()?, streams);
    (!taken.is_empty()).then(|| {
        refused(&format!(
            "`deleted_at_field` is the name of an existing column in {}. Choose another name, \
             such as `_ab_cdc_deleted_at`.",
            taken.join(", ")
        ))
    })
}
