//! The requests that limits allow. A request takes all the buckets it draws on and a worker's
//! slot at once, or waits holding nothing; walks that wait for one bucket take turns.
//!
//! Source: Zendesk, "Rate limits". The documented figures are only the start: what the headers of
//! every answer say is left counts, because other programs share the account.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::clock::Clock;
use super::headers::Quota;

/// The walk of requests that the sync can do without: they go only where nobody else could.
pub const SPARE: u64 = u64::MAX - 1;

const MINUTE: Duration = Duration::from_secs(60);

/// What a request takes to the server at most, which counts it when it comes in.
const LONGEST_WAY: Duration = Duration::from_secs(1);

/// The same by the wall's clock, where a scaled one makes even the way to this machine long.
const LONGEST_WAY_HERE: Duration = Duration::from_millis(20);

/// Waits from this long on are told to people and platforms.
const LONG_WAIT: Duration = Duration::from_secs(5);

/// A limit that requests draw on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bucket {
    /// The account's requests per minute, by its plan.
    Account,
    /// The help center's own pool, of the same size.
    HelpCenter,
    /// All of `/api/v2/incremental/*` together.
    Incremental,
    /// The export of users by cursor. It counts as one of all exports until a header names it.
    IncrementalUsers,
    DeletedTickets,
    TicketFields,
    Tags,
    SideConversationEvents,
    SearchExport,
    TalkExport,
    /// The contents of attachments.
    Attachments,
}

impl Bucket {
    /// Requests a minute before any header has told: the smallest plan that is still sold, and
    /// the documented endpoint limits.
    #[must_use]
    pub fn documented_per_minute(self) -> u32 {
        match self {
            Self::Account | Self::HelpCenter => 200,
            Self::Incremental | Self::DeletedTickets | Self::TalkExport => 10,
            Self::IncrementalUsers => 20,
            Self::SearchExport => 100,
            Self::SideConversationEvents => 60,
            Self::TicketFields => 300,
            Self::Tags => 2000,
            Self::Attachments => 2500,
        }
    }

    /// What it limits, in words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Account => "the account",
            Self::HelpCenter => "the help center",
            Self::Incremental => "incremental exports",
            Self::IncrementalUsers => "the export of users",
            Self::DeletedTickets => "deleted tickets",
            Self::TicketFields => "ticket fields",
            Self::Tags => "tags",
            Self::SideConversationEvents => "events of side conversations",
            Self::SearchExport => "search exports",
            Self::TalkExport => "exports of Talk",
            Self::Attachments => "attachments",
        }
    }

    /// The bucket that this one takes the place of, once a header has named it.
    fn instead_of(self) -> Option<Self> {
        (self == Self::IncrementalUsers).then_some(Self::Incremental)
    }

    /// Whether a limit told by headers is this bucket's. The account's headers on an answer of
    /// the help center tell of its pool, so a request names the bucket that they are about.
    fn is_told_by(self, quota: &Quota) -> bool {
        match (self, quota.family.as_deref()) {
            (Self::Account | Self::HelpCenter, family) => family.is_none(),
            (Self::IncrementalUsers, Some(family)) => family == "incremental-exports-cursor",
            (Self::Incremental, Some(family)) => {
                family.starts_with("incremental-exports") && !family.ends_with("-cursor")
            }
            (Self::DeletedTickets, Some(family)) => family.starts_with("deleted-tickets"),
            (Self::TicketFields, Some(family)) => family.starts_with("ticket-fields-index"),
            (Self::Tags, Some(family)) => family.starts_with("tags-index"),
            (Self::SideConversationEvents, Some(family)) => family.starts_with("side-conversation"),
            (Self::SearchExport, Some(family)) => family.starts_with("search-export"),
            (Self::Attachments, Some(family)) => family.starts_with("attachments"),
            // No header is known to tell of it.
            (Self::TalkExport, Some(_)) | (_, None) => false,
        }
    }
}

/// The budgets of one account, shared by every walk.
#[derive(Debug)]
pub struct Budget {
    clock: Clock,
    inner: Mutex<Inner>,
    changed: Notify,
}

#[derive(Debug)]
struct Inner {
    tanks: HashMap<Bucket, Tank>,
    free_slots: usize,
    waiting: Vec<Waiter>,
    /// The share of every limit that may be used, per cent.
    percent: u32,
    /// What a request takes to the server at most.
    way: Duration,
    /// Who hears of long waits, and until when each walk's are told already.
    tell: Option<UnboundedSender<Wait>>,
    told: HashMap<u64, Duration>,
    /// When each walk was last served, by a running number.
    served: HashMap<u64, u64>,
    numbers: u64,
}

/// What is left of one bucket. Times are on the clock's `elapsed`.
#[derive(Clone, Debug)]
struct Tank {
    limit: u32,
    left: u32,
    /// Our own requests since it was last full.
    used: u32,
    full_at: Duration,
    /// When it was last seen full.
    began: Duration,
    held_until: Duration,
    /// Requests that ever drew on it.
    drawn: u64,
    /// When the last of them did: those on their way to the server may count in its next minute.
    on_their_way: VecDeque<Duration>,
    /// Whether a header has named it.
    told: bool,
}

/// A long wait for a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    pub walk: u64,
    /// The limit, if it is one that is known.
    pub bucket: Option<Bucket>,
    /// Whether it is a limit at all, and not an outage that says when it ends.
    pub is_limit: bool,
    pub length: Duration,
}

impl Tank {
    /// What may still be drawn when `left` of the limit are left for everybody.
    fn share(&self, left: u32, percent: u32) -> u32 {
        let own = u64::from(self.limit) * u64::from(percent) / 100;
        let own = u32::try_from(own).unwrap_or(u32::MAX).max(1);
        left.min(own.saturating_sub(self.used))
    }

    fn draw(&mut self, now: Duration) {
        if now >= self.full_at {
            self.full_at = now.saturating_add(MINUTE);
            self.began = now;
        }
        self.left = self.left.saturating_sub(1);
        self.used += 1;
        self.drawn += 1;
        self.on_their_way.push_back(now);
    }

    /// Forgets those that have arrived, and tells how many have not.
    fn on_their_way(&mut self, now: Duration, way: Duration) -> u32 {
        while self.on_their_way.front().is_some_and(|at| now.saturating_sub(*at) > way) {
            self.on_their_way.pop_front();
        }
        u32::try_from(self.on_their_way.len()).unwrap_or(u32::MAX)
    }
}

#[derive(Clone, Debug)]
struct Waiter {
    number: u64,
    walk: u64,
    buckets: Vec<Bucket>,
}

impl Budget {
    /// A budget with `workers` slots for requests in flight, that uses `percent` of each limit.
    #[must_use]
    pub fn new(workers: usize, percent: u32, clock: Clock) -> Arc<Self> {
        let inner = Inner {
            tanks: HashMap::new(),
            free_slots: workers.max(1),
            waiting: Vec::new(),
            percent: percent.clamp(1, 100),
            way: LONGEST_WAY.max(clock.of_wall(LONGEST_WAY_HERE)),
            tell: None,
            told: HashMap::new(),
            served: HashMap::new(),
            numbers: 0,
        };
        Arc::new(Self { clock, inner: Mutex::new(inner), changed: Notify::new() })
    }

    /// Waits for a request's share of every bucket and for a free slot, and takes them. `walk`
    /// tells whose turn it is: of those who could go, the one served longest ago goes.
    pub async fn acquire(self: &Arc<Self>, buckets: &[Bucket], walk: u64) -> Slot {
        let place = self.queue(buckets, walk);
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Registered before looking, so that no change can slip between look and wait.
            changed.as_mut().enable();
            let ready_at = match self.lock().take(place.number, self.clock.elapsed()) {
                Take::Taken => break,
                Take::NotBefore(at, bucket) => Some((at, bucket)),
                Take::NotMyTurn => None,
            };
            match ready_at {
                Some((at, bucket)) => {
                    let wait = at.saturating_sub(self.clock.elapsed());
                    let bucket = Some(bucket);
                    self.tell(Wait { walk, bucket, is_limit: true, length: wait });
                    tokio::select! {
                        () = changed => {}
                        () = self.clock.sleep(wait) => {}
                    }
                }
                None => changed.await,
            }
        }
        let drawn = place.drawn.clone();
        drop(place);
        let sent_at = self.clock.elapsed();
        let mut inner = self.lock();
        let told_of = buckets.iter().map(|bucket| (*bucket, inner.tank(*bucket).drawn)).collect();
        drop(inner);
        Slot { budget: Arc::clone(self), drawn, told_of, sent_at }
    }

    /// Holds a bucket: nobody draws on it for this long.
    pub fn hold(&self, bucket: Bucket, wait: Duration) {
        let until = self.clock.elapsed().saturating_add(wait);
        let mut inner = self.lock();
        let tank = inner.tank(bucket);
        tank.held_until = tank.held_until.max(until);
    }

    /// Requests a minute, once headers have told them.
    #[must_use]
    pub fn told_limit(&self, bucket: Bucket) -> Option<u32> {
        let inner = self.lock();
        inner.tanks.get(&bucket).filter(|tank| tank.told).map(|tank| tank.limit)
    }

    /// Hears of every long wait from now on.
    pub fn waits(&self) -> UnboundedReceiver<Wait> {
        let (tell, told) = unbounded_channel();
        self.lock().tell = Some(tell);
        told
    }

    /// Tells a wait if it is long and was not told before.
    pub fn tell(&self, wait: Wait) {
        let until = self.clock.elapsed().saturating_add(wait.length);
        let mut inner = self.lock();
        let known = inner.told.get(&wait.walk).copied().unwrap_or_default();
        // Chains of one walk that wait for one bucket end within moments of each other.
        if wait.length >= LONG_WAIT && until > known.saturating_add(LONG_WAIT) {
            inner.told.insert(wait.walk, until);
            // Without a listener there is nobody to tell.
            inner.tell.as_ref().map(|tell| tell.send(wait));
        }
    }

    /// The limits that requests wait for now, and for how long each still holds them.
    #[must_use]
    pub fn awaited(&self) -> Vec<(Bucket, Duration)> {
        let now = self.clock.elapsed();
        let mut inner = self.lock();
        let mut awaited: Vec<(Bucket, Duration)> = Vec::new();
        for bucket in inner.waiting.clone().iter().flat_map(|waiter| &waiter.buckets) {
            let wait = inner.ready_at(&[*bucket], now).0.saturating_sub(now);
            if !wait.is_zero() && awaited.iter().all(|(other, _)| other != bucket) {
                awaited.push((*bucket, wait));
            }
        }
        awaited
    }

    fn queue(self: &Arc<Self>, buckets: &[Bucket], walk: u64) -> Place {
        let mut inner = self.lock();
        inner.numbers += 1;
        let number = inner.numbers;
        let drawn = inner.drawn(buckets);
        inner.waiting.push(Waiter { number, walk, buckets: drawn.clone() });
        Place { budget: Arc::clone(self), number, drawn }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // The lock is only ever held over plain arithmetic, so a poisoned one is still sound.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Take {
    Taken,
    NotBefore(Duration, Bucket),
    NotMyTurn,
}

impl Inner {
    /// The buckets that a request draws on: of two that stand for each other, the one that holds.
    fn drawn(&mut self, buckets: &[Bucket]) -> Vec<Bucket> {
        let mut drawn = buckets.to_vec();
        for bucket in buckets {
            let Some(shared) = bucket.instead_of() else { continue };
            let other = if self.tank(*bucket).told { shared } else { *bucket };
            drawn.retain(|kept| *kept != other);
        }
        drawn
    }

    fn tank(&mut self, bucket: Bucket) -> &mut Tank {
        let limit = bucket.documented_per_minute();
        self.tanks.entry(bucket).or_insert(Tank {
            limit,
            left: limit,
            used: 0,
            full_at: Duration::ZERO,
            began: Duration::ZERO,
            held_until: Duration::ZERO,
            drawn: 0,
            on_their_way: VecDeque::new(),
            told: false,
        })
    }

    /// When all these buckets could be drawn on, and the one that is waited for longest.
    fn ready_at(&mut self, buckets: &[Bucket], now: Duration) -> (Duration, Bucket) {
        let (percent, way) = (self.percent, self.way);
        let ready = buckets.iter().map(|bucket| {
            let tank = self.tank(*bucket);
            if now >= tank.full_at {
                tank.used = tank.on_their_way(now, way);
                tank.left = tank.share(tank.limit.saturating_sub(tank.used), percent);
            }
            let filled =
                if tank.left > 0 { Duration::ZERO } else { tank.full_at.max(now + MINUTE / 60) };
            (filled.max(tank.held_until), *bucket)
        });
        ready.max_by_key(|(at, _)| *at).unwrap_or((Duration::ZERO, Bucket::Account))
    }

    fn take(&mut self, number: u64, now: Duration) -> Take {
        let waiting = self.waiting.clone();
        let Some(me) = waiting.iter().find(|waiter| waiter.number == number) else {
            return Take::Taken;
        };
        let (ready_at, bucket) = self.ready_at(&me.buckets, now);
        if ready_at > now {
            return Take::NotBefore(ready_at, bucket);
        }
        let turn = |inner: &Self, waiter: &Waiter| {
            let served = inner.served.get(&waiter.walk).copied().unwrap_or_default();
            (if waiter.walk == SPARE { u64::MAX } else { served }, waiter.number)
        };
        let mine = turn(self, me);
        let somebody_first = waiting
            .iter()
            .any(|other| turn(self, other) < mine && self.ready_at(&other.buckets, now).0 <= now);
        if self.free_slots == 0 || somebody_first {
            return Take::NotMyTurn;
        }
        for bucket in &me.buckets {
            self.tank(*bucket).draw(now);
        }
        self.free_slots -= 1;
        self.numbers += 1;
        let served = self.numbers;
        self.served.insert(me.walk, served);
        Take::Taken
    }
}

/// A place in the queue; leaving it lets the next one look.
struct Place {
    budget: Arc<Budget>,
    number: u64,
    drawn: Vec<Bucket>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.budget.lock().waiting.retain(|waiter| waiter.number != self.number);
        self.budget.changed.notify_waiters();
    }
}

/// A worker's slot. It is held from before the request until its rows are written, so that the
/// pages in memory are bounded by the workers.
#[derive(Debug)]
pub struct Slot {
    budget: Arc<Budget>,
    drawn: Vec<Bucket>,
    /// What its answer's headers may tell of, drawn on or not, and how many had drawn by then.
    told_of: Vec<(Bucket, u64)>,
    sent_at: Duration,
}

impl Slot {
    /// Corrects the buckets by what the answer's headers say.
    pub fn observe(&mut self, quotas: &[Quota]) {
        let now = self.budget.clock.elapsed();
        let mut inner = self.budget.lock();
        let percent = inner.percent;
        for (bucket, drawn) in &self.told_of {
            for quota in quotas.iter().filter(|quota| bucket.is_told_by(quota)) {
                let tank = inner.tank(*bucket);
                let limit = quota.limit.filter(|limit| *limit > 0).unwrap_or(tank.limit);
                let is_first = !tank.told || limit != tank.limit || now >= tank.full_at;
                (tank.told, tank.limit) = (true, limit);
                // A slow answer may tell of the minute before.
                if self.sent_at < tank.began {
                    continue;
                }
                // Answers overtake each other: within a minute less is left by each, and the
                // earliest end that one of them tells is nearest to the truth. What was sent
                // after the request is not among those that its answer counts.
                if let Some(remaining) = quota.remaining {
                    let later = u32::try_from(tank.drawn - drawn).unwrap_or(u32::MAX);
                    let left = tank.share(remaining.saturating_sub(later), percent);
                    tank.left = if is_first { left } else { tank.left.min(left) };
                }
                if let Some(resets) = quota.resets {
                    let resets = resets.max(MINUTE / 60);
                    // Told when the request came in or when it was answered, which is seconds
                    // apart: no minute is longer than one, whatever it looks like from here.
                    let least = self.sent_at.saturating_add(resets).max(tank.began + MINUTE);
                    let full_at = now.saturating_add(resets).min(least);
                    tank.full_at = if is_first { full_at } else { tank.full_at.min(full_at) };
                }
            }
        }
        drop(inner);
        self.budget.changed.notify_waiters();
    }

    /// The bucket that a refusal is about: one whose headers say that nothing is left. A refusal
    /// that no limit explains is about the one listing that was asked for.
    #[must_use]
    pub fn refusing_bucket(&self, quotas: &[Quota]) -> Option<Bucket> {
        let empty = |bucket: &&Bucket| {
            quotas.iter().any(|quota| bucket.is_told_by(quota) && quota.remaining == Some(0))
        };
        self.drawn.iter().find(empty).copied()
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.budget.lock().free_slots += 1;
        self.budget.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPORT: [Bucket; 2] = [Bucket::Account, Bucket::Incremental];

    fn told(remaining: u32, resets: u64) -> Quota {
        Quota {
            family: Some("incremental-exports".into()),
            limit: Some(30),
            remaining: Some(remaining),
            resets: Some(Duration::from_secs(resets)),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_eleventh_export_of_a_minute_waits_for_the_next() {
        let clock = Clock::new(1.0);
        let budget = Budget::new(3, 100, clock.clone());
        for _ in 0..10 {
            drop(budget.acquire(&EXPORT, 1).await);
        }
        assert_eq!(clock.elapsed().as_secs(), 0);
        drop(budget.acquire(&[Bucket::Account], 2).await);
        assert_eq!(clock.elapsed().as_secs(), 0);
        drop(budget.acquire(&EXPORT, 1).await);
        assert_eq!(clock.elapsed().as_secs(), 60);
    }

    #[tokio::test(start_paused = true)]
    async fn headers_correct_the_limit_what_is_left_and_when_it_is_full() {
        let clock = Clock::new(1.0);
        let budget = Budget::new(3, 100, clock.clone());
        budget.acquire(&EXPORT, 1).await.observe(&[told(1, 7)]);
        drop(budget.acquire(&EXPORT, 1).await);
        assert_eq!(clock.elapsed().as_secs(), 0);
        for _ in 0..30 {
            drop(budget.acquire(&EXPORT, 1).await);
        }
        assert_eq!(clock.elapsed().as_secs(), 7);
    }

    #[tokio::test(start_paused = true)]
    async fn users_share_the_exports_until_a_header_names_a_limit_of_their_own() {
        const USERS: [Bucket; 3] = [Bucket::Account, Bucket::Incremental, Bucket::IncrementalUsers];
        let clock = Clock::new(1.0);
        let budget = Budget::new(1, 100, clock.clone());
        for _ in 0..9 {
            drop(budget.acquire(&EXPORT, 1).await);
        }
        let mut slot = budget.acquire(&USERS, 2).await;
        assert_eq!(slot.refusing_bucket(&[told(0, 40)]), Some(Bucket::Incremental));
        // What no limit explains holds nobody else.
        assert_eq!(slot.refusing_bucket(&[]), None);
        assert_eq!(slot.refusing_bucket(&[told(3, 40)]), None);
        let family = Some("incremental-exports-cursor".to_owned());
        slot.observe(&[Quota { family, ..told(7, 40) }]);
        drop(slot);
        for _ in 0..7 {
            drop(budget.acquire(&USERS, 2).await);
        }
        assert_eq!(clock.elapsed().as_secs(), 0);
        drop(budget.acquire(&USERS, 2).await);
        assert_eq!(clock.elapsed().as_secs(), 40);
        drop(budget.acquire(&EXPORT, 1).await);
        assert_eq!(clock.elapsed().as_secs(), 60);
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_sync_can_do_without_goes_where_nobody_else_could() {
        let budget = Budget::new(1, 100, Clock::new(1.0));
        let order = Arc::new(Mutex::new(Vec::new()));
        let held = budget.acquire(&[Bucket::Account], 1).await;
        let mut tasks = Vec::new();
        // Walk 1 was served a moment ago and still goes before what was never served.
        for walk in [SPARE, SPARE, 1, 2] {
            let (budget, order) = (Arc::clone(&budget), Arc::clone(&order));
            tasks.push(tokio::spawn(async move {
                let slot = budget.acquire(&[Bucket::Account], walk).await;
                order.lock().unwrap().push(walk);
                drop(slot);
            }));
            tokio::task::yield_now().await;
        }
        drop(held);
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), [2, 1, SPARE, SPARE]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_is_awaited_while_somebody_waits_for_it() {
        let budget = Budget::new(1, 100, Clock::new(1.0));
        budget.hold(Bucket::Incremental, Duration::from_secs(30));
        assert_eq!(budget.awaited(), []);
        let waiting = tokio::spawn({
            let budget = Arc::clone(&budget);
            async move { drop(budget.acquire(&EXPORT, 1).await) }
        });
        tokio::task::yield_now().await;
        assert_eq!(budget.awaited(), [(Bucket::Incremental, Duration::from_secs(30))]);
        waiting.await.unwrap();
        assert_eq!(budget.awaited(), []);
    }

    #[tokio::test(start_paused = true)]
    async fn a_held_bucket_holds_its_walks_and_no_worker() {
        let clock = Clock::new(1.0);
        let budget = Budget::new(1, 100, clock.clone());
        budget.hold(Bucket::Incremental, Duration::from_secs(30));
        let waiting = tokio::spawn({
            let budget = Arc::clone(&budget);
            async move { drop(budget.acquire(&EXPORT, 1).await) }
        });
        tokio::task::yield_now().await;
        drop(budget.acquire(&[Bucket::Account], 2).await);
        assert_eq!(clock.elapsed().as_secs(), 0);
        waiting.await.unwrap();
        assert_eq!(clock.elapsed().as_secs(), 30);
    }

    #[tokio::test(start_paused = true)]
    async fn slots_bound_the_requests_in_flight_and_a_walk_that_gave_up_blocks_nobody() {
        let budget = Budget::new(1, 100, Clock::new(1.0));
        let held = budget.acquire(&[Bucket::Account], 1).await;
        let second = [Bucket::Account];
        let impatient = budget.acquire(&second, 2);
        assert!(tokio::time::timeout(Duration::from_secs(5), impatient).await.is_err());
        drop(held);
        drop(budget.acquire(&[Bucket::Account], 3).await);
    }

    #[tokio::test(start_paused = true)]
    async fn walks_of_one_bucket_take_turns() {
        let budget = Budget::new(1, 100, Clock::new(1.0));
        let order = Arc::new(Mutex::new(Vec::new()));
        let first = budget.acquire(&EXPORT, 0).await;
        let mut tasks = Vec::new();
        // Walk 1 queues three requests before walk 2 queues its first.
        for walk in [1, 1, 1, 2] {
            let (budget, order) = (Arc::clone(&budget), Arc::clone(&order));
            tasks.push(tokio::spawn(async move {
                let slot = budget.acquire(&EXPORT, walk).await;
                order.lock().unwrap().push(walk);
                drop(slot);
            }));
            tokio::task::yield_now().await;
        }
        drop(first);
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), [1, 2, 1, 1]);
    }

    /// A server that counts requests when they come in, tells by then how many are left and for how
    /// long, and answers seconds later. Its minutes are all used up, and no longer than ours.
    #[tokio::test(start_paused = true)]
    async fn slow_answers_that_overlap_leave_nothing_unused() {
        const MINUTES: usize = 5;
        let clock = Clock::new(1.0);
        let budget = Budget::new(3, 100, clock.clone());
        let counted = Arc::new(Mutex::new([0_u32; MINUTES + 1]));
        let workers = (0..3).map(|worker| {
            let (budget, clock, counted) =
                (Arc::clone(&budget), clock.clone(), Arc::clone(&counted));
            tokio::spawn(async move {
                for request in 0_u64.. {
                    let mut slot = budget.acquire(&EXPORT, worker).await;
                    let second = clock.elapsed().as_secs();
                    let minute = usize::try_from(second / 60).unwrap();
                    if minute >= MINUTES {
                        return;
                    }
                    counted.lock().unwrap()[minute] += 1;
                    let used = counted.lock().unwrap()[minute];
                    clock.sleep(Duration::from_secs(4 + (request * 5 + worker * 3) % 9)).await;
                    let remaining = 10_u32.checked_sub(used).expect("the server refuses none");
                    slot.observe(&[Quota { limit: Some(10), ..told(remaining, 60 - second % 60) }]);
                }
            })
        });
        for worker in workers.collect::<Vec<_>>() {
            worker.await.unwrap();
        }
        assert_eq!(counted.lock().unwrap()[..MINUTES], [10; MINUTES]);
    }

    #[tokio::test(start_paused = true)]
    async fn answers_that_come_late_or_out_of_order_give_nothing_back() {
        let clock = Clock::new(1.0);
        let budget = Budget::new(3, 100, clock.clone());
        let mut slow = budget.acquire(&EXPORT, 1).await;
        let mut slower = budget.acquire(&EXPORT, 1).await;
        budget.acquire(&EXPORT, 1).await.observe(&[told(2, 50)]);
        slow.observe(&[told(29, 50)]);
        drop(slow);
        for _ in 0..2 {
            drop(budget.acquire(&EXPORT, 1).await);
        }
        drop(budget.acquire(&EXPORT, 1).await);
        assert_eq!(clock.elapsed().as_secs(), 50, "two were left");
        // It was asked in the minute before, and tells of that.
        slower.observe(&[told(0, 2)]);
        drop(budget.acquire(&EXPORT, 1).await);
        assert_eq!(clock.elapsed().as_secs(), 50);
    }

    #[tokio::test(start_paused = true)]
    async fn a_share_of_the_limit_is_kept_whatever_is_left_of_it() {
        let clock = Clock::new(1.0);
        let budget = Budget::new(3, 50, clock.clone());
        for _ in 0..5 {
            drop(budget.acquire(&EXPORT, 1).await);
        }
        assert_eq!(clock.elapsed().as_secs(), 0);
        budget.acquire(&EXPORT, 1).await.observe(&[told(29, 40)]);
        assert_eq!(clock.elapsed().as_secs(), 60);
        // Half of the thirty that the header names, one of which is used.
        for _ in 0..14 {
            drop(budget.acquire(&EXPORT, 1).await);
        }
        assert_eq!(clock.elapsed().as_secs(), 60);
        drop(budget.acquire(&EXPORT, 1).await);
        assert_eq!(clock.elapsed().as_secs(), 100);
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_wait_is_told_once_for_all_chains_of_a_walk() {
        let budget = Budget::new(3, 100, Clock::new(1.0));
        let mut waits = budget.waits();
        budget.acquire(&EXPORT, 1).await.observe(&[told(0, 3)]);
        drop(budget.acquire(&EXPORT, 1).await);
        assert!(waits.try_recv().is_err(), "three seconds are nothing to tell");
        budget.acquire(&EXPORT, 1).await.observe(&[told(0, 40)]);
        tokio::join!(budget.acquire(&EXPORT, 1), budget.acquire(&EXPORT, 1));
        let told = waits.try_recv().expect("it was told");
        let expected = Wait {
            walk: 1,
            bucket: Some(Bucket::Incremental),
            is_limit: true,
            length: Duration::from_secs(40),
        };
        assert_eq!(told, expected);
        assert!(waits.try_recv().is_err(), "once is enough");
    }
}
