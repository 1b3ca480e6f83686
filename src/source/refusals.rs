//! Finds out whether Zendesk refuses words that the user wrote. Pure.

use connector::refusals::is_too_long;
use zendesk::error::{ApiError, ErrorKind};

use crate::streams::ResolvedStream;

/// Whether Zendesk refuses words that the user wrote.
#[must_use]
pub fn is_users_words(stream: &ResolvedStream, error: &ApiError) -> bool {
    stream.feed.words_of.is_some() && (error.kind == ErrorKind::Invalid || is_too_long(error))
}
