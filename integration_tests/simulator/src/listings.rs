//! What a listing is: path, rows, paging dialects, order, and who may read it. Each stands with its
//! resource, in `resources`.
//! Sources: the pages of Zendesk's API reference named after the resources.

use crate::account::table::Order;
use crate::auth::Role;
use crate::resources::listings;
use crate::settings::Plan;

/// One listing below `/api/v2/`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listing {
    /// The name in the request log.
    pub(crate) feed: &'static str,
    /// `{}` stands for an id.
    pub(crate) path: &'static str,
    pub(crate) resource: &'static str,
    /// The key of the rows in the envelope.
    pub(crate) key: &'static str,
    pub(crate) dialect: Dialect,
    pub(crate) order: Order,
    pub(crate) descending: bool,
    /// Orders that `sort` may ask for in cursor paging.
    pub(crate) sorts: &'static [(&'static str, Order)],
    pub(crate) view: View,
    pub(crate) gate: Gate,
}

/// How a listing is paged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Cursor with `page[size]`, else offset.
    Pages,
    /// The help center's flavour of the same.
    HelpCenterPages,
    /// The same flavour by cursor alone, of what the account has once for all of its help centers.
    GuidePages,
    /// All rows at once; with `page[size]` by cursor (ticket fields).
    AllOrCursor,
    /// All rows at once, whatever is asked.
    Single,
    /// One object in place of the rows.
    Object,
    Offset,
    /// Cursor, whether or not it is asked for.
    Cursor,
    /// Cursor, in a document of JSON:API: its `meta` names no cursor.
    JsonApi,
    /// `cursor`, until a page counts no row (skill-based routing).
    UntilEmpty,
    /// `page_size`, and `next_page_url` (engagements).
    NextUrl,
    /// Cursor by `after_cursor`, without a size to ask for (approval requests).
    AfterCursor,
    /// Cursor, or the older dialect with `limit` and `before_url` (ticket audits).
    CursorOrLegacy,
    ExportByCursor(CursorMark),
    ExportByTime(EndMark),
}

/// How an export by cursor says that it has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CursorMark {
    EndOfStream,
    /// `meta.has_more` (Zendesk, Incremental Custom Object Record Export).
    HasMore,
}

/// How a time-based export says that it has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EndMark {
    /// `end_of_stream`, and a next link all the same.
    Marked,
    /// Nothing says so, and there is always a next link (metric events).
    Unmarked,
    /// The next link is null (articles).
    NullLink,
}

/// Which rows of a table a listing shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    All,
    /// Rows below the last id of the path.
    Children,
    /// Neither deleted nor archived.
    Live,
    NotDeleted,
    /// Deleted ones only with `exclude_deleted=false`.
    Groups,
    /// Rows of tickets that are neither deleted nor archived.
    OfLiveTickets,
    Deleted,
    OwnActivities,
    /// Of the last ninety days.
    Engagements,
    RatingsByCreation,
    AuditLogsByCreation,
    /// Of the last 90 days, between `filter[start]` and `filter[end]`.
    LoggedBetween,
    /// Rows below the last id of the path, of the last 7 days, that were completed between
    /// `filter[from_ts]` and `filter[to_ts]`.
    CompletedBetween,
    /// Those of the person who asks, unless `all=true`.
    OwnTokens,
    /// Those of the person who asks, unless that is an administrator.
    OwnSessions,
    /// Exported tickets: `support_type_scope`, `exclude_deleted`.
    ExportedTickets,
    /// Exported rows of tickets: `support_type_scope`.
    OfExportedTickets,
}

/// Who may read a listing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gate {
    pub(crate) role: Role,
    /// The lowest plan that has it, and what lower ones are told.
    pub(crate) plan: (Plan, Below),
    /// The family of granular scopes that opens it; empty: only `read` does.
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

/// A listing with cursor and offset paging that any agent may read.
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

/// One object in place of a listing.
pub(crate) const fn object(
    path: &'static str,
    resource: &'static str,
    key: &'static str,
) -> Listing {
    Listing { dialect: Dialect::Object, ..single(path, resource, key) }
}

/// The listing at a route, with the ids that its path names.
pub(crate) fn find(route: &str) -> Option<(&'static Listing, Vec<&str>)> {
    listings().find_map(|listing| Some((listing, ids_of(listing.path, route)?)))
}

/// Matches a route with a path whose `{}` stand for ids.
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
