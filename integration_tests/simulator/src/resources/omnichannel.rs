//! Omnichannel routing and the events of skills. Sources: Zendesk, Agent Availability API; Unified
//! Agent Statuses; Capacity Rules; Omnichannel Engagements; Incremental Skill-Based Routing.

use super::{Resource, Stamp, plain};
use crate::account::table::Order;
use crate::listings::{ADMINS, Below, Dialect, Gate, Listing, View, from, pages, single};
use crate::rows::{RowMaker, omnichannel, routing_events};
use crate::settings::Plan;

/// Omnichannel routing comes with Professional.
const ROUTING: Gate = from(ADMINS, Plan::Professional, Below::NoAccess);

const fn few(name: &'static str, make: RowMaker, listings: &'static [Listing]) -> Resource {
    Resource { tiny: 7, stamp: Stamp::None, listings, ..plain(name, "id", make) }
}

/// Events in the order in which they were made. It is not the order of their times.
const fn events(path: &'static str, name: &'static str, key: &'static str) -> Listing {
    Listing {
        key,
        dialect: Dialect::UntilEmpty,
        gate: from(ADMINS, Plan::Enterprise, Below::Restricted),
        ..pages(path, name, Order::Id)
    }
}

pub(super) const RESOURCES: &[Resource] = &[
    few(
        "agent_statuses",
        omnichannel::status,
        &[Listing {
            key: "default",
            dialect: Dialect::Cursor,
            gate: ROUTING,
            ..pages("agent_availabilities/agent_statuses", "agent_statuses", Order::Id)
        }],
    ),
    few(
        "agent_availabilities",
        omnichannel::availability,
        &[Listing {
            key: "data",
            dialect: Dialect::JsonApi,
            gate: ADMINS,
            ..pages("agent_availabilities", "agent_availabilities", Order::Id)
        }],
    ),
    Resource {
        label: "name",
        stamp: Stamp::LastUpdated,
        ..few(
            "capacity_rules",
            omnichannel::capacity_rule,
            &[Listing {
                gate: ROUTING,
                order: Order::Id,
                ..single("capacity/rules", "capacity_rules", "data")
            }],
        )
    },
    Resource {
        key: "agent_id",
        label: "agent_id",
        ..few(
            "capacity_rule_assignees",
            omnichannel::assignee,
            &[Listing {
                key: "assignees",
                dialect: Dialect::Cursor,
                gate: ROUTING,
                ..pages("capacity/rules/assignees", "capacity_rule_assignees", Order::Id)
            }],
        )
    },
    Resource {
        key: "engagement_id",
        label: "engagement_id",
        stamp: Stamp::Created,
        ..few(
            "engagements",
            omnichannel::engagement,
            &[Listing {
                key: "agent_engagement_data",
                dialect: Dialect::NextUrl,
                view: View::Engagements,
                gate: ROUTING,
                ..pages("engagements", "engagements", Order::Id)
            }],
        )
    },
    Resource {
        stamp: Stamp::Created,
        ..few(
            "routing_attribute_events",
            routing_events::of_attribute,
            &[events("incremental/routing/attributes", "routing_attribute_events", "attributes")],
        )
    },
    Resource {
        stamp: Stamp::Created,
        ..few(
            "routing_attribute_value_events",
            routing_events::of_value,
            &[events(
                "incremental/routing/attribute_values",
                "routing_attribute_value_events",
                "attribute_values",
            )],
        )
    },
    Resource {
        stamp: Stamp::Created,
        ..few(
            "routing_instance_value_events",
            routing_events::of_instance,
            &[events(
                "incremental/routing/instance_values",
                "routing_instance_value_events",
                "instance_values",
            )],
        )
    },
];
