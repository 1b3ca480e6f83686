//! What is connected with an account, with the secrets in these rows, and who made which API
//! requests. Fields: Zendesk, Webhooks; Targets; Target Failures; Apps; OAuth Clients; Global OAuth
//! Clients; OAuth Tokens; Access Logs; CSAT Surveys.

use super::json::{Json, Object, object};
use super::{Seed, formatted_time};

/// Every secret in a row begins with this, wherever it is.
pub const SECRET: &str = "simulated-secret";

/// A secret for this purpose.
fn secret(seed: &Seed, what: &str) -> String {
    format!("{SECRET}-{what}-{:08x}", seed.bits(77) as u32)
}

/// Adds a key that is not documented yet. Zendesk adds such keys to its rows without notice.
fn with_news(seed: &Seed, row: Object, what: &str) -> String {
    let news = object! { "token": secret(seed, &format!("news-of-{what}")) };
    seed.finish(row.with_if(seed.on(0, 2), "preview", news))
}

fn ulid(seed: &Seed) -> String {
    format!("01J{:023}", seed.id)
}

/// A time with milliseconds, as webhooks have (Zendesk, Webhooks).
fn with_milliseconds(unix: i64) -> String {
    formatted_time(unix, "%Y-%m-%dT%H:%M:%S.000Z")
}

/// An address with a user and a password before its host, with a key after its path, or with
/// neither.
fn address(seed: &Seed, what: &str) -> String {
    let key = secret(seed, &format!("address-of-{what}"));
    match seed.n % 4 {
        0 => format!("https://crm:{key}@crm.example.com/hook/{}", seed.n),
        1 => format!("https://crm.example.com:8443/hook/{{{{ticket.id}}}}?key={key}&a=b"),
        2 => format!("https://{key}@crm.example.com/hook?a=b#{key}"),
        _ => format!("https://crm.example.com/@acme/hook/{}", seed.n),
    }
}

pub(crate) fn webhook(seed: &Seed) -> String {
    let with = |kind: &str, data: Object| -> Json {
        object! { "type": kind, "data": data, "add_position": "header" }.into()
    };
    let authentication = match seed.n % 4 {
        0 => Json::NULL,
        1 => with("bearer_token", object! { "token": secret(seed, "bearer") }),
        2 => with(
            "basic_auth",
            object! { "username": "crm", "password": secret(seed, "password-of-webhook") },
        ),
        _ => with("api_key", object! { "name": "X-Key", "value": secret(seed, "api-key") }),
    };
    let signing = object! { "algorithm": "SHA256", "secret": secret(seed, "signing") };
    let headers = object! { "X-Crm-Key": secret(seed, "header") };
    let app = object! { "app_id": seed.other_id(1).to_string() };
    let source = object! { "type": "zendesk_app", "data": app };
    let row = object! {
        "id": ulid(seed),
        "name": seed.text(0),
        "description": seed.or_null(1, seed.text(3)),
        "endpoint": address(seed, "webhook"),
        "http_method": seed.pick(0, &["POST", "PUT", "GET"]),
        "request_format": "json",
        "status": seed.pick(0, &["active", "inactive"]),
        "subscriptions": ["conditional_ticket_events"],
        "authentication": authentication,
        "custom_headers": seed.or_null(2, headers),
        "signing_secret": seed.or_null(3, signing),
        "external_source": if seed.on(1, 3) { source.into() } else { Json::NULL },
        "created_at": with_milliseconds(seed.created_at),
        "created_by": seed.user_id.to_string(),
        // Null in one that was never changed.
        "updated_at": seed.or_null(4, with_milliseconds(seed.updated_at)),
        "updated_by": seed.or_null(4, seed.user_id.to_string()),
    };
    with_news(seed, row, "webhook")
}

pub(crate) fn invocation(seed: &Seed) -> String {
    let row = object! {
        "id": ulid(seed),
        "status": seed.pick(0, &["success", "failed", "circuit broken"]),
        "status_code": seed.or_null(1, seed.pick(1, &[200_u64, 404, 500])),
        "latest_completed_at": seed.updated(),
        "created_at": seed.created(),
    };
    with_news(seed, row, "invocation")
}

/// A target. Its keys depend on its kind.
pub(crate) fn target(seed: &Seed) -> String {
    let secret = |what: &str| secret(seed, &format!("{what}-of-target"));
    let (kind, own) = match seed.n % 7 {
        0 => (
            "http_target",
            object! {
                "method": "post", "content_type": "application/json",
                "target_url": address(seed, "target"), "username": "crm", "password": secret("password"),
            },
        ),
        1 => (
            "basecamp_target",
            object! {
                "target_url": address(seed, "target"), "token": secret("token"), "project_id": "7",
                "resource": "todo", "todo_list_id": "8", "message_id": "",
            },
        ),
        2 => ("twitter_target", object! { "token": secret("token"), "secret": secret("secret") }),
        3 => ("email_target", object! { "email": "crm@example.com", "subject": seed.text(4) }),
        4 => (
            "pivotal_target",
            object! {
                "token": secret("token"), "project_id": "7", "story_type": "bug",
                "story_title": seed.text(4), "story_labels": "a", "owner_by": "b", "requested_by": "c",
            },
        ),
        5 => ("flowdock_target", object! { "api_token": secret("api-token") }),
        _ => (
            "get_satisfaction_target",
            object! {
                "email": "crm@example.com", "password": secret("password"), "account_name": "acme",
                "target_url": Json::NULL,
            },
        ),
    };
    let row = object! {
        "id": seed.id,
        "url": seed.url("targets"),
        "title": seed.text(0),
        "type": kind,
        "active": seed.on(0, 2),
        "created_at": seed.created(),
    };
    with_news(seed, row.and(own), "target")
}

/// A failure of a target. What was sent and answered is in the failure's own page (Zendesk, Target
/// Failures). Here some rows have it too, since nothing says that they never do.
pub(crate) fn target_failure(seed: &Seed) -> String {
    let request = format!("POST /hook HTTP/1.1\r\nAuthorization: Bearer {}", secret(seed, "raw"));
    let row = object! {
        "id": seed.id,
        "url": seed.url("target_failures"),
        "target_name": seed.text(0),
        "status_code": seed.pick(0, &[401_u64, 404, 500]),
        "consecutive_failure_count": seed.bits(0) % 20,
        "created_at": seed.created(),
    };
    let row = row.with_if(seed.on(1, 2), "raw_request", request);
    with_news(seed, row, "failure")
}

/// An installation of an app. `settings` has the settings that the app declares, under any names,
/// besides the name of the installation.
pub(crate) fn app_installation(seed: &Seed) -> String {
    let settings = object! {
        "name": seed.name("App", 0),
        "title": seed.text(0),
        "crm_host": secret(seed, "app-setting"),
        "title_of_key": secret(seed, "other-app-setting"),
    };
    let setting = object! { "name": "crm_host", "value": secret(seed, "app-settings-object") };
    let row = object! {
        "id": seed.id,
        "app_id": seed.other_id(1),
        "product": "support",
        "enabled": seed.on(0, 2),
        "settings": settings,
        "settings_objects": [setting],
        "group_restrictions": [seed.other_id(2)],
        "role_restrictions": [seed.other_id(3)],
        "paid": seed.on(1, 3),
        "collapsible": true,
        "servable": true,
        "recurring_payment": false,
        "pending_installation": seed.or_null(1, false),
        "pending_job_id": Json::NULL,
        "plan_information": object! { "name": seed.or_null(2, "Gold") },
        "created_at": seed.created(),
        "updated_at": seed.updated(),
        "updated": seed.at(0).replace(['-', ':'], ""),
    };
    with_news(seed, row, "app")
}

pub(crate) fn oauth_client(seed: &Seed) -> String {
    let row = object! {
        "id": seed.id,
        "url": seed.url("oauth/clients"),
        "identifier": format!("client_{}", seed.n),
        "name": seed.text(0),
        "company": seed.or_null(1, seed.text(1)),
        "description": seed.or_null(2, seed.text(2)),
        "kind": seed.pick(0, &["public", "confidential"]),
        "global": seed.on(1, 5),
        "redirect_uri": ["https://crm.example.com/back"],
        "logo_url": seed.or_null(3, "https://example.com/logo.png"),
        "user_id": seed.user_id,
        "secret": secret(seed, "client"),
        "created_at": seed.created(),
        "updated_at": seed.updated(),
    };
    with_news(seed, row, "client")
}

pub(crate) fn oauth_global_client(seed: &Seed) -> String {
    let row = object! {
        "id": seed.id,
        "identifier": format!("zdg-client_{}", seed.n),
        "name": seed.text(0),
        "company": seed.text(1),
        "description": seed.text(2),
        "logo_url": Json::NULL,
    };
    with_news(seed, row, "global-client")
}

pub(crate) fn oauth_token(seed: &Seed) -> String {
    let row = object! {
        "id": seed.id,
        "url": seed.url("oauth/tokens"),
        "client_id": seed.other_id(1),
        "user_id": seed.user_id,
        "scopes": ["read", "webhooks:read"],
        "token": secret(seed, "token"),
        "refresh_token": seed.or_null(1, secret(seed, "refresh-token")),
        "full_token": seed.or_null(2, secret(seed, "full-token")),
        "created_at": seed.created(),
        "expires_at": seed.or_null(3, seed.at(86_400)),
        "used_at": seed.or_null(4, seed.at(60)),
        "refresh_token_expires_at": seed.or_null(5, seed.at(864_000)),
    };
    with_news(seed, row, "token")
}

pub(crate) fn session(seed: &Seed) -> String {
    seed.finish(object! {
        "id": seed.id,
        "user_id": seed.user_id,
        "authenticated_at": seed.created(),
        "last_seen_at": seed.or_null(1, seed.updated()),
        "url": seed.url(&format!("users/{}/sessions", seed.user_id)),
    })
}

pub(crate) fn access_log(seed: &Seed) -> String {
    let graphql = object! {
        "operation_name": "tickets",
        "operation_type": "query",
        "query": "query tickets($id: ID!) { ticket(id: $id) { subject } }",
        "variables": format!("{{\"id\":\"{}\"}}", seed.ticket_id),
    };
    seed.finish(object! {
        "id": ulid(seed),
        "timestamp": seed.created(),
        "user_id": seed.user_id,
        "ip_address": seed.pick(0, &["192.0.2.7", "2001:db8::7"]),
        "method": seed.pick(0, &["GET", "POST"]),
        "url": format!("/api/v2/users/{}", seed.user_id),
        "status": seed.pick(1, &[200_u64, 403, 404]),
        "authorization_type": seed.pick(0, &["session", "oauth_token"]),
        "client": seed.or_null(1, "Mozilla/5.0"),
        "category": "User",
        "summary": seed.text(0),
        "referer": seed.or_null(2, "https://acme.zendesk.com/agent"),
        "bytes_sent": seed.bits(3) % 100_000,
        "graphql": if seed.on(2, 3) { graphql.into() } else { Json::NULL },
    })
}

pub(crate) fn csat_survey(seed: &Seed) -> String {
    let text =
        |salt: u64| object! { "type": "static", "key": Json::NULL, "value": seed.text(salt) };
    let option = |rating: u64| {
        object! {
            "id": format!("{}{rating}", seed.id),
            "rating": rating,
            "label": text(rating),
            "emoji": object! { "type": "static", "key": Json::NULL, "value": "\u{1f600}" },
        }
    };
    let rating = object! {
        "id": format!("01Q{:023}", seed.id),
        "type": "rating_scale_emoji",
        "sub_type": "customer_satisfaction",
        "headline": text(0),
        "options": (1..=5).map(option).collect::<Vec<_>>(),
        "follow_up": Json::NULL,
    };
    seed.finish(object! {
        "id": ulid(seed),
        "version": 1 + seed.n % 3,
        "state": seed.pick(0, &["enabled", "disabled"]),
        "questions": [rating],
        "created_at": with_milliseconds(seed.created_at),
        "updated_at": with_milliseconds(seed.updated_at),
    })
}
