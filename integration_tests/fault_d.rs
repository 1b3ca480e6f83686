//! What happens under pressure.

mod d3;
