mod f5;
mod f6;
