//! What Airbyte selects, as data.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::access::{ANY_AGENT, AccessRule};
use super::cursor::Cursor;
use super::custom_fields::{self, Columns, CustomFields};
use super::deletion::{DeletedRows, Deletion};
use super::feed::{ChangeSource, Feed, Order, TimeFilter};
use super::file::FileKeys;
use super::prose::{Prose, prose};
use super::rows::{Column, RowsAt};
use super::side_loads::SideLoad;
use super::sources::{Source, Splice};

/// Another listing that a stream's rows can be read from, in place of the stream's feed.
#[derive(Debug)]
pub struct Alternative {
    pub feed: &'static Feed,
    pub rows: RowsAt,
    pub drop: &'static [&'static str],
    pub splice: &'static [Splice],
    /// The schema of its rows, where the stream's own schema does not describe them.
    pub schema: Option<&'static str>,
    /// What it does not have. The docs say it, and so does the warning about streams that are read
    /// by their fallback.
    pub missing: &'static str,
    /// What the docs say of it besides.
    pub about: Prose,
}

impl Alternative {
    /// Another listing of the same rows.
    pub(super) const fn of(feed: &'static Feed, missing: &'static str) -> Self {
        let (rows, drop, splice) = (RowsAt::LISTED, &[], &[]);
        Self { feed, rows, drop, splice, schema: None, missing, about: prose("") }
    }
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
    /// What becomes of deleted rows where there is no `deletion`, for the docs.
    pub deleted_rows: DeletedRows,
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
    /// The listing for those who may not use its feed. It sees less.
    pub fallback: Option<&'static Alternative>,
    /// The listing that the user may choose instead. It sees more.
    pub substitute: Option<&'static Alternative>,
    /// Whether this stream is read by its fallback. The flat cursor in its state is where its own feed
    /// was left, and does not move.
    pub is_fallback: bool,
    /// Whether a first incremental read takes the fallback before the feed.
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
    pub documentation: Prose,
    /// One sentence for the docs.
    pub about: Prose,
    /// What an incremental read cannot see, for the docs.
    pub limitations: Prose,
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
    pub(super) const fn everything(key: &'static str) -> Option<Self> {
        Some(Self { key, texts: &[] })
    }
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

impl Reading {
    /// Whether changes may stay unseen, so that once a week everything is read again.
    #[must_use]
    pub fn has_passes(self) -> bool {
        matches!(self, Self::PerParent | Self::ByCreation)
    }
}

impl Stream {
    /// A stream of the rows that a feed lists, whatever the start date, for any agent. What else
    /// there is to say is written over this, the sentences for the docs in any case.
    pub(super) const fn listed(
        name: &'static str,
        feed: &'static Feed,
        schema: &'static str,
    ) -> Self {
        Self {
            name,
            feed,
            rows: RowsAt::LISTED,
            include: &[],
            side_loads: &[],
            primary_key: &["id"],
            cursor: None,
            dated: false,
            dated_on_request: false,
            drop: &[],
            splice: &[],
            deletion: None,
            deleted_rows: DeletedRows::Vanish,
            deleted_at: None,
            without_deleted: false,
            kept: None,
            is_offered: true,
            custom_fields: None,
            custom_columns: None,
            fallback: None,
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
            documentation: prose(""),
            about: prose(""),
            limitations: prose(""),
        }
    }

    /// The stream as it is read by those who may not use its feed.
    #[must_use]
    pub fn on_fallback(&self) -> Option<Self> {
        let stream = self.read_from(self.fallback?);
        // Zendesk, Search: granular scopes do not open it.
        let is_search = stream.feed.root().searched_key().is_some();
        let scope = if is_search { "read" } else { self.scope };
        Some(Self { is_fallback: true, search_first: false, scope, ..stream })
    }

    /// The stream as another listing has it, which brings no side-loads.
    pub(super) fn read_from(&self, other: &Alternative) -> Self {
        let Alternative { feed, rows, drop, splice, schema, .. } = *other;
        let schema = schema.unwrap_or(self.schema);
        Self { feed, rows, include: &[], drop, splice, schema, ..self.clone() }
    }

    /// The key of a row that tells its cursor's value.
    #[must_use]
    pub fn cursor_key(&self) -> Option<&'static str> {
        let field = self.cursor?.field;
        if let Some(derived) = self.rows.derived {
            return Some(derived.changed);
        }
        let made_of = self.splice.iter().find_map(|(key, source)| match source {
            Source::SecondsOf(_, from) if *key == field => Some(*from),
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

    /// Whether its rows are made of another stream's.
    #[must_use]
    pub fn is_made(&self) -> bool {
        self.rows.derived.is_some()
    }

    /// The stream for a sync that wants its rows alone.
    #[must_use]
    pub fn without_files(&self) -> Self {
        Self { file: None, ..self.clone() }
    }

    /// Gives the stream these columns.
    pub fn with_columns(&mut self, list: Vec<custom_fields::Column>) {
        if let Some(fields) = self.custom_fields {
            // Like the registry, they live as long as the program.
            self.custom_columns = Some(Box::leak(Box::new(Columns { fields, list })));
        }
    }
}
