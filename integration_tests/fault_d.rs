//! Faults by which Zendesk, or the way to it, is under pressure.

mod d1;
mod d2;
mod d3;
mod d4;
mod d5;
mod d6;
