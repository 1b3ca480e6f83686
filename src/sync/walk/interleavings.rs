//! Whatever happens between two pages, the newest version of every row arrives. Rows change, come,
//! go or move in the listing's order. Time passes. The process is killed after any STATE line. A
//! model of four of Zendesk's dialects replaces the network; everything else is the real code.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::mem::take;
use std::sync::{Arc, OnceLock};

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::listing;
use super::segment::{Aim, Segment};
use super::take::{TakenPage, WindowPage};
use super::window_fetchers::Start;
use crate::config::Config;
use crate::streams::{Order, ResolvedFeed, ResolvedStream, registry};
use crate::sync::listing::member::ActiveStream;
use crate::sync::listing::pager::borne_out;
use crate::sync::plan::{Now, begin};
use crate::sync::position::catch_up::{StreamState, WalkProgress, next_segment};
use crate::sync::position::encode::to_state;
use crate::sync::position::ends::Verdict;
use crate::sync::position::search_bounds::{self, Bounds};
use crate::sync::position::windows::{MOST_WINDOWS, WindowSpan, bring_together};
use crate::sync::records::filter;
use airbyte::catalog::SyncMode;
use zendesk::page::scan;
use zendesk::paging::{Answer, Paging, Step, Token, step};
use zendesk::timestamp;

/// Rows of a page. `LARGEST` is the most that a page holds when it is asked for more.
const PAGE: usize = 3;
const LARGEST: usize = 1000;

/// Exports withhold the rows of the last minute.
const WITHHELD_SECONDS: i64 = 60;

const BEGAN: i64 = 1_700_000_000;

/// What may happen between two pages.
#[derive(Clone, Debug)]
enum Event {
    /// A row is created, or a new version of it moves to a new place in the order.
    Change(u64),
    Delete(u64),
    Wait(i64),
    /// A kill. The flags say which of two streams had their STATE line written after the last page.
    Kill(bool, bool),
    /// The window with this second after the begin is split there.
    Cut(i64),
    /// The next page is of another window.
    Turn(usize),
    /// The last row of the next page changes while the page is made. It keeps its old place and has
    /// its new time.
    Race,
    /// The next page is empty and says that it is the last.
    Glitch,
    Page,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        3 => (0_u64..12).prop_map(Event::Change),
        1 => (0_u64..12).prop_map(Event::Delete),
        2 => (1_i64..90).prop_map(Event::Wait),
        2 => any::<(bool, bool)>().prop_map(|(first, second)| Event::Kill(first, second)),
        2 => (0_i64..600).prop_map(Event::Cut),
        2 => (0_usize..5).prop_map(Event::Turn),
        2 => Just(Event::Race),
        1 => Just(Event::Glitch),
        6 => Just(Event::Page),
    ];
    proptest::collection::vec(event, 0..80)
}

/// An account with one listing.
struct Zendesk {
    now: i64,
    versions: u64,
    /// By id: when the row changed, its place in an order by name, and its version.
    rows: BTreeMap<u64, (i64, u64, u64)>,
}

impl Zendesk {
    /// Does what happens beside a sync.
    fn go_on(&mut self, event: Option<Event>) {
        match event {
            Some(Event::Change(id)) => self.change(id),
            Some(Event::Delete(id)) => drop(self.rows.remove(&id)),
            Some(Event::Wait(seconds)) => self.now += seconds,
            _ => {}
        }
    }

    fn change(&mut self, id: u64) {
        self.versions += 1;
        let place = self.versions.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        self.rows.insert(id, (self.now, place, self.versions));
    }

    /// The page at a place, as Zendesk would write it, with rows that changed within the bounds.
    fn page(
        &mut self,
        feed: &ResolvedFeed,
        at: &Token,
        size: usize,
        (from, to): (i64, i64),
        how: &mut How,
    ) -> Vec<u8> {
        let (is_race, is_glitch) = (take(&mut how.is_race), take(&mut how.is_glitch));
        let row = |(id, (time, _, version)): (&u64, &(i64, u64, u64))| {
            json!({ "id": id, "version": version, "generated_timestamp": time,
                "updated_at": timestamp::to_iso(*time),
                "metric_set": { "id": id, "version": version } })
        };
        let by_name = feed.order == Order::Other;
        let sort = |time: i64, place: u64, id: u64| {
            if by_name { (i64::try_from(place).unwrap(), id) } else { (time, id) }
        };
        // A row that the index has not caught up with is in none of its windows.
        let is_live = by_name && feed.searched_key().is_none();
        let is_shown = |time: i64| is_live || time <= self.now.saturating_sub(WITHHELD_SECONDS);
        let visible = |time: i64| is_shown(time) && from <= time && time < to;
        let mut rows: Vec<_> = self.rows.iter().filter(|(_, (time, ..))| visible(*time)).collect();
        rows.sort_by_key(|(id, (time, place, _))| sort(*time, *place, **id));
        let cursor = |token: &str| {
            let (first, second) = token.split_once('.').unwrap();
            (first.parse::<i64>().unwrap(), second.parse::<u64>().unwrap())
        };
        rows.retain(|(id, (time, place, _))| match at {
            Token::StartTime(start) => time >= start,
            Token::Cursor(token) | Token::After(token) => sort(*time, *place, **id) > cursor(token),
            _ => true,
        });
        let has_more = rows.len() > size;
        let shown: Vec<_> = rows.iter().take(size).copied().collect();
        let last = shown.last().map(|(id, (time, place, _))| sort(*time, *place, **id));
        let after = match (last, at) {
            (Some((first, second)), _) => Some(format!("{first}.{second}")),
            (None, Token::Cursor(token) | Token::After(token)) => Some(token.clone()),
            (None, _) => None,
        };
        let end = match (last, at) {
            (None, Token::StartTime(start)) => *start,
            (last, _) => last.unwrap_or_default().0,
        };
        let mut body = match feed.paging {
            Paging::Cursor | Paging::LargeCursor => {
                json!({ "meta": { "has_more": has_more, "after_cursor": after } })
            }
            Paging::ExportCursor => json!({ "after_cursor": after, "end_of_stream": !has_more }),
            _ => json!({ "next_page": format!("https://x.zendesk.com/y?start_time={end}"),
                "end_time": end, "end_of_stream": !has_more }),
        };
        let raced = shown.last().map(|(id, _)| **id).filter(|_| is_race);
        let mut rows: Vec<Value> = shown.into_iter().map(row).collect();
        if let Some(id) = raced {
            self.change(id);
            rows.pop();
            rows.push(row((&id, &self.rows[&id])));
        }
        if is_glitch {
            rows.clear();
            body = match feed.paging {
                Paging::Cursor | Paging::LargeCursor => json!({ "meta": { "has_more": false } }),
                Paging::ExportCursor => json!({ "end_of_stream": true }),
                _ => json!({ "next_page": null, "end_of_stream": true }),
            };
        }
        body[feed.list[0]] = rows.into();
        body.to_string().into_bytes()
    }
}

/// What is unusual about the next page.
#[derive(Default)]
struct How {
    is_race: bool,
    is_glitch: bool,
}

/// What a platform keeps: the newest version per stream and id, and the saved states.
#[derive(Default)]
struct Platform {
    versions: HashMap<(String, u64), u64>,
    states: HashMap<String, Map<String, Value>>,
}

impl Platform {
    fn take(&mut self, lines: &[u8]) {
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let record: Value = serde_json::from_slice(line).unwrap();
            let (stream, data) = (&record["record"]["stream"], &record["record"]["data"]);
            let key = (stream.as_str().unwrap().to_owned(), data["id"].as_u64().unwrap());
            self.versions.insert(key, data["version"].as_u64().unwrap());
        }
    }

    fn save(&mut self, member: &ActiveStream) {
        let state = serde_json::from_str(&to_state(&member.stream, &member.position)).unwrap();
        self.states.insert(member.stream.name.to_string(), state);
    }
}

/// A configuration, and its streams.
type Registry = (Config, Vec<Arc<ResolvedStream>>);

/// The registry for each value of `tickets_history`.
fn streams(road: &str) -> &'static Registry {
    static STREAMS: OnceLock<HashMap<&str, Registry>> = OnceLock::new();
    let by_road = || {
        let of_road = |road| {
            let config = json!({ "subdomain": "a", "start_date": "2015-01-01T00:00:00Z",
                "tickets_history": road,
                "credentials": { "credentials": "oauth2.0", "access_token": "t" } });
            let config = Config::parse(config.to_string().as_bytes()).unwrap();
            let streams = registry(&config).into_iter().map(Arc::new).collect();
            (road, (config, streams))
        };
        ["incremental", "search"].map(of_road).into()
    };
    &STREAMS.get_or_init(by_road)[road]
}

/// The bounds in a fetcher's parameters.
fn bounds_of(start: &Start) -> (i64, i64) {
    let Some((_, query)) = start.bounds.first() else { return (i64::MIN, i64::MAX) };
    let time = |sign: &str| {
        let text = query.split(' ').find_map(|word| word.strip_prefix(sign));
        timestamp::from_text(text.unwrap()).unwrap()
    };
    (time("updated>="), time("updated<"))
}

/// Runs one sync until it ends or is killed.
fn sync(
    zendesk: &mut Zendesk,
    platform: &mut Platform,
    (road, names): (&str, &[&str]),
    events: &mut impl Iterator<Item = Event>,
) {
    let (config, streams) = streams(road);
    let mut members = Vec::new();
    for stream in streams.iter().filter(|stream| names.contains(&&*stream.name)) {
        let state = platform.states.get(&*stream.name);
        let now = Now { unix: zendesk.now, attempt: 0 };
        let begin = begin(stream, SyncMode::Incremental, state, config, now);
        assert_eq!(begin.warnings, Vec::<String>::new());
        if begin.repeat.is_none() {
            members.push(ActiveStream::new(Arc::clone(stream), begin.position, 1.into()));
        }
    }
    let Some(feed) = members.first().map(|member| member.stream.feed.clone()) else { return };
    let feed = &feed;
    let listing = listing(feed, &members, 1.into(), config);
    if feed.windows {
        let mut positions: Vec<_> = members.iter_mut().map(|member| &mut member.position).collect();
        bring_together(&mut positions);
    }
    'segments: loop {
        let progress: Vec<WalkProgress> = members.iter().map(ActiveStream::progress).collect();
        let Some(plan) = next_segment(&progress, feed.time_key().is_some()) else { return };
        let known = members.iter().filter_map(|member| member.newest).max();
        let ahead = plan.up_to.map(|leader| members[leader].position.clone());
        let until = plan.up_to.map(|leader| progress[leader].point);
        let mut end = members[plan.who[0]].position.walk.place.token.clone();
        let who = members.iter_mut().enumerate().filter(|(at, _)| plan.who.contains(at));
        let mut who: Vec<&mut ActiveStream> = who.map(|(_, member)| member).collect();
        for member in who.iter_mut().filter(|_| feed.searched_key().is_some()) {
            search_bounds::freeze(&mut member.position, search_bounds::LAG_SECONDS, zendesk.now);
        }
        let mut segment = Segment::new(feed, 1.into(), who, &end, Aim { until, ahead });
        segment.newest = segment.newest.max(known);
        let begun = |start: Start| (start.number, (start.at.clone(), PAGE, bounds_of(&start)));
        let mut fetchers: BTreeMap<u32, (Token, usize, (i64, i64))> =
            segment.open_windows().into_iter().map(begun).collect();
        let (mut turn, mut how, mut promised, mut doubts) =
            (0, How::default(), BTreeSet::new(), BTreeMap::<u32, u32>::new());
        while !segment.rows_arrived {
            if fetchers.is_empty() {
                let Bounds { from, to } = segment.uncounted().unwrap().bounds;
                // Nothing before the begin holds a row, and an event may cut what comes then.
                let end = if from + 1 < BEGAN { BEGAN.min(to) } else { to };
                let (number, fetcher) = begun(segment.split_off(end));
                fetchers.insert(number, fetcher);
            }
            let (&number, (at, size, bounds)) = fetchers.iter().nth(turn % fetchers.len()).unwrap();
            let (at, size, bounds, mut ended) = (at.clone(), *size, *bounds, false);
            let page =
                scan(zendesk.page(feed, &at, size, bounds, &mut how), &listing.shape).unwrap();
            let answer = Answer {
                envelope: &page.envelope,
                rows: page.lists[0].rows.len(),
                asked: u32::try_from(size).unwrap(),
                is_largest: size >= LARGEST,
                now_unix: zendesk.now,
                borne_out: feed.time_key().and_then(|key| borne_out(&page, key)),
                empty_before: 0,
            };
            let next = match step(feed.paging, &at, answer) {
                Step::Next(next) => next,
                Step::End(next) => {
                    ended = true;
                    next
                }
                Step::AskLarger => {
                    fetchers.insert(number, (at, LARGEST, bounds));
                    continue;
                }
                other => panic!("{other:?}"),
            };
            let window = segment.window(number);
            let rows = page.lists[0].rows.len();
            if ended && rows == 0 && promised.remove(&number) {
                // The pager asks again, and the page before leads to the same place.
                continue;
            }
            if ended {
                let last = feed.time_key().and_then(|key| {
                    let list = &page.lists[0];
                    filter::times(&page, list, key).into_iter().flatten().next_back()
                });
                let said_before = doubts.entry(number).or_default();
                match segment.judge_end(window, last, *said_before) {
                    Verdict::Believed => {}
                    Verdict::BeforeTheAim => segment.leave_aim(),
                    verdict @ (Verdict::AskAgain(_) | Verdict::AskUntilLaterOnesEnd(_)) => {
                        *said_before += u32::from(matches!(verdict, Verdict::AskAgain(_)));
                        turn += 1;
                        // As long as the waits are in all.
                        zendesk.now += 30;
                        if rows == 0 {
                            continue;
                        }
                        ended = false;
                    }
                    // The streams fail, and the next sync goes on from their states. The others go on
                    // now, and so does the account: as long as every row behind the last window is
                    // deleted and none comes, each sync ends so.
                    Verdict::Contradicted(_) => {
                        segment.alive().for_each(|member| platform.save(member));
                        let newest = segment.newest;
                        for at in plan.who {
                            members[at].newest = newest;
                            members[at].state = StreamState::Failed;
                        }
                        zendesk.go_on(events.next());
                        continue 'segments;
                    }
                }
            } else {
                promised.insert(number);
                doubts.remove(&number);
            }
            let (at, next, now) = (&at, &next, zendesk.now);
            let asked = WindowPage { page: &page, window, at, next, ended, now };
            let TakenPage { batch, taken, .. } = segment.take(asked);
            platform.take(&batch.lines);
            end = next.clone();
            if taken.window_ended {
                fetchers.remove(&number);
            } else {
                fetchers.insert(number, (next.clone(), size, bounds));
            }
            for event in events.by_ref() {
                match event {
                    Event::Change(id) => zendesk.change(id),
                    Event::Delete(id) => drop(zendesk.rows.remove(&id)),
                    Event::Wait(seconds) => zendesk.now += seconds,
                    Event::Page => break,
                    Event::Turn(next) => turn = next,
                    Event::Race => how.is_race = true,
                    Event::Glitch => how.is_glitch = true,
                    Event::Cut(after) if feed.windows && !taken.arrived => {
                        let middle = BEGAN + after;
                        let spans = segment.spans(zendesk.now, |_| None);
                        // Rows that are withheld yet would come too late for the window before.
                        let is_shown = middle < zendesk.now - WITHHELD_SECONDS;
                        let has = |span: &WindowSpan| {
                            is_shown && span.from < middle && middle < span.until
                        };
                        let window =
                            spans.iter().position(has).filter(|_| spans.len() < MOST_WINDOWS);
                        if let Some(window) = window {
                            let (number, fetcher) = begun(segment.split(window, middle));
                            fetchers.insert(number, fetcher);
                        }
                    }
                    Event::Cut(after) => {
                        let rest =
                            segment.uncounted().filter(|_| fetchers.len() < MOST_WINDOWS - 1);
                        let has = |Bounds { from, to }: Bounds| {
                            from + 1 < BEGAN + after && BEGAN + after <= to
                        };
                        if rest.is_some_and(|rest| has(rest.bounds)) {
                            let (number, fetcher) = begun(segment.split_off(BEGAN + after));
                            fetchers.insert(number, fetcher);
                        }
                    }
                    Event::Kill(first, second) => {
                        let members = segment.alive().zip([first, second]);
                        let saved = members.filter(|(_, is_written)| *is_written);
                        saved.for_each(|(member, _)| platform.save(member));
                        return;
                    }
                }
            }
        }
        let (newest, is_at_aim) = (segment.newest, segment.aim.ahead.is_some());
        segment.end(&end, zendesk.now);
        for at in plan.who {
            platform.save(&members[at]);
            members[at].newest = newest;
            let leader = plan.up_to.filter(|_| is_at_aim);
            members[at].state = leader.map_or(StreamState::Done, |leader| progress[leader].state);
        }
    }
}

/// Syncs through all the events, and then twice without events.
fn nothing_is_lost(names: &[&str], events: Vec<Event>) -> Result<(), TestCaseError> {
    nothing_is_lost_by("incremental", names, events)
}

fn nothing_is_lost_by(road: &str, names: &[&str], events: Vec<Event>) -> Result<(), TestCaseError> {
    let mut zendesk = Zendesk { now: BEGAN, versions: 0, rows: BTreeMap::new() };
    for id in 0..8 {
        zendesk.now = BEGAN + i64::try_from(id / 2).unwrap();
        zendesk.change(id);
    }
    zendesk.now = BEGAN + 300;
    let mut platform = Platform::default();
    let mut events = events.into_iter().peekable();
    let mut syncs = 0_u32;
    while events.peek().is_some() {
        // Now and then only one of the streams is selected, so that they drift apart.
        let selected = if syncs % 3 == 1 { &names[..1] } else { names };
        sync(&mut zendesk, &mut platform, (road, selected), &mut events);
        syncs += 1;
        // What has nothing to ask for takes no event: time must pass.
        zendesk.now += 7;
    }
    for _ in 0..2 {
        zendesk.now += 200;
        sync(&mut zendesk, &mut platform, (road, names), &mut std::iter::empty());
    }
    for name in names {
        for (id, (_, _, version)) in &zendesk.rows {
            let came = platform.versions.get(&((*name).to_owned(), *id));
            prop_assert_eq!(came, Some(version), "{} {}", name, id);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn an_export_by_cursor_for_two_streams_loses_nothing(events in events()) {
        nothing_is_lost(&["tickets", "ticket_metrics"], events)?;
    }

    #[test]
    fn an_export_by_time_loses_nothing(events in events()) {
        nothing_is_lost(&["organizations"], events)?;
    }

    #[test]
    fn a_search_in_windows_loses_nothing(events in events()) {
        nothing_is_lost_by("search", &["tickets"], events)?;
    }

    #[test]
    fn a_listing_in_another_order_loses_nothing(events in events()) {
        nothing_is_lost(&["groups"], events)?;
    }
}

#[test]
fn rows_that_came_since_the_last_window_ended_are_read_on_the_way_to_the_place_ahead() {
    use Event::{Change, Cut, Kill, Page};
    let killed = [Cut(4), Page, Page, Page, Kill(false, true)];
    let again = [Change(0), Cut(4), Kill(true, false), Change(1)];
    let events = killed.into_iter().chain(again).collect();
    nothing_is_lost(&["tickets", "ticket_metrics"], events).unwrap();
}
