//! `spec`: what can be configured.

use airbyte::message;
use connector::oauth_flow::advanced_auth;
use serde_json::{Value, json};

use crate::config::connection_specification;

/// The version of the Airbyte Protocol that the messages follow.
const PROTOCOL_VERSION: &str = "0.19.0";

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
        "supportsNormalization": false,
        "supportsDBT": false,
        "supported_destination_sync_modes":
            ["append", "append_dedup", "overwrite", "update", "soft_delete"],
        "advanced_auth": advanced_auth("read write"),
    })
}
