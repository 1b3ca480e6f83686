//! Rows that are not written: why, where they are stored, and how they are told.

mod answer;
mod bucket;
mod folder;
mod reason;
mod store;
mod told;

pub use answer::{BucketError, Doing, Trouble};
pub use reason::Reason;
pub use store::{NotStored, Origin, Store};
pub use told::Told;
