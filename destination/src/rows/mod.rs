//! Rows as they arrive: their values by field, and the combination of rows with the same key.

mod batch;
mod layout;

pub use batch::{Batch, Doubt, Item, LARGEST, Row};
pub use layout::{Columns, Layout, Merge, Wanted, no_field, text_of};

#[cfg(test)]
pub(crate) use layout::tests::layout as layout_of;
