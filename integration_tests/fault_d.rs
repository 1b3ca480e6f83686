//! Faults by which Zendesk, or the way to it, is under pressure.

mod d1;
mod d2;
mod d6;
