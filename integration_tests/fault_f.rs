//! What an analyst lost.

mod f2;
mod f4;
