//! Makes rows of what listed rows hold, as a [`DerivedRows`] says. Values are copied as they stand; only
//! texts that are put together are new.

use std::borrow::Cow;

use super::changes::{self, Change};
use super::json_out::{put_key, put_shown, put_text};
use super::written::WrittenRows;
use crate::streams::derived::{DerivedRows, Kind, Source, When};
use crate::zendesk::edit::Text;
use crate::zendesk::json::{Span, elements, members};
use crate::zendesk::page::{Page, Rows};

/// A listed row, or an element below it.
struct Level<'t> {
    members: Vec<(&'t [u8], Span)>,
    /// Its place in its array.
    place: usize,
}

/// What is known where a row is made: the elements around, outermost first, and the kind of row.
struct Moment<'t, 'm> {
    text: &'t Text,
    levels: &'m [Level<'t>],
    kind: Option<&'static Kind>,
}

/// What stands around a row in its line.
#[derive(Clone, Copy)]
pub struct Line<'l> {
    pub head: &'l [u8],
    pub tail: &'l [u8],
}

/// Appends a line for each row that is made of a kept listed row. A row without a name is held
/// back and counted.
pub fn write(
    made: &'static DerivedRows,
    page: &Page,
    list: &Rows,
    keep: &[bool],
    Line { head, tail }: Line<'_>,
    out: &mut Vec<u8>,
) -> WrittenRows {
    let mut written = WrittenRows::default();
    let text = &page.text;
    for (row, _) in list.rows.iter().zip(keep).filter(|(_, keep)| **keep) {
        let listed = Level { members: members(&text.body, row.span), place: 0 };
        let mut made_once: Vec<&'static str> = Vec::new();
        walk(made.within, text, &mut vec![listed], &mut |levels| {
            let moment = |kind| Moment { text, levels, kind };
            let mut line = |moment: &Moment<'_, '_>| {
                let start = out.len();
                out.extend_from_slice(head);
                if moment.put_row(made, out) {
                    if !text.is_as_sent() {
                        let mended = moment.mended(made);
                        written.mended += u64::from(!mended.is_empty());
                        if !mended.is_empty() {
                            out.extend_from_slice(changes::meta(&mended).as_bytes());
                        }
                    }
                    out.extend_from_slice(tail);
                    written.rows += 1;
                } else {
                    out.truncate(start);
                    written.rows_without_key += 1;
                }
            };
            if made.kinds.is_empty() {
                line(&moment(None));
            }
            for kind in made.kinds {
                let moment = moment(Some(kind));
                let again = kind.once && made_once.contains(&kind.name);
                if !again && kind.when.iter().all(|when| moment.is_so(*when)) {
                    made_once.push(kind.name);
                    line(&moment);
                }
            }
        });
    }
    written
}

/// Goes through the innermost elements.
fn walk<'t>(
    within: &[&str],
    text: &'t Text,
    levels: &mut Vec<Level<'t>>,
    each: &mut impl FnMut(&[Level<'t>]),
) {
    let Some((key, further)) = within.split_first() else { return each(levels) };
    let array = levels.last().and_then(|level| level.value(key));
    let elements = array.map(|array| elements(&text.body, array)).unwrap_or_default();
    for (place, element) in elements.into_iter().enumerate() {
        levels.push(Level { members: members(&text.body, element), place });
        walk(further, text, levels, each);
        levels.pop();
    }
}

impl Level<'_> {
    fn value(&self, key: &str) -> Option<Span> {
        self.members.iter().find(|(known, _)| *known == key.as_bytes()).map(|(_, value)| *value)
    }
}

impl<'t> Moment<'t, '_> {
    fn raw(&self, level: usize, key: &str) -> Option<&'t [u8]> {
        Some(self.text.raw(self.levels.get(level)?.value(key)?))
    }

    /// A value as text; none for null and for what is empty.
    fn plain(&self, level: usize, key: &str) -> Option<Cow<'t, str>> {
        plain(self.raw(level, key)?)
    }

    fn is_so(&self, when: When) -> bool {
        let of = |key: &str| self.plain(self.levels.len() - 1, key);
        let words = |key: &str| {
            let raw = self.raw(self.levels.len() - 1, key);
            raw.and_then(|raw| serde_json::from_slice::<Vec<String>>(raw).ok()).unwrap_or_default()
        };
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
                let has = |key| words(key).iter().any(|one| one == word);
                has(key) && !has(other)
            }
        }
    }

    /// Appends the row, an object. False when it would have no name.
    fn put_row(&self, made: &DerivedRows, out: &mut Vec<u8>) -> bool {
        out.push(b'{');
        let start = out.len();
        for (at, (column, source)) in made.columns.iter().enumerate() {
            put_key(column, start, out);
            if !self.put(*source, out) {
                if at == 0 {
                    return false;
                }
                out.extend_from_slice(b"null");
            }
        }
        out.push(b'}');
        true
    }

    /// The columns whose values are not as Zendesk sent them.
    fn mended(&self, made: &DerivedRows) -> Vec<Change> {
        let mut found = Vec::new();
        for (column, source) in made.columns {
            for value in self.read_by(*source) {
                if let Some(mend) = self.text.mends(value).first() {
                    let change = Change::mended((*column).to_owned(), mend.kind);
                    if !found.contains(&change) {
                        found.push(change);
                    }
                }
            }
        }
        found
    }

    /// Where the values stand that a source reads.
    fn read_by(&self, source: Source) -> Vec<Span> {
        match source {
            Source::Of(level, key) | Source::TextOf(level, key) => {
                self.levels.get(level).and_then(|level| level.value(key)).into_iter().collect()
            }
            Source::Joined(parts) => parts.iter().flat_map(|part| self.read_by(*part)).collect(),
            Source::KindTime | Source::KindActor | Source::KindFrom | Source::KindTo => {
                self.of_kind(source).map(|source| self.read_by(source)).unwrap_or_default()
            }
            Source::Place(_) | Source::KindName | Source::Untold => Vec::new(),
        }
    }

    /// Appends a value. False, and nothing appended, when there is none.
    fn put(&self, source: Source, out: &mut Vec<u8>) -> bool {
        match source {
            Source::Of(level, key) => {
                let value = self.levels.get(level).and_then(|level| level.value(key));
                let Some(value) = value else { return false };
                self.text.copy(out, value);
                true
            }
            Source::Place(level) => {
                let place = self.levels.get(level).map_or(0, |level| level.place);
                put_shown(place, out);
                true
            }
            Source::KindTime | Source::KindActor | Source::KindFrom | Source::KindTo => {
                self.of_kind(source).is_some_and(|source| self.put(source, out))
            }
            Source::TextOf(..) | Source::Joined(_) | Source::KindName => {
                let Some(text) = self.text_of(source) else { return false };
                put_text(&text, out);
                true
            }
            Source::Untold => false,
        }
    }

    fn of_kind(&self, source: Source) -> Option<Source> {
        let kind = self.kind?;
        match source {
            Source::KindTime => Some(kind.time),
            Source::KindActor => Some(kind.actor),
            Source::KindFrom => Some(kind.from),
            Source::KindTo => Some(kind.to),
            _ => None,
        }
    }

    fn text_of(&self, source: Source) -> Option<Cow<'t, str>> {
        match source {
            Source::Of(level, key) | Source::TextOf(level, key) => self.plain(level, key),
            Source::KindName => Some(self.kind?.name.into()),
            Source::Joined(parts) => {
                let mut parts = parts.iter().map(|part| self.text_of(*part));
                let mut name = parts.next()??.into_owned();
                for part in parts {
                    name.push('-');
                    name.push_str(&part.unwrap_or_default());
                }
                Some(name.into())
            }
            _ => None,
        }
    }
}

fn plain(raw: &[u8]) -> Option<Cow<'_, str>> {
    let text: Cow<'_, str> = match raw.first()? {
        b'"' => serde_json::from_slice::<String>(raw).ok()?.into(),
        _ if raw == b"null" => return None,
        _ => String::from_utf8_lossy(raw),
    };
    (!text.is_empty()).then_some(text)
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

    /// What a ticket's event tells: kind, from, to.
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
