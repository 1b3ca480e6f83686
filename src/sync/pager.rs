//! The only loop over pages: it asks, sees what comes next, and hands out one page at a time.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use crate::config::Config;
use crate::protocol::message::Level;
use crate::streams::{Feed, Stream};
use crate::zendesk::client::{Client, Fetched, PageSize, Request, Tally};
use crate::zendesk::error::ErrorKind;
use crate::zendesk::mend::{MendedRow, Mending};
use crate::zendesk::page::{InnerShape, ListShape, Shape};
use crate::zendesk::paging::{Answer, Step, Token, step};
use crate::zendesk::site::Site;
use crate::zendesk::visited::Visited;

use super::WalkError;

/// A listing as it is asked for.
#[derive(Clone, Debug)]
pub struct Listing {
    /// The host that has it, where that is not the main one.
    pub site: Option<Arc<Site>>,
    pub feed: &'static Feed,
    pub path: String,
    pub query: Vec<(&'static str, String)>,
    pub shape: Shape,
    /// The listings that follow, which are asked for alike.
    more: Vec<(&'static str, Shape)>,
    /// Whose turn it is when requests wait.
    pub walk: u64,
}

/// Goes through a listing page by page.
pub struct Pager<'a> {
    client: &'a Client,
    listing: &'a Listing,
    /// The listing's parameters, and the bounds of a window of it.
    query: Cow<'a, [(&'static str, String)]>,
    /// The place of the next page; at the end, where the next sync goes on.
    pub at: Token,
    pub ended: bool,
    visited: Visited,
    /// How many of the listings it has left behind.
    done: usize,
    pub size: PageSize,
    /// How long others would wait for a listing that is refused; none: nobody waits for it.
    pub patience: Option<Duration>,
    pub tally: Tally,
    /// What a person should know about the way.
    pub notes: Vec<(Level, String)>,
}

impl Listing {
    /// The listing of a feed for these streams: their side-loads and all that they look up.
    #[must_use]
    pub fn new(
        feed: &'static Feed,
        path: String,
        streams: &[&Stream],
        walk: u64,
        config: &Config,
    ) -> Self {
        let mut query: Vec<(&'static str, String)> =
            feed.query.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
        let chosen = feed.choices.iter();
        query.extend(
            chosen.filter_map(|(key, choice)| Some((*key, choice.value(config)?.to_owned()))),
        );
        let mut includes: Vec<&str> =
            streams.iter().flat_map(|stream| stream.include.iter().copied()).collect();
        includes.sort_unstable();
        includes.dedup();
        for include in includes {
            match query.iter_mut().find(|(key, _)| *key == "include") {
                Some((_, value)) => *value = format!("{value},{include}"),
                None => query.push(("include", include.to_owned())),
            }
        }
        let mut list = ListShape { path: feed.list, ..ListShape::default() };
        list.wanted.extend(feed.time_key());
        let mut beside: Vec<ListShape> = Vec::new();
        for more in streams.iter().flat_map(|stream| stream.lists_beside()) {
            match beside.iter_mut().find(|list| list.path == more.path) {
                Some(list) => {
                    list.wanted.extend(more.wanted);
                    list.is_optional &= more.is_optional;
                }
                None => beside.push(more),
            }
        }
        for lookups in streams.iter().map(|stream| stream.lookups()) {
            list.wanted.extend(lookups.wanted);
            match (&mut list.inner, lookups.inner) {
                (Some(inner), Some(more)) => inner.add(more),
                (inner @ None, more) => *inner = more,
                (Some(_), None) => {}
            }
        }
        let tidy = |wanted: &mut Vec<&'static str>| {
            wanted.sort_unstable();
            wanted.dedup();
        };
        tidy(&mut list.wanted);
        list.inner.as_mut().into_iter().for_each(InnerShape::tidy);
        for list in &mut beside {
            tidy(&mut list.wanted);
        }
        let of_more = |path| feed.more.iter().any(|(_, list)| *list == path);
        let (later, first): (Vec<_>, Vec<_>) =
            std::iter::once(list).chain(beside).partition(|list| of_more(list.path));
        let more = feed.more.iter().map(|(path, list)| {
            let lists = later.iter().filter(|shape| shape.path == *list).cloned().collect();
            (*path, Shape { lists })
        });
        let site = None;
        Self { site, feed, path, query, shape: Shape { lists: first }, more: more.collect(), walk }
    }

    /// The same listing as another host of the account has it.
    #[must_use]
    pub fn at(self, site: Option<Arc<Site>>) -> Self {
        Self { site, ..self }
    }

    /// Looks up more keys of each listed row.
    pub fn want(&mut self, keys: impl IntoIterator<Item = &'static str>) {
        if let Some(list) = self.shape.lists.first_mut() {
            for key in keys {
                if !list.wanted.contains(&key) {
                    list.wanted.push(key);
                }
            }
        }
    }
}

impl<'a> Pager<'a> {
    /// A pager that begins at a place.
    #[must_use]
    pub fn new(client: &'a Client, listing: &'a Listing, at: Token, size: PageSize) -> Self {
        let query = Cow::Borrowed(listing.query.as_slice());
        let (tally, notes) = (Tally::default(), Vec::new());
        let mut visited = Visited::default();
        let _ = visited.goes_on_to(&at);
        Self {
            client,
            listing,
            query,
            at,
            ended: false,
            visited,
            done: 0,
            size,
            patience: None,
            tally,
            notes,
        }
    }

    /// The same within a window, whose bounds are parameters.
    #[must_use]
    pub fn within(mut self, bounds: Vec<(&'static str, String)>) -> Self {
        if !bounds.is_empty() {
            self.query.to_mut().extend(bounds);
        }
        self
    }

    /// The next page, or none after the last one. Afterwards `at` is the place behind that page.
    ///
    /// # Errors
    /// [`WalkError`] when the page cannot be had or does not say how to go on.
    pub async fn next(&mut self) -> Result<Option<Fetched>, WalkError> {
        let Listing { site, feed, path, shape, more, walk, .. } = self.listing;
        let query = &self.query;
        while !self.ended {
            let (path, shape) = match self.done.checked_sub(1).and_then(|at| more.get(at)) {
                Some((path, shape)) => (*path, shape),
                None => (path.as_str(), shape),
            };
            let (at, buckets, patience) = (&self.at, feed.buckets, self.patience);
            let site = site.as_deref();
            let request = Request { site, path, query, at, buckets, walk: *walk, shape, patience };
            let fetched = match self.client.get(&request, &mut self.size, &mut self.tally).await {
                Ok(fetched) => fetched,
                // The start is younger than the feed gives yet: there is nothing new.
                Err(error)
                    if error.kind == ErrorKind::BadPosition
                        && matches!(self.at, Token::StartTime(_)) =>
                {
                    self.ended = true;
                    break;
                }
                Err(error) => return Err(error.into()),
            };
            let rows = fetched.page.lists.first().map_or(0, |list| list.rows.len() + list.strays);
            let answer = Answer {
                envelope: &fetched.page.envelope,
                rows,
                asked: fetched.asked,
                now_unix: fetched.now_unix,
            };
            if let Some(mending) = &fetched.page.mending {
                let place = format!("/api/v2/{path}, {}", self.at.told());
                self.notes.extend(told(mending, &place).map(|why| (Level::Warn, why)));
            }
            match step(feed.paging, &self.at, answer) {
                Step::Next(next) if self.visited.goes_on_to(&next) => self.at = next,
                Step::Next(next) => {
                    let path = format!("/api/v2/{path} ({})", next.told());
                    let why = "its links lead back to a place that was read before in this walk";
                    return Err(WalkError::Broken { path, why });
                }
                Step::End(_) if self.done < more.len() => {
                    self.done += 1;
                    self.at = feed.paging.start(None);
                    self.visited = Visited::default();
                }
                Step::End(next) => {
                    self.at = next;
                    self.ended = true;
                }
                Step::AskLarger => {
                    self.size.largest(feed.paging);
                    continue;
                }
                Step::SkipSecond(next, second) => {
                    let why = format!(
                        "/api/v2/{path}: more rows changed in the second {second} (unix time) than a page \
                         holds, and Zendesk offers no way to the rest; the walk goes on a second later"
                    );
                    self.notes.push((Level::Error, why));
                    self.at = next;
                }
                Step::Broken(why) => {
                    return Err(WalkError::Broken { path: format!("/api/v2/{path}"), why });
                }
            }
            return Ok(Some(fetched));
        }
        Ok(None)
    }
}

/// What a person should know of an answer that had to be mended. `place` is where it stands.
fn told(mending: &Mending, place: &str) -> impl Iterator<Item = String> {
    let Mending { kept, lost, named, has_rest } = mending;
    let names = |is_lost: bool| {
        let rows = named.iter().filter(|row| row.why_lost.is_some() == is_lost);
        let name = |MendedRow { index, id, why_lost }: &MendedRow| {
            let id = id.as_ref().map(|id| format!(" with id {id}")).unwrap_or_default();
            let why = why_lost.map(|why| format!(", {why}")).unwrap_or_default();
            format!("row {}{id}{why}", index + 1)
        };
        rows.map(name).collect::<Vec<_>>().join("; ")
    };
    let lost = (*lost > 0).then(|| {
        format!(
            "{place}: {lost} rows are not valid JSON in Zendesk's answer and were held back ({}). Correct them in \
             Zendesk, or ask its support to: they are missing until they change",
            names(true)
        )
    });
    let kept = (*kept > 0).then(|| {
        format!(
            "{place}: {kept} rows are not valid JSON in Zendesk's answer and were delivered with replacements ({})",
            names(false)
        )
    });
    let rest =
        has_rest.then(|| format!("{place}: what follows the end of Zendesk's answer was left out"));
    lost.into_iter().chain(kept).chain(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mended_answer_is_told_with_its_place_and_its_rows() {
        let row = |index, id: &str, why_lost| MendedRow {
            index,
            id: (!id.is_empty()).then(|| id.to_owned()),
            why_lost,
        };
        let named = vec![row(2, "7", None), row(4, "", Some("it is nested too deeply"))];
        let mending = Mending { kept: 1, lost: 1, named, has_rest: true };
        let told: Vec<String> = told(&mending, "/api/v2/tags.json, page 3").collect();
        assert_eq!(
            told,
            [
                "/api/v2/tags.json, page 3: 1 rows are not valid JSON in Zendesk's answer and were held back (row 5, it is \
                 nested too deeply). Correct them in Zendesk, or ask its support to: they are missing until they change",
                "/api/v2/tags.json, page 3: 1 rows are not valid JSON in Zendesk's answer and were delivered with \
                 replacements (row 3 with id 7)",
                "/api/v2/tags.json, page 3: what follows the end of Zendesk's answer was left out",
            ]
        );
        assert_eq!(super::told(&Mending::default(), "x").count(), 0);
    }
}
