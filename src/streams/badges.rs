//! Badges, which members of the community are given.

use super::access::{ANY_AGENT, AccessRule};
use super::cursor::{Cursor, CursorFormat};
use super::feed::Feed;
use super::help_center_setup::of_account;
use super::prose::prose;
use super::schema::schema;
use super::stream::Stream;

static BADGES: Feed = Feed::listing("badges", "gather/badges", &["badges"]);

static BADGE_CATEGORIES: Feed =
    Feed::listing("badge_categories", "gather/badge_categories", &["badge_categories"]);

static BADGE_ASSIGNMENTS: Feed =
    Feed::listing("badge_assignments", "gather/badge_assignments", &["badge_assignments"]);

const BADGE_MANAGER: AccessRule = AccessRule {
    plan: Some("Gather Professional"),
    feature: Some("the permission to manage the community (Gather)"),
    ..ANY_AGENT
};

const BADGES_DOCS: &str =
    "https://developer.zendesk.com/api-reference/help_center/help-center-api/badges/";

pub(super) fn streams() -> Vec<Stream> {
    vec![
        Stream {
            access: BADGE_MANAGER,
            documentation: prose(BADGES_DOCS),
            about: prose("Badges that members of the community can get."),
            limitations: prose("Deleted badges; a full refresh drops them."),
            ..of_account("badges", &BADGES, schema!("badges"))
        },
        Stream {
            access: BADGE_MANAGER,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/help_center/help-center-api/badge_categories/",
            ),
            about: prose("Categories of badges, such as achievements and titles, by brand."),
            limitations: prose("Deleted categories; a full refresh drops them."),
            ..of_account("badge_categories", &BADGE_CATEGORIES, schema!("badge_categories"))
        },
        Stream {
            cursor: Cursor::of("created_at", CursorFormat::Iso),
            access: BADGE_MANAGER,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/help_center/help-center-api/badge_assignments/",
            ),
            about: prose("Which member of the community has which badge. A row never changes."),
            limitations: prose(
                "Badges that were removed from a member; a full refresh drops \
                their rows.",
            ),
            ..of_account("badge_assignments", &BADGE_ASSIGNMENTS, schema!("badge_assignments"))
        },
    ]
}
