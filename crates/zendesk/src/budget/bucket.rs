//! Rate limits as buckets: which limits there are, how headers name them, and how many requests
//! each still allows. Pure. Times are on the clock's `elapsed`.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::super::headers::{ACCESS_LOGS, Quota};

pub(super) const MINUTE: Duration = Duration::from_secs(60);

/// A limit of Zendesk's that requests draw on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Bucket {
    /// The account's requests per minute, by its plan.
    Account,
    /// The help center's own pool of requests, as large as the account's.
    HelpCenter,
    /// All of `/api/v2/incremental/*` together.
    Incremental,
    /// The export of users by cursor. It draws on [`Bucket::Incremental`] until a header names a
    /// limit of its own.
    IncrementalUsers,
    DeletedTickets,
    TicketFields,
    Tags,
    /// The listing of agent availabilities (Zendesk, Agent Availability API).
    AgentAvailabilities,
    SideConversationEvents,
    SearchExport,
    AccessLogs,
    TalkExport,
    /// The files of attachments.
    Attachments,
    /// Creating or updating users one by one. Zendesk counts these by the second.
    UserUpdates,
    /// Updating tickets one by one.
    TicketUpdates,
}

impl Bucket {
    /// Requests per minute until a header names the limit: that of the smallest plan still sold, or
    /// the documented limit of the endpoint.
    #[must_use]
    pub fn documented_per_minute(self) -> u32 {
        match self {
            Self::Account | Self::HelpCenter => 200,
            Self::Incremental | Self::DeletedTickets | Self::TalkExport => 10,
            Self::IncrementalUsers => 20,
            Self::SearchExport => 100,
            Self::AccessLogs => 50,
            Self::SideConversationEvents => 60,
            Self::TicketFields | Self::AgentAvailabilities => 300,
            Self::Tags => 2000,
            Self::Attachments => 2500,
            Self::UserUpdates => 60,
            Self::TicketUpdates => 100,
        }
    }

    /// What the bucket limits, in words for a person.
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
            Self::AgentAvailabilities => "agents' availabilities",
            Self::SideConversationEvents => "events of side conversations",
            Self::SearchExport => "search exports",
            Self::AccessLogs => "access logs",
            Self::TalkExport => "exports of Talk",
            Self::Attachments => "attachments",
            Self::UserUpdates => "updates of users",
            Self::TicketUpdates => "updates of tickets",
        }
    }

    /// The bucket that this one replaces when a header has named it.
    fn instead_of(self) -> Option<Self> {
        (self == Self::IncrementalUsers).then_some(Self::Incremental)
    }

    /// Whether a limit in the headers is this bucket's. The account's headers on an answer of the
    /// help center are about the help center's pool, so a request names the bucket that they mean.
    pub(super) fn is_limited_by(self, quota: &Quota) -> bool {
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
            (Self::AccessLogs, Some(family)) => family == ACCESS_LOGS,
            (Self::Attachments, Some(family)) => family.starts_with("attachments"),
            (Self::UserUpdates, Some(family)) => family.starts_with("create-update-user"),
            (Self::TicketUpdates, Some(family)) => family.starts_with("tickets-update"),
            // No header is known to tell of them.
            (Self::TalkExport | Self::AgentAvailabilities, Some(_)) | (_, None) => false,
        }
    }
}

/// What is left of every bucket.
#[derive(Debug)]
pub(super) struct Buckets {
    states: HashMap<Bucket, BucketState>,
    /// The share of every limit that may be used, in percent.
    percent: u32,
    /// The longest time that a request takes to reach the server. The server counts it when it
    /// arrives.
    transit: Duration,
}

/// What is left of one bucket.
#[derive(Clone, Debug)]
struct BucketState {
    limit: u32,
    left: u32,
    /// Our own requests since the bucket was last full.
    used: u32,
    full_at: Duration,
    /// When the bucket was last full.
    began: Duration,
    held_until: Duration,
    /// All requests that ever drew on the bucket.
    drawn: u64,
    /// When the last requests drew on it. A request that has not arrived yet may count in the
    /// server's next minute.
    on_their_way: VecDeque<Duration>,
    /// Whether a header has named the limit.
    is_known: bool,
}

/// A request that has drawn on its buckets.
#[derive(Debug)]
pub(super) struct Drawn {
    /// The buckets that it drew on.
    pub(super) buckets: Vec<Bucket>,
    /// The buckets that the answer's headers may be about, and how many requests had drawn on each
    /// by then.
    counted: Vec<(Bucket, u64)>,
}

impl BucketState {
    fn new(bucket: Bucket) -> Self {
        let limit = bucket.documented_per_minute();
        Self {
            limit,
            left: limit,
            used: 0,
            full_at: Duration::ZERO,
            began: Duration::ZERO,
            held_until: Duration::ZERO,
            drawn: 0,
            on_their_way: VecDeque::new(),
            is_known: false,
        }
    }

    /// How many requests are ours, when `left` of the limit are left for all programs.
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

    /// Fills the bucket if its minute is over. Returns when a request may draw on it.
    fn ready_at(&mut self, now: Duration, percent: u32, transit: Duration) -> Duration {
        if now >= self.full_at {
            self.used = self.on_their_way(now, transit);
            self.left = self.share(self.limit.saturating_sub(self.used), percent);
        }
        let filled =
            if self.left > 0 { Duration::ZERO } else { self.full_at.max(now + MINUTE / 60) };
        filled.max(self.held_until)
    }

    /// Forgets requests that have arrived at the server. Returns how many have not.
    fn on_their_way(&mut self, now: Duration, transit: Duration) -> u32 {
        while self.on_their_way.front().is_some_and(|at| now.saturating_sub(*at) > transit) {
            self.on_their_way.pop_front();
        }
        u32::try_from(self.on_their_way.len()).unwrap_or(u32::MAX)
    }

    /// Corrects the bucket by an answer's headers. `drawn` is the number of requests that had drawn
    /// on it when the answer was requested.
    fn observe(&mut self, quota: &Quota, drawn: u64, sent_at: Duration, at: (Duration, u32)) {
        let (now, percent) = at;
        let limit = quota.limit.filter(|limit| *limit > 0).unwrap_or(self.limit);
        let is_first = !self.is_known || limit != self.limit || now >= self.full_at;
        (self.is_known, self.limit) = (true, limit);
        // A slow answer may tell of the minute before.
        if sent_at < self.began {
            return;
        }
        // Answers overtake each other: within a minute less is left by each, and the earliest end
        // that one of them tells is nearest to the truth. What was sent after the request is not
        // among those that its answer counts.
        if let Some(remaining) = quota.remaining {
            let later = u32::try_from(self.drawn - drawn).unwrap_or(u32::MAX);
            let left = self.share(remaining.saturating_sub(later), percent);
            self.left = if is_first { left } else { self.left.min(left) };
        }
        if let Some(resets) = quota.resets {
            let resets = resets.max(MINUTE / 60);
            // Told when the request came in or when it was answered, which is seconds apart: no
            // minute is longer than one, whatever it looks like from here.
            let least = sent_at.saturating_add(resets).max(self.began + MINUTE);
            let full_at = now.saturating_add(resets).min(least);
            self.full_at = if is_first { full_at } else { self.full_at.min(full_at) };
        }
    }
}

impl Buckets {
    pub(super) fn new(percent: u32, transit: Duration) -> Self {
        Self { states: HashMap::new(), percent: percent.clamp(1, 100), transit }
    }

    fn state(&mut self, bucket: Bucket) -> &mut BucketState {
        self.states.entry(bucket).or_insert_with(|| BucketState::new(bucket))
    }

    fn is_known(&self, bucket: Bucket) -> bool {
        self.states.get(&bucket).is_some_and(|state| state.is_known)
    }

    /// The limit in requests per minute. `None` until a header names it.
    pub(super) fn known_limit(&self, bucket: Bucket) -> Option<u32> {
        self.states.get(&bucket).filter(|state| state.is_known).map(|state| state.limit)
    }

    /// Whether a request that names these buckets draws on this one. Of two buckets of which one
    /// replaces the other, it draws on the one that is in force.
    fn is_drawn_on(&self, bucket: Bucket, named: &[Bucket]) -> bool {
        let replaces = |other: &&Bucket| other.instead_of() == Some(bucket);
        match named.iter().find(replaces) {
            Some(other) => !self.is_known(*other),
            None => bucket
                .instead_of()
                .is_none_or(|shared| !named.contains(&shared) || self.is_known(bucket)),
        }
    }

    /// When a request may draw on all its buckets, and which of them it waits for longest.
    pub(super) fn ready_at(&mut self, named: &[Bucket], now: Duration) -> (Duration, Bucket) {
        let (percent, transit) = (self.percent, self.transit);
        let mut longest = (Duration::ZERO, Bucket::Account);
        for bucket in named {
            if !self.is_drawn_on(*bucket, named) {
                continue;
            }
            let ready = self.state(*bucket).ready_at(now, percent, transit);
            if ready >= longest.0 {
                longest = (ready, *bucket);
            }
        }
        longest
    }

    /// How long a request must wait for each of its buckets.
    pub(super) fn waits(&mut self, named: &[Bucket], now: Duration) -> Vec<(Bucket, Duration)> {
        let (percent, transit) = (self.percent, self.transit);
        let drawn: Vec<Bucket> =
            named.iter().copied().filter(|bucket| self.is_drawn_on(*bucket, named)).collect();
        let wait = |bucket: Bucket| {
            let ready = self.state(bucket).ready_at(now, percent, transit);
            (bucket, ready.saturating_sub(now))
        };
        drawn.into_iter().map(wait).filter(|(_, wait)| !wait.is_zero()).collect()
    }

    /// Draws one request on its buckets.
    pub(super) fn draw(&mut self, named: &[Bucket], now: Duration) -> Drawn {
        let buckets: Vec<Bucket> =
            named.iter().copied().filter(|bucket| self.is_drawn_on(*bucket, named)).collect();
        for bucket in &buckets {
            self.state(*bucket).draw(now);
        }
        let counted = named.iter().map(|bucket| (*bucket, self.state(*bucket).drawn)).collect();
        Drawn { buckets, counted }
    }

    /// Corrects the buckets by the headers of a request's answer.
    pub(super) fn observe(
        &mut self,
        drawn: &Drawn,
        sent_at: Duration,
        quotas: &[Quota],
        now: Duration,
    ) {
        let percent = self.percent;
        for (bucket, by_then) in &drawn.counted {
            for quota in quotas.iter().filter(|quota| bucket.is_limited_by(quota)) {
                self.state(*bucket).observe(quota, *by_then, sent_at, (now, percent));
            }
        }
    }

    /// Lets no request draw on a bucket until this time.
    pub(super) fn hold(&mut self, bucket: Bucket, until: Duration) {
        let state = self.state(bucket);
        state.held_until = state.held_until.max(until);
    }
}
