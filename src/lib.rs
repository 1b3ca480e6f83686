//! An Airbyte source connector for Zendesk Support. Start with `ARCHITECTURE.md`.

pub mod cli;
pub mod config;
pub mod source;
pub mod streams;
pub mod sync;
