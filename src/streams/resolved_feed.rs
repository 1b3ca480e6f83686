//! A resolved feed: its declaration, and the texts that the user or the account puts in its place.

use std::ops::Deref;
use std::sync::Arc;

use super::feed::{Feed, Parent};

/// A feed as it is read. Two feeds with the same name are the same feed. What neither user nor
/// account can change is read from the declaration.
#[derive(Clone, Debug)]
pub struct ResolvedFeed {
    pub(super) declared: &'static Feed,
    /// The texts that replace those of the declaration.
    words: Option<Arc<FeedWords>>,
}

/// The texts of a feed of one search, or of one kind of custom object. They replace the
/// declaration's.
#[derive(Debug)]
pub(super) struct FeedWords {
    pub name: String,
    pub path: String,
    pub query: Vec<(&'static str, String)>,
}

impl ResolvedFeed {
    /// A declaration with other texts. Such a feed is neither a parent nor a child.
    pub(super) fn with_words(declared: &'static Feed, words: FeedWords) -> Self {
        Self { declared, words: Some(Arc::new(words)) }
    }

    /// The feed's name in a saved position.
    #[must_use]
    pub fn name(&self) -> &str {
        self.words.as_ref().map_or(self.declared.name, |words| &words.name)
    }

    /// The path below `/api/v2/`, with `{placeholders}` that the parent's row fills.
    #[must_use]
    pub fn path(&self) -> &str {
        self.words.as_ref().map_or(self.declared.path, |words| &words.path)
    }

    /// Parameters of every request, whatever streams are selected.
    #[must_use]
    pub fn query(&self) -> Vec<(&'static str, String)> {
        let declared = || self.declared.query.iter().map(|(key, text)| (*key, (*text).to_owned()));
        self.words.as_ref().map_or_else(|| declared().collect(), |words| words.query.clone())
    }

    /// The feed's parent. `None` if it has none.
    #[must_use]
    pub fn parent(&self) -> Option<&'static Parent> {
        self.declared.parent.as_ref()
    }

    /// The parent feed.
    #[must_use]
    pub fn above(&self) -> Option<Self> {
        self.parent().map(|parent| parent.feed.into())
    }

    /// The topmost feed. This feed is read as part of the walk over that feed.
    #[must_use]
    pub fn root(&self) -> Self {
        let mut feed = self.clone();
        while let Some(above) = feed.above() {
            feed = above;
        }
        feed
    }

    /// The feeds from the root's child down to this one, the root left out.
    #[must_use]
    pub fn lineage(&self) -> Vec<Self> {
        let mut feeds = Vec::new();
        let mut feed = self.clone();
        while let Some(above) = feed.above() {
            feeds.push(feed);
            feed = above;
        }
        feeds.reverse();
        feeds
    }
}

impl From<&'static Feed> for ResolvedFeed {
    fn from(declared: &'static Feed) -> Self {
        Self { declared, words: None }
    }
}

impl Deref for ResolvedFeed {
    type Target = Feed;

    fn deref(&self) -> &Feed {
        self.declared
    }
}

impl PartialEq for ResolvedFeed {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for ResolvedFeed {}
