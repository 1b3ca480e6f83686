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
    /// Tickets and everything about them, ratings, audit logs and posts are read from this date on;
    /// users, organizations, groups and other rows that they refer to are always complete. A date
    /// limits every read and must not be in the future; days back limit only the first read; empty
    /// means the last two years.
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

    /// Events per request of the streams ticket_comments and ticket_events. With 100, the page grows up
    /// to 1000 while answers are quick; any other value is the largest page.
    #[schemars(
        with = "u64",
        title = "Page Size (ticket_comments)",
        range(min = 1, max = 1000),
        extend("order" = 4, "default" = 100, "examples" = [100, 250, 500])
    )]
    #[serde(default)]
    pub page_size: Option<u64>,

    /// Adds a column of this name to every stream that sees deletions: the time at which Zendesk
    /// deleted the row, or null; tickets then includes deleted tickets. With the name
    /// `_ab_cdc_deleted_at`, Airbyte's destinations delete the row; with any other name, the row
    /// stays, marked.
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

    /// Leaves deleted rows out of full refreshes. An incremental stream also needs the deletion
    /// column (`deleted_at_field`), because otherwise the older versions of deleted rows would stay
    /// for ever.
    #[schemars(with = "bool", title = "Exclude Deleted Records", extend("order" = 6, "default" = false))]
    #[serde(default)]
    pub exclude_deleted: Option<bool>,

    /// Which tickets and ticket events to read, by who handles the ticket: humans, AI agents, or
    /// both. After a change, reset these streams, because rows that were left out before do not
    /// come later.
    #[schemars(with = "TicketScope", title = "Ticket Scope", extend("type" = "string", "order" = 7, "default" = "all"))]
    #[serde(default)]
    pub ticket_scope: Option<TicketScope>,

    /// Where tickets come from: `incremental`, the incremental export, is complete; `search`, the
    /// search index, is faster, but it may be stale and misses changes that make no ticket event.
    /// `search_then_incremental` reads the search first and then the export, whose rows replace
    /// those of the search.
    #[schemars(with = "TicketsHistory", title = "Tickets History", extend("type" = "string", "order" = 9, "default" = "incremental"))]
    #[serde(default)]
    pub tickets_history: Option<TicketsHistory>,

    /// If tickets come from the search index, each read starts this many days before the end of the
    /// last read. 0 means fifteen minutes, which is how late the index usually is.
    #[schemars(
        with = "u64",
        title = "Tickets Search Lookback Window (days)",
        range(min = 0),
        extend("order" = 8, "default" = 0, "examples" = [0, 7, 30])
    )]
    #[serde(default)]
    pub ticket_search_lookback_days: Option<u64>,

    /// Your own searches: each creates a stream with the rows that it finds. Each read is a full
    /// refresh, because Zendesk does not report that a row has stopped matching.
    #[schemars(with = "Vec<WrittenSearch>", title = "Search Queries", extend("order" = 11, "default" = []))]
    #[serde(default)]
    pub search_queries: Option<Vec<WrittenSearch>>,

    /// Streams built from the rows of other streams, without extra requests: conditions of ticket
    /// forms, events of tickets, users and ratings, and the history of ticket fields, tags,
    /// schedules and SLA targets. Only `tickets_search` is different: it reads tickets a second
    /// time, from the search index, as Airbyte's connector does.
    #[schemars(
        with = "Vec<String>",
        title = "Extra Streams",
        extend(
            "order" = 12, "default" = [],
            "items" = one_of(&EXTRA_STREAMS, "The name of a stream that is in the catalog only if it is listed here.")
        )
    )]
    #[serde(default)]
    pub extra_streams: Option<Vec<String>>,

    /// Adds a column of the same name to tickets for each kind of related data. Of users, groups,
    /// organizations, brands, sharing agreements and forms, a ticket has those that it refers to.
    #[schemars(
        with = "Vec<String>",
        title = "Associated Data",
        extend(
            "order" = 13, "default" = [],
            "items" = one_of(&ASSOCIATED_DATA, "A kind of related data that the export of tickets can return, by Zendesk's name.")
        )
    )]
    #[serde(default)]
    pub associated_data: Option<Vec<String>>,

    /// Reads only users with these roles, and only their identities and events; empty means all
    /// users. After a change, reset these streams, because users that were left out before do not
    /// come later.
    #[schemars(
        with = "Vec<String>",
        title = "User Roles",
        extend(
            "order" = 14, "default" = [],
            "items" = one_of(&USER_ROLES, "A role of a user, by Zendesk's name.")
        )
    )]
    #[serde(default)]
    pub user_roles: Option<Vec<String>>,

    /// For accounts with millions of users: reads only the users that changed since the start date,
    /// with their identities and events. Tickets then refer to users that are missing; after a
    /// change, reset these streams.
    #[schemars(with = "bool", title = "Users From Start Date", extend("order" = 23, "default" = false))]
    #[serde(default)]
    pub users_from_start_date: Option<bool>,

    /// Where ticket audits come from: `listing`, Zendesk's list of audits, leaves out archived
    /// tickets; `events`, the export of ticket events, has them. The columns of `events` differ:
    /// the page gaps.md of the guide lists them.
    #[schemars(
        with = "TicketAuditsHistory",
        title = "Ticket Audits History",
        extend("type" = "string", "order" = 15, "default" = "listing")
    )]
    #[serde(default)]
    pub ticket_audits_history: Option<TicketAuditsHistory>,

    /// How custom fields arrive: `raw` has the values as Zendesk sends them, in one column;
    /// `columns` adds a typed column for each custom field of tickets, users and organizations.
    /// Refresh the schema after you change this option or the fields.
    #[schemars(with = "Values", title = "Custom Fields", extend("type" = "string", "order" = 16, "default" = "raw"))]
    #[serde(default)]
    pub custom_fields: Option<Values>,

    /// How the columns of custom fields are named: `by_id` never changes; `by_key` uses the keys of
    /// user and organization fields, and the ids of ticket fields. `by_title` uses the titles, so a
    /// column gets a new name with the next schema refresh after somebody renames the field.
    #[schemars(with = "Naming", title = "Names of Custom Fields", extend("type" = "string", "order" = 17, "default" = "by_id"))]
    #[serde(default)]
    pub custom_field_names: Option<Naming>,

    /// Adds a column with the labels that people see, beside the column of tags of each dropdown
    /// and multiselect field.
    #[schemars(with = "bool", title = "Labels of Custom Fields", extend("order" = 18, "default" = false))]
    #[serde(default)]
    pub custom_field_labels: Option<bool>,

    /// The largest file to fetch, in MB (millions of bytes); Airbyte's platform takes up to 1500.
    /// The row of a larger file comes without the file.
    #[schemars(
        with = "u64",
        title = "Attachment Size Limit (MB)",
        range(min = 1),
        extend("order" = 19, "default" = 1500, "examples" = [10, 100, 1500])
    )]
    #[serde(default)]
    pub attachment_size_limit_mb: Option<u64>,

    /// The content types of the files to fetch, such as `application/pdf` or `image/*`. Empty: all
    /// types.
    #[schemars(
        with = "Vec<String>",
        title = "Attachment Types",
        inner(pattern(r"^[A-Za-z0-9!#$&^_.+*-]+(/[A-Za-z0-9!#$&^_.+*-]+)?$")),
        extend("order" = 20, "examples" = [["application/pdf", "image/*"]])
    )]
    #[serde(default)]
    pub attachment_types: Option<Vec<String>>,

    /// Also fetches images that are shown inside a text, such as the logos in signatures.
    #[schemars(with = "bool", title = "Inline Images", extend("order" = 21, "default" = false))]
    #[serde(default)]
    pub attachment_inline_images: Option<bool>,

    /// The brands whose help centers are read, by subdomain: `acme-shop` for acme-shop.zendesk.com.
    /// Empty: every brand that has a help center.
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
