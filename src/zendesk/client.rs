//! The one loop around a request: wait, sign, send, read, judge, and again.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use reqwest::header::{ACCEPT, AUTHORIZATION, DATE, HOST, HeaderMap, HeaderValue};
use reqwest::{Response, Url};
use tokio::sync::watch;

use super::auth::Signature;
use super::budget::{Bucket, Budget, Slot};
use super::clock::Clock;
use super::error::{ApiError, ErrorKind, detail};
use super::headers;
use super::instant;
use super::page::{Page, Shape, scan};
use super::paging::{Paging, Token};
use super::retry::{Outcome, REFUSED_FOR_TOO_LONG, TRIES, Verdict, backoff, judge};

/// A body past this is asked again at half the page size, where the listing has one.
const LARGEST_BODY_BYTES: usize = 16 << 20;

/// The largest body that is read where the page cannot shrink.
const LARGEST_UNSHRINKABLE_BODY_BYTES: usize = 256 << 20;

/// An answer within this lets a page grow back. Export pages of 1,000 rows take 4 to 12 seconds.
const QUICK: Duration = Duration::from_secs(15);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const READ_TIMEOUT: Duration = Duration::from_secs(60);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(300);

/// What every request to one account shares.
pub struct Client {
    http: reqwest::Client,
    base: Url,
    host: Option<HeaderValue>,
    signature: Signature,
    budget: Arc<Budget>,
    clock: Clock,
    stop: watch::Receiver<bool>,
}

/// One place in one listing.
#[derive(Debug)]
pub struct Request<'a> {
    /// Below `/api/v2/`, placeholders filled.
    pub path: &'a str,
    pub query: &'a [(&'static str, String)],
    pub at: &'a Token,
    pub buckets: &'a [Bucket],
    /// Whose turn it is when requests wait.
    pub walk: u64,
    pub shape: &'a Shape,
}

/// The page size of a walk: it halves when a page is too much, and grows back.
#[derive(Clone, Copy, Debug)]
pub struct PageSize {
    parameter: Option<&'static str>,
    pub rows: u32,
    pub ceiling: u32,
    may_change: bool,
}

/// What a walk spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub requests: u64,
    pub pages: u64,
    pub waited: Duration,
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
}

impl PageSize {
    /// The size of a walk over a listing of this dialect, at most `ceiling` rows.
    #[must_use]
    pub fn new(paging: Paging, ceiling: Option<u32>) -> Self {
        let (parameter, largest) =
            paging.size().map_or((None, u32::MAX), |(name, rows)| (Some(name), rows));
        let rows = ceiling.unwrap_or(largest).clamp(1, largest);
        Self { parameter, rows, ceiling: rows, may_change: paging.size_may_change() }
    }

    fn can_shrink(&self) -> bool {
        self.may_change && self.rows > 1
    }

    fn shrink(&mut self) {
        self.rows = (self.rows / 2).max(1);
    }

    fn grow(&mut self) {
        if self.may_change {
            self.rows = self.rows.saturating_mul(2).min(self.ceiling);
        }
    }
}

/// Why a client cannot be made.
#[derive(Debug)]
pub struct NoClient(pub String);

impl Client {
    /// A client of one account. `base` is where requests go; `host` is the name that the Host
    /// header carries when that is somewhere else.
    ///
    /// # Errors
    /// [`NoClient`] when the trust store or the base address is unusable.
    pub fn new(
        base: Url,
        host: Option<&str>,
        signature: Signature,
        budget: Arc<Budget>,
        clock: Clock,
        stop: watch::Receiver<bool>,
    ) -> Result<Self, NoClient> {
        let origin = base.origin();
        // A redirect is followed on the same host only: credentials go nowhere else.
        let redirect = reqwest::redirect::Policy::custom(move |attempt| {
            if attempt.url().origin() == origin && attempt.previous().len() < 4 {
                attempt.follow()
            } else {
                attempt.stop()
            }
        });
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(super::trust::tls_config().map_err(NoClient)?)
            .redirect(redirect)
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .timeout(TOTAL_TIMEOUT)
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| NoClient(error.without_url().to_string()))?;
        let host = host.and_then(|host| HeaderValue::from_str(host).ok());
        Ok(Self { http, base, host, signature, budget, clock, stop })
    }

    /// The clock that requests are paced by.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
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
        let began = self.clock.elapsed();
        let (mut tries, mut last) = (0, (ErrorKind::Unavailable, None, String::new()));
        loop {
            let asked_at = self.clock.elapsed();
            let mut slot = self
                .until_stopped(self.budget.acquire(request.buckets, request.walk), request)
                .await?;
            tally.waited += self.clock.elapsed().saturating_sub(asked_at);
            tally.requests += 1;
            let sent_at = self.clock.elapsed();
            let attempt =
                self.until_stopped(self.attempt(request, size, &mut slot), request).await?;
            let positioned = request.at.is_servers();
            let verdict = match &attempt {
                Attempt::Read(page) => {
                    let asked = size.rows;
                    if self.clock.elapsed().saturating_sub(sent_at) <= QUICK {
                        size.grow();
                    }
                    let _ = page;
                    tally.pages += 1;
                    let Attempt::Read(page) = attempt else { continue };
                    return Ok(Fetched {
                        page: *page,
                        asked,
                        now_unix: self.clock.now_unix(),
                        slot,
                    });
                }
                Attempt::Refused { status, retry_after, body, .. } => {
                    last = (ErrorKind::Unavailable, Some(*status), detail(body));
                    judge(
                        Outcome::Answered { status: *status, retry_after: *retry_after, body },
                        positioned,
                    )
                }
                Attempt::Broken(why) => {
                    last = (ErrorKind::Unavailable, None, why.clone());
                    judge(Outcome::Broken, positioned)
                }
                Attempt::TimedOut => {
                    last = (ErrorKind::Unavailable, None, "no answer in time".to_owned());
                    judge(Outcome::TimedOut, positioned)
                }
                Attempt::Unreadable(why) => {
                    last = (ErrorKind::Unreadable, None, why.clone());
                    judge(Outcome::Unreadable, positioned)
                }
                Attempt::TooLarge => {
                    let limit = LARGEST_UNSHRINKABLE_BODY_BYTES >> 20;
                    last =
                        (ErrorKind::TooLarge, None, format!("one page is larger than {limit} MB"));
                    judge(Outcome::TooLarge, positioned)
                }
            };
            let wait = match verdict {
                Verdict::Good => Duration::ZERO,
                Verdict::HoldBucket(wait) => {
                    if let Attempt::Refused { quotas, .. } = &attempt {
                        if let Some(bucket) = slot.refusing_bucket(quotas) {
                            self.budget.hold(bucket, wait);
                        }
                    }
                    Duration::ZERO
                }
                Verdict::HoldWalk(wait) => wait,
                Verdict::Again { smaller: true } if size.can_shrink() => {
                    size.shrink();
                    Duration::ZERO
                }
                Verdict::Again { .. } if last.0 == ErrorKind::TooLarge => {
                    return Err(error(request, last));
                }
                Verdict::Again { .. } => {
                    tries += 1;
                    if tries >= TRIES {
                        return Err(error(request, last));
                    }
                    backoff(tries + 1, jitter(self.clock.elapsed(), request.walk))
                }
                Verdict::GiveUp(kind) => return Err(error(request, (kind, last.1, last.2))),
            };
            if self.clock.elapsed().saturating_sub(began) >= REFUSED_FOR_TOO_LONG {
                return Err(error(request, (ErrorKind::RateLimited, last.1, last.2)));
            }
            drop(slot);
            self.until_stopped(self.clock.sleep(wait), request).await?;
            tally.waited += wait;
        }
    }

    /// Sends the request once and reads the answer to its end.
    async fn attempt(&self, request: &Request<'_>, size: &PageSize, slot: &mut Slot) -> Attempt {
        let answer = match self.send(request, size).await {
            Ok(answer) => answer,
            Err(error) if error.is_timeout() => return Attempt::TimedOut,
            Err(error) => return Attempt::Broken(reason(error)),
        };
        let status = answer.status().as_u16();
        let quotas = self.observe(answer.headers(), slot);
        let retry_after = headers::retry_after(answer.headers(), self.clock.now_unix());
        let limit =
            if size.can_shrink() { LARGEST_BODY_BYTES } else { LARGEST_UNSHRINKABLE_BODY_BYTES };
        let body = match read_body(answer, limit).await {
            Ok(body) => body,
            Err(fault) if (200..300).contains(&status) => return fault,
            // The status has decided already; what the body would have said is a detail.
            Err(_) => Vec::new(),
        };
        if !(200..300).contains(&status) {
            return Attempt::Refused { status, retry_after, body, quotas };
        }
        match scan(body, request.shape) {
            Ok(page) => Attempt::Read(Box::new(page)),
            Err(why) => Attempt::Unreadable(why.to_string()),
        }
    }

    async fn send(&self, request: &Request<'_>, size: &PageSize) -> reqwest::Result<Response> {
        let mut url = self.base.clone();
        url.set_path(&format!("/api/v2/{}", request.path));
        {
            let mut pairs = url.query_pairs_mut();
            for (key, value) in request.query {
                pairs.append_pair(key, value);
            }
            if let Some(parameter) = size.parameter {
                pairs.append_pair(parameter, &size.rows.to_string());
            }
            if let Some((key, value)) = request.at.parameter() {
                pairs.append_pair(key, &value);
            }
        }
        if url.query() == Some("") {
            url.set_query(None);
        }
        let mut sending = self
            .http
            .get(url)
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .header(AUTHORIZATION, self.signature.header());
        if let Some(host) = &self.host {
            sending = sending.header(HOST, host.clone());
        }
        sending.send().await
    }

    fn observe(&self, headers: &HeaderMap, slot: &mut Slot) -> Vec<headers::Quota> {
        let date = headers.get(DATE).and_then(|date| date.to_str().ok());
        if let Some(date) = date.and_then(instant::from_http_date) {
            self.clock.observe(date);
        }
        let quotas = headers::quotas(headers);
        slot.observe(&quotas);
        quotas
    }

    async fn until_stopped<T>(
        &self,
        doing: impl Future<Output = T>,
        request: &Request<'_>,
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
            () = stopped => Err(error(request, (ErrorKind::Stopped, None, "stopped".to_owned()))),
            done = doing => Ok(done),
        }
    }
}

enum Attempt {
    Read(Box<Page>),
    Refused {
        status: u16,
        retry_after: headers::RetryAfter,
        body: Vec<u8>,
        quotas: Vec<headers::Quota>,
    },
    Broken(String),
    TimedOut,
    Unreadable(String),
    TooLarge,
}

async fn read_body(answer: Response, limit: usize) -> Result<Vec<u8>, Attempt> {
    let mut body = Vec::new();
    let mut chunks = answer.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        match chunk {
            Ok(chunk) if body.len() + chunk.len() > limit => return Err(Attempt::TooLarge),
            Ok(chunk) => body.extend_from_slice(&chunk),
            Err(error) if error.is_timeout() => return Err(Attempt::TimedOut),
            Err(error) => return Err(Attempt::Broken(reason(error))),
        }
    }
    Ok(body)
}

/// The chain of reasons of a transport error, without the address, whose query may hold a token.
fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut words = vec![error.to_string()];
    let mut source = std::error::Error::source(&error);
    while let Some(inner) = source {
        words.push(inner.to_string());
        source = inner.source();
    }
    words.join(": ")
}

fn error(
    request: &Request<'_>,
    (kind, status, detail): (ErrorKind, Option<u16>, String),
) -> ApiError {
    ApiError { kind, status, path: format!("/api/v2/{}", request.path), detail }
}

/// A number from 0 to 1 that differs between walks and moments.
fn jitter(elapsed: Duration, walk: u64) -> f64 {
    let mixed = (u64::from(elapsed.subsec_nanos()) ^ walk).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    f64::from(u32::try_from(mixed >> 32).unwrap_or_default()) / f64::from(u32::MAX)
}
