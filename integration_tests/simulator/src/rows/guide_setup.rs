//! The settings of help centers and the community: who may see and write what, labels, tags,
//! badges, themes, and content from elsewhere.
//!
//! Fields: Zendesk, Help Center API, pages named after the resources. Rows below `guide/` and
//! `gather/` have milliseconds in their times, and identify rows and brands by texts.

use super::Seed;
use super::json::{Json, Object, object};

/// A name of 26 letters and digits, like a ULID.
fn ulid(seed: &Seed) -> String {
    format!("01{:024X}", u128::from(seed.id))
}

/// The times of a row's creation and last change, to the millisecond.
fn times(seed: &Seed) -> Object {
    let with_milliseconds = |time: String| time.replace('Z', ".000Z");
    object! {
        "created_at": with_milliseconds(seed.created()),
        "updated_at": with_milliseconds(seed.updated()),
    }
}

pub(crate) fn user_segment(seed: &Seed) -> String {
    seed.finish(object! {
        "id": seed.id,
        "name": seed.text(0),
        "user_type": seed.pick(0, &["signed_in_users", "staff"]),
        "group_ids": [seed.other_id(3)],
        "organization_ids": if seed.on(0, 3) { vec![seed.other_id(4)] } else { vec![] },
        "tags": ["vip"],
        "or_tags": Json::raw("[]"),
        "added_user_ids": if seed.on(1, 4) { vec![seed.user_id] } else { vec![] },
        "built_in": seed.n <= 2,
        "created_at": seed.created(),
        "updated_at": seed.updated(),
    })
}

pub(crate) fn permission_group(seed: &Seed) -> String {
    seed.finish(object! {
        "id": seed.id,
        "name": seed.text(0),
        "edit": [seed.other_id(19)],
        "publish": [seed.other_id(19)],
        "built_in": seed.n == 1,
        "created_at": seed.created(),
        "updated_at": seed.updated(),
    })
}

pub(crate) fn label(seed: &Seed) -> String {
    seed.finish(object! {
        "id": seed.id,
        "url": seed.address(&format!("api/v2/help_center/articles/labels/{}.json", seed.id)),
        "name": seed.text(0),
        "created_at": seed.created(),
        "updated_at": seed.updated(),
    })
}

pub(crate) fn content_tag(seed: &Seed) -> String {
    seed.finish(object! { "id": ulid(seed), "name": seed.text(0) }.and(times(seed)))
}

pub(crate) fn badge(seed: &Seed) -> String {
    let badge = object! {
        "id": ulid(seed),
        "badge_category_id": format!("01{:024X}", seed.other_id(65)),
        "name": seed.name("First post", 0),
        "description": seed.text(1),
        "icon_url": seed.address("hc/badges/first.svg"),
    };
    seed.finish(badge.and(times(seed)))
}

pub(crate) fn badge_category(seed: &Seed) -> String {
    let category = object! {
        "id": ulid(seed),
        "brand_id": seed.other_id(10).to_string(),
        "name": seed.name("Titles", 0),
        "slug": seed.pick(0, &["achievements", "titles"]),
    };
    seed.finish(category.and(times(seed)))
}

pub(crate) fn badge_assignment(seed: &Seed) -> String {
    seed.finish(object! {
        "id": ulid(seed),
        "badge_id": format!("01{:024X}", seed.other_id(66)),
        "user_id": seed.user_id.to_string(),
        "created_at": seed.created().replace('Z', ".000Z"),
    })
}

pub(crate) fn service_catalog_item(seed: &Seed) -> String {
    seed.finish(object! {
        "id": ulid(seed),
        "name": seed.name("Laptop", 0),
        "description": seed.html(1),
        "form_id": seed.other_id(8),
        "thumbnail_url": seed.or_null(0, seed.address("hc/laptop.png")),
    })
}

pub(crate) fn theme(seed: &Seed) -> String {
    let theme = object! {
        "id": ulid(seed),
        "brand_id": seed.other_id(10).to_string(),
        "name": seed.name("Copenhagen", 0),
        "author": seed.name("Zendesk", 1),
        "version": seed.or_null(0, "4.2.1"),
        "live": seed.n == 1,
    };
    seed.finish(theme.and(times(seed)))
}

pub(crate) fn redirect_rule(seed: &Seed) -> String {
    let rule = object! {
        "id": ulid(seed),
        "brand_id": seed.other_id(10).to_string(),
        "redirect_from": seed.name("/hc/en-us/old", 0),
        "redirect_to": seed.name("/hc/en-us/new", 1),
        "redirect_status": seed.pick(0, &[301, 302]),
    };
    seed.finish(rule.and(times(seed)))
}

pub(crate) fn external_record(seed: &Seed) -> String {
    let named = |salt| object! { "id": ulid(seed), "name": seed.text(salt) };
    let record = object! {
        "id": ulid(seed),
        "external_id": seed.text(3),
        "title": seed.text(0),
        "body": seed.body(5),
        "url": "https://example.com/courses/1",
        "locale": seed.pick(0, &["en-us", "fr"]),
        "source": named(1),
        "type": named(2),
        "user_segment_id": if seed.on(0, 2) { "-1".to_owned() } else { seed.other_id(19).to_string() },
    };
    seed.finish(record.and(times(seed)))
}

/// A source or a type of content from elsewhere.
pub(crate) fn external_name(seed: &Seed) -> String {
    seed.finish(object! { "id": ulid(seed), "name": seed.text(0) }.and(times(seed)))
}
