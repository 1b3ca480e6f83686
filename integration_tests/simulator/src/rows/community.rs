//! The community: topics, posts, comments and votes.
//! Fields: Zendesk, Topics; Posts; Post Comments; Votes.

use super::Seed;
use super::help_center::vote_on;
use super::json::object;

pub(crate) fn topic(seed: &Seed) -> String {
    let id = seed.id;
    seed.finish(object! {
        "id": id,
        "url": seed.address(&format!("api/v2/help_center/community/topics/{id}.json")),
        "html_url": seed.address(&format!("hc/en-us/community/topics/{id}-General-Discussion")),
        "name": seed.name("Topic", 0),
        "description": seed.or_null(1, seed.text(6)),
        "position": seed.bits(0) % 50,
        "follower_count": seed.bits(1) % 900,
        "community_id": seed.other_id(23),
        "created_at": seed.created(),
        "updated_at": seed.updated(),
        "manageable_by": seed.pick(0, &["managers", "staff"]),
        "user_segment_id": seed.or_null(0, seed.other_id(19)),
    })
}

pub(crate) fn post(seed: &Seed) -> String {
    let id = seed.id;
    let is_edited = seed.on(0, 3);
    seed.finish(object! {
        "id": id,
        // The address repeats the title, unlike that of any other row (observed).
        "url": seed.address(&format!("api/v2/help_center/community/posts/{id}-Short-text")),
        "html_url": seed.address(&format!("hc/en-us/community/posts/{id}-Short-text")),
        "title": seed.text(0),
        "details": seed.html(5),
        "author_id": seed.user_id,
        "vote_sum": (seed.bits(1) % 40) as i64 - 20,
        "vote_count": seed.bits(2) % 40,
        "comment_count": seed.bits(3) % 30,
        "follower_count": seed.bits(4) % 30,
        "topic_id": seed.parent(),
        "pinned": seed.on(0, 9),
        "featured": seed.on(0, 8),
        "closed": seed.on(0, 7),
        "frozen": seed.on(0, 11),
        "status": seed.pick(0, &["none", "planned", "not_planned", "answered", "completed"]),
        "non_author_editor_id": is_edited.then(|| seed.other_id(21)),
        "non_author_updated_at": is_edited.then(|| seed.updated()),
        "content_tag_ids": if seed.on(1, 3) { vec!["01GCSJW391QVSC80GYDH7E93Q6"] } else { vec![] },
        "created_at": seed.created(),
        "updated_at": seed.updated(),
    })
}

pub(crate) fn comment(seed: &Seed) -> String {
    let (id, post) = (seed.id, seed.parent());
    let is_edited = seed.on(0, 3);
    let page = format!("hc/en-us/community/posts/{post}-Short-text/comments/{id}");
    let path = format!("api/v2/help_center/community/posts/{post}/comments/{id}.json");
    seed.finish(object! {
        "id": id,
        "url": seed.address(&path),
        "html_url": seed.address(&page),
        "body": seed.html(0),
        "author_id": seed.user_id,
        "post_id": post,
        "official": seed.on(0, 6),
        "vote_sum": (seed.bits(1) % 10) as i64 - 5,
        "vote_count": seed.bits(2) % 10,
        "non_author_editor_id": is_edited.then(|| seed.other_id(21)),
        "non_author_updated_at": is_edited.then(|| seed.updated()),
        "created_at": seed.created(),
        "updated_at": seed.updated(),
    })
}

pub(crate) fn vote(seed: &Seed) -> String {
    vote_on(seed, "Post")
}

pub(crate) fn comment_vote(seed: &Seed) -> String {
    vote_on(seed, "PostComment")
}
