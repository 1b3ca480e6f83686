//! The rows of people, groups, schedules, SLA policies, fields and forms. Each row is made as in
//! any account. Then the values of the cast replace those of the maker.

use super::cast::{Cast, DAY, PRIORITIES};
use crate::account::{ADMIN_USER_ID, AGENT_USER_ID, Account, Birth, SUSPENDED_USER_ID};
use crate::auth::{ADMIN_API_TOKEN, AGENT_API_TOKEN};
use serde_json::{Value, json};

/// Adds a row with this id. These fields replace those of its maker.
fn put(account: &mut Account, name: &'static str, id: u64, birth: Birth, fields: &[(&str, Value)]) {
    let number = account.add(name, Birth { id: Some(id), ..birth });
    let key = number.to_string();
    for (field, value) in fields {
        account.set_field(name, &key, field, &value.to_string());
    }
}

/// A birth in which both times are the same.
fn born(at: i64) -> Birth {
    Birth { created_at: at, updated_at: at, ..Birth::default() }
}

pub(super) fn add(account: &mut Account, cast: &Cast) {
    let at = cast.origin - 50 * DAY;
    for row in &cast.groups {
        let fields = [("name", json!(row.name)), ("deleted", json!(false))];
        put(account, "groups", row.id, born(at), &fields);
    }
    for (n, row) in cast.organizations.iter().enumerate() {
        let fields = [
            ("name", json!(row.name)),
            ("external_id", json!(format!("organization-{n}"))),
            ("group_id", Value::Null),
            ("deleted_at", Value::Null),
        ];
        put(account, "organizations", row.id, born(at + n as i64 * 60), &fields);
    }
    add_users(account, cast);
    add_schedules(account, cast);
    add_policies(account, cast);
    add_fields(account, cast);
}

fn add_users(account: &mut Account, cast: &Cast) {
    for user in &cast.users {
        let is_agent = user.role != "end-user";
        let email = match user.id {
            ADMIN_USER_ID => ADMIN_API_TOKEN.email.to_owned(),
            AGENT_USER_ID => AGENT_API_TOKEN.email.to_owned(),
            id => format!("user-{id}@example.com"),
        };
        let fields = [
            ("name", json!(user.name)),
            ("email", json!(email)),
            ("role", json!(user.role)),
            ("external_id", Value::Null),
            ("organization_id", json!(user.organization)),
            ("active", json!(true)),
            ("suspended", json!(user.id == SUSPENDED_USER_ID)),
            ("role_type", json!(is_agent.then_some(0))),
            ("custom_role_id", Value::Null),
            ("default_group_id", json!(cast.groups.first().filter(|_| is_agent).map(|row| row.id))),
            ("moderator", json!(is_agent)),
            ("restricted_agent", json!(!is_agent)),
            ("ticket_restriction", json!((!is_agent).then_some("requested"))),
        ];
        put(account, "users", user.id, born(user.created_at), &fields);
        let key = user.id.to_string();
        account.edit("users", &key, |row| {
            row.text = crate::row_text::without(&row.text, "permanently_deleted");
        });
    }
}

fn add_schedules(account: &mut Account, cast: &Cast) {
    for schedule in &cast.schedules {
        let intervals: Vec<Value> = schedule
            .intervals
            .iter()
            .map(|(from, to)| json!({ "start_time": from, "end_time": to }))
            .collect();
        let fields = [
            ("name", json!(schedule.name)),
            ("time_zone", json!(schedule.rails_zone)),
            ("intervals", json!(intervals)),
        ];
        put(account, "schedules", schedule.id, born(schedule.created_at), &fields);
        for holiday in &schedule.holidays {
            let birth = Birth { parent: Some(schedule.id), ..born(schedule.created_at) };
            let fields = [
                ("name", json!(holiday.name)),
                ("start_date", json!(holiday.first.to_string())),
                ("end_date", json!(holiday.last.to_string())),
            ];
            put(account, "schedule_holidays", holiday.id, birth, &fields);
        }
    }
}

fn add_policies(account: &mut Account, cast: &Cast) {
    for (place, policy) in cast.policies.iter().enumerate() {
        let mut metrics = Vec::new();
        for (metric, _) in policy.metrics {
            for priority in PRIORITIES {
                let (of, instance) = match *metric {
                    "first_reply_time" => ("reply_time", 1),
                    "next_reply_time" => ("reply_time", 2),
                    other => (other, 1),
                };
                let Some(target) = cast.target(place, of, instance, priority) else { continue };
                metrics.push(json!({
                    "priority": priority,
                    "metric": metric,
                    "target": target.minutes,
                    "target_in_seconds": target.minutes * 60,
                    "business_hours": target.in_business_hours,
                }));
            }
        }
        let fields = [
            ("title", json!(policy.title)),
            ("position", json!(place + 1)),
            ("policy_metrics", json!(metrics)),
            ("filter", json!({ "all": [], "any": [] })),
        ];
        put(account, "sla_policies", policy.id, born(cast.origin - 30 * DAY), &fields);
    }
}

fn add_fields(account: &mut Account, cast: &Cast) {
    let at = cast.origin - 45 * DAY;
    let own = ["subject", "description", "status", "tickettype", "priority", "group", "assignee"];
    let own = own
        .iter()
        .enumerate()
        .map(|(n, kind)| (28_835_714_573_076 + n as u64 * 11, *kind, *kind, false));
    let custom = cast.fields.iter().map(|field| (field.id, field.kind, field.title, true));
    for (n, (id, kind, title, is_custom)) in own.chain(custom).enumerate() {
        let option = |(n, (name, value)): (usize, (&str, &str))| json!({ "id": id + 1 + n as u64, "name": name, "raw_name": name, "value": value, "default": false });
        let options: &[(&str, &str)] = match kind {
            "tagger" => {
                &[("Basic", "plan_basic"), ("Silver", "plan_silver"), ("Gold", "plan_gold")]
            }
            "multiselect" => &[("Red", "red"), ("Green", "green"), ("Sk\u{f8}n", "sk\u{f8}n")],
            _ => &[],
        };
        let options: Vec<Value> = options.iter().copied().enumerate().map(option).collect();
        let mut fields = vec![
            ("type", json!(kind)),
            ("title", json!(title)),
            ("raw_title", json!(title)),
            ("position", json!(n + 1)),
            ("active", json!(true)),
            ("removable", json!(is_custom)),
            ("tag", Value::Null),
            ("regexp_for_validation", Value::Null),
            ("key", Value::Null),
        ];
        if !options.is_empty() {
            fields.push(("custom_field_options", json!(options)));
        }
        put(account, "ticket_fields", id, born(at), &fields);
        let key = id.to_string();
        account.edit("ticket_fields", &key, |row| {
            // The maker gave the row what belongs to another type.
            for field in [
                "system_field_options",
                "sub_type_id",
                "custom_statuses",
                "relationship_target_type",
                "relationship_filter",
                "creator_user_id",
                "creator_app_name",
            ] {
                row.text = crate::row_text::without(&row.text, field);
            }
            if options.is_empty() {
                row.text = crate::row_text::without(&row.text, "custom_field_options");
            }
        });
    }
    let ids: Vec<u64> = cast.fields.iter().map(|field| field.id).collect();
    for (n, form) in cast.forms.iter().enumerate() {
        let fields = [
            ("name", json!(form.name)),
            ("raw_name", json!(form.name)),
            ("display_name", json!(form.name)),
            ("raw_display_name", json!(form.name)),
            ("active", json!(true)),
            ("default", json!(n == 0)),
            ("deleted_at", Value::Null),
            ("ticket_field_ids", json!(ids)),
            ("in_all_brands", json!(true)),
            ("restricted_brand_ids", json!([])),
            ("end_user_conditions", json!([])),
            ("agent_conditions", json!([])),
        ];
        put(account, "ticket_forms", form.id, born(at), &fields);
    }
}

/// Connects the brands with the cast. They are founded as in any account, then get the forms of the
/// cast. Tickets belong to the first of them.
pub(super) fn tie_brands(account: &mut Account) {
    let brands = account.keys("brands");
    let Some(timelines) = account.timelines.as_deref_mut() else { return };
    timelines.cast.brands = brands.iter().take(2).filter_map(|key| key.parse().ok()).collect();
    let forms: Vec<u64> = timelines.cast.forms.iter().map(|form| form.id).collect();
    for key in &brands {
        account.set_field("brands", key, "ticket_form_ids", &json!(forms).to_string());
    }
}
