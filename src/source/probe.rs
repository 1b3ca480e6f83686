//! Finds out which streams can be read: one small request for each listing, and what its answer
//! means.

use std::collections::BTreeMap;

use futures_util::future::join_all;

use super::asker::Asker;
use super::refusals::is_users_words;
use crate::config::Config;
use crate::streams::{ResolvedStream, RowsAt};
use crate::sync::listing::pager::Listing;
use zendesk::budget::Bucket;
use zendesk::client::{Client, PageSize, Request, RequestStats};
use zendesk::error::{ApiError, ErrorKind};
use zendesk::page::Page;
use zendesk::paging::Paging;
use zendesk::site::Site;

/// What a probe found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    Readable {
        /// The number of rows of the listing, if the probe's answer holds or counts all of them.
        rows: Option<u64>,
    },
    /// Zendesk definitely refuses it: 403 or 404, 401 while the signature works elsewhere, or a
    /// refusal of words that the user wrote.
    Refused(ApiError),
    /// Anything else, such as a limit that left no request.
    Unknown(ApiError),
}

/// Streams for which the answer to one request counts.
#[derive(Clone, Debug)]
pub struct Group<'s> {
    /// The stream that the request is for.
    pub asked: &'s ResolvedStream,
    pub streams: Vec<&'s ResolvedStream>,
}

/// Listings that need the same feature and the same role. A user who can read one of them can read
/// all.
#[derive(Clone, Debug)]
pub struct Gate<'s> {
    first: Group<'s>,
    others: Vec<Group<'s>>,
}

impl<'s> Gate<'s> {
    /// The stream that the first request is for.
    #[must_use]
    pub fn asked(&self) -> &'s ResolvedStream {
        self.first.asked
    }

    /// Asks what each listing answers. The answer of the first counts for all, unless it is a
    /// refusal. A refusal may concern only that listing, so then every listing is asked.
    pub async fn ask(
        &self,
        reach: impl AsyncFn(&'s ResolvedStream) -> Option<Reach>,
    ) -> Vec<(&Group<'s>, Option<Reach>)> {
        let first = reach(self.first.asked).await;
        // It speaks for whether others can be read, not for how many rows they have.
        let of_others = match &first {
            Some(Reach::Readable { .. }) => Some(Reach::Readable { rows: None }),
            other => other.clone(),
        };
        let mut answers = vec![(&self.first, first.clone())];
        if matches!(first, Some(Reach::Refused(_))) {
            let reach = &reach;
            let asking = self.others.iter().map(async |group| (group, reach(group.asked).await));
            answers.extend(join_all(asking).await);
        } else {
            answers.extend(self.others.iter().map(|group| (group, of_others.clone())));
        }
        answers
    }
}

/// The missing scopes, each with the streams that need it.
#[must_use]
pub fn missing_scopes<'s>(
    streams: &'s [ResolvedStream],
    asker: &Asker<'_>,
) -> BTreeMap<&'static str, Vec<&'s str>> {
    let mut missing: BTreeMap<&'static str, Vec<&'s str>> = BTreeMap::new();
    for stream in streams.iter().filter(|stream| !asker.covers(stream)) {
        missing.entry(stream.scope).or_default().push(&stream.name);
    }
    missing
}

/// The listings to ask, grouped by what may keep the user from reading them.
#[must_use]
pub fn gates<'s>(streams: &'s [ResolvedStream], asker: &Asker<'_>) -> Vec<Gate<'s>> {
    let mut gates: Vec<Gate<'s>> = Vec::new();
    for group in groups(streams, asker) {
        // A plan alone opens many things, and each may be withheld by itself.
        let has_gate = group.asked.access.feature.is_some();
        let is_same =
            |gate: &&mut Gate<'s>| has_gate && are_alike(gate.asked(), group.asked, asker);
        match gates.iter_mut().find(is_same) {
            Some(gate) => gate.others.push(group),
            None => gates.push(Gate { first: group, others: Vec::new() }),
        }
    }
    gates
}

/// Whether two streams have the same needs, and the user and the token meet the same part of them.
/// False if the user is not known, or if the token does not list its scopes.
fn are_alike(one: &ResolvedStream, other: &ResolvedStream, asker: &Asker<'_>) -> bool {
    asker.token.is_none_or(|token| !token.scopes.is_empty())
        && asker.identity.is_some()
        && one.access == other.access
        && one.feed.is_of_brands() == other.feed.is_of_brands()
        && asker.covers(one) == asker.covers(other)
}

/// Groups the streams for which one answer counts: streams of one listing, and children with their
/// parents. All exports share ten requests a minute, so one export counts for all that are
/// alike ([`are_alike`]).
fn groups<'s>(streams: &'s [ResolvedStream], asker: &Asker<'_>) -> Vec<Group<'s>> {
    let mut groups: Vec<Group<'s>> = Vec::new();
    let is_export =
        |stream: &ResolvedStream| stream.feed.root().buckets.contains(&Bucket::Incremental);
    for stream in streams.iter().filter(|stream| stream.feed.parent.is_none()) {
        let speaks = |group: &&mut Group<'s>| {
            let asked = group.asked;
            asked.feed == stream.feed
                || (is_export(asked) && is_export(stream) && are_alike(asked, stream, asker))
        };
        match groups.iter_mut().find(speaks) {
            Some(group) => group.streams.push(stream),
            None => groups.push(Group { asked: stream, streams: vec![stream] }),
        }
    }
    for child in streams.iter().filter(|stream| stream.feed.parent.is_some()) {
        let root = child.feed.root();
        let is_parents =
            |group: &&mut Group<'s>| group.streams.iter().any(|stream| stream.feed == root);
        if let Some(group) = groups.iter_mut().find(is_parents) {
            group.streams.push(child);
        }
    }
    groups
}

/// Asks for one row of a stream's listing. If the stream is a help center's, `help_center` is
/// asked.
pub async fn reach(
    client: &Client,
    stream: &ResolvedStream,
    config: &Config,
    help_center: Option<&Site>,
) -> Reach {
    let walk = client.new_walk();
    let listing =
        Listing::new(&stream.feed, stream.feed.path().to_owned(), &[stream], walk, config);
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
        Ok(fetched) => Reach::Readable { rows: rows_of(stream, &fetched.page) },
        Err(error) if error.is_definite() || is_users_words(stream, &error) => {
            Reach::Refused(error)
        }
        Err(error) => Reach::Unknown(error),
    }
}

/// The number of rows of a stream, if the first page of its listing holds or counts all of them.
fn rows_of(stream: &ResolvedStream, page: &Page) -> Option<u64> {
    // Each brand's host has rows of its own.
    if !has_all_listed(stream) || stream.feed.is_of_brands() {
        return None;
    }
    match stream.feed.paging {
        Paging::Single if page.envelope.next_page.is_none() => {
            let rows = page.lists.iter().map(|list| list.rows.len()).sum::<usize>();
            u64::try_from(rows).ok()
        }
        Paging::Offset => page.envelope.count,
        _ => None,
    }
}

/// Whether a stream has every row of its listing, and no others.
#[must_use]
pub fn has_all_listed(stream: &ResolvedStream) -> bool {
    stream.rows == RowsAt::LISTED && stream.kept.is_none() && !stream.dated
}

/// The error of a listing that gave no answer in time: the error of its last try, if there is one.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::{Role, registry};
    use connector::identity::{Identity, TokenFacts};

    fn streams() -> Vec<ResolvedStream> {
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
            groups.iter().flat_map(|group| &group.streams).map(|stream| &*stream.name).collect();
        assert_eq!(spoken_for.len(), streams.len());
        spoken_for.sort_unstable();
        spoken_for.dedup();
        assert_eq!(spoken_for.len(), streams.len());
        let exports = groups.iter().filter(|group| {
            group.asked.access.role == Role::Admin
                && group.asked.feed.buckets.contains(&Bucket::Incremental)
        });
        // Events of skills have a gate of their own: a plan.
        assert_eq!(exports.count(), 2);
    }

    #[tokio::test]
    async fn a_refusal_is_believed_of_no_listing_but_the_one_that_was_asked() {
        let streams = streams();
        let identity = Identity { id: 1, role: "admin".into() };
        let facts = token(&["read"]);
        let asker = Asker { identity: Some(&identity), token: Some(&facts) };
        let gates = gates(&streams, &asker);
        let refusal = ApiError {
            kind: ErrorKind::NotFound,
            status: Some(404),
            request: "GET /api/v2/lines.json".into(),
            detail: "RecordNotFound".into(),
            again_in: None,
            is_zendesks: true,
        };
        let long: Vec<&Gate<'_>> = gates.iter().filter(|gate| gate.others.len() > 1).collect();
        assert!(long.len() > 3, "{long:?}");
        // Numbers and lines are what trials of Talk do not have, and rules of capacity an API of their own.
        for gate in long {
            let refused = [gate.asked().name.clone(), gate.others[0].asked.name.clone()];
            let reach = async |stream: &ResolvedStream| {
                let is_refused = refused.contains(&stream.name);
                Some(if is_refused {
                    Reach::Refused(refusal.clone())
                } else {
                    Reach::Readable { rows: None }
                })
            };
            for (group, reach) in gate.ask(reach).await {
                let is_readable = matches!(reach, Some(Reach::Readable { .. }));
                assert_ne!(refused.contains(&group.asked.name), is_readable, "{group:?}");
            }
        }
    }

    #[test]
    fn missing_scopes_are_reported_with_what_they_are_missing_for() {
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
