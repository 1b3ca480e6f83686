//! What the rows of the simulated account look like: every field Zendesk's documentation names
//! and every field seen in answers, with the values that break careless readers. A row is made
//! from its seed alone, so the same seed gives the same bytes. Which rows exist, and when they
//! change, is the server's business.

mod administration;
mod business_rules;
mod community;
mod custom_objects;
mod help_center;
mod json;
mod nasty;
mod people;
mod settings;
mod talk;
mod ticket_activity;
mod ticket_fields;
mod ticket_history;
mod tickets;

#[cfg(test)]
mod tests;

use self::json::{Json, Object};

/// All that a row is made from.
#[derive(Clone, Copy, Debug)]
pub struct Seed<'a> {
    /// Running number of the row in its resource, from 1. It chooses which oddities the row has.
    pub n: u64,
    /// The Zendesk id of the row.
    pub id: u64,
    /// Fresh bits for what may be anything.
    pub random: u64,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds.
    pub updated_at: i64,
    /// The row this one is listed under: the article of a comment, the comment of a vote.
    pub parent_id: Option<u64>,
    /// The row the parent is listed under.
    pub grandparent_id: Option<u64>,
    pub ticket_id: u64,
    pub user_id: u64,
    /// Of the brand whose row it is, or of the account.
    pub subdomain: &'a str,
}

/// How to make the rows of one resource. Resources bear the names of the connector's streams.
pub struct RowMaker {
    pub resource: &'static str,
    /// One JSON object as text.
    pub make: fn(&Seed) -> String,
}

/// Every resource, once.
pub const ROWS: &[RowMaker] = &[
    row("tickets", tickets::ticket),
    row("ticket_metrics", tickets::metric_set),
    row("deleted_tickets", tickets::deleted_ticket),
    row("ticket_skips", tickets::skip),
    row("ticket_events", ticket_history::event),
    row("ticket_audits", ticket_history::audit),
    row("ticket_metric_events", ticket_activity::metric_event),
    row("ticket_activities", ticket_activity::activity),
    row("satisfaction_ratings", ticket_activity::satisfaction_rating),
    row("side_conversations", ticket_activity::side_conversation),
    row("tags", ticket_activity::tag),
    row("ticket_fields", ticket_fields::ticket_field),
    row("ticket_forms", ticket_fields::ticket_form),
    row("user_fields", ticket_fields::user_field),
    row("organization_fields", ticket_fields::organization_field),
    row("users", people::user),
    row("user_identities", people::identity),
    row("organizations", people::organization),
    row("organization_memberships", people::organization_membership),
    row("groups", people::group),
    row("group_memberships", people::group_membership),
    row("custom_roles", settings::custom_role),
    row("audit_logs", settings::audit_log),
    row("brands", settings::brand),
    row("schedules", settings::schedule),
    row("account_attributes", settings::account_attribute),
    row("automations", business_rules::automation),
    row("triggers", business_rules::trigger),
    row("macros", business_rules::shared_macro),
    row("sla_policies", business_rules::sla_policy),
    row("attribute_definitions", business_rules::attribute_definition),
    row("articles", help_center::article),
    row("article_comments", help_center::comment),
    row("article_votes", help_center::vote),
    row("article_comment_votes", help_center::comment_vote),
    row("article_attachments", help_center::attachment),
    row("categories", help_center::category),
    row("sections", help_center::section),
    row("topics", community::topic),
    row("posts", community::post),
    row("post_comments", community::comment),
    row("post_votes", community::vote),
    row("post_comment_votes", community::comment_vote),
    row("article_translations", help_center::article_translation),
    row("section_translations", help_center::section_translation),
    row("category_translations", help_center::category_translation),
    row("deleted_users", people::deleted_user),
    row("organization_subscriptions", people::organization_subscription),
    row("brand_agents", administration::brand_agent),
    row("custom_statuses", administration::custom_status),
    row("satisfaction_reasons", administration::satisfaction_reason),
    row("suspended_tickets", administration::suspended_ticket),
    row("views", administration::view),
    row("locales", administration::locale),
    row("dynamic_content_items", administration::dynamic_content_item),
    row("group_sla_policies", administration::group_sla_policy),
    row("trigger_categories", administration::trigger_category),
    row("recipient_addresses", administration::recipient_address),
    row("workspaces", administration::workspace),
    row("sharing_agreements", administration::sharing_agreement),
    row("schedule_holidays", administration::schedule_holiday),
    row("csat_survey_responses", administration::survey_response),
    row("calls", talk::call),
    row("call_legs", talk::leg),
    row("custom_objects", custom_objects::custom_object),
    row("custom_object_fields", custom_objects::field),
    row("custom_object_records", custom_objects::record),
];

const fn row(resource: &'static str, make: fn(&Seed) -> String) -> RowMaker {
    RowMaker { resource, make }
}

impl Seed<'_> {
    /// Bits that stay the same for one row and one use.
    fn bits(&self, salt: u64) -> u64 {
        mix(self.random ^ mix(salt))
    }

    fn pick<T: Copy>(&self, salt: u64, choices: &[T]) -> T {
        choices[(self.n.wrapping_add(salt) % choices.len() as u64) as usize]
    }

    /// A value that is null on every seventh row, out of step with the twenty nasty texts.
    fn or_null(&self, salt: u64, value: impl Into<Json>) -> Json {
        if self.on(salt, 7) { Json::NULL } else { value.into() }
    }

    /// True on one row in `every`.
    fn on(&self, salt: u64, every: u64) -> bool {
        (self.n + salt).is_multiple_of(every)
    }

    /// An id of fourteen digits for something outside the row. Few different ones, so that rows
    /// share their groups, brands and forms as they do in an account.
    fn other_id(&self, salt: u64) -> u64 {
        28_835_700_000_000 + salt * 1_000_000 + self.bits(salt) % 40 * 1_236
    }

    /// The time of creation.
    fn created(&self) -> String {
        zendesk_time(self.created_at)
    }

    /// The time of the last change.
    fn updated(&self) -> String {
        zendesk_time(self.updated_at)
    }

    /// A time some seconds away from the last change.
    fn at(&self, seconds_later: i64) -> String {
        zendesk_time(self.updated_at + seconds_later)
    }

    /// The address of something in this account.
    fn address(&self, path: &str) -> String {
        format!("https://{}.zendesk.com/{path}", self.subdomain)
    }

    /// The `url` that a row of the Support API carries.
    fn url(&self, collection: &str) -> String {
        self.address(&format!("api/v2/{collection}/{}.json", self.id))
    }

    fn parent(&self) -> u64 {
        self.parent_id.unwrap_or_else(|| self.other_id(90))
    }

    /// The row's text. Most rows are compact and begin with what they are identified by; a
    /// reader must take any other order and any white space as well.
    fn finish(&self, object: Object) -> String {
        let object = match self.n % 10 {
            4 => object.with_last("id"),
            8 => object.reversed(),
            _ => object,
        };
        match self.n % 9 {
            2 => json::spread_out(&object.text(), "\n", "  "),
            7 => json::spread_out(&object.text(), "\r\n", "\t"),
            _ => object.text(),
        }
    }
}

/// The format of nearly all times in Zendesk's answers.
fn zendesk_time(unix_seconds: i64) -> String {
    formatted_time(unix_seconds, "%Y-%m-%dT%H:%M:%SZ")
}

fn formatted_time(unix_seconds: i64, format: &str) -> String {
    let time = chrono::DateTime::from_timestamp(unix_seconds, 0);
    time.expect("seeds hold times of this age").format(format).to_string()
}

/// Spreads close numbers far apart (the finalizer of splitmix64).
fn mix(bits: u64) -> u64 {
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
