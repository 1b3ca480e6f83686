//! Faults by which something is told wrongly, or tried wrongly.

mod c1;
mod c14;
mod c2;
mod c3;
mod c4;
mod c5;
mod c6;
mod c8;
