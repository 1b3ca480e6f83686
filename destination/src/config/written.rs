//! What the user writes: every option, with the words that the spec has for it.

use schemars::JsonSchema;
use serde::Deserialize;

use super::storage::ObjectStorage;

/// The configuration as the user writes it.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(title = "Destination Zendesk Support Spec", extend("additionalProperties" = true))]
#[serde(rename_all = "snake_case")]
pub struct WrittenConfig {
    /// Bulk jobs that may be queued or running at once. Zendesk allows 30, to all programs together.
    #[schemars(
        with = "u64",
        title = "Bulk Jobs",
        range(min = 1, max = 30),
        extend("order" = 11, "default" = 5, "examples" = [1, 5, 10])
    )]
    #[serde(default)]
    pub max_jobs: Option<u64>,

    /// Read, compare and report what would be written, and write nothing. No state is acknowledged.
    #[schemars(with = "bool", title = "Dry Run", extend("order" = 12, "default" = false))]
    #[serde(default)]
    pub dry_run: Option<bool>,

    /// What is done with the rows of each stream, where the connection does not say. A stream whose name is
    /// an object's needs no entry.
    #[schemars(with = "Vec<WrittenStream>", title = "Streams", extend("order" = 13, "default" = []))]
    #[serde(default)]
    pub streams: Option<Vec<WrittenStream>>,

    /// What is done with a stream that belongs to no object. `fail`: the sync fails before a row is read.
    /// `reject`: all of its rows are rejected. `skip`: they are left out.
    #[schemars(with = "UnknownStreams", title = "Unknown Streams", extend("type" = "string", "order" = 14, "default" = "fail"))]
    #[serde(default)]
    pub unknown_streams: Option<UnknownStreams>,

    /// What a null does. `ignore`: nothing, as a column that is not there. `clear`: it empties the field.
    #[schemars(with = "NullHandling", title = "Nulls", extend("type" = "string", "order" = 15, "default" = "ignore"))]
    #[serde(default)]
    pub null_handling: Option<NullHandling>,

    /// What a column `tags` does: its tags are added to those that are there, removed from them, or take
    /// their place.
    #[schemars(with = "TagsMode", title = "Tags", extend("type" = "string", "order" = 16, "default" = "add"))]
    #[serde(default)]
    pub tags_mode: Option<TagsMode>,

    /// Whether the organization of a user's row is added to those that the user has, or takes their place.
    #[schemars(with = "OrganizationMode", title = "Organizations of Users", extend("type" = "string", "order" = 17, "default" = "add"))]
    #[serde(default)]
    pub organization_mode: Option<OrganizationMode>,

    /// What an upsert does with a row whose external id nobody has and whose e-mail address somebody has.
    /// `adopt`: that user is taken and gets the external id, if it has none. `reject`: the row is rejected.
    #[schemars(with = "OnEmailMatch", title = "Matching E-mail Addresses", extend("type" = "string", "order" = 18, "default" = "adopt"))]
    #[serde(default)]
    pub on_email_match: Option<OnEmailMatch>,

    /// Rows may match agents and administrators, and `role` may be written.
    #[schemars(with = "bool", title = "Allow Agents", extend("order" = 19, "default" = false))]
    #[serde(default)]
    pub allow_agents: Option<bool>,

    /// Offers to delete users, organizations and tickets. Zendesk does not bring users and organizations back.
    #[schemars(with = "bool", title = "Allow Deletes", extend("order" = 20, "default" = false))]
    #[serde(default)]
    pub allow_deletes: Option<bool>,

    /// Zendesk mails new users a verification, and comments are public. Without it neither happens.
    #[schemars(with = "bool", title = "Notify", extend("order" = 21, "default" = false))]
    #[serde(default)]
    pub notify: Option<bool>,

    /// Sets of users or organizations that streams add to, remove from or mirror.
    #[schemars(with = "Vec<WrittenAudience>", title = "Audiences", extend("order" = 22, "default" = []))]
    #[serde(default)]
    pub audiences: Option<Vec<WrittenAudience>>,

    /// The largest share of its members that a mirror may remove, in percent. Where more would have to go,
    /// nobody is removed and the sync fails. Audiences of fewer than twenty members are not held to it.
    #[schemars(
        with = "u64",
        title = "Largest Removal",
        range(min = 0, max = 100),
        extend("order" = 23, "default" = 30)
    )]
    #[serde(default)]
    pub max_removal_percent: Option<u64>,

    /// A mirror may remove at the end of its rows though the source did not say that it is complete. Custom
    /// connectors of Airbyte are never told so. A source that fails right behind a state looks the same.
    #[schemars(with = "bool", title = "Accept the End of Input", extend("order" = 24, "default" = false))]
    #[serde(default)]
    pub accept_end_of_input: Option<bool>,

    /// Where rejected rows are stored. Without a place they are counted and told, and not kept.
    #[schemars(with = "ObjectStorage", title = "Rejected Rows", extend("type" = "object", "order" = 25))]
    #[serde(default)]
    pub object_storage_config: Option<ObjectStorage>,
}

/// What is done with the rows of one stream.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(title = "Stream", extend("additionalProperties" = true))]
pub struct WrittenStream {
    /// The stream's name.
    #[schemars(title = "Stream", extend("order" = 0))]
    pub stream: String,
    /// The stream's namespace. Empty: any.
    #[schemars(with = "String", title = "Namespace", extend("order" = 1))]
    #[serde(default)]
    pub namespace: Option<String>,
    /// What its rows are in Zendesk: `users`, `organizations`, `tickets`, or `audience:` and an audience's slug.
    #[schemars(title = "Object", extend("order" = 2, "examples" = ["users"]))]
    pub object: String,
    /// What is done with them.
    #[schemars(title = "Operation", extend("type" = "string", "order" = 3))]
    pub operation: WrittenOperation,
    /// The field by which a row is found in Zendesk. Empty: the stream's primary key.
    #[schemars(with = "String", title = "Match On", extend("order" = 4, "examples" = ["external_id", "email", "id"]))]
    #[serde(default)]
    pub match_on: Option<String>,
    /// The field of each column whose name is not the field's, by the column's name.
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
    /// Marks members of an audience.
    Add,
    /// Unmarks members of an audience.
    Remove,
    /// Marks the rows, and unmarks all others.
    Mirror,
}

/// A set of users or organizations.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(title = "Audience", extend("additionalProperties" = true))]
pub struct WrittenAudience {
    /// Its name in `audience:` and `audience_mirror:`, in small letters, digits, `_` and `-`.
    #[schemars(title = "Slug", extend("order" = 0, "examples" = ["vip"]))]
    pub slug: String,
    /// What its members are.
    #[schemars(with = "WrittenAudienceOf", title = "Of", extend("type" = "string", "order" = 1, "default" = "users"))]
    #[serde(default)]
    pub of: Option<WrittenAudienceOf>,
    /// What makes somebody a member. Give one of the three; a checkbox field of its own is best.
    #[schemars(title = "As", extend("order" = 2))]
    #[serde(rename = "as")]
    pub by: WrittenAs,
    /// A mirror creates who is missing, and writes the mapped fields too.
    #[schemars(with = "bool", title = "Create Who Is Missing", extend("order" = 3, "default" = false))]
    #[serde(default)]
    pub create_missing: Option<bool>,
    /// A mirror of no rows removes all members, as far as `max_removal_percent` lets it.
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
    /// A tag. Zendesk copies tags of users to their new tickets.
    #[schemars(with = "String", title = "Tag", extend("order" = 1, "examples" = ["vip"]))]
    #[serde(default)]
    pub tag: Option<String>,
    /// The external id of an organization that users join. Whoever leaves it loses it on open tickets, too.
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
