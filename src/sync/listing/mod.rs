//! One listing, and what every walk shares.

pub mod pager;
pub mod refusals;
