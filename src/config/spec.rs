//! Derives the spec from the types of what the user may write.

use serde_json::Value;

use super::written::WrittenConfig;

/// The JSON schema of a config.
#[must_use]
pub fn connection_specification() -> Value {
    connector::config::connection_specification::<WrittenConfig>()
}
