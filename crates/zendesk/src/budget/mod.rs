//! Decides when a request may be sent under Zendesk's limits. A request takes all its buckets and a
//! worker's slot at once, or waits and holds nothing. Walks that wait for one bucket take turns.
//!
//! Each waiting request has a channel of its own. Three events may let a request go: a slot becomes
//! free, an answer's headers arrive, or a bucket is full again. Each of them calls
//! [`Budget::dispatch`]. It picks the requests whose turn it is, takes what they need, and wakes
//! only these.
//!
//! Source: Zendesk, "Rate limits". The documented figures are only a start. The headers of every
//! answer count, because other programs share the account's limits.

mod bucket;
mod handed;
mod queue;
#[cfg(test)]
mod tests;
mod walk_id;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

pub use self::bucket::Bucket;
use self::bucket::{Buckets, Drawn};
use self::handed::Handed;
use self::queue::{Queue, Served};
pub use self::walk_id::WalkId;
use super::clock::Clock;
use super::headers::Quota;

/// The longest time that a request takes to reach the server. The server counts it when it arrives.
const LONGEST_TRANSIT: Duration = Duration::from_secs(1);

/// The longest such time in real time. On a scaled clock even the way to a server on this machine
/// is long.
const LONGEST_TRANSIT_HERE: Duration = Duration::from_millis(20);

/// Waits of at least this length are reported to the user and the platform.
const LONG_WAIT: Duration = Duration::from_secs(5);

/// How many walks' reported waits are remembered. Beyond this number, waits that are over are
/// forgotten.
const MOST_REPORTED: usize = 1024;

/// The limits of one account, shared by all walks.
#[derive(Debug)]
pub struct Budget {
    clock: Clock,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    buckets: Buckets,
    free_slots: usize,
    queue: Queue<oneshot::Sender<(Drawn, Handed)>>,
    /// How many walks there are.
    walks: u64,
    /// When the next timer looks for requests that may go.
    timer_at: Option<Duration>,
    /// Receives long waits.
    listener: Option<UnboundedSender<Wait>>,
    /// Until when each walk's waits are reported already.
    reported: HashMap<WalkId, Duration>,
    waited: HashMap<WalkId, Waited>,
    #[cfg(test)]
    work: Work,
}

/// How often the queue was looked at, and how often a request was woken.
#[cfg(test)]
#[derive(Clone, Copy, Debug, Default)]
struct Work {
    looks: u64,
    wakes: u64,
}

/// A long wait for a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    pub walk: WalkId,
    /// The limit that is waited for. `None` if it is not known.
    pub bucket: Option<Bucket>,
    /// Whether the wait is for a limit. If not, it is for the end of an outage that Zendesk
    /// announced.
    pub is_limit: bool,
    pub length: Duration,
}

/// The time in which at least one request of a walk waited. The requests of a walk wait side by
/// side, so their waits must not be added up.
#[derive(Clone, Copy, Debug, Default)]
struct Waited {
    waiting: u32,
    since: Duration,
    total: Duration,
}

impl Waited {
    fn so_far(&self, now: Duration) -> Duration {
        let current = now.saturating_sub(self.since);
        if self.waiting == 0 { self.total } else { self.total.saturating_add(current) }
    }
}

impl Budget {
    /// A budget with `workers` slots for requests in flight. It uses `percent` of each limit.
    #[must_use]
    pub fn new(workers: usize, percent: u32, clock: Clock) -> Arc<Self> {
        let transit = LONGEST_TRANSIT.max(clock.of_wall(LONGEST_TRANSIT_HERE));
        let inner = Inner {
            buckets: Buckets::new(percent, transit),
            free_slots: workers.max(1),
            queue: Queue::new(),
            walks: 0,
            timer_at: None,
            listener: None,
            reported: HashMap::new(),
            waited: HashMap::new(),
            #[cfg(test)]
            work: Work::default(),
        };
        Arc::new(Self { clock, inner: Mutex::new(inner) })
    }

    /// Gives the budget at least this many slots. Call it before any request is sent.
    pub fn widen_to(&self, workers: usize) {
        let mut inner = self.lock();
        inner.free_slots = inner.free_slots.max(workers);
    }

    /// A new walk, which takes turns with the others.
    pub fn new_walk(&self) -> WalkId {
        let mut inner = self.lock();
        inner.walks += 1;
        WalkId::of(inner.walks)
    }

    /// Waits for a request's share of every bucket and for a free slot, and takes them. Among the
    /// walks that could go, the one that was served longest ago goes first.
    ///
    /// Once a request has got its turn, it holds its slot, so the caller must poll this future: see
    /// ARCHITECTURE, Invariants.
    ///
    /// # Panics
    /// In debug builds, if the request got its turn and was not polled.
    pub async fn acquire(self: &Arc<Self>, buckets: &[Bucket], walk: WalkId) -> Permit {
        let _waiting = self.waiting(walk);
        let (waker, woken) = oneshot::channel();
        let (number, _) = self.lock().queue.push(walk, buckets, waker);
        let mut place = QueueEntry { budget: self, number, woken };
        self.dispatch();
        self.report_newcomer(number);
        // The queue keeps the sender until it sends.
        let Ok((drawn, handed)) = (&mut place.woken).await else {
            return std::future::pending().await;
        };
        handed.arrived();
        let sent_at = self.clock.elapsed();
        Permit { budget: Arc::clone(self), drawn, sent_at }
    }

    /// Lets no request draw on a bucket for this long.
    pub fn hold(&self, bucket: Bucket, wait: Duration) {
        let until = self.clock.elapsed().saturating_add(wait);
        self.lock().buckets.hold(bucket, until);
    }

    /// The limit in requests per minute. `None` until a header names it.
    #[must_use]
    pub fn known_limit(&self, bucket: Bucket) -> Option<u32> {
        self.lock().buckets.known_limit(bucket)
    }

    /// Returns a receiver of every long wait from now on.
    pub fn waits(&self) -> UnboundedReceiver<Wait> {
        let (listener, waits) = unbounded_channel();
        self.lock().listener = Some(listener);
        waits
    }

    /// Reports a wait, if it is long and was not reported before.
    pub fn report(&self, wait: Wait) {
        let now = self.clock.elapsed();
        self.lock().report(wait, now);
    }

    /// Counts a walk as waiting until the result is dropped.
    pub fn waiting(self: &Arc<Self>, walk: WalkId) -> Waiting {
        let now = self.clock.elapsed();
        let mut inner = self.lock();
        let waited = inner.waited.entry(walk).or_default();
        if waited.waiting == 0 {
            waited.since = now;
        }
        waited.waiting += 1;
        drop(inner);
        Waiting { budget: Arc::clone(self), walk }
    }

    /// The time in which at least one request of a walk waited: for a limit, for a worker, or after
    /// a failed try.
    #[must_use]
    pub fn waited(&self, walk: WalkId) -> Duration {
        let now = self.clock.elapsed();
        self.lock().waited.get(&walk).map(|waited| waited.so_far(now)).unwrap_or_default()
    }

    /// The largest number of requests that waited at the same time.
    #[must_use]
    pub fn most_waiting(&self) -> usize {
        self.lock().queue.most()
    }

    /// The limits that requests wait for now, and how long each still blocks them.
    #[must_use]
    pub fn awaited(&self) -> Vec<(Bucket, Duration)> {
        let now = self.clock.elapsed();
        let mut inner = self.lock();
        let Inner { queue, buckets, .. } = &mut *inner;
        let mut awaited: Vec<(Bucket, Duration)> = Vec::new();
        for line in queue.waiting() {
            for (bucket, wait) in buckets.waits(&line.buckets, now) {
                if awaited.iter().all(|(other, _)| *other != bucket) {
                    awaited.push((bucket, wait));
                }
            }
        }
        awaited
    }

    /// Lets every request go whose turn it is and for which there is room. Sets a timer to look
    /// again when the next limit is due. Called after each event that may let a request go.
    fn dispatch(self: &Arc<Self>) {
        let now = self.clock.elapsed();
        let Some(at) = self.lock().dispatch(now) else { return };
        // A runtime that ends drops what waits, and nobody is left to wake.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        // Dispatching again does no harm, so a timer that came too early is left to itself.
        let (budget, clock) = (Arc::downgrade(self), self.clock.clone());
        runtime.spawn(async move {
            clock.sleep(at.saturating_sub(clock.elapsed())).await;
            let Some(budget) = budget.upgrade() else { return };
            budget.lock().timer_at.take_if(|timer| *timer == at);
            budget.dispatch();
        });
    }

    /// Reports the wait of a request that joined a line that was waiting already.
    fn report_newcomer(&self, number: u64) {
        let now = self.clock.elapsed();
        let mut inner = self.lock();
        let Inner { queue, buckets, .. } = &mut *inner;
        let Some((walk, line)) = queue.entry(number) else { return };
        let (at, bucket) = buckets.ready_at(&line.buckets, now);
        let length = at.saturating_sub(now);
        inner.report(Wait { walk, bucket: Some(bucket), is_limit: true, length }, now);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // The lock is only ever held over plain arithmetic, so a poisoned one is still sound.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Lets requests go while there are free slots and requests that can use one. Returns when to
    /// look again, or `None` if a timer does so by then.
    fn dispatch(&mut self, now: Duration) -> Option<Duration> {
        while self.free_slots > 0 {
            let Self { queue, buckets, .. } = self;
            #[cfg(test)]
            let work = &mut self.work;
            let is_ready = |named: &[Bucket]| {
                #[cfg(test)]
                {
                    work.looks += 1;
                }
                buckets.ready_at(named, now).0 <= now
            };
            let Some(Served { buckets: named, waker }) = queue.serve(is_ready) else { break };
            let drawn = self.buckets.draw(&named, now);
            // A request in the queue listens: it leaves the queue before it stops doing so.
            if waker.send((drawn, Handed::new())).is_ok() {
                self.free_slots -= 1;
            }
            #[cfg(test)]
            {
                self.work.wakes += 1;
            }
        }
        if self.free_slots == 0 {
            // The next slot that is free looks.
            return None;
        }
        let next = self.report_lines(now)?;
        let is_sooner = self.timer_at.is_none_or(|timer| next < timer);
        is_sooner.then(|| *self.timer_at.insert(next))
    }

    /// Reports the long waits of lines that are not reported yet. Returns when the first line may
    /// go.
    fn report_lines(&mut self, now: Duration) -> Option<Duration> {
        let Self { queue, buckets, .. } = self;
        let mut waits = Vec::new();
        let mut next: Option<Duration> = None;
        for line in queue.waiting() {
            let (at, bucket) = buckets.ready_at(&line.buckets, now);
            next = Some(next.map_or(at, |next| next.min(at)));
            let length = at.saturating_sub(now);
            if length >= LONG_WAIT && at > line.reported_until.saturating_add(LONG_WAIT) {
                line.reported_until = at;
                let wait = |walk| Wait { walk, bucket: Some(bucket), is_limit: true, length };
                waits.extend(line.walks().map(wait));
            }
        }
        for wait in waits {
            self.report(wait, now);
        }
        next
    }

    fn report(&mut self, wait: Wait, now: Duration) {
        let until = now.saturating_add(wait.length);
        let known = self.reported.get(&wait.walk).copied().unwrap_or_default();
        // Chains of one walk that wait for one bucket end within moments of each other.
        if wait.length < LONG_WAIT || until <= known.saturating_add(LONG_WAIT) {
            return;
        }
        if self.reported.len() >= MOST_REPORTED {
            self.reported.retain(|_, until| *until > now);
        }
        self.reported.insert(wait.walk, until);
        // Without a listener a wait is not reported.
        self.listener.as_ref().map(|listener| listener.send(wait));
    }
}

/// The place of a request in the queue, until it is served.
struct QueueEntry<'b> {
    budget: &'b Arc<Budget>,
    number: u64,
    woken: oneshot::Receiver<(Drawn, Handed)>,
}

impl Drop for QueueEntry<'_> {
    fn drop(&mut self) {
        if self.budget.lock().queue.remove(self.number) {
            return;
        }
        // Served and given up before it heard of it: the slot is for somebody else. What it drew
        // stays drawn, since answers may have been counted by that.
        if self.woken.try_recv().is_ok() {
            self.budget.lock().free_slots += 1;
            self.budget.dispatch();
        }
    }
}

/// A walk that has a waiting request.
pub struct Waiting {
    budget: Arc<Budget>,
    walk: WalkId,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let now = self.budget.clock.elapsed();
        if let Some(waited) = self.budget.lock().waited.get_mut(&self.walk) {
            waited.total = if waited.waiting == 1 { waited.so_far(now) } else { waited.total };
            waited.waiting = waited.waiting.saturating_sub(1);
        }
    }
}

/// A worker's slot. It is held from before the request until its rows are written. So the number of
/// workers bounds the pages in memory. Dropping it frees the slot.
#[derive(Debug)]
pub struct Permit {
    budget: Arc<Budget>,
    drawn: Drawn,
    sent_at: Duration,
}

impl Permit {
    /// Corrects the buckets by the headers of the answer.
    pub fn observe(&mut self, quotas: &[Quota]) {
        let now = self.budget.clock.elapsed();
        self.budget.lock().buckets.observe(&self.drawn, self.sent_at, quotas, now);
        self.budget.dispatch();
    }

    /// The bucket that a refusal is about: one of which the headers say that nothing is left.
    /// `None`: no limit explains the refusal, so it is about the requested listing alone.
    #[must_use]
    pub fn refusing_bucket(&self, quotas: &[Quota]) -> Option<Bucket> {
        let empty = |bucket: &&Bucket| {
            quotas.iter().any(|quota| bucket.is_limited_by(quota) && quota.remaining == Some(0))
        };
        self.drawn.buckets.iter().find(empty).copied()
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.budget.lock().free_slots += 1;
        self.budget.dispatch();
    }
}
