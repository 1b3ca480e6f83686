//! What the refusal of a child listing is about, and whether refused parents are single cases or a
//! failure of the whole stream. Pure.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};

use crate::streams::{FileKeys, ResolvedStream};
use crate::sync::WalkError;
use crate::sync::position::failing::Failures;
use crate::sync::position::frontier::{Answers, JUDGED_AFTER};
use zendesk::error::{ApiError, ErrorKind};

/// With fewer answers than this, refusals say nothing about a stream.
const FEWEST: usize = 3;

/// What the failure of a child listing is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// The parent, which is gone.
    Parent,
    /// The user who asks. This parent may be hidden from the user, or all parents.
    User,
    /// The request or the account. Every parent is answered alike.
    Request,
    /// Nothing certain. No usable answer came, about this parent or, in an outage, about any.
    Nothing,
    /// The whole stream.
    Stream,
}

/// Decides what the failure of a child listing is about.
///
/// Source: Zendesk's envelopes of errors. `RecordNotFound` says that an id is absent.
/// `InvalidEndpoint` says that the account lacks the route. A 404 without a name is the page of a
/// closed help center, or is not from Zendesk.
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

/// Whether every other file would fail in the same way.
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

/// The last answers of the listings of one child feed, and whether each was a refusal.
#[derive(Debug, Default)]
pub struct Refusals {
    recent: VecDeque<bool>,
    answers: u64,
    /// Answers that were not refusals.
    good: u64,
    /// Refusals that every parent would get.
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

    /// The number of refusals and of all answers, if no answer was good. With few answers these may
    /// be about single parents, so there is no result, unless every parent would be refused.
    #[must_use]
    pub fn all(&self) -> Option<(u64, u64)> {
        let is_said = self.of_all > 0 || self.recent.len() >= FEWEST;
        (self.good == 0 && is_said).then_some((self.answers, self.answers))
    }

    /// The number of refusals and of the last answers, if more than half of these were refusals.
    /// Before fifty answers, only the end of the walk gives a result.
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

/// The answers to the listings of each child feed, and to requests for files.
#[derive(Debug, Default)]
pub struct RefusalsByFeed {
    feeds: BTreeMap<String, (Refusals, Option<ApiError>)>,
    /// Answers that were not refusals and brought no rows.
    pub failures: Failures,
}

impl RefusalsByFeed {
    /// Notes the answer to a listing of this feed. `refused` is the error of a refusal.
    pub fn note(&mut self, feed: &str, refused: Option<ApiError>) {
        let (refusals, last) = self.feeds.entry(feed.to_owned()).or_default();
        refusals.note(refused.is_some());
        *last = refused.or(last.take());
    }

    /// Notes a refusal that every listing of this feed would get.
    pub fn note_of_all(&mut self, feed: &str, refused: ApiError) {
        self.note(feed, Some(refused));
        if let Some((refusals, _)) = self.feeds.get_mut(feed) {
            refusals.of_all += 1;
        }
    }

    /// How many answers a feed has had.
    #[must_use]
    pub fn count(&self, feed: &str) -> u64 {
        self.feeds.get(feed).map_or(0, |(refusals, _)| refusals.answers)
    }

    /// Notes the outcome of a stream's file.
    ///
    /// # Errors
    /// [`WalkError::NoFiles`] when too many of the last files did not come.
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

    /// The failure of a stream when too many of its files could not be fetched.
    fn too_many_files(&self, keys: FileKeys, at_end: bool) -> Option<WalkError> {
        let (refusals, last) = self.feeds.get(keys.answers)?;
        let (missing, of) = refusals.too_many(at_end)?;
        Some(WalkError::NoFiles { missing, of, last: last.clone()? })
    }

    /// The number of answers of each feed with at least one refusal. One feed's answers say nothing
    /// about another feed's refusals.
    #[must_use]
    pub fn answers(&self) -> Answers {
        let refusing = self.feeds.iter().filter(|(_, (_, last))| last.is_some());
        refusing.map(|(feed, (refusals, _))| (feed.clone(), refusals.answers)).collect()
    }

    /// Forgets a feed that is no longer read.
    pub fn forget(&mut self, feed: &str) {
        self.feeds.remove(feed);
    }

    /// The failure of a feed when none of its listings was read.
    #[must_use]
    pub fn none_read(&self, feed: &str) -> Option<WalkError> {
        let (refusals, last) = self.feeds.get(feed)?;
        let (refused, of) = refusals.all()?;
        Some(WalkError::Refused { refused, of, last: last.clone()? })
    }

    /// The failure of a feed when too many of its listings were refused.
    #[must_use]
    pub fn too_many(&self, feed: &str, at_end: bool) -> Option<WalkError> {
        let (refusals, last) = self.feeds.get(feed)?;
        let (refused, of) = refusals.too_many(at_end)?;
        Some(WalkError::Refused { refused, of, last: last.clone()? })
    }

    /// The streams that fail because too many of all their parents were refused.
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
