mod b6;
