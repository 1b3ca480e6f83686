//! Runs the real binary against a simulated Zendesk and looks what the account is like afterwards.

mod account;
mod acknowledged;
mod commands;
mod defaults;
mod kill;
mod meant;
mod operations;
mod options;
mod roads;
mod rows;
mod run;
