//! One stretch of a feed and the streams that read it: what each delivers of a page, and where
//! each stands behind it.

use std::collections::BTreeMap;

use super::WalkError;
use super::chains::Start;
use super::children::{judge_failures, release};
use super::fetch::Delivery;
use super::files::Held;
use super::frontier::Frontier;
use super::parents::{Fills, ParentRow, changed_key, path_keys};
use super::position::{Place, Position};
use super::reader::Member;
use super::refusals::RefusalsByFeed;
use super::rows::Framer;
use super::search::Rest;
use super::sift;
use crate::config::TicketScope;
use crate::protocol::emitter::{Batch, Part, unix_ms};
use crate::streams::{Feed, Stream};
use crate::zendesk::client::Tally;
use crate::zendesk::page::Page;
use crate::zendesk::paging::Token;

/// What a RECORD message has before and behind its row, and some for spliced keys.
const BYTES_AROUND_A_ROW: usize = 192;

/// One stretch of a feed and the streams that read it.
pub struct Stretch<'m> {
    pub feed: &'static Feed,
    pub walk: u64,
    pub who: Vec<&'m mut Member>,
    framers: Vec<Framer>,
    pub frontier: Frontier,
    pub refusals: RefusalsByFeed,
    /// Positions of streams with files, by member.
    pub held: BTreeMap<usize, Held>,
    /// The feed's time of the place that is taken over at the end, and each stream's hashes for
    /// it. Later rows are left to the walk from there, which lists them again. Without a time the
    /// place is met by its token, or never.
    pub until: Option<i64>,
    pub ahead: Option<Position>,
    ahead_seen: Vec<Vec<u64>>,
    pub reached_cursor: bool,
    /// The last page has come, and has moved the streams that read the feed itself to its end.
    pub rows_arrived: bool,
    /// Which tickets of a search are read: unlike an export it cannot be asked for a scope.
    pub scope: TicketScope,
    /// The number of the chain of pages that walks each window.
    pub(super) chains: Vec<u32>,
    /// What rows are told beside what is in them.
    pub fills: Fills,
    /// Of a search: that no chain walks the last window yet.
    pub rest: Option<Rest>,
}

/// What a page meant for its window.
#[derive(Clone, Copy, Debug, Default)]
pub struct Taken {
    /// The time of the page's last row.
    pub last: Option<i64>,
    pub window_ended: bool,
    /// All windows have ended, and the streams stand at the end of the stretch.
    pub arrived: bool,
}

impl<'m> Stretch<'m> {
    pub fn new(
        (feed, walk): (&'static Feed, u64),
        who: Vec<&'m mut Member>,
        start: Token,
        (until, ahead): (Option<i64>, Option<Position>),
    ) -> Self {
        let framers = who.iter().map(|member| Framer::new(member.stream)).collect();
        let ahead_seen = who.iter().map(|member| {
            let walk = &member.position.walk;
            let last = walk.later.last().map_or(&walk.place, |window| &window.place);
            if until.is_some() && last.at == until { last.seen.clone() } else { Vec::new() }
        });
        let ahead_seen = ahead_seen.collect();
        let mut stretch = Self {
            feed,
            walk,
            who,
            framers,
            frontier: Frontier::default(),
            refusals: RefusalsByFeed::default(),
            held: BTreeMap::new(),
            until,
            ahead,
            ahead_seen,
            reached_cursor: false,
            rows_arrived: false,
            scope: TicketScope::default(),
            chains: Vec::new(),
            fills: Fills::new(),
            rest: None,
        };
        let windows = stretch.walking().map_or(0, |member| member.position.windows().count());
        stretch.chains = (0..).take(windows).collect();
        stretch.rest = stretch.walking().and_then(|member| {
            let last = member.position.place(windows.saturating_sub(1));
            let is_unread = member.position.is_search() && last.token == Token::First;
            let length_before = member.window_seconds;
            is_unread.then_some(Rest { is_counted: false, length_before })
        });
        stretch.resume(&start, &stretch.seen());
        stretch
    }

    /// The parents that are finished beyond the place where the children stand. A kill may have
    /// left children apart: what not all of them are done with is read again for all, rather than
    /// the whole feed once for each.
    pub fn seen(&self) -> Vec<u64> {
        let children = self.who.iter().filter(|member| member.is_child());
        let seen = children.map(|member| member.position.walk.place.seen.clone());
        let common = |mut seen: Vec<u64>, more: Vec<u64>| {
            seen.retain(|hash| more.contains(hash));
            seen
        };
        seen.reduce(common).unwrap_or_default()
    }

    /// Goes on at a place where these parents are finished already.
    pub fn resume(&mut self, at: &Token, seen: &[u64]) {
        for member in self.who.iter_mut().filter(|member| member.is_child()) {
            member.position.walk.place.seen = seen.to_vec();
        }
        self.frontier = Frontier::resumed(at, seen);
        self.refusals.failures.begin_anew();
    }

    pub fn names(&self) -> String {
        self.who.iter().map(|member| member.stream.name).collect::<Vec<_>>().join(", ")
    }

    /// Those who still read here: they have not failed, and no refusal has left them behind.
    pub fn alive(&self) -> impl Iterator<Item = &Member> {
        self.who.iter().map(|member| &**member).filter(|member| member.is_reading())
    }

    pub fn nobody_reads(&self) -> bool {
        self.alive().next().is_none()
    }

    pub fn has_children(&self) -> bool {
        self.alive().any(Member::is_child)
    }

    pub fn member(&mut self, name: &str) -> Option<&mut Member> {
        self.who.iter_mut().map(|member| &mut **member).find(|member| member.stream.name == name)
    }

    pub fn count(&mut self, tally: Tally) {
        for member in self.who.iter_mut().filter(|member| !member.is_child()) {
            member.report.tally.add(tally);
        }
    }

    /// Sends a window back to where it had come by the feed's own time, or every stream back to its
    /// cursor, and returns where its chain starts again, at the earliest of their places.
    pub fn restart(&mut self, window: usize) -> Start {
        if let Some(later) = window.checked_sub(1) {
            let mut at = Token::First;
            for member in self.who.iter_mut().filter(|member| member.is_reading()) {
                let Position { flat, walk, .. } = &mut member.position;
                let Some(window) = walk.later.get_mut(later) else { continue };
                at = self.feed.paging.start(window.place.at.or(*flat));
                window.place.token = at.clone();
                window.place.seen.clear();
            }
            return self.start(later + 1, at);
        }
        for member in self.who.iter_mut().filter(|member| member.is_reading()) {
            member.position.restart(self.feed);
        }
        let earliest = self.alive().map(|member| member.position.walk.place.token.clone());
        let place =
            earliest.min_by_key(|token| if let Token::StartTime(at) = token { *at } else { 0 });
        let place = place.unwrap_or_default();
        self.frontier = Frontier::resumed(&place, &[]);
        self.refusals.failures.begin_anew();
        self.start(window, place)
    }

    /// Whether files are fetched for rows of the feed itself.
    pub fn has_files(&self) -> bool {
        self.alive().any(|member| !member.is_child() && member.stream.file.is_some())
    }

    /// Frames a page's rows and moves the positions of the streams that read the feed itself.
    pub fn take(
        &mut self,
        page: &Page,
        window: usize,
        (at, next): (&Token, &Token),
        ended: bool,
        now: i64,
    ) -> (Batch, Vec<(usize, Delivery)>, Taken) {
        let (mut batch, mut deliveries) = (Batch::default(), Vec::new());
        let Some(list) = page.lists.first() else {
            return (batch, deliveries, Taken::default());
        };
        // What is around a row is small beside it; a block that grows would be copied again.
        let around = list.rows.len() * BYTES_AROUND_A_ROW;
        batch.lines.reserve(page.text.body.len() + around);
        let times = self.feed.time_key().map(|key| sift::times(page, list, key));
        let last = times.as_ref().and_then(|times| times.iter().rev().flatten().next().copied());
        // By time the next place says how far the feed has come; by cursor the last row does. A
        // place that leads to itself says nothing.
        let reached = match next {
            Token::StartTime(second) if next != at => Some(*second),
            _ => last,
        };
        let own_end = self.own_end(window);
        let passed = self.until.zip(last).is_some_and(|(until, last)| last > until)
            || own_end.zip(reached).is_some_and(|(end, reached)| reached >= end);
        let token_ahead = self.ahead.as_ref().map(|ahead| &ahead.walk.place.token);
        let met = self.until.is_none() && token_ahead == Some(next);
        if ended && self.until.is_none() {
            self.ahead = None;
        }
        // Of several windows the last to end takes the streams to the end of the stretch.
        let window_ended = ended || passed || met;
        // With children a search is read one window a stretch.
        let is_alone = self.feed.searched_key().is_some() && self.has_children();
        let arrived = window_ended && (is_alone || self.is_last_to_end(window));
        let end = own_end.into_iter().chain(self.until.map(|until| until.saturating_add(1))).min();
        let is_last = window + 1 == self.chains.len();
        let emitted_at = unix_ms();
        for (at_member, member) in self.who.iter_mut().enumerate() {
            if !member.is_reading() {
                continue;
            }
            member.position.begin(now);
            if member.is_child() {
                // In no order of time, what the parents' times say counts at the end.
                if let Some(key) = changed_key(member.stream).filter(|_| times.is_none()) {
                    member.position.saw(sift::times(page, list, key).into_iter().flatten().max());
                }
                let (stream, brand) = (member.stream.name, member.brand);
                batch.parts.push(Part { stream, brand, rows: 0, position: None });
                continue;
            }
            let mut keep = match &times {
                Some(times) => {
                    sift::fresh(member.position.place(window), (at, end), page, list, times)
                }
                None => sift::newer(member.stream, &mut member.position, page, list),
            };
            sift::leave_out_of_scope(self.feed, self.scope, page, list, &mut keep);
            sift::leave_out_deleted(member.stream, &member.position, page, list, &mut keep);
            sift::leave_out_others(member.stream, page, list, &mut keep);
            // Lines that wait for files are apart from those of neighbours.
            let mut own = Vec::new();
            let waits = member.stream.file.is_some();
            let lines = if waits { &mut own } else { &mut batch.lines };
            let framer = &self.framers[at_member];
            let framed = framer.frame(page, &keep, &self.fills, emitted_at, lines);
            member.report.note(&framed);
            if waits {
                let (stream, offers) = (member.stream, framed.offers);
                deliveries.push((at_member, Delivery { stream, lines: own, offers }));
            }
            self.reached_cursor |=
                sift::reached_cursor(member.stream, &member.position, page, list);
            let mut seen = Vec::new();
            if let Some(times) = &times {
                seen = sift::boundary(member.position.place(window), at, next, page, list, times);
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
            let place = Place { token: next.clone(), at: reached, seen };
            match (window_ended, arrived) {
                (false, _) => member.position.move_window(window, place, now),
                (true, false) => {
                    let place = match &self.ahead {
                        // What lies behind the aim was left out.
                        Some(ahead) if is_last => Place {
                            seen: self.ahead_seen[at_member].clone(),
                            ..ahead.walk.place.clone()
                        },
                        _ => place,
                    };
                    member.position.end_window(window, place, now);
                }
                (true, true) => {
                    let place = member.position.last_place(window, place, now);
                    match &self.ahead {
                        Some(ahead) => {
                            let seen = std::mem::take(&mut self.ahead_seen[at_member]);
                            member.position.take_over(ahead, seen, now);
                        }
                        None => {
                            let Place { token, at, seen } = place;
                            member.position.end(self.feed.order, token, at, seen, now);
                        }
                    }
                }
            }
            batch.parts.push(member.part(framed.rows));
        }
        self.rows_arrived = arrived;
        if window_ended && !arrived {
            self.forget(window);
        }
        (batch, deliveries, Taken { last, window_ended, arrived })
    }

    /// The rows of a page as parents.
    pub fn parents(&self, page: &Page, at: &Token) -> Vec<ParentRow> {
        let Some(list) = page.lists.first() else { return Vec::new() };
        let children: Vec<&'static Stream> = self.alive().map(|member| member.stream).collect();
        let (time, changed) = (self.feed.time_key(), self.changed_key());
        let keys = path_keys(self.feed, &children);
        let parent = |row| ParentRow::new(page, list, row, time, at, changed, &keys);
        let later = |parent: &ParentRow| {
            parent.time().zip(self.until).is_some_and(|(time, until)| time > until)
        };
        let mut keep = vec![true; list.rows.len()];
        sift::leave_out_of_scope(self.feed, self.scope, page, list, &mut keep);
        let rows = (0..list.rows.len()).filter(|row| keep[*row]);
        rows.map(parent).filter(|parent| !later(parent)).collect()
    }

    pub fn changed_key(&self) -> Option<&'static str> {
        self.who.iter().find_map(|member| changed_key(member.stream))
    }

    /// Streams of which too many parents were refused, or which a parent that fails holds up. Before
    /// the end of the walk only refusals of all parents are too many.
    pub fn judge_refusals(&mut self, at_end: bool) -> Vec<(&'static str, WalkError)> {
        let ends = judge_failures(&mut self.who, &mut self.refusals, &mut self.frontier, at_end);
        let mut failed: Vec<(&'static str, WalkError)> = ends
            .iter()
            .flat_map(|end| end.streams.iter().map(|name| (*name, end.why.clone())))
            .collect();
        let streams: Vec<&'static Stream> = self.alive().map(|member| member.stream).collect();
        let refusals = &self.refusals;
        let none_read =
            |stream: &&'static Stream| Some((stream.name, refusals.none_read(stream.feed.name)?));
        failed.extend(match at_end {
            true => refusals.at_end(streams.into_iter()),
            false => streams.iter().filter_map(none_read).collect(),
        });
        for end in ends {
            release(end.feed, &mut self.refusals, &mut self.frontier);
        }
        failed
    }

    pub fn end(&mut self, end: &Token, now: i64) {
        let order = self.feed.order;
        for (at, member) in self.who.iter_mut().enumerate() {
            if !member.is_reading() {
                continue;
            }
            if self.rows_arrived && !member.is_child() {
                continue;
            }
            member.position.begin(now);
            let seen = match &self.ahead {
                ahead if member.is_child() => {
                    let place = ahead.as_ref().map_or(end, |ahead| &ahead.walk.place.token);
                    self.frontier.place(place).2
                }
                Some(_) => std::mem::take(&mut self.ahead_seen[at]),
                None => std::mem::take(&mut member.position.walk.place.seen),
            };
            match &self.ahead {
                Some(ahead) => member.position.take_over(ahead, seen, now),
                None => {
                    let second =
                        if let Token::StartTime(second) = end { Some(*second) } else { None };
                    let reached = second.or(member.position.walk.place.at);
                    member.position.end(order, end.clone(), reached, seen, now);
                }
            }
        }
    }
}
