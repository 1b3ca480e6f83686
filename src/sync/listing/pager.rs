//! The only loop over pages. It requests a page, decides what comes next, and hands out one page at
//! a time.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use crate::config::Config;
use crate::streams::{ResolvedFeed, ResolvedStream};
use crate::sync::WalkError;
use crate::sync::position::ends;
use crate::sync::position::places::{self, Trail};
use crate::sync::records::filter;
use airbyte::message::Level;
use zendesk::budget::WalkId;
use zendesk::client::{Client, Fetched, PageSize, Request, RequestStats};
use zendesk::error::ErrorKind;
use zendesk::mend::{MendedRow, Mending};
use zendesk::page::{ListShape, Page, Shape};
use zendesk::paging::{Answer, Paging, Step, Token, step};
use zendesk::site::Site;
use zendesk::visited::Visited;

/// What is requested: a listing, or several that follow each other.
#[derive(Clone, Debug)]
pub struct Listing {
    /// The host of the listing. `None` is the main host.
    pub site: Option<Arc<Site>>,
    pub feed: ResolvedFeed,
    pub path: String,
    pub query: Vec<(&'static str, String)>,
    pub shape: Shape,
    /// The listings that follow. They are requested in the same way.
    more: Vec<(&'static str, Shape)>,
    /// The number of the walk. Waiting requests take turns by it.
    pub walk: WalkId,
}

/// Goes through a listing page by page.
pub struct Pager {
    client: Client,
    listing: Arc<Listing>,
    /// The listing's parameters, with the bounds of a window if there are any.
    query: Vec<(&'static str, String)>,
    /// The place of the next page. At the end, the place where the next sync goes on.
    pub at: Token,
    pub ended: bool,
    visited: Visited,
    /// How many of the listings are finished.
    done: usize,
    pub size: PageSize,
    /// The longest wait for a refused listing that is acceptable to other streams. `None` if no
    /// other stream waits.
    pub patience: Option<Duration>,
    pub tally: RequestStats,
    /// Seconds of which only some of the rows can be read, unix seconds.
    pub cut_short: Vec<i64>,
    /// Messages for the log about the way to the pages.
    pub notes: Vec<(Level, String)>,
    /// The evidence that the next page has rows.
    promise: Promise,
    /// How often this place has said that the listing ends, against the evidence.
    doubts: u32,
    /// Pages without rows in succession.
    empty: u32,
    /// The time of a row that is the only one of its page later than the page's place.
    lone_later: Option<i64>,
}

/// The evidence that a page has rows.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Promise {
    Nothing,
    /// The page at this place leads to it.
    Page(Token),
    /// A page that was read before an interruption. A finished walk in the order of time also goes
    /// on from such a place, and then there is no evidence.
    Earlier,
    /// A count of rows.
    Count,
}

/// A start time younger than this may be too recent for Zendesk. It has required one minute, and
/// five.
const TOO_RECENT_SECONDS: i64 = 600;

/// How often an end against the evidence is requested again.
const DOUBTS: u32 = 2;

impl Listing {
    /// The listing of a feed for these streams, with their side-loads and all keys that they look
    /// up.
    #[must_use]
    pub fn new(
        feed: &ResolvedFeed,
        path: String,
        streams: &[&ResolvedStream],
        walk: WalkId,
        config: &Config,
    ) -> Self {
        let mut query = feed.query();
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
        let wanted = feed.time_key().into_iter().map(Cow::Borrowed).collect();
        let mut lists = vec![ListShape { path: feed.list, wanted, ..ListShape::default() }];
        ListShape::add_to(&mut lists, streams.iter().flat_map(|stream| stream.lookups()));
        let of_more = |path| feed.more.iter().any(|(_, list)| *list == path);
        let (later, first): (Vec<_>, Vec<_>) =
            lists.into_iter().partition(|list| of_more(list.path));
        let more = feed.more.iter().map(|(path, list)| {
            let lists = later.iter().filter(|shape| shape.path == *list).cloned().collect();
            (*path, Shape { lists })
        });
        let (site, feed) = (None, feed.clone());
        Self { site, feed, path, query, shape: Shape { lists: first }, more: more.collect(), walk }
    }

    /// The same listing at another host of the account.
    #[must_use]
    pub fn at(self, site: Option<Arc<Site>>) -> Self {
        Self { site, ..self }
    }

    /// Looks up more keys of each listed row.
    pub fn want(&mut self, keys: impl IntoIterator<Item = &'static str>) {
        if let Some(list) = self.shape.lists.first_mut() {
            for key in keys {
                if !list.wanted.iter().any(|wanted| *wanted == key) {
                    list.wanted.push(key.into());
                }
            }
        }
    }

    /// The path and shape of one of the listings that follow each other.
    fn part(&self, at: usize) -> (&str, &Shape) {
        match at.checked_sub(1).and_then(|at| self.more.get(at)) {
            Some((path, shape)) => (path, shape),
            None => (&self.path, &self.shape),
        }
    }
}

impl Pager {
    /// A pager that begins at this place.
    #[must_use]
    pub fn new(
        client: &Client,
        listing: impl Into<Arc<Listing>>,
        at: Token,
        size: PageSize,
    ) -> Self {
        let (client, listing) = (client.clone(), listing.into());
        let query = listing.query.clone();
        let (tally, cut_short, notes) = (RequestStats::default(), Vec::new(), Vec::new());
        let mut visited = Visited::default();
        let _ = visited.goes_on_to(&at);
        let goes_on = at.is_servers() && !listing.feed.keeps_place();
        let promise = if goes_on { Promise::Earlier } else { Promise::Nothing };
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
            cut_short,
            notes,
            promise,
            doubts: 0,
            empty: 0,
            lone_later: None,
        }
    }

    /// Tells the pager whether a count has shown that there are rows.
    #[must_use]
    pub fn expecting(mut self, rows: bool) -> Self {
        if rows {
            self.promise = Promise::Count;
        }
        self
    }

    /// Restricts the pager to a window, whose bounds are these parameters.
    #[must_use]
    pub fn within(mut self, bounds: Vec<(&'static str, String)>) -> Self {
        self.query.extend(bounds);
        self
    }

    /// The next page. `None` after the last one. Afterwards `at` is the place after that page.
    ///
    /// # Errors
    /// [`WalkError`] when the page cannot be read or does not say how to go on.
    pub async fn next(&mut self) -> Result<Option<Fetched>, WalkError> {
        while !self.ended {
            let Some(fetched) = self.ask().await? else { continue };
            let rows = rows_of(&fetched);
            if self.asks_once_more(&fetched, rows) {
                continue;
            }
            let step = self.step(&fetched, rows);
            self.empty = if rows == 0 { self.empty.saturating_add(1) } else { 0 };
            if rows == 0 && matches!(step, Step::End(_)) {
                match self.doubted() {
                    Doubted::AskAgain => {
                        // Held while we wait, the page's slot would keep others waiting.
                        drop(fetched);
                        self.doubt().await?;
                        continue;
                    }
                    Doubted::GoBack(before) => {
                        (self.at, self.promise) = (before, Promise::Nothing);
                        self.visited = Visited::default();
                        self.doubts += 1;
                        continue;
                    }
                    Doubted::Fails => {
                        let path = format!("/api/v2/{}", self.path());
                        return Err(WalkError::EndedEarly { path, at: None, known: None });
                    }
                    Doubted::Believed => {
                        if self.promise == Promise::Count {
                            let note = not_listed(self.path(), &self.query);
                            self.notes.push((Level::Warn, note));
                        }
                    }
                }
            }
            if rows > 0 {
                self.doubts = if self.doubts == DOUBTS + 1 { DOUBTS + 2 } else { 0 };
            }
            if let Some(mending) = &fetched.page.mending {
                let place = format!("/api/v2/{}, {}", self.path(), self.at.shown());
                self.notes.extend(mended(mending, &place).map(|why| (Level::Warn, why)));
            }
            if self.go(step, fetched.asked)? {
                self.size.move_on();
                self.lone_later = None;
                return Ok(Some(fetched));
            }
        }
        Ok(None)
    }

    /// The path of the listing that is being read.
    fn path(&self) -> &str {
        self.listing.part(self.done).0
    }

    /// Requests the page at this place. `None` when the caller must ask again, or when the listing
    /// has ended before this place; `ended` says which.
    async fn ask(&mut self) -> Result<Option<Fetched>, WalkError> {
        let Listing { site, feed, walk, .. } = &*self.listing;
        let (path, shape) = self.listing.part(self.done);
        let (site, query, at) = (site.as_deref(), &self.query, &self.at);
        let (buckets, walk, patience) = (feed.buckets, *walk, self.patience);
        let request = Request { site, path, query, at, buckets, walk, shape, patience };
        let error = match self.client.get(&request, &mut self.size, &mut self.tally).await {
            Ok(fetched) => return Ok(Some(fetched)),
            Err(error) => error,
        };
        let start = self.at.start_time().filter(|_| error.kind == ErrorKind::BadPosition);
        let Some(start) = start else { return Err(error.into()) };
        // The start is younger than the feed gives yet: there is nothing new.
        let young = self.client.clock().now_unix().saturating_sub(TOO_RECENT_SECONDS);
        if start >= young {
            self.ended = true;
            return Ok(None);
        }
        if self.doubts >= DOUBTS {
            return Err(error.into());
        }
        self.doubt().await?;
        Ok(None)
    }

    /// The first row of a page that is later than its place, and whether it is the only such row.
    /// `None` if a larger page can still be requested.
    fn first_later(&self, fetched: &Fetched) -> Option<(i64, bool)> {
        let here = self.at.start_time().filter(|_| self.size.is_larger_refused())?;
        first_later(&fetched.page, self.listing.feed.time_key()?, here)
    }

    /// Whether a page must be requested once more. If a single later row stands at the end of a
    /// full page, it is believed only when it is there again. A row that changed while the page was
    /// made is not there again.
    fn asks_once_more(&mut self, fetched: &Fetched, rows: usize) -> bool {
        let is_full = rows as u64 >= u64::from(fetched.asked);
        match self.first_later(fetched) {
            Some((time, true)) if is_full && self.lone_later.is_none() => {
                self.lone_later = Some(time);
                true
            }
            _ => false,
        }
    }

    /// What an answer says about how to go on.
    fn step(&self, fetched: &Fetched, rows: usize) -> Step {
        let feed = &self.listing.feed;
        let answer = Answer {
            envelope: &fetched.page.envelope,
            rows,
            asked: fetched.asked,
            is_largest: self.size.is_largest(fetched.asked),
            now_unix: fetched.now_unix,
            borne_out: feed.time_key().and_then(|key| {
                let reached = borne_out(&fetched.page, key);
                let later = self.first_later(fetched);
                let believed =
                    later.filter(|(time, is_alone)| !is_alone || self.lone_later == Some(*time));
                let is_behind = reached.filter(|reached| Some(*reached) > self.at.start_time());
                is_behind.or(believed.map(|(time, _)| time)).or(reached)
            }),
            empty_before: self.empty,
        };
        step(feed.paging, &self.at, answer)
    }

    /// Moves to the place after a page. Returns false when the page must be requested again.
    fn go(&mut self, step: Step, asked: u32) -> Result<bool, WalkError> {
        match step {
            Step::Next(next) if !self.visited.goes_on_to(&next) => {
                let path = format!("/api/v2/{} ({})", self.path(), next.shown());
                let why = "its links lead back to a page that this sync has already read";
                return Err(WalkError::Broken { path, why });
            }
            Step::Next(next) => {
                self.promise = Promise::Page(std::mem::replace(&mut self.at, next));
            }
            Step::End(_) if self.done < self.listing.more.len() => {
                self.done += 1;
                self.at = self.listing.feed.paging.start(None);
                self.promise = Promise::Nothing;
                self.visited = Visited::default();
            }
            Step::End(next) => {
                self.at = next;
                self.ended = true;
            }
            Step::AskLarger => {
                self.size.enlarge(asked);
                return Ok(false);
            }
            Step::SkipSecond(next, second) => {
                self.cut_short.push(second);
                self.at = next;
            }
            Step::Broken(why) => {
                let path = format!("/api/v2/{}", self.path());
                return Err(WalkError::Broken { path, why });
            }
        }
        Ok(true)
    }

    /// Decides about an empty page that ends the listing.
    fn doubted(&self) -> Doubted {
        // In the order of time, and where cursors are positions, the page before is no proof that
        // there are rows. By the old cursors of audits a link leads behind the last page, too.
        let feed = &self.listing.feed;
        let leads_behind = feed.keeps_place() || feed.paging == Paging::Before;
        match &self.promise {
            Promise::Nothing => Doubted::Believed,
            _ if self.doubts < DOUBTS => Doubted::AskAgain,
            // There nothing is lost: the place stays where it is.
            Promise::Page(_) if leads_behind => Doubted::Believed,
            // The rows may have gone meanwhile, which the page before tells: it is read again.
            Promise::Page(before) if self.doubts == DOUBTS => Doubted::GoBack(before.clone()),
            Promise::Page(_) => Doubted::Fails,
            // The rows may have gone meanwhile, and counts of a search are known to be off.
            Promise::Earlier | Promise::Count => Doubted::Believed,
        }
    }

    /// Waits before the same place is requested again.
    async fn doubt(&mut self) -> Result<(), WalkError> {
        let wait = ends::wait(self.doubts);
        self.doubts += 1;
        Ok(self.client.pause(self.path(), wait).await?)
    }
}

/// How many elements a page lists, rows or not.
fn rows_of(fetched: &Fetched) -> usize {
    let mut counts = fetched.page.lists.iter().map(|list| list.rows.len() + list.strays);
    // A page of several lists may have nothing in the first.
    counts.find(|count| *count > 0).unwrap_or_default()
}

/// The decision about an empty page that ends a listing.
enum Doubted {
    Believed,
    AskAgain,
    /// The page at this place, which is the one before, is read again.
    GoBack(Token),
    Fails,
}

/// The message about a part of a search that has rows by its count and lists none.
fn not_listed(path: &str, query: &[(&'static str, String)]) -> String {
    let words = query.iter().find(|(key, _)| *key == "query").map_or("", |(_, words)| words);
    format!(
        "/api/v2/{path}: Zendesk counted rows for `{words}` but listed none in {} tries. If rows \
         are missing there, reset (clear) the stream, or read it through the export.",
        DOUBTS + 1
    )
}

/// The times of a page's last rows. They are enough to find where the page ends.
fn last_times(page: &Page, key: &str) -> Vec<Option<i64>> {
    let Some(list) = page.lists.first() else { return Vec::new() };
    let first = list.rows.len().saturating_sub(2 * places::MOST_BEARERS);
    (first..list.rows.len()).map(|row| filter::time(page, list, row, key)).collect()
}

/// The time that a page reaches, as its rows bear out. `None` if the page has too few rows.
#[must_use]
pub fn borne_out(page: &Page, key: &str) -> Option<i64> {
    let bearers = places::bearers(page.lists.first()?.rows.len());
    let times = last_times(page, key);
    places::reached(&places::places(&times, &Trail::default(), None, bearers))
}

/// The earliest time of a page's last rows that is later than `here`, and whether only one row is
/// later.
fn first_later(page: &Page, key: &str, here: i64) -> Option<(i64, bool)> {
    let times = last_times(page, key).into_iter().flatten();
    let later: Vec<i64> = times.filter(|time| *time > here).collect();
    Some((later.iter().copied().min()?, later.len() == 1))
}

/// The messages about an answer that had to be mended. `place` is where the answer is in its
/// listing.
fn mended(mending: &Mending, place: &str) -> impl Iterator<Item = String> {
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
            "{place}: {lost} rows are not valid JSON in Zendesk's answer and were not delivered \
             ({}). Correct them in Zendesk, or ask its support to: the rows are missing until \
             they change.",
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
        has_rest.then(|| format!("{place}: text after the end of Zendesk's answer was ignored"));
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
        let said: Vec<String> = mended(&mending, "/api/v2/tags.json, page 3").collect();
        assert_eq!(
            said,
            [
                "/api/v2/tags.json, page 3: 1 rows are not valid JSON in Zendesk's answer and were not delivered (row 5, it is \
                 nested too deeply). Correct them in Zendesk, or ask its support to: the rows are missing until they change.",
                "/api/v2/tags.json, page 3: 1 rows are not valid JSON in Zendesk's answer and were delivered with \
                 replacements (row 3 with id 7)",
                "/api/v2/tags.json, page 3: text after the end of Zendesk's answer was ignored",
            ]
        );
        assert_eq!(super::mended(&Mending::default(), "x").count(), 0);
    }
}
