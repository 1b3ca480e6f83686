//! Reads the streams of one feed: stretch by stretch, page by page. Rows of a page go out in one
//! batch with the positions they reach.

use std::sync::{Mutex, PoisonError};

use tokio::sync::mpsc::UnboundedSender;

use super::WalkError;
use super::children::{Children, ParentRow, RefusalsByFeed, path_keys};
use super::frontier::Frontier;
use super::join::{Leg, Standing, Standstill, next_leg};
use super::pager::{Listing, Pager};
use super::position::{Phase, Position, to_state};
use super::rows::Framer;
use super::{sift, window};
use crate::config::Config;
use crate::protocol::emitter::{Batch, Emitter, Part, unix_ms};
use crate::protocol::message::Level;
use crate::streams::{Feed, Stream};
use crate::zendesk::client::{Client, Fetched, Tally};
use crate::zendesk::error::ErrorKind;
use crate::zendesk::page::Page;
use crate::zendesk::paging::Token;

/// How often the server may refuse a walk's token before the walk fails. More than once, because
/// tokens also expire while a long walk waits.
const RESTARTS: u32 = 3;

/// What every walk needs.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    pub client: &'a Client,
    pub emitter: &'a Emitter,
    pub config: &'a Config,
    /// Hears of every stream that has ended.
    pub ended: &'a UnboundedSender<Ended>,
}

/// A stream in its walk.
#[derive(Debug)]
pub struct Member {
    pub stream: &'static Stream,
    pub position: Position,
    pub state: Standstill,
    pub report: Report,
}

/// What reading a stream took and left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub tally: Tally,
    /// Rows without a primary key, and elements that were no rows.
    pub held_back: u64,
    /// Parents that could not be read.
    pub skipped: u64,
    /// Rows that were too large and lost a text.
    pub cut: u64,
}

/// A stream that has ended, well or not.
#[derive(Debug)]
pub struct Ended {
    pub stream: &'static Stream,
    pub result: Result<(), WalkError>,
    pub report: Report,
}

/// The streams of one feed, and the number under which their requests take turns.
#[derive(Debug)]
pub struct Group {
    pub feed: &'static Feed,
    pub members: Vec<Member>,
    pub walk: u64,
}

impl Member {
    #[must_use]
    pub fn new(stream: &'static Stream, position: Position) -> Self {
        Self { stream, position, state: Standstill::Reading, report: Report::default() }
    }

    pub(super) fn is_child(&self) -> bool {
        self.stream.feed.parent.is_some()
    }

    pub(super) fn part(&self, rows: u64) -> Part {
        let position = Some(to_state(self.stream, &self.position));
        Part { stream: self.stream.name, rows, position }
    }

    fn standing(&self) -> Standing {
        let walk = &self.position.walk;
        let second = if let Token::StartTime(second) = walk.token { Some(second) } else { None };
        Standing {
            token: walk.token.clone(),
            seen: self.is_child().then(|| walk.seen.clone()),
            point: second.or(walk.at).or(self.position.flat).unwrap_or_default(),
            under_way: walk.phase == Phase::UnderWay
                || self.position.flat.is_none()
                || walk.pass.under_way,
            state: self.state,
        }
    }
}

impl Reader<'_> {
    /// Reads every stream of a feed to its end.
    pub async fn read(self, mut group: Group) {
        let ordered = group.feed.time_key().is_some();
        loop {
            let standings: Vec<Standing> = group.members.iter().map(Member::standing).collect();
            let Some(leg) = next_leg(&standings, ordered) else { return };
            let result = self.leg(&mut group, &leg).await;
            for at in leg.who {
                let member = &mut group.members[at];
                if member.state == Standstill::Failed {
                    continue;
                }
                member.state = match (&result, leg.up_to) {
                    (Err(_), _) => Standstill::Failed,
                    (Ok(()), Some(leader)) => standings[leader].state,
                    (Ok(()), None) => Standstill::Done,
                };
                if member.state != Standstill::Reading {
                    self.tell_end(member, result.clone());
                }
            }
        }
    }

    /// Reads one stretch: to the feed's end, or up to the place of a stream that is ahead.
    async fn leg(self, group: &mut Group, leg: &Leg) -> Result<(), WalkError> {
        let feed = group.feed;
        let ahead = leg.up_to.map(|leader| group.members[leader].position.clone());
        let until = leg.up_to.map(|leader| group.members[leader].standing().point);
        let mut listing = listing(feed, &group.members, group.walk);
        let mut who: Vec<&mut Member> = Vec::new();
        for (at, member) in group.members.iter_mut().enumerate() {
            if leg.who.contains(&at) {
                who.push(member);
            }
        }
        let Some(first) = who.first_mut() else { return Ok(()) };
        let start = first.position.walk.token.clone();
        let now = self.client.clock().now_unix();
        listing.query.extend(window::begin(feed, &mut first.position, now));
        let mut stretch = Stretch::new((feed, group.walk), who, start.clone(), until.zip(ahead));
        let mut pager = Pager::new(self.client, &listing, start, feed.page_size(self.config));
        let mut restarts = 0;
        loop {
            let at = pager.at.clone();
            let fetched = match pager.next().await {
                Ok(Some(fetched)) => fetched,
                Ok(None) => break,
                Err(WalkError::Api(error))
                    if error.kind == ErrorKind::BadPosition
                        && at.is_servers()
                        && restarts < RESTARTS =>
                {
                    restarts += 1;
                    let place = stretch.restart();
                    let names = stretch.names();
                    let why = format!(
                        "{names}: the saved place is no longer known to Zendesk ({error}); the walk starts again from its cursor"
                    );
                    self.emitter.log(Level::Warn, &why).await?;
                    let tally = pager.tally;
                    pager = Pager::new(self.client, &listing, place, feed.page_size(self.config));
                    pager.tally = tally;
                    continue;
                }
                Err(error) => {
                    stretch.count(pager.tally);
                    return Err(error);
                }
            };
            let reached = self.page(&mut stretch, fetched, &at, &pager).await?;
            for (level, note) in pager.notes.drain(..) {
                self.emitter.log(level, &note).await?;
            }
            let passed = until.zip(reached).is_some_and(|(until, reached)| reached > until);
            if passed || stretch.reached_cursor {
                break;
            }
            if stretch.all_failed() {
                return Ok(());
            }
        }
        stretch.count(pager.tally);
        self.finish(stretch, &pager.at).await
    }

    /// Delivers one page, and the children of its rows. Returns the feed's time at its end.
    async fn page(
        self,
        stretch: &mut Stretch<'_>,
        fetched: Fetched,
        at: &Token,
        pager: &Pager<'_>,
    ) -> Result<Option<i64>, WalkError> {
        let now = fetched.now_unix;
        let (batch, reached) = stretch.take(&fetched.page, at, &pager.at, pager.ended, now);
        self.emitter.batch(batch).await?;
        if stretch.has_children() {
            let parents = stretch.parents(&fetched.page, at);
            // The page's slot goes back before its children are asked for: with one worker
            // nothing could be asked otherwise.
            drop(fetched);
            let next = match &stretch.ahead {
                Some(ahead) if stretch.rows_arrived => (ahead.walk.token.clone(), stretch.until),
                // A listing in no order of time has no place behind its last page.
                _ if pager.ended && stretch.feed.time_key().is_none() => (at.clone(), reached),
                _ => (pager.at.clone(), reached),
            };
            self.children(stretch, parents, next, now).await?;
        }
        Ok(reached)
    }

    async fn children(
        self,
        stretch: &mut Stretch<'_>,
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
    async fn finish(self, mut stretch: Stretch<'_>, end: &Token) -> Result<(), WalkError> {
        for (stream, error) in stretch.judge_refusals() {
            self.fail(stretch.member(stream), error);
        }
        stretch.end(end, self.client.clock().now_unix());
        let parts = stretch.alive().map(|member| member.part(0)).collect();
        self.emitter.batch(Batch { lines: Vec::new(), parts }).await?;
        Ok(())
    }

    /// Ends a stream alone; its neighbours go on.
    pub(super) fn fail(self, member: Option<&mut Member>, error: WalkError) {
        if let Some(member) = member
            && member.state != Standstill::Failed
        {
            member.state = Standstill::Failed;
            self.tell_end(member, Err(error));
        }
    }

    fn tell_end(self, member: &Member, result: Result<(), WalkError>) {
        let ended = Ended { stream: member.stream, result, report: member.report };
        // The receiver lives as long as the sync; without it there is nobody left to tell.
        let _ = self.ended.send(ended);
    }
}

/// One stretch of a feed and the streams that read it.
struct Stretch<'m> {
    feed: &'static Feed,
    walk: u64,
    who: Vec<&'m mut Member>,
    framers: Vec<Framer>,
    frontier: Frontier,
    refusals: RefusalsByFeed,
    /// The feed's time of the place that is taken over at the end, and each stream's hashes for
    /// it. Later rows are left to the walk from there, which lists them again.
    until: Option<i64>,
    ahead: Option<Position>,
    ahead_seen: Vec<Vec<u64>>,
    reached_cursor: bool,
    /// The streams that read the feed itself have been moved to the stretch's end with their last
    /// page.
    rows_arrived: bool,
}

impl<'m> Stretch<'m> {
    fn new(
        (feed, walk): (&'static Feed, u64),
        who: Vec<&'m mut Member>,
        start: Token,
        aim: Option<(i64, Position)>,
    ) -> Self {
        let (until, ahead) = aim.unzip();
        let seen = who.iter().find(|member| member.is_child());
        let seen = seen.map(|member| member.position.walk.seen.clone()).unwrap_or_default();
        let framers = who.iter().map(|member| Framer::new(member.stream)).collect();
        let ahead_seen = who.iter().map(|member| {
            let walk = &member.position.walk;
            if until.is_some() && walk.at == until { walk.seen.clone() } else { Vec::new() }
        });
        let ahead_seen = ahead_seen.collect();
        let frontier = Frontier::resumed(&start, &seen);
        Self {
            feed,
            walk,
            who,
            framers,
            frontier,
            refusals: RefusalsByFeed::default(),
            until,
            ahead,
            ahead_seen,
            reached_cursor: false,
            rows_arrived: false,
        }
    }

    fn names(&self) -> String {
        self.who.iter().map(|member| member.stream.name).collect::<Vec<_>>().join(", ")
    }

    fn alive(&self) -> impl Iterator<Item = &Member> {
        self.who.iter().map(|member| &**member).filter(|member| member.state != Standstill::Failed)
    }

    fn all_failed(&self) -> bool {
        self.alive().next().is_none()
    }

    fn has_children(&self) -> bool {
        self.alive().any(Member::is_child)
    }

    fn member(&mut self, name: &str) -> Option<&mut Member> {
        self.who.iter_mut().map(|member| &mut **member).find(|member| member.stream.name == name)
    }

    fn count(&mut self, tally: Tally) {
        for member in self.who.iter_mut().filter(|member| !member.is_child()) {
            member.report.tally.add(tally);
        }
    }

    /// Sends every stream back to its cursor and returns the place, the earliest of theirs.
    fn restart(&mut self) -> Token {
        for member in &mut self.who {
            member.position.restart(self.feed);
        }
        let earliest = self.who.iter().map(|member| member.position.walk.token.clone());
        let place =
            earliest.min_by_key(|token| if let Token::StartTime(at) = token { *at } else { 0 });
        let place = place.unwrap_or_default();
        self.frontier = Frontier::resumed(&place, &[]);
        place
    }

    /// Frames a page's rows and moves the positions of the streams that read the feed itself.
    fn take(
        &mut self,
        page: &Page,
        at: &Token,
        next: &Token,
        ended: bool,
        now: i64,
    ) -> (Batch, Option<i64>) {
        let mut batch = Batch::default();
        let Some(list) = page.lists.first() else { return (batch, None) };
        let times = self.feed.time_key().map(|key| sift::times(page, list, key));
        let last = times.as_ref().and_then(|times| times.iter().rev().flatten().next().copied());
        // By time the next place says how far the feed has come; by cursor the last row does.
        let reached = if let Token::StartTime(second) = next { Some(*second) } else { last };
        let passed = self.until.zip(last).is_some_and(|(until, last)| last > until);
        let arrived = ended || passed;
        let emitted_at = unix_ms();
        for (at_member, member) in self.who.iter_mut().enumerate() {
            if member.state == Standstill::Failed {
                continue;
            }
            member.position.begin(now);
            if member.is_child() {
                // In no order of time, what the parents' times say counts at the end.
                if let Some(key) = changed_key(member.stream).filter(|_| times.is_none()) {
                    member.position.saw(sift::times(page, list, key).into_iter().flatten().max());
                }
                batch.parts.push(Part { stream: member.stream.name, rows: 0, position: None });
                continue;
            }
            let keep = match &times {
                Some(times) => sift::fresh(&member.position, (at, self.until), page, list, times),
                None => sift::newer(member.stream, &mut member.position, page, list),
            };
            let framed = self.framers[at_member].frame(page, &keep, emitted_at, &mut batch.lines);
            member.report.held_back += framed.held_back;
            member.report.cut += framed.cut;
            self.reached_cursor |=
                sift::reached_cursor(member.stream, &member.position, page, list);
            let mut seen = Vec::new();
            if let Some(times) = &times {
                seen = sift::boundary(&member.position, at, next, page, list, times);
                if let Some(until) = self.until {
                    let kept = &mut self.ahead_seen[at_member];
                    sift::add_second(kept, until, page, list, times);
                    // A cursor may stand between rows of one second; they are listed again from
                    // the cursor that is taken over.
                    if next.is_servers() && reached == Some(until) {
                        seen.clone_from(kept);
                    }
                }
            }
            // The position moves with the very batch: a state behind rows that it does not cover
            // would bring them again.
            match &self.ahead {
                Some(ahead) if arrived => {
                    let seen = std::mem::take(&mut self.ahead_seen[at_member]);
                    member.position.take_over(ahead, seen, now);
                }
                None if arrived => {
                    member.position.end(self.feed.order, next.clone(), reached, seen, now);
                }
                _ => member.position.next_page(next.clone(), reached, seen, now),
            }
            batch.parts.push(member.part(framed.rows));
        }
        self.rows_arrived = arrived;
        (batch, last)
    }

    /// The rows of a page as parents.
    fn parents(&self, page: &Page, at: &Token) -> Vec<ParentRow> {
        let Some(list) = page.lists.first() else { return Vec::new() };
        let children: Vec<&'static Stream> = self.alive().map(|member| member.stream).collect();
        let (time, changed) = (self.feed.time_key(), self.changed_key());
        let keys = path_keys(self.feed, &children);
        let parent = |row| ParentRow::new(page, list, row, time, at, changed, &keys);
        let later = |parent: &ParentRow| {
            parent.time().zip(self.until).is_some_and(|(time, until)| time > until)
        };
        (0..list.rows.len()).map(parent).filter(|parent| !later(parent)).collect()
    }

    fn changed_key(&self) -> Option<&'static str> {
        self.who.iter().find_map(|member| changed_key(member.stream))
    }

    /// Streams of which too many parents were refused, now that the walk has ended.
    fn judge_refusals(&mut self) -> Vec<(&'static str, WalkError)> {
        let failed = self.refusals.at_end(self.alive().map(|member| member.stream));
        self.frontier.judge_all();
        failed
    }

    fn end(&mut self, end: &Token, now: i64) {
        let order = self.feed.order;
        for (at, member) in self.who.iter_mut().enumerate() {
            if member.state == Standstill::Failed {
                continue;
            }
            if self.rows_arrived && !member.is_child() {
                continue;
            }
            member.position.begin(now);
            let seen = match &self.ahead {
                ahead if member.is_child() => {
                    let place = ahead.as_ref().map_or(end, |ahead| &ahead.walk.token);
                    self.frontier.place(place).2
                }
                Some(_) => std::mem::take(&mut self.ahead_seen[at]),
                None => std::mem::take(&mut member.position.walk.seen),
            };
            match &self.ahead {
                Some(ahead) => member.position.take_over(ahead, seen, now),
                None => {
                    let second =
                        if let Token::StartTime(second) = end { Some(*second) } else { None };
                    let reached = second.or(member.position.walk.at);
                    member.position.end(order, end.clone(), reached, seen, now);
                }
            }
        }
    }
}

/// The key of a parent's row that tells when it changed: the cursor of the topmost parent.
pub(super) fn changed_key(stream: &Stream) -> Option<&'static str> {
    let parents = stream.cursor.map(|cursor| cursor.parents)?;
    stream.feed.parent.as_ref().and(parents.last()).map(|(_, field)| *field)
}

/// The feed's listing for all of its selected streams, whoever reads the stretch: a row must look
/// the same in every stretch to be known again.
fn listing(feed: &'static Feed, who: &[Member], walk: u64) -> Listing {
    let own: Vec<&Stream> =
        who.iter().filter(|member| !member.is_child()).map(|member| member.stream).collect();
    let mut listing = Listing::new(feed, feed.path.to_owned(), &own, walk);
    let children: Vec<&'static Stream> =
        who.iter().filter(|member| member.is_child()).map(|member| member.stream).collect();
    listing.want(path_keys(feed, &children));
    listing.want(children.iter().filter_map(|stream| changed_key(stream)));
    listing
}

/// A lock that is only held over plain code, so that a poisoned one is still sound.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
