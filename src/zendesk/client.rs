//! The one loop around a request: wait, sign, send, read, judge, and again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, DATE, HOST, HeaderMap, HeaderValue,
};
use reqwest::{RequestBuilder, Response};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;

use super::auth::{Access, Credentials, TokenEndpoint};
use super::body::{Body, BodyError, ENCODINGS};
use super::budget::{Bucket, Budget, SPARE, Slot, Wait};
use super::clock::Clock;
use super::error::{ApiError, ErrorKind, detail, transport};
use super::headers;
use super::instant;
use super::names::Names;
use super::page::{Page, Shape, scan};
use super::paging::{Paging, Token};
use super::retry::{Outcome, REFUSED_FOR_TOO_LONG, TRIES, Verdict, backoff, judge};
use super::site::Site;

/// A body past this is asked again at half the page size, where the listing has one.
const LARGEST_BODY_BYTES: usize = 16 << 20;

/// The largest body that is read where the page cannot shrink.
const LARGEST_UNSHRINKABLE_BODY_BYTES: usize = 256 << 20;

/// An answer within this lets a page grow back. Export pages of 1,000 rows take 4 to 12 seconds.
const QUICK: Duration = Duration::from_secs(15);

/// Tries of a request for which somebody waits.
const IMPATIENT_TRIES: u32 = 3;

/// How long an answer that the sync can do without may keep a worker.
const SPARE_PATIENCE: Duration = Duration::from_secs(5);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const READ_TIMEOUT: Duration = Duration::from_secs(60);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(300);

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
#[derive(Clone, Copy, Debug)]
pub struct PageSize {
    parameter: Option<&'static str>,
    pub rows: u32,
    pub ceiling: u32,
    may_change: bool,
}

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

    /// Asks once.
    fn attempt(
        &mut self,
        client: &Client,
        size: &PageSize,
        slot: &mut Slot,
    ) -> impl Future<Output = Result<Self::Answer, Failed>> + Send;
}

impl Asked for &Request<'_> {
    type Answer = Page;

    fn told(&self) -> String {
        let host = self.site.filter(|site| !site.is_main).map_or("", Site::name);
        format!("GET {host}/api/v2/{}", self.path)
    }

    fn buckets(&self) -> &[Bucket] {
        self.buckets
    }

    fn walk(&self) -> u64 {
        self.walk
    }

    fn patience(&self) -> Option<Duration> {
        self.patience
    }

    async fn attempt(
        &mut self,
        client: &Client,
        size: &PageSize,
        slot: &mut Slot,
    ) -> Result<Page, Failed> {
        client.attempt(self, size, slot).await
    }
}

/// An answer, the slot that it came with, and when it was asked for.
struct Got<T> {
    answer: T,
    slot: Slot,
    sent_at: Duration,
}

/// What a walk spent.
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

    /// A size that starts small and grows to the largest while answers are quick.
    #[must_use]
    pub fn growing(paging: Paging, start: u32) -> Self {
        let size = Self::new(paging, None);
        Self { rows: start.min(size.ceiling), ..size }
    }

    /// Asks for the largest page that the dialect has, once: `rows` as it was is not kept.
    pub fn largest(&mut self, paging: Paging) {
        *self = Self::new(paging, None);
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
        // A redirect is followed on the same host only: credentials go nowhere else.
        let redirect = reqwest::redirect::Policy::custom(|attempt| {
            let asked = attempt.previous();
            let is_same =
                asked.first().is_some_and(|first| first.origin() == attempt.url().origin());
            if is_same && asked.len() < 4 { attempt.follow() } else { attempt.stop() }
        });
        let tls = super::trust::tls_config().map_err(NoClient)?;
        let names = Arc::new(Names::of_system());
        let builder = || {
            reqwest::Client::builder()
                .dns_resolver(Arc::clone(&names))
                .tls_backend_preconfigured(tls.clone())
                .connect_timeout(clock.patience(CONNECT_TIMEOUT))
                .read_timeout(clock.patience(READ_TIMEOUT))
                .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
        };
        let build = |builder: reqwest::ClientBuilder| {
            builder.build().map_err(|error| NoClient(error.without_url().to_string()))
        };
        let http = build(builder().redirect(redirect).timeout(clock.patience(TOTAL_TIMEOUT)))?;
        // A file is counted and continued by its bytes as they are sent.
        let content = build(
            builder()
                .redirect(reqwest::redirect::Policy::none())
                .timeout(clock.patience(super::content::TOTAL_TIMEOUT))
                .no_gzip(),
        )?;
        let (url, host) = (main.base.clone(), main.host.clone());
        let endpoint = TokenEndpoint { http: http.clone(), url, host };
        let access = Access::new(credentials, endpoint, clock.clone());
        let last_failure = Mutex::default();
        let tries = TRIES;
        Ok(Self { http, content, main, access, budget, clock, stop, tries, last_failure })
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
        let mut asked = request;
        let Got { answer, slot, sent_at } = self.ask(&mut asked, size, tally).await?;
        tally.pages += 1;
        let asked = size.rows;
        if self.clock.elapsed().saturating_sub(sent_at) <= QUICK {
            size.grow();
        }
        Ok(Fetched { page: answer, asked, now_unix: self.clock.now_unix(), slot })
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
        let mut refused_since = None;
        let mut tries = 0;
        let mut renewed = false;
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
            if asked.has_progressed() {
                tries = 0;
            }
            *self.last_failure.lock().unwrap_or_else(PoisonError::into_inner) =
                Some(failed.to_error(&told));
            let mut wait = Duration::ZERO;
            match failed.verdict {
                Verdict::HoldBucket(hold) => match slot.refusing_bucket(&failed.quotas) {
                    Some(bucket) => self.budget.hold(bucket, hold),
                    None => wait = hold,
                },
                Verdict::HoldWalk(hold) => wait = hold,
                Verdict::Again { smaller: true } if size.can_shrink() => size.shrink(),
                Verdict::Again { .. } => {
                    tries += 1;
                    if tries >= self.tries || failed.kind == ErrorKind::TooLarge {
                        return Err(failed.into_error(told));
                    }
                    wait = backoff(tries + 1, jitter(self.clock.elapsed(), walk));
                }
                Verdict::GiveUp(ErrorKind::Unauthorized)
                    if !renewed && self.access.may_renew(failed.signed, failed.names_token()) =>
                {
                    renewed = true;
                    drop(slot);
                    self.until_stopped(self.access.renew(failed.signed), &told).await??;
                    continue;
                }
                Verdict::GiveUp(kind) => return Err(Failed { kind, ..failed }.into_error(told)),
            }
            let is_refused =
                matches!(failed.verdict, Verdict::HoldBucket(_) | Verdict::HoldWalk(_));
            if is_refused {
                // Turns that others had before the first refusal are not held against the walk.
                let now = self.clock.elapsed();
                let refused_for = now.saturating_sub(*refused_since.get_or_insert(now));
                let others_wait = asked.patience().is_some_and(|patience| {
                    !wait.is_zero() && refused_for.saturating_add(wait) > patience
                });
                if others_wait || refused_for >= REFUSED_FOR_TOO_LONG {
                    let kind = ErrorKind::RateLimited;
                    let failed = Failed { kind, ..failed }.into_error(told);
                    return Err(ApiError { again_in: others_wait.then_some(wait), ..failed });
                }
            }
            drop(slot);
            if is_refused {
                self.budget.tell(Wait { walk, bucket: None, length: wait });
            }
            self.until_stopped(self.clock.sleep(wait), &told).await?;
            tally.waited += wait;
        }
    }

    /// Lets a walk wait for as long as a refusal of its last request asked for.
    ///
    /// # Errors
    /// [`ApiError`] when the program is to stop.
    pub async fn rest(&self, path: &str, walk: u64, wait: Duration) -> Result<(), ApiError> {
        let told = format!("GET /api/v2/{path}");
        self.budget.tell(Wait { walk, bucket: None, length: wait });
        self.until_stopped(self.clock.sleep(wait), &told).await
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
        let told = (&request).told();
        self.until_stopped(self.access.ready(), &told).await??;
        let acquiring = self.budget.acquire(buckets, SPARE);
        let mut slot = self.until_stopped(acquiring, &told).await?;
        let size = PageSize::new(Paging::Single, None);
        let attempt = self.attempt(&request, &size, &mut slot);
        let attempt = tokio::time::timeout(self.clock.patience(SPARE_PATIENCE), attempt);
        let failed = match self.until_stopped(attempt, &told).await? {
            Ok(Ok(page)) => return Ok(page),
            Ok(Err(failed)) => failed,
            Err(_) => {
                let why = "there was no answer in time".to_owned();
                Failed::new(ErrorKind::Unavailable, Outcome::TimedOut, why)
            }
        };
        if let Verdict::HoldBucket(hold) = failed.verdict
            && let Some(bucket) = slot.refusing_bucket(&failed.quotas)
        {
            self.budget.hold(bucket, hold);
        }
        Err(failed.into_error(told))
    }

    /// Sends the request once and reads the answer to its end.
    async fn attempt(
        &self,
        request: &Request<'_>,
        size: &PageSize,
        slot: &mut Slot,
    ) -> Result<Page, Failed> {
        let (answer, signed) = self.send(request, size).await?;
        let status = answer.status().as_u16();
        let quotas = self.observe(answer.headers(), slot);
        let retry_after = headers::retry_after(answer.headers(), self.clock.now_unix());
        let may_shrink = size.can_shrink();
        let limit = if may_shrink { LARGEST_BODY_BYTES } else { LARGEST_UNSHRINKABLE_BODY_BYTES };
        let body = read_body(answer, limit).await;
        if (200..300).contains(&status) {
            self.access.accepted(signed);
            return scan(body?, request.shape).map_err(|why| {
                Failed::new(ErrorKind::Unreadable, Outcome::Unreadable, why.to_string())
            });
        }
        // The status decides; a body that did not arrive only takes the detail away.
        let body = body.unwrap_or_default();
        let answered = Answered { status, retry_after, quotas, signed };
        Err(self.failed(answered, &body, request.at.is_servers()))
    }

    /// An answer that brought no page and no file. `has_token` tells whether the server's own
    /// token was asked with, which it may have forgotten.
    pub(super) fn failed(&self, answered: Answered, body: &[u8], has_token: bool) -> Failed {
        let Answered { status, retry_after, quotas, signed } = answered;
        let verdict = judge(Outcome::Answered { status, retry_after, body }, has_token);
        let detail = detail(body, self.access.secrets());
        let kind = match status {
            429 | 503 => ErrorKind::RateLimited,
            _ => ErrorKind::Unavailable,
        };
        Failed { kind, verdict, status: Some(status), detail, quotas, signed }
    }

    /// Signs a request to a host of the account. Tells by which of the signatures.
    pub(super) fn sign(&self, mut sending: RequestBuilder, site: &Site) -> (RequestBuilder, u64) {
        let mut number = 0;
        if let Some(signed) = self.access.sign() {
            sending = sending.header(AUTHORIZATION, signed.header);
            number = signed.number;
        }
        if let Some(host) = &site.host {
            sending = sending.header(HOST, host.clone());
        }
        (sending, number)
    }

    /// Sends the request. Tells by which of the signatures.
    async fn send(
        &self,
        request: &Request<'_>,
        size: &PageSize,
    ) -> Result<(Response, u64), Failed> {
        let site = request.site.unwrap_or(&self.main);
        let mut url = site.base.clone();
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
        let sending = self
            .http
            .get(url)
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .header(ACCEPT_ENCODING, HeaderValue::from_static(ENCODINGS));
        let (sending, number) = self.sign(sending, site);
        let answer = sending.send().await.map_err(Failed::transport)?;
        Ok((answer, number))
    }

    pub(super) fn observe(&self, headers: &HeaderMap, slot: &mut Slot) -> Vec<headers::Quota> {
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
                Err(Failed::new(ErrorKind::Stopped, Outcome::Broken, why).into_error(told.to_owned()))
            }
            done = doing => Ok(done),
        }
    }
}

/// What an answer tells beside its body.
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) retry_after: headers::RetryAfter,
    pub(super) quotas: Vec<headers::Quota>,
    /// Which signature it was asked with.
    pub(super) signed: u64,
}

/// One try that gave no answer.
pub(super) struct Failed {
    pub(super) verdict: Verdict,
    /// What the failure is called when the tries are used up.
    pub(super) kind: ErrorKind,
    pub(super) status: Option<u16>,
    pub(super) detail: String,
    pub(super) quotas: Vec<headers::Quota>,
    /// Which signature it was sent with.
    pub(super) signed: u64,
}

impl Failed {
    pub(super) fn new(kind: ErrorKind, outcome: Outcome<'_>, detail: String) -> Self {
        let verdict = judge(outcome, false);
        Self { verdict, kind, status: None, detail, quotas: Vec::new(), signed: 0 }
    }

    pub(super) fn transport(error: reqwest::Error) -> Self {
        let outcome = if error.is_timeout() { Outcome::TimedOut } else { Outcome::Broken };
        let (kind, why) = transport(error);
        let failed = Self::new(kind, outcome, why);
        if kind == ErrorKind::Untrusted {
            return Self { verdict: Verdict::GiveUp(kind), ..failed };
        }
        failed
    }

    /// Whether a refusal is about the access token, by the name that OAuth gives it.
    fn names_token(&self) -> bool {
        self.detail.contains("invalid_token")
    }

    fn to_error(&self, told: &str) -> ApiError {
        let kind = match self.verdict {
            Verdict::GiveUp(kind) => kind,
            _ => self.kind,
        };
        let request = told.to_owned();
        ApiError { kind, status: self.status, request, detail: self.detail.clone(), again_in: None }
    }

    fn into_error(self, request: String) -> ApiError {
        let Self { kind, status, detail, .. } = self;
        ApiError { kind, status, request, detail, again_in: None }
    }
}

async fn read_body(answer: Response, limit: usize) -> Result<Vec<u8>, Failed> {
    let failed = |error| match error {
        BodyError::TooLarge => {
            let detail = format!("a page is larger than {} MB", limit >> 20);
            Failed::new(ErrorKind::TooLarge, Outcome::TooLarge, detail)
        }
        BodyError::NotGzip | BodyError::CutShort => {
            let detail = format!("the body cannot be unpacked: {error}");
            Failed::new(ErrorKind::Unreadable, Outcome::Unreadable, detail)
        }
    };
    let encoding = answer.headers().get(CONTENT_ENCODING).and_then(|name| name.to_str().ok());
    let mut body = Body::new(encoding, answer.content_length(), limit);
    let mut chunks = answer.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        body.take(&chunk.map_err(Failed::transport)?).map_err(failed)?;
    }
    body.finish().map_err(failed)
}

/// A number from 0 to 1 that differs between walks and moments.
fn jitter(elapsed: Duration, walk: u64) -> f64 {
    let mixed = (u64::from(elapsed.subsec_nanos()) ^ walk).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    f64::from(u32::try_from(mixed >> 32).unwrap_or_default()) / f64::from(u32::MAX)
}
