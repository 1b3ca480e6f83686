//! The settings of help centers and the community. Source: Zendesk, Help Center API, pages named
//! after the resources.

use super::{Resource, Stamp, plain};
use crate::account::table::Order;
use crate::listings::{
    ADMINS, ANYONE, Below, Dialect, Gate, Listing, from, help_center, pages, scope, single,
};
use crate::rows::{RowMaker, guide_setup as guide};
use crate::settings::Plan;

/// A resource with few rows: three pages in listings with pages.
const fn few(name: &'static str, make: RowMaker, listings: &'static [Listing]) -> Resource {
    Resource { tiny: 11, listings, ..plain(name, "id", make) }
}

const MANAGERS: Gate = scope(ADMINS, "hc");

/// Gather's badges come with Gather Professional.
const BADGES: Gate = from(MANAGERS, Plan::Professional, Below::NoAccess);

/// A listing that the account has once. It is paged by cursor only, in the help center's flavour.
const fn of_account(
    path: &'static str,
    name: &'static str,
    key: &'static str,
    gate: Gate,
) -> Listing {
    Listing { key, dialect: Dialect::GuidePages, gate, ..pages(path, name, Order::Id) }
}

pub(super) const RESOURCES: &[Resource] = &[
    few(
        "user_segments",
        guide::user_segment,
        &[of_account(
            "help_center/user_segments",
            "user_segments",
            "user_segments",
            scope(ANYONE, "hc"),
        )],
    ),
    few(
        "permission_groups",
        guide::permission_group,
        &[of_account(
            "guide/permission_groups",
            "permission_groups",
            "permission_groups",
            MANAGERS,
        )],
    ),
    few(
        "article_labels",
        guide::label,
        &[Listing {
            key: "labels",
            gate: from(scope(ANYONE, "hc"), Plan::Professional, Below::NoAccess),
            ..help_center("help_center/articles/labels", "article_labels", Order::Id)
        }],
    ),
    few(
        "content_tags",
        guide::content_tag,
        &[of_account("guide/content_tags", "content_tags", "content_tags", MANAGERS)],
    ),
    few("badges", guide::badge, &[of_account("gather/badges", "badges", "badges", BADGES)]),
    few(
        "badge_categories",
        guide::badge_category,
        &[of_account("gather/badge_categories", "badge_categories", "badge_categories", BADGES)],
    ),
    Resource {
        stamp: Stamp::Created,
        ..few(
            "badge_assignments",
            guide::badge_assignment,
            &[of_account(
                "gather/badge_assignments",
                "badge_assignments",
                "badge_assignments",
                BADGES,
            )],
        )
    },
    Resource {
        stamp: Stamp::None,
        ..few(
            "service_catalog_items",
            guide::service_catalog_item,
            &[help_center("help_center/service_catalog/items", "service_catalog_items", Order::Id)],
        )
    },
    few(
        "themes",
        guide::theme,
        &[Listing {
            order: Order::Id,
            gate: MANAGERS,
            ..single("guide/theming/themes", "themes", "themes")
        }],
    ),
    few(
        "redirect_rules",
        guide::redirect_rule,
        &[of_account("guide/redirect_rules", "redirect_rules", "redirect_rules", MANAGERS)],
    ),
    few(
        "external_content_records",
        guide::external_record,
        &[of_account(
            "guide/external_content/records",
            "external_content_records",
            "records",
            MANAGERS,
        )],
    ),
    few(
        "external_content_sources",
        guide::external_name,
        &[of_account(
            "guide/external_content/sources",
            "external_content_sources",
            "sources",
            MANAGERS,
        )],
    ),
    few(
        "external_content_types",
        guide::external_name,
        &[of_account("guide/external_content/types", "external_content_types", "types", MANAGERS)],
    ),
];
