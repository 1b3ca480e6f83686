//! Whether refused parents are their own affair or the whole stream's. Pure.

use std::collections::{BTreeMap, VecDeque};

use super::WalkError;
use super::frontier::{Answers, JUDGED_AFTER};
use crate::streams::{FileKeys, Stream};
use crate::zendesk::error::ApiError;

/// Fewer answers than this say nothing about a stream.
const FEWEST: usize = 3;

/// The last answers of a per-parent listing, and whether each was a 401 or 403.
#[derive(Debug, Default)]
pub struct Refusals {
    recent: VecDeque<bool>,
    answers: u64,
}

impl Refusals {
    /// Notes an answer.
    pub fn note(&mut self, refused: bool) {
        self.answers += 1;
        self.recent.push_back(refused);
        if self.recent.len() as u64 > JUDGED_AFTER {
            self.recent.pop_front();
        }
    }

    /// Refused and all of the last answers, when more than half were refused. Before fifty answers
    /// only the end of the walk can say so.
    #[must_use]
    pub fn too_many(&self, at_end: bool) -> Option<(u64, u64)> {
        let (refused, of) =
            (self.recent.iter().filter(|refused| **refused).count(), self.recent.len());
        let enough = of as u64 >= JUDGED_AFTER || (at_end && of >= FEWEST);
        (enough && refused * 2 > of).then_some((refused as u64, of as u64))
    }
}

/// How the listings of each child feed were answered, and requests for files.
#[derive(Debug, Default)]
pub struct RefusalsByFeed {
    feeds: BTreeMap<&'static str, (Refusals, Option<ApiError>)>,
}

impl RefusalsByFeed {
    /// Notes how a listing of this feed was answered.
    pub fn note(&mut self, feed: &'static str, refused: Option<ApiError>) {
        let (refusals, last) = self.feeds.entry(feed).or_default();
        refusals.note(refused.is_some());
        *last = refused.or(last.take());
    }

    /// How many answers have come of a feed.
    #[must_use]
    pub fn count(&self, feed: &str) -> u64 {
        self.feeds.get(feed).map_or(0, |(refusals, _)| refusals.answers)
    }

    /// Notes how a file of a stream came out.
    ///
    /// # Errors
    /// [`WalkError::NoFiles`] when too many of the last did not come.
    pub fn note_file(
        &mut self,
        keys: FileKeys,
        missing: Option<ApiError>,
    ) -> Result<(), WalkError> {
        self.note(keys.answers, missing);
        self.too_many_files(keys, false).map_or(Ok(()), Err)
    }

    /// The failure of a stream of which too many files could not be had.
    fn too_many_files(&self, keys: FileKeys, at_end: bool) -> Option<WalkError> {
        let (refusals, last) = self.feeds.get(keys.answers)?;
        let (missing, of) = refusals.too_many(at_end)?;
        Some(WalkError::NoFiles { missing, of, last: last.clone()? })
    }

    /// How many answers have come of each feed that refused any. One feed's answers say nothing
    /// about another's refusals.
    #[must_use]
    pub fn answers(&self) -> Answers {
        let refusing = self.feeds.iter().filter(|(_, (_, last))| last.is_some());
        refusing.map(|(feed, (refusals, _))| (*feed, refusals.answers)).collect()
    }

    /// Forgets a feed that is not read any more.
    pub fn forget(&mut self, feed: &str) {
        self.feeds.remove(feed);
    }

    /// The failure of a feed of which too many listings were refused.
    #[must_use]
    pub fn too_many(&self, feed: &str, at_end: bool) -> Option<WalkError> {
        let (refusals, last) = self.feeds.get(feed)?;
        let (refused, of) = refusals.too_many(at_end)?;
        Some(WalkError::Refused { refused, of, last: last.clone()? })
    }

    /// Streams that fail because too many of all their parents were refused.
    pub fn at_end(
        &self,
        streams: impl Iterator<Item = &'static Stream>,
    ) -> Vec<(&'static str, WalkError)> {
        streams
            .filter_map(|stream| {
                let files = stream.file.and_then(|keys| self.too_many_files(keys, true));
                Some((stream.name, self.too_many(stream.feed.name, true).or(files)?))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_half_of_the_last_fifty_or_of_all_at_the_end_is_too_many() {
        let mut refusals = Refusals::default();
        refusals.note(true);
        refusals.note(true);
        assert_eq!((refusals.too_many(false), refusals.too_many(true)), (None, None));
        refusals.note(false);
        assert_eq!((refusals.too_many(false), refusals.too_many(true)), (None, Some((2, 3))));
        (0..48).for_each(|_| refusals.note(false));
        assert_eq!(refusals.too_many(true), None);
        (0..25).for_each(|_| refusals.note(true));
        assert_eq!(refusals.too_many(false), None);
        refusals.note(true);
        assert_eq!(refusals.too_many(false), Some((26, 50)));
    }
}
