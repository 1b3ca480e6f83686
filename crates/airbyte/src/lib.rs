//! The Airbyte protocol: the messages that a source and a destination write and read. This crate
//! knows nothing of Zendesk.
//!
//! Source of the shapes: Airbyte Protocol 0.18, `airbyte_protocol.yaml`.

pub mod catalog;
pub mod destination;
pub mod message;
pub mod source;
pub mod stdout;
