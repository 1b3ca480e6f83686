//! An Airbyte source connector for Zendesk Support.

pub mod protocol;
pub mod zendesk;
