//! `spec`: what can be configured.

use airbyte::message;
use serde_json::Value;

use crate::config::connection_specification;

/// The version of the Airbyte Protocol that the messages follow.
const PROTOCOL_VERSION: &str = "0.19.0";

/// What a connection without data activation may do with a stream.
const MODES: [&str; 5] = ["append", "append_dedup", "overwrite", "update", "soft_delete"];

/// The SPEC line.
#[must_use]
pub fn line() -> Vec<u8> {
    message::spec(&specification())
}

/// The connector specification.
#[must_use]
pub fn specification() -> Value {
    let (connection, scope) = (connection_specification(), "read write");
    let mut spec = connector::spec::specification(&connection, PROTOCOL_VERSION, &MODES, scope);
    spec["supportsNormalization"] = false.into();
    spec["supportsDBT"] = false.into();
    spec
}
