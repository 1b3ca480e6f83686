//! The parts of the protocol that only a destination needs: the messages that come in, what the
//! catalog says to do with them, and which states may be acknowledged.

pub mod catalog;
pub mod input;
pub mod ledger;
