//! Makes RECORD lines of rows. Bytes are copied, and keys are removed or put in front as the
//! declaration says. Rows that no platform accepts are held back and counted.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use serde_json::Value;

use self::changes::Change;
use self::custom_columns::{Filler, Scratch};
use self::derived::Deriver;
use self::file_ref::FileRef;
use self::json_out::put_key;
use self::path::{RowPlace, Walker};
use self::side_loaded::SideLoaded;
use self::truncate::LARGEST_ROW_BYTES;
use self::values::{Common, Values};
use self::written::WrittenRows;
use crate::streams::{Beside, Deletion, DerivedRows, Lists, ResolvedStream, Source};
use crate::sync::position::path_params::PathParams;
use airbyte::message::{record_head, record_tail};
use airbyte::stdout::unix_ms;
use zendesk::json::{Member, Span, members};
use zendesk::page::{Page, Rows};
use zendesk::timestamp;

mod address;
pub mod changes;
mod coerce;
pub mod custom_columns;
mod derived;
pub mod file_ref;
pub mod filter;
mod json_out;
mod parts;
mod path;
pub mod side_loaded;
pub mod truncate;
mod values;
pub mod written;

/// When the rows of a page came.
#[derive(Clone, Copy, Debug)]
pub struct CameAt {
    /// This machine's time, which the protocol requires: unix milliseconds.
    pub emitted_at_ms: u64,
    /// Zendesk's time, unix seconds.
    pub answered_at: i64,
}

impl CameAt {
    /// Now, for an answer of this second of Zendesk's time.
    #[must_use]
    pub fn now(answered_at: i64) -> Self {
        Self { emitted_at_ms: unix_ms(), answered_at }
    }
}

/// Writes one stream's rows of a page.
#[derive(Debug)]
pub struct RecordWriter {
    stream: Arc<ResolvedStream>,
    head: Vec<u8>,
    columns: Option<Filler>,
    /// The only members that records may have, if others may be secrets.
    only: Option<BTreeSet<String>>,
}

impl RecordWriter {
    #[must_use]
    pub fn new(stream: &Arc<ResolvedStream>) -> Self {
        let columns = stream.custom_columns.as_ref().map(Filler::new);
        // A schema that cannot be read would let nothing pass.
        let only = stream.only_columns.then(|| stream.built_in_columns().unwrap_or_default());
        Self { stream: Arc::clone(stream), head: record_head(&stream.name), columns, only }
    }

    /// Appends a RECORD line for each row of the stream whose listed row is kept. From lists beside
    /// the feed's, it writes rows that belong to a kept listed row, or to none.
    pub fn write(
        &self,
        page: &Page,
        keep: &[bool],
        path_params: &PathParams,
        CameAt { emitted_at_ms, answered_at }: CameAt,
        out: &mut Vec<u8>,
    ) -> WrittenRows {
        let ResolvedStream { feed, rows, .. } = &*self.stream;
        let mut written = WrittenRows::default();
        let mut work = Work::default();
        let tail = record_tail(emitted_at_ms);
        let side_loaded = &SideLoaded::new(&self.stream, page);
        for list in rows.lists(feed).into_iter().filter_map(|path| page.list(path)) {
            let Some(walker) = Walker::new(&page.text, list, rows.steps) else { continue };
            written.rows_without_key += walker.strays() as u64;
            let beside = (list.path != feed.list).then(|| self.kept_beside(page, list, keep));
            let keep = beside.as_deref().unwrap_or(keep);
            let list_name = rows.name_of(list.path);
            let common = Common { list_name, path_params, side_loaded, answered_at };
            if let Some(derived) = rows.derived {
                let mut deriver = Deriver::new(derived);
                walker.each(keep, |place| {
                    deriver.each(place, common, |values| {
                        self.write_derived(derived, values, &tail, &mut written, out);
                    });
                });
            } else {
                walker.each(keep, |place| {
                    let values = Values { place, common, kind: None, part: None };
                    self.write_line(&values, &tail, &mut work, &mut written, out);
                });
            }
        }
        written
    }

    /// Which rows of a list beside the feed's are kept. The rows of a listed row that is left out
    /// come again with it, so they are left out too.
    fn kept_beside(&self, page: &Page, list: &Rows, keep: &[bool]) -> Vec<bool> {
        let mut kept = vec![true; list.rows.len()];
        let (Lists::Beside(Beside { by, of, .. }), Some(listed)) =
            (self.stream.rows.lists, page.list(self.stream.feed.list))
        else {
            return kept;
        };
        let value = |list: &Rows, row: usize, key: &str| {
            list.member(row, key).map(|member| page.text.raw(member.value))
        };
        let left_out = (0..keep.len()).filter(|row| !keep[*row]);
        let left_out: HashSet<&[u8]> = left_out.filter_map(|row| value(listed, row, of)).collect();
        if !left_out.is_empty() {
            for (row, kept) in kept.iter_mut().enumerate() {
                *kept = value(list, row, by).is_none_or(|owner| !left_out.contains(owner));
            }
        }
        kept
    }

    /// Appends the line of a derived row. A row without an id is counted instead.
    fn write_derived(
        &self,
        derived: &DerivedRows,
        values: &Values<'_, '_>,
        tail: &[u8],
        written: &mut WrittenRows,
        out: &mut Vec<u8>,
    ) {
        let start = out.len();
        out.extend_from_slice(&self.head);
        if !derived::put_row(derived, values, out) {
            out.truncate(start);
            written.rows_without_key += 1;
            return;
        }
        if !values.place.text.is_as_sent() {
            let mended = derived::mended(derived, values);
            if !mended.is_empty() {
                written.mended += 1;
                out.extend_from_slice(changes::meta(&mended).as_bytes());
            }
        }
        out.extend_from_slice(tail);
        written.rows += 1;
    }

    /// Appends the line of a row. A row without a primary key is counted instead.
    fn write_line(
        &self,
        values: &Values<'_, '_>,
        tail: &[u8],
        work: &mut Work,
        written: &mut WrittenRows,
        out: &mut Vec<u8>,
    ) {
        let place = values.place;
        if !self.has_key(place) {
            written.rows_without_key += 1;
            return;
        }
        let Work { dropped, scratch } = work;
        out.extend_from_slice(&self.head);
        let start = out.len();
        self.row(values, dropped, scratch, out);
        let mut changes: Vec<Change> = Vec::new();
        if out.len() - start > LARGEST_ROW_BYTES {
            changes.extend(shrink(out, start).into_iter().map(Change::truncated));
            written.truncated += u64::from(!changes.is_empty());
        }
        written.coercion_failures += scratch.coercion_failures.len() as u64;
        changes.extend(scratch.coercion_failures.iter().map(|field| Change::not_coerced(field)));
        if !place.text.is_as_sent() {
            let before = changes.len();
            self.mended(values, dropped, scratch, &mut changes);
            written.mended += u64::from(changes.len() > before);
        }
        if !changes.is_empty() {
            out.extend_from_slice(changes::meta(&changes).as_bytes());
        }
        if let Some(keys) = &self.stream.file {
            let ids = self.stream.primary_key.iter().map(|key| self.key(place, key));
            let file = FileRef::read(keys, ids, |key| json(place.raw(key)?));
            written.files.push(FileRef { at: out.len(), ..file });
        }
        out.extend_from_slice(tail);
        written.rows += 1;
    }

    /// Whether any part of the primary key has a value. Platforms abort on rows without one, or
    /// drop them.
    fn has_key(&self, place: &RowPlace<'_, '_>) -> bool {
        let has_members = place.span().end - place.span().start > 2;
        // What is put in front of a row that holds nothing tells nothing.
        let is_put = |key: &&'static str| {
            has_members && self.stream.splice.contains(&(*key, Source::AnsweredAt))
        };
        match self.stream.primary_key {
            [] => has_members,
            keys => keys.iter().any(|key| {
                is_put(key) || self.key_at(place, key).is_some_and(|raw| raw != b"null")
            }),
        }
    }

    /// The value of a part of the primary key. It may come from a row around this one.
    fn key(&self, place: &RowPlace<'_, '_>, key: &str) -> Option<Value> {
        json(self.key_at(place, key)?)
    }

    /// The value of a part of the primary key, as it is in the answer.
    fn key_at<'p>(&self, place: &RowPlace<'p, '_>, key: &str) -> Option<&'p [u8]> {
        let from = self.stream.splice.iter().find_map(|(put, source)| match source {
            Source::Of(level, from) if *put == key => Some((*level, *from)),
            _ => None,
        });
        let member = match from {
            Some((level, from)) => place.member_of(level, from),
            None => place.member(key),
        };
        Some(place.text.raw(member?.value))
    }

    /// Appends a row. Afterwards `dropped` has the members that are not in the record.
    fn row(
        &self,
        values: &Values<'_, '_>,
        dropped: &mut Vec<Member>,
        scratch: &mut Scratch,
        out: &mut Vec<u8>,
    ) {
        let place = values.place;
        dropped.clear();
        dropped.extend(self.stream.drop.iter().filter_map(|key| place.member(key)));
        if let Some(only) = &self.only {
            dropped.extend(self.untold(only, place));
        }
        place.text.copy_row(out, place.span(), dropped, |out, dropped| {
            let start = out.len();
            for (key, source) in &self.stream.splice {
                let before = out.len();
                put_key(key, start, out);
                if values.put(*source, out) {
                    dropped.extend(place.member(key));
                } else {
                    out.truncate(before);
                }
            }
            let column = self.stream.deleted_at.as_deref();
            if let (Some(column), Some(deletion)) = (column, self.stream.deletion) {
                dropped.extend(place.member(column));
                put_deletion(column, deletion, place, start, out);
            }
            if let Some(filler) = &self.columns {
                let values = place.member(filler.at()).map(|member| member.value);
                filler.put(place.text, values, start, scratch, out);
            }
        });
    }

    /// The members of a row that are not in `only`, and those that another value replaces. Repeated
    /// members and unusual spellings of their names count as well.
    fn untold(&self, only: &BTreeSet<String>, place: &RowPlace<'_, '_>) -> Vec<Member> {
        let body = &place.text.body;
        let is_told = |name: Span| {
            let name = Span { start: name.start + 1, end: name.end.saturating_sub(1) }.of(body);
            let is_put = self.stream.splice.iter().any(|(key, _)| key.as_bytes() == name);
            !is_put && std::str::from_utf8(name).is_ok_and(|name| only.contains(name))
        };
        let members = members(body, place.span()).into_iter();
        let untold = members.filter(|(name, _)| !is_told(*name));
        untold.map(|(name, value)| Member { start: name.start, value }).collect()
    }

    /// Adds the fields of a row that are not as Zendesk sent them. `dropped` are the members of the
    /// row that are not in the record. `scratch` is as the call of `row` left it.
    fn mended(
        &self,
        values: &Values<'_, '_>,
        dropped: &[Member],
        scratch: &Scratch,
        found: &mut Vec<Change>,
    ) {
        let text = values.place.text;
        let mut note = |path: &str, value: Span| changes::mended(text, value, path, &[], found);
        for (key, source) in &self.stream.splice {
            values.read_by(key, *source, &mut note);
        }
        for (column, value) in self.columns.iter().flat_map(|filler| filler.filled(scratch)) {
            note(column, value);
        }
        changes::mended(text, values.place.span(), "", dropped, found);
    }
}

fn json(raw: &[u8]) -> Option<Value> {
    serde_json::from_slice(raw).ok()
}

/// Makes the row at the end of `out` small enough. Returns the fields that were cut. Empty if there
/// is no text to cut.
fn shrink(out: &mut Vec<u8>, start: usize) -> Vec<String> {
    let Some((row, fields)) = truncate::shrink(&out[start..], LARGEST_ROW_BYTES) else {
        return Vec::new();
    };
    out.truncate(start);
    out.extend_from_slice(&row);
    fields
}

/// Appends the time of a row's deletion, or null if the row is not deleted.
fn put_deletion(
    column: &str,
    deletion: Deletion,
    place: &RowPlace<'_, '_>,
    start: usize,
    out: &mut Vec<u8>,
) {
    put_key(column, start, out);
    let is_deleted = deletion.sign.is_in(deletion.sign.key().and_then(|key| place.raw(key)));
    match place.member(deletion.at).filter(|_| is_deleted) {
        Some(at) => match timestamp::respelled(place.text.raw(at.value)) {
            Some(time) => out.extend_from_slice(time.as_bytes()),
            None => place.text.copy(out, at.value),
        },
        None => out.extend_from_slice(b"null"),
    }
}

/// Buffers that are reused from row to row, so that a row allocates nothing.
#[derive(Default)]
struct Work {
    /// The members of the row that are not in its record.
    dropped: Vec<Member>,
    scratch: Scratch,
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::config::Config;
    use crate::streams::registry;
    use crate::sync::listing::pager::Listing;
    use zendesk::page::scan;

    const CAME_AT: CameAt = CameAt { emitted_at_ms: 1, answered_at: 1_795_219_200 };

    /// The records that these streams of one feed make from an answer.
    pub(in crate::sync) fn records(names: &[&str], body: &str) -> Vec<Value> {
        configured(&json!({}), names, body)
    }

    /// The same records, with options of the user.
    fn configured(options: &Value, names: &[&str], body: &str) -> Vec<Value> {
        let credentials = json!({ "credentials": "oauth2.0", "access_token": "t" });
        let mut config = json!({ "subdomain": "a", "credentials": credentials });
        config.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
        let config = Config::parse(config.to_string().as_bytes()).unwrap();
        let streams: Vec<_> = registry(&config).into_iter().map(Arc::new).collect();
        let named = |name: &&str| streams.iter().find(|stream| stream.name == *name).unwrap();
        let chosen: Vec<&Arc<ResolvedStream>> = names.iter().map(named).collect();
        let wanted: Vec<&ResolvedStream> = chosen.iter().map(|stream| &***stream).collect();
        let listing = Listing::new(&wanted[0].feed, String::new(), &wanted, 0.into(), &config);
        let page = scan(body.as_bytes().to_vec(), &listing.shape).unwrap();
        let keep = vec![true; page.lists[0].rows.len()];
        let data = |stream: &&Arc<ResolvedStream>| {
            let mut out = Vec::new();
            let written =
                RecordWriter::new(stream).write(&page, &keep, &Vec::new(), CAME_AT, &mut out);
            let lines = String::from_utf8(out).unwrap();
            assert_eq!(written.rows, lines.lines().count() as u64);
            let data = |line| serde_json::from_str::<Value>(line).unwrap()["record"]["data"].take();
            lines.lines().map(data).collect::<Value>()
        };
        chosen.iter().map(data).collect()
    }

    #[test]
    fn rows_beside_the_listed_ones_are_a_stream_of_their_own() {
        let body = r#"{"identities":[{"id":7,"user_id":1},{"id":null}],"users":[{"id":1}]}"#;
        let made = records(&["users", "user_identities"], body);
        assert_eq!(made, [json!([{"id": 1}]), json!([{"id": 7, "user_id": 1}])]);
        let empty = r#"{"users":[],"end_of_stream":true}"#;
        assert_eq!(records(&["users", "user_identities"], empty), [json!([]), json!([])]);
    }

    #[test]
    fn associated_data_is_in_the_tickets_row_and_in_no_neighbours() {
        let names = ["users", "groups", "sharing_agreements", "metric_sets", "incident_counts"];
        let options = json!({ "associated_data": names });
        let body = r#"{"users":[{"id":3,"name":"c"},{"id":1,"name":"a"},{"name":"nobody"}],
            "tickets":[{"id":7,"requester_id":1,"assignee_id":null,"follower_ids":[ 3 , 1, 9 ],
                "group_id":5,"metric_set":{"id":70},"incident_count":2},
                {"id":8,"metric_set":null}],"groups":[]}"#;
        let made = configured(&options, &["tickets", "ticket_metrics"], body);
        assert_eq!(
            made[0],
            json!([
                { "id": 7, "requester_id": 1, "assignee_id": null, "follower_ids": [3, 1, 9], "group_id": 5,
                    "users": [{ "id": 1, "name": "a" }, { "id": 3, "name": "c" }], "groups": [],
                    "sharing_agreements": null, "metric_sets": { "id": 70 }, "incident_counts": 2 },
                { "id": 8, "users": [], "groups": [], "sharing_agreements": null, "metric_sets": null },
            ])
        );
        assert_eq!(made[1], json!([{ "id": 70 }]));
        assert_eq!(records(&["tickets"], body)[0][1], json!({ "id": 8 }));
    }

    #[test]
    fn what_is_attached_to_comments_inside_events_is_a_stream_of_its_own() {
        let body = r#"{"ticket_events":[{"id":1,"ticket_id":7,"timestamp":5,"child_events":[
            {"event_type":"Change","id":2,"attachments":[{"id":9}]},
            {"event_type":"Comment","id":3,"created_at":"x","attachments":[{"id":4,"ticket_id":0},null,{"id":5}]}]}]}"#;
        let [comments, attachments]: [Value; 2] =
            records(&["ticket_comments", "ticket_attachments"], body).try_into().unwrap();
        let row = |id| json!({"ticket_id": 7, "comment_id": 3, "created_at": "x", "id": id});
        assert_eq!(attachments, json!([row(4), row(5)]));
        assert_eq!(comments[0]["attachments"].as_array().unwrap().len(), 3);
    }

    /// The changed fields that each record reports.
    pub(in crate::sync) fn changed(
        options: &Value,
        names: &[&str],
        body: &str,
    ) -> Vec<Vec<Vec<String>>> {
        let credentials = json!({ "credentials": "oauth2.0", "access_token": "t" });
        let mut config = json!({ "subdomain": "a", "credentials": credentials });
        config.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
        let config = Config::parse(config.to_string().as_bytes()).unwrap();
        let streams: Vec<_> = registry(&config).into_iter().map(Arc::new).collect();
        let named = |name: &&str| streams.iter().find(|stream| stream.name == *name).unwrap();
        let chosen: Vec<&Arc<ResolvedStream>> = names.iter().map(named).collect();
        let wanted: Vec<&ResolvedStream> = chosen.iter().map(|stream| &***stream).collect();
        let listing = Listing::new(&wanted[0].feed, String::new(), &wanted, 0.into(), &config);
        let page = scan(body.as_bytes().to_vec(), &listing.shape).unwrap();
        let keep = vec![true; page.lists[0].rows.len()];
        let of_stream = |stream: &&Arc<ResolvedStream>| {
            let mut out = Vec::new();
            let written =
                RecordWriter::new(stream).write(&page, &keep, &Vec::new(), CAME_AT, &mut out);
            let lines = String::from_utf8(out).unwrap();
            let fields = |line: &str| -> Vec<String> {
                let record: Value = serde_json::from_str(line).unwrap();
                let changes = record["record"]["meta"]["changes"].as_array().cloned();
                let changes = changes.unwrap_or_default().into_iter();
                changes.map(|change| change["field"].as_str().unwrap().to_owned()).collect()
            };
            let found: Vec<_> = lines.lines().map(fields).collect();
            let mended = found.iter().filter(|fields| !fields.is_empty()).count();
            assert_eq!(written.mended, mended as u64);
            found
        };
        chosen.iter().map(of_stream).collect()
    }

    #[test]
    fn what_is_put_together_of_mended_texts_says_so_by_its_own_names() {
        let options = json!({ "associated_data": ["users"] });
        let body = r#"{"users":[{"id":1,"name":"a\ud83d"},{"id":2}],"tickets":[
            {"id":7,"requester_id":1,"metric_set":{"id":70,"x":"\udfff"}},{"id":8,"requester_id":2}]}"#;
        assert_eq!(
            changed(&options, &["tickets", "ticket_metrics"], body),
            [vec![vec!["users.0.name".to_owned()], vec![]], vec![vec!["x".to_owned()]]]
        );
        let event = r#"{"ticket_events":[{"id":1,"ticket_id":7,"timestamp":5,"via":"\ud83d","child_events":[
            {"id":2,"event_type":"Change","status":"solved","previous_value":"open\ud83d"},
            {"id":3,"event_type":"Comment","body":"\ud83d"},{"id":4,"event_type":"Comment"}]}]}"#;
        let made = changed(&json!({}), &["ticket_comments", "ticket_lifecycle_events"], event);
        assert_eq!(made[0], [vec!["body".to_owned()], vec![]]);
        assert!(made[1].iter().flatten().any(|field| field == "from"), "{made:?}");
        let names: Vec<Value> = records(&["ticket_lifecycle_events"], event);
        assert!(names[0].as_array().unwrap().iter().all(|row| row["id"].is_string()));
    }

    #[test]
    fn one_object_is_a_row_with_the_time_of_the_answer_unless_it_holds_nothing() {
        let of = |value: &str| {
            records(&["agents_overview"], &format!("{{\"agents_overview\":{value}}}"))
        };
        let row = json!({"current_timestamp": "1795219200", "total_calls_accepted": 3});
        assert_eq!(of(r#"{"total_calls_accepted":3}"#), [json!([row.clone()])]);
        let told = r#"{"current_timestamp":"5","total_calls_accepted":3}"#;
        assert_eq!(of(told), [json!([row])], "Zendesk's clock counts");
        assert_eq!(of("{}"), [json!([])]);
    }

    #[test]
    fn trees_lead_down_to_routes_which_name_what_is_around_them() {
        let body = r#"{"ivrs":[{"id":1,"menus":[{"id":2,"routes":[{"id":3},{"id":4}]},{"id":5}]},
            {"id":6,"menus":[]},{"id":7}]}"#;
        let [menus, routes]: [Value; 2] =
            records(&["ivr_menus", "ivr_routes"], body).try_into().unwrap();
        let route = |id| json!({"ivr_id": 1, "ivr_menu_id": 2, "id": id});
        assert_eq!(routes, json!([route(3), route(4)]));
        assert_eq!(menus[1], json!({"ivr_id": 1, "id": 5}));
    }

    #[test]
    fn a_greeting_is_named_by_a_text() {
        let body = r#"{"greetings":[{"id":"voicemail_en"},{"id":7},{"id":null}]}"#;
        let expected = json!([{"id": "voicemail_en"}, {"id": "7"}]);
        assert_eq!(records(&["greetings"], body), [expected]);
    }

    #[test]
    fn statuses_of_one_list_are_taken_where_the_other_is_not_sent() {
        let id = |body: &str| records(&["agent_statuses"], body)[0][0]["id"].clone();
        let row = r#"[{"id":7,"attributes":{"name":"Lunch"}}]"#;
        assert_eq!(id(&format!("{{\"custom\":{row}}}")), 7);
        assert_eq!(id(&format!("{{\"default\":{row},\"custom\":null}}")), 7);
    }

    #[test]
    fn rows_of_several_lists_tell_which_they_are_of() {
        let body = r#"{"definitions":{"conditions_any":[{"subject":"a","condition":"x"}],
            "conditions_all":[{"subject":"a"},{"subject":"b"}]}}"#;
        let all = |subject| json!({"condition": "all", "subject": subject});
        let any = json!({"condition": "any", "subject": "a"});
        assert_eq!(records(&["attribute_definitions"], body), [json!([all("a"), all("b"), any])]);
    }
}
