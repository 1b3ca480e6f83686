//! Which keys a page is scanned for on behalf of a stream.

use std::slice::from_ref;

use super::file::FileKeys;
use super::rows::{Beside, Lists, Step};
use super::sources::Source;
use super::stream::Stream;
use crate::zendesk::page::ListShape;

impl Stream {
    /// What has to be looked up in an answer: in the feed's list, in the lists that the stream's
    /// rows are in, and in those that are joined to its rows.
    #[must_use]
    pub fn lookups(&self) -> Vec<ListShape> {
        let mut listed: Vec<&'static str> = self.feed.time_key().into_iter().collect();
        listed.extend(self.kept.filter(|kept| !kept.texts.is_empty()).map(|kept| kept.key));
        if self.rows.derived.is_some() {
            listed.extend(self.cursor_key());
        }
        if let Lists::Beside(Beside { of, .. }) = self.rows.lists {
            listed.push(of);
        }
        let list = |path, wanted| ListShape { path, wanted, ..ListShape::default() };
        let levels = self.level_lookups();
        let own = self.rows.lists(self.feed).into_iter().map(|path| {
            let paths = std::iter::once(path).chain(self.rows.keys().map(from_ref));
            let shapes = paths.zip(levels.clone()).map(|(path, wanted)| list(path, wanted));
            let shapes: Vec<ListShape> = shapes.collect();
            let nest = |inner, outer| ListShape { inner: vec![inner], ..outer };
            shapes.into_iter().rev().reduce(nest).unwrap_or_default()
        });
        let joined = self.splice.iter().filter_map(|(_, source)| match source {
            Source::SideLoaded(name, _) => {
                Some(ListShape { is_optional: true, ..list(from_ref(name), vec!["id"]) })
            }
            _ => None,
        });
        std::iter::once(list(self.feed.list, listed)).chain(own).chain(joined).collect()
    }

    /// What has to be looked up at each level of the stream's path.
    fn level_lookups(&self) -> Vec<Vec<&'static str>> {
        let last = self.rows.keys().count();
        let mut levels = vec![Vec::new(); 1 + last];
        let mut level = 0;
        for step in self.rows.steps {
            match step {
                Step::Into(_) | Step::Each(_) => level += 1,
                Step::Where(key, _) => levels[level].push(*key),
            }
        }
        let mut at_level = |level: usize, key| levels[level].push(key);
        if let Some(derived) = self.rows.derived {
            derived.keys(last, &mut at_level);
            return levels;
        }
        for (_, source) in self.splice {
            source.keys(&mut at_level);
        }
        let own = &mut levels[last];
        own.extend(self.splice.iter().map(|(key, _)| *key));
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
        if let Lists::Beside(Beside { by, .. }) = self.rows.lists {
            own.push(by);
        }
        levels
    }
}
