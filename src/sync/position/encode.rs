//! Writes a position as the text of a state. [`decode`](super::decode) reads it.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::decode::BRAND;
use super::{MOST_SEEN, MOST_SEEN_IN_WINDOWS, Phase, Place, Position, WALK_VERSION, Walk, Window};
use crate::streams::{CursorFormat, ResolvedStream};
use zendesk::paging::Token;
use zendesk::timestamp;

/// A stream's position as the text of its state.
#[must_use]
pub fn to_state(stream: &ResolvedStream, position: &Position) -> String {
    let mut state = Map::new();
    let walk = &position.walk;
    let Some(cursor) = &stream.cursor else {
        if walk.phase == Phase::Done {
            state.insert("__ab_no_cursor_state_message".into(), json!(true));
        } else {
            state.insert("walk".into(), walk_json(stream, walk));
        }
        return Value::Object(state).to_string();
    };
    let written = |unix: i64, format| match format {
        CursorFormat::Unix => json!(unix.to_string()),
        CursorFormat::Iso => json!(timestamp::to_iso(unix)),
    };
    if cursor.parents.is_empty() {
        let flat = if stream.is_fallback { position.main } else { position.cursor };
        if let Some(flat) = flat {
            state.insert(cursor.field.into(), written(flat, cursor.format));
        }
    } else {
        let flat = if stream.is_fallback { position.main } else { position.cursor };
        let flat = flat.or(walk.start_bound).unwrap_or_default();
        let parents = written(flat, CursorFormat::Unix);
        let own = written(flat, cursor.format);
        state = substream_state(cursor.field, &own, cursor.parents, &parents);
    }
    let mut walk_json = walk_json(stream, walk);
    if let Some(flat) = position.cursor.filter(|_| stream.is_fallback) {
        walk_json["flat"] = json!(flat);
    }
    state.insert("walk".into(), walk_json);
    Value::Object(state).to_string()
}

/// The form in which Airbyte saves a stream that is read per parent, with a global cursor.
fn substream_state(
    field: &str,
    value: &Value,
    parents: &[(&str, &str)],
    parents_value: &Value,
) -> Map<String, Value> {
    let mut parent_state = Map::new();
    if let Some(((name, parent_field), above)) = parents.split_first() {
        let own = if above.is_empty() {
            json!({ *parent_field: parents_value })
        } else {
            let (field, value) = (*parent_field, parents_value);
            Value::Object(substream_state(field, value, above, parents_value))
        };
        parent_state.insert((*name).to_owned(), own);
    }
    let mut state = Map::new();
    state.insert("use_global_cursor".into(), json!(true));
    state.insert("state".into(), json!({ field: value }));
    state.insert("lookback_window".into(), json!(0));
    state.insert("parent_state".into(), Value::Object(parent_state));
    state
}

fn walk_json(stream: &ResolvedStream, walk: &Walk) -> Value {
    let mut json = json!({
        "v": WALK_VERSION,
        "feed": stream.feed.root().name(),
        "kind": walk.place.token.kind(),
        "token": walk.place.token.text(),
    });
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            json[key] = value;
        }
    };
    put("done", flag(walk.phase == Phase::Done));
    put("fresh", flag(walk.phase == Phase::Fresh));
    put("full", flag(walk.full));
    put("bound", walk.start_bound.map(|unix| json!(unix)));
    put("cursor", walk.cursor_at_start.map(|unix| json!(unix)));
    put("began", walk.began.map(|unix| json!(unix)));
    put("newest", walk.newest.map(|unix| json!(unix)));
    put("searched", walk.searched.map(|unix| json!(unix)));
    put("at", walk.place.at.map(|unix| json!(unix)));
    let most = if walk.windows.later.is_empty() { MOST_SEEN } else { MOST_SEEN_IN_WINDOWS };
    let seen = &walk.place.seen[..walk.place.seen.len().min(most)];
    put("seen", (!seen.is_empty()).then(|| json!(hashes_text(seen))));
    put(
        "gone",
        (!walk.deletions_delivered.ids().is_empty())
            .then(|| json!(numbers_text(walk.deletions_delivered.ids()))),
    );
    put("pass", flag(walk.full_pass.under_way));
    put("passed", walk.full_pass.ended.map(|unix| json!(unix)));
    put("told", walk.children.silent_changes.map(|unix| json!(unix)));
    put("numbers", walk.children.digest.is_known().then(|| json!(walk.children.digest.text())));
    put("numbers_at", walk.children.counted_at.map(|unix| json!(unix)));
    put(
        "failing",
        (!walk.children.failing.is_empty()).then(|| json!(walk.children.failing.text())),
    );
    let counts = matches!(walk.place.token, Token::After(_)) && walk.pages > 0;
    put("pages", counts.then(|| json!(walk.pages)));
    put(BRAND, walk.brand.map(|brand| json!(brand)));
    put("rows", (walk.children.rows > 0).then(|| json!(walk.children.rows)));
    put("from", walk.windows.from.map(|unix| json!(unix)));
    put("until", walk.windows.until.map(|unix| json!(unix)));
    let windows: Vec<Value> = walk.windows.later.iter().map(window_json).collect();
    put("windows", (!windows.is_empty()).then_some(Value::Array(windows)));
    json
}

fn window_json(window: &Window) -> Value {
    let Place { token, at, seen } = &window.place;
    let seen = hashes_text(&seen[..seen.len().min(MOST_SEEN_IN_WINDOWS)]);
    json!([token.kind(), token.text(), at, window.until, window.done, seen, window.from])
}

/// `true`, or nothing. A missing flag is false.
fn flag(is_so: bool) -> Option<Value> {
    is_so.then_some(Value::Bool(true))
}

/// Hashes as hexadecimal text, sixteen digits each.
pub(super) fn hashes_text(hashes: &[u64]) -> String {
    hashes.iter().map(|hash| format!("{hash:016x}")).collect()
}

/// Ascending numbers as their differences, in hexadecimal. So five hundred ids of fourteen digits
/// take only a few kilobytes.
pub(super) fn numbers_text(numbers: &BTreeSet<u64>) -> String {
    let mut last = 0;
    let differences = numbers.iter().map(|number| {
        let difference = number - last;
        last = *number;
        format!("{difference:x}")
    });
    differences.collect::<Vec<_>>().join(".")
}
