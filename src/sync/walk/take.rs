//! Takes a page: decides which of its rows each stream delivers, and where each stream stands after
//! it. Pure.

use std::sync::Arc;

use super::segment::Segment;
use crate::config::TicketScope;
use crate::streams::ResolvedFeed;
use crate::sync::children::parents::{ParentRow, changed_key, parent_keys};
use crate::sync::files::Delivery;
use crate::sync::listing::member::ActiveStream;
use crate::sync::position::Place;
use crate::sync::position::places::{self, MOST_BEARERS};
use crate::sync::records::{CameAt, filter};
use airbyte::source::emitter::{Batch, Part};
use zendesk::page::{Page, Rows};
use zendesk::paging::{Token, WITHHELD_SECONDS};

/// The bytes of a RECORD message before and after its row, with some for spliced keys.
const BYTES_AROUND_A_ROW: usize = 192;

/// A page of a window, and the place after it.
#[derive(Clone, Copy)]
pub struct WindowPage<'p> {
    pub page: &'p Page,
    pub window: usize,
    /// The place that was requested.
    pub at: &'p Token,
    /// The place after the page.
    pub next: &'p Token,
    /// Whether the answer says that the listing ends with this page.
    pub ended: bool,
    /// Zendesk's time, unix seconds.
    pub now: i64,
}

/// The result of taking a page.
#[derive(Default)]
pub struct TakenPage {
    /// Lines and positions, without the lines of streams with files.
    pub batch: Batch,
    pub with_files: Vec<WithFiles>,
    pub taken: Taken,
}

/// The lines of a stream that are held back for files.
pub struct WithFiles {
    /// The number of the stream in its segment.
    pub member: usize,
    pub delivery: Delivery,
}

/// What a page meant for its window.
#[derive(Clone, Debug, Default)]
pub struct Taken {
    /// The time that the page reaches, as its rows bear out.
    pub reached: Option<i64>,
    /// The place of each row in the order of time.
    places: Vec<Option<i64>>,
    /// Rows that are left to the next window, or to the walk from the place ahead.
    left: Vec<bool>,
    pub window_ended: bool,
    /// Whether all windows have ended. The streams are then at the end of the segment.
    pub arrived: bool,
}

/// A page whose rows have places, before any stream takes them.
struct Placed<'p> {
    asked: WindowPage<'p>,
    list: &'p Rows,
    /// The times of the rows, if the feed is in the order of time.
    times: Option<Vec<Option<i64>>>,
    /// Whether the page's window is the last of the segment.
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
        let came_at = CameAt::now(asked.now);
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
            let keep = kept(member, &self.feed, self.scope, &placed);
            let (rows, delivery) = self.write(number, &placed, &keep, came_at, &mut batch.lines);
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

    /// Finds the places of the page's rows, which rows are left to others, and what ends with the
    /// page.
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

    /// The places of a page's rows in the order of time.
    fn places(&mut self, window: usize, at: &Token, times: &[Option<i64>]) -> Vec<Option<i64>> {
        let from = at.start_time().max(self.reached(window));
        places::places(times, self.trail(window), from, places::bearers(times.len()))
    }

    /// Which rows of a page are left to others, because they are listed again. The next window
    /// lists rows from `own_end` on, or the walk from the place ahead lists the rows after that
    /// place. The place ahead may be a few rows later than its time bears out.
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

    /// Makes each row at a seam of two windows go out once.
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

    /// Writes the rows that a stream keeps. Returns their number, and the lines that are held back
    /// for files.
    fn write(
        &mut self,
        number: usize,
        Placed { asked, list, .. }: &Placed<'_>,
        keep: &[bool],
        came_at: CameAt,
        lines: &mut Vec<u8>,
    ) -> (u64, Option<Delivery>) {
        let member = &mut *self.who[number];
        // Lines that wait for files are apart from those of neighbours.
        let mut own = Vec::new();
        let waits = member.stream.file.is_some();
        let lines = if waits { &mut own } else { lines };
        let writer = &self.writers[number];
        let written = writer.write(asked.page, keep, &self.path_params, came_at, lines);
        member.report.note(&written);
        self.reached_cursor |=
            filter::reached_cursor(&member.stream, &member.position, asked.page, list);
        let delivery =
            Delivery { stream: Arc::clone(&member.stream), lines: own, files: written.files };
        (written.rows, waits.then_some(delivery))
    }

    /// The hashes that a stream keeps for the place after a page. Also notes the hashes for the
    /// aim.
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

    /// Moves a stream's position to the place after a page.
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
        let (time, changed) = (self.feed.time_key(), self.changed_key());
        let keys = parent_keys(&self.feed, self.alive().map(|member| &*member.stream));
        let parent = |row: usize| {
            let mut parent = ParentRow::new(page, list, row, time, at, changed, &keys);
            // A position that follows a parent must not follow it to where it is not.
            parent.listed.time = taken.places.get(row).copied().flatten();
            parent
        };
        let mut keep: Vec<bool> = taken.left.iter().map(|left| !left).collect();
        filter::leave_out_of_scope(&self.feed, self.scope, page, list, &mut keep);
        let rows = (0..list.rows.len()).filter(|row| keep[*row]);
        rows.map(parent).collect()
    }
}

/// The time that a page reaches. If the next place is a time, the page reaches that time. At a
/// cursor, the rows bear it out. At the end, the page reaches its last row, but not the last
/// minute.
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

/// The reasons for which a window may end.
#[derive(Clone, Copy, Debug, Default)]
struct End {
    /// The answer says that the listing ends.
    is_said: bool,
    /// The page has rows after the place of the stream ahead.
    is_past_aim: bool,
    /// The next place is that of the stream ahead.
    is_aim: bool,
    /// Where the next window begins.
    own_end: Option<i64>,
    /// The time that the page reaches.
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

/// Which rows of a page a stream delivers. Its position notes what it saw.
fn kept(
    member: &mut ActiveStream,
    feed: &ResolvedFeed,
    scope: TicketScope,
    Placed { asked, list, times, taken, .. }: &Placed<'_>,
) -> Vec<bool> {
    let WindowPage { page, window, at, .. } = *asked;
    let mut keep = match times {
        Some(times) => {
            let place = member.position.place(window);
            filter::fresh(place, at, &taken.left, page, list, times)
        }
        None => filter::newer(&member.stream, &mut member.position, page, list),
    };
    filter::leave_out_of_scope(feed, scope, page, list, &mut keep);
    filter::leave_out_deleted(&member.stream, &member.position, page, list, &mut keep);
    filter::leave_out_others(&member.stream, page, list, &mut keep);
    keep
}

/// The part of a batch for a child stream. Its listings below the page's rows are not read yet, so
/// it has no rows and no position.
fn part_of_child(
    member: &mut ActiveStream,
    Placed { asked, list, times, .. }: &Placed<'_>,
) -> Part {
    if member.stream.feed.asks_between() {
        // What comes after the walk's begin is left to the next one, whatever parents tell.
        member.position.saw(Some(asked.now));
    }
    // In no order of time, what the parents' times say counts at the end.
    if let Some(key) = changed_key(&member.stream).filter(|_| times.is_none()) {
        let changed = filter::times(asked.page, list, key);
        member.position.saw(changed.into_iter().flatten().max());
    }
    Part { stream: member.stream.name.clone(), brand: member.brand, rows: 0, position: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zendesk::page::{Shape, scan};

    fn page() -> Page {
        scan(b"{}".to_vec(), &Shape::default()).unwrap()
    }

    #[test]
    fn a_page_reaches_as_far_as_its_rows_and_the_next_place_bear_out() {
        let page = page();
        let (from, to, cursor) =
            (Token::StartTime(10), Token::StartTime(50), Token::Cursor("c".into()));
        let times = [Some(20), Some(40), None];
        let places = [Some(10), Some(30), None];
        for (at, next, ended, now, expected) in [
            // By time the next place says so, whatever the rows bear.
            (&from, &to, false, 1000, Some(50)),
            (&from, &to, true, 1000, Some(50)),
            // A next place at the same second says nothing.
            (&to, &to, false, 1000, Some(30)),
            (&from, &cursor, false, 1000, Some(30)),
            // At the end all rows are read, but those of the last minute.
            (&from, &cursor, true, 1000, Some(40)),
            (&from, &cursor, true, 70, Some(10)),
        ] {
            let asked = WindowPage { page: &page, window: 0, at, next, ended, now };
            let reached = reach(asked, &times, &places);
            assert_eq!(reached, expected, "{at:?} {next:?} {ended} {now}");
        }
        let asked =
            WindowPage { page: &page, window: 0, at: &from, next: &cursor, ended: true, now: 70 };
        assert_eq!(reach(asked, &[], &[]), None);
    }

    #[test]
    fn a_window_ends_by_its_answer_by_the_aim_or_where_the_next_begins() {
        let goes_on = End::default();
        for (end, expected) in [
            (goes_on, false),
            (End { is_said: true, ..goes_on }, true),
            (End { is_past_aim: true, ..goes_on }, true),
            (End { is_aim: true, ..goes_on }, true),
            (End { own_end: Some(5), ..goes_on }, false),
            (End { reached: Some(5), ..goes_on }, false),
            (End { own_end: Some(5), reached: Some(4), ..goes_on }, false),
            (End { own_end: Some(5), reached: Some(5), ..goes_on }, true),
        ] {
            assert_eq!(has_ended(end), expected, "{end:?}");
        }
    }

    #[test]
    fn only_the_last_window_to_end_moves_a_stream_to_the_end_of_the_segment() {
        for (window_ended, arrived, expected) in [
            (false, false, Step::WithinWindow),
            (true, false, Step::EndOfWindow),
            (true, true, Step::EndOfSegment),
        ] {
            let taken = Taken { window_ended, arrived, ..Taken::default() };
            assert_eq!(Step::of(&taken), expected);
        }
    }

    mod of_tickets {
        use super::*;
        use crate::config::Config;
        use crate::streams::{ResolvedStream, registry};
        use crate::sync::position::catch_up::StreamState;
        use crate::sync::position::{Phase, Position, Walk};
        use crate::sync::walk::listing;
        use crate::sync::walk::segment::Aim;

        const NOW: i64 = 10_000;

        fn config() -> Config {
            let config = br#"{"subdomain":"a","start_date":"1970-01-01T00:00:00Z",
                "credentials":{"credentials":"oauth2.0","access_token":"t"}}"#;
            Config::parse(config).unwrap()
        }

        fn tickets() -> Arc<ResolvedStream> {
            let streams = registry(&config());
            let tickets = streams.into_iter().find(|stream| stream.name == "tickets").unwrap();
            Arc::new(tickets)
        }

        fn member(stream: Arc<ResolvedStream>) -> ActiveStream {
            let place = Place { token: Token::StartTime(10), ..Place::default() };
            let walk = Walk { place, ..Walk::default() };
            ActiveStream::new(stream, Position { walk, ..Position::default() }, 0.into())
        }

        /// A page with rows of these times. The number of each row is its id.
        fn page(stream: &Arc<ResolvedStream>, times: &[i64]) -> Page {
            let row = |(id, time): (usize, &i64)| {
                format!("{{\"id\":{},\"generated_timestamp\":{time}}}", id + 1)
            };
            let rows: Vec<String> = times.iter().enumerate().map(row).collect();
            let body = format!("{{\"tickets\":[{}]}}", rows.join(","));
            let listing = listing(&stream.feed, &[member(Arc::clone(stream))], 0.into(), &config());
            scan(body.into_bytes(), &listing.shape).unwrap()
        }

        /// Takes a page that leads from the tenth second to a cursor. Returns how many lines go
        /// out, and where the stream stands.
        fn taken(aim: Aim, times: &[i64], ended: bool) -> (usize, Taken, Position) {
            let stream = tickets();
            let mut member = member(Arc::clone(&stream));
            let (at, next) = (Token::StartTime(10), Token::Cursor("c".into()));
            let mut segment = Segment::new(&stream.feed, 0.into(), vec![&mut member], &at, aim);
            let page = page(&stream, times);
            let asked =
                WindowPage { page: &page, window: 0, at: &at, next: &next, ended, now: NOW };
            let TakenPage { batch, with_files, taken } = segment.take(asked);
            assert!(with_files.is_empty() && segment.rows_arrived == taken.arrived);
            assert_eq!(batch.parts.len(), 1);
            let lines = batch.lines.iter().filter(|byte| **byte == b'\n').count();
            assert_eq!(batch.parts[0].rows, lines as u64);
            assert_eq!(member.state, StreamState::Reading);
            (lines, taken, member.position)
        }

        #[test]
        fn a_page_in_the_middle_moves_the_place_to_what_its_rows_bear_out() {
            let (lines, taken, position) = taken(Aim::default(), &[20, 30, 40, 50], false);
            assert_eq!((lines, taken.window_ended, taken.arrived), (4, false, false));
            assert_eq!(position.walk.phase, Phase::UnderWay);
            assert_eq!(position.walk.place.token, Token::Cursor("c".into()));
            assert_eq!((taken.reached, position.walk.place.at), (Some(40), Some(40)));
        }

        #[test]
        fn the_last_page_moves_the_stream_to_its_end() {
            let (lines, taken, position) = taken(Aim::default(), &[20, 30, 40, 50], true);
            assert_eq!((lines, taken.window_ended, taken.arrived), (4, true, true));
            assert_eq!((position.walk.phase, position.cursor), (Phase::Done, Some(50)));
        }

        #[test]
        fn rows_behind_the_aim_are_left_out_and_the_place_ahead_is_taken_over() {
            let ahead = Position {
                cursor: Some(30),
                walk: Walk {
                    place: Place { token: Token::StartTime(30), ..Place::default() },
                    phase: Phase::UnderWay,
                    ..Walk::default()
                },
                main: None,
            };
            let aim = Aim { until: Some(30), ahead: Some(ahead) };
            let times: Vec<i64> = (11..60).collect();
            let (lines, taken, position) = taken(aim, &times, false);
            assert!(lines < times.len() && lines >= 20, "{lines}");
            assert!(taken.window_ended && taken.arrived);
            assert_eq!(position.walk.place.token, Token::StartTime(30));
            assert_eq!(position.cursor, Some(30));
        }
    }
}
