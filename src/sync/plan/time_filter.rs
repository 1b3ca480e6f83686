//! The parameters that send the lower time bound to a listing. They are made from values that are
//! frozen when a walk begins, so that a resumed walk requests the same listing. Pure. The
//! parameters of a search are made from each window's own bounds
//! ([`search::query`](crate::sync::position::search_bounds::query)).

use crate::streams::{ResolvedFeed, TimeFilter};
use crate::sync::position::{MARGIN_SECONDS, Position};
use zendesk::timestamp;

/// Begins the walk if it has not begun, and returns its parameters. `now_unix` is Zendesk's time.
pub fn begin(
    feed: &ResolvedFeed,
    position: &mut Position,
    now_unix: i64,
) -> Vec<(&'static str, String)> {
    if matches!(feed.since, TimeFilter::Unsent | TimeFilter::Windows { .. }) {
        return Vec::new();
    }
    position.begin(now_unix);
    bounds(feed, position, now_unix)
}

/// The parameters of a walk that has begun, also those of listings below its rows.
pub fn bounds(
    feed: &ResolvedFeed,
    position: &Position,
    now_unix: i64,
) -> Vec<(&'static str, String)> {
    let walk = &position.walk;
    let lower = walk.cursor_at_start.or(walk.start_bound).unwrap_or_default();
    match feed.since {
        TimeFilter::Unsent | TimeFilter::Windows { .. } => Vec::new(),
        TimeFilter::Created { overlap_seconds } => {
            let lower =
                if walk.full_pass.under_way { walk.start_bound.unwrap_or_default() } else { lower };
            let start = lower.saturating_sub(overlap_seconds).max(0);
            vec![("start_time", start.to_string())]
        }
        TimeFilter::Between(from, to) => {
            // The last minute is left to the next walk: rows may still come up in it.
            let upper = walk.began.unwrap_or(now_unix).saturating_sub(MARGIN_SECONDS);
            vec![(from, timestamp::to_iso(lower)), (to, timestamp::to_iso(upper.max(lower)))]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::registry;
    use crate::sync::position::Walk;
    use zendesk::timestamp;

    /// The parameters of a stream's walk, and those of the same walk when it is resumed.
    fn parameters(stream: &str, walk: Walk) -> Vec<(&'static str, String)> {
        let config =
            br#"{"subdomain":"a","credentials":{"credentials":"oauth2.0","access_token":"t"}}"#;
        let streams = registry(&crate::config::Config::parse(config).unwrap());
        let feed = streams.into_iter().find(|known| known.name == stream).unwrap().feed;
        let mut position = Position { cursor: walk.cursor_at_start, walk, main: None };
        let first = begin(&feed, &mut position, 1_000_000);
        assert_eq!(begin(&feed, &mut position, 2_000_000), first);
        first
    }

    #[test]
    fn a_walk_asks_for_what_its_begin_froze() {
        let walk = |cursor| Walk {
            start_bound: Some(500_000),
            cursor_at_start: cursor,
            ..Walk::default()
        };
        assert_eq!(parameters("posts", walk(None)), []);
        let ratings = |walk| parameters("satisfaction_ratings", walk)[0].clone();
        assert_eq!(ratings(walk(Some(900_000))), ("start_time", "813600".to_owned()));
        assert_eq!(ratings(walk(None)), ("start_time", "413600".to_owned()));
        let mut pass = walk(Some(900_000));
        pass.full_pass.under_way = true;
        assert_eq!(ratings(pass), ("start_time", "413600".to_owned()));
        let name = "filter[created_at][]";
        let bounds = [(name, "1970-01-11T10:00:00Z".into()), (name, "1970-01-12T13:45:40Z".into())];
        assert_eq!(parameters("audit_logs", walk(Some(900_000))), bounds);
        let later = 999_999;
        assert_eq!(parameters("audit_logs", walk(Some(later)))[0].1, timestamp::to_iso(later));
    }
}
