//! Decides which streams of a feed read next, and how far, when they stand at different places.
//! Pure.
//!
//! Streams at one place walk together. Other streams are joined from behind, two at a time. If the
//! stream ahead had finished its last walk, it reads first, because fresh data comes first. Then
//! the stream behind reads up to that place and takes it over. From then on they walk together. In
//! a listing in no order of time, the token alone identifies a place.

use super::Windows;
use super::search_bounds::Bounds;
use zendesk::paging::Token;

/// Where a stream stands when the next segment is planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalkProgress {
    pub token: Token,
    /// Whether the stream is read per parent of this feed. Its place is then the page of the
    /// parents whose children it reads.
    pub is_child: bool,
    /// The windows of the walk.
    pub windows: Windows,
    /// The place in the feed's own time, unix seconds. For a feed in no order of time, the number
    /// of pages walked.
    pub point: i64,
    pub searched: Option<Bounds>,
    /// Whether the stream is in the middle of a walk. Otherwise it is at the end of its last walk.
    pub under_way: bool,
    pub state: StreamState,
}

/// Whether a stream still reads in this sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamState {
    Reading,
    /// The stream waits out a refusal. The other streams of the walk go on, and it later reads on
    /// from its place.
    Behind,
    Done,
    Failed,
}

/// A segment of a feed that some streams read together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentPlan {
    pub who: Vec<usize>,
    /// The stream whose place ends the segment and is taken over. `None` reads to the feed's end.
    pub up_to: Option<usize>,
}

/// The next segment. `None` when no stream reads any more. `ordered` says that the feed lists by
/// time, so that one stream can catch up with another.
#[must_use]
pub fn next_segment(progress: &[WalkProgress], ordered: bool) -> Option<SegmentPlan> {
    let reading = |at: &usize| progress[*at].state == StreamState::Reading;
    let same_place = |a: usize, b: usize| {
        let (a, b) = (&progress[a], &progress[b]);
        let same_bounds = a.windows == b.windows && a.searched == b.searched;
        a.token == b.token && same_bounds && (!ordered || a.point == b.point)
    };
    let all: Vec<usize> = (0..progress.len()).collect();
    let together = |with: usize| -> Vec<usize> {
        let here = |at: &usize| reading(at) && same_place(*at, with);
        all.iter().copied().filter(here).collect()
    };
    let readers = || all.iter().copied().filter(reading);
    if !ordered {
        // Children stand at a page until they are read, while its own stream has gone on. Where
        // they never come to the aim's place, each reads to the end.
        let place = |at: &usize| (progress[*at].point, !progress[*at].is_child);
        let behind = readers().min_by_key(place)?;
        let is_aim = |at: &usize| {
            let (there, here) = (&progress[*at], &progress[behind]);
            // Another part of a search has no place of this one.
            let is_near = there.searched == here.searched;
            let is_further = there.token.is_servers() && there.point >= here.point;
            is_near && is_further && !same_place(*at, behind)
        };
        let up_to = readers().filter(is_aim).min_by_key(place);
        return Some(SegmentPlan { who: together(behind), up_to });
    }
    let place =
        |at: &usize| (progress[*at].point, progress[*at].token.is_servers(), usize::MAX - *at);
    let behind = readers().min_by_key(place)?;
    let ahead = readers().max_by_key(place)?;
    let somebody_done = progress.iter().any(|stream| stream.state == StreamState::Done);
    // One that is in windows has read beyond its place, here and there: it goes to the feed's end
    // first, and is nobody's aim before.
    let in_windows = |at: &usize| reading(at) && !progress[*at].windows.later.is_empty();
    if let Some(first) = all.iter().copied().find(in_windows).filter(|_| !somebody_done) {
        return Some(SegmentPlan { who: together(first), up_to: None });
    }
    if !progress[ahead].under_way && !somebody_done {
        return Some(SegmentPlan { who: together(ahead), up_to: None });
    }
    // Who stands at the very same place is no aim: what it will read is still to come.
    let further = |at: &usize| {
        let (there, here) = (&progress[*at], &progress[behind]);
        let is_whole = there.state == StreamState::Done
            || there.windows.later.is_empty() && here.windows.later.is_empty();
        let is_there = there.state != StreamState::Failed && there.point >= here.point;
        is_there && is_whole && !same_place(*at, behind)
    };
    let up_to = all.iter().copied().filter(further).min_by_key(place);
    Some(SegmentPlan { who: together(behind), up_to })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn progress_of(point: i64, under_way: bool, state: StreamState) -> WalkProgress {
        let (token, windows) = (Token::StartTime(point), Windows::default());
        WalkProgress { token, is_child: false, windows, point, searched: None, under_way, state }
    }

    fn check(progress: &[(i64, bool, StreamState)], who: &[usize], up_to: Option<usize>) {
        let progress: Vec<WalkProgress> = progress
            .iter()
            .map(|(point, under_way, state)| progress_of(*point, *under_way, *state))
            .collect();
        assert_eq!(next_segment(&progress, true), Some(SegmentPlan { who: who.to_vec(), up_to }));
    }

    #[test]
    fn equal_places_walk_as_one_and_others_join_from_behind() {
        use StreamState::{Done, Failed, Reading};
        check(&[(5, true, Reading), (5, false, Reading)], &[0, 1], None);
        // The one ahead had finished: it goes first, to the end.
        check(&[(5, true, Reading), (9, false, Reading)], &[1], None);
        // It is done: the one behind reads up to it.
        check(&[(5, true, Reading), (12, false, Done)], &[0], Some(1));
        // The one ahead is in the middle: the one behind catches up first.
        check(&[(5, false, Reading), (9, true, Reading)], &[0], Some(1));
        check(&[(5, true, Reading), (9, true, Reading), (7, true, Reading)], &[0], Some(2));
        // A leader that failed keeps nobody from reading.
        check(&[(5, true, Reading), (9, true, Failed)], &[0], None);
        assert_eq!(
            next_segment(&[progress_of(5, true, Done), progress_of(9, true, Failed)], true),
            None
        );
    }

    #[test]
    fn without_an_order_each_place_is_read_to_the_end() {
        let progress = [
            progress_of(5, true, StreamState::Reading),
            progress_of(9, false, StreamState::Reading),
        ];
        assert_eq!(next_segment(&progress, false), Some(SegmentPlan { who: vec![0], up_to: None }));
    }

    #[test]
    fn without_an_order_children_read_up_to_the_page_of_their_parents() {
        let at = |token: Token, is_child, point| WalkProgress {
            token,
            is_child,
            ..progress_of(point, true, StreamState::Reading)
        };
        let (here, there) = (Token::After("a".into()), Token::After("b".into()));
        let mut progress =
            [at(there.clone(), false, 7), at(here, true, 5), at(Token::First, false, 5)];
        assert_eq!(
            next_segment(&progress, false),
            Some(SegmentPlan { who: vec![1], up_to: Some(0) })
        );
        progress[1].token = there;
        assert_eq!(
            next_segment(&progress, false),
            Some(SegmentPlan { who: vec![0, 1], up_to: None })
        );
        progress[0].state = StreamState::Done;
        progress[1].state = StreamState::Done;
        assert_eq!(next_segment(&progress, false), Some(SegmentPlan { who: vec![2], up_to: None }));
    }

    proptest! {
        /// Whatever the places are: every stream ends, none reads backwards, and nothing between a
        /// stream's first place and the feed's end stays unread.
        #[test]
        fn everybody_reads_everything_once(
            starts in proptest::collection::vec((0_i64..20, any::<bool>(), any::<bool>()), 1..6),
            fails in proptest::collection::vec(any::<bool>(), 40),
        ) {
            let end = 30;
            let mut progress: Vec<WalkProgress> = starts
                .iter()
                .map(|(point, under_way, _)| progress_of(*point, *under_way, StreamState::Reading))
                .collect();
            let mut covered: Vec<Vec<(i64, i64)>> = vec![Vec::new(); starts.len()];
            let mut fails = fails.into_iter();
            let mut count = 0;
            while let Some(plan) = next_segment(&progress, true) {
                count += 1;
                prop_assert!(count <= 4 * starts.len());
                prop_assert!(!plan.who.is_empty());
                let to = plan.up_to.map_or(end, |leader| progress[leader].point);
                let fail = fails.next().unwrap_or(false) && starts.iter().any(|start| start.2);
                for at in &plan.who {
                    let from = progress[*at].point;
                    prop_assert!(to >= from);
                    if fail && starts[*at].2 {
                        progress[*at].state = StreamState::Failed;
                        continue;
                    }
                    covered[*at].push((from, to));
                    let leader = plan.up_to.map(|leader| progress[leader].clone());
                    progress[*at] = match leader {
                        Some(leader) => leader,
                        None => progress_of(end, false, StreamState::Done),
                    };
                }
            }
            for (at, stream) in progress.iter().enumerate() {
                if stream.state == StreamState::Failed {
                    continue;
                }
                prop_assert_eq!(stream.state, StreamState::Done);
                let mut reached = starts[at].0;
                for (from, to) in &covered[at] {
                    prop_assert_eq!(*from, reached);
                    reached = *to;
                }
                prop_assert_eq!(reached, end);
            }
        }
    }
}
