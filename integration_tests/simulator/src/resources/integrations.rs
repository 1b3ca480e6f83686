//! What is connected with the account, and who made which API requests. Source: Zendesk, pages
//! named after the resources.

use super::{Resource, Stamp, plain};
use crate::account::table::Order;
use crate::listings::{
    ADMINS, ANYONE, Below, Dialect, Gate, Listing, View, from, pages, scope, single,
};
use crate::rows::{RowMaker, integrations as rows};
use crate::settings::Plan;

/// A resource with few rows: three pages in listings with pages.
const fn few(name: &'static str, make: RowMaker, listings: &'static [Listing]) -> Resource {
    Resource { tiny: 11, listings, ..plain(name, "id", make) }
}

const fn in_one(name: &'static str, make: RowMaker, listings: &'static [Listing]) -> Resource {
    Resource { tiny: 7, ..few(name, make, listings) }
}

/// A listing that is paged by cursor only.
const fn by_cursor(
    path: &'static str,
    name: &'static str,
    key: &'static str,
    gate: Gate,
) -> Listing {
    Listing { key, dialect: Dialect::Cursor, gate, ..pages(path, name, Order::Id) }
}

pub(super) const RESOURCES: &[Resource] = &[
    few(
        "webhooks",
        rows::webhook,
        // Its `meta` may be only `has_more`.
        &[Listing {
            dialect: Dialect::JsonApi,
            ..by_cursor("webhooks", "webhooks", "webhooks", scope(ADMINS, "webhooks"))
        }],
    ),
    Resource {
        parent: Some("webhooks"),
        stamp: Stamp::Completed,
        tiny: 14,
        ..few(
            "webhook_invocations",
            rows::invocation,
            &[Listing {
                order: Order::Updated,
                sorts: &[("latest_completed_at", Order::Updated)],
                view: View::CompletedBetween,
                ..by_cursor(
                    "webhooks/{}/invocations",
                    "webhook_invocations",
                    "invocations",
                    scope(ADMINS, "webhooks"),
                )
            }],
        )
    },
    Resource {
        stamp: Stamp::Created,
        ..in_one(
            "targets",
            rows::target,
            &[Listing {
                gate: scope(ANYONE, "targets"),
                ..single("targets", "targets", "targets")
            }],
        )
    },
    Resource {
        stamp: Stamp::Created,
        ..in_one(
            "target_failures",
            rows::target_failure,
            &[Listing {
                gate: ADMINS,
                ..single("target_failures", "target_failures", "target_failures")
            }],
        )
    },
    in_one(
        "app_installations",
        rows::app_installation,
        &[Listing {
            gate: scope(ANYONE, "apps"),
            ..single("apps/installations", "app_installations", "installations")
        }],
    ),
    few(
        "oauth_clients",
        rows::oauth_client,
        &[by_cursor("oauth/clients", "oauth_clients", "clients", ADMINS)],
    ),
    Resource {
        stamp: Stamp::None,
        ..few(
            "oauth_global_clients",
            rows::oauth_global_client,
            &[by_cursor("oauth/global_clients", "oauth_global_clients", "global_clients", ADMINS)],
        )
    },
    Resource {
        stamp: Stamp::Created,
        ..few(
            "oauth_tokens",
            rows::oauth_token,
            &[Listing {
                view: View::OwnTokens,
                ..by_cursor("oauth/tokens", "oauth_tokens", "tokens", ADMINS)
            }],
        )
    },
    Resource {
        stamp: Stamp::Created,
        ..few(
            "access_logs",
            rows::access_log,
            &[Listing {
                order: Order::Created,
                sorts: &[("created_at", Order::Created)],
                view: View::LoggedBetween,
                ..by_cursor("access_logs", "access_logs", "access_logs", ADMINS)
            }],
        )
    },
    Resource {
        stamp: Stamp::None,
        ..few(
            "sessions",
            rows::session,
            &[Listing {
                view: View::OwnSessions,
                ..by_cursor("sessions", "sessions", "sessions", ANYONE)
            }],
        )
    },
    few(
        "csat_surveys",
        rows::csat_survey,
        &[by_cursor(
            "guide/en-us/surveys",
            "csat_surveys",
            "surveys",
            from(ANYONE, Plan::Growth, Below::NoAccess),
        )],
    ),
];
