//! The handle that tests use, and the state behind it from which the server answers.

use crate::account::Account;
use crate::clock::Clock;
use crate::faults::{Faults, FaultsInForce};
use crate::limits::Limits;
use crate::oauth::OAuth;
use crate::paging::Cursors;
use crate::prng::Prng;
use crate::requests::RequestSeen;
use crate::server::{self, Stop};
use crate::settings::{Knobs, Settings};
use crate::writes::{JobFaults, JobSeen, Ledger, Writes};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

/// Runs before each request is answered. It must not use the simulator's own handle.
pub type RequestHook = Box<dyn FnMut(&RequestSeen, &mut Account) + Send>;

/// Takes the text that was sent to [`STEERING_PATH`] and returns the answer. An error means that
/// the text is not an order.
pub type Steering = Box<dyn Fn(&str) -> Result<String, String> + Send + Sync>;

/// The path at which a running simulator takes orders over HTTP, once [`Simulator::steer`] is set.
/// Zendesk has nothing at this path.
pub const STEERING_PATH: &str = "/simulator";

/// A running Zendesk. Dropping it stops it.
pub struct Simulator {
    shared: Arc<Shared>,
    port: u16,
    _stop: Stop,
}

pub(crate) struct Shared {
    pub(crate) clock: Clock,
    pub(crate) settings: Settings,
    state: Mutex<State>,
    /// Notified whenever a connection begins or ends.
    pub(crate) connected: Condvar,
    pub(crate) steering: OnceLock<Steering>,
}

pub(crate) struct State {
    pub(crate) account: Account,
    pub(crate) knobs: Knobs,
    /// The links in the answers of a listing whose links form a ring.
    pub(crate) links_sent: Vec<serde_json::Map<String, serde_json::Value>>,
    pub(crate) limits: Limits,
    pub(crate) faults: FaultsInForce,
    pub(crate) cursors: Cursors,
    pub(crate) oauth: OAuth,
    pub(crate) writes: Writes,
    pub(crate) hook: Option<RequestHook>,
    pub(crate) requests: Vec<RequestSeen>,
    pub(crate) requests_made: u64,
    /// The number of requests to hosts that do not belong to the account, by host.
    pub(crate) stray_requests: BTreeMap<String, u64>,
    pub(crate) export_pages: u64,
    /// The name of the host of contents. If `None`, it is the host of the request, where a
    /// container's ports are found.
    pub(crate) content_host: Option<String>,
    /// The port of the host of contents.
    pub(crate) content_port: u16,
    /// The clients' addresses of the open connections.
    pub(crate) connections: BTreeSet<SocketAddr>,
    pub(crate) in_flight: usize,
    pub(crate) peak_in_flight: usize,
    pub(crate) chance: Prng,
}

impl Shared {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // A hook that panicked leaves data that is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Simulator {
    /// Founds the account and serves it.
    pub fn start(settings: Settings) -> io::Result<Self> {
        let state = State {
            account: Account::found(&settings),
            knobs: Knobs { bulk_import_is_off: !settings.bulk_import, ..Knobs::default() },
            links_sent: Vec::new(),
            limits: Limits::default(),
            faults: FaultsInForce::new(Faults::none(), settings.seed),
            cursors: Cursors::default(),
            oauth: OAuth::new(settings.start_now, settings.oauth_scope),
            writes: Writes::default(),
            hook: None,
            requests: Vec::new(),
            requests_made: 0,
            stray_requests: BTreeMap::new(),
            export_pages: 0,
            content_host: settings.listen.is_loopback().then(|| match settings.listen {
                IpAddr::V4(address) => address.to_string(),
                IpAddr::V6(address) => format!("[{address}]"),
            }),
            content_port: 0,
            connections: BTreeSet::new(),
            in_flight: 0,
            peak_in_flight: 0,
            chance: Prng::new(settings.seed),
        };
        // Founding takes a while; the account's time begins when it can be asked.
        let clock = Clock::start(settings.start_now, settings.scale);
        let (state, connected) = (Mutex::new(state), Condvar::new());
        let shared = Shared { clock, settings, state, connected, steering: OnceLock::new() };
        let shared = Arc::new(shared);
        let (port, stop) = server::start(&shared)?;
        Ok(Self { shared, port, _stop: stop })
    }

    /// `http://127.0.0.1:{port}`, or with `https`, or with another address that it listens on.
    pub fn url(&self) -> String {
        let Settings { tls, listen, .. } = &self.shared.settings;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let here = if listen.is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { *listen };
        format!("{scheme}://{}", SocketAddr::new(here, self.port))
    }

    /// Lets programs send orders to [`STEERING_PATH`]. Only the first call counts.
    pub fn steer(&self, steering: Steering) {
        let _ = self.shared.steering.set(steering);
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The simulated time in unix seconds.
    pub fn now_unix(&self) -> i64 {
        self.shared.clock.now_unix()
    }

    pub fn advance_seconds(&self, seconds: i64) {
        self.shared.clock.advance_ms(seconds * 1000);
    }

    /// Reads or changes the data, between requests.
    pub fn account<T>(&self, with: impl FnOnce(&mut Account) -> T) -> T {
        let mut state = self.up_to_now();
        with(&mut state.account)
    }

    /// The state after everything that is due by now was done.
    fn up_to_now(&self) -> MutexGuard<'_, State> {
        let mut guard = self.shared.state();
        let now_ms = self.shared.clock.now_ms();
        let state = &mut *guard;
        state.account.set_now(now_ms.div_euclid(1000));
        state.writes.run_jobs(&mut state.account, now_ms);
        guard
    }

    /// Everything that writes have done until now, with its side effects.
    pub fn ledger(&self) -> Ledger {
        self.up_to_now().writes.ledger.clone()
    }

    /// Starts a new ledger.
    pub fn clear_ledger(&self) {
        self.up_to_now().writes.ledger = Ledger::default();
    }

    /// All jobs that were ordered, in the order of their orders.
    pub fn jobs(&self) -> Vec<JobSeen> {
        self.up_to_now().writes.jobs.seen()
    }

    /// Replaces the faults of jobs. They apply to jobs that are ordered from now on.
    pub fn job_faults(&self, faults: JobFaults) {
        self.shared.state().writes.jobs.faults = faults;
    }

    /// Sets the hook that runs before each request is answered.
    pub fn on_request(&self, hook: impl FnMut(&RequestSeen, &mut Account) + Send + 'static) {
        self.shared.state().hook = Some(Box::new(hook));
    }

    pub fn no_hook(&self) {
        self.shared.state().hook = None;
    }

    /// Replaces all faults.
    pub fn faults(&self, faults: Faults) {
        self.shared.state().faults = FaultsInForce::new(faults, self.shared.settings.seed);
    }

    /// Changes knobs while the simulator runs.
    pub fn knobs(&self, turn: impl FnOnce(&mut Knobs)) {
        let mut state = self.shared.state();
        turn(&mut state.knobs);
        state.cursors.expired_before = state.knobs.cursors_expired_before;
        state.account.has_one_organization = state.knobs.one_organization;
    }

    /// Refuses every cursor that was issued until now.
    pub fn expire_cursors(&self) {
        let next = self.now_unix() + 1;
        self.knobs(|knobs| knobs.cursors_expired_before = next);
        // What is handed out from here on must count as younger.
        self.advance_seconds(1);
    }

    /// Another program uses up the refresh token.
    pub fn refresh_elsewhere(&self) {
        self.shared.state().oauth.refresh_elsewhere();
    }

    /// Simulates another program that uses this many requests per minute of a bucket: `account`,
    /// `help_center`, `incremental-exports`, ... [`Simulator::buckets`] has all names.
    pub fn other_program(&self, bucket: &str, requests_per_minute: u32) {
        self.shared.state().limits.spend_for_others(bucket, requests_per_minute);
    }

    /// The names of all buckets.
    pub fn buckets() -> &'static [&'static str] {
        &crate::limits::NAMES
    }

    /// The number of requests that were refused with 429, by bucket.
    pub fn limit_refusals(&self) -> BTreeMap<String, u64> {
        self.shared.state().limits.refusals()
    }

    /// The number of requests to hosts that do not belong to the account, by host as sent.
    pub fn stray_requests(&self) -> BTreeMap<String, u64> {
        self.shared.state().stray_requests.clone()
    }

    pub fn requests(&self) -> Vec<RequestSeen> {
        self.shared.state().requests.clone()
    }

    /// Clears the log of requests and the peak of requests in flight.
    pub fn clear_requests(&self) {
        let mut state = self.shared.state();
        state.requests.clear();
        state.peak_in_flight = state.in_flight;
    }

    /// Waits until no client is connected. A killed client may have sent requests that are not read
    /// yet. Afterwards they are in the log, and no more can come.
    ///
    /// # Panics
    /// If a client is still connected after a minute.
    pub fn until_alone(&self) {
        // Connections are accepted in their order, so all that were made before this one are known with it.
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).expect("it listens");
        let ours = BTreeSet::from([stream.local_addr().expect("an address")]);
        let others = |state: &mut State| state.connections != ours;
        let minute = Duration::from_secs(60);
        let waited = self.shared.connected.wait_timeout_while(self.shared.state(), minute, others);
        let (state, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(!timeout.timed_out(), "still connected: {:?}", state.connections);
    }

    pub fn peak_in_flight(&self) -> usize {
        self.shared.state().peak_in_flight
    }
}
