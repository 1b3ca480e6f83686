//! Runs the real binary against a simulated Zendesk and checks the account afterwards.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test with a place")]

mod account;
mod acknowledged;
mod audiences;
mod commands;
mod custom_objects;
mod defaults;
mod documents;
mod kill;
mod meant;
mod memberships;
mod operations;
mod options;
mod rejected;
mod roads;
mod rows;
mod run;
mod terminal;
