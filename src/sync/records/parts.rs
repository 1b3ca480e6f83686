//! Takes a row apart, as a [`Parts`] declares: into its members, or into the texts that a list
//! gained or lost. Pure.

use std::borrow::Cow;

use super::path::{RowPlace, plain};
use crate::streams::derived::{Members, Parts};
use zendesk::json::{self, Span, elements};

/// A part of a row that makes a row of its own.
#[derive(Debug)]
pub(super) struct Part<'p> {
    /// The name of a member, or the text of a list.
    pub(super) name: Cow<'p, str>,
    /// Where the name is in the answer.
    pub(super) named_at: Span,
    /// The value of a member. `before` is its previous value.
    pub(super) value: Option<Span>,
    pub(super) before: Option<Span>,
}

/// The parts of a row. No two have the same name. `None` if the row makes one derived row as a
/// whole.
pub(super) fn of<'p>(parts: Parts, place: &RowPlace<'p, '_>) -> Option<Vec<Part<'p>>> {
    match parts {
        Parts::Whole => None,
        Parts::Each(of) => Some(members(place, &of)),
        Parts::Gained { of, field, told } => {
            Some(missing(place, &of, field, told, |part| (part.value, part.before)))
        }
        Parts::Lost { of, field, told } => {
            Some(missing(place, &of, field, told, |part| (part.before, part.value)))
        }
    }
}

fn members<'p>(place: &RowPlace<'p, '_>, of: &Members) -> Vec<Part<'p>> {
    let Members { but, open, before } = *of;
    let mut parts = Vec::new();
    for (name, named_at, value) in named(place, place.span()) {
        let raw = place.text.raw(value);
        if name == open && raw == b"null" {
            continue;
        }
        if name == open && raw.first() == Some(&b'{') {
            for (name, named_at, value) in named(place, value) {
                put(&mut parts, Part { name, named_at, value: Some(value), before: None });
            }
        } else if !but.contains(&&*name) {
            put(&mut parts, Part { name, named_at, value: Some(value), before: None });
        }
    }
    // Whose value before it is, is not told where several members could be meant, unless by name.
    let before = before.and_then(|before| place.member(before));
    let Some(before) = before.map(|member| member.value) else { return parts };
    let by_name = named(place, before);
    let is_only_one = parts.len() == 1;
    for part in &mut parts {
        let own = by_name.iter().rev().find(|(name, ..)| *name == part.name);
        part.before = own.map(|(_, _, value)| *value).or(is_only_one.then_some(before));
    }
    parts
}

/// Adds a part. Of two members with one name the last one counts, as in readers of JSON.
fn put<'p>(parts: &mut Vec<Part<'p>>, part: Part<'p>) {
    match parts.iter_mut().find(|one| one.name == part.name) {
        Some(one) => *one = part,
        None => parts.push(part),
    }
}

/// The members of an object: each name, where the name is, and where the value is. Empty if it is
/// not an object.
fn named<'p>(place: &RowPlace<'p, '_>, object: Span) -> Vec<(Cow<'p, str>, Span, Span)> {
    let name = |key| plain(place.text.raw(key)).unwrap_or_default();
    let members = json::members(&place.text.body, object).into_iter();
    members.map(|(key, value)| (name(key), key, value)).collect()
}

/// The texts that one list of a member has and its other list does not. If the row has a list under
/// `told`, the texts of that list.
fn missing<'p>(
    place: &RowPlace<'p, '_>,
    of: &Members,
    field: &str,
    told: &str,
    lists: fn(&Part<'_>) -> (Option<Span>, Option<Span>),
) -> Vec<Part<'p>> {
    let Some(part) = members(place, of).into_iter().find(|part| part.name == field) else {
        return Vec::new();
    };
    let told = place.member(told).map(|member| member.value);
    let is_told = told.is_some_and(|told| place.text.raw(told).first() == Some(&b'['));
    let has_before = of.before.is_some_and(|before| place.member(before).is_some());
    let is_unclear = part.before.is_none() && has_before;
    let (of_one, of_other) = match (is_told, is_unclear) {
        (true, _) => (told, None),
        (false, true) => return Vec::new(),
        (false, false) => lists(&part),
    };
    let other = words(place, of_other);
    let mut parts = Vec::new();
    for (name, named_at) in words(place, of_one) {
        if !other.iter().any(|(word, _)| *word == name) {
            put(&mut parts, Part { name, named_at, value: None, before: None });
        }
    }
    parts
}

/// The texts of a list, and where they are: the elements of an array, or the words of a text. Empty
/// texts are left out.
pub(super) fn words<'p>(place: &RowPlace<'p, '_>, list: Option<Span>) -> Vec<(Cow<'p, str>, Span)> {
    let Some(list) = list else { return Vec::new() };
    let text = |span: Span| Some((plain(place.text.raw(span))?, span));
    match place.text.raw(list).first() {
        Some(b'[') => elements(&place.text.body, list).into_iter().filter_map(text).collect(),
        Some(b'"') => {
            let (words, span) = text(list).unwrap_or_default();
            let owned = |word: &str| (Cow::Owned(word.to_owned()), span);
            words.split_whitespace().map(owned).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    use crate::sync::records::tests::{changed, records};

    fn event(child_events: Value) -> Value {
        json!({ "ticket_events": [{ "id": 1, "ticket_id": 7, "timestamp": 1_767_225_600, "updater_id": 9,
            "via": { "channel": "web" }, "child_events": child_events }] })
    }

    fn history(stream: &str, child_events: Value) -> Vec<Value> {
        let made = records(&[stream], &event(child_events).to_string()).remove(0);
        made.as_array().cloned().unwrap_or_default()
    }

    /// Name, value and previous value of each row.
    fn fields(child: Value) -> Vec<(String, Value, Value)> {
        let rows = history("ticket_field_history", json!([child]));
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        rows.iter()
            .map(|row| {
                (text(&row["field_name"]), row["value"].clone(), row["previous_value"].clone())
            })
            .collect()
    }

    fn field(name: &str, value: &str, before: Option<&str>) -> (String, Value, Value) {
        (name.to_owned(), json!(value), json!(before))
    }

    #[test]
    fn each_field_of_a_create_or_change_is_a_row() {
        let rows = history(
            "ticket_field_history",
            json!([
                { "id": 3, "via": "Web form", "via_reference_id": null, "event_type": "Create", "status": "new",
                    "tags": ["a", "b c"], "priority": "", "group_id": null, "comment_present": true,
                    "comment_public": false, "is_public": true, "custom_ticket_fields": { "77": "x" } },
                { "id": 4, "via": { "channel": "rule" }, "event_type": "Change", "assignee_id": 5,
                    "previous_value": "4" },
                { "id": 5, "event_type": "Comment", "status": "solved", "body": "Hi" },
                { "id": 6, "event_type": "ScheduleAssignment", "new_schedule_id": 8 },
                { "event_type": "Change", "status": "open" },
            ]),
        );
        let of =
            |row: &Value| (row["id"].clone(), row["value"].clone(), row["via_channel"].clone());
        let found: Vec<_> = rows.iter().map(of).collect();
        let row = |id: &str, value: Value, via: &str| (json!(id), value, json!(via));
        let expected = [
            row("3-status", json!("new"), "Web form"),
            row("3-tags", json!("[\"a\",\"b c\"]"), "Web form"),
            row("3-priority", json!(null), "Web form"),
            row("3-group_id", json!(null), "Web form"),
            row("3-is_public", json!("true"), "Web form"),
            row("3-77", json!("x"), "Web form"),
            row("4-assignee_id", json!("5"), "rule"),
        ];
        // Members stand in the order in which serde writes them.
        let sorted = |mut rows: Vec<(Value, Value, Value)>| {
            rows.sort_by_key(|row| row.0.to_string());
            rows
        };
        assert_eq!(sorted(found), sorted(expected.to_vec()));
        let last = rows.last().unwrap();
        assert_eq!((&last["kind"], &last["previous_value"]), (&json!("change"), &json!("4")));
        assert_eq!((&last["ticket_event_id"], &last["ticket_id"]), (&json!(1), &json!(7)));
        assert_eq!((&last["user_id"], &last["ticket_field_id"]), (&json!(9), &json!(null)));
        // The event has no `created_at`.
        assert_eq!(last["updated"], "2026-01-01T00:00:00Z");
        let custom = rows.iter().find(|row| row["field_name"] == "77").unwrap();
        assert_eq!((&custom["ticket_field_id"], &custom["kind"]), (&json!(77), &json!("create")));
    }

    #[test]
    fn what_a_field_was_before_is_told_where_it_is_clear() {
        let change = |members: Value, before: Value| {
            let mut child = json!({ "id": 3, "event_type": "Change", "previous_value": before });
            child.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
            fields(child)
        };
        let custom = |fields: Value| json!({ "custom_ticket_fields": fields });
        for (members, before, expected) in [
            (json!({ "status": "open" }), json!("new"), vec![field("status", "open", Some("new"))]),
            (json!({ "status": "open" }), json!(""), vec![field("status", "open", None)]),
            (json!({ "tags": [] }), json!(["a"]), vec![field("tags", "[]", Some("[\"a\"]"))]),
            (custom(json!({ "7": "b" })), json!("a"), vec![field("7", "b", Some("a"))]),
            (custom(json!({ "7": "b" })), json!({ "7": "a" }), vec![field("7", "b", Some("a"))]),
            (custom(json!({ "7": true })), json!(false), vec![field("7", "true", Some("false"))]),
            (
                custom(json!({ "7": "b", "8": 1.50 })),
                json!({ "7": "a" }),
                vec![field("7", "b", Some("a")), field("8", "1.5", None)],
            ),
            // One value before, and two fields: whose it was is not told.
            (
                custom(json!({ "7": "b", "8": "c" })),
                json!("a"),
                vec![field("7", "b", None), field("8", "c", None)],
            ),
            (
                json!({ "first_reply_time": { "minutes": 5 } }),
                json!({ "minutes": 9 }),
                vec![field("first_reply_time", "{\"minutes\":5}", Some("{\"minutes\":9}"))],
            ),
            (custom(json!(null)), json!(null), vec![]),
            (custom(json!([1])), json!(null), vec![field("custom_ticket_fields", "[1]", None)]),
            (json!({ "7": "b" }), json!("a"), vec![field("7", "b", Some("a"))]),
        ] {
            assert_eq!(change(members.clone(), before.clone()), expected, "{members} {before}");
        }
    }

    #[test]
    fn nothing_was_before_a_creation() {
        for before in [json!("open"), json!({ "status": "open" }), json!(null)] {
            let child = json!({ "id": 3, "event_type": "Create", "status": "new", "previous_value": before });
            assert_eq!(fields(child), [field("status", "new", None)]);
        }
    }

    #[test]
    fn a_channel_is_a_text_or_in_an_object() {
        for (child, event, expected) in [
            (json!("Mail"), json!("Web form"), json!("Mail")),
            (json!({ "channel": "rule" }), json!("Web form"), json!("rule")),
            (json!({ "source": {} }), json!("Web form"), json!("Web form")),
            (json!({ "channel": null }), json!({ "channel": "web" }), json!("web")),
            (json!([4]), json!(4), json!(null)),
            (json!(null), json!({}), json!(null)),
        ] {
            let body = json!({ "ticket_events": [{ "id": 1, "ticket_id": 7, "timestamp": 5, "via": event,
                "child_events": [{ "id": 3, "event_type": "Change", "status": "open", "via": child }] }] });
            let rows = records(&["ticket_field_history"], &body.to_string()).remove(0);
            assert_eq!(rows[0]["via_channel"], expected, "{child} {event}");
        }
    }

    #[test]
    fn of_two_members_of_one_name_the_last_is_the_value() {
        let body = event(json!("CHILDREN")).to_string().replace(
            "\"CHILDREN\"",
            r#"[{"id":3,"event_type":"Change","st\u0061tus":"open","status":"solved",
                "custom_ticket_fields":{"status":"closed"}}]"#,
        );
        let rows = records(&["ticket_field_history"], &body).remove(0);
        assert_eq!(rows.as_array().map(Vec::len), Some(1), "{rows}");
        assert_eq!((&rows[0]["id"], &rows[0]["value"]), (&json!("3-status"), &json!("closed")));
    }

    #[test]
    fn names_and_values_cannot_break_a_line_and_what_was_mended_is_told() {
        let body = event(json!("CHILDREN")).to_string().replace(
            "\"CHILDREN\"",
            "[{\"id\":3,\"event_type\":\"Change\",\"a\u{2028}b\":{\"c\":\n\"\u{2029}\"},\"previous_value\":\"\\ud83d\"}]",
        );
        let row = records(&["ticket_field_history"], &body)[0][0].clone();
        assert_eq!(row["field_name"], "a\u{2028}b");
        assert_eq!(row["previous_value"], "\u{fffd}");
        assert_eq!(row["value"], "{\"c\":\n\"\u{2029}\"}");
        let told = changed(&json!({}), &["ticket_field_history"], &body);
        assert_eq!(told, [vec![vec!["previous_value".to_owned()]]]);
    }

    fn tags(child: Value) -> Vec<String> {
        let rows = history("ticket_tag_history", json!([child]));
        let told = |row: &Value| {
            let (kind, tag) = (row["kind"].as_str().unwrap(), row["tag"].as_str().unwrap());
            assert_eq!(row["id"], format!("3-{kind}-{tag}"));
            format!("{kind} {tag}")
        };
        rows.iter().map(told).collect()
    }

    #[test]
    fn tags_that_came_and_went_are_rows() {
        let change = |tags: Value, before: Value| json!({ "id": 3, "event_type": "Change", "tags": tags, "previous_value": before });
        for (child, expected) in [
            (
                json!({ "id": 3, "event_type": "Create", "tags": ["a", "b", "a"] }),
                vec!["added a", "added b"],
            ),
            (json!({ "id": 3, "event_type": "Create", "tags": "a b" }), vec!["added a", "added b"]),
            // Nothing was before a creation, whatever it says of that.
            (
                json!({ "id": 3, "event_type": "Create", "tags": ["a"], "status": "new", "previous_value": null }),
                vec!["added a"],
            ),
            (
                json!({ "id": 3, "event_type": "Create", "tags": ["a"], "previous_value": ["a", "b"] }),
                vec!["added a"],
            ),
            (change(json!(["a", "c"]), json!(["a", "b"])), vec!["added c", "removed b"]),
            (change(json!(["a", 7]), json!("b a")), vec!["added 7", "removed b"]),
            (change(json!([]), json!(["b"])), vec!["removed b"]),
            (change(json!(null), json!(["b"])), vec!["removed b"]),
            (change(json!(["a"]), json!({ "tags": ["a", "b"] })), vec!["removed b"]),
            (change(json!(["a"]), json!(null)), vec!["added a"]),
            // What Zendesk itself tells goes before what differs.
            (
                json!({ "id": 3, "event_type": "Change", "tags": ["a", "b"], "added_tags": ["b"],
                    "removed_tags": ["c"] }),
                vec!["added b", "removed c"],
            ),
            // The value before is that of another field, or may be.
            (
                json!({ "id": 3, "event_type": "Change", "status": "open", "tags": ["a"],
                    "previous_value": "new" }),
                vec![],
            ),
            (
                json!({ "id": 3, "event_type": "Change", "status": "open", "previous_value": "new" }),
                vec![],
            ),
            (json!({ "id": 3, "event_type": "Comment", "tags": ["a"] }), vec![]),
        ] {
            assert_eq!(tags(child.clone()), expected, "{child}");
        }
    }

    #[test]
    fn schedules_and_service_levels_are_rows() {
        let rows = history(
            "ticket_schedule_assignments",
            json!([{ "id": 3, "event_type": "ScheduleAssignment", "via": "rule",
                "previous_schedule_id": null, "new_schedule_id": 8 }]),
        );
        assert_eq!(
            rows,
            [json!({ "id": 3, "ticket_event_id": 1, "ticket_id": 7, "schedule_id": 8,
                "previous_schedule_id": null, "created_at": "2026-01-01T00:00:00Z", "user_id": 9,
                "via_channel": "rule" })]
        );
        let applied = |metric: &str, instance: u64, kind: &str| {
            json!({ "id": instance + 40, "ticket_id": 7, "metric": metric, "instance_id": instance, "type": kind,
                "time": "2026-01-01T00:00:00Z", "deleted": false, "sla": { "target": 30, "business_hours": true,
                "policy": { "id": 5, "title": "Gold", "description": null } } })
        };
        let body = json!({ "ticket_metric_events": [
            applied("reply_time", 1, "apply_sla"),
            applied("reply_time", 2, "apply_sla"),
            applied("agent_work_time", 1, "apply_sla"),
            applied("reply_time", 1, "breach"),
            applied("reply_time", 1, "apply_group_sla"),
            { "id": 50, "type": "apply_sla", "metric": null },
        ] });
        let rows = records(&["ticket_sla_applications"], &body.to_string()).remove(0);
        let metrics: Vec<&Value> =
            rows.as_array().unwrap().iter().map(|row| &row["metric"]).collect();
        assert_eq!(
            json!(metrics),
            json!(["first_reply_time", "next_reply_time", "agent_work_time", null])
        );
        assert_eq!(
            rows[0],
            json!({ "id": 41, "ticket_id": 7, "metric": "first_reply_time", "instance_id": 1,
                "sla_policy_id": 5, "sla_policy_title": "Gold", "target": 30, "target_in_seconds": null,
                "in_business_hours": true, "applied_at": "2026-01-01T00:00:00Z", "deleted": false })
        );
    }

    fn scalar() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(json!(null)),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-c\"\\\\\u{2028}é]{0,4}".prop_map(Value::from),
            proptest::collection::vec("[ab]", 0..3).prop_map(|list| json!(list)),
            proptest::collection::btree_map("[ab]", any::<u8>(), 0..2).prop_map(|map| json!(map)),
        ]
    }

    /// A value as a text, by the description in the schema.
    fn text(value: &Value) -> Value {
        match value {
            Value::Null => json!(null),
            Value::String(text) if text.is_empty() => json!(null),
            Value::String(_) => value.clone(),
            other => json!(other.to_string()),
        }
    }

    proptest! {
        #[test]
        fn rows_are_the_members_of_the_child_as_values(
            members in proptest::collection::btree_map("[a-d]|[1-3]|tags|via|comment_present", scalar(), 0..5),
            custom in proptest::option::of(proptest::collection::btree_map("[1-5]|e", scalar(), 0..4)),
            before in proptest::option::of(scalar()),
        ) {
            let mut child: Map<String, Value> = members.clone().into_iter().collect();
            child.insert("id".into(), json!(3));
            child.insert("event_type".into(), json!("Change"));
            if let Some(custom) = &custom {
                child.insert("custom_ticket_fields".into(), json!(custom));
            }
            if let Some(before) = &before {
                child.insert("previous_value".into(), before.clone());
            }
            let mut expected: Map<String, Value> = members.into_iter()
                .filter(|(name, _)| name != "via" && name != "comment_present").collect();
            // serde writes members in the order of their names: numbers stand before custom fields.
            expected.extend(custom.into_iter().flatten());
            let is_only_one = expected.len() == 1;
            let before = before.unwrap_or_default();
            let mut wanted: Vec<_> = expected.into_iter().map(|(name, value)| {
                let own = before.get(&name);
                let before = own.or(is_only_one.then_some(&before)).map_or(json!(null), text);
                (name, text(&value), before)
            }).collect();
            let mut found = fields(Value::Object(child));
            wanted.sort_by(|one, other| one.0.cmp(&other.0));
            found.sort_by(|one, other| one.0.cmp(&other.0));
            prop_assert_eq!(found, wanted);
        }
    }
}
