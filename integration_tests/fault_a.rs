//! Rows that were lost, and nothing was said.

mod a7;
