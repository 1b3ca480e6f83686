//! Users, their identities, organizations, groups, and their memberships. Fields: Zendesk, Users;
//! User Identities; Organizations; Groups; the memberships of both.

use super::Seed;
use super::json::{Json, Object, object};

pub(crate) fn user(seed: &Seed) -> String {
    seed.finish(user_object(seed))
}

/// A user as an administrator sees one. Activities embed whole users, so they share this.
pub(super) fn user_object(seed: &Seed) -> Object {
    let role = seed.pick(0, &["end-user", "agent", "admin"]);
    let is_agent = role != "end-user";
    let active = !seed.on(6, 11);
    object! {
        "id": seed.id,
        "url": seed.url("users"),
        "name": seed.name("Pat", 0),
        "email": seed.or_null(0, format!("pat+{}@example.com", seed.id)),
        "created_at": seed.created(),
        "updated_at": seed.updated(),
        "time_zone": seed.pick(0, &["Eastern Time (US & Canada)", "America/New_York", "Chennai"]),
        "iana_time_zone": seed.pick(0, &["America/New_York", "America/New_York", "Asia/Kolkata"]),
        "phone": seed.pick(1, &[None, None, Some("+15555550100"), Some("")]),
        "shared_phone_number": seed.pick(1, &[None, None, Some(false), Some(true)]),
        "photo": if seed.on(0, 3) { picture(seed, 20).into() } else { Json::NULL },
        "locale_id": seed.pick(0, &[1, 5, 1_176]),
        "locale": seed.pick(0, &["en-US", "en-gb", "fr"]),
        "organization_id": seed.or_null(1, seed.other_id(2)),
        "role": role,
        "verified": !seed.on(0, 5),
        "external_id": seed.pick(2, &[None, Some("oev7jj"), Some("000000000001"), None]),
        "tags": if seed.on(0, 4) { vec![seed.name("tag", 5)] } else { vec![] },
        "alias": seed.or_null(2, seed.text(13)),
        "active": active,
        "shared": seed.on(0, 9),
        "shared_agent": seed.on(0, 13),
        "last_login_at": seed.or_null(3, seed.at(-3_600)),
        "two_factor_auth_enabled": seed.pick(0, &[None, Some(false), Some(true)]),
        "signature": seed.or_null(0, seed.text(6)),
        "details": seed.or_null(1, seed.text(9)),
        "notes": seed.or_null(2, seed.body(2)),
        "role_type": is_agent.then(|| seed.pick(0, &[0, 1, 4])),
        "custom_role_id": is_agent.then(|| seed.other_id(16)),
        "moderator": is_agent,
        "ticket_restriction": seed.pick(0, &[None, Some("requested"), Some("organization")]),
        "only_private_comments": seed.on(1, 7),
        "restricted_agent": !is_agent,
        "suspended": seed.on(2, 11),
        "default_group_id": is_agent.then(|| seed.other_id(3)),
        "report_csv": role == "admin",
        "user_fields": seed.keyed_fields(1),
    }
    .with_if(!seed.on(3, 8), "chat_only", seed.on(1, 3))
    // Only the deleted say whether they were erased for good.
    .with_if(!active, "permanently_deleted", seed.on(6, 22))
    .with_if(seed.on(1, 6), "is_billing_admin", role == "admin")
    .with_if(seed.on(1, 6), "suspension_details", Json::NULL)
    .with_if(seed.on(5, 20), "authenticity_token", "eyJhIjoxfQ==--0123456789")
    .with_if(
        seed.on(5, 20),
        "remote_photo_url",
        seed.or_null(1, "https://example.com/pat.png"),
    )
}

/// A file as rows embed it, with the smaller copy that Zendesk makes. Its sizes are numbers or
/// null, although the documentation says strings.
pub(super) fn picture(seed: &Seed, salt: u64) -> Object {
    let is_picture = seed.on(salt, 2);
    let thumbnail = file(seed, salt + 1, "pat_thumb.png", Some(32));
    let thumbnails = if is_picture { vec![thumbnail] } else { vec![] };
    file(seed, salt, "pat.png", is_picture.then_some(80)).with("thumbnails", thumbnails)
}

pub(super) fn file(seed: &Seed, salt: u64, file_name: &str, side_pixels: Option<i32>) -> Object {
    let id = seed.other_id(salt);
    let content_type =
        if side_pixels.is_some() { "image/png" } else { "application/x-genesis-rom" };
    let content = seed.address(&format!("attachments/token/{id}/?name={file_name}"));
    object! {
        "url": seed.address(&format!("api/v2/attachments/{id}.json")),
        "id": id,
        "file_name": if seed.on(salt, 3) { seed.name("scan", salt) } else { file_name.into() },
        "content_url": content.as_str(),
        "mapped_content_url": content.as_str(),
        "content_type": content_type,
        "size": seed.bits(salt) % 9_000_000,
        "width": side_pixels,
        "height": side_pixels,
        "inline": seed.on(1, 2),
        "deleted": false,
        "malware_access_override": false,
        "malware_scan_result": seed.pick(0, &["not_scanned", "malware_not_found"]),
    }
}

pub(crate) fn identity(seed: &Seed) -> String {
    let (kind, value) = seed.pick(
        0,
        &[
            ("email", "pat@example.com"),
            ("twitter", "pat"),
            ("facebook", "855769377321"),
            ("google", "example@gmail.test"),
            ("agent_forwarding", "+15555550100"),
            ("phone_number", "+15555550100"),
            ("any_channel", "{\"id\":1}"),
            ("foreign", ""),
            ("sdk", "\u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{1f600}"),
        ],
    );
    let identity = object! {
        "url": seed.address(&format!("api/v2/users/{}/identities/{}.json", seed.parent(), seed.id)),
        "id": seed.id,
        "user_id": seed.parent(),
        "type": kind,
        "value": value,
        "verified": seed.on(0, 2),
        "verification_method": seed.pick(0, &["none", "low", "sso", "embed", "full"]),
        "primary": seed.on(1, 3),
        "created_at": seed.created(),
        "updated_at": seed.updated(),
        "verified_at": seed.or_null(0, seed.created()),
    };
    // How often mail came back is known of addresses only.
    let is_address = kind == "email";
    let state = seed.pick(0, &["deliverable", "undeliverable"]);
    let identity = identity.with_if(is_address, "undeliverable_count", seed.bits(1) % 3).with_if(
        is_address,
        "deliverable_state",
        state,
    );
    seed.finish(identity)
}

/// The row of the incremental export, which contains the time of the deletion. The server sets
/// that.
pub(crate) fn organization(seed: &Seed) -> String {
    let domains = if seed.on(0, 3) { vec!["example.com", "xn--bcher-kva.example"] } else { vec![] };
    let tags = if seed.on(1, 3) { vec![seed.name("tag", 2), "test-tag".into()] } else { vec![] };
    let fields = if seed.on(19, 20) { Json::NULL } else { seed.keyed_fields(0).into() };
    let row = object! {
        "url": seed.url("organizations"),
        "id": seed.id,
        "name": seed.name("Organization", 0),
        "shared_tickets": seed.on(0, 3),
        "shared_comments": seed.on(0, 4),
        "external_id": seed.pick(0, &[None, Some("1000"), Some(""), Some("\u{5e9}")]),
        "created_at": seed.created(),
        "updated_at": seed.updated(),
        "domain_names": domains,
        "details": seed.or_null(0, seed.text(6)),
        "notes": seed.or_null(1, seed.body(11)),
        "group_id": seed.or_null(2, seed.other_id(3)),
        "tags": tags,
        "organization_fields": fields,
    };
    seed.finish(row.with_if(!seed.on(7, 10), "deleted_at", Json::NULL))
}

pub(crate) fn organization_membership(seed: &Seed) -> String {
    seed.finish(object! {
        "url": seed.url("organization_memberships"),
        "id": seed.id,
        "user_id": seed.user_id,
        "organization_id": seed.parent(),
        "default": seed.pick(0, &[Some(true), Some(false), None]),
        "created_at": seed.created(),
        "organization_name": seed.name("Organization", 0),
        "updated_at": seed.updated(),
        "view_tickets": !seed.on(0, 3),
    })
}

pub(crate) fn group(seed: &Seed) -> String {
    seed.finish(object! {
        "url": seed.url("groups"),
        "id": seed.id,
        "is_public": !seed.on(0, 4),
        "name": seed.name("Group", 0),
        "description": seed.text(6),
        "default": seed.n == 1,
        "deleted": false,
        "created_at": seed.created(),
        "updated_at": seed.updated(),
    })
}

pub(crate) fn group_membership(seed: &Seed) -> String {
    // Some memberships were never changed and say so with null (observed).
    let updated_at = if seed.on(5, 12) { Json::NULL } else { seed.updated().into() };
    seed.finish(object! {
        "url": seed.url("group_memberships"),
        "id": seed.id,
        "user_id": seed.user_id,
        "group_id": seed.parent(),
        "default": seed.on(0, 2),
        "created_at": seed.created(),
        "updated_at": updated_at,
    })
}

/// A deleted user. If the user was deleted permanently, all personal fields are null (Zendesk, List
/// Deleted Users).
pub(crate) fn deleted_user(seed: &Seed) -> String {
    let for_good = seed.on(0, 7);
    let name = if for_good { "Permanently Deleted User".into() } else { seed.text(0) };
    seed.finish(object! {
        "url": seed.url("deleted_users"),
        "id": seed.id,
        "name": name,
        "email": (!for_good).then_some("pat@example.com"),
        "created_at": seed.created(),
        "updated_at": seed.updated(),
        "time_zone": "Eastern Time (US & Canada)",
        "phone": seed.pick(0, &[None, Some("+15555550100")]),
        "shared_phone_number": seed.pick(0, &[None, Some(true)]),
        "photo": Json::NULL,
        "locale_id": 1,
        "locale": "en-US",
        "organization_id": seed.or_null(1, seed.other_id(2)),
        "role": seed.pick(0, &["end-user", "agent"]),
        "active": false,
    })
}

/// A subscription. It never changes and has no time of a change.
pub(crate) fn organization_subscription(seed: &Seed) -> String {
    seed.finish(object! {
        "id": seed.id,
        "organization_id": seed.other_id(2),
        "user_id": seed.user_id,
        "created_at": seed.created(),
    })
}
