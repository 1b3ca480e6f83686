//! The fields that can be written: standard fields and the account's custom fields.

mod coerce;
mod compare;
mod field;
mod live;
mod of_audience;
mod relation;
mod system;

pub use coerce::Misfit;
pub use field::{Field, Fields, Kind, Options, Place};
pub use live::live;
pub use of_audience::{has_checkbox, of_audience};
pub use relation::{Holder, Relation, is_id};
pub use system::all;
