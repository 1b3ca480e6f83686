//! Rows that are not written: why, where they are stored, and how they are told.

mod reason;
mod store;
mod told;

pub use reason::Reason;
pub use store::{NotStored, Store};
pub use told::Told;
