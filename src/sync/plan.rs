//! From what is selected and what was saved to where each stream begins. Pure.

use serde_json::{Map, Value};

use super::position::{PASS_EVERY_SECONDS, Pass, Phase, Position, Walk, to_state};
use super::saved::{self, Saved};
use crate::config::Config;
use crate::protocol::catalog::SyncMode;
use crate::streams::{Order, Reading, Stream};
use crate::zendesk::paging::{Token, YOUNGEST_BOUND_SECONDS};

/// Where a stream begins in this sync.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begin {
    pub position: Position,
    /// The state to repeat when there is nothing to ask for.
    pub repeat: Option<String>,
    pub warnings: Vec<String>,
}

/// What of the program's surroundings a plan depends on.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Zendesk's time, unix seconds.
    pub unix: i64,
    /// Attempts of this job that came before; inside a job a full refresh goes on.
    pub attempt: u64,
}

/// Decides where a stream begins.
#[must_use]
pub fn begin(
    stream: &Stream,
    mode: SyncMode,
    state: Option<&Map<String, Value>>,
    config: &Config,
    now: Now,
) -> Begin {
    let saved = state.map(|state| saved::read(stream, state, now.unix)).unwrap_or_default();
    let mut begin = match (mode, stream.reading()) {
        (SyncMode::Incremental, Reading::FullRefreshOnly) => {
            let mut begin = full_refresh(stream, &saved, config, now);
            begin
                .warnings
                .push(format!("{}: there is no incremental read; all of it is read", stream.name));
            begin
        }
        (SyncMode::Incremental, reading) => incremental(stream, reading, &saved, config, now),
        (SyncMode::FullRefresh, _) => full_refresh(stream, &saved, config, now),
    };
    begin.warnings.splice(0..0, saved.warnings.iter().cloned());
    if let (Some(_), Some(state)) = (&begin.repeat, state) {
        // What was handed in comes back unchanged, whoever wrote it.
        begin.repeat = Some(Value::Object(state.clone()).to_string());
    }
    begin
}

fn full_refresh(stream: &Stream, saved: &Saved, config: &Config, now: Now) -> Begin {
    let same_job = now.attempt >= 1;
    let walk = saved.walk.as_ref().filter(|walk| same_job && walk.full);
    let done = walk.is_some_and(|walk| walk.phase == Phase::Done) || (same_job && saved.finished);
    if done {
        let position = saved.position();
        let repeat = Some(to_state(stream, &position));
        return Begin { position, repeat, warnings: Vec::new() };
    }
    let mut position =
        match walk.filter(|walk| walk.phase == Phase::UnderWay && stream.is_resumable()) {
            Some(_) => saved.position(),
            None => {
                let bound = stream.dated.then(|| config.start_unix(now.unix));
                let token = stream.feed.root().paging.start(bound);
                Position { flat: None, walk: Walk { token, bound, ..Walk::default() } }
            }
        };
    position.walk.full = true;
    position.walk.pass.under_way = stream.reading() == Reading::PerParent;
    nothing_yet(stream, position, now)
}

fn incremental(
    stream: &Stream,
    reading: Reading,
    saved: &Saved,
    config: &Config,
    now: Now,
) -> Begin {
    let mut warnings = Vec::new();
    let configured = config.start_date.filter(|_| stream.dated);
    let frozen = saved.walk.as_ref().and_then(|walk| walk.bound).or(saved.bound);
    let first_read = saved.flat.is_none() && frozen.is_none();
    let bound = if first_read { stream.dated.then(|| config.start_unix(now.unix)) } else { frozen };
    if let (Some(configured), Some(frozen)) = (configured, frozen) {
        if configured < frozen {
            warnings.push(format!(
                "{}: the start date is earlier than in the first read, whose start goes on to count; \
                 to read older rows, reset this stream's state",
                stream.name
            ));
        }
    }
    if let Some(warning) = forgotten(stream, saved.flat, now) {
        warnings.push(warning);
    }
    let bound = bound.max(configured.filter(|_| bound.is_some()));
    // A later start date wins over what was saved, because it always bounds.
    let later = configured.filter(|configured| saved.flat.is_some_and(|flat| flat < *configured));
    let flat = later.or(saved.flat);
    let walk = saved.walk.clone().filter(|_| later.is_none());
    let fresh = |walk: Option<Walk>, token: Token| Walk {
        token,
        phase: Phase::Fresh,
        full: false,
        bound,
        cursor: flat,
        began: None,
        newest: None,
        at: None,
        seen: Vec::new(),
        gone: walk.as_ref().map(|walk| walk.gone.clone()).unwrap_or_default(),
        pass: walk.map(|walk| walk.pass).unwrap_or_default(),
        rows: 0,
    };
    let root = stream.feed.root();
    let lower = flat.or(bound);
    let ordered = root.time_key().is_some();
    let walk = match (reading, walk) {
        (reading, walk) if reading.has_passes() && pass_is_due(walk.as_ref(), flat, now) => {
            let mut walk = fresh(walk, root.paging.start(bound));
            walk.pass = Pass { under_way: true, ended: walk.pass.ended };
            walk
        }
        // The end of the last walk of an ordered feed is where the next one begins.
        (_, Some(walk)) if ordered || walk.phase == Phase::UnderWay => {
            let goes_on = walk.phase == Phase::UnderWay;
            let cursor = if goes_on { walk.cursor } else { flat };
            Walk { bound, cursor, full: false, ..walk }
        }
        (_, walk) => fresh(walk, root.paging.start(lower)),
    };
    let walk = if root.paging.resumes() { walk } else { Walk { token: Token::First, ..walk } };
    let mut begin = nothing_yet(stream, Position { flat, walk }, now);
    begin.warnings = warnings;
    begin
}

/// A warning when rows may have come and gone since the saved position.
fn forgotten(stream: &Stream, flat: Option<i64>, now: Now) -> Option<String> {
    let days = stream.feed.kept_days?;
    let gone = flat? < now.unix.saturating_sub(days * 86_400);
    gone.then(|| {
        format!(
            "{}: the last read is longer ago than the {days} days for which Zendesk keeps these \
             rows; those that came and went since then cannot be read",
            stream.name
        )
    })
}

/// Some rows may change unseen (children without their parent, rows created long ago), so all of
/// them are read again when the last such pass is old. A state that knows of no pass counts as one of its cursor's time.
fn pass_is_due(walk: Option<&Walk>, flat: Option<i64>, now: Now) -> bool {
    let under_way = walk.is_some_and(|walk| walk.pass.under_way);
    let last = walk.and_then(|walk| walk.pass.ended).or(flat);
    !under_way && last.is_none_or(|last| now.unix.saturating_sub(last) > PASS_EVERY_SECONDS)
}

/// A lower bound younger than the feeds give yet sends no request.
fn nothing_yet(stream: &Stream, position: Position, now: Now) -> Begin {
    let lower = position.flat.or(position.walk.bound);
    let too_young =
        lower.is_some_and(|lower| lower > now.unix.saturating_sub(YOUNGEST_BOUND_SECONDS));
    let in_the_middle = position.walk.phase == Phase::UnderWay;
    let repeat = (too_young && !in_the_middle).then(|| {
        let flat = position.flat.or(position.walk.bound);
        to_state(stream, &Position { flat, ..position.clone() })
    });
    Begin { position, repeat, warnings: Vec::new() }
}

/// Whether a walk over all parents of a feed in no order of time may leave a parent out: it did
/// not change since the walk's cursor.
#[must_use]
pub fn unchanged_parent(position: &Position, order: Order, changed: Option<i64>) -> bool {
    let by_token = matches!(order, Order::ByTime(_));
    let everything = by_token || position.walk.pass.under_way || position.walk.full;
    !everything
        && changed.zip(position.walk.cursor).is_some_and(|(changed, cursor)| changed < cursor)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::streams::registry;
    use crate::sync::sift::lower;

    const NOW: Now = Now { unix: 1_700_000_000, attempt: 0 };
    const DAY: i64 = 86_400;

    fn begun(name: &str, state: &Value) -> (Stream, Begin) {
        let config = br#"{"subdomain":"a","start_date":"2010-01-01T00:00:00Z","credentials":{"credentials":"oauth2.0","access_token":"t"}}"#;
        let config = Config::parse(config).unwrap();
        let stream = registry(&config).into_iter().find(|stream| stream.name == name).unwrap();
        let begin = begin(&stream, SyncMode::Incremental, state.as_object(), &config, NOW);
        (stream, begin)
    }

    #[test]
    fn what_is_read_by_creation_is_read_whole_once_a_week_from_the_last_such_pass() {
        let state = |flat: i64, passed: i64| {
            let walk = json!({"v":1,"feed":"satisfaction_ratings","kind":"first","token":"",
                "done":true,"bound":1_262_304_000,"passed":passed});
            json!({"updated_at":flat.to_string(),"walk":walk})
        };
        let yesterday = NOW.unix - DAY;
        let (stream, recent) = begun("satisfaction_ratings", &state(yesterday, NOW.unix - 6 * DAY));
        assert!(!recent.position.walk.pass.under_way);
        assert_eq!(lower(&stream, &recent.position), Some(yesterday));
        let passed = NOW.unix - 8 * DAY;
        let (stream, old) = begun("satisfaction_ratings", &state(yesterday, passed));
        assert!(old.position.walk.pass.under_way);
        assert_eq!(lower(&stream, &old.position), Some(passed - 60));
        let (stream, first) = begun("satisfaction_ratings", &json!({}));
        assert!(first.position.walk.pass.under_way);
        assert_eq!(lower(&stream, &first.position), Some(1_262_304_000));
    }

    #[test]
    fn a_position_older_than_what_zendesk_keeps_is_told() {
        let warnings = |days: i64| {
            let at = crate::zendesk::instant::to_iso(NOW.unix - days * DAY);
            begun("ticket_activities", &json!({ "updated_at": at })).1.warnings.len()
        };
        assert_eq!((warnings(29), warnings(31)), (0, 1));
    }
}
