//! Streams that read their fallback before their own feed. The fallback's rows come early, and the
//! feed's rows replace them later. Pure.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::config::Config;
use crate::streams::ResolvedStream;
use crate::sync::listing::member::ActiveStream;
use crate::sync::plan::{self, Now};
use crate::sync::position::encode::to_state;
use crate::sync::position::{Phase, Position};
use airbyte::catalog::SyncMode;

/// Whether a first read must still read the fallback.
#[must_use]
pub fn is_due(stream: &ResolvedStream, mode: SyncMode, position: &Position) -> bool {
    let untouched = position.cursor.is_none() && position.walk.phase == Phase::Fresh;
    let is_open = position.walk.searched.is_none();
    stream.search_first && mode == SyncMode::Incremental && untouched && is_open
}

/// A stream that has read its fallback, at its begin on its own feed. `now_unix` is Zendesk's time.
#[must_use]
pub fn onward(
    member: ActiveStream,
    stream: Arc<ResolvedStream>,
    config: &Config,
    now_unix: i64,
) -> ActiveStream {
    // The state that a killed sync would find here is where the feed begins.
    let state: Map<String, Value> =
        serde_json::from_str(&to_state(&member.stream, &member.position)).unwrap_or_default();
    let now = Now { unix: now_unix, attempt: 0 };
    let begin = plan::begin(&stream, SyncMode::Incremental, Some(&state), config, now);
    let mut onward = ActiveStream::new(stream, begin.position, member.walk);
    onward.report = member.report;
    onward
}
