//! The registry tests itself.
