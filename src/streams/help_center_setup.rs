//! The setup of help centers and the community: permissions to view and edit, labels, tags, badges,
//! themes, and content from other systems.
//!
//! Source: Zendesk, Help Center API. An account has the listings below `guide/` and `gather/`, and
//! the user segments, only once. They are read at the account's own host.

use super::access::{ANY_AGENT, AccessRule};
use super::cursor::Cursor;
use super::feed::Feed;
use super::prose::prose;
use super::schema::schema;
use super::stream::Stream;
use zendesk::budget::Bucket;

/// This listing is at the account's own host, but does not draw on the help centers' bucket.
static USER_SEGMENTS: Feed = Feed {
    buckets: &[Bucket::HelpCenter],
    ..Feed::listing("user_segments", "help_center/user_segments.json", &["user_segments"])
};

static PERMISSION_GROUPS: Feed =
    Feed::listing("permission_groups", "guide/permission_groups", &["permission_groups"]);

static ARTICLE_LABELS: Feed =
    Feed::of_help_centers("article_labels", "help_center/articles/labels.json", &["labels"]);

static CONTENT_TAGS: Feed = Feed::listing("content_tags", "guide/content_tags", &["content_tags"]);

static SERVICE_CATALOG_ITEMS: Feed = Feed::of_help_centers(
    "service_catalog_items",
    "help_center/service_catalog/items",
    &["service_catalog_items"],
);

static THEMES: Feed = Feed::single("themes", "guide/theming/themes", &["themes"]);

static REDIRECT_RULES: Feed =
    Feed::listing("redirect_rules", "guide/redirect_rules", &["redirect_rules"]);

static EXTERNAL_CONTENT_RECORDS: Feed =
    Feed::listing("external_content_records", "guide/external_content/records", &["records"]);

static EXTERNAL_CONTENT_SOURCES: Feed =
    Feed::listing("external_content_sources", "guide/external_content/sources", &["sources"]);

static EXTERNAL_CONTENT_TYPES: Feed =
    Feed::listing("external_content_types", "guide/external_content/types", &["types"]);

const GUIDE: AccessRule = AccessRule { feature: Some("the help center (Guide)"), ..ANY_AGENT };

const LABELS: AccessRule = AccessRule { plan: Some("Guide Professional"), ..GUIDE };

const GUIDE_MANAGER: AccessRule =
    AccessRule { feature: Some("the permission to manage the help center (Guide)"), ..ANY_AGENT };

const CATALOG: AccessRule = AccessRule { feature: Some("the service catalog"), ..ANY_AGENT };

const SEARCH_MANAGER: AccessRule = AccessRule {
    feature: Some("the permission to manage federated search of the help center (Guide)"),
    ..ANY_AGENT
};

const SEARCH_DOCS: &str =
    "https://developer.zendesk.com/api-reference/help_center/federated-search/";
/// A stream of rows that the account has once for all of its help centers.
pub(super) const fn of_account(
    name: &'static str,
    feed: &'static Feed,
    schema: &'static str,
) -> Stream {
    Stream { cursor: Cursor::UPDATED, scope: "hc:read", ..Stream::listed(name, feed, schema) }
}

pub(super) fn streams() -> Vec<Stream> {
    vec![
        Stream {
            access: GUIDE,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/help_center/help-center-api/user_segments/",
            ),
            about: prose("User segments: who may see articles and topics."),
            limitations: prose(
                "Deleted segments; a full refresh drops them. The stream is read only at the \
                 account's own host, whose brand must have a help center. Zendesk does not \
                 document whether the host of another brand lists other segments.",
            ),
            ..of_account("user_segments", &USER_SEGMENTS, schema!("user_segments"))
        },
        Stream {
            access: GUIDE_MANAGER,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/help_center/help-center-api/permission_groups/",
            ),
            about: prose("Permission groups: which user segments may edit and publish articles."),
            limitations: prose("Deleted groups; a full refresh drops them."),
            ..of_account("permission_groups", &PERMISSION_GROUPS, schema!("permission_groups"))
        },
        Stream {
            cursor: Cursor::UPDATED,
            access: LABELS,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/help_center/help-center-api/article_labels/",
            ),
            about: prose(
                "Labels of articles, each once. The labels of an article are in its \
                 `label_names`.",
            ),
            limitations: prose(
                "Deleted labels; a full refresh drops them. Zendesk does not document whether \
                 help centers share labels. A label that two help centers list comes once for \
                 each.",
            ),
            ..Stream::of_help_centers("article_labels", &ARTICLE_LABELS, schema!("article_labels"))
        },
        Stream {
            access: GUIDE_MANAGER,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/help_center/help-center-api/content_tags/",
            ),
            about: prose("Content tags. Articles and posts refer to them by id."),
            limitations: prose("Deleted tags; a full refresh drops them."),
            ..of_account("content_tags", &CONTENT_TAGS, schema!("content_tags"))
        },
        Stream {
            access: CATALOG,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/help_center/help-center-api/service_catalog/",
            ),
            about: prose("Items of the service catalog that the user may request."),
            limitations: prose(
                "There is no incremental read; a full refresh drops deleted items. Zendesk does \
                 not document all fields of an item besides its name, text and form.",
            ),
            ..Stream::of_help_centers(
                "service_catalog_items",
                &SERVICE_CATALOG_ITEMS,
                schema!("service_catalog_items"),
            )
        },
        Stream {
            access: GUIDE_MANAGER,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/help_center/help-center-api/theming/",
            ),
            about: prose("Themes of all help centers, and which of them are live."),
            limitations: prose("Deleted themes; a full refresh drops them. Templates of themes."),
            ..of_account("themes", &THEMES, schema!("themes"))
        },
        Stream {
            access: GUIDE_MANAGER,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/help_center/help-center-api/redirect_rules/",
            ),
            about: prose("Redirects from one address of a help center to another."),
            limitations: prose(
                "Deleted rules; a full refresh drops them. Zendesk does not document this \
                 listing; it is read the way other programs read it.",
            ),
            ..of_account("redirect_rules", &REDIRECT_RULES, schema!("redirect_rules"))
        },
        Stream {
            access: SEARCH_MANAGER,
            documentation: prose(SEARCH_DOCS),
            about: prose("External content that the help center's search finds."),
            limitations: prose("Deleted records; a full refresh drops them."),
            ..of_account(
                "external_content_records",
                &EXTERNAL_CONTENT_RECORDS,
                schema!("external_content_records"),
            )
        },
        Stream {
            access: SEARCH_MANAGER,
            documentation: prose(SEARCH_DOCS),
            about: prose("Sources of external content."),
            limitations: prose("Deleted sources; a full refresh drops them."),
            ..of_account(
                "external_content_sources",
                &EXTERNAL_CONTENT_SOURCES,
                schema!("external_content_names"),
            )
        },
        Stream {
            access: SEARCH_MANAGER,
            documentation: prose(SEARCH_DOCS),
            about: prose("Types of external content."),
            limitations: prose("Deleted types; a full refresh drops them."),
            ..of_account(
                "external_content_types",
                &EXTERNAL_CONTENT_TYPES,
                schema!("external_content_names"),
            )
        },
    ]
}
