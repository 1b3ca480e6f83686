//! What a refusal of a listing of children speaks of, and whether refused parents are their own
//! affair or the whole stream's. Pure.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};

use crate::streams::{FileKeys, ResolvedStream};
use crate::sync::WalkError;
use crate::sync::position::failing::Failures;
use crate::sync::position::frontier::{Answers, JUDGED_AFTER};
use zendesk::error::{ApiError, ErrorKind};

/// Fewer answers than this say nothing about a stream.
const FEWEST: usize = 3;

/// What the failure of a listing of children speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// The parent, which is gone.
    Parent,
    /// Who asks: this parent may be hidden from the user, or all of them.
    User,
    /// The request or the account, so that every parent is answered alike.
    Request,
    /// Nothing: no answer came that can be used, of this parent or, in an outage, of any.
    Nothing,
    /// The whole stream.
    Stream,
}

/// What the failure of a listing of children speaks of.
///
/// Source: Zendesk's envelopes of errors. `RecordNotFound` says that an id is absent,
/// `InvalidEndpoint` that the account lacks the route; a 404 without a name is a closed help
/// center's page, or not Zendesk's at all.
#[must_use]
pub fn about(error: &WalkError) -> About {
    let WalkError::Api(error) = error else {
        return if matches!(error, WalkError::Broken { .. }) {
            About::Nothing
        } else {
            About::Stream
        };
    };
    match error.kind {
        ErrorKind::Unauthorized | ErrorKind::Forbidden => About::User,
        ErrorKind::NotFound if error.status == Some(410) => About::Parent,
        ErrorKind::NotFound if error.detail.starts_with("RecordNotFound") => About::Parent,
        ErrorKind::NotFound | ErrorKind::Invalid => About::Request,
        ErrorKind::Unavailable
        | ErrorKind::Unsettled
        | ErrorKind::Unreadable
        | ErrorKind::TooLarge
        | ErrorKind::Unexpected
        | ErrorKind::Intercepted
        | ErrorKind::Redirected
        | ErrorKind::BadPosition => About::Nothing,
        ErrorKind::Outage if error.again_in.is_none() => About::Nothing,
        ErrorKind::RateLimited
        | ErrorKind::Outage
        | ErrorKind::LongOutage
        | ErrorKind::Renamed
        | ErrorKind::NoAccount
        | ErrorKind::GrantEnded
        | ErrorKind::ClientRefused
        | ErrorKind::NoToken
        | ErrorKind::Unresolved
        | ErrorKind::Untrusted
        | ErrorKind::DiskFull
        | ErrorKind::Unwritable
        | ErrorKind::Stopped => About::Stream,
    }
}

/// Whether the failure of a file would be that of every file.
fn is_of_every_file(error: &ApiError) -> bool {
    matches!(
        error.kind,
        ErrorKind::Unauthorized
            | ErrorKind::Invalid
            | ErrorKind::Unavailable
            | ErrorKind::Unresolved
            | ErrorKind::Untrusted
    )
}

/// The last answers of a per-parent listing, and whether each was a refusal.
#[derive(Debug, Default)]
pub struct Refusals {
    recent: VecDeque<bool>,
    answers: u64,
    /// Answers that were no refusals.
    good: u64,
    /// Refusals that every parent would be answered with.
    of_all: u64,
}

impl Refusals {
    /// Notes an answer.
    pub fn note(&mut self, refused: bool) {
        self.answers += 1;
        self.good += u64::from(!refused);
        self.recent.push_back(refused);
        if self.recent.len() as u64 > JUDGED_AFTER {
            self.recent.pop_front();
        }
    }

    /// Refused and all answers, when none was good: of a few parents that may be their own
    /// affair, unless every parent would be answered so.
    #[must_use]
    pub fn all(&self) -> Option<(u64, u64)> {
        let is_said = self.of_all > 0 || self.recent.len() >= FEWEST;
        (self.good == 0 && is_said).then_some((self.answers, self.answers))
    }

    /// Refused and all of the last answers, when more than half were refused. Before fifty answers
    /// only the end of the walk can say so.
    #[must_use]
    pub fn too_many(&self, at_end: bool) -> Option<(u64, u64)> {
        if at_end && let Some(all) = self.all() {
            return Some(all);
        }
        let (refused, of) =
            (self.recent.iter().filter(|refused| **refused).count(), self.recent.len());
        let enough = of as u64 >= JUDGED_AFTER || (at_end && of >= FEWEST);
        (enough && refused * 2 > of).then_some((refused as u64, of as u64))
    }
}

/// How the listings of each child feed were answered, and requests for files.
#[derive(Debug, Default)]
pub struct RefusalsByFeed {
    feeds: BTreeMap<String, (Refusals, Option<ApiError>)>,
    /// Those that were no refusals and brought no rows either.
    pub failures: Failures,
}

impl RefusalsByFeed {
    /// Notes how a listing of this feed was answered.
    pub fn note(&mut self, feed: &str, refused: Option<ApiError>) {
        let (refusals, last) = self.feeds.entry(feed.to_owned()).or_default();
        refusals.note(refused.is_some());
        *last = refused.or(last.take());
    }

    /// Notes a refusal that every listing of this feed would be answered with.
    pub fn note_of_all(&mut self, feed: &str, refused: ApiError) {
        self.note(feed, Some(refused));
        if let Some((refusals, _)) = self.feeds.get_mut(feed) {
            refusals.of_all += 1;
        }
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
        match missing {
            Some(error) if is_of_every_file(&error) => self.note_of_all(keys.answers, error),
            missing => self.note(keys.answers, missing),
        }
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
        refusing.map(|(feed, (refusals, _))| (feed.clone(), refusals.answers)).collect()
    }

    /// Forgets a feed that is not read any more.
    pub fn forget(&mut self, feed: &str) {
        self.feeds.remove(feed);
    }

    /// The failure of a feed of which no listing was read.
    #[must_use]
    pub fn none_read(&self, feed: &str) -> Option<WalkError> {
        let (refusals, last) = self.feeds.get(feed)?;
        let (refused, of) = refusals.all()?;
        Some(WalkError::Refused { refused, of, last: last.clone()? })
    }

    /// The failure of a feed of which too many listings were refused.
    #[must_use]
    pub fn too_many(&self, feed: &str, at_end: bool) -> Option<WalkError> {
        let (refusals, last) = self.feeds.get(feed)?;
        let (refused, of) = refusals.too_many(at_end)?;
        Some(WalkError::Refused { refused, of, last: last.clone()? })
    }

    /// Streams that fail because too many of all their parents were refused.
    pub fn at_end<'s>(
        &self,
        streams: impl Iterator<Item = &'s ResolvedStream>,
    ) -> Vec<(Cow<'static, str>, WalkError)> {
        streams
            .filter_map(|stream| {
                let files = stream.file.and_then(|keys| self.too_many_files(keys, true));
                Some((stream.name.clone(), self.too_many(stream.feed.name(), true).or(files)?))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_failure_speaks_of_is_told_by_its_status_and_its_name() {
        let about = |kind, status, detail: &str| {
            let (request, detail) = (String::new(), detail.to_owned());
            let status = Some(status);
            about(&WalkError::Api(ApiError {
                kind,
                status,
                request,
                detail,
                again_in: None,
                is_zendesks: true,
            }))
        };
        use ErrorKind::{
            Forbidden, Intercepted, Invalid, NotFound, Outage, RateLimited, Stopped, Unavailable,
            Unexpected,
        };
        for (kind, status, detail, of) in [
            (NotFound, 404, "RecordNotFound: Not found", About::Parent),
            (NotFound, 410, "the body has no text", About::Parent),
            (NotFound, 404, "InvalidEndpoint: Not found", About::Request),
            (NotFound, 404, "The page you were looking for doesn't exist", About::Request),
            (NotFound, 404, "the body has no text", About::Request),
            (Invalid, 400, "", About::Request),
            (Invalid, 422, "RecordInvalid", About::Request),
            (Forbidden, 403, "", About::User),
            (Unavailable, 500, "", About::Nothing),
            (Unexpected, 418, "", About::Nothing),
            (Outage, 503, "", About::Nothing),
            (Intercepted, 403, "", About::Nothing),
            (RateLimited, 429, "", About::Stream),
            (Stopped, 0, "", About::Stream),
        ] {
            assert_eq!(about(kind, status, detail), of, "{status} {detail}");
        }
    }

    #[test]
    fn one_refusal_that_all_would_be_answered_with_is_enough_where_none_was_read() {
        let error = ApiError {
            kind: ErrorKind::Invalid,
            status: Some(422),
            request: String::new(),
            detail: String::new(),
            again_in: None,
            is_zendesks: true,
        };
        let mut refusals = RefusalsByFeed::default();
        refusals.note("votes", Some(error.clone()));
        assert_eq!(refusals.too_many("votes", true), None);
        refusals.note_of_all("votes", error.clone());
        assert!(
            refusals.too_many("votes", true).is_some() && refusals.none_read("votes").is_some()
        );
        assert_eq!(refusals.too_many("votes", false), None);
        (0..3).for_each(|_| refusals.note("votes", None));
        assert_eq!((refusals.too_many("votes", true), refusals.none_read("votes")), (None, None));
    }

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
