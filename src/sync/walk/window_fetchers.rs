//! Fetchers of pages. Each walks one window of a feed, page after page, and all of them send
//! requests at once. Each request runs as a task, which goes on while the walk awaits something
//! else.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use tokio::task::JoinSet;

use crate::sync::WalkError;
use crate::sync::listing::pager::{Listing, Pager};
use crate::sync::position::search_bounds::{Bounds, query};
use zendesk::budget::{Bucket, WalkId};
use zendesk::client::{Client, Fetched, PageSize, Request, RequestStats};
use zendesk::error::{ApiError, ErrorKind};
use zendesk::page::Shape;
use zendesk::paging::{Paging, Token};

/// Fetches one window, page after page.
pub struct Fetcher {
    pub number: u32,
    pub pager: Pager,
    /// How often the server has refused its token.
    pub restarts: u32,
    /// How often its place has said that the feed ends there, against what is known.
    pub doubts: u32,
    /// When it requested its last page, by the client's clock.
    asked: Duration,
    /// How long that request waited for limits.
    waited: Duration,
}

/// Where a fetcher begins.
#[derive(Clone, Debug)]
pub struct Start {
    pub number: u32,
    pub at: Token,
    /// The parameters with the bounds of its window. Empty if the place bounds it.
    pub bounds: Vec<(&'static str, String)>,
    /// Whether a count has shown that there are rows.
    pub has_rows: bool,
}

/// A fetcher with the result of its last request.
pub struct Asked {
    pub fetcher: Fetcher,
    /// The place that was requested.
    pub at: Token,
    /// The page. `None` at the end of the window.
    pub result: Result<Option<Fetched>, WalkError>,
}

/// What has come.
pub enum Turn {
    Page(Box<Asked>),
    /// The number of rows that a search has within these bounds.
    Counted(Bounds, Result<u64, WalkError>),
}

/// The fetchers of one segment.
pub struct Fetchers {
    client: Client,
    listing: Arc<Listing>,
    asking: JoinSet<(Turn, RequestStats)>,
    /// For each fetcher, the range of time that its last page covered, in seconds of the feed's own
    /// time.
    pace: BTreeMap<u32, i64>,
    /// The total time of pages, without waits for limits, and the number of pages.
    took: (Duration, u32),
    /// The page size that a fetcher has learned last. The listing's limits are the same for all
    /// fetchers.
    size: Option<PageSize>,
    tally: RequestStats,
}

impl Fetchers {
    #[must_use]
    pub fn new(client: &Client, listing: Listing) -> Self {
        let (client, listing) = (client.clone(), Arc::new(listing));
        let (asking, pace) = (JoinSet::new(), BTreeMap::new());
        let (took, size, tally) = (Default::default(), None, RequestStats::default());
        Self { client, listing, asking, pace, took, size, tally }
    }

    /// Starts a fetcher, for the first time or again.
    pub fn start(&mut self, start: Start, size: PageSize, restarts: u32) {
        let Start { number, at, bounds, has_rows } = start;
        let size = self.size.unwrap_or(size);
        let pager = Pager::new(&self.client, Arc::clone(&self.listing), at, size);
        let pager = pager.within(bounds).expecting(has_rows);
        let (doubts, asked, waited) = Default::default();
        self.go_on(Fetcher { number, pager, restarts, doubts, asked, waited }, Duration::ZERO);
    }

    /// Lets a fetcher request its next page after a wait.
    pub fn go_on(&mut self, mut fetcher: Fetcher, wait: Duration) {
        let (client, listing) = (self.client.clone(), Arc::clone(&self.listing));
        fetcher.asked = client.clock().elapsed();
        self.asking.spawn(async move {
            let at = fetcher.pager.at.clone();
            let result = match wait.is_zero() {
                true => fetcher.pager.next().await,
                false => match client.pause(&listing.path, wait).await {
                    Ok(()) => fetcher.pager.next().await,
                    Err(stopped) => Err(stopped.into()),
                },
            };
            let tally = std::mem::take(&mut fetcher.pager.tally);
            fetcher.waited = tally.waited.saturating_add(wait);
            (Turn::Page(Box::new(Asked { fetcher, at, result })), tally)
        });
    }

    /// Requests the number of rows that a search has within bounds.
    pub fn count(&mut self, bounds: Bounds) {
        let (client, walk) = (self.client.clone(), self.listing.walk);
        self.asking.spawn(async move {
            let mut tally = RequestStats::default();
            let rows = count(&client, walk, bounds, &mut tally).await;
            (Turn::Counted(bounds, rows), tally)
        });
    }

    /// What comes next. `None` when no request is running.
    pub async fn next(&mut self) -> Option<Turn> {
        let (turn, tally) = match self.asking.join_next().await? {
            Ok(came) => came,
            // Nobody stops a task while the walk waits for it.
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        };
        self.tally.add(tally);
        Some(turn)
    }

    /// Notes that a fetcher's page is delivered, with the files and children of its rows.
    pub fn note_page(&mut self, fetcher: &Fetcher) {
        self.size = Some(fetcher.pager.size);
        let since = fetcher.asked + fetcher.waited;
        let (took, pages) = &mut self.took;
        *took += self.client.clock().elapsed().saturating_sub(since);
        *pages += 1;
    }

    /// How long a page takes, without waits for limits. `None` before the first page.
    #[must_use]
    pub fn page_time(&self) -> Option<Duration> {
        let (took, pages) = self.took;
        took.checked_div(pages)
    }

    /// Notes the range of time that a fetcher's last page covered, in seconds of the feed's own
    /// time.
    pub fn note_pace(&mut self, number: u32, seconds: i64) {
        self.pace.insert(number, seconds);
    }

    /// The range of time that a fetcher's last page covered, in seconds.
    #[must_use]
    pub fn pace(&self, number: u32) -> Option<i64> {
        self.pace.get(&number).copied()
    }

    /// The statistics of all fetchers.
    #[must_use]
    pub fn tally(&self) -> RequestStats {
        self.tally
    }
}

#[derive(Deserialize)]
struct Count {
    pub(super) count: u64,
}

/// The number of rows that a search has within bounds.
///
/// # Errors
/// [`WalkError`] when the answer cannot be read or has no count.
pub async fn count(
    client: &Client,
    walk: WalkId,
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
        walk,
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
        detail: "the answer has no count".to_owned(),
        again_in: None,
        is_zendesks: false,
    };
    Ok(count.map_err(unreadable)?.count)
}
