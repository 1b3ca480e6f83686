//! Faults that a test puts between the account and the client: a list of rules, each with the
//! requests it applies to and what happens to their answers.

use crate::RequestSeen;
use crate::prng::Prng;

/// What happens to the answer of one request.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// Another status, headers and body in place of the answer.
    Status { status: u16, headers: Vec<(String, String)>, body: String },
    /// The headers promise the whole body, the connection ends after half of it.
    CutBody,
    /// The connection ends without an answer.
    ResetConnection,
    /// The body arrives in pieces of so many bytes with a pause (simulated) between them.
    Trickle { piece_bytes: usize, pause_ms: u64 },
    /// The answer comes so much later (simulated).
    Delay { ms: u64 },
    /// `content-encoding: gzip` over bytes that break off being gzip half way.
    BrokenGzip,
    /// 200 with an HTML page.
    Html,
    /// 200 without a body.
    Empty,
    /// 200 with JSON that lacks the rows' key.
    WithoutKey,
}

impl Fault {
    pub fn status(status: u16) -> Self {
        Self::Status { status, headers: Vec::new(), body: String::new() }
    }

    /// A status with Zendesk's name of the error.
    ///
    /// Source: Zendesk, the envelopes of errors: `{"error":"RecordNotFound","description":"Not found"}`.
    pub fn named(status: u16, error: &str) -> Self {
        let body = format!(r#"{{"error":"{error}","description":"simulated"}}"#);
        Self::Status { status, headers: Vec::new(), body }
    }

    /// A status with an HTML page, as a closed help center and what stands in front of Zendesk
    /// answer.
    pub fn page(status: u16) -> Self {
        let body = "<html><body>The page you were looking for doesn't exist</body></html>".into();
        Self::Status { status, headers: Vec::new(), body }
    }

    /// One of each kind that Zendesk, or the way to it, is known for, with a name for messages.
    pub fn kinds() -> Vec<(&'static str, Self)> {
        let statuses = [
            ("408", 408),
            ("409", 409),
            ("429", 429),
            ("500", 500),
            ("502", 502),
            ("503", 503),
            ("504", 504),
            ("520", 520),
            ("524", 524),
        ];
        let statuses = statuses.map(|(name, status)| (name, Self::status(status)));
        let broken = [
            ("an empty body", Self::Empty),
            ("an HTML body", Self::Html),
            ("a cut body", Self::CutBody),
            ("broken gzip", Self::BrokenGzip),
            ("a reset connection", Self::ResetConnection),
            ("a slow trickle", Self::Trickle { piece_bytes: 300, pause_ms: 500 }),
            ("a body without its key", Self::WithoutKey),
        ];
        statuses.into_iter().chain(broken).collect()
    }

    /// Another status that says when to come back.
    pub fn retry_after(status: u16, seconds: u64) -> Self {
        let headers = vec![("retry-after".to_owned(), seconds.to_string())];
        Self::Status { status, headers, body: String::new() }
    }

    /// What a gateway answers when an export page took too long.
    pub fn gateway_timeout() -> Self {
        Self::Status { status: 504, headers: Vec::new(), body: "upstream request timeout".into() }
    }
}

/// Which of the requests on a rule's path meet the fault.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum When {
    Always,
    /// The nth, 2nth, ... of the requests on this path.
    EveryNth(u64),
    /// All but the first n.
    After(u64),
    Probability(f64),
    /// Requests for more than so many rows a page; without a size the server's default counts.
    PageLargerThan(u64),
}

/// One rule.
#[derive(Debug, Clone, PartialEq)]
pub struct FaultRule {
    /// Part of path and query as sent; an empty one fits all.
    pub path_contains: String,
    /// Only at the host of the brand of this subdomain.
    pub subdomain: Option<String>,
    pub when: When,
    /// So many times at most.
    pub limit: Option<u64>,
    pub fault: Fault,
}

impl FaultRule {
    pub fn new(path_contains: &str, when: When, fault: Fault) -> Self {
        Self { path_contains: path_contains.to_owned(), subdomain: None, when, limit: None, fault }
    }

    pub fn at_brand(mut self, subdomain: &str) -> Self {
        self.subdomain = Some(subdomain.to_owned());
        self
    }

    fn is_about(&self, request: &RequestSeen) -> bool {
        self.subdomain
            .as_ref()
            .is_none_or(|subdomain| request.subdomain.as_ref() == Some(subdomain))
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

    /// A fault of any kind on this share of all requests.
    pub fn on_share(share: f64, seed: u64) -> Self {
        let (kinds, mut chance) = (Fault::kinds(), Prng::new(seed));
        Self::by(move |_| {
            let (_, fault) = &kinds[chance.below(kinds.len() as u64) as usize];
            chance.chance(share).then(|| fault.clone())
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

/// The faults with the counts that their rules need.
pub(crate) struct FaultsInForce {
    faults: Faults,
    /// Of each rule: requests that it is about, faults done.
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
