//! Subscriptions: who follows what in the help center and the community.
//!
//! Source: Zendesk, Content Subscriptions.

use super::brands::BRAND;
use super::community::{GATHER, OF_POSTS, POSTS, TOPICS};
use super::cursor::{Cursor, CursorFormat};
use super::feed::{ChangeSource, Feed, Parent};
use super::help_center::{GUIDE, INCREMENTAL_ARTICLES, OF_ARTICLES, OF_SECTIONS, SECTIONS};
use super::prose::prose;
use super::schema::schema;
use super::sources::Source::Filled;
use super::stream::Stream;

static ARTICLE_SUBSCRIPTIONS: Feed = Feed {
    parent: Some(Parent::of(&INCREMENTAL_ARTICLES, &[("article_id", "id")])),
    ..Feed::of_help_centers(
        "article_subscriptions",
        "help_center/articles/{article_id}/subscriptions.json",
        &["subscriptions"],
    )
};

static SECTION_SUBSCRIPTIONS: Feed = Feed {
    parent: Some(Parent::of(&SECTIONS, &[("section_id", "id")])),
    ..Feed::of_help_centers(
        "section_subscriptions",
        "help_center/sections/{section_id}/subscriptions.json",
        &["subscriptions"],
    )
};

/// The count of followers has a list of its own, apart from the counts of votes and comments. So a
/// new follower causes no request for votes or comments.
const FOLLOWERS: &[&str] = &["follower_count"];

static POST_SUBSCRIPTIONS: Feed = Feed {
    parent: Some(Parent {
        told_by: Some(ChangeSource::Numbers { feed: &POSTS, keys: FOLLOWERS }),
        ..Parent::of(&POSTS, &[("post_id", "id")])
    }),
    ..Feed::of_help_centers(
        "post_subscriptions",
        "community/posts/{post_id}/subscriptions.json",
        &["subscriptions"],
    )
};

static TOPIC_SUBSCRIPTIONS: Feed = Feed {
    parent: Some(Parent {
        told_by: Some(ChangeSource::Numbers { feed: &TOPICS, keys: FOLLOWERS }),
        ..Parent::of(&TOPICS, &[("topic_id", "id")])
    }),
    ..Feed::of_help_centers(
        "topic_subscriptions",
        "community/topics/{topic_id}/subscriptions.json",
        &["subscriptions"],
    )
};

const OF_TOPICS: &[(&str, &str)] = &[("topics", "updated_at")];

const DOCS: &str =
    "https://developer.zendesk.com/api-reference/help_center/help-center-api/subscriptions/";

/// The streams of subscriptions to content of help centers.
pub(super) fn of_help_centers() -> Vec<Stream> {
    vec![
        Stream {
            cursor: Cursor::below(OF_ARTICLES, CursorFormat::Unix),
            splice: &[BRAND, ("article_id", Filled("article_id"))],
            access: GUIDE,
            documentation: prose(DOCS),
            about: prose(
                "Who follows which article. It takes a request for each article that changed, and one \
                    for each of them once a week.",
            ),
            limitations: prose(
                "Followers who left; a full refresh drops them. No number of an article tells of its \
                 followers: those who come while it stays as it is come with the weekly pass over all \
                 articles.",
            ),
            ..Stream::of_help_centers(
                "article_subscriptions",
                &ARTICLE_SUBSCRIPTIONS,
                schema!("article_subscriptions"),
            )
        },
        Stream {
            cursor: Cursor::below(OF_SECTIONS, CursorFormat::Unix),
            splice: &[BRAND, ("section_id", Filled("section_id"))],
            access: GUIDE,
            documentation: prose(DOCS),
            about: prose(
                "Who follows which section. It takes a request for each section that changed, and one \
                    for each of them once a week.",
            ),
            limitations: prose(
                "Followers who left; a full refresh drops them. No number of a section tells of its \
                 followers: those who come while it stays as it is come with the weekly pass over all \
                 sections.",
            ),
            ..Stream::of_help_centers(
                "section_subscriptions",
                &SECTION_SUBSCRIPTIONS,
                schema!("section_subscriptions"),
            )
        },
    ]
}

/// The streams of subscriptions to content of the community.
pub(super) fn of_communities() -> Vec<Stream> {
    vec![
        Stream {
            cursor: Cursor::below(OF_POSTS, CursorFormat::Unix),
            dated: true,
            splice: &[BRAND, ("post_id", Filled("post_id"))],
            access: GATHER,
            documentation: prose(DOCS),
            about: prose(
                "Who follows which post. It takes a request for each post that changed or has another \
                    number of followers, and one for each of them once a week.",
            ),
            limitations: prose(
                "Followers who left; a full refresh drops them. New followers of a post are seen by its \
                 number of followers, within a day where there are more than 1,000 posts; one who comes \
                 when another leaves comes with the weekly pass over all posts.",
            ),
            ..Stream::of_help_centers(
                "post_subscriptions",
                &POST_SUBSCRIPTIONS,
                schema!("post_subscriptions"),
            )
        },
        Stream {
            cursor: Cursor::below(OF_TOPICS, CursorFormat::Unix),
            splice: &[BRAND, ("topic_id", Filled("topic_id"))],
            access: GATHER,
            documentation: prose(DOCS),
            about: prose(
                "Who follows which topic. It takes a request for each topic that changed or has another \
                    number of followers, and one for each of them once a week.",
            ),
            limitations: prose(
                "Followers who left; a full refresh drops them. New followers of a topic are seen by its \
                 number of followers; one who comes when another leaves comes with the weekly pass over \
                 all topics.",
            ),
            ..Stream::of_help_centers(
                "topic_subscriptions",
                &TOPIC_SUBSCRIPTIONS,
                schema!("topic_subscriptions"),
            )
        },
    ]
}
