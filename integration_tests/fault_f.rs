//! What an analyst lost: one file for each fault.

mod f1;
mod f2;
mod f3;
mod f4;
mod f5;
mod f6;
