//! The rows that each stream should deliver, computed from what the simulated account holds.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use simulator::{Account, Simulator, Truth};

use crate::secrets;

/// Rows by key.
pub(crate) type ByKey = BTreeMap<String, Value>;

/// Streams of one object each. Their key is the time of the answer.
pub(crate) const SNAPSHOTS: [&str; 5] = [
    "account_settings",
    "talk_settings",
    "agents_overview",
    "account_overview",
    "current_queue_activity",
];

/// The key of a record of a stream.
pub(crate) fn key(stream: &str, record: &Value) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match stream {
        _ if SNAPSHOTS.contains(&stream) => "the only one".to_owned(),
        "agents_activity" => text(&record["agent_id"]),
        "tags" => text(&record["name"]),
        "custom_objects" => text(&record["key"]),
        "agent_availabilities" => text(&record["agent_id"]),
        "capacity_rule_assignees" => text(&record["agent_id"]),
        "engagements" => text(&record["engagement_id"]),
        "email_notifications" => text(&record["notification_id"]),
        "attribute_definitions" => {
            format!("{}:{}", text(&record["subject"]), text(&record["condition"]))
        }
        "ticket_field_options" => {
            format!("{} {} {}", record["object_type"], record["field_id"], record["id"])
        }
        "ticket_attachments" => {
            format!("{}-{}", text(&record["comment_id"]), text(&record["id"]))
        }
        _ => text(&record["id"]),
    }
}

/// The newest record of each key.
pub(crate) fn newest<'v>(stream: &str, records: impl IntoIterator<Item = &'v Value>) -> ByKey {
    let of_record = |record: &Value| {
        let mut row = record.clone();
        if SNAPSHOTS.contains(&stream) {
            // What comes from the answer itself no account holds.
            let second = row.as_object_mut().and_then(|row| row.remove("current_timestamp"));
            let second = second.as_ref().and_then(Value::as_str).and_then(|text| text.parse().ok());
            assert!(second.is_some_and(|second: i64| second > 1_700_000_000), "{stream}: {record}");
        }
        (key(stream, record), row)
    };
    records.into_iter().map(of_record).collect()
}

/// The rows that a complete read of a stream delivers now: every row that Zendesk lists, with the
/// keys that the connector adds.
pub(crate) fn listing(sim: &Simulator, stream: &str) -> ByKey {
    sim.account(|account| of_account(account, stream))
}

fn of_account(account: &Account, stream: &str) -> ByKey {
    let rows = |resource| {
        account.truth(resource).into_iter().map(|mut row| {
            if let Some(brand) = row.brand_id {
                row.json["brand_id"] = brand.into();
            }
            row
        })
    };
    match stream {
        // Deleted tickets are asked not to be listed.
        "tickets" => {
            rows("tickets").filter(|row| !row.deleted).map(|row| (row.key, row.json)).collect()
        }
        "ticket_metrics" => {
            let generated: BTreeMap<String, Value> = rows("tickets")
                .map(|row| (row.key, row.json["generated_timestamp"].clone()))
                .collect();
            let with = rows("ticket_metrics").map(|mut row| {
                let ticket = row.parent.clone().unwrap_or_default();
                row.json["_ab_updated_at"] = generated[&ticket].clone();
                (row.key, row.json)
            });
            with.collect()
        }
        "ticket_comments" => {
            rows("ticket_events").flat_map(|event| comments(&event.json)).collect()
        }
        "ticket_attachments" => {
            rows("ticket_events").flat_map(|event| attachments(&event.json)).collect()
        }
        "article_comments" => {
            let with = rows(stream).map(|mut row| {
                row.json["_airbyte_parent_id"] =
                    serde_json::json!({ "article_id": row.json["source_id"], "comment_id": row.json["id"] });
                (row.key, row.json)
            });
            with.collect()
        }
        "post_comments" => {
            let with = rows(stream).map(|mut row| {
                row.json["_airbyte_parent_id"] =
                    serde_json::json!({ "post_id": row.json["post_id"], "comment_id": row.json["id"] });
                (row.key, row.json)
            });
            with.collect()
        }
        "attribute_definitions" => {
            let with = rows(stream).map(|mut row| {
                let condition = row.key.rsplit(':').next().unwrap_or_default();
                row.json["condition"] = condition.into();
                (row.key, row.json)
            });
            with.collect()
        }
        _ if SNAPSHOTS.contains(&stream) => {
            rows(stream).map(|row| (key(stream, &row.json), row.json)).collect()
        }
        _ if secrets::STREAMS.contains(&stream) => {
            rows(stream).map(|row| (row.key.clone(), secrets::cut(stream, row))).collect()
        }
        "phone_numbers" | "lines" => {
            let without = rows(stream).map(|mut row| {
                row.json.as_object_mut().expect("a row is an object").remove("token");
                (row.key, row.json)
            });
            without.collect()
        }
        "greetings" => {
            let named = rows(stream).map(|mut row| {
                row.json["id"] = row.key.clone().into();
                (row.key, row.json)
            });
            named.collect()
        }
        "ivr_menus" => rows("ivrs").flat_map(|ivr| menus(&ivr.json)).collect(),
        "ivr_routes" => rows("ivrs")
            .flat_map(|ivr| menus(&ivr.json))
            .flat_map(|(_, menu)| routes(&menu))
            .collect(),
        "ticket_conversation_log" => {
            // Of other tickets it is not asked for.
            let is_of_messaging = |row: &Truth| row.json["from_messaging_channel"] == true;
            let tickets = account.truth("tickets").into_iter().filter(is_of_messaging);
            let tickets: BTreeSet<String> = tickets.map(|row| row.key).collect();
            let mut rows = below(account, stream, "ticket_id");
            rows.retain(|_, row| tickets.contains(&row["ticket_id"].to_string()));
            rows
        }
        "agent_statuses" => rows(stream).map(|row| (row.key, status(row.json))).collect(),
        "agent_availabilities" => {
            let with = rows(stream).map(|row| {
                let available = available(&row.json, account.channels_of(&row.key));
                (key(stream, &available), available)
            });
            with.collect()
        }
        "engagements" => {
            let in_utc = rows(stream).map(|mut row| {
                for column in ["engagement_start_time", "engagement_end_time"] {
                    let time = row.json[column].as_str().unwrap_or_default();
                    row.json[column] = format!("{time}Z").into();
                }
                (row.key, row.json)
            });
            in_utc.collect()
        }
        "article_subscriptions" => with_parent(rows(stream), "article_id"),
        "section_subscriptions" => with_parent(rows(stream), "section_id"),
        "post_subscriptions" => with_parent(rows(stream), "post_id"),
        "topic_subscriptions" => with_parent(rows(stream), "topic_id"),
        "attribute_values" => below(account, stream, "attribute_id"),
        "dynamic_content_variants" => {
            rows("dynamic_content_items").flat_map(|item| variants(&item.json)).collect()
        }
        "schedule_holidays" => below(account, stream, "schedule_id"),
        "organization_merges" => {
            // Of others it is not asked for.
            let deleted: BTreeMap<String, Value> = rows("organizations")
                .filter(|row| row.json["deleted_at"].is_string())
                .map(|row| (row.key, row.json["deleted_at"].clone()))
                .collect();
            let mut rows = below(account, stream, "organization_id");
            rows.retain(|_, row| deleted.contains_key(&row["organization_id"].to_string()));
            for row in rows.values_mut() {
                row["organization_deleted_at"] =
                    deleted[&row["organization_id"].to_string()].clone();
            }
            rows
        }
        "custom_object_triggers" | "custom_object_access_rules" => {
            below(account, stream, "custom_object_key")
        }
        "custom_object_fields" => below(account, stream, "custom_object_key"),
        "ticket_field_options" => {
            let of = [
                ("ticket", "ticket_fields"),
                ("user", "user_fields"),
                ("organization", "organization_fields"),
            ];
            let fields = of.into_iter().flat_map(|(of, listing)| {
                rows(listing).flat_map(move |field| options(of, &field.json))
            });
            fields.collect()
        }
        _ => rows(stream).map(|row| (row.key, row.json)).collect(),
    }
}

/// The rows of a stream, with the key of the row under which they are listed in this column.
fn below(account: &Account, stream: &str, column: &str) -> ByKey {
    with_parent(account.truth(stream).into_iter(), column)
}

fn with_parent(rows: impl Iterator<Item = Truth>, column: &str) -> ByKey {
    let with = rows.map(|mut row| {
        let parent = row.parent.clone().unwrap_or_default();
        row.json[column] = parent.parse::<u64>().map_or_else(|_| Value::from(parent), Value::from);
        (row.key, row.json)
    });
    with.collect()
}

/// The row of a status: its attributes and its identifying keys.
fn status(row: Value) -> Value {
    let mut status = row["attributes"].clone();
    let is_own = status.get("updated_at").is_some();
    status["kind"] = if is_own { "custom" } else { "default" }.into();
    (status["id"], status["type"]) = (row["id"].clone(), row["type"].clone());
    status
}

/// The row of an agent's availability: its attributes and the channels that belong to it.
fn available(row: &Value, channels: Vec<Value>) -> Value {
    let mut agent = row["attributes"].clone();
    agent["id"] = row["id"].clone();
    if row.get("relationships").is_some() {
        let channel = |resource: Value| {
            let mut channel = resource["attributes"].clone();
            channel["id"] = resource["id"].clone();
            channel
        };
        // In the order in which the relation names them.
        agent["channels"] = channels.into_iter().map(channel).collect();
    }
    agent
}

/// The menus of an IVR tree, with the keys that they get from it.
fn menus(ivr: &Value) -> Vec<(String, Value)> {
    let menus = ivr["menus"].as_array().cloned().unwrap_or_default().into_iter();
    let menu = |mut menu: Value| {
        menu["ivr_id"] = ivr["id"].clone();
        (key("ivr_menus", &menu), menu)
    };
    menus.map(menu).collect()
}

/// The routes of a menu, with the keys that they get from it and from its tree.
fn routes(menu: &Value) -> Vec<(String, Value)> {
    let routes = menu["routes"].as_array().cloned().unwrap_or_default().into_iter();
    let route = |mut route: Value| {
        route["ivr_id"] = menu["ivr_id"].clone();
        route["ivr_menu_id"] = menu["id"].clone();
        (key("ivr_routes", &route), route)
    };
    routes.map(route).collect()
}

/// The variants of an item of dynamic content, with the item's id.
fn variants(item: &Value) -> Vec<(String, Value)> {
    let variants = item["variants"].as_array().cloned().unwrap_or_default().into_iter();
    let with = variants.map(|mut variant| {
        variant["dynamic_content_item_id"] = item["id"].clone();
        (key("dynamic_content_variants", &variant), variant)
    });
    with.collect()
}

/// The options of a field, with the keys that they get from the field.
fn options(of: &str, field: &Value) -> Vec<(String, Value)> {
    let options = field["custom_field_options"].as_array().cloned().unwrap_or_default();
    let option = |mut option: Value| {
        option["object_type"] = of.into();
        let around = ["id", "key", "title", "type"];
        for (key, value) in around.iter().filter_map(|key| Some((key, field.get(key)?))) {
            option[format!("field_{key}")] = value.clone();
        }
        (key("ticket_field_options", &option), option)
    };
    options.into_iter().map(option).collect()
}

/// The comments among an event's child events, with the keys that they get from the event.
fn comments(event: &Value) -> Vec<(String, Value)> {
    let children = event["child_events"].as_array().cloned().unwrap_or_default();
    let comments = children.into_iter().filter(|child| child["event_type"] == "Comment");
    comments
        .map(|mut comment| {
            for key in ["ticket_id", "timestamp", "via_reference_id"] {
                if let Some(value) = event.get(key) {
                    comment[key] = value.clone();
                }
            }
            (key("ticket_comments", &comment), comment)
        })
        .collect()
}

/// The attachments of the comments among an event's child events.
fn attachments(event: &Value) -> Vec<(String, Value)> {
    let of_comment = |(_, comment): (String, Value)| {
        let files = comment["attachments"].as_array().cloned().unwrap_or_default();
        files.into_iter().map(move |mut file| {
            file["ticket_id"] = comment["ticket_id"].clone();
            file["comment_id"] = comment["id"].clone();
            file["created_at"] = comment["created_at"].clone();
            (key("ticket_attachments", &file), file)
        })
    };
    comments(event).into_iter().flat_map(of_comment).collect()
}

/// The differences between the expected rows and the rows that came, field by field. Rows that came
/// but are no longer listed count only when `exactly` is set: an incremental read does not see that
/// they are gone.
pub(crate) fn differences(
    stream: &str,
    expected: &ByKey,
    came: &ByKey,
    exactly: bool,
) -> Vec<String> {
    let mut found = Vec::new();
    for (key, row) in expected {
        let Some(record) = came.get(key) else {
            found.push(format!("{stream} {key} is missing"));
            continue;
        };
        for (field, value) in row.as_object().into_iter().flatten() {
            if record.get(field) != Some(value) {
                found.push(format!(
                    "{stream} {key}.{field} is {:?}, not {value}",
                    record.get(field)
                ));
            }
        }
        for field in record.as_object().into_iter().flat_map(|record| record.keys()) {
            if row.get(field).is_none() {
                found.push(format!("{stream} {key}.{field} should not be there"));
            }
        }
    }
    let gone = came.keys().filter(|key| exactly && !expected.contains_key(*key));
    found.extend(gone.map(|key| format!("{stream} {key} is not in the account")));
    found.iter_mut().for_each(|line| *line = line.chars().take(300).collect());
    found
}
