//! `spec`: prints the options of the configuration.

use airbyte::message;
use serde_json::Value;

use crate::config::connection_specification;

/// The version of the Airbyte Protocol that the messages follow.
const PROTOCOL_VERSION: &str = "0.19.0";

/// The modes of a stream whose catalog names no object.
const MODES: [&str; 5] = ["append", "append_dedup", "overwrite", "update", "soft_delete"];

/// The line with the SPEC message.
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
