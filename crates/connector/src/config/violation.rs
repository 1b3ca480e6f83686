//! What is wrong with a configuration, by field.

use std::error::Error;
use std::fmt;

/// The field of a violation that concerns the configuration as a whole. Its `what` is a whole sentence.
pub const WHOLE: &str = "config";

/// Something that is wrong with a configuration. It never holds a value, because a value may be a
/// secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub field: String,
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.what)
    }
}

impl Error for Violation {}
