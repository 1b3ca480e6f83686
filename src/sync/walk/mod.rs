//! Reads the streams of one feed: stretch by stretch, page by page. Rows of a page go out in one
//! batch with the positions they reach.

use std::time::Duration;

use self::segment::{Segment, Taken};
use self::window_fetchers::{Asked, Chains, Turn};
use crate::config::Config;
use crate::protocol::emitter::Batch;
use crate::protocol::message::Level;
use crate::streams::{Feed, Stream};
use crate::sync::WalkError;
use crate::sync::children::parents::{ParentRow, changed_key, path_keys};
use crate::sync::children::{Children, witnesses};
use crate::sync::files::Delivery;
use crate::sync::listing::context::{Context, ends_everything};
use crate::sync::listing::member::{ActiveStream, FileTally, Group};
use crate::sync::listing::pager::{Listing, Pager};
use crate::sync::plan::time_filter;
use crate::sync::position::catch_up::{SegmentPlan, StreamState, WalkProgress, next_leg};
use crate::sync::position::ends::Verdict;
use crate::sync::position::windows;
use crate::sync::records::filter;
use crate::zendesk::client::{Fetched, RequestStats};
use crate::zendesk::error::{ApiError, ErrorKind};
use crate::zendesk::paging::Token;
use crate::zendesk::timestamp;

mod changed_counts;
#[cfg(test)]
mod interleavings;
pub mod search_first;
pub mod search_windows;
pub mod segment;
pub mod silent_changes;
pub mod split_windows;
pub mod window_fetchers;

/// How often the server may refuse a walk's token before the walk fails. More than once, because
/// tokens also expire while a long walk waits.
const RESTARTS: u32 = 3;

/// Where a stretch has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// At the place of the stream ahead.
    Aim,
    /// At the feed's end.
    End,
}

/// Seconds of which a listing gave only a part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CutShort {
    pub seconds: u64,
    pub first: Option<i64>,
}

impl CutShort {
    pub(super) fn add(&mut self, other: Self) {
        self.seconds += other.seconds;
        self.first = self.first.into_iter().chain(other.first).min();
    }

    /// What it means for a listing that was read to its end.
    pub(super) fn error(self, feed: &'static Feed) -> Option<WalkError> {
        let Self { seconds, first } = self;
        Some(WalkError::CutShort { path: feed.root().path, first: first?, seconds })
    }
}

impl Context<'_> {
    /// Reads every stream of a feed to its end.
    pub async fn read(self, mut group: Group) {
        let site = group.site.clone();
        let reader = Context { site: site.as_ref(), ..self };
        reader.read_here(&mut group).await;
    }

    async fn read_here(self, group: &mut Group) {
        self.search_first(group).await;
        let ordered = group.feed.time_key().is_some();
        if group.feed.windows {
            let members = group.members.iter_mut().filter(|member| !member.keeps_waiting());
            let mut positions: Vec<_> = members.map(|member| &mut member.position).collect();
            windows::bring_together(&mut positions);
        }
        loop {
            let standings: Vec<WalkProgress> =
                group.members.iter().map(ActiveStream::standing).collect();
            let Some(mut leg) = next_leg(&standings, ordered) else { return };
            self.leave_children_behind(group, &standings, &mut leg);
            let result = self.leg(group, &leg).await;
            for at in leg.who {
                let member = &mut group.members[at];
                match member.state {
                    StreamState::Failed => continue,
                    // Its place has not moved.
                    StreamState::Behind => {
                        member.state = StreamState::Reading;
                        continue;
                    }
                    StreamState::Reading | StreamState::Done => {}
                }
                member.state = match (&result, leg.up_to) {
                    (Err(_), _) => StreamState::Failed,
                    // The end came before the place of the one ahead.
                    (Ok(Reached::End), Some(_)) if member.has_ended() => StreamState::Done,
                    (Ok(_), Some(leader)) => standings[leader].state,
                    // Other windows of a search are left.
                    (Ok(_), None) if member.position.is_search() => StreamState::Reading,
                    (Ok(_), None) => StreamState::Done,
                };
                if member.state != StreamState::Reading {
                    self.tell_end(member, result.clone().map(drop));
                }
            }
        }
    }

    /// Streams that are read per parent, or with files, ask for each row of the feed, and all that
    /// walk with them wait for it. Through a long history they follow behind those that need not
    /// wait.
    fn leave_children_behind(
        self,
        group: &Group,
        standings: &[WalkProgress],
        leg: &mut SegmentPlan,
    ) {
        let waits = |at: &usize| group.members[*at].keeps_waiting();
        let now = self.client.clock().now_unix();
        let is_long = leg.who.iter().any(|at| windows::is_long(standings[*at].point, now));
        if group.feed.windows && is_long && !leg.who.iter().all(waits) {
            leg.who.retain(|at| !waits(at));
        }
    }

    /// Reads one stretch: to the feed's end, or up to the place of a stream that is ahead.
    pub(super) async fn leg(
        self,
        group: &mut Group,
        leg: &SegmentPlan,
    ) -> Result<Reached, WalkError> {
        let known = group.members.iter().filter_map(|member| member.newest).max();
        let feed = group.feed;
        let ahead = leg.up_to.map(|leader| group.members[leader].position.clone());
        let ordered = feed.time_key().is_some();
        let leader = leg.up_to.filter(|_| ordered);
        let until = leader.map(|leader| group.members[leader].standing().point);
        let listing = listing(feed, &group.members, group.walk, self.config);
        let mut listing = listing.at(self.site.cloned());
        let mut who: Vec<&mut ActiveStream> = Vec::new();
        for (at, member) in group.members.iter_mut().enumerate() {
            if leg.who.contains(&at) {
                who.push(member);
            }
        }
        self.wait_out_refusal(feed, &who, group.walk).await?;
        self.freeze_bounds(feed, &mut who);
        let Some(first) = who.first_mut() else { return Ok(Reached::End) };
        let start = first.position.walk.place.token.clone();
        let now = self.client.clock().now_unix();
        listing.query.extend(time_filter::begin(feed, &mut first.position, now));
        let mut stretch = Segment::new((feed, group.walk), who, start.clone(), (until, ahead));
        stretch.scope = self.config.ticket_scope;
        stretch.fills = self.fills();
        stretch.newest = stretch.newest.max(known);
        self.silent_changes(&mut stretch, &start).await?;
        let mut chains = Chains::new(self.client, &listing);
        for start in stretch.open_windows() {
            chains.start(start, feed.page_size(self.config), 0);
        }
        self.search_on(&mut stretch, &mut chains);
        let result = self.walk(&mut stretch, &mut chains).await;
        let tally = chains.tally();
        stretch.count(tally);
        for member in &mut stretch.who {
            member.page_time = chains.page_time().or(member.page_time);
            member.newest = stretch.newest;
        }
        let reached = if stretch.ahead.is_some() { Reached::Aim } else { Reached::End };
        if let Some(end) = result? {
            self.finish(stretch, &end).await?;
        }
        Ok(reached)
    }

    /// Those whom a refusal left behind ask again when it has ended.
    async fn wait_out_refusal(
        self,
        feed: &Feed,
        who: &[&mut ActiveStream],
        walk: u64,
    ) -> Result<(), WalkError> {
        let until = who.iter().map(|member| member.refused_until).max().unwrap_or_default();
        let wait = until.saturating_sub(self.client.clock().elapsed());
        if wait.is_zero() {
            return Ok(());
        }
        let is_limit = who.iter().any(|member| member.is_limited);
        Ok(self.client.rest(feed.path, walk, wait, is_limit).await?)
    }

    /// Walks the windows of a stretch to their ends. Returns the place at the stretch's end, or
    /// none when no stream reads here any more.
    pub(super) async fn walk(
        self,
        stretch: &mut Segment<'_>,
        chains: &mut Chains<'_>,
    ) -> Result<Option<Token>, WalkError> {
        while let Some(turn) = chains.next().await {
            let Asked { mut chain, at, result } = match turn {
                Turn::Page(asked) => *asked,
                Turn::Counted(bounds, rows) => {
                    self.counted(stretch, chains, bounds, rows?);
                    continue;
                }
            };
            let window = stretch.window(chain.number);
            let listed = result.as_ref().ok().map(|page| listed(stretch.feed, page.as_ref()));
            let mut wait = Duration::ZERO;
            match listed.filter(|_| chain.pager.ended) {
                None => chain.doubts = 0,
                Some((rows, last)) => match stretch.judge_end(window, last, chain.doubts) {
                    Verdict::Believed => {}
                    Verdict::BeforeTheAim => {
                        let why = format!(
                            "{}: the listing ends before the place that another stream of it had come to; \
                             the next sync goes on from where it ends",
                            stretch.names()
                        );
                        self.emitter.log(Level::Warn, &why).await?;
                        stretch.leave_aim();
                    }
                    verdict @ (Verdict::AskAgain(after) | Verdict::AskUntilLaterOnesEnd(after)) => {
                        chain.doubts += u32::from(verdict == Verdict::AskAgain(after));
                        chain.pager.ended = false;
                        wait = after;
                        if rows == 0 {
                            chain.pager.at = at;
                            chains.go_on(chain, wait);
                            continue;
                        }
                    }
                    Verdict::Contradicted(known) => {
                        let path = format!("/api/v2/{}", stretch.feed.path);
                        let (at, known) = (last.max(stretch.reached(window)), Some(known));
                        return Err(WalkError::EndedEarly { path, at, known });
                    }
                },
            }
            let fetched = match result {
                Ok(Some(fetched)) => fetched,
                Ok(None) => {
                    let now = self.client.clock().now_unix();
                    let end = stretch.end_window(window, &chain.pager.at, now);
                    if end.is_some() {
                        return Ok(end);
                    }
                    continue;
                }
                Err(WalkError::Api(error))
                    if error.kind == ErrorKind::BadPosition
                        && at.is_servers()
                        && chain.restarts < RESTARTS =>
                {
                    let start = stretch.restart(window);
                    let names = stretch.names();
                    let whence = match start.bounds.is_empty() {
                        true => "the walk starts again from its cursor",
                        false => "its window is read again",
                    };
                    let why = format!(
                        "{names}: the saved place is no longer known to Zendesk ({error}); {whence}"
                    );
                    self.emitter.log(Level::Warn, &why).await?;
                    let size = stretch.feed.page_size(self.config);
                    chains.start(start, size, chain.restarts + 1);
                    continue;
                }
                Err(error) => return Err(error),
            };
            let now = fetched.now_unix;
            let before = stretch.reached(window);
            let page = self.page(stretch, fetched, window, &at, &chain.pager);
            let taken = chains.beside(Box::pin(page)).await?;
            chains.note_page(&chain);
            for (level, note) in chain.pager.notes.drain(..) {
                self.emitter.log(level, &note).await?;
            }
            for second in chain.pager.cut_short.drain(..) {
                stretch.note_cut_short(second);
                // At once, because whoever ends the process now would hear of it never.
                let why = format!(
                    "{}: more rows changed in the second {} than a page can hold; the rest of them is \
                     missing, and reading goes on a second later",
                    stretch.names(),
                    timestamp::to_iso(second)
                );
                self.emitter.log(Level::Warn, &why).await?;
            }
            if taken.arrived || stretch.reached_cursor {
                return Ok(Some(chain.pager.at));
            }
            if stretch.nobody_reads() {
                return Ok(None);
            }
            let (number, size) = (chain.number, chain.pager.size);
            if !taken.window_ended {
                if let (Some(from), Some(to)) = (before, stretch.reached(window)) {
                    chains.note_pace(number, to.saturating_sub(from));
                }
                chains.go_on(chain, wait);
            }
            if stretch.feed.windows && !stretch.has_children() && !stretch.has_files() {
                self.cut_windows(stretch, chains, size, now);
            }
            self.search_on(stretch, chains);
        }
        Ok(None)
    }

    /// Delivers one page, and the children of its rows.
    async fn page(
        self,
        stretch: &mut Segment<'_>,
        fetched: Fetched,
        window: usize,
        at: &Token,
        pager: &Pager<'_>,
    ) -> Result<Taken, WalkError> {
        let now = fetched.now_unix;
        let (mut batch, deliveries, taken) =
            stretch.take(&fetched.page, window, (at, &pager.at), pager.ended, now);
        let has_children = stretch.has_children();
        let parents =
            if has_children { stretch.parents(&fetched.page, at, &taken) } else { Vec::new() };
        // What is needed of the page is in the batch, which may have to wait for its turn.
        let Fetched { page, slot, share, .. } = fetched;
        drop(page);
        // The page's slot goes back before files and children are asked for: with one worker
        // nothing could be asked otherwise.
        let slot = Some((slot, share)).filter(|_| deliveries.is_empty());
        let failed = self.deliver(stretch, &mut batch, deliveries).await?;
        self.emitter.batch(batch).await?;
        for (stream, error) in failed {
            self.fail(stretch.member(stream), error);
        }
        drop(slot);
        if has_children {
            let next = match &stretch.ahead {
                Some(ahead) if stretch.rows_arrived => {
                    (ahead.walk.place.token.clone(), stretch.until)
                }
                // A listing in no order of time has no place behind its last page.
                _ if pager.ended && stretch.feed.time_key().is_none() => {
                    (at.clone(), taken.reached)
                }
                _ => (pager.at.clone(), taken.reached),
            };
            self.children(stretch, parents, next, now).await?;
        }
        Ok(taken)
    }

    /// Adds the lines of streams with files to a batch, once the files are there. The streams for
    /// which that failed are left out of it, rows and position.
    async fn deliver(
        self,
        stretch: &mut Segment<'_>,
        batch: &mut Batch,
        deliveries: Vec<(usize, Delivery)>,
    ) -> Result<Vec<(&'static str, WalkError)>, WalkError> {
        let mut failed = Vec::new();
        for (at, delivery) in deliveries {
            let (name, walk) = (delivery.stream.name, stretch.walk);
            let Some(keys) = delivery.stream.file else { continue };
            let (mut files, mut tally) = (FileTally::default(), RequestStats::default());
            let refusals = &mut stretch.refusals;
            let (mut refused_at, mut first) = (None, None);
            let note = |missing: Option<ApiError>| {
                let is_missing = missing.is_some();
                first = first.take().or(missing.as_ref().map(ToString::to_string));
                let noted = refusals.note_file(keys, missing);
                if is_missing {
                    refused_at = Some(refusals.count(keys.answers));
                }
                noted
            };
            let lines = self.fetch(delivery, walk, (&mut files, &mut tally), note).await;
            let answers = stretch.refusals.count(keys.answers);
            if let Some(member) = stretch.member(name) {
                member.report.files.add(files);
                member.report.first_missing = member.report.first_missing.take().or(first);
                member.report.tally.add(tally);
            }
            match lines {
                Ok(lines) => batch.lines.extend(lines),
                Err(error) if ends_everything(&error) => return Err(error),
                Err(error) => {
                    batch.parts.retain(|part| part.stream != name);
                    failed.push((name, error));
                }
            }
            let held = stretch.held.entry(at).or_default();
            for part in batch.parts.iter_mut().filter(|part| part.stream == name) {
                let position = part.position.take();
                part.position =
                    position.and_then(|position| held.tell(position, refused_at, answers));
            }
        }
        Ok(failed)
    }

    pub(super) async fn children(
        self,
        stretch: &mut Segment<'_>,
        parents: Vec<ParentRow>,
        next: (Token, Option<i64>),
        now: i64,
    ) -> Result<(), WalkError> {
        let feed = stretch.feed;
        let members = std::mem::take(&mut stretch.who);
        let frontier = std::mem::take(&mut stretch.frontier);
        let refusals = std::mem::take(&mut stretch.refusals);
        let children =
            Children::new(self, (feed, stretch.walk), members, frontier, refusals, next, now);
        let result = children.read(parents).await;
        (stretch.who, stretch.frontier, stretch.refusals) = children.into_parts();
        result
    }

    /// Moves the streams of a finished stretch to its end, or to the place of the one ahead.
    async fn finish(self, mut stretch: Segment<'_>, end: &Token) -> Result<(), WalkError> {
        self.judge_refusals(&mut stretch, true).await?;
        stretch.frontier.judge_all();
        stretch.end(end, self.client.clock().now_unix());
        let parts = stretch.alive().map(|member| member.part(0)).collect();
        self.emitter.batch(Batch { lines: Vec::new(), parts }).await?;
        Ok(())
    }

    /// Ends the streams of which too many parents were refused, and those that a parent which
    /// fails holds up: no more is read behind it. `at_end`: of the walk.
    async fn judge_refusals(
        self,
        stretch: &mut Segment<'_>,
        at_end: bool,
    ) -> Result<(), WalkError> {
        if at_end {
            let asks = witnesses(&stretch.who, &stretch.refusals);
            for (feed, fills) in self.still_read(asks, stretch.walk).await? {
                stretch.refusals.failures.read(feed.name, &fills);
            }
        }
        let failed = stretch.judge_refusals(at_end);
        // What their positions note of the parents that failed.
        let ends =
            |member: &&ActiveStream| failed.iter().any(|(name, _)| *name == member.stream.name);
        let children = stretch.alive().filter(|member| member.is_child()).filter(ends);
        let parts = children.map(|member| member.part(0)).collect();
        self.emitter.batch(Batch { lines: Vec::new(), parts }).await?;
        for (stream, error) in failed {
            self.fail(stretch.member(stream), error);
        }
        Ok(())
    }
}

/// The feed's listing for all of its selected streams, whoever reads the stretch: a row must look
/// the same in every stretch to be known again.
pub(super) fn listing(
    feed: &'static Feed,
    who: &[ActiveStream],
    walk: u64,
    config: &Config,
) -> Listing {
    let own: Vec<&Stream> =
        who.iter().filter(|member| !member.is_child()).map(|member| member.stream).collect();
    let mut listing = Listing::new(feed, feed.path.to_owned(), &own, walk, config);
    listing.want(feed.searched_key().map(|_| filter::SUPPORT_KEY));
    let children: Vec<&'static Stream> =
        who.iter().filter(|member| member.is_child()).map(|member| member.stream).collect();
    listing.want(path_keys(feed, &children));
    listing.want(children.iter().filter_map(|stream| changed_key(stream)));
    listing
}

/// How many rows a page lists, and the time of the last one in the feed's order.
fn listed(feed: &Feed, fetched: Option<&Fetched>) -> (usize, Option<i64>) {
    let list = fetched.and_then(|fetched| Some((fetched, fetched.page.lists.first()?)));
    let Some((Fetched { page, .. }, list)) = list else { return (0, None) };
    let time = |key| (0..list.rows.len()).rev().find_map(|row| filter::time(page, list, row, key));
    (list.rows.len() + list.strays, feed.time_key().and_then(time))
}
