//! Faults by which a sync would never end, or would never get past one position.

mod b1;
mod b2;
mod b3;
mod b4;
mod b5;
mod b6;
mod b7;
