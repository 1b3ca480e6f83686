//! Business rules of tickets: triggers, automations, macros, targets and hours.

use super::access::{ADMIN, ANY_AGENT, AccessRule};
use super::cursor::Cursor;
use super::feed::{Feed, Parent};
use super::prose::prose;
use super::schema::schema;
use super::sources::Source;
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
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/business-rules/triggers/",
            ),
            about: prose("Triggers, inactive ones included, with their conditions and actions."),
            limitations: prose("Deleted triggers; a full refresh drops them."),
            ..Stream::listed("triggers", &TRIGGERS, schema!("triggers"))
        },
        Stream {
            access: ADMIN,
            scope: "automations:read",
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/business-rules/automations/",
            ),
            about: prose("Automations, inactive ones included, with their conditions and actions."),
            limitations: prose("There is no incremental read."),
            ..Stream::listed("automations", &AUTOMATIONS, schema!("automations"))
        },
        Stream {
            cursor: Cursor::UPDATED,
            scope: "macros:read",
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/business-rules/macros/",
            ),
            about: prose("Macros that the user may see, inactive ones included."),
            limitations: prose("Deleted macros; a full refresh drops them."),
            ..Stream::listed("macros", &MACROS, schema!("macros"))
        },
        Stream {
            cursor: Cursor::UPDATED,
            access: AccessRule { plan: Some("Suite Growth or Support Professional"), ..ADMIN },
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/business-rules/sla_policies/",
            ),
            about: prose("Service level agreements, with the targets that they set."),
            limitations: prose("Deleted policies; a full refresh drops them."),
            ..Stream::listed("sla_policies", &SLA_POLICIES, schema!("sla_policies"))
        },
        Stream {
            cursor: Cursor::UPDATED,
            access: AccessRule { plan: Some("Suite Growth or Support Professional"), ..ADMIN },
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/ticket-management/schedules/",
            ),
            about: prose("Business hours, in minutes of the week."),
            limitations: prose("Deleted schedules; a full refresh drops them."),
            ..Stream::listed("schedules", &SCHEDULES, schema!("schedules"))
        },
        Stream {
            splice: &[("schedule_id", Source::Filled("schedule_id"))],
            access: AccessRule { plan: Some("Suite Growth or Support Professional"), ..ADMIN },
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/ticket-management/schedules/#list-holidays-for-a-schedule",
            ),
            about: prose("Holidays of every schedule, past ones included."),
            limitations: prose("There is no incremental read."),
            ..Stream::listed("schedule_holidays", &SCHEDULE_HOLIDAYS, schema!("schedule_holidays"))
        },
        Stream {
            cursor: Cursor::UPDATED,
            access: ADMIN,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/business-rules/trigger_categories/",
            ),
            about: prose("The categories that triggers are sorted into."),
            limitations: prose("Deleted categories; a full refresh drops them."),
            ..Stream::listed(
                "trigger_categories",
                &TRIGGER_CATEGORIES,
                schema!("trigger_categories"),
            )
        },
        Stream {
            cursor: Cursor::UPDATED,
            access: AccessRule { plan: Some("Enterprise"), ..ADMIN },
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/business-rules/group_sla_policies/",
            ),
            about: prose(
                "Agreements between groups on how long a ticket may stay with a group, with \
                 their targets.",
            ),
            limitations: prose("Deleted policies; a full refresh drops them."),
            ..Stream::listed(
                "group_sla_policies",
                &GROUP_SLA_POLICIES,
                schema!("group_sla_policies"),
            )
        },
        Stream {
            cursor: Cursor::UPDATED,
            scope: "ticket_views:read",
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/business-rules/views/",
            ),
            about: prose(
                "Views that are shared with the signed-in user, and this user's own, inactive ones included.",
            ),
            limitations: prose(
                "Deleted views, which a full refresh drops. Personal views of other users, in \
                 every mode.",
            ),
            ..Stream::listed("views", &VIEWS, schema!("views"))
        },
        Stream {
            cursor: Cursor::UPDATED,
            access: AccessRule { plan: Some("Enterprise"), ..ANY_AGENT },
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/ticket-management/workspaces/",
            ),
            about: prose(
                "Contextual workspaces: which form, macros and apps agents get for which tickets.",
            ),
            limitations: prose("Deleted workspaces; a full refresh drops them."),
            ..Stream::listed("workspaces", &WORKSPACES, schema!("workspaces"))
        },
    ]
}
