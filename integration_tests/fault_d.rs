mod d4;
