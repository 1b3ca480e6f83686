//! Parents whose children cannot be read although they are not refused: every try is answered with
//! 500, or with a body that cannot be read. A parent is passed over after it failed in several
//! syncs, if each of these syncs read the children of other parents. An outage does not count
//! against a parent. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::streams::ResolvedFeed;
use crate::sync::WalkError;
use crate::sync::position::path_params::PathParams;

/// How many syncs end at a parent before the next one passes it over.
const SYNCS: u8 = 3;

/// If this many parents fail in succession, it is an outage.
const OUTAGE: usize = 8;

/// How many failing parents a position remembers.
const MOST: usize = 16;

/// After this many failed listings below one parent, its other listings are not requested.
const MOST_BELOW: u64 = 3;

/// The longest text of a witness, in bytes.
const LONGEST_WITNESS: usize = 200;

/// The number of a failed parent that has no number in the frontier.
const NO_NUMBER: usize = usize::MAX;

/// Hexadecimal digits of a parent and of its count.
const DIGITS: usize = 17;

/// In how many syncs each parent failed. A position saves this.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failing {
    parents: Vec<(u64, u8)>,
    /// The ids of a listing that was read, such as `article_id=1,comment_id=2`. If a later sync
    /// reads no other listing, this one shows whether a parent fails alone.
    witness: String,
}

/// The outcomes of child listings in this walk, by feed.
#[derive(Debug, Default)]
pub struct Failures(BTreeMap<String, OfFeed>);

#[derive(Debug, Default)]
struct OfFeed {
    /// How many listings were read. `last_read` has the ids of the last one.
    read: u64,
    last_read: String,
    failed: BTreeMap<u64, Failed>,
    /// Parents that failed since the last listing was read.
    in_a_row: BTreeSet<u64>,
}

/// A failed parent. `number` is its number in the frontier, as soon as nothing below it is being
/// read. `listings` is the number of failed listings below it, and `error` the failure of the
/// first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    pub parent: u64,
    pub number: usize,
    pub listings: u64,
    pub error: WalkError,
}

/// The decision about the failed parents of a feed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Judged {
    pub passed_over: Vec<Failed>,
    /// The error with which the streams of the feed end here.
    pub end: Option<WalkError>,
    /// The parents at which this sync ended although other parents were read.
    pub counted: Vec<u64>,
}

impl Failing {
    fn count(&self, parent: u64) -> u8 {
        self.parents.iter().find(|(known, _)| *known == parent).map_or(0, |(_, count)| *count)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parents.is_empty()
    }

    /// Notes that a sync ended at this parent.
    pub fn failed(&mut self, parent: u64) {
        self.set(parent, self.count(parent).saturating_add(1).min(SYNCS));
    }

    /// Notes that this parent was passed over. From now on it is passed over after one failure.
    pub fn passed_over(&mut self, parent: u64) {
        self.set(parent, SYNCS + 1);
    }

    /// Keeps the ids of a listing that was read.
    pub fn keep_witness(&mut self, ids: &str) {
        if !ids.is_empty() && ids.len() <= LONGEST_WITNESS {
            ids.clone_into(&mut self.witness);
        }
    }

    /// The placeholders of a listing of this feed that was read in an earlier sync.
    #[must_use]
    pub fn witness(&self, feed: &ResolvedFeed) -> Option<PathParams> {
        let ids: BTreeMap<&str, &str> =
            self.witness.split(',').filter_map(|id| id.split_once('=')).collect();
        let parents = feed.lineage().into_iter().filter_map(|feed| feed.parent());
        let names = parents.flat_map(|parent| parent.fills).map(|(name, _)| *name);
        names.map(|name| Some((name, (*ids.get(name)?).to_owned()))).collect()
    }

    /// Forgets a parent that was read.
    pub fn read(&mut self, parent: u64) {
        self.parents.retain(|(known, _)| *known != parent);
    }

    fn set(&mut self, parent: u64, count: u8) {
        self.read(parent);
        if self.parents.len() >= MOST {
            // Those that are still waited for count more than those that were passed over.
            let oldest = self.parents.iter().position(|(_, count)| *count > SYNCS);
            if oldest.is_none() && count <= SYNCS {
                return;
            }
            self.parents.remove(oldest.unwrap_or_default());
        }
        self.parents.push((parent, count));
    }

    /// The text of a saved position.
    #[must_use]
    pub fn text(&self) -> String {
        let parent = |(parent, count): &(u64, u8)| format!("{parent:016x}{count:x}");
        let parents: String = self.parents.iter().map(parent).collect();
        format!("{parents};{}", self.witness)
    }

    /// Reads the text of a saved position. Malformed parts are left out.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        let entry = |chunk: &[u8]| {
            let text = std::str::from_utf8(chunk).ok()?;
            let (parent, count) = text.split_at_checked(DIGITS - 1)?;
            let count = u8::from_str_radix(count, 16).ok()?;
            let parent = u64::from_str_radix(parent, 16).ok()?;
            (1..=SYNCS + 1).contains(&count).then_some((parent, count))
        };
        let (text, witness) = text.split_once(';').unwrap_or((text, ""));
        let entries = text.as_bytes().chunks_exact(DIGITS).filter_map(entry);
        let mut failing = Self::default();
        entries.take(MOST).for_each(|(parent, count)| failing.set(parent, count));
        failing.keep_witness(witness);
        failing
    }
}

impl Failures {
    /// Notes that a listing of a feed was read. `path_params` filled its path.
    pub fn read(&mut self, feed: &str, path_params: &PathParams) {
        let of_feed = self.0.entry(feed.to_owned()).or_default();
        of_feed.read += 1;
        let ids: Vec<String> =
            path_params.iter().map(|(name, id)| format!("{name}={id}")).collect();
        of_feed.last_read = ids.join(",");
        of_feed.in_a_row.clear();
    }

    /// Notes that a listing below a parent failed.
    pub fn failed(&mut self, feed: &str, parent: u64, error: WalkError) {
        let of_feed = self.0.entry(feed.to_owned()).or_default();
        of_feed.in_a_row.insert(parent);
        let failed = Failed { parent, number: NO_NUMBER, listings: 0, error };
        of_feed.failed.entry(parent).or_insert(failed).listings += 1;
    }

    /// Notes that nothing below this parent is being read any more. Returns false if none of its
    /// listings failed or if they are judged already.
    pub fn settle(&mut self, parent: u64, number: usize) -> bool {
        let failed = self.0.values_mut().filter_map(|of_feed| of_feed.failed.get_mut(&parent));
        failed.map(|failed| failed.number = number).count() > 0
    }

    /// The ids of the last listing of a feed that was read. `None` if none was read.
    #[must_use]
    pub fn last_read(&self, feed: &str) -> Option<&str> {
        let of_feed = self.0.get(feed).filter(|of_feed| of_feed.read > 0);
        of_feed.map(|of_feed| of_feed.last_read.as_str())
    }

    /// Whether no more listings are requested below this parent, because many have failed.
    #[must_use]
    pub fn is_left_alone(&self, feed: &str, parent: u64) -> bool {
        let failed = self.0.get(feed).and_then(|of_feed| of_feed.failed.get(&parent));
        failed.is_some_and(|failed| failed.listings >= MOST_BELOW)
    }

    /// The feeds with failed parents.
    #[must_use]
    pub fn feeds(&self) -> Vec<String> {
        let failed = self.0.iter().filter(|(_, of_feed)| !of_feed.failed.is_empty());
        failed.map(|(feed, _)| feed.clone()).collect()
    }

    /// Judges the failed parents of a feed. `is_over` says that nothing more is read after these
    /// parents.
    pub fn judge(&mut self, feed: &str, failing: &Failing, is_over: bool) -> Judged {
        let mut judged = Judged::default();
        let Some(of_feed) = self.0.get_mut(feed) else { return judged };
        let first = |failed: &BTreeMap<u64, Failed>| {
            failed.values().min_by_key(|failed| failed.number).map(|failed| failed.error.clone())
        };
        if of_feed.in_a_row.len() >= OUTAGE {
            judged.end = first(&of_feed.failed);
            return judged;
        }
        let others_are_read =
            of_feed.read > 0 && of_feed.failed.len() as u64 <= of_feed.read.max(2);
        if others_are_read {
            let is_due = |parent: &u64| failing.count(*parent) >= SYNCS;
            let due: Vec<u64> = of_feed.failed.keys().copied().filter(is_due).collect();
            let due = due.iter().filter_map(|parent| of_feed.failed.remove(parent));
            judged.passed_over = due.collect();
        }
        if is_over {
            judged.end = first(&of_feed.failed);
            if others_are_read {
                let mut left: Vec<&Failed> = of_feed.failed.values().collect();
                left.sort_by_key(|failed| failed.number);
                judged.counted = left.into_iter().map(|failed| failed.parent).collect();
            }
        }
        judged
    }

    /// Forgets a feed. Returns the numbers of parents that failed in it and in no other feed.
    pub fn forget(&mut self, feed: &str) -> Vec<usize> {
        let failed = self.0.remove(feed).map(|of_feed| of_feed.failed).unwrap_or_default();
        let numbers = failed.into_values().map(|failed| failed.number);
        numbers.filter(|number| !self.holds(*number)).collect()
    }

    /// Whether a parent with this number failed in any feed.
    #[must_use]
    pub fn holds(&self, number: usize) -> bool {
        let mut failed = self.0.values().flat_map(|of_feed| of_feed.failed.values());
        failed.any(|failed| failed.number == number)
    }

    /// Notes that the frontier begins anew, so the numbers of parents are no longer valid. Failed
    /// parents still have to be judged.
    pub fn begin_anew(&mut self) {
        let failed = self.0.values_mut().flat_map(|of_feed| of_feed.failed.values_mut());
        failed.for_each(|failed| failed.number = NO_NUMBER);
    }

    /// Notes that this parent was read after all, or was refused. It may have failed before.
    pub fn recovered(&mut self, parent: u64) {
        for of_feed in self.0.values_mut() {
            of_feed.failed.remove(&parent);
        }
    }

    /// Whether a parent failed in one of these feeds.
    #[must_use]
    pub fn are_among(&self, feeds: &[ResolvedFeed]) -> bool {
        let failed =
            |feed: &ResolvedFeed| self.0.get(feed.name()).map(|of_feed| !of_feed.failed.is_empty());
        feeds.iter().any(|feed| failed(feed).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn broken() -> WalkError {
        WalkError::Broken { path: String::new(), why: "" }
    }

    fn failures(read: u64, failed: &[u64]) -> Failures {
        let mut failures = Failures::default();
        for parent in failed {
            failures.failed("votes", *parent, broken());
            failures.settle(*parent, *parent as usize);
        }
        (0..read).for_each(|_| failures.read("votes", &vec![("article_id", "5".to_owned())]));
        failures
    }

    #[test]
    fn a_parent_is_passed_over_after_three_syncs_that_read_others() {
        let mut failing = Failing::default();
        for sync in 1..=3 {
            let mut failures = failures(5, &[7]);
            assert_eq!(failures.judge("votes", &failing, false), Judged::default(), "{sync}");
            let judged = failures.judge("votes", &failing, true);
            assert_eq!((judged.end, &judged.counted), (Some(broken()), &vec![7]), "{sync}");
            judged.counted.into_iter().for_each(|parent| failing.failed(parent));
        }
        let mut failures = failures(5, &[7, 8]);
        let judged = failures.judge("votes", &failing, false);
        assert_eq!((judged.passed_over.len(), judged.end), (1, None));
        assert!(!failures.holds(7) && failures.holds(8));
        // Once it was passed over it need not fail in three syncs again.
        failing.passed_over(7);
        let judged = super::tests::failures(1, &[7]).judge("votes", &failing, true);
        assert_eq!((judged.passed_over.len(), judged.end), (1, None));
        failing.read(7);
        assert!(failing.is_empty());
    }

    #[test]
    fn an_outage_counts_against_nobody() {
        let mut failing = Failing::default();
        (0..9).for_each(|_| failing.failed(7));
        // Nobody was read; most failed; many failed one after another.
        for (read, failed) in [(0, vec![7]), (2, vec![7, 8, 9])] {
            let judged = failures(read, &failed).judge("votes", &failing, true);
            assert_eq!(
                (judged.end.is_some(), judged.counted, judged.passed_over),
                (true, vec![], vec![])
            );
        }
        let mut failures = Failures::default();
        (0..100).for_each(|_| failures.read("votes", &vec![("article_id", "5".to_owned())]));
        for parent in 0..8_u64 {
            assert_eq!(failures.judge("votes", &Failing::default(), false).end, None);
            failures.failed("votes", parent, broken());
        }
        let judged = failures.judge("votes", &failing, false);
        assert_eq!(
            (judged.end.is_some(), judged.counted, judged.passed_over),
            (true, vec![], vec![])
        );
    }

    #[test]
    fn below_one_parent_a_few_listings_fail_and_the_rest_is_left_alone() {
        let mut failures = Failures::default();
        for _ in 0..3 {
            assert!(!failures.is_left_alone("votes", 7));
            failures.failed("votes", 7, broken());
        }
        assert!(failures.is_left_alone("votes", 7) && !failures.is_left_alone("votes", 8));
        failures.failed("comments", 7, broken());
        assert!(failures.settle(7, 0) && !failures.settle(8, 1));
        assert_eq!(failures.forget("votes"), Vec::<usize>::new(), "the comments hold it");
        assert_eq!(failures.forget("comments"), vec![0]);
    }

    proptest! {
        #[test]
        fn what_is_remembered_is_bounded_and_survives_its_text(
            steps in proptest::collection::vec((0_u64..40, 0_u8..3), 0..200),
            noise in ".{0,60}",
        ) {
            let mut failing = Failing::default();
            for (parent, step) in steps {
                match step {
                    0 => failing.failed(parent),
                    1 => failing.passed_over(parent),
                    _ => failing.read(parent),
                }
                let text = failing.text();
                prop_assert!(text.len() <= MOST * DIGITS + 1);
                prop_assert_eq!(&Failing::from_text(&text), &failing);
            }
            let read = Failing::from_text(&noise);
            prop_assert!(read.parents.len() <= MOST);
        }
    }
}
