//! How the account is set up, and who changed it.

use super::access::{ADMIN, ANY_AGENT, AccessRule};
use super::brands::BRANDS;
use super::cursor::{Cursor, CursorFormat};
use super::deletion::{DeletedRows, Deletion, DeletionMarker};
use super::feed::{Feed, Order, Parent, TimeFilter};
use super::prose::prose;
use super::rows::{Lists, RowsAt, Step};
use super::schema::schema;
use super::sources::Source;
use super::stream::Stream;

static CUSTOM_ROLES: Feed = Feed::single("custom_roles", "custom_roles.json", &["custom_roles"]);

static LOCALES: Feed = Feed::single("locales", "locales.json", &["locales"]);

static DYNAMIC_CONTENT_ITEMS: Feed =
    Feed::listing("dynamic_content_items", "dynamic_content/items.json", &["items"]);

static DELETION_SCHEDULES: Feed =
    Feed::single("deletion_schedules", "deletion_schedules.json", &["deletion_schedules"]);

static QUEUES: Feed = Feed::single("queues", "queues.json", &["queues"]);

static RESOURCE_COLLECTIONS: Feed =
    Feed::single("resource_collections", "resource_collections.json", &["resource_collections"]);

static MONITORED_TWITTER_HANDLES: Feed = Feed::single(
    "monitored_twitter_handles",
    "channels/twitter/monitored_twitter_handles.json",
    &["monitored_twitter_handles"],
);

static RECIPIENT_ADDRESSES: Feed =
    Feed::listing("recipient_addresses", "recipient_addresses.json", &["recipient_addresses"]);

static SHARING_AGREEMENTS: Feed =
    Feed::single("sharing_agreements", "sharing_agreements.json", &["sharing_agreements"]);

static ACCOUNT_ATTRIBUTES: Feed =
    Feed::single("account_attributes", "routing/attributes.json", &["attributes"]);

/// `include=attribute_values` is not known to name the attribute in each value; the path is.
static ATTRIBUTE_VALUES: Feed = Feed {
    parent: Some(Parent::of(&ACCOUNT_ATTRIBUTES, &[("attribute_id", "id")])),
    ..Feed::single(
        "attribute_values",
        "routing/attributes/{attribute_id}/values.json",
        &["attribute_values"],
    )
};

const CONDITIONS_ALL: &[&str] = &["definitions", "conditions_all"];
const CONDITIONS_ANY: &[&str] = &["definitions", "conditions_any"];

static ATTRIBUTE_DEFINITIONS: Feed =
    Feed::single("attribute_definitions", "routing/attributes/definitions.json", CONDITIONS_ALL);

/// The log by itself is newest first; asked to, it lists oldest first, so that the position can
/// move with every page.
static AUDIT_LOGS: Feed = Feed {
    query: &[("sort", "created_at")],
    order: Order::ByTime("created_at"),
    since: TimeFilter::Between("filter[created_at][]", "filter[created_at][]"),
    ..Feed::listing("audit_logs", "audit_logs.json", &["audit_logs"])
};

const SKILLS: AccessRule =
    AccessRule { plan: Some("Enterprise"), feature: Some("skills-based routing"), ..ADMIN };

const SKILLS_DOCS: &str =
    "https://developer.zendesk.com/api-reference/ticketing/ticket-management/skill_based_routing/";

pub(super) fn streams() -> Vec<Stream> {
    vec![
        Stream {
            cursor: Cursor::UPDATED,
            access: AccessRule { plan: Some("Enterprise"), ..ANY_AGENT },
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/account-configuration/custom_roles/",
            ),
            about: prose("Custom agent roles and what each may do."),
            limitations: prose("Deleted roles; a full refresh drops them."),
            ..Stream::listed("custom_roles", &CUSTOM_ROLES, schema!("custom_roles"))
        },
        Stream {
            deletion: Deletion::by(DeletionMarker::Flag("is_deleted")),
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/account-configuration/brands/",
            ),
            about: prose("Brands, inactive ones included."),
            limitations: prose("There is no incremental read."),
            ..Stream::listed("brands", &BRANDS, schema!("brands"))
        },
        Stream {
            access: SKILLS,
            documentation: prose(SKILLS_DOCS),
            about: prose("Kinds of skills by which tickets are routed."),
            limitations: prose("There is no incremental read."),
            ..Stream::listed(
                "account_attributes",
                &ACCOUNT_ATTRIBUTES,
                schema!("account_attributes"),
            )
        },
        Stream {
            splice: &[("attribute_id", Source::Filled("attribute_id"))],
            access: SKILLS,
            documentation: prose(SKILLS_DOCS),
            about: prose("Skills of each kind. It takes a request for each kind."),
            limitations: prose("There is no incremental read."),
            ..Stream::listed("attribute_values", &ATTRIBUTE_VALUES, schema!("attribute_values"))
        },
        Stream {
            rows: RowsAt {
                lists: Lists::Several(&[("all", CONDITIONS_ALL), ("any", CONDITIONS_ANY)]),
                ..RowsAt::LISTED
            },
            splice: &[("condition", Source::ListName)],
            primary_key: &["subject", "condition"],
            access: SKILLS,
            documentation: prose(SKILLS_DOCS),
            about: prose("Conditions of which all, or any, must hold for a skill to be asked for."),
            limitations: prose("There is no incremental read."),
            ..Stream::listed(
                "attribute_definitions",
                &ATTRIBUTE_DEFINITIONS,
                schema!("attribute_definitions"),
            )
        },
        Stream {
            cursor: Cursor::of("created_at", CursorFormat::Iso),
            dated: true,
            access: AccessRule { plan: Some("Enterprise"), ..ADMIN },
            scope: "auditlogs:read",
            deleted_rows: DeletedRows::None,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/account-configuration/audit_logs/",
            ),
            about: prose("Who changed what in the account's settings, and when."),
            limitations: prose("Nothing that is known."),
            ..Stream::listed("audit_logs", &AUDIT_LOGS, schema!("audit_logs"))
        },
        Stream {
            cursor: Cursor::UPDATED,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/account-configuration/locales/",
            ),
            about: prose("Languages that the account offers."),
            limitations: prose("Languages that were taken out; a full refresh drops them."),
            ..Stream::listed("locales", &LOCALES, schema!("locales"))
        },
        Stream {
            cursor: Cursor::UPDATED,
            access: AccessRule {
                feature: Some("the permission to manage dynamic content"),
                ..ANY_AGENT
            },
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/ticket-management/dynamic_content/",
            ),
            about: prose("Texts that placeholders stand for, with their variants by language."),
            limitations: prose(
                "Deleted items, which a full refresh drops; and variants that change without their item.",
            ),
            ..Stream::listed(
                "dynamic_content_items",
                &DYNAMIC_CONTENT_ITEMS,
                schema!("dynamic_content_items"),
            )
        },
        Stream {
            rows: RowsAt::inside(&[Step::Each("variants")]),
            splice: &[("dynamic_content_item_id", Source::Of(0, "id"))],
            access: AccessRule {
                feature: Some("the permission to manage dynamic content"),
                ..ANY_AGENT
            },
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/ticket-management/dynamic_content_item_variants/",
            ),
            about: prose("The texts of dynamic content, one row for each language of an item."),
            limitations: prose("There is no incremental read."),
            ..Stream::listed(
                "dynamic_content_variants",
                &DYNAMIC_CONTENT_ITEMS,
                schema!("dynamic_content_variants"),
            )
        },
        Stream {
            cursor: Cursor::UPDATED,
            access: ADMIN,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/account-configuration/deletion_schedules/",
            ),
            about: prose(
                "Rules by which tickets and users are deleted after a time, inactive ones included.",
            ),
            limitations: prose("Deleted rules; a full refresh drops them."),
            ..Stream::listed(
                "deletion_schedules",
                &DELETION_SCHEDULES,
                schema!("deletion_schedules"),
            )
        },
        Stream {
            cursor: Cursor::UPDATED,
            access: AccessRule {
                plan: Some("Suite or Support Professional"),
                feature: Some("omnichannel routing"),
                ..ADMIN
            },
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/ticket-management/omnichannel_routing_queues/",
            ),
            about: prose(
                "Queues in which work waits for agents: their conditions, their order, and the groups that serve \
                    them.",
            ),
            limitations: prose("Inactive queues. Deleted ones; a full refresh drops them."),
            ..Stream::listed("queues", &QUEUES, schema!("queues"))
        },
        Stream {
            cursor: Cursor::UPDATED,
            access: ADMIN,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/apps/resource_collections/",
            ),
            about: prose(
                "What was made in the account by files of requirements, as apps bring them: fields, triggers, \
                    targets and so on.",
            ),
            limitations: prose("Deleted collections; a full refresh drops them."),
            ..Stream::listed(
                "resource_collections",
                &RESOURCE_COLLECTIONS,
                schema!("resource_collections"),
            )
        },
        Stream {
            cursor: Cursor::UPDATED,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/channels/twitter_channel/",
            ),
            about: prose("Handles of X, formerly Twitter, whose posts become tickets."),
            limitations: prose("Handles that are no longer monitored; a full refresh drops them."),
            ..Stream::listed(
                "monitored_twitter_handles",
                &MONITORED_TWITTER_HANDLES,
                schema!("monitored_twitter_handles"),
            )
        },
        Stream {
            cursor: Cursor::UPDATED,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/account-configuration/support_addresses/",
            ),
            about: prose(
                "Addresses at which the account receives mail, and whether forwarding works.",
            ),
            limitations: prose("Deleted addresses; a full refresh drops them."),
            ..Stream::listed(
                "recipient_addresses",
                &RECIPIENT_ADDRESSES,
                schema!("recipient_addresses"),
            )
        },
        Stream {
            cursor: Cursor::UPDATED,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/tickets/sharing_agreements/",
            ),
            about: prose("Accounts that tickets are shared with, and on what terms."),
            limitations: prose("Deleted agreements; a full refresh drops them."),
            ..Stream::listed(
                "sharing_agreements",
                &SHARING_AGREEMENTS,
                schema!("sharing_agreements"),
            )
        },
    ]
}
