//! Faults by which something would be reported wrongly, or retried wrongly.

mod c1;
mod c10;
mod c11;
mod c12;
mod c13;
mod c13_encoding;
mod c14;
mod c15;
mod c16;
mod c2;
mod c3;
mod c4;
mod c5;
mod c6;
mod c7;
mod c8;
mod c9;
