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
            seen: if self.is_child() { walk.seen.clone() } else { Vec::new() },
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
        let mut who: Vec<&mut Member> = Vec::new();
        for (at, member) in group.members.iter_mut().enumerate() {
            if leg.who.contains(&at) {
                who.push(member);
            }
        }
        let mut listing = listing(feed, &who, group.walk);
        let Some(first) = who.first_mut() else { return Ok(()) };
        let start = first.position.walk.token.clone();
        listing.query.extend(window::begin(
            feed,
            &mut first.position,
            self.client.clock().now_unix(),
        ));
        let mut stretch = Stretch::new(
            (feed, group.walk),
            who,
            start.clone(),
            until.zip(ahead.as_ref()).map(|(_, ahead)| ahead.walk.token.clone()),
        );
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
        self.finish(stretch, &pager.at, ahead).await
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
            // A listing in no order of time has no place behind its last page.
            let behind = pager.ended && stretch.feed.time_key().is_none();
            let next = if behind { at.clone() } else { pager.at.clone() };
            self.children(stretch, parents, (next, reached), now).await?;
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
    async fn finish(
        self,
        mut stretch: Stretch<'_>,
        end: &Token,
        ahead: Option<Position>,
    ) -> Result<(), WalkError> {
        for (stream, error) in stretch.judge_refusals() {
            self.fail(stretch.member(stream), error);
        }
        stretch.end(end, ahead.as_ref(), self.client.clock().now_unix());
        let parts = stretch.alive().map(|member| member.part(0)).collect();
        self.emitter.batch(Batch { lines: Vec::new(), parts }).await?;
        Ok(())
    }

    /// Ends a stream alone; its neighbours go on.
    pub(super) fn fail(self, member: Option<&mut Member>, error: WalkError) {
        if let Some(member) = member {
            if member.state != Standstill::Failed {
                member.state = Standstill::Failed;
                self.tell_end(member, Err(error));
            }
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
    /// The place that is taken over at the end, and each stream's hashes for it.
    ahead: Option<Token>,
    ahead_seen: Vec<Vec<u64>>,
    reached_cursor: bool,
}

impl<'m> Stretch<'m> {
    fn new(
        (feed, walk): (&'static Feed, u64),
        who: Vec<&'m mut Member>,
        start: Token,
        ahead: Option<Token>,
    ) -> Self {
        let seen = who.iter().find(|member| member.is_child());
        let seen = seen.map(|member| member.position.walk.seen.clone()).unwrap_or_default();
        let framers = who.iter().map(|member| Framer::new(member.stream)).collect();
        let ahead_seen = vec![Vec::new(); who.len()];
        let frontier = Frontier::resumed(&start, &seen);
        Self {
            feed,
            walk,
            who,
            framers,
            frontier,
            refusals: RefusalsByFeed::default(),
            ahead,
            ahead_seen,
            reached_cursor: false,
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
                Some(times) => sift::fresh(&member.position, at, page, list, times),
                None => sift::newer(member.stream, &mut member.position, page, list),
            };
            let framed = self.framers[at_member].frame(page, &keep, emitted_at, &mut batch.lines);
            member.report.held_back += framed.held_back;
            self.reached_cursor |=
                sift::reached_cursor(member.stream, &member.position, page, list);
            let mut seen = Vec::new();
            if let Some(times) = &times {
                seen = sift::boundary(&member.position, at, next, page, list, times);
                if let Some(Token::StartTime(second)) = self.ahead {
                    sift::add_second(&mut self.ahead_seen[at_member], second, page, list, times);
                }
            }
            // The end itself is told once the stretch is over.
            if !ended {
                member.position.next_page(next.clone(), reached, seen, now);
            } else {
                member.position.walk.seen = seen;
                member.position.walk.at = member.position.walk.at.max(reached);
            }
            batch.parts.push(member.part(framed.rows));
        }
        (batch, last)
    }

    /// The rows of a page as parents.
    fn parents(&self, page: &Page, at: &Token) -> Vec<ParentRow> {
        let Some(list) = page.lists.first() else { return Vec::new() };
        let children: Vec<&'static Stream> = self.alive().map(|member| member.stream).collect();
        let (time, changed) = (self.feed.time_key(), self.changed_key());
        let keys = path_keys(self.feed, &children);
        let parent = |row| ParentRow::new(page, list, row, time, at, changed, &keys);
        (0..list.rows.len()).map(parent).collect()
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

    fn end(&mut self, end: &Token, ahead: Option<&Position>, now: i64) {
        let order = self.feed.order;
        let (frontier, ahead_seen) = (&self.frontier, &mut self.ahead_seen);
        for (at, member) in self.who.iter_mut().enumerate() {
            if member.state == Standstill::Failed {
                continue;
            }
            member.position.begin(now);
            let reached = if let Token::StartTime(second) = end { Some(*second) } else { None };
            match ahead {
                Some(ahead) => {
                    let seen = if member.is_child() {
                        frontier.place(&ahead.walk.token).2
                    } else {
                        std::mem::take(&mut ahead_seen[at])
                    };
                    member.position.take_over(ahead, seen, now);
                }
                None if member.is_child() => {
                    let (_, _, seen) = frontier.place(end);
                    member.position.end(
                        order,
                        end.clone(),
                        reached.or(member.position.walk.at),
                        seen,
                        now,
                    );
                }
                None => {
                    let seen = std::mem::take(&mut member.position.walk.seen);
                    member.position.end(
                        order,
                        end.clone(),
                        reached.or(member.position.walk.at),
                        seen,
                        now,
                    );
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

/// The feed's listing for these streams.
fn listing(feed: &'static Feed, who: &[&mut Member], walk: u64) -> Listing {
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
