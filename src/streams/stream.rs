//! The declaration of a stream that Airbyte selects.

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

/// Another listing that can replace the stream's feed.
#[derive(Debug)]
pub struct Alternative {
    pub feed: &'static Feed,
    pub rows: RowsAt,
    pub drop: &'static [&'static str],
    pub splice: &'static [Splice],
    /// The stream's cursor if it is read by this listing from the beginning. `None` if that is not
    /// possible.
    pub(super) cursor: Option<Cursor>,
    /// The schema of the listing's rows, if the stream's own schema does not describe them.
    pub schema: Option<&'static str>,
    /// What the listing does not have. The docs print it, and so does the warning about streams
    /// that are read by their fallback.
    pub missing: &'static str,
    /// What else the docs say about it.
    pub about: Prose,
}

impl Alternative {
    /// Another listing with the same rows.
    pub(super) const fn of(feed: &'static Feed, missing: &'static str) -> Self {
        let (rows, drop, splice) = (RowsAt::LISTED, &[], &[]);
        let (cursor, schema, about) = (None, None, prose(""));
        Self { feed, rows, drop, splice, cursor, schema, missing, about }
    }
}

/// The declaration of a stream. Fields that configuration and account may change are private.
/// Callers read them from the [`ResolvedStream`](super::ResolvedStream).
#[derive(Clone, Copy, Debug)]
pub struct Stream {
    pub(super) name: &'static str,
    pub(super) feed: &'static Feed,
    pub(super) rows: RowsAt,
    /// Side-loads that the feed must request when this stream is selected.
    pub(super) include: &'static [&'static str],
    /// Side-loads that an option may ask for.
    pub side_loads: &'static [SideLoad],
    pub primary_key: &'static [&'static str],
    pub(super) cursor: Option<Cursor>,
    /// Whether `start_date` bounds the stream. A stream that other rows refer to is always read
    /// whole.
    pub(super) dated: bool,
    /// Whether the option `users_from_start_date` makes `start_date` bound the stream.
    pub dated_on_request: bool,
    /// Keys that are cut out of a row: side-loads for another stream, and secrets.
    pub(super) drop: &'static [&'static str],
    /// Whether records have only the columns of the schema. Other values from Zendesk may be
    /// secrets.
    pub only_columns: bool,
    /// Keys that are put in front of a row.
    pub(super) splice: &'static [Splice],
    pub deletion: Option<Deletion>,
    /// What happens to deleted rows if there is no `deletion`, for the docs.
    pub deleted_rows: DeletedRows,
    /// The key of a listed row whose text decides whether an option lets the row be read.
    pub(super) kept: Option<&'static str>,
    /// Whether `discover` lists the stream. If a literal says no, `extra_streams` can ask for it. A
    /// catalog that names the stream is read in any case.
    pub(super) is_offered: bool,
    /// Where the stream's rows hold the values of custom fields.
    pub custom_fields: Option<&'static CustomFields>,
    /// The listing for users who may not read the feed. It has less than the feed.
    pub(super) fallback: Option<&'static Alternative>,
    /// The listing that the user may choose in place of the feed. It has more than the feed.
    pub substitute: Option<&'static Alternative>,
    /// The path of the count of all rows of the account, below `/api/v2/`, whatever the start date.
    /// `ResolvedStream::counted` decides what is requested.
    pub count: Option<&'static str>,
    pub(super) access: AccessRule,
    /// The keys of a row's file.
    pub(super) file: Option<FileKeys>,
    /// The narrowest OAuth scope that reads it.
    pub(super) scope: &'static str,
    pub(super) schema: &'static str,
    /// The source of changes of a row's own counts that do not change its time.
    pub counted_by: Option<ChangeSource>,
    /// Columns that the schema file does not have.
    pub(super) columns: &'static [Column],
    /// The address of Zendesk's page about the stream.
    pub documentation: Prose,
    /// One sentence for the docs.
    pub about: Prose,
    /// What an incremental read cannot see, for the docs.
    pub limitations: Prose,
}

impl Stream {
    /// A stream of one object, which has no id. Its key is the time of the answer, so that objects
    /// which several syncs append stay apart. The column has the name and format of Airbyte's
    /// connector for Talk.
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

    /// A stream of the rows that a feed lists, for any agent, not bounded by the start date. A
    /// literal overrides the rest, and must set the texts for the docs.
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
