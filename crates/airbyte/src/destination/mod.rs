//! What only a destination needs: the messages that come in, what the catalog wants done with them, and which
//! states may be acknowledged.

pub mod catalog;
pub mod input;
pub mod ledger;
