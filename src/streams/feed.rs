//! A feed: a listing of Zendesk's, as data. It says where the listing is, how it pages, what it
//! costs, and its order.

use super::query_options::QueryOption;
use crate::config::Config;
use zendesk::budget::Bucket;
use zendesk::client::PageSize;
use zendesk::paging::Paging;

/// The declaration of a Zendesk listing. Its name, path and fixed parameters are private. Callers
/// read them from the [`ResolvedFeed`](super::ResolvedFeed).
#[derive(Debug)]
pub struct Feed {
    /// The feed's name in a saved position. It must never change, or saved tokens are discarded.
    pub(super) name: &'static str,
    /// The path below `/api/v2/`, with `{placeholders}` that the parent's row fills.
    pub(super) path: &'static str,
    /// Parameters of every request, whatever streams are selected.
    pub(super) query: &'static [(&'static str, &'static str)],
    /// Parameters whose values the user chooses by options.
    pub choices: &'static [(&'static str, QueryOption)],
    /// The option whose text the parameters hold. If Zendesk refuses that text, the user must
    /// correct the option.
    pub words_of: Option<&'static str>,
    pub paging: Paging,
    pub order: Order,
    /// The key that holds the rows. Several keys are nested.
    pub list: &'static [&'static str],
    /// Other places of the rows, used if `list` is absent. Descriptions of some listings contradict
    /// each other. An entry without keys means that the answer itself is the list.
    pub or_at: &'static [&'static [&'static str]],
    /// Whether `list` leads to one object, which is the only row.
    pub is_object: bool,
    /// Paths and lists of further listings of the same dialect. They are walked after this one, as
    /// if all were one listing.
    pub more: &'static [(&'static str, &'static [&'static str])],
    pub host: Host,
    /// The buckets that a request draws on. The narrowest is the last.
    pub buckets: &'static [Bucket],
    pub page: PageRows,
    pub parent: Option<Parent>,
    pub since: TimeFilter,
    /// For a listing by creation: how many seconds after its creation a row may still change. A
    /// read goes back by this time before its position.
    pub settles_in_seconds: i64,
    /// How many days Zendesk keeps the rows. `None` if it keeps them forever.
    pub kept_days: Option<i64>,
    /// Whether a long history is walked in windows of time, several at once. The listing must
    /// accept a start time and be in the order of that time.
    pub windows: bool,
}

/// The host of the account that has the listing, and so receives the credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// The host that the configuration names.
    Account,
    /// The host of each brand. Every brand has its own listing.
    EachBrand,
}

/// How the lower time bound is sent to a listing that is not an incremental export. An export gets
/// it as its first place instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeFilter {
    /// The bound is not sent: the listing has no such parameter, or ignores it.
    Unsent,
    /// `start_time`, unix seconds. It filters by the time of creation. So it is sent earlier by
    /// this overlap, and all rows are read once a week for later changes of older rows.
    Created { overlap_seconds: i64 },
    /// Two parameters, ISO 8601: the lower bound, and the begin of the walk. Both may have the same
    /// name, and the parameter is then sent twice. Below parents, every parent's listing is
    /// requested, because no parent reports what is new below it.
    Between(&'static str, &'static str),
    /// A search for rows whose last change, under this key, is in a window of time. The walk covers
    /// the time window by window. It starts before its lower bound, because the search index lags
    /// behind the account.
    Windows { changed: &'static str },
}

/// The order in which a feed lists its rows. It decides when a position may move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Oldest change first, by this key of the row. The position moves with every page.
    ByTime(&'static str),
    /// New rows come after the last cursor, whatever their time. The cursor is the position, and it
    /// moves with every page.
    ByCursor,
    /// Newest first. The listing is read until the saved cursor is reached.
    NewestFirst,
    /// By name, id or anything else. The cursor moves when the walk ends.
    Other,
}

/// How many rows a page should have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageRows {
    /// The most that Zendesk documents for the dialect.
    Most,
    /// The value of the user's option `page_size`.
    Configured,
}

/// The parent of a feed that has one listing for each row of another feed.
#[derive(Debug)]
pub struct Parent {
    pub feed: &'static Feed,
    /// Which key of the parent's row fills which placeholder or column of the child. The values of
    /// a grandparent are passed on.
    pub fills: &'static [(&'static str, &'static str)],
    /// Optional source of changes of children that do not change the parent.
    pub told_by: Option<ChangeSource>,
    /// The key that a row must have to be a parent, with a value other than `false`. Other rows
    /// have no children, and nothing is requested for them.
    pub only_with: Option<&'static str>,
}

/// The source of changes of children that do not change the parent.
#[derive(Clone, Copy, Debug)]
pub enum ChangeSource {
    /// A listing of events of the children. Its rows have the placeholders' names as keys.
    Events(&'static Feed),
    /// A listing of all parents. Its rows count the children under these keys.
    Numbers { feed: &'static Feed, keys: &'static [&'static str] },
}

impl Parent {
    /// A parent whose own changes are the only sign that its children changed.
    pub(super) const fn of(
        feed: &'static Feed,
        fills: &'static [(&'static str, &'static str)],
    ) -> Self {
        Self { feed, fills, told_by: None, only_with: None }
    }
}

impl Feed {
    /// An ordinary listing of the account: paged by cursor, in no order of time.
    pub(super) const fn listing(
        name: &'static str,
        path: &'static str,
        list: &'static [&'static str],
    ) -> Self {
        Self {
            name,
            path,
            query: &[],
            choices: &[],
            words_of: None,
            paging: Paging::Cursor,
            order: Order::Other,
            list,
            or_at: &[],
            is_object: false,
            more: &[],
            host: Host::Account,
            buckets: &[Bucket::Account],
            page: PageRows::Most,
            parent: None,
            since: TimeFilter::Unsent,
            settles_in_seconds: 0,
            kept_days: None,
            windows: false,
        }
    }

    /// A listing that comes in one answer, without pages.
    pub(super) const fn single(
        name: &'static str,
        path: &'static str,
        list: &'static [&'static str],
    ) -> Self {
        Self { paging: Paging::Single, ..Self::listing(name, path, list) }
    }

    /// One object in place of a listing.
    pub(super) const fn object(
        name: &'static str,
        path: &'static str,
        at: &'static [&'static str],
    ) -> Self {
        Self { is_object: true, ..Self::single(name, path, at) }
    }

    /// Whether each brand has its own listing, at its own host.
    #[must_use]
    pub fn is_of_brands(&self) -> bool {
        self.host == Host::EachBrand
    }

    /// Whether an interrupted walk can go on in the middle. A place in one of several listings does
    /// not say which listing it is in.
    #[must_use]
    pub fn resumes(&self) -> bool {
        self.paging.resumes() && self.more.is_empty()
    }

    /// The page size that a walk of this feed starts with.
    #[must_use]
    pub fn page_size(&self, config: &Config) -> PageSize {
        match (self.page, config.event_page_rows) {
            (PageRows::Configured, Some(rows)) => PageSize::new(self.paging, Some(rows)),
            (PageRows::Configured, None) => PageSize::growing(self.paging, 100),
            (PageRows::Most, _) => PageSize::new(self.paging, None),
        }
    }

    /// The key with the time of a row's last change, if the feed is a search for changes.
    #[must_use]
    pub fn searched_key(&self) -> Option<&'static str> {
        match self.since {
            TimeFilter::Windows { changed } => Some(changed),
            TimeFilter::Unsent | TimeFilter::Created { .. } | TimeFilter::Between(..) => None,
        }
    }

    /// Whether the listing itself leaves out rows that did not change.
    #[must_use]
    pub fn lists_news(&self) -> bool {
        self.keeps_place() || self.searched_key().is_some()
    }

    /// Whether the next walk begins at the place where the last one ended.
    #[must_use]
    pub fn keeps_place(&self) -> bool {
        matches!(self.order, Order::ByTime(_) | Order::ByCursor)
    }

    /// Whether the listing is requested for a range of time, whatever its parent reports.
    #[must_use]
    pub fn asks_between(&self) -> bool {
        matches!(self.since, TimeFilter::Between(..))
    }

    /// The key with a row's time on the feed, if the feed is in the order of time.
    #[must_use]
    pub fn time_key(&self) -> Option<&'static str> {
        match self.order {
            Order::ByTime(key) => Some(key),
            Order::ByCursor | Order::NewestFirst | Order::Other => None,
        }
    }
}
