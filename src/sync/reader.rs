//! Reads the streams of one feed: stretch by stretch, page by page. Rows of a page go out in one
//! batch with the positions they reach.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use super::WalkError;
use super::children::Children;
use super::join::{Leg, Standing, Standstill, next_leg};
use super::pager::{Listing, Pager};
use super::parents::{ParentRow, changed_key, path_keys};
use super::position::{Phase, Position, to_state};
use super::search;
use super::sift;
use super::stretch::Stretch;
use super::window;
use crate::config::Config;
use crate::protocol::emitter::{Batch, Emitter, Part};
use crate::protocol::message::Level;
use crate::streams::{Feed, Stream};
use crate::zendesk::client::{Client, Fetched, Tally};
use crate::zendesk::error::ErrorKind;
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
    /// How long a page took in the last stretch, waits left out.
    pub page_time: Option<Duration>,
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
    /// Streams that take their detour first, each with itself on its own road.
    pub first: Vec<(Member, &'static Stream)>,
}

impl Member {
    #[must_use]
    pub fn new(stream: &'static Stream, position: Position) -> Self {
        let (state, report) = (Standstill::Reading, Report::default());
        Self { stream, position, state, report, page_time: None }
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
            window: walk.window.or_else(|| {
                let feed = self.stream.feed.root();
                feed.searched_key().map(|_| (search::lower(&self.position, 0), i64::MAX))
            }),
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
        self.detours_first(&mut group).await;
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
                    // Another window of a search is left.
                    (Ok(()), None) if member.position.walk.window.is_some() => Standstill::Reading,
                    (Ok(()), None) => Standstill::Done,
                };
                if member.state != Standstill::Reading {
                    self.tell_end(member, result.clone());
                }
            }
        }
    }

    /// Reads one stretch: to the feed's end, or up to the place of a stream that is ahead.
    pub(super) async fn leg(self, group: &mut Group, leg: &Leg) -> Result<(), WalkError> {
        let feed = group.feed;
        let ahead = leg.up_to.map(|leader| group.members[leader].position.clone());
        let until = leg.up_to.map(|leader| group.members[leader].standing().point);
        let mut listing = listing(feed, &group.members, group.walk, self.config);
        let mut who: Vec<&mut Member> = Vec::new();
        for (at, member) in group.members.iter_mut().enumerate() {
            if leg.who.contains(&at) {
                who.push(member);
            }
        }
        let Some(first) = who.first_mut() else { return Ok(()) };
        let start = first.position.walk.token.clone();
        let now = self.client.clock().now_unix();
        self.fit_window(feed, &mut who, group.walk, now).await?;
        let Some(first) = who.first_mut() else { return Ok(()) };
        listing.query.extend(window::begin(feed, &mut first.position, now));
        let mut stretch = Stretch::new((feed, group.walk), who, start.clone(), until.zip(ahead));
        stretch.scope = self.config.ticket_scope;
        self.told(&mut stretch, &start).await?;
        let mut pager = Pager::new(self.client, &listing, start, feed.page_size(self.config));
        let mut restarts = 0;
        let since = self.client.clock().elapsed();
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
        let took = self.client.clock().elapsed().saturating_sub(since + pager.tally.waited);
        for member in &mut stretch.who {
            let pages = u32::try_from(pager.tally.pages).unwrap_or(u32::MAX);
            member.page_time = took.checked_div(pages);
        }
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

    pub(super) async fn children(
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

    pub(super) fn tell_end(self, member: &Member, result: Result<(), WalkError>) {
        let ended = Ended { stream: member.stream, result, report: member.report };
        // The receiver lives as long as the sync; without it there is nobody left to tell.
        let _ = self.ended.send(ended);
    }
}

/// The feed's listing for all of its selected streams, whoever reads the stretch: a row must look
/// the same in every stretch to be known again.
fn listing(feed: &'static Feed, who: &[Member], walk: u64, config: &Config) -> Listing {
    let own: Vec<&Stream> =
        who.iter().filter(|member| !member.is_child()).map(|member| member.stream).collect();
    let mut listing = Listing::new(feed, feed.path.to_owned(), &own, walk, config);
    listing.want(feed.searched_key().map(|_| sift::SUPPORT_KEY));
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
