//! Listings that hang on rows of another listing: several parents at once, each to its end. A
//! position follows the first parent that is not finished.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use xxhash_rust::xxh3::xxh3_64;

use self::parents::{Node, ParentRow, nodes, path_keys, unchanged_parent, values};
use crate::protocol::emitter::{Batch, Part, unix_ms};
use crate::protocol::message::Level;
use crate::streams::{Feed, Stream};
use crate::sync::WalkError;
use crate::sync::files::Delivery;
use crate::sync::listing::context::{Context, ends_everything, lock};
use crate::sync::listing::member::{ActiveStream, FileTally};
use crate::sync::listing::pager::Pager;
use crate::sync::listing::refusals::{About, RefusalsByFeed, about};
use crate::sync::position::catch_up::StreamState;
use crate::sync::position::failing::Judged;
use crate::sync::position::frontier::Frontier;
use crate::sync::records::filter;
use crate::sync::records::path_params::{PathParams, fill_path};
use crate::sync::records::written::WrittenRows;
use crate::zendesk::client::{Fetched, PageSize, RequestStats};
use crate::zendesk::error::{ApiError, ErrorKind};
use crate::zendesk::page::{Page, Rows};
use crate::zendesk::paging::Token;

pub mod parents;

/// For how long all streams of a walk wait for one listing that is refused.
const PATIENCE: Duration = Duration::from_secs(120);

/// Reads the children of the parents of one page.
pub struct Children<'r, 'm> {
    reader: Context<'r>,
    /// The place behind the page, and the feed's time there.
    next: (Token, Option<i64>),
    now_unix: i64,
    /// Under this number all these requests take one turn together.
    walk: u64,
    tree: Vec<Node>,
    shared: Mutex<Shared<'m>>,
}

struct Shared<'m> {
    who: Vec<&'m mut ActiveStream>,
    frontier: Frontier,
    refusals: RefusalsByFeed,
    /// The page size that each feed was last read with: what was learned of it is of all parents.
    sizes: BTreeMap<&'static str, PageSize>,
    /// Listings of grandchildren under way, below all parents together.
    below: usize,
}

/// How a parent's listings came out, the better first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Answered {
    /// Read, or absent: both settle it.
    Settled,
    Refused,
    /// Neither refused nor read.
    Failed,
}

/// The topmost parent of a listing, which the position follows.
#[derive(Clone, Copy)]
struct Top {
    /// Its number in the frontier.
    number: usize,
    /// It is known by this in every sync, whatever else changes in its row.
    key: u64,
}

/// A feed that ends at a parent which fails, and the streams that end with it.
pub struct End {
    pub feed: &'static str,
    pub streams: Vec<&'static str>,
    pub why: WalkError,
}

impl<'r, 'm> Children<'r, 'm> {
    #[must_use]
    pub fn new(
        reader: Context<'r>,
        (root, walk): (&'static Feed, u64),
        who: Vec<&'m mut ActiveStream>,
        frontier: Frontier,
        refusals: RefusalsByFeed,
        next: (Token, Option<i64>),
        now_unix: i64,
    ) -> Self {
        let streams: Vec<&'static Stream> = who.iter().map(|member| member.stream).collect();
        let tree = nodes(root, &streams);
        let sizes = BTreeMap::new();
        let shared = Mutex::new(Shared { who, frontier, refusals, sizes, below: 0 });
        Self { reader, next, now_unix, walk, tree, shared }
    }

    /// Gives back what was lent.
    #[must_use]
    pub fn into_parts(self) -> (Vec<&'m mut ActiveStream>, Frontier, RefusalsByFeed) {
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
                if !lock(&self.shared).frontier.has_room() {
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
        let key = xxh3_64(format!("{:?}", parent.values).as_bytes());
        let top = Top { number, key };
        let answered = self.below(&self.tree, top, self.reader.fills(), parent.values).await?;
        lock(&self.shared).settle(top, answered);
        self.judge_failures(false).await?;
        self.tell_place().await
    }

    /// Passes over parents that failed in several syncs, and ends the streams that others hold up.
    async fn judge_failures(&self, is_over: bool) -> Result<(), WalkError> {
        if is_over {
            let asks = lock(&self.shared).witnesses();
            for (feed, fills) in self.reader.still_read(asks, self.walk).await? {
                lock(&self.shared).refusals.failures.read(feed.name, &fills);
            }
        }
        let ends = lock(&self.shared).judge_failures(is_over);
        if ends.is_empty() {
            return Ok(());
        }
        // Their last place is before the parents that failed.
        self.tell_place().await?;
        let mut shared = lock(&self.shared);
        for End { feed, streams, why } in ends {
            for stream in self.tree.iter().flat_map(Node::all_streams) {
                if streams.contains(&stream.name) {
                    self.reader.fail(shared.member(stream), why.clone());
                    shared.refusals.forget(stream.feed.name);
                }
            }
            let Shared { refusals, frontier, .. } = &mut *shared;
            release(feed, refusals, frontier);
        }
        Ok(())
    }

    /// Reads the listings of these feeds below one row; `values` are that row's.
    fn below<'s>(
        &'s self,
        nodes: &'s [Node],
        top: Top,
        carried: PathParams,
        values: BTreeMap<&'static str, String>,
    ) -> BoxFuture<'s, Result<Answered, WalkError>> {
        Box::pin(async move {
            let mut answered = Answered::Settled;
            for node in nodes {
                if !lock(&self.shared).wants(node) {
                    continue;
                }
                if lock(&self.shared).refusals.failures.is_left_alone(node.feed.name, top.key) {
                    answered = Answered::Failed;
                    continue;
                }
                let mut fills = carried.clone();
                let parent = node.feed.parent.iter().flat_map(|parent| parent.fills);
                fills.extend(
                    parent.filter_map(|(name, key)| Some((*name, values.get(key)?.clone()))),
                );
                match self.listing(node, top, fills).await {
                    Ok(listed) => answered = answered.max(listed),
                    Err(error) if ends_everything(&error) => return Err(error),
                    Err(WalkError::Api(ApiError { again_in: Some(wait), kind, .. })) => {
                        let is_limit = kind == ErrorKind::RateLimited;
                        self.leave_behind(node, wait, is_limit).await?;
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
    async fn listing(
        &self,
        node: &Node,
        top: Top,
        fills: PathParams,
    ) -> Result<Answered, WalkError> {
        let streams: Vec<&Stream> = node.streams.iter().map(|(stream, _)| *stream).collect();
        let path = fill_path(node.feed.path, &fills);
        let kid_streams: Vec<&'static Stream> =
            node.kids.iter().flat_map(Node::all_streams).collect();
        let keys = path_keys(node.feed, &kid_streams);
        let mut listing = self.reader.listing(node.feed, path, &streams, self.walk);
        listing.want(keys.iter().copied());
        let size = lock(&self.shared).sizes.get(node.feed.name).copied();
        let size = size.unwrap_or_else(|| node.feed.page_size(self.reader.config));
        let mut pager = Pager::new(self.reader.client, &listing, Token::First, size);
        pager.patience = lock(&self.shared).others_read(node).then_some(PATIENCE);
        let mut first = true;
        let mut answered = Answered::Settled;
        let result = loop {
            match pager.next().await {
                Ok(None) => {
                    lock(&self.shared).refusals.failures.read(node.feed.name, &fills);
                    break Ok(answered);
                }
                Ok(Some(fetched)) => {
                    if std::mem::take(&mut first) {
                        lock(&self.shared).refusals.note(node.feed.name, None);
                    }
                    match self.page(node, top, fetched, &fills, &keys).await {
                        Ok(listed) => answered = answered.max(listed),
                        Err(error) => break Err(error),
                    }
                }
                Err(error) => break self.judge(node, top, error).map(|own| own.max(answered)),
            }
        };
        pager.size.move_on();
        {
            let mut shared = lock(&self.shared);
            shared.count(node, &pager);
            shared.sizes.insert(node.feed.name, pager.size);
        }
        for (level, note) in pager.notes.drain(..) {
            self.reader.emitter.log(level, &note).await?;
        }
        result
    }

    /// Lets the streams of a listing that is refused wait alone. They keep the place that they were
    /// last told, and read on from it when the others have come to the end.
    async fn leave_behind(
        &self,
        node: &Node,
        wait: Duration,
        is_limit: bool,
    ) -> Result<(), WalkError> {
        let until = self.reader.client.clock().elapsed().saturating_add(wait);
        let names = lock(&self.shared).leave_behind(node, until, is_limit);
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

    /// A parent that is refused is passed over: an end user's article, a ticket that is gone. Too
    /// many refusals are the stream's own affair, but for those by which Zendesk says that this
    /// very parent is gone. One that fails waits for other parents to be read.
    fn judge(&self, node: &Node, top: Top, error: WalkError) -> Result<Answered, WalkError> {
        let mut shared = lock(&self.shared);
        let feed = node.feed.name;
        let whom = about(&error);
        match (whom, &error) {
            (About::Parent, _) => {
                shared.refusals.note(feed, None);
                shared.skip(node, &error);
                Ok(Answered::Settled)
            }
            (About::User | About::Request, WalkError::Api(refused)) => {
                match whom {
                    About::Request => shared.refusals.note_of_all(feed, refused.clone()),
                    _ => shared.refusals.note(feed, Some(refused.clone())),
                }
                shared.skip(node, &error);
                shared.refusals.too_many(feed, false).map_or(Ok(Answered::Refused), Err)
            }
            (About::Nothing, _) => {
                shared.refusals.failures.failed(feed, top.key, error);
                Ok(Answered::Failed)
            }
            _ => Err(error),
        }
    }

    /// Delivers one page of a child's listing, and goes on to its own children. A refusal among
    /// them is one of the topmost parent, which the position follows.
    async fn page(
        &self,
        node: &Node,
        top: Top,
        fetched: Fetched,
        fills: &PathParams,
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
        // What is needed of the page is in the batch, which may have to wait for its turn.
        let Fetched { page, slot, share, .. } = fetched;
        drop(page);
        // A slow reader holds the slot, so that no more pages wait for it than there are workers.
        // It goes back before files and the next level are asked for: with one worker nothing
        // could be asked otherwise.
        self.reader.emitter.batch(batch).await?;
        drop(slot);
        for (delivery, framed) in deliveries {
            let stream = delivery.stream;
            let Some((lines, seen)) = self.files(delivery).await? else { continue };
            let parts = lock(&self.shared).delivered(stream, &framed).into_iter().collect();
            self.reader.emitter.batch(Batch { lines, parts }).await?;
            answered = answered.max(seen);
        }
        drop(share);
        if node.kids.is_empty() {
            return Ok(answered);
        }
        let mut rows = rows.into_iter();
        let mut running = FuturesUnordered::new();
        loop {
            // Enough for all workers, whoever the parents are: those of each parent by itself
            // would be the square of that. One goes in any case, so that each parent goes on.
            while running.is_empty() || lock(&self.shared).below < self.at_once() {
                let Some(values) = rows.next() else { break };
                let counted = Below::new(&self.shared);
                let below = self.below(&node.kids, top, fills.clone(), values);
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
}

impl Children<'_, '_> {
    /// Fetches the files of a page. A parent of which some did not come counts as refused, until
    /// later answers have judged it. None when the stream has failed.
    async fn files(&self, delivery: Delivery) -> Result<Option<(Vec<u8>, Answered)>, WalkError> {
        let stream = delivery.stream;
        let Some(keys) = stream.file else { return Ok(Some((delivery.lines, Answered::Settled))) };
        let (mut files, mut tally) = (FileTally::default(), RequestStats::default());
        let mut first = None;
        let note = |missing: Option<ApiError>| {
            first = first.take().or(missing.as_ref().map(ToString::to_string));
            lock(&self.shared).refusals.note_file(keys, missing)
        };
        let counts = (&mut files, &mut tally);
        let lines = self.reader.fetch(delivery, self.walk, counts, note).await;
        let mut shared = lock(&self.shared);
        if let Some(member) = shared.member(stream) {
            member.report.files.add(files);
            member.report.first_missing = member.report.first_missing.take().or(first);
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

/// Listings of grandchildren below one row, which are counted until it is dropped.
struct Below<'s, 'm>(&'s Mutex<Shared<'m>>);

impl<'s, 'm> Below<'s, 'm> {
    fn new(shared: &'s Mutex<Shared<'m>>) -> Self {
        lock(shared).below += 1;
        Self(shared)
    }
}

impl Drop for Below<'_, '_> {
    fn drop(&mut self) {
        let mut shared = lock(self.0);
        shared.below = shared.below.saturating_sub(1);
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

    fn settle(&mut self, top: Top, answered: Answered) {
        let answers = self.refusals.answers();
        match answered {
            Answered::Settled => self.frontier.settle(top.number),
            Answered::Refused => self.frontier.refuse(top.number, answers.clone()),
            // Unless its streams have ended meanwhile, it holds the place.
            Answered::Failed if self.refusals.failures.settle(top.key, top.number) => {}
            Answered::Failed => self.frontier.refuse(top.number, answers.clone()),
        }
        if answered != Answered::Failed {
            self.refusals.failures.recovered(top.key);
            let children = self.who.iter_mut().filter(|member| member.is_child());
            children.for_each(|member| member.position.walk.failing.read(top.key));
        }
        self.frontier.judge(&answers);
    }

    fn witnesses(&self) -> Vec<(&'static Feed, PathParams)> {
        witnesses(&self.who, &self.refusals)
    }

    fn judge_failures(&mut self, is_over: bool) -> Vec<End> {
        judge_failures(&mut self.who, &mut self.refusals, &mut self.frontier, is_over)
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

    fn member(&mut self, stream: &Stream) -> Option<&mut ActiveStream> {
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
        let bound =
            member.position.walk.start_bound.filter(|_| stream.dated).max(member.position.main);
        let field = stream.cursor.map(|cursor| cursor.field);
        // Children are bounded by the start date alone, never by their own cursor.
        let new = |row| {
            let time = field.and_then(|field| filter::time(page, list, row, field));
            time.zip(bound).is_none_or(|(time, bound)| time >= bound)
        };
        Some((0..list.rows.len()).map(new).collect())
    }

    fn delivered(&mut self, stream: &'static Stream, framed: &WrittenRows) -> Option<Part> {
        let member = self.member(stream)?;
        member.position.walk.rows += framed.rows;
        member.report.note(framed);
        Some(member.part(framed.rows))
    }

    fn skip(&mut self, node: &Node, error: &WalkError) {
        for (stream, _) in &node.streams {
            if let Some(member) = self.member(stream) {
                member.report.skip(1, error);
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
            |member: &ActiveStream| !own.iter().any(|stream| std::ptr::eq(*stream, member.stream));
        self.who.iter().any(|member| member.is_reading() && is_other(member))
    }

    fn leave_behind(&mut self, node: &Node, until: Duration, is_limit: bool) -> Vec<&'static str> {
        let mut names = Vec::new();
        for stream in node.all_streams() {
            if let Some(member) = self.member(stream) {
                member.state = StreamState::Behind;
                member.refused_until = until;
                member.is_limited = is_limit;
                names.push(stream.name);
            }
            self.refusals.forget(stream.feed.name);
        }
        names
    }

    fn fail(&mut self, reader: Context<'_>, node: &Node, error: &WalkError) {
        for stream in node.all_streams() {
            reader.fail(self.member(stream), error.clone());
            self.refusals.forget(stream.feed.name);
        }
    }
}

/// Judges the parents of which listings failed: passes over those that failed in several syncs,
/// and returns the feeds that end here. `is_over`: no more is read behind them.
pub(super) fn judge_failures(
    who: &mut [&mut ActiveStream],
    refusals: &mut RefusalsByFeed,
    frontier: &mut Frontier,
    is_over: bool,
) -> Vec<End> {
    let mut ends = Vec::new();
    for feed in refusals.failures.feeds() {
        let is_below = |member: &ActiveStream| {
            let is_of = |above: &&'static Feed| above.name == feed;
            member.is_reading() && member.stream.feed.lineage().iter().any(is_of)
        };
        let members = who.iter_mut().map(|member| &mut **member);
        let mut members: Vec<&mut ActiveStream> =
            members.filter(|member| is_below(member)).collect();
        let Some(first) = members.first() else {
            release(feed, refusals, frontier);
            continue;
        };
        let failing = first.position.walk.failing.clone();
        let Judged { passed_over, end, counted } = refusals.failures.judge(feed, &failing, is_over);
        for member in &mut members {
            let failing = &mut member.position.walk.failing;
            counted.iter().for_each(|parent| failing.failed(*parent));
            if let Some(ids) = refusals.failures.last_read(feed).filter(|_| !counted.is_empty()) {
                failing.keep_witness(ids);
            }
            for failed in &passed_over {
                failing.passed_over(failed.parent);
                member.report.skip(failed.listings, &failed.error);
            }
        }
        let streams = members.iter().map(|member| member.stream.name).collect();
        ends.extend(end.map(|why| End { feed, streams, why }));
        for failed in passed_over {
            if !refusals.failures.holds(failed.number) {
                frontier.refuse(failed.number, refusals.answers());
            }
        }
    }
    frontier.judge(&refusals.answers());
    ends
}

/// Listings that were read in earlier syncs, of feeds of which some parents failed and none was
/// read: they show whether that is an outage.
pub(super) fn witnesses(
    who: &[&mut ActiveStream],
    refusals: &RefusalsByFeed,
) -> Vec<(&'static Feed, PathParams)> {
    let witness = |name: &'static str| {
        let members = who.iter().filter(|member| member.is_reading());
        let mut below = members.filter_map(|member| {
            let feed = member.stream.feed.lineage().into_iter().find(|feed| feed.name == name)?;
            Some((feed, member.position.walk.failing.witness(feed)?))
        });
        below.next()
    };
    let failures = &refusals.failures;
    let feeds = failures.feeds().into_iter().filter(|feed| failures.last_read(feed).is_none());
    feeds.filter_map(witness).collect()
}

impl Context<'_> {
    /// Asks for the first pages of listings, and returns those that came.
    pub(super) async fn still_read(
        self,
        asks: Vec<(&'static Feed, PathParams)>,
        walk: u64,
    ) -> Result<Vec<(&'static Feed, PathParams)>, WalkError> {
        let mut came = Vec::new();
        for (feed, fills) in asks {
            let listing = self.listing(feed, fill_path(feed.path, &fills), &[], walk);
            let size = feed.page_size(self.config);
            match Pager::new(self.client, &listing, Token::First, size).next().await {
                Ok(_) => came.push((feed, fills)),
                Err(error) if ends_everything(&error) => return Err(error),
                Err(_) => {}
            }
        }
        Ok(came)
    }
}

/// Lets the parents go at which a feed ended: they hold up nobody else.
pub(super) fn release(feed: &str, refusals: &mut RefusalsByFeed, frontier: &mut Frontier) {
    for number in refusals.failures.forget(feed) {
        frontier.refuse(number, refusals.answers());
    }
    frontier.judge(&refusals.answers());
}
