//! The one loop around a request: wait for limits, sign, send, read, judge, and repeat if that may help.

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

/// An answer within this lets a page grow back. Export pages of 1,000 rows take 4 to 12 seconds.
const QUICK: Duration = Duration::from_secs(15);

/// Tries of a request for which somebody waits.
const IMPATIENT_TRIES: u32 = 3;

/// Requests that it has in flight at least.
const IMPATIENT_WORKERS: usize = 24;

/// How long an answer that the sync can do without may keep a worker.
const SPARE_PATIENCE: Duration = Duration::from_secs(5);

/// What every request to one account shares.
#[derive(Clone)]
pub struct Client {
    transport: Arc<Transport>,
    budget: Arc<Budget>,
    stop: watch::Receiver<bool>,
    /// Tries of a request that meets faults.
    tries: u32,
    /// How the last try failed, whatever came of it.
    last_failure: Arc<Mutex<Option<ApiError>>>,
}

/// An answer, the slot that it came with, and when it was asked for.
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
    /// A client of the account that has this main host. `network` is what its connections are made with.
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

    /// Gives up on faults early and asks much at once, for somebody who waits for a few small answers of
    /// many listings.
    #[must_use]
    pub fn impatient(self) -> Self {
        self.budget.widen_to(IMPATIENT_WORKERS);
        Self { tries: IMPATIENT_TRIES, ..self }
    }

    /// Receives every long wait for a limit from now on.
    pub fn waits(&self) -> UnboundedReceiver<Wait> {
        self.budget.waits()
    }

    /// The account's main host.
    #[must_use]
    pub fn main(&self) -> &Site {
        &self.transport.main
    }

    /// The clock that requests are paced by.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.transport.clock
    }

    /// How the last try failed, for whoever gave up waiting for better.
    #[must_use]
    pub fn last_failure(&self) -> Option<ApiError> {
        self.last_failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Requests a minute, once a header named the limit.
    #[must_use]
    pub fn known_limit(&self, bucket: Bucket) -> Option<u32> {
        self.budget.known_limit(bucket)
    }

    /// A walk of its own: its requests take turns with those of others.
    #[must_use]
    pub fn new_walk(&self) -> WalkId {
        self.budget.new_walk()
    }

    /// The time in which at least one request of a walk waited.
    #[must_use]
    pub fn waited(&self, walk: WalkId) -> Duration {
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
        self.transport.access.settle().await;
    }

    /// Fetches and scans one page.
    ///
    /// # Errors
    /// [`ApiError`] once waiting and asking again cannot help, or the program is to stop.
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

    /// Calls, which may write, and returns what Zendesk said.
    ///
    /// # Errors
    /// [`ApiError`] once waiting and asking again cannot help, or must not be done: see [`Repeat`].
    pub async fn call(&self, mut call: Call<'_>) -> Result<Reply, ApiError> {
        self.ask_for(&mut call, &mut RequestStats::default()).await
    }

    /// Fetches what is no page.
    pub(super) async fn ask_for<A: Asked>(
        &self,
        asked: &mut A,
        tally: &mut RequestStats,
    ) -> Result<A::Answer, ApiError> {
        let mut size = PageSize::new(Paging::Single, None);
        Ok(self.ask(asked, &mut size, tally).await?.answer)
    }

    /// The loop: waits, asks, and asks again until an answer comes or none will.
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

    /// One try, once it may be sent.
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

    /// Holds the bucket that refused a request, which then waits in its queue like all others. A
    /// refusal that no bucket explains is the walk's own to wait out.
    fn hold(&self, slot: &Permit, failed: &FailedTry, hold: Duration) -> Pause {
        let bucket = slot.refusing_bucket(&failed.quotas);
        if let Some(bucket) = bucket {
            self.budget.hold(bucket, hold);
        }
        let length = if bucket.is_some() { Duration::ZERO } else { hold };
        Pause { length, is_limit: true, is_servers: true }
    }

    /// Waits before the next try, holding nothing.
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
    /// [`ApiError`] when the program is to stop.
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

    /// Lets time pass before the same is asked again, holding nothing.
    ///
    /// # Errors
    /// [`ApiError`] when the program is to stop.
    pub async fn pause(&self, path: &str, wait: Duration) -> Result<(), ApiError> {
        self.until_stopped(self.transport.clock.sleep(wait), &format!("GET /api/v2/{path}")).await
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
                let why = "the program was told to stop".to_owned();
                let failed = FailedTry::new(ErrorKind::Stopped, Outcome::Broken, why);
                Err(failed.to_error(request))
            }
            done = doing => Ok(done),
        }
    }
}
