//! The resources of an account as data: how a row is named, sorted, dated and owned.

/// One kind of row; its name is the name of the stream that reads it.
#[derive(Debug)]
pub(crate) struct Resource {
    pub(crate) name: &'static str,
    /// The field that names a row.
    pub(crate) key: &'static str,
    /// The field that listings sort by where they sort by a name.
    pub(crate) label: &'static str,
    pub(crate) parent: Option<&'static str>,
    pub(crate) stamp: Stamp,
    /// Rows in an account of size `Tiny`.
    pub(crate) tiny: u64,
}

/// The field that says when a row last changed, as a reader would see it.
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
    /// `created_at`; the row never changes
    Created,
    /// `deleted_at`
    Deleted,
    /// no date at all
    None,
}

const fn plain(name: &'static str, label: &'static str) -> Resource {
    Resource { name, key: "id", label, parent: None, stamp: Stamp::Updated, tiny: 12 }
}

const fn child(name: &'static str, parent: &'static str) -> Resource {
    Resource { name, key: "id", label: "id", parent: Some(parent), stamp: Stamp::Updated, tiny: 20 }
}

/// Parents stand before their children, because an account is founded in this order.
pub(crate) const RESOURCES: &[Resource] = &[
    Resource { tiny: 20, ..plain("users", "name") },
    Resource { tiny: 18, ..plain("organizations", "name") },
    plain("groups", "name"),
    plain("brands", "name"),
    plain("custom_roles", "name"),
    Resource { tiny: 24, ..child("user_identities", "users") },
    plain("group_memberships", "id"),
    plain("organization_memberships", "id"),
    plain("user_fields", "title"),
    plain("organization_fields", "title"),
    plain("ticket_fields", "title"),
    plain("ticket_forms", "name"),
    Resource { tiny: 52, stamp: Stamp::Generated, ..plain("tickets", "subject") },
    Resource { tiny: 0, ..child("ticket_metrics", "tickets") },
    Resource { tiny: 0, stamp: Stamp::Deleted, ..plain("deleted_tickets", "subject") },
    Resource { tiny: 40, stamp: Stamp::Timestamp, ..child("ticket_events", "tickets") },
    Resource { tiny: 40, stamp: Stamp::Time, ..child("ticket_metric_events", "tickets") },
    Resource { tiny: 60, stamp: Stamp::Created, ..child("ticket_audits", "tickets") },
    child("ticket_skips", "tickets"),
    plain("ticket_activities", "title"),
    child("satisfaction_ratings", "tickets"),
    Resource { tiny: 30, ..child("side_conversations", "tickets") },
    Resource { key: "name", stamp: Stamp::None, ..plain("tags", "name") },
    Resource { stamp: Stamp::Created, ..plain("audit_logs", "id") },
    plain("automations", "title"),
    plain("triggers", "title"),
    plain("macros", "title"),
    plain("schedules", "name"),
    plain("sla_policies", "title"),
    plain("account_attributes", "name"),
    Resource { key: "subject", stamp: Stamp::None, ..plain("attribute_definitions", "title") },
    plain("categories", "name"),
    plain("sections", "name"),
    Resource { tiny: 24, ..plain("articles", "title") },
    child("article_attachments", "articles"),
    child("article_votes", "articles"),
    child("article_comments", "articles"),
    child("article_comment_votes", "article_comments"),
    plain("topics", "name"),
    plain("posts", "title"),
    child("post_votes", "posts"),
    child("post_comments", "posts"),
    child("post_comment_votes", "post_comments"),
    child("article_translations", "articles"),
    child("section_translations", "sections"),
    child("category_translations", "categories"),
    plain("deleted_users", "name"),
    Resource { stamp: Stamp::Created, ..plain("organization_subscriptions", "id") },
    plain("brand_agents", "id"),
    plain("custom_statuses", "agent_label"),
    plain("satisfaction_reasons", "value"),
    plain("suspended_tickets", "subject"),
    plain("views", "title"),
    plain("locales", "name"),
    plain("dynamic_content_items", "name"),
    plain("group_sla_policies", "title"),
    plain("trigger_categories", "name"),
    plain("recipient_addresses", "name"),
    plain("workspaces", "title"),
    plain("sharing_agreements", "name"),
    Resource { stamp: Stamp::None, ..child("schedule_holidays", "schedules") },
    Resource { stamp: Stamp::None, ..plain("csat_survey_responses", "id") },
    Resource { tiny: 24, ..plain("calls", "id") },
    Resource { tiny: 30, ..child("call_legs", "calls") },
    Resource { key: "key", tiny: 6, ..plain("custom_objects", "title") },
    Resource { tiny: 36, ..child("custom_object_fields", "custom_objects") },
    Resource { tiny: 60, ..child("custom_object_records", "custom_objects") },
];

/// The resource of that name; a wrong name is a mistake in a test.
pub(crate) fn resource(name: &str) -> &'static Resource {
    let found = RESOURCES.iter().find(|resource| resource.name == name);
    found.unwrap_or_else(|| panic!("there is no resource called {name}"))
}
