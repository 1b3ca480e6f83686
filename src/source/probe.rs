//! Which streams can be read: one small request per listing, and what its answer means.

use std::collections::BTreeMap;

use super::failure::is_too_long;
use super::identity::Asker;
use crate::config::Config;
use crate::streams::Stream;
use crate::sync::listing::pager::Listing;
use crate::zendesk::budget::Bucket;
use crate::zendesk::client::{Client, PageSize, Request, RequestStats};
use crate::zendesk::error::{ApiError, ErrorKind};
use crate::zendesk::site::Site;

/// What a probe found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    Readable,
    /// By Zendesk's own word: 403 or 404, 401 where the signature is good elsewhere, or a refusal of
    /// the user's own words.
    Refused(ApiError),
    /// Anything else, such as a limit that left no request.
    Unknown(ApiError),
}

/// Streams that one request speaks for.
#[derive(Clone, Debug)]
pub struct Group<'s> {
    /// The stream that is asked for.
    pub asked: &'s Stream,
    pub streams: Vec<&'s Stream>,
}

/// The streams of each scope that is missing.
#[must_use]
pub fn missing_scopes<'s>(
    streams: &'s [Stream],
    asker: &Asker<'_>,
) -> BTreeMap<&'static str, Vec<&'s str>> {
    let mut missing: BTreeMap<&'static str, Vec<&'s str>> = BTreeMap::new();
    for stream in streams.iter().filter(|stream| !asker.covers(stream)) {
        missing.entry(stream.scope).or_default().push(stream.name);
    }
    missing
}

/// Who speaks for whom: streams of one listing for each other, children for their parents. Of the
/// exports, which all share ten requests a minute, one speaks for all that have the same gate and
/// whose scopes are there alike.
#[must_use]
pub fn groups<'s>(streams: &'s [Stream], asker: &Asker<'_>) -> Vec<Group<'s>> {
    let mut groups: Vec<Group<'s>> = Vec::new();
    let is_export = |stream: &Stream| stream.feed.root().buckets.contains(&Bucket::Incremental);
    for stream in streams.iter().filter(|stream| stream.feed.parent.is_none()) {
        let speaks = |group: &&mut Group<'s>| {
            let asked = group.asked;
            std::ptr::eq(asked.feed, stream.feed)
                || (asker.token.is_none_or(|token| !token.scopes.is_empty())
                    && asker.identity.is_some()
                    && is_export(asked)
                    && is_export(stream)
                    && asked.access == stream.access
                    && asker.covers(asked) == asker.covers(stream))
        };
        match groups.iter_mut().find(speaks) {
            Some(group) => group.streams.push(stream),
            None => groups.push(Group { asked: stream, streams: vec![stream] }),
        }
    }
    for child in streams.iter().filter(|stream| stream.feed.parent.is_some()) {
        let root = child.feed.root();
        let is_parents = |group: &&mut Group<'s>| {
            group.streams.iter().any(|stream| std::ptr::eq(stream.feed, root))
        };
        if let Some(group) = groups.iter_mut().find(is_parents) {
            group.streams.push(child);
        }
    }
    groups
}

/// Asks for one row of a stream's listing, where help centers are read if it is of one.
pub async fn reach(
    client: &Client,
    stream: &Stream,
    walk: u64,
    config: &Config,
    help_center: Option<&Site>,
) -> Reach {
    let listing = Listing::new(stream.feed, stream.feed.path.to_owned(), &[stream], walk, config);
    // An export is asked for what is new, which is cheap for Zendesk.
    let recent = client.clock().now_unix().saturating_sub(3600);
    let at = stream.feed.paging.start(Some(recent));
    let request = Request {
        site: help_center.filter(|_| stream.feed.is_of_brands()),
        path: &listing.path,
        query: &listing.query,
        at: &at,
        buckets: stream.feed.buckets,
        walk,
        shape: &listing.shape,
        patience: None,
    };
    let mut size = PageSize::new(stream.feed.paging, Some(1));
    match client.get(&request, &mut size, &mut RequestStats::default()).await {
        Ok(_) => Reach::Readable,
        Err(error) if error.is_definite() || is_users_words(stream, &error) => {
            Reach::Refused(error)
        }
        Err(error) => Reach::Unknown(error),
    }
}

/// The names that Zendesk gives to refusals of something that an account, a plan or a role does not
/// have.
///
/// Sources: bodies of recorded answers; Zendesk, "Trigger Categories".
const REFUSALS: [&str; 8] = [
    "Forbidden",
    "AccessDenied",
    "Access Denied",
    "SupportProductInactive",
    "TriggerCategoriesNotEnabled",
    "RecordNotFound",
    "InvalidEndpoint",
    "NotFound",
];

/// How the page begins by which a help center or a community that is switched off answers 404.
const CLOSED: &str = "The page you were looking for doesn't exist";

/// Whether a refusal is Zendesk's own and definite word, by which a stream may be left out of a
/// catalog: 403 or 404 with one of its names, or the page of what is switched off. Pages of a
/// network have neither.
#[must_use]
pub fn is_last_word(error: &ApiError) -> bool {
    let name = error.detail.split_once(':').map_or(error.detail.as_str(), |(name, _)| name);
    let is_closed = error.status == Some(404) && error.detail.starts_with(CLOSED);
    matches!(error.status, Some(403 | 404))
        && matches!(error.kind, ErrorKind::Forbidden | ErrorKind::NotFound)
        && (REFUSALS.contains(&name) || is_closed)
}

/// How a listing failed that gave no answer in time: as its last try did.
#[must_use]
pub fn unanswered(client: &Client, path: &str) -> ApiError {
    let request = format!("GET /api/v2/{path}");
    let last = client.last_failure().filter(|error| error.request == request);
    last.unwrap_or(ApiError {
        kind: ErrorKind::Unavailable,
        status: None,
        request,
        detail: "no answer in time".into(),
        again_in: None,
        is_zendesks: false,
    })
}

/// Whether Zendesk refuses words that the user wrote.
#[must_use]
pub fn is_users_words(stream: &Stream, error: &ApiError) -> bool {
    stream.feed.words_of.is_some() && (error.kind == ErrorKind::Invalid || is_too_long(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::identity::{Identity, TokenFacts};
    use crate::streams::{Role, registry};
    use crate::zendesk::error::detail;

    #[test]
    fn only_zendesks_own_word_leaves_a_stream_out() {
        let says = |kind, status, body: &str| {
            let detail = detail(body.as_bytes(), &crate::secret::Secrets::default());
            is_last_word(&ApiError {
                kind,
                status: Some(status),
                request: String::new(),
                detail,
                again_in: None,
                is_zendesks: true,
            })
        };
        for body in [
            r#"{"error":{"title":"Forbidden","message":"You do not have access to this page."}}"#,
            r#"{"error":"SupportProductInactive","description":"no"}"#,
            r#"{"errors":[{"code":"TriggerCategoriesNotEnabled","title":"no","detail":"x"}]}"#,
            r#"{"error":"InvalidEndpoint","description":"Not found"}"#,
        ] {
            assert!(says(ErrorKind::Forbidden, 403, body) && says(ErrorKind::NotFound, 404, body));
            assert!(!says(ErrorKind::Unauthorized, 401, body));
        }
        let closed = "<html><h1>The page you were looking for doesn't exist</h1></html>";
        assert!(says(ErrorKind::NotFound, 404, closed));
        for body in
            ["", "{}", "[]", "<html><h1>403 Forbidden</h1></html>", "Access denied by the network"]
        {
            assert!(!says(ErrorKind::Forbidden, 403, body), "{body}");
            assert!(!says(ErrorKind::NotFound, 404, body), "{body}");
        }
    }

    fn streams() -> Vec<Stream> {
        let config =
            br#"{"subdomain":"acme","credentials":{"credentials":"oauth2.0","access_token":"x"}}"#;
        registry(&Config::parse(config).unwrap())
    }

    fn token(scopes: &[&str]) -> TokenFacts {
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        TokenFacts { scopes, ..TokenFacts::default() }
    }

    #[test]
    fn every_stream_is_spoken_for_once_and_exports_are_asked_once() {
        let streams = streams();
        let identity = Identity { id: 1, role: "admin".into() };
        let facts = token(&["read"]);
        let asker = Asker { identity: Some(&identity), token: Some(&facts) };
        let groups = groups(&streams, &asker);
        let mut spoken_for: Vec<&str> =
            groups.iter().flat_map(|group| &group.streams).map(|stream| stream.name).collect();
        assert_eq!(spoken_for.len(), streams.len());
        spoken_for.sort_unstable();
        spoken_for.dedup();
        assert_eq!(spoken_for.len(), streams.len());
        let exports = groups.iter().filter(|group| {
            group.asked.access.role == Role::Admin
                && group.asked.feed.buckets.contains(&Bucket::Incremental)
        });
        assert_eq!(exports.count(), 1);
    }

    #[test]
    fn missing_scopes_are_told_with_what_they_are_missing_for() {
        let streams = streams();
        let granular = token(&["tickets:read", "users:read", "organizations:read"]);
        let missing = missing_scopes(&streams, &Asker { identity: None, token: Some(&granular) });
        assert!(missing["hc:read"].contains(&"articles"), "{missing:?}");
        assert!(missing["read"].contains(&"ticket_audits"), "{missing:?}");
        assert!(!missing.contains_key("tickets:read"));
        let all = token(&["write", "read"]);
        assert!(missing_scopes(&streams, &Asker { identity: None, token: Some(&all) }).is_empty());
        assert!(missing_scopes(&streams, &Asker::default()).is_empty());
    }
}
