//! Faults by which it never ends, or never gets past one place.

mod b1;
mod b2;
mod b3;
mod b4;
mod b5;
mod b6;
mod b7;
