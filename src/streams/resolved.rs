//! A resolved stream: its declaration, and what configuration and account decide.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Deref;

use serde_json::{Value, json};

use super::access::AccessRule;
use super::cursor::Cursor;
use super::custom_fields::{self, Columns};
use super::family::Family;
use super::feed::{Order, TimeFilter};
use super::file::FileKeys;
use super::resolved_feed::ResolvedFeed;
use super::rows::{Column, RowsAt};
use super::sources::{Source, Splice};
use super::stream::{Alternative, Stream};

/// A stream as it is read. Its fields are what configuration and account decide. A field here
/// replaces the declaration's field of the same name. Everything else is read from the declaration.
#[derive(Clone, Debug)]
pub struct ResolvedStream {
    pub(super) declared: Stream,
    pub name: Cow<'static, str>,
    pub family: Family,
    pub feed: ResolvedFeed,
    pub rows: RowsAt,
    /// Side-loads that the feed must request when this stream is selected.
    pub include: Vec<&'static str>,
    pub cursor: Option<Cursor>,
    /// Whether `start_date` bounds the stream.
    pub dated: bool,
    /// Keys that are cut out of a row, such as side-loads for another stream.
    pub drop: Vec<&'static str>,
    /// Keys that are put in front of a row.
    pub splice: Vec<Splice>,
    /// The column that the user wants a deletion's time in.
    pub deleted_at: Option<String>,
    /// Whether a full refresh leaves out deleted rows.
    pub without_deleted: bool,
    /// Which listed rows are read. `None` means all.
    pub kept: Option<ValueFilter>,
    /// Whether `discover` lists it.
    pub is_offered: bool,
    /// The columns of custom fields that the user wants, as soon as they are known.
    pub custom_columns: Option<Columns>,
    /// The listing for users who may not read the feed. It has less than the feed.
    pub fallback: Option<&'static Alternative>,
    /// Whether this stream is read by its fallback. Its flat cursor then stays where the stream's
    /// own feed was left.
    pub is_fallback: bool,
    /// Whether a first incremental read reads the fallback before the feed.
    pub search_first: bool,
    pub access: AccessRule,
    /// The keys of a row's file. `None` in a sync without files.
    pub file: Option<FileKeys>,
    /// The narrowest OAuth scope that reads it.
    pub scope: &'static str,
    pub schema: Cow<'static, str>,
    /// Columns that the schema file does not have.
    pub columns: Vec<Column>,
}

/// Chooses listed rows: those with one of these texts under a key, and those without the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueFilter {
    pub key: &'static str,
    pub texts: Vec<String>,
}

/// How a stream is read incrementally.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// There is no incremental read.
    FullRefreshOnly,
    /// The API lists only what is new.
    ServerSide,
    /// The API lists what comes after the last cursor.
    ByCursor,
    /// The whole listing is read, and older rows are left out.
    ClientSide,
    /// Recently created rows are read, and unchanged ones are left out. Once a week all rows are
    /// read.
    ByCreation,
    /// The listing is read until the cursor is reached.
    NewestFirst,
    /// All children of each changed parent are read.
    PerParent,
}

impl Reading {
    /// Whether changes may stay unseen. Such a stream is read whole once a week, in a full pass.
    #[must_use]
    pub fn has_passes(self) -> bool {
        matches!(self, Self::PerParent | Self::ByCreation)
    }
}

impl ResolvedStream {
    /// The stream as declared, before options and account decide anything.
    pub(super) fn declared(declared: Stream, family: Family) -> Self {
        Self {
            declared,
            name: Cow::Borrowed(declared.name),
            family,
            feed: declared.feed.into(),
            rows: declared.rows,
            include: declared.include.to_vec(),
            cursor: declared.cursor,
            dated: declared.dated,
            drop: declared.drop.to_vec(),
            splice: declared.splice.to_vec(),
            deleted_at: None,
            without_deleted: false,
            kept: None,
            is_offered: declared.is_offered,
            custom_columns: None,
            fallback: declared.fallback,
            is_fallback: false,
            search_first: false,
            access: declared.access,
            file: declared.file,
            scope: declared.scope,
            schema: Cow::Borrowed(declared.schema),
            columns: declared.columns.to_vec(),
        }
    }

    /// The stream on its fallback, for users who may not read its feed. `None` if it has no
    /// fallback.
    #[must_use]
    pub fn on_fallback(&self) -> Option<Self> {
        let stream = self.read_from(self.fallback?);
        // Zendesk, Search: granular scopes do not open it.
        let is_search = stream.feed.root().searched_key().is_some();
        let scope = if is_search { "read" } else { self.scope };
        Some(Self { is_fallback: true, search_first: false, scope, ..stream })
    }

    /// The stream on another listing, which has no side-loads.
    pub(super) fn read_from(&self, other: &Alternative) -> Self {
        let Alternative { feed, rows, drop, splice, schema, .. } = *other;
        let schema = schema.map_or_else(|| self.schema.clone(), Cow::Borrowed);
        let (drop, splice) = (drop.to_vec(), splice.to_vec());
        Self { feed: feed.into(), rows, include: Vec::new(), drop, splice, schema, ..self.clone() }
    }

    /// The key of a row that holds the cursor's value.
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

    /// How the stream is read incrementally.
    #[must_use]
    pub fn reading(&self) -> Reading {
        match (&self.cursor, &self.feed.parent, self.feed.order) {
            (None, _, _) => Reading::FullRefreshOnly,
            (Some(_), Some(_), _) => Reading::PerParent,
            (Some(_), None, Order::ByTime(_)) => Reading::ServerSide,
            (Some(_), None, Order::ByCursor) => Reading::ByCursor,
            (Some(_), None, Order::NewestFirst) => Reading::NewestFirst,
            (Some(_), None, Order::Other) => match self.feed.since {
                TimeFilter::Created { .. } => Reading::ByCreation,
                TimeFilter::Windows { .. } => Reading::ServerSide,
                TimeFilter::Unsent | TimeFilter::Between(..) => Reading::ClientSide,
            },
        }
    }

    /// Whether the stream's walk can go on in the middle after an interruption.
    #[must_use]
    pub fn is_resumable(&self) -> bool {
        self.feed.root().resumes()
    }

    /// The stream's JSON schema.
    ///
    /// # Errors
    /// When the schema file is not valid JSON. A test prevents the release of such a file.
    pub fn json_schema(&self) -> Result<Value, serde_json::Error> {
        let mut schema: Value = serde_json::from_slice(self.schema.as_bytes())?;
        for Column { name, schema: column } in &self.columns {
            schema["properties"][name] = column();
        }
        if let Some(column) = &self.deleted_at {
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

    /// The columns of a row, without those of custom fields.
    ///
    /// # Errors
    /// When the schema file is not valid JSON. A test prevents the release of such a file.
    pub fn built_in_columns(&self) -> Result<BTreeSet<String>, serde_json::Error> {
        let schema = Self { custom_columns: None, ..self.clone() }.json_schema()?;
        let properties = schema["properties"].as_object();
        Ok(properties.into_iter().flatten().map(|(name, _)| name.clone()).collect())
    }

    /// Whether the stream's rows are derived from other rows.
    #[must_use]
    pub fn is_made(&self) -> bool {
        self.rows.derived.is_some()
    }

    /// The stream for a sync without files.
    #[must_use]
    pub fn without_files(&self) -> Self {
        Self { file: None, ..self.clone() }
    }

    /// Sets the stream's columns of custom fields.
    pub fn with_columns(&mut self, list: Vec<custom_fields::Column>) {
        if let Some(fields) = self.custom_fields {
            self.custom_columns = Some(Columns { fields, list });
        }
    }
}

impl Deref for ResolvedStream {
    type Target = Stream;

    fn deref(&self) -> &Stream {
        &self.declared
    }
}
