//! The Airbyte protocol: what a source and a destination say and are told. Knows nothing of Zendesk.
//!
//! Source of the shapes: Airbyte Protocol 0.18, `airbyte_protocol.yaml`.

pub mod catalog;
pub mod destination;
pub mod message;
pub mod source;
pub mod stdout;
