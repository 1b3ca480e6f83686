//! Which keys a page is scanned for on behalf of a stream.

use super::file::FileKeys;
use super::rows::{RowsAt, Splice};
use super::stream::Stream;
use crate::zendesk::page::{InnerShape, ListShape};

impl Stream {
    /// What has to be looked up in each listed row of the stream's feed, and inside of it.
    #[must_use]
    pub fn lookups(&self) -> ListShape {
        let mut listed: Vec<&'static str> = self.feed.time_key().into_iter().collect();
        listed.extend(self.kept.filter(|kept| !kept.texts.is_empty()).map(|kept| kept.key));
        if let RowsAt::Made(_) = self.rows {
            // What a row is made of is looked up where it is made.
            listed.extend(self.cursor_key());
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
                own.push(key);
                Some(InnerShape { key: array, wanted: own, inner: None })
            }
            RowsAt::EachOfEach { array, key, inner, .. } => {
                around.push(key);
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
        let paths = self.rows.lists(self.feed).into_iter();
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
        let joined = self.splice.iter().filter_map(|splice| match splice {
            Splice::Joined { key, .. } => Some(ListShape {
                path: std::slice::from_ref(key),
                wanted: vec!["id"],
                is_optional: true,
                ..ListShape::default()
            }),
            _ => None,
        });
        own.chain(joined).collect()
    }

    /// What has to be looked up in the stream's rows, and in the rows around them.
    fn own_lookups(&self) -> Lookups {
        let Lookups { mut own, mut around, mut outermost } = Lookups::default();
        own.extend(self.primary_key);
        own.extend(self.drop);
        own.extend(self.cursor_key());
        own.extend(self.custom_columns.map(|columns| columns.fields.at));
        own.extend(self.file.iter().flat_map(FileKeys::keys));
        if let Some(deletion) = self.deletion {
            own.extend(deletion.sign.key());
            own.extend(self.deleted_at);
            if self.deleted_at.is_some() || self.search_first {
                own.push(deletion.at);
            }
        }
        if let RowsAt::InLists { key, .. } | RowsAt::InsideLists { key, .. } = self.rows {
            own.push(key);
        }
        if let RowsAt::Beside { by, of, .. } = self.rows {
            own.push(by);
            outermost.push(of);
        }
        for splice in self.splice {
            match splice {
                Splice::Around { key, from } => {
                    own.push(key);
                    around.push(from);
                }
                Splice::Outermost { key, from } => {
                    own.push(key);
                    outermost.push(from);
                }
                Splice::Object { key, members } => {
                    own.push(key);
                    own.extend(members.iter().map(|(_, from)| from));
                }
                Splice::Seconds { key, from } | Splice::Own { key, from } => {
                    own.extend([key, from]);
                }
                Splice::Filled { key, .. } => own.push(key),
                Splice::Joined { key, ids } => {
                    own.push(key);
                    own.extend(*ids);
                }
            }
        }
        Lookups { own, around, outermost }
    }
}

/// Keys that are looked up in a stream's rows, in the rows right around them, and in the listed
/// rows.
#[derive(Default)]
struct Lookups {
    own: Vec<&'static str>,
    around: Vec<&'static str>,
    outermost: Vec<&'static str>,
}
