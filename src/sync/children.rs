//! Listings that hang on rows of another listing: several parents at once, each to its end. A
//! position follows the first parent that is not finished.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};

use super::WalkError;
use super::fetch::Delivery;
use super::files::FileTally;
use super::frontier::Frontier;
use super::join::Standstill;
use super::pager::Pager;
use super::parents::{Fills, Node, ParentRow, fill, nodes, path_keys, values};
use super::plan::unchanged_parent;
use super::reader::{Member, Reader, lock};
use super::refusals::RefusalsByFeed;
use super::rows::Framed;
use super::sift;
use crate::protocol::emitter::{Batch, Part, unix_ms};
use crate::protocol::message::Level;
use crate::streams::{Feed, Stream};
use crate::zendesk::client::{Fetched, Tally};
use crate::zendesk::error::{ApiError, ErrorKind};
use crate::zendesk::page::{Page, Rows};
use crate::zendesk::paging::Token;

/// For how long all streams of a walk wait for one listing that is refused.
const PATIENCE: Duration = Duration::from_secs(120);

/// Reads the children of the parents of one page.
pub struct Children<'r, 'm> {
    reader: Reader<'r>,
    /// The place behind the page, and the feed's time there.
    next: (Token, Option<i64>),
    now_unix: i64,
    /// Under this number all these requests take one turn together.
    walk: u64,
    tree: Vec<Node>,
    shared: Mutex<Shared<'m>>,
}

struct Shared<'m> {
    who: Vec<&'m mut Member>,
    frontier: Frontier,
    refusals: RefusalsByFeed,
}

/// How a parent's listings came out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answered {
    /// Read, or absent: both settle it.
    Settled,
    Refused,
}

impl<'r, 'm> Children<'r, 'm> {
    #[must_use]
    pub fn new(
        reader: Reader<'r>,
        (root, walk): (&'static Feed, u64),
        who: Vec<&'m mut Member>,
        frontier: Frontier,
        refusals: RefusalsByFeed,
        next: (Token, Option<i64>),
        now_unix: i64,
    ) -> Self {
        let streams: Vec<&'static Stream> = who.iter().map(|member| member.stream).collect();
        let tree = nodes(root, &streams);
        let shared = Mutex::new(Shared { who, frontier, refusals });
        Self { reader, next, now_unix, walk, tree, shared }
    }

    /// Gives back what was lent.
    #[must_use]
    pub fn into_parts(self) -> (Vec<&'m mut Member>, Frontier, RefusalsByFeed) {
        let shared = self.shared.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        (shared.who, shared.frontier, shared.refusals)
    }

    /// Reads the children of all these parents, several at once.
    ///
    /// # Errors
    /// Only what ends the whole sync; a stream that fails is told of and left behind.
    pub async fn read(&self, parents: Vec<ParentRow>) -> Result<(), WalkError> {
        let mut waiting = parents.into_iter().peekable();
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < self.at_once() && waiting.peek().is_some() {
                if !running.is_empty() && !lock(&self.shared).frontier.has_room() {
                    break;
                }
                let Some(parent) = waiting.next() else { break };
                let number = lock(&self.shared).begin(&parent);
                if let Some(number) = number {
                    running.push(self.parent(number, parent));
                }
            }
            // Nothing else is awaited here: a future that holds a lock or a turn must be polled.
            match running.next().await {
                Some(result) => result?,
                None => return self.tell_place().await,
            }
        }
    }

    fn at_once(&self) -> usize {
        self.reader.config.workers * 2
    }

    /// Moves the children's positions to the first unfinished parent.
    async fn tell_place(&self) -> Result<(), WalkError> {
        let parts = lock(&self.shared).place(&self.next, self.now_unix);
        Ok(self.reader.emitter.batch(Batch { lines: Vec::new(), parts }).await?)
    }

    /// Reads all children of one parent, and moves the position past it.
    async fn parent(&self, number: usize, parent: ParentRow) -> Result<(), WalkError> {
        let answered = self.below(&self.tree, self.reader.fills(), parent.values).await?;
        lock(&self.shared).settle(number, answered);
        self.tell_place().await
    }

    /// Reads the listings of these feeds below one row; `values` are that row's.
    fn below<'s>(
        &'s self,
        nodes: &'s [Node],
        carried: Fills,
        values: BTreeMap<&'static str, String>,
    ) -> BoxFuture<'s, Result<Answered, WalkError>> {
        Box::pin(async move {
            let mut answered = Answered::Settled;
            for node in nodes {
                if !lock(&self.shared).wants(node) {
                    continue;
                }
                let mut fills = carried.clone();
                let parent = node.feed.parent.iter().flat_map(|parent| parent.fills);
                fills.extend(
                    parent.filter_map(|(name, key)| Some((*name, values.get(key)?.clone()))),
                );
                match self.listing(node, fills).await {
                    Ok(Answered::Settled) => {}
                    Ok(Answered::Refused) => answered = Answered::Refused,
                    Err(error) if ends_everything(&error) => return Err(error),
                    Err(WalkError::Api(ApiError { again_in: Some(wait), .. })) => {
                        self.leave_behind(node, wait).await?;
                    }
                    Err(error) => {
                        lock(&self.shared).fail(self.reader, node, &error);
                        // Its place must not pass this parent; the streams that are left may.
                    }
                }
            }
            Ok(answered)
        })
    }

    /// Reads one listing to its end.
    async fn listing(&self, node: &Node, fills: Fills) -> Result<Answered, WalkError> {
        let streams: Vec<&Stream> = node.streams.iter().map(|(stream, _)| *stream).collect();
        let path = fill(node.feed.path, &fills);
        let kid_streams: Vec<&'static Stream> =
            node.kids.iter().flat_map(Node::all_streams).collect();
        let keys = path_keys(node.feed, &kid_streams);
        let mut listing = self.reader.listing(node.feed, path, &streams, self.walk);
        listing.want(keys.iter().copied());
        let size = node.feed.page_size(self.reader.config);
        let mut pager = Pager::new(self.reader.client, &listing, Token::First, size);
        pager.patience = lock(&self.shared).others_read(node).then_some(PATIENCE);
        let mut first = true;
        let mut answered = Answered::Settled;
        let result = loop {
            match pager.next().await {
                Ok(None) => break Ok(answered),
                Ok(Some(fetched)) => {
                    if std::mem::take(&mut first) {
                        lock(&self.shared).refusals.note(node.feed.name, None);
                    }
                    match self.page(node, fetched, &fills, &keys).await {
                        Ok(Answered::Settled) => {}
                        Ok(Answered::Refused) => answered = Answered::Refused,
                        Err(error) => break Err(error),
                    }
                }
                Err(WalkError::Api(error)) => break self.judge(node, error),
                Err(error) => break Err(error),
            }
        };
        lock(&self.shared).count(node, &pager);
        for (level, note) in pager.notes.drain(..) {
            self.reader.emitter.log(level, &note).await?;
        }
        result
    }

    /// Lets the streams of a listing that is refused wait alone. They keep the place that they were
    /// last told, and read on from it when the others have come to the end.
    async fn leave_behind(&self, node: &Node, wait: Duration) -> Result<(), WalkError> {
        let until = self.reader.client.clock().elapsed().saturating_add(wait);
        let names = lock(&self.shared).leave_behind(node, until);
        if names.is_empty() {
            return Ok(());
        }
        let why = format!(
            "{}: Zendesk asks to wait another {} seconds; streams that are read with it go on, and it follows",
            names.join(", "),
            wait.as_secs()
        );
        Ok(self.reader.emitter.log(Level::Warn, &why).await?)
    }

    /// A parent that cannot be read is passed over by its status alone: an end user's article, a
    /// ticket that is gone. Too many refusals are the stream's own affair.
    fn judge(&self, node: &Node, error: ApiError) -> Result<Answered, WalkError> {
        let mut shared = lock(&self.shared);
        match error.kind {
            ErrorKind::Unauthorized | ErrorKind::Forbidden => {
                shared.refusals.note(node.feed.name, Some(error));
                shared.skip(node);
                shared.refusals.too_many(node.feed.name, false).map_or(Ok(Answered::Refused), Err)
            }
            ErrorKind::NotFound | ErrorKind::Invalid => {
                shared.refusals.note(node.feed.name, None);
                shared.skip(node);
                Ok(Answered::Settled)
            }
            _ => Err(error.into()),
        }
    }

    /// Delivers one page of a child's listing, and goes on to its own children. A refusal among
    /// them is one of the topmost parent, which the position follows.
    async fn page(
        &self,
        node: &Node,
        fetched: Fetched,
        fills: &Fills,
        keys: &[&'static str],
    ) -> Result<Answered, WalkError> {
        let mut answered = Answered::Settled;
        let Some(list) = fetched.page.lists.first() else { return Ok(answered) };
        let mut batch = Batch::default();
        let emitted_at = unix_ms();
        let mut deliveries = Vec::new();
        for (stream, framer) in &node.streams {
            // The lock is taken twice, and must not last from the first to the second.
            let keep = lock(&self.shared).keep(stream, &fetched.page, list);
            let Some(keep) = keep else { continue };
            // Lines that wait for files are apart from those of neighbours.
            let mut own = Vec::new();
            let waits = stream.file.is_some();
            let lines = if waits { &mut own } else { &mut batch.lines };
            let mut framed = framer.frame(&fetched.page, &keep, fills, emitted_at, lines);
            if waits {
                let offers = std::mem::take(&mut framed.offers);
                deliveries.push((Delivery { stream, lines: own, offers }, framed));
            } else {
                batch.parts.extend(lock(&self.shared).delivered(stream, &framed));
            }
        }
        let rows: Vec<_> =
            (0..list.rows.len()).map(|row| values(&fetched.page, list, row, keys)).collect();
        // The slot goes back before files and the next level are asked for. What a large body holds does
        // when the rows are written: nothing that is asked for until then takes of it.
        let Fetched { page, slot, share, .. } = fetched;
        drop((page, slot));
        for (delivery, framed) in deliveries {
            let stream = delivery.stream;
            let Some((lines, seen)) = self.files(delivery).await? else { continue };
            batch.lines.extend(lines);
            batch.parts.extend(lock(&self.shared).delivered(stream, &framed));
            if seen == Answered::Refused {
                answered = seen;
            }
        }
        self.reader.emitter.batch(batch).await?;
        drop(share);
        if node.kids.is_empty() {
            return Ok(answered);
        }
        let mut rows = rows.into_iter();
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < self.at_once() {
                let Some(values) = rows.next() else { break };
                running.push(self.below(&node.kids, fills.clone(), values));
            }
            match running.next().await {
                Some(Ok(Answered::Settled)) => {}
                Some(Ok(Answered::Refused)) => answered = Answered::Refused,
                Some(Err(error)) => return Err(error),
                None => return Ok(answered),
            }
        }
    }
}

impl Children<'_, '_> {
    /// Fetches the files of a page. A parent of which some did not come counts as refused, until
    /// later answers have judged it. None when the stream has failed.
    async fn files(&self, delivery: Delivery) -> Result<Option<(Vec<u8>, Answered)>, WalkError> {
        let stream = delivery.stream;
        let Some(keys) = stream.file else { return Ok(Some((delivery.lines, Answered::Settled))) };
        let (mut files, mut tally) = (FileTally::default(), Tally::default());
        let note = |missing| lock(&self.shared).refusals.note_file(keys, missing);
        let counts = (&mut files, &mut tally);
        let lines = self.reader.fetch(delivery, self.walk, counts, note).await;
        let mut shared = lock(&self.shared);
        if let Some(member) = shared.member(stream) {
            member.report.files.add(files);
            member.report.tally.add(tally);
        }
        match lines {
            Ok(lines) if files.missing > 0 => Ok(Some((lines, Answered::Refused))),
            Ok(lines) => Ok(Some((lines, Answered::Settled))),
            Err(error) if ends_everything(&error) => Err(error),
            Err(error) => {
                self.reader.fail(shared.member(stream), error);
                shared.refusals.forget(keys.answers);
                Ok(None)
            }
        }
    }
}

impl Shared<'_> {
    /// Takes up a parent, or none when no stream needs its children.
    fn begin(&mut self, parent: &ParentRow) -> Option<usize> {
        let needed = self.who.iter().filter(|member| member.is_child() && member.is_reading());
        let mut needed = needed.filter(|member| {
            let root = member.stream.feed.root();
            !member.position.walk.place.seen.contains(&parent.listed.hash)
                && !unchanged_parent(&member.position, root, parent.changed)
        });
        let needed = needed.next().is_some();
        let number = self.frontier.push(parent.listed.clone());
        if needed {
            return Some(number);
        }
        self.frontier.settle(number);
        None
    }

    fn settle(&mut self, number: usize, answered: Answered) {
        let answers = self.refusals.answers();
        match answered {
            Answered::Settled => self.frontier.settle(number),
            Answered::Refused => self.frontier.refuse(number, answers.clone()),
        }
        self.frontier.judge(&answers);
    }

    fn place(&mut self, next: &(Token, Option<i64>), now_unix: i64) -> Vec<Part> {
        let (token, time, seen) = self.frontier.place(&next.0);
        let reached = if token == next.0 { time.max(next.1) } else { time };
        let children = self.who.iter_mut();
        let children = children.filter(|member| member.is_child() && member.is_reading());
        children
            .map(|member| {
                member.position.walk.rows = 0;
                member.position.next_page(token.clone(), reached, seen.clone(), now_unix);
                member.part(0)
            })
            .collect()
    }

    fn member(&mut self, stream: &Stream) -> Option<&mut Member> {
        let members = self.who.iter_mut().map(|member| &mut **member);
        members
            .filter(|member| member.is_reading())
            .find(|member| std::ptr::eq(member.stream, stream))
    }

    fn wants(&mut self, node: &Node) -> bool {
        node.all_streams().into_iter().any(|stream| self.member(stream).is_some())
    }

    fn keep(&mut self, stream: &'static Stream, page: &Page, list: &Rows) -> Option<Vec<bool>> {
        let member = self.member(stream)?;
        // On a detour, children that the stream's own feed has brought are there, and more whole.
        let bound = member.position.walk.bound.filter(|_| stream.dated).max(member.position.main);
        let field = stream.cursor.map(|cursor| cursor.field);
        // Children are bounded by the start date alone, never by their own cursor.
        let new = |row| {
            let time = field.and_then(|field| sift::time(page, list, row, field));
            time.zip(bound).is_none_or(|(time, bound)| time >= bound)
        };
        Some((0..list.rows.len()).map(new).collect())
    }

    fn delivered(&mut self, stream: &'static Stream, framed: &Framed) -> Option<Part> {
        let member = self.member(stream)?;
        member.position.walk.rows += framed.rows;
        member.report.note(framed);
        Some(member.part(framed.rows))
    }

    fn skip(&mut self, node: &Node) {
        for (stream, _) in &node.streams {
            if let Some(member) = self.member(stream) {
                member.report.skipped += 1;
            }
        }
    }

    fn count(&mut self, node: &Node, pager: &Pager<'_>) {
        for (stream, _) in &node.streams {
            if let Some(member) = self.member(stream) {
                member.report.tally.add(pager.tally);
            }
        }
    }

    /// Whether streams are read here that have no part in this listing.
    fn others_read(&self, node: &Node) -> bool {
        let own = node.all_streams();
        let is_other =
            |member: &Member| !own.iter().any(|stream| std::ptr::eq(*stream, member.stream));
        self.who.iter().any(|member| member.is_reading() && is_other(member))
    }

    fn leave_behind(&mut self, node: &Node, until: Duration) -> Vec<&'static str> {
        let mut names = Vec::new();
        for stream in node.all_streams() {
            if let Some(member) = self.member(stream) {
                member.state = Standstill::Behind;
                member.refused_until = until;
                names.push(stream.name);
            }
            self.refusals.forget(stream.feed.name);
        }
        names
    }

    fn fail(&mut self, reader: Reader<'_>, node: &Node, error: &WalkError) {
        for stream in node.all_streams() {
            reader.fail(self.member(stream), error.clone());
            self.refusals.forget(stream.feed.name);
        }
    }
}

/// Failures that are no stream's own.
pub(super) fn ends_everything(error: &WalkError) -> bool {
    match error {
        WalkError::Closed => true,
        WalkError::Api(error) => error.kind == ErrorKind::Stopped,
        WalkError::Broken { .. } | WalkError::Refused { .. } | WalkError::NoFiles { .. } => false,
    }
}
