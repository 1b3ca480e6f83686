//! The parts of the protocol that only a source needs: its states, what is owed to each stream, and
//! the order of its lines.

pub mod emitter;
pub mod ledger;
pub mod state;
