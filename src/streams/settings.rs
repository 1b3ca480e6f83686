//! Settings of the account.

use super::access::{ADMIN, ANY_AGENT, AccessRule};
use super::brands::BRANDS;
use super::cursor::Cursor;
use super::deletion::{Deletion, DeletionMarker};
use super::feed::Feed;
use super::prose::prose;
use super::rows::{RowsAt, Step};
use super::schema::schema;
use super::sources::Source;
use super::stream::Stream;

static CUSTOM_ROLES: Feed = Feed::single("custom_roles", "custom_roles.json", &["custom_roles"]);

static LOCALES: Feed = Feed::single("locales", "locales.json", &["locales"]);

static DYNAMIC_CONTENT_ITEMS: Feed =
    Feed::listing("dynamic_content_items", "dynamic_content/items.json", &["items"]);

static DELETION_SCHEDULES: Feed =
    Feed::single("deletion_schedules", "deletion_schedules.json", &["deletion_schedules"]);

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

pub(super) fn streams() -> Vec<Stream> {
    vec![
        Stream {
            cursor: Cursor::UPDATED,
            access: AccessRule { plan: Some("Enterprise"), ..ANY_AGENT },
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/account-configuration/custom_roles/",
            ),
            about: prose("Custom agent roles, with their permissions."),
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
            cursor: Cursor::UPDATED,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/account-configuration/locales/",
            ),
            about: prose("Languages that the account offers."),
            limitations: prose("Removed languages; a full refresh drops them."),
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
            about: prose(
                "Dynamic content: texts for placeholders, with their variants by \
                language.",
            ),
            limitations: prose(
                "Deleted items, which a full refresh drops. Variants that change without their \
                 item.",
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
                "Deletion schedules, inactive ones included: rules that delete tickets and users \
                 after a time.",
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
            access: ADMIN,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/apps/resource_collections/",
            ),
            about: prose(
                "Resource collections: fields, triggers, targets and other items that apps \
                 created in the account by their requirements files.",
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
            about: prose("Handles of X (formerly Twitter) whose posts become tickets."),
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
            about: prose("Support addresses that receive e-mail, and whether forwarding works."),
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
            about: prose("Accounts that tickets are shared with, and the terms."),
            limitations: prose("Deleted agreements; a full refresh drops them."),
            ..Stream::listed(
                "sharing_agreements",
                &SHARING_AGREEMENTS,
                schema!("sharing_agreements"),
            )
        },
    ]
}
