pub mod sandbox;
pub mod tar;
pub mod tree;
