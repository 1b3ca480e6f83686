//! The Help Center: articles and what belongs to them, and the categories and sections that contain
//! them. Fields: Zendesk, Articles; Article Comments; Votes; Article Attachments; Categories;
//! Sections.

use super::json::{Json, Object, object};
use super::{Seed, mix};

pub(crate) fn article(seed: &Seed) -> String {
    let title = seed.text(0);
    let page = seed.address(&format!("hc/en-us/articles/{}-Printer-on-fire", seed.id));
    seed.finish(object! {
        "id": seed.id,
        "url": seed.address(&format!("api/v2/help_center/en-us/articles/{}.json", seed.id)),
        "html_url": page,
        "author_id": seed.user_id,
        "comments_disabled": seed.on(0, 5),
        "draft": seed.on(0, 6),
        "promoted": seed.on(0, 7),
        "position": seed.bits(0) % 100,
        "vote_sum": (seed.bits(1) % 40) as i64 - 20,
        "vote_count": seed.bits(2) % 40,
        "section_id": seed.parent(),
        "created_at": seed.created(),
        "updated_at": seed.updated(),
        // The title once more, in no documentation.
        "name": title.clone(),
        "title": title,
        "source_locale": "en-us",
        "locale": seed.pick(0, &["en-us", "fr", "pt-br"]),
        "outdated": seed.on(0, 4),
        "outdated_locales": if seed.on(0, 4) { vec!["fr", "pt-br"] } else { vec![] },
        "edited_at": seed.at(-10),
        "user_segment_id": seed.or_null(0, seed.other_id(19)),
        "user_segment_ids": if seed.on(0, 3) { vec![seed.other_id(19)] } else { vec![] },
        "permission_group_id": seed.other_id(20),
        "content_tag_ids": if seed.on(1, 3) { vec!["01GCSJW391QVSC80GYDH7E93Q6"] } else { vec![] },
        "label_names": if seed.on(2, 3) { vec![seed.text(3), seed.text(9)] } else { vec![] },
        "body": if seed.on(19, 20) { Json::NULL } else { seed.html(5) },
    })
}

pub(crate) fn comment(seed: &Seed) -> String {
    let (id, article) = (seed.id, seed.parent());
    let is_edited = seed.on(0, 3);
    let path = format!("api/v2/help_center/en-us/articles/{article}/comments/{id}.json");
    seed.finish(object! {
        "id": id,
        "url": seed.address(&path),
        "html_url": seed.address(&format!("hc/en-us/articles/{article}/comments/{id}")),
        "body": seed.html(0),
        "author_id": seed.user_id,
        "source_id": article,
        "source_type": "Article",
        "locale": seed.pick(0, &["en-us", "fr"]),
        "created_at": seed.created(),
        "updated_at": seed.updated(),
        "vote_sum": (seed.bits(1) % 10) as i64 - 5,
        "vote_count": seed.bits(2) % 10,
        "non_author_editor_id": is_edited.then(|| seed.other_id(21)),
        "non_author_updated_at": is_edited.then(|| seed.updated()),
    })
}

pub(crate) fn vote(seed: &Seed) -> String {
    vote_on(seed, "Article")
}

pub(crate) fn comment_vote(seed: &Seed) -> String {
    vote_on(seed, "Comment")
}

/// One vote. It names the row that it is for, but not the parent of that row.
pub(super) fn vote_on(seed: &Seed, item_type: &str) -> String {
    seed.finish(object! {
        "id": seed.id,
        "url": seed.address(&format!("api/v2/help_center/votes/{}.json", seed.id)),
        "user_id": seed.user_id,
        "value": if mix(seed.random).is_multiple_of(3) { -1 } else { 1 },
        "item_id": seed.parent(),
        "item_type": item_type,
        "created_at": seed.created(),
        "updated_at": seed.updated(),
    })
}

pub(crate) fn attachment(seed: &Seed) -> String {
    let id = seed.id;
    let article = seed.parent_id;
    let of_article = article.map_or(String::new(), |article| format!("{article}/"));
    let path = format!("api/v2/help_center/articles/{of_article}attachments/{id}.json");
    let file_name = seed.name("manual.pdf", 0);
    let kind = seed.pick(0, &["application/pdf", "image/png", "text/plain; charset=utf-8"]);
    seed.finish(object! {
        "id": id,
        "url": seed.address(&path),
        "article_id": article,
        "display_file_name": file_name.clone(),
        "file_name": file_name,
        "locale": seed.pick(0, &[None, Some("en-us"), Some("fr")]),
        "content_url": seed.address(&format!("hc/article_attachments/{id}")),
        "relative_path": format!("/hc/article_attachments/{id}"),
        "content_type": kind,
        "size": seed.bits(3) % 60_000,
        "inline": seed.on(0, 2),
        "created_at": seed.created(),
        "updated_at": seed.updated(),
    })
}

pub(crate) fn category(seed: &Seed) -> String {
    seed.finish(shelf(seed, "categories"))
}

pub(crate) fn section(seed: &Seed) -> String {
    let row = shelf(seed, "sections")
        .with("category_id", seed.parent())
        .with("parent_section_id", seed.on(0, 3).then(|| seed.other_id(22)))
        .with("theme_template", seed.pick(0, &["section_page", "custom_1"]))
        .with_if(seed.on(0, 4), "sorting", seed.pick(0, &["manual", "title"]))
        .with_if(seed.on(1, 4), "manageable_by", seed.pick(1, &["staff", "managers"]));
    seed.finish(row)
}

/// The fields that categories and sections share.
fn shelf(seed: &Seed, collection: &str) -> Object {
    let id = seed.id;
    object! {
        "id": id,
        "url": seed.address(&format!("api/v2/help_center/en-us/{collection}/{id}.json")),
        "html_url": seed.address(&format!("hc/en-us/{collection}/{id}-General")),
        "position": seed.bits(0) % 50,
        "created_at": seed.created(),
        "updated_at": seed.updated(),
        "name": seed.name("General", 0),
        "description": seed.text(7),
        "locale": seed.pick(0, &["en-us", "fr"]),
        "source_locale": "en-us",
        "outdated": seed.on(0, 5),
    }
}

pub(crate) fn article_translation(seed: &Seed) -> String {
    translation(seed, "Article", "articles")
}

pub(crate) fn section_translation(seed: &Seed) -> String {
    translation(seed, "Section", "sections")
}

pub(crate) fn category_translation(seed: &Seed) -> String {
    translation(seed, "Category", "categories")
}

/// The text of an article, a section or a category in one language. Fields: Zendesk, Translations.
fn translation(seed: &Seed, source_type: &str, collection: &str) -> String {
    let source = seed.parent();
    let locale = seed.pick(0, &["en-us", "fr", "pt-br", "he"]);
    let path = format!("api/v2/help_center/{collection}/{source}/translations/{locale}.json");
    seed.finish(object! {
        "id": seed.id,
        "url": seed.address(&path),
        "html_url": seed.address(&format!("hc/{locale}/{collection}/{source}")),
        "source_id": source,
        "source_type": source_type,
        "locale": locale,
        "title": seed.text(0),
        "body": if seed.on(19, 20) { Json::NULL } else { seed.html(5) },
        "outdated": seed.on(0, 4),
        "draft": seed.on(1, 5),
        "hidden": seed.on(2, 9),
        "created_at": seed.created(),
        "updated_at": seed.updated(),
        "created_by_id": seed.or_null(0, seed.user_id),
        "updated_by_id": seed.or_null(1, seed.user_id),
    })
}
