//! An Airbyte destination for Zendesk Support: rows of a warehouse become users, organizations and tickets,
//! and every row gets a result. See `ARCHITECTURE.md`.

pub mod api;
pub mod audience;
pub mod bind;
pub mod cli;
pub mod commands;
pub mod config;
pub mod custom_object;
pub mod fields;
pub mod id;
pub mod jobs;
pub mod look;
pub mod mirror;
pub mod object;
pub mod plan;
pub mod rejected;
pub mod rows;
pub mod writer;
