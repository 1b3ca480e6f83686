//! A stream that takes its detour before its own feed: the detour's rows are early, the feed's are
//! the last word.

use serde_json::{Map, Value};

use crate::protocol::catalog::SyncMode;
use crate::streams::Stream;
use crate::sync::listing::context::Context;
use crate::sync::listing::member::{ActiveStream, Group};
use crate::sync::plan::{self, Now};
use crate::sync::position::catch_up::{SegmentPlan, StreamState};
use crate::sync::position::encode::to_state;
use crate::sync::position::{Phase, Position};

/// Whether a first read has its detour still before it.
#[must_use]
pub fn is_due(stream: &Stream, mode: SyncMode, position: &Position) -> bool {
    let untouched = position.cursor.is_none() && position.walk.phase == Phase::Fresh;
    let is_open = position.walk.searched.is_none();
    stream.search_first && mode == SyncMode::Incremental && untouched && is_open
}

impl Context<'_> {
    /// Takes the detours of a feed's streams, and lets each stream begin on the feed itself. One
    /// that fails does not begin, and its neighbours go on.
    pub(super) async fn search_first(self, group: &mut Group) {
        for (member, stream) in std::mem::take(&mut group.first) {
            let feed = member.stream.feed.root();
            let mut detour = Group {
                site: None,
                feed,
                members: vec![member],
                walk: group.walk,
                first: Vec::new(),
            };
            let result = self.leg(&mut detour, &SegmentPlan { who: vec![0], up_to: None }).await;
            let Some(member) = detour.members.pop() else { continue };
            if member.state == StreamState::Failed {
                continue;
            }
            if let Err(error) = result {
                self.tell_end(&member, Err(error));
                continue;
            }
            // The state that a killed sync would find here is where the feed begins.
            let state: Map<String, Value> =
                serde_json::from_str(&to_state(member.stream, &member.position))
                    .unwrap_or_default();
            let now = Now { unix: self.client.clock().now_unix(), attempt: 0 };
            let mode = SyncMode::Incremental;
            let begin = plan::begin(stream, mode, Some(&state), self.config, now);
            let mut onward = ActiveStream::new(stream, begin.position);
            onward.report = member.report;
            onward.walk = group.walk;
            group.members.push(onward);
        }
    }
}
