//! Rows as they come in: what each wants, in terms of fields, and several rows of one key as one item.

mod batch;
mod layout;

pub use batch::{Batch, Doubt, Item, LARGEST, Row};
pub use layout::{Columns, Layout, Merge, Wanted, text_of};

#[cfg(test)]
pub(crate) use layout::tests::layout as layout_of;
