//! Triggers of custom objects, and which records a role may see. Source: Zendesk, Object Triggers;
//! Custom Object Permissions.

use super::{Resource, child};
use crate::account::table::Order;
use crate::listings::{ADMINS, ANYONE, Listing, View, pages, scope, single};
use crate::rows::custom_object_rules as rules;

pub(super) const RESOURCES: &[Resource] = &[
    Resource {
        tiny: 36,
        // Zendesk documents links to pages, and no cursor.
        listings: &[Listing {
            key: "triggers",
            view: View::Children,
            gate: scope(ANYONE, "custom_objects"),
            ..pages("custom_objects/{}/triggers", "custom_object_triggers", Order::Position)
        }],
        ..child("custom_object_triggers", "custom_objects", rules::trigger)
    },
    Resource {
        tiny: 12,
        listings: &[Listing {
            view: View::Children,
            order: Order::Id,
            gate: scope(ADMINS, "custom_objects"),
            ..single("custom_objects/{}/access_rules", "custom_object_access_rules", "access_rules")
        }],
        ..child("custom_object_access_rules", "custom_objects", rules::access_rule)
    },
];
