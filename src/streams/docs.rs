//! The stream reference, made from the registry.
