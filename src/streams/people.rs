//! Users, how to reach them, what is known of them, and which groups and organizations they are in.

use super::access::ADMIN;
use super::cursor::{Cursor, CursorFormat};
use super::deletion::{Deletion, DeletionMarker};
use super::feed::{Feed, Order};
use super::fields::{ORGANIZATION_FIELDS, USER_FIELDS};
use super::prose::prose;
use super::rows::{Beside, Lists, RowsAt};
use super::schema::schema;
use super::stream::Stream;
use super::{custom_fields, fallbacks};
use zendesk::budget::Bucket;
use zendesk::paging::Paging;

/// The only listing that has deleted users too, by their last change.
pub(super) static INCREMENTAL_USERS: Feed = Feed {
    paging: Paging::ExportCursor,
    order: Order::ByTime("updated_at"),
    windows: true,
    buckets: &[Bucket::Account, Bucket::Incremental, Bucket::IncrementalUsers],
    ..Feed::listing("incremental_users", "incremental/users/cursor.json", &["users"])
};

static DELETED_USERS: Feed =
    Feed::listing("deleted_users", "deleted_users.json", &["deleted_users"]);

static ORGANIZATION_SUBSCRIPTIONS: Feed = Feed::listing(
    "organization_subscriptions",
    "organization_subscriptions.json",
    &["organization_subscriptions"],
);

static BRAND_AGENTS: Feed = Feed::listing("brand_agents", "brand_agents.json", &["brand_agents"]);

static GROUP_MEMBERSHIPS: Feed =
    Feed::listing("group_memberships", "group_memberships.json", &["group_memberships"]);

static ORGANIZATION_MEMBERSHIPS: Feed = Feed::listing(
    "organization_memberships",
    "organization_memberships.json",
    &["organization_memberships"],
);

const USER_CURSOR: Option<Cursor> = Cursor::of("updated_at", CursorFormat::Unix);

pub(super) fn streams() -> Vec<Stream> {
    vec![
        Stream {
            cursor: USER_CURSOR,
            dated_on_request: true,
            deletion: Deletion::by(DeletionMarker::FlagUnset("active")),
            kept: Some("role"),
            custom_fields: Some(&custom_fields::OF_USERS),
            fallback: Some(&fallbacks::OF_USERS),
            count: Some("users/count.json"),
            access: ADMIN,
            scope: "users:read",
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/users/users/",
            ),
            about: prose("End users, agents and administrators, deleted ones included."),
            limitations: prose("Nothing that is known."),
            ..Stream::listed("users", &INCREMENTAL_USERS, schema!("users"))
        },
        Stream {
            rows: RowsAt {
                lists: Lists::Beside(Beside { list: &["identities"], by: "user_id", of: "id" }),
                ..RowsAt::LISTED
            },
            include: &["identities"],
            kept: Some("role"),
            cursor: USER_CURSOR,
            dated_on_request: true,
            access: ADMIN,
            scope: "users:read",
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/users/user_identities/",
            ),
            about: prose("E-mail addresses, phone numbers and accounts by which users are known."),
            limitations: prose("Deleted identities and silent changes; a full refresh shows them."),
            ..Stream::listed("user_identities", &INCREMENTAL_USERS, schema!("user_identities"))
        },
        Stream {
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/users/user_fields/",
            ),
            about: prose("Custom fields of users."),
            limitations: prose("There is no incremental read."),
            ..Stream::listed("user_fields", &USER_FIELDS, schema!("user_fields"))
        },
        Stream {
            cursor: Cursor::UPDATED,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/organizations/organization_fields/",
            ),
            about: prose("Custom fields of organizations."),
            limitations: prose("Deleted fields; a full refresh drops them."),
            ..Stream::listed(
                "organization_fields",
                &ORGANIZATION_FIELDS,
                schema!("organization_fields"),
            )
        },
        Stream {
            cursor: Cursor::UPDATED,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/groups/group_memberships/",
            ),
            about: prose("Which agent is in which group."),
            limitations: prose("Memberships that ended; a full refresh drops them."),
            ..Stream::listed("group_memberships", &GROUP_MEMBERSHIPS, schema!("group_memberships"))
        },
        Stream {
            cursor: Cursor::UPDATED,
            scope: "organizations:read",
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/organizations/organization_memberships/",
            ),
            about: prose("Which user is in which organization."),
            limitations: prose("Memberships that ended; a full refresh drops them."),
            ..Stream::listed(
                "organization_memberships",
                &ORGANIZATION_MEMBERSHIPS,
                schema!("organization_memberships"),
            )
        },
        Stream {
            cursor: Cursor::UPDATED,
            deletion: Deletion::by(DeletionMarker::Every),
            scope: "users:read",
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/users/users/#list-deleted-users",
            ),
            about: prose(
                "Users that were deleted. What was personal of those deleted for good is null.",
            ),
            limitations: prose(
                "Users deleted for good, if that does not change their `updated_at`; a full refresh shows them.",
            ),
            ..Stream::listed("deleted_users", &DELETED_USERS, schema!("deleted_users"))
        },
        Stream {
            scope: "organizations:read",
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/organizations/organization_subscriptions/",
            ),
            about: prose("Which user follows the tickets of which organization."),
            limitations: prose("There is no incremental read."),
            ..Stream::listed(
                "organization_subscriptions",
                &ORGANIZATION_SUBSCRIPTIONS,
                schema!("organization_subscriptions"),
            )
        },
        Stream {
            cursor: Cursor::UPDATED,
            access: ADMIN,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/account-configuration/brand_agents/",
            ),
            about: prose("Which agent works for which brand."),
            limitations: prose("Memberships that ended; a full refresh drops them."),
            ..Stream::listed("brand_agents", &BRAND_AGENTS, schema!("brand_agents"))
        },
    ]
}
