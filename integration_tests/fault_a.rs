//! Rows that would be lost, and nothing said.

mod a1;
mod a2;
mod a3;
