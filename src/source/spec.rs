//! `spec`: what can be configured.

use airbyte::message;
use serde_json::Value;

use crate::config::connection_specification;

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
    connector::spec::specification(&connection_specification(), PROTOCOL_VERSION, &[], "read")
}
