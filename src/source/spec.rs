//! `spec`: what can be configured.

use serde_json::{Value, json};

use crate::config::connection_specification;
use crate::protocol::message;

/// The version of the Airbyte Protocol that the messages follow.
const PROTOCOL_VERSION: &str = "0.18.0";

/// The SPEC line.
#[must_use]
pub fn line() -> Vec<u8> {
    message::spec(&specification())
}

/// The connector specification.
#[must_use]
pub fn specification() -> Value {
    json!({
        "connectionSpecification": connection_specification(),
        "protocol_version": PROTOCOL_VERSION,
        "supportsIncremental": true,
        "supported_destination_sync_modes": [],
    })
}
