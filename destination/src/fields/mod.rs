//! The fields that can be written: those that every account has, and the account's own.

mod coerce;
mod compare;
mod field;
mod live;
mod relation;
mod system;

pub use coerce::Misfit;
pub use field::{Field, Fields, Kind, Options, Place};
pub use live::live;
pub use relation::{Holder, Relation, is_id};
pub use system::all;
