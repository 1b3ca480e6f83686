//! Faults by which it never ends, or never gets past one place.

mod b1;
mod b3;
