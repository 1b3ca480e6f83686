//! Reads saved states: our own, and every shape that versions of Airbyte's connector have written.
//! Pure. Malformed parts are left out with a warning. They are never an error.

use std::cell::Cell;
use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::deletions::DeliveredDeletions;
use super::digest::Digest;
use super::failing::Failing;
use super::windows::MOST_WINDOWS;
use super::{
    FullPass, MOST_SEEN, Phase, Place, Position, WALK_VERSION, Walk, WatchedChildren, Window,
    Windows,
};
use crate::streams::{Cursor, ResolvedFeed, ResolvedStream};
use zendesk::paging::Token;
use zendesk::timestamp;

/// The key of `walk` that holds the brand of a state's main part.
pub const BRAND: &str = "brand";

/// What a stream's saved state says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Saved {
    pub cursor: Option<i64>,
    /// For a stream on its fallback: where the stream's own feed was left.
    pub main: Option<i64>,
    /// When the finished search began that ran before the stream's own feed.
    pub searched: Option<i64>,
    /// Our own walk. `None` if it belongs to another feed or to an unknown version.
    pub walk: Option<Walk>,
    /// The start date frozen at the first read. It is kept even if the walk is discarded.
    pub bound: Option<i64>,
    /// Whether a marker says that a full refresh has ended.
    pub finished: bool,
    /// Whether the state has content, but none that can be used.
    pub is_useless: bool,
    pub warnings: Vec<String>,
}

impl Saved {
    /// The position that the state stands for.
    #[must_use]
    pub fn position(&self) -> Position {
        Position {
            cursor: self.cursor,
            walk: self.walk.clone().unwrap_or_default(),
            main: self.main,
        }
    }
}

/// Reads a stream's saved state. `now_unix` is Zendesk's time.
#[must_use]
pub fn read(stream: &ResolvedStream, state: &Map<String, Value>, now_unix: i64) -> Saved {
    let mut saved = Saved::default();
    let is_true = |key: &str| state.get(key) == Some(&Value::Bool(true));
    saved.finished = is_true("__ab_no_cursor_state_message")
        || is_true("__ab_full_refresh_sync_complete")
        || all_partitions_complete(state);
    if let Some(walk) = state.get("walk").filter(|walk| !walk.is_null()) {
        saved.bound = walk.get("bound").and_then(Value::as_i64);
        match walk.as_object().ok_or("it is not an object").and_then(|walk| read_walk(stream, walk))
        {
            Ok(walk) => {
                saved.searched = walk.searched;
                saved.walk = Some(walk);
            }
            // The detour was the way to here, and its walk has no more to say.
            Err(_) if is_of_detour(stream, walk) => {
                let began = walk.get("began").and_then(Value::as_i64);
                let is_done = walk.get("done") == Some(&Value::Bool(true));
                saved.searched = began.filter(|_| stream.search_first && is_done);
            }
            Err(why) => saved.warnings.push(format!(
                "{}: the saved place in the listing is not used ({why}). Reading continues from \
                 the saved time, and some rows come again.",
                stream.name
            )),
        }
    }
    if let Some(cursor) = &stream.cursor {
        let times = Times { now_unix, is_scaled: Cell::new(false) };
        match flat(cursor, state, is_ours(state), &times) {
            Ok(flat) => saved.cursor = flat,
            Err(key) => saved.warnings.push(format!(
                "{}: the saved `{key}` is not a time, so reading starts from the beginning",
                stream.name
            )),
        }
        if let Some(flat) = saved.cursor.filter(|_| times.is_scaled.get()) {
            saved.warnings.push(format!(
                "{}: the saved time is not in seconds but in milliseconds or smaller units. It \
                 is read as {}.",
                stream.name,
                timestamp::to_iso(flat)
            ));
        }
    }
    if stream.is_fallback {
        saved.main = saved.cursor;
        let walk = state.get("walk").filter(|_| saved.walk.is_some());
        if let Some(walk) = walk {
            saved.cursor = walk.get("flat").and_then(Value::as_i64);
        }
    }
    let is_used = saved.finished
        || [saved.cursor, saved.main, saved.searched, saved.bound].iter().any(Option::is_some)
        || state.contains_key("walk");
    saved.is_useless = !is_used && saved.warnings.is_empty() && !is_nothing(state);
    saved
}

/// Whether a state is empty, like that of a stream that has not been read.
fn is_nothing(state: &Map<String, Value>) -> bool {
    let is_nothing = |value: &Value| match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => is_nothing(members),
        Value::Bool(true) => false,
    };
    state.values().all(is_nothing)
}

/// Times after this, unix seconds, would be later than the year 5138. They are in milliseconds or
/// smaller units.
const LATEST_SECONDS: i64 = 100_000_000_000;

/// Reads the times of a state.
struct Times {
    /// Zendesk's time.
    now_unix: i64,
    /// Whether a time was in a unit smaller than seconds.
    is_scaled: Cell<bool>,
}

impl Times {
    fn read(&self, value: &Value) -> Option<i64> {
        let mut time = match value {
            Value::String(text) => timestamp::from_text(text),
            Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
                Some(float) => whole(float),
                None => timestamp::from_text(&number.to_string()),
            },
            _ => None,
        }?;
        // A date that is written out is what it says.
        let is_digit = |byte: u8| byte.is_ascii_digit() || byte == b'.';
        let is_number = value.as_str().is_none_or(|text| text.trim().bytes().all(is_digit));
        while is_number && time >= LATEST_SECONDS {
            time /= 1000;
            self.is_scaled.set(true);
        }
        Some(time)
    }
}

/// A float without its fraction, if it can be a time.
#[expect(clippy::cast_possible_truncation, reason = "it was already checked")]
fn whole(float: f64) -> Option<i64> {
    (float.abs() < 9e18).then_some(float as i64)
}

/// Whether this program wrote the state.
fn is_ours(state: &Map<String, Value>) -> bool {
    state
        .get("walk")
        .is_some_and(|walk| walk.get("v").and_then(Value::as_u64) == Some(WALK_VERSION))
}

fn is_of_detour(stream: &ResolvedStream, walk: &Value) -> bool {
    let feed = stream.fallback.map(|fallback| ResolvedFeed::from(fallback.feed).root());
    feed.is_some()
        && walk.get("feed").and_then(Value::as_str) == feed.as_ref().map(ResolvedFeed::name)
}

/// The flat cursor, unix seconds. `Err` holds the name of a key that is not a time.
fn flat(
    cursor: &Cursor,
    state: &Map<String, Value>,
    is_ours: bool,
    times: &Times,
) -> Result<Option<i64>, String> {
    if let Some(((name, field), above)) = cursor.parents.split_first()
        && let Some(Value::Object(parent)) = state.get("parent_state").and_then(|all| all.get(name))
        && let Some(flat) = parent_flat(field, parent, above, times)?
    {
        return Ok(Some(flat));
    }
    let lookback = state.get("lookback_window").and_then(Value::as_i64).unwrap_or_default();
    if let Some(Value::Object(global)) = state.get("state") {
        let flat = own(cursor, global, is_ours, times)?;
        return Ok(flat.map(|flat| flat.saturating_sub(lookback.max(0))));
    }
    if state.contains_key("states") {
        // Some partitions were read and nothing says which were not.
        return Ok(None);
    }
    if let Some(slice) = state.get("slices").and_then(|slices| slices.get(0)) {
        let end = slice.get("most_recent_cursor_value").or_else(|| slice.get("end"));
        return end.map(|end| times.read(end).ok_or_else(|| "slices".to_owned())).transpose();
    }
    own(cursor, state, is_ours, times)
}

/// The position of a parent inside a child's state. The parent's own parent may be nested in it.
fn parent_flat(
    field: &str,
    state: &Map<String, Value>,
    above: &[(&str, &str)],
    times: &Times,
) -> Result<Option<i64>, String> {
    if let Some(((name, field), above)) = above.split_first()
        && let Some(Value::Object(parent)) =
            state.get("parent_state").and_then(|all| all.get(*name))
    {
        return parent_flat(field, parent, above, times);
    }
    let value =
        state.get("state").and_then(|global| global.get(field)).or_else(|| state.get(field));
    value.map(|value| times.read(value).ok_or_else(|| field.to_owned())).transpose()
}

/// The cursor under its own key, or under one of its former keys.
fn own(
    cursor: &Cursor,
    state: &Map<String, Value>,
    is_ours: bool,
    times: &Times,
) -> Result<Option<i64>, String> {
    if let Some(value) = state.get(cursor.field).filter(|value| !value.is_null()) {
        return times.read(value).map(Some).ok_or_else(|| cursor.field.to_owned());
    }
    for former in cursor.formerly {
        let Some(value) = state.get(former.key).filter(|value| !value.is_null()) else { continue };
        if is_ours && former.at_most.is_some() {
            // Our own search: what it did not see, the start date brings.
            continue;
        }
        return match (times.read(value), former.at_most) {
            (Some(time), Some(at_most)) if time <= times.now_unix => Ok(Some(time.min(at_most))),
            (Some(time), _) => Ok(Some(time)),
            (None, Some(at_most)) => Ok(Some(at_most)),
            (None, None) => Err(former.key.to_owned()),
        };
    }
    Ok(None)
}

fn all_partitions_complete(state: &Map<String, Value>) -> bool {
    let Some(Value::Array(states)) = state.get("states") else { return false };
    let complete = |partition: &Value| {
        partition.get("cursor").and_then(|cursor| cursor.get("__ab_full_refresh_sync_complete"))
            == Some(&Value::Bool(true))
    };
    !states.is_empty() && states.iter().all(complete)
}

fn read_walk(stream: &ResolvedStream, json: &Map<String, Value>) -> Result<Walk, &'static str> {
    if json.get("v").and_then(Value::as_u64) != Some(WALK_VERSION) {
        return Err("it was written by another version");
    }
    let text = |key: &str| json.get(key).and_then(Value::as_str);
    if text("feed") != Some(stream.feed.root().name()) {
        return Err("it is of another listing");
    }
    let token = text("kind").zip(text("token"));
    let token = token.and_then(|(kind, token)| Token::from_saved(kind, token));
    let root = stream.feed.root();
    let is_true = |key: &str| json.get(key) == Some(&Value::Bool(true));
    // A walk that has ended leaves no place, unless the next one begins there.
    let is_nowhere =
        |token: &Token| is_true("done") && *token == Token::First && !root.keeps_place();
    let is_known = |token: &Token| root.paging.knows(token) || is_nowhere(token);
    let token = token.filter(is_known);
    let token = token.ok_or("its token is malformed")?;
    let number = |key: &str| json.get(key).and_then(Value::as_i64);
    let phase = match (is_true("done"), is_true("fresh")) {
        (true, _) => Phase::Done,
        (false, true) => Phase::Fresh,
        (false, false) => Phase::UnderWay,
    };
    let later = match json.get("windows") {
        None => Some(Vec::new()),
        Some(Value::Array(windows)) if windows.len() < MOST_WINDOWS => {
            windows.iter().map(window).collect()
        }
        Some(_) => None,
    };
    let later = later.ok_or("its time ranges are malformed")?;
    Ok(Walk {
        place: Place {
            token,
            at: number("at"),
            seen: text("seen").map(hashes_from).unwrap_or_default(),
        },
        windows: Windows { from: number("from"), until: number("until"), later },
        phase,
        full: is_true("full"),
        start_bound: number("bound"),
        cursor_at_start: number("cursor"),
        began: number("began"),
        newest: number("newest"),
        searched: number("searched"),
        deletions_delivered: DeliveredDeletions::of(
            text("gone").map(numbers_from).unwrap_or_default(),
        ),
        full_pass: FullPass { under_way: is_true("pass"), ended: number("passed") },
        children: WatchedChildren {
            silent_changes: number("told"),
            digest: text("numbers").map(Digest::from_text).unwrap_or_default(),
            counted_at: number("numbers_at"),
            failing: text("failing").map(Failing::from_text).unwrap_or_default(),
            rows: json.get("rows").and_then(Value::as_u64).unwrap_or_default(),
        },
        pages: number("pages").unwrap_or_default(),
        brand: json.get(BRAND).and_then(Value::as_u64),
    })
}

/// Reads a window of a walk. Its elements are: kind of token, token, time reached, end, whether it
/// is done, hashes, begin.
fn window(json: &Value) -> Option<Window> {
    let token = Token::from_saved(json.get(0)?.as_str()?, json.get(1)?.as_str()?)?;
    let place =
        Place { token, at: json.get(2)?.as_i64(), seen: hashes_from(json.get(5)?.as_str()?) };
    let (from, until) = (json.get(6).and_then(Value::as_i64), json.get(3)?.as_i64());
    Some(Window { place, from, until, done: json.get(4)?.as_bool()? })
}

/// Reads hashes of a state. Malformed ones are left out.
#[must_use]
pub fn hashes_from(text: &str) -> Vec<u64> {
    let chunks = text.as_bytes().chunks(16).map(|chunk| std::str::from_utf8(chunk).unwrap_or(""));
    chunks.filter_map(|chunk| u64::from_str_radix(chunk, 16).ok()).take(MOST_SEEN).collect()
}

/// Reads numbers of a state. Empty if the text is malformed.
#[must_use]
pub fn numbers_from(text: &str) -> BTreeSet<u64> {
    let mut last = 0_u64;
    let numbers = text.split('.').filter(|part| !part.is_empty()).map(|part| {
        last = last.checked_add(u64::from_str_radix(part, 16).ok()?)?;
        Some(last)
    });
    numbers.collect::<Option<BTreeSet<u64>>>().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::Config;
    use crate::streams::registry;

    const NOW: i64 = 1_795_000_000;

    fn stream(name: &str) -> ResolvedStream {
        let config =
            br#"{"subdomain":"acme","credentials":{"credentials":"oauth2.0","access_token":"x"}}"#;
        let config = Config::parse(config).unwrap();
        registry(&config).into_iter().find(|stream| stream.name == name).unwrap()
    }

    fn flat(name: &str, state: Value) -> Option<i64> {
        let state = state.as_object().cloned().unwrap();
        read(&stream(name), &state, NOW).cursor
    }

    #[test]
    fn every_shape_that_airbytes_connector_wrote_is_understood() {
        let at = Some(1_728_670_522);
        let (iso, text) = ("2024-10-11T18:15:22Z", "1728670522");
        let nested = json!({"use_global_cursor": false, "state": {"updated_at": "1"}, "lookback_window": 0, "states": [],
            "parent_state": {"articles": {"updated_at": text}}});
        for (name, state) in [
            ("tickets", json!({"generated_timestamp": text})),
            ("tickets", json!({"generated_timestamp": 1_728_670_522, "unknown": null})),
            ("tickets", json!({"generated_timestamp": iso})),
            ("tickets", json!({"updated_at": text})),
            ("tickets", json!({"updated_at": iso})),
            ("ticket_metrics", json!({"_ab_updated_at": text})),
            ("ticket_metrics", json!({"_ab_updated_at": 1_728_670_522})),
            ("ticket_metrics", json!({"generated_timestamp": 1_728_670_522})),
            ("ticket_metrics", json!({"updated_at": iso})),
            (
                "ticket_metrics",
                json!({"states": [{"partition": {"parent_slice": {}, "ticket_id": 35436}, "cursor": {"_ab_updated_at": "1"}}],
                "state": {"_ab_updated_at": "1"}, "parent_state": {"tickets": {"generated_timestamp": text}}}),
            ),
            (
                "ticket_metrics",
                json!({"use_global_cursor": true, "state": {"_ab_updated_at": "1728670532"}, "lookback_window": 10}),
            ),
            ("organizations", json!({"updated_at": text})),
            ("ticket_events", json!({"timestamp": text})),
            ("ticket_comments", json!({"created_at": text, "_last_end_time": 5})),
            ("ticket_metric_events", json!({"time": iso})),
            ("groups", json!({"updated_at": iso})),
            ("groups", json!({"updated_at": "2024-10-11T18:15:22.777+00:00"})),
            ("ticket_audits", json!({"created_at": iso})),
            ("article_comments", json!({"updated_at": text})),
            (
                "article_comments",
                json!({"parent_state": {"articles": {"updated_at": text}}, "states": []}),
            ),
            (
                "article_comment_votes",
                json!({"parent_state": {"article_comments": nested}, "state": {"updated_at": "1"}}),
            ),
            (
                "organizations",
                json!({"state_type": "date-range", "slices": [{"start": "1", "end": text}]}),
            ),
            (
                "organizations",
                json!({"state_type": "date-range", "slices": [{"end": "1", "most_recent_cursor_value": text}]}),
            ),
        ] {
            // The one exception: what the search index may have lost is read again.
            let exception = name == "tickets" && state.get("updated_at").is_some();
            let expected = if exception { at.min(Some(1_772_323_200)) } else { at };
            assert_eq!(flat(name, state.clone()), expected, "{name} {state}");
        }
        assert_eq!(flat("tickets", json!({"updated_at": "1790000000"})), Some(1_772_323_200));
        assert_eq!(flat("tickets", json!({"updated_at": "nonsense"})), Some(1_772_323_200));
        assert_eq!(
            flat("tickets", json!({"updated_at": "2222-01-01T00:00:00Z"})),
            Some(7_952_342_400)
        );
        assert_eq!(
            flat("ticket_metrics", json!({"states": [{"cursor": {"_ab_updated_at": "5"}}]})),
            None
        );
    }

    #[test]
    fn what_is_malformed_is_told_and_left_out() {
        let walk = |walk: Value| {
            let state = json!({"generated_timestamp": "7", "walk": walk});
            read(&stream("tickets"), state.as_object().unwrap(), NOW)
        };
        for bad in [
            json!({"v": 2, "feed": "incremental_tickets", "kind": "cursor", "token": "x"}),
            json!({"v": 1, "feed": "groups", "kind": "cursor", "token": "x", "bound": 5}),
            json!({"v": 1, "feed": "incremental_tickets", "kind": "new", "token": "x"}),
            json!({"v": 1, "feed": "incremental_tickets"}),
            json!({"v": 1, "feed": "incremental_tickets", "kind": "after", "token": "x"}),
            json!({"v": 1, "feed": "incremental_tickets", "kind": "first", "token": ""}),
            json!("nonsense"),
        ] {
            let saved = walk(bad.clone());
            assert_eq!(
                (saved.cursor, &saved.walk, saved.warnings.len()),
                (Some(7), &None, 1),
                "{bad}"
            );
            assert_eq!(saved.bound, bad["bound"].as_i64());
        }
        let good = walk(
            json!({"v": 1, "feed": "incremental_tickets", "kind": "cursor", "token": "x", "seen": 5, "gone": []}),
        );
        assert_eq!(good.walk.unwrap().place.token, Token::Cursor("x".into()));
        let state = json!({"updated_at": {"not": "a time"}});
        assert_eq!(read(&stream("groups"), state.as_object().unwrap(), NOW).warnings.len(), 1);
    }

    #[test]
    fn the_markers_of_an_ended_full_refresh_are_known() {
        for state in [
            json!({"__ab_no_cursor_state_message": true}),
            json!({"__ab_full_refresh_sync_complete": true}),
            json!({"states": [{"partition": {}, "cursor": {"__ab_full_refresh_sync_complete": true}}]}),
        ] {
            let saved = read(&stream("tags"), state.as_object().unwrap(), NOW);
            assert!(saved.finished && saved.cursor.is_none(), "{state}");
        }
    }
}
