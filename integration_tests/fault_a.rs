//! Faults by which rows are lost and nothing is said.

mod a5;
