//! Black-box tests: the real binary against a simulated Zendesk.

mod agent;
mod bad_input;
mod deletions;
mod equality;
mod expected;
mod floors;
mod harness;
mod kill;
mod matrix;
mod pipes;
mod program;
mod protocol;
mod quirks;
mod samples;
mod search;
mod walks;
