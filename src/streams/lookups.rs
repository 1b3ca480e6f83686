//! Which keys a page is scanned for on behalf of a stream.

use std::borrow::Cow;

use super::file::FileKeys;
use super::resolved::ResolvedStream;
use super::rows::{RowsAt, Splice};
use super::side_loads::SideLoad;
use crate::zendesk::page::{InnerShape, ListShape};

impl ResolvedStream {
    /// What has to be looked up in each listed row of the stream's feed, and inside of it.
    #[must_use]
    pub fn lookups(&self) -> ListShape {
        let mut listed: Vec<Cow<'static, str>> = Vec::new();
        listed.extend(self.feed.time_key().map(Cow::Borrowed));
        listed.extend(self.kept.as_ref().map(|kept| Cow::Borrowed(kept.key)));
        if let RowsAt::Made(_) = self.rows {
            // What a row is made of is looked up where it is made.
            listed.extend(self.cursor_key().map(Cow::Borrowed));
            return ListShape { path: self.feed.list, wanted: listed, ..ListShape::default() };
        }
        let Lookups { mut own, mut around, outermost } = self.own_lookups();
        listed.extend(outermost);
        if !matches!(self.rows, RowsAt::EachOfEach { .. }) {
            listed.append(&mut around);
        }
        let inner = match self.rows {
            RowsAt::Listed | RowsAt::InLists { .. } => {
                listed.append(&mut own);
                None
            }
            RowsAt::Inside(key) => Some(InnerShape { key, wanted: own, inner: None }),
            RowsAt::EachInside { array, key, .. } => {
                own.push(key.into());
                Some(InnerShape { key: array, wanted: own, inner: None })
            }
            RowsAt::EachOfEach { array, key, inner, .. } => {
                around.push(key.into());
                let inner = InnerShape { key: inner, wanted: own, inner: None };
                Some(InnerShape { key: array, wanted: around, inner: Some(Box::new(inner)) })
            }
            RowsAt::InsideLists { array, .. } => {
                Some(InnerShape { key: array, wanted: own, inner: None })
            }
            RowsAt::Beside { .. } | RowsAt::Made(_) => None,
        };
        ListShape { path: self.feed.list, wanted: listed, inner, ..ListShape::default() }
    }

    /// The lists beside the feed's own that the stream's rows lie in.
    #[must_use]
    pub fn lists_beside(&self) -> Vec<ListShape> {
        let paths = self.rows.lists(&self.feed).into_iter();
        let shape = |path| {
            let Lookups { own, around, .. } = self.own_lookups();
            let (wanted, inner) = match self.rows {
                RowsAt::InsideLists { array, .. } => {
                    (around, Some(InnerShape { key: array, wanted: own, inner: None }))
                }
                _ => (own, None),
            };
            ListShape { path, wanted, inner, ..ListShape::default() }
        };
        let own = paths.filter(|path| *path != self.feed.list).map(shape);
        // Nothing but side-loads is joined.
        let is_joined = |load: &&SideLoad| {
            let of_load =
                |splice: &Splice| matches!(splice, Splice::Joined { key, .. } if *key == load.name);
            self.splice.iter().any(of_load)
        };
        let joined = self.side_loads.iter().filter(is_joined).map(|load| ListShape {
            path: std::slice::from_ref(&load.name),
            wanted: vec!["id".into()],
            is_optional: true,
            ..ListShape::default()
        });
        own.chain(joined).collect()
    }

    /// What has to be looked up in the stream's rows, and in the rows around them.
    fn own_lookups(&self) -> Lookups {
        let Lookups { mut own, mut around, mut outermost } = Lookups::default();
        let mut note = |key: &'static str| own.push(Cow::Borrowed(key));
        self.primary_key.iter().chain(&self.drop).for_each(|key| note(key));
        self.cursor_key().into_iter().for_each(&mut note);
        self.custom_columns.iter().for_each(|columns| note(columns.fields.at));
        self.file.iter().flat_map(FileKeys::keys).for_each(&mut note);
        if let Some(deletion) = self.deletion {
            deletion.sign.key().into_iter().for_each(&mut note);
            if self.deleted_at.is_some() || self.search_first {
                note(deletion.at);
            }
        }
        if let RowsAt::InLists { key, .. } | RowsAt::InsideLists { key, .. } = self.rows {
            note(key);
        }
        if let RowsAt::Beside { by, of, .. } = self.rows {
            note(by);
            outermost.push(of.into());
        }
        for splice in &self.splice {
            match *splice {
                Splice::Around { key, from } => {
                    note(key);
                    around.push(from.into());
                }
                Splice::Outermost { key, from } => {
                    note(key);
                    outermost.push(from.into());
                }
                Splice::Object { key, members } => {
                    note(key);
                    members.iter().for_each(|(_, from)| note(from));
                }
                Splice::Seconds { key, from } | Splice::Own { key, from } => {
                    note(key);
                    note(from);
                }
                Splice::Filled { key, .. } => note(key),
                Splice::Joined { key, ids } => {
                    note(key);
                    ids.iter().for_each(|key| note(key));
                }
            }
        }
        own.extend(self.deleted_at.clone().map(Cow::Owned));
        Lookups { own, around, outermost }
    }
}

/// Keys that are looked up in a stream's rows, in the rows right around them, and in the listed
/// rows.
#[derive(Default)]
struct Lookups {
    own: Vec<Cow<'static, str>>,
    around: Vec<Cow<'static, str>>,
    outermost: Vec<Cow<'static, str>>,
}
