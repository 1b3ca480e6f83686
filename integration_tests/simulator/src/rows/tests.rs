//! What the server and its tests may rely on in every row, and that the nasty values occur.

mod fields;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde_json::Value;

use self::fields::{FIELDS, NESTED};
use super::nasty::TEXTS;
use super::{Seed, mix, zendesk_time};
use crate::resources::{Resource, resource, resources};

const FIRST_CREATED_AT: i64 = 1_600_000_000;

/// Resources whose rows have no free text, except perhaps a name.
const WITHOUT_TEXT: [&str; 30] = [
    "sessions",
    "capacity_rule_assignees",
    "engagements",
    "routing_instance_value_events",
    "organization_merges",
    "webhook_invocations",
    "oauth_tokens",
    "badge_assignments",
    "account_settings",
    "talk_settings",
    "agents_overview",
    "account_overview",
    "current_queue_activity",
    "jira_links",
    "ticket_form_statuses",
    "organization_subscriptions",
    "brand_agents",
    "call_legs",
    "ticket_metrics",
    "user_identities",
    "group_memberships",
    "article_votes",
    "article_comment_votes",
    "post_votes",
    "post_comment_votes",
    "article_subscriptions",
    "section_subscriptions",
    "post_subscriptions",
    "topic_subscriptions",
    "ticket_metric_events",
];
const WITH_NAMES_ONLY: [&str; 17] = [
    "agent_availabilities",
    "routing_attribute_events",
    "routing_attribute_value_events",
    "themes",
    "badge_categories",
    "redirect_rules",
    "greeting_categories",
    "tags",
    "schedules",
    "account_attributes",
    "organization_memberships",
    "article_attachments",
    "locales",
    "trigger_categories",
    "recipient_addresses",
    "sharing_agreements",
    "schedule_holidays",
];

fn seed(n: u64) -> Seed<'static> {
    Seed {
        n,
        id: 28_835_702_980_000 + n,
        random: mix(n),
        created_at: FIRST_CREATED_AT + n as i64,
        updated_at: FIRST_CREATED_AT + n as i64 * 1_000,
        parent_id: Some(28_847_424_000_000 + n / 3),
        grandparent_id: Some(28_847_423_000_000 + n / 9),
        ticket_id: n / 2 + 1,
        user_id: 28_835_702_984_212,
        subdomain: "acme",
    }
}

struct Row {
    seed: Seed<'static>,
    text: String,
    json: Value,
}

/// Three hundred rows of each resource, made once for all tests. A parser must accept them: no
/// escape is half a character, and no string contains a raw control character.
static ROWS_MADE: LazyLock<BTreeMap<&str, Vec<Row>>> =
    LazyLock::new(|| resources().map(|kind| (kind.name, rows_of(kind))).collect());

fn rows_of(kind: &Resource) -> Vec<Row> {
    let row = |n| {
        let text = (kind.make)(&seed(n));
        let json = serde_json::from_str(&text);
        let json = json.unwrap_or_else(|error| panic!("{} {n}: {error}", kind.name));
        Row { seed: seed(n), text, json }
    };
    (1..=300).map(row).collect()
}

#[test]
fn every_row_is_an_object_with_its_keys_and_times() {
    assert_eq!(ROWS_MADE.len(), resources().count());
    for (resource, rows) in ROWS_MADE.iter() {
        let mut keys = BTreeSet::new();
        for Row { seed, json, .. } in rows {
            assert!(json.is_object(), "{resource}");
            if crate::resources::resource(resource).is_object() {
                continue;
            }
            let key = match *resource {
                "tags" => &json["name"],
                "attribute_definitions" => &json["subject"],
                "custom_objects" => &json["key"],
                "agents_activity" | "capacity_rule_assignees" => &json["agent_id"],
                "engagements" => &json["engagement_id"],
                "email_notifications" => &json["notification_id"],
                _ => &json["id"],
            };
            assert!(keys.insert(key.to_string()), "{resource}: {key} again");
            if key.is_u64() {
                assert_eq!(*key, seed.id, "{resource}");
            }
            assert_times(resource, seed, json);
        }
    }
}

fn assert_times(resource: &str, seed: &Seed, row: &Value) {
    let (created, updated) = (zendesk_time(seed.created_at), zendesk_time(seed.updated_at));
    let seconds = |time: &Value| time.as_str().unwrap().to_owned();
    match resource {
        "side_conversations" => {
            assert_eq!(seconds(&row["created_at"])[..19], created[..19]);
            assert_eq!(seconds(&row["updated_at"])[..19], updated[..19]);
            assert_eq!(seconds(&row["updated_at"]).len(), "2026-05-08T13:22:48.141Z".len());
            return;
        }
        "side_conversation_events" => {
            assert_eq!(seconds(&row["created_at"])[..19], created[..19]);
            return;
        }
        "ticket_events" => {
            assert_eq!(row["timestamp"], seed.updated_at);
            assert_eq!(row["created_at"], updated);
            return;
        }
        "ticket_metric_events" => assert_eq!(row["time"], updated),
        "deleted_tickets" => {
            assert_eq!(seconds(&row["deleted_at"]).replace('-', ""), updated.replace('-', ""));
        }
        "tickets" => {
            let late = row["generated_timestamp"].as_i64().unwrap() - seed.updated_at;
            assert!((0..=3).contains(&late));
        }
        _ => {}
    }
    if let Some(time) = row.get("created_at") {
        assert_eq!(seconds(time).replace(".000Z", "Z"), created, "{resource}");
    }
    if let Some(time) = row.get("updated_at")
        && !(time.is_null() && ["group_memberships", "webhooks"].contains(&resource))
    {
        assert_eq!(seconds(time).replace(".000Z", "Z"), updated, "{resource}");
    }
}

#[test]
fn the_same_seed_makes_the_same_bytes_and_other_bits_another_row() {
    for kind in resources() {
        for n in [1, 2, 97] {
            assert_eq!((kind.make)(&seed(n)), (kind.make)(&seed(n)), "{}", kind.name);
        }
    }
    let ticket = resource("tickets");
    let other = Seed { random: 7, ..seed(1) };
    assert_ne!((ticket.make)(&seed(1)), (ticket.make)(&other));
}

#[test]
fn every_known_field_appears() {
    let listed: BTreeMap<_, _> = FIELDS.iter().copied().collect();
    let nested: BTreeMap<_, _> = NESTED.iter().copied().collect();
    for (resource, rows) in ROWS_MADE.iter() {
        let Some(listed) = listed.get(resource) else { continue };
        let known: BTreeSet<&str> = listed.split_whitespace().collect();
        let within = nested.get(resource).into_iter().flat_map(|paths| paths.split_whitespace());
        let mut unseen: BTreeSet<&str> = known.iter().copied().chain(within).collect();
        for Row { json, .. } in rows {
            unseen.retain(|path| !has(json, path));
            let mut keys = json.as_object().unwrap().keys();
            let unknown = keys.find(|key| !known.contains(key.as_str()));
            assert_eq!(unknown, None, "{resource}: not in the list");
        }
        assert!(unseen.is_empty(), "{resource}: never seen: {unseen:?}");
    }
}

fn has(value: &Value, path: &str) -> bool {
    let (step, rest) = path.split_once('.').unwrap_or((path, ""));
    let (key, is_list) = step.strip_suffix("[]").map_or((step, false), |key| (key, true));
    match value.get(key) {
        Some(found) if rest.is_empty() => !is_list || found.is_array(),
        Some(found) if is_list => {
            found.as_array().is_some_and(|items| items.iter().any(|item| has(item, rest)))
        }
        Some(found) => has(found, rest),
        None => false,
    }
}

#[test]
fn twenty_rows_in_a_row_hold_most_of_the_nasty_texts() {
    for (resource, rows) in ROWS_MADE.iter() {
        let (in_twenty, in_all) = match resource {
            resource if WITHOUT_TEXT.contains(resource) => continue,
            resource if WITH_NAMES_ONLY.contains(resource) => (12, 14),
            _ => (14, 18),
        };
        // Long bodies end in the text of their row like any other, and only cost time here.
        let texts = rows.iter().map(|row| row.text.as_str()).filter(|text| text.len() < 100_000);
        let texts: Vec<&str> = texts.collect();
        // The empty text and `1.0` would be found in nearly anything.
        let telling = || TEXTS.iter().filter(|nasty| nasty.len() > 3);
        let held = |texts: &[&str]| {
            telling().filter(|nasty| texts.iter().any(|text| text.contains(**nasty))).count()
        };
        assert_eq!(telling().count(), 18);
        let held_in_all = held(&texts);
        assert!(held_in_all >= in_all, "{resource}: {held_in_all} of all");
        for window in texts.windows(20).step_by(7) {
            let held = held(window);
            assert!(held >= in_twenty, "{resource}: {held} in twenty");
        }
    }
}

#[test]
fn twenty_rows_in_a_row_come_in_every_shape() {
    for (resource, rows) in ROWS_MADE.iter() {
        for window in rows.windows(20) {
            for start in ["{\n", "{\r\n\t", "{\""] {
                assert!(window.iter().any(|row| row.text.starts_with(start)), "{resource}");
            }
        }
        let ends_with_id = |row: &Row| row.text.ends_with(&format!("\"id\":{}}}", row.json["id"]));
        let has_id = !rows[0].json["id"].is_null();
        assert!(!has_id || rows.iter().any(ends_with_id), "{resource}: id is never last");
    }
}

#[test]
fn free_values_are_of_every_type_and_keep_their_spelling() {
    for resource in ["tickets", "users", "organizations", "ticket_events", "ticket_audits"] {
        for spelled in [
            ":1.0",
            ":1e3",
            ":12345678901234567890123",
            ":-0.5",
            ":\"745\"",
            ":[\"printer\",\"on_fire\"]",
            ":[]",
            ":true",
            ":null",
            ":\"\"",
            "+00:00\"",
        ] {
            let has_it = |row: &Row| row.text.contains(spelled);
            assert!(ROWS_MADE[resource].iter().any(has_it), "{resource}: {spelled}");
        }
    }
}

#[test]
fn fields_with_several_forms_take_each() {
    let values = |resource: &str, field: &str| -> Vec<Value> {
        ROWS_MADE[resource].iter().map(|row| row.json[field].clone()).collect()
    };
    let ratings = values("tickets", "satisfaction_rating");
    assert!(ratings.iter().any(Value::is_null));
    assert!(ratings.iter().any(|rating| *rating == serde_json::json!({ "score": "unoffered" })));
    assert!(ratings.iter().any(|rating| rating.get("reason_id").is_some()));
    let via = values("ticket_events", "via");
    assert!(via.iter().any(|via| via == "-") && via.iter().any(Value::is_object));
    assert!(values("ticket_events", "updater_id").iter().any(|id| *id == -1));
    assert!(values("group_memberships", "updated_at").iter().any(Value::is_null));
    let events = values("ticket_audits", "events");
    let values = || events.iter().flat_map(|it| it.as_array().unwrap()).map(|it| &it["value"]);
    assert!(values().any(Value::is_string) && values().any(Value::is_array));
    assert!(values().any(Value::is_object) && values().any(Value::is_null));
}

#[test]
fn some_bodies_are_longer_than_any_buffer() {
    for resource in ["tickets", "ticket_events", "ticket_audits", "articles", "posts"] {
        let is_long = |row: &Row| row.text.len() > 300_000;
        assert!(ROWS_MADE[resource].iter().any(is_long), "{resource}");
    }
}
