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
                "Followers of articles. The stream takes one request for each article that \
                 changed, and one for each article once a week.",
            ),
            limitations: prose(
                "Followers who left; a full refresh drops them. An article has no count of \
                 followers, so new followers of an unchanged article arrive within a week, when \
                 all articles are read again.",
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
                "Followers of sections. The stream takes one request for each section that \
                 changed, and one for each section once a week.",
            ),
            limitations: prose(
                "Followers who left; a full refresh drops them. A section has no count of \
                 followers, so new followers of an unchanged section arrive within a week, when \
                 all sections are read again.",
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
                "Followers of posts. The stream takes one request for each post that changed or \
                 has a new count of followers, and one for each post once a week.",
            ),
            limitations: prose(
                "Followers who left; a full refresh drops them. New followers of a post are \
                 found through its count of followers. With more than 1,000 posts, this takes up \
                 to a day. A follower who joins when another leaves arrives within a week, when \
                 all posts are read again.",
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
                "Followers of topics. The stream takes one request for each topic that changed \
                 or has a new count of followers, and one for each topic once a week.",
            ),
            limitations: prose(
                "Followers who left; a full refresh drops them. New followers of a topic are \
                 found through its count of followers. A follower who joins when another leaves \
                 arrives within a week, when all topics are read again.",
            ),
            ..Stream::of_help_centers(
                "topic_subscriptions",
                &TOPIC_SUBSCRIPTIONS,
                schema!("topic_subscriptions"),
            )
        },
    ]
}
