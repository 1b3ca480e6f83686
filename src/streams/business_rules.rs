//! Rules by which tickets are worked on: triggers, automations, macros, targets and hours.

use super::access::{ADMIN, ANY_AGENT, AccessRule};
use super::cursor::Cursor;
use super::feed::{Feed, Parent};
use super::rows::Splice;
use super::stream::Stream;

static TRIGGERS: Feed = Feed::listing("triggers", "triggers.json", &["triggers"]);

static AUTOMATIONS: Feed = Feed::listing("automations", "automations.json", &["automations"]);

static MACROS: Feed = Feed::listing("macros", "macros.json", &["macros"]);

static SLA_POLICIES: Feed = Feed::single("sla_policies", "slas/policies.json", &["sla_policies"]);

static SCHEDULES: Feed = Feed::single("schedules", "business_hours/schedules.json", &["schedules"]);

static SCHEDULE_HOLIDAYS: Feed = Feed {
    parent: Some(Parent::of(&SCHEDULES, &[("schedule_id", "id")])),
    ..Feed::single(
        "schedule_holidays",
        "business_hours/schedules/{schedule_id}/holidays.json",
        &["holidays"],
    )
};

static TRIGGER_CATEGORIES: Feed =
    Feed::listing("trigger_categories", "trigger_categories.json", &["trigger_categories"]);

static GROUP_SLA_POLICIES: Feed =
    Feed::single("group_sla_policies", "group_slas/policies.json", &["group_sla_policies"]);

static VIEWS: Feed = Feed::listing("views", "views.json", &["views"]);

static WORKSPACES: Feed = Feed::single("workspaces", "workspaces.json", &["workspaces"]);

pub(super) fn streams() -> Vec<Stream> {
    vec![
        Stream {
            cursor: Cursor::UPDATED,
            access: ADMIN,
            scope: "triggers:read",
            documentation: "https://developer.zendesk.com/api-reference/ticketing/business-rules/triggers/",
            about: "Triggers, inactive ones included, with their conditions and actions.",
            limitations: "Deleted triggers; a full refresh drops them.",
            ..Stream::listed("triggers", &TRIGGERS, include_str!("../../schemas/triggers.json"))
        },
        Stream {
            access: ADMIN,
            scope: "automations:read",
            documentation: "https://developer.zendesk.com/api-reference/ticketing/business-rules/automations/",
            about: "Automations, inactive ones included, with their conditions and actions.",
            limitations: "There is no incremental read.",
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
            limitations: "Deleted macros; a full refresh drops them.",
            ..Stream::listed("macros", &MACROS, include_str!("../../schemas/macros.json"))
        },
        Stream {
            cursor: Cursor::UPDATED,
            access: AccessRule { plan: Some("Suite Growth or Support Professional"), ..ADMIN },
            documentation: "https://developer.zendesk.com/api-reference/ticketing/business-rules/sla_policies/",
            about: "Service level agreements, with the targets that they set.",
            limitations: "Deleted policies; a full refresh drops them.",
            ..Stream::listed(
                "sla_policies",
                &SLA_POLICIES,
                include_str!("../../schemas/sla_policies.json"),
            )
        },
        Stream {
            cursor: Cursor::UPDATED,
            access: AccessRule { plan: Some("Suite Growth or Support Professional"), ..ADMIN },
            documentation: "https://developer.zendesk.com/api-reference/ticketing/ticket-management/schedules/",
            about: "Business hours, in minutes of the week.",
            limitations: "Deleted schedules; a full refresh drops them.",
            ..Stream::listed("schedules", &SCHEDULES, include_str!("../../schemas/schedules.json"))
        },
        Stream {
            splice: &[Splice::Filled { key: "schedule_id", placeholder: "schedule_id" }],
            access: AccessRule { plan: Some("Suite Growth or Support Professional"), ..ADMIN },
            documentation: "https://developer.zendesk.com/api-reference/ticketing/ticket-management/schedules/#list-holidays-for-a-schedule",
            about: "Holidays of every schedule, past ones included.",
            limitations: "There is no incremental read.",
            ..Stream::listed(
                "schedule_holidays",
                &SCHEDULE_HOLIDAYS,
                include_str!("../../schemas/schedule_holidays.json"),
            )
        },
        Stream {
            cursor: Cursor::UPDATED,
            access: ADMIN,
            documentation: "https://developer.zendesk.com/api-reference/ticketing/business-rules/trigger_categories/",
            about: "The categories that triggers are sorted into.",
            limitations: "Deleted categories; a full refresh drops them.",
            ..Stream::listed(
                "trigger_categories",
                &TRIGGER_CATEGORIES,
                include_str!("../../schemas/trigger_categories.json"),
            )
        },
        Stream {
            cursor: Cursor::UPDATED,
            access: AccessRule { plan: Some("Enterprise"), ..ADMIN },
            documentation: "https://developer.zendesk.com/api-reference/ticketing/business-rules/group_sla_policies/",
            about: "Agreements between groups on how long a ticket may be with one, with their targets.",
            limitations: "Deleted policies; a full refresh drops them.",
            ..Stream::listed(
                "group_sla_policies",
                &GROUP_SLA_POLICIES,
                include_str!("../../schemas/group_sla_policies.json"),
            )
        },
        Stream {
            cursor: Cursor::UPDATED,
            scope: "ticket_views:read",
            documentation: "https://developer.zendesk.com/api-reference/ticketing/business-rules/views/",
            about: "Views that are shared with the signed-in user, and this user's own, inactive ones included.",
            limitations: "Deleted views, which a full refresh drops; and personal views of others, in every mode.",
            ..Stream::listed("views", &VIEWS, include_str!("../../schemas/views.json"))
        },
        Stream {
            cursor: Cursor::UPDATED,
            access: AccessRule { plan: Some("Enterprise"), ..ANY_AGENT },
            documentation: "https://developer.zendesk.com/api-reference/ticketing/ticket-management/workspaces/",
            about: "Contextual workspaces: which form, macros and apps agents get for which tickets.",
            limitations: "Deleted workspaces; a full refresh drops them.",
            ..Stream::listed(
                "workspaces",
                &WORKSPACES,
                include_str!("../../schemas/workspaces.json"),
            )
        },
    ]
}
