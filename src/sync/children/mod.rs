//! Reads child listings: those of several parents at once, each to its end. A position follows the
//! first parent that is not finished.

use std::sync::{Arc, Mutex};

use futures_util::stream::{FuturesUnordered, StreamExt};
use xxhash_rust::xxh3::xxh3_64;

use self::below::Below;
use self::failures::{End, Witness, release, still_read};
use self::parents::{Node, ParentRow, nodes};
use self::shared::{Lent, NextPlace, Shared, Top};
use crate::streams::{ResolvedFeed, ResolvedStream};
use crate::sync::WalkError;
use crate::sync::listing::context::{Context, lock};
use airbyte::source::emitter::Batch;
use zendesk::budget::WalkId;

pub mod below;
pub mod failures;
pub mod parents;
pub mod shared;

/// Reads the children of the parents of one page.
pub struct Children<'r, 'm> {
    context: Context<'r>,
    /// The place after the page.
    next: NextPlace,
    now_unix: i64,
    /// The number of the walk. All requests below parents share its turns.
    walk: WalkId,
    tree: Vec<Node>,
    shared: Mutex<Shared<'m>>,
}

impl<'r, 'm> Children<'r, 'm> {
    #[must_use]
    pub fn new(
        context: Context<'r>,
        root: &ResolvedFeed,
        walk: WalkId,
        lent: Lent<'m>,
        next: NextPlace,
        now_unix: i64,
    ) -> Self {
        let streams: Vec<&Arc<ResolvedStream>> =
            lent.who.iter().map(|member| &member.stream).collect();
        let tree = nodes(root, &streams);
        let sizes = Default::default();
        let shared = Mutex::new(Shared { lent, sizes, under_way: 0 });
        Self { context, next, now_unix, walk, tree, shared }
    }

    /// Returns what was lent.
    #[must_use]
    pub fn into_lent(self) -> Lent<'m> {
        let shared = self.shared.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        shared.lent
    }

    /// Reads the children of all these parents, several at once. A stream that fails is reported
    /// and left out.
    ///
    /// # Errors
    /// Only errors that end the whole sync.
    pub async fn read(&self, parents: Vec<ParentRow>) -> Result<(), WalkError> {
        let mut waiting = parents.into_iter().peekable();
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < self.below().at_once() && waiting.peek().is_some() {
                if !lock(&self.shared).lent.frontier.has_room() {
                    if !running.is_empty() {
                        break;
                    }
                    // A parent that failed holds up all that was read behind it.
                    self.judge_failures(true).await?;
                }
                let Some(parent) = waiting.next() else { break };
                let number = lock(&self.shared).begin(&parent);
                if let Some(number) = number {
                    running.push(self.parent(number, parent));
                }
            }
            // Nothing else is awaited here: see ARCHITECTURE, Invariants.
            match running.next().await {
                Some(result) => result?,
                None => return self.emit_place().await,
            }
        }
    }

    fn below(&self) -> Below<'_, 'm> {
        Below { context: self.context, walk: self.walk, shared: &self.shared }
    }

    /// Moves the children's positions to the first unfinished parent.
    async fn emit_place(&self) -> Result<(), WalkError> {
        let parts = lock(&self.shared).place(&self.next, self.now_unix);
        Ok(self.context.emitter.batch(Batch { lines: Vec::new(), parts }).await?)
    }

    /// Reads all children of one parent, and moves the position past it.
    async fn parent(&self, number: usize, parent: ParentRow) -> Result<(), WalkError> {
        let key = xxh3_64(format!("{:?}", parent.row.values).as_bytes());
        let top = Top { number, key };
        let answered =
            self.below().read(&self.tree, top, self.context.path_params(), parent.row).await?;
        lock(&self.shared).settle(top, answered);
        self.judge_failures(false).await?;
        self.emit_place().await
    }

    /// Passes over parents that failed in several syncs, and ends the streams that other failing
    /// parents hold up.
    async fn judge_failures(&self, is_over: bool) -> Result<(), WalkError> {
        if is_over {
            let asks = lock(&self.shared).witnesses();
            for Witness { feed, path_params } in still_read(self.context, asks, self.walk).await? {
                lock(&self.shared).lent.refusals.failures.read(feed.name(), &path_params);
            }
        }
        let ends = lock(&self.shared).judge_failures(is_over);
        if ends.is_empty() {
            return Ok(());
        }
        // Their last place is before the parents that failed.
        self.emit_place().await?;
        let mut shared = lock(&self.shared);
        for End { feed, streams, why } in ends {
            for stream in self.tree.iter().flat_map(Node::all_streams) {
                if streams.contains(&stream.name) {
                    self.context.fail(shared.member(stream), why.clone());
                    shared.lent.refusals.forget(stream.feed.name());
                }
            }
            let Lent { refusals, frontier, .. } = &mut shared.lent;
            release(&feed, refusals, frontier);
        }
        Ok(())
    }
}
