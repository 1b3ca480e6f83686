//! The one loop around a request: wait for limits, sign, send, read, judge, and repeat if that may help.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;

pub(super) use self::asked::Asked;
use self::asked::AskedPage;
use self::attempts::{Attempts, Next, jitter};
pub(super) use self::failed::{Answered, FailedTry};
pub use self::page_size::PageSize;
pub use self::request::{Fetched, Request, RequestStats};
pub use self::transport::NoClient;
pub(super) use self::transport::{MITIGATED, Transport};
use super::auth::Credentials;
use super::budget::{Bucket, Budget, Permit, SPARE, Wait};
use super::clock::Clock;
use super::error::{ApiError, ErrorKind};
use super::page::{Page, Shape};
use super::paging::{Paging, Token};
use super::retry::{Outcome, REFUSED_FOR_TOO_LONG, Smaller, TRIES, Verdict};
use super::site::Site;

mod asked;
mod attempts;
mod failed;
mod page_size;
mod request;
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
    transport: Transport,
    budget: Arc<Budget>,
    stop: watch::Receiver<bool>,
    /// Tries of a request that meets faults.
    tries: u32,
    /// How the last try failed, whatever came of it.
    last_failure: Mutex<Option<ApiError>>,
}

/// An answer, the slot that it came with, and when it was asked for.
struct Got<T> {
    answer: T,
    slot: Permit,
    sent_at: Duration,
}

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
        let transport = Transport::new(main, credentials, clock)?;
        Ok(Self { transport, budget, stop, tries: TRIES, last_failure: Mutex::default() })
    }

    /// Gives up on faults early, for somebody who waits.
    #[must_use]
    pub fn impatient(self) -> Self {
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
        let mut waiting_since = None;
        let mut attempts = Attempts::new(self.tries);
        let mut renewed = false;
        // The size that was asked for before a refusal was taken for one of the size.
        let mut size_before = None;
        loop {
            let asked_at = self.transport.clock.elapsed();
            let (name, walk) = (asked.name(), asked.walk());
            self.until_stopped(self.transport.access.ready(), &name).await??;
            let acquiring = self.budget.acquire(asked.buckets(), walk);
            let mut slot = self.until_stopped(acquiring, &name).await?;
            let sent_at = self.transport.clock.elapsed();
            tally.waited += sent_at.saturating_sub(asked_at);
            tally.requests += 1;
            let attempt = asked.attempt(&self.transport, size, &mut slot);
            let failed = match self.until_stopped(attempt, &name).await? {
                Ok(answer) => return Ok(Got { answer, slot, sent_at }),
                Err(failed) => failed,
            };
            if failed.is_crowded {
                // The next try has the store to itself, so this happens once for each of the others.
                drop(slot);
                asked.hold(self.until_stopped(self.transport.large.all(), &name).await?);
                continue;
            }
            if asked.has_progressed() {
                attempts.start_over();
            }
            *self.last_failure.lock().unwrap_or_else(PoisonError::into_inner) =
                Some(failed.to_error(&name));
            match failed.verdict {
                Verdict::Doubt(ErrorKind::Unauthorized)
                    if !renewed
                        && self.transport.access.may_renew(failed.signed, failed.names_token()) =>
                {
                    renewed = true;
                    drop(slot);
                    self.until_stopped(self.transport.access.renew(failed.signed), &name).await??;
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
            let jitter = jitter(self.transport.clock.elapsed(), walk);
            let (wait, is_limit, is_servers_wait) =
                match attempts.next(failed.verdict, size.can_shrink(), jitter) {
                    Next::GiveUp => return Err(failed.to_error(&name)),
                    Next::Ask { wait, smaller } => {
                        if smaller {
                            size.shrink(matches!(
                                failed.verdict,
                                Verdict::Again { smaller: Smaller::Body, .. }
                            ));
                        }
                        let is_servers_wait =
                            matches!(failed.verdict, Verdict::Again { after: Some(_), .. });
                        (wait, false, is_servers_wait)
                    }
                    Next::Hold(hold) => match slot.refusing_bucket(&failed.quotas) {
                        Some(bucket) => {
                            self.budget.hold(bucket, hold);
                            (Duration::ZERO, true, true)
                        }
                        None => (hold, true, true),
                    },
                };
            if is_servers_wait {
                // Turns that others had before the first refusal are not held against the walk.
                let now = self.transport.clock.elapsed();
                let refused_for = now.saturating_sub(*waiting_since.get_or_insert(now));
                let others_wait = asked.patience().is_some_and(|patience| {
                    !wait.is_zero() && refused_for.saturating_add(wait) > patience
                });
                if others_wait || refused_for >= REFUSED_FOR_TOO_LONG {
                    let error = failed.to_error(&name);
                    let is_long = error.kind == ErrorKind::Outage && !others_wait;
                    let kind = if is_long { ErrorKind::LongOutage } else { error.kind };
                    return Err(ApiError { kind, again_in: others_wait.then_some(wait), ..error });
                }
            }
            drop(slot);
            if is_servers_wait {
                self.budget.report(Wait { walk, bucket: None, is_limit, length: wait });
            }
            let _waiting = self.budget.waiting(walk);
            self.until_stopped(self.transport.clock.sleep(wait), &name).await?;
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
        let name = format!("GET /api/v2/{path}");
        self.budget.report(Wait { walk, bucket: None, is_limit, length: wait });
        let _waiting = self.budget.waiting(walk);
        self.until_stopped(self.transport.clock.sleep(wait), &name).await
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
            walk: SPARE,
            shape,
            patience: None,
        };
        let mut asked = AskedPage::new(&request);
        let name = asked.name();
        self.until_stopped(self.transport.access.ready(), &name).await??;
        let acquiring = self.budget.acquire(buckets, SPARE);
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
