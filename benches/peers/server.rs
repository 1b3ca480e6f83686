//! A Zendesk of prepared pages: a process of its own that serves them from memory over TLS. It
//! enforces no rules; the simulator does that.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tokio_rustls::TlsAcceptor;

use super::rows;
use crate::tell;

const SITE: &str = "https://acme.zendesk.com/api/v2";

/// A listing that the server has.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Listing {
    Tickets,
    /// For Singer's tap, which sleeps after live tickets.
    DeletedTickets,
    TicketsWithMetrics,
    Users,
    TicketEvents,
    TicketMetrics,
}

/// The arguments of a server.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) listings: Vec<Listing>,
    pub(crate) rows: u64,
    pub(crate) gzip: bool,
    pub(crate) http2: bool,
}

/// A server process. It ends when this value is dropped.
pub(crate) struct Server {
    process: Child,
    answers: BufReader<std::process::ChildStdout>,
    pub(crate) port: u16,
    /// The second of the first row, unix seconds.
    pub(crate) first_second: i64,
}

/// The bytes that the server sent and the time that it used since the last question.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Served {
    /// The size of the bodies before compression, and as they were sent.
    pub(crate) json_bytes: u64,
    pub(crate) body_bytes: u64,
    pub(crate) cpu_seconds: f64,
}

impl Listing {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Tickets, "tickets"),
        (Self::DeletedTickets, "deleted-tickets"),
        (Self::TicketsWithMetrics, "tickets-with-metrics"),
        (Self::Users, "users"),
        (Self::TicketEvents, "ticket-events"),
        (Self::TicketMetrics, "ticket-metrics"),
    ];

    pub(crate) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(listing, _)| *listing == self).map_or("", |(_, name)| name)
    }

    fn named(name: &str) -> Self {
        Self::ALL.iter().find(|(_, known)| *known == name).expect("a listing's name").0
    }

    fn page_rows(self) -> u64 {
        if self == Self::TicketMetrics { 100 } else { 1000 }
    }

    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Tickets | Self::DeletedTickets | Self::TicketsWithMetrics => "tickets",
            Self::Users => "users",
            Self::TicketEvents => "ticket_events",
            Self::TicketMetrics => "ticket_metrics",
        }
    }

    fn row(self, number: u64, second: i64) -> String {
        match self {
            Self::Tickets => rows::ticket(number, second, "open", false),
            Self::DeletedTickets => rows::ticket(number, second, "deleted", true),
            Self::TicketsWithMetrics => rows::ticket(number, second, "open", true),
            Self::Users => rows::user(number, second),
            Self::TicketEvents => rows::ticket_event(number, second),
            Self::TicketMetrics => rows::metric(number, second),
        }
    }

    /// The text after the rows of a page.
    fn envelope(self, page: u64, plan: &Plan, first_second: i64) -> String {
        let size = self.page_rows();
        let is_last = (page + 1) * size >= plan.rows;
        let count = size.min(plan.rows.saturating_sub(page * size));
        let next = page + 1;
        match self {
            Self::TicketEvents => {
                // The second of the last row, as Zendesk says it.
                let rows = (page * size + count).saturating_sub(1);
                let end = first_second + i64::try_from(rows).unwrap_or_default();
                format!(
                    r#""next_page":"{SITE}/incremental/ticket_events.json?include=comment_events&start_time={end}","count":{count},"end_of_stream":{is_last},"end_time":{end}"#
                )
            }
            Self::TicketMetrics => {
                let more = format!(
                    r#""{SITE}/ticket_metrics.json?page%5Bafter%5D={next}&page%5Bsize%5D=100""#
                );
                let more = if is_last { "null" } else { &more };
                format!(
                    r#""meta":{{"has_more":{},"after_cursor":"{next}","before_cursor":"{page}"}},"links":{{"prev":null,"next":{more}}}"#,
                    !is_last
                )
            }
            _ => {
                let cursor = format!("{}:{next}", self.name());
                format!(
                    r#""after_url":"{SITE}/incremental/{}/cursor.json?cursor={cursor}","before_url":null,"after_cursor":"{cursor}","before_cursor":null,"end_of_stream":{is_last},"count":{count}"#,
                    self.key()
                )
            }
        }
    }
}

impl Server {
    /// Starts this program again as the server, and waits until its pages are prepared.
    pub(crate) fn start(plan: &Plan, folder: &Path) -> Self {
        let this = std::env::current_exe().expect("a program knows where it is");
        let names: Vec<&str> = plan.listings.iter().map(|listing| listing.name()).collect();
        let mut process = Command::new(this)
            .arg("serve")
            .arg(folder)
            .arg(names.join(","))
            .arg(plan.rows.to_string())
            .arg(plan.gzip.to_string())
            .arg(plan.http2.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut answers = BufReader::new(process.stdout.take().expect("stdout is a pipe"));
        let mut line = String::new();
        answers.read_line(&mut line).expect("the server tells its port");
        let mut words = line.split_whitespace().map(str::parse::<i64>);
        let mut number = || words.next().and_then(Result::ok).expect("the server tells numbers");
        let port = u16::try_from(number()).expect("a port");
        Self { process, answers, port, first_second: number() }
    }

    /// The bytes that the server sent and the time that it used since the last question.
    pub(crate) fn served(&mut self) -> Served {
        let input = self.process.stdin.as_mut().expect("stdin is a pipe");
        writeln!(input).and_then(|()| input.flush()).expect("the server listens");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("the server answers");
        let words: Vec<f64> =
            line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let [json_bytes, body_bytes, cpu_seconds] = words[..] else { panic!("{line}") };
        Served { json_bytes: json_bytes as u64, body_bytes: body_bytes as u64, cpu_seconds }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The last seconds of a page of events. Each second has one row.
const LAST_SECONDS: u64 = 20;

/// A body as it is sent, and its size before compression.
struct Body {
    bytes: Bytes,
    json_bytes: u64,
}

struct Site {
    plan: Plan,
    first_second: i64,
    pages: HashMap<Listing, Vec<Body>>,
    json_bytes: AtomicU64,
    body_bytes: AtomicU64,
}

/// Serves until the process is killed.
pub(crate) fn serve(words: &[String]) {
    let [folder, names, rows, gzip, http2] = words else { panic!("{words:?}") };
    let plan = Plan {
        listings: names.split(',').map(Listing::named).collect(),
        rows: rows.parse().expect("a number of rows"),
        gzip: gzip == "true",
        http2: http2 == "true",
    };
    let site = Arc::new(Site::prepare(plan));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let acceptor = acceptor(Path::new(folder), site.plan.http2);
    let serving = Arc::clone(&site);
    runtime.expect("a runtime").block_on(async move {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        tell(&format!("{port} {}", serving.first_second));
        let telling = Arc::clone(&serving);
        std::thread::spawn(move || telling.tell_what_was_served());
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            let _ = stream.set_nodelay(true);
            let (site, acceptor) = (Arc::clone(&serving), acceptor.clone());
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let answer = service_fn(move |request| {
                    let answer = site.answer(&request);
                    async { Ok::<_, Infallible>(answer) }
                });
                let http = auto::Builder::new(TokioExecutor::new());
                // A client that goes away has its reasons.
                let _ = http.serve_connection(TokioIo::new(stream), answer).await;
            });
        }
    });
}

impl Site {
    fn prepare(plan: Plan) -> Self {
        // The rows reach from then to a little before now.
        let age = i64::try_from(plan.rows).unwrap_or_default() + 300;
        let first_second = chrono::Utc::now().timestamp() - age;
        let prepare = |listing: &Listing| {
            let size = listing.page_rows();
            let prepare = |page: u64| {
                let mut json = format!("{{\"{}\":[", listing.key());
                for number in (page * size)..((page + 1) * size).min(plan.rows) {
                    if number > page * size {
                        json.push(',');
                    }
                    let second = first_second + i64::try_from(number).unwrap_or_default();
                    json.push_str(&listing.row(number, second));
                }
                json.push_str("],");
                json.push_str(&listing.envelope(page, &plan, first_second));
                json.push('}');
                body(json.into_bytes(), plan.gzip)
            };
            // Behind the last page of an export stands an empty one.
            let pages: Vec<Body> = (0..=plan.rows.div_ceil(size)).map(prepare).collect();
            (*listing, pages)
        };
        let pages = plan.listings.iter().map(prepare).collect();
        let (json_bytes, body_bytes) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { plan, first_second, pages, json_bytes, body_bytes }
    }

    fn tell_what_was_served(&self) {
        for _ in std::io::stdin().lines() {
            let take = |count: &AtomicU64| count.swap(0, Ordering::Relaxed);
            let cpu = crate::process::own_cpu_seconds();
            tell(&format!("{} {} {cpu}", take(&self.json_bytes), take(&self.body_bytes)));
        }
    }

    fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let mut answer = Response::builder()
            .header("content-type", "application/json; charset=utf-8")
            .header("x-rate-limit", "1000000")
            .header("x-rate-limit-remaining", "999999");
        for limit in ["incremental-exports", "incremental-exports-cursor"] {
            let left = "total=1000000; remaining=999999; resets=60";
            answer = answer.header(format!("zendesk-ratelimit-{limit}"), left);
        }
        let query = request.uri().query().unwrap_or_default();
        let route = request.uri().path().trim_start_matches("/api/v2/").trim_end_matches(".json");
        let (bytes, json_bytes) = match self.page(route, query) {
            Some(body) => (body.bytes.clone(), body.json_bytes),
            None => {
                let body = body(self.aside(route).to_string().into_bytes(), self.plan.gzip);
                (body.bytes, body.json_bytes)
            }
        };
        self.json_bytes.fetch_add(json_bytes, Ordering::Relaxed);
        self.body_bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        if self.plan.gzip {
            answer = answer.header("content-encoding", "gzip");
        }
        answer.body(Full::new(bytes)).expect("a sound answer")
    }

    fn page(&self, route: &str, query: &str) -> Option<&Body> {
        let pairs = || query.split('&').filter_map(|pair| pair.split_once('='));
        let value =
            |keys: &[&str]| pairs().find(|(key, _)| keys.contains(key)).map(|(_, value)| value);
        let has = |listing: &Listing| self.pages.contains_key(listing);
        let cursor = value(&["cursor"]).map(|cursor| cursor.replace("%3A", ":"));
        let (named, at) = match cursor.as_deref().and_then(|cursor| cursor.split_once(':')) {
            Some((name, page)) => (Some(Listing::named(name)), page.parse().ok()?),
            None => (None, 0),
        };
        let listing = match route {
            "incremental/tickets/cursor" if has(&Listing::DeletedTickets) => {
                Listing::DeletedTickets
            }
            "incremental/tickets/cursor" if query.contains("metric_sets") => {
                Listing::TicketsWithMetrics
            }
            "incremental/tickets/cursor" => named.unwrap_or(Listing::Tickets),
            "incremental/users/cursor" => Listing::Users,
            "incremental/ticket_events" => Listing::TicketEvents,
            "ticket_metrics" => Listing::TicketMetrics,
            _ => return None,
        };
        let pages = self.pages.get(&listing)?;
        let after = value(&["page[after]", "page%5Bafter%5D"]).and_then(|page| page.parse().ok());
        let start = value(&["start_time"]).and_then(|second| second.parse::<f64>().ok());
        let behind = |second: f64| (second as i64 - self.first_second).max(0) as u64;
        let page = match (named, after, start) {
            (Some(_), ..) => at,
            (_, Some(after), _) => after,
            // This connector asks again for the last seconds of a page. They were in that page, so
            // the next one is the answer.
            (_, _, Some(second)) => (behind(second) + LAST_SECONDS) / listing.page_rows(),
            _ => 0,
        };
        pages.get(usize::try_from(page).ok()?).or(pages.last())
    }

    /// The answers to requests that are not about the listings.
    fn aside(&self, route: &str) -> Value {
        match route {
            "users/me" => json!({ "user": { "id": 1, "role": "admin" } }),
            "account/settings" => json!({ "settings": {} }),
            route if route.ends_with("/count") => {
                json!({ "count": { "value": self.plan.rows, "refreshed_at": "2026-01-01T00:00:00Z" } })
            }
            route => {
                let last = route.rsplit('/').next().unwrap_or_default();
                let key = match last {
                    "search" => "results",
                    "policies" => "sla_policies",
                    last => last,
                };
                json!({ key: [], "count": 0, "next_page": null, "end_of_stream": true,
                    "meta": { "has_more": false }, "links": { "next": null } })
            }
        }
    }
}

fn body(json: Vec<u8>, gzip: bool) -> Body {
    let json_bytes = json.len() as u64;
    if !gzip {
        return Body { bytes: json.into(), json_bytes };
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(4));
    encoder.write_all(&json).expect("writing to memory");
    Body { bytes: encoder.finish().expect("writing to memory").into(), json_bytes }
}

fn acceptor(folder: &Path, http2: bool) -> TlsAcceptor {
    let certificates = CertificateDer::pem_file_iter(folder.join("server.pem"))
        .and_then(Iterator::collect)
        .expect("the certificate");
    let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).expect("the key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(certificates, key))
        .expect("a sound configuration");
    if http2 {
        config.alpn_protocols.push(b"h2".to_vec());
    }
    config.alpn_protocols.push(b"http/1.1".to_vec());
    TlsAcceptor::from(Arc::new(config))
}
