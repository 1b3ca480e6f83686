//! What an analyst lost: one file for each fault.

mod f1;
mod f3;
