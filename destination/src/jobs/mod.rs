//! Bulk jobs: a hundred rows by one request, of which Zendesk says later what came of each.
//!
//! Source: Zendesk, "Job Statuses".

mod attribute;
mod board;
mod unordered;

pub use attribute::{Came, Sent, attribute};
pub use board::{Board, JobEnd};
pub use unordered::attribute_unordered;
