//! Rows as parents: which of their values the paths of their children need, and the tree of feeds
//! below a feed. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::streams::{ResolvedFeed, ResolvedStream};
use crate::sync::position::Position;
use crate::sync::position::frontier::Listed;
use crate::sync::position::path_params::text_of;
use crate::sync::records::{RecordWriter, filter};
use zendesk::page::{Page, Rows};
use zendesk::paging::Token;

/// A row whose children are to be read.
#[derive(Clone, Debug)]
pub struct ParentRow {
    pub listed: Listed,
    pub changed: Option<i64>,
    pub row: Known,
}

/// What is known about a row that may have children to read.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Values of the row that paths may need, as text.
    pub values: BTreeMap<&'static str, String>,
    /// The keys with a value, of those that make a row a parent.
    pub has: BTreeSet<&'static str>,
    /// The names of the child feeds with news below the row. `None` if news is known of no feed in
    /// particular: then all are read.
    pub with_news: Option<BTreeSet<String>>,
}

/// The keys that are looked up in a row for its children.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParentKeys {
    /// The keys that the paths of the children need.
    pub path: Vec<&'static str>,
    /// The keys that make a row a parent.
    pub only_with: Vec<&'static str>,
}

impl ParentKeys {
    pub fn all(&self) -> impl Iterator<Item = &'static str> {
        self.path.iter().chain(&self.only_with).copied()
    }
}

impl Known {
    #[must_use]
    pub fn of(page: &Page, list: &Rows, row: usize, keys: &ParentKeys) -> Self {
        let has = |key: &&&'static str| {
            let raw = list.member(row, key).map(|member| page.text.raw(member.value));
            raw.is_some_and(|raw| !matches!(raw, b"null" | b"false" | b"\"\""))
        };
        Self {
            values: values(page, list, row, &keys.path),
            has: keys.only_with.iter().filter(has).copied().collect(),
            with_news: None,
        }
    }

    /// Whether the row has children of this feed that must be read.
    #[must_use]
    pub fn is_parent(&self, child: &ResolvedFeed) -> bool {
        let needed = child.parent().and_then(|parent| parent.only_with);
        needed.is_none_or(|key| self.has.contains(key))
            && self.with_news.as_ref().is_none_or(|feeds| feeds.contains(child.name()))
    }
}

/// A child feed, the streams that take its rows, and its own children.
pub struct Node {
    pub feed: ResolvedFeed,
    pub streams: Vec<(Arc<ResolvedStream>, RecordWriter)>,
    pub kids: Vec<Node>,
}

impl ParentRow {
    /// Makes a row of a page a parent. `time_key` holds the feed's time, `changed_key` the time of
    /// the parent's last change. `keys` are looked up for the children.
    #[must_use]
    pub fn new(
        page: &Page,
        list: &Rows,
        row: usize,
        time_key: Option<&str>,
        at: &Token,
        changed_key: Option<&str>,
        keys: &ParentKeys,
    ) -> Self {
        let time = time_key.and_then(|key| filter::time(page, list, row, key));
        let changed = changed_key.and_then(|key| filter::time(page, list, row, key));
        Self {
            listed: Listed {
                hash: filter::hash(page, list, row),
                time,
                own: time,
                page: at.clone(),
            },
            changed,
            row: Known::of(page, list, row, keys),
        }
    }
}

/// The keys that are looked up in the rows of `feed` for these children.
#[must_use]
pub fn parent_keys<'s>(
    feed: &ResolvedFeed,
    children: impl IntoIterator<Item = &'s ResolvedStream>,
) -> ParentKeys {
    let mut keys = ParentKeys::default();
    for child in children.into_iter().flat_map(|child| child.feed.lineage()) {
        if let Some(parent) = child.parent().filter(|_| child.above().as_ref() == Some(feed)) {
            keys.path.extend(parent.fills.iter().map(|(_, key)| *key));
            keys.only_with.extend(parent.only_with);
        }
    }
    for keys in [&mut keys.path, &mut keys.only_with] {
        keys.sort_unstable();
        keys.dedup();
    }
    keys
}

/// The key of a parent's row with the time of its last change: the cursor of the topmost parent, or
/// the key that its listing was searched by. `None` if each parent's listing is requested for a
/// range of time.
pub fn changed_key(stream: &ResolvedStream) -> Option<&'static str> {
    if stream.feed.asks_between() {
        return None;
    }
    let parents = stream.cursor.map(|cursor| cursor.parents)?;
    let above = stream.feed.above()?;
    let key = parents.last().map(|(_, field)| *field);
    key.or(above.root().searched_key())
}
impl Node {
    pub fn all_streams(&self) -> Vec<&ResolvedStream> {
        let own = self.streams.iter().map(|(stream, _)| &**stream);
        own.chain(self.kids.iter().flat_map(Self::all_streams)).collect()
    }
}

/// The feeds below `feed` that these streams need, as a tree.
pub fn nodes(feed: &ResolvedFeed, streams: &[&Arc<ResolvedStream>]) -> Vec<Node> {
    let mut feeds: Vec<ResolvedFeed> = Vec::new();
    for child in streams.iter().flat_map(|stream| stream.feed.lineage()) {
        if child.above().as_ref() == Some(feed) && !feeds.contains(&child) {
            feeds.push(child);
        }
    }
    let of_feed = |feed: &ResolvedFeed| {
        let own = streams.iter().filter(|stream| stream.feed == *feed);
        own.map(|stream| (Arc::clone(stream), RecordWriter::new(stream))).collect()
    };
    feeds
        .into_iter()
        .map(|feed| Node { streams: of_feed(&feed), kids: nodes(&feed, streams), feed })
        .collect()
}

/// Values of a row as texts for paths. Numbers stay as they are, strings lose their quotes.
pub fn values(
    page: &Page,
    list: &Rows,
    row: usize,
    keys: &[&'static str],
) -> BTreeMap<&'static str, String> {
    let value = |key: &&'static str| {
        let raw = page.text.raw(list.member(row, key)?.value);
        Some((*key, text_of(serde_json::from_slice(raw).ok()?)?))
    };
    keys.iter().filter_map(value).collect()
}

/// Whether a walk over all parents may leave out a parent. It may if the listing also has old
/// parents, and this one did not change since the walk's cursor.
#[must_use]
pub fn unchanged_parent(position: &Position, root: &ResolvedFeed, changed: Option<i64>) -> bool {
    let everything = root.lists_news() || position.walk.full_pass.under_way || position.walk.full;
    !everything
        && changed
            .zip(position.walk.cursor_at_start)
            .is_some_and(|(changed, cursor)| changed < cursor)
}
