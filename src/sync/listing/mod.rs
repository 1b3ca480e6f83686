//! One listing, and what every walk shares.

pub mod context;
pub mod member;
pub mod pager;
pub mod refusals;
