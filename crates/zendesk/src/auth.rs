//! Signs requests. The credentials are either fixed, or a token that is renewed. A token is renewed
//! shortly before it expires, or when Zendesk refuses it. One renewal serves all requests that wait
//! for it.
//!
//! Sources: Zendesk, "Security and authentication" and "OAuth tokens for grant types".

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::BoxFuture;
use reqwest::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, DATE, HOST, HeaderValue};
use tokio::sync::watch;

use super::body::Body;
use super::clock::Clock;
use super::error::{ApiError, ErrorKind, detail, transport};
use super::headers::{self, RetryAfter};
use super::oauth::{Grant, GrantVerdict, Issued};
use super::{retry, timestamp};
use crate::secret::{Secret, Secrets};

/// A token is renewed this long before it expires. A token with a short life is renewed after four
/// fifths of it.
const BEFORE_END_SECONDS: i64 = 60;

/// The most tries of one request for a token.
const TRIES: u32 = 4;

/// The longest time that one request for a token may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The largest answer of the token endpoint that is read.
const LARGEST_ANSWER_BYTES: usize = 1 << 20;

const TOKEN_PATH: &str = "/oauth/tokens";

/// What a client signs with.
pub enum Credentials {
    /// Credentials that do not change: an API token, or an access token that cannot be renewed.
    Fixed(Signature),
    /// Access tokens that are fetched. The first token may be missing, or may have expired long
    /// ago.
    Granted { grant: Grant, token: Option<AccessToken>, keep: Keep },
}

/// An access token.
#[derive(Clone, Debug)]
pub struct AccessToken {
    pub access_token: Secret,
    /// When the token expires, unix seconds. `None` if that is not known.
    pub ends_at: Option<i64>,
}

/// Saves a new token, and its refresh token if there is one, where the next sync finds them. The
/// token is used only when the future returns true. The old refresh token is void by then, so a
/// lost pair would lock everybody out.
pub type Keep =
    Box<dyn Fn(&AccessToken, Option<&Secret>) -> BoxFuture<'static, bool> + Send + Sync>;

/// The endpoint that issues tokens.
pub struct TokenEndpoint {
    pub http: reqwest::Client,
    pub url: reqwest::Url,
    pub host: Option<HeaderValue>,
}

/// Signs the requests of one client.
pub struct Access(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    keep: Option<Keep>,
    endpoint: TokenEndpoint,
    clock: Clock,
    secrets: Secrets,
}

struct State {
    signature: Option<Signature>,
    /// Counts the tokens, so that one refused token is not renewed twice.
    number: u64,
    /// Whether Zendesk accepted the token at least once. If it never did, another token does not
    /// help.
    accepted: bool,
    /// The expiry that came with the token, until it is believed.
    claimed_end: Option<i64>,
    renew_at: Option<i64>,
    grant: Option<Grant>,
    running: Option<watch::Receiver<Option<Result<(), ApiError>>>>,
    /// A refusal that another request cannot change.
    refused: Option<ApiError>,
}

/// A signature, and its number in [`Access`].
#[derive(Debug)]
pub struct Signed {
    pub header: HeaderValue,
    pub number: u64,
}

impl Access {
    #[must_use]
    pub fn new(credentials: Credentials, endpoint: TokenEndpoint, clock: Clock) -> Self {
        let secrets = Secrets::default();
        let mut state = State {
            signature: None,
            number: 0,
            accepted: false,
            claimed_end: None,
            renew_at: None,
            grant: None,
            running: None,
            refused: None,
        };
        let mut keeper = None;
        match credentials {
            Credentials::Fixed(signature) => state.signature = Some(signature),
            Credentials::Granted { grant, token, keep } => {
                grant.secrets().into_iter().for_each(|secret| secrets.add(secret));
                if let Some(token) = token {
                    state.signature = Signature::bearer(&token.access_token);
                    state.claimed_end = token.ends_at;
                }
                state.grant = Some(grant);
                keeper = Some(keep);
            }
        }
        state
            .signature
            .iter()
            .flat_map(|signature| &signature.secrets)
            .for_each(|s| secrets.add(s));
        Self(Arc::new(Inner { state: Mutex::new(state), keep: keeper, endpoint, clock, secrets }))
    }

    /// Secrets that must not be in any text that is shown.
    #[must_use]
    pub fn secrets(&self) -> &Secrets {
        &self.0.secrets
    }

    /// The signature for the next request. `None` only before the first token is fetched.
    #[must_use]
    pub fn sign(&self) -> Option<Signed> {
        let state = self.0.lock();
        let signature = state.signature.as_ref()?;
        Some(Signed { header: signature.header.clone(), number: state.number })
    }

    /// Makes sure that there is a signature. Renews the token if it is about to expire. Call it
    /// before [`Access::sign`].
    ///
    /// # Errors
    /// [`ApiError`] when there is no signature and no token can be fetched.
    pub async fn ready(&self) -> Result<(), ApiError> {
        let (missing, due, number) = {
            let state = self.0.lock();
            let due = state.renew_at.is_some_and(|at| self.0.clock.now_unix() >= at);
            (state.signature.is_none(), due, state.number)
        };
        if !missing && !due {
            return Ok(());
        }
        match self.renew(number).await {
            // A token that still works is used as long as it does.
            Err(_) if !missing => {
                self.0.lock().renew_at = None;
                Ok(())
            }
            done => done,
        }
    }

    /// Notes that Zendesk accepted a signature. `number` is [`Signed::number`].
    pub fn accepted(&self, number: u64) {
        let mut state = self.0.lock();
        if state.number != number || state.accepted {
            return;
        }
        state.accepted = true;
        // An end that is past although the token works was never updated; Zendesk's 401 tells.
        let soon = self.0.clock.now_unix() + BEFORE_END_SECONDS;
        let end = state.claimed_end.take().filter(|end| *end > soon);
        state.renew_at = state.renew_at.or(end.map(|end| end - BEFORE_END_SECONDS));
    }

    /// Whether a request that got a 401 may be sent again with another token. It may in three
    /// cases: a newer token is there already, the token is the user's own and was never accepted,
    /// or Zendesk says that the token is the reason.
    #[must_use]
    pub fn may_renew(&self, number: u64, names_token: bool) -> bool {
        let state = self.0.lock();
        let is_users = state.number == 0 && !state.accepted;
        state.grant.is_some()
            && (state.number > number || is_users || (state.accepted && names_token))
    }

    /// Fetches a token to replace the one with this number. Does nothing if that one was replaced
    /// already.
    ///
    /// # Errors
    /// [`ApiError`] when no token can be fetched.
    pub async fn renew(&self, number: u64) -> Result<(), ApiError> {
        let mut running = {
            let mut state = self.0.lock();
            if state.number > number && state.signature.is_some() {
                return Ok(());
            }
            if let Some(refused) = &state.refused {
                return Err(refused.clone());
            }
            match &state.running {
                Some(running) => running.clone(),
                None => {
                    let (done, running) = watch::channel(None);
                    state.running = Some(running.clone());
                    let inner = Arc::clone(&self.0);
                    // A task of its own: whoever asked may be dropped, but tokens that were
                    // issued must be saved.
                    tokio::spawn(async move {
                        let renewed = inner.renew().await;
                        inner.lock().running = None;
                        let _ = done.send(Some(renewed));
                    });
                    running
                }
            }
        };
        let done = running.wait_for(Option::is_some).await;
        done.ok().and_then(|done| done.clone()).unwrap_or_else(|| {
            Err(no_token(ErrorKind::Stopped, None, "the program is ending".to_owned()))
        })
    }

    /// Waits until no token is being fetched. Call it before the program ends, so that no new token
    /// is lost.
    pub async fn settle(&self) {
        let running = self.0.lock().running.clone();
        if let Some(mut running) = running {
            // A task that is gone has nothing left to save.
            let _ = running.wait_for(Option::is_some).await;
        }
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        // The lock is only ever held over plain assignments, so a poisoned one is still sound.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fetches a token, saves it, and only then uses it.
    async fn renew(&self) -> Result<(), ApiError> {
        let grant = self.lock().grant.clone();
        let (Some(grant), Some(keep)) = (grant, &self.keep) else {
            let why = "there are no credentials to fetch a token with".to_owned();
            return Err(no_token(ErrorKind::NoToken, None, why));
        };
        let issued = self.fetch(&grant).await.inspect_err(|error| {
            let may_come_later = matches!(
                error.kind,
                ErrorKind::NoToken | ErrorKind::Unresolved | ErrorKind::Untrusted
            );
            if !may_come_later {
                self.lock().refused = Some(error.clone());
            }
        })?;
        let Issued { access_token, refresh_token, expires_in } = issued;
        refresh_token.iter().for_each(|secret| self.secrets.add(secret));
        self.secrets.add(&access_token);
        let signature = Signature::bearer(&access_token).ok_or_else(|| {
            let why = "the new access token cannot be sent in a header".to_owned();
            no_token(ErrorKind::NoToken, None, why)
        })?;
        let now = self.clock.now_unix();
        let ends_at = expires_in.map(|seconds| now.saturating_add(seconds));
        let token = AccessToken { access_token, ends_at };
        if !keep(&token, refresh_token.as_ref()).await {
            let why = "the new tokens could not be saved".to_owned();
            return Err(no_token(ErrorKind::Stopped, None, why));
        }
        let mut state = self.lock();
        state.signature = Some(signature);
        state.number += 1;
        state.accepted = false;
        state.claimed_end = None;
        state.renew_at = expires_in
            .map(|seconds| now.saturating_add(seconds - BEFORE_END_SECONDS.min(seconds / 5)));
        if let (Some(Grant::Refresh { refresh_token: kept, .. }), Some(new)) =
            (&mut state.grant, refresh_token)
        {
            *kept = new;
        }
        Ok(())
    }

    async fn fetch(&self, grant: &Grant) -> Result<Issued, ApiError> {
        let mut tries = 0;
        loop {
            tries += 1;
            let (failed, wait) = match self.ask(grant).await {
                Ok((verdict, failed, wait)) => match verdict {
                    GrantVerdict::Issued(issued) => return Ok(issued),
                    GrantVerdict::Refused(kind) => return Err(ApiError { kind, ..failed }),
                    GrantVerdict::Again => (failed, wait),
                },
                Err(error) => match transport(error) {
                    (kind @ (ErrorKind::Unresolved | ErrorKind::Untrusted), why) => {
                        (no_token(kind, None, why), None)
                    }
                    (_, why) => (no_token(ErrorKind::NoToken, None, why), None),
                },
            };
            if tries >= TRIES {
                return Err(failed);
            }
            self.clock.sleep(wait.unwrap_or_else(|| retry::backoff(tries + 1, 1.0))).await;
        }
    }

    /// Asks once. Returns the verdict, the error that the answer would be, and how long to wait.
    async fn ask(
        &self,
        grant: &Grant,
    ) -> reqwest::Result<(GrantVerdict, ApiError, Option<Duration>)> {
        let TokenEndpoint { http, url, host } = &self.endpoint;
        let mut url = url.clone();
        url.set_path(TOKEN_PATH);
        let mut asking = http
            .post(url)
            .timeout(TIMEOUT)
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(grant.body());
        if let Some(host) = host {
            asking = asking.header(HOST, host.clone());
        }
        let mut answer = asking.send().await?;
        let status = answer.status().as_u16();
        let date = answer.headers().get(DATE).and_then(|date| date.to_str().ok());
        if let Some(date) = date.and_then(timestamp::from_http_date) {
            self.clock.observe(date);
        }
        let retry_after = headers::retry_after(answer.headers(), self.clock.now_unix());
        let encodings = answer.headers().get_all(CONTENT_ENCODING).iter();
        let encodings = encodings.map(HeaderValue::as_bytes);
        let mut unpacked = Body::new(encodings, LARGEST_ANSWER_BYTES).ok();
        while let Some(chunk) = answer.chunk().await? {
            unpacked = unpacked.and_then(|mut body| body.take(&chunk).ok().map(|()| body));
            if unpacked.is_none() {
                break;
            }
        }
        let body = unpacked.and_then(|body| body.finish().ok()).unwrap_or_default();
        // Every account has this endpoint.
        let kind = if status == 404 { ErrorKind::NoAccount } else { ErrorKind::NoToken };
        let failed = no_token(kind, Some(status), detail(&body, &self.secrets));
        let wait = match retry_after {
            RetryAfter::Missing if status != 429 => None,
            asked => Some(retry::wait(asked).max(retry::growing(1))),
        };
        Ok((grant.judge(status, &body), failed, wait))
    }
}

fn no_token(kind: ErrorKind, status: Option<u16>, detail: String) -> ApiError {
    let request = format!("POST {TOKEN_PATH}");
    ApiError { kind, status, request, detail, again_in: None, is_zendesks: false }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Access")
    }
}

/// The value that signs a request. Its Debug output shows only the kind.
#[derive(Clone)]
pub struct Signature {
    header: HeaderValue,
    kind: &'static str,
    secrets: Vec<Secret>,
}

impl Signature {
    /// `Basic` with an API token, as `{email}/token:{api_token}`. `None` if the result is not valid
    /// in a header.
    #[must_use]
    pub fn api_token(email: &str, api_token: &Secret) -> Option<Self> {
        let pair = Secret::new(STANDARD.encode(format!("{email}/token:{}", api_token.expose())));
        let value = format!("Basic {}", pair.expose());
        Self::new(&value, "api token", vec![api_token.clone(), pair])
    }

    /// `Bearer` with an OAuth access token. `None` if it is not valid in a header.
    #[must_use]
    pub fn bearer(access_token: &Secret) -> Option<Self> {
        let value = format!("Bearer {}", access_token.expose());
        Self::new(&value, "bearer token", vec![access_token.clone()])
    }

    fn new(value: &str, kind: &'static str, secrets: Vec<Secret>) -> Option<Self> {
        let mut header = HeaderValue::from_str(value).ok()?;
        header.set_sensitive(true);
        Some(Self { header, kind, secrets })
    }

    /// The value of the `Authorization` header, marked as sensitive.
    #[must_use]
    pub fn header(&self) -> HeaderValue {
        self.header.clone()
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({})", self.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_what_zendesk_documents_and_is_never_shown() {
        let basic = Signature::api_token("jdoe@example.com", &Secret::new("abc")).unwrap();
        assert_eq!(basic.header().to_str().unwrap(), "Basic amRvZUBleGFtcGxlLmNvbS90b2tlbjphYmM=");
        let bearer = Signature::bearer(&Secret::new("xyz")).unwrap();
        assert_eq!(bearer.header().to_str().unwrap(), "Bearer xyz");
        assert_eq!(
            format!("{bearer:?} {:?}", bearer.header()),
            "Signature(bearer token) Sensitive"
        );
        assert!(Signature::bearer(&Secret::new("a\r\nHost: evil")).is_none());
    }

    fn access(ends_at: Option<i64>) -> Access {
        let tls = crate::tls::tls_config().unwrap();
        let http = reqwest::Client::builder().tls_backend_preconfigured(tls).build().unwrap();
        let url = reqwest::Url::parse("http://127.0.0.1:9").unwrap();
        let grant = Grant::Refresh {
            client_id: Secret::new("id"),
            client_secret: Secret::new("client-secret"),
            refresh_token: Secret::new("refresh-token"),
        };
        let token = Some(AccessToken { access_token: Secret::new("access-token"), ends_at });
        let keep: Keep = Box::new(|_, _| Box::pin(async { true }));
        let endpoint = TokenEndpoint { http, url, host: None };
        Access::new(Credentials::Granted { grant, token, keep }, endpoint, Clock::new(1.0))
    }

    #[tokio::test(start_paused = true)]
    async fn an_end_is_believed_once_the_token_works_and_if_it_lies_ahead() {
        let now = 1_000_000;
        for (claimed, believed) in [
            (None, None),
            (Some(now - 1), None),
            (Some(now + 59), None),
            (Some(now + 600), Some(now + 540)),
        ] {
            let access = access(claimed);
            assert!(access.ready().await.is_ok(), "it is used as it is");
            access.0.clock.observe(now);
            access.accepted(0);
            assert_eq!(access.0.lock().renew_at, believed, "{claimed:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_401_is_about_the_token_when_it_says_so_or_the_token_never_worked() {
        let access = access(None);
        assert!(access.may_renew(0, false), "the user's token may be void");
        access.accepted(0);
        // A listing may answer 401 to a token that is good elsewhere.
        assert!(!access.may_renew(0, false));
        assert!(access.may_renew(0, true));
        access.0.lock().number = 1;
        access.0.lock().accepted = false;
        assert!(access.may_renew(0, false), "there is a newer one already");
        assert!(!access.may_renew(1, true), "a new token that never worked cannot be mended");
        assert_eq!(
            access.secrets().strike("refresh-token access-token".into()),
            "(secret) (secret)"
        );
    }
}
