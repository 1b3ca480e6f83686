//! What a listing is: its path, rows, paging dialects, order, and who may read it. Each listing is
//! declared with its resource, in `resources`. Sources: the pages of Zendesk's API reference named
//! after the resources.

use crate::account::table::Order;
use crate::auth::Role;
use crate::resources::listings;
use crate::settings::Plan;

/// One listing below `/api/v2/`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listing {
    /// The name in the log of requests.
    pub(crate) feed: &'static str,
    /// The path. `{}` is a placeholder for an id.
    pub(crate) path: &'static str,
    pub(crate) resource: &'static str,
    /// The key of the rows in the envelope.
    pub(crate) key: &'static str,
    pub(crate) dialect: Dialect,
    pub(crate) order: Order,
    pub(crate) descending: bool,
    /// The orders that `sort` supports in cursor paging.
    pub(crate) sorts: &'static [(&'static str, Order)],
    pub(crate) view: View,
    pub(crate) gate: Gate,
}

/// How a listing is paged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// By cursor with `page[size]`, otherwise by offset.
    Pages,
    /// Like `Pages`, in the help center's flavour.
    HelpCenterPages,
    /// The help center's flavour by cursor only, for what the account has once for all its help
    /// centers.
    GuidePages,
    /// All rows at once, or by cursor with `page[size]` (ticket fields).
    AllOrCursor,
    /// All rows at once, whatever the request asks for.
    Single,
    /// One object instead of rows.
    Object,
    Offset,
    /// By cursor, whether or not the request asks for it.
    Cursor,
    /// By cursor, in a JSON:API document whose `meta` contains no cursor.
    JsonApi,
    /// By `cursor`, until a page has no rows (skill-based routing).
    UntilEmpty,
    /// By `page_size` and `next_page_url` (engagements).
    NextUrl,
    /// By `after_cursor`, without a page size (approval requests).
    AfterCursor,
    /// By cursor, or in the older dialect with `limit` and `before_url` (ticket audits).
    CursorOrLegacy,
    ExportByCursor(CursorMark),
    ExportByTime(EndMark),
}

/// How an export by cursor marks its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CursorMark {
    EndOfStream,
    /// `meta.has_more` (Zendesk, Incremental Custom Object Record Export).
    HasMore,
}

/// How an export by time marks its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EndMark {
    /// `end_of_stream` marks the end, and there is always a next link.
    Marked,
    /// Nothing marks the end, and there is always a next link (metric events).
    Unmarked,
    /// The next link is null (articles).
    NullLink,
}

/// Which rows of a table a listing shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    All,
    /// Rows that belong to the last id in the path.
    Children,
    /// Rows that are neither deleted nor archived.
    Live,
    NotDeleted,
    /// Deleted groups only with `exclude_deleted=false`.
    Groups,
    /// Rows of tickets that are neither deleted nor archived.
    OfLiveTickets,
    Deleted,
    OwnActivities,
    /// Rows of the last 90 days.
    Engagements,
    RatingsByCreation,
    AuditLogsByCreation,
    /// Rows of the last 90 days, between `filter[start]` and `filter[end]`.
    LoggedBetween,
    /// Rows that belong to the last id in the path and were completed in the last 7 days, between
    /// `filter[from_ts]` and `filter[to_ts]`.
    CompletedBetween,
    /// The tokens of the user who asks. All tokens with `all=true`.
    OwnTokens,
    /// The sessions of the user who asks. All sessions if that is an administrator.
    OwnSessions,
    /// Exported tickets, filtered by `support_type_scope` and `exclude_deleted`.
    ExportedTickets,
    /// Exported rows of tickets, filtered by `support_type_scope`.
    OfExportedTickets,
}

/// Who may read a listing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gate {
    pub(crate) role: Role,
    /// The lowest plan that has the listing, and the answer on lower plans.
    pub(crate) plan: (Plan, Below),
    /// The family of granular scopes that allows reading it. If empty, only `read` does.
    pub(crate) scope: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Below {
    NoAccess,
    Restricted,
    NotFound,
}

pub(crate) const ANYONE: Gate =
    Gate { role: Role::Agent, plan: (Plan::Essential, Below::NoAccess), scope: "" };
pub(crate) const ADMINS: Gate = Gate { role: Role::Admin, ..ANYONE };

pub(crate) const fn scope(gate: Gate, scope: &'static str) -> Gate {
    Gate { scope, ..gate }
}

pub(crate) const fn from(gate: Gate, plan: Plan, below: Below) -> Gate {
    Gate { plan: (plan, below), ..gate }
}

/// A listing with cursor and offset paging that every agent may read.
pub(crate) const fn pages(path: &'static str, resource: &'static str, order: Order) -> Listing {
    Listing {
        feed: resource,
        path,
        resource,
        key: resource,
        dialect: Dialect::Pages,
        order,
        descending: false,
        sorts: &[],
        view: View::All,
        gate: ANYONE,
    }
}

pub(crate) const fn export(path: &'static str, resource: &'static str, mark: EndMark) -> Listing {
    let listing = pages(path, resource, Order::ChangedOnly);
    Listing { dialect: Dialect::ExportByTime(mark), gate: ADMINS, ..listing }
}

pub(crate) const fn help_center(
    path: &'static str,
    resource: &'static str,
    order: Order,
) -> Listing {
    let gate = scope(ANYONE, "hc");
    Listing { dialect: Dialect::HelpCenterPages, gate, ..pages(path, resource, order) }
}

pub(crate) const fn children(
    path: &'static str,
    resource: &'static str,
    key: &'static str,
) -> Listing {
    Listing { key, view: View::Children, ..help_center(path, resource, Order::Created) }
}

pub(crate) const fn single(
    path: &'static str,
    resource: &'static str,
    key: &'static str,
) -> Listing {
    Listing { key, dialect: Dialect::Single, ..pages(path, resource, Order::Position) }
}

/// One object instead of a listing.
pub(crate) const fn object(
    path: &'static str,
    resource: &'static str,
    key: &'static str,
) -> Listing {
    Listing { dialect: Dialect::Object, ..single(path, resource, key) }
}

/// The listing at a route, and the ids in the path.
pub(crate) fn find(route: &str) -> Option<(&'static Listing, Vec<&str>)> {
    listings().find_map(|listing| Some((listing, ids_of(listing.path, route)?)))
}

/// Matches a route with a path whose `{}` are placeholders for ids. Returns the ids.
pub(crate) fn ids_of<'r>(path: &str, route: &'r str) -> Option<Vec<&'r str>> {
    let (mut pattern, mut segments, mut ids) = (path.split('/'), route.split('/'), Vec::new());
    loop {
        match (pattern.next(), segments.next()) {
            (None, None) => return Some(ids),
            (Some("{}"), Some(segment)) => ids.push(segment),
            (Some(literal), Some(segment)) if literal == segment => {}
            _ => return None,
        }
    }
}
