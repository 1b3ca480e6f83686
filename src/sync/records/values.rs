//! Values of columns that are not members of the row itself, found as a [`Source`] says and appended
//! to a line. Values are copied as they stand; only texts that are put together are new.

use std::borrow::Cow;

use super::json_out::{put_key, put_shown, put_text};
use super::path::RowPlace;
use super::side_loaded::SideLoaded;
use crate::streams::Source;
use crate::streams::derived::Kind;
use crate::sync::position::path_params::PathParams;
use zendesk::json::{Member, Span};
use zendesk::timestamp;

/// What the rows of a list have in common.
#[derive(Clone, Copy)]
pub(super) struct Common<'a> {
    /// The name of the list, where the stream has several.
    pub(super) list_name: Option<&'static str>,
    pub(super) path_params: &'a PathParams,
    pub(super) side_loaded: &'a SideLoaded<'a>,
}

/// What a row's columns are made of.
#[derive(Clone, Copy)]
pub(super) struct Values<'p, 'w> {
    pub(super) place: &'w RowPlace<'p, 'w>,
    pub(super) common: Common<'w>,
    /// The kind of a derived row.
    pub(super) kind: Option<&'static Kind>,
}

impl<'p> Values<'p, '_> {
    /// Appends a value. False, and nothing appended, when there is none.
    pub(super) fn put(&self, source: Source, out: &mut Vec<u8>) -> bool {
        match source {
            Source::Of(level, key) => {
                let Some(member) = self.place.member_of(level, key) else { return false };
                self.place.text.copy(out, member.value);
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
            Source::KindTime | Source::KindActor | Source::KindFrom | Source::KindTo => {
                return self.of_kind(source).is_some_and(|source| self.put(source, out));
            }
            Source::TextOf(..) | Source::Joined(_) | Source::ListName | Source::KindName => {
                let Some(text) = self.text_of(source) else { return false };
                put_text(&text, out);
            }
            Source::Untold => return false,
        }
        true
    }

    /// The same; null when there is none.
    pub(super) fn put_or_null(&self, source: Source, out: &mut Vec<u8>) {
        if !self.put(source, out) {
            out.extend_from_slice(b"null");
        }
    }

    /// A value as text; none for null and for what is empty.
    fn text_of(&self, source: Source) -> Option<Cow<'p, str>> {
        match source {
            Source::Of(level, key) | Source::TextOf(level, key) => plain(self.raw(level, key)?),
            Source::ListName => Some(self.common.list_name?.into()),
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

    /// Calls `each` with the values that a column's source reads, and where in the record each comes
    /// to stand.
    pub(super) fn read_by(&self, column: &str, source: Source, each: &mut dyn FnMut(&str, Span)) {
        match source {
            Source::Of(level, key) | Source::TextOf(level, key) => {
                if let Some(member) = self.place.member_of(level, key) {
                    each(column, member.value);
                }
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
            Source::KindTime | Source::KindActor | Source::KindFrom | Source::KindTo => {
                if let Some(source) = self.of_kind(source) {
                    self.read_by(column, source, each);
                }
            }
            // Numbers, and what does not come from the page.
            Source::SecondsOf(..) | Source::Place(_) | Source::Filled(_) => {}
            Source::ListName | Source::KindName | Source::Untold => {}
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

    /// The members of the row that hold ids.
    fn ids(&self, keys: &[&str]) -> Vec<Member> {
        keys.iter().filter_map(|key| self.place.member(key)).collect()
    }
}

/// A value as text; none for null and for what is empty.
pub(super) fn plain(raw: &[u8]) -> Option<Cow<'_, str>> {
    let text: Cow<'_, str> = match raw.first()? {
        b'"' => serde_json::from_slice::<String>(raw).ok()?.into(),
        _ if raw == b"null" => return None,
        _ => String::from_utf8_lossy(raw),
    };
    (!text.is_empty()).then_some(text)
}
