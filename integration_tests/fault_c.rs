//! What was told wrongly, or tried wrongly.

mod c10;
mod c11;
mod c12;
mod c13;
mod c7;
mod c9;
