//! One stretch of a feed and the streams that read it: what each delivers of a page, and where
//! each stands behind it.

use std::collections::{BTreeMap, HashSet};

use super::window_fetchers::Start;
use crate::config::TicketScope;
use crate::protocol::emitter::{Batch, Part, unix_ms};
use crate::streams::{Feed, Stream};
use crate::sync::WalkError;
use crate::sync::children::parents::{ParentRow, changed_key, path_keys};
use crate::sync::children::{judge_failures, release};
use crate::sync::files::{Delivery, PendingCheckpoints};
use crate::sync::listing::member::ActiveStream;
use crate::sync::listing::refusals::RefusalsByFeed;
use crate::sync::position::ends::{self, Claim, Verdict};
use crate::sync::position::frontier::Frontier;
use crate::sync::position::places::{self, MOST_BEARERS, Trail};
use crate::sync::position::search_bounds::Rest;
use crate::sync::position::{Place, Position};
use crate::sync::records::path_params::PathParams;
use crate::sync::records::{RecordWriter, filter};
use crate::zendesk::client::RequestStats;
use crate::zendesk::page::{Page, Rows};
use crate::zendesk::paging::{Token, WITHHELD_SECONDS};

/// What a RECORD message has before and behind its row, and some for spliced keys.
const BYTES_AROUND_A_ROW: usize = 192;

/// One stretch of a feed and the streams that read it.
pub struct Segment<'m> {
    pub feed: &'static Feed,
    pub walk: u64,
    pub who: Vec<&'m mut ActiveStream>,
    framers: Vec<RecordWriter>,
    pub frontier: Frontier,
    pub refusals: RefusalsByFeed,
    /// Positions of streams with files, by member.
    pub held: BTreeMap<usize, PendingCheckpoints>,
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
    pub fills: PathParams,
    /// Of a search: that no chain walks the last window yet.
    pub rest: Option<Rest>,
    /// The last times of each chain's pages.
    pub(super) trails: BTreeMap<u32, Trail>,
    /// Chains whose place has said that the feed ends there, and that ask again.
    pub(super) doubted: HashSet<u32>,
    /// The latest time up to which rows of the feed are known in this sync.
    pub newest: Option<i64>,
    seams: Seams,
}

/// Rows where one window ends and the next begins. Such a row bears the time of the next window,
/// and too few rows bear out that it stands there: the window before delivers it too, unless the
/// next one has. Hashes.
#[derive(Debug, Default)]
struct Seams {
    /// Rows that went out from where windows begin.
    begun: HashSet<u64>,
    /// Rows that the window before delivered beyond its end.
    crossed: HashSet<u64>,
}

/// What a page meant for its window.
#[derive(Clone, Debug, Default)]
pub struct Taken {
    /// Up to when the page reaches, as its rows bear out.
    pub reached: Option<i64>,
    /// Where each row stands in the order of time.
    places: Vec<Option<i64>>,
    /// Rows that are left to the next window, or to the walk from the place ahead.
    left: Vec<bool>,
    pub window_ended: bool,
    /// All windows have ended, and the streams stand at the end of the stretch.
    pub arrived: bool,
}

impl<'m> Segment<'m> {
    pub fn new(
        (feed, walk): (&'static Feed, u64),
        who: Vec<&'m mut ActiveStream>,
        start: Token,
        (until, ahead): (Option<i64>, Option<Position>),
    ) -> Self {
        let framers = who.iter().map(|member| RecordWriter::new(member.stream)).collect();
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
            fills: PathParams::new(),
            rest: None,
            trails: BTreeMap::new(),
            doubted: HashSet::new(),
            newest: None,
            seams: Seams::default(),
        };
        stretch.newest = stretch.walking().and_then(|member| member.position.known_in_windows());
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
    pub fn alive(&self) -> impl Iterator<Item = &ActiveStream> {
        self.who.iter().map(|member| &**member).filter(|member| member.is_reading())
    }

    pub fn nobody_reads(&self) -> bool {
        self.alive().next().is_none()
    }

    pub fn has_children(&self) -> bool {
        self.alive().any(ActiveStream::is_child)
    }

    pub fn member(&mut self, name: &str) -> Option<&mut ActiveStream> {
        self.who.iter_mut().map(|member| &mut **member).find(|member| member.stream.name == name)
    }

    /// Notes that the feed gives only a part of a second. Whatever hangs on the rest is missing too.
    pub fn note_cut_short(&mut self, second: i64) {
        for member in self.who.iter_mut().filter(|member| member.is_reading()) {
            member.report.note_cut_short(second);
        }
    }

    pub fn count(&mut self, tally: RequestStats) {
        for member in self.who.iter_mut().filter(|member| !member.is_child()) {
            member.report.tally.add(tally);
        }
    }

    /// Sends a window back to where it had come by the feed's own time, or every stream back to its
    /// cursor, and returns where its chain starts again, at the earliest of their places.
    pub fn restart(&mut self, window: usize) -> Start {
        *self.trail(window) = Trail::default();
        if let Some(later) = window.checked_sub(1) {
            let mut at = Token::First;
            for member in self.who.iter_mut().filter(|member| member.is_reading()) {
                let Position { cursor: flat, walk, .. } = &mut member.position;
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
        let times = self.feed.time_key().map(|key| filter::times(page, list, key));
        let own_end = self.own_end(window);
        let mut places = Vec::new();
        let mut left = vec![false; list.rows.len()];
        if let Some(times) = &times {
            places = self.places(window, at, times);
            self.newest = self.newest.max(places::reached(&places));
            left = self.left(window, own_end, (times, &places));
        }
        let last = times.as_ref().and_then(|times| times.iter().rev().flatten().next().copied());
        // By time the next place says how far the feed has come. By cursor the rows bear it out, and
        // at the end all of them are read but those of the last minute.
        let reached = match next {
            Token::StartTime(second) if next != at => Some(*second),
            _ if ended => last.map(|last| last.min(now.saturating_sub(WITHHELD_SECONDS))),
            _ => places::reached(&places),
        };
        let token_ahead = self.ahead.as_ref().map(|ahead| &ahead.walk.place.token);
        let met = token_ahead == Some(next) && (self.until.is_none() || next.is_servers());
        // What lies behind the place ahead is listed again from there.
        let last_row = times.as_ref().and_then(|times| times.iter().rposition(Option::is_some));
        let passed = self.until.is_some() && last_row.is_some_and(|row| left[row])
            || own_end.zip(reached).is_some_and(|(end, reached)| reached >= end);
        if ended && self.until.is_none() {
            self.ahead = None;
        }
        // Of several windows the last to end takes the streams to the end of the stretch.
        let window_ended = ended || passed || met;
        // With children a search is read one window a stretch.
        let is_alone = self.feed.searched_key().is_some() && self.has_children();
        let arrived = window_ended && (is_alone || self.is_last_to_end(window));
        if times.is_some() {
            self.leave_seams(own_end, at, page, list, (times.as_deref(), &mut left));
        }
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
                    member.position.saw(filter::times(page, list, key).into_iter().flatten().max());
                }
                let (stream, brand) = (member.stream.name, member.brand);
                batch.parts.push(Part { stream, brand, rows: 0, position: None });
                continue;
            }
            let mut keep = match &times {
                Some(times) => {
                    filter::fresh(member.position.place(window), at, &left, page, list, times)
                }
                None => filter::newer(member.stream, &mut member.position, page, list),
            };
            filter::leave_out_of_scope(self.feed, self.scope, page, list, &mut keep);
            filter::leave_out_deleted(member.stream, &member.position, page, list, &mut keep);
            filter::leave_out_others(member.stream, page, list, &mut keep);
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
                filter::reached_cursor(member.stream, &member.position, page, list);
            let mut seen = Vec::new();
            if let Some(times) = &times {
                seen = filter::boundary(member.position.place(window), at, next, page, list, times);
                if let Some(until) = self.until {
                    let kept = &mut self.ahead_seen[at_member];
                    filter::add_from(kept, until, &left, page, list, times);
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
        if let Some(times) = times.as_ref().filter(|times| !times.is_empty()) {
            self.trail(window).add(times);
            let chain = self.chains.get(window).copied().unwrap_or_default();
            self.doubted.remove(&chain);
        }
        if window_ended && !arrived {
            self.forget(window);
        }
        (batch, deliveries, Taken { reached, places, left, window_ended, arrived })
    }

    fn trail(&mut self, window: usize) -> &mut Trail {
        let chain = self.chains.get(window).copied().unwrap_or_default();
        self.trails.entry(chain).or_default()
    }

    /// Where the rows of a page stand in the order of time.
    fn places(&mut self, window: usize, at: &Token, times: &[Option<i64>]) -> Vec<Option<i64>> {
        let asked = if let Token::StartTime(second) = at { Some(*second) } else { None };
        let from = asked.max(self.reached(window));
        places::places(times, self.trail(window), from, places::bearers(times.len()))
    }

    /// The rows of a page that are listed again: by the next window from `own_end` on, or from the
    /// place of the stream ahead. That place may lie a few rows behind what its time bears out.
    fn left(
        &mut self,
        window: usize,
        own_end: Option<i64>,
        (times, places): (&[Option<i64>], &[Option<i64>]),
    ) -> Vec<bool> {
        let next = |place: &Option<i64>| place.zip(own_end).is_some_and(|(at, end)| at >= end);
        let mut left: Vec<bool> = places.iter().map(next).collect();
        if let Some(until) = self.until {
            let places = places::places(times, self.trail(window), None, MOST_BEARERS);
            for (left, place) in left.iter_mut().zip(places) {
                *left |= place.is_some_and(|place| place > until);
            }
        }
        left
    }

    /// Lets each row at a seam of two windows go out once.
    fn leave_seams(
        &mut self,
        own_end: Option<i64>,
        at: &Token,
        page: &Page,
        list: &Rows,
        (times, left): (Option<&[Option<i64>]>, &mut Vec<bool>),
    ) {
        let Some(times) = times else { return };
        let may_begin = self.chains.len() > 1 || !self.seams.crossed.is_empty();
        let first = match at {
            Token::StartTime(_) if may_begin => list.rows.len().min(2 * MOST_BEARERS),
            _ => 0,
        };
        let begins: Vec<u64> = (0..first).map(|row| filter::hash(page, list, row)).collect();
        for (left, hash) in left.iter_mut().zip(&begins) {
            *left |= self.seams.crossed.contains(hash);
        }
        let crosses = |time: Option<i64>| time.zip(own_end).is_some_and(|(at, end)| at >= end);
        for row in (0..left.len()).filter(|row| crosses(times[*row])) {
            if !left[row] {
                let hash = filter::hash(page, list, row);
                left[row] = self.seams.begun.contains(&hash) || !self.seams.crossed.insert(hash);
            }
        }
        let delivered = left.iter().zip(begins).filter(|(left, _)| !**left);
        self.seams.begun.extend(delivered.map(|(_, hash)| hash));
    }

    /// Judges an answer that says a window has ended. `listed` is the time of its last row.
    pub fn judge_end(&mut self, window: usize, listed: Option<i64>, said_before: u32) -> Verdict {
        if self.feed.time_key().is_none() {
            return Verdict::Believed;
        }
        let chain = self.chains.get(window).copied().unwrap_or_default();
        let before = self.trails.get(&chain).and_then(Trail::last);
        let is_last = window + 1 == self.chains.len();
        let later = self.walking().into_iter().flat_map(|member| member.position.windows());
        let later_open = later.skip(window + 1).any(|(.., done)| !done);
        let verdict = ends::judge(Claim {
            reached: listed.max(before).max(self.reached(window)),
            own_end: self.own_end(window),
            aim: self.until.filter(|_| is_last),
            newest: self.newest,
            is_untouched: self.chains.len() > 1 && listed.max(before).is_none(),
            later_open,
            said_before,
        });
        if matches!(verdict, Verdict::AskAgain(_) | Verdict::AskUntilLaterOnesEnd(_)) {
            self.doubted.insert(chain);
        }
        verdict
    }

    /// Goes to the end of the feed instead of the place ahead, which is not where it was.
    pub fn leave_aim(&mut self) {
        (self.until, self.ahead) = (None, None);
    }

    /// The rows of a page as parents.
    pub fn parents(&self, page: &Page, at: &Token, taken: &Taken) -> Vec<ParentRow> {
        let Some(list) = page.lists.first() else { return Vec::new() };
        let children: Vec<&'static Stream> = self.alive().map(|member| member.stream).collect();
        let (time, changed) = (self.feed.time_key(), self.changed_key());
        let keys = path_keys(self.feed, &children);
        let parent = |row: usize| {
            let mut parent = ParentRow::new(page, list, row, time, at, changed, &keys);
            // A position that follows a parent must not follow it to where it is not.
            parent.listed.time = taken.places.get(row).copied().flatten();
            parent
        };
        let mut keep: Vec<bool> = taken.left.iter().map(|left| !left).collect();
        filter::leave_out_of_scope(self.feed, self.scope, page, list, &mut keep);
        let rows = (0..list.rows.len()).filter(|row| keep[*row]);
        rows.map(parent).collect()
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
