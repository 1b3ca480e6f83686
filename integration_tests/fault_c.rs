//! What was told or tried wrongly.

mod c13_encoding;
