//! All listings as data: path, rows, paging dialects, order, and who may read them.
//! Sources: the pages of Zendesk's API reference named after the resources.

use crate::account::table::Order;
use crate::auth::Role;
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
    /// All rows at once; with `page[size]` by cursor (ticket fields).
    AllOrCursor,
    /// All rows at once, whatever is asked.
    Single,
    Offset,
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
    RatingsByCreation,
    AuditLogsByCreation,
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

const ANYONE: Gate =
    Gate { role: Role::Agent, plan: (Plan::Essential, Below::NoAccess), scope: "" };
const ADMINS: Gate = Gate { role: Role::Admin, ..ANYONE };

const fn scope(gate: Gate, scope: &'static str) -> Gate {
    Gate { scope, ..gate }
}

const fn from(gate: Gate, plan: Plan, below: Below) -> Gate {
    Gate { plan: (plan, below), ..gate }
}

/// A listing with cursor and offset paging that any agent may read.
const fn pages(path: &'static str, resource: &'static str, order: Order) -> Listing {
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

const fn export(path: &'static str, resource: &'static str, mark: EndMark) -> Listing {
    let listing = pages(path, resource, Order::ChangedOnly);
    Listing { dialect: Dialect::ExportByTime(mark), gate: ADMINS, ..listing }
}

const fn help_center(path: &'static str, resource: &'static str, order: Order) -> Listing {
    let gate = scope(ANYONE, "hc");
    Listing { dialect: Dialect::HelpCenterPages, gate, ..pages(path, resource, order) }
}

const fn children(path: &'static str, resource: &'static str, key: &'static str) -> Listing {
    Listing { key, view: View::Children, ..help_center(path, resource, Order::Created) }
}

const fn single(path: &'static str, resource: &'static str, key: &'static str) -> Listing {
    Listing { key, dialect: Dialect::Single, ..pages(path, resource, Order::Position) }
}

use EndMark::{Marked, NullLink, Unmarked};

pub(crate) const LISTINGS: &[Listing] = &[
    // Exports.
    Listing {
        feed: "tickets",
        dialect: Dialect::ExportByCursor(CursorMark::EndOfStream),
        order: Order::Changed,
        view: View::ExportedTickets,
        gate: scope(ADMINS, "tickets"),
        ..export("incremental/tickets/cursor", "tickets", Marked)
    },
    Listing {
        feed: "tickets_by_time",
        view: View::ExportedTickets,
        gate: scope(ADMINS, "tickets"),
        ..export("incremental/tickets", "tickets", Marked)
    },
    Listing {
        view: View::OfExportedTickets,
        gate: scope(ADMINS, "tickets"),
        ..export("incremental/ticket_events", "ticket_events", Marked)
    },
    Listing {
        gate: scope(ADMINS, "organizations"),
        ..export("incremental/organizations", "organizations", Marked)
    },
    export("incremental/ticket_metric_events", "ticket_metric_events", Unmarked),
    Listing {
        feed: "users",
        dialect: Dialect::ExportByCursor(CursorMark::EndOfStream),
        order: Order::Changed,
        gate: scope(ADMINS, "users"),
        ..export("incremental/users/cursor", "users", Marked)
    },
    Listing {
        feed: "users_by_time",
        gate: scope(ADMINS, "users"),
        ..export("incremental/users", "users", Marked)
    },
    Listing {
        gate: scope(ANYONE, "hc"),
        ..export("help_center/incremental/articles", "articles", NullLink)
    },
    // Tickets and what belongs to them.
    Listing {
        feed: "tickets_list",
        sorts: &[("id", Order::Id), ("updated_at", Order::Updated), ("status", Order::Status)],
        view: View::Live,
        gate: scope(ANYONE, "tickets"),
        ..pages("tickets", "tickets", Order::Id)
    },
    Listing {
        sorts: &[("id", Order::Id), ("deleted_at", Order::Updated)],
        view: View::Deleted,
        gate: ADMINS,
        ..pages("deleted_tickets", "deleted_tickets", Order::Id)
    },
    Listing {
        key: "audits",
        dialect: Dialect::CursorOrLegacy,
        view: View::OfLiveTickets,
        ..pages("ticket_audits", "ticket_audits", Order::Created)
    },
    Listing {
        feed: "audits_of_ticket",
        key: "audits",
        view: View::Children,
        ..pages("tickets/{}/audits", "ticket_audits", Order::Created)
    },
    Listing {
        descending: true,
        view: View::OfLiveTickets,
        gate: scope(ANYONE, "tickets"),
        ..pages("ticket_metrics", "ticket_metrics", Order::Created)
    },
    Listing {
        key: "skips",
        view: View::OfLiveTickets,
        gate: scope(ANYONE, "tickets"),
        ..pages("skips", "ticket_skips", Order::Created)
    },
    Listing {
        key: "activities",
        descending: true,
        sorts: &[("created_at", Order::Created)],
        view: View::OwnActivities,
        ..pages("activities", "ticket_activities", Order::Created)
    },
    Listing {
        dialect: Dialect::AllOrCursor,
        gate: scope(ANYONE, "tickets"),
        ..pages("ticket_fields", "ticket_fields", Order::Position)
    },
    Listing {
        gate: from(scope(ANYONE, "tickets"), Plan::Growth, Below::NoAccess),
        ..single("ticket_forms", "ticket_forms", "ticket_forms")
    },
    Listing {
        sorts: &[("created_at", Order::Created)],
        view: View::RatingsByCreation,
        gate: ADMINS,
        ..pages("satisfaction_ratings", "satisfaction_ratings", Order::Created)
    },
    Listing {
        dialect: Dialect::Offset,
        view: View::Children,
        gate: scope(ANYONE, "tickets"),
        ..pages("tickets/{}/side_conversations", "side_conversations", Order::Created)
    },
    pages("tags", "tags", Order::Score),
    // People.
    Listing {
        feed: "users_list",
        view: View::NotDeleted,
        gate: scope(ANYONE, "users"),
        ..pages("users", "users", Order::Id)
    },
    Listing {
        key: "identities",
        view: View::Children,
        gate: scope(ANYONE, "users"),
        ..pages("users/{}/identities", "user_identities", Order::Id)
    },
    Listing {
        feed: "organizations_list",
        view: View::NotDeleted,
        gate: scope(ANYONE, "organizations"),
        ..pages("organizations", "organizations", Order::Id)
    },
    Listing { view: View::Groups, ..pages("groups", "groups", Order::Label) },
    pages("group_memberships", "group_memberships", Order::Id),
    Listing {
        gate: scope(ANYONE, "organizations"),
        ..pages("organization_memberships", "organization_memberships", Order::Id)
    },
    pages("user_fields", "user_fields", Order::Position),
    pages("organization_fields", "organization_fields", Order::Position),
    // Business rules and settings.
    Listing {
        gate: scope(ADMINS, "automations"),
        ..pages("automations", "automations", Order::Position)
    },
    Listing { gate: scope(ADMINS, "triggers"), ..pages("triggers", "triggers", Order::Position) },
    Listing { gate: scope(ANYONE, "macros"), ..pages("macros", "macros", Order::Label) },
    pages("brands", "brands", Order::Id),
    Listing {
        gate: from(ANYONE, Plan::Enterprise, Below::NoAccess),
        ..single("custom_roles", "custom_roles", "custom_roles")
    },
    Listing {
        gate: from(ADMINS, Plan::Professional, Below::NotFound),
        ..single("business_hours/schedules", "schedules", "schedules")
    },
    Listing {
        gate: from(ADMINS, Plan::Growth, Below::NoAccess),
        ..single("slas/policies", "sla_policies", "sla_policies")
    },
    Listing {
        gate: from(ADMINS, Plan::Enterprise, Below::Restricted),
        ..single("routing/attributes", "account_attributes", "attributes")
    },
    Listing {
        descending: true,
        sorts: &[("created_at", Order::Created)],
        view: View::AuditLogsByCreation,
        gate: from(scope(ADMINS, "auditlogs"), Plan::Enterprise, Below::NoAccess),
        ..pages("audit_logs", "audit_logs", Order::Created)
    },
    Listing {
        key: "holidays",
        view: View::Children,
        gate: from(ADMINS, Plan::Professional, Below::NotFound),
        ..single("business_hours/schedules/{}/holidays", "schedule_holidays", "holidays")
    },
    pages("deleted_users", "deleted_users", Order::Id),
    Listing {
        gate: scope(ANYONE, "organizations"),
        ..pages("organization_subscriptions", "organization_subscriptions", Order::Id)
    },
    Listing { gate: ADMINS, ..pages("brand_agents", "brand_agents", Order::Id) },
    Listing {
        gate: scope(ANYONE, "tickets"),
        ..single("custom_statuses", "custom_statuses", "custom_statuses")
    },
    Listing { gate: ADMINS, ..single("satisfaction_reasons", "satisfaction_reasons", "reasons") },
    pages("suspended_tickets", "suspended_tickets", Order::Created),
    Listing { gate: scope(ANYONE, "ticket_views"), ..pages("views", "views", Order::Created) },
    single("locales", "locales", "locales"),
    Listing { key: "items", ..pages("dynamic_content/items", "dynamic_content_items", Order::Id) },
    Listing {
        gate: from(ADMINS, Plan::Enterprise, Below::NoAccess),
        ..single("group_slas/policies", "group_sla_policies", "group_sla_policies")
    },
    Listing { gate: ADMINS, ..pages("trigger_categories", "trigger_categories", Order::Position) },
    pages("recipient_addresses", "recipient_addresses", Order::Id),
    Listing {
        gate: from(ANYONE, Plan::Enterprise, Below::NoAccess),
        ..single("workspaces", "workspaces", "workspaces")
    },
    single("sharing_agreements", "sharing_agreements", "sharing_agreements"),
    // Zendesk, CSAT Survey Responses: from Support Professional and Suite Growth on.
    Listing {
        key: "survey_responses",
        gate: from(ADMINS, Plan::Growth, Below::NoAccess),
        ..pages("guide/survey_responses", "csat_survey_responses", Order::Created)
    },
    // Talk. Its next links are never null (Zendesk, Talk API, Incremental Exports).
    export("channels/voice/stats/incremental/calls", "calls", Unmarked),
    Listing {
        key: "legs",
        ..export("channels/voice/stats/incremental/legs", "call_legs", Unmarked)
    },
    // Custom objects.
    Listing {
        gate: scope(ANYONE, "custom_objects"),
        ..pages("custom_objects", "custom_objects", Order::Id)
    },
    Listing {
        view: View::Children,
        gate: scope(ANYONE, "custom_objects"),
        ..pages("custom_objects/{}/fields", "custom_object_fields", Order::Position)
    },
    Listing {
        dialect: Dialect::ExportByCursor(CursorMark::HasMore),
        order: Order::Changed,
        view: View::Children,
        gate: scope(ANYONE, "custom_objects"),
        ..pages("incremental/custom_objects/{}/cursor", "custom_object_records", Order::Changed)
    },
    // Help center and community.
    help_center("help_center/articles", "articles", Order::Position),
    children("help_center/articles/{}/comments", "article_comments", "comments"),
    children("help_center/articles/{}/votes", "article_votes", "votes"),
    children("help_center/articles/{}/attachments", "article_attachments", "article_attachments"),
    children("help_center/articles/{}/comments/{}/votes", "article_comment_votes", "votes"),
    help_center("help_center/categories", "categories", Order::Position),
    help_center("help_center/sections", "sections", Order::Position),
    help_center("community/topics", "topics", Order::Position),
    Listing { descending: true, ..help_center("community/posts", "posts", Order::Created) },
    children("help_center/articles/{}/translations", "article_translations", "translations"),
    children("help_center/sections/{}/translations", "section_translations", "translations"),
    children("help_center/categories/{}/translations", "category_translations", "translations"),
    children("community/posts/{}/comments", "post_comments", "comments"),
    children("community/posts/{}/votes", "post_votes", "votes"),
    children("community/posts/{}/comments/{}/votes", "post_comment_votes", "votes"),
];

/// The listing at a route, with the ids that its path names.
pub(crate) fn find(route: &str) -> Option<(&'static Listing, Vec<&str>)> {
    LISTINGS.iter().find_map(|listing| Some((listing, ids_of(listing.path, route)?)))
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
