//! What the user writes: every option, with the words that the spec has for it. Property names are
//! those of Airbyte's connector, so that an existing config works unchanged.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::searches::WrittenSearch;
use super::start::PATTERN;

/// The configuration as the user writes it.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(title = "Source Zendesk Support Spec", extend("additionalProperties" = true))]
#[serde(rename_all = "snake_case")]
pub struct WrittenConfig {
    /// From when on tickets and everything about them, ratings, audit logs and posts are read. Either
    /// a day, or a date and time with its zone, which bounds every read and must not lie in the
    /// future; or days before the first read, which bound that read only: `today` or `0`, `yesterday`
    /// or `1`, `today-7`, `7` or `7 days`.
    /// Empty: the last two years. What other rows point at, such as users, organizations and groups,
    /// is always complete.
    #[schemars(
        with = "String",
        title = "Start Date",
        extend(
            "order" = 2,
            "pattern" = PATTERN,
            "pattern_descriptor" = "YYYY-MM-DDTHH:mm:ssZ, YYYY-MM-DD, or days back: today, yesterday, today-7, 30 days",
            "examples" = ["2020-10-15T00:00:00Z", "yesterday", "today-7", "30 days"]
        )
    )]
    #[serde(default)]
    pub start_date: Option<String>,

    /// Events per request of the ticket_comments and ticket_events streams. 100 is automatic: the
    /// page grows to 1000 while answers are quick. Any other value is the largest page asked for.
    #[schemars(
        with = "u64",
        title = "Page Size (ticket_comments)",
        range(min = 1, max = 1000),
        extend("order" = 4, "default" = 100, "examples" = [100, 250, 500])
    )]
    #[serde(default)]
    pub page_size: Option<u64>,

    /// A column that tells when a row was deleted in Zendesk, null while it lives, in every stream
    /// that sees deletions. Named `_ab_cdc_deleted_at`, Airbyte's destinations delete the row; any
    /// other name marks it. When it is set, tickets brings deleted tickets too.
    #[schemars(
        with = "String",
        title = "Deletion Column",
        extend(
            "order" = 5,
            "pattern" = "^([A-Za-z_][A-Za-z0-9_]{0,62})?$",
            "examples" = ["_ab_cdc_deleted_at", "_landed_deleted_at"]
        )
    )]
    #[serde(default)]
    pub deleted_at_field: Option<String>,

    /// Leave deleted rows out of full refreshes. An incremental stream cannot leave them out
    /// without keeping their older rows for ever, so there it needs the deletion column.
    #[schemars(with = "bool", title = "Exclude Deleted Records", extend("order" = 6, "default" = false))]
    #[serde(default)]
    pub exclude_deleted: Option<bool>,

    /// Which tickets and ticket events to read, by who holds the ticket: humans, AI agents, or
    /// both. After a change, reset these streams: what was left out before does not come later.
    #[schemars(with = "TicketScope", title = "Ticket Scope", extend("type" = "string", "order" = 7, "default" = "all"))]
    #[serde(default)]
    pub ticket_scope: Option<TicketScope>,

    /// Where tickets come from. `incremental`, the incremental export, is complete. `search`, the
    /// search index, is faster and may be stale: it does not see changes that make no ticket event.
    /// `search_then_incremental` brings the search's tickets first, and then the export has the
    /// last word on every one.
    #[schemars(with = "TicketsHistory", title = "Tickets History", extend("type" = "string", "order" = 9, "default" = "incremental"))]
    #[serde(default)]
    pub tickets_history: Option<TicketsHistory>,

    /// Days before the last read from which tickets are searched again, where they come from the
    /// search index. 0 is fifteen minutes, by which the index usually lags.
    #[schemars(
        with = "u64",
        title = "Tickets Search Lookback Window (days)",
        range(min = 0),
        extend("order" = 8, "default" = 0, "examples" = [0, 7, 30])
    )]
    #[serde(default)]
    pub ticket_search_lookback_days: Option<u64>,

    /// Searches of your own. Each gives a stream of what it finds, read whole every time, because
    /// nothing tells when a row is found no more.
    #[schemars(with = "Vec<WrittenSearch>", title = "Search Queries", extend("order" = 11, "default" = []))]
    #[serde(default)]
    pub search_queries: Option<Vec<WrittenSearch>>,

    /// Streams made of what others bring: conditions of ticket forms as rows; events of tickets,
    /// users and ratings; the history of tickets, with the values of their fields, their tags,
    /// schedules and SLA targets. They cost no request beside the streams that they are made of. And
    /// `tickets_search`, tickets once more from the search index, as Airbyte's connector has them.
    #[schemars(
        with = "Vec<String>",
        title = "Extra Streams",
        extend(
            "order" = 12, "default" = [],
            "items" = one_of(&EXTRA_STREAMS, "A stream that is offered only to those who ask for it, by its name.")
        )
    )]
    #[serde(default)]
    pub extra_streams: Option<Vec<String>>,

    /// What each row of tickets holds besides, in a column of this name. Of users, groups,
    /// organizations, brands, sharing agreements and forms a ticket has those that it refers to.
    #[schemars(
        with = "Vec<String>",
        title = "Associated Data",
        extend(
            "order" = 13, "default" = [],
            "items" = one_of(&ASSOCIATED_DATA, "What the export of tickets can bring besides, by the names that Zendesk has for it.")
        )
    )]
    #[serde(default)]
    pub associated_data: Option<Vec<String>>,

    /// Which users to read, with their identities and events, by role. Empty: all. After a change,
    /// reset these streams: who was left out before does not come later.
    #[schemars(
        with = "Vec<String>",
        title = "User Roles",
        extend(
            "order" = 14, "default" = [],
            "items" = one_of(&USER_ROLES, "What a user may do, by the names that Zendesk has for it.")
        )
    )]
    #[serde(default)]
    pub user_roles: Option<Vec<String>>,

    /// Read only the users who changed since the start date, with their identities and events, for
    /// accounts with millions of users. Tickets then point at users that are not there. After a change, reset
    /// these streams.
    #[schemars(with = "bool", title = "Users From Start Date", extend("order" = 23, "default" = false))]
    #[serde(default)]
    pub users_from_start_date: Option<bool>,

    /// Where ticket audits come from. `listing`, Zendesk's list of audits, leaves out archived
    /// tickets. `events`, the export of ticket events, has them, in columns that differ: the docs
    /// say which.
    #[schemars(
        with = "TicketAuditsHistory",
        title = "Ticket Audits History",
        extend("type" = "string", "order" = 15, "default" = "listing")
    )]
    #[serde(default)]
    pub ticket_audits_history: Option<TicketAuditsHistory>,

    /// How the values of custom fields arrive. `raw`: as Zendesk sends them, in one column. `columns`:
    /// besides, each custom field of tickets, users and organizations is a typed column of its own.
    /// Refresh the schema after a change of this or of the fields.
    #[schemars(with = "Values", title = "Custom Fields", extend("type" = "string", "order" = 16, "default" = "raw"))]
    #[serde(default)]
    pub custom_fields: Option<Values>,

    /// What custom fields' columns are called. `by_id` never changes. `by_key` takes the keys of user and
    /// organization fields; ticket fields keep their ids. `by_title` follows the fields' titles, so
    /// that a column's name changes, with the next refresh of the schema, when somebody renames the field.
    #[schemars(with = "Naming", title = "Names of Custom Fields", extend("type" = "string", "order" = 17, "default" = "by_id"))]
    #[serde(default)]
    pub custom_field_names: Option<Naming>,

    /// Beside each dropdown's and multiselect's column of tags, a column of the labels that people see.
    #[schemars(with = "bool", title = "Labels of Custom Fields", extend("order" = 18, "default" = false))]
    #[serde(default)]
    pub custom_field_labels: Option<bool>,

    /// The largest file that is fetched, in MB (millions of bytes). Rows of larger ones come
    /// without a file. Airbyte's platform takes up to 1500.
    #[schemars(
        with = "u64",
        title = "Attachment Size Limit (MB)",
        range(min = 1),
        extend("order" = 19, "default" = 1500, "examples" = [10, 100, 1500])
    )]
    #[serde(default)]
    pub attachment_size_limit_mb: Option<u64>,

    /// Content types of the files that are fetched, such as `application/pdf` or `image/*`. Empty:
    /// all of them.
    #[schemars(
        with = "Vec<String>",
        title = "Attachment Types",
        inner(pattern(r"^[A-Za-z0-9!#$&^_.+*-]+(/[A-Za-z0-9!#$&^_.+*-]+)?$")),
        extend("order" = 20, "examples" = [["application/pdf", "image/*"]])
    )]
    #[serde(default)]
    pub attachment_types: Option<Vec<String>>,

    /// Fetch also images that are shown inside a text, such as the logos in signatures.
    #[schemars(with = "bool", title = "Inline Images", extend("order" = 21, "default" = false))]
    #[serde(default)]
    pub attachment_inline_images: Option<bool>,

    /// The brands whose help centers are read, by their subdomains: `acme-shop` for
    /// acme-shop.zendesk.com. Empty: every brand that has a help center.
    #[schemars(
        with = "Vec<String>",
        title = "Help Center Brands",
        inner(pattern(r"^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$"), length(max = 63)),
        extend("order" = 22, "examples" = [["acme", "acme-shop"]])
    )]
    #[serde(default)]
    pub help_center_brands: Option<Vec<String>>,
}

/// How the values of custom fields arrive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Values {
    #[default]
    Raw,
    Columns,
}

/// What custom fields' columns are called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Naming {
    #[default]
    ById,
    ByKey,
    ByTitle,
}

/// Streams that are offered only to those who ask for them, by their names.
const EXTRA_STREAMS: [&str; 10] = [
    "ticket_form_agent_conditions",
    "ticket_form_end_user_conditions",
    "ticket_lifecycle_events",
    "user_lifecycle_events",
    "satisfaction_rating_events",
    "ticket_field_history",
    "ticket_tag_history",
    "ticket_schedule_assignments",
    "ticket_sla_applications",
    "tickets_search",
];

/// What the export of tickets can bring besides, by the names that Zendesk has for it.
const ASSOCIATED_DATA: [&str; 12] = [
    "users",
    "groups",
    "organizations",
    "comment_count",
    "incident_counts",
    "dates",
    "slas",
    "metric_sets",
    "brands",
    "sharing_agreements",
    "ticket_forms",
    "metric_events",
];

/// What a user may do, by the names that Zendesk has for it.
const USER_ROLES: [&str; 3] = ["end-user", "agent", "admin"];

/// The schema of a text that is one of these.
fn one_of(names: &[&str], description: &str) -> Value {
    json!({ "type": "string", "enum": names, "description": description })
}

/// Where ticket audits come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TicketAuditsHistory {
    #[default]
    Listing,
    Events,
}

/// Where tickets come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TicketsHistory {
    #[default]
    Incremental,
    Search,
    SearchThenIncremental,
}

/// Who holds the tickets that are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TicketScope {
    #[default]
    All,
    Human,
    Ai,
}
