//! Bulk jobs: one request writes a hundred rows, and Zendesk reports the results later.
//!
//! Source: Zendesk, "Job Statuses".

mod attribute;
mod board;
mod unordered;

pub use attribute::{Came, Sent, attribute};
pub use board::{Board, JobEnd};
pub use unordered::attribute_unordered;
