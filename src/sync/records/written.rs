//! What became of a page's rows.

use super::file_ref::FileRef;

/// What became of a page's rows for one stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WrittenRows {
    pub rows: u64,
    /// Rows without a primary key, or empty ones, and elements that are no rows.
    pub rows_without_key: u64,
    /// Rows that were too large and lost a text.
    pub truncated: u64,
    /// Values of custom fields that are no values of their columns.
    pub coercion_failures: u64,
    /// Rows with texts or values that are not as Zendesk sent them, because that is no JSON.
    pub mended: u64,
    /// The files that rows tell of, in the order of their lines.
    pub files: Vec<FileRef>,
}
