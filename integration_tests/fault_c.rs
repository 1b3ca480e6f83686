//! What was told wrongly, or tried wrongly.

mod c15;
