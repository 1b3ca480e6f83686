//! `spec` shows what can be configured.

use airbyte::message;
use connector::option_list::option_list;
use connector::paint::Paint;
use serde_json::Value;

use crate::config::connection_specification;

/// The version of the Airbyte Protocol that the messages follow.
const PROTOCOL_VERSION: &str = "0.18.0";

/// The SPEC line.
#[must_use]
pub fn line() -> Vec<u8> {
    message::spec(&specification())
}

/// The options, for a person at a terminal.
#[must_use]
pub fn text(paint: Paint) -> Vec<u8> {
    option_list(&connection_specification(), paint).into_bytes()
}

/// The connector specification.
#[must_use]
pub fn specification() -> Value {
    connector::spec::specification(&connection_specification(), PROTOCOL_VERSION, &[], "read")
}
