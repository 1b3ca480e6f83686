//! One stretch of a feed and the streams that read it: what each delivers of a page, and where
//! each stands behind it.

use super::WalkError;
use super::frontier::Frontier;
use super::join::Standstill;
use super::parents::{ParentRow, changed_key, path_keys};
use super::position::Position;
use super::reader::Member;
use super::refusals::RefusalsByFeed;
use super::rows::Framer;
use super::sift;
use crate::config::TicketScope;
use crate::protocol::emitter::{Batch, Part, unix_ms};
use crate::streams::{Feed, Stream};
use crate::zendesk::client::Tally;
use crate::zendesk::page::Page;
use crate::zendesk::paging::Token;

/// One stretch of a feed and the streams that read it.
pub struct Stretch<'m> {
    pub feed: &'static Feed,
    pub walk: u64,
    pub who: Vec<&'m mut Member>,
    framers: Vec<Framer>,
    pub frontier: Frontier,
    pub refusals: RefusalsByFeed,
    /// The feed's time of the place that is taken over at the end, and each stream's hashes for
    /// it. Later rows are left to the walk from there, which lists them again.
    pub until: Option<i64>,
    pub ahead: Option<Position>,
    ahead_seen: Vec<Vec<u64>>,
    pub reached_cursor: bool,
    /// The streams that read the feed itself have been moved to the stretch's end with their last
    /// page.
    pub rows_arrived: bool,
    /// Which tickets of a search are read: unlike an export it cannot be asked for a scope.
    pub scope: TicketScope,
}

impl<'m> Stretch<'m> {
    pub fn new(
        (feed, walk): (&'static Feed, u64),
        who: Vec<&'m mut Member>,
        start: Token,
        aim: Option<(i64, Position)>,
    ) -> Self {
        let (until, ahead) = aim.unzip();
        let framers = who.iter().map(|member| Framer::new(member.stream)).collect();
        let ahead_seen = who.iter().map(|member| {
            let walk = &member.position.walk;
            if until.is_some() && walk.at == until { walk.seen.clone() } else { Vec::new() }
        });
        let ahead_seen = ahead_seen.collect();
        let mut stretch = Self {
            feed,
            walk,
            who,
            framers,
            frontier: Frontier::default(),
            refusals: RefusalsByFeed::default(),
            until,
            ahead,
            ahead_seen,
            reached_cursor: false,
            rows_arrived: false,
            scope: TicketScope::default(),
        };
        stretch.resume(&start, &stretch.seen());
        stretch
    }

    /// The parents that are finished beyond the place where the children stand.
    pub fn seen(&self) -> Vec<u64> {
        let child = self.who.iter().find(|member| member.is_child());
        child.map(|member| member.position.walk.seen.clone()).unwrap_or_default()
    }

    /// Goes on at a place where these parents are finished already.
    pub fn resume(&mut self, at: &Token, seen: &[u64]) {
        for member in self.who.iter_mut().filter(|member| member.is_child()) {
            member.position.walk.seen = seen.to_vec();
        }
        self.frontier = Frontier::resumed(at, seen);
    }

    pub fn names(&self) -> String {
        self.who.iter().map(|member| member.stream.name).collect::<Vec<_>>().join(", ")
    }

    pub fn alive(&self) -> impl Iterator<Item = &Member> {
        self.who.iter().map(|member| &**member).filter(|member| member.state != Standstill::Failed)
    }

    pub fn all_failed(&self) -> bool {
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

    /// Sends every stream back to its cursor and returns the place, the earliest of theirs.
    pub fn restart(&mut self) -> Token {
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
    pub fn take(
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
            let mut keep = match &times {
                Some(times) => sift::fresh(&member.position, (at, self.until), page, list, times),
                None => sift::newer(member.stream, &mut member.position, page, list),
            };
            sift::leave_out_of_scope(self.feed, self.scope, page, list, &mut keep);
            sift::leave_out_deleted(member.stream, &member.position, page, list, &mut keep);
            let framed = self.framers[at_member].frame(
                page,
                &keep,
                &Vec::new(),
                emitted_at,
                &mut batch.lines,
            );
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

    /// Streams of which too many parents were refused, now that the walk has ended.
    pub fn judge_refusals(&mut self) -> Vec<(&'static str, WalkError)> {
        let failed = self.refusals.at_end(self.alive().map(|member| member.stream));
        self.frontier.judge_all();
        failed
    }

    pub fn end(&mut self, end: &Token, now: i64) {
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
