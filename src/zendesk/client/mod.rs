//! The one loop around a request: wait, sign, send, read, judge, and again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;

pub(super) use self::attempts::{Answered, Failed};
use self::attempts::{Attempts, Next, jitter};
pub use self::page_size::PageSize;
pub(super) use self::transport::MITIGATED;
use self::transport::{Connections, connections};
use super::auth::{Access, Credentials, TokenEndpoint};
use super::budget::{Bucket, Budget, SPARE, Slot, Wait};
use super::clock::Clock;
use super::error::{ApiError, ErrorKind};
use super::large::{LargeBodies, Share};
use super::page::{Page, Scanner, Shape};
use super::paging::{Paging, Token};
use super::retry::{Outcome, REFUSED_FOR_TOO_LONG, Smaller, TRIES, Verdict};
use super::site::Site;

mod attempts;
mod page_size;
mod transport;

/// An answer within this lets a page grow back. Export pages of 1,000 rows take 4 to 12 seconds.
const QUICK: Duration = Duration::from_secs(15);

/// No listing of Zendesk's takes fewer rows a page than this.
const ROWS_THAT_ALL_LISTINGS_TAKE: u32 = 100;

/// Tries of a request for which somebody waits.
const IMPATIENT_TRIES: u32 = 3;

/// How long an answer that the sync can do without may keep a worker.
const SPARE_PATIENCE: Duration = Duration::from_secs(5);
/// What every request to one account shares.
pub struct Client {
    http: reqwest::Client,
    /// For files: follows no redirect by itself, and lets a body take its time.
    pub(super) content: reqwest::Client,
    pub(super) main: Site,
    pub(super) access: Access,
    budget: Arc<Budget>,
    pub(super) clock: Clock,
    stop: watch::Receiver<bool>,
    large: LargeBodies,
    /// Tries of a request that meets faults.
    tries: u32,
    /// How the last try failed, whatever came of it.
    last_failure: Mutex<Option<ApiError>>,
}

/// One place in one listing.
#[derive(Debug)]
pub struct Request<'a> {
    /// The host that has it, where that is not the main one.
    pub site: Option<&'a Site>,
    /// Below `/api/v2/`, placeholders filled.
    pub path: &'a str,
    pub query: &'a [(&'static str, String)],
    pub at: &'a Token,
    pub buckets: &'a [Bucket],
    /// Whose turn it is when requests wait.
    pub walk: u64,
    pub shape: &'a Shape,
    /// How long a refusal that no bucket explains may keep others waiting; none: they do not wait.
    pub patience: Option<Duration>,
}

/// The page size of a walk: it halves when a page is too much, and grows back.
/// Something that is asked for until it comes or cannot be had.
pub(super) trait Asked {
    type Answer;

    /// Method and address without secrets, for errors.
    fn told(&self) -> String;

    fn buckets(&self) -> &[Bucket];

    /// Whose turn it is when requests wait.
    fn walk(&self) -> u64;

    /// How long a refusal that no bucket explains may keep others waiting; none: they do not wait.
    fn patience(&self) -> Option<Duration> {
        None
    }

    /// Whether the last try brought so much that it counts as none.
    fn has_progressed(&mut self) -> bool {
        false
    }

    /// Lets the next try hold a body of any size.
    fn hold(&mut self, share: Share) {
        drop(share);
    }

    /// Asks once.
    fn attempt(
        &mut self,
        client: &Client,
        size: &PageSize,
        slot: &mut Slot,
    ) -> impl Future<Output = Result<Self::Answer, Failed>> + Send;
}

/// A page that is asked for, and what is known of the answers so far.
struct AskedPage<'r, 'a> {
    request: &'r Request<'a>,
    scanner: Scanner,
    share: Share,
}

impl<'r, 'a> AskedPage<'r, 'a> {
    fn new(request: &'r Request<'a>) -> Self {
        Self { request, scanner: Scanner::default(), share: Share::default() }
    }
}

impl Asked for AskedPage<'_, '_> {
    type Answer = (Page, Share);

    fn told(&self) -> String {
        let host = self.request.site.filter(|site| !site.is_main).map_or("", Site::name);
        format!("GET {host}/api/v2/{}", self.request.path)
    }

    fn buckets(&self) -> &[Bucket] {
        self.request.buckets
    }

    fn walk(&self) -> u64 {
        self.request.walk
    }

    fn patience(&self) -> Option<Duration> {
        self.request.patience
    }

    fn hold(&mut self, share: Share) {
        self.share = share;
    }

    async fn attempt(
        &mut self,
        client: &Client,
        size: &PageSize,
        slot: &mut Slot,
    ) -> Result<(Page, Share), Failed> {
        client.attempt(self, size, slot).await
    }
}

/// An answer, the slot that it came with, and when it was asked for.
struct Got<T> {
    answer: T,
    slot: Slot,
    sent_at: Duration,
}

/// What requests spent. `waited` is the sum over requests, which is the time that passed only where
/// they go one after another; see [`Client::waited`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub requests: u64,
    pub pages: u64,
    pub waited: Duration,
}

impl Tally {
    /// Adds what another walk spent.
    pub fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.pages += other.pages;
        self.waited += other.waited;
    }
}

/// A page, and the slot that bounds how many there are. Dropping it frees the slot.
#[derive(Debug)]
pub struct Fetched {
    pub page: Page,
    /// Rows that were asked for.
    pub asked: u32,
    /// Zendesk's time when it answered, unix seconds.
    pub now_unix: i64,
    pub slot: Slot,
    /// What its body has of the store for large ones, until its rows are written.
    pub share: Share,
}

/// Why a client cannot be made.
#[derive(Debug)]
pub struct NoClient(pub String);

impl Client {
    /// A client of the account that has this main host.
    ///
    /// # Errors
    /// [`NoClient`] when the trust store or the base address is unusable.
    pub fn new(
        main: Site,
        credentials: Credentials,
        budget: Arc<Budget>,
        clock: Clock,
        stop: watch::Receiver<bool>,
    ) -> Result<Self, NoClient> {
        let Connections { http, content } = connections(&clock)?;
        let (url, host) = (main.base.clone(), main.host.clone());
        let endpoint = TokenEndpoint { http: http.clone(), url, host };
        let access = Access::new(credentials, endpoint, clock.clone());
        let last_failure = Mutex::default();
        let (tries, large) = (TRIES, LargeBodies::default());
        Ok(Self { http, content, main, access, budget, clock, stop, large, tries, last_failure })
    }

    /// Gives up on faults early, for somebody who waits.
    #[must_use]
    pub fn impatient(self) -> Self {
        Self { tries: IMPATIENT_TRIES, ..self }
    }

    /// Hears of every long wait for a limit from now on.
    pub fn waits(&self) -> UnboundedReceiver<Wait> {
        self.budget.waits()
    }

    /// The account's main host.
    #[must_use]
    pub fn main(&self) -> &Site {
        &self.main
    }

    /// The clock that requests are paced by.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// How the last try failed, for whoever gave up waiting for better.
    #[must_use]
    pub fn last_failure(&self) -> Option<ApiError> {
        self.last_failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Requests a minute that headers have told of.
    #[must_use]
    pub fn told_limit(&self, bucket: Bucket) -> Option<u32> {
        self.budget.told_limit(bucket)
    }

    /// The time in which at least one request of a walk waited.
    #[must_use]
    pub fn waited(&self, walk: u64) -> Duration {
        self.budget.waited(walk)
    }

    /// Requests that waited at once for a worker or a limit, at most.
    #[must_use]
    pub fn most_waiting(&self) -> usize {
        self.budget.most_waiting()
    }

    /// The limits that requests wait for now, and for how long each still holds them.
    #[must_use]
    pub fn awaited(&self) -> Vec<(Bucket, Duration)> {
        self.budget.awaited()
    }

    /// Waits until no new tokens are on their way to be saved.
    pub async fn settle(&self) {
        self.access.settle().await;
    }

    /// Fetches and scans one page.
    ///
    /// # Errors
    /// [`ApiError`] once waiting and asking again cannot help, or the program is to stop.
    pub async fn get(
        &self,
        request: &Request<'_>,
        size: &mut PageSize,
        tally: &mut Tally,
    ) -> Result<Fetched, ApiError> {
        let mut asked = AskedPage::new(request);
        let Got { answer: (page, share), slot, sent_at } =
            self.ask(&mut asked, size, tally).await?;
        tally.pages += 1;
        let asked = size.rows;
        size.note_good(self.clock.elapsed().saturating_sub(sent_at) <= QUICK);
        Ok(Fetched { page, asked, now_unix: self.clock.now_unix(), slot, share })
    }

    /// Fetches what is no page.
    pub(super) async fn ask_for<A: Asked>(
        &self,
        asked: &mut A,
        tally: &mut Tally,
    ) -> Result<A::Answer, ApiError> {
        let mut size = PageSize::new(Paging::Single, None);
        Ok(self.ask(asked, &mut size, tally).await?.answer)
    }

    /// The loop: waits, asks, and asks again until an answer comes or none will.
    async fn ask<A: Asked>(
        &self,
        asked: &mut A,
        size: &mut PageSize,
        tally: &mut Tally,
    ) -> Result<Got<A::Answer>, ApiError> {
        let mut waiting_since = None;
        let mut attempts = Attempts::new(self.tries);
        let mut renewed = false;
        // The size that was asked for before a refusal was taken for one of the size.
        let mut size_before = None;
        loop {
            let asked_at = self.clock.elapsed();
            let (told, walk) = (asked.told(), asked.walk());
            self.until_stopped(self.access.ready(), &told).await??;
            let acquiring = self.budget.acquire(asked.buckets(), walk);
            let mut slot = self.until_stopped(acquiring, &told).await?;
            let sent_at = self.clock.elapsed();
            tally.waited += sent_at.saturating_sub(asked_at);
            tally.requests += 1;
            let attempt = asked.attempt(self, size, &mut slot);
            let failed = match self.until_stopped(attempt, &told).await? {
                Ok(answer) => return Ok(Got { answer, slot, sent_at }),
                Err(failed) => failed,
            };
            if failed.is_crowded {
                // The next try has the store to itself, so this happens once for each of the others.
                drop(slot);
                asked.hold(self.until_stopped(self.large.all(), &told).await?);
                continue;
            }
            if asked.has_progressed() {
                attempts.start_over();
            }
            *self.last_failure.lock().unwrap_or_else(PoisonError::into_inner) =
                Some(failed.to_error(&told));
            match failed.verdict {
                Verdict::Doubt(ErrorKind::Unauthorized)
                    if !renewed && self.access.may_renew(failed.signed, failed.names_token()) =>
                {
                    renewed = true;
                    drop(slot);
                    self.until_stopped(self.access.renew(failed.signed), &told).await??;
                    continue;
                }
                // Some listings take no more rows a page than most do, and say so by this alone.
                Verdict::GiveUp(ErrorKind::Invalid) if size_before.is_none() => {
                    size_before = Some(*size);
                    if size.limit(ROWS_THAT_ALL_LISTINGS_TAKE) {
                        continue;
                    }
                }
                Verdict::GiveUp(ErrorKind::Invalid) => {
                    *size = size_before.unwrap_or(*size);
                }
                _ => {}
            }
            let is_slow = matches!(failed.verdict, Verdict::Again { smaller: Smaller::Slow, .. });
            if is_slow && failed.status.is_none() {
                attempts.count_twice();
            }
            let jitter = jitter(self.clock.elapsed(), walk);
            let (wait, is_limit, is_told) =
                match attempts.next(failed.verdict, size.can_shrink(), jitter) {
                    Next::GiveUp => return Err(failed.to_error(&told)),
                    Next::Ask { wait, smaller } => {
                        if smaller {
                            size.shrink(matches!(
                                failed.verdict,
                                Verdict::Again { smaller: Smaller::Body, .. }
                            ));
                        }
                        let is_told =
                            matches!(failed.verdict, Verdict::Again { after: Some(_), .. });
                        (wait, false, is_told)
                    }
                    Next::Hold(hold) => match slot.refusing_bucket(&failed.quotas) {
                        Some(bucket) => {
                            self.budget.hold(bucket, hold);
                            (Duration::ZERO, true, true)
                        }
                        None => (hold, true, true),
                    },
                };
            if is_told {
                // Turns that others had before the first refusal are not held against the walk.
                let now = self.clock.elapsed();
                let refused_for = now.saturating_sub(*waiting_since.get_or_insert(now));
                let others_wait = asked.patience().is_some_and(|patience| {
                    !wait.is_zero() && refused_for.saturating_add(wait) > patience
                });
                if others_wait || refused_for >= REFUSED_FOR_TOO_LONG {
                    let error = failed.to_error(&told);
                    let is_long = error.kind == ErrorKind::Outage && !others_wait;
                    let kind = if is_long { ErrorKind::LongOutage } else { error.kind };
                    return Err(ApiError { kind, again_in: others_wait.then_some(wait), ..error });
                }
            }
            drop(slot);
            if is_told {
                self.budget.tell(Wait { walk, bucket: None, is_limit, length: wait });
            }
            let _waiting = self.budget.waiting(walk);
            self.until_stopped(self.clock.sleep(wait), &told).await?;
            tally.waited += wait;
        }
    }

    /// Lets a walk wait for as long as a refusal of its last request asked for.
    ///
    /// # Errors
    /// [`ApiError`] when the program is to stop.
    pub async fn rest(
        &self,
        path: &str,
        walk: u64,
        wait: Duration,
        is_limit: bool,
    ) -> Result<(), ApiError> {
        let told = format!("GET /api/v2/{path}");
        self.budget.tell(Wait { walk, bucket: None, is_limit, length: wait });
        let _waiting = self.budget.waiting(walk);
        self.until_stopped(self.clock.sleep(wait), &told).await
    }

    /// Lets time pass before the same is asked again, holding nothing.
    ///
    /// # Errors
    /// [`ApiError`] when the program is to stop.
    pub async fn pause(&self, path: &str, wait: Duration) -> Result<(), ApiError> {
        self.until_stopped(self.clock.sleep(wait), &format!("GET /api/v2/{path}")).await
    }

    /// Asks for something that the sync can do without: in one short try, and with a worker that
    /// nobody else wants.
    ///
    /// # Errors
    /// [`ApiError`] when it did not come at once.
    pub async fn ask_in_passing(
        &self,
        path: &str,
        query: &[(&'static str, String)],
        buckets: &[Bucket],
        shape: &Shape,
    ) -> Result<Page, ApiError> {
        let request = Request {
            site: None,
            path,
            query,
            at: &Token::First,
            buckets,
            walk: SPARE,
            shape,
            patience: None,
        };
        let mut asked = AskedPage::new(&request);
        let told = asked.told();
        self.until_stopped(self.access.ready(), &told).await??;
        let acquiring = self.budget.acquire(buckets, SPARE);
        let mut slot = self.until_stopped(acquiring, &told).await?;
        let size = PageSize::new(Paging::Single, None);
        let attempt = self.attempt(&mut asked, &size, &mut slot);
        let attempt = tokio::time::timeout(self.clock.patience(SPARE_PATIENCE), attempt);
        let failed = match self.until_stopped(attempt, &told).await? {
            Ok(Ok((page, _))) => return Ok(page),
            Ok(Err(failed)) => failed,
            Err(_) => {
                let why = "there was no answer in time".to_owned();
                Failed::new(ErrorKind::Unavailable, Outcome::TimedOut, why)
            }
        };
        if let Verdict::Limited(hold) = failed.verdict
            && let Some(bucket) = slot.refusing_bucket(&failed.quotas)
        {
            self.budget.hold(bucket, hold);
        }
        Err(failed.to_error(&told))
    }

    async fn until_stopped<T>(
        &self,
        doing: impl Future<Output = T>,
        told: &str,
    ) -> Result<T, ApiError> {
        let mut stop = self.stop.clone();
        let stopped = async move {
            // A sender that is gone will never say stop.
            if stop.wait_for(|stop| *stop).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            biased;
            () = stopped => {
                let why = "the program was told to stop".to_owned();
                let failed = Failed::new(ErrorKind::Stopped, Outcome::Broken, why);
                Err(failed.to_error(told))
            }
            done = doing => Ok(done),
        }
    }
}
