//! `spec`: what can be configured.

use serde_json::{Value, json};

use crate::config::connection_specification;
use airbyte::message;
use connector::oauth_flow::advanced_auth;

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
        "advanced_auth": advanced_auth("read"),
    })
}
