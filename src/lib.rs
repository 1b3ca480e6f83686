//! An Airbyte source connector for Zendesk Support. `ARCHITECTURE.md` shows the way.

pub mod cli;
pub mod config;
pub mod source;
pub mod streams;
pub mod sync;
