//! Takes a page: which of its rows each stream delivers, and where each stands behind it. Pure.

use super::segment::Segment;
use crate::config::TicketScope;
use crate::protocol::emitter::{Batch, Part, unix_ms};
use crate::streams::{Feed, Stream};
use crate::sync::children::parents::{ParentRow, changed_key, path_keys};
use crate::sync::files::Delivery;
use crate::sync::listing::member::ActiveStream;
use crate::sync::position::Place;
use crate::sync::position::places::{self, MOST_BEARERS};
use crate::sync::records::filter;
use crate::zendesk::page::{Page, Rows};
use crate::zendesk::paging::{Token, WITHHELD_SECONDS};

/// What a RECORD message has before and behind its row, and some for spliced keys.
const BYTES_AROUND_A_ROW: usize = 192;

/// A page of a window, and where it leads.
#[derive(Clone, Copy)]
pub struct WindowPage<'p> {
    pub page: &'p Page,
    pub window: usize,
    /// The place that was asked for.
    pub at: &'p Token,
    /// The place behind the page.
    pub next: &'p Token,
    /// Whether the answer says that the listing ends with it.
    pub ended: bool,
    /// Zendesk's time, unix seconds.
    pub now: i64,
}

/// What a page comes to.
#[derive(Default)]
pub struct TakenPage {
    /// Lines and positions, but for the lines of streams with files.
    pub batch: Batch,
    pub with_files: Vec<WithFiles>,
    pub taken: Taken,
}

/// The lines of a stream that wait for files.
pub struct WithFiles {
    /// The number of the stream in its segment.
    pub member: usize,
    pub delivery: Delivery,
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
    /// All windows have ended, and the streams stand at the end of the segment.
    pub arrived: bool,
}

/// A page that was looked at, before any stream takes its rows.
struct Placed<'p> {
    asked: WindowPage<'p>,
    list: &'p Rows,
    /// The times of its rows, where the feed lists by time.
    times: Option<Vec<Option<i64>>>,
    /// Whether its window is the last of the segment.
    is_last: bool,
    taken: Taken,
}

impl Segment<'_> {
    /// Writes a page's rows and moves the positions of the streams that read the feed itself.
    pub fn take(&mut self, asked: WindowPage<'_>) -> TakenPage {
        let Some(list) = asked.page.lists.first() else { return TakenPage::default() };
        let (mut batch, mut with_files) = (Batch::default(), Vec::new());
        // What is around a row is small beside it; a block that grows would be copied again.
        let around = list.rows.len() * BYTES_AROUND_A_ROW;
        batch.lines.reserve(asked.page.text.body.len() + around);
        let placed = self.place_rows(asked, list);
        let emitted_at = unix_ms();
        for number in 0..self.who.len() {
            let member = &mut *self.who[number];
            if !member.is_reading() {
                continue;
            }
            member.position.begin(asked.now);
            if member.is_child() {
                batch.parts.push(part_of_child(member, &placed));
                continue;
            }
            let keep = kept(member, self.feed, self.scope, &placed);
            let (rows, delivery) = self.write(number, &placed, &keep, emitted_at, &mut batch.lines);
            with_files.extend(delivery.map(|delivery| WithFiles { member: number, delivery }));
            let seen = self.seen_at_the_end(number, &placed);
            // The position moves with the very batch: a state behind rows that it does not cover
            // would bring them again.
            self.move_on(number, &placed, seen);
            batch.parts.push(self.who[number].part(rows));
        }
        let Placed { times, taken, .. } = placed;
        self.rows_arrived = taken.arrived;
        if let Some(times) = times.filter(|times| !times.is_empty()) {
            self.trail(asked.window).add(&times);
            let fetcher = self.fetchers.get(asked.window).copied().unwrap_or_default();
            self.doubted.remove(&fetcher);
        }
        if taken.window_ended && !taken.arrived {
            self.forget(asked.window);
        }
        TakenPage { batch, with_files, taken }
    }

    /// Finds where the rows of a page stand, which of them are left to others, and what ends with
    /// the page.
    fn place_rows<'p>(&mut self, asked: WindowPage<'p>, list: &'p Rows) -> Placed<'p> {
        let WindowPage { page, window, at, next, ended, .. } = asked;
        let times = self.feed.time_key().map(|key| filter::times(page, list, key));
        let own_end = self.own_end(window);
        let mut places = Vec::new();
        let mut left = vec![false; list.rows.len()];
        if let Some(times) = &times {
            places = self.places(window, at, times);
            self.newest = self.newest.max(places::reached(&places));
            left = self.left(window, own_end, times, &places);
        }
        let reached = reach(asked, times.as_deref().unwrap_or_default(), &places);
        let aim = &self.aim;
        // What lies behind the place ahead is listed again from there.
        let last_row = times.as_ref().and_then(|times| times.iter().rposition(Option::is_some));
        let window_ended = has_ended(End {
            is_said: ended,
            is_past_aim: aim.until.is_some() && last_row.is_some_and(|row| left[row]),
            is_aim: aim.ahead.as_ref().is_some_and(|ahead| ahead.walk.place.token == *next)
                && (aim.until.is_none() || next.is_servers()),
            own_end,
            reached,
        });
        if ended && aim.until.is_none() {
            self.aim.ahead = None;
        }
        // Of several windows the last to end takes the streams to the end of the segment. With
        // children a search is read one window a segment.
        let is_alone = self.feed.searched_key().is_some() && self.has_children();
        let arrived = window_ended && (is_alone || self.is_last_to_end(window));
        if let Some(times) = &times {
            self.leave_seams(own_end, asked, list, times, &mut left);
        }
        let is_last = window + 1 == self.fetchers.len();
        let taken = Taken { reached, places, left, window_ended, arrived };
        Placed { asked, list, times, is_last, taken }
    }

    /// Where the rows of a page stand in the order of time.
    fn places(&mut self, window: usize, at: &Token, times: &[Option<i64>]) -> Vec<Option<i64>> {
        let from = at.start_time().max(self.reached(window));
        places::places(times, self.trail(window), from, places::bearers(times.len()))
    }

    /// The rows of a page that are listed again: by the next window from `own_end` on, or from the
    /// place of the stream ahead. That place may lie a few rows behind what its time bears out.
    fn left(
        &mut self,
        window: usize,
        own_end: Option<i64>,
        times: &[Option<i64>],
        places: &[Option<i64>],
    ) -> Vec<bool> {
        let next = |place: &Option<i64>| place.zip(own_end).is_some_and(|(at, end)| at >= end);
        let mut left: Vec<bool> = places.iter().map(next).collect();
        if let Some(until) = self.aim.until {
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
        WindowPage { page, at, .. }: WindowPage<'_>,
        list: &Rows,
        times: &[Option<i64>],
        left: &mut [bool],
    ) {
        let may_begin = self.fetchers.len() > 1 || !self.seams.crossed.is_empty();
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

    /// Writes the rows that a stream keeps. Returns how many, and the lines that wait for files.
    fn write(
        &mut self,
        number: usize,
        Placed { asked, list, .. }: &Placed<'_>,
        keep: &[bool],
        emitted_at: u64,
        lines: &mut Vec<u8>,
    ) -> (u64, Option<Delivery>) {
        let member = &mut *self.who[number];
        // Lines that wait for files are apart from those of neighbours.
        let mut own = Vec::new();
        let waits = member.stream.file.is_some();
        let lines = if waits { &mut own } else { lines };
        let writer = &self.writers[number];
        let written = writer.write(asked.page, keep, &self.path_params, emitted_at, lines);
        member.report.note(&written);
        self.reached_cursor |=
            filter::reached_cursor(member.stream, &member.position, asked.page, list);
        let delivery = Delivery { stream: member.stream, lines: own, files: written.files };
        (written.rows, waits.then_some(delivery))
    }

    /// The hashes that a stream keeps for the place behind a page; it notes those for the aim.
    fn seen_at_the_end(&mut self, number: usize, placed: &Placed<'_>) -> Vec<u64> {
        let Placed { asked, list, times, taken, .. } = placed;
        let WindowPage { page, window, at, next, .. } = *asked;
        let Some(times) = times else { return Vec::new() };
        let place = self.who[number].position.place(window);
        let seen = filter::boundary(place, at, next, page, list, times);
        let Some(until) = self.aim.until else { return seen };
        let at_the_aim = &mut self.ahead_seen[number];
        filter::add_from(at_the_aim, until, &taken.left, page, list, times);
        // A cursor may stand between rows of one second; they are listed again from the cursor
        // that is taken over.
        if next.is_servers() && taken.reached == Some(until) { at_the_aim.clone() } else { seen }
    }

    /// Moves a stream's position behind a page.
    fn move_on(&mut self, number: usize, placed: &Placed<'_>, seen: Vec<u64>) {
        let Placed { asked, is_last, taken, .. } = placed;
        let WindowPage { window, next, now, .. } = *asked;
        let position = &mut self.who[number].position;
        let place = Place { token: next.clone(), at: taken.reached, seen };
        match (Step::of(taken), &self.aim.ahead) {
            (Step::WithinWindow, _) => position.move_window(window, place, now),
            // What lies behind the aim was left out.
            (Step::EndOfWindow, Some(ahead)) if *is_last => {
                let seen = self.ahead_seen[number].clone();
                let place = Place { seen, ..ahead.walk.place.clone() };
                position.end_window(window, place, now);
            }
            (Step::EndOfWindow, _) => {
                position.end_window(window, place, now);
            }
            (Step::EndOfSegment, Some(ahead)) => {
                let _ = position.last_place(window, place, now);
                let seen = std::mem::take(&mut self.ahead_seen[number]);
                position.take_over(ahead, seen, now);
            }
            (Step::EndOfSegment, None) => {
                let Place { token, at, seen } = position.last_place(window, place, now);
                position.end(self.feed.order, token, at, seen, now);
            }
        }
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
}

/// Up to when a page reaches. By time the next place says how far the feed has come. By cursor the
/// rows bear it out, and at the end all of them are read but those of the last minute.
fn reach(
    WindowPage { at, next, ended, now, .. }: WindowPage<'_>,
    times: &[Option<i64>],
    places: &[Option<i64>],
) -> Option<i64> {
    let last = || times.iter().rev().flatten().next().copied();
    match next {
        Token::StartTime(second) if next != at => Some(*second),
        _ if ended => last().map(|last| last.min(now.saturating_sub(WITHHELD_SECONDS))),
        _ => places::reached(places),
    }
}

/// What may end a window.
#[derive(Clone, Copy, Default)]
struct End {
    /// The answer says so.
    is_said: bool,
    /// The page has rows behind the place of the stream ahead.
    is_past_aim: bool,
    /// The next place is that of the stream ahead.
    is_aim: bool,
    /// Where the next window begins.
    own_end: Option<i64>,
    /// Up to when the page reaches.
    reached: Option<i64>,
}

/// Whether a page is the last of its window.
fn has_ended(End { is_said, is_past_aim, is_aim, own_end, reached }: End) -> bool {
    is_said
        || is_past_aim
        || is_aim
        || own_end.zip(reached).is_some_and(|(end, reached)| reached >= end)
}

/// How a page moves a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    WithinWindow,
    EndOfWindow,
    EndOfSegment,
}

impl Step {
    fn of(taken: &Taken) -> Self {
        match (taken.window_ended, taken.arrived) {
            (false, _) => Self::WithinWindow,
            (true, false) => Self::EndOfWindow,
            (true, true) => Self::EndOfSegment,
        }
    }
}

/// Which rows of a page a stream delivers. Its position learns what it saw.
fn kept(
    member: &mut ActiveStream,
    feed: &Feed,
    scope: TicketScope,
    Placed { asked, list, times, taken, .. }: &Placed<'_>,
) -> Vec<bool> {
    let WindowPage { page, window, at, .. } = *asked;
    let mut keep = match times {
        Some(times) => {
            let place = member.position.place(window);
            filter::fresh(place, at, &taken.left, page, list, times)
        }
        None => filter::newer(member.stream, &mut member.position, page, list),
    };
    filter::leave_out_of_scope(feed, scope, page, list, &mut keep);
    filter::leave_out_deleted(member.stream, &member.position, page, list, &mut keep);
    filter::leave_out_others(member.stream, page, list, &mut keep);
    keep
}

/// What a batch says of a stream whose listings hang on the page's rows: none of them has been
/// read yet.
fn part_of_child(
    member: &mut ActiveStream,
    Placed { asked, list, times, .. }: &Placed<'_>,
) -> Part {
    // In no order of time, what the parents' times say counts at the end.
    if let Some(key) = changed_key(member.stream).filter(|_| times.is_none()) {
        let changed = filter::times(asked.page, list, key);
        member.position.saw(changed.into_iter().flatten().max());
    }
    Part { stream: member.stream.name, brand: member.brand, rows: 0, position: None }
}
