//! The HTTP side: one thread with one runtime, and the way of a request from the socket to its
//! answer. No lock is held while the server waits.

use crate::account::Brand;
use crate::answer::Answer;
use crate::auth::{self, AuthorizationKind, Identity};
use crate::body::{Broken, Pieces};
use crate::endpoints::{self, Desk};
use crate::faults::Fault;
use crate::paging;
use crate::query::{self, Asked};
use crate::requests::RequestSeen;
use crate::settings::{Latency, Settings};
use crate::simulator::{STEERING_PATH, Shared, State};
use crate::writes::{self, Written};
use crate::{clock, content, faults, limits, malformed, tls};
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::body::{Body, Incoming};
use hyper::header::{self, HeaderMap};
use hyper::http::request::Parts;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::future::poll_fn;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

/// Stops the server when it is dropped.
pub(crate) struct Stop {
    signal: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Stop {
    fn drop(&mut self) {
        drop(self.signal.take());
        if let Some(thread) = self.thread.take() {
            // A panic in the server thread was reported by that thread.
            let _ = thread.join();
        }
    }
}

pub(crate) fn start(shared: &Arc<Shared>) -> io::Result<(u16, Stop)> {
    let Settings { listen: address, port, content_port, .. } = shared.settings;
    let listen = |port| {
        let listener = TcpListener::bind((address, port))
            .map_err(|error| io::Error::new(error.kind(), format!("{address}:{port}: {error}")))?;
        listener.set_nonblocking(true)?;
        Ok::<_, io::Error>(listener)
    };
    let (listener, content) = (listen(port)?, listen(content_port)?);
    shared.state().content_port = content.local_addr()?.port();
    let (account, contents) = (Arc::clone(shared), Arc::clone(shared));
    let tls = shared.settings.tls.as_ref().map(tls::acceptor).transpose()?;
    let port = listener.local_addr()?.port();
    let (signal, stopped) = oneshot::channel::<()>();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let thread = thread::Builder::new().name("simulator".into()).spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                _ = stopped => {}
                () = accept(listener, tls, account, Host::Account) => {}
                () = accept(content, None, contents, Host::Contents) => {}
            }
        });
    })?;
    Ok((port, Stop { signal: Some(signal), thread: Some(thread) }))
}

/// The host that a listener serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Host {
    Account,
    Contents,
}

/// The connection that a request came on.
#[derive(Debug, Clone, Copy)]
struct Peer {
    host: Host,
    connection: u64,
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, shared: Arc<Shared>, host: Host) {
    let listener =
        tokio::net::TcpListener::from_std(listener).expect("the listener fits the runtime");
    for connection in 1.. {
        // A connection that broke before it was accepted is the client's affair.
        let Ok((stream, client)) = listener.accept().await else { continue };
        // Without this the second packet of an answer may wait for the client's acknowledgement.
        let _ = stream.set_nodelay(true);
        let shared = Arc::clone(&shared);
        let connected = Connected::new(&shared, client);
        let peer = Peer { host, connection };
        match tls.clone() {
            None => drop(tokio::spawn(async move {
                let _connected = connected;
                converse(stream, shared, peer).await;
            })),
            Some(tls) => drop(tokio::spawn(async move {
                let _connected = connected;
                // A client that does not trust us says so by going away.
                if let Ok(stream) = tls.accept(stream).await {
                    let speaks_http2 = stream.get_ref().1.alpn_protocol() == Some(tls::HTTP2);
                    if speaks_http2 {
                        converse_in_streams(stream, shared, peer).await;
                    } else {
                        converse(stream, shared, peer).await;
                    }
                }
            })),
        }
    }
}

async fn converse(stream: impl AsyncRead + AsyncWrite + Unpin, shared: Arc<Shared>, peer: Peer) {
    let service = service_fn(move |request| serve(Arc::clone(&shared), peer, request));
    let http = hyper::server::conn::http1::Builder::new();
    // Broken connections are what some tests want.
    let _ = http.serve_connection(TokioIo::new(stream), service).await;
}

/// Like `converse`, over HTTP/2. A broken answer breaks only its HTTP/2 stream.
async fn converse_in_streams(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    shared: Arc<Shared>,
    peer: Peer,
) {
    let service = service_fn(move |request| serve(Arc::clone(&shared), peer, request));
    let http = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    let _ = http.serve_connection(TokioIo::new(stream), service).await;
}

/// Counts a connection as open until this value is dropped.
struct Connected {
    shared: Arc<Shared>,
    client: SocketAddr,
}

impl Connected {
    fn new(shared: &Arc<Shared>, client: SocketAddr) -> Self {
        shared.state().connections.insert(client);
        shared.connected.notify_all();
        Self { shared: Arc::clone(shared), client }
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        self.shared.state().connections.remove(&self.client);
        self.shared.connected.notify_all();
    }
}

/// Counts a request as in flight until this value is dropped.
struct InFlight(Arc<Shared>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.state().in_flight -= 1;
    }
}

async fn serve(
    shared: Arc<Shared>,
    peer: Peer,
    request: Request<Incoming>,
) -> Result<Response<Pieces>, Broken> {
    if let (Host::Account, STEERING_PATH) = (peer.host, request.uri().path())
        && let Some(steering) = shared.steering.get()
    {
        let is_question = request.method() == Method::GET;
        let body = read(request.into_body()).await?;
        let order = String::from_utf8_lossy(&body);
        return steered(steering(if is_question { "status" } else { order.trim() }));
    }
    {
        let mut state = shared.state();
        state.in_flight += 1;
        state.peak_in_flight = state.peak_in_flight.max(state.in_flight);
    }
    let _in_flight = InFlight(Arc::clone(&shared));
    let (head, body) = request.into_parts();
    let body = if head.method == Method::GET { Vec::new() } else { read(body).await? };
    let (answer, fault, pause) = {
        let mut state = shared.state();
        let now = shared.clock.now_unix();
        let (answer, fault) = decide(&shared, &mut state, (&head, peer), &body, now);
        let latency = if head.uri.path().contains("/incremental/") {
            shared.settings.export_latency
        } else {
            shared.settings.latency
        };
        let ms = match latency {
            Latency::Fixed(ms) => ms,
            Latency::Drawn { min_ms, max_ms } => {
                min_ms + state.chance.below(max_ms.saturating_sub(min_ms) + 1)
            }
        };
        let late_ms = match fault {
            Some(Fault::Delay { ms } | Fault::Timeout { ms }) => ms,
            _ => 0,
        };
        (answer, fault, shared.clock.real(ms + late_ms))
    };
    if !pause.is_zero() {
        tokio::time::sleep(pause).await;
    }
    respond(&shared, &head.headers, answer, fault)
}

/// The answer to an order. It is not an answer of Zendesk, so it has no limits and no faults, and
/// it is not in the log.
fn steered(answer: Result<String, String>) -> Result<Response<Pieces>, Broken> {
    let (status, body) = match answer {
        Ok(body) => (200, body),
        Err(body) => (400, body),
    };
    let body = format!("{body}\n").into_bytes();
    let response = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CONTENT_LENGTH, body.len());
    response.body(Pieces::whole(body)).map_err(|_| Broken)
}

async fn read(mut body: Incoming) -> Result<Vec<u8>, Broken> {
    let mut bytes = Vec::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        if let Ok(data) = frame.map_err(|_| Broken)?.into_data() {
            bytes.extend_from_slice(&data);
        }
    }
    Ok(bytes)
}

/// The text of a header. Empty if the header is missing or not text.
fn text(head: &Parts, name: header::HeaderName) -> &str {
    head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The log entry of a request that is not answered yet.
fn seen_of(
    state: &State,
    head: &Parts,
    connection: u64,
    (authorization, who): (AuthorizationKind, &Identity),
    now: i64,
) -> RequestSeen {
    let path = head.uri.path().to_owned();
    let raw_query = head.uri.query().unwrap_or_default().to_owned();
    // HTTP/2 names the host in the target.
    let host_asked = Some(text(head, header::HOST)).filter(|host| !host.is_empty());
    let host_asked = host_asked.or(head.uri.host()).unwrap_or_default().to_owned();
    let feed = endpoints::route_of(&path);
    RequestSeen {
        n: state.requests_made,
        method: head.method.to_string(),
        query: query::parse(&raw_query),
        feed: feed.as_deref().map_or_else(|| path.clone(), endpoints::feed_of),
        path,
        raw_query,
        status: 0,
        faulted: false,
        at_unix: now,
        in_flight: state.in_flight,
        subdomain: state.account.brand_at(&host_asked).map(|brand| brand.subdomain),
        host: host_asked,
        connection,
        http2: head.version == Version::HTTP_2,
        accept_encoding: text(head, header::ACCEPT_ENCODING).to_owned(),
        user_agent: text(head, header::USER_AGENT).to_owned(),
        range: text(head, header::RANGE).to_owned(),
        authorization,
        body: Vec::new(),
        idempotency_key: String::new(),
        access_token: match who {
            Identity::Known(person) => person.token.as_ref().and_then(|token| token.number),
            _ => None,
        },
    }
}

/// Logs the request, runs the hook, counts the request, answers it, and asks for a fault.
fn decide(
    shared: &Shared,
    state: &mut State,
    (head, Peer { host, connection }): (&Parts, Peer),
    body: &[u8],
    now: i64,
) -> (Answer, Option<Fault>) {
    let authorization = head.headers.get(header::AUTHORIZATION);
    let authorization = authorization.and_then(|value| value.to_str().ok());
    let (kind, who) = auth::identify(authorization, &state.oauth, now);
    state.requests_made += 1;
    let mut seen = seen_of(state, head, connection, (kind, &who), now);
    if seen.is_write() {
        // What goes to the token endpoint is secret.
        seen.body = body.to_vec();
        let key = header::HeaderName::from_static("idempotency-key");
        seen.idempotency_key = text(head, key).to_owned();
    }
    state.account.set_now(now);
    state.writes.run_jobs(&mut state.account, shared.clock.now_ms());
    if let Some(mut hook) = state.hook.take() {
        hook(&seen, &mut state.account);
        state.hook = Some(hook);
    }
    let (fault, is_lost) = faults::apart(state.faults.decide(&seen), seen.is_write());
    let mut answer = match host {
        Host::Contents => content::answer(state, &seen),
        // The request never arrived, so there is nothing to be answered.
        Host::Account if is_lost => Answer::ok("{}"),
        Host::Account => routed(shared, state, head, body, &seen, &who),
    };
    if state.knobs.half_characters {
        answer.body = malformed::with_halves(&answer.body);
    }
    let ring = state.knobs.ring.as_ref();
    if let Some((_, length)) =
        ring.filter(|(part, _)| answer.status == 200 && seen.path.contains(part))
    {
        answer.body = malformed::in_a_ring(&answer.body, *length, &mut state.links_sent);
    }
    let answer = answer.with("x-request-id", format!("simulated-{}", seen.n));
    seen.faulted = !matches!(fault, None | Some(Fault::Delay { .. } | Fault::Trickle { .. }));
    seen.status = match &fault {
        Some(Fault::Status { status, .. }) => *status,
        Some(Fault::ResetConnection | Fault::Timeout { .. }) => 0,
        Some(Fault::Html | Fault::Empty | Fault::WithoutKey | Fault::EmptyEnd) => 200,
        _ => answer.status,
    };
    state.requests.push(seen);
    (answer, fault)
}

/// Answers a request for the account, by its route.
fn routed(
    shared: &Shared,
    state: &mut State,
    head: &Parts,
    body: &[u8],
    seen: &RequestSeen,
    who: &Identity,
) -> Answer {
    let Some(brand) = state.account.brand_at(&seen.host) else {
        *state.stray_requests.entry(seen.host.clone()).or_default() += 1;
        return Answer::no_help_desk(&seen.host, text(head, header::ACCEPT).contains("json"));
    };
    match endpoints::route_of(&seen.path) {
        None if seen.path == "/oauth/tokens" && head.method == Method::POST => {
            let longest = state.knobs.longest_token_seconds;
            state.oauth.token(body, seen.at_unix, longest)
        }
        None => content::redirect(state, &brand, seen, who).unwrap_or_else(Answer::no_endpoint),
        Some(route) if head.method != Method::GET => {
            match writes::find(head.method.as_str(), &route) {
                Some((to, ids)) => written(shared, state, (to, &ids), brand, seen, who),
                None => Answer::new(405, "text/plain", "Method Not Allowed"),
            }
        }
        Some(route) => counted(shared, state, &route, brand, seen, who),
    }
}

fn counted(
    shared: &Shared,
    state: &mut State,
    route: &str,
    brand: Brand,
    seen: &RequestSeen,
    who: &Identity,
) -> Answer {
    let settings = &shared.settings;
    let buckets = limits::buckets(route, settings);
    let now_ms = shared.clock.now_ms();
    let spelling = state.knobs.header_spelling;
    let verdict = state.limits.count(&buckets, now_ms, spelling, settings.enforce_limits);
    let answer = verdict.refusal.unwrap_or_else(|| {
        let asked = Asked {
            path: seen.path.clone(),
            pairs: seen.query.clone(),
            brand,
            now: seen.at_unix,
            page_cap: settings.page_cap.unwrap_or(usize::MAX).max(1),
        };
        let State { account, knobs, cursors, export_pages, writes, .. } = state;
        let jobs = &writes.jobs;
        let mut desk = Desk { settings, knobs, account, cursors, jobs, now_ms, export_pages };
        endpoints::answer(&mut desk, route, &asked, who)
    });
    verdict.headers.into_iter().fold(answer, |answer, (name, value)| answer.with(&name, value))
}

/// Answers a request that writes.
fn written(
    shared: &Shared,
    state: &mut State,
    (route, ids): (&'static writes::Route, &[&str]),
    brand: Brand,
    seen: &RequestSeen,
    who: &Identity,
) -> Answer {
    let settings = &shared.settings;
    let now_ms = shared.clock.now_ms();
    let (body, idempotency_key) = (seen.body.as_slice(), seen.idempotency_key.as_str());
    let written = Written { route, ids, body, idempotency_key, now_ms };
    let actor = if let Identity::Known(person) = who { person.user_id } else { 0 };
    let mut buckets = vec![limits::account_bucket(settings)];
    buckets.extend(writes::buckets(&written, &state.account, actor, settings));
    let spelling = state.knobs.header_spelling;
    let verdict = state.limits.count(&buckets, now_ms, spelling, settings.enforce_limits);
    let answer = verdict.refusal.unwrap_or_else(|| {
        let asked = Asked {
            path: seen.path.clone(),
            pairs: seen.query.clone(),
            brand,
            now: seen.at_unix,
            page_cap: usize::MAX,
        };
        let State { account, knobs, writes, .. } = state;
        writes::answer((settings, knobs), (account, writes), &asked, written, who)
    });
    verdict.headers.into_iter().fold(answer, |answer, (name, value)| answer.with(&name, value))
}

fn respond(
    shared: &Shared,
    asked: &HeaderMap,
    mut answer: Answer,
    fault: Option<Fault>,
) -> Result<Response<Pieces>, Broken> {
    let date = match fault {
        Some(Fault::Date(unix)) => unix,
        _ => shared.clock.now_unix(),
    };
    let date = clock::http_date(date);
    match &fault {
        Some(Fault::ResetConnection | Fault::Timeout { .. }) => return Err(Broken),
        Some(Fault::Status { status, headers, body }) => {
            let kind = match body.chars().next() {
                Some('{' | '[') => "application/json",
                Some('<') => "text/html; charset=UTF-8",
                _ => "text/plain",
            };
            answer = Answer::new(*status, kind, body.clone());
            for (name, value) in headers {
                answer = answer.with(name, value.clone());
            }
        }
        Some(Fault::Html) => {
            answer = Answer::html(200, "<!DOCTYPE html><html><body>Just a moment...</body></html>");
        }
        Some(Fault::Empty) => {
            answer.body.clear();
            answer.content = None;
        }
        Some(Fault::EmptyEnd) => answer.body = paging::ended(&answer.body),
        Some(Fault::WithoutKey) => answer = Answer::ok(r#"{"count":0,"unexpected":[]}"#),
        _ => {}
    }
    let mut response = Response::builder().status(answer.status).header(header::DATE, date);
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    if let Some(content) = &answer.content {
        let trickle = match fault {
            Some(Fault::Trickle { piece_bytes, pause_ms }) => {
                Some((piece_bytes, shared.clock.real(pause_ms).max(Duration::from_micros(1))))
            }
            _ => None,
        };
        let body = Pieces::of_content(content, fault == Some(Fault::CutBody), trickle);
        let response = response.header(header::CONTENT_LENGTH, content.len);
        return response.body(body).map_err(|_| Broken);
    }
    let accepted = asked.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let accepts_gzip = accepted.is_some_and(|list| list.contains("gzip"));
    let mut bytes = match &fault {
        Some(Fault::Malformed { how, row }) => {
            let number = answer.headers.iter().find(|(name, _)| name == "x-request-id");
            let number = number.map_or("", |(_, number)| number);
            let bad = malformed::malformed(&answer.body, *how, row.as_deref(), number);
            bad.unwrap_or_else(|| answer.body.into_bytes())
        }
        _ => answer.body.into_bytes(),
    };
    let breaks_gzip = fault == Some(Fault::BrokenGzip);
    if breaks_gzip || (shared.settings.gzip && accepts_gzip && !bytes.is_empty()) {
        bytes = gzip(&bytes);
        let spelling = shared.state().knobs.encoding_spelling.unwrap_or("gzip");
        response = response.header(header::CONTENT_ENCODING, spelling);
    }
    if breaks_gzip {
        let half = bytes.len() / 2;
        bytes[half..].fill(0x55);
    }
    response = response.header(header::CONTENT_LENGTH, bytes.len());
    let body = match fault {
        Some(Fault::CutBody) => Pieces::cut(bytes),
        Some(Fault::Trickle { piece_bytes, pause_ms }) => {
            let pause = shared.clock.real(pause_ms).max(Duration::from_micros(1));
            Pieces::trickle(bytes, piece_bytes, pause)
        }
        _ => Pieces::whole(bytes),
    };
    response.body(body).map_err(|_| Broken)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("writing to memory");
    encoder.finish().expect("writing to memory")
}
