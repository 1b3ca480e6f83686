//! Decides where each stream begins, from the selection and the saved states. Pure.

use serde_json::{Map, Value};

use crate::config::{Config, Start};
use crate::streams::{Reading, ResolvedStream};
use crate::sync::position::decode::{self, Saved};
use crate::sync::position::encode::to_state;
use crate::sync::position::{
    FullPass, PASS_EVERY_SECONDS, Phase, Place, Position, Walk, WatchedChildren, Windows,
};
use airbyte::catalog::SyncMode;
use zendesk::paging::{Token, YOUNGEST_BOUND_SECONDS};
use zendesk::timestamp;

pub mod per_brand;
pub mod time_filter;

/// Where a stream begins in this sync.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begin {
    pub position: Position,
    /// The state to emit again if nothing is requested.
    pub repeat: Option<String>,
    pub warnings: Vec<String>,
}

/// What a plan needs to know of the program's environment.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Zendesk's time, unix seconds.
    pub unix: i64,
    /// Earlier attempts of this job. Inside one job, a full refresh goes on after an interruption.
    pub attempt: u64,
}

/// Decides where a stream begins.
#[must_use]
pub fn begin(
    stream: &ResolvedStream,
    mode: SyncMode,
    state: Option<&Map<String, Value>>,
    config: &Config,
    now: Now,
) -> Begin {
    let mut saved = state.map(|state| decode::read(stream, state, now.unix)).unwrap_or_default();
    if mode == SyncMode::Incremental && stream.reading() != Reading::FullRefreshOnly {
        if saved.is_useless {
            saved.warnings.push(format!(
                "{}: the saved state cannot be used, so reading starts from the beginning",
                stream.name
            ));
        }
        if let Some(begin) = of_the_future(stream, &mut saved, config, now) {
            return begin;
        }
    }
    let mut begin = match (mode, stream.reading()) {
        (SyncMode::Incremental, Reading::FullRefreshOnly) => {
            let mut begin = full_refresh(stream, &saved, config, now);
            begin.warnings.push(format!(
                "{}: the stream has no incremental read, so all of it is read. \
                    Select full refresh.",
                stream.name
            ));
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

fn full_refresh(stream: &ResolvedStream, saved: &Saved, config: &Config, now: Now) -> Begin {
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
                let bound = stream.dated.then(|| config.start.unix(now.unix));
                let token = stream.feed.root().paging.start(bound);
                let place = Place { token, ..Place::default() };
                Position {
                    walk: Walk { place, start_bound: bound, ..Walk::default() },
                    ..Position::default()
                }
            }
        };
    position.walk.full = true;
    position.main = saved.main;
    position.walk.full_pass.under_way = stream.reading() == Reading::PerParent;
    nothing_yet(stream, position, now)
}

fn incremental(
    stream: &ResolvedStream,
    reading: Reading,
    saved: &Saved,
    config: &Config,
    now: Now,
) -> Begin {
    let mut warnings = Vec::new();
    let configured = match config.start {
        Start::At(unix) => Some(unix).filter(|_| stream.dated),
        Start::DaysBack(_) | Start::TwoYearsBack => None,
    };
    let unread = never_read(stream, saved, config, now);
    let nothing = Saved { main: saved.main, searched: saved.searched, ..Saved::default() };
    let saved = if unread { &nothing } else { saved };
    let frozen = saved.walk.as_ref().and_then(|walk| walk.start_bound).or(saved.bound);
    let first_read = saved.cursor.is_none() && frozen.is_none();
    let bound = if first_read { stream.dated.then(|| config.start.unix(now.unix)) } else { frozen };
    warnings.extend(
        frozen.filter(|_| stream.dated).and_then(|frozen| moved(stream, config.start, frozen, now)),
    );
    warnings.extend(incomplete(stream, saved, frozen));
    warnings.extend(forgotten(stream, saved, now));
    let bound = bound.max(configured.filter(|_| bound.is_some()));
    // A later start date wins over what was saved, because it always bounds.
    let later = configured.filter(|configured| saved.cursor.is_some_and(|flat| flat < *configured));
    let flat = later.or(saved.cursor);
    let walk = saved.walk.clone().filter(|_| later.is_none());
    let fresh = |walk: Option<Walk>, token: Token| {
        let before = walk.unwrap_or_default();
        Walk {
            place: Place { token, ..Place::default() },
            windows: Windows::default(),
            phase: Phase::Fresh,
            full: false,
            start_bound: bound,
            cursor_at_start: flat,
            began: None,
            newest: None,
            searched: saved.searched,
            deletions_delivered: before.deletions_delivered,
            full_pass: before.full_pass,
            children: WatchedChildren { rows: 0, ..before.children },
            pages: 0,
            brand: saved.walk.as_ref().and_then(|walk| walk.brand),
        }
    };
    let root = stream.feed.root();
    let lower = flat.or(bound);
    let ordered = root.keeps_place();
    let walk = match (reading, walk) {
        (reading, walk) if reading.has_passes() && pass_is_due(walk.as_ref(), flat, now) => {
            let mut walk = fresh(walk, root.paging.start(bound));
            walk.full_pass = FullPass { under_way: true, ended: walk.full_pass.ended };
            walk
        }
        // The end of the last walk of an ordered feed is where the next one begins.
        (_, Some(walk)) if ordered || walk.phase == Phase::UnderWay => {
            let goes_on = walk.phase == Phase::UnderWay;
            let cursor = if goes_on { walk.cursor_at_start } else { flat };
            Walk { start_bound: bound, cursor_at_start: cursor, full: false, ..walk }
        }
        (_, walk) => fresh(walk, root.paging.start(lower)),
    };
    let walk = if root.resumes() {
        walk
    } else {
        Walk { place: Place { token: Token::First, ..walk.place }, ..walk }
    };
    let mut begin = nothing_yet(stream, Position { cursor: flat, walk, main: saved.main }, now);
    begin.warnings = warnings;
    begin
}

/// How far a saved time may be ahead of Zendesk's time. Smaller differences are clock drift, and
/// pass.
const MOST_AHEAD_SECONDS: i64 = 3600;

/// Sets saved times in the future back to the newest time that can be read from. Nobody knows what
/// was read up to such a time, so it is reported. Returns where the stream begins if it must not be
/// read in this sync, because its listing has nothing so recent.
fn of_the_future(
    stream: &ResolvedStream,
    saved: &mut Saved,
    config: &Config,
    now: Now,
) -> Option<Begin> {
    let latest = now.unix.saturating_sub(YOUNGEST_BOUND_SECONDS);
    let most = now.unix.saturating_add(MOST_AHEAD_SECONDS);
    let ahead = |time: Option<i64>| time.filter(|time| *time > most);
    let name = &stream.name;
    let bound = saved.walk.as_ref().and_then(|walk| walk.start_bound).or(saved.bound);
    if let Some(start) = ahead(bound) {
        saved.bound = None;
        if let Some(walk) = &mut saved.walk {
            walk.start_bound = None;
        }
        // With a start date of the future nothing was read, and the cursor is that date.
        if saved.walk.as_ref().is_none_or(|walk| walk.phase == Phase::Fresh) {
            saved.cursor = ahead(saved.cursor).map_or(saved.cursor, |_| None);
            saved.walk = None;
        }
        saved.warnings.push(format!(
            "{name}: the saved start date ({}) is in the future and is ignored. Reading starts \
             from the configured `start_date`.",
            timestamp::to_iso(start)
        ));
    }
    let future = ahead(saved.cursor).or(ahead(saved.main))?;
    saved.warnings.push(format!(
        "{name}: the saved time ({}) is in the future. Reading continues from {}; reset (clear) \
         this stream to read earlier rows.",
        timestamp::to_iso(future),
        timestamp::to_iso(latest)
    ));
    let bring_back = |time: &mut Option<i64>| {
        if ahead(*time).is_some() {
            *time = Some(latest);
        }
    };
    let is_asked_for = ahead(saved.cursor).is_none()
        || saved.walk.as_ref().is_some_and(|walk| walk.place.token.is_servers());
    bring_back(&mut saved.cursor);
    bring_back(&mut saved.main);
    if let Some(walk) = &mut saved.walk {
        for time in
            [&mut walk.cursor_at_start, &mut walk.began, &mut walk.newest, &mut walk.place.at]
        {
            bring_back(time);
        }
        if ahead(walk.place.point()).is_some() {
            walk.place =
                Place { token: stream.feed.root().paging.start(Some(latest)), ..Place::default() };
            walk.windows = Windows::default();
        }
    }
    if is_asked_for {
        return None;
    }
    let mut begin = incremental(stream, stream.reading(), saved, config, now);
    begin.repeat = Some(to_state(stream, &begin.position));
    begin.warnings.splice(0..0, saved.warnings.iter().cloned());
    Some(begin)
}

/// Whether the state is of a walk that never read a page, and whose start is later than the
/// configured one. Nothing was read from that start, so it has no effect.
fn never_read(stream: &ResolvedStream, saved: &Saved, config: &Config, now: Now) -> bool {
    let Some(walk) = saved.walk.as_ref().filter(|walk| walk.phase == Phase::Fresh) else {
        return false;
    };
    let from_start = saved.cursor.is_none() || saved.cursor == walk.start_bound;
    let start = config.start.unix(now.unix);
    stream.dated && from_start && walk.start_bound.is_some_and(|bound| start < bound)
}

/// A warning when the start date differs from that of the first read. A start date in days back
/// moves by itself, but never to an earlier date.
fn moved(stream: &ResolvedStream, start: Start, frozen: i64, now: Now) -> Option<String> {
    let (name, before, wanted) = (&stream.name, timestamp::to_iso(frozen), start.unix(now.unix));
    match start {
        Start::At(_) | Start::DaysBack(_) if wanted < frozen => Some(format!(
            "{name}: `start_date` is earlier than in the first sync, and the first value \
             ({before}) stays in effect. Reset (clear) this stream to backfill."
        )),
        Start::At(_) if wanted > frozen => Some(format!(
            "{name}: `start_date` is later than in the first sync ({before}), so older rows are \
             no longer read and those delivered before stay unchanged. Reset (clear) this stream \
             to remove them."
        )),
        _ => None,
    }
}

/// A warning when an earlier read began at a start date and the stream is now read whole. Its saved
/// position goes on, and only a reset brings the older rows.
fn incomplete(stream: &ResolvedStream, saved: &Saved, frozen: Option<i64>) -> Option<String> {
    if stream.dated || !stream.dated_on_request {
        return None;
    }
    let name = &stream.name;
    match frozen.map(timestamp::to_iso) {
        Some(before) => Some(format!(
            "{name}: rows that last changed before {before} are missing, because the first sync \
             started at that date. Reset (clear) this stream to read them, or set \
             `users_from_start_date` to leave them out."
        )),
        // Airbyte's connector writes no walk, and begins at its start date.
        None if saved.cursor.is_some() && saved.walk.is_none() => Some(format!(
            "{name}: the saved state is from another connector, which read no rows from before \
             its start date. Reset (clear) this stream to read them."
        )),
        None => None,
    }
}

/// A warning when Zendesk may have dropped rows since the saved position. If nothing was new for a
/// long time, the position is older than the last read.
fn forgotten(stream: &ResolvedStream, saved: &Saved, now: Now) -> Option<String> {
    let days = stream.feed.kept_days?;
    let ended = saved.walk.as_ref().filter(|walk| walk.phase == Phase::Done);
    let last = saved.cursor.max(ended.and_then(|walk| walk.began));
    let gone = last? < now.unix.saturating_sub(days * 86_400);
    gone.then(|| {
        format!(
            "{}: the last sync was more than {days} days ago, and Zendesk keeps these rows for \
             {days} days. Rows that Zendesk has dropped since then cannot be read.",
            stream.name
        )
    })
}

/// Whether a full pass is due. Some rows may change unseen: children without their parent, or rows
/// created long ago. So all of them are read again when the last full pass is old. If the state
/// knows of no full pass, the time of its cursor counts.
fn pass_is_due(walk: Option<&Walk>, flat: Option<i64>, now: Now) -> bool {
    let under_way = walk.is_some_and(|walk| walk.full_pass.under_way);
    let last = walk.and_then(|walk| walk.full_pass.ended).or(flat);
    !under_way && last.is_none_or(|last| now.unix.saturating_sub(last) > PASS_EVERY_SECONDS)
}

/// Begins a stream, or repeats its state without a request if the lower bound is too recent for the
/// feed.
fn nothing_yet(stream: &ResolvedStream, position: Position, now: Now) -> Begin {
    let lower = position.cursor.or(position.walk.start_bound);
    let too_young =
        lower.is_some_and(|lower| lower > now.unix.saturating_sub(YOUNGEST_BOUND_SECONDS));
    let in_the_middle = position.walk.phase == Phase::UnderWay;
    let repeat = (too_young && !in_the_middle).then(|| {
        let flat = position.cursor.or(position.walk.start_bound);
        to_state(stream, &Position { cursor: flat, ..position.clone() })
    });
    Begin { position, repeat, warnings: Vec::new() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::streams::registry;
    use crate::sync::records::filter::lower;

    const NOW: Now = Now { unix: 1_795_000_000, attempt: 0 };
    const START: &str = "2024-01-01T00:00:00Z";
    const START_UNIX: i64 = 1_704_067_200;

    fn config(start_date: Option<&str>) -> Config {
        let config = json!({"subdomain": "acme", "start_date": start_date,
            "credentials": {"credentials": "oauth2.0", "access_token": "x"}});
        Config::parse(config.to_string().as_bytes()).unwrap()
    }

    fn stream_of(name: &str) -> ResolvedStream {
        registry(&config(None)).into_iter().find(|stream| stream.name == name).unwrap()
    }

    fn begin_with(
        name: &str,
        mode: SyncMode,
        state: Value,
        start_date: Option<&str>,
        now: Now,
    ) -> Begin {
        let config = config(start_date);
        let stream = registry(&config).into_iter().find(|stream| stream.name == name).unwrap();
        begin(&stream, mode, state.as_object(), &config, now)
    }

    fn incremental(name: &str, state: Value, start_date: Option<&str>) -> Begin {
        begin_with(name, SyncMode::Incremental, state, start_date, NOW)
    }

    #[test]
    fn a_first_read_begins_at_the_start_date_or_two_years_back_where_data_is_dated() {
        let token =
            |name, start_date| incremental(name, json!(null), start_date).position.walk.place.token;
        assert_eq!(token("tickets", Some(START)), Token::StartTime(START_UNIX));
        assert_eq!(token("tickets", None), Token::StartTime(NOW.unix - 730 * 86_400));
        assert_eq!(token("organizations", Some(START)), Token::StartTime(0));
        assert_eq!(token("groups", Some(START)), Token::First);
    }

    #[test]
    fn an_absolute_start_date_always_bounds_and_another_than_before_is_told() {
        let walk = json!({"v": 1, "feed": "incremental_tickets", "kind": "cursor", "token": "t", "done": true, "bound": START_UNIX});
        let saved = json!({"generated_timestamp": "1720000000", "walk": walk});
        let same = incremental("tickets", saved.clone(), Some(START));
        assert_eq!(
            (same.position.walk.place.token, same.warnings.len()),
            (Token::Cursor("t".into()), 0)
        );
        let later = incremental("tickets", saved.clone(), Some("2025-01-01T00:00:00Z"));
        assert_eq!(later.position.walk.place.token, Token::StartTime(1_735_689_600));
        let warning = &later.warnings[0];
        assert!(warning.contains("later") && warning.contains("2024-01-01T00:00:00Z"), "{warning}");
        assert!(warning.contains("Reset"), "{warning}");
        // Once: the later date is the one that counts from then on.
        let state =
            serde_json::from_str(&to_state(&stream_of("tickets"), &later.position)).unwrap();
        let again = incremental("tickets", state, Some("2025-01-01T00:00:00Z"));
        assert_eq!(again.warnings, Vec::<String>::new());
        let earlier = incremental("tickets", saved.clone(), Some("2020-01-01T00:00:00Z"));
        assert_eq!(earlier.position.walk.place.token, Token::Cursor("t".into()));
        assert!(earlier.warnings[0].contains("Reset"), "{:?}", earlier.warnings);
        // The default of two years bounds a first read only.
        let default = incremental("tickets", saved, None);
        assert_eq!(default.position.walk.start_bound, Some(START_UNIX));
    }

    #[test]
    fn users_begin_at_the_beginning_and_a_position_that_did_not_says_so() {
        let walk = json!({"v": 1, "feed": "incremental_users", "kind": "cursor", "token": "t", "done": true, "bound": START_UNIX});
        for name in ["users", "user_identities"] {
            let first = incremental(name, json!(null), Some(START));
            assert_eq!(first.position.walk.place.token, Token::StartTime(0));
            assert_eq!((first.position.walk.start_bound, first.warnings.len()), (None, 0));
            let bounded = json!({"updated_at": "1720000000", "walk": walk});
            let bounded = incremental(name, bounded, Some(START));
            assert_eq!(bounded.position.walk.place.token, Token::Cursor("t".into()));
            let warning = &bounded.warnings[0];
            assert!(
                warning.contains("2024-01-01T00:00:00Z") && warning.contains("Reset"),
                "{warning}"
            );
            let theirs = incremental(name, json!({"updated_at": "1720000000"}), Some(START));
            assert_eq!(theirs.position.walk.place.token, Token::StartTime(1_720_000_000));
            assert!(theirs.warnings[0].contains("from another connector"), "{:?}", theirs.warnings);
        }
        let config = json!({"subdomain": "acme", "start_date": START, "users_from_start_date": true,
            "credentials": {"credentials": "oauth2.0", "access_token": "x"}});
        let config = Config::parse(config.to_string().as_bytes()).unwrap();
        let stream = registry(&config).into_iter().find(|stream| stream.name == "users").unwrap();
        let asked = begin(&stream, SyncMode::Incremental, None, &config, NOW);
        assert_eq!(asked.position.walk.place.token, Token::StartTime(START_UNIX));
    }

    #[test]
    fn days_back_bound_the_first_read_only_and_earlier_ones_are_told() {
        let today = NOW.unix - NOW.unix % DAY;
        let first = incremental("tickets", json!(null), Some("today-7"));
        assert_eq!(first.position.walk.place.token, Token::StartTime(today - 7 * DAY));
        let mut read = first.position.clone();
        read.begin(NOW.unix);
        let state = to_state(&stream_of("tickets"), &read);
        let state: Value = serde_json::from_str(&state).unwrap();
        // A month later the same option means another day, and nothing follows from that.
        let later = Now { unix: NOW.unix + 30 * DAY, ..NOW };
        let begin = |start_date| {
            begin_with("tickets", SyncMode::Incremental, state.clone(), Some(start_date), later)
        };
        let same = begin("7");
        assert_eq!(same.position.walk.start_bound, Some(today - 7 * DAY));
        assert_eq!(same.warnings, Vec::<String>::new());
        let earlier = begin("60 days");
        assert_eq!(earlier.position.walk.start_bound, Some(today - 7 * DAY));
        assert!(earlier.warnings[0].contains("earlier"), "{:?}", earlier.warnings);
        assert_eq!(incremental("organizations", json!(null), Some("today")).warnings.len(), 0);
    }

    #[test]
    fn a_start_from_which_no_page_was_read_binds_nothing() {
        let first = incremental("tickets", json!(null), Some("2205-01-01T00:00:00Z"));
        let state: Value = serde_json::from_str(&first.repeat.unwrap()).unwrap();
        let corrected = incremental("tickets", state.clone(), Some(START));
        assert_eq!(corrected.position.walk.place.token, Token::StartTime(START_UNIX));
        assert_eq!(corrected.position.walk.start_bound, Some(START_UNIX));
        assert_eq!(corrected.repeat, None);
        assert!(corrected.warnings[0].contains("is in the future"), "{:?}", corrected.warnings);
        let unset = incremental("tickets", state, None);
        assert_eq!(unset.position.walk.start_bound, Some(NOW.unix - 730 * DAY));
    }

    #[test]
    fn a_bound_that_is_too_young_asks_nothing_and_comes_back_unchanged() {
        for name in
            ["tickets", "ticket_metrics", "groups", "ticket_audits", "articles", "article_comments"]
        {
            let key = match name {
                "tickets" => "generated_timestamp",
                "ticket_metrics" => "_ab_updated_at",
                "ticket_audits" => "created_at",
                _ => "updated_at",
            };
            for ahead in [-60, 0, 3599] {
                let state = json!({ key: (NOW.unix + ahead).to_string(), "other": [1] });
                let begin = incremental(name, state.clone(), None);
                let repeat = begin.repeat.unwrap_or_else(|| panic!("{name} {state}"));
                assert_eq!(serde_json::from_str::<Value>(&repeat).unwrap(), state, "{name}");
                assert_eq!(begin.warnings, Vec::<String>::new());
            }
            let state = json!({ key: (NOW.unix - 61).to_string() });
            assert_eq!(incremental(name, state, None).repeat, None, "{name}");
        }
        let young = incremental("tickets", json!(null), Some("2222-01-01T00:00:00Z"));
        assert!(young.repeat.is_some_and(|state| state.contains("generated_timestamp")));
    }

    #[test]
    fn a_saved_time_of_the_future_is_told_once_and_reading_goes_on_from_the_newest_that_can_be() {
        let latest = NOW.unix - YOUNGEST_BOUND_SECONDS;
        for (name, key) in [
            ("tickets", "generated_timestamp"),
            ("ticket_metrics", "_ab_updated_at"),
            ("groups", "updated_at"),
            ("ticket_audits", "created_at"),
            ("satisfaction_ratings", "updated_at"),
            ("articles", "updated_at"),
            ("article_comments", "updated_at"),
        ] {
            for ahead in
                [json!("2099-01-01T00:00:00Z"), json!(NOW.unix + 3601), json!("9999-12-31")]
            {
                let begin = incremental(name, json!({ key: ahead }), None);
                assert_eq!(begin.warnings.len(), 1, "{:?}", begin.warnings);
                let warning = &begin.warnings[0];
                assert!(warning.contains("future") && warning.contains("reset"), "{warning}");
                // No request is made for a time that young, and the next read begins there.
                let state: Value = serde_json::from_str(&begin.repeat.unwrap()).unwrap();
                let later = Now { unix: NOW.unix + 3600, ..NOW };
                let again = begin_with(name, SyncMode::Incremental, state, None, later);
                assert_eq!((again.repeat, again.position.cursor), (None, Some(latest)), "{name}");
                assert_eq!(again.warnings, Vec::<String>::new(), "{name}");
            }
        }
        // What a listing gave of its own place is right, whatever the cursor says.
        let walk = json!({"v": 1, "feed": "incremental_tickets", "kind": "cursor", "token": "t", "done": true});
        let state = json!({"generated_timestamp": "4070908800", "walk": walk});
        let begin = incremental("tickets", state, None);
        assert_eq!(
            (begin.repeat, begin.position.walk.place.token),
            (None, Token::Cursor("t".into()))
        );
        let walk = json!({"v": 1, "feed": "incremental_organizations", "kind": "start_time", "token": "4070908800", "done": true});
        let state = json!({"updated_at": "4070908800", "walk": walk});
        let begin = incremental("organizations", state, None);
        assert_eq!(begin.position.walk.place.token, Token::StartTime(latest));
    }

    #[test]
    fn a_saved_time_in_parts_of_seconds_is_told_and_read_as_what_it_means() {
        for saved in [
            json!("1720000000000"),
            json!(1_720_000_000_000_u64),
            json!(1_720_000_000_000.0),
            json!("1720000000000000"),
            json!("1720000000000000000"),
        ] {
            let begin = incremental("tickets", json!({ "generated_timestamp": saved }), None);
            assert_eq!(
                (begin.repeat, begin.position.cursor),
                (None, Some(1_720_000_000)),
                "{saved}"
            );
            assert!(begin.warnings[0].contains("2024-07-03T09:46:40Z"), "{:?}", begin.warnings);
        }
    }

    #[test]
    fn a_start_date_of_the_future_that_was_frozen_binds_nothing() {
        let first = incremental("tickets", json!(null), Some("2205-01-01T00:00:00Z"));
        let state: Value = serde_json::from_str(&first.repeat.unwrap()).unwrap();
        let corrected = incremental("tickets", state, Some(START));
        assert_eq!(corrected.repeat, None);
        assert_eq!(corrected.position.walk.place.token, Token::StartTime(START_UNIX));
        assert!(corrected.warnings[0].contains("future"), "{:?}", corrected.warnings);
    }

    #[test]
    fn a_state_of_which_nothing_can_be_used_is_told() {
        for state in [
            json!({"foo": 1}),
            json!({"cursor": "2024-01-01T00:00:00Z"}),
            json!({"states": [{"cursor": {"x": "y"}}]}),
        ] {
            let begin = incremental("tickets", state.clone(), None);
            assert_eq!(begin.warnings.len(), 1, "{state} {:?}", begin.warnings);
        }
        for state in [
            json!(null),
            json!({}),
            json!({"updated_at": null}),
            json!({"states": [], "lookback_window": 0}),
        ] {
            assert_eq!(incremental("tickets", state, None).warnings, Vec::<String>::new());
        }
        let full = begin_with("tags", SyncMode::FullRefresh, json!({"foo": 1}), None, NOW);
        assert_eq!(full.warnings, Vec::<String>::new());
    }

    #[test]
    fn a_full_refresh_goes_on_only_inside_its_job() {
        let walk = |done: bool| json!({"walk": {"v": 1, "feed": "tags", "kind": "after", "token": "t", "full": true, "done": done}});
        let begin = |state, attempt| {
            begin_with("tags", SyncMode::FullRefresh, state, None, Now { attempt, ..NOW })
        };
        assert_eq!(begin(walk(false), 0).position.walk.place.token, Token::First);
        assert_eq!(begin(walk(false), 1).position.walk.place.token, Token::After("t".into()));
        assert!(begin(walk(true), 1).repeat.is_some() && begin(walk(true), 0).repeat.is_none());
        let marker = json!({"__ab_no_cursor_state_message": true});
        assert_eq!(begin(marker.clone(), 1).repeat, Some(marker.to_string()));
        assert!(begin(marker, 0).repeat.is_none());
        // A cursor is never a lower bound of a full refresh.
        let tickets = begin_with(
            "tickets",
            SyncMode::FullRefresh,
            json!({"generated_timestamp": "1720000000"}),
            Some(START),
            NOW,
        );
        assert_eq!(
            (tickets.position.cursor, tickets.position.walk.place.token),
            (None, Token::StartTime(START_UNIX))
        );
    }

    #[test]
    fn children_are_read_again_when_the_last_pass_is_a_week_old() {
        let state = |cursor: i64, passed: Option<i64>| {
            let walk = json!({"v": 1, "feed": "incremental_articles", "kind": "start_time", "token": cursor.to_string(), "done": true, "passed": passed});
            json!({"state": {"updated_at": cursor.to_string()}, "walk": walk})
        };
        let (fresh, stale) = (NOW.unix - 6 * 86_400, NOW.unix - 8 * 86_400);
        let token = |state| incremental("article_comments", state, None).position.walk.place.token;
        assert_eq!(token(state(fresh, Some(fresh))), Token::StartTime(fresh));
        assert_eq!(token(state(stale, Some(fresh))), Token::StartTime(stale));
        let pass = incremental("article_comments", state(fresh, Some(stale)), None);
        assert_eq!(
            (pass.position.walk.place.token, pass.position.cursor),
            (Token::StartTime(0), Some(fresh))
        );
        assert!(pass.position.walk.full_pass.under_way);
        // A state of Airbyte's connector knows of no pass; its cursor stands for one.
        assert_eq!(token(json!({"updated_at": fresh.to_string()})), Token::StartTime(fresh));
        assert_eq!(token(json!({"updated_at": stale.to_string()})), Token::StartTime(0));
    }

    const DAY: i64 = 86_400;

    fn begun(name: &str, state: &Value) -> (ResolvedStream, Begin) {
        let config = config(Some(START));
        let stream = registry(&config).into_iter().find(|stream| stream.name == name).unwrap();
        let begin = begin(&stream, SyncMode::Incremental, state.as_object(), &config, NOW);
        (stream, begin)
    }

    #[test]
    fn what_is_read_by_creation_is_read_whole_once_a_week_from_the_last_such_pass() {
        let state = |flat: i64, passed: i64| {
            let walk = json!({"v":1,"feed":"satisfaction_ratings","kind":"first","token":"",
                "done":true,"bound":START_UNIX,"passed":passed});
            json!({"updated_at":flat.to_string(),"walk":walk})
        };
        let yesterday = NOW.unix - DAY;
        let (stream, recent) = begun("satisfaction_ratings", &state(yesterday, NOW.unix - 6 * DAY));
        assert!(!recent.position.walk.full_pass.under_way);
        assert_eq!(lower(&stream, &recent.position), Some(yesterday));
        let passed = NOW.unix - 8 * DAY;
        let (stream, old) = begun("satisfaction_ratings", &state(yesterday, passed));
        assert!(old.position.walk.full_pass.under_way);
        assert_eq!(lower(&stream, &old.position), Some(passed - 60));
        let (stream, first) = begun("satisfaction_ratings", &json!({}));
        assert!(first.position.walk.full_pass.under_way);
        assert_eq!(lower(&stream, &first.position), Some(START_UNIX));
    }

    #[test]
    fn a_position_older_than_what_zendesk_keeps_is_told() {
        let warnings = |days: i64| {
            let at = zendesk::timestamp::to_iso(NOW.unix - days * DAY);
            begun("ticket_activities", &json!({ "updated_at": at })).1.warnings.len()
        };
        assert_eq!((warnings(29), warnings(31)), (0, 1));
    }

    #[test]
    fn rows_that_were_asked_for_of_late_are_not_told_to_be_gone_however_old_the_newest_is() {
        let warnings = |days: i64, is_done: bool| {
            let newest = zendesk::timestamp::to_iso(NOW.unix - 99 * DAY);
            let walk = json!({"v":1,"feed":"engagements","kind":"first","token":"",
                "done":is_done,"bound":START_UNIX,"began":NOW.unix - days * DAY});
            let state = json!({ "engagement_end_time": newest, "walk": walk });
            begun("engagements", &state).1.warnings.len()
        };
        assert_eq!((warnings(1, true), warnings(89, true), warnings(91, true)), (0, 0, 1));
        // That one did not end.
        assert_eq!(warnings(1, false), 1);
    }
}
