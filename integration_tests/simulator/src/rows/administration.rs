//! What an administrator sets up for tickets and people: statuses, reasons, views, workspaces,
//! texts by language, addresses, and agreements with other accounts. Fields: Zendesk, pages named
//! after the resources.

use super::Seed;
use super::json::{Json, Object, object};
use super::tickets::via;

pub(crate) fn custom_status(seed: &Seed) -> String {
    let label = seed.name("Status", 0);
    let description = seed.text(3);
    seed.finish(object! {
        "url": seed.url("custom_statuses"),
        "id": seed.id,
        "active": !seed.on(0, 4),
        "agent_label": label.clone(),
        "created_at": seed.created(),
        "default": seed.n <= 5,
        "description": description.clone(),
        "end_user_description": seed.text(8),
        "end_user_label": label.clone(),
        "raw_agent_label": label.clone(),
        "raw_description": description,
        "raw_end_user_description": "{{dc.status}}",
        "raw_end_user_label": label,
        "status_category": seed.pick(0, &["new", "open", "pending", "hold", "solved"]),
        "updated_at": seed.updated(),
    })
}

pub(crate) fn satisfaction_reason(seed: &Seed) -> String {
    seed.finish(object! {
        "url": seed.url("satisfaction_reasons"),
        "id": seed.id,
        "reason_code": 1_000 + seed.n,
        "value": seed.text(0),
        "raw_value": "{{dc.reason_code_1000}}",
        "created_at": seed.created(),
        "updated_at": seed.updated(),
        "deleted_at": Json::NULL,
    })
}

pub(crate) fn suspended_ticket(seed: &Seed) -> String {
    let author = object! {
        "id": seed.or_null(0, seed.user_id),
        "name": seed.text(4),
        "email": "pat@example.com",
    };
    seed.finish(object! {
        "url": seed.url("suspended_tickets"),
        "id": seed.id,
        "author": author,
        "subject": seed.text(0),
        "content": seed.body(5),
        "cause": seed.pick(0, &["Detected as spam", "Automated response mail", "Permission denied"]),
        "cause_id": seed.bits(0) % 30,
        "message_id": seed.or_null(1, "<1@mail.example.com>"),
        "ticket_id": seed.or_null(2, seed.ticket_id),
        "created_at": seed.created(),
        "updated_at": seed.updated(),
        "via": via(seed, 0),
        "attachments": seed.pick(1, &[Some(true), None]).map(|_| Json::raw("[]")),
        "recipient": seed.or_null(3, "support@example.com"),
        "brand_id": seed.other_id(10),
        "error_messages": seed.or_null(4, Json::raw(r#"[{"description":"Subject is too long"}]"#)),
    })
}

pub(crate) fn view(seed: &Seed) -> String {
    let condition = object! { "field": "status", "operator": "less_than", "value": "solved" };
    let column =
        object! { "id": "status", "title": "Status", "filterable": true, "sortable": true };
    let execution = object! {
        "group_by": seed.or_null(0, "status"),
        "group_order": "asc",
        "sort_by": "updated_at",
        "sort_order": "desc",
        "group": seed.or_null(0, column.clone().with("order", "asc")),
        "columns": [column],
        "fields": Json::raw("[]"),
        "custom_fields": [object! { "id": seed.other_id(7), "title": seed.text(5), "type": "text" }],
    };
    let group = object! { "type": "Group", "id": seed.other_id(3), "ids": [seed.other_id(3)] };
    seed.finish(object! {
        "url": seed.url("views"),
        "id": seed.id,
        "title": seed.name("View", 0),
        "raw_title": seed.name("View", 0),
        "active": !seed.on(0, 4),
        "updated_at": seed.updated(),
        "created_at": seed.created(),
        "default": seed.n == 1,
        "position": seed.bits(0) % 100,
        "description": seed.or_null(2, seed.text(2)),
        "execution": execution,
        "conditions": object! { "all": [condition], "any": Json::raw("[]") },
        "restriction": seed.or_null(1, group),
        "watchable": seed.on(2, 2),
    })
}

pub(crate) fn locale(seed: &Seed) -> String {
    seed.finish(object! {
        "url": seed.url("locales"),
        "id": seed.id,
        "locale": seed.pick(0, &["en-US", "de", "pt-BR", "he"]),
        "name": seed.name("Language", 0),
        "native_name": seed.name("Language", 3),
        "presentation_name": seed.name("Language", 6),
        "rtl": seed.on(0, 4),
        "default": seed.n == 1,
        "created_at": seed.created(),
        "updated_at": seed.updated(),
    })
}

pub(crate) fn dynamic_content_item(seed: &Seed) -> String {
    let variant = |n: u64| {
        object! {
            "url": seed.address(&format!("api/v2/dynamic_content/items/{}/variants/{n}.json", seed.id)),
            "id": seed.id * 10 + n,
            "content": seed.text(n),
            "locale_id": n,
            "outdated": seed.on(n, 3),
            "active": true,
            "default": n == 1,
            "created_at": seed.created(),
            "updated_at": seed.updated(),
        }
    };
    seed.finish(object! {
        "url": seed.url("dynamic_content/items"),
        "id": seed.id,
        "name": seed.name("Item", 0),
        "placeholder": format!("{{{{dc.item_{}}}}}", seed.n),
        "default_locale_id": 1,
        "outdated": seed.on(0, 3),
        "created_at": seed.created(),
        "updated_at": seed.updated(),
        "variants": (1..1 + seed.n % 3).map(variant).collect::<Vec<_>>(),
    })
}

/// An agent of a brand. The id is a number in a text (Zendesk, Brand Agents).
pub(crate) fn brand_agent(seed: &Seed) -> String {
    let row = object! {
        "id": seed.id.to_string(),
        "user_id": seed.user_id,
        "brand_id": seed.other_id(10),
        "created_at": seed.created(),
        "updated_at": seed.updated(),
    };
    seed.finish(row.with_if(seed.on(0, 2), "url", seed.url("brand_agents")))
}

/// A group SLA policy. The id is a ULID (Zendesk, Group SLA Policies).
pub(crate) fn group_sla_policy(seed: &Seed) -> String {
    let filter =
        object! { "field": "group_id", "operator": "includes", "value": Json::raw(r#"[6,"7"]"#) };
    let metric = object! {
        "priority": seed.pick(0, &["low", "normal", "high", "urgent"]),
        "metric": "group_ownership_time",
        "target": seed.bits(0) % 3_600,
        "business_hours": seed.on(0, 2),
    };
    let id = ulid(seed);
    seed.finish(object! {
        "url": seed.address(&format!("api/v2/group_slas/policies/{id}.json")),
        "id": id,
        "title": seed.name("Policy", 0),
        "description": seed.or_null(0, seed.text(4)),
        "position": seed.n,
        "filter": object! { "all": [filter] },
        "policy_metrics": [metric],
        "created_at": seed.created(),
        "updated_at": seed.updated(),
    })
}

/// Twenty-six characters of the ULID alphabet.
pub(crate) fn ulid(seed: &Seed) -> String {
    ulid_of(seed.id, u128::from(seed.bits(70)))
}

/// A ULID that sorts like the number.
pub(crate) fn ulid_of(id: u64, bits: u128) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let mut number = u128::from(id) << 64 | bits;
    let mut text = vec![b'0'; 26];
    for place in text.iter_mut().rev() {
        *place = ALPHABET[(number % 32) as usize];
        number /= 32;
    }
    text.into_iter().map(char::from).collect()
}

/// A category of ticket triggers. The id is a number in a text (Zendesk, Ticket Trigger
/// Categories).
pub(crate) fn trigger_category(seed: &Seed) -> String {
    seed.finish(object! {
        "url": seed.url("trigger_categories"),
        "id": seed.id.to_string(),
        "name": seed.name("Category", 0),
        "position": seed.n,
        "created_at": seed.created(),
        "updated_at": seed.updated(),
    })
}

pub(crate) fn recipient_address(seed: &Seed) -> String {
    let row = object! {
        "url": seed.url("recipient_addresses"),
        "id": seed.id,
        "name": seed.name("Support", 0),
        "email": format!("support+{}@example.com", seed.n),
        "default": seed.n == 1,
        "brand_id": seed.other_id(10),
        "cname_status": seed.pick(0, &["unknown", "verified", "failed"]),
        "dns_results": seed.pick(1, &[Some("verified"), None, Some("failed")]),
        "domain_verification_status": seed.pick(2, &["unknown", "verified", "failed"]),
        "forwarding_status": seed.pick(0, &["unknown", "waiting", "verified", "failed"]),
        "spf_status": seed.pick(1, &["unknown", "verified", "failed"]),
        "created_at": seed.created(),
        "updated_at": seed.updated(),
    };
    seed.finish(row.with_if(seed.on(0, 2), "domain_verification_code", "b4f0aa6f"))
}

pub(crate) fn workspace(seed: &Seed) -> String {
    let macro_of = object! {
        "id": seed.other_id(11),
        "title": seed.text(6),
        "active": true,
        "actions": [object! { "field": "status", "value": "solved" }],
        "position": 9_999,
        "restriction": seed.or_null(0, object! { "type": "Group", "id": 1, "ids": [1] }),
        "usage_7d": 0,
        "updated_at": seed.updated(),
    };
    let condition = object! { "field": "ticket_form_id", "operator": "is", "value": "36000" };
    seed.finish(object! {
        "url": seed.url("workspaces"),
        "id": seed.id,
        "title": seed.name("Workspace", 0),
        "description": seed.text(1),
        "activated": !seed.on(0, 3),
        "apps": [object! { "id": 360, "expand": false, "position": 1 }],
        "conditions": object! { "all": [condition], "any": Json::raw("[]") },
        "macro_ids": [seed.other_id(11)],
        "macros": [seed.other_id(11)],
        "selected_macros": [macro_of],
        "position": seed.n,
        "prefer_workspace_app_order": seed.on(0, 2),
        "ticket_form_id": seed.or_null(1, seed.other_id(9)),
        "created_at": seed.created(),
        "updated_at": seed.updated(),
    })
}

pub(crate) fn sharing_agreement(seed: &Seed) -> String {
    seed.finish(object! {
        "url": seed.url("sharing_agreements"),
        "id": seed.id,
        "name": seed.name("Partner", 0),
        "type": seed.pick(0, &["inbound", "outbound"]),
        "status": seed.pick(1, &["accepted", "declined", "pending", "inactive"]),
        "partner_name": seed.pick(0, &[Some("jira"), None]),
        "remote_subdomain": "partner",
        "created_at": seed.created(),
        "updated_at": seed.updated(),
    })
}

/// A holiday. The row contains neither its schedule nor the time of its change.
pub(crate) fn schedule_holiday(seed: &Seed) -> String {
    seed.finish(object! {
        "id": seed.id,
        "name": seed.name("Holiday", 0),
        "start_date": seed.created().split('T').next().unwrap_or_default(),
        "end_date": seed.updated().split('T').next().unwrap_or_default(),
    })
}

/// An answer to a survey. Its times are only inside its answers.
pub(crate) fn survey_response(seed: &Seed) -> String {
    let text = |value: Json| object! { "type": "static", "value": value };
    let question = |kind: &str, alias: &str| -> Object {
        object! { "id": ulid(seed), "type": kind, "alias": alias, "headline": text(seed.text(2)) }
    };
    let times = |answer: Object| {
        answer.with("created_at", seed.created()).with("updated_at", seed.updated())
    };
    let rating = times(object! {
        "type": "rating_scale",
        "question": question("rating_scale_emoji", "customer satisfaction rating")
            .with("sub_type", "customer_satisfaction"),
        "rating": 1 + seed.bits(0) % 5,
        "rating_category": seed.pick(0, &["good", "bad"]),
    });
    let comment = match seed.n % 2 {
        0 => times(object! { "type": "skipped", "question": question("open_ended", "comment") }),
        _ => times(object! {
            "type": "open_ended",
            "question": question("open_ended", "comment"),
            "value": seed.body(9),
        }),
    };
    let zrn = format!("zen:ticket:{}", seed.ticket_id);
    let subject =
        object! { "id": seed.ticket_id.to_string(), "type": "ticket", "zrn": zrn.as_str() };
    // An id, nothing, or the id as a text (recorded rows).
    let responder = match seed.n % 3 {
        0 => Json::NULL,
        1 => seed.user_id.into(),
        _ => seed.user_id.to_string().into(),
    };
    seed.finish(object! {
        "id": ulid(seed),
        "responder_id": responder,
        "subject_zrns": [zrn.as_str()],
        "subjects": [subject],
        "survey": object! { "id": "01J58KJ9RAE0D2EK7HRVM7Z8F2", "state": "enabled", "version": 3 },
        "answers": [rating, comment],
        "expires_at": seed.at(2_419_200),
    })
}
