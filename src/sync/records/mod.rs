//! Rows become RECORD lines: bytes are copied, keys dropped or put in front as the declaration
//! says, and rows that no platform can take are held back and counted.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::Value;

use self::changes::Change;
use self::custom_columns::{Filler, Scratch};
use self::file_ref::FileRef;
use self::json_out::{put_key, put_shown, put_text};
use self::side_loaded::SideLoaded;
use self::truncate::LARGEST_ROW_BYTES;
use self::written::WrittenRows;
use crate::protocol::message::{record_head, record_tail};
use crate::streams::{Deletion, ResolvedStream, RowsAt, Splice};
use crate::sync::position::path_params::PathParams;
use crate::zendesk::edit::Text;
use crate::zendesk::json::{Member, Span};
use crate::zendesk::page::{Page, Rows};
use crate::zendesk::timestamp;

pub mod changes;
mod coerce;
pub mod custom_columns;
pub mod derived;
pub mod file_ref;
pub mod filter;
mod json_out;
pub mod side_loaded;
pub mod truncate;
pub mod written;

/// Writes one stream's rows of a page.
#[derive(Debug)]
pub struct RecordWriter {
    stream: Arc<ResolvedStream>,
    head: Vec<u8>,
    columns: Option<Filler>,
}

impl RecordWriter {
    #[must_use]
    pub fn new(stream: &Arc<ResolvedStream>) -> Self {
        let columns = stream.custom_columns.as_ref().map(Filler::new);
        Self { stream: Arc::clone(stream), head: record_head(&stream.name), columns }
    }

    /// Appends a RECORD line for each row of the stream whose listed row is kept; of other lists
    /// than the feed's those rows that belong to a kept one, or all that belong to none. `emitted_at_ms` is unix time in
    /// milliseconds.
    pub fn write(
        &self,
        page: &Page,
        keep: &[bool],
        path_params: &PathParams,
        emitted_at_ms: u64,
        out: &mut Vec<u8>,
    ) -> WrittenRows {
        let feed = &self.stream.feed;
        let mut written = WrittenRows::default();
        let side_loaded = &SideLoaded::new(&self.stream, page);
        let beside = Beside { text: &page.text, path_params, side_loaded };
        for list in self.stream.rows.lists(feed).into_iter().filter_map(|path| page.list(path)) {
            let more = if list.path == feed.list {
                self.write_list(page, list, keep, beside, emitted_at_ms, out)
            } else {
                let keep = self.kept_beside(page, list, keep);
                self.write_list(page, list, &keep, beside, emitted_at_ms, out)
            };
            written.rows += more.rows;
            written.truncated += more.truncated;
            written.coercion_failures += more.coercion_failures;
            written.mended += more.mended;
            written.files.extend(more.files);
            written.rows_without_key += more.rows_without_key + self.strays(list) as u64;
        }
        written
    }

    /// Elements that are no rows where the stream's rows should be.
    fn strays(&self, list: &Rows) -> usize {
        let inner = list.inner.as_deref();
        let innermost = inner.and_then(|inner| inner.inner.as_deref());
        let of = |rows: Option<&Rows>| rows.map_or(0, |rows| rows.strays);
        match self.stream.rows {
            RowsAt::Listed | RowsAt::Beside { .. } | RowsAt::InLists { .. } | RowsAt::Made(_) => {
                list.strays
            }
            RowsAt::Inside(_) | RowsAt::EachInside { .. } | RowsAt::InsideLists { .. } => {
                list.strays + of(inner)
            }
            RowsAt::EachOfEach { .. } => list.strays + of(inner) + of(innermost),
        }
    }

    /// Which rows of a list beside the feed's are kept: those of a listed row that is left out
    /// come again with it.
    fn kept_beside(&self, page: &Page, list: &Rows, keep: &[bool]) -> Vec<bool> {
        let mut kept = vec![true; list.rows.len()];
        let (RowsAt::Beside { by, of, .. }, Some(listed)) =
            (self.stream.rows, page.list(self.stream.feed.list))
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

    fn write_list(
        &self,
        page: &Page,
        list: &Rows,
        keep: &[bool],
        beside: Beside<'_>,
        emitted_at_ms: u64,
        out: &mut Vec<u8>,
    ) -> WrittenRows {
        let mut written = WrittenRows::default();
        let tail = record_tail(emitted_at_ms);
        if let RowsAt::Made(made) = self.stream.rows {
            let line = derived::Line { head: &self.head, tail: &tail };
            return derived::write(made, page, list, keep, line, out);
        }
        let mut work = Work::default();
        let mut line = |place: RowPlace<'_>, written: &mut WrittenRows| {
            self.write_line(&place, &tail, &mut work, written, out);
        };
        let kept = |listed: usize| keep.get(listed).copied().unwrap_or(false);
        let inner = list.inner.as_deref();
        let each = |rows: &Rows| 0..rows.rows.len();
        match self.stream.rows {
            RowsAt::Listed | RowsAt::Beside { .. } | RowsAt::InLists { .. } | RowsAt::Made(_) => {
                for listed in each(list).filter(|listed| kept(*listed)) {
                    line(RowPlace::of(beside, list, listed, None), &mut written);
                }
            }
            RowsAt::Inside(_) | RowsAt::EachInside { .. } | RowsAt::InsideLists { .. } => {
                let Some(inner) = inner else { return written };
                for at in each(inner).filter(|at| kept(inner.rows[*at].around)) {
                    let around = RowPlace::of(beside, list, inner.rows[at].around, None);
                    let place = RowPlace::of(beside, inner, at, Some(&around));
                    if self.is_ours(&place) {
                        line(place, &mut written);
                    }
                }
            }
            RowsAt::EachOfEach { .. } => {
                let Some((inner, innermost)) =
                    inner.and_then(|inner| Some((inner, inner.inner.as_deref()?)))
                else {
                    return written;
                };
                for at in each(innermost) {
                    let between = innermost.rows[at].around;
                    let listed = inner.rows[between].around;
                    let outermost = RowPlace::of(beside, list, listed, None);
                    let around = RowPlace::of(beside, inner, between, Some(&outermost));
                    if kept(listed) && self.is_ours(&around) {
                        line(RowPlace::of(beside, innermost, at, Some(&around)), &mut written);
                    }
                }
            }
        }
        written
    }

    /// Appends the line of a row, unless nothing names it.
    fn write_line(
        &self,
        place: &RowPlace<'_>,
        tail: &[u8],
        work: &mut Work,
        written: &mut WrittenRows,
        out: &mut Vec<u8>,
    ) {
        if !self.has_key(place) {
            written.rows_without_key += 1;
            return;
        }
        let Work { dropped, scratch } = work;
        out.extend_from_slice(&self.head);
        let start = out.len();
        self.row(place, dropped, scratch, out);
        let mut changes: Vec<Change> = Vec::new();
        if out.len() - start > LARGEST_ROW_BYTES {
            changes.extend(shrink(out, start).into_iter().map(Change::truncated));
            written.truncated += u64::from(!changes.is_empty());
        }
        written.coercion_failures += scratch.coercion_failures.len() as u64;
        changes.extend(scratch.coercion_failures.iter().map(|field| Change::not_coerced(field)));
        if !place.text.is_as_sent() {
            let before = changes.len();
            self.mended(place, dropped, scratch, &mut changes);
            written.mended += u64::from(changes.len() > before);
        }
        if !changes.is_empty() {
            out.extend_from_slice(changes::meta(&changes).as_bytes());
        }
        if let Some(keys) = &self.stream.file {
            let ids = self.stream.primary_key.iter().map(|key| self.key(place, key));
            let file = FileRef::read(keys, ids, |key| place.value(key));
            written.files.push(FileRef { at: out.len(), ..file });
        }
        out.extend_from_slice(tail);
        written.rows += 1;
    }

    /// Whether a row of an array inside a listed row belongs to the stream.
    fn is_ours(&self, place: &RowPlace<'_>) -> bool {
        let (RowsAt::EachInside { key, text, .. } | RowsAt::EachOfEach { key, text, .. }) =
            self.stream.rows
        else {
            return true;
        };
        let value = place.member(key).map(|member| place.text.raw(member.value));
        value.and_then(|value| value.strip_prefix(b"\"")?.strip_suffix(b"\""))
            == Some(text.as_bytes())
    }

    /// Whether any part of the primary key is there; platforms abort or drop rows without one.
    fn has_key(&self, place: &RowPlace<'_>) -> bool {
        let there = |key: &&str| {
            place.member(key).is_some_and(|member| place.text.raw(member.value) != b"null")
        };
        match self.stream.primary_key {
            [] => place.span().end - place.span().start > 2,
            keys => keys.iter().any(there),
        }
    }

    /// The value of a part of the primary key, which may come from the row around.
    fn key(&self, place: &RowPlace<'_>, key: &str) -> Option<Value> {
        let around = self.stream.splice.iter().find_map(|splice| match splice {
            Splice::Around { key: put, from } if *put == key => Some(*from),
            _ => None,
        });
        match around {
            Some(from) => place.around?.value(from),
            None => place.value(key),
        }
    }

    fn row(
        &self,
        place: &RowPlace<'_>,
        dropped: &mut Vec<Member>,
        scratch: &mut Scratch,
        out: &mut Vec<u8>,
    ) {
        dropped.clear();
        dropped.extend(self.stream.drop.iter().filter_map(|key| place.member(key)));
        let mark = self.stream.rows.mark(place.list());
        dropped.extend(mark.and_then(|(key, _)| place.member(key)));
        for splice in &self.stream.splice {
            let (key, there) = match splice {
                Splice::Around { key, .. }
                | Splice::Outermost { key, .. }
                | Splice::Own { key, .. } => (key, place.source(splice).is_some()),
                Splice::Object { key, .. } | Splice::Joined { key, .. } => (key, true),
                Splice::Seconds { key, from } => (key, place.seconds(from).is_some()),
                Splice::Filled { key, placeholder } => (key, place.filled(placeholder).is_some()),
            };
            dropped.extend(place.member(key).filter(|_| there));
        }
        dropped.extend(self.stream.deleted_at.as_deref().and_then(|column| place.member(column)));
        dropped.sort_unstable_by_key(|member| member.start);
        place.text.copy_row(out, place.span(), dropped, |out| {
            let start = out.len();
            if let Some((key, text)) = mark {
                put_key(key, start, out);
                put_text(text, out);
            }
            for splice in &self.stream.splice {
                put(splice, place, start, out);
            }
            let column = self.stream.deleted_at.as_deref();
            if let (Some(column), Some(deletion)) = (column, self.stream.deletion) {
                put_deletion(column, deletion, place, start, out);
            }
            if let Some(filler) = &self.columns {
                let values = place.member(filler.at()).map(|member| member.value);
                filler.put(place.text, values, start, scratch, out);
            }
        });
    }
}

impl RecordWriter {
    /// Adds the fields of a row that are not as Zendesk sent them. `dropped` are the members of the
    /// listed row that are not in the record, `scratch` is as the row left it.
    fn mended(
        &self,
        place: &RowPlace<'_>,
        dropped: &[Member],
        scratch: &Scratch,
        found: &mut Vec<Change>,
    ) {
        let text = place.text;
        let mut note = |path: &str, value: Span| changes::mended(text, value, path, &[], found);
        for splice in &self.stream.splice {
            match splice {
                Splice::Around { key, .. }
                | Splice::Outermost { key, .. }
                | Splice::Own { key, .. } => {
                    if let Some(member) = place.source(splice) {
                        note(key, member.value);
                    }
                }
                Splice::Object { key, members } => {
                    for (name, from) in *members {
                        if let Some(member) = place.member(from) {
                            note(&format!("{key}.{name}"), member.value);
                        }
                    }
                }
                Splice::Joined { key, ids } => {
                    let ids: Vec<Member> = ids.iter().filter_map(|key| place.member(key)).collect();
                    for (at, element) in
                        place.side_loaded.found(key, &ids, text).into_iter().enumerate()
                    {
                        note(&format!("{key}.{at}"), element);
                    }
                }
                // Numbers, and what path_params paths.
                Splice::Seconds { .. } | Splice::Filled { .. } => {}
            }
        }
        for (column, value) in self.columns.iter().flat_map(|filler| filler.filled(scratch)) {
            note(column, value);
        }
        changes::mended(text, place.span(), "", dropped, found);
    }
}

/// Makes the row at the end of `out` small enough. Returns the fields that were cut: none when
/// there is no text to cut.
fn shrink(out: &mut Vec<u8>, start: usize) -> Vec<String> {
    let Some((row, fields)) = truncate::shrink(&out[start..], LARGEST_ROW_BYTES) else {
        return Vec::new();
    };
    out.truncate(start);
    out.extend_from_slice(&row);
    fields
}

/// Appends one spliced member.
fn put(splice: &Splice, place: &RowPlace<'_>, start: usize, out: &mut Vec<u8>) {
    match splice {
        Splice::Around { key, .. } | Splice::Outermost { key, .. } | Splice::Own { key, .. } => {
            let Some(member) = place.source(splice) else { return };
            put_key(key, start, out);
            place.text.copy(out, member.value);
        }
        Splice::Seconds { key, from } => {
            let Some(seconds) = place.seconds(from) else { return };
            put_key(key, start, out);
            put_shown(seconds, out);
        }
        Splice::Filled { key, placeholder } => {
            let Some(text) = place.filled(placeholder) else { return };
            put_key(key, start, out);
            match text.parse::<u64>() {
                Ok(number) => put_shown(number, out),
                Err(_) => put_text(text, out),
            }
        }
        Splice::Joined { key, ids } => {
            put_key(key, start, out);
            if place.side_loaded.has(key) {
                let ids: Vec<Member> = ids.iter().filter_map(|key| place.member(key)).collect();
                place.side_loaded.put(key, &ids, place.text, out);
            } else {
                out.extend_from_slice(b"null");
            }
        }
        Splice::Object { key, members } => {
            put_key(key, start, out);
            out.push(b'{');
            let inside = out.len();
            for (name, from) in *members {
                put_key(name, inside, out);
                match place.member(from) {
                    Some(member) => place.text.copy(out, member.value),
                    None => out.extend_from_slice(b"null"),
                }
            }
            out.push(b'}');
        }
    }
}

/// Appends the time of a row's deletion, or null while it lives.
fn put_deletion(
    column: &str,
    deletion: Deletion,
    place: &RowPlace<'_>,
    start: usize,
    out: &mut Vec<u8>,
) {
    put_key(column, start, out);
    let sign = deletion.sign.key().and_then(|key| place.member(key));
    let is_deleted = deletion.sign.is_in(sign.map(|member| place.text.raw(member.value)));
    match place.member(deletion.at).filter(|_| is_deleted) {
        Some(at) => place.text.copy(out, at.value),
        None => out.extend_from_slice(b"null"),
    }
}

/// What the writing of one row leaves to the next, so that nothing is allocated for each.
#[derive(Default)]
struct Work {
    /// The members of the row that are not in its record.
    dropped: Vec<Member>,
    scratch: Scratch,
}

/// What the rows of a page are written with.
#[derive(Clone, Copy)]
struct Beside<'a> {
    text: &'a Text,
    path_params: &'a PathParams,
    side_loaded: &'a SideLoaded<'a>,
}

/// One row of a stream: a listed row, or a row inside of one.
struct RowPlace<'a> {
    text: &'a Text,
    rows: &'a Rows,
    at: usize,
    around: Option<&'a RowPlace<'a>>,
    path_params: &'a PathParams,
    side_loaded: &'a SideLoaded<'a>,
}

impl<'a> RowPlace<'a> {
    fn of(
        Beside { text, path_params, side_loaded }: Beside<'a>,
        rows: &'a Rows,
        at: usize,
        around: Option<&'a Self>,
    ) -> Self {
        Self { text, rows, at, around, path_params, side_loaded }
    }

    fn span(&self) -> Span {
        self.rows.rows[self.at].span
    }

    fn member(&self, key: &str) -> Option<Member> {
        self.rows.member(self.at, key)
    }

    fn value(&self, key: &str) -> Option<Value> {
        serde_json::from_slice(self.text.raw(self.member(key)?.value)).ok()
    }

    /// A time of the row, unix seconds.
    fn seconds(&self, key: &str) -> Option<i64> {
        timestamp::from_json(self.text.raw(self.member(key)?.value))
    }

    /// What filled a placeholder of the path.
    fn filled(&self, placeholder: &str) -> Option<&str> {
        let (_, text) = self.path_params.iter().find(|(name, _)| *name == placeholder)?;
        Some(text)
    }

    /// The member whose value a splice copies.
    fn source(&self, splice: &Splice) -> Option<Member> {
        match splice {
            Splice::Around { from, .. } => self.around.and_then(|around| around.member(from)),
            Splice::Outermost { from, .. } => self.outermost(from),
            Splice::Own { from, .. } => self.member(from),
            Splice::Object { .. }
            | Splice::Joined { .. }
            | Splice::Seconds { .. }
            | Splice::Filled { .. } => None,
        }
    }

    /// The path of the list in which the row lies.
    fn list(&self) -> &'static [&'static str] {
        self.around.map_or(self.rows.path, RowPlace::list)
    }

    fn outermost(&self, key: &str) -> Option<Member> {
        match self.around {
            Some(around) => around.outermost(key),
            None => self.member(key),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::config::Config;
    use crate::streams::registry;
    use crate::sync::listing::pager::Listing;
    use crate::zendesk::page::scan;

    /// The records that these streams of one feed make of an answer.
    pub(in crate::sync) fn records(names: &[&str], body: &str) -> Vec<Value> {
        configured(&json!({}), names, body)
    }

    /// The same with options of the user's.
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
            let written = RecordWriter::new(stream).write(&page, &keep, &Vec::new(), 1, &mut out);
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

    /// The fields that each record says are not as they came.
    fn changed(options: &Value, names: &[&str], body: &str) -> Vec<Vec<Vec<String>>> {
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
            let written = RecordWriter::new(stream).write(&page, &keep, &Vec::new(), 1, &mut out);
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
    fn rows_of_several_lists_tell_which_they_are_of() {
        let body = r#"{"definitions":{"conditions_any":[{"subject":"a","condition":"x"}],
            "conditions_all":[{"subject":"a"},{"subject":"b"}]}}"#;
        let all = |subject| json!({"condition": "all", "subject": subject});
        let any = json!({"condition": "any", "subject": "a"});
        assert_eq!(records(&["attribute_definitions"], body), [json!([all("a"), all("b"), any])]);
    }
}
