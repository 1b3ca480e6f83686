//! Who follows what in the help center and the community. Source: Zendesk, Content Subscriptions.

use super::{Resource, child};
use crate::listings::{Listing, children};
use crate::rows::{RowMaker, subscriptions};

/// A resource with few rows: three pages below the parent with most of them.
const fn of(
    parent: &'static str,
    name: &'static str,
    make: RowMaker,
    listings: &'static [Listing],
) -> Resource {
    Resource { tiny: 15, listings, ..child(name, parent, make) }
}

pub(super) const RESOURCES: &[Resource] = &[
    of(
        "articles",
        "article_subscriptions",
        subscriptions::of_article,
        &[children(
            "help_center/articles/{}/subscriptions",
            "article_subscriptions",
            "subscriptions",
        )],
    ),
    of(
        "sections",
        "section_subscriptions",
        subscriptions::of_section,
        &[children(
            "help_center/sections/{}/subscriptions",
            "section_subscriptions",
            "subscriptions",
        )],
    ),
    of(
        "posts",
        "post_subscriptions",
        subscriptions::of_post,
        &[children("community/posts/{}/subscriptions", "post_subscriptions", "subscriptions")],
    ),
    of(
        "topics",
        "topic_subscriptions",
        subscriptions::of_topic,
        &[children("community/topics/{}/subscriptions", "topic_subscriptions", "subscriptions")],
    ),
];
