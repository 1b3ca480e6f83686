//! Rules that an account sets for its tickets: automations, triggers, macros, SLA policies, and the
//! definitions for routing. Fields: Zendesk, Automations; Ticket Triggers; Macros; SLA Policies;
//! Skill-based Routing.

use super::Seed;
use super::json::{Json, Object, object};

pub(crate) fn automation(seed: &Seed) -> String {
    let row = rule(seed, "Automation")
        .with("url", seed.url("automations"))
        .with("raw_title", seed.name("Automation", 0))
        .with("conditions", conditions(seed));
    seed.finish(row)
}

pub(crate) fn trigger(seed: &Seed) -> String {
    let row = rule(seed, "Trigger")
        .with("url", seed.url("triggers"))
        .with("raw_title", seed.name("Trigger", 0))
        .with("conditions", conditions(seed))
        .with("description", seed.or_null(0, seed.text(5)))
        // A number, but as text.
        .with("category_id", seed.other_id(24).to_string());
    seed.finish(row)
}

pub(crate) fn shared_macro(seed: &Seed) -> String {
    let restriction = match seed.n % 3 {
        0 => Json::NULL,
        1 => object! { "type": "User", "id": seed.user_id }.into(),
        _ => {
            let groups = [seed.other_id(3), seed.other_id(25)];
            object! { "type": "Group", "id": groups[0], "ids": groups }.into()
        }
    };
    let with_usage = seed.on(0, 5);
    let row = rule(seed, "Macro")
        .with("url", seed.url("macros"))
        .with("raw_title", seed.pick(0, &["{{dc.take_it}}", "Take it!"]))
        .with("description", seed.or_null(0, seed.text(5)))
        .with("restriction", restriction)
        .with("attachments", if seed.on(1, 3) { vec![seed.other_id(9)] } else { vec![] })
        .with_if(seed.on(0, 2), "permissions", object! { "can_edit": true })
        .with_if(seed.on(1, 6), "permissions", Json::NULL)
        .with_if(with_usage, "app_installation", seed.or_null(0, "Reports 1.0"))
        .with_if(with_usage, "categories", seed.or_null(1, "Close::Politely"))
        .with_if(with_usage, "usage_1h", 0)
        .with_if(with_usage, "usage_24h", seed.bits(1) % 10)
        .with_if(with_usage, "usage_7d", seed.bits(1) % 100)
        .with_if(with_usage, "usage_30d", seed.bits(1) % 1_000);
    seed.finish(row)
}

/// The fields that automations, triggers and macros share.
pub(super) fn rule(seed: &Seed, what: &str) -> Object {
    object! {
        "id": seed.id,
        "title": seed.name(what, 0),
        "active": !seed.on(0, 4),
        "updated_at": seed.updated(),
        "created_at": seed.created(),
        "default": seed.n == 1,
        "actions": actions(seed),
        "position": if seed.on(0, 3) { 9_999 } else { seed.bits(0) % 200 },
    }
}

/// Actions. Their values are texts, numbers, or lists of both.
fn actions(seed: &Seed) -> Vec<Object> {
    let action = |field: &str, value: Json| object! { "field": field, "value": value };
    let mail = Json::from([Json::from("requester_id"), seed.text(2), seed.body(8)]);
    let webhook = Json::from(["01GCSJW391QVSC80GYDH7E93Q6", "{\n  \"id\": {{ticket.id}}\n}"]);
    match seed.n % 5 {
        0 => vec![action("status", "closed".into()), action("notification_user", mail)],
        1 => vec![action("group_id", "current_groups".into()), action("priority", "high".into())],
        2 => vec![action("notification_webhook", webhook), action("tags", seed.text(4))],
        3 => vec![action("custom_fields_28835741000000", Json::raw("745"))],
        _ => vec![action("follower", Json::raw(r#"[28835702984212,"current_user"]"#))],
    }
}

pub(super) fn conditions(seed: &Seed) -> Object {
    let condition = |field: &str, operator: &str, value: Json| {
        object! { "field": field, "operator": operator, "value": value }
    };
    let all = vec![
        condition("status", "less_than", "solved".into()),
        condition("subject_includes_word", "includes", seed.text(1)),
        condition("custom_status_id", "includes", ["1", "2"].into()),
        condition("custom_fields_28835741000007", "is", Json::raw(r#"[1,"2"]"#)),
        condition("SOLVED", "greater_than", Json::raw("72")),
    ];
    let any =
        if seed.on(0, 2) { vec![condition("update_type", "is", "Create".into())] } else { vec![] };
    object! {
        "all": if seed.on(0, 7) { Json::NULL } else { all.into() },
        "any": if seed.on(1, 7) { Json::NULL } else { any.into() },
    }
}

const METRICS: [&str; 3] = ["first_reply_time", "requester_wait_time", "agent_work_time"];

pub(crate) fn sla_policy(seed: &Seed) -> String {
    let filter = |value: Json| object! { "field": "via_id", "operator": "is", "value": value };
    let value = match seed.n % 4 {
        0 => "4".into(),
        1 => 4.into(),
        2 => Json::raw(r#"["4",5]"#),
        _ => true.into(),
    };
    let metric = |priority: &str, minutes: u64| {
        object! {
            "priority": priority,
            "metric": seed.pick(minutes, &METRICS),
            "target": minutes,
            "business_hours": seed.on(minutes, 2),
        }
        .with_if(!seed.on(0, 4), "target_in_seconds", minutes * 60)
    };
    let metric_settings = object! {
        "first_reply_time": object! {
            "activate_on_ticket_created_for_end_user": true,
            "fulfill_on_agent_internal_note": false,
        },
        "periodic_update_time": object! { "activate_on_agent_internal_note": false },
    };
    let any = if seed.on(0, 3) { vec![filter(seed.text(2))] } else { vec![] };
    let metrics = [metric("low", 180), metric("urgent", 30), metric("high", seed.bits(1) % 600)];
    seed.finish(object! {
        "url": seed.url("slas/policies"),
        "id": seed.id,
        "title": seed.name("Policy", 0),
        "description": seed.text(4),
        "position": seed.n,
        "filter": object! { "all": [filter(value)], "any": any },
        "policy_metrics": metrics,
        "metric_settings": seed.or_null(1, metric_settings),
        "created_at": seed.created(),
        "updated_at": seed.updated(),
    })
}

/// A condition that routing rules may use. It has no id. A subject is listed once among the
/// conditions of which all must hold, and once among those of which any must hold.
pub(crate) fn attribute_definition(seed: &Seed) -> String {
    let subject = match seed.n {
        1 => "number_of_incidents".to_owned(),
        2 => "brand".to_owned(),
        _ => format!("custom_fields_{}", seed.id),
    };
    let operators = [
        object! { "value": "is", "title": "Is", "terminal": false, "format": "list" },
        object! { "value": "not_present", "title": "Not present", "terminal": true },
    ];
    let values = match seed.n % 3 {
        0 => Json::NULL,
        1 => Json::raw("[]"),
        _ => [
            object! { "value": "", "title": "-", "enabled": true },
            object! { "value": "28835714705684", "title": seed.text(6), "enabled": seed.on(0, 2) },
        ]
        .into(),
    };
    let row = object! {
        "title": seed.name("Condition", 0),
        "subject": subject,
        "type": seed.pick(0, &["list", "text", "autocomplete"]),
        "group": seed.pick(1, &["ticket", "requester", "custom_field"]),
        "nullable": seed.on(0, 2),
        "repeatable": seed.on(1, 2),
        "operators": operators,
        "values": values,
    };
    let metadata = object! { "collection_key": "brands", "item_key": "id", "id": Json::raw("1e3") };
    seed.finish(row.with_if(!seed.on(0, 3), "metadata", seed.or_null(0, metadata)))
}
