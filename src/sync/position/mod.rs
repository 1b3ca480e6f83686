//! Where a stream stands: the flat cursor that Airbyte's connector can read, and our own `walk`
//! beside it. Pure. Positions move with pages and ends, and are saved as the text of a state.

use self::deletions::DeliveredDeletions;
use self::digest::Digest;
use self::failing::Failing;
use crate::streams::{Order, ResolvedFeed};
use zendesk::paging::Token;

pub mod catch_up;
pub mod decode;
pub mod deletions;
pub mod digest;
pub mod encode;
pub mod ends;
pub mod failing;
pub mod frontier;
pub mod path_params;
pub mod places;
#[cfg(test)]
mod round_trip;
pub mod search_bounds;
pub mod windows;

/// The version of `walk` that this program writes. A newer one is ignored.
pub const WALK_VERSION: u64 = 1;

/// How many rows of a boundary second are remembered. If there are more, the second is delivered
/// again.
pub const MOST_SEEN: usize = 128;

/// How many rows each of several windows remembers. So sixteen windows fit into a state.
const MOST_SEEN_IN_WINDOWS: usize = 8;

/// A row that changes while a listing is read may be listed before its change. So rows that changed
/// within this time before the walk began are delivered again by the next walk.
pub const MARGIN_SECONDS: i64 = 60;

/// How long rows may change unseen before all of them are read again.
pub const PASS_EVERY_SECONDS: i64 = 7 * 86_400;

/// A stream's whole position.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// The flat cursor, unix seconds.
    pub cursor: Option<i64>,
    pub walk: Walk,
    /// For a stream on its fallback: where the stream's own feed was left. A state saves this as
    /// its flat cursor, and the fallback's own cursor in `walk`.
    pub main: Option<i64>,
}

/// What the flat cursor cannot hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Walk {
    pub place: Place,
    pub windows: Windows,
    pub phase: Phase,
    /// Whether a full refresh made it. Such a walk is resumed only inside one job.
    pub full: bool,
    /// The start date, frozen when the first walk began, unix seconds. It bounds dated streams.
    pub start_bound: Option<i64>,
    /// The flat cursor when this walk began.
    pub cursor_at_start: Option<i64>,
    /// Zendesk's time when this walk began, unix seconds.
    pub began: Option<i64>,
    /// The newest cursor value seen in this walk.
    pub newest: Option<i64>,
    /// When the search began that the stream read before its own feed. The feed's rows now replace
    /// the search's.
    pub searched: Option<i64>,
    pub deletions_delivered: DeliveredDeletions,
    /// The state of the full pass, for changes that nothing reports.
    pub full_pass: FullPass,
    pub children: WatchedChildren,
    /// How many pages the walk has moved. For a feed in no order of time, this shows which stream
    /// is ahead.
    pub pages: i64,
    /// The brand of the help center that the walk reads. Only set in the part of a state that is not
    /// keyed by a brand's id.
    pub brand: Option<u64>,
}

/// The windows of a walk's time. The place of the first window is the walk's place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Windows {
    /// Where the first window of a search begins, unix seconds. Tokens and rows of a search do not
    /// show it. `None` for an export.
    pub from: Option<i64>,
    /// Where the first window ends and the next begins, in the feed's own time. `None` if the walk
    /// ends with it.
    pub until: Option<i64>,
    /// The other windows, which are walked at the same time. The earliest is first.
    pub later: Vec<Window>,
}

/// What a stream that is read per parent knows about its parents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WatchedChildren {
    /// Up to when the events of changed children were read, unix seconds.
    pub silent_changes: Option<i64>,
    /// The counts of all parents at the last read.
    pub digest: Digest,
    /// When the counts were listed, unix seconds. Only set if that listing is long.
    pub counted_at: Option<i64>,
    /// Parents whose children could not be read.
    pub failing: Failing,
    /// How many rows of unfinished parents were delivered. It makes the state change while they are
    /// read.
    pub rows: u64,
}

/// Where a walk or a window goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    pub token: Token,
    /// How far a walk in the order of time has come, in the feed's own time.
    pub at: Option<i64>,
    /// Hashes of rows that were delivered at the token's second, or of parents that are finished
    /// after the token.
    pub seen: Vec<u64>,
}

impl Place {
    /// The place in the feed's own time.
    #[must_use]
    pub fn point(&self) -> Option<i64> {
        if let Token::StartTime(second) = self.token { Some(second) } else { self.at }
    }
}

/// A range of time of an export or of a search.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Window {
    pub place: Place,
    /// Where a window of a search begins. `None` for an export, where the place says so.
    pub from: Option<i64>,
    /// The time of the first row that belongs to the next window. `None` for the last window of an
    /// export.
    pub until: Option<i64>,
    /// Whether the window has ended. Only the last window of an export stays then, as the place
    /// where the next sync goes on.
    pub done: bool,
}

/// How far a walk is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    #[default]
    Fresh,
    UnderWay,
    Done,
}

/// The full pass: over all parents of a child stream, or over all rows of a stream that is read by
/// creation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FullPass {
    pub under_way: bool,
    /// When the last full pass began, unix seconds.
    pub ended: Option<i64>,
}

impl Position {
    /// Whether a read from here delivers all existing rows.
    #[must_use]
    pub fn is_at_the_beginning(&self) -> bool {
        self.cursor.is_none() && self.walk.phase == Phase::Fresh
    }

    /// Notes that the first page of a walk has come. `now_unix` is Zendesk's time.
    pub fn begin(&mut self, now_unix: i64) {
        let walk = &mut self.walk;
        if walk.phase != Phase::UnderWay {
            walk.phase = Phase::UnderWay;
            walk.began = Some(now_unix);
            walk.newest = None;
        }
        walk.began.get_or_insert(now_unix);
    }

    /// Notes the cursor value of a listed row.
    pub fn saw(&mut self, time: Option<i64>) {
        self.walk.newest = self.walk.newest.max(time);
    }

    /// Moves to the next page. `reached` is the feed's time at the page's end, for ordered feeds.
    pub fn next_page(&mut self, token: Token, reached: Option<i64>, seen: Vec<u64>, now_unix: i64) {
        self.walk.pages = self.walk.pages.saturating_add((self.walk.place.token != token).into());
        self.walk.place.token = token;
        self.walk.place.seen = seen;
        self.reach(reached, now_unix);
    }

    /// Moves to the walk's end.
    pub fn end(
        &mut self,
        order: Order,
        token: Token,
        reached: Option<i64>,
        seen: Vec<u64>,
        now_unix: i64,
    ) {
        if self.is_search() && self.has_windows() {
            // Only the first window of the search has ended; the cursor waits for the last one.
            self.end_window(0, Place::default(), now_unix);
            return;
        }
        self.walk.windows = Windows::default();
        let ordered = matches!(order, Order::ByTime(_));
        let keeps_place = ordered || order == Order::ByCursor;
        self.walk.place.token = if keeps_place { token } else { Token::First };
        self.walk.place.seen = seen;
        self.walk.phase = Phase::Done;
        self.walk.children.rows = 0;
        self.walk.pages = 0;
        if std::mem::take(&mut self.walk.full_pass.under_way) {
            self.walk.full_pass.ended = self.walk.began;
        }
        if ordered {
            self.reach(reached, now_unix);
            // A feed without a single row has been read from its bound to now.
            self.cursor = self.cursor.or(self.walk.start_bound);
        } else {
            let safe = self.walk.began.unwrap_or(now_unix).saturating_sub(MARGIN_SECONDS);
            let seen = self.walk.newest.map(|newest| newest.min(safe));
            let start = self.walk.start_bound.unwrap_or_default();
            self.cursor = Some(seen.or(self.walk.cursor_at_start).unwrap_or(start))
                .max(self.walk.cursor_at_start);
        }
        // The next walk filters by what is flat now.
        self.walk.cursor_at_start = self.cursor;
    }

    /// Takes over the place of a stream that is ahead on the same ordered feed. `seen` are this
    /// stream's own hashes for that place. Everything up to there has been delivered.
    pub fn take_over(&mut self, ahead: &Self, seen: Vec<u64>, now_unix: i64) {
        let (token, reached) = (ahead.walk.place.token.clone(), ahead.walk.place.point());
        // It may have read a few rows beyond. From now on both stand at one place.
        self.walk.place.at = None;
        if ahead.walk.phase == Phase::Done {
            self.end(Order::ByTime(""), token, reached.or(ahead.cursor), seen, now_unix);
        } else {
            self.walk.windows.clone_from(&ahead.walk.windows);
            self.next_page(token, reached, seen, now_unix);
            self.walk.pages = ahead.walk.pages;
        }
    }

    /// Sends the walk back to where it began, because the server no longer knows its token.
    pub fn restart(&mut self, feed: &ResolvedFeed) {
        let from = match feed.order {
            // An ordered feed has delivered everything up to its flat cursor.
            Order::ByTime(_) if self.moves_with_pages() => self.cursor,
            Order::ByTime(_) => None,
            Order::ByCursor | Order::NewestFirst | Order::Other => None,
        };
        self.walk.place.token = feed.paging.start(from.or(self.walk.start_bound));
        self.walk.place.seen.clear();
        self.walk.place.at = from;
        self.walk.pages = 0;
    }

    /// Whether the flat cursor moves with the pages. During a full pass over all parents it stays
    /// where it was.
    fn moves_with_pages(&self) -> bool {
        !(self.walk.full_pass.under_way && self.walk.cursor_at_start.is_some())
    }

    fn reach(&mut self, reached: Option<i64>, now_unix: i64) {
        self.walk.place.at = self.walk.place.at.max(reached);
        let done = self.walk.phase == Phase::Done;
        if done || self.moves_with_pages() {
            // A row that claims to be of the future must not stop all later reads.
            self.cursor = self.cursor.max(self.walk.place.at.map(|at| at.min(now_unix)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::decode::{hashes_from, numbers_from};
    use super::encode::{hashes_text, numbers_text, to_state};
    use super::*;
    use std::collections::BTreeSet;

    use serde_json::Value;

    const ORDERED: Order = Order::ByTime("updated_at");

    fn at(flat: Option<i64>) -> Position {
        Position {
            cursor: flat,
            walk: Walk { cursor_at_start: flat, ..Walk::default() },
            main: None,
        }
    }

    #[test]
    fn an_ordered_walk_moves_with_every_page_and_never_into_the_future() {
        let mut position = at(Some(100));
        position.begin(1000);
        position.next_page(Token::StartTime(200), Some(200), vec![1], 1000);
        assert_eq!(position.cursor, Some(200));
        position.end(ORDERED, Token::StartTime(5000), Some(5000), vec![], 1001);
        assert_eq!((position.cursor, position.walk.phase), (Some(1001), Phase::Done));
    }

    #[test]
    fn any_other_walk_moves_at_its_end_and_not_past_what_can_change_behind_it() {
        for (start, newest, expected) in [
            (Some(100), Some(500), Some(500)),
            (Some(100), Some(990), Some(940)),
            (Some(100), Some(50), Some(100)),
            (Some(980), Some(990), Some(980)),
            (Some(100), None, Some(100)),
            (None, None, Some(7)),
            (None, Some(500), Some(500)),
        ] {
            let mut position = at(start);
            position.walk.start_bound = Some(7);
            position.begin(1000);
            position.saw(newest);
            position.next_page(Token::After("a".into()), None, vec![], 1000);
            assert_eq!(position.cursor, start);
            position.end(Order::Other, Token::First, None, vec![], 2000);
            assert_eq!(position.cursor, expected, "{start:?} {newest:?}");
        }
    }

    #[test]
    fn a_pass_over_all_parents_leaves_the_flat_cursor_until_its_end() {
        let mut position = at(Some(500));
        position.walk.full_pass.under_way = true;
        position.walk.place.token = Token::StartTime(0);
        position.begin(1000);
        position.next_page(Token::StartTime(300), Some(300), vec![], 1000);
        assert_eq!((position.cursor, position.walk.place.at), (Some(500), Some(300)));
        position.end(ORDERED, Token::StartTime(700), Some(700), vec![], 1200);
        assert_eq!((position.cursor, position.walk.full_pass.ended), (Some(700), Some(1000)));
    }

    #[test]
    fn a_childs_own_time_is_in_its_format_and_its_parents_in_unix_seconds() {
        let config =
            br#"{"subdomain":"a","credentials":{"credentials":"oauth2.0","access_token":"t"}}"#;
        let streams = crate::streams::registry(&crate::config::Config::parse(config).unwrap());
        let written = |name| {
            let stream = streams.iter().find(|stream| stream.name == name).unwrap();
            serde_json::from_str::<Value>(&to_state(stream, &at(Some(100)))).unwrap()
        };
        let state = written("side_conversations");
        assert_eq!(state["state"]["updated_at"], "1970-01-01T00:01:40Z");
        assert_eq!(state["parent_state"]["tickets"]["generated_timestamp"], "100");
        let state = written("post_comment_votes");
        let above = &state["parent_state"]["post_comments"];
        assert_eq!(above["state"]["updated_at"], "100");
        assert_eq!(above["parent_state"]["posts"]["updated_at"], "100");
    }

    #[test]
    fn numbers_and_hashes_survive_their_text() {
        let numbers: BTreeSet<u64> = [0, 1, 28_835_702_984_212, u64::MAX].into();
        assert_eq!(numbers_from(&numbers_text(&numbers)), numbers);
        assert_eq!(hashes_from(&hashes_text(&[1, u64::MAX])), [1, u64::MAX]);
        assert!(numbers_from("x.1").is_empty() && numbers_from("ffffffffffffffff.1").is_empty());
        assert!(hashes_from("nonsense é").is_empty());
    }
}
