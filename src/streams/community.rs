//! Gather: topics, posts, and the listings below posts. The community shares the help center's
//! bucket.

use super::access::{ANY_AGENT, AccessRule};
use super::brands::BRAND;
use super::cursor::{Cursor, CursorFormat};
use super::feed::{ChangeSource, Feed, Parent};
use super::prose::prose;
use super::schema::schema;
use super::sources::Source::{Object, Of};
use super::stream::Stream;

pub(super) static TOPICS: Feed =
    Feed::of_help_centers("topics", "community/topics.json", &["topics"]);

/// Posts have no incremental export, and `start_time` has no effect on this listing.
pub(super) static POSTS: Feed = Feed::of_help_centers("posts", "community/posts.json", &["posts"]);

/// A new vote or comment changes a post's counts, not its time.
const COUNTED: Option<ChangeSource> = Some(ChangeSource::Numbers {
    feed: &POSTS,
    keys: &["vote_count", "vote_sum", "comment_count"],
});

static POST_COMMENTS: Feed = Feed {
    parent: Some(Parent { told_by: COUNTED, ..Parent::of(&POSTS, &[("post_id", "id")]) }),
    ..Feed::of_help_centers(
        "post_comments",
        "community/posts/{post_id}/comments.json",
        &["comments"],
    )
};

static POST_VOTES: Feed = Feed {
    parent: Some(Parent { told_by: COUNTED, ..Parent::of(&POSTS, &[("post_id", "id")]) }),
    ..Feed::of_help_centers("post_votes", "community/posts/{post_id}/votes.json", &["votes"])
};

static POST_COMMENT_VOTES: Feed = Feed {
    parent: Some(Parent::of(&POST_COMMENTS, &[("comment_id", "id")])),
    ..Feed::of_help_centers(
        "post_comment_votes",
        "community/posts/{post_id}/comments/{comment_id}/votes.json",
        &["votes"],
    )
};

pub(super) const OF_POSTS: &[(&str, &str)] = &[("posts", "updated_at")];
const OF_POST_COMMENTS: &[(&str, &str)] =
    &[("post_comments", "updated_at"), ("posts", "updated_at")];

pub(super) const GATHER: AccessRule =
    AccessRule { feature: Some("the community (Gather)"), ..ANY_AGENT };

const VOTES: &str = schema!("votes");
const VOTES_DOCS: &str =
    "https://developer.zendesk.com/api-reference/help_center/help-center-api/votes/";

/// The limitations of all children of posts: deletions and silent changes.
const UNSEEN_CHILDREN: &str = "Deletions; a full refresh shows them. New comments and votes that \
    do not update the post are found through its counts. With more than 1,000 posts, this takes \
    up to a day. Other changes arrive within a week, when all posts are read again.";

pub(super) fn streams() -> Vec<Stream> {
    vec![
        Stream {
            cursor: Cursor::UPDATED,
            access: GATHER,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/help_center/help-center-api/topics/",
            ),
            about: prose("Topics of the community that the user may see."),
            limitations: prose("Deleted topics; a full refresh drops them."),
            ..Stream::of_help_centers("topics", &TOPICS, schema!("topics"))
        },
        Stream {
            cursor: Cursor::of("updated_at", CursorFormat::Unix),
            dated: true,
            access: GATHER,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/help_center/help-center-api/posts/",
            ),
            about: prose("Posts of the community that the user may see."),
            limitations: prose("Deleted posts; a full refresh drops them."),
            counted_by: COUNTED,
            ..Stream::of_help_centers("posts", &POSTS, schema!("posts"))
        },
        Stream {
            cursor: Cursor::below(OF_POSTS, CursorFormat::Unix),
            dated: true,
            splice: &[
                BRAND,
                (
                    "_airbyte_parent_id",
                    Object(&[("post_id", Of(0, "post_id")), ("comment_id", Of(0, "id"))]),
                ),
            ],
            access: GATHER,
            documentation: prose(
                "https://developer.zendesk.com/api-reference/help_center/help-center-api/post_comments/",
            ),
            about: prose("Comments on posts."),
            limitations: prose(UNSEEN_CHILDREN),
            ..Stream::of_help_centers("post_comments", &POST_COMMENTS, schema!("post_comments"))
        },
        Stream {
            cursor: Cursor::below(OF_POSTS, CursorFormat::Unix),
            dated: true,
            access: GATHER,
            documentation: prose(VOTES_DOCS),
            about: prose("Votes on posts."),
            limitations: prose(UNSEEN_CHILDREN),
            ..Stream::of_help_centers("post_votes", &POST_VOTES, VOTES)
        },
        Stream {
            cursor: Cursor::below(OF_POST_COMMENTS, CursorFormat::Unix),
            dated: true,
            access: GATHER,
            documentation: prose(VOTES_DOCS),
            about: prose("Votes on comments on posts."),
            limitations: prose(UNSEEN_CHILDREN),
            ..Stream::of_help_centers("post_comment_votes", &POST_COMMENT_VOTES, VOTES)
        },
    ]
}
