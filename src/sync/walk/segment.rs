//! A segment of a feed, and the streams that read it. It decides what each stream delivers of a
//! page, and where each stands after it.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use super::window_fetchers::Start;
use crate::config::TicketScope;
use crate::streams::{ResolvedFeed, ResolvedStream};
use crate::sync::WalkError;
use crate::sync::children::failures::{judge_failures, release};
use crate::sync::children::parents::changed_key;
use crate::sync::files::PendingCheckpoints;
use crate::sync::listing::member::ActiveStream;
use crate::sync::listing::refusals::RefusalsByFeed;
use crate::sync::position::Position;
use crate::sync::position::ends::{self, Claim, Verdict};
use crate::sync::position::frontier::Frontier;
use crate::sync::position::path_params::PathParams;
use crate::sync::position::places::Trail;
use crate::sync::position::search_bounds::{self, Rest};
use crate::sync::records::RecordWriter;
use zendesk::budget::WalkId;
use zendesk::client::RequestStats;
use zendesk::paging::Token;

/// The aim: where a segment ends before the end of its feed, if it does.
#[derive(Clone, Debug, Default)]
pub struct Aim {
    /// The feed's time at the place that is taken over. Later rows are left to the walk from that
    /// place, which lists them again. Without a time, the place is recognized by its token alone,
    /// and may never be met.
    pub until: Option<i64>,
    /// The position of the stream ahead.
    pub ahead: Option<Position>,
}

/// Rows at the seam of two windows, as hashes. Such a row has a time of the next window, but too
/// few rows bear out that its place is there. The window before delivers it as well, unless the
/// next window has done so.
#[derive(Debug, Default)]
pub(super) struct Seams {
    /// Rows that were delivered near the begin of a window.
    pub begun: HashSet<u64>,
    /// Rows that the window before delivered beyond its end.
    pub crossed: HashSet<u64>,
}

/// A segment of a feed, and the streams that read it.
pub struct Segment<'m> {
    pub feed: ResolvedFeed,
    pub walk: WalkId,
    pub who: Vec<&'m mut ActiveStream>,
    pub(super) writers: Vec<RecordWriter>,
    pub frontier: Frontier,
    pub refusals: RefusalsByFeed,
    /// Held-back positions of streams with files, by number of the stream.
    pub pending: BTreeMap<usize, PendingCheckpoints>,
    pub aim: Aim,
    /// Each stream's hashes for the place that is taken over at the end.
    pub(super) ahead_seen: Vec<Vec<u64>>,
    pub reached_cursor: bool,
    /// Whether the last page has come. The streams that read the feed itself are then at the
    /// segment's end.
    pub rows_arrived: bool,
    /// Which tickets of a search are read. Unlike an export, a search has no parameter for this.
    pub scope: TicketScope,
    /// The number of the fetcher of each window.
    pub(super) fetchers: Vec<u32>,
    /// Values for the paths of listings below, and for keys of rows.
    pub path_params: PathParams,
    /// Set for a search whose last window no fetcher reads yet.
    pub rest: Option<Rest>,
    /// The last times of each fetcher's pages.
    pub(super) trails: BTreeMap<u32, Trail>,
    /// Fetchers that request their place again, because it has said that the feed ends there.
    pub(super) doubted: HashSet<u32>,
    /// The latest time of rows of the feed that are known in this sync.
    pub newest: Option<i64>,
    pub(super) seams: Seams,
}

impl<'m> Segment<'m> {
    pub fn new(
        feed: &ResolvedFeed,
        walk: WalkId,
        mut who: Vec<&'m mut ActiveStream>,
        start: &Token,
        aim: Aim,
    ) -> Self {
        if aim.ahead.is_some() {
            // The end that its last window came to in a former sync is not the place ahead: rows that
            // came since stand between them.
            for last in who.iter_mut().filter_map(|m| m.position.walk.windows.later.last_mut()) {
                last.done = false;
            }
        }
        let writers = who.iter().map(|member| RecordWriter::new(&member.stream)).collect();
        let ahead_seen = who.iter().map(|member| {
            let walk = &member.position.walk;
            let last = walk.windows.later.last().map_or(&walk.place, |window| &window.place);
            if aim.until.is_some() && last.at == aim.until { last.seen.clone() } else { Vec::new() }
        });
        let ahead_seen = ahead_seen.collect();
        let mut segment = Self {
            feed: feed.clone(),
            walk,
            who,
            writers,
            frontier: Frontier::default(),
            refusals: RefusalsByFeed::default(),
            pending: BTreeMap::new(),
            aim,
            ahead_seen,
            reached_cursor: false,
            rows_arrived: false,
            scope: TicketScope::default(),
            fetchers: Vec::new(),
            path_params: PathParams::new(),
            rest: None,
            trails: BTreeMap::new(),
            doubted: HashSet::new(),
            newest: None,
            seams: Seams::default(),
        };
        segment.newest = segment.walking().and_then(|member| member.position.known_in_windows());
        let windows = segment.walking().map_or(0, |member| member.position.windows().count());
        segment.fetchers = (0..).take(windows).collect();
        segment.rest = segment.walking().and_then(|member| {
            let last = member.position.place(windows.saturating_sub(1));
            let is_unread = member.position.is_search() && last.token == Token::First;
            let length_before = member.window_seconds;
            is_unread.then_some(Rest { is_counted: false, length_before })
        });
        segment.resume(start, &segment.seen());
        segment
    }

    /// The parents that are finished after the place of the children. A kill may have separated the
    /// children's positions. Then only parents that all of them have finished count, and the others
    /// are read again for all. So the feed is not read once for each stream.
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
        self.who.iter().map(|member| &*member.stream.name).collect::<Vec<_>>().join(", ")
    }

    /// The streams that still read here. They have not failed, and no refusal has left them behind.
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

    /// Notes that the feed gives only some of a second's rows. Children of the missing rows are
    /// missing too.
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

    /// Sends a window back because the server no longer knows its token. A later window goes back
    /// to its place in the feed's own time; the first window sends every stream back to its cursor.
    /// Returns where the fetcher starts again, at the earliest of these places.
    pub fn restart(&mut self, window: usize) -> Start {
        *self.trail(window) = Trail::default();
        if let Some(later) = window.checked_sub(1) {
            let mut at = Token::First;
            for member in self.who.iter_mut().filter(|member| member.is_reading()) {
                let Position { cursor: flat, walk, .. } = &mut member.position;
                let Some(window) = walk.windows.later.get_mut(later) else { continue };
                at = self.feed.paging.start(window.place.at.or(*flat));
                window.place.token = at.clone();
                window.place.seen.clear();
            }
            return self.start(later + 1, at);
        }
        for member in self.who.iter_mut().filter(|member| member.is_reading()) {
            member.position.restart(&self.feed);
        }
        let earliest = self.alive().map(|member| member.position.walk.place.token.clone());
        let place =
            earliest.min_by_key(|token| if let Token::StartTime(at) = token { *at } else { 0 });
        let place = place.unwrap_or_default();
        self.frontier = Frontier::resumed(&place, &[]);
        self.refusals.failures.begin_anew();
        self.start(window, place)
    }

    /// Where the fetcher of a window starts.
    pub(super) fn start(&self, window: usize, at: Token) -> Start {
        let bounds = self.walking().and_then(|member| member.position.bounds(window));
        let bounds = bounds.map(|bounds| ("query", search_bounds::query(bounds)));
        let number = self.fetchers.get(window).copied().unwrap_or_default();
        Start { number, at, bounds: bounds.into_iter().collect(), has_rows: false }
    }

    /// The window of a fetcher.
    pub fn window(&self, fetcher: u32) -> usize {
        self.fetchers.iter().position(|known| *known == fetcher).unwrap_or_default()
    }

    /// How far a window has come, in the feed's own time.
    pub fn reached(&self, window: usize) -> Option<i64> {
        self.walking()?.position.place(window).point()
    }

    pub(super) fn forget(&mut self, window: usize) {
        // The last one of an export is kept as the place where the next sync goes on.
        let kept = usize::from(self.feed.searched_key().is_none());
        if window + kept < self.fetchers.len() {
            self.fetchers.remove(window);
        }
    }

    /// A stream that reads, to look up windows. All streams of a segment with windows have the same
    /// ones.
    pub(super) fn walking(&self) -> Option<&ActiveStream> {
        self.alive().find(|member| !member.is_child()).or(self.alive().next())
    }

    pub(super) fn own_end(&self, window: usize) -> Option<i64> {
        self.walking()?.position.windows().nth(window)?.until
    }

    pub(super) fn is_last_to_end(&self, window: usize) -> bool {
        self.walking().is_none_or(|member| {
            let mut others = member.position.windows().enumerate();
            others.all(|(number, other)| other.done || number == window)
        })
    }

    /// Whether files are fetched for rows of the feed itself.
    pub fn has_files(&self) -> bool {
        self.alive().any(|member| !member.is_child() && member.stream.file.is_some())
    }

    pub(super) fn trail(&mut self, window: usize) -> &mut Trail {
        let fetcher = self.fetchers.get(window).copied().unwrap_or_default();
        self.trails.entry(fetcher).or_default()
    }

    /// Judges an answer that says that a window has ended. `listed` is the time of its last row.
    pub fn judge_end(&mut self, window: usize, listed: Option<i64>, said_before: u32) -> Verdict {
        if self.feed.time_key().is_none() {
            return Verdict::Believed;
        }
        let fetcher = self.fetchers.get(window).copied().unwrap_or_default();
        let before = self.trails.get(&fetcher).and_then(Trail::last);
        let is_last = window + 1 == self.fetchers.len();
        let later = self.walking().into_iter().flat_map(|member| member.position.windows());
        let later_open = later.skip(window + 1).any(|window| !window.done);
        let verdict = ends::judge(Claim {
            reached: listed.max(before).max(self.reached(window)),
            own_end: self.own_end(window),
            aim: self.aim.until.filter(|_| is_last),
            newest: self.newest,
            is_untouched: self.fetchers.len() > 1 && listed.max(before).is_none(),
            later_open,
            said_before,
        });
        if matches!(verdict, Verdict::AskAgain(_) | Verdict::AskUntilLaterOnesEnd(_)) {
            self.doubted.insert(fetcher);
        }
        verdict
    }

    /// Makes the segment go to the end of the feed. The place ahead is not where it was.
    pub fn leave_aim(&mut self) {
        self.aim = Aim::default();
    }

    pub fn changed_key(&self) -> Option<&'static str> {
        self.who.iter().find_map(|member| changed_key(&member.stream))
    }

    /// The streams with too many refused parents, and those that a failing parent holds up. Before
    /// the end of the walk, only refusals of all parents are too many.
    pub fn judge_refusals(&mut self, at_end: bool) -> Vec<(Cow<'static, str>, WalkError)> {
        let ends = judge_failures(&mut self.who, &mut self.refusals, &mut self.frontier, at_end);
        let mut failed: Vec<(Cow<'static, str>, WalkError)> = ends
            .iter()
            .flat_map(|end| end.streams.iter().map(|name| (name.clone(), end.why.clone())))
            .collect();
        let streams = self.alive().map(|member| &*member.stream);
        let refusals = &self.refusals;
        let none_read = |stream: &ResolvedStream| {
            Some((stream.name.clone(), refusals.none_read(stream.feed.name())?))
        };
        failed.extend(match at_end {
            true => refusals.at_end(streams),
            false => streams.filter_map(none_read).collect(),
        });
        for end in ends {
            release(&end.feed, &mut self.refusals, &mut self.frontier);
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
            let seen = match &self.aim.ahead {
                ahead if member.is_child() => {
                    let place = ahead.as_ref().map_or(end, |ahead| &ahead.walk.place.token);
                    self.frontier.place(place).2
                }
                Some(_) => std::mem::take(&mut self.ahead_seen[at]),
                None => std::mem::take(&mut member.position.walk.place.seen),
            };
            match &self.aim.ahead {
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
