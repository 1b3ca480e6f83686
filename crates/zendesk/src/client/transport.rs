//! Sends requests and reads bodies: connections, signatures, limits of time and size.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use reqwest::dns::Resolve;
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AGE, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, DATE, HOST,
    HeaderMap, HeaderValue, LOCATION,
};
use reqwest::{ClientBuilder, Method, RequestBuilder, Response, Url};
use rustls::ClientConfig;
use serde_json::Value;

use super::call::{Call, REFUSALS, Reply};
use super::failed::{Answered, FailedTry};
use super::page_size::PageSize;
use super::request::Request;
use crate::auth::{Access, Credentials, TokenEndpoint};
use crate::body::{Body, BodyError, ENCODINGS};
use crate::budget::Permit;
use crate::clock::Clock;
use crate::error::{ErrorKind, detail};
use crate::large::{LARGEST_BODY_BYTES, LargeBodies, Share, USUAL_BODY_BYTES};
use crate::page::{Page, Scanner};
use crate::retry::{Outcome, Speaker, is_page, speaker, target};
use crate::site::Site;
use crate::tls::{TlsError, tls_config};
use crate::{headers, timestamp};

/// The longest time for one try of a file. What came by then is kept, and the next try goes on from
/// there.
pub(crate) const FILE_TIMEOUT: Duration = Duration::from_secs(1800);

/// A page with a larger body is requested again at half the size, if the listing has a page size.
const LARGEST_SHRINKABLE_BODY_BYTES: usize = 16 << 20;

/// How many decompressed bytes one piece may add before the share of the memory for large bodies is
/// checked.
const UNPACKED_AT_ONCE_BYTES: usize = 16 << 20;

/// The header that Cloudflare adds when it answers in place of the host.
///
/// Source: Cloudflare, "Detect a Challenge Page response".
pub(crate) const MITIGATED: &str = "cf-mitigated";

/// The header with Zendesk's warning about keys in a body that it ignored.
///
/// Source: recorded answers to writes.
const WARNING: &str = "x-zendesk-api-warn";

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The largest answer to a call that is read. A hundred rows of the largest kind are far smaller.
const LARGEST_REPLY_BYTES: usize = 64 << 20;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const READ_TIMEOUT: Duration = Duration::from_secs(60);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(300);

/// Why a client cannot be made.
#[derive(Debug)]
pub enum NoClient {
    Tls(TlsError),
    Connections(reqwest::Error),
}

impl fmt::Display for NoClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tls(why) => why.fmt(f),
            Self::Connections(why) => why.fmt(f),
        }
    }
}

impl Error for NoClient {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Tls(why) => Some(why),
            Self::Connections(why) => Some(why),
        }
    }
}

/// Sends requests to one account and reads answers. It does not repeat.
pub(crate) struct Transport {
    http: reqwest::Client,
    /// For calls that write. It follows no redirect, because a redirect would turn the call into a
    /// GET.
    writing: reqwest::Client,
    /// For files. It follows no redirect by itself, and gives a body more time.
    pub(crate) content: reqwest::Client,
    pub(crate) main: Site,
    pub(crate) access: Access,
    pub(crate) clock: Clock,
    pub(super) large: LargeBodies,
}

/// How connections are made.
pub struct Network {
    /// The `User-Agent` of requests.
    pub user_agent: &'static str,
    /// Resolves host names.
    pub names: Arc<dyn Resolve>,
}

impl Network {
    /// A builder of connections that resolve names, trust certificates and time out like those to
    /// Zendesk.
    ///
    /// # Errors
    /// [`NoClient`] when the trust store is unusable.
    pub fn builder(&self, clock: &Clock) -> Result<ClientBuilder, NoClient> {
        let tls = tls_config().map_err(NoClient::Tls)?;
        Ok(self.builder_with(tls, clock))
    }

    fn builder_with(&self, tls: ClientConfig, clock: &Clock) -> ClientBuilder {
        reqwest::Client::builder()
            .dns_resolver(Arc::clone(&self.names))
            .tls_backend_preconfigured(tls)
            .connect_timeout(clock.patience(CONNECT_TIMEOUT))
            .read_timeout(clock.patience(READ_TIMEOUT))
            .user_agent(self.user_agent)
    }
}

/// The connections for pages, for writes and for files.
struct Connections {
    http: reqwest::Client,
    writing: reqwest::Client,
    content: reqwest::Client,
}

/// Makes the three kinds of connections.
fn connections(clock: &Clock, network: &Network) -> Result<Connections, NoClient> {
    // A redirect is followed on the same host only: credentials go nowhere else.
    let redirect = reqwest::redirect::Policy::custom(|attempt| {
        let asked = attempt.previous();
        let is_same = asked.first().is_some_and(|first| first.origin() == attempt.url().origin());
        if is_same && asked.len() < 4 { attempt.follow() } else { attempt.stop() }
    });
    let tls = tls_config().map_err(NoClient::Tls)?;
    let builder = || network.builder_with(tls.clone(), clock);
    let build = |builder: reqwest::ClientBuilder| {
        builder.build().map_err(|error| NoClient::Connections(error.without_url()))
    };
    let http = build(builder().redirect(redirect).timeout(clock.patience(TOTAL_TIMEOUT)))?;
    let writing = build(
        builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(clock.patience(TOTAL_TIMEOUT)),
    )?;
    // A file is counted and continued by its bytes as they are sent.
    let content = build(
        builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(clock.patience(FILE_TIMEOUT))
            .no_gzip(),
    )?;
    Ok(Connections { http, writing, content })
}

impl Transport {
    /// Connections to the account with this main host.
    ///
    /// # Errors
    /// [`NoClient`] when the trust store is unusable.
    pub(super) fn new(
        main: Site,
        network: &Network,
        credentials: Credentials,
        clock: Clock,
    ) -> Result<Self, NoClient> {
        let Connections { http, writing, content } = connections(&clock, network)?;
        let (url, host) = (main.base.clone(), main.host.clone());
        let endpoint = TokenEndpoint { http: http.clone(), url, host };
        let access = Access::new(credentials, endpoint, clock.clone());
        Ok(Self { http, writing, content, main, access, clock, large: LargeBodies::default() })
    }

    /// Requests a page once. A large body takes a `share` of the memory for large bodies. The share
    /// is freed if the try fails.
    pub(super) async fn page(
        &self,
        request: &Request<'_>,
        scanner: &mut Scanner,
        mut share: Share,
        size: &PageSize,
        slot: &mut Permit,
    ) -> Result<(Page, Share), FailedTry> {
        let (answer, signed) = self.send(request, size).await?;
        let status = answer.status().as_u16();
        let quotas = self.observe(answer.headers(), slot);
        let retry_after = headers::retry_after(answer.headers(), self.clock.now_unix());
        if answer.status().is_redirection() {
            let host = request.site.unwrap_or(&self.main).name();
            return Err(self.redirected(&answer, host));
        }
        let is_mitigated = answer.headers().contains_key(MITIGATED);
        let body = match size.avoids_large_bodies() {
            true => read_body(answer, LARGEST_SHRINKABLE_BODY_BYTES, None).await,
            false => {
                let share = Some((&self.large, &mut share));
                read_body(answer, LARGEST_BODY_BYTES, share).await
            }
        };
        if (200..300).contains(&status) {
            let body = body?;
            if is_page(&body) {
                let words = detail(&body, self.access.secrets());
                return Err(FailedTry::new(ErrorKind::Intercepted, Outcome::Unreadable, words));
            }
            self.access.accepted(signed);
            let page = scanner.scan(body, request.shape).map_err(|why| {
                FailedTry::new(ErrorKind::Unreadable, Outcome::Unreadable, why.to_string())
            })?;
            return Ok((page, share));
        }
        // The status decides; a body that did not arrive only takes the detail away.
        let body = body.unwrap_or_default();
        let speaker = if is_mitigated { Speaker::Network } else { speaker(&body) };
        let answered = Answered { status, retry_after, quotas, signed };
        let has_token = request.at.is_servers();
        Err(FailedTry::answered(answered, &body, speaker, has_token, self.access.secrets()))
    }

    /// Makes a call once.
    pub(super) async fn call(
        &self,
        call: &Call<'_>,
        slot: &mut Permit,
    ) -> Result<Reply, FailedTry> {
        let mut url = self.main.base.clone();
        url.set_path(&format!("/api/v2/{}", call.path));
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        let mut sending = self.asking(call.method.clone(), url);
        sending = match call.body {
            Some(body) => sending.header(CONTENT_TYPE, JSON).body(body.to_string()),
            None => sending,
        };
        if let Some((name, value)) = call.headers() {
            sending = sending.header(name, value);
        }
        let (sending, signed) = self.sign(sending, &self.main);
        let answer = sending.send().await.map_err(FailedTry::transport)?;
        let status = answer.status().as_u16();
        let quotas = self.observe(answer.headers(), slot);
        let retry_after = headers::retry_after(answer.headers(), self.clock.now_unix());
        if answer.status().is_redirection() {
            return Err(self.redirected(&answer, self.main.name()));
        }
        let is_mitigated = answer.headers().contains_key(MITIGATED);
        let warning = answer.headers().get(WARNING).and_then(|text| text.to_str().ok());
        let warning = warning.map(|text| self.access.secrets().strike(text.to_owned()));
        let body = read_body(answer, LARGEST_REPLY_BYTES, None).await;
        let is_good = (200..300).contains(&status);
        let body = if is_good { body? } else { body.unwrap_or_default() };
        let speaker = if is_mitigated { Speaker::Network } else { speaker(&body) };
        if is_good || (REFUSALS.contains(&status) && speaker == Speaker::Zendesk) {
            let parsed = match body.iter().all(u8::is_ascii_whitespace) {
                true => Ok(Value::Null),
                false => serde_json::from_slice(&body),
            };
            if let Ok(body) = parsed {
                self.access.accepted(signed);
                return Ok(Reply { status, body, warning });
            }
            if is_good {
                let words = detail(&body, self.access.secrets());
                return Err(FailedTry::new(ErrorKind::Unreadable, Outcome::Unreadable, words));
            }
        }
        let answered = Answered { status, retry_after, quotas, signed };
        Err(FailedTry::answered(answered, &body, speaker, false, self.access.secrets()))
    }

    /// A request that asks for JSON.
    fn asking(&self, method: Method, url: Url) -> RequestBuilder {
        let http = if method == Method::GET { &self.http } else { &self.writing };
        http.request(method, url)
            .header(ACCEPT, JSON)
            .header(ACCEPT_ENCODING, HeaderValue::from_static(ENCODINGS))
    }

    /// The failure for a redirect that was not followed. The detail names only the host that it
    /// leads to.
    fn redirected(&self, answer: &Response, host: &str) -> FailedTry {
        let to = answer.headers().get(LOCATION).and_then(|to| to.to_str().ok());
        let to = to.and_then(|to| answer.url().join(to).ok());
        let to = to.as_ref().and_then(|to| to.host_str());
        let outcome = Outcome::Redirected(target(host, to));
        let words = match to {
            Some(to) => self.access.secrets().strike(format!("the redirect leads to {to}")),
            None => "the redirect has no address".to_owned(),
        };
        let failed = FailedTry::new(ErrorKind::Redirected, outcome, words);
        FailedTry { status: Some(answer.status().as_u16()), ..failed }
    }

    /// Signs a request to a host of the account. Returns the number of the signature too.
    pub(crate) fn sign(&self, mut sending: RequestBuilder, site: &Site) -> (RequestBuilder, u64) {
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

    /// Sends the request. Returns the number of the signature too.
    async fn send(
        &self,
        request: &Request<'_>,
        size: &PageSize,
    ) -> Result<(Response, u64), FailedTry> {
        let site = request.site.unwrap_or(&self.main);
        let mut url = site.base.clone();
        url.set_path(&format!("/api/v2/{}", request.path));
        if let Some(query) = request.at.query() {
            url.set_query(Some(query));
        } else {
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
        let (sending, number) = self.sign(self.asking(Method::GET, url), site);
        let answer = sending.send().await.map_err(FailedTry::transport)?;
        Ok((answer, number))
    }

    pub(crate) fn observe(&self, headers: &HeaderMap, slot: &mut Permit) -> Vec<headers::Quota> {
        let date = headers.get(DATE).and_then(|date| date.to_str().ok());
        if let Some(date) = date.and_then(timestamp::from_http_date) {
            // A cache says when the answer was made, and how long ago that was.
            let age = headers.get(AGE).and_then(|age| age.to_str().ok()?.trim().parse().ok());
            self.clock.observe(date.saturating_add(age.unwrap_or(0_u32).into()));
        }
        let quotas = headers::quotas(headers, self.clock.now_unix());
        slot.observe(&quotas);
        quotas
    }
}

/// Reads a body of at most `limit` bytes. A body that grows beyond the usual size takes a share of
/// the memory for large bodies, if `share` is given.
async fn read_body(
    answer: Response,
    limit: usize,
    mut share: Option<(&LargeBodies, &mut Share)>,
) -> Result<Vec<u8>, FailedTry> {
    let failed = |error| match error {
        BodyError::TooLarge => {
            let detail = format!("a page is larger than {} MB", limit >> 20);
            FailedTry::new(ErrorKind::TooLarge, Outcome::TooLarge, detail)
        }
        BodyError::NotGzip | BodyError::CutShort | BodyError::Unknown(_) => {
            let detail = format!("the body cannot be decompressed: {error}");
            FailedTry::new(ErrorKind::Unreadable, Outcome::Unreadable, detail)
        }
    };
    let crowded = || {
        let detail = "other large answers are being read".to_owned();
        let failed = FailedTry::new(ErrorKind::TooLarge, Outcome::TooLarge, detail);
        FailedTry { is_crowded: true, ..failed }
    };
    let room = |share: &Share| limit.min(share.holds().saturating_add(UNPACKED_AT_ONCE_BYTES));
    let mut now = share.as_ref().map_or(limit, |(_, share)| room(share));
    let announced = answer.content_length();
    let encodings = answer.headers().get_all(CONTENT_ENCODING).iter().map(HeaderValue::as_bytes);
    let mut body = Body::new(encodings, now).map_err(failed)?;
    // Room that is not written to takes no memory, and a body that grows by and by leaves holes.
    body.expect(announced.unwrap_or_default(), limit);
    let mut chunks = answer.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        match body.take(&chunk.map_err(FailedTry::transport)?) {
            Err(BodyError::TooLarge) if now < limit => return Err(crowded()),
            taken => taken.map_err(failed)?,
        }
        if let Some((store, share)) = &mut share
            && body.len() > USUAL_BODY_BYTES
        {
            if !store.try_hold(share, body.len()) {
                return Err(crowded());
            }
            now = room(share);
            body.raise(now);
        }
    }
    body.finish().map_err(failed)
}
