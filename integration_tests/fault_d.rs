//! Faults that put Zendesk, or the way to it, under pressure.

mod d1;
mod d2;
mod d3;
mod d4;
mod d5;
mod d6;
