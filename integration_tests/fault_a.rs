//! Rows that were lost without a word.

mod a8;
