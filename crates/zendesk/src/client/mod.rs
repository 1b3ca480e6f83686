//! The one loop around a request: wait for limits, sign, send, read, judge, and repeat if that may
//! help.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;

pub(super) use self::asked::Asked;
use self::asked::AskedPage;
use self::attempts::jitter;
pub use self::call::{Call, Repeat, Reply};
pub(super) use self::failed::{Answered, FailedTry};
pub use self::page_size::PageSize;
pub use self::request::{Fetched, Request, RequestStats};
pub(super) use self::transport::{MITIGATED, Transport};
pub use self::transport::{Network, NoClient};
use self::tries::{Followup, Pause, Tries};
use super::auth::Credentials;
use super::budget::{Bucket, Budget, Permit, Wait, WalkId};
use super::clock::Clock;
use super::error::{ApiError, ErrorKind};
use super::page::{Page, Shape};
use super::paging::{Paging, Token};
use super::retry::{Outcome, TRIES, Verdict};
use super::site::Site;

mod asked;
mod attempts;
mod call;
mod failed;
mod page_size;
mod request;
mod transport;
mod tries;

/// A page may grow again after an answer that came within this time. Export pages of 1,000 rows
/// take 4 to 12 seconds.
const QUICK: Duration = Duration::from_secs(15);

/// The most tries of a request of an impatient client.
const IMPATIENT_TRIES: u32 = 3;

/// The least number of requests that an impatient client has in flight.
const IMPATIENT_WORKERS: usize = 24;

/// The longest time that an optional request may occupy a worker.
const SPARE_PATIENCE: Duration = Duration::from_secs(5);

/// What all requests to one account share.
#[derive(Clone)]
pub struct Client {
    transport: Arc<Transport>,
    budget: Arc<Budget>,
    stop: watch::Receiver<bool>,
    /// The most tries of a request that meets faults.
    tries: u32,
    /// How the last try failed, whatever its request came to.
    last_failure: Arc<Mutex<Option<ApiError>>>,
}

/// An answer, its slot, and when it was requested.
struct Got<T> {
    answer: T,
    slot: Permit,
    sent_at: Duration,
}

/// What came of one try.
enum Tried<T> {
    Answered(Got<T>),
    Failed(FailedTry, Permit),
}

impl Client {
    /// A client of the account with this main host. `network` makes its connections. When `stop`
    /// becomes true, requests end with an error.
    ///
    /// # Errors
    /// [`NoClient`] when the trust store or the base address is unusable.
    pub fn new(
        main: Site,
        network: &Network,
        credentials: Credentials,
        budget: Arc<Budget>,
        clock: Clock,
        stop: watch::Receiver<bool>,
    ) -> Result<Self, NoClient> {
        let transport = Arc::new(Transport::new(main, network, credentials, clock)?);
        Ok(Self { transport, budget, stop, tries: TRIES, last_failure: Arc::default() })
    }

    /// The same client for somebody who waits for a few small answers of many listings. It gives up
    /// early on faults and sends many requests at once.
    #[must_use]
    pub fn impatient(self) -> Self {
        self.budget.widen_to(IMPATIENT_WORKERS);
        Self { tries: IMPATIENT_TRIES, ..self }
    }

    /// Returns a receiver of every long wait for a limit from now on.
    pub fn waits(&self) -> UnboundedReceiver<Wait> {
        self.budget.waits()
    }

    /// The account's main host.
    #[must_use]
    pub fn main(&self) -> &Site {
        &self.transport.main
    }

    /// The clock that paces requests.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.transport.clock
    }

    /// How the last try failed. For a caller that gave up waiting for a better answer.
    #[must_use]
    pub fn last_failure(&self) -> Option<ApiError> {
        self.last_failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The limit in requests per minute. `None` until a header names it.
    #[must_use]
    pub fn known_limit(&self, bucket: Bucket) -> Option<u32> {
        self.budget.known_limit(bucket)
    }

    /// A new walk. Its requests take turns with those of other walks.
    #[must_use]
    pub fn new_walk(&self) -> WalkId {
        self.budget.new_walk()
    }

    /// The time in which at least one request of a walk waited.
    #[must_use]
    pub fn waited(&self, walk: WalkId) -> Duration {
        self.budget.waited(walk)
    }

    /// The largest number of requests that waited at the same time for a worker or a limit.
    #[must_use]
    pub fn most_waiting(&self) -> usize {
        self.budget.most_waiting()
    }

    /// The limits that requests wait for now, and how long each still blocks them.
    #[must_use]
    pub fn awaited(&self) -> Vec<(Bucket, Duration)> {
        self.budget.awaited()
    }

    /// Waits until no new token is on its way to be saved.
    pub async fn settle(&self) {
        self.transport.access.settle().await;
    }

    /// Fetches and scans one page. `size` follows what Zendesk can serve. `tally` counts requests,
    /// pages and waits.
    ///
    /// # Errors
    /// [`ApiError`] when waiting and repeating cannot help, or when the program is stopping.
    pub async fn get(
        &self,
        request: &Request<'_>,
        size: &mut PageSize,
        tally: &mut RequestStats,
    ) -> Result<Fetched, ApiError> {
        let mut asked = AskedPage::new(request);
        let Got { answer: (page, share), slot, sent_at } =
            self.ask(&mut asked, size, tally).await?;
        tally.pages += 1;
        let asked = size.rows;
        size.note_good(self.transport.clock.elapsed().saturating_sub(sent_at) <= QUICK);
        Ok(Fetched { page, asked, now_unix: self.transport.clock.now_unix(), slot, share })
    }

    /// Makes a call that may write, and returns Zendesk's answer.
    ///
    /// # Errors
    /// [`ApiError`] when waiting and repeating cannot help, when the call must not be repeated (see
    /// [`Repeat`]), or when the program is stopping.
    pub async fn call(&self, mut call: Call<'_>) -> Result<Reply, ApiError> {
        self.ask_for(&mut call, &mut RequestStats::default()).await
    }

    /// Fetches something that is not a page.
    pub(super) async fn ask_for<A: Asked>(
        &self,
        asked: &mut A,
        tally: &mut RequestStats,
    ) -> Result<A::Answer, ApiError> {
        let mut size = PageSize::new(Paging::Single, None);
        Ok(self.ask(asked, &mut size, tally).await?.answer)
    }

    /// The loop: waits and asks, until an answer comes or none can come.
    async fn ask<A: Asked>(
        &self,
        asked: &mut A,
        size: &mut PageSize,
        tally: &mut RequestStats,
    ) -> Result<Got<A::Answer>, ApiError> {
        let mut tries = Tries::new(self.tries);
        loop {
            let (name, walk) = (asked.name(), asked.walk());
            let (failed, slot) = match self.ask_once(asked, size, tally, &name).await? {
                Tried::Answered(got) => return Ok(got),
                Tried::Failed(failed, slot) => (failed, slot),
            };
            if failed.is_crowded {
                // The next try has the store to itself, so this happens once for each of the others.
                drop(slot);
                asked.hold(self.until_stopped(self.transport.large.all(), &name).await?);
                continue;
            }
            if failed.may_have_acted && !asked.may_repeat() {
                return Err(ApiError { kind: ErrorKind::Unsettled, ..failed.to_error(&name) });
            }
            if asked.has_progressed() {
                tries.start_over();
            }
            *self.last_failure.lock().unwrap_or_else(PoisonError::into_inner) =
                Some(failed.to_error(&name));
            let access = &self.transport.access;
            if failed.verdict == Verdict::Doubt(ErrorKind::Unauthorized)
                && !tries.renewed
                && access.may_renew(failed.signed, failed.names_token())
            {
                tries.renewed = true;
                drop(slot);
                self.until_stopped(access.renew(failed.signed), &name).await??;
                continue;
            }
            if tries.limit_rows(failed.verdict, size) {
                continue;
            }
            let jitter = jitter(self.transport.clock.elapsed(), walk);
            let pause = match tries.next(&failed, size, jitter) {
                Followup::GiveUp => return Err(failed.to_error(&name)),
                Followup::Wait(pause) => pause,
                Followup::Hold(hold) => self.hold(&slot, &failed, hold),
            };
            let (now, patience) = (self.transport.clock.elapsed(), asked.patience());
            let refused = || failed.to_error(&name);
            if let Some(error) = tries.refused_too_long(pause, patience, now, refused) {
                return Err(error);
            }
            drop(slot);
            self.wait(walk, pause, &name).await?;
            tally.waited += pause.length;
        }
    }

    /// Makes one try as soon as it may be sent.
    async fn ask_once<A: Asked>(
        &self,
        asked: &mut A,
        size: &PageSize,
        tally: &mut RequestStats,
        name: &str,
    ) -> Result<Tried<A::Answer>, ApiError> {
        let clock = &self.transport.clock;
        let asked_at = clock.elapsed();
        self.until_stopped(self.transport.access.ready(), name).await??;
        let acquiring = self.budget.acquire(asked.buckets(), asked.walk());
        let mut slot = self.until_stopped(acquiring, name).await?;
        let sent_at = clock.elapsed();
        tally.waited += sent_at.saturating_sub(asked_at);
        tally.requests += 1;
        let attempt = asked.attempt(&self.transport, size, &mut slot);
        Ok(match self.until_stopped(attempt, name).await? {
            Ok(answer) => Tried::Answered(Got { answer, slot, sent_at }),
            Err(failed) => Tried::Failed(failed, slot),
        })
    }

    /// Holds the bucket that refused a request. The request then waits in its queue like all
    /// others. If no bucket explains the refusal, only the walk itself waits.
    fn hold(&self, slot: &Permit, failed: &FailedTry, hold: Duration) -> Pause {
        let bucket = slot.refusing_bucket(&failed.quotas);
        if let Some(bucket) = bucket {
            self.budget.hold(bucket, hold);
        }
        let length = if bucket.is_some() { Duration::ZERO } else { hold };
        Pause { length, is_limit: true, is_servers: true }
    }

    /// Waits before the next try, and holds nothing meanwhile.
    async fn wait(&self, walk: WalkId, pause: Pause, name: &str) -> Result<(), ApiError> {
        let Pause { length, is_limit, is_servers } = pause;
        if is_servers {
            self.budget.report(Wait { walk, bucket: None, is_limit, length });
        }
        let _waiting = self.budget.waiting(walk);
        self.until_stopped(self.transport.clock.sleep(length), name).await
    }

    /// Lets a walk wait for as long as a refusal of its last request asked for.
    ///
    /// # Errors
    /// [`ApiError`] when the program is stopping.
    pub async fn rest(
        &self,
        path: &str,
        walk: WalkId,
        wait: Duration,
        is_limit: bool,
    ) -> Result<(), ApiError> {
        let pause = Pause { length: wait, is_limit, is_servers: true };
        self.wait(walk, pause, &format!("GET /api/v2/{path}")).await
    }

    /// Waits before the same request is sent again, and holds nothing meanwhile.
    ///
    /// # Errors
    /// [`ApiError`] when the program is stopping.
    pub async fn pause(&self, path: &str, wait: Duration) -> Result<(), ApiError> {
        self.until_stopped(self.transport.clock.sleep(wait), &format!("GET /api/v2/{path}")).await
    }

    /// Makes a request that the sync can do without: one short try, with a worker that nothing else
    /// wants.
    ///
    /// # Errors
    /// [`ApiError`] when the answer did not come at once.
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
            walk: WalkId::SPARE,
            shape,
            patience: None,
        };
        let mut asked = AskedPage::new(&request);
        let name = asked.name();
        self.until_stopped(self.transport.access.ready(), &name).await??;
        let acquiring = self.budget.acquire(buckets, WalkId::SPARE);
        let mut slot = self.until_stopped(acquiring, &name).await?;
        let size = PageSize::new(Paging::Single, None);
        let attempt = asked.attempt(&self.transport, &size, &mut slot);
        let attempt = tokio::time::timeout(self.transport.clock.patience(SPARE_PATIENCE), attempt);
        let failed = match self.until_stopped(attempt, &name).await? {
            Ok(Ok((page, _))) => return Ok(page),
            Ok(Err(failed)) => failed,
            Err(_) => {
                let why = "there was no answer in time".to_owned();
                FailedTry::new(ErrorKind::Unavailable, Outcome::TimedOut, why)
            }
        };
        if let Verdict::Limited(hold) = failed.verdict
            && let Some(bucket) = slot.refusing_bucket(&failed.quotas)
        {
            self.budget.hold(bucket, hold);
        }
        Err(failed.to_error(&name))
    }

    async fn until_stopped<T>(
        &self,
        doing: impl Future<Output = T>,
        request: &str,
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
                let why = "the program was asked to stop".to_owned();
                let failed = FailedTry::new(ErrorKind::Stopped, Outcome::Broken, why);
                Err(failed.to_error(request))
            }
            done = doing => Ok(done),
        }
    }
}
