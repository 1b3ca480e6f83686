//! What we sync, as data. A [`Feed`] is a Zendesk listing that is walked page by page; a
//! [`Stream`] is what Airbyte selects and takes its rows from a feed. Nothing here acts.
//!
//! To add a stream: write `schemas/<name>.json`, add a [`Feed`] (or use one that is there) and a
//! [`Stream`] literal in the file of its family, and put it into [`registry`]. The tests at the
//! bottom say what is missing; `docs/streams.md` is then rewritten by
//! `UPDATE_GENERATED=1 cargo test`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::config::Config;
use crate::zendesk::budget::Bucket;
use crate::zendesk::client::PageSize;
use crate::zendesk::page::{InnerShape, ListShape};
use crate::zendesk::paging::Paging;

pub mod brands;
mod business_rules;
mod community;
mod conditions;
pub mod counts;
pub mod custom_fields;
pub mod custom_objects;
mod deletion;
pub mod derived;
pub mod docs;
mod fallbacks;
mod fields;
mod file;
mod help_center;
mod lifecycle;
mod options;
mod people;
mod searches;
mod settings;
mod side_loads;
mod support;
mod talk;
#[cfg(test)]
mod tests;
mod tickets;

pub use self::derived::DerivedRows;
use custom_fields::{Columns, CustomFields};
pub use deletion::{Deletion, DeletionMarker};
pub use file::FileKeys;
pub use options::{QueryOption, names_twice, with_another};
pub use side_loads::{Comes, SideLoad};

/// A Zendesk listing.
#[derive(Debug)]
pub struct Feed {
    /// Its name in a saved position; never changed, or saved tokens are thrown away.
    pub name: &'static str,
    /// Below `/api/v2/`, with `{placeholders}` that the parent's row fills.
    pub path: &'static str,
    /// Parameters of every request, whatever is selected.
    pub query: &'static [(&'static str, &'static str)],
    /// Parameters whose values are the user's to choose.
    pub choices: &'static [(&'static str, QueryOption)],
    /// The option whose words the parameters hold, where it is the user's fault if they are refused.
    pub words_of: Option<&'static str>,
    pub paging: Paging,
    pub order: Order,
    /// The key, or the keys one inside the other, under which the rows lie.
    pub list: &'static [&'static str],
    /// Listings of the same dialect that are walked behind it as if they were one: their paths and
    /// lists.
    pub more: &'static [(&'static str, &'static [&'static str])],
    /// What a request draws on; the narrowest last.
    pub buckets: &'static [Bucket],
    pub page: PageRows,
    pub parent: Option<Parent>,
    pub since: TimeFilter,
    /// Days for which Zendesk keeps the rows, if not for ever.
    pub kept_days: Option<i64>,
    /// Whether a long history is walked in windows of its time at once. It takes a start time and
    /// an order by it.
    pub windows: bool,
}

/// How a listing that is not an export is told from when on its rows are wanted. Exports are told
/// by their first place instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeFilter {
    /// It is not told: the parameter does nothing there, or is none.
    Unsent,
    /// `start_time`, unix seconds. It bounds when rows were created, so it is sent with this
    /// overlap, and once a week all rows are read for later changes of older ones.
    Created { overlap_seconds: i64 },
    /// This parameter twice, ISO 8601: the lower bound, and the walk's begin.
    Between(&'static str),
    /// A search for rows whose last change, under this key, lies in a window of time. The walk
    /// goes through one window after the other, from before its lower bound: the search index
    /// lags behind the account.
    Windows { changed: &'static str },
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
    /// What is asked besides, where it answers, for changes that leave the parent untouched.
    pub told_by: Option<ChangeSource>,
}

/// What tells of children that changed without their parent.
#[derive(Clone, Copy, Debug)]
pub enum ChangeSource {
    /// A listing of what happened to the children, whose rows carry the placeholders' names as
    /// keys.
    Events(&'static Feed),
    /// A listing of all parents, whose rows count the children under these keys.
    Numbers { feed: &'static Feed, keys: &'static [&'static str] },
}

impl Parent {
    /// A parent whose changes alone say which children to read.
    const fn of(feed: &'static Feed, fills: &'static [(&'static str, &'static str)]) -> Self {
        Self { feed, fills, told_by: None }
    }
}

/// Another listing for those who may not use a stream's feed. It sees less.
#[derive(Debug)]
pub struct Fallback {
    pub feed: &'static Feed,
    pub rows: RowsAt,
    pub drop: &'static [&'static str],
    pub splice: &'static [Splice],
    /// What it does not have, for the docs and the one who is warned.
    pub missing: &'static str,
}

/// Another listing that the user may choose for a stream. It sees more, in other columns.
#[derive(Debug)]
pub struct Substitute {
    pub feed: &'static Feed,
    pub drop: &'static [&'static str],
    pub splice: &'static [Splice],
    pub schema: &'static str,
    pub documentation: &'static str,
    pub about: &'static str,
    pub limitations: &'static str,
}

/// What Airbyte selects.
#[derive(Clone, Debug)]
pub struct Stream {
    pub name: &'static str,
    pub feed: &'static Feed,
    pub rows: RowsAt,
    /// Side-loads that the feed is asked for when this stream is selected.
    pub include: &'static [&'static str],
    /// Side-loads that an option may ask for.
    pub side_loads: &'static [SideLoad],
    pub primary_key: &'static [&'static str],
    pub cursor: Option<Cursor>,
    /// Whether `start_date` bounds it. What other rows point at is complete.
    pub dated: bool,
    /// Whether `users_from_start_date` lets the start date bound it all the same.
    pub dated_on_request: bool,
    /// Keys that are not this stream's: side-loads for a neighbour.
    pub drop: &'static [&'static str],
    /// Keys that are put in front of a row.
    pub splice: &'static [Splice],
    pub deletion: Option<Deletion>,
    /// The column that the user wants a deletion's time in.
    pub deleted_at: Option<&'static str>,
    /// Whether a full refresh leaves deleted rows out.
    pub without_deleted: bool,
    /// Which listed rows are read, where an option chooses.
    pub kept: Option<ValueFilter>,
    /// Whether `discover` lists it. Where a literal says no, `extra_streams` can ask for it; a catalog
    /// that names it is read in any case.
    pub is_offered: bool,
    /// Where its rows hold the values of custom fields.
    pub custom_fields: Option<&'static CustomFields>,
    /// The custom fields that the user wants as columns, once they are known.
    pub custom_columns: Option<&'static Columns>,
    /// How it is read by those who may not use its feed.
    pub detour: Option<&'static Fallback>,
    /// The listing that the user may choose instead.
    pub substitute: Option<&'static Substitute>,
    /// Whether this is a stream on its detour. The flat cursor in its state is where its own feed
    /// was left, and does not move.
    pub is_fallback: bool,
    /// Whether a first incremental read takes the detour before its own feed.
    pub search_first: bool,
    /// What tells how many rows there are, below `/api/v2/`: the whole account's, whatever the
    /// start date. `Stream::counted` says what is asked.
    pub count: Option<&'static str>,
    pub access: AccessRule,
    /// The file that a row tells of. None in a sync that wants rows alone.
    pub file: Option<FileKeys>,
    /// The narrowest OAuth scope that reads it.
    pub scope: &'static str,
    pub schema: &'static str,
    /// What says that a row's own numbers moved, where its time does not.
    pub counted_by: Option<ChangeSource>,
    /// Columns that an option adds to the schema.
    pub columns: Vec<Column>,
    /// Zendesk's page about it.
    pub documentation: &'static str,
    /// One sentence for the docs.
    pub about: &'static str,
    /// What an incremental read cannot see, for the docs.
    pub limitations: &'static str,
}

/// A column that is there by an option.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    pub name: &'static str,
    /// Its JSON schema.
    pub schema: Value,
}

/// Which listed rows are read: those that have one of these texts under a key. Without a text all
/// are, and so are rows without the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueFilter {
    pub key: &'static str,
    pub texts: &'static [&'static str],
}

impl ValueFilter {
    /// No row is left out yet.
    const fn everything(key: &'static str) -> Option<Self> {
        Some(Self { key, texts: &[] })
    }
}

/// Where a stream's rows lie in a page of its feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowsAt {
    /// They are the listed rows.
    Listed,
    /// One object inside each listed row, or those of an array there, or none.
    Inside(&'static str),
    /// Those of an array inside each listed row that have this text under this key.
    EachInside { array: &'static str, key: &'static str, text: &'static str },
    /// All of an array inside each of those.
    EachOfEach { array: &'static str, key: &'static str, text: &'static str, inner: &'static str },
    /// They are a list beside the listed rows, which a side-load brings.
    /// Such a row belongs to the listed row whose key `of` equals its own key `by`.
    Beside { list: &'static [&'static str], by: &'static str, of: &'static str },
    /// They are the rows of several lists, the feed's first; this key tells by a text which list.
    InLists { key: &'static str, lists: &'static [(&'static str, &'static [&'static str])] },
    /// They are the rows of an array inside each row of several lists, told apart likewise.
    InsideLists {
        array: &'static str,
        key: &'static str,
        lists: &'static [(&'static str, &'static [&'static str])],
    },
    /// They are none of Zendesk's: they are made of the listed rows.
    Made(&'static DerivedRows),
}

/// How new a record is, and how that is saved. The formats are those of Airbyte's connector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub field: &'static str,
    pub format: CursorFormat,
    /// Keys under which older versions of Airbyte's connector saved the same position.
    pub formerly: &'static [Former],
    /// Streams whose positions stand in `parent_state`, nearest first, with their cursor fields,
    /// which all hold unix seconds.
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
    /// The value of a key of the listed row, however deep inside of it this one lies.
    Outermost { key: &'static str, from: &'static str },
    /// An object made of values of this very row.
    Object { key: &'static str, members: &'static [(&'static str, &'static str)] },
    /// A time of this very row, as unix seconds.
    Seconds { key: &'static str, from: &'static str },
    /// What filled the placeholder of this name in the path.
    Filled { key: &'static str, placeholder: &'static str },
    /// The value of another key of this very row.
    Own { key: &'static str, from: &'static str },
    /// Those rows of the list of the same name beside the listed rows whose ids stand under these
    /// keys of this row. Null where Zendesk sends no such list.
    Joined { key: &'static str, ids: &'static [&'static str] },
}

/// Who can read a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessRule {
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
    /// Rows created lately are read and older changes left out; once a week all rows are read.
    ByCreation,
    /// The listing is read until the cursor is reached.
    NewestFirst,
    /// All children of each parent that changed.
    PerParent,
}

const ANY_AGENT: AccessRule = AccessRule { role: Role::Agent, plan: None, feature: None };
const ADMIN: AccessRule = AccessRule { role: Role::Admin, plan: None, feature: None };

/// Every stream of this configuration, in the order of the documentation, those that are offered
/// and those that are read when they are asked for by name. It is made once and lives as long as
/// the program.
#[must_use]
pub fn registry(config: &Config) -> Vec<Stream> {
    registry_with(config, Vec::new())
}

/// The same with the streams that only this account has.
#[must_use]
pub fn registry_with(config: &Config, of_account: Vec<Stream>) -> Vec<Stream> {
    let mut streams = support::streams();
    streams.extend(tickets::streams());
    streams.extend(people::streams());
    streams.extend(business_rules::streams());
    streams.extend(settings::streams());
    streams.extend(help_center::streams());
    streams.extend(community::streams());
    streams.extend(conditions::streams());
    streams.extend(lifecycle::streams());
    streams.extend(talk::streams());
    streams.extend(custom_objects::streams());
    streams.extend(of_account);
    options::apply(&mut streams, config);
    streams.extend(searches::streams(config));
    streams
}

impl Reading {
    /// Whether changes may stay unseen, so that once a week everything is read again.
    #[must_use]
    pub fn has_passes(self) -> bool {
        matches!(self, Self::PerParent | Self::ByCreation)
    }
}

impl RowsAt {
    /// The lists of an answer in which the rows lie.
    #[must_use]
    pub fn lists(&self, feed: &Feed) -> Vec<&'static [&'static str]> {
        match self {
            Self::Listed
            | Self::Inside(_)
            | Self::EachInside { .. }
            | Self::EachOfEach { .. }
            | Self::Made(_) => {
                vec![feed.list]
            }
            Self::Beside { list, .. } => vec![list],
            Self::InLists { lists, .. } | Self::InsideLists { lists, .. } => {
                lists.iter().map(|(_, path)| *path).collect()
            }
        }
    }

    /// The key and the text that tell of which list a row is.
    #[must_use]
    pub fn mark(&self, list: &[&str]) -> Option<(&'static str, &'static str)> {
        let (Self::InLists { key, lists } | Self::InsideLists { key, lists, .. }) = self else {
            return None;
        };
        lists.iter().find(|(_, path)| *path == list).map(|(text, _)| (*key, *text))
    }
}

impl Feed {
    /// A listing of the account with nothing peculiar: paged by cursor, in no order of time.
    const fn listing(
        name: &'static str,
        path: &'static str,
        list: &'static [&'static str],
    ) -> Self {
        Self {
            name,
            path,
            query: &[],
            choices: &[],
            words_of: None,
            paging: Paging::Cursor,
            order: Order::Other,
            list,
            more: &[],
            buckets: &[Bucket::Account],
            page: PageRows::Most,
            parent: None,
            since: TimeFilter::Unsent,
            kept_days: None,
            windows: false,
        }
    }

    /// A listing that comes in one piece.
    const fn single(name: &'static str, path: &'static str, list: &'static [&'static str]) -> Self {
        Self { paging: Paging::Single, ..Self::listing(name, path, list) }
    }

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

    /// Whether a walk can go on in the middle after an interruption. A place in one of several
    /// listings does not say in which.
    #[must_use]
    pub fn resumes(&self) -> bool {
        self.paging.resumes() && self.more.is_empty()
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

    /// The key that tells when a row changed, if the feed is a search for changes.
    #[must_use]
    pub fn searched_key(&self) -> Option<&'static str> {
        match self.since {
            TimeFilter::Windows { changed } => Some(changed),
            TimeFilter::Unsent | TimeFilter::Created { .. } | TimeFilter::Between(_) => None,
        }
    }

    /// Whether the listing itself leaves out what did not change.
    #[must_use]
    pub fn lists_news(&self) -> bool {
        self.time_key().is_some() || self.searched_key().is_some()
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
    /// A stream of the rows that a feed lists, whatever the start date, for any agent. What else
    /// there is to say is written over this, the sentences for the docs in any case.
    const fn listed(name: &'static str, feed: &'static Feed, schema: &'static str) -> Self {
        Self {
            name,
            feed,
            rows: RowsAt::Listed,
            include: &[],
            side_loads: &[],
            primary_key: &["id"],
            cursor: None,
            dated: false,
            dated_on_request: false,
            drop: &[],
            splice: &[],
            deletion: None,
            deleted_at: None,
            without_deleted: false,
            kept: None,
            is_offered: true,
            custom_fields: None,
            custom_columns: None,
            detour: None,
            substitute: None,
            is_fallback: false,
            search_first: false,
            count: None,
            access: ANY_AGENT,
            file: None,
            scope: "read",
            schema,
            counted_by: None,
            columns: Vec::new(),
            documentation: "",
            about: "",
            limitations: "",
        }
    }

    /// The stream as it is read by those who may not use its feed.
    #[must_use]
    pub fn on_fallback(&self) -> Option<Self> {
        let Fallback { feed, rows, drop, splice, .. } = *self.detour?;
        let (include, search_first) = (&[][..], false);
        let is_fallback = true;
        // Zendesk, Search: granular scopes do not open it.
        let scope = if feed.root().searched_key().is_some() { "read" } else { self.scope };
        Some(Self {
            feed,
            rows,
            include,
            drop,
            splice,
            is_fallback,
            search_first,
            scope,
            ..self.clone()
        })
    }

    /// The key of a row that tells its cursor's value.
    #[must_use]
    pub fn cursor_key(&self) -> Option<&'static str> {
        let field = self.cursor?.field;
        if let RowsAt::Made(made) = self.rows {
            return Some(made.changed);
        }
        let made_of = self.splice.iter().find_map(|splice| match splice {
            Splice::Seconds { key, from } if *key == field => Some(*from),
            _ => None,
        });
        Some(made_of.unwrap_or(field))
    }

    /// How an incremental read goes.
    #[must_use]
    pub fn reading(&self) -> Reading {
        match (&self.cursor, &self.feed.parent, self.feed.order) {
            (None, _, _) => Reading::FullRefreshOnly,
            (Some(_), Some(_), _) => Reading::PerParent,
            (Some(_), None, Order::ByTime(_)) => Reading::ServerSide,
            (Some(_), None, Order::NewestFirst) => Reading::NewestFirst,
            (Some(_), None, Order::Other) => match self.feed.since {
                TimeFilter::Created { .. } => Reading::ByCreation,
                TimeFilter::Windows { .. } => Reading::ServerSide,
                TimeFilter::Unsent | TimeFilter::Between(_) => Reading::ClientSide,
            },
        }
    }

    /// Whether its walk can go on in the middle after an interruption.
    #[must_use]
    pub fn is_resumable(&self) -> bool {
        self.feed.root().resumes()
    }

    /// The stream's JSON schema.
    ///
    /// # Errors
    /// When the schema file is no JSON; a test keeps it from shipping.
    pub fn json_schema(&self) -> Result<Value, serde_json::Error> {
        let mut schema: Value = serde_json::from_str(self.schema)?;
        for Column { name, schema: column } in &self.columns {
            schema["properties"][name] = column.clone();
        }
        if let Some(column) = self.deleted_at {
            schema["properties"][column] = json!({
                "type": ["null", "string"],
                "format": "date-time",
                "airbyte_type": "timestamp_with_timezone",
            });
        }
        for column in self.custom_columns.iter().flat_map(|columns| &columns.list) {
            schema["properties"][&column.name] = column.schema();
        }
        Ok(schema)
    }

    /// The columns that a row has without any custom field's.
    ///
    /// # Errors
    /// When the schema file is no JSON; a test keeps it from shipping.
    pub fn built_in_columns(&self) -> Result<BTreeSet<String>, serde_json::Error> {
        let schema = Self { custom_columns: None, ..self.clone() }.json_schema()?;
        let properties = schema["properties"].as_object();
        Ok(properties.into_iter().flatten().map(|(name, _)| name.clone()).collect())
    }

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

impl Cursor {
    /// A time that is saved in this format.
    const fn of(field: &'static str, format: CursorFormat) -> Option<Self> {
        Some(Self { field, format, formerly: &[], parents: &[] })
    }

    /// `updated_at`, saved as ISO 8601, as most listings have it.
    const UPDATED: Option<Self> = Self::of("updated_at", CursorFormat::Iso);

    /// `updated_at` of a stream per parent, saved beside its parents' positions.
    const fn below(
        parents: &'static [(&'static str, &'static str)],
        format: CursorFormat,
    ) -> Option<Self> {
        Some(Self { field: "updated_at", format, formerly: &[], parents })
    }
}
