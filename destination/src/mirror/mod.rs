//! Mirrors: audiences that are to hold whoever is among the rows of a stream, and nobody else.

mod evidence;
mod members;
mod seen;
mod sweep;

pub use evidence::{Evidence, Facts};
pub use seen::Seen;
pub use sweep::{Done, Swept, sweep};
