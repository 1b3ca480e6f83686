//! Gather: topics and posts, and what hangs on posts. It shares the help center's request pool.

use super::access::{ANY_AGENT, AccessRule};
use super::brands::BRAND;
use super::cursor::{Cursor, CursorFormat};
use super::feed::{ChangeSource, Feed, Parent};
use super::help_center::POOL;
use super::rows::Splice;
use super::stream::Stream;

static TOPICS: Feed =
    Feed { buckets: POOL, ..Feed::listing("topics", "community/topics.json", &["topics"]) };

/// There is no export of posts, and `start_time` does nothing here.
static POSTS: Feed =
    Feed { buckets: POOL, ..Feed::listing("posts", "community/posts.json", &["posts"]) };

/// Votes and comments move a post's numbers, not its time.
const COUNTED: Option<ChangeSource> = Some(ChangeSource::Numbers {
    feed: &POSTS,
    keys: &["vote_count", "vote_sum", "comment_count"],
});

static POST_COMMENTS: Feed = Feed {
    buckets: POOL,
    parent: Some(Parent { told_by: COUNTED, ..Parent::of(&POSTS, &[("post_id", "id")]) }),
    ..Feed::listing("post_comments", "community/posts/{post_id}/comments.json", &["comments"])
};

static POST_VOTES: Feed = Feed {
    buckets: POOL,
    parent: Some(Parent { told_by: COUNTED, ..Parent::of(&POSTS, &[("post_id", "id")]) }),
    ..Feed::listing("post_votes", "community/posts/{post_id}/votes.json", &["votes"])
};

static POST_COMMENT_VOTES: Feed = Feed {
    buckets: POOL,
    parent: Some(Parent::of(&POST_COMMENTS, &[("comment_id", "id")])),
    ..Feed::listing(
        "post_comment_votes",
        "community/posts/{post_id}/comments/{comment_id}/votes.json",
        &["votes"],
    )
};

const OF_POSTS: &[(&str, &str)] = &[("posts", "updated_at")];
const OF_POST_COMMENTS: &[(&str, &str)] =
    &[("post_comments", "updated_at"), ("posts", "updated_at")];

const GATHER: AccessRule = AccessRule { feature: Some("the community (Gather)"), ..ANY_AGENT };

const VOTES: &str = include_str!("../../schemas/votes.json");
const VOTES_DOCS: &str =
    "https://developer.zendesk.com/api-reference/help_center/help-center-api/votes/";

/// What children of posts share about deletions and silent changes.
const UNSEEN_CHILDREN: &str = "Deletions; a full refresh shows them. New comments and votes that do not \
     touch the post are seen by its numbers of both; other changes come with the weekly pass over all \
     posts.";

pub(super) fn streams() -> Vec<Stream> {
    vec![
        Stream {
            cursor: Cursor::UPDATED,
            access: GATHER,
            documentation: "https://developer.zendesk.com/api-reference/help_center/help-center-api/topics/",
            about: "Topics of the community that the user may see.",
            limitations: "Deleted topics; a full refresh drops them.",
            ..Stream::of_help_centers("topics", &TOPICS, include_str!("../../schemas/topics.json"))
        },
        Stream {
            cursor: Cursor::of("updated_at", CursorFormat::Unix),
            dated: true,
            access: GATHER,
            documentation: "https://developer.zendesk.com/api-reference/help_center/help-center-api/posts/",
            about: "Posts of the community that the user may see.",
            limitations: "Deleted posts; a full refresh drops them.",
            counted_by: COUNTED,
            ..Stream::of_help_centers("posts", &POSTS, include_str!("../../schemas/posts.json"))
        },
        Stream {
            cursor: Cursor::below(OF_POSTS, CursorFormat::Unix),
            dated: true,
            splice: &[
                BRAND,
                Splice::Object {
                    key: "_airbyte_parent_id",
                    members: &[("post_id", "post_id"), ("comment_id", "id")],
                },
            ],
            access: GATHER,
            documentation: "https://developer.zendesk.com/api-reference/help_center/help-center-api/post_comments/",
            about: "Comments on posts.",
            limitations: UNSEEN_CHILDREN,
            ..Stream::of_help_centers(
                "post_comments",
                &POST_COMMENTS,
                include_str!("../../schemas/post_comments.json"),
            )
        },
        Stream {
            cursor: Cursor::below(OF_POSTS, CursorFormat::Unix),
            dated: true,
            access: GATHER,
            documentation: VOTES_DOCS,
            about: "Votes on posts.",
            limitations: UNSEEN_CHILDREN,
            ..Stream::of_help_centers("post_votes", &POST_VOTES, VOTES)
        },
        Stream {
            cursor: Cursor::below(OF_POST_COMMENTS, CursorFormat::Unix),
            dated: true,
            access: GATHER,
            documentation: VOTES_DOCS,
            about: "Votes on comments on posts.",
            limitations: UNSEEN_CHILDREN,
            ..Stream::of_help_centers("post_comment_votes", &POST_COMMENT_VOTES, VOTES)
        },
    ]
}
