//! Faults that cost analysts rows or hours. Each has a file of its own.

mod f1;
mod f2;
mod f3;
mod f4;
mod f5;
mod f6;
