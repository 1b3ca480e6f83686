//! Who follows what in the help center and the community. Fields: Zendesk, Content Subscriptions. A
//! subscription to content in a language names the language. Only subscriptions to content that
//! contains other content say whether they include comments.

use super::Seed;
use super::json::{Object, object};

fn of(seed: &Seed, path: &str, content_type: &str) -> Object {
    let (id, content) = (seed.id, seed.parent());
    object! {
        "id": id,
        "url": seed.address(&format!("api/v2/help_center/{path}/{content}/subscriptions/{id}.json")),
        "user_id": seed.user_id,
        "content_id": content,
        "content_type": content_type,
        "created_at": seed.created(),
        "updated_at": seed.updated(),
    }
}

fn in_a_language(seed: &Seed, row: Object) -> Object {
    row.with("locale", seed.pick(0, &["en-us", "de", "pt-br"]))
}

fn of_a_container(seed: &Seed, row: Object) -> Object {
    row.with("include_comments", seed.on(1, 3))
}

pub(crate) fn of_article(seed: &Seed) -> String {
    seed.finish(in_a_language(seed, of(seed, "articles", "Article")))
}

pub(crate) fn of_section(seed: &Seed) -> String {
    let row = in_a_language(seed, of(seed, "sections", "Section"));
    seed.finish(of_a_container(seed, row))
}

pub(crate) fn of_post(seed: &Seed) -> String {
    seed.finish(of(seed, "community/posts", "Post"))
}

pub(crate) fn of_topic(seed: &Seed) -> String {
    seed.finish(of_a_container(seed, of(seed, "community/topics", "Topic")))
}
