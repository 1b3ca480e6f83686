//! What the source and the destination share: the options of signing in, connecting, the environment, the
//! process, and what failures mean to a person.

pub mod config;
pub mod connect;
pub mod dns;
pub mod environment;
pub mod failure;
pub mod identity;
pub mod option_list;
pub mod paint;
pub mod patience;
pub mod process;
pub mod proxies;
pub mod refusals;
pub mod signals;
pub mod spec;
pub mod terminal;
