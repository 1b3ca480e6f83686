//! What is declared of a stream that Airbyte selects.

use super::access::{ANY_AGENT, AccessRule};
use super::cursor::Cursor;
use super::custom_fields::CustomFields;
use super::deletion::{DeletedRows, Deletion};
use super::feed::{ChangeSource, Feed};
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
    /// The stream's cursor where it is read by this listing from the beginning on, if that may be.
    pub(super) cursor: Option<Cursor>,
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
        let (cursor, schema, about) = (None, None, prose(""));
        Self { feed, rows, drop, splice, cursor, schema, missing, about }
    }
}

/// The declaration of a stream. What configuration and account may decide otherwise is private here and
/// read from the [`ResolvedStream`](super::ResolvedStream).
#[derive(Clone, Copy, Debug)]
pub struct Stream {
    pub(super) name: &'static str,
    pub(super) feed: &'static Feed,
    pub(super) rows: RowsAt,
    /// Side-loads that the feed is asked for when this stream is selected.
    pub(super) include: &'static [&'static str],
    /// Side-loads that an option may ask for.
    pub side_loads: &'static [SideLoad],
    pub primary_key: &'static [&'static str],
    pub(super) cursor: Option<Cursor>,
    /// Whether `start_date` bounds it. What other rows point at is complete.
    pub(super) dated: bool,
    /// Whether `users_from_start_date` lets the start date bound it all the same.
    pub dated_on_request: bool,
    /// Keys that are not in its rows: side-loads for a neighbour, and secrets.
    pub(super) drop: &'static [&'static str],
    /// Whether its rows have the columns of the schema and no others: what else Zendesk sends there may
    /// be a secret.
    pub only_columns: bool,
    /// Keys that are put in front of a row.
    pub(super) splice: &'static [Splice],
    pub deletion: Option<Deletion>,
    /// What becomes of deleted rows where there is no `deletion`, for the docs.
    pub deleted_rows: DeletedRows,
    /// The key of a listed row by whose text an option chooses which rows are read.
    pub(super) kept: Option<&'static str>,
    /// Whether `discover` lists it. Where a literal says no, `extra_streams` can ask for it; a catalog
    /// that names it is read in any case.
    pub(super) is_offered: bool,
    /// Where its rows hold the values of custom fields.
    pub custom_fields: Option<&'static CustomFields>,
    /// The listing for those who may not use its feed. It sees less.
    pub(super) fallback: Option<&'static Alternative>,
    /// The listing that the user may choose instead. It sees more.
    pub substitute: Option<&'static Alternative>,
    /// What tells how many rows there are, below `/api/v2/`: the whole account's, whatever the
    /// start date. `ResolvedStream::counted` says what is asked.
    pub count: Option<&'static str>,
    pub(super) access: AccessRule,
    /// The file that a row tells of.
    pub(super) file: Option<FileKeys>,
    /// The narrowest OAuth scope that reads it.
    pub(super) scope: &'static str,
    pub(super) schema: &'static str,
    /// What says that a row's own numbers moved, where its time does not.
    pub counted_by: Option<ChangeSource>,
    /// Columns that the schema file does not have.
    pub(super) columns: &'static [Column],
    /// Zendesk's page about it.
    pub documentation: Prose,
    /// One sentence for the docs.
    pub about: Prose,
    /// What an incremental read cannot see, for the docs.
    pub limitations: Prose,
}

impl Stream {
    /// A stream of one object, which has no id: its key is the time of the answer, so that objects that
    /// are appended by one sync after the other stay apart. The column is named and written as Airbyte's
    /// connector for Talk has it.
    pub(super) const fn snapshot(
        name: &'static str,
        feed: &'static Feed,
        schema: &'static str,
    ) -> Self {
        Self {
            primary_key: &["current_timestamp"],
            splice: &[("current_timestamp", Source::AnsweredAt)],
            deleted_rows: DeletedRows::None,
            ..Self::listed(name, feed, schema)
        }
    }

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
            only_columns: false,
            splice: &[],
            deletion: None,
            deleted_rows: DeletedRows::Vanish,
            kept: None,
            is_offered: true,
            custom_fields: None,
            fallback: None,
            substitute: None,
            count: None,
            access: ANY_AGENT,
            file: None,
            scope: "read",
            schema,
            counted_by: None,
            columns: &[],
            documentation: prose(""),
            about: prose(""),
            limitations: prose(""),
        }
    }
}
