//! One listing, and what all walks share.

pub mod context;
pub mod member;
pub mod pager;
pub mod refusals;
