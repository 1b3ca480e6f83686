//! Mirrors: audiences whose members are exactly the rows of a stream.

mod evidence;
mod members;
mod seen;
mod sweep;

pub use evidence::{Evidence, Facts};
pub use seen::Seen;
pub use sweep::{Done, Swept, sweep};
