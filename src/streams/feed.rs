//! A listing of Zendesk's, as data: where it is, how it pages, what it costs, and in which order it
//! comes.

use super::query_options::QueryOption;
use crate::config::Config;
use zendesk::budget::Bucket;
use zendesk::client::PageSize;
use zendesk::paging::Paging;

/// The declaration of a Zendesk listing. Its name, path and fixed parameters are private here and read
/// from the [`ResolvedFeed`](super::ResolvedFeed).
#[derive(Debug)]
pub struct Feed {
    /// Its name in a saved position; never changed, or saved tokens are thrown away.
    pub(super) name: &'static str,
    /// Below `/api/v2/`, with `{placeholders}` that the parent's row fills.
    pub(super) path: &'static str,
    /// Parameters of every request, whatever is selected.
    pub(super) query: &'static [(&'static str, &'static str)],
    /// Parameters whose values are the user's to choose.
    pub choices: &'static [(&'static str, QueryOption)],
    /// The option whose words the parameters hold, where it is the user's fault if they are refused.
    pub words_of: Option<&'static str>,
    pub paging: Paging,
    pub order: Order,
    /// The key, or the keys one inside the other, under which the rows lie.
    pub list: &'static [&'static str],
    /// Other places where the rows may lie in its stead, where those who describe the listing differ; no
    /// key at all: the answer itself is the list.
    pub or_at: &'static [&'static [&'static str]],
    /// Whether one object lies there, which is the only row.
    pub is_object: bool,
    /// Listings of the same dialect that are walked behind it as if they were one: their paths and
    /// lists.
    pub more: &'static [(&'static str, &'static [&'static str])],
    pub host: Host,
    /// What a request draws on; the narrowest last.
    pub buckets: &'static [Bucket],
    pub page: PageRows,
    pub parent: Option<Parent>,
    pub since: TimeFilter,
    /// Seconds after its creation in which a row of a listing by creation may still change. So much
    /// before the position is read again.
    pub settles_in_seconds: i64,
    /// Days for which Zendesk keeps the rows, if not for ever.
    pub kept_days: Option<i64>,
    /// Whether a long history is walked in windows of its time at once. It takes a start time and
    /// an order by it.
    pub windows: bool,
}

/// Which host of the account has a listing, and so gets the credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// The host that the configuration names.
    Account,
    /// The host of each brand. Every one of them has a listing of its own.
    EachBrand,
}

/// How a listing that is not an export is told from when on its rows are wanted. Exports are told
/// by their first place instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeFilter {
    /// It is not told: the parameter does nothing there, or is none.
    Unsent,
    /// `start_time`, unix seconds. It bounds when rows were created, so it is sent with this
    /// overlap, and once a week all rows are read for later changes of older ones.
    Created { overlap_seconds: i64 },
    /// These parameters, ISO 8601: the lower bound, and the walk's begin. They may be one, which is
    /// then sent twice. Below parents, each of them is asked, as none tells what came below it.
    Between(&'static str, &'static str),
    /// A search for rows whose last change, under this key, lies in a window of time. The walk
    /// goes through one window after the other, from before its lower bound: the search index
    /// lags behind the account.
    Windows { changed: &'static str },
}

/// In which order a feed lists its rows. It decides when a position may move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Oldest change first, by this key of the row: the position moves with every page.
    ByTime(&'static str),
    /// What is new stands behind the last cursor, whatever its time: the cursor is the position, and
    /// moves with every page.
    ByCursor,
    /// Newest first: read until the cursor is reached.
    NewestFirst,
    /// By name, id or anything else: the cursor moves when the walk has ended.
    Other,
}

/// How many rows a page asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageRows {
    /// The most that Zendesk documents for the dialect.
    Most,
    /// What the user's `page_size` says.
    Configured,
}

/// A feed with one listing per row of another feed.
#[derive(Debug)]
pub struct Parent {
    pub feed: &'static Feed,
    /// Which key of the parent's row fills which placeholder, or column, of the child. A
    /// grandparent's are carried along.
    pub fills: &'static [(&'static str, &'static str)],
    /// What is asked besides, where it answers, for changes that leave the parent untouched.
    pub told_by: Option<ChangeSource>,
    /// The key under which a row must have something, and not `false`, to be a parent. Other rows
    /// have no children, and nothing is asked for them.
    pub only_with: Option<&'static str>,
}

/// What tells of children that changed without their parent.
#[derive(Clone, Copy, Debug)]
pub enum ChangeSource {
    /// A listing of what happened to the children, whose rows carry the placeholders' names as
    /// keys.
    Events(&'static Feed),
    /// A listing of all parents, whose rows count the children under these keys.
    Numbers { feed: &'static Feed, keys: &'static [&'static str] },
}

impl Parent {
    /// A parent whose changes alone say which children to read.
    pub(super) const fn of(
        feed: &'static Feed,
        fills: &'static [(&'static str, &'static str)],
    ) -> Self {
        Self { feed, fills, told_by: None, only_with: None }
    }
}

impl Feed {
    /// A listing of the account with nothing peculiar: paged by cursor, in no order of time.
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

    /// A listing that comes in one piece.
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

    /// Whether each brand has a listing of its own, at its own host.
    #[must_use]
    pub fn is_of_brands(&self) -> bool {
        self.host == Host::EachBrand
    }

    /// Whether a walk can go on in the middle after an interruption. A place in one of several
    /// listings does not say in which.
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

    /// The key that tells when a row changed, if the feed is a search for changes.
    #[must_use]
    pub fn searched_key(&self) -> Option<&'static str> {
        match self.since {
            TimeFilter::Windows { changed } => Some(changed),
            TimeFilter::Unsent | TimeFilter::Created { .. } | TimeFilter::Between(..) => None,
        }
    }

    /// Whether the listing itself leaves out what did not change.
    #[must_use]
    pub fn lists_news(&self) -> bool {
        self.keeps_place() || self.searched_key().is_some()
    }

    /// Whether the end of a walk is where the next one begins.
    #[must_use]
    pub fn keeps_place(&self) -> bool {
        matches!(self.order, Order::ByTime(_) | Order::ByCursor)
    }

    /// Whether it is asked for what came between two times, whatever its parent tells.
    #[must_use]
    pub fn asks_between(&self) -> bool {
        matches!(self.since, TimeFilter::Between(..))
    }

    /// The key that tells a row's time on the feed, if the feed is ordered by it.
    #[must_use]
    pub fn time_key(&self) -> Option<&'static str> {
        match self.order {
            Order::ByTime(key) => Some(key),
            Order::ByCursor | Order::NewestFirst | Order::Other => None,
        }
    }
}
