//! Runs the real binary against a simulated Zendesk and looks what the account is like afterwards.

mod account;
mod defaults;
mod documents;
mod meant;
mod operations;
mod rows;
mod run;
