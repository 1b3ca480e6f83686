//! Named parents: parents whose children are read out of turn, because another source says that the
//! children changed.

use std::collections::{BTreeMap, BTreeSet};

use xxhash_rust::xxh3::xxh3_64;

use super::deliver;
use super::segment::Segment;
use crate::streams::ResolvedStream;
use crate::sync::WalkError;
use crate::sync::children::parents::{Known, ParentRow};
use crate::sync::children::shared::NextPlace;
use crate::sync::listing::context::Context;
use crate::sync::position::frontier::Listed;
use zendesk::paging::Token;

/// How many parents are named before their children are read. There may be as many as there are
/// events, so no more are kept at once. If later events name a parent again, it is read again.
const MOST_NAMED: usize = 1000;

/// The parents that are named, and the moment when they were.
pub(super) struct Named<'t> {
    /// The feeds with changed children, keyed by the values that the children's paths need of the
    /// parent.
    parents: BTreeMap<BTreeMap<&'static str, String>, BTreeSet<String>>,
    /// Where the walk goes on.
    at: &'t Token,
    /// Changes from this time on are left to the next search, unix seconds.
    pub asked: i64,
}

/// The hash of a named parent. It differs between parents and between reads.
fn mark(values: &BTreeMap<&'static str, String>, asked: i64) -> u64 {
    xxh3_64(format!("{asked} {values:?}").as_bytes())
}

impl<'t> Named<'t> {
    #[must_use]
    pub(super) fn new(at: &'t Token, asked: i64) -> Self {
        Self { parents: BTreeMap::new(), at, asked }
    }

    /// Adds parents with changed children of a stream.
    pub(super) fn extend(
        &mut self,
        stream: &ResolvedStream,
        parents: impl IntoIterator<Item = BTreeMap<&'static str, String>>,
    ) {
        let lineage = stream.feed.lineage();
        let Some(top) = lineage.first() else { return };
        for parent in parents {
            self.parents.entry(parent).or_default().insert(top.name().to_owned());
        }
    }

    /// Whether the children of the named parents must be read before more parents are named.
    #[must_use]
    pub(super) fn is_full(&self) -> bool {
        self.parents.len() >= MOST_NAMED
    }

    /// Reads the children of all named parents.
    ///
    /// # Errors
    /// Only errors that end the whole sync.
    pub(super) async fn read(
        &mut self,
        context: Context<'_>,
        segment: &mut Segment<'_>,
    ) -> Result<(), WalkError> {
        let Self { parents, at, asked } = self;
        // They stand before everything that the walk still lists. Their hashes hold in this
        // segment alone: after a kill there may be news of those that were finished.
        let parent = |(values, feeds)| ParentRow {
            listed: Listed {
                hash: mark(&values, *asked),
                time: None,
                own: None,
                page: (*at).clone(),
            },
            changed: None,
            // Nobody says what else it has.
            row: Known { values, with_news: Some(feeds), ..Known::default() },
        };
        while !parents.is_empty() {
            let some = std::iter::from_fn(|| parents.pop_first()).take(MOST_NAMED);
            let some = some.map(parent).collect();
            let seen = segment.seen();
            let now = context.client.clock().now_unix();
            let next = NextPlace { token: (*at).clone(), time: None };
            deliver::children(context, segment, some, next, now).await?;
            deliver::judge_refusals(context, segment, false).await?;
            // The walk goes on where it stood.
            segment.resume(at, &seen);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_that_events_name_are_told_apart() {
        let values = |id: &str| BTreeMap::from([("id", id.to_owned())]);
        assert_ne!(mark(&values("1"), 7), mark(&values("2"), 7));
        assert_ne!(mark(&values("1"), 7), mark(&values("1"), 8));
    }
}
