//! The Airbyte protocol, seen from a source: messages out, catalog and state in, and the one
//! owner of stdout. Knows nothing of Zendesk.
//!
//! Source of the shapes: Airbyte Protocol 0.18, `airbyte_protocol.yaml`.

pub mod catalog;
pub mod emitter;
pub mod ledger;
pub mod message;
pub mod state;
