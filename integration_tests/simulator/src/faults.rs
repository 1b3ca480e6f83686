//! Faults that a test puts between the account and the client: a list of rules. Each rule names the
//! requests that it applies to and what happens to their answers.

use crate::RequestSeen;
use crate::malformed::Malformed;
use crate::prng::Prng;

/// What happens to the answer of one request.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// Another status, headers and body instead of the answer.
    Status { status: u16, headers: Vec<(String, String)>, body: String },
    /// The headers promise the whole body, but the connection ends after half of it.
    CutBody,
    /// The connection ends without an answer.
    ResetConnection,
    /// The body arrives in pieces of this size with a pause (simulated) between them.
    Trickle { piece_bytes: usize, pause_ms: u64 },
    /// The answer comes this much later (simulated).
    Delay { ms: u64 },
    /// The connection ends without an answer after this time (simulated).
    Timeout { ms: u64 },
    /// For requests that write. The fault happens before the write, which then never takes effect.
    /// All other faults happen to the answer, after the write took effect, except a 4xx status,
    /// which is always a refusal.
    Before(Box<Fault>),
    /// `content-encoding: gzip`, but the bytes stop being valid gzip half way.
    BrokenGzip,
    /// 200 with an HTML page.
    Html,
    /// 200 without a body.
    Empty,
    /// 200 with JSON that lacks the key of the rows.
    WithoutKey,
    /// The answer without its rows, and with the mark or the missing link of the last page, at any
    /// position of its listing. Observed from outside: see QUIRKS.md.
    EmptyEnd,
    /// A `date` header with another time, as a cache or a server with a wrong clock sends it.
    Date(i64),
    /// One row of the answer is not valid JSON. With `row`, it is always the row with this id,
    /// damaged in the same way. Without, it is the first row, damaged in another way each time.
    Malformed { how: Malformed, row: Option<String> },
}

impl Fault {
    /// A status with the body that Zendesk is known to send with it, or without a body.
    pub fn status(status: u16) -> Self {
        let body = match status {
            400 => r#"{"error":"InvalidValue","description":"Invalid value"}"#,
            401 => r#"{"error":"Couldn't authenticate you"}"#,
            403 => {
                r#"{"error":{"title":"Forbidden","message":"You do not have access to this page. Please contact the account owner of this help desk for further help."}}"#
            }
            404 => r#"{"error":"RecordNotFound","description":"Not found"}"#,
            422 => {
                r#"{"error":"RecordInvalid","description":"Record validation errors","details":{"base":[{"description":"is not valid","error":"InvalidValue"}]}}"#
            }
            _ => "",
        };
        Self::with_body(status, body)
    }

    /// The request is lost or refused before a write takes effect.
    pub fn before(fault: Self) -> Self {
        Self::Before(Box::new(fault))
    }

    /// The faults of requests that write, each with a name for messages: the answer is lost after
    /// the write took effect, the request is lost before, or the write is refused temporarily.
    pub fn kinds_of_writes() -> Vec<(&'static str, Self)> {
        let json = Self::with_body(500, r#"{"error":"InternalError","description":"simulated"}"#);
        let timeout = Self::Timeout { ms: 120_000 };
        vec![
            ("an answer lost by a reset", Self::ResetConnection),
            ("a request lost by a reset", Self::before(Self::ResetConnection)),
            ("an answer lost by a time-out", timeout.clone()),
            ("a request lost by a time-out", Self::before(timeout)),
            ("an answer lost as a 500 with JSON", json.clone()),
            ("a request lost as a 500 with JSON", Self::before(json)),
            ("an answer lost as a 502 with HTML", Self::page(502)),
            ("a request lost as a 502 with HTML", Self::before(Self::page(502))),
            ("an answer lost as a 504", Self::gateway_timeout()),
            ("a 503 that says when to come back", Self::before(Self::retry_after(503, 7))),
            ("a 429 that says when to come back", Self::retry_after(429, 7)),
            ("a 429 that says nothing", Self::status(429)),
            ("a 409", Self::named(409, "Conflict")),
            ("an answer cut off", Self::CutBody),
            ("an answer without a body", Self::Empty),
            ("an answer of HTML", Self::Html),
        ]
    }

    /// A status and a body. A body that begins with `<` is HTML. One that begins with `{` or `[` is
    /// JSON.
    pub fn with_body(status: u16, body: &str) -> Self {
        Self::Status { status, headers: Vec::new(), body: body.to_owned() }
    }

    /// The page that a firewall shows to clients that it blocks.
    pub fn block_page(status: u16) -> Self {
        Self::with_body(
            status,
            "<!DOCTYPE html><html><head><title>Access denied</title></head><body><h1>Sorry, you have been blocked</h1></body></html>",
        )
    }

    /// A Cloudflare challenge in front of the host (Cloudflare, "Detect a Challenge Page
    /// response").
    pub fn challenge() -> Self {
        Self::Status {
            status: 403,
            headers: vec![("cf-mitigated".to_owned(), "challenge".to_owned())],
            body: "<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>".into(),
        }
    }

    /// A redirect to this address.
    pub fn redirect(to: &str) -> Self {
        let headers = vec![("location".to_owned(), to.to_owned())];
        Self::Status { status: 302, headers, body: String::new() }
    }

    /// Zendesk's answer to a page size that a listing does not accept (`InvalidPaginationParameter`
    /// in its reference; the status varies).
    pub fn page_size_refused(status: u16) -> Self {
        Self::with_body(
            status,
            r#"{"errors":[{"code":"InvalidPaginationParameter","title":"per_page is not valid"}]}"#,
        )
    }

    /// A status with Zendesk's name for the error.
    ///
    /// Source: Zendesk, the envelopes of errors: `{"error":"RecordNotFound","description":"Not
    /// found"}`.
    pub fn named(status: u16, error: &str) -> Self {
        let body = format!(r#"{{"error":"{error}","description":"simulated"}}"#);
        Self::Status { status, headers: Vec::new(), body }
    }

    /// A status with an HTML page, as a closed help center or a device in front of Zendesk sends
    /// it.
    pub fn page(status: u16) -> Self {
        let body = "<html><body>The page you were looking for doesn't exist</body></html>".into();
        Self::Status { status, headers: Vec::new(), body }
    }

    /// One fault of each kind that Zendesk or the network is known for, each with a name for
    /// messages.
    pub fn kinds() -> Vec<(&'static str, Self)> {
        let statuses = [
            ("408", 408),
            ("409", 409),
            ("423", 423),
            ("425", 425),
            ("429", 429),
            ("500", 500),
            ("502", 502),
            ("503", 503),
            ("504", 504),
            ("520", 520),
            ("524", 524),
            ("525", 525),
            ("530", 530),
        ];
        let statuses = statuses.map(|(name, status)| (name, Self::status(status)));
        let broken = [
            ("a 503 that says when to come back", Self::retry_after(503, 7)),
            ("a block page", Self::block_page(403)),
            ("a challenge", Self::challenge()),
            ("a 404 of a proxy's", Self::block_page(404)),
            ("a redirect to a status page", Self::redirect("https://status.example.com/")),
            ("an empty body", Self::Empty),
            ("an HTML body", Self::Html),
            ("a cut body", Self::CutBody),
            ("broken gzip", Self::BrokenGzip),
            ("a reset connection", Self::ResetConnection),
            ("a slow trickle", Self::Trickle { piece_bytes: 300, pause_ms: 500 }),
            ("a body without its key", Self::WithoutKey),
            ("a byte of Latin-1", Self::malformed(Malformed::Latin)),
            ("a raw control character", Self::malformed(Malformed::Control)),
            ("a value that is not a number", Self::malformed(Malformed::NotANumber)),
            ("a row nested too deeply", Self::malformed(Malformed::Deep)),
            ("a row of broken JSON", Self::malformed(Malformed::Structure)),
            ("something behind the end", Self::malformed(Malformed::Rest)),
        ];
        statuses.into_iter().chain(broken).collect()
    }

    /// The answer of an export to a start time within the last minute, here for any start time.
    pub fn too_recent() -> Self {
        let body = r#"{"error":"StartTimeTooRecent","description":"Too recent start_time. Use a start_time older than 60 seconds"}"#;
        Self::Status { status: 400, headers: Vec::new(), body: body.to_owned() }
    }

    /// Answers that look valid but are wrong for this request: an end although a page before it led
    /// on, "too recent" for a start time of years ago, a `Date` in the past.
    fn glitches(request: &RequestSeen) -> Vec<Self> {
        let mut glitches = vec![Self::Date(0)];
        let leads_on = ["cursor", "page[after]", "page"];
        if leads_on.iter().any(|key| request.param(key).is_some()) {
            glitches.push(Self::EmptyEnd);
        }
        let start = request.param("start_time").and_then(|start| start.parse::<i64>().ok());
        if request.path.contains("/incremental/")
            && start.is_some_and(|start| start < request.at_unix - 86_400)
        {
            glitches.push(Self::too_recent());
        }
        glitches
    }

    /// The first row of the answer is not valid JSON.
    pub fn malformed(how: Malformed) -> Self {
        Self::Malformed { how, row: None }
    }

    /// The row of this id is not valid JSON.
    pub fn malformed_row(how: Malformed, id: &str) -> Self {
        Self::Malformed { how, row: Some(id.to_owned()) }
    }

    /// A status with a `Retry-After` header.
    pub fn retry_after(status: u16, seconds: u64) -> Self {
        let headers = vec![("retry-after".to_owned(), seconds.to_string())];
        Self::Status { status, headers, body: String::new() }
    }

    /// The answer of a gateway when an export page took too long.
    pub fn gateway_timeout() -> Self {
        Self::Status { status: 504, headers: Vec::new(), body: "upstream request timeout".into() }
    }
}

/// Which of the requests on a rule's path get the fault.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum When {
    Always,
    /// The nth, 2nth, 3nth, ... request on this path.
    EveryNth(u64),
    /// All but the first n.
    After(u64),
    Probability(f64),
    /// Requests for more than this many rows per page. Without a size in the request, the server's
    /// default counts.
    PageLargerThan(u64),
}

/// One rule.
#[derive(Debug, Clone, PartialEq)]
pub struct FaultRule {
    /// A part of the path and query as sent. An empty part matches all requests.
    pub path_contains: String,
    /// If set, only requests with this method.
    pub method: Option<String>,
    /// If set, only requests to the host of the brand with this subdomain.
    pub subdomain: Option<String>,
    pub when: When,
    /// If set, how many times the fault occurs at most.
    pub limit: Option<u64>,
    pub fault: Fault,
}

impl FaultRule {
    pub fn new(path_contains: &str, when: When, fault: Fault) -> Self {
        let path_contains = path_contains.to_owned();
        Self { path_contains, method: None, subdomain: None, when, limit: None, fault }
    }

    pub fn of_method(mut self, method: &str) -> Self {
        self.method = Some(method.to_ascii_uppercase());
        self
    }

    pub fn at_brand(mut self, subdomain: &str) -> Self {
        self.subdomain = Some(subdomain.to_owned());
        self
    }

    fn is_about(&self, request: &RequestSeen) -> bool {
        self.subdomain
            .as_ref()
            .is_none_or(|subdomain| request.subdomain.as_ref() == Some(subdomain))
            && self.method.as_ref().is_none_or(|method| request.method == *method)
            && request.target().contains(&self.path_contains)
    }

    pub fn at_most(mut self, limit: u64) -> Self {
        self.limit = Some(limit);
        self
    }
}

/// A function that decides instead of rules.
pub type FaultDecision = Box<dyn FnMut(&RequestSeen) -> Option<Fault> + Send>;

/// All faults in force. The first rule that applies decides.
#[derive(Default)]
pub struct Faults {
    pub rules: Vec<FaultRule>,
    pub decide: Option<FaultDecision>,
}

impl Faults {
    pub fn none() -> Self {
        Self::default()
    }

    pub fn rules(rules: impl IntoIterator<Item = FaultRule>) -> Self {
        Self { rules: rules.into_iter().collect(), decide: None }
    }

    /// One rule.
    pub fn rule(path_contains: &str, when: When, fault: Fault) -> Self {
        Self::rules([FaultRule::new(path_contains, when, fault)])
    }

    /// Faults of random kinds on this share of all requests.
    pub fn on_share(share: f64, seed: u64) -> Self {
        let (mut kinds, mut chance) = (Fault::kinds(), Prng::new(seed));
        // One amid good answers means nothing; without end it is the end.
        kinds.push(("401", Fault::status(401)));
        Self::by(move |request| {
            let (_, fault) = &kinds[chance.below(kinds.len() as u64) as usize];
            if chance.chance(share / 5.0) {
                let glitches = Fault::glitches(request);
                return Some(glitches[chance.below(glitches.len() as u64) as usize].clone());
            }
            chance.chance(share).then(|| fault.clone())
        })
    }

    /// Faults of random kinds on this share of the requests that write. Requests that read get
    /// none.
    pub fn on_share_of_writes(share: f64, seed: u64) -> Self {
        let (kinds, mut chance) = (Fault::kinds_of_writes(), Prng::new(seed));
        Self::by(move |request| {
            let (_, fault) = &kinds[chance.below(kinds.len() as u64) as usize];
            (request.is_write() && chance.chance(share)).then(|| fault.clone())
        })
    }

    /// [`Faults::on_share`] for requests that read, and [`Faults::on_share_of_writes`] for those
    /// that write.
    pub fn on_share_of_all(share: f64, seed: u64) -> Self {
        let parts = [Self::on_share(share, seed), Self::on_share_of_writes(share, seed)];
        let [mut reads, mut writes] = parts.map(|part| part.decide);
        Self::by(move |request| {
            let part = if request.is_write() { &mut writes } else { &mut reads };
            part.as_mut().and_then(|decide| decide(request))
        })
    }

    /// The same fault on every request for one feed.
    pub fn endless(feed: &str, fault: Fault) -> Self {
        let feed = feed.to_owned();
        Self::by(move |request| (request.feed == feed).then(|| fault.clone()))
    }

    pub fn by(decide: impl FnMut(&RequestSeen) -> Option<Fault> + Send + 'static) -> Self {
        Self { rules: Vec::new(), decide: Some(Box::new(decide)) }
    }
}

/// The fault, and whether it happens before a write takes effect.
pub(crate) fn apart(fault: Option<Fault>, is_write: bool) -> (Option<Fault>, bool) {
    match fault {
        Some(Fault::Before(fault)) => (Some(*fault), is_write),
        Some(Fault::Status { status: 400..=499, .. }) => (fault, is_write),
        _ => (fault, false),
    }
}

/// The faults and the counts that their rules need.
pub(crate) struct FaultsInForce {
    faults: Faults,
    /// For each rule: the number of matching requests, and the number of faults so far.
    counts: Vec<(u64, u64)>,
    chance: Prng,
}

impl FaultsInForce {
    pub(crate) fn new(faults: Faults, seed: u64) -> Self {
        let counts = vec![(0, 0); faults.rules.len()];
        Self { faults, counts, chance: Prng::new(seed ^ 0x6661_756c) }
    }

    pub(crate) fn decide(&mut self, request: &RequestSeen) -> Option<Fault> {
        if let Some(decide) = &mut self.faults.decide {
            let fault = decide(request);
            if fault.is_some() {
                return fault;
            }
        }
        let mut decided = None;
        for (rule, (seen, done)) in self.faults.rules.iter().zip(&mut self.counts) {
            if !rule.is_about(request) {
                continue;
            }
            *seen += 1;
            let applies = match rule.when {
                When::Always => true,
                When::EveryNth(n) => seen.is_multiple_of(n),
                When::After(n) => *seen > n,
                When::Probability(probability) => self.chance.chance(probability),
                When::PageLargerThan(rows) => request.page_size().unwrap_or(1000) > rows,
            };
            if decided.is_none() && applies && rule.limit.is_none_or(|limit| *done < limit) {
                *done += 1;
                decided = Some(rule.fault.clone());
            }
        }
        decided
    }
}
