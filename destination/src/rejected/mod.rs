//! Rejected rows: the reasons, the store and the messages.

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
