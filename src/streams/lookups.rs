//! Which keys a page is scanned for, for a stream.

use std::borrow::Cow;
use std::slice::from_ref;

use super::file::FileKeys;
use super::resolved::ResolvedStream;
use super::rows::{Beside, Lists, Step};
use super::side_loads::SideLoad;
use super::sources::{ATTRIBUTES, INCLUDED, Source};
use zendesk::page::ListShape;

impl ResolvedStream {
    /// What a scan of an answer looks up: in the feed's list, in the lists of the stream's rows,
    /// and in the lists that are joined to these rows.
    #[must_use]
    pub fn lookups(&self) -> Vec<ListShape> {
        let mut listed: Vec<Cow<'static, str>> = Vec::new();
        listed.extend(self.feed.time_key().map(Cow::Borrowed));
        listed.extend(self.kept.as_ref().map(|kept| Cow::Borrowed(kept.key)));
        if self.rows.derived.is_some() {
            listed.extend(self.cursor_key().map(Cow::Borrowed));
        }
        if let Lists::Beside(Beside { of, .. }) = self.rows.lists {
            listed.push(of.into());
        }
        let list = |path, wanted| ListShape { path, wanted, ..ListShape::default() };
        let is_one_of_several = matches!(self.rows.lists, Lists::Several(_));
        let levels = self.level_lookups();
        let own = self.rows.lists(&self.feed).into_iter().map(|path| {
            let paths = std::iter::once(path).chain(self.rows.keys().map(from_ref));
            let shapes = paths.zip(levels.clone()).map(|(path, wanted)| list(path, wanted));
            let shapes: Vec<ListShape> = shapes.collect();
            let nest = |inner, outer| ListShape { inner: vec![inner], ..outer };
            let own = shapes.into_iter().rev().reduce(nest).unwrap_or_default();
            ListShape { is_one_of_several, ..own }
        });
        // Nothing but side-loads is joined.
        let is_joined = |load: &&SideLoad| {
            let of_load =
                |source| matches!(source, Source::SideLoaded(name, _) if name == load.name);
            self.splice.iter().any(|(_, source)| of_load(*source))
        };
        let joined = self.side_loads.iter().filter(is_joined).map(|load| {
            let path = from_ref(&load.name);
            ListShape { is_optional: true, ..list(path, vec!["id".into()]) }
        });
        let is_included =
            self.splice.iter().any(|(_, source)| matches!(source, Source::Included(_)));
        let included = is_included.then(|| ListShape {
            is_optional: true,
            ..list(from_ref(&INCLUDED), vec!["id".into(), ATTRIBUTES.into()])
        });
        let (is_object, or_at) = (self.feed.is_object, self.feed.or_at);
        let of_feed = ListShape { is_object, or_at, ..list(self.feed.list, listed) };
        std::iter::once(of_feed).chain(own).chain(joined).chain(included).collect()
    }

    /// The keys to look up at each level of the stream's path.
    fn level_lookups(&self) -> Vec<Vec<Cow<'static, str>>> {
        let last = self.rows.keys().count();
        let mut levels = vec![Vec::new(); 1 + last];
        let mut level = 0;
        for step in self.rows.steps {
            match step {
                Step::Into(_) | Step::Each(_) => level += 1,
                Step::Where(key, _) => levels[level].push(Cow::Borrowed(*key)),
            }
        }
        let mut at_level = |level: usize, key| levels[level].push(Cow::Borrowed(key));
        if let Some(derived) = self.rows.derived {
            derived.keys(last, &mut at_level);
            return levels;
        }
        for (_, source) in &self.splice {
            source.keys(&mut at_level);
        }
        let own = &mut levels[last];
        let mut note = |key: &'static str| own.push(Cow::Borrowed(key));
        self.splice.iter().for_each(|(key, _)| note(key));
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
        if let Lists::Beside(Beside { by, .. }) = self.rows.lists {
            note(by);
        }
        own.extend(self.deleted_at.clone().map(Cow::Owned));
        levels
    }
}
