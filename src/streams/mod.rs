//! What we sync, as data. A [`Feed`] is a Zendesk listing that is walked page by page; a
//! [`Stream`] is what Airbyte selects and takes its rows from a feed. Nothing here acts.
//!
//! To add a stream: write `schemas/<name>.json`, add a [`Feed`] (or use one that is there) and a
//! [`Stream`] literal in the file of its family, and put it into [`registry`]. The tests at the
//! bottom say what is missing; `docs/streams.md` is then rewritten by
//! `UPDATE_GENERATED=1 cargo test`.

use serde_json::Value;

use crate::config::Config;
use crate::zendesk::budget::Bucket;
use crate::zendesk::client::PageSize;
use crate::zendesk::page::{InnerShape, ListShape};
use crate::zendesk::paging::Paging;

pub mod docs;
mod help_center;
mod settings;
mod support;
#[cfg(test)]
mod tests;

/// A Zendesk listing.
#[derive(Debug)]
pub struct Feed {
    /// Its name in a saved position; never changed, or saved tokens are thrown away.
    pub name: &'static str,
    /// Below `/api/v2/`, with `{placeholders}` that the parent's row fills.
    pub path: &'static str,
    /// Parameters of every request, whatever is selected.
    pub query: &'static [(&'static str, &'static str)],
    pub paging: Paging,
    pub order: Order,
    /// The key, or the keys one inside the other, under which the rows lie.
    pub list: &'static [&'static str],
    /// What a request draws on; the narrowest last.
    pub buckets: &'static [Bucket],
    pub page: PageRows,
    pub parent: Option<Parent>,
}

/// In which order a feed lists its rows. It decides when a position may move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Oldest change first, by this key of the row: the position moves with every page.
    ByTime(&'static str),
    /// Newest first: read until the cursor is reached.
    NewestFirst,
    /// By name, id or anything else: the cursor moves when the walk has ended.
    Other,
}

/// How many rows a page asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageRows {
    /// The most that Zendesk documents for the dialect.
    Most,
    /// What the user's `page_size` says.
    Configured,
}

/// A feed with one listing per row of another feed.
#[derive(Debug)]
pub struct Parent {
    pub feed: &'static Feed,
    /// Which key of the parent's row fills which placeholder. A grandparent's placeholders are
    /// carried along.
    pub fills: &'static [(&'static str, &'static str)],
}

/// What Airbyte selects.
#[derive(Debug)]
pub struct Stream {
    pub name: &'static str,
    pub feed: &'static Feed,
    pub rows: RowsAt,
    /// A side-load that the feed is asked for when this stream is selected.
    pub include: Option<&'static str>,
    pub primary_key: &'static [&'static str],
    pub cursor: Option<Cursor>,
    /// Whether `start_date` bounds it. What other rows point at is always complete.
    pub dated: bool,
    /// Keys that are not this stream's: side-loads for a neighbour.
    pub drop: &'static [&'static str],
    /// Keys that are put in front of a row.
    pub splice: &'static [Splice],
    pub deletion: Option<Deletion>,
    pub gate: Gate,
    /// The narrowest OAuth scope that reads it.
    pub scope: &'static str,
    pub schema: &'static str,
    /// Zendesk's page about it.
    pub documentation: &'static str,
    /// One sentence for the docs.
    pub about: &'static str,
    /// What an incremental read cannot see, for the docs.
    pub unseen: &'static str,
}

/// Where a stream's rows lie in a page of its feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowsAt {
    /// They are the listed rows.
    Listed,
    /// One object inside each listed row, or none.
    Inside(&'static str),
    /// Those of an array inside each listed row that have this text under this key.
    EachInside { array: &'static str, key: &'static str, text: &'static str },
}

/// How new a record is, and how that is saved. The formats are those of Airbyte's connector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub field: &'static str,
    pub format: CursorFormat,
    /// Keys under which older versions of Airbyte's connector saved the same position.
    pub formerly: &'static [Former],
    /// Streams whose positions stand in `parent_state`, nearest first, with their cursor fields.
    /// A stream that has some is saved in the substream's form.
    pub parents: &'static [(&'static str, &'static str)],
}

/// An older key of a saved position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Former {
    pub key: &'static str,
    /// A past value counts as at most this, unix seconds: what was saved under this key may have
    /// skipped changes since then.
    pub at_most: Option<i64>,
}

/// How a cursor's value is written in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CursorFormat {
    /// Unix seconds in a string.
    Unix,
    /// `2024-07-03T14:21:18Z`.
    Iso,
}

/// A key that a row gets from elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Splice {
    /// The value of a key of the row around this one.
    Around { key: &'static str, from: &'static str },
    /// An object made of values of this very row.
    Object { key: &'static str, members: &'static [(&'static str, &'static str)] },
}

/// What tells that a row was deleted in Zendesk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// A boolean.
    Flag(&'static str),
    /// A time, null while the row lives.
    Time(&'static str),
    /// Every row of the stream is a deleted one.
    Every,
}

/// Who can read a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate {
    pub role: Role,
    /// The plan it comes with, if not every plan has it.
    pub plan: Option<&'static str>,
    /// What must be switched on or permitted besides.
    pub feature: Option<&'static str>,
}

/// The least role that may read a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Agent,
    Admin,
}

/// How an incremental read of a stream goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// There is none.
    FullRefreshOnly,
    /// The API says what is new.
    ServerSide,
    /// The whole listing is read and older rows are left out.
    ClientSide,
    /// The listing is read until the cursor is reached.
    NewestFirst,
    /// All children of each parent that changed.
    PerParent,
}

const ANY_AGENT: Gate = Gate { role: Role::Agent, plan: None, feature: None };
const ADMIN: Gate = Gate { role: Role::Admin, plan: None, feature: None };

/// Every stream of this configuration, in the order of the documentation.
#[must_use]
pub fn registry(_config: &Config) -> Vec<Stream> {
    let mut streams = support::streams();
    streams.extend(settings::streams());
    streams.extend(help_center::streams());
    streams
}

impl Feed {
    /// The feed at the top, whose walk this one is part of.
    #[must_use]
    pub fn root(&'static self) -> &'static Self {
        let mut feed = self;
        while let Some(parent) = &feed.parent {
            feed = parent.feed;
        }
        feed
    }

    /// The feeds from the root's child down to this one.
    #[must_use]
    pub fn lineage(&'static self) -> Vec<&'static Self> {
        let mut feeds = Vec::new();
        let mut feed = self;
        while let Some(parent) = &feed.parent {
            feeds.push(feed);
            feed = parent.feed;
        }
        feeds.reverse();
        feeds
    }

    /// The page size that a walk of this feed starts with.
    #[must_use]
    pub fn page_size(&self, config: &Config) -> PageSize {
        match (self.page, config.event_page_rows) {
            (PageRows::Configured, Some(rows)) => PageSize::new(self.paging, Some(rows)),
            (PageRows::Configured, None) => PageSize::growing(self.paging, 100),
            (PageRows::Most, _) => PageSize::new(self.paging, None),
        }
    }

    /// The key that tells a row's time on the feed, if the feed is ordered by it.
    #[must_use]
    pub fn time_key(&self) -> Option<&'static str> {
        match self.order {
            Order::ByTime(key) => Some(key),
            Order::NewestFirst | Order::Other => None,
        }
    }
}

impl Stream {
    /// How an incremental read goes.
    #[must_use]
    pub fn reading(&self) -> Reading {
        match (&self.cursor, &self.feed.parent, self.feed.order) {
            (None, _, _) => Reading::FullRefreshOnly,
            (Some(_), Some(_), _) => Reading::PerParent,
            (Some(_), None, Order::ByTime(_)) => Reading::ServerSide,
            (Some(_), None, Order::NewestFirst) => Reading::NewestFirst,
            (Some(_), None, Order::Other) => Reading::ClientSide,
        }
    }

    /// Whether its walk can go on in the middle after an interruption.
    #[must_use]
    pub fn is_resumable(&self) -> bool {
        self.feed.root().paging.resumes()
    }

    /// The stream's JSON schema.
    ///
    /// # Errors
    /// When the schema file is no JSON; a test keeps it from shipping.
    pub fn json_schema(&self) -> Result<Value, serde_json::Error> {
        serde_json::from_str(self.schema)
    }

    /// What has to be looked up in each listed row of the stream's feed, and inside of it.
    #[must_use]
    pub fn lookups(&self) -> ListShape {
        let mut listed: Vec<&'static str> = self.feed.time_key().into_iter().collect();
        let mut own: Vec<&'static str> = Vec::new();
        own.extend(self.primary_key);
        own.extend(self.drop);
        own.extend(self.cursor.map(|cursor| cursor.field));
        if let Some(Deletion::Flag(key) | Deletion::Time(key)) = self.deletion {
            own.push(key);
        }
        for splice in self.splice {
            match splice {
                Splice::Around { key, from } => {
                    own.push(key);
                    listed.push(from);
                }
                Splice::Object { key, members } => {
                    own.push(key);
                    own.extend(members.iter().map(|(_, from)| from));
                }
            }
        }
        let inner = match self.rows {
            RowsAt::Listed => {
                listed.append(&mut own);
                None
            }
            RowsAt::Inside(key) => Some(InnerShape { key, wanted: own }),
            RowsAt::EachInside { array, key, .. } => {
                own.push(key);
                Some(InnerShape { key: array, wanted: own })
            }
        };
        ListShape { path: self.feed.list, wanted: listed, inner }
    }
}
