//! Writes derived rows. Each is made from the row at the end of a path, as a [`DerivedRows`]
//! declares.

use super::changes::Change;
use super::json_out::put_key;
use super::parts;
use super::path::{RowPlace, plain};
use super::values::{Common, Values};
use crate::streams::DerivedRows;
use crate::streams::derived::When;

/// Makes the derived rows of a page, for one row of its list after the other.
pub(super) struct Deriver {
    derived: &'static DerivedRows,
    /// The row of the list that is the current one.
    listed: usize,
    /// The kinds that a row of the list makes only once, and that the current one has made.
    made_once: Vec<&'static str>,
}

impl Deriver {
    pub(super) fn new(derived: &'static DerivedRows) -> Self {
        Self { derived, listed: 0, made_once: Vec::new() }
    }

    /// Calls `each` for every row that is derived from the row at the end of a path, with the
    /// values of that row.
    pub(super) fn each(
        &mut self,
        place: &RowPlace<'_, '_>,
        common: Common<'_>,
        mut each: impl FnMut(&Values<'_, '_>),
    ) {
        if self.derived.kinds.is_empty() {
            each(&Values { place, common, kind: None, part: None });
        }
        if self.listed != place.listed() {
            self.listed = place.listed();
            self.made_once.clear();
        }
        for kind in self.derived.kinds {
            let again = kind.once && self.made_once.contains(&kind.name);
            if !again && kind.when.iter().all(|when| is_so(*when, place)) {
                self.made_once.extend(kind.once.then_some(kind.name));
                let values = Values { place, common, kind: Some(kind), part: None };
                match parts::of(kind.parts, place) {
                    None => each(&values),
                    Some(parts) => {
                        parts.iter().for_each(|part| each(&Values { part: Some(part), ..values }));
                    }
                }
            }
        }
    }
}

/// Appends a derived row as an object. Returns false if its first column, the id, is null.
pub(super) fn put_row(derived: &DerivedRows, values: &Values<'_, '_>, out: &mut Vec<u8>) -> bool {
    out.push(b'{');
    let start = out.len();
    for (at, (column, source)) in derived.columns.iter().enumerate() {
        put_key(column, start, out);
        values.put_or_null(*source, out);
        if at == 0 && out.ends_with(b":null") {
            return false;
        }
    }
    out.push(b'}');
    true
}

/// The columns of a derived row whose values are not as Zendesk sent them.
pub(super) fn mended(derived: &DerivedRows, values: &Values<'_, '_>) -> Vec<Change> {
    let mut found = Vec::new();
    for (column, source) in derived.columns {
        values.read_by(column, *source, &mut |column, value| {
            if let Some(mend) = values.place.text.mends(value).first() {
                let change = Change::mended(column.to_owned(), mend.kind);
                if !found.contains(&change) {
                    found.push(change);
                }
            }
        });
    }
    found
}

fn is_so(when: When, place: &RowPlace<'_, '_>) -> bool {
    let of = |key: &str| plain(place.raw(key)?);
    match when {
        When::Is(key, texts) => of(key).is_some_and(|value| texts.contains(&&*value)),
        When::IsNot(key, text) => of(key).is_none_or(|value| value != text),
        When::Has(key) => of(key).is_some(),
        When::Differ(key, other) => {
            of(key).zip(of(other)).is_some_and(|(value, other)| value != other)
        }
        When::Above(key, other, order) => {
            let place =
                |key| of(key).and_then(|value| order.iter().position(|one| **one == *value));
            place(key).zip(place(other)).is_some_and(|(place, other)| place > other)
        }
        When::Gained(key, other, word) => {
            let has = |key| {
                let list = place.member(key).map(|member| member.value);
                parts::words(place, list).iter().any(|(one, _)| one == word)
            };
            has(key) && !has(other)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::sync::records::tests::records;

    fn made(stream: &str, list: &str, row: &Value) -> Vec<Value> {
        let body = json!({ list: [row] }).to_string();
        let made = records(&[stream], &body).remove(0);
        made.as_array().cloned().unwrap_or_default()
    }

    /// The events that a ticket event makes: kind, from, to.
    fn events(child_events: Value) -> Vec<(String, Value, Value)> {
        let row = json!({ "id": 1, "ticket_id": 7, "timestamp": 5, "updater_id": 9,
            "created_at": "2026-01-01T00:00:00Z", "child_events": child_events });
        let rows = made("ticket_lifecycle_events", "ticket_events", &row);
        let kind = |row: &Value| row["kind"].as_str().unwrap().to_owned();
        for row in &rows {
            let name = row["id"].as_str().unwrap();
            assert!(name.ends_with(&format!("-{}", kind(row))), "{name}");
            assert_eq!((&row["ticket_id"], &row["actor_id"]), (&json!(7), &json!(9)));
            assert_eq!(row["time"], "2026-01-01T00:00:00Z");
        }
        rows.iter().map(|row| (kind(row), row["from"].clone(), row["to"].clone())).collect()
    }

    fn change(field: &str, from: Value, to: Value) -> Value {
        let mut change = json!({ "id": 3, "event_type": "Change", "previous_value": from });
        change[field] = to;
        json!([change])
    }

    fn event(kind: &str, from: Value, to: Value) -> (String, Value, Value) {
        (kind.to_owned(), from, to)
    }

    #[test]
    fn each_change_of_a_status_tells_what_it_means() {
        for (from, to, kinds) in [
            ("new", "open", &["status_changed"][..]),
            ("open", "solved", &["solved", "status_changed"]),
            ("solved", "open", &["reopened", "status_changed"]),
            ("solved", "closed", &["closed", "status_changed"]),
            ("open", "deleted", &["status_changed", "deleted"]),
            ("deleted", "open", &["status_changed", "restored"]),
        ] {
            let expected: Vec<_> =
                kinds.iter().map(|kind| event(kind, json!(from), json!(to))).collect();
            assert_eq!(events(change("status", json!(from), json!(to))), expected);
        }
    }

    #[test]
    fn assignments_priorities_and_merges_are_told_and_other_changes_are_not() {
        let assigned = change("assignee_id", json!(""), json!(4_711));
        assert_eq!(events(assigned), [event("assigned", json!(null), json!("4711"))]);
        assert_eq!(events(change("assignee_id", json!("4711"), json!(null))), []);
        let raised = change("priority", json!("low"), json!("urgent"));
        assert_eq!(events(raised), [event("priority_raised", json!("low"), json!("urgent"))]);
        assert_eq!(events(change("priority", json!("high"), json!("normal"))), []);
        assert_eq!(events(change("priority", json!(null), json!("high"))), []);
        let merged = change("tags", json!(["a"]), json!(["a", "closed_by_merge"]));
        assert_eq!(events(merged), [event("merged", json!(null), json!(null))]);
        let kept = json!(["closed_by_merge"]);
        assert_eq!(events(change("tags", kept.clone(), kept)), []);
        assert_eq!(events(change("subject", json!("solved"), json!("status"))), []);
        assert_eq!(events(json!("no list")), []);
        assert_eq!(
            events(json!([null, 1, {}, { "event_type": "Comment", "status": "solved" }])),
            []
        );
    }

    #[test]
    fn a_ticket_is_created_once_however_many_of_its_fields_were_set() {
        let create = |id: u64| json!({ "id": id, "event_type": "Create", "status": "new", "previous_value": "" });
        let mut first = create(3);
        first["assignee_id"] = json!(5);
        let expected = [
            event("created", json!(null), json!("new")),
            event("assigned", json!(null), json!("5")),
        ];
        assert_eq!(events(json!([first, create(4)])), expected);
    }

    #[test]
    fn an_event_without_an_id_has_no_name_and_is_held_back() {
        let nameless =
            json!([{ "event_type": "Change", "status": "solved", "previous_value": "open" }]);
        assert_eq!(events(nameless), []);
    }

    #[test]
    fn a_row_whose_id_is_null_is_held_back() {
        let child = |id: Value| json!({ "id": id, "event_type": "ScheduleAssignment", "new_schedule_id": 8 });
        let event = json!({ "id": 1, "ticket_id": 7, "timestamp": 5,
            "child_events": [child(json!(null)), child(json!(3))] });
        let rows = made("ticket_schedule_assignments", "ticket_events", &event);
        assert_eq!((rows.len(), &rows[0]["id"]), (1, &json!(3)));
        let applied =
            json!({ "id": null, "ticket_id": 7, "type": "apply_sla", "metric": "agent_work_time" });
        assert!(made("ticket_sla_applications", "ticket_metric_events", &applied).is_empty());
    }

    #[test]
    fn users_and_ratings_tell_what_they_are_now() {
        let user = |active: bool, updated_at: &str| {
            let user = json!({ "id": 5, "active": active, "role": "agent",
                "created_at": "2026-01-01T00:00:00Z", "updated_at": updated_at });
            let rows = made("user_lifecycle_events", "users", &user);
            assert!(rows.iter().all(|row| row["user_id"] == 5 && row["actor_id"].is_null()));
            rows.iter().map(|row| format!("{} {}", row["id"], row["time"])).collect::<Vec<_>>()
        };
        let at = |kind: &str, day: u32| format!("\"5-{kind}\" \"2026-01-0{day}T00:00:00Z\"");
        assert_eq!(user(true, "2026-01-01T00:00:00Z"), [at("created", 1)]);
        assert_eq!(user(true, "2026-01-02T00:00:00Z"), [at("created", 1), at("updated", 2)]);
        assert_eq!(user(false, "2026-01-03T00:00:00Z"), [at("created", 1), at("deleted", 3)]);
        let rating = |score: &str| {
            let rating = json!({ "id": 6, "ticket_id": 7, "requester_id": 8, "score": score,
                "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-02T00:00:00Z" });
            let rows = made("satisfaction_rating_events", "satisfaction_ratings", &rating);
            assert!(rows.iter().all(|row| row["to"] == score && row["from"].is_null()));
            let rows =
                rows.iter().map(|row| format!("{} {} {}", row["id"], row["time"], row["actor_id"]));
            rows.collect::<Vec<_>>()
        };
        assert_eq!(rating("offered"), [r#""6-offered" "2026-01-01T00:00:00Z" null"#]);
        assert_eq!(
            rating("bad"),
            [r#""6-received" "2026-01-02T00:00:00Z" 8"#, r#""6-bad" "2026-01-02T00:00:00Z" 8"#]
        );
        assert!(rating("unoffered").is_empty());
    }

    #[test]
    fn each_field_of_a_condition_is_a_row_whose_name_does_not_tell_where_it_stands() {
        let condition = |value: Value, fields: &[u64]| {
            let fields: Vec<Value> =
                fields.iter().map(|id| json!({ "id": id, "is_required": true })).collect();
            json!({ "parent_field_id": 2, "value": value, "child_fields": fields })
        };
        let form = |conditions: Value| {
            let form =
                json!({ "id": 1, "agent_conditions": conditions, "end_user_conditions": [] });
            assert!(made("ticket_form_end_user_conditions", "ticket_forms", &form).is_empty());
            made("ticket_form_agent_conditions", "ticket_forms", &form)
        };
        let (yes, text) = (condition(json!(true), &[3, 4]), condition(json!("a\u{2028}\"b"), &[3]));
        let rows = form(json!([yes, text]));
        let place = |row: &Value| (row["position"].clone(), row["child_position"].clone());
        let places: Vec<_> = rows.iter().map(place).collect();
        assert_eq!(places, [(json!(0), json!(0)), (json!(0), json!(1)), (json!(1), json!(0))]);
        assert_eq!(
            (&rows[0]["value"], &rows[2]["value"]),
            (&json!("true"), &json!("a\u{2028}\"b"))
        );
        assert_eq!(rows[1]["id"], "1-2-4-true");
        assert_eq!(
            (&rows[1]["ticket_form_id"], &rows[1]["is_required"]),
            (&json!(1), &json!(true))
        );
        assert!(rows[1]["required_on_statuses"].is_null());
        let names = |rows: &[Value]| {
            let mut names: Vec<String> = rows.iter().map(|row| row["id"].to_string()).collect();
            names.sort_unstable();
            names
        };
        assert_eq!(names(&rows), names(&form(json!([text, yes]))));
        assert!(form(json!(null)).is_empty() && form(json!([{ "child_fields": 5 }, 7])).is_empty());
    }
}
