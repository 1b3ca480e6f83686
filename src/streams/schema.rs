//! The schemas that the program carries.

/// The text of `schemas/<name>.json` without blanks. `build.rs` removes them.
macro_rules! schema {
    ($name:literal) => {
        include_str!(concat!(env!("OUT_DIR"), "/schemas/", $name, ".json"))
    };
}

pub(super) use schema;
