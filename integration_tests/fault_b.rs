//! What never ended, or never got past one place.

mod b7;
