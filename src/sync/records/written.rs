//! The outcome of writing a page's rows.

use super::file_ref::FileRef;

/// The outcome of writing a page's rows, for one stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WrittenRows {
    pub rows: u64,
    /// Rows without a primary key, empty rows, and elements that are not rows.
    pub rows_without_key: u64,
    /// Rows that were too large and lost a text.
    pub truncated: u64,
    /// Values of custom fields that do not fit their columns.
    pub coercion_failures: u64,
    /// Rows with texts or values that are not as Zendesk sent them, because these were not valid
    /// JSON.
    pub mended: u64,
    /// The files of rows, in the order of their lines.
    pub files: Vec<FileRef>,
}
