//! Black-box tests: the real binary against a simulated Zendesk.

mod equality;
mod expected;
mod harness;
mod kill;
