//! Fetchers of pages: each walks one window of a feed, page after page, and all of them ask at once.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use serde::Deserialize;

use crate::sync::WalkError;
use crate::sync::listing::pager::{Listing, Pager};
use crate::sync::position::search_bounds::{Bounds, query};
use zendesk::budget::Bucket;
use zendesk::client::{Client, Fetched, PageSize, Request, RequestStats};
use zendesk::error::{ApiError, ErrorKind};
use zendesk::page::Shape;
use zendesk::paging::{Paging, Token};

/// What fetches one window, page after page.
pub struct Fetcher<'a> {
    pub number: u32,
    pub pager: Pager<'a>,
    /// How often the server refused its token.
    pub restarts: u32,
    /// How often its place has said that the feed ends there, against what is known.
    pub doubts: u32,
    /// When it asked for its last page, by the client's clock.
    asked: Duration,
    /// How long it waited for limits then.
    waited: Duration,
}

/// Where a fetcher begins.
#[derive(Clone, Debug)]
pub struct Start {
    pub number: u32,
    pub at: Token,
    /// The parameters that bound its window, if the place does not.
    pub bounds: Vec<(&'static str, String)>,
    /// Whether a count says that there are rows.
    pub has_rows: bool,
}

/// A fetcher after its turn.
pub struct Asked<'a> {
    pub fetcher: Fetcher<'a>,
    /// The place that it asked at.
    pub at: Token,
    /// Its page, or none at its end.
    pub result: Result<Option<Fetched>, WalkError>,
}

/// What has come.
pub enum Turn<'a> {
    Page(Box<Asked<'a>>),
    /// How many rows a search has within these bounds.
    Counted(Bounds, Result<u64, WalkError>),
}

/// The fetchers of one segment.
pub struct Fetchers<'a> {
    client: &'a Client,
    listing: &'a Listing,
    asking: FuturesUnordered<BoxFuture<'a, (Turn<'a>, RequestStats)>>,
    /// Seconds of the feed's own time that the last page of each fetcher covered.
    pace: BTreeMap<u32, i64>,
    /// Time that pages took, waits for limits left out, and their number.
    took: (Duration, u32),
    /// What came while something else was waited for.
    had: VecDeque<(Turn<'a>, RequestStats)>,
    /// The size that a fetcher has learned last. The listing's limits are those of all fetchers.
    size: Option<PageSize>,
    tally: RequestStats,
}

impl<'a> Fetchers<'a> {
    #[must_use]
    pub fn new(client: &'a Client, listing: &'a Listing) -> Self {
        let (asking, pace, had) = (FuturesUnordered::new(), BTreeMap::new(), VecDeque::new());
        let (took, size, tally) = (Default::default(), None, RequestStats::default());
        Self { client, listing, asking, pace, took, had, size, tally }
    }

    /// Starts a fetcher, or starts it again.
    pub fn start(&mut self, start: Start, size: PageSize, restarts: u32) {
        let Start { number, at, bounds, has_rows } = start;
        let size = self.size.unwrap_or(size);
        let pager = Pager::new(self.client, self.listing, at, size).within(bounds);
        let pager = pager.expecting(has_rows);
        let (doubts, asked, waited) = Default::default();
        self.go_on(Fetcher { number, pager, restarts, doubts, asked, waited }, Duration::ZERO);
    }

    /// Lets a fetcher ask for its next page after a wait.
    pub fn go_on(&mut self, mut fetcher: Fetcher<'a>, wait: Duration) {
        let (client, path) = (self.client, self.listing.path.as_str());
        fetcher.asked = client.clock().elapsed();
        self.asking.push(Box::pin(async move {
            let at = fetcher.pager.at.clone();
            let result = match wait.is_zero() {
                true => fetcher.pager.next().await,
                false => match client.pause(path, wait).await {
                    Ok(()) => fetcher.pager.next().await,
                    Err(stopped) => Err(stopped.into()),
                },
            };
            let tally = std::mem::take(&mut fetcher.pager.tally);
            fetcher.waited = tally.waited.saturating_add(wait);
            (Turn::Page(Box::new(Asked { fetcher, at, result })), tally)
        }));
    }

    /// Asks how many rows a search has within bounds. Like a page it is polled with the others: a
    /// fetcher that is not may hold the last worker.
    pub fn count(&mut self, bounds: Bounds) {
        let (client, listing) = (self.client, self.listing);
        self.asking.push(Box::pin(async move {
            let mut tally = RequestStats::default();
            let rows = count(client, listing, bounds, &mut tally).await;
            (Turn::Counted(bounds, rows), tally)
        }));
    }

    /// What comes next, or none when nothing is asked for any more.
    pub async fn next(&mut self) -> Option<Turn<'a>> {
        let (turn, tally) = match self.had.pop_front() {
            Some(turn) => turn,
            None => self.asking.next().await?,
        };
        self.tally.add(tally);
        Some(turn)
    }

    /// Does something that may take long. The fetchers go on asking meanwhile: a request that nobody
    /// looks after keeps its worker, and its answer may come too late.
    pub async fn beside<T>(&mut self, mut doing: impl Future<Output = T> + Unpin) -> T {
        loop {
            if self.asking.is_empty() {
                return doing.await;
            }
            tokio::select! {
                biased;
                done = &mut doing => return done,
                Some(turn) = self.asking.next() => self.had.push_back(turn),
            }
        }
    }

    /// Notes that a fetcher's page is delivered, with all that hangs on its rows.
    pub fn note_page(&mut self, fetcher: &Fetcher<'a>) {
        self.size = Some(fetcher.pager.size);
        let since = fetcher.asked + fetcher.waited;
        let (took, pages) = &mut self.took;
        *took += self.client.clock().elapsed().saturating_sub(since);
        *pages += 1;
    }

    /// How long a page takes, waits for limits left out. None before the first page.
    #[must_use]
    pub fn page_time(&self) -> Option<Duration> {
        let (took, pages) = self.took;
        took.checked_div(pages)
    }

    /// Notes what a fetcher's last page covered, in seconds of the feed's own time.
    pub fn note_pace(&mut self, number: u32, seconds: i64) {
        self.pace.insert(number, seconds);
    }

    /// What the last page of a fetcher covered.
    #[must_use]
    pub fn pace(&self, number: u32) -> Option<i64> {
        self.pace.get(&number).copied()
    }

    /// What all fetchers spent.
    #[must_use]
    pub fn tally(&self) -> RequestStats {
        self.tally
    }
}

#[derive(Deserialize)]
struct Count {
    pub(super) count: u64,
}

/// How many rows a search has within bounds.
///
/// # Errors
/// [`WalkError`] when the answer cannot be had or holds no count.
pub async fn count(
    client: &Client,
    listing: &Listing,
    bounds: Bounds,
    tally: &mut RequestStats,
) -> Result<u64, WalkError> {
    let path = "search/count.json";
    let shape = Shape::default();
    let request = Request {
        site: None,
        path,
        query: &[("query", format!("type:ticket {}", query(bounds)))],
        at: &Token::First,
        buckets: &[Bucket::Account],
        walk: listing.walk,
        shape: &shape,
        patience: None,
    };
    let mut size = PageSize::new(Paging::Single, None);
    let fetched = client.get(&request, &mut size, tally).await?;
    let count = serde_json::from_slice::<Count>(&fetched.page.text.body);
    let unreadable = |_| ApiError {
        kind: ErrorKind::Unreadable,
        status: None,
        request: format!("GET /api/v2/{path}"),
        detail: "the answer holds no count".to_owned(),
        again_in: None,
        is_zendesks: false,
    };
    Ok(count.map_err(unreadable)?.count)
}
