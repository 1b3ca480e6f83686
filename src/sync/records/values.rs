//! Finds values of columns that are not members of the row itself, as a [`Source`] declares, and
//! appends them to a line. Values are copied unchanged. Only texts that are put together are new.

use std::borrow::Cow;

use super::address::without_credentials;
use super::json_out::{put_key, put_shown, put_text};
use super::parts::Part;
use super::path::{RowPlace, plain};
use super::side_loaded::SideLoaded;
use crate::streams::derived::Kind;
use crate::streams::{INCLUDED, RELATIONSHIPS, Source};
use crate::sync::position::path_params::PathParams;
use zendesk::json::{self, Member, Span};
use zendesk::timestamp;

/// What all rows of a list have in common.
#[derive(Clone, Copy)]
pub(super) struct Common<'a> {
    /// The name of the list, if the stream has several.
    pub(super) list_name: Option<&'static str>,
    pub(super) path_params: &'a PathParams,
    pub(super) side_loaded: &'a SideLoaded<'a>,
    /// When Zendesk answered, unix seconds.
    pub(super) answered_at: i64,
}

/// What the columns of a row are made from.
#[derive(Clone, Copy)]
pub(super) struct Values<'p, 'w> {
    pub(super) place: &'w RowPlace<'p, 'w>,
    pub(super) common: Common<'w>,
    /// The kind of a derived row.
    pub(super) kind: Option<&'static Kind>,
    /// The part of the row that a derived row is made from. `None` if it is made from the whole
    /// row.
    pub(super) part: Option<&'w Part<'p>>,
}

impl<'p> Values<'p, '_> {
    /// Appends a value. Returns false, and appends nothing, if there is no value.
    pub(super) fn put(&self, source: Source, out: &mut Vec<u8>) -> bool {
        match source {
            Source::Of(..) | Source::Inside(..) => {
                let Some(value) = self.found(source) else { return false };
                self.place.text.copy(out, value);
            }
            Source::SecondsOf(level, key) => {
                let seconds = self.raw(level, key).and_then(timestamp::from_json);
                let Some(seconds) = seconds else { return false };
                put_shown(seconds, out);
            }
            Source::Place(level) => {
                put_shown(self.place.level(level).map_or(0, |level| level.row().place), out);
            }
            Source::Filled(placeholder) => {
                let filled = self.common.path_params.iter().find(|(name, _)| *name == placeholder);
                let Some((_, text)) = filled else { return false };
                match text.parse::<u64>() {
                    Ok(number) => put_shown(number, out),
                    Err(_) => put_text(text, out),
                }
            }
            Source::Object(members) => {
                out.push(b'{');
                let start = out.len();
                for (name, source) in members {
                    put_key(name, start, out);
                    self.put_or_null(*source, out);
                }
                out.push(b'}');
            }
            Source::SideLoaded(list, keys) => {
                if self.common.side_loaded.has(list) {
                    self.common.side_loaded.put(list, &self.ids(keys), self.place.text, out);
                } else {
                    out.extend_from_slice(b"null");
                }
            }
            Source::Included(name) => return self.put_included(name, out),
            Source::KindTime | Source::KindActor | Source::KindFrom | Source::KindTo => {
                return self.of_kind(source).is_some_and(|source| self.put(source, out));
            }
            Source::PartNumber => {
                let number = self.part.and_then(|part| part.name.parse::<u64>().ok());
                let Some(number) = number else { return false };
                put_shown(number, out);
            }
            Source::TextOf(..) | Source::OnlyText(..) | Source::PartValue | Source::PartBefore => {
                return self.found(source).is_some_and(|value| self.put_as_text(value, out));
            }
            Source::FirstOf(sources) => {
                return sources.iter().any(|source| self.put_text_of(*source, out));
            }
            Source::AddressOf(level, key) => {
                let Some(raw) = self.raw(level, key) else { return false };
                match serde_json::from_slice::<String>(raw) {
                    Ok(address) => put_text(&without_credentials(&address), out),
                    Err(_) => out.extend_from_slice(b"null"),
                }
            }
            Source::TimeOf(..)
            | Source::Text(_)
            | Source::AnsweredAt
            | Source::Joined(_)
            | Source::ListName
            | Source::KindName
            | Source::PartName => {
                let Some(text) = self.text_of(source) else { return false };
                put_text(&text, out);
            }
            Source::Untold => return false,
        }
        true
    }

    /// Appends a value, or null if there is none.
    pub(super) fn put_or_null(&self, source: Source, out: &mut Vec<u8>) {
        if !self.put(source, out) {
            out.extend_from_slice(b"null");
        }
    }

    /// Appends the value of a source as a text.
    fn put_text_of(&self, source: Source, out: &mut Vec<u8>) -> bool {
        match source {
            Source::Of(..) | Source::Inside(..) => {
                self.found(source).is_some_and(|value| self.put_as_text(value, out))
            }
            other => self.put(other, out),
        }
    }

    /// Appends a value as a text, as `plain` converts it.
    fn put_as_text(&self, value: Span, out: &mut Vec<u8>) -> bool {
        let text = self.place.text;
        match text.raw(value) {
            b"null" | b"\"\"" | b"" => return false,
            [b'"', ..] => text.copy(out, value),
            other => put_text(&String::from_utf8_lossy(other), out),
        }
        true
    }

    /// A value as text. `None` for null and for an empty value.
    fn text_of(&self, source: Source) -> Option<Cow<'p, str>> {
        match source {
            Source::Of(..) | Source::TextOf(..) | Source::OnlyText(..) | Source::Inside(..) => {
                plain(self.place.text.raw(self.found(source)?))
            }
            Source::TimeOf(level, key) => {
                let seconds = self.raw(level, key).and_then(timestamp::from_json)?;
                Some(timestamp::to_iso(seconds).into())
            }
            Source::Text(text) => Some(text.into()),
            Source::AnsweredAt => Some(self.common.answered_at.to_string().into()),
            Source::ListName => Some(self.common.list_name?.into()),
            Source::KindName => Some(self.kind?.name.into()),
            Source::PartName => Some(self.part?.name.clone()),
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

    /// Calls `each` with the values that a column's source reads, and with the place of each in the
    /// record.
    pub(super) fn read_by(&self, column: &str, source: Source, each: &mut dyn FnMut(&str, Span)) {
        match source {
            Source::Of(..)
            | Source::TextOf(..)
            | Source::OnlyText(..)
            | Source::Inside(..)
            | Source::PartValue
            | Source::PartBefore => {
                self.found(source).into_iter().for_each(|value| each(column, value));
            }
            Source::FirstOf(sources) => {
                if let Some(source) = sources.iter().find(|one| self.text_of(**one).is_some()) {
                    self.read_by(column, *source, each);
                }
            }
            Source::PartName | Source::PartNumber => {
                self.part.into_iter().for_each(|part| each(column, part.named_at));
            }
            Source::Joined(parts) => {
                parts.iter().for_each(|part| self.read_by(column, *part, each));
            }
            Source::Object(members) => {
                for (name, source) in members {
                    self.read_by(&format!("{column}.{name}"), *source, each);
                }
            }
            Source::SideLoaded(list, keys) => {
                let text = self.place.text;
                let found = self.common.side_loaded.found(list, &self.ids(keys), text);
                for (at, value) in found.into_iter().enumerate() {
                    each(&format!("{column}.{at}"), value);
                }
            }
            Source::Included(name) => {
                let included = self.included(name).unwrap_or_default();
                for (at, (id, attributes)) in included.into_iter().enumerate() {
                    each(&format!("{column}.{at}.id"), id);
                    each(&format!("{column}.{at}"), attributes);
                }
            }
            Source::KindTime | Source::KindActor | Source::KindFrom | Source::KindTo => {
                if let Some(source) = self.of_kind(source) {
                    self.read_by(column, source, each);
                }
            }
            // Numbers, texts that are made anew, and what does not come from the page.
            Source::AddressOf(..) => {}
            Source::SecondsOf(..) | Source::TimeOf(..) | Source::Place(_) | Source::Filled(_) => {}
            Source::ListName | Source::KindName | Source::Text(_) => {}
            Source::AnsweredAt | Source::Untold => {}
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

    fn raw(&self, level: usize, key: &str) -> Option<&'p [u8]> {
        Some(self.place.text.raw(self.place.member_of(level, key)?.value))
    }

    /// Where the value is that a source copies, unchanged or as a text.
    fn found(&self, source: Source) -> Option<Span> {
        let of = |level, key| Some(self.place.member_of(level, key)?.value);
        match source {
            Source::Of(level, key) | Source::TextOf(level, key) => of(level, key),
            Source::OnlyText(level, key) => {
                of(level, key).filter(|value| self.place.text.raw(*value).first() == Some(&b'"'))
            }
            Source::Inside(level, key, path) => self.inside(level, key, path),
            Source::PartValue => self.part?.value,
            Source::PartBefore => self.part?.before,
            _ => None,
        }
    }

    /// The value at the end of `path`, inside the object under a key.
    fn inside(&self, level: usize, key: &str, path: &[&str]) -> Option<Span> {
        let body = &self.place.text.body;
        let whole = self.place.member_of(level, key)?.value;
        path.iter().try_fold(whole, |object, key| json::member(body, object, key))
    }

    /// Appends an array of the attributes of the resources, each with its id in front. `name` is
    /// the relationship.
    fn put_included(&self, name: &str, out: &mut Vec<u8>) -> bool {
        let Some(included) = self.included(name) else { return false };
        let text = self.place.text;
        out.push(b'[');
        for (at, (id, attributes)) in included.into_iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            text.copy_row(out, attributes, &mut Vec::new(), |out, _| {
                put_key("id", out.len(), out);
                text.copy(out, id);
            });
        }
        out.push(b']');
        true
    }

    /// The ids and attributes of the resources that the listed row has under this relationship.
    /// `None` if Zendesk sends no such relationship, or no `included`.
    fn included(&self, name: &str) -> Option<Vec<(Span, Span)>> {
        let text = self.place.text;
        let data = self.inside(0, RELATIONSHIPS, &[name, "data"])?;
        let identifiers = match text.raw(data).first() {
            Some(b'[') => json::elements(&text.body, data),
            Some(b'{') => vec![data],
            _ => return None,
        };
        let is_sent = self.common.side_loaded.has(INCLUDED);
        is_sent.then(|| self.common.side_loaded.included(&identifiers, text))
    }

    /// The members of the row that hold ids.
    fn ids(&self, keys: &[&str]) -> Vec<Member> {
        keys.iter().filter_map(|key| self.place.member(key)).collect()
    }
}
