//! What the user writes: every option, with the words that the spec has for it.

use schemars::JsonSchema;
use serde::Deserialize;

use super::storage::ObjectStorage;

/// The configuration as the user writes it.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(title = "Destination Zendesk Support Spec", extend("additionalProperties" = true))]
#[serde(rename_all = "snake_case")]
pub struct WrittenConfig {
    /// The number of bulk jobs that may be queued or running at once. Zendesk allows 30 for all programs
    /// together.
    #[schemars(
        with = "u64",
        title = "Bulk Jobs",
        range(min = 1, max = 30),
        extend("order" = 11, "default" = 5, "examples" = [1, 5, 10])
    )]
    #[serde(default)]
    pub max_jobs: Option<u64>,

    /// The program reads, compares and reports what it would write, but writes nothing. It acknowledges no
    /// STATE.
    #[schemars(with = "bool", title = "Dry Run", extend("order" = 12, "default" = false))]
    #[serde(default)]
    pub dry_run: Option<bool>,

    /// What to do with the rows of each stream, if the connection does not say it. A stream that has the name
    /// of an object needs no entry.
    #[schemars(with = "Vec<WrittenStream>", title = "Streams", extend("order" = 13, "default" = []))]
    #[serde(default)]
    pub streams: Option<Vec<WrittenStream>>,

    /// What to do with a stream that belongs to no object. `fail` stops the sync before a row is read,
    /// `reject` rejects all rows of the stream, and `skip` leaves them out.
    #[schemars(with = "UnknownStreams", title = "Unknown Streams", extend("type" = "string", "order" = 14, "default" = "fail"))]
    #[serde(default)]
    pub unknown_streams: Option<UnknownStreams>,

    /// What a null does. `ignore` leaves the field as it is, like a missing column, and `clear` empties the
    /// field.
    #[schemars(with = "NullHandling", title = "Nulls", extend("type" = "string", "order" = 15, "default" = "ignore"))]
    #[serde(default)]
    pub null_handling: Option<NullHandling>,

    /// What the column `tags` does to the tags in Zendesk. `add` adds the row's tags, `remove` removes them,
    /// and `replace` replaces the tags in Zendesk with them.
    #[schemars(with = "TagsMode", title = "Tags", extend("type" = "string", "order" = 16, "default" = "add"))]
    #[serde(default)]
    pub tags_mode: Option<TagsMode>,

    /// What the organization in a user's row does. `add` adds it to the user's organizations, and `replace`
    /// replaces them with it.
    #[schemars(with = "OrganizationMode", title = "Organizations of Users", extend("type" = "string", "order" = 17, "default" = "add"))]
    #[serde(default)]
    pub organization_mode: Option<OrganizationMode>,

    /// What an upsert does if no user has the row's external id, but a user has its e-mail address. `adopt`
    /// gives that user the external id, or rejects the row if the user has another one; `reject` always
    /// rejects the row.
    #[schemars(with = "OnEmailMatch", title = "Matching E-mail Addresses", extend("type" = "string", "order" = 18, "default" = "adopt"))]
    #[serde(default)]
    pub on_email_match: Option<OnEmailMatch>,

    /// Rows may match agents and administrators, and may write `role`.
    #[schemars(with = "bool", title = "Allow Agents", extend("order" = 19, "default" = false))]
    #[serde(default)]
    pub allow_agents: Option<bool>,

    /// Streams may delete users, organizations and tickets. Zendesk does not restore deleted users and
    /// organizations.
    #[schemars(with = "bool", title = "Allow Deletes", extend("order" = 20, "default" = false))]
    #[serde(default)]
    pub allow_deletes: Option<bool>,

    /// Zendesk sends new users a verification mail, and comments are public. Without this option, neither
    /// happens.
    #[schemars(with = "bool", title = "Notify", extend("order" = 21, "default" = false))]
    #[serde(default)]
    pub notify: Option<bool>,

    /// Sets of users or organizations. Streams add members to them, remove members, or mirror them.
    #[schemars(with = "Vec<WrittenAudience>", title = "Audiences", extend("order" = 22, "default" = []))]
    #[serde(default)]
    pub audiences: Option<Vec<WrittenAudience>>,

    /// The largest share of its members that a mirror may remove, in percent. If it would remove more, it
    /// removes nobody and the sync fails; audiences with fewer than twenty members have no such limit.
    #[schemars(
        with = "u64",
        title = "Largest Removal",
        range(min = 0, max = 100),
        extend("order" = 23, "default" = 30)
    )]
    #[serde(default)]
    pub max_removal_percent: Option<u64>,

    /// A mirror may remove members at the end of its rows, even if the source did not report that the stream
    /// is complete (Airbyte never reports this to custom connectors). A source that fails right after a STATE
    /// looks the same.
    #[schemars(with = "bool", title = "Accept the End of Input", extend("order" = 24, "default" = false))]
    #[serde(default)]
    pub accept_end_of_input: Option<bool>,

    /// Where rejected rows are stored. Without it, they are reported and counted, but not stored.
    #[schemars(with = "ObjectStorage", title = "Rejected Rows", extend("type" = "object", "order" = 25))]
    #[serde(default)]
    pub object_storage_config: Option<ObjectStorage>,
}

/// What is done with the rows of one stream.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(title = "Stream", extend("additionalProperties" = true))]
pub struct WrittenStream {
    /// The name of the stream.
    #[schemars(title = "Stream", extend("order" = 0))]
    pub stream: String,
    /// The namespace of the stream. If empty, any namespace matches.
    #[schemars(with = "String", title = "Namespace", extend("order" = 1))]
    #[serde(default)]
    pub namespace: Option<String>,
    /// What the rows are in Zendesk: `users`, `organizations`, `tickets`, `organization_memberships`,
    /// `custom_object:<key>`, `audience:<slug>` or `audience_mirror:<slug>`.
    #[schemars(title = "Object", extend("order" = 2, "examples" = ["users"]))]
    pub object: String,
    /// What to do with the rows. `add` marks the members of an audience, `remove` removes their mark, and
    /// `mirror` marks all rows and removes the mark from all others.
    #[schemars(title = "Operation", extend("type" = "string", "order" = 3))]
    pub operation: WrittenOperation,
    /// The field that finds the row in Zendesk. If empty, the stream's primary key is used.
    #[schemars(with = "String", title = "Match On", extend("order" = 4, "examples" = ["external_id", "email", "id"]))]
    #[serde(default)]
    pub match_on: Option<String>,
    /// Maps each column to its field. A column that has the name of its field needs no entry.
    #[schemars(
        with = "std::collections::BTreeMap<String, String>",
        title = "Fields",
        extend("order" = 5, "examples" = [{ "customer_id": "external_id" }])
    )]
    #[serde(default)]
    pub fields: Option<std::collections::BTreeMap<String, String>>,
}

/// What is done with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WrittenOperation {
    Insert,
    Upsert,
    Update,
    Delete,
    Add,
    Remove,
    Mirror,
}

/// A set of users or organizations.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(title = "Audience", extend("additionalProperties" = true))]
pub struct WrittenAudience {
    /// The name of the audience in `audience:` and `audience_mirror:`. Use lower-case letters, digits, `_`
    /// and `-`.
    #[schemars(title = "Slug", extend("order" = 0, "examples" = ["vip"]))]
    pub slug: String,
    /// What the members are.
    #[schemars(with = "WrittenAudienceOf", title = "Of", extend("type" = "string", "order" = 1, "default" = "users"))]
    #[serde(default)]
    pub of: Option<WrittenAudienceOf>,
    /// What marks the members. Give one of the three; a separate checkbox field is best.
    #[schemars(title = "As", extend("order" = 2))]
    #[serde(rename = "as")]
    pub by: WrittenAs,
    /// A mirror creates the users or organizations that are missing, and also writes the mapped fields.
    #[schemars(with = "bool", title = "Create Who Is Missing", extend("order" = 3, "default" = false))]
    #[serde(default)]
    pub create_missing: Option<bool>,
    /// A mirror without rows removes all members, if `max_removal_percent` allows it.
    #[schemars(with = "bool", title = "Allow Empty", extend("order" = 4, "default" = false))]
    #[serde(default)]
    pub allow_empty: Option<bool>,
}

/// What makes somebody a member.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[schemars(title = "As", extend("additionalProperties" = true))]
pub struct WrittenAs {
    /// The key of a checkbox field of users or organizations.
    #[schemars(with = "String", title = "Field", extend("order" = 0, "examples" = ["audience_vip"]))]
    #[serde(default)]
    pub field: Option<String>,
    /// A tag. Zendesk copies the tags of a user to the user's new tickets.
    #[schemars(with = "String", title = "Tag", extend("order" = 1, "examples" = ["vip"]))]
    #[serde(default)]
    pub tag: Option<String>,
    /// The external id of an organization that users join. A user who leaves it loses it on open tickets,
    /// too.
    #[schemars(with = "String", title = "Organization", extend("order" = 2))]
    #[serde(default)]
    pub organization_external_id: Option<String>,
}

/// What members of an audience are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WrittenAudienceOf {
    #[default]
    Users,
    Organizations,
}

/// What is done with a stream that belongs to no object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnknownStreams {
    #[default]
    Fail,
    Reject,
    Skip,
}

/// What a null does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NullHandling {
    #[default]
    Ignore,
    Clear,
}

/// What a column of tags does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TagsMode {
    #[default]
    Add,
    Remove,
    Replace,
}

/// What an organization of a user's row does to the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrganizationMode {
    #[default]
    Add,
    Replace,
}

/// What is done with a user whom only the e-mail address matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnEmailMatch {
    #[default]
    Adopt,
    Reject,
}
