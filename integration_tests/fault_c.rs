mod c16;
