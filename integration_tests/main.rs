//! Black-box tests: the real binary against a simulated Zendesk.

mod agent;
mod bad_input;
mod classic;
mod deletions;
mod equality;
mod estimates;
mod expected;
mod faults;
mod floors;
mod harness;
mod heartbeat;
mod kill;
mod matrix;
mod pipes;
mod program;
mod progress;
mod protocol;
mod quirks;
mod resumed;
mod samples;
mod search;
mod shared;
mod signing;
mod skips;
mod states;
mod walks;
