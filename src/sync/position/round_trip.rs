//! Every position that a stream can reach survives its state: read back, it is the same.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use serde_json::{Map, Value};

use super::decode::read;
use super::deletions::DeliveredDeletions;
use super::digest::Digest;
use super::encode::to_state;
use super::failing::Failing;
use super::windows::MOST_WINDOWS;
use super::{
    FullPass, MOST_SEEN, MOST_SEEN_IN_WINDOWS, Phase, Place, Position, Walk, WatchedChildren,
    Window, Windows,
};
use crate::config::Config;
use crate::streams::{ResolvedStream, registry};
use zendesk::paging::Token;

const NOW_UNIX: i64 = 1_795_000_000;

/// All streams, each on all of its feeds.
fn streams() -> &'static [ResolvedStream] {
    static STREAMS: OnceLock<Vec<ResolvedStream>> = OnceLock::new();
    STREAMS.get_or_init(|| {
        let config =
            br#"{"subdomain":"acme","credentials":{"credentials":"oauth2.0","access_token":"x"}}"#;
        let streams = registry(&Config::parse(config).unwrap());
        let fallbacks: Vec<ResolvedStream> =
            streams.iter().filter_map(ResolvedStream::on_fallback).collect();
        streams.into_iter().chain(fallbacks).collect()
    })
}

/// Unix seconds up to the year 2096.
fn time() -> impl Strategy<Value = i64> {
    0_i64..4_000_000_000
}

fn hashes(most: usize) -> impl Strategy<Value = Vec<u64>> {
    vec(any::<u64>(), 0..=most)
}

fn token() -> impl Strategy<Value = Token> {
    let text = "[A-Za-z0-9=+/\"é]{0,40}";
    prop_oneof![
        Just(Token::First),
        time().prop_map(Token::StartTime),
        time().prop_map(Token::UnixTime),
        text.prop_map(Token::Cursor),
        text.prop_map(Token::After),
        text.prop_map(Token::AfterCursor),
        text.prop_map(Token::Before),
        (2_u32..1000).prop_map(Token::Page),
    ]
}

fn place(most_seen: usize) -> impl Strategy<Value = Place> {
    (token(), option::of(time()), hashes(most_seen)).prop_map(|(token, at, seen)| Place {
        token,
        at,
        seen,
    })
}

fn window() -> impl Strategy<Value = Window> {
    (place(MOST_SEEN_IN_WINDOWS), option::of(time()), option::of(time()), any::<bool>())
        .prop_map(|(place, from, until, done)| Window { place, from, until, done })
}

fn windows() -> impl Strategy<Value = Windows> {
    (option::of(time()), option::of(time()), vec(window(), 0..MOST_WINDOWS))
        .prop_map(|(from, until, later)| Windows { from, until, later })
}

fn digest() -> impl Strategy<Value = Digest> {
    option::of(vec(("[0-9]{1,6}", "[0-9]{1,3}"), 0..20)).prop_map(|parents| {
        let Some(parents) = parents else { return Digest::default() };
        let mut digest = Digest::of_none();
        parents.iter().for_each(|(id, numbers)| digest.add(id, numbers.as_bytes()));
        digest
    })
}

fn failing() -> impl Strategy<Value = Failing> {
    let parents = vec((any::<u64>(), any::<bool>()), 0..20);
    (parents, "(article_id=[0-9]{1,12}(,comment_id=[0-9]{1,12})?)?").prop_map(
        |(parents, witness)| {
            let mut failing = Failing::default();
            for (parent, is_passed_over) in &parents {
                match is_passed_over {
                    true => failing.passed_over(*parent),
                    false => failing.failed(*parent),
                }
            }
            // Without a parent that failed none is needed.
            if !failing.is_empty() {
                failing.keep_witness(&witness);
            }
            failing
        },
    )
}

fn children() -> impl Strategy<Value = WatchedChildren> {
    (option::of(time()), digest(), option::of(time()), failing(), any::<u64>()).prop_map(
        |(silent_changes, digest, counted_at, failing, rows)| WatchedChildren {
            silent_changes,
            digest,
            counted_at,
            failing,
            rows,
        },
    )
}

fn walk() -> impl Strategy<Value = Walk> {
    let phase = prop_oneof![Just(Phase::Fresh), Just(Phase::UnderWay), Just(Phase::Done)];
    let full_pass = (any::<bool>(), option::of(time()))
        .prop_map(|(under_way, ended)| FullPass { under_way, ended });
    let deletions = btree_set(any::<u64>(), 0..40).prop_map(DeliveredDeletions::of);
    let times = (
        option::of(time()),
        option::of(time()),
        option::of(time()),
        option::of(time()),
        option::of(time()),
    );
    let rest = (any::<bool>(), 0_i64..1_000_000, option::of(any::<u64>()));
    (place(MOST_SEEN), windows(), phase, full_pass, deletions, children(), times, rest).prop_map(
        |(mut place, windows, phase, full_pass, deletions_delivered, children, times, rest)| {
            let (start_bound, cursor_at_start, began, newest, searched) = times;
            let (full, pages, brand) = rest;
            if !windows.later.is_empty() {
                place.seen.truncate(MOST_SEEN_IN_WINDOWS);
            }
            // Only in a listing of no order pages are counted.
            let pages = if matches!(place.token, Token::After(_)) { pages } else { 0 };
            Walk {
                place,
                windows,
                phase,
                full,
                start_bound,
                cursor_at_start,
                began,
                newest,
                searched,
                deletions_delivered,
                full_pass,
                children,
                pages,
                brand,
            }
        },
    )
}

/// A position that this stream can reach.
fn of(stream: &ResolvedStream, mut walk: Walk, flat: Option<i64>, main: Option<i64>) -> Position {
    let paging = stream.feed.root().paging;
    if !paging.knows(&walk.place.token) {
        (walk.place.token, walk.pages) = (paging.start(walk.start_bound), 0);
    }
    let Some(cursor) = &stream.cursor else {
        // A marker alone says that it has ended.
        if walk.phase == Phase::Done {
            walk.phase = Phase::UnderWay;
        }
        return Position { cursor: None, walk, main: None };
    };
    // Read per parent, a stream always has a time in its state: at first that from which on
    // it reads.
    let from_start = walk.start_bound.unwrap_or_default();
    let known = |time: Option<i64>| match cursor.parents {
        [] => time,
        _ => time.or(Some(from_start)),
    };
    match stream.is_fallback {
        true => Position { cursor: flat, main: known(main), walk },
        false => Position { cursor: known(flat), main: None, walk },
    }
}

fn parsed(state: &str) -> Map<String, Value> {
    serde_json::from_str(state).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn every_position_is_read_back_as_it_was(
        walk in walk(),
        flat in option::of(time()),
        main in option::of(time()),
    ) {
        for stream in streams() {
            let position = of(stream, walk.clone(), flat, main);
            let state = to_state(stream, &position);
            let saved = read(stream, &parsed(&state), NOW_UNIX);
            prop_assert_eq!(&saved.warnings, &Vec::<String>::new(), "{}", stream.name);
            prop_assert_eq!(saved.position(), position, "{}: {}", stream.name, state);
        }
    }

    /// A position may lose details when it is written, but only once. A state that was read is
    /// written as it was.
    #[test]
    fn a_state_that_was_read_is_written_as_it_was(
        walk in walk(),
        seen in hashes(2 * MOST_SEEN),
        pages in -5_i64..5,
        flat in option::of(time()),
        main in option::of(time()),
    ) {
        let mut walk = walk;
        (walk.place.seen, walk.pages) = (seen, pages);
        for stream in streams() {
            let position = Position { cursor: flat, main, ..of(stream, walk.clone(), flat, main) };
            let state = to_state(stream, &position);
            let again = to_state(stream, &read(stream, &parsed(&state), NOW_UNIX).position());
            let ended = stream.cursor.is_none() && position.walk.phase == Phase::Done;
            prop_assert!(ended || again == state, "{}: {} {}", stream.name, state, again);
        }
    }
}

#[test]
fn the_end_of_a_stream_without_a_cursor_is_a_marker() {
    for stream in streams().iter().filter(|stream| stream.cursor.is_none()) {
        let walk = Walk { phase: Phase::Done, ..Walk::default() };
        let state = to_state(stream, &Position { walk, ..Position::default() });
        assert!(read(stream, &parsed(&state), NOW_UNIX).finished, "{}", stream.name);
    }
}

#[test]
fn deletions_are_read_back_however_many_there_are() {
    let ids: BTreeSet<u64> = (0..500).map(|id| id * 28_835_702_984_212).collect();
    let deletions_delivered = DeliveredDeletions::of(ids);
    let stream = streams().iter().find(|stream| stream.deletion.is_some()).unwrap();
    let token = stream.feed.root().paging.start(None);
    let place = Place { token, ..Place::default() };
    let walk = Walk { place, deletions_delivered, ..Walk::default() };
    let position = Position { walk, cursor: Some(7), ..Position::default() };
    let state = to_state(stream, &position);
    assert_eq!(read(stream, &parsed(&state), NOW_UNIX).position().walk, position.walk);
}
