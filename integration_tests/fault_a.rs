mod a4;
