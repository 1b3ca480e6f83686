//! Rules by which tickets are worked on: triggers, automations, macros, targets and hours.

use super::{ADMIN, Cursor, Feed, Gate, Stream};

static TRIGGERS: Feed = Feed::listing("triggers", "triggers.json", &["triggers"]);

static AUTOMATIONS: Feed = Feed::listing("automations", "automations.json", &["automations"]);

static MACROS: Feed = Feed::listing("macros", "macros.json", &["macros"]);

static SLA_POLICIES: Feed = Feed::single("sla_policies", "slas/policies.json", &["sla_policies"]);

static SCHEDULES: Feed = Feed::single("schedules", "business_hours/schedules.json", &["schedules"]);

pub(super) fn streams() -> Vec<Stream> {
    vec![
        Stream {
            cursor: Cursor::UPDATED,
            gate: ADMIN,
            scope: "triggers:read",
            documentation: "https://developer.zendesk.com/api-reference/ticketing/business-rules/triggers/",
            about: "Triggers, inactive ones included, with their conditions and actions.",
            unseen: "Deleted triggers; a full refresh drops them.",
            ..Stream::listed("triggers", &TRIGGERS, include_str!("../../schemas/triggers.json"))
        },
        Stream {
            gate: ADMIN,
            scope: "automations:read",
            documentation: "https://developer.zendesk.com/api-reference/ticketing/business-rules/automations/",
            about: "Automations, inactive ones included, with their conditions and actions.",
            unseen: "There is no incremental read.",
            ..Stream::listed(
                "automations",
                &AUTOMATIONS,
                include_str!("../../schemas/automations.json"),
            )
        },
        Stream {
            cursor: Cursor::UPDATED,
            scope: "macros:read",
            documentation: "https://developer.zendesk.com/api-reference/ticketing/business-rules/macros/",
            about: "Macros that the user may see, inactive ones included.",
            unseen: "Deleted macros; a full refresh drops them.",
            ..Stream::listed("macros", &MACROS, include_str!("../../schemas/macros.json"))
        },
        Stream {
            cursor: Cursor::UPDATED,
            gate: Gate { plan: Some("Suite Growth or Support Professional"), ..ADMIN },
            documentation: "https://developer.zendesk.com/api-reference/ticketing/business-rules/sla_policies/",
            about: "Service level agreements, with the targets that they set.",
            unseen: "Deleted policies; a full refresh drops them.",
            ..Stream::listed(
                "sla_policies",
                &SLA_POLICIES,
                include_str!("../../schemas/sla_policies.json"),
            )
        },
        Stream {
            cursor: Cursor::UPDATED,
            gate: Gate { plan: Some("Suite Growth or Support Professional"), ..ADMIN },
            documentation: "https://developer.zendesk.com/api-reference/ticketing/ticket-management/schedules/",
            about: "Business hours, in minutes of the week.",
            unseen: "Deleted schedules; a full refresh drops them.",
            ..Stream::listed("schedules", &SCHEDULES, include_str!("../../schemas/schedules.json"))
        },
    ]
}
