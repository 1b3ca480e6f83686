//! Pressure.

mod d5;
