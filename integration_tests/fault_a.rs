//! Rows that were lost without a word.

mod a6;
mod a9;
