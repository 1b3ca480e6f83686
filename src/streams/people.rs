//! Organizations, groups and users: contact data, details, and memberships.

use super::access::ADMIN;
use super::cursor::{Cursor, CursorFormat};
use super::deletion::{Deletion, DeletionMarker};
use super::feed::{Feed, Order};
use super::fields::{ORGANIZATION_FIELDS, USER_FIELDS};
use super::prose::prose;
use super::rows::{Beside, Lists, RowsAt};
use super::schema::schema;
use super::stream::Stream;
use super::support::EXPORT;
use super::{custom_fields, fallbacks};
use zendesk::budget::Bucket;
use zendesk::paging::Paging;

/// The only listing that also has deleted users. It is in the order of the last change.
pub(super) static INCREMENTAL_USERS: Feed = Feed {
    paging: Paging::ExportCursor,
    order: Order::ByTime("updated_at"),
    windows: true,
    buckets: &[Bucket::Account, Bucket::Incremental, Bucket::IncrementalUsers],
    ..Feed::listing("incremental_users", "incremental/users/cursor.json", &["users"])
};

pub(super) static INCREMENTAL_ORGANIZATIONS: Feed = Feed {
    paging: Paging::ExportTime { end_mark: true },
    order: Order::ByTime("updated_at"),
    buckets: EXPORT,
    windows: true,
    ..Feed::listing(
        "incremental_organizations",
        "incremental/organizations.json",
        &["organizations"],
    )
};

static GROUPS: Feed = Feed {
    query: &[("exclude_deleted", "false")],
    ..Feed::listing("groups", "groups.json", &["groups"])
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
            limitations: prose("Nothing is known to be missing."),
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
            about: prose("Identities of users: e-mail addresses, phone numbers and accounts."),
            limitations: prose(
                "Deleted identities, and changes that do not update the user; a \
                full refresh shows them.",
            ),
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
            about: prose("Deleted users. The personal data of permanently deleted users is null."),
            limitations: prose(
                "Permanent deletions, if they do not change `updated_at`; a full refresh shows \
                 them.",
            ),
            ..Stream::listed("deleted_users", &DELETED_USERS, schema!("deleted_users"))
        },
        Stream {
            scope: "organizations:read",
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/organizations/organization_subscriptions/",
            ),
            about: prose("Users who follow the tickets of an organization."),
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
        Stream {
            cursor: Some(Cursor {
                field: "updated_at",
                format: CursorFormat::Unix,
                formerly: &[],
                parents: &[],
            }),
            deletion: Some(Deletion { sign: DeletionMarker::Time("deleted_at"), at: "deleted_at" }),
            custom_fields: Some(&custom_fields::OF_ORGANIZATIONS),
            fallback: Some(&fallbacks::OF_ORGANIZATIONS),
            count: Some("organizations/count.json"),
            access: ADMIN,
            scope: "organizations:read",
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/organizations/organizations/",
            ),
            about: prose("Organizations, deleted ones included."),
            limitations: prose("Nothing is known to be missing."),
            ..Stream::listed("organizations", &INCREMENTAL_ORGANIZATIONS, schema!("organizations"))
        },
        Stream {
            cursor: Some(Cursor {
                field: "updated_at",
                format: CursorFormat::Iso,
                formerly: &[],
                parents: &[],
            }),
            deletion: Deletion::by(DeletionMarker::Flag("deleted")),
            count: Some("groups/count.json"),
            documentation: prose(
                "https://developer.zendesk.com/api-reference/ticketing/groups/groups/",
            ),
            about: prose("Groups of agents, deleted ones included."),
            limitations: prose("Nothing is known to be missing."),
            ..Stream::listed("groups", &GROUPS, schema!("groups"))
        },
    ]
}
