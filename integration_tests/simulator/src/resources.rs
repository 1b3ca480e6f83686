//! The resources of an account as data: how a row is named, sorted, dated, owned and made, and
//! which listings show it. A new resource is one literal here and its maker in `rows`.

use EndMark::{Marked, NullLink, Unmarked};

use crate::account::table::Order;
use crate::listings::{
    ADMINS, ANYONE, Below, CursorMark, Dialect, EndMark, Listing, View, children, export, from,
    help_center, pages, scope, single,
};
use crate::rows::{
    RowMaker, account_settings, administration, business_rules, community, conversations,
    custom_objects, help_center as guide, people, settings, talk, ticket_activity, ticket_fields,
    ticket_history, tickets,
};
use crate::settings::Plan;

/// One kind of row. Its name is the name of the stream that reads it.
#[derive(Debug)]
pub(crate) struct Resource {
    pub(crate) name: &'static str,
    /// The field that identifies a row.
    pub(crate) key: &'static str,
    /// The field by which listings sort if they sort by a name.
    pub(crate) label: &'static str,
    pub(crate) parent: Option<&'static str>,
    pub(crate) stamp: Stamp,
    /// The number of rows in an account of size `Tiny`.
    pub(crate) tiny: u64,
    /// The text of a row, one JSON object.
    pub(crate) make: RowMaker,
    pub(crate) listings: &'static [Listing],
}

/// The field that shows when a row last changed, as a reader sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stamp {
    /// `updated_at`
    Updated,
    /// `generated_timestamp`, unix seconds
    Generated,
    /// `timestamp`, unix seconds
    Timestamp,
    /// `time`
    Time,
    /// `last_updated_at`
    LastUpdated,
    /// `created_at`; the row never changes
    Created,
    /// `latest_completed_at`
    Completed,
    /// `deleted_at`
    Deleted,
    /// no date at all
    None,
}

pub(crate) const fn plain(name: &'static str, label: &'static str, make: RowMaker) -> Resource {
    let (key, parent, stamp) = ("id", None, Stamp::Updated);
    Resource { name, key, label, parent, stamp, tiny: 12, make, listings: &[] }
}

const fn child(name: &'static str, parent: &'static str, make: RowMaker) -> Resource {
    Resource { parent: Some(parent), tiny: 20, ..plain(name, "id", make) }
}

/// Parents come before their children, because an account is founded in this order.
const RESOURCES: &[Resource] = &[
    Resource {
        tiny: 20,
        listings: &[
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
                feed: "users_list",
                view: View::NotDeleted,
                gate: scope(ANYONE, "users"),
                ..pages("users", "users", Order::Id)
            },
        ],
        ..plain("users", "name", people::user)
    },
    Resource {
        tiny: 18,
        listings: &[
            Listing {
                gate: scope(ADMINS, "organizations"),
                ..export("incremental/organizations", "organizations", Marked)
            },
            Listing {
                feed: "organizations_list",
                view: View::NotDeleted,
                gate: scope(ANYONE, "organizations"),
                ..pages("organizations", "organizations", Order::Id)
            },
        ],
        ..plain("organizations", "name", people::organization)
    },
    Resource {
        listings: &[Listing { view: View::Groups, ..pages("groups", "groups", Order::Label) }],
        ..plain("groups", "name", people::group)
    },
    Resource {
        listings: &[pages("brands", "brands", Order::Id)],
        ..plain("brands", "name", settings::brand)
    },
    Resource {
        listings: &[Listing {
            gate: from(ANYONE, Plan::Enterprise, Below::NoAccess),
            ..single("custom_roles", "custom_roles", "custom_roles")
        }],
        ..plain("custom_roles", "name", settings::custom_role)
    },
    Resource {
        tiny: 24,
        listings: &[Listing {
            key: "identities",
            view: View::Children,
            gate: scope(ANYONE, "users"),
            ..pages("users/{}/identities", "user_identities", Order::Id)
        }],
        ..child("user_identities", "users", people::identity)
    },
    Resource {
        listings: &[pages("group_memberships", "group_memberships", Order::Id)],
        ..plain("group_memberships", "id", people::group_membership)
    },
    Resource {
        listings: &[Listing {
            gate: scope(ANYONE, "organizations"),
            ..pages("organization_memberships", "organization_memberships", Order::Id)
        }],
        ..plain("organization_memberships", "id", people::organization_membership)
    },
    Resource {
        listings: &[pages("user_fields", "user_fields", Order::Position)],
        ..plain("user_fields", "title", ticket_fields::user_field)
    },
    Resource {
        listings: &[pages("organization_fields", "organization_fields", Order::Position)],
        ..plain("organization_fields", "title", ticket_fields::organization_field)
    },
    Resource {
        listings: &[Listing {
            dialect: Dialect::AllOrCursor,
            gate: scope(ANYONE, "tickets"),
            ..pages("ticket_fields", "ticket_fields", Order::Position)
        }],
        ..plain("ticket_fields", "title", ticket_fields::ticket_field)
    },
    Resource {
        listings: &[Listing {
            gate: from(scope(ANYONE, "tickets"), Plan::Growth, Below::NoAccess),
            ..single("ticket_forms", "ticket_forms", "ticket_forms")
        }],
        ..plain("ticket_forms", "name", ticket_fields::ticket_form)
    },
    Resource {
        tiny: 52,
        stamp: Stamp::Generated,
        listings: &[
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
                feed: "tickets_list",
                sorts: &[
                    ("id", Order::Id),
                    ("updated_at", Order::Updated),
                    ("status", Order::Status),
                ],
                view: View::Live,
                gate: scope(ANYONE, "tickets"),
                ..pages("tickets", "tickets", Order::Id)
            },
        ],
        ..plain("tickets", "subject", tickets::ticket)
    },
    Resource {
        tiny: 0,
        listings: &[Listing {
            descending: true,
            view: View::OfLiveTickets,
            gate: scope(ANYONE, "tickets"),
            ..pages("ticket_metrics", "ticket_metrics", Order::Created)
        }],
        ..child("ticket_metrics", "tickets", tickets::metric_set)
    },
    Resource {
        tiny: 0,
        stamp: Stamp::Deleted,
        listings: &[Listing {
            sorts: &[("id", Order::Id), ("deleted_at", Order::Updated)],
            view: View::Deleted,
            gate: ADMINS,
            ..pages("deleted_tickets", "deleted_tickets", Order::Id)
        }],
        ..plain("deleted_tickets", "subject", tickets::deleted_ticket)
    },
    Resource {
        tiny: 40,
        stamp: Stamp::Timestamp,
        listings: &[Listing {
            view: View::OfExportedTickets,
            gate: scope(ADMINS, "tickets"),
            ..export("incremental/ticket_events", "ticket_events", Marked)
        }],
        ..child("ticket_events", "tickets", ticket_history::event)
    },
    Resource {
        tiny: 40,
        stamp: Stamp::Time,
        listings: &[export("incremental/ticket_metric_events", "ticket_metric_events", Unmarked)],
        ..child("ticket_metric_events", "tickets", ticket_activity::metric_event)
    },
    Resource {
        tiny: 60,
        stamp: Stamp::Created,
        listings: &[
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
        ],
        ..child("ticket_audits", "tickets", ticket_history::audit)
    },
    Resource {
        listings: &[Listing {
            key: "skips",
            view: View::OfLiveTickets,
            gate: scope(ANYONE, "tickets"),
            ..pages("skips", "ticket_skips", Order::Created)
        }],
        ..child("ticket_skips", "tickets", tickets::skip)
    },
    Resource {
        listings: &[Listing {
            key: "activities",
            descending: true,
            sorts: &[("created_at", Order::Created)],
            view: View::OwnActivities,
            ..pages("activities", "ticket_activities", Order::Created)
        }],
        ..plain("ticket_activities", "title", ticket_activity::activity)
    },
    Resource {
        listings: &[Listing {
            sorts: &[("created_at", Order::Created)],
            view: View::RatingsByCreation,
            gate: ADMINS,
            ..pages("satisfaction_ratings", "satisfaction_ratings", Order::Created)
        }],
        ..child("satisfaction_ratings", "tickets", ticket_activity::satisfaction_rating)
    },
    Resource {
        tiny: 30,
        listings: &[Listing {
            dialect: Dialect::Offset,
            view: View::Children,
            gate: scope(ANYONE, "tickets"),
            ..pages("tickets/{}/side_conversations", "side_conversations", Order::Created)
        }],
        ..child("side_conversations", "tickets", ticket_activity::side_conversation)
    },
    Resource {
        // Each change of a side conversation makes one.
        tiny: 0,
        stamp: Stamp::Created,
        ..child("side_conversation_events", "side_conversations", conversations::side_event)
    },
    Resource {
        tiny: 40,
        stamp: Stamp::Created,
        // Any ticket answers, with comments alone where it does not come from messaging; by cursor
        // alone (Zendesk, Conversation Log).
        listings: &[Listing {
            key: "events",
            dialect: Dialect::Cursor,
            sorts: &[("created_at", Order::Created)],
            view: View::Children,
            gate: scope(ANYONE, "tickets"),
            ..pages("tickets/{}/conversation_log", "ticket_conversation_log", Order::Created)
        }],
        ..child("ticket_conversation_log", "tickets", conversations::log_entry)
    },
    Resource {
        key: "name",
        stamp: Stamp::None,
        listings: &[pages("tags", "tags", Order::Score)],
        ..plain("tags", "name", ticket_activity::tag)
    },
    Resource {
        stamp: Stamp::Created,
        listings: &[Listing {
            descending: true,
            sorts: &[("created_at", Order::Created)],
            view: View::AuditLogsByCreation,
            gate: from(scope(ADMINS, "auditlogs"), Plan::Enterprise, Below::NoAccess),
            ..pages("audit_logs", "audit_logs", Order::Created)
        }],
        ..plain("audit_logs", "id", settings::audit_log)
    },
    Resource {
        listings: &[Listing {
            gate: scope(ADMINS, "automations"),
            ..pages("automations", "automations", Order::Position)
        }],
        ..plain("automations", "title", business_rules::automation)
    },
    Resource {
        listings: &[Listing {
            gate: scope(ADMINS, "triggers"),
            ..pages("triggers", "triggers", Order::Position)
        }],
        ..plain("triggers", "title", business_rules::trigger)
    },
    Resource {
        listings: &[Listing {
            gate: scope(ANYONE, "macros"),
            ..pages("macros", "macros", Order::Label)
        }],
        ..plain("macros", "title", business_rules::shared_macro)
    },
    Resource {
        listings: &[Listing {
            gate: from(ADMINS, Plan::Professional, Below::NotFound),
            ..single("business_hours/schedules", "schedules", "schedules")
        }],
        ..plain("schedules", "name", settings::schedule)
    },
    Resource {
        listings: &[Listing {
            gate: from(ADMINS, Plan::Growth, Below::NoAccess),
            ..single("slas/policies", "sla_policies", "sla_policies")
        }],
        ..plain("sla_policies", "title", business_rules::sla_policy)
    },
    Resource {
        listings: &[Listing {
            gate: from(ADMINS, Plan::Enterprise, Below::Restricted),
            ..single("routing/attributes", "account_attributes", "attributes")
        }],
        ..plain("account_attributes", "name", settings::account_attribute)
    },
    Resource {
        key: "subject",
        stamp: Stamp::None,
        ..plain("attribute_definitions", "title", business_rules::attribute_definition)
    },
    Resource {
        listings: &[help_center("help_center/categories", "categories", Order::Position)],
        ..plain("categories", "name", guide::category)
    },
    Resource {
        listings: &[help_center("help_center/sections", "sections", Order::Position)],
        ..plain("sections", "name", guide::section)
    },
    Resource {
        tiny: 24,
        listings: &[
            Listing {
                gate: scope(ANYONE, "hc"),
                ..export("help_center/incremental/articles", "articles", NullLink)
            },
            help_center("help_center/articles", "articles", Order::Position),
        ],
        ..plain("articles", "title", guide::article)
    },
    Resource {
        listings: &[children(
            "help_center/articles/{}/attachments",
            "article_attachments",
            "article_attachments",
        )],
        ..child("article_attachments", "articles", guide::attachment)
    },
    Resource {
        listings: &[children("help_center/articles/{}/votes", "article_votes", "votes")],
        ..child("article_votes", "articles", guide::vote)
    },
    Resource {
        listings: &[children("help_center/articles/{}/comments", "article_comments", "comments")],
        ..child("article_comments", "articles", guide::comment)
    },
    Resource {
        listings: &[children(
            "help_center/articles/{}/comments/{}/votes",
            "article_comment_votes",
            "votes",
        )],
        ..child("article_comment_votes", "article_comments", guide::comment_vote)
    },
    Resource {
        listings: &[help_center("community/topics", "topics", Order::Position)],
        ..plain("topics", "name", community::topic)
    },
    Resource {
        listings: &[Listing {
            descending: true,
            ..help_center("community/posts", "posts", Order::Created)
        }],
        ..plain("posts", "title", community::post)
    },
    Resource {
        listings: &[children("community/posts/{}/votes", "post_votes", "votes")],
        ..child("post_votes", "posts", community::vote)
    },
    Resource {
        listings: &[children("community/posts/{}/comments", "post_comments", "comments")],
        ..child("post_comments", "posts", community::comment)
    },
    Resource {
        listings: &[children(
            "community/posts/{}/comments/{}/votes",
            "post_comment_votes",
            "votes",
        )],
        ..child("post_comment_votes", "post_comments", community::comment_vote)
    },
    Resource {
        listings: &[children(
            "help_center/articles/{}/translations",
            "article_translations",
            "translations",
        )],
        ..child("article_translations", "articles", guide::article_translation)
    },
    Resource {
        listings: &[children(
            "help_center/sections/{}/translations",
            "section_translations",
            "translations",
        )],
        ..child("section_translations", "sections", guide::section_translation)
    },
    Resource {
        listings: &[children(
            "help_center/categories/{}/translations",
            "category_translations",
            "translations",
        )],
        ..child("category_translations", "categories", guide::category_translation)
    },
    Resource {
        listings: &[pages("deleted_users", "deleted_users", Order::Id)],
        ..plain("deleted_users", "name", people::deleted_user)
    },
    Resource {
        stamp: Stamp::Created,
        listings: &[Listing {
            gate: scope(ANYONE, "organizations"),
            ..pages("organization_subscriptions", "organization_subscriptions", Order::Id)
        }],
        ..plain("organization_subscriptions", "id", people::organization_subscription)
    },
    Resource {
        listings: &[Listing { gate: ADMINS, ..pages("brand_agents", "brand_agents", Order::Id) }],
        ..plain("brand_agents", "id", administration::brand_agent)
    },
    Resource {
        listings: &[Listing {
            gate: scope(ANYONE, "tickets"),
            ..single("custom_statuses", "custom_statuses", "custom_statuses")
        }],
        ..plain("custom_statuses", "agent_label", administration::custom_status)
    },
    Resource {
        listings: &[Listing {
            gate: ADMINS,
            ..single("satisfaction_reasons", "satisfaction_reasons", "reasons")
        }],
        ..plain("satisfaction_reasons", "value", administration::satisfaction_reason)
    },
    Resource {
        listings: &[pages("suspended_tickets", "suspended_tickets", Order::Created)],
        ..plain("suspended_tickets", "subject", administration::suspended_ticket)
    },
    Resource {
        listings: &[Listing {
            gate: scope(ANYONE, "ticket_views"),
            ..pages("views", "views", Order::Created)
        }],
        ..plain("views", "title", administration::view)
    },
    Resource {
        listings: &[single("locales", "locales", "locales")],
        ..plain("locales", "name", administration::locale)
    },
    Resource {
        listings: &[Listing {
            key: "items",
            ..pages("dynamic_content/items", "dynamic_content_items", Order::Id)
        }],
        ..plain("dynamic_content_items", "name", administration::dynamic_content_item)
    },
    Resource {
        listings: &[Listing {
            gate: from(ADMINS, Plan::Enterprise, Below::NoAccess),
            ..single("group_slas/policies", "group_sla_policies", "group_sla_policies")
        }],
        ..plain("group_sla_policies", "title", administration::group_sla_policy)
    },
    Resource {
        listings: &[Listing {
            gate: ADMINS,
            ..pages("trigger_categories", "trigger_categories", Order::Position)
        }],
        ..plain("trigger_categories", "name", administration::trigger_category)
    },
    Resource {
        listings: &[pages("recipient_addresses", "recipient_addresses", Order::Id)],
        ..plain("recipient_addresses", "name", administration::recipient_address)
    },
    Resource {
        listings: &[Listing {
            gate: from(ANYONE, Plan::Enterprise, Below::NoAccess),
            ..single("workspaces", "workspaces", "workspaces")
        }],
        ..plain("workspaces", "title", administration::workspace)
    },
    Resource {
        listings: &[single("sharing_agreements", "sharing_agreements", "sharing_agreements")],
        ..plain("sharing_agreements", "name", administration::sharing_agreement)
    },
    Resource {
        stamp: Stamp::None,
        listings: &[Listing {
            key: "holidays",
            view: View::Children,
            gate: from(ADMINS, Plan::Professional, Below::NotFound),
            ..single("business_hours/schedules/{}/holidays", "schedule_holidays", "holidays")
        }],
        ..child("schedule_holidays", "schedules", administration::schedule_holiday)
    },
    Resource {
        stamp: Stamp::None,
        listings: &[
            // Zendesk, CSAT Survey Responses: from Support Professional and Suite Growth on.
            Listing {
                key: "survey_responses",
                gate: from(ADMINS, Plan::Growth, Below::NoAccess),
                ..pages("guide/survey_responses", "csat_survey_responses", Order::Created)
            },
        ],
        ..plain("csat_survey_responses", "id", administration::survey_response)
    },
    Resource {
        tiny: 24,
        listings: &[
            // Talk. Its next links are never null (Zendesk, Talk API, Incremental Exports).
            export("channels/voice/stats/incremental/calls", "calls", Unmarked),
        ],
        ..plain("calls", "id", talk::call)
    },
    Resource {
        tiny: 30,
        listings: &[Listing {
            key: "legs",
            ..export("channels/voice/stats/incremental/legs", "call_legs", Unmarked)
        }],
        ..child("call_legs", "calls", talk::leg)
    },
    Resource {
        key: "key",
        tiny: 6,
        listings: &[Listing {
            gate: scope(ANYONE, "custom_objects"),
            ..pages("custom_objects", "custom_objects", Order::Id)
        }],
        ..plain("custom_objects", "title", custom_objects::custom_object)
    },
    Resource {
        tiny: 36,
        listings: &[Listing {
            view: View::Children,
            gate: scope(ANYONE, "custom_objects"),
            ..pages("custom_objects/{}/fields", "custom_object_fields", Order::Position)
        }],
        ..child("custom_object_fields", "custom_objects", custom_objects::field)
    },
    Resource {
        tiny: 60,
        listings: &[Listing {
            dialect: Dialect::ExportByCursor(CursorMark::HasMore),
            order: Order::Changed,
            view: View::Children,
            gate: scope(ANYONE, "custom_objects"),
            ..pages("incremental/custom_objects/{}/cursor", "custom_object_records", Order::Changed)
        }],
        ..child("custom_object_records", "custom_objects", custom_objects::record)
    },
    Resource {
        listings: &[Listing {
            key: "links",
            dialect: Dialect::Cursor,
            gate: ADMINS,
            ..pages("jira/links", "jira_links", Order::Id)
        }],
        ..plain("jira_links", "id", account_settings::jira_link)
    },
    Resource {
        key: "notification_id",
        listings: &[Listing {
            dialect: Dialect::Cursor,
            descending: true,
            sorts: &[("created_at", Order::Created), ("updated_at", Order::Updated)],
            ..pages("email_notifications", "email_notifications", Order::Created)
        }],
        ..plain("email_notifications", "notification_id", conversations::email_notification)
    },
    Resource {
        listings: &[single(
            "channels/twitter/monitored_twitter_handles",
            "monitored_twitter_handles",
            "monitored_twitter_handles",
        )],
        ..plain("monitored_twitter_handles", "name", account_settings::twitter_handle)
    },
    Resource {
        listings: &[Listing {
            gate: ADMINS,
            ..single("resource_collections", "resource_collections", "resource_collections")
        }],
        ..plain("resource_collections", "id", account_settings::resource_collection)
    },
    Resource {
        stamp: Stamp::None,
        listings: &[Listing {
            gate: scope(ANYONE, "tickets"),
            ..single("ticket_form_statuses", "ticket_form_statuses", "ticket_form_statuses")
        }],
        ..plain("ticket_form_statuses", "id", account_settings::ticket_form_status)
    },
    Resource {
        listings: &[Listing {
            gate: ADMINS,
            ..single("deletion_schedules", "deletion_schedules", "deletion_schedules")
        }],
        ..plain("deletion_schedules", "title", account_settings::deletion_schedule)
    },
    Resource {
        // Omnichannel routing comes with Professional.
        listings: &[Listing {
            gate: from(ADMINS, Plan::Professional, Below::NoAccess),
            ..single("queues", "queues", "queues")
        }],
        ..plain("queues", "name", account_settings::queue)
    },
    Resource {
        listings: &[Listing {
            view: View::Children,
            gate: from(ADMINS, Plan::Enterprise, Below::Restricted),
            ..single("routing/attributes/{}/values", "attribute_values", "attribute_values")
        }],
        ..child("attribute_values", "account_attributes", account_settings::attribute_value)
    },
    // A resource without children goes here.
];

mod approvals;
mod custom_object_rules;
mod guide_setup;
mod integrations;
mod merges;
mod omnichannel;
mod subscriptions;
mod talk_setup;

/// The lists of all families. The first has the resources that belong to no other family.
const FAMILIES: &[&[Resource]] = &[
    RESOURCES,
    talk_setup::RESOURCES,
    guide_setup::RESOURCES,
    subscriptions::RESOURCES,
    custom_object_rules::RESOURCES,
    merges::RESOURCES,
    approvals::RESOURCES,
    omnichannel::RESOURCES,
    integrations::RESOURCES,
];

/// All resources, parents before their children.
pub(crate) fn resources() -> impl Iterator<Item = &'static Resource> {
    FAMILIES.iter().copied().flatten()
}

/// The resource of this name. Panics for an unknown name, which is a mistake in a test.
pub(crate) fn resource(name: &str) -> &'static Resource {
    let found = resources().find(|resource| resource.name == name);
    found.unwrap_or_else(|| panic!("there is no resource called {name}"))
}

/// Every listing of every resource.
pub(crate) fn listings() -> impl Iterator<Item = &'static Listing> {
    resources().flat_map(|resource| resource.listings)
}

impl Resource {
    /// Whether it is one object, which exists from the start and is never deleted.
    pub(crate) fn is_object(&self) -> bool {
        self.listings.iter().any(|listing| listing.dialect == Dialect::Object)
    }
}
