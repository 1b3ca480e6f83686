//! Reads the listings below one parent: page by page, and for each row the listings of its own
//! children.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};

use super::parents::{Known, Node, ParentKeys, parent_keys};
use super::shared::{Answered, Shared, Top, UnderWay};
use crate::streams::ResolvedStream;
use crate::sync::WalkError;
use crate::sync::files::Delivery;
use crate::sync::files::download::{DownloadStats, Downloads};
use crate::sync::listing::context::{Context, ends_everything, lock};
use crate::sync::listing::pager::Pager;
use crate::sync::position::path_params::{PathParams, fill_path};
use crate::sync::records::CameAt;
use airbyte::message::Level;
use airbyte::source::emitter::Batch;
use zendesk::budget::WalkId;
use zendesk::client::Fetched;
use zendesk::error::{ApiError, ErrorKind};
use zendesk::paging::Token;

/// The longest time that all streams of a walk wait for one refused listing.
const PATIENCE: Duration = Duration::from_secs(120);

/// Reads listings below parents.
#[derive(Clone, Copy)]
pub struct Below<'s, 'm> {
    pub context: Context<'s>,
    /// The number of the walk. All requests below parents share its turns.
    pub walk: WalkId,
    pub shared: &'s Mutex<Shared<'m>>,
}

impl<'s, 'm: 's> Below<'s, 'm> {
    /// How many listings are read at once.
    #[must_use]
    pub fn at_once(self) -> usize {
        self.context.config.account.workers * 2
    }

    /// Reads the listings of these feeds below one row. `top` is the topmost parent, `carried`
    /// fills the placeholders from the rows above.
    pub fn read(
        self,
        nodes: &'s [Node],
        top: Top,
        carried: PathParams,
        row: Known,
    ) -> BoxFuture<'s, Result<Answered, WalkError>> {
        Box::pin(async move {
            let mut answered = Answered::Settled;
            for node in nodes {
                if !row.is_parent(&node.feed) || !lock(self.shared).wants(node) {
                    continue;
                }
                if lock(self.shared).lent.refusals.failures.is_left_alone(node.feed.name(), top.key)
                {
                    answered = Answered::Failed;
                    continue;
                }
                let mut path_params = carried.clone();
                let parent = node.feed.parent.iter().flat_map(|parent| parent.fills);
                path_params.extend(
                    parent.filter_map(|(name, key)| Some((*name, row.values.get(key)?.clone()))),
                );
                match self.listing(node, top, path_params).await {
                    Ok(listed) => answered = answered.max(listed),
                    Err(error) if ends_everything(&error) => return Err(error),
                    Err(WalkError::Api(ApiError { again_in: Some(wait), kind, .. })) => {
                        let is_limit = kind == ErrorKind::RateLimited;
                        self.leave_behind(node, wait, is_limit).await?;
                    }
                    Err(error) => {
                        lock(self.shared).fail(self.context, node, &error);
                        // Its place must not pass this parent; the streams that are left may.
                    }
                }
            }
            Ok(answered)
        })
    }

    /// Reads one listing to its end.
    async fn listing(
        self,
        node: &Node,
        top: Top,
        path_params: PathParams,
    ) -> Result<Answered, WalkError> {
        let streams: Vec<&ResolvedStream> =
            node.streams.iter().map(|(stream, _)| &**stream).collect();
        let path = fill_path(node.feed.path(), &path_params);
        let keys = parent_keys(&node.feed, node.kids.iter().flat_map(Node::all_streams));
        let mut listing = self.context.listing(&node.feed, path, &streams, self.walk);
        listing.want(keys.all());
        listing.query.extend(lock(self.shared).bounds(node));
        let size = lock(self.shared).sizes.get(node.feed.name()).copied();
        let size = size.unwrap_or_else(|| node.feed.page_size(self.context.config));
        let mut pager = Pager::new(self.context.client, listing, Token::First, size);
        pager.patience = lock(self.shared).others_read(node).then_some(PATIENCE);
        let mut first = true;
        let mut answered = Answered::Settled;
        let result = loop {
            match pager.next().await {
                Ok(None) => {
                    lock(self.shared).lent.refusals.failures.read(node.feed.name(), &path_params);
                    break Ok(answered);
                }
                Ok(Some(fetched)) => {
                    if std::mem::take(&mut first) {
                        lock(self.shared).lent.refusals.note(node.feed.name(), None);
                    }
                    match self.page(node, top, fetched, &path_params, &keys).await {
                        Ok(listed) => answered = answered.max(listed),
                        Err(error) => break Err(error),
                    }
                }
                Err(error) => {
                    break lock(self.shared).judge(node, top, error).map(|own| own.max(answered));
                }
            }
        };
        pager.size.move_on();
        {
            let mut shared = lock(self.shared);
            shared.count(node, &pager);
            shared.sizes.insert(node.feed.name().to_owned(), pager.size);
        }
        self.context.log_notes(&mut pager).await?;
        result
    }

    /// Lets only the streams of a refused listing wait. They keep the place that they were last
    /// given. When the other streams have come to the end, these read on from that place.
    async fn leave_behind(
        self,
        node: &Node,
        wait: Duration,
        is_limit: bool,
    ) -> Result<(), WalkError> {
        let until = self.context.client.clock().elapsed().saturating_add(wait);
        let names = lock(self.shared).leave_behind(node, until, is_limit);
        if names.is_empty() {
            return Ok(());
        }
        let why = format!(
            "{}: Zendesk asks to wait another {} seconds. The stream is read later in this sync, \
             and the others continue.",
            names.join(", "),
            wait.as_secs()
        );
        Ok(self.context.emitter.log(Level::Warn, &why).await?)
    }

    /// Delivers one page of a child's listing, then reads the listings of its rows' children. A
    /// refusal among them counts for the topmost parent, which the position follows.
    async fn page(
        self,
        node: &Node,
        top: Top,
        fetched: Fetched,
        path_params: &PathParams,
        keys: &ParentKeys,
    ) -> Result<Answered, WalkError> {
        let mut answered = Answered::Settled;
        let Some(list) = fetched.page.lists.first() else { return Ok(answered) };
        let mut batch = Batch::default();
        let came_at = CameAt::now(fetched.now_unix);
        let mut deliveries = Vec::new();
        for (stream, writer) in &node.streams {
            // The lock is taken twice, and must not last from the first to the second.
            let keep = lock(self.shared).keep(stream, &fetched.page, list);
            let Some(keep) = keep else { continue };
            // Lines that wait for files are apart from those of neighbours.
            let mut own = Vec::new();
            let waits = stream.file.is_some();
            let lines = if waits { &mut own } else { &mut batch.lines };
            let mut written = writer.write(&fetched.page, &keep, path_params, came_at, lines);
            if waits {
                let files = std::mem::take(&mut written.files);
                deliveries
                    .push((Delivery { stream: Arc::clone(stream), lines: own, files }, written));
            } else {
                batch.parts.extend(lock(self.shared).delivered(stream, &written));
            }
        }
        let rows: Vec<_> =
            (0..list.rows.len()).map(|row| Known::of(&fetched.page, list, row, keys)).collect();
        // What is needed of the page is in the batch, which may have to wait for its turn.
        let Fetched { page, slot, share, .. } = fetched;
        drop(page);
        // A slow reader holds the slot, so that no more pages wait for it than there are workers.
        // It goes back before files and the next level are asked for: with one worker nothing
        // could be asked otherwise.
        self.context.emitter.batch(batch).await?;
        drop(slot);
        for (delivery, written) in deliveries {
            let stream = Arc::clone(&delivery.stream);
            let Some((lines, seen)) = self.files(delivery).await? else { continue };
            let parts = lock(self.shared).delivered(&stream, &written).into_iter().collect();
            self.context.emitter.batch(Batch { lines, parts }).await?;
            answered = answered.max(seen);
        }
        drop(share);
        if node.kids.is_empty() {
            return Ok(answered);
        }
        Ok(answered.max(self.kids(node, top, rows, path_params).await?))
    }

    /// Reads the listings below the rows of a page, several at once.
    async fn kids(
        self,
        node: &Node,
        top: Top,
        rows: Vec<Known>,
        path_params: &PathParams,
    ) -> Result<Answered, WalkError> {
        let mut answered = Answered::Settled;
        let mut rows = rows.into_iter();
        let mut running = FuturesUnordered::new();
        loop {
            // Enough for all workers, whoever the parents are: those of each parent by itself
            // would be the square of that. One goes in any case, so that each parent goes on.
            while running.is_empty() || lock(self.shared).under_way < self.at_once() {
                let Some(row) = rows.next() else { break };
                let counted = UnderWay::new(self.shared);
                let below = self.read(&node.kids, top, path_params.clone(), row);
                running.push(async move {
                    let _counted = counted;
                    below.await
                });
            }
            match running.next().await {
                Some(Ok(below)) => answered = answered.max(below),
                Some(Err(error)) => return Err(error),
                None => return Ok(answered),
            }
        }
    }

    /// Fetches the files of a page. A parent with a missing file counts as refused, until later
    /// answers have judged it. `None` when the stream has failed.
    async fn files(self, delivery: Delivery) -> Result<Option<(Vec<u8>, Answered)>, WalkError> {
        let stream = Arc::clone(&delivery.stream);
        let Some(keys) = stream.file else { return Ok(Some((delivery.lines, Answered::Settled))) };
        let (mut stats, mut first) = (DownloadStats::default(), None);
        let note = |missing: Option<ApiError>| {
            first = first.take().or(missing.as_ref().map(ToString::to_string));
            lock(self.shared).lent.refusals.note_file(keys, missing)
        };
        let Delivery { lines, files, .. } = delivery;
        let downloads = Downloads { context: self.context, stream: &stream, walk: self.walk };
        let lines = downloads.fetch(lines, files, &mut stats, note).await;
        let mut shared = lock(self.shared);
        if let Some(member) = shared.member(&stream) {
            member.report.note_files(stats.files, stats.requests, first);
        }
        match lines {
            Ok(lines) if stats.files.missing > 0 => Ok(Some((lines, Answered::Refused))),
            Ok(lines) => Ok(Some((lines, Answered::Settled))),
            Err(error) if ends_everything(&error) => Err(error),
            Err(error) => {
                self.context.fail(shared.member(&stream), error);
                shared.lent.refusals.forget(keys.answers);
                Ok(None)
            }
        }
    }
}
